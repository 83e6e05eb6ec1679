/* SPDX-License-Identifier: MIT
 * Frames: the window through which the pager sees them, their counts, and the two pools they come from.
 *
 * A user frame is free (in its chunk's list, refs 0) or used (refs > 0). Kernel frames are free, or whatever the kernel's
 * frame table says. Only this file allocates: PAGER_DEBUG_FAIL_ALLOC fails the k-th allocation here and nowhere else.
 */
#ifndef PAGER_FRAME_H
#define PAGER_FRAME_H

#include <abi/error.h>
#include <abi/object.h>
#include <abi/types.h>

#include "check.h"
#include "ledger.h"

/* ---- the window: the one way to physical memory; a host test puts its own memory behind it ---- */
#ifdef PAGODA_HOST
extern char *window_base;
extern struct frame_info *frame_infos;
#else
#define window_base ((char *)WINDOW_BASE)
extern const struct frame_info *frame_infos;
#endif
static inline void *window(frame_t f) { return window_base + ((uint64_t)f << PAGE_SHIFT); }

/* ---- the ledger's and the kernel's words ---- */
static inline bool frame_in_ram(frame_t f) { return f - ledger.first_frame < ledger.frames; }
static inline uint32_t frame_index(frame_t f) { return f - ledger.first_frame; }
static inline struct ledger_frame *frame_word(frame_t f) { return &ledger.frame_biased[f]; }
static inline const struct frame_info *frame_kernel_word(frame_t f) { return &frame_infos[frame_index(f)]; }
/* Valid entries of a page table, present pages of a frame: the kernel changes it behind the compiler's back. */
static inline uint32_t frame_maps(frame_t f) { return *(const volatile uint32_t *)&frame_kernel_word(f)->maps; }

/* ---- pools ---- */
enum pool_kind { POOL_NONE = 0, POOL_USER = 1, POOL_KERNEL = 2, POOL_IMAGE = 3 };
enum chunk_list { LIST_NONE = 0, LIST_PARTIAL = 1, LIST_WHOLE = 2 };

struct pool {
    uint32_t list[3];  /* by enum chunk_list: first chunk, index + 1 */
    uint32_t free;     /* frames */
    uint32_t chunks;
};
extern struct pool frame_pool[3]; /* by enum pool_kind */

/* Build the pools from the kernel's frame table; own is this space's id there. Counts must be right already (recovery) or zero.
 * The chunks of [image_first, image_end) are held as they are. */
void frame_pools_build(uint32_t own, frame_t image_first, frame_t image_end);

/* The number of a chunk's free frames has reached or left one of its ends. */
void frame_chunk_relist(struct pool *p, uint32_t chunk);
/* Any free frame, which is nobody's then; NO_FRAME: the pool is empty. */
static inline frame_t frame_pool_take(struct pool *p)
{
    uint32_t c = p->list[LIST_PARTIAL] ? p->list[LIST_PARTIAL] : p->list[LIST_WHOLE];
    if (unlikely(c == 0))
        return NO_FRAME;
    struct chunk_state *k = &ledger.chunk[--c];
    uint32_t index = k->head - 1;
    k->head = ledger.frame_next[index];
    p->free--;
    if (unlikely(k->free-- == FRAMES_PER_CHUNK || k->free == 0))
        frame_chunk_relist(p, c);
    return ledger.first_frame + index;
}

/* It is the space's from now on, which pays for it; quotas are the caller's business. */
static inline void frame_begin(frame_t f, uint32_t slot)
{
    struct ledger_frame *w = frame_word(f);
    check(w->refs == 0);
    w->refs = 1;
    w->charged = (uint16_t)slot;
    ledger.space_vol[slot].charged++;
}

/* Back to its chunk's list: nobody has it. */
void frame_put_back(frame_t f);

/* A frame for the space in slot (0: the pager itself), which pays for it. Contents unknown.
 * Errors  ERR_NOMEM        none left, none to be had from the other pool, no page can leave, or the space is at its quota
 *         ERR_IN_PROGRESS  (user frames) a page is on its way to the store: ask again; nothing changed */
err_t frame_alloc_user(uint32_t slot, frame_t *out);    /* refs = 1 */
err_t frame_alloc_table(uint32_t slot, frame_t *out);   /* kernel frame, counted as one of the space's tables */
err_t frame_alloc_object(uint32_t slot, frame_t *out);  /* kernel frame, counted as one of the space's objects */
bool frame_alloc_tables(uint32_t slot, unsigned n, frame_t *out); /* several; false: nothing changed, take them one by one */
/* Kernel frames come back when the kernel has emptied them. */
void frame_free_table(uint32_t slot, frame_t f);
void frame_free_object(uint32_t slot, frame_t f);

/* One more mapping. */
static inline void frame_ref(frame_t f)
{
    frame_word(f)->refs++;
}
/* Nobody refers to f any more. */
void frame_release(frame_t f);
/* The space in slot no longer maps f: stop charging it, free it with the last reference. */
static inline void frame_drop(uint32_t slot, frame_t f)
{
    struct ledger_frame *w = frame_word(f);
    check(w->refs > 0);
    if (w->charged == slot) {
        w->charged = 0;
        ledger.space_vol[slot].charged--;
    }
    if (--w->refs == 0)
        frame_release(f);
}
/* It counts in the quota of the space in slot from now on. */
void frame_change_quota(uint32_t slot, struct ledger_frame *w);
/* Whether a quota, not a lack of frames, is why the space gets none. */
bool frame_over_quota(uint32_t slot);
/* A frame that nobody pays for any more is paid for by its last user. */
static inline void frame_charge_sole(uint32_t slot, frame_t f)
{
    struct ledger_frame *w = frame_word(f);
    if (w->charged == 0) {
        w->charged = (uint16_t)slot;
        ledger.space_vol[slot].charged++;
        if (unlikely(w->flags >> FRAME_W_QUOTA_SHIFT != ledger.space[slot].quota))
            frame_change_quota(slot, w);
    }
}
/* Shared for good, whatever its count: never written in place. */
static inline bool frame_is_held(const struct ledger_frame *w) { return (w->flags & (FRAME_W_IMAGE | FRAME_W_HOLD)) != 0; }

/* One mapping has it and nobody will ever want it as it is: it may be written in place. */
static inline bool frame_is_sole(const struct ledger_frame *w) { return w->refs == 1 && !frame_is_held(w); }

/* Frames charged to a space now: user frames, tables, objects. */
static inline uint32_t frame_charge_of(uint32_t slot)
{
    const struct space_vol *v = &ledger.space_vol[slot];
    return v->charged + v->tables + v->objects;
}

/* A frame that the pager keeps for itself for ever. */
err_t frame_alloc_held(frame_t *out);

/* Contents: 256 or 128 words a turn, as far as offsets reach from one base; a loop's own instructions are a hundredth. */
#define EACH_OF_16(X, from) \
    X(from + 0) X(from + 1) X(from + 2) X(from + 3) X(from + 4) X(from + 5) X(from + 6) X(from + 7) X(from + 8) \
    X(from + 9) X(from + 10) X(from + 11) X(from + 12) X(from + 13) X(from + 14) X(from + 15)
#define EACH_OF_64(X, from) EACH_OF_16(X, from) EACH_OF_16(X, from + 16) EACH_OF_16(X, from + 32) EACH_OF_16(X, from + 48)

#define ZERO_WORDS_PER_TURN 256
/* page_zero() without the call, for the quick way. */
static inline __attribute__((always_inline)) void page_zero_here(frame_t f)
{
    volatile uint64_t *p = window(f);
    volatile uint64_t *end = p + PAGE_SIZE / 8;
#ifdef MUTANT_PAGER_NO_ZERO
    end = p;
#endif
    for (; p < end; p += ZERO_WORDS_PER_TURN) {
#define ZERO_WORD(i) p[i] = 0;
        EACH_OF_64(ZERO_WORD, 0)
        EACH_OF_64(ZERO_WORD, 64)
        EACH_OF_64(ZERO_WORD, 128)
        EACH_OF_64(ZERO_WORD, 192)
    }
}
void page_zero(frame_t f);
void page_copy(frame_t to, frame_t from);

/* Every allocation asks this first: a test makes one fail. */
struct frame_test {
    uint64_t allocations, fail_at;
};
extern struct frame_test frame_test;
static inline bool frame_alloc_refused(void) { return unlikely(++frame_test.allocations == frame_test.fail_at); }
/* Fail the k-th allocation from now, once; 0: none. Returns how many were tried since the last call. */
uint64_t frame_fail_at(uint64_t k);

#endif
