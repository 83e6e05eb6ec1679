/* SPDX-License-Identifier: MIT
 * The kernel's own invariants, on demand (debug; not bounded). The numbers are listed in docs/invariants.md.
 */
#include "arch.h"

enum check { CHECK_OK = 0, CHECK_KIND = 101, CHECK_STATE = 102, CHECK_QUEUE = 103, CHECK_TABLE = 104, CHECK_LISTS = 105,
             CHECK_WHEEL = 106, CHECK_HANDLES = 107 };

/* Where a thread stands must fit its state. */
static enum check check_thread(const struct thread *t)
{
    bool queued = t->queue != 0, called = !link_empty(&t->call_link), faulter = !link_empty(&t->fault_link);
    if (t->state == T_FREE || t->state > T_FAULTED)
        return CHECK_STATE;
    if (called != (t->state == T_WAIT_REPLY) || faulter != (t->fault.state == F_DELIVERED))
        return CHECK_LISTS;
    if (!link_empty(&t->list) != (t->state == T_RECEIVING || t->state == T_WAITING))
        return CHECK_LISTS;
    bool should_queue = t->state == T_READY || t->state == T_CALLING || t->fault.state == F_QUEUED;
    if (queued != should_queue || (queued && t->q_prio != t->prio))
        return CHECK_QUEUE;
    if (t->state == T_RUNNING && t->hart->current != t)
        return CHECK_STATE;
    if (!link_empty(&t->timer) && t->state < T_CALLING)
        return CHECK_WHEEL;
    return CHECK_OK;
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
    return free + used + 1 == s->handles ? CHECK_OK : CHECK_HANDLES;
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
        return check_handles(frame_va(f));
    case FRAME_KFREE:
        return frame_info_of(f)->maps ? CHECK_KIND : CHECK_OK;
    default:
        return frame_info_of(f)->kind > FRAME_HANDLES ? CHECK_KIND : CHECK_OK;
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
