/* SPDX-License-Identifier: MIT
 * The store: where pages are that have no frame. Slots of one page each, by number from 1; 0 is none. Who refers to a
 * slot is counted here, as for frames; the bytes lie in the backend, which is frames of the pager's own (store.c), and which
 * changes frames with a page where it can (store_exchange.c). A block device is another backend behind the same five functions of
 * `transfer`: it says "later" and completes in store_poll.
 *
 * References of a slot: absent page-table entries that name it, + 1 when a resident page is linked with it (evict.h) or
 * a transfer is under way. A slot without references is free. Nothing of this outlives the pager but the bytes and which
 * frame a slot has: a restart counts the entries.
 */
#ifndef PAGER_STORE_H
#define PAGER_STORE_H

#include "frame.h"
#include "table.h"

/* The software bits of an absent entry whose page is in a slot. */
static inline pte_t store_entry(uint32_t slot) { return (pte_t)slot << PTE_PPN_SHIFT; }
static inline uint32_t store_slot_of(pte_t pte) { return pte & PTE_V ? 0 : (uint32_t)(pte >> PTE_PPN_SHIFT); }

static inline struct slot_vol *slot_at(uint32_t slot) { return &ledger.slot[slot]; }
#define SLOT_FAILED UINT32_MAX /* slot_vol.frame: the last read of it failed, and nobody was told yet */

/* ---- slots ---- */

/* A free slot with one reference. The last one is only for a page that has to leave so that another can come back, whose slot is
 * free then: who has pages in a full store gets at them. ERR_NOMEM: the store is full, nothing changed. */
err_t store_alloc(uint32_t *slot);
extern bool store_returning; /* a frame is taken for a page that comes back by an exchange */
static inline void store_ref(uint32_t slot) { slot_at(slot)->refs++; }
/* One reference less. Returns how many are left; 0: the slot is free again. */
uint32_t store_drop(uint32_t slot);
uint32_t store_total(void);
uint32_t store_used(void);

/* Have `slots` slots in all, as far as there are frames: at most STORE_GROW more a call. Never shrinks.
 * Errors  ERR_AGAIN  it grew by what one call may; ERR_NOMEM  no more frames */
err_t store_grow(uint32_t slots);

/* Restart: nothing is referred to yet; count with store_ref, then build the free list. */
void store_forget(void);
/* The same when the slots are zeros already. */
void store_begin(void);
void store_build(void);

/* ---- transfers ---- */

/* Write the frame's page into the slot, or read it. The slot keeps a reference of its own meanwhile.
 * Returns  OK              done
 *          ERR_IN_PROGRESS later: store_poll names it
 *          ERR_AGAIN       too many under way; some will end
 *          ERR_IO          failed; the slot's bytes are nobody's (write), the frame's are (read) */
err_t store_write(uint32_t slot, frame_t frame);
err_t store_read(uint32_t slot, frame_t frame);

/* ---- store_exchange.c: frames change hands instead, as long as no test wants a store like a device (STORE_*) ---- */

extern bool store_is_tested; /* store.c's: some STORE_* is set */
static inline bool store_exchanges(void) { return !store_is_tested; }
static inline frame_t store_slot_frame(uint32_t slot) { return ledger.first_frame + ledger.store_frame[slot]; }
/* The page, which one entry maps and nobody else knows, leaves for the slot: the entry may name the slot now. / It does: the frame
 * is the slot's, and the one that the slot had is free. */
void store_leaves(uint32_t slot, frame_t page);
void store_left(frame_t page);
/* The frame with the slot's bytes: for an answer, in the place of `fresh`, which was to be read into. Only of a slot with a single
 * reference. Until the answer is accepted the slot has it still. One at a time. */
frame_t store_lend(uint32_t slot, frame_t fresh);
/* The answer was accepted: the slot has `fresh` now. Nothing if its bytes were copied. / It was refused: the bytes are in `fresh`. */
void store_lent(uint32_t slot);
void store_not_lent(void);
/* Start and restart. / Restart, before anything is counted: which frame the slot of a cut-off exchange has. */
void store_exchange_reset(void);
void store_exchange_recover(void);

/* A transfer that ended. */
struct store_done {
    uint32_t slot;
    frame_t frame;
    bool is_read;
    err_t err;
};
/* One that has ended by now; false: none. */
bool store_poll(struct store_done *done);
extern uint32_t store_flights; /* store.c's */
static inline uint32_t store_in_flight(void) { return store_flights; }
uint32_t store_transfers_of(uint32_t slot);
/* When to poll again; DEADLINE_NONE: nothing is under way. */
ticks_t store_deadline(void);

/* PAGER_DEBUG_STORE_*; returns the old value. With any of them set, STORE_FULL apart, bytes are copied. */
enum store_fault { STORE_FAIL_WRITE, STORE_FAIL_READ, STORE_DELAY, STORE_FULL, STORE_COPY, STORE_FAULTS };
uint64_t store_debug(enum store_fault which, uint64_t value);

#endif
