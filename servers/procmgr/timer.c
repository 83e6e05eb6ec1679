/* SPDX-License-Identifier: MIT
 * Timers: the interval timers of each process (ALARM), and those that it makes itself (TIMER). Owns their pool, which lasts, and the list
 * of those that are armed, the next one first, which is rebuilt. Processor time moves only when a thread runs, so a timer of it is
 * looked at when it could be due, and again.
 */
#include "queue.h"

#define ASK (~0UL)
#define NS_PER_TICK 100u /* processor time is counted in instructions, one a nanosecond */

struct timer {
    struct proc *owner; /* 0: free */
    uint8_t id;         /* enum timer_id */
    uint8_t signal;     /* 0: it only runs */
    uint8_t clock;      /* enum proc_clock */
    uint32_t missed, missed_told; /* rounds that no signal came for: since the one that was sent, and before the one that was taken */
    uint64_t value, at, every;    /* of its clock; at 0: not armed */
    /* ---- volatile ---- */
    bool armed;
    ticks_t due;
    struct timer *next, *next_due; /* of the same process, or free; in the list */
};
enum timer_id { TIMER_REAL = 0, TIMER_VIRTUAL, TIMER_PROF, TIMER_FIRST_OWN };

static struct timer *const pool = (struct timer *)TIMERS_VA;
static struct arena arena = {.start = TIMERS_VA, .step_bytes = TIMERS_STEP_BYTES, .max_bytes = TIMERS_MAX * sizeof(struct timer)};
static struct timer *free_list, *first;

/* ---- the list ---- */

ticks_t timers_next(void) { return first ? first->due : DEADLINE_NONE; }

static void disarm(struct timer *t)
{
    struct timer **at = &first;
    if (!t->armed)
        return;
    while (*at != t) /* bound: TIMERS_MAX */
        at = &(*at)->next_due;
    *at = t->next_due;
    t->armed = false;
}

static uint64_t now_of(const struct timer *t) { return t->clock == PROC_CLOCK_REAL ? sys_time() : cpu_of(t->owner); }

/* The earliest time at which it can be due: processor time runs as fast as there are threads. */
static ticks_t due_of(const struct timer *t)
{
    if (t->clock == PROC_CLOCK_REAL)
        return t->at;
    uint64_t now = now_of(t), left = t->at > now ? t->at - now : 0;
    ticks_t in = left / NS_PER_TICK / (t->owner->threads ? t->owner->threads : 1);
    return sys_time() + (in > TIMER_PERIOD_MIN_TICKS ? in : TIMER_PERIOD_MIN_TICKS);
}

static void arm(struct timer *t)
{
    struct timer **at = &first;
    disarm(t);
    if (t->at == 0)
        return;
    t->due = due_of(t);
    while (*at && (*at)->due <= t->due) /* bound: TIMERS_MAX */
        at = &(*at)->next_due;
    t->next_due = *at;
    *at = t;
    t->armed = true;
}

/* ---- the pool ---- */

static struct timer *find(const struct proc *p, uint64_t id)
{
    struct timer *t = p->timers;
    while (t && t->id != id) /* bound: TIMERS_OF_PROCESS_MAX */
        t = t->next;
    return t;
}

static err_t make(struct proc *p, unsigned id, struct timer **out)
{
    if (!free_list) {
        if (ledger->timers == TIMERS_MAX)
            return ERR_LIMIT;
        err_t err = arena_reach(&arena, (ledger->timers + 1) * sizeof *pool);
        if (err != OK)
            return err;
        pool[ledger->timers].owner = 0; /* should an earlier try have left something */
        pool[ledger->timers].next = 0;
        free_list = &pool[ledger->timers++];
    }
    struct timer *t = free_list;
    free_list = t->next;
    *t = (struct timer){.id = (uint8_t)id, .next = p->timers};
    p->timers = t;
    *out = t;
    return OK;
}

static void give_back(struct timer *t)
{
    struct proc *p = t->owner;
    struct timer **at = &p->timers;
    disarm(t);
    while (*at != t) /* bound: TIMERS_OF_PROCESS_MAX */
        at = &(*at)->next;
    *at = t->next;
    t->owner = 0;
    t->next = free_list;
    free_list = t;
}

void timers_drop(struct proc *p)
{
    while (p->timers) /* bound: TIMERS_OF_PROCESS_MAX */
        give_back(p->timers);
}

/* The program ends that has made them. */
void timers_exec(struct proc *p)
{
    struct timer *next;
    for (struct timer *t = p->timers; t; t = next) { /* bound: TIMERS_OF_PROCESS_MAX */
        next = t->next;
        if (t->id < TIMER_FIRST_OWN)
            continue;
        queue_drop_timer(p, t->id);
        give_back(t);
    }
}

err_t timers_rebuild(void)
{
    err_t err = arena_reach(&arena, ledger->timers * sizeof *pool); /* it is all there: the pager says OK */
    for (uint32_t i = ledger->timers; i-- > 0 && err == OK;) { /* bound: TIMERS_MAX */
        struct timer *t = &pool[i];
        t->armed = false;
        if (t->owner && t->owner->state != 0) {
            t->next = t->owner->timers;
            t->owner->timers = t;
            arm(t);
            continue;
        }
        t->owner = 0;
        t->next = free_list;
        free_list = t;
    }
    return err;
}

/* ---- when one is due ---- */

/* Interval timers: a signal that is pending is pending once. */
static void send_once(struct timer *t, uint64_t at)
{
    static const struct sig_info info = {.code = SIC_TIMER};
    struct proc *p = t->owner;
    unsigned sig = t->signal;
    ledger_begin();
    ledger_set(t->at, at);
    if (signals_wanted(p, sig))
        ledger_set(p->sig_pending, p->sig_pending | SIGBIT(sig));
    ledger_commit();
    arm(t);
    signal_send(p, sig, &info);
}

/* One signal of each timer is pending at most; what comes meanwhile is counted, and so is what there is no room for. */
static void send_queued(struct timer *t, uint64_t at, uint64_t missed)
{
    struct proc *p = t->owner;
    const struct sig_info info = {.code = SIC_TIMER, .value = t->value, .status = t->id + 1u};
    struct queued *q = 0;
    bool sends = t->signal != 0 && p->state == PROC_STATE_RUNNING && signals_wanted(p, t->signal);
    bool waits = sends && queue_of_timer(p, t->id);
    if (sends && (waits || queue_reserve(p, &q) != OK)) {
        sends = false;
        missed++;
    }
    uint64_t all = t->missed + missed;
    ledger_begin();
    ledger_set(t->at, at);
    ledger_set(t->missed, t->signal == 0 ? 0 : all < PROC_TIMER_MISSED_MAX ? all : PROC_TIMER_MISSED_MAX);
    if (sends)
        queue_put(q, p, t->signal, &info);
    ledger_commit();
    arm(t);
    if (sends)
        queue_was_put(q);
    if (sends)
        signals_attend(p);
}

static void expire(struct timer *t)
{
    uint64_t now = now_of(t);
    if (t->at > now) { /* processor time that it did not use */
        arm(t);
        return;
    }
    uint64_t missed = t->every ? (now - t->at) / t->every : 0;
    uint64_t at = t->every ? t->at + t->every * (missed + 1) : 0;
    if (t->id < TIMER_FIRST_OWN)
        send_once(t, at);
    else
        send_queued(t, at, missed);
}

void timers_run(ticks_t now)
{
    while (first && first->due <= now) /* bound: TIMERS_MAX, each is behind now afterwards */
        expire(first);
}

void timer_told(struct proc *p, unsigned id)
{
    struct timer *t = find(p, id);
    if (!t)
        return;
    ledger_begin();
    ledger_set(t->missed_told, t->missed);
    ledger_set(t->missed, 0);
    ledger_commit();
}

/* ---- requests ---- */

static bool is_bad(uint64_t at, uint64_t every) { return at != ASK && (at > DEADLINE_NONE / 2 || every > DEADLINE_NONE / 4); }

static void set(struct timer *t, uint64_t at, uint64_t every)
{
    uint64_t least = t->clock == PROC_CLOCK_REAL ? TIMER_PERIOD_MIN_TICKS : TIMER_PERIOD_MIN_TICKS * NS_PER_TICK;
    disarm(t);
    ledger_begin();
    ledger_set(t->at, at);
    ledger_set(t->every, every != 0 && every < least ? least : every);
    ledger_set(t->missed, 0);
    ledger_commit();
    arm(t);
}

err_t do_ALARM(struct request *r)
{
    static const uint8_t signal[] = {[TIMER_REAL] = SIGALRM, [TIMER_VIRTUAL] = SIGVTALRM, [TIMER_PROF] = SIGPROF};
    struct proc *p = r->caller;
    uint64_t at = r->ev->w[1], every = r->ev->w[2], which = r->ev->w[3];
    if (which > TIMER_PROF || is_bad(at, every))
        return ERR_INVAL;
    struct timer *t = find(p, which);
    if (!t && (at == ASK || at == 0))
        return OK;
    err_t err = t ? OK : make(p, (unsigned)which, &t);
    if (err != OK)
        return err;
    if (!t->owner) {
        t->signal = signal[which];
        t->clock = which == TIMER_REAL ? PROC_CLOCK_REAL : PROC_CLOCK_CPU;
        t->owner = p; /* commit */
    }
    r->m.w[1] = t->at;
    r->m.w[2] = t->every;
    if (at != ASK)
        set(t, at, every);
    return OK;
}

static err_t timer_make(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t value = r->ev->w[2], sig = r->ev->w[3], clock = r->ev->w[4];
    unsigned id = TIMER_FIRST_OWN;
    struct timer *t;
    if (sig >= SIGNALS || clock > PROC_CLOCK_CPU || (sig != 0 && SIGS_NEVER & SIGBIT(sig)))
        return ERR_INVAL;
    while (id < TIMER_FIRST_OWN + TIMERS_OF_PROCESS_MAX && find(p, id)) /* bound: TIMERS_OF_PROCESS_MAX, squared */
        id++;
    if (id == TIMER_FIRST_OWN + TIMERS_OF_PROCESS_MAX)
        return ERR_LIMIT;
    err_t err = make(p, id, &t);
    if (err != OK)
        return err;
    t->signal = (uint8_t)sig;
    t->clock = (uint8_t)clock;
    t->value = value;
    ledger_begin();
    ledger_set(t->owner, (uintptr_t)p);
    answer_keep(p, r->slot, r->key, (const uint32_t[2]){id, 0});
    ledger_commit();
    r->m.w[1] = id;
    return OK;
}

/* Asked again it is gone already: so that is answered from the caller's record. */
static err_t timer_delete(struct request *r, struct timer *t)
{
    struct proc *p = r->caller;
    unsigned id = t->id;
    disarm(t);
    ledger_begin();
    ledger_set(t->at, 0);
    answer_keep(p, r->slot, r->key, (const uint32_t[2]){0, 0});
    ledger_commit();
    queue_drop_timer(p, id);
    give_back(t);
    return OK;
}

err_t do_TIMER(struct request *r)
{
    const uint64_t *w = r->ev->w;
    if (w[1] == PROC_TIMER_MAKE)
        return timer_make(r);
    struct timer *t = w[2] >= TIMER_FIRST_OWN ? find(r->caller, w[2]) : 0;
    if (w[1] > PROC_TIMER_DELETE || !t)
        return ERR_INVAL;
    if (w[1] == PROC_TIMER_DELETE)
        return timer_delete(r, t);
    if (w[1] == PROC_TIMER_SET && (w[3] == ASK || is_bad(w[3], w[4])))
        return ERR_INVAL;
    r->m.w[1] = t->at;
    r->m.w[2] = t->every;
    r->m.w[3] = t->missed_told;
    r->m.w[4] = t->clock;
    if (w[1] == PROC_TIMER_SET)
        set(t, w[3], w[4]);
    return OK;
}
