/* SPDX-License-Identifier: MIT
 * What tests of mapped memory have in common.
 */
#ifndef GUEST_GMAP_H
#define GUEST_GMAP_H

#include "gtest.h"

#include <sys/mman.h>

#define RW (PROT_READ | PROT_WRITE)
#define PAGE 4096UL

#define FAILS(call, error) \
    do { \
        errno = 0; \
        CHECK((call) == MAP_FAILED); \
        CHECK_EQ(errno, error); \
    } while (0)
#define REFUSED(call, error) \
    do { \
        errno = 0; \
        CHECK_EQ(call, -1); \
        CHECK_EQ(errno, error); \
    } while (0)

static inline volatile uint64_t *word(void *base, size_t page) { return (volatile uint64_t *)((char *)base + page * PAGE); }
static inline void stores(void *va) { *(volatile uint64_t *)va = 1; }
static inline void loads(void *va) { (void)*(volatile uint64_t *)va; }
static inline uint64_t regions(void) { return gt_stat(PAGER_STAT_SPACE, 0).v[5]; }

#endif
