/* SPDX-License-Identifier: MIT
 * Fuzzes every server that a program can reach, inside the running system: random requests, well-formed and not, with random
 * buffers, deadlines and badly timed deaths. No server dies of it, no answer is an error that there is not, everything is
 * accounted for afterwards. What a program may legally do to others (power off, kill them, the switches of tests) is left
 * out. On the host the same code is fuzzed by host/fuzz_*. --full: ten times as many.
 * TIMEOUT: 300
 */
#define GT_NAME "fuzzservers"
#include "gabuse.h"
#include <ipc/console.h>
#include <ipc/fs.h>
#include <pagoda/thread.h>

#define ATTACKERS 6u
#define REQUESTS 1500u
#define SHARED_OPS 48u
#define HANG_MS 4000u

static uint64_t seed;
static uint8_t mine[8 * PAGE_SIZE] __attribute__((aligned(4096)));

static uint64_t below(uint64_t n) { return gt_random(&seed) % n; }
static uint64_t any_word(void)
{
    static const uint64_t tempting[] = {0, 1, 2, 3, 4, 8, 40, 41, 63, 64, 0x1000, 0x10000, 0x20000, 1UL << 31, 1UL << 32, 1UL << 63, ~0UL, ~0xfffUL,
                                        0x1800000000UL, WINDOW_BASE, USER_VA_END, 0x3ffffff000UL, 0xffffffc080200000UL, 0x80400};
    uint64_t r = gt_random(&seed);
    switch (r % 4) {
    case 0:
        return r >> (r >> 8) % 64;
    case 1:
        return (uint64_t)(uintptr_t)mine + (r >> 8) % 8 * PAGE_SIZE;
    case 2:
        return 0x1800000000UL + (r >> 8) % 16 * PAGE_SIZE;
    default:
        return tempting[(r >> 8) % (sizeof tempting / sizeof tempting[0])];
    }
}
static struct ipc_buf any_buffer(void)
{
    static char text[] = "/bin/true", strings[] = "true\0x\0y";
    struct ipc_buf b = {(void *)(uintptr_t)any_word(), below(3) ? below(200) : gt_random(&seed) >> below(64), below(4) << 62};
    if (below(4) == 0)
        b = (struct ipc_buf){text, sizeof text - below(3), BUF_R};
    else if (below(4) == 0)
        b = (struct ipc_buf){strings, 5 + 2 * below(2), BUF_R};
    return b;
}

/* A program may do these things, and then others would suffer. */
static bool is_legal_harm(handle_t server, const uint64_t *w)
{
    if (server == H_INIT)
        return w[0] < 32 && w[0] != 0 && w[0] != INIT_SERVER_INFO && w[0] != INIT_SETTING;
    if (server == H_PAGER)
        return (w[0] == PAGER_DEBUG && w[1] < 64) || w[0] == PAGER_FRAMES || w[0] == PAGER_STORE || w[0] == PAGER_POLICY ||
               (w[0] >= 37 && w[0] < SHARED_OPS);
    if (server == H_PROC)
        return ((w[0] == PROC_KILL || w[0] == PROC_SIGQUEUE) && w[2] - 1 < 63) || w[0] == PROC_FOREGROUND || w[0] == PROC_TIMER || (w[0] == PROC_DEBUG && w[1] < 64) ||
               (w[0] > PROC_DEBUG && w[0] < SHARED_OPS);
    return (w[0] == CONSOLE_WRITE_SHORT && w[1] - 1 < 40) || (w[0] == CONSOLE_MODE && w[1] == CONSOLE_RAW);
}
static bool ends_us(handle_t server, const uint64_t *w)
{
    return server == H_PROC && (w[0] == PROC_EXIT || w[0] == PROC_THREAD_EXIT || w[0] == PROC_EXEC) && below(20) != 0;
}
/* Of the system's list; or of the file server's, whose refusals exec and spawn pass on. */
static bool is_listed(err_t e)
{
    switch ((int)e) {
#define LISTED(name, number, text) case number:
        FS_ERRORS(LISTED)
#undef LISTED
        return true;
    default:
        return e <= OK && e >= ERR_NAMETOOLONG;
    }
}

static void one_request(void)
{
    static const handle_t servers[] = {H_PAGER, H_PROC, H_CONSOLE, H_INIT};
    handle_t server = servers[below(4)];
    struct ipc_msg m = {.w = {below(8) ? 1 + below(26) : gt_random(&seed) >> below(64)}};
    for (unsigned i = 1; i < MSG_WORDS; i++)
        m.w[i] = any_word();
    if (server == H_PAGER && below(2))
        m.w[1] = 0; /* oneself */
    struct ipc_buf b[2] = {any_buffer(), any_buffer()};
    if (server == H_CONSOLE && m.w[0] == CONSOLE_WRITE)
        b[0].len_bytes = 0; /* the console shows the tests' lines */
    if (is_legal_harm(server, m.w) || ends_us(server, m.w))
        return;
    bool waits = (server == H_CONSOLE && m.w[0] == CONSOLE_READ) || (server == H_PROC && (m.w[0] == PROC_WAIT || m.w[0] == PROC_THREAD_JOIN));
    uint64_t op = m.w[0], w1 = m.w[1];
    err_t e = ipc_call_full(server, &m, b, (unsigned)below(3), waits || below(30) == 0 ? sys_time() + below(3000) : gs_deadline(HANG_MS));
    if (server == H_PROC && op == PROC_FORK && e == OK && m.w[1] == 0)
        _exit(0);
    if (server == H_PROC && op == PROC_THREAD_NEW && e == OK)
        gt_sleep_us(100); /* it faults at once, wherever it was to start: the process ends */
    if (!is_listed(e)) {
        gt_fail("an answer is an error of the list", __FILE__, __LINE__);
        printf("  server %u, operation %lu (0x%lx) gave %d\n", server, (unsigned long)op, (unsigned long)w1, e);
    }
}
static void attack(void *number)
{
    seed = 0x2545f4914f6cdd1dUL * ((uintptr_t)number + 1);
    for (unsigned i = 0; i < REQUESTS && gt_failed < 5; i++)
        one_request();
}

static uint64_t restarts(uint64_t server)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, server}};
    CHECK_EQ(ipc_call(H_INIT, &m), OK);
    CHECK_EQ(m.w[1], 1); /* it lives */
    return m.w[2];
}
static void servers_survive_anything(void)
{
    uint64_t before[5], processes = gt_processes(), strategy = gt_strategy(0);
    for (uint64_t s = SERVER_PAGER; s <= SERVER_FS; s++)
        before[s] = restarts(s);
    for (uintptr_t i = 0; i < (gt_full ? 10 * ATTACKERS : ATTACKERS); i += 2) { /* two at a time */
        pid_t a = gt_child(attack, (void *)i), b = gt_child(attack, (void *)(i + 1));
        const pid_t pid[] = {a, b};
        for (unsigned k = 0; k < 2; k++) {
            int status = gt_reap(pid[k], 100000);
            CHECK(status != -1 && !(WIFEXITED(status) && WEXITSTATUS(status) == 1)); /* 1: a check of its own; any other end may be its own doing */
        }
        struct ipc_msg m = {.w = {CONSOLE_MODE, CONSOLE_LINE}};
        CHECK_EQ(ipc_call(H_CONSOLE, &m), OK);
        (void)gt_strategy(strategy);
        for (uint64_t s = SERVER_PAGER; s <= SERVER_FS; s++)
            CHECK_EQ(restarts(s), before[s]);
    }
    gt_until_processes(processes);
}

GT_MAIN(CASE(servers_survive_anything))
