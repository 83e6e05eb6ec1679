/* SPDX-License-Identifier: MIT
 * Pages that are in the store, with frames to be had and without. Last of all: from then on the pager keeps account of
 * resident pages.
 */
#include "bench.h"

#include <ipc/pager.h>

#define SWAP_PAGES (4 * COPY_PAGES)
#define SWAP_FRAMES 64u

/* Frames for programs; 0: all there are. */
static bool frames_limit(uint64_t frames) { return pager_ask(PAGER_FRAMES, 0, frames, PAGER_FRAMES_SET) == OK; }

static volatile uint8_t *swapping_pages(void)
{
    while (pager_ask(PAGER_STORE, 2 * SWAP_PAGES, 0, 0) == ERR_AGAIN) { /* bound: the store's size */
    }
    volatile uint8_t *p = frames_limit(SWAP_FRAMES) ? pages(SWAP_PAGES) : NULL;
    for (size_t i = 0; p != NULL && i < SWAP_PAGES; i++)
        p[i * PAGE_SIZE] = 1;
    return p;
}
/* A load of a page that is in the store, with frames to be had: after the limit was lifted. */
void bench_swap_in(void)
{
    volatile uint8_t *p = swapping_pages();
    if (p == NULL)
        return;
    (void)frames_limit(0);
    for (size_t i = 0; i < SAMPLES; i++) {
        begin();
        (void)p[i * PAGE_SIZE];
        end();
    }
    pages_free(SWAP_PAGES);
    report("swap.in");
}
/* A store to a page in the store when every frame is used and every other page is dirty: one is written out and its frame reused. */
void bench_swap_cycle(void)
{
    volatile uint8_t *p = swapping_pages();
    if (p == NULL)
        return;
    for (size_t i = 0; i < SAMPLES + SWAP_FRAMES; i++) { /* the first ones make the rest dirty */
        begin();
        p[i * PAGE_SIZE] = 2;
        if (i >= SWAP_FRAMES)
            end();
        else
            forget_samples();
    }
    (void)frames_limit(0);
    pages_free(SWAP_PAGES);
    report("swap.cycle");
}

