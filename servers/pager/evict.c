/* SPDX-License-Identifier: MIT
 * Pages leave: by demand, ahead of it, or because a limit was lowered. Never touches a page before every entry of it is known;
 * never reuses a frame before the system calls that shot its translations down have returned.
 */
#include "evict.h"

#include "op.h"
#include "region.h"
#include "replace.h"
#include "resident.h"
#include "rmap.h"
#include "space.h"
#include "store.h"
#include "swap.h"
#include "sysgate.h"

bool evict_shrinking;

static inline uint64_t *count(enum evict_counter c) { return &ledger.header->evict[c]; }

/* ---- what a policy asks ---- */

bool evict_is_candidate(uint32_t domain, uint32_t page)
{
    return page < ledger.frames && (ledger.frame[page].flags & FRAME_W_LISTED) && ledger.page[page].domain == domain &&
           ledger.first_frame + page != resident.guard;
}

bool evict_accessed(uint32_t page)
{
    struct rmap map;
    bool any = false;
    (void)rmap_find(ledger.first_frame + page, &map); /* what is found; for more it is a guess */
    for (unsigned i = 0; i < map.count; i++) {
        uint64_t accessed = 0;
        if ((map.pte[i] & PTE_A) &&
            gate_space_harvest(space_at(map.slot[i])->handle, va_of(map.page), 1, &accessed) == OK)
            any = any || accessed != 0;
    }
    return any;
}

/* ---- pages that are ready to leave: clean, out of their policy's hands, first come first gone ---- */

static uint32_t ready[READY_MAX], ready_head, ready_len; /* a ring */
_Static_assert((READY_MAX & (READY_MAX - 1)) == 0, "places in the ring are masked");
static inline uint32_t *ready_at(uint32_t i) { return &ready[(ready_head + i) & (READY_MAX - 1)]; }

uint32_t evict_ready_count(void) { return ready_len; }

/* Those before it move up: it is the oldest one mostly. */
static void ready_remove(uint32_t i)
{
    for (; i > 0; i--)
        *ready_at(i) = *ready_at(i - 1);
    ready_head++;
    ready_len--;
}

void evict_not_ready(uint32_t page)
{
    for (uint32_t i = 0; i < ready_len; i++) /* bound: READY_MAX */
        if (*ready_at(i) == page) {
            ready_remove(i);
            return;
        }
}

/* The oldest one of the domain, or POLICY_NONE. It stays in the line. */
static uint32_t ready_first(uint32_t domain)
{
    for (uint32_t i = 0; i < ready_len; i++)
        if (ledger.page[*ready_at(i)].domain == domain && ledger.first_frame + *ready_at(i) != resident.guard)
            return *ready_at(i);
    return POLICY_NONE;
}

static void ready_add(uint32_t page)
{
    frame_t f = ledger.first_frame + page;
    if (ready_len == READY_MAX) {
        resident_list(f);
        return;
    }
    resident_unlist(f);
    ledger.frame[page].flags |= FRAME_W_READY;
    *ready_at(ready_len++) = page;
}

/* ---- a page becomes clean ---- */

static void protect_all(const struct rmap *map)
{
    for (unsigned i = 0; i < map->count; i++) {
        if (!(map->pte[i] & PTE_W))
            continue;
        err_t err = gate_space_protect(space_at(map->slot[i])->handle, va_of(map->page), 1, PROT_R | PROT_X | PROT_COW);
        check(err == OK); /* the space is ours and the page is there */
    }
}

/* Write-protect first: from then on the bytes stay what is written. */
static err_t clean(frame_t f, const struct rmap *map)
{
    uint32_t slot;
    err_t err = store_alloc(&slot);
    if (err != OK)
        return err;
#ifndef MUTANT_PAGER_CLEAN_UNPROTECTED
    protect_all(map);
#endif
#ifndef MUTANT_PAGER_EVICT_NO_WRITE
    err = store_write(slot, f);
#endif
    if (err == OK) {
        resident_link(f, slot);
        return OK;
    }
    if (err != ERR_IN_PROGRESS) {
        (void)store_drop(slot);
        return err;
    }
    resident_unlist(f);
    frame_word(f)->flags |= FRAME_W_WRITING;
    ledger.page_slot[frame_index(f)] = slot;
    return err;
}

void evict_written(uint32_t page, err_t err)
{
    frame_t f = ledger.first_frame + page;
    uint32_t slot = ledger.page_slot[page];
    if (err == OK) {
        ledger.frame[page].flags &= (uint16_t)~FRAME_W_WRITING;
        resident_link(f, slot);
        ready_add(page);
        return;
    }
    resident_unlink(f);
    resident_list(f);
}

/* ---- a clean page leaves ---- */

static void intent_set(uint32_t space, uint32_t page, uint64_t entry)
{
    struct ledger_intent *i = &ledger.header->intent;
#ifdef MUTANT_PAGER_NO_INTENT
    space = page = 0;
#endif
    *(volatile uint64_t *)&i->entry = entry;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint64_t *)&i->page = (uint64_t)space << 32 | page;
}

static void intent_clear(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint64_t *)&ledger.header->intent.page = 0;
}

static void detach(uint32_t slot, uint32_t page, frame_t f, uint32_t store_slot)
{
    err_t err = gate_space_soft_replace(space_at(slot)->handle, va_of(page), store_entry(store_slot));
    check(err == OK);
    store_ref(store_slot);
    space_vol(slot)->swapped++;
    space_vol(slot)->resident--;
    frame_drop(slot, f);
}

void evict_replace_entry(uint32_t slot, uint32_t page, uint64_t old, frame_t frame, unsigned prot)
{
    intent_set(space_id(slot), page, old);
    err_t err = gate_space_unmap(space_at(slot)->handle, va_of(page), 1);
    check(err == OK);
    err = gate_space_map_frame(space_at(slot)->handle, va_of(page), frame, prot);
    check(err == OK);
    intent_clear();
}

/* Entry empty: the death came after the unmap. It becomes what it was to become. */
void evict_recover(void)
{
    const struct ledger_intent *i = &ledger.header->intent;
    uint32_t slot = space_slot((uint32_t)(i->page >> 32)), page = (uint32_t)i->page;
    unsigned level;
    if (i->page == 0)
        return;
    if (slot && table_walk(slot, page, &level) == 0 && level == 0) {
        handle_t h = space_at(slot)->handle;
        pte_t e = i->entry;
        unsigned prot = (unsigned)(e >> 1 & (PROT_R | PROT_W | PROT_X)) | (e & PTE_COW ? PROT_COW : 0);
        err_t err = e & PTE_V ? gate_space_map_frame(h, va_of(page), PTE_FRAME(e), prot) : gate_space_soft(h, va_of(page), e);
        check(err == OK);
    }
    intent_clear();
}

/* A dirty page with one entry goes with its frame, to a store that is memory. ERR_NOMEM: the store is full. */
static err_t hand_over(frame_t f, const struct rmap *map)
{
    uint32_t slot, space = map->slot[0];
    err_t err = store_alloc(&slot); /* its reference is the entry's */
    if (err != OK)
        return err;
    /* commit */
    store_leaves(slot, f);
    err = gate_space_soft_replace(space_at(space)->handle, va_of(map->page), store_entry(slot));
    check(err == OK);
    space_vol(space)->swapped++;
    space_vol(space)->resident--;
    store_left(f);
    (*count(EVICT_PAGES))++;
    return OK;
}

/* Errors  ERR_BUSY  not all of its mappings can be found now; of the store: as clean() */
static err_t evict_page(uint32_t page)
{
    frame_t f = ledger.first_frame + page;
    struct rmap map;
    err_t err = OK;
    bool was_clean = ledger.frame[page].flags & FRAME_W_LINKED;
    if (!rmap_find(f, &map))
        return ERR_BUSY;
    if (!was_clean && map.count == 1 && store_exchanges())
        return hand_over(f, &map);
    if (!was_clean)
        err = clean(f, &map);
    if (err != OK)
        return err;
    uint32_t slot = ledger.page_slot[page];
    for (unsigned i = 0; i < map.count; i++) {
        detach(map.slot[i], map.page, f, slot);
#ifdef MUTANT_PAGER_EVICT_ONE_MAPPING
        if (map.count > 1) {
            frame_drop(0, f);
            break;
        }
#endif
    }
    (*count(EVICT_PAGES))++;
    *count(EVICT_CLEAN) += was_clean;
    return OK;
}

/* ---- victims ---- */

/* A page that can leave without a write, when none can be written; POLICY_NONE: none. */
static uint32_t find_clean(uint32_t domain)
{
    static uint32_t at;
    for (uint32_t n = 0; n < ledger.frames && resident.linked > 0; n++) { /* bound: frames; only when the store fails */
        at = at + 1 < ledger.frames ? at + 1 : 0;
        uint16_t flags = ledger.frame[at].flags;
        if ((flags & FRAME_W_LINKED) && (flags & (FRAME_W_LISTED | FRAME_W_READY)) && ledger.page[at].domain == domain &&
            ledger.first_frame + at != resident.guard)
            return at;
    }
    return POLICY_NONE;
}

static uint32_t victim(uint32_t domain)
{
    uint32_t page = ready_first(domain);
    return page != POLICY_NONE ? page : replace_victim(domain);
}

/* Everybody's have none: what has a domain of its own. *domain: whose it is. */
static uint32_t victim_elsewhere(uint32_t slot, uint32_t *domain)
{
    uint32_t page = POLICY_NONE;
    *domain = space_vol(slot)->domain;
    if (*domain != 0)
        page = victim(*domain);
    for (uint32_t s = space_after(0); s && page == POLICY_NONE; s = space_after(s)) {
        *domain = space_vol(s)->domain;
        if (*domain != 0)
            page = victim(*domain);
    }
    return page;
}

/* To the end of its policy's order: something else first. */
static void pass_over(uint32_t page)
{
    (*count(EVICT_BAD))++;
    resident_unlist(ledger.first_frame + page);
    resident_list(ledger.first_frame + page);
}

/* One page of the domain, or for domain 0 of any, leaves.
 * Errors  ERR_NOMEM nothing can; ERR_IN_PROGRESS; ERR_BUSY not this time, try another */
static err_t evict_from(uint32_t domain, uint32_t slot)
{
    uint32_t page = victim(domain);
    if (page == POLICY_NONE && domain == 0)
        page = victim_elsewhere(slot, &domain);
    if (page == POLICY_NONE) {
        if (swap_drop_arrived())
            return OK;
        return store_in_flight() ? ERR_IN_PROGRESS : ERR_NOMEM;
    }
    err_t err = evict_page(page);
    if (err == ERR_AGAIN)
        return ERR_IN_PROGRESS;
    if (err == OK || err == ERR_IN_PROGRESS)
        return err;
    pass_over(page);
    if (err == ERR_BUSY)
        return err;
    page = find_clean(domain);
    if (page != POLICY_NONE)
        return evict_page(page);
    return err == ERR_NOMEM ? ERR_NOMEM : ERR_BUSY; /* a store that is full stays so; another write may succeed */
}

/* ---- watermarks ---- */

uint32_t evict_high_mark(void)
{
    uint32_t by_limit = resident.limit / READY_SHARE;
    return by_limit < 1 ? 1 : by_limit < READY_MAX ? by_limit : READY_MAX;
}

static bool rising;     /* fewer were ready than the low mark says: up to the high mark again */
static bool idle_sleeps; /* who lends idle time was told that there is nothing to clean */

/* A victim was used up. */
static void want_clean(void)
{
    if (resident.limit == NO_LIMIT || store_exchanges()) /* nothing is to be written */
        return;
    rising = rising || ready_len <= evict_high_mark() / 2;
    if (rising && idle_sleeps) {
        idle_sleeps = false;
        op_notify(BADGE_IDLE);
    }
}

/* Those on their way are ready soon. */
static bool enough_are_ready(void)
{
#ifdef MUTANT_PAGER_AHEAD_NO_MARK
    return ready_len == READY_MAX;
#endif
    rising = rising && ready_len < evict_high_mark();
    return !rising || ready_len + store_in_flight() >= evict_high_mark();
}

static err_t clean_one(uint32_t page)
{
    frame_t f = ledger.first_frame + page;
    struct rmap map;
    bool linked = ledger.frame[page].flags & FRAME_W_LINKED;
    err_t err = linked ? OK : rmap_find(f, &map) ? clean(f, &map) : ERR_BUSY;
    if (err == OK)
        ready_add(page);
    else if (err != ERR_IN_PROGRESS && err != ERR_AGAIN)
        pass_over(page);
    *count(EVICT_AHEAD) += !linked && (err == OK || err == ERR_IN_PROGRESS);
    return err;
}

bool evict_clean_ahead(void)
{
    idle_sleeps = true; /* after a write that fails, too: until the next victim */
    if (resident.limit == NO_LIMIT || store_exchanges() || enough_are_ready())
        return false;
    uint32_t page = replace_victim(0);
    err_t err = page == POLICY_NONE ? ERR_NOMEM : clean_one(page);
    if (err != OK && err != ERR_IN_PROGRESS)
        return false;
    idle_sleeps = false;
    return true;
}

/* ---- a limit was lowered ---- */

void evict_shrink(void) { evict_shrinking = true; }

/* A space that is over its own limit, or 0. */
static uint32_t over_own_limit(void)
{
    for (uint32_t s = space_after(0); s; s = space_after(s)) /* bound: spaces; only after a limit was lowered */
        if (space_vol(s)->domain && space_vol(s)->pages > space_vol(s)->limit)
            return s;
    return 0;
}

void evict_shrink_step(void)
{
    uint32_t own = resident.pages > resident.limit ? 0 : over_own_limit();
    err_t err = ERR_NOMEM;
    if (own != 0 || resident.pages > resident.limit)
        err = evict_from(own, own);
    if (err == ERR_NOMEM || err == ERR_IN_PROGRESS) /* done; or what is over goes with the next faults */
        evict_shrinking = false;
}

/* ---- by demand ---- */

err_t evict_any(uint32_t slot)
{
    err_t err = ERR_BUSY;
    if (!resident.on)
        return ERR_NOMEM;
    for (unsigned i = 0; i < EVICT_TRIES_MAX && err == ERR_BUSY; i++)
        err = evict_from(0, slot);
    want_clean();
    if (err == ERR_BUSY)
        err = ERR_NOMEM;
    *count(EVICT_NONE) += err == ERR_NOMEM;
    return err;
}

__attribute__((noinline)) err_t evict_make_room_slowly(uint32_t slot)
{
    const struct space_vol *v = space_vol(slot);
    err_t err = OK;
    bool some = false;
    uint16_t flags = space_at(slot)->flags & (SPACE_F_SERVER | SPACE_F_PINNED);
    if (slot == 0 || (flags & SPACE_F_SERVER))
        return OK;
#ifndef MUTANT_PAGER_PINNED_UNBOUNDED
    if (unlikely(flags != 0) && !resident_may_stay(1))
        return ERR_NOMEM;
#endif
    for (unsigned i = 0; i < EVICT_TRIES_MAX && (err == OK || err == ERR_BUSY); i++) {
        bool own = v->domain != 0 && v->pages >= v->limit;
        if (!own && resident.pages < resident.limit)
            break;
        err = evict_from(own ? v->domain : 0, slot);
        some = some || err == OK;
    }
    if (some)
        want_clean();
    if (err == OK || (some && err == ERR_BUSY)) /* a limit far below what there is comes nearer with each fault */
        return OK;
    if (err == ERR_IN_PROGRESS)
        return err;
    (*count(EVICT_NONE))++;
    return ERR_NOMEM;
}

uint64_t evict_now(uint64_t n)
{
    uint64_t done = 0;
    for (uint64_t i = 0; i < n && i < ledger.frames; i++) {
        err_t err = evict_from(0, 0);
        done += err == OK;
        if (err == ERR_NOMEM)
            break;
    }
    return done;
}

void evict_reset(void)
{
    ready_len = 0;
    evict_shrinking = rising = idle_sleeps = false;
}
