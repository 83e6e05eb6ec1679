/* SPDX-License-Identifier: MIT
 * The fast path: a call to a server that waits, and its reply, from one program's registers to the other's. docs/fast-path.md
 * goes through it line by line.
 *
 * Each function first looks whether everything is as usual; if not it gives up, nothing has been changed, and the general
 * path (ipc.c, fault.c, sched.c) begins anew. Below the line «commit» nothing is asked any more. What is written there
 * is what the general path would have written.
 */
#include "fast.h"

/* The handle's slot, if it is good, names an endpoint and has the right. Handles beyond the first page: general. */
FAST_INLINE bool fast_endpoint(const struct hart *h, const struct space *s, uint64_t name, unsigned right, struct endpoint **ep, badge_t *badge)
{
    if (unlikely(name >= s->handles_near))
        return false;
#ifdef MUTANT_KERNEL_SKIP_RIGHTS
    right = 0;
#endif
    const struct handle *slot = &s->handle[name];
    uint64_t word = slot->word;
    if (unlikely((word & (HANDLE_TYPE_MASK | right << HANDLE_RIGHTS_SHIFT)) != (OBJ_ENDPOINT | right << HANDLE_RIGHTS_SHIFT)))
        return false;
    frame_t f = slot->object;
    if (unlikely(h->frame_table_biased[f].gen != slot->gen))
        return false;
    *badge = word >> HANDLE_BADGE_SHIFT;
    *ep = frame_va(f);
    return true;
}

/* Whether `to` can have the hart from `from` at once, at this priority: it runs here, and nobody else has a better claim. An equal
 * has none while the slice lasts, whose end is what the timer is set for. */
FAST_INLINE bool fast_can_switch(const struct hart *h, const struct thread *from, const struct thread *to, unsigned prio)
{
    if (unlikely(h->runq.above > prio) &&
        (h->runq.above > prio + 1 || h->timer_set > from->slice_end || arch_time() >= from->slice_end))
        return false;
    return to->hart == h && fast_space_ready(h, to->space);
}

FAST_INLINE void fast_switch(struct hart *h, struct thread *from, struct thread *to)
{
    to->slice_end = from->slice_end; /* a server works in its client's slice */
    fast_run(h, from, to);
}

/* *e: the level-0 entry for va, in a table that s shares with nobody. The last table is remembered: faults come close together,
 * and the answer asks again. */
FAST_INLINE bool fast_entry(const struct hart *h, struct space *s, vaddr_t va, pte_t **e)
{
    uint64_t key = h->table_changes + (va >> CHUNK_SHIFT);
    if (unlikely(s->leaf_key != key)) {
        unsigned level;
        *e = fast_walk(s->root, va, &level);
        if (!*e || level || table_is_shared(*e))
            return false;
        s->leaf_key = key;
        s->leaf_table = (pte_t *)((uintptr_t)*e & ~PAGE_MASK);
        return true;
    }
    *e = &s->leaf_table[(va >> PAGE_SHIFT) & (PTES_PER_TABLE - 1)];
    return true;
}

FAST_ENTRY(fast_call)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur))
        FAST_GIVE_UP(cur);
    badge_t badge;
    struct endpoint *ep;
    if (unlikely(!fast_endpoint(h, cur->space, fast_a0, RIGHT_SEND, &ep, &badge) || !ep->ready || cur->ctx))
        FAST_GIVE_UP(cur);
    struct thread *r = ep->ready;
    unsigned prio = cur->prio;
    struct space *server = r->space;
    if (unlikely(!fast_can_switch(h, cur, r, prio) || server->served_call))
        FAST_GIVE_UP(cur);
    if (unlikely(h->look)) {
        if (h->attention)
            FAST_GIVE_UP(cur);
        fast_trace(TRACE_CALL, cur, fast_w0(), ep->frame);
        fast_trace(TRACE_RECV, r, fast_w0(), badge);
    }
    /* commit */
    h->fast[FAST_CALL]++;
    cur->call = MSG_CALL;
    cur->ep = ep;
    cur->state = T_WAIT_REPLY;
    cur->server = server;
    server->served_call = cur;
    cur->served_by = r;
    r->client = cur;
#ifndef MUTANT_KERNEL_NO_INHERIT
    r->prio = prio;
#endif
    ep->ready = 0;
    fast_words(r, cur);
    fast_after_ecall(cur);
    fast_switch(h, cur, r);
    FAST_RECEIVE(r, cur->reply_id, badge);
}

FAST_ENTRY(fast_reply_recv)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur))
        FAST_GIVE_UP(cur);
    if (unlikely(fast_a0 != cur->standing || !fast_a0)) /* 0: ended, and no handle */
        FAST_GIVE_UP(cur);
    struct endpoint *ep = cur->serves;
    struct thread *t = cur->client;
    if (unlikely(!t || t->served_by != cur || FAST_OTHER_ID(t->reply_id) || t->call != MSG_CALL))
        FAST_GIVE_UP(cur);
    if (unlikely(!fast_can_switch(h, cur, t, t->prio) || t->ctx || cur->space->served_call != t))
        FAST_GIVE_UP(cur);
    if (unlikely(h->look)) {
        if (h->attention)
            FAST_GIVE_UP(cur);
        fast_trace(TRACE_REPLY, cur, fast_w0(), fast_reply_id());
    }
    /* commit */
    h->fast[FAST_REPLY_RECV]++;
    cur->space->served_call = 0;
#ifndef MUTANT_KERNEL_STALE_REPLY
    t->call_gen = (t->call_gen + 1) & ID_GEN_MASK;
#endif
    t->served_by = 0;
    cur->client = 0;
    cur->prio = cur->base_prio;
    cur->ep = ep;
    cur->state = T_RECEIVING;
    ep->ready = cur;
    fast_words(t, cur);
    fast_after_ecall(cur);
    fast_switch(h, cur, t);
    FAST_REPLIED(t);
}

/* A page fault: its message to the pager that waits. */
FAST_ENTRY(fast_fault)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur))
        FAST_GIVE_UP_FAULT(cur);
    struct space *s = cur->space;
    pte_t *e;
    if (unlikely(!fast_entry(h, s, fast_va(), &e)))
        FAST_GIVE_UP_FAULT(cur);
    pte_t pte = *e;
    struct endpoint *ep = s->pager_ep;
    if (unlikely(fast_allows(pte, fast_access()) || !ep || *s->pager_gen != s->handler[HANDLER_FAULT].gen || cur->ctx))
        FAST_GIVE_UP_FAULT(cur);
    struct thread *r = ep->ready;
    unsigned prio = cur->prio;
    if (unlikely(!r || !fast_can_switch(h, cur, r, prio) || r->space->served_fault))
        FAST_GIVE_UP_FAULT(cur);
    if (unlikely(h->look)) {
        if (h->attention)
            FAST_GIVE_UP_FAULT(cur);
        fast_trace(TRACE_FAULT, cur, fast_va(), fast_access());
        fast_trace(TRACE_DELIVER, cur, fast_va(), cur->fault.id);
    }
    /* commit */
    h->fast_fault[fast_cause()]++;
    cur->fault.va = fast_va();
    cur->fault.access = fast_access();
    cur->fault.state = F_DELIVERED;
    cur->fault_at = ep;
    cur->state = T_FAULTED;
    cur->pager = r->space;
    r->space->served_fault = cur;
    cur->paged_by = r;
    r->client = cur;
#ifndef MUTANT_KERNEL_NO_INHERIT
    r->prio = prio;
#endif
    ep->ready = 0;
    fast_switch(h, cur, r);
    FAST_FAULTED(r, pte, cur->frame, cur->fault.id, s->handler[HANDLER_FAULT].badge);
}

/* A frame that cur's space may map; its frame word. */
FAST_INLINE bool fast_mappable(const struct hart *h, const struct thread *cur, uint64_t f, struct frame_info **info)
{
    *info = &h->frame_table_biased[f];
#ifdef MUTANT_KERNEL_FAST_ANY_FRAME
    return fast_in_ram(h, f);
#endif
    return fast_in_ram(h, f) && frame_is_mappable(frame_owner_word(cur->space), *info);
}

FAST_INLINE uint64_t fast_frame(pte_t e) { return e << 10 >> 20; } /* the PPN */

/* A COW entry of cur's own frame becomes writable. False: not done. Harts may set A and D meanwhile, and no other bits: both
 * are set here. */
FAST_INLINE bool fast_upgrade(struct hart *h, const struct thread *cur, pte_t *e)
{
    struct frame_info *info;
    pte_t old = *e;
    if (unlikely((old & (PTE_V | PTE_COW)) != (PTE_V | PTE_COW) || !fast_mappable(h, cur, fast_frame(old), &info)))
        return false;
    /* commit */
    h->fast[FAST_UPGRADE]++;
    *(volatile pte_t *)e = (old ^ (PTE_COW | PTE_W)) | PTE_A | PTE_D;
    return true;
}

/* The answer's frame over nothing, or over a page of s that no other hart can have in its TLB. False: not done. */
FAST_INLINE bool fast_map(struct hart *h, const struct thread *cur, const struct space *s, pte_t *e)
{
    struct frame_info *info;
    pte_t old = *e, bits = fast_leaf_bits(fast_w0() >> 8 & 0xff);
    if (unlikely(!bits || !fast_mappable(h, cur, fast_w1(), &info)))
        return false;
    if (old & PTE_V) {
        if (!fast_only_here(h, s))
            return false;
        /* commit */
        const struct hart *again = fast_again(h);
        if (fast_in_ram(again, fast_frame(old)))
            again->frame_table_biased[fast_frame(old)].maps--;
        h->fast[FAST_REMAP]++;
    } else {
        /* commit */
        h->frame_table_biased[virt_to_phys(e) >> PAGE_SHIFT].maps += old == 0; /* a software entry counted already */
        h->fast[FAST_MAP]++;
    }
    info->maps++;
    *(volatile pte_t *)e = fast_w1() << PTE_PPN_SHIFT | bits;
    return true;
}

/* The pager's answer, and its next receive. */
FAST_ENTRY(fast_fault_reply_recv)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur))
        FAST_GIVE_UP(cur);
    struct thread *t = cur->client;
    if (unlikely(fast_a0 != cur->standing || !fast_a0))
        FAST_GIVE_UP(cur);
    if (unlikely(!t || t->paged_by != cur || FAST_OTHER_ID(t->fault.id) || t->state != T_FAULTED))
        FAST_GIVE_UP(cur);
    if (unlikely(!fast_can_switch(h, cur, t, t->prio) || t->ctx || cur->space->served_fault != t || h->attention))
        FAST_GIVE_UP(cur);
    struct space *s = t->space;
    vaddr_t va = t->fault.va;
    unsigned what = fast_w0() & 0xff;
    pte_t *e;
    if (unlikely(!fast_entry(h, s, va, &e)))
        FAST_GIVE_UP(cur);
    if (what == FAULT_UPGRADE) {
        if (unlikely(!fast_upgrade(h, cur, e)))
            FAST_GIVE_UP(cur);
        fast_flush(s, va);
    } else if (what == FAULT_MAP) {
        if (unlikely(!fast_map(h, cur, s, e)))
            FAST_GIVE_UP(cur);
        fast_flush(s, va);
    } else if (what == FAULT_RETRY) {
        h->fast[FAST_RETRY]++;
    } else {
        FAST_GIVE_UP(cur);
    }
    if (unlikely(h->traced)) {
        fast_trace(TRACE_FAULT_REPLY, t, fast_w0(), fast_reply_id());
        fast_trace(TRACE_RESUME, t, t->x[REG_PC], t->fault.va);
    }
    cur->space->served_fault = 0;
    t->fault.state = F_NONE;
    t->fault.gen = (t->fault.gen + 1) | ID_GEN_FAULT;
    t->paged_by = 0;
    cur->client = 0;
    cur->prio = cur->base_prio;
    struct endpoint *ep = cur->serves;
    cur->ep = ep;
    cur->state = T_RECEIVING;
    ep->ready = cur;
    fast_after_ecall(cur);
    fast_switch(h, cur, t);
    FAST_RESUME(t);
}
