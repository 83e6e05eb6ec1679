/* SPDX-License-Identifier: MIT
 * Places that a pointer may point to: good ones that look odd (unaligned, at a page's edge, not there yet, shared with a child,
 * read-only), and bad ones. One at a time; each has pages of its own, which place_leave() gives back.
 */
#ifndef GPLACES_H
#define GPLACES_H

#include "gtest.h"

#define PLACE_VA 0x1800000000UL
#define PLACE_END (PLACE_VA + 2 * PAGE_SIZE) /* nothing is mapped behind it */

enum place {
    AT_PLAIN, AT_UNALIGNED, AT_EDGE, AT_COW, AT_LAZY, AT_READONLY, /* good, the last one to read from */
    AT_NULL, AT_LOW, AT_HOLE, AT_CROSSING, AT_WINDOW, AT_LAST, AT_KERNEL, AT_WRAP, /* bad */
    AT_PLACES,
};
static const char *const place_name[AT_PLACES] = {
    "a plain page", "an odd address", "the end of a page", "a page shared by a fork", "a page that is not there yet", "a read-only page",
    "NULL", "the null page", "nothing", "from a page into nothing", "the pagers' window", "beyond the last page", "the kernel",
    "beyond the last address",
};

static pid_t place_child;

/* The child's page must stay as it was, whatever is written to ours. */
static void place_keep(void *content)
{
    size_t size = GT_SHARED->word[1];
    while (GT_SHARED->word[0] == 0)
        gt_sleep_us(100);
    CHECK_EQ(memcmp((void *)PLACE_VA, content, size), 0);
}
static inline bool place_region(uint64_t op, uint64_t prot)
{
    struct ipc_msg m = {.w = {op, 0, PLACE_VA, PLACE_END, prot, BACKING_ANON}};
    err_t err = pager_call(H_PAGER, &m);
    CHECK_EQ(err, OK);
    return err == OK;
}
/* Where `size` bytes would be; as far as there is memory, they are there: content, or 0xee if that is NULL. */
static inline void *place_enter(enum place place, const void *content, size_t size)
{
    uintptr_t half = size / 2 + (size == 1);
    const uintptr_t at[AT_PLACES] = {
        PLACE_VA, PLACE_VA + 1, PLACE_END - size, PLACE_VA, PLACE_VA, PLACE_VA,
        0, 8, PLACE_END, PLACE_END - half, WINDOW_BASE, USER_VA_END - half, 0xffffffc080200000UL, -half,
    };
    if (!place_region(PAGER_REGION_ADD, PROT_R | PROT_W))
        return NULL;
    size_t fits = place == AT_CROSSING ? half : place <= AT_READONLY && place != AT_LAZY ? size : 0;
    if (fits > 0 && content != NULL)
        memcpy((void *)at[place], content, fits);
    else
        memset((void *)(fits > 0 ? at[place] : PLACE_VA + PAGE_SIZE), 0xee, fits);
    if (place == AT_READONLY)
        (void)place_region(PAGER_REGION_PROTECT, PROT_R);
    if (place == AT_COW) {
        static char before[4096];
        memcpy(before, (void *)PLACE_VA, size);
        GT_SHARED->word[0] = 0;
        GT_SHARED->word[1] = size;
        place_child = gt_child(place_keep, before);
    }
    return (void *)at[place];
}
static inline void place_leave(enum place place)
{
    if (place == AT_COW) {
        GT_SHARED->word[0] = 1;
        gt_expect_exit(place_child, 0);
    }
    struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, PLACE_VA, PLACE_END}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
}

#endif
