/* SPDX-License-Identifier: MIT
 * The kernel's own invariants, on demand (debug; not bounded). The numbers are listed in docs/invariants.md.
 */
#include "arch.h"

enum check { CHECK_OK = 0, CHECK_KIND = 101, CHECK_STATE = 102, CHECK_QUEUE = 103, CHECK_TABLE = 104, CHECK_LISTS = 105,
             CHECK_WHEEL = 106, CHECK_HANDLES = 107, CHECK_LENT = 108, CHECK_CONTEXT = 109, CHECK_SPENT = 110, CHECK_STANDING = 111, CHECK_LEAF = 112 };

/* Who works for whom is said on both sides, and whose budget is used follows from it. */
static enum check check_lent(const struct thread *t)
{
    const struct thread *c = t->client;
    uint32_t hops;
    if (c && c->served_by != t && c->paged_by != t)
        return CHECK_LENT;
    if (t->served_by && (t->served_by->client != t || t->state != T_WAIT_REPLY || t->served_by->space != t->server))
        return CHECK_LENT;
    if (t->paged_by && (t->paged_by->client != t || t->fault.state != F_DELIVERED || t->paged_by->space != t->pager))
        return CHECK_LENT;
    if (t->own && (t->own->thread != t || t->own->prio != t->base_prio))
        return CHECK_CONTEXT;
    if (t->ctx != lend_context_of(t, &hops) || (t->ctx && t->hops != hops))
        return CHECK_CONTEXT;
    if (t->state == T_SPENT && (!t->own || t->ctx != t->own || t->client || link_empty(&t->timer)))
        return CHECK_SPENT;
    return CHECK_OK;
}

/* A context is bound on both sides; what runs on a hart is charged to the right one. */
static enum check check_sched(const struct sched *c)
{
    if (c->thread && (c->thread->own != c || !c->budget))
        return CHECK_CONTEXT;
    for (unsigned i = 0; i < hart_count; i++) {
        const struct thread *t = harts[i].current;
        if (t && t->state == T_RUNNING && !harts[i].resched && harts[i].account != t->ctx)
            return CHECK_CONTEXT;
    }
    return CHECK_OK;
}

/* What the fast path believes without looking again: receiving there once more would find the handle good, and wait. */
static enum check check_standing(const struct thread *t)
{
    struct handle *slot;
    const struct endpoint *ep = t->serves;
    if (!t->standing)
        return CHECK_OK;
    if (handle_find(t->space, t->standing, OBJ_ENDPOINT, RIGHT_RECV, &slot) != OK || frame_va(slot->object) != ep || ep->server != t)
        return CHECK_STANDING;
    if (t->own || t->bound->bits || ep->cancels || ep->senders.above || (ep->ready && ep->ready != t))
        return CHECK_STANDING;
    return CHECK_OK;
}

/* A receiver that stands by itself has nothing to be looked after when it goes on. */
static bool stands_alone(const struct thread *t)
{
    return t->state == T_RECEIVING && t->ep->ready == t && link_empty(&t->list) && !t->own && link_empty(&t->timer);
}

/* Where a thread stands must fit its state. */
static enum check check_thread(const struct thread *t)
{
    bool queued = t->queue != 0, called = !link_empty(&t->call_link), faulter = !link_empty(&t->fault_link);
    called |= t->state == T_WAIT_REPLY && t->server->served_call == t;
    faulter |= t->fault.state == F_DELIVERED && t->pager->served_fault == t;
    if (t->state == T_FREE || t->state > T_SPENT)
        return CHECK_STATE;
    if (called != (t->state == T_WAIT_REPLY) || faulter != (t->fault.state == F_DELIVERED))
        return CHECK_LISTS;
    if ((!link_empty(&t->list) || stands_alone(t)) != (t->state == T_RECEIVING || t->state == T_WAITING))
        return CHECK_LISTS;
    bool should_queue = t->state == T_READY || t->state == T_CALLING || t->fault.state == F_QUEUED;
    if (queued != should_queue || (queued && t->q_prio != lend_queue_prio(t)))
        return CHECK_QUEUE;
    if (t->state == T_RUNNING && t->hart->current != t)
        return CHECK_STATE;
    if (!link_empty(&t->timer) && t->state < T_CALLING)
        return CHECK_WHEEL;
    enum check lent = check_lent(t);
    return lent != CHECK_OK ? lent : check_standing(t);
}

/* A table's count is the number of its non-zero entries. */
static enum check check_table(frame_t f, unsigned entries)
{
    const pte_t *e = frame_va(f);
    uint32_t used = 0;
    for (unsigned i = 0; i < entries; i++)
        used += e[i] != 0;
    return used == frame_info_of(f)->maps ? CHECK_OK : CHECK_TABLE;
}

static enum check check_handles(struct space *s)
{
    uint32_t free = 0, used = 0;
    for (handle_t h = s->handle_free; h && free <= s->handles; h = handle_slot(s, h)->object)
        free++;
    for (handle_t h = 1; h < s->handles; h++)
        used += handle_slot(s, h)->word != 0;
    uint32_t near = s->handles < HANDLES_INLINE ? s->handles : HANDLES_INLINE;
    return free + used + 1 == s->handles && s->handles <= s->handle_room && near == s->handles_near ? CHECK_OK : CHECK_HANDLES;
}

/* What the fast path remembers of a space: its pager's endpoint, and the leaf table of the last fault, if no table has gone since. */
static enum check check_remembered(struct space *s)
{
    unsigned level;
    const struct object_ref *pager = &s->handler[HANDLER_FAULT];
    if (s->pager_ep != (pager->frame ? frame_va(pager->frame) : 0))
        return CHECK_LEAF;
    uint64_t chunk = s->leaf_key - this_hart()->table_changes;
    if (chunk >= TABLE_CHANGE)
        return CHECK_OK;
    const pte_t *e = arch_walk(s->root, chunk << CHUNK_SHIFT, &level);
    return e == s->leaf_table && !level && !table_is_shared(e) ? CHECK_OK : CHECK_LEAF;
}

static enum check check_frame(frame_t f)
{
    switch (frame_info_of(f)->kind) {
    case FRAME_THREAD:
        return check_thread(frame_va(f));
    case FRAME_TABLE:
        return check_table(f, PTES_PER_TABLE);
    case FRAME_ROOT:
        return check_table(f, PTES_PER_TABLE / 2);
    case FRAME_SPACE:
        return check_handles(frame_va(f)) != CHECK_OK ? CHECK_HANDLES : check_remembered(frame_va(f));
    case FRAME_SCHED:
        return check_sched(frame_va(f));
    case FRAME_KFREE:
        return frame_info_of(f)->maps ? CHECK_KIND : CHECK_OK;
    default:
        return frame_info_of(f)->kind > FRAME_SCHED ? CHECK_KIND : CHECK_OK;
    }
}

uint64_t kernel_check(uint64_t *where)
{
    for (frame_t f = ram_first; f < ram_end; f++) {
        enum check c = check_frame(f);
        *where = f;
        if (c != CHECK_OK)
            return c;
    }
    *where = 0;
    return CHECK_OK;
}
