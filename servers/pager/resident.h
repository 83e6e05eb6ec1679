/* SPDX-License-Identifier: MIT
 * Pages of programs that have a frame: which of them count against which limit, which may leave, and whose domain they are
 * in. Off until a limit is set (FRAMES=, PAGER_FRAMES, a policy of its own); then it stays on. Never evicts: evict.h.
 *
 * A page here is a frame mapped by programs only: not the boot image's, the zero page or other held frames, not those of the
 * servers that init made. It is in one domain: its process's, when that has one of its own and is the only one to map it;
 * else in 0. It is known to a policy (LISTED) unless it is pinned, about to leave (READY), or on its way to the store (WRITING).
 */
#ifndef PAGER_RESIDENT_H
#define PAGER_RESIDENT_H

#include "frame.h"

#define NO_LIMIT UINT32_MAX

struct resident {
    bool on;
    bool unusual;    /* on, or a test makes an allocation fail: faults take the whole way through the table */
    uint32_t pages;  /* that count, of all domains */
    uint32_t limit;  /* NO_LIMIT: none */
    uint32_t linked; /* with a slot that holds the same bytes */
    frame_t guard;   /* in the hands of a fault just now: no victim */
};
extern struct resident resident;
static inline void resident_unusual(void) { resident.unusual = resident.on || frame_test.fail_at != 0; }

/* Frame words with one of these need resident_remove() before they are free. */
#define FRAME_W_RESIDENT (FRAME_W_PAGE | FRAME_W_LISTED | FRAME_W_READY | FRAME_W_LINKED | FRAME_W_WRITING | FRAME_W_ARRIVED)

/* The space in slot is about to map, or maps, the frame at page; nothing when replacement is off or the frame is no page. */
void resident_add_page(uint32_t slot, uint32_t page, frame_t f);
static inline void resident_add(uint32_t slot, uint32_t page, frame_t f)
{
    if (unlikely(resident.on))
        resident_add_page(slot, page, f);
}
/* The frame counts, but nobody maps it yet. */
void resident_count(uint32_t slot, frame_t f);
/* Its last reference is gone. */
void resident_remove(frame_t f);
/* The space in slot may write the page from now on: what the store holds of it is old; nobody else has the page. */
void resident_write(uint32_t slot, frame_t f);
/* A second space maps the page: it is everybody's. */
void resident_share(frame_t f);

/* The page becomes, or is no longer, a possible victim. Both do nothing when it is so already. */
void resident_list(frame_t f);
void resident_unlist(frame_t f);

/* A slot holds the page's bytes and nobody can write it; the link takes over one reference of the slot. / No longer. */
void resident_link(frame_t f, uint32_t slot);
void resident_unlink(frame_t f);

/* Whether the page must stay: its region is pinned, locked or shared, or its process is pinned. */
bool resident_is_pinned(uint32_t slot, uint32_t page);
/* [page, end) of the space was pinned or released: its pages are taken from the policy, or given to it. A page of several spaces is not
 * taken: who pins it gets a copy (pin.h). */
void resident_repin(uint32_t slot, uint32_t page, uint32_t end);
/* All of the space is pinned or released: the mark in its record, and its pages. */
void resident_pin_space(uint32_t slot, bool pin);
/* The page, its process's alone, stays from now on. No relative finds it through the store either. */
void resident_pin(frame_t f);
/* Whether the frame is a page that counts, where the space maps it. */
bool resident_counts(uint32_t slot, frame_t f);
/* Pages that count and can't become free, of a space or (0) all: neither possible victims nor on their way from or to the store. Walks. */
uint32_t resident_pinned(uint32_t slot);
/* Whether so many more pages may be such, of all: a part of the limit is always left for pages that leave, whoever's they are.
 * Cost  a few loads while enough pages can leave; near the bound a pass over spaces, at it one over frames */
bool resident_may_stay(uint32_t pages);
/* Whether a page that is to stay may come in for the space in slot; a server's always. */
bool resident_may_pin(uint32_t slot);
/* Pages of the space that would stay, too, if all of it was pinned, those in the store among them. Walks. */
uint32_t resident_loose(uint32_t slot);
/* Whether a limit of so many frames, of the space or (0) of all, leaves that part beside what stays already. Walks. */
bool resident_limit_is_enough(uint32_t slot, uint32_t frames);

/* Limits: frames 0: none. */
void resident_set_limit(uint32_t frames);
void resident_set_own_limit(uint32_t slot, uint32_t frames);
/* The space got or lost a policy of its own: it becomes a domain, or its pages everybody's. */
void resident_update_domain(uint32_t slot);

/* Start and restart, when counts and pools are right: limits from the ledger, pages from the tables. */
void resident_build(void);

#endif
