/* SPDX-License-Identifier: MIT
 * Memory: pages that the pager has filled and never takes away, in steps of a few, and small records cut out of them. The
 * server never touches a page that it has not asked for by a request, so that a full memory is a client's error and not the
 * server's fault. Steps that are empty again go back. Owns the region from POOL_VA on.
 */
#include "fs.h"

#include <ipc/pager.h>

#include <string.h>

#define STEP_BYTES (POOL_STEP_PAGES * PAGE_SIZE)
#define ALL_FREE ((uint16_t)~0u)
_Static_assert(POOL_STEP_PAGES == 16, "a step's pages are bits of 16");

/* What a restart must know: the steps that the pager was asked for. */
struct pool_kept {
    uint64_t asked[POOL_STEPS_MAX / 64];
};
_Static_assert(PAGE_SIZE + sizeof(struct pool_kept) <= SERVER_KEEP_BYTES, "it fits into kept memory");
static struct pool_kept *const kept = (struct pool_kept *)(SERVER_KEEP_VA + PAGE_SIZE);

static uint16_t free_pages[POOL_STEPS_MAX]; /* of the steps that are there */
static uint64_t there[POOL_STEPS_MAX / 64];
static uint64_t used, steps, empty, steps_max;
static unsigned first_free; /* no step below has a free page */

static bool is_there(unsigned step) { return there[step / 64] >> step % 64 & 1; }
static vaddr_t step_start(unsigned step) { return POOL_VA + (vaddr_t)step * STEP_BYTES; }

static err_t region(uint64_t op, unsigned step)
{
    struct ipc_msg m = {.w = {op, 0, step_start(step), step_start(step) + STEP_BYTES, PROT_R | PROT_W | (REGION_PINNED | REGION_SHARED) << 8, /* with programs that map a file */
                              BACKING_ANON}};
    return pager_call(H_PAGER, &m);
}

err_t pool_start(void)
{
    struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_MEMORY}};
    err_t err = pager_call(H_PAGER, &m);
    uint64_t most = m.w[1] / POOL_SHARE / POOL_STEP_PAGES;
    steps_max = err != OK || most > POOL_STEPS_MAX ? POOL_STEPS_MAX : most;
    return err;
}

void pool_forget(void)
{
    for (unsigned step = 0; step < POOL_STEPS_MAX; step++) {
        if (!(kept->asked[step / 64] >> step % 64 & 1))
            continue;
        err_t err = region(PAGER_REGION_REMOVE, step);
        if (err != OK && err != ERR_NOENT)
            __builtin_trap(); /* a region of our own */
        kept->asked[step / 64] &= ~(1UL << step % 64);
    }
}

static unsigned step_missing(void)
{
    unsigned word = 0;
    while (word < POOL_STEPS_MAX / 64 && there[word] == ~0UL) /* bound: the words */
        word++;
    return word < POOL_STEPS_MAX / 64 ? word * 64 + (unsigned)__builtin_ctzl(~there[word]) : POOL_STEPS_MAX;
}

static bool step_add(void)
{
    unsigned step = step_missing();
    if (step >= steps_max)
        return false;
    kept->asked[step / 64] |= 1UL << step % 64;
    if (region(PAGER_REGION_ADD, step) != OK)
        return false;
    there[step / 64] |= 1UL << step % 64;
    free_pages[step] = ALL_FREE;
    steps++;
    empty++;
    first_free = step < first_free ? step : first_free;
    return true;
}

err_t pool_reserve(uint64_t pages)
{
    while (steps * POOL_STEP_PAGES - used < pages) /* bound: steps_max */
        if (!step_add())
            return ERR_NOMEM;
    return OK;
}

static void step_give(unsigned step)
{
    if (region(PAGER_REGION_REMOVE, step) != OK)
        return; /* it stays, empty */
    there[step / 64] &= ~(1UL << step % 64);
    kept->asked[step / 64] &= ~(1UL << step % 64);
    free_pages[step] = 0;
    steps--;
    empty--;
}

void *page_new(void)
{
    while (first_free < steps_max && free_pages[first_free] == 0) /* bound: POOL_STEPS_MAX */
        first_free++;
    if (first_free >= steps_max) {
        first_free = (unsigned)steps_max;
        if (!step_add())
            return 0;
    }
    unsigned page = (unsigned)__builtin_ctz(free_pages[first_free]);
    empty -= free_pages[first_free] == ALL_FREE;
    free_pages[first_free] &= (uint16_t)~(1u << page);
    used++;
    return memset((void *)(step_start(first_free) + page * PAGE_SIZE), 0, PAGE_SIZE);
}

void *file_page_new(void) { return used + pool_max() / POOL_SPARE_SHARE < pool_max() ? page_new() : 0; }

void page_free(void *page)
{
    uint64_t number = ((vaddr_t)page - POOL_VA) >> PAGE_SHIFT;
    unsigned step = (unsigned)(number / POOL_STEP_PAGES);
    uint16_t bit = (uint16_t)(1u << number % POOL_STEP_PAGES);
    if (step >= POOL_STEPS_MAX || !is_there(step) || (free_pages[step] & bit))
        __builtin_trap(); /* ours to count */
    free_pages[step] |= bit;
    used--;
    first_free = step < first_free ? step : first_free;
    if (free_pages[step] != ALL_FREE)
        return;
    empty++;
    if (empty > POOL_EMPTY_STEPS)
        step_give(step);
}

uint64_t pool_used(void) { return used; }
uint64_t pool_pages(void) { return steps * POOL_STEP_PAGES; }
uint64_t pool_max(void) { return steps_max * POOL_STEP_PAGES; }

/* ---- records: a page holds those of one size, and goes back when all of its are free ---- */

struct sheet {
    struct sheet *next, **link; /* of those with a free record */
    void *free;
    uint32_t used, spare;
};

void *slab_new(struct slab *s)
{
    void *record = slab_take(s);
    return record ? memset(record, 0, s->bytes) : 0;
}

void *slab_take(struct slab *s)
{
    struct sheet *sheet = s->sheets;
    if (!sheet) {
        sheet = s->of_files ? file_page_new() : page_new();
        if (!sheet)
            return 0;
        for (uint64_t at = sizeof *sheet; at + s->bytes <= PAGE_SIZE; at += s->bytes) { /* bound: a page */
            void **record = (void **)((char *)sheet + at);
            *record = sheet->free;
            sheet->free = record;
        }
        sheet->link = &s->sheets;
        s->sheets = sheet;
    }
    void **record = sheet->free;
    sheet->free = *record;
    sheet->used++;
    s->used++;
    if (!sheet->free) {
        *sheet->link = sheet->next;
        if (sheet->next)
            sheet->next->link = sheet->link;
    }
    return record;
}

void slab_free(struct slab *s, void *record)
{
    struct sheet *sheet = (struct sheet *)((vaddr_t)record & ~PAGE_MASK);
    bool was_full = !sheet->free;
    *(void **)record = sheet->free;
    sheet->free = record;
    sheet->used--;
    s->used--;
    if (was_full) {
        sheet->next = s->sheets;
        sheet->link = &s->sheets;
        if (sheet->next)
            sheet->next->link = &sheet->next;
        s->sheets = sheet;
    }
    if (sheet->used > 0 || (s->keeps_one && s->used == 0))
        return;
    *sheet->link = sheet->next;
    if (sheet->next)
        sheet->next->link = sheet->link;
    page_free(sheet);
}
