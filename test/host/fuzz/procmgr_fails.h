/* SPDX-License-Identifier: MIT
 * Before procmgr is fuzzed: what happens when memory ends under one request. For each request that needs memory, and every k, the k-th
 * allocation of the pager under it fails. The answer is an error and nothing has changed: as many processes, handles and counts as
 * before; the same request then succeeds. Included by fuzz_procmgr.c, whose pager and kernel it uses.
 */
#ifndef FUZZ_PROCMGR_FAILS_H
#define FUZZ_PROCMGR_FAILS_H

#define ALLOCATIONS_MAX 64u
#define SCRIPT_TURNS 64u

struct fails_act {
    const char *what;
    uint64_t w[6];       /* operation and words */
    unsigned times;      /* it is asked so often, other words 2 each time: the table behind it has to grow */
    bool program, ends;  /* it has a path and strings; it succeeds, or the caller ends */
    const uint64_t *first; /* what is asked before, 0: nothing */
};

static const uint64_t block_all[6] = {PROC_SIGMASK, PROC_MASK_BLOCK, ~0UL};
static const uint64_t stop[6] = {PROC_KILL, 0, SIGSTOP, PROC_KILL_SELF};
static const struct fails_act fails_acts[] = {
    {"a handler", {PROC_SIGACTION, 10, PROC_SIG_CATCH, 0, 0, 0x10000}, 1, false, false, NULL},
    {"fork", {PROC_FORK}, 1, false, false, NULL},
    {"spawn", {PROC_SPAWN, 4, 1}, 1, true, false, NULL},
    {"spawn, pinned", {PROC_SPAWN, 4, 1, 0, SPAWN_PINNED}, 1, true, false, NULL},
    {"spawn into a group of its own", {PROC_SPAWN, 4, 1, 0, SPAWN_GROUP}, 1, true, false, NULL},
    {"fork with handlers", {PROC_FORK}, 1, false, false, block_all},
    {"exec", {PROC_EXEC, 4, 1}, 1, true, true, NULL},
    {"exec of one that is stopped", {PROC_EXEC, 4, 1}, 1, true, true, stop},
    {"a thread", {PROC_THREAD_NEW, 0x10000, 0x20000}, 1, false, false, NULL},
    {"a thread with handlers", {PROC_THREAD_NEW, 0x10000, 0x20000}, 1, false, false, block_all},
    {"an endpoint", {PROC_ENDPOINT}, 1, false, false, NULL},
    {"the file server", {PROC_FILES}, 1, false, false, NULL},
    {"a mask", {PROC_SIGMASK, PROC_MASK_BLOCK, 2}, 1, false, false, NULL},
    {"a stack for handlers", {PROC_SIGSTACK, 0x20000, 4096}, 1, false, false, NULL},
    {"an alarm", {PROC_ALARM, 1UL << 40, 0, PROC_ALARM_REAL}, 1, false, false, NULL},
    {"an alarm that ends it", {PROC_ALARM, 1, 0, PROC_ALARM_REAL}, 1, false, true, NULL},
    {"timers", {PROC_TIMER, PROC_TIMER_MAKE, 5, 10, PROC_CLOCK_REAL}, 24, false, false, NULL},
    {"queued signals", {PROC_SIGQUEUE, 0, 40, 7}, 48, false, false, block_all},
    {"a wait for a signal", {PROC_SIGWAIT, 1UL << 40}, 1, false, false, NULL},
    {"a wait with another mask", {PROC_SIGSUSPEND, 0}, 1, false, false, NULL},
    {"a budget", {PROC_BUDGET, 0, 0, 1000, 2000}, 1, false, false, NULL},
    {"a waker", {PROC_WAKER, ~0UL}, 1, false, false, NULL},
    {"a limit of frames", {PROC_LIMIT, PROC_LIMIT_FRAMES, 1000}, 1, false, false, NULL},
    {"a limit of a tree", {PROC_TREE, PROC_TREE_FRAMES, 1000}, 1, false, false, NULL},
};

/* ---- one request at a time ---- */

static struct ipc_regs script_request;
static unsigned script_turn;

/* The request, then the pager's notifications until all operations have ended. */
static long fails_script(struct ipc_regs *x)
{
    memset(x, 0, sizeof *x);
    if (script_turn++ == 0) {
        *x = script_request;
        return MSG_CALL;
    }
    MUST(script_turn < SCRIPT_TURNS);
    if (ops_count() == 0 && script_turn > 2)
        longjmp(input.end, 1);
    x->w[0] = PROC_NTFN_PAGER_OP | PROC_NTFN_PAGER_NEW;
    return MSG_NOTIFY;
}

static err_t script_ask(struct proc *by, const uint64_t *w, bool program)
{
    struct ipc_regs x = {0};
    memcpy(x.w, w, 6 * sizeof w[0]);
    if (w[0] == PROC_SIGQUEUE)
        x.w[1] = by->pid;
    x.t3 = by == init_proc ? BADGE_MAKE(BADGE_INIT, 0) : BADGE_MAKE(BADGE_CLIENT, by->pid);
    x.t4 = program ? 4 | BUF_R : 0;
    x.t6 = program ? 2 | BUF_R : 0;
    x.t2 = call_begins(by == init_proc ? 9 : any_thread(by), &x);
    script_request = x;
    script_turn = 0;
    script = fails_script;
    last_answer = OK;
    if (!setjmp(input.end))
        serve();
    script = NULL;
    return last_answer; /* OK as well when it waits, or has no answer */
}

static struct proc *script_process(void)
{
    static const uint64_t spawn[6] = {PROC_SPAWN, 4, 1};
    MUST(script_ask(init_proc, spawn, true) == OK);
    for (unsigned i = 1; i < procs_used(); i++)
        if (proc_at(i) && proc_at(i)->state == PROC_STATE_RUNNING)
            return proc_at(i);
    MUST(!"it runs");
    return NULL;
}

/* Everybody is killed and taken by init; calm_event() sees that no handle is left. */
static void script_ends(void)
{
    calm_turns = 0;
    if (!setjmp(input.end))
        serve();
}

/* ---- the k-th allocation ---- */

struct fails_held {
    uint64_t live, zombies, handles;
};
static struct fails_held held(void) { return (struct fails_held){counts.live, counts.zombies, handles_open}; }
static void sound(const char *what)
{
    struct request r = {.caller = init_proc};
    MUST(do_CHECK(&r) == OK);
    if (r.m.w[1] != 0)
        fprintf(stderr, "%s: %u violations\n", what, (unsigned)r.m.w[1]);
    MUST(r.m.w[1] == 0);
}

/* Whether there was a k-th allocation under it. */
static bool fails_at(const struct fails_act *a, unsigned k)
{
    struct proc *p = script_process();
    err_t err = a->first ? script_ask(p, a->first, false) : OK;
    uint64_t w[6];
    MUST(err == OK);
    memcpy(w, a->w, sizeof w);
    fail_in = k;
    for (unsigned i = 0; i < a->times && err == OK; i++, w[2] += err == OK && a->times > 1 && a->w[0] == PROC_TIMER) {
        struct fails_held before = held();
        err = script_ask(p, w, a->program);
        struct fails_held after = held();
        if (err != OK || (a->ends && fail_in == 0)) {
            bool same = memcmp(&before, &after, sizeof before) == 0;
            if ((!same && !a->ends) || (err != OK && err != ERR_NOMEM && err != ERR_LIMIT && err != ERR_AGAIN))
                fprintf(stderr, "%s, allocation %u: answer %d, processes %u then %u, handles %u then %u\n", a->what, k, err,
                        (unsigned)before.live, (unsigned)after.live, (unsigned)before.handles, (unsigned)after.handles);
            MUST(same || a->ends);
            MUST(err == OK || err == ERR_NOMEM || err == ERR_LIMIT || err == ERR_AGAIN);
        }
        sound(a->what);
    }
    bool failed = fail_in == 0;
    fail_in = 0;
    if (err != OK)
        MUST(script_ask(p, w, a->program) == OK);
    sound(a->what);
    script_ends();
    return failed;
}

static void each_allocation_fails(void)
{
    unsigned all = 0;
    for (unsigned i = 0; i < sizeof fails_acts / sizeof fails_acts[0]; i++) {
        unsigned k = 1;
        while (k < ALLOCATIONS_MAX && fails_at(&fails_acts[i], k))
            k++;
        MUST(k < ALLOCATIONS_MAX);
        if (getenv("PAGODA_VERBOSE"))
            fprintf(stderr, "%s: %u allocations\n", fails_acts[i].what, k - 1);
        all += k - 1;
    }
    MUST(all >= 25); /* or nothing was tried */
}

#endif
