/* SPDX-License-Identifier: MIT
 * From a slot to a frame: the slot's own, if the store is memory and the entry the only one that names it, else one that is read
 * into. A slot may have a frame already: a linked page that a relative mapped, or one that was read for a
 * fault that has not come back yet (ARRIVED: its one reference is the transfer's, until a fault takes it over).
 */
#include "swap.h"

#include "defer.h"
#include "evict.h"
#include "region.h"
#include "replace.h"
#include "resident.h"
#include "rmap.h"
#include "sysgate.h"

static frame_t arrived[STORE_TRANSFERS_MAX]; /* read, and not yet taken over */
static uint32_t arrived_len;

static inline struct slot_vol *slot_of(const struct fault *f) { return slot_at(store_slot_of(f->pte)); }
static inline uint16_t *flags_of(frame_t frame) { return &frame_word(frame)->flags; }

static void forget_arrived(frame_t frame)
{
    for (uint32_t i = 0; i < arrived_len; i++) /* bound: STORE_TRANSFERS_MAX */
        if (arrived[i] == frame) {
            arrived[i] = arrived[--arrived_len];
            break;
        }
    *flags_of(frame) &= (uint16_t)~FRAME_W_ARRIVED;
}

static void give_up_arrived(frame_t frame)
{
    forget_arrived(frame);
    frame_drop(0, frame); /* with it the link goes */
}

void swap_reset(void)
{
    arrived_len = 0;
    store_exchange_reset();
}

bool swap_drop_arrived(void)
{
    if (arrived_len == 0)
        return false;
    give_up_arrived(arrived[0]);
    return true;
}

/* ---- references of slots ---- */

void swap_drop(uint32_t store_slot)
{
    uint32_t frame = slot_at(store_slot)->frame;
    if (store_drop(store_slot) != 1 || frame == 0 || frame == SLOT_FAILED)
        return;
    frame_t f = ledger.first_frame + frame - 1;
    if ((*flags_of(f) & (FRAME_W_ARRIVED | FRAME_W_LINKED)) == (FRAME_W_ARRIVED | FRAME_W_LINKED))
        give_up_arrived(f); /* nobody can want it any more */
}

volatile uint32_t swap_leaving;

void swap_accepted(uint32_t slot, uint32_t store_slot)
{
    swap_leaving = 0;
    space_vol(slot)->swapped--;
    store_lent(store_slot);
    swap_drop(store_slot);
}

err_t swap_share(uint32_t parent, uint32_t child, uint32_t page)
{
    unsigned level;
    pte_t pte = table_walk(parent, page, &level);
    if (table_walk(child, page, &level) != 0)
        return ERR_EXIST;
    err_t err = gate_space_soft(space_at(child)->handle, va_of(page), pte);
    if (err != OK)
        return err;
    store_ref(store_slot_of(pte));
    space_vol(child)->swapped++;
    return OK;
}

/* ---- fault-in ---- */

static void map(struct answer *a, frame_t frame, unsigned prot)
{
    a->verdict = FAULT_VERDICT(FAULT_MAP, prot, 0);
    a->frame = frame;
}

static inline unsigned read_only(unsigned prot) { return prot & PROT_W ? (prot & ~PROT_W) | PROT_COW : prot; }

/* The slot has a frame. A store to it comes as a second fault, on a COW entry. */
static __attribute__((noinline)) err_t take_resident(const struct fault *f, unsigned prot, struct answer *a, frame_t frame)
{
    struct ledger_frame *w = frame_word(frame);
    if (!(w->flags & FRAME_W_LINKED))
        return ERR_IN_PROGRESS; /* still on its way */
    if (w->flags & FRAME_W_ARRIVED) {
        forget_arrived(frame);
        frame_charge_sole(f->slot, frame);
    } else {
        frame_ref(frame);
        resident_share(frame);
    }
    resident_add(f->slot, f->page, frame);
    map(a, frame, read_only(prot));
    return OK;
}

/* A read that will end later: the frame is the transfer's until then. */
static __attribute__((noinline)) void leave_to_transfer(const struct fault *f, frame_t frame)
{
    struct ledger_frame *w = frame_word(frame);
    if (w->charged) {
        space_vol(w->charged)->charged--;
        w->charged = 0;
    }
    w->flags |= FRAME_W_ARRIVED;
    slot_of(f)->frame = frame_index(frame) + 1;
    rmap_set(frame, f->slot, f->page);
    resident_count(f->slot, frame);
}

static err_t read_slot(const struct fault *f, unsigned prot, struct answer *a)
{
    uint32_t store_slot = store_slot_of(f->pte);
    frame_t frame;
    bool exchange = store_exchanges() && slot_at(store_slot)->refs == 1; /* nobody else wants the bytes */
    store_returning = exchange;
    err_t err = frame_alloc_user(f->slot, &frame);
    store_returning = false;
    if (err != OK)
        return err;
    if (likely(exchange)) {
        frame = store_lend(store_slot, frame);
        map(a, frame, prot);
        resident_add(f->slot, f->page, frame);
        return OK;
    }
    err = store_read(store_slot, frame);
    if (err == ERR_IN_PROGRESS) {
        leave_to_transfer(f, frame);
        return err;
    }
    if (err != OK) {
        frame_drop(f->slot, frame);
        return err == ERR_AGAIN ? ERR_IN_PROGRESS : err;
    }
    if (f->access & PROT_W) { /* its bytes will differ at once: no link */
        map(a, frame, prot);
    } else {
        store_ref(store_slot);
        resident_link(frame, store_slot);
        map(a, frame, read_only(prot));
    }
    resident_add(f->slot, f->page, frame);
    return OK;
}

/* All that a page costs that comes in is inside it; what is seldom is not. */
__attribute__((flatten)) err_t swap_in(const struct fault *f, unsigned prot, struct answer *a)
{
    struct slot_vol *s = slot_of(f);
    check(store_slot_of(f->pte) <= store_total() && s->refs > 0);
    if (s->frame == SLOT_FAILED) {
        s->frame = 0; /* told once; who comes later tries again */
        return ERR_IO;
    }
    err_t err = s->frame ? take_resident(f, prot, a, ledger.first_frame + s->frame - 1) : read_slot(f, prot, a);
    if (err != OK)
        return err;
    a->leaves_slot = store_slot_of(f->pte);
    replace_fault(space_vol(f->slot)->domain);
    if (prot & PROT_X)
        gate_exec_fence();
    return OK;
}

/* ---- transfers that have ended ---- */

static void written(const struct store_done *d)
{
    uint32_t page = frame_index(d->frame);
    if ((*flags_of(d->frame) & FRAME_W_WRITING) && ledger.page_slot[page] == d->slot)
        evict_written(page, d->err); /* else the page was written, or is gone */
    (void)store_drop(d->slot);
}

static void was_read(const struct store_done *d)
{
    if (d->err == OK) {
        resident_link(d->frame, d->slot); /* the transfer's reference of the slot is the link's now */
        arrived[arrived_len++] = d->frame;
        if (slot_at(d->slot)->refs == 1)
            give_up_arrived(d->frame);
        return;
    }
    slot_at(d->slot)->frame = 0;
    *flags_of(d->frame) &= (uint16_t)~FRAME_W_ARRIVED;
    frame_drop(0, d->frame);
    if (store_drop(d->slot) > 0)
        slot_at(d->slot)->frame = SLOT_FAILED;
}

void swap_poll(void)
{
    struct store_done done;
    bool any = false;
    for (unsigned i = 0; i < STORE_TRANSFERS_MAX && store_poll(&done); i++, any = true) {
        if (done.is_read && arrived_len == STORE_TRANSFERS_MAX)
            (void)swap_drop_arrived();
        if (done.is_read)
            was_read(&done);
        else
            written(&done);
    }
    if (any)
        defer_retry();
}
