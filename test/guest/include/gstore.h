/* SPDX-License-Identifier: MIT
 * For guest tests with fewer frames than pages (ARGS: frames=64): pages of known content, and what the pager counts.
 */
#ifndef GUEST_GSTORE_H
#define GUEST_GSTORE_H

#include "gtest.h"

#define GS_FRAMES 64
#define GS_PAGES 160

static inline struct gt_stat gs_evict(void) { return gt_stat(PAGER_STAT_EVICT, 0); }
static inline struct gt_stat gs_store(void) { return gt_stat(PAGER_STAT_STORE, 0); }
static inline struct gt_stat gs_frames(uint64_t space) { return gt_stat(PAGER_STAT_FRAMES, space); }

static inline err_t gs_limit(uint64_t space, uint64_t frames)
{
    struct ipc_msg m = {.w = {PAGER_FRAMES, space, frames, PAGER_FRAMES_SET}};
    return pager_call(H_PAGER, &m);
}
static inline bool gs_is_present(const volatile void *p) { return gt_page_info(gt_own_space(), p).pte & PTE_V; }
static inline unsigned gs_absent(const uint8_t *p, unsigned pages)
{
    unsigned n = 0;
    for (unsigned i = 0; i < pages; i++)
        n += !gs_is_present(p + i * PAGE_SIZE);
    return n;
}
static inline uint8_t *gs_filled(unsigned pages, uint64_t who)
{
    uint8_t *p = gt_pages(pages);
    CHECK(p != NULL);
    gt_fill(p, pages, who);
    return p;
}
/* Asks for so many pages that others' leave. */
static inline void gs_hog(void *unused)
{
    (void)unused;
    uint8_t *p = gt_pages(2 * GS_PAGES);
    gt_fill(p, 2 * GS_PAGES, 9);
    CHECK_EQ(gt_wrong(p, 2 * GS_PAGES, 9), 0);
}

/* ---- a stranger's pages come in and go out all the while ---- */

struct gs_beside { /* in memory that they share */
    volatile uint32_t stop, rounds, pages;
};
static inline void gs_faults_all_the_while(void *beside)
{
    struct gs_beside *b = beside;
    uint8_t *p = gs_filled(GS_PAGES, 7);
    do {
        CHECK_EQ(gt_wrong(p, GS_PAGES, 7), 0);
        gt_fill(p, GS_PAGES, 7);
        b->rounds++;
    } while (!b->stop && gt_failed == 0);
}
static inline void gs_until_round(const struct gs_beside *b)
{
    uint32_t round = b->rounds;
    for (unsigned i = 0; i < GT_HANG_MS && b->rounds - round < 2; i++)
        gt_sleep_us(1000);
}

#endif
