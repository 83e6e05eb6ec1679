/* SPDX-License-Identifier: MIT
 * Proves that a thousand processes can live at once, each with a handler, a mask and a descriptor, in one group; that a signal for
 * the group reaches every one; that each can be waited for; and that all of it comes back.
 * MEM: 256M
 * TIMEOUT: 120
 */
#define GT_NAME "thousand"
#include "gtest.h"
#include "gfiles.h"

#define MANY 1024
static pid_t pid[MANY];

static void gone(int sig) { _exit(sig); }

static void member(void *write_end)
{
    sigset_t none = 0;
    struct sigaction a = {.sa_flags = 0};
    a.sa_handler = gone;
    if (sigaction(SIGUSR2, &a, NULL) != 0 || write((int)(intptr_t)write_end, "x", 1) != 1)
        _exit(1);
    for (;;) /* forever: until signalled */
        (void)sigsuspend(&none);
}

static void a_thousand_live_and_end_together(void)
{
    int p[2], n = 0, word;
    sigset_t usr2 = 1UL << SIGUSR2;
    char c;
    REQUIRE(pipe(p) == 0);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &usr2, NULL), 0); /* inherited */
    for (; n < MANY && gt_failed == 0; n++) {
        pid[n] = gt_child(member, (void *)(intptr_t)p[1]);
        CHECK(pid[n] > 0 && setpgid(pid[n], pid[0]) == 0);
    }
    for (int i = 0; i < n; i++)
        CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK(gt_processes() >= MANY);
    CHECK_EQ(gt_vmcheck(), 0);
    CHECK_EQ(killpg(pid[0], SIGUSR2), 0);
    for (int i = 0; i < n; i++) {
        CHECK_EQ(waitpid(pid[i], &word, 0), pid[i]);
        CHECK_EQ(word, SIGUSR2 << 8);
    }
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &usr2, NULL), 0);
    close(p[0]);
    close(p[1]);
}

GT_MAIN(CASE(a_thousand_live_and_end_together))
