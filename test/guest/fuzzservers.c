/* SPDX-License-Identifier: MIT
 * Fuzzes every server that a program can reach, inside the running system: random requests, well-formed and not, with random
 * buffers, deadlines and badly timed deaths. No server dies of it, no answer is an error that there is not, everything is
 * accounted for afterwards, and each operation of each protocol was asked for. What a program may legally do to others (power
 * off, kill them, the switches of tests) is left out by name. On the host the same code is fuzzed by host/fuzz_*. --full: ten times as many.
 * TIMEOUT: 300
 */
#define GT_NAME "fuzzservers"
#include "gabuse.h"
#include <ipc/console.h>
#include <ipc/fs.h>
#include <pagoda/thread.h>
#include <sys/stat.h>

#define ATTACKERS 16u /* most of them end early, by something that they asked for */
#define REQUESTS 1500u
#define OPS_MAX 64u
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

/* ---- what is asked of whom ---- */

#define NUMBER(name, number, who, text) (number),
static const uint8_t pager_ops[] = {PAGER_OPS(NUMBER)}, proc_ops[] = {PROC_OPS(NUMBER)}, console_ops[] = {CONSOLE_OPS(NUMBER)},
                     init_ops[] = {INIT_OPS(NUMBER)}, fs_ops[] = {FS_OPS(NUMBER)};
static const struct target {
    handle_t server;
    const uint8_t *ops;
    unsigned count;
} targets[] = {{H_PAGER, pager_ops, sizeof pager_ops}, {H_PROC, proc_ops, sizeof proc_ops}, {H_CONSOLE, console_ops, sizeof console_ops},
               {H_INIT, init_ops, sizeof init_ops}, {H_FS, fs_ops, sizeof fs_ops}};
#define TARGETS (sizeof targets / sizeof targets[0])
_Static_assert((unsigned)PROC_OP_LIMIT <= OPS_MAX && (unsigned)FS_OP_LIMIT <= OPS_MAX && (unsigned)PAGER_OP_LIMIT <= OPS_MAX, "a word each");
static volatile uint64_t *asked(unsigned target, uint64_t op) { return &GT_SHARED->word[target * OPS_MAX + op]; }

static bool stops(uint64_t signo) { return signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU; }

/* A program may do these things, and then others would suffer, or it would stand still. */
static bool harms_at_pager(const uint64_t *w)
{
    switch (w[0]) {
    case PAGER_DEBUG: return w[1] < 64;
    case PAGER_FRAMES: return w[3] == PAGER_FRAMES_SET;
    case PAGER_STORE: return w[1] != 0; /* its frames never come back */
    default: return false;
    }
}
static bool harms_at_procmgr(const uint64_t *w)
{
    switch (w[0]) {
    case PROC_KILL: case PROC_SIGQUEUE: return w[2] - 1 < 63;
    case PROC_TIMER: return w[1] == PROC_TIMER_MAKE && stops(w[3]);
    case PROC_FOREGROUND: return w[1] != ~0UL;
    case PROC_TERMINAL: return true; /* stops the caller's group */
    case PROC_BUDGET: return w[3] != 0 && w[3] <= w[4]; /* too little time for anything, and perhaps not its own */
    case PROC_DEBUG: return w[1] < 64;
    default: return false;
    }
}
static bool is_legal_harm(handle_t server, const uint64_t *w)
{
    if (server == H_INIT)
        return w[0] == INIT_POWEROFF || (w[0] == INIT_KILL_SERVER && w[1] - 1 < SERVER_BLK);
    if (server == H_CONSOLE)
        return (w[0] == CONSOLE_WRITE_SHORT && w[1] - 1 < 40) || (w[0] == CONSOLE_MODE && w[1] == CONSOLE_RAW);
    return server == H_PAGER ? harms_at_pager(w) : server == H_PROC && harms_at_procmgr(w);
}
/* Ends the attacker, now or soon: not so often. */
static bool ends_us(handle_t server, const uint64_t *w)
{
    bool ends = w[0] == PROC_EXIT || w[0] == PROC_THREAD_EXIT || w[0] == PROC_ALARM || w[0] == PROC_TREE || w[0] == PROC_TREE_KILL ||
                (w[0] == PROC_TIMER && w[1] == PROC_TIMER_SET);
    return server == H_PROC && ends && below(20) != 0;
}
static bool may_wait(handle_t server, uint64_t op)
{
    static const uint8_t procmgrs[] = {PROC_WAIT, PROC_THREAD_JOIN, PROC_SIGSUSPEND, PROC_SIGWAIT, PROC_MUTEX_WAIT, PROC_WORD_WAIT};
    static const uint8_t files[] = {FS_OPEN, FS_READ, FS_WRITE, FS_READ_SHORT, FS_WRITE_SHORT, FS_POLL, FS_LOCK};
    return (server == H_CONSOLE && op == CONSOLE_READ) || (server == H_PROC && op < OPS_MAX && memchr(procmgrs, (int)op, sizeof procmgrs)) ||
           (server == H_FS && op < OPS_MAX && memchr(files, (int)op, sizeof files));
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

/* Of attacker `number`: first what may end it, one such operation each; then all in order, each attacker from another place on; then
 * any, and what is none. */
static const uint8_t enders[] = {PROC_ALARM, PROC_TREE, PROC_TREE_KILL};
#define ENDS_FIRST(number, turn) ((turn) == 0 && (number) < sizeof enders)
static uint64_t chosen(unsigned number, unsigned turn, unsigned *which)
{
    unsigned all = 0, at;
    for (unsigned i = 0; i < TARGETS; i++)
        all += targets[i].count;
    if (ENDS_FIRST(number, turn)) {
        *which = 1;
        return enders[number];
    }
    if (turn > all) {
        *which = (unsigned)below(TARGETS);
        return below(16) ? targets[*which].ops[below(targets[*which].count)] : gt_random(&seed) >> below(64);
    }
    at = (number * all / ATTACKERS + turn) % all;
    for (*which = 0; at >= targets[*which].count; ++*which)
        at -= targets[*which].count;
    return targets[*which].ops[at];
}

static void one_request(unsigned number, unsigned turn)
{
    unsigned which;
    struct ipc_msg m = {.w = {chosen(number, turn, &which)}};
    handle_t server = targets[which].server;
    for (unsigned i = 1; i < MSG_WORDS; i++)
        m.w[i] = any_word();
    if (server == H_PAGER && below(2))
        m.w[1] = 0; /* oneself */
    struct ipc_buf b[2] = {any_buffer(), any_buffer()};
    if (server == H_CONSOLE && m.w[0] == CONSOLE_WRITE)
        b[0].len_bytes = 0; /* the console shows the tests' lines */
    if (server == H_PROC && m.w[0] == PROC_FOREGROUND)
        m.w[1] = ~0UL; /* only ask */
    if (server == H_PAGER && m.w[0] == PAGER_FRAMES)
        m.w[3] = PAGER_FRAMES_ASK;
    if (is_legal_harm(server, m.w) || (ends_us(server, m.w) && !ENDS_FIRST(number, turn)))
        return;
    uint64_t op = m.w[0], w1 = m.w[1];
    bool waits = may_wait(server, op);
    if (op < OPS_MAX)
        __atomic_add_fetch(asked(which, op), 1, __ATOMIC_SEQ_CST);
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
        one_request((unsigned)(uintptr_t)number, i);
}

static uint64_t restarts(uint64_t server)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, server}};
    CHECK_EQ(ipc_call(H_INIT, &m), OK);
    CHECK_EQ(m.w[1], 1); /* it lives */
    return m.w[2];
}
/* Each operation that may be asked for was. */
static void all_were_asked(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < TARGETS; i++)
        for (unsigned k = 0; k < targets[i].count; k++) {
            handle_t server = targets[i].server;
            unsigned op = targets[i].ops[k];
            sum += *asked(i, op);
            if (*asked(i, op) || (server == H_INIT && op == INIT_POWEROFF) || (server == H_PROC && (op == PROC_TERMINAL || op == PROC_EXIT || op == PROC_THREAD_EXIT)))
                continue;
            gt_fail("each operation is asked for", __FILE__, __LINE__);
            printf("  server %u, operation %u\n", server, op);
        }
    printf("  %lu requests\n", (unsigned long)sum);
}
static void restore(uint64_t strategy, const struct ipc_msg *attr, const uint64_t tune[])
{
    struct ipc_msg m = *attr;
    m.w[0] = CONSOLE_ATTR, m.w[5] = CONSOLE_ATTR_SET;
    CHECK_EQ(ipc_call(H_CONSOLE, &m), OK);
    (void)gt_strategy(strategy);
    for (uint64_t i = PAGER_TUNE_AROUND; i <= PAGER_TUNE_ZEROED; i++) {
        m = (struct ipc_msg){.w = {PAGER_TUNE, i, tune[i]}};
        CHECK_EQ(pager_call(H_PAGER, &m), OK);
    }
    m = (struct ipc_msg){.w = {FS_CHECK}};
    CHECK_EQ(ipc_call(H_FS, &m), OK);
    CHECK_EQ(m.w[1], 0);
}
static void servers_survive_anything(void)
{
    struct ipc_msg attr = {.w = {CONSOLE_ATTR}}, m = {.w = {CONSOLE_FLUSH}};
    uint64_t tune[PAGER_TUNE_ZEROED + 1];
    CHECK_EQ(access("/", F_OK), 0); /* it has files, and so have its children */
    CHECK_EQ(ipc_call(H_CONSOLE, &m), OK); /* attackers may drop what has not left */
    CHECK_EQ(ipc_call(H_CONSOLE, &attr), OK);
    for (uint64_t i = PAGER_TUNE_AROUND; i <= PAGER_TUNE_ZEROED; i++) {
        m = (struct ipc_msg){.w = {PAGER_TUNE, i, PAGER_TUNE_ASK}};
        CHECK_EQ(pager_call(H_PAGER, &m), OK);
        tune[i] = m.w[1];
    }
    REQUIRE(gt_shared_open() == OK);
    uint64_t before[SERVER_FS + 1], processes = gt_processes(), strategy = gt_strategy(0);
    for (uint64_t s = SERVER_PAGER; s <= SERVER_FS; s++)
        before[s] = restarts(s);
    for (uintptr_t i = 0; i < (gt_full ? 10 * ATTACKERS : ATTACKERS); i += 2) { /* two at a time */
        pid_t a = gt_child(attack, (void *)i), b = gt_child(attack, (void *)(i + 1));
        const pid_t pid[] = {a, b};
        for (unsigned k = 0; k < 2; k++) {
            int status = gt_reap(pid[k], 100000);
            CHECK(status != -1 && !(WIFEXITED(status) && WEXITSTATUS(status) == 1)); /* 1: a check of its own; any other end may be its own doing */
        }
        restore(strategy, &attr, tune);
        for (uint64_t s = SERVER_PAGER; s <= SERVER_FS; s++)
            CHECK_EQ(restarts(s), before[s]);
    }
    gt_until_processes(processes);
    all_were_asked();
    gt_shared_close();
}

GT_MAIN(CASE(servers_survive_anything))
