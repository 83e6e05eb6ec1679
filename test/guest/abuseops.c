/* SPDX-License-Identifier: MIT
 * Hostile requests to the pager, procmgr, the console and init, as a table: act -> exact error (the file server: abusefiles.c). What a program may not ask is tried with several
 * arguments (always ERR_PERM, whatever the arguments); what it may ask has rows for all that can be wrong with it. The last case
 * compares with the lists of the protocols, so that an operation without a row fails.
 */
#define GT_NAME "abuseops"
#include "grows.h"
#include <ipc/console.h>

/* ---- what a program may not ask, and what nobody can ask ---- */

static void what_programs_may_not_ask(void)
{
#define PAGER_FORBIDDEN(name, number, who, words) FORBIDDEN(H_PAGER, #name, number, who)
#define PROC_FORBIDDEN(name, number, who, words) FORBIDDEN(H_PROC, #name, number, who)
#define CONSOLE_FORBIDDEN(name, number, who, words) FORBIDDEN(H_CONSOLE, #name, number, who)
#define INIT_FORBIDDEN(name, number, who, words) FORBIDDEN(H_INIT, #name, number, who)
    PAGER_OPS(PAGER_FORBIDDEN)
    PROC_OPS(PROC_FORBIDDEN)
    CONSOLE_OPS(CONSOLE_FORBIDDEN)
    INIT_OPS(INIT_FORBIDDEN)
}
static void what_nobody_can_ask(void)
{
    static const uint64_t unknown[] = {0, 63, 64, 1000, HIGH | 1, 1UL << 63 | 1, WILD};
    for (handle_t server = H_PAGER; server <= H_INIT; server++)
        for (unsigned i = 0; server != H_KERNEL && i < sizeof unknown / sizeof unknown[0]; i++) {
            const struct request_act x = {"no operation", server, {unknown[i], 1, 1, 1}, .want = ERR_NOSYS};
            ga_expect_answer(&x);
        }
}

/* ---- the pager ---- */

static void the_pagers_regions(void)
{
    const uint64_t servers = gt_server_space(SERVER_PROCMGR), va = 0x2200000000UL - 0x1000000000UL, end = va + PAGE_SIZE;
    const uint64_t rw = PROT_R | PROT_W, text = (uint64_t)(uintptr_t)(void *)the_pagers_regions & ~PAGE_MASK;
    REQUIRE(servers != 0);
    const struct request_act rows[] = {
        {"a region in procmgr", H_PAGER, {PAGER_REGION_ADD, servers, va, end, rw, BACKING_ANON}, .want = ERR_PERM},
        {"a region in no space", H_PAGER, {PAGER_REGION_ADD, NOBODYS_SPACE, va, end, rw, BACKING_ANON}, .want = ERR_NOENT},
        {"a space id with a bit too many", H_PAGER, {PAGER_REGION_ADD, HIGH | servers, va, end, rw, BACKING_ANON}, .want = ERR_NOENT},
        {"a start inside a page", H_PAGER, {PAGER_REGION_ADD, 0, va + 1, end, rw, BACKING_ANON}, .want = ERR_INVAL},
        {"an end inside a page", H_PAGER, {PAGER_REGION_ADD, 0, va, end + 8, rw, BACKING_ANON}, .want = ERR_INVAL},
        {"an end before the start", H_PAGER, {PAGER_REGION_ADD, 0, end, va, rw, BACKING_ANON}, .want = ERR_INVAL},
        {"nothing", H_PAGER, {PAGER_REGION_ADD, 0, va, va, rw, BACKING_ANON}, .want = ERR_INVAL},
        {"the kernel's half", H_PAGER, {PAGER_REGION_ADD, 0, KERNEL_VA, KERNEL_VA + PAGE_SIZE, rw, BACKING_ANON}, .want = ERR_INVAL},
        {"into the kernel's half", H_PAGER, {PAGER_REGION_ADD, 0, va, WILD & ~PAGE_MASK, rw, BACKING_ANON}, .want = ERR_INVAL},
        {"the window", H_PAGER, {PAGER_REGION_ADD, 0, WINDOW_BASE, WINDOW_BASE + PAGE_SIZE, rw, BACKING_ANON}, .want = ERR_INVAL},
        {"around the window", H_PAGER, {PAGER_REGION_ADD, 0, va, USER_VA_END - PAGE_SIZE, rw, BACKING_ANON}, .want = ERR_INVAL},
        {"writable code", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw | PROT_X, BACKING_ANON}, .want = ERR_INVAL},
        {"writable, not readable", H_PAGER, {PAGER_REGION_ADD, 0, va, end, PROT_W, BACKING_ANON}, .want = ERR_INVAL},
        {"COW, which is the pager's to say", H_PAGER, {PAGER_REGION_ADD, 0, va, end, PROT_R | PROT_COW, BACKING_ANON}, .want = ERR_INVAL},
        {"a flag that there is not", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw | 0x80UL << 8, BACKING_ANON}, .want = ERR_INVAL},
        {"a flag far up", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw | 1UL << 40, BACKING_ANON}, .want = ERR_INVAL},
        {"no backing", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw, 0}, .want = ERR_INVAL},
        {"a device", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw, BACKING_DEVICE, 0x10000000}, .want = ERR_INVAL},
        {"a backing that there is not", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw, 0x77}, .want = ERR_INVAL},
        {"a file that there is not", H_PAGER, {PAGER_REGION_ADD, 0, va, end, PROT_R, BACKING_IMAGE | 5000u << 8, 0, 8}, .want = ERR_NOENT},
        {"a file number far up", H_PAGER, {PAGER_REGION_ADD, 0, va, end, PROT_R, BACKING_IMAGE | 1UL << 40, 0, 8}, .want = ERR_INVAL},
        {"an offset inside a page", H_PAGER, {PAGER_REGION_ADD, 0, va, end, PROT_R, BACKING_IMAGE, 7, 8}, .want = ERR_INVAL},
        {"an offset behind the file", H_PAGER, {PAGER_REGION_ADD, 0, va, end, PROT_R, BACKING_IMAGE, 1UL << 40, 8}, .want = ERR_INVAL},
        {"more bytes than the file has", H_PAGER, {PAGER_REGION_ADD, 0, va, end, PROT_R, BACKING_IMAGE, 0, WILD}, .want = ERR_INVAL},
        {"pinned pages that nobody may touch", H_PAGER, {PAGER_REGION_ADD, 0, va, end, REGION_PINNED << 8, BACKING_ANON}, .want = ERR_INVAL},
        {"the boot image shared", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw | REGION_SHARED << 8, BACKING_IMAGE, 0, 8}, .want = ERR_INVAL},
        {"more than there is, in place of nothing", H_PAGER, {PAGER_REGION_ADD, 0, va, va + (50UL << 30), rw | REGION_REPLACE << 8, BACKING_ANON}, .want = ERR_NOMEM},
        {"replacing with a second heap", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw | (REGION_HEAP | REGION_REPLACE) << 8, BACKING_ANON}, .want = ERR_INVAL},
        {"a second heap", H_PAGER, {PAGER_REGION_ADD, 0, va, end, rw | REGION_HEAP << 8, BACKING_ANON}, .want = ERR_INVAL},
        {"over the text", H_PAGER, {PAGER_REGION_ADD, 0, text, text + PAGE_SIZE, rw, BACKING_ANON}, .want = ERR_EXIST},
        {"procmgr's regions removed", H_PAGER, {PAGER_REGION_REMOVE, servers, 0x10000, 0x20000}, .want = ERR_PERM},
        {"regions of no space removed", H_PAGER, {PAGER_REGION_REMOVE, NOBODYS_SPACE, 0x10000, 0x20000}, .want = ERR_NOENT},
        {"removed from inside a page", H_PAGER, {PAGER_REGION_REMOVE, 0, va + 9, end}, .want = ERR_INVAL},
        {"the window removed", H_PAGER, {PAGER_REGION_REMOVE, 0, WINDOW_BASE, WINDOW_BASE + PAGE_SIZE}, .want = ERR_INVAL},
        {"everything removed, with the kernel", H_PAGER, {PAGER_REGION_REMOVE, 0, 0, WILD & ~PAGE_MASK}, .want = ERR_INVAL},
        {"the text made writable", H_PAGER, {PAGER_REGION_PROTECT, 0, text, text + PAGE_SIZE, rw | PROT_X}, .want = ERR_INVAL},
        {"a protection that there is not", H_PAGER, {PAGER_REGION_PROTECT, 0, text, text + PAGE_SIZE, 0x1ff}, .want = ERR_INVAL},
        {"procmgr's memory made executable", H_PAGER, {PAGER_REGION_PROTECT, servers, 0x10000, 0x20000, PROT_R | PROT_X}, .want = ERR_PERM},
        {"a hole protected", H_PAGER, {PAGER_REGION_PROTECT, 0, va, end, PROT_R}, .want = ERR_NOENT},
        {"procmgr's pages discarded", H_PAGER, {PAGER_REGION_DISCARD, servers, 0x10000, 0x20000}, .want = ERR_PERM},
        {"a hole discarded", H_PAGER, {PAGER_REGION_DISCARD, 0, va, end}, .want = ERR_NOENT},
        {"discarded from inside a page", H_PAGER, {PAGER_REGION_DISCARD, 0, va + 8, end}, .want = ERR_INVAL},
        {"the kernel's half discarded", H_PAGER, {PAGER_REGION_DISCARD, 0, KERNEL_VA, KERNEL_VA + PAGE_SIZE}, .want = ERR_INVAL},
        {"a gap of nothing", H_PAGER, {PAGER_REGION_GAP, 0, 0, 0}, .want = ERR_INVAL},
        {"a gap of a part of a page", H_PAGER, {PAGER_REGION_GAP, 0, 0, 7}, .want = ERR_INVAL},
        {"a gap of everything", H_PAGER, {PAGER_REGION_GAP, 0, 0, WILD & ~PAGE_MASK}, .want = ERR_NOMEM},
        {"a gap in no space", H_PAGER, {PAGER_REGION_GAP, NOBODYS_SPACE, 0, PAGE_SIZE}, .want = ERR_NOENT},
        {"the region behind everything", H_PAGER, {PAGER_REGION_INFO, 0, WILD}, .want = ERR_INVAL},
        {"a region of no space", H_PAGER, {PAGER_REGION_INFO, NOBODYS_SPACE, 0}, .want = ERR_NOENT},
        {"a break below the heap", H_PAGER, {PAGER_BRK, PAGE_SIZE}, .want = ERR_INVAL},
        {"a break in the kernel", H_PAGER, {PAGER_BRK, KERNEL_VA}, .want = ERR_INVAL},
        {"a break beyond all memory", H_PAGER, {PAGER_BRK, 1UL << 37}, .want = ERR_NOMEM},
        {"a break at the end of everything", H_PAGER, {PAGER_BRK, WILD}, .want = ERR_INVAL},
    };
    DO_ROWS(rows);
}
static void the_pagers_questions(void)
{
    const struct request_act rows[] = {
        {"a statistic that there is not", H_PAGER, {PAGER_STAT, 0}, .want = ERR_INVAL},
        {"another one", H_PAGER, {PAGER_STAT, WILD}, .want = ERR_INVAL},
        {"a statistic with a bit too many", H_PAGER, {PAGER_STAT, HIGH | PAGER_STAT_MEMORY}, .want = ERR_INVAL},
        {"about no space", H_PAGER, {PAGER_STAT, PAGER_STAT_SPACE, NOBODYS_SPACE}, .want = ERR_NOENT},
        {"about space 1 << 32 | 1 << 16 | 1", H_PAGER, {PAGER_STAT, PAGER_STAT_SPACE, HIGH | 0x10001}, .want = ERR_NOENT},
        {"a page of the kernel", H_PAGER, {PAGER_PAGE_INFO, 0, KERNEL_VA}, .want = ERR_INVAL},
        {"a page of no space", H_PAGER, {PAGER_PAGE_INFO, NOBODYS_SPACE, 0x10000}, .want = ERR_NOENT},
        {"sharers of no frame", H_PAGER, {PAGER_SHARER, 0}, .want = ERR_INVAL},
        {"sharers of frame -1", H_PAGER, {PAGER_SHARER, WILD}, .want = ERR_INVAL},
        {"sharers of a frame with a bit too many", H_PAGER, {PAGER_SHARER, HIGH | 0x80200}, .want = ERR_INVAL},
        {"sharers at a kernel address", H_PAGER, {PAGER_SHARER, 0x80400, 0, KERNEL_VA}, .want = ERR_INVAL},
        {"sharers after a space that can't be", H_PAGER, {PAGER_SHARER, 0x80400, WILD}, .want = ERR_INVAL},
        {"a key that nobody has", H_PAGER, {PAGER_SPACE_FIND, WILD}, .want = ERR_NOENT},
        {"a strategy that there is not", H_PAGER, {PAGER_STRATEGY, 99}, .want = ERR_INVAL},
        {"a strategy with a bit too many", H_PAGER, {PAGER_STRATEGY, HIGH}, .want = ERR_INVAL},
        {"a check with garbage", H_PAGER, {PAGER_VMCHECK, WILD, WILD, WILD, WILD, WILD, WILD, WILD}, .want = OK},
        {"a switch that there is not", H_PAGER, {PAGER_DEBUG, 99}, .want = ERR_INVAL},
        {"a switch with a bit too many", H_PAGER, {PAGER_DEBUG, HIGH | PAGER_DEBUG_SYSCALLS}, .want = ERR_INVAL},
        {"damage to no frame", H_PAGER, {PAGER_DEBUG, PAGER_DEBUG_BREAK, PAGER_BREAK_EXTRA_REF}, .want = ERR_INVAL},
    };
    DO_ROWS(rows);
}

static void the_pagers_shortage(void)
{
    const uint64_t servers = gt_server_space(SERVER_PROCMGR);
    const struct request_act rows[] = {
        {"the frames of no space", H_PAGER, {PAGER_FRAMES, NOBODYS_SPACE}, .want = ERR_NOENT},
        {"the frames of space 1 << 32 | 1", H_PAGER, {PAGER_FRAMES, HIGH | 1}, .want = ERR_NOENT},
        {"a question about frames that there is not", H_PAGER, {PAGER_FRAMES, 0, WILD, WILD}, .want = ERR_INVAL},
        {"a setting that there is not", H_PAGER, {PAGER_TUNE, WILD, 1}, .want = ERR_INVAL},
        {"three pages around a fault", H_PAGER, {PAGER_TUNE, PAGER_TUNE_AROUND, 3}, .want = ERR_INVAL},
        {"no page around a fault", H_PAGER, {PAGER_TUNE, PAGER_TUNE_AROUND, 0}, .want = ERR_INVAL},
        {"more frames kept zeroed than allowed", H_PAGER, {PAGER_TUNE, PAGER_TUNE_ZEROED, 65}, .want = ERR_INVAL},
        {"a store larger than the world", H_PAGER, {PAGER_STORE, WILD}, .want = ERR_NOMEM},
        {"procmgr's frames", H_PAGER, {PAGER_FRAMES, servers, 100, PAGER_FRAMES_SET}, .want = ERR_PERM},
        {"pins in no space", H_PAGER, {PAGER_PIN, NOBODYS_SPACE, 0, 0, 0}, .want = ERR_NOENT},
        {"pins in procmgr", H_PAGER, {PAGER_PIN, servers, 0, 0, 0}, .want = ERR_PERM},
        {"pins inside a page", H_PAGER, {PAGER_PIN, 0, 0x10001, 0x11000, 0}, .want = ERR_INVAL},
        {"pins in the kernel", H_PAGER, {PAGER_PIN, 0, KERNEL_VA, KERNEL_VA + PAGE_SIZE, 0}, .want = ERR_INVAL},
        {"the policy of no space", H_PAGER, {PAGER_POLICY, NOBODYS_SPACE}, .want = ERR_NOENT},
        {"the policy of space 1 << 32 | 1", H_PAGER, {PAGER_POLICY, HIGH | 1}, .want = ERR_NOENT},
        {"a question about policies that there is not", H_PAGER, {PAGER_POLICY, 0, WILD}, .want = ERR_INVAL},
        {"a policy that there is not", H_PAGER, {PAGER_POLICY, 0, PAGER_POLICY_SET, WILD, WILD}, .want = ERR_NOENT},
        {"policy -1", H_PAGER, {PAGER_POLICY_INFO, WILD}, .want = ERR_NOENT},
        {"policy 1 << 32 | 1", H_PAGER, {PAGER_POLICY_INFO, HIGH | 1}, .want = ERR_NOENT},
        {"the idea of a policy, from byte -1", H_PAGER, {PAGER_POLICY_INFO, 1, WILD}, .want = OK},
        {"counters of policy -1", H_PAGER, {PAGER_POLICY_STAT, WILD}, .want = ERR_NOENT},
        {"counters to 0, with garbage", H_PAGER, {PAGER_POLICY_RESET, WILD, WILD}, .want = OK},
        {"a quota that there is not", H_PAGER, {PAGER_QUOTA_STAT, WILD}, .want = ERR_NOENT},
        {"a report of the far future", H_PAGER, {PAGER_REPORT, WILD}, .want = ERR_NOENT},
    };
    DO_ROWS(rows);
}

/* ---- procmgr ---- */

static char big[PROC_ARGS_MAX + PAGE_SIZE];
static uint32_t mutex_mine[1] = {1 | PROC_MUTEX_WAITED}; /* thread 0's */
static const uint32_t mutex_text[1] = {1 | PROC_MUTEX_WAITED};

static void procmgrs_programs(void)
{
    char path[] = "/bin/true", none[] = "/bin/none", strings[] = "true\0A=b";
    static char long_path[PROC_PATH_MAX + 1];
    memset(long_path, 'x', sizeof long_path);
    const struct ipc_buf p = {path, sizeof path, BUF_R}, s = {strings, sizeof strings, BUF_R};
    const uint64_t ops[] = {PROC_EXEC, PROC_SPAWN};
    for (unsigned i = 0; i < 2; i++) {
        uint64_t op = ops[i];
        const struct request_act rows[] = {
            {"a path longer than paths are", H_PROC, {op, PROC_PATH_MAX + 1, 1}, {{long_path, sizeof long_path, BUF_R}, s}, ERR_NAMETOOLONG},
            {"a path of length -1", H_PROC, {op, WILD, 1}, {p, s}, ERR_NAMETOOLONG},
            {"a path longer than its buffer", H_PROC, {op, sizeof path + 1, 1}, {p, s}, ERR_INVAL},
            {"a path that names nothing", H_PROC, {op, sizeof none - 1, 1}, {{none, sizeof none, BUF_R}, s}, ERR_NOENT},
            {"no path", H_PROC, {op, 0, 1}, {p, s}, ERR_NOENT},
            {"a long path that names nothing", H_PROC, {op, PROC_PATH_MAX, 1}, {{long_path, PROC_PATH_MAX, BUF_R}, s}, ERR_NOENT},
            {"a path in the kernel", H_PROC, {op, 9, 1}, {{(void *)KERNEL_VA, 16, BUF_R}, s}, ERR_FAULT},
            {"a path in the null page", H_PROC, {op, 9, 1}, {{(void *)8, 16, BUF_R}, s}, ERR_FAULT},
            {"a path that may not be read", H_PROC, {op, 9, 1}, {{path, sizeof path, BUF_W}, s}, ERR_RIGHTS},
            {"a path at the end of memory", H_PROC, {op, 9, 1}, {{(void *)~7UL, 16, BUF_R}, s}, ERR_FAULT},
            {"strings in the kernel", H_PROC, {op, 9, 1}, {p, {(void *)KERNEL_VA, 16, BUF_R}}, ERR_FAULT},
            {"strings that may not be read", H_PROC, {op, 9, 1}, {p, {strings, sizeof strings, BUF_W}}, ERR_RIGHTS},
            {"more strings than there may be", H_PROC, {op, 9, 1}, {p, {big, sizeof big, BUF_R}}, ERR_NAMETOOLONG},
            {"strings that nobody could have", H_PROC, {op, 9, 1}, {p, {big, BUF_LEN(WILD), BUF_R}}, ERR_NAMETOOLONG},
            {"more arguments than bytes", H_PROC, {op, 9, 100}, {p, s}, ERR_INVAL},
            {"-1 arguments", H_PROC, {op, 9, WILD}, {p, s}, ERR_INVAL},
            {"-1 variables", H_PROC, {op, 9, 1, WILD}, {p, s}, ERR_INVAL},
            {"a sum that wraps", H_PROC, {op, 9, 1UL << 63, 1UL << 63}, {p, s}, ERR_INVAL},
            {"one argument too few", H_PROC, {op, 9, 1, 0}, {p, s}, ERR_INVAL},
            {"one too many", H_PROC, {op, 9, 2, 1}, {p, s}, ERR_INVAL},
            {"a last string without its end", H_PROC, {op, 9, 1, 1}, {p, {strings, sizeof strings - 1, BUF_R}}, ERR_INVAL},
        };
        DO_ROWS(rows);
    }
}
static void procmgrs_processes(void)
{
    const uint64_t me = (uint64_t)getpid(), shell = (uint64_t)getppid();
    const struct request_act rows[] = {
        {"to wait for one of the group without children", H_PROC, {PROC_WAIT, 0}, .want = ERR_CHILD},
        {"to wait for group 2^22 + 1", H_PROC, {PROC_WAIT, -(1UL << 22) - 1}, .want = ERR_CHILD},
        {"to wait for group 2^63", H_PROC, {PROC_WAIT, 1UL << 63}, .want = ERR_CHILD},
        {"to wait with a flag that there is not", H_PROC, {PROC_WAIT, (uint64_t)-1L, 64}, .want = ERR_INVAL},
        {"to wait for somebody else's child", H_PROC, {PROC_WAIT, shell}, .want = ERR_CHILD},
        {"to wait for oneself", H_PROC, {PROC_WAIT, me}, .want = ERR_CHILD},
        {"to wait without children", H_PROC, {PROC_WAIT, (uint64_t)-1L}, .want = ERR_CHILD},
        {"to wait for a pid with a bit too many", H_PROC, {PROC_WAIT, HIGH | me}, .want = ERR_CHILD},
        {"to kill init", H_PROC, {PROC_KILL, 1, SIGKILL}, .want = ERR_PERM},
        {"to kill a group that there is not", H_PROC, {PROC_KILL, -(1UL << 22), SIGKILL}, .want = ERR_NOENT},
        {"to kill group 2^63", H_PROC, {PROC_KILL, 1UL << 63, SIGKILL}, .want = ERR_NOENT},
        {"to kill everybody with no signal", H_PROC, {PROC_KILL, WILD, 64}, .want = ERR_INVAL},
        {"to kill thread 99", H_PROC, {PROC_KILL, 0, SIGKILL, 100}, .want = ERR_NOENT},
        {"to kill thread 2^63", H_PROC, {PROC_KILL, 0, SIGKILL, 1UL << 63}, .want = ERR_NOENT},
        {"to kill a thread that there is not", H_PROC, {PROC_KILL, 0, SIGKILL, 5}, .want = ERR_NOENT},
        {"to kill a pid with a bit too many", H_PROC, {PROC_KILL, HIGH | shell, SIGKILL}, .want = ERR_NOENT},
        {"to kill with a signal that there is not", H_PROC, {PROC_KILL, me, 64}, .want = ERR_INVAL},
        {"to kill with signal 1 << 32 | 9", H_PROC, {PROC_KILL, me, HIGH | SIGKILL}, .want = ERR_INVAL},
        {"who one is, with garbage", H_PROC, {PROC_GETPID, WILD, WILD, WILD}, .want = OK},
        {"arguments a second time", H_PROC, {PROC_ARGS, WILD}, .want = OK},
        {"a limit that there is not", H_PROC, {PROC_LIMIT, 0, WILD}, .want = ERR_INVAL},
        {"limit -1", H_PROC, {PROC_LIMIT, WILD, WILD}, .want = ERR_INVAL},
        {"2^32 frames", H_PROC, {PROC_LIMIT, PROC_LIMIT_FRAMES, HIGH}, .want = ERR_INVAL},
        {"no processes", H_PROC, {PROC_LIMIT, PROC_LIMIT_PROCESSES, 0}, .want = ERR_INVAL},
        {"2^32 + 1 processes", H_PROC, {PROC_LIMIT, PROC_LIMIT_PROCESSES, HIGH | 1}, .want = ERR_INVAL},
        {"65 threads", H_PROC, {PROC_LIMIT, PROC_LIMIT_THREADS, PROC_THREADS_MAX + 1}, .want = ERR_INVAL},
        {"how far a limit that there is not goes", H_PROC, {PROC_LIMIT, PROC_LIMIT_HARD, WILD}, .want = ERR_INVAL},
        {"times of nobody", H_PROC, {PROC_TIMES, WILD}, .want = ERR_NOENT},
        {"times of thread 64", H_PROC, {PROC_TIMES, 0, 65}, .want = ERR_INVAL},
        {"times of thread 2^63 - 1", H_PROC, {PROC_TIMES, 0, 1UL << 63}, .want = ERR_INVAL},
        {"times of a thread that there is not", H_PROC, {PROC_TIMES, 0, 6}, .want = ERR_NOENT},
        {"times of oneself in another process", H_PROC, {PROC_TIMES, shell, WILD}, .want = ERR_NOENT},
        {"a stack of a byte", H_PROC, {PROC_LIMIT, PROC_LIMIT_STACK, 1}, .want = ERR_INVAL},
        {"a stack of everything", H_PROC, {PROC_LIMIT, PROC_LIMIT_STACK, WILD - PAGE_MASK}, .want = ERR_INVAL},
        {"about a pid that nobody will have", H_PROC, {PROC_INFO, WILD}, .want = ERR_NOENT},
        {"a name into the kernel", H_PROC, {PROC_INFO, me}, {{(void *)KERNEL_VA, 32, BUF_W}}, ERR_FAULT},
        {"a name into the text", H_PROC, {PROC_INFO, me}, {{(void *)(uintptr_t)procmgrs_processes, 32, BUF_W}}, ERR_FAULT},
        {"a name where it may not be written", H_PROC, {PROC_INFO, me}, {{big, 32, BUF_R}}, ERR_RIGHTS},
        {"who has the foreground", H_PROC, {PROC_FOREGROUND, WILD, WILD}, .want = OK},
        {"nobody to the foreground", H_PROC, {PROC_FOREGROUND, WILD - 1}, .want = ERR_NOENT},
        {"a question about groups that there is not", H_PROC, {PROC_GROUP, 3}, .want = ERR_INVAL},
        {"the group of nobody", H_PROC, {PROC_GROUP, PROC_GROUP_ASK, WILD}, .want = ERR_NOENT},
        {"a group that there can't be", H_PROC, {PROC_GROUP, PROC_GROUP_SET, 0, WILD}, .want = ERR_INVAL},
        {"the shell's group", H_PROC, {PROC_GROUP, PROC_GROUP_SET, shell, shell}, .want = ERR_NOENT},
        {"a session for the shell", H_PROC, {PROC_GROUP, PROC_GROUP_SESSION, shell}, .want = ERR_INVAL},
        {"to catch signal 0", H_PROC, {PROC_SIGACTION, 0, PROC_SIG_CATCH}, .want = ERR_INVAL},
        {"to catch signal 64", H_PROC, {PROC_SIGACTION, 64, PROC_SIG_CATCH}, .want = ERR_INVAL},
        {"to catch signal 1 << 32 | 2", H_PROC, {PROC_SIGACTION, HIGH | SIGINT, PROC_SIG_CATCH}, .want = ERR_INVAL},
        {"to ignore SIGKILL", H_PROC, {PROC_SIGACTION, SIGKILL, PROC_SIG_IGNORE}, .want = ERR_INVAL},
        {"to do with a signal what there is not", H_PROC, {PROC_SIGACTION, SIGINT, 3}, .want = ERR_INVAL},
        {"a signal's flag that there is not", H_PROC, {PROC_SIGACTION, SIGINT, PROC_SIG_DEFAULT, WILD}, .want = ERR_INVAL},
        {"a mask in a way that there is not", H_PROC, {PROC_SIGMASK, 4, WILD}, .want = ERR_INVAL},
        {"what signal is delivered when none is", H_PROC, {PROC_SIGFETCH, WILD}, .want = ERR_NOENT},
        {"to wait for signals in a way that there is not", H_PROC, {PROC_SIGWAIT, HIGH, 2}, .want = ERR_INVAL},
        {"to look for every signal", H_PROC, {PROC_SIGWAIT, WILD, PROC_SIGWAIT_NOW}, .want = ERR_TIMEOUT},
        {"to queue a signal that there is not", H_PROC, {PROC_SIGQUEUE, me, 64}, .want = ERR_INVAL},
        {"to queue signal 1 << 32 | 9", H_PROC, {PROC_SIGQUEUE, me, HIGH | SIGKILL}, .want = ERR_INVAL},
        {"to queue one for nobody", H_PROC, {PROC_SIGQUEUE, WILD, SIGUSR1}, .want = ERR_NOENT},
        {"to queue one for init", H_PROC, {PROC_SIGQUEUE, 1, SIGUSR1}, .want = ERR_PERM},
        {"to queue one for group 0", H_PROC, {PROC_SIGQUEUE, 0, SIGUSR1}, .want = ERR_NOENT},
        {"to do with timers what there is not", H_PROC, {PROC_TIMER, 4}, .want = ERR_INVAL},
        {"a timer of signal 64", H_PROC, {PROC_TIMER, PROC_TIMER_MAKE, 0, 64}, .want = ERR_INVAL},
        {"a timer of SIGKILL", H_PROC, {PROC_TIMER, PROC_TIMER_MAKE, 0, SIGKILL}, .want = ERR_INVAL},
        {"a timer of a clock that there is not", H_PROC, {PROC_TIMER, PROC_TIMER_MAKE, 0, SIGALRM, 2}, .want = ERR_INVAL},
        {"to set the timer of alarm", H_PROC, {PROC_TIMER, PROC_TIMER_SET, 0, 1}, .want = ERR_INVAL},
        {"to set a timer that there is not", H_PROC, {PROC_TIMER, PROC_TIMER_SET, WILD, 1}, .want = ERR_INVAL},
        {"to delete a timer that there is not", H_PROC, {PROC_TIMER, PROC_TIMER_DELETE, 3}, .want = ERR_INVAL},
        {"an alarm that there is not", H_PROC, {PROC_ALARM, 1, 0, 3}, .want = ERR_INVAL},
        {"the next pid 0", H_PROC, {PROC_DEBUG, PROC_DEBUG_NEXT_PID, 0}, .want = ERR_INVAL},
        {"the next pid 2^32 + 5", H_PROC, {PROC_DEBUG, PROC_DEBUG_NEXT_PID, HIGH | 5}, .want = ERR_INVAL},
        {"signals, with garbage", H_PROC, {PROC_SIGNALS, WILD, WILD}, .want = OK},
        {"a stack that wraps around", H_PROC, {PROC_SIGSTACK, WILD, 4096}, .want = ERR_INVAL},
        {"a stack of 2^32", H_PROC, {PROC_SIGSTACK, 0, HIGH}, .want = ERR_INVAL},
        {"the console's leave for signal 0", H_PROC, {PROC_TERMINAL, 0}, .want = ERR_INVAL},
        {"the console's leave for signal 1 << 32 | 21", H_PROC, {PROC_TERMINAL, HIGH | SIGTTIN}, .want = ERR_INVAL},
        {"to wait for an exec without keeping it", H_PROC, {PROC_WAIT, WILD, WAIT_EXECED}, .want = ERR_INVAL},
        {"an alarm in the year 60000", H_PROC, {PROC_ALARM, WILD - 1}, .want = ERR_INVAL},
        {"an alarm every age of the world", H_PROC, {PROC_ALARM, 1, WILD - 1}, .want = ERR_INVAL},
        {"a pid with a bit too many to the foreground", H_PROC, {PROC_FOREGROUND, HIGH | me}, .want = ERR_NOENT},
        {"priority 0", H_PROC, {PROC_PRIO, 0, 0}, .want = ERR_INVAL},
        {"a server's priority", H_PROC, {PROC_PRIO, 0, 200}, .want = ERR_INVAL},
        {"priority 1 << 32 | 50", H_PROC, {PROC_PRIO, 0, HIGH | 50}, .want = ERR_INVAL},
        {"init's priority", H_PROC, {PROC_PRIO, 1, 50}, .want = ERR_PERM},
        {"the shell's priority", H_PROC, {PROC_PRIO, shell, 50}, .want = ERR_PERM},
        {"nobody's priority", H_PROC, {PROC_PRIO, WILD, 50}, .want = ERR_NOENT},
        {"to join a thread that there can't be", H_PROC, {PROC_THREAD_JOIN, PROC_THREADS_MAX}, .want = ERR_INVAL},
        {"to join thread 1 << 32", H_PROC, {PROC_THREAD_JOIN, HIGH}, .want = ERR_INVAL},
        {"to join oneself", H_PROC, {PROC_THREAD_JOIN, 0}, .want = ERR_INVAL},
        {"to join a thread that there is not", H_PROC, {PROC_THREAD_JOIN, 9}, .want = ERR_NOENT},
        {"figures, with garbage", H_PROC, {PROC_STAT, WILD, WILD}, .want = OK},
        {"an endpoint, with garbage", H_PROC, {PROC_ENDPOINT, WILD, WILD}, .want = OK},
        {"a second endpoint", H_PROC, {PROC_ENDPOINT}, .want = OK},
        {"files, with garbage", H_PROC, {PROC_FILES, WILD, WILD}, .want = OK},
        {"files once more", H_PROC, {PROC_FILES}, .want = OK},
        {"a limit for trees that there is not", H_PROC, {PROC_TREE, 0, 5}, .want = ERR_INVAL},
        {"tree limit -1", H_PROC, {PROC_TREE, WILD, 5}, .want = ERR_INVAL},
        {"a tree of nobody", H_PROC, {PROC_TREE, 1, 0}, .want = ERR_INVAL},
        {"a tree of 2^32", H_PROC, {PROC_TREE, 1, HIGH}, .want = ERR_INVAL},
        {"to kill a tree that has no limit", H_PROC, {PROC_TREE_KILL, me, SIGKILL}, .want = ERR_NOENT},
        {"to kill a tree of nobody", H_PROC, {PROC_TREE_KILL, WILD, SIGKILL}, .want = ERR_NOENT},
        {"to kill a tree with no signal", H_PROC, {PROC_TREE_KILL, me, 0}, .want = ERR_INVAL},
        {"to kill a tree with signal 1 << 32 | 9", H_PROC, {PROC_TREE_KILL, me, HIGH | SIGKILL}, .want = ERR_INVAL},
        {"counting, with garbage", H_PROC, {PROC_CHECK, WILD, WILD}, .want = OK},
        {"nobody's budget", H_PROC, {PROC_BUDGET, WILD, 0, 1000, 2000}, .want = ERR_NOENT},
        {"a budget for pid 1 << 32 | one's own", H_PROC, {PROC_BUDGET, HIGH | me, 0, 1000, 2000}, .want = ERR_NOENT},
        {"init's budget", H_PROC, {PROC_BUDGET, 1, 0, 1000, 2000}, .want = ERR_PERM},
        {"the shell's budget", H_PROC, {PROC_BUDGET, shell, 0, 1000, 2000}, .want = ERR_PERM},
        {"a budget for a thread that there is not", H_PROC, {PROC_BUDGET, 0, 63, 1000, 2000}, .want = ERR_NOENT},
        {"a budget for thread 1 << 32", H_PROC, {PROC_BUDGET, 0, HIGH, 1000, 2000}, .want = ERR_NOENT},
        {"a budget longer than its period", H_PROC, {PROC_BUDGET, 0, 0, 2000, 1000}, .want = ERR_INVAL},
        {"a budget of a tick", H_PROC, {PROC_BUDGET, 0, 0, 1, 1000}, .want = ERR_INVAL},
        {"an endless period", H_PROC, {PROC_BUDGET, 0, 0, 1000, WILD}, .want = ERR_INVAL},
        {"a switch that there is not", H_PROC, {PROC_DEBUG, 0}, .want = ERR_INVAL},
        {"a switch with a bit too many", H_PROC, {PROC_DEBUG, HIGH | PROC_DEBUG_CALLS}, .want = ERR_INVAL},
        {"the budget of a process that there is not", H_PROC, {PROC_BUDGET, WILD, 0, WILD}, .want = ERR_NOENT},
        {"the budget of a thread that there cannot be", H_PROC, {PROC_BUDGET, 0, WILD, WILD}, .want = ERR_NOENT},
        {"a budget longer than its period", H_PROC, {PROC_BUDGET, 0, 0, 5000, 4000}, .want = ERR_INVAL},
        {"a hart that there is not", H_PROC, {PROC_HART, WILD, 8}, .want = ERR_INVAL},
        {"a hart, with garbage above it", H_PROC, {PROC_HART, WILD, 1UL << 32}, .want = ERR_INVAL},
        {"a thread that there is not, on another hart", H_PROC, {PROC_HART, 5, 0}, .want = ERR_NOENT},
        {"a thread slot that there cannot be", H_PROC, {PROC_HART, 1UL << 32, 0}, .want = ERR_INVAL},
        {"a thread's priority beyond all", H_PROC, {PROC_THREAD_PRIO, WILD, PROC_PRIO_OWN, 200}, .want = ERR_INVAL},
        {"a thread's priority of 1 << 32 | 50", H_PROC, {PROC_THREAD_PRIO, WILD, PROC_PRIO_OWN, HIGH | 50}, .want = ERR_INVAL},
        {"a kind of priority that there is not", H_PROC, {PROC_THREAD_PRIO, WILD, 2, 50}, .want = ERR_INVAL},
        {"the priority of a thread that there is not", H_PROC, {PROC_THREAD_PRIO, 5, PROC_PRIO_OWN, 50}, .want = ERR_NOENT},
        {"the priority of a thread that there cannot be", H_PROC, {PROC_THREAD_PRIO, PROC_THREADS_MAX, 0, 50}, .want = ERR_INVAL},
        {"the priority of thread 1 << 32", H_PROC, {PROC_THREAD_PRIO, HIGH, 0, 50}, .want = ERR_INVAL},
        {"a mutex without a word", H_PROC, {PROC_MUTEX_WAIT, (uintptr_t)big}, .want = ERR_INVAL},
        {"a mutex of three bytes", H_PROC, {PROC_MUTEX_WAIT, (uintptr_t)big}, {{big, 3, BUF_R | BUF_W}}, ERR_INVAL},
        {"a mutex in the kernel", H_PROC, {PROC_MUTEX_WAIT, KERNEL_VA}, {{(void *)KERNEL_VA, 4, BUF_R | BUF_W}}, ERR_FAULT},
        {"a mutex in nothing", H_PROC, {PROC_MUTEX_WAIT, 16}, {{(void *)16, 4, BUF_R | BUF_W}}, ERR_FAULT},
        {"a mutex that may not be read", H_PROC, {PROC_MUTEX_WAIT, (uintptr_t)big}, {{big, 4, BUF_W}}, ERR_RIGHTS},
        {"a mutex for which nobody waits", H_PROC, {PROC_MUTEX_WAIT, (uintptr_t)big}, {{big, 4, BUF_R | BUF_W}}, ERR_AGAIN},
        {"a mutex that is one's own", H_PROC, {PROC_MUTEX_WAIT, (uintptr_t)mutex_mine}, {{mutex_mine, 4, BUF_R | BUF_W}}, OK},
        {"to leave a mutex that one does not wait for", H_PROC, {PROC_MUTEX_WAIT, 1, PROC_MUTEX_LEAVE}, {{big, 4, BUF_R | BUF_W}}, ERR_TIMEOUT},
        {"to give away nothing", H_PROC, {PROC_MUTEX_GIVE, (uintptr_t)big}, .want = ERR_INVAL},
        {"to give away what is not one's own", H_PROC, {PROC_MUTEX_GIVE, (uintptr_t)big}, {{big, 4, BUF_R | BUF_W}}, OK},
        {"to give away a word of the text", H_PROC, {PROC_MUTEX_GIVE, 1}, {{(void *)(uintptr_t)mutex_text, 4, BUF_R | BUF_W}}, ERR_FAULT},
        {"to give away what may not be written", H_PROC, {PROC_MUTEX_GIVE, 1}, {{mutex_mine, 4, BUF_R}}, ERR_RIGHTS},
        {"to wait for no word", H_PROC, {PROC_WORD_WAIT, (uintptr_t)mutex_mine, 0}, .want = ERR_INVAL},
        {"to wait for three bytes", H_PROC, {PROC_WORD_WAIT, (uintptr_t)mutex_mine}, {{big, 3, BUF_R}}, ERR_INVAL},
        {"to wait for an odd word", H_PROC, {PROC_WORD_WAIT, (uintptr_t)mutex_mine + 1}, {{mutex_mine, 4, BUF_R}}, ERR_INVAL},
        {"to wait for a word of the kernel", H_PROC, {PROC_WORD_WAIT, KERNEL_VA}, {{mutex_mine, 4, BUF_R}}, ERR_INVAL},
        {"to wait for a word of the null page", H_PROC, {PROC_WORD_WAIT, 16}, {{mutex_mine, 4, BUF_R}}, ERR_FAULT},
        {"to wait for a word that may not be read", H_PROC, {PROC_WORD_WAIT, (uintptr_t)mutex_mine}, {{mutex_mine, 4, BUF_W}}, ERR_RIGHTS},
        {"to wait for what has happened", H_PROC, {PROC_WORD_WAIT, (uintptr_t)mutex_mine, 7}, {{mutex_mine, 4, BUF_R}}, ERR_AGAIN},
        {"to wait in a way that there is not", H_PROC, {PROC_WORD_WAIT, (uintptr_t)mutex_mine, HIGH << 2}, {{mutex_mine, 4, BUF_R}}, ERR_INVAL},
        {"to wait for the word of nobody", H_PROC, {PROC_WORD_WAIT, (uintptr_t)mutex_mine, (uint64_t)PROC_WORD_OWNED << 32 | 1 | PROC_MUTEX_WAITED},
         {{mutex_mine, 4, BUF_R}}, ERR_NOENT},
        {"whether one would wait", H_PROC, {PROC_WORD_WAIT, (uintptr_t)mutex_mine, (uint64_t)PROC_WORD_ASK << 32 | 1 | PROC_MUTEX_WAITED},
         {{mutex_mine, 4, BUF_R}}, ERR_BUSY},
        {"to wake those who wait for the kernel", H_PROC, {PROC_WORD_WAKE, KERNEL_VA, WILD}, .want = ERR_INVAL},
        {"to wake those who wait for the null page", H_PROC, {PROC_WORD_WAKE, 16, 1}, .want = ERR_FAULT},
        {"to wake those who wait for an odd word", H_PROC, {PROC_WORD_WAKE, (uintptr_t)mutex_mine + 2, 1}, .want = ERR_INVAL},
        {"to wake everybody where nobody waits", H_PROC, {PROC_WORD_WAKE, (uintptr_t)mutex_mine, WILD}, .want = OK},
        {"to wake nobody", H_PROC, {PROC_WORD_WAKE, WILD, 0}, .want = OK},
        {"a thread with a priority beyond all", H_PROC, {PROC_THREAD_NEW, 0x10000, 0, 0, 0, 200}, .want = ERR_INVAL},
        {"to wake a thread that there is not", H_PROC, {PROC_WAKER, 5}, .want = ERR_NOENT},
        {"to wake a thread that there cannot be", H_PROC, {PROC_WAKER, PROC_THREADS_MAX}, .want = ERR_INVAL},
        {"to wake thread 1 << 32", H_PROC, {PROC_WAKER, HIGH}, .want = ERR_INVAL},
    };
    DO_ROWS(rows);
}

/* Requests that end the caller, or start something: each in a child, which must end as said. */
static err_t ask(uint64_t op, uint64_t a, uint64_t b)
{
    struct ipc_msg m = {.w = {op, a, b, b, b, b, b, b}};
    err_t e = ipc_call(H_PROC, &m);
    return e == OK && op == PROC_FORK && m.w[1] == 0 ? ERR_AGAIN : e; /* the child of a fork */
}
static void exits_with_garbage(void *unused)
{
    (void)unused;
    (void)ask(PROC_EXIT, WILD << 8 | 7, WILD);
}
static void its_only_thread_exits(void *unused)
{
    (void)unused;
    (void)ask(PROC_THREAD_EXIT, WILD, WILD);
}
static void forks_with_garbage(void *unused)
{
    (void)unused;
    int status = 0;
    if (ask(PROC_FORK, WILD, WILD) == ERR_AGAIN)
        _exit(5);
    CHECK(waitpid(-1, &status, 0) > 0);
    CHECK_EQ(WEXITSTATUS(status), 5);
}
static void starts_a_thread_in_the_kernel(void *unused)
{
    (void)unused;
    CHECK_EQ(ask(PROC_THREAD_NEW, KERNEL_VA, WILD), OK);
    gt_sleep_us(1000000);
}
static void starts_too_many_threads(void *unused)
{
    (void)unused;
    CHECK_EQ(gt_proc(PROC_LIMIT, PROC_LIMIT_THREADS, 1, NULL), OK);
    CHECK_EQ(ask(PROC_THREAD_NEW, 0x10000, 0), ERR_LIMIT);
}
/* All but two signals are blocked then, and one of these comes. */
static void suspends_with_garbage(void *unused)
{
    (void)unused;
    (void)ask(PROC_ALARM, sys_time() + 10000, 0);
    (void)ask(PROC_SIGSUSPEND, WILD & ~(1UL << SIGALRM), WILD);
}
static void procmgrs_last_things(void)
{
    tried[H_PROC][PROC_SIGSUSPEND] = 1;
    gt_expect_signal(gt_child(suspends_with_garbage, NULL), SIGALRM);
    tried[H_PROC][PROC_EXIT] = tried[H_PROC][PROC_THREAD_EXIT] = 1;
    tried[H_PROC][PROC_FORK] = tried[H_PROC][PROC_THREAD_NEW] = 1;
    gt_expect_exit(gt_child(exits_with_garbage, NULL), 7);
    gt_expect_exit(gt_child(its_only_thread_exits, NULL), 0);
    RUN_CHILD(forks_with_garbage, NULL);
    gt_expect_signal(gt_child(starts_a_thread_in_the_kernel, NULL), SIGSEGV);
    RUN_CHILD(starts_too_many_threads, NULL);
}

/* ---- the console, init ---- */

static void the_consoles(void)
{
    const struct request_act rows[] = {
        {"to write nothing", H_CONSOLE, {CONSOLE_WRITE}, .want = ERR_RIGHTS},
        {"to write what may not be read", H_CONSOLE, {CONSOLE_WRITE}, {{big, 8, BUF_W}}, ERR_RIGHTS},
        {"to write the kernel", H_CONSOLE, {CONSOLE_WRITE}, {{(void *)KERNEL_VA, 8, BUF_R}}, ERR_FAULT},
        {"to write the null page", H_CONSOLE, {CONSOLE_WRITE}, {{(void *)8, 8, BUF_R}}, ERR_FAULT},
        {"to write around the end of memory", H_CONSOLE, {CONSOLE_WRITE}, {{(void *)~7UL, 16, BUF_R}}, ERR_FAULT},
        {"to read into nothing", H_CONSOLE, {CONSOLE_READ}, .want = ERR_RIGHTS},
        {"to read into what may not be written", H_CONSOLE, {CONSOLE_READ}, {{big, 8, BUF_R}}, ERR_RIGHTS},
        {"a short text of no byte", H_CONSOLE, {CONSOLE_WRITE_SHORT, 0}, .want = ERR_INVAL},
        {"a short text of 41 bytes", H_CONSOLE, {CONSOLE_WRITE_SHORT, 41}, .want = ERR_INVAL},
        {"a short text of -1 bytes", H_CONSOLE, {CONSOLE_WRITE_SHORT, WILD}, .want = ERR_INVAL},
        {"a short text of 2^32 + 1 bytes", H_CONSOLE, {CONSOLE_WRITE_SHORT, HIGH | 1}, .want = ERR_INVAL},
        {"a mode that there is not", H_CONSOLE, {CONSOLE_MODE, 2}, .want = ERR_INVAL},
        {"all settings there are not", H_CONSOLE, {CONSOLE_ATTR, WILD, WILD, 0, 0, CONSOLE_ATTR_SET}, .want = ERR_INVAL},
        {"what the settings are, with garbage", H_CONSOLE, {CONSOLE_ATTR, WILD, WILD, WILD, WILD, ~3UL}, .want = OK},
        {"what size it has", H_CONSOLE, {CONSOLE_SIZE, WILD}, .want = OK},
        {"whether it is ready, with garbage", H_CONSOLE, {CONSOLE_READY, WILD, WILD}, .want = OK},
        {"to drop nothing", H_CONSOLE, {CONSOLE_DROP, ~3UL}, .want = OK},
        {"mode 1 << 32", H_CONSOLE, {CONSOLE_MODE, HIGH}, .want = ERR_INVAL},
        {"flushing with garbage", H_CONSOLE, {CONSOLE_FLUSH, WILD, WILD}, .want = OK},
    };
    DO_ROWS(rows);
}
static void inits(void)
{
    const struct request_act rows[] = {
        {"to kill no server", H_INIT, {INIT_KILL_SERVER, 0}, .want = ERR_INVAL},
        {"to kill a server that there is not", H_INIT, {INIT_KILL_SERVER, 60}, .want = ERR_INVAL},
        {"to kill server 1 << 32 | 1", H_INIT, {INIT_KILL_SERVER, HIGH | SERVER_PAGER}, .want = ERR_INVAL},
        {"to kill a server in two minutes", H_INIT, {INIT_KILL_SERVER, SERVER_PAGER, sys_time() + 1200000000}, .want = ERR_INVAL},
        {"to kill a server at the end of time", H_INIT, {INIT_KILL_SERVER, SERVER_PAGER, WILD}, .want = ERR_INVAL},
        {"a power-off with status 256", H_INIT, {INIT_POWEROFF, 256}, .want = ERR_INVAL},
        {"a power-off with status -1", H_INIT, {INIT_POWEROFF, WILD}, .want = ERR_INVAL},
        {"about no server", H_INIT, {INIT_SERVER_INFO, 0}, .want = ERR_NOENT},
        {"about a server that there is not", H_INIT, {INIT_SERVER_INFO, 60}, .want = ERR_NOENT},
        {"about server 1 << 32 | 1", H_INIT, {INIT_SERVER_INFO, HIGH | SERVER_PAGER}, .want = ERR_NOENT},
        {"a setting that there is not", H_INIT, {INIT_SETTING, 0}, .want = ERR_NOENT},
        {"setting 1 << 32 | 1", H_INIT, {INIT_SETTING, HIGH | SETTING_FORK}, .want = ERR_NOENT},
        {"setting -1", H_INIT, {INIT_SETTING, WILD}, .want = ERR_NOENT},
    };
    DO_ROWS(rows);
    tried[H_INIT][INIT_POWEROFF] = 1; /* everybody may, with any word: the machine ends; qemu/test_memcheck and others do it */
}

/* ---- is everything here? ---- */

static void every_operation_was_tried(void)
{
#define PAGER_TRIED(name, number, who, words) TRIED(H_PAGER, "pager: " #name, number)
#define PROC_TRIED(name, number, who, words) TRIED(H_PROC, "procmgr: " #name, number)
#define CONSOLE_TRIED(name, number, who, words) TRIED(H_CONSOLE, "console: " #name, number)
#define INIT_TRIED(name, number, who, words) TRIED(H_INIT, "init: " #name, number)
    PAGER_OPS(PAGER_TRIED)
    PROC_OPS(PROC_TRIED)
    CONSOLE_OPS(CONSOLE_TRIED)
    INIT_OPS(INIT_TRIED)
}

GT_MAIN(CASE(what_programs_may_not_ask), CASE(what_nobody_can_ask), CASE(the_pagers_regions), CASE(the_pagers_questions),
        CASE(the_pagers_shortage), CASE(procmgrs_programs), CASE(procmgrs_processes), CASE(procmgrs_last_things), CASE(the_consoles), CASE(inits),
        CASE(every_operation_was_tried))
