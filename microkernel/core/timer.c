/* SPDX-License-Identifier: MIT
 * Deadlines: a hierarchical timing wheel per hart. Adding and removing take constant time; at expiry a bounded
 * number of timers is handled per kernel entry, the rest at the next one.
 *
 * Level l has 64 slots of 64^l ticks. A timer stands at the level of the highest 6-bit digit in which its deadline
 * differs from the wheel's base, in the slot of that digit; when the base reaches the slot it moves down.
 */
#include "arch.h"

#define TIMERS_PER_ENTRY 8

void timer_init(struct hart *h, uint64_t now)
{
    h->wheel.base = now;
    for (unsigned l = 0; l < WHEEL_LEVELS; l++)
        for (unsigned s = 0; s < 64; s++)
            link_init(&h->wheel.slot[l][s]);
    h->timer_set = ~0UL;
}

static void timer_place(struct timer_wheel *w, struct thread *t)
{
    uint64_t when = t->deadline < w->base ? w->base : t->deadline;
    uint64_t far = w->base + (63UL << (6 * (WHEEL_LEVELS - 1))); /* one slot more would be the base's own, reached at once */
    if (when > far)
        when = far; /* 320 days: looked at again then */
    uint64_t differ = when ^ w->base;
    unsigned level = 0;
    while (level + 1 < WHEEL_LEVELS && differ >> (6 * (level + 1))) /* bound: 7 */
        level++;
    unsigned slot = (when >> (6 * level)) & 63;
    t->timer_slot = level << 6 | slot;
    link_add_tail(&w->slot[level][slot], &t->timer);
    w->map[level] |= 1UL << slot;
    w->levels |= 1UL << level;
}

void timer_start(struct thread *t, uint64_t deadline)
{
    t->deadline = deadline;
    timer_place(&t->hart->wheel, t);
    t->hart->timer_dirty = true;
    if (t->hart != this_hart())
        arch_kick(t->hart);
}

void timer_stop(struct thread *t)
{
    struct timer_wheel *w = &t->hart->wheel;
    unsigned level = t->timer_slot >> 6, slot = t->timer_slot & 63;
    link_remove(&t->timer);
    if (link_empty(&w->slot[level][slot]))
        w->map[level] &= ~(1UL << slot);
    if (!w->map[level])
        w->levels &= ~(1UL << level);
}

void timer_move(struct thread *t, struct hart *to)
{
    timer_stop(t);
    timer_place(&to->wheel, t);
    to->timer_dirty = true;
    if (to != this_hart())
        arch_kick(to);
}

/* The first occupied slot: slots before the base's digit belong to the next round of that level. */
static bool timer_first(const struct timer_wheel *w, unsigned *level, unsigned *slot, uint64_t *when)
{
    if (!w->levels)
        return false;
    for (unsigned l = 1; w->levels >> l; l++) { /* bound: 7; reached, but not yet moved down */
        *slot = (w->base >> (6 * l)) & 63;
        if ((w->map[l] >> *slot) & 1) {
            *level = l;
            *when = w->base;
            return true;
        }
    }
    for (unsigned l = 0; l < WHEEL_LEVELS; l++) { /* bound: 8 */
        if (!w->map[l])
            continue;
        unsigned digit = (w->base >> (6 * l)) & 63;
        uint64_t ahead = w->map[l] & (~0UL << digit);
        bool wrap = !ahead;
        unsigned s = low_bit(wrap ? w->map[l] : ahead);
        uint64_t round = w->base >> (6 * l) >> 6;
        uint64_t start = ((round + wrap) << 6 | s) << (6 * l);
        *level = l;
        *slot = s;
        *when = start < w->base ? w->base : start;
        return true;
    }
    return false;
}

uint64_t timer_next(struct hart *h)
{
    unsigned level, slot;
    uint64_t when;
    return timer_first(&h->wheel, &level, &slot, &when) ? when : ~0UL;
}

void timer_interrupt(void)
{
    struct hart *h = this_hart();
    struct timer_wheel *w = &h->wheel;
    uint64_t now = arch_time(), when;
    unsigned level, slot, woken = 0;
    h->timer_dirty = true;
    h->timer_set = ~0UL - 1; /* it has fired: set it anew whatever the value */
    for (unsigned n = 0; n < TIMERS_PER_ENTRY; n++) {
        if (!timer_first(w, &level, &slot, &when) || when > now)
            break;
        w->base = when;
        struct thread *t = container_of(w->slot[level][slot].next, struct thread, timer);
        timer_stop(t);
        if (t->deadline <= now) {
            woken++;
            thread_timeout(t);
        } else {
            timer_place(w, t);
        }
    }
    if (!timer_first(w, &level, &slot, &when) || when > now)
        w->base = now;
    trace(TRACE_TIMER, h->current, now, woken);
    if (unlikely(h->account != 0))
        budget_expire(h);
    sched_slice();
}
