/* SPDX-License-Identifier: MIT
 * A TLB that does its worst within the specification: each hart keeps every translation it ever saw, leaves and pointers
 * to tables alike, several for one address, until the kernel takes it away. Keyed by root frame, as if each space always
 * got the same ASID, so that a space made in the frames of a dead one inherits whatever was not taken away.
 *
 * Fewer permissions than the tables grant, or none, are allowed to stay: RETRY absorbs them. More are a violation.
 * Source: RISC-V privileged specification 1.12, sections 4.2.1 (SFENCE.VMA) and 4.3.2.
 */
#include <stdio.h>

#include "host.h"

#define ENTRIES 16384
#define BUCKETS 4096

struct cached {
    vaddr_t va; /* of the first byte that its level covers */
    pte_t pte;
    uint32_t root;
    uint8_t hart, level, used;
    int32_t next;
};
static struct cached entry[ENTRIES];
static int32_t bucket[BUCKETS];
static int32_t used;
bool tlb_sets_ad = true, tlb_check_always, tlb_speculates, tlb_stubborn;
unsigned tlb_faults;

static uint64_t span(unsigned level) { return 1UL << (PAGE_SHIFT + 9 * level); }
static vaddr_t base_of(vaddr_t va, unsigned level) { return va & ~(span(level) - 1); }

static unsigned bucket_of(unsigned hart, uint32_t root, unsigned level, vaddr_t va)
{
    uint64_t key = va >> PAGE_SHIFT ^ (uint64_t)root << 20 ^ (uint64_t)level << 50 ^ (uint64_t)hart << 54;
    return (key * 0x9e3779b97f4a7c15UL) >> 52;
}

static unsigned own_bucket(const struct cached *c) { return bucket_of(c->hart, c->root, c->level, c->va); }

void tlb_reset(void)
{
    used = 0;
    for (unsigned b = 0; b < BUCKETS; b++)
        bucket[b] = -1;
    tlb_sets_ad = true;
    tlb_check_always = true;
    tlb_speculates = tlb_stubborn = false;
    tlb_faults = 0;
}

static bool matches(const struct cached *c, unsigned hart, uint32_t root, unsigned level, vaddr_t va)
{
    return c->hart == hart && c->root == root && c->level == level && c->va == va;
}

static void insert(struct hart *h, uint32_t root, unsigned level, vaddr_t va, pte_t pte)
{
    va = base_of(va, level);
    unsigned b = bucket_of(h->index, root, level, va);
    for (int32_t i = bucket[b]; i >= 0; i = entry[i].next)
        if (matches(&entry[i], h->index, root, level, va) && entry[i].pte == pte)
            return;
    if (used == ENTRIES)
        host_die("the TLB model is too small", used);
    entry[used] = (struct cached){.va = va, .pte = pte, .root = root, .hart = h->index, .level = level, .next = bucket[b]};
    bucket[b] = used++;
}

static int32_t *link_to(int32_t i)
{
    int32_t *p = &bucket[own_bucket(&entry[i])];
    while (*p != i)
        p = &entry[*p].next;
    return p;
}

static void forget(int32_t i)
{
    *link_to(i) = entry[i].next;
    if (i != --used) {
        *link_to(used) = i;
        entry[i] = entry[used];
    }
}

/* An entry that says there is nothing counts as a leaf: harts may cache it, and a fence for its address takes it away. */
static bool is_pointer(pte_t e) { return (e & PTE_V) && !arch_pte_is_leaf(e); }

/* ---- what the kernel may do about it: arch.h ---- */

void arch_space_activate(struct space *s)
{
    struct hart *h = host_hart;
    s->asid = s->root_frame;
    s->harts |= 1UL << h->index;
    h->space = s;
    h->counter[KC_SATP]++;
}

/* sfence.vma with an address orders leaf entries only; pointers to tables stay cached. */
void arch_tlb_flush_local(struct space *s, vaddr_t va)
{
    unsigned hart = host_hart->index;
    if (!(s->harts & 1UL << hart))
        return;
    for (int32_t i = used - 1; i >= 0; i--) {
        const struct cached *c = &entry[i];
        if (c->hart == hart && c->root == s->root_frame && !is_pointer(c->pte) && base_of(va, c->level) == c->va)
            forget(i);
    }
}

void arch_tlb_flush_local_pages(struct space *s, vaddr_t va, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        arch_tlb_flush_local(s, va + i * PAGE_SIZE);
}

/* A hart has the old frame of a page, the table names another one already: two threads would see two pages. */
static void check_one_frame(const struct space *s, const struct cached *c)
{
    unsigned level;
    pte_t now = *arch_walk(s->root, c->va, &level);
    if (level == c->level && arch_pte_is_leaf(c->pte) && arch_pte_is_leaf(now) && PTE_FRAME(now) != PTE_FRAME(c->pte))
        host_die("a new frame is mapped before the old one is forgotten", c->va);
}

/* On every hart that ran it; more than a page also orders the pointers on the way. Leaves outside the range stay. */
void arch_tlb_shootdown(struct space *s, vaddr_t va, uint64_t pages)
{
    vaddr_t end = va + (pages << PAGE_SHIFT);
    count(KC_SHOOTDOWNS);
    for (int32_t i = used - 1; i >= 0; i--) {
        const struct cached *c = &entry[i];
        bool hit = c->root == s->root_frame && c->va < end && va < c->va + span(c->level) && (s->harts >> c->hart) & 1;
        if (hit)
            check_one_frame(s, c);
        if (hit && (pages > 1 || !is_pointer(c->pte)))
            forget(i);
    }
}

void arch_fetch_fence(void) { host_fetch_fences++; }

void arch_space_leave(struct space *s)
{
    for (unsigned i = 0; i < hart_count; i++)
        if (harts[i].space == s)
            harts[i].space = 0;
}

/* ---- what the harts do ---- */

static pte_t *table_at(frame_t f) { return phys_to_virt((paddr_t)f << PAGE_SHIFT); }

static void fill_table(struct hart *h, uint32_t root, frame_t table, unsigned level, vaddr_t va)
{
    unsigned entries = level == 2 ? PTES_PER_TABLE / 2 : PTES_PER_TABLE;
    for (unsigned i = 0; i < entries; i++) {
        pte_t e = table_at(table)[i];
        vaddr_t at = va + i * span(level);
        if (!(e & PTE_V))
            continue;
        insert(h, root, level, at, e);
        if (!arch_pte_is_leaf(e) && level) /* recursion of a test: three levels */
            fill_table(h, root, PTE_FRAME(e), level - 1, at);
    }
}

void tlb_fill_space(struct hart *h, struct space *s)
{
    if ((s->harts >> h->index) & 1)
        fill_table(h, s->root_frame, s->root_frame, 2, 0);
}

void tlb_fill(struct hart *h)
{
    if (h->space)
        tlb_fill_space(h, h->space);
}

static bool enough(pte_t e, unsigned access)
{
    return arch_pte_allows(e, access) && (e & PTE_A) && (!(access & FAULT_ACCESS_W) || (e & PTE_D));
}

/* A cached leaf that allows the access; of several any one. */
static bool cached_leaf(struct hart *h, vaddr_t va, unsigned access, pte_t *pte, unsigned *level)
{
    unsigned found = 0;
    for (unsigned l = 0; l <= 1; l++) {
        vaddr_t at = base_of(va, l);
        for (int32_t i = bucket[bucket_of(h->index, h->space->root_frame, l, at)]; i >= 0; i = entry[i].next) {
            const struct cached *c = &entry[i];
            if (!matches(c, h->index, h->space->root_frame, l, at) || !arch_pte_is_leaf(c->pte) || !enough(c->pte, access))
                continue;
            if (host_below(++found) == 0)
                *pte = c->pte, *level = l;
        }
    }
    return found != 0;
}

/* A hart may fault on a cached entry that allows too little, or says there is nothing, without looking at the tables. */
static bool cached_refusal(struct hart *h, vaddr_t va)
{
    for (unsigned l = 0; l <= 2; l++) {
        vaddr_t at = base_of(va, l);
        for (int32_t i = bucket[bucket_of(h->index, h->space->root_frame, l, at)]; i >= 0; i = entry[i].next)
            if (matches(&entry[i], h->index, h->space->root_frame, l, at) && !is_pointer(entry[i].pte))
                return true;
    }
    return false;
}

/* The walk: caches all it sees, sets A and D in memory. */
static bool walk(struct hart *h, vaddr_t va, unsigned access, pte_t *pte, unsigned *level)
{
    frame_t table = h->space->root_frame;
    for (unsigned l = 2;; l--) { /* bound: 3 */
        pte_t *e = &table_at(table)[(va >> (PAGE_SHIFT + 9 * l)) & 511];
        if (!(*e & PTE_V)) {
            if (tlb_stubborn)
                insert(h, h->space->root_frame, l, va, 0);
            return false;
        }
        if (!arch_pte_is_leaf(*e)) {
            insert(h, h->space->root_frame, l, va, *e);
            if (!l)
                host_die("a level-0 entry that points to a table", va);
            table = PTE_FRAME(*e);
            continue;
        }
        if (!arch_pte_allows(*e, access) || (!tlb_sets_ad && !enough(*e, access))) {
            insert(h, h->space->root_frame, l, va, *e);
            return false;
        }
        *e |= PTE_A | (access & FAULT_ACCESS_W ? PTE_D : 0);
        insert(h, h->space->root_frame, l, va, *e);
        *pte = *e;
        *level = l;
        return true;
    }
}

bool tlb_translate(struct hart *h, vaddr_t va, unsigned access, paddr_t *pa)
{
    pte_t pte;
    unsigned level;
    if (va >= USER_VA_END)
        return false;
    bool cached = cached_leaf(h, va, access, &pte, &level);
    if (!cached && tlb_stubborn && cached_refusal(h, va))
        return false;
    if (!cached && !walk(h, va, access, &pte, &level))
        return false;
    *pa = ((paddr_t)PTE_FRAME(pte) << PAGE_SHIFT) + (va & (span(level) - 1));
    return true;
}

unsigned tlb_cached(struct hart *h, const struct space *s, vaddr_t va)
{
    unsigned n = 0;
    for (int32_t i = 0; i < used; i++)
        n += matches(&entry[i], h->index, s->root_frame, 0, va & ~PAGE_MASK);
    return n;
}

/* ---- the invariant ---- */

static bool stale_leaf(const struct cached *c, pte_t now)
{
    const pte_t grants = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_G | PTE_A | PTE_D;
    return !arch_pte_is_leaf(now) || PTE_FRAME(now) != PTE_FRAME(c->pte) || (c->pte & grants & ~now);
}

static bool bad_frame(const struct cached *c)
{
    frame_t f = PTE_FRAME(c->pte);
    if (c->level) { /* a window: of a chunk that the space owns, or the readable one of the frame table */
        uint32_t owner = frame_in_ram(f) ? frame_info_of(f)->owner : 1;
        unsigned kind = frame_in_ram(f) ? frame_info_of(f)->kind : FRAME_RESERVED;
        return (owner && frame_info_of(c->root)->kind != FRAME_ROOT) || ((c->pte & PTE_W) && kind != FRAME_USER);
    }
    return frame_in_ram(f) && (frame_info_of(f)->kind != FRAME_USER || !frame_info_of(f)->maps);
}

const char *tlb_violation(void)
{
    static char text[160];
    for (int32_t i = 0; i < used; i++) {
        const struct cached *c = &entry[i];
        const char *what = 0;
        if (!(c->pte & PTE_V))
            continue;
        if (frame_info_of(c->root)->kind != FRAME_ROOT) {
            what = "outlives its space";
        } else {
            unsigned level;
            pte_t now = *arch_walk_to(table_at(c->root), c->va, c->level, &level);
            if (level != c->level)
                what = "is below a table that is gone";
            else if (!arch_pte_is_leaf(c->pte))
                what = (now & ~(PTE_A | PTE_D)) == c->pte ? 0 : "points to a table that is gone";
            else if (stale_leaf(c, now))
                what = "grants more than the tables";
            else if (bad_frame(c))
                what = "maps a frame that is not to be reached";
        }
        if (what) {
            snprintf(text, sizeof(text), "hart %u: cached translation of 0x%lx (pte 0x%lx, level %u, root 0x%x) %s", c->hart,
                     c->va, c->pte, c->level, c->root, what);
            return text;
        }
    }
    return 0;
}

/* ---- a thread's own accesses ---- */

static uint64_t *access_word(struct thread *t, vaddr_t va, unsigned access)
{
    host_current(t);
    for (unsigned n = 0; n < 3; n++) { /* bound: a moot fault or two, then it is translated or has blocked */
        paddr_t pa;
        if (tlb_translate(t->hart, va, access, &pa))
            return phys_to_virt(pa & ~7UL);
        tlb_faults++;
        host_fault(t, va, access);
        host_exit();
        if (t->state != T_RUNNING && t->state != T_READY)
            return 0;
        host_current(t);
    }
    host_die("an access faults and is moot for ever", va);
}

bool host_load(struct thread *t, vaddr_t va, uint64_t *value)
{
    const uint64_t *p = access_word(t, va, FAULT_ACCESS_R);
    if (p)
        *value = *p;
    return p != 0;
}

bool host_store(struct thread *t, vaddr_t va, uint64_t value)
{
    uint64_t *p = access_word(t, va, FAULT_ACCESS_W);
    if (p)
        *p = value;
    return p != 0;
}

bool host_fetch(struct thread *t, vaddr_t va) { return access_word(t, va, FAULT_ACCESS_X) != 0; }
