/* SPDX-License-Identifier: MIT
 * Proves that the system lives on with no free frame at all: while one process holds them, programs are started, fork, start
 * threads, pass long arguments and print. Each may fail or be killed; no server dies, nothing hangs, all comes back after.
 */
#define GT_NAME "brink"
#include "gtest.h"
#include <ipc/init.h>
#include <pagoda/thread.h>
#include <spawn.h>

#define SELF "/bin/t_brink"
#define KERNEL_KEPT 32 /* free kernel frames below which the pager turns no chunk into user frames */
#define LONG_BYTES 60000
extern char **environ;

static unsigned crowd_size = 100;
static char long_argument[LONG_BYTES + 1];

/* ---- what is started ---- */

/* Frames for pages: free ones, and chunks of kernel frames that the pager could turn into them. */
static uint64_t free_frames(void)
{
    struct gt_stat m = gt_stat(PAGER_STAT_MEMORY, 0);
    return m.v[2] + (m.v[6] >= FRAMES_PER_CHUNK + KERNEL_KEPT ? FRAMES_PER_CHUNK : 0);
}

/* Takes frames until `left` are free, and holds them. */
static _Noreturn void role_hog(uint64_t left)
{
    for (size_t size = 1024; size > 0; size /= 4) {
        uint8_t *p;
        while (free_frames() > left + 2 * size + 8 && (p = gt_pages(size)) != NULL)
            for (size_t i = 0; i < size; i++)
                p[i * PAGE_SIZE] = 1;
    }
    uint8_t *last = gt_pages(64);
    for (size_t i = 0; last != NULL && i < 64 && free_frames() > left; i++)
        last[i * PAGE_SIZE] = 1;
    for (;;) /* forever: until killed */
        gt_sleep_us(1000000);
}
static int role_forks(void)
{
    for (int i = 0; i < 5; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
    return 0;
}
static void *thread(void *p) { return p; }
static int role_threads(void)
{
    struct thread *t;
    for (int i = 0; i < 5; i++)
        if (thread_create(&t, thread, NULL) == 0)
            thread_join(t, NULL);
    return 0;
}
static int role_takes(void)
{
    uint8_t *p = gt_pages(50);
    for (size_t i = 0; p != NULL && i < 50; i++)
        p[i * PAGE_SIZE] = 1;
    return 0;
}

/* ---- the test ---- */

static pid_t started(const char *role, const char *argument)
{
    char as[16];
    snprintf(as, sizeof as, "--as=%s", role);
    char *argv[] = {SELF, as, (char *)(uintptr_t)argument, NULL};
    pid_t pid;
    return posix_spawn(&pid, SELF, NULL, NULL, argv, environ) == 0 ? pid : -1;
}
static uint64_t restarts_of(unsigned server)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, server}};
    CHECK_EQ(ipc_call(H_INIT, &m), OK);
    CHECK_EQ(m.w[1], 1);
    return m.w[2];
}
static unsigned reaped(unsigned n)
{
    unsigned finished = 0;
    int status;
    for (; n > 0 && wait(&status) > 0; n--)
        finished += status == 0;
    return finished;
}
static unsigned run_all(void)
{
    static const char *const roles[] = {"forks", "threads", "takes", "nothing"};
    unsigned finished = 0;
    for (unsigned i = 0; i < 4; i++)
        finished += reaped(started(roles[i], i & 1 ? long_argument : NULL) > 0);
    return finished;
}
/* More processes at once than the tables had room for until now. */
static unsigned run_crowd(unsigned size)
{
    unsigned n = 0;
    for (unsigned i = 0; i < size; i++)
        n += started("nothing", NULL) > 0;
    return n;
}
static void with_frames_left(unsigned left)
{
    char argument[8];
    snprintf(argument, sizeof argument, "%u", left);
    pid_t hog = started("hog", argument);
    REQUIRE(hog > 0);
    while (free_frames() > left && waitpid(hog, NULL, WNOHANG) == 0)
        gt_sleep_us(1000); /* asking how many are free takes the pager a look at every frame */
    CHECK_EQ(free_frames(), left);
    unsigned finished = run_all(), crowd = run_crowd(crowd_size);
    finished += reaped(crowd);
    printf("  %u frames left: %u started of a crowd of %u, %u finished\n", left, crowd, crowd_size, finished);
    fflush(stdout);
    CHECK(left > 0 || finished == 0); /* memory was short indeed */
    crowd_size += 100;
    CHECK_EQ(kill(hog, SIGKILL), 0);
    gt_expect_signal(hog, SIGKILL);
}
static void servers_live_on_without_a_free_frame(void)
{
    static const unsigned left[] = {0, 1, 5, 20, 0};
    memset(long_argument, 'a', LONG_BYTES);
    printf("  what standard output needs is present\n"); /* its buffer too */
    fflush(stdout);
    CHECK_EQ(run_all(), 4); /* with memory all goes well; and what this process itself needs is present afterwards */
    uint64_t before[] = {restarts_of(SERVER_PAGER), restarts_of(SERVER_PROCMGR), restarts_of(SERVER_CONSOLE), restarts_of(SERVER_FS)};
    for (unsigned i = 0; i < sizeof left / sizeof left[0]; i++)
        with_frames_left(left[i]);
    CHECK_EQ(restarts_of(SERVER_PAGER), before[0]);
    CHECK_EQ(restarts_of(SERVER_PROCMGR), before[1]);
    CHECK_EQ(restarts_of(SERVER_CONSOLE), before[2]);
    CHECK_EQ(restarts_of(SERVER_FS), before[3]);
    CHECK_EQ(run_all(), 4);
}

static const struct gt_case cases[] = {CASE(servers_live_on_without_a_free_frame), {NULL, NULL}};
int main(int argc, char **argv)
{
    const char *role = argc > 1 && strncmp(argv[1], "--as=", 5) == 0 ? argv[1] + 5 : "";
    if (!strcmp(role, "hog"))
        role_hog((uint64_t)atol(argv[2]));
    if (!strcmp(role, "forks"))
        return role_forks();
    if (!strcmp(role, "threads"))
        return role_threads();
    if (!strcmp(role, "takes"))
        return role_takes();
    return *role ? 0 : gt_main(argc, argv, cases);
}
