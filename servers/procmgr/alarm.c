/* SPDX-License-Identifier: MIT
 * Alarms: SIGALRM at a time, once or again and again. Owns the list of those that are armed, the next one first; the times
 * themselves last, the list is rebuilt.
 */
#include "signals.h"

#define ASK (~0UL)

static struct handlers *first;

ticks_t alarms_next(void) { return first ? first->alarm_at : DEADLINE_NONE; }

void alarm_drop(struct handlers *h)
{
    struct handlers **at = &first;
    if (!h->armed)
        return;
    while (*at != h) /* bound: PROCS_MAX */
        at = &(*at)->alarm_next;
    *at = h->alarm_next;
    h->armed = false;
}

void alarm_arm(struct handlers *h)
{
    struct handlers **at = &first;
    if (h->alarm_at == 0)
        return;
    while (*at && (*at)->alarm_at <= h->alarm_at) /* bound: PROCS_MAX */
        at = &(*at)->alarm_next;
    h->alarm_next = *at;
    *at = h;
    h->armed = true;
}

/* Missed rounds are left out: a signal that is pending is pending once. */
static ticks_t round_after(const struct handlers *h, ticks_t now)
{
    if (h->alarm_every == 0)
        return 0;
    return h->alarm_at + h->alarm_every * ((now - h->alarm_at) / h->alarm_every + 1);
}

void alarms_run(ticks_t now)
{
    static const struct sig_info info = {.code = SIC_TIMER};
    while (first && first->alarm_at <= now) { /* bound: PROCS_MAX, each is behind now afterwards */
        struct handlers *h = first;
        struct proc *p = h->owner;
        alarm_drop(h);
        ledger_begin();
        ledger_set(h->alarm_at, round_after(h, now));
        if (signals_wanted(p, SIGALRM))
            ledger_set(p->sig_pending, p->sig_pending | SIGBIT(SIGALRM));
        ledger_commit();
        alarm_arm(h);
        signal_send(p, SIGALRM, &info);
    }
}

err_t do_ALARM(struct request *r)
{
    struct proc *p = r->caller;
    ticks_t at = r->ev->w[1], every = r->ev->w[2];
    if (every != 0 && every < ALARM_PERIOD_MIN_TICKS)
        every = ALARM_PERIOD_MIN_TICKS;
    if (at != ASK && (at > DEADLINE_NONE / 2 || every > DEADLINE_NONE / 4))
        return ERR_INVAL;
    err_t err = at != ASK && at != 0 ? handlers_have(p) : OK;
    struct handlers *h = p->sigs;
    if (err != OK || !h)
        return err;
    r->m.w[1] = h->alarm_at;
    r->m.w[2] = h->alarm_every;
    if (at == ASK)
        return OK;
    alarm_drop(h);
    ledger_begin();
    ledger_set(h->alarm_at, at);
    ledger_set(h->alarm_every, every);
    ledger_commit();
    alarm_arm(h);
    return OK;
}
