/* SPDX-License-Identifier: MIT
 * Page faults: one store or load each, from the instruction to the next one.
 */
#include "bench.h"

#include <ipc/pager.h>

#define IMAGE_WHOLE 0xffffu /* not a file of the image, but all of it */

static void store_first(const char *name)
{
    volatile uint8_t *p = pages(COPY_PAGES);
    if (p == NULL)
        return;
    p[SAMPLES * PAGE_SIZE] = 1; /* the tables are there */
    for (size_t i = 0; i < SAMPLES; i++) {
        begin();
        p[i * PAGE_SIZE] = 1;
        end();
    }
    pages_free(COPY_PAGES);
    report(name);
}
/* A first store: to a frame that is zeroed now, and to one that was zeroed while the machine was idle. */
void bench_fault_zero(void)
{
    uint64_t kept = pager_tune(PAGER_TUNE_ZEROED, 0);
    store_first("fault.zero");
    (void)pager_tune(PAGER_TUNE_ZEROED, 64);
    for (int i = 0; i < 8; i++)
        nap();
    store_first("fault.zero_pool");
    (void)pager_tune(PAGER_TUNE_ZEROED, kept);
}

#define FILE_PAGES 16u
#define FILE_VA 0x800000000UL /* far from everything; its leaf table is kept by a page of its own */
#define KEPT_VA (FILE_VA + CHUNK_SIZE / 2)

static err_t region(vaddr_t va, uint64_t pages_, uint64_t prot, uint64_t backing, uint64_t bytes)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, va, va + pages_ * PAGE_SIZE, prot, backing, 0, bytes}};
    return pager_call(H_PAGER, &m);
}
static void region_gone(vaddr_t va, uint64_t pages_) { (void)pager_ask(PAGER_REGION_REMOVE, 0, va, va + pages_ * PAGE_SIZE); }

/* A load of one of sixteen absent pages of the boot image: one fault maps them all. By page. */
void bench_fault_around(void)
{
    uint64_t kept = pager_tune(PAGER_TUNE_AROUND, FILE_PAGES);
    if (region(KEPT_VA, 1, PROT_R | PROT_W, BACKING_ANON, 0) != OK)
        return;
    *(volatile uint8_t *)KEPT_VA = 1;
    for (size_t i = 0; i < SAMPLES; i++) {
        if (region(FILE_VA, FILE_PAGES, PROT_R, BACKING_IMAGE | (uint64_t)IMAGE_WHOLE << 8, FILE_PAGES * PAGE_SIZE) != OK)
            break;
        begin();
        (void)*(volatile uint8_t *)(FILE_VA + 5 * PAGE_SIZE);
        end();
        region_gone(FILE_VA, FILE_PAGES);
    }
    region_gone(KEPT_VA, 1);
    (void)pager_tune(PAGER_TUNE_AROUND, kept);
    for (unsigned i = 0; i < sampling.count; i++)
        sampling.sample[i] /= FILE_PAGES;
    report("fault.around16");
}
/* A first load maps the shared zero page: the frame is ready, nothing is copied or cleared. */
void bench_fault_map_only(void)
{
    volatile uint8_t *p = pages(COPY_PAGES);
    if (p == NULL)
        return;
    p[SAMPLES * PAGE_SIZE] = 1;
    for (size_t i = 0; i < SAMPLES; i++) {
        begin();
        (void)p[i * PAGE_SIZE];
        end();
    }
    pages_free(COPY_PAGES);
    report("fault.map_only");
}
static void store_to_each(volatile uint8_t *p)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        begin();
        p[i * PAGE_SIZE] = 2;
        end();
    }
}
void bench_fault_cow(void)
{
    volatile uint8_t *p = pages(COPY_PAGES);
    if (p == NULL)
        return;
    for (size_t i = 0; i < COPY_PAGES; i++)
        p[i * PAGE_SIZE] = 1;
    pid_t pid = idle_child();
    nap();
    store_to_each(p);
    report("fault.cow_copy");
    end_child(pid);
    pid = idle_child();
    nap();
    end_child(pid); /* now every page has one holder again, and is still mapped COW */
    store_to_each(p);
    report("fault.cow_reuse");
    pages_free(COPY_PAGES);
}
