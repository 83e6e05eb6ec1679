/* SPDX-License-Identifier: MIT
 * The book-keeping of resident pages: flags in the frame words, counts by domain, what policies are told.
 */
#include "resident.h"

#include "evict.h"
#include "leaf.h"
#include "region.h"
#include "replace.h"
#include "rmap.h"
#include "space.h"
#include "store.h"
#include "table.h"

struct resident resident = {.limit = NO_LIMIT};

static inline struct page_vol *page_at(frame_t f) { return &ledger.page[frame_index(f)]; }

/* ---- what the policy knows ---- */

void resident_list(frame_t f)
{
    struct ledger_frame *w = frame_word(f);
    if (w->flags & (FRAME_W_LISTED | FRAME_W_READY | FRAME_W_WRITING))
        return;
    w->flags |= FRAME_W_LISTED;
    replace_page_in(page_at(f)->domain, frame_index(f));
}

void resident_unlist(frame_t f)
{
    struct ledger_frame *w = frame_word(f);
    if (w->flags & FRAME_W_LISTED)
        replace_page_out(page_at(f)->domain, frame_index(f));
    if (w->flags & FRAME_W_READY)
        evict_not_ready(frame_index(f));
    w->flags &= (uint16_t)~(FRAME_W_LISTED | FRAME_W_READY);
}

static void move(frame_t f, uint32_t domain)
{
    struct ledger_frame *w = frame_word(f);
    if (page_at(f)->domain == domain || !(w->flags & FRAME_W_PAGE))
        return;
    bool listed = w->flags & (FRAME_W_LISTED | FRAME_W_READY);
    resident_unlist(f);
    space_vol(page_at(f)->domain)->pages--;
    page_at(f)->domain = (uint16_t)domain;
    space_vol(domain)->pages++;
    if (listed)
        resident_list(f);
}

/* ---- links with the store ---- */

void resident_link(frame_t f, uint32_t slot)
{
    frame_word(f)->flags |= FRAME_W_LINKED;
    ledger.page_slot[frame_index(f)] = slot;
    slot_at(slot)->frame = frame_index(f) + 1;
    resident.linked++;
}

void resident_unlink(frame_t f)
{
    struct ledger_frame *w = frame_word(f);
    uint32_t slot = ledger.page_slot[frame_index(f)];
    if (!(w->flags & (FRAME_W_LINKED | FRAME_W_WRITING)))
        return;
    if (w->flags & FRAME_W_LINKED) {
        slot_at(slot)->frame = 0;
        resident.linked--;
    }
    w->flags &= (uint16_t)~(FRAME_W_LINKED | FRAME_W_WRITING); /* a write under way is for nothing */
    ledger.page_slot[frame_index(f)] = 0;
#ifndef MUTANT_PAGER_SLOT_LEAK
    (void)store_drop(slot);
#endif
}

/* ---- pages come and go ---- */

static __attribute__((noinline)) bool region_is_pinned(uint32_t slot, uint32_t page)
{
    uint32_t r = region_find(slot, page);
    return r != NO_REGION && (region_at(r)->flags & (REGION_SHARED | REGION_PINNED | REGION_LOCKED)) != 0;
}

static inline bool is_pinned(const struct ledger_space *s, const struct space_vol *v, uint32_t slot, uint32_t page)
{
    return (s->flags & SPACE_F_PINNED) || (unlikely(v->special != 0) && region_is_pinned(slot, page));
}

bool resident_is_pinned(uint32_t slot, uint32_t page) { return is_pinned(space_at(slot), space_vol(slot), slot, page); }

/* v: the space's; w, p: the frame's. Its domain. */
static inline uint32_t count_page(const struct space_vol *v, struct ledger_frame *w, struct page_vol *p)
{
    if (w->flags & FRAME_W_PAGE)
        return p->domain;
    uint32_t domain = w->refs == 1 ? v->domain : 0;
    w->flags |= FRAME_W_PAGE;
    p->domain = (uint16_t)domain;
    space_vol(domain)->pages++;
    resident.pages++;
    return domain;
}

void resident_count(uint32_t slot, frame_t f) { (void)count_page(space_vol(slot), frame_word(f), page_at(f)); }

/* A page of a file is in the file server's memory, which pays for it and never loses it. */
static bool is_a_servers(const struct ledger_frame *w)
{
    return w->charged != 0 && (space_at(w->charged)->flags & SPACE_F_SERVER) != 0;
}

static inline bool counts(const struct ledger_space *s, uint32_t slot, const struct ledger_frame *w)
{
    return !(frame_is_held(w) || s->flags & SPACE_F_SERVER || (w->charged != slot && is_a_servers(w)));
}

bool resident_counts(uint32_t slot, frame_t f) { return counts(space_at(slot), slot, frame_word(f)); }

/* Each time a page comes in: what is looked up is looked up once. */
void resident_add_page(uint32_t slot, uint32_t page, frame_t f)
{
    const struct ledger_space *s = space_at(slot);
    const struct space_vol *v = space_vol(slot);
    struct ledger_frame *w = frame_word(f);
    if (!counts(s, slot, w))
        return;
    rmap_set(f, slot, page);
    uint32_t domain = count_page(v, w, page_at(f));
    if (is_pinned(s, v, slot, page) || (w->flags & (FRAME_W_LISTED | FRAME_W_READY | FRAME_W_WRITING)))
        return;
    w->flags |= FRAME_W_LISTED;
    replace_page_in(domain, frame_index(f));
}

void resident_remove(frame_t f)
{
    struct ledger_frame *w = frame_word(f);
    resident_unlist(f);
    resident_unlink(f);
    if (w->flags & FRAME_W_PAGE) {
        space_vol(page_at(f)->domain)->pages--;
        resident.pages--;
    }
    w->flags &= (uint16_t)~FRAME_W_RESIDENT;
}

/* Also out of the line of those that are ready to leave: a page that is written is no longer clean. */
void resident_write(uint32_t slot, frame_t f)
{
    struct ledger_frame *w = frame_word(f);
    if (!(w->flags & FRAME_W_PAGE))
        return;
    if (w->flags & (FRAME_W_LINKED | FRAME_W_WRITING)) {
        bool listed = w->flags & (FRAME_W_LISTED | FRAME_W_READY | FRAME_W_WRITING);
        resident_unlink(f);
        if (w->flags & FRAME_W_READY)
            resident_unlist(f);
        if (listed)
            resident_list(f);
    }
    move(f, space_vol(slot)->domain);
}

void resident_share(frame_t f) { move(f, 0); }

/* ---- a space's pages ---- */

typedef void page_fn(uint32_t slot, uint32_t page, frame_t f);

/* Every page of [page, end) that counts, or could. */
static void each_page(uint32_t slot, uint32_t page, uint32_t end, page_fn *fn)
{
    frame_t leaf = table_next_leaf(slot, &page);
    while (page < end) { /* bound: the space's leaf tables */
        uint32_t stop = leaf_floor(page) + LEAF_PAGES;
        const volatile pte_t *pte = leaf != NO_FRAME ? window(leaf) : 0;
        for (; pte && page < stop && page < end; page++) {
            pte_t e = pte[page & (LEAF_PAGES - 1)];
            if ((e & PTE_V) && frame_in_ram(PTE_FRAME(e)) && !frame_is_held(frame_word(PTE_FRAME(e))))
                fn(slot, page, PTE_FRAME(e));
        }
        leaf = table_next_leaf(slot, &page);
    }
}

void resident_pin(frame_t f)
{
    resident_unlink(f);
    resident_unlist(f);
}

/* What others have, too, goes on being a possible victim, also when the one that pins it is gone: that one gets a copy. */
static void repin_page(uint32_t slot, uint32_t page, frame_t f)
{
    if (!(frame_word(f)->flags & FRAME_W_PAGE))
        return;
    if (!resident_is_pinned(slot, page))
        resident_list(f);
#ifdef MUTANT_PAGER_PINS_SHARED
    else
#else
    else if (frame_word(f)->refs == 1)
#endif
        resident_pin(f);
}

void resident_repin(uint32_t slot, uint32_t page, uint32_t end) { each_page(slot, page, end, repin_page); }

void resident_pin_space(uint32_t slot, bool pin)
{
    uint16_t flags = space_at(slot)->flags & (uint16_t)~SPACE_F_PINNED;
    *(volatile uint16_t *)&space_at(slot)->flags = flags | (pin ? SPACE_F_PINNED : 0);
    resident_repin(slot, 0, USER_PAGES_END);
}

static uint32_t pinned;
static void count_pinned(uint32_t slot, uint32_t page, frame_t f)
{
    (void)slot, (void)page;
    uint16_t leaves = FRAME_W_LISTED | FRAME_W_READY | FRAME_W_WRITING | FRAME_W_ARRIVED;
    pinned += (frame_word(f)->flags & (FRAME_W_PAGE | leaves)) == FRAME_W_PAGE;
}

uint32_t resident_pinned(uint32_t slot)
{
    pinned = 0;
    if (slot != 0)
        each_page(slot, 0, USER_PAGES_END, count_pinned);
    for (uint32_t i = 0; slot == 0 && i < ledger.frames; i++)
        count_pinned(0, 0, ledger.first_frame + i);
    return pinned;
}

static uint32_t loose;
static void count_loose(uint32_t slot, uint32_t page, frame_t f)
{
    loose += resident_counts(slot, f) && !resident_is_pinned(slot, page);
}

uint32_t resident_loose(uint32_t slot)
{
    loose = space_vol(slot)->swapped;
    each_page(slot, 0, USER_PAGES_END, count_loose);
    return loose;
}

/* What policies know: all that can leave, but for a handful that are READY or on their way. */
static uint32_t listed_everywhere(void)
{
    uint32_t n = replace_pages(0);
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        n += replace_pages(slot);
    return n;
}

static inline uint32_t most_of(uint32_t limit) { return limit - limit / PIN_REST_SHARE; }

bool resident_may_stay(uint32_t pages)
{
    uint32_t most = most_of(resident.limit);
    if (resident.limit == NO_LIMIT)
        return true;
    if (pages > most)
        return false;
    most -= pages; /* so many may stay already; cheap counts first, each of them may be too high but never too low */
    return resident.pages <= most || resident.pages - replace_pages(0) <= most || resident.pages - listed_everywhere() <= most ||
           resident_pinned(0) <= most;
}

bool resident_may_pin(uint32_t slot) { return (space_at(slot)->flags & SPACE_F_SERVER) || resident_may_stay(1); }

static void move_page(uint32_t slot, uint32_t page, frame_t f)
{
    (void)page;
    if (frame_word(f)->refs == 1)
        move(f, space_vol(slot)->domain);
}

/* ---- limits ---- */

/* Pages leave one by one: tables are nobody's but one's from now on. */
static void add_all_pages(void)
{
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        leaf_split_all(slot);
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        each_page(slot, 0, USER_PAGES_END, resident_add_page);
}

/* Limits and domain of a space, from its record. */
static void read_record(uint32_t slot)
{
    uint32_t frames = space_at(slot)->frames;
    space_vol(slot)->limit = frames ? frames : NO_LIMIT;
    space_vol(slot)->domain = frames || replace_has_own(slot) ? (uint16_t)slot : 0;
}

static void turn_on(void)
{
    if (resident.on)
        return;
    resident.on = true;
    resident_unusual();
    add_all_pages();
}

static uint32_t own_pinned;
static void count_own_pinned(uint32_t slot, uint32_t page, frame_t f)
{
    own_pinned += frame_word(f)->refs == 1 && resident_counts(slot, f) && resident_is_pinned(slot, page);
}

bool resident_limit_is_enough(uint32_t slot, uint32_t frames)
{
    if (frames == 0)
        return true;
    turn_on(); /* else nothing is counted */
    own_pinned = 0;
    if (slot != 0)
        each_page(slot, 0, USER_PAGES_END, count_own_pinned);
    return (slot ? own_pinned : resident_pinned(0)) <= most_of(frames);
}

void resident_set_limit(uint32_t frames)
{
    *(volatile uint32_t *)&ledger.header->frames = frames;
    resident.limit = frames ? frames : NO_LIMIT;
    turn_on();
}

void resident_update_domain(uint32_t slot)
{
    turn_on();
    read_record(slot);
    each_page(slot, 0, USER_PAGES_END, move_page);
}

void resident_set_own_limit(uint32_t slot, uint32_t frames)
{
    *(volatile uint32_t *)&space_at(slot)->frames = frames;
    resident_update_domain(slot);
}

void resident_build(void)
{
    bool wanted = ledger.header->frames != 0;
    resident = (struct resident){.limit = ledger.header->frames ? ledger.header->frames : NO_LIMIT};
    resident_unusual();
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot)) {
        read_record(slot);
        wanted = wanted || space_vol(slot)->domain != 0 || space_vol(slot)->swapped != 0;
    }
    if (wanted)
        turn_on();
}
