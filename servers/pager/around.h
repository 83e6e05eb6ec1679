/* SPDX-License-Identifier: MIT
 * Fault-around: a fault that maps a page of a file maps its absent neighbours as well, as many as the width says, by one
 * batched system call. Programs start and go on in steps of 64 KiB instead of 4.
 */
#ifndef PAGER_AROUND_H
#define PAGER_AROUND_H

#include "region.h"

#define AROUND_NOT_SAID 0u /* boot.h: the default */

/* A page of the region is absent, its leaf table is there, and a load wants it: map it and those of the aligned group around it that
 * are absent, in the region and whole in the file. False, and nothing changed: the page is not wholly in the file, has no neighbours
 * there, or the kernel refuses. True: it is mapped. Never waits. */
bool around_map(uint32_t slot, uint32_t region, uint32_t page);
static inline bool around_is_on(void) { return ledger.header->around > 1; }
/* The width, in pages: 1: off. false: not a power of two up to AROUND_MAX. */
bool around_set(uint64_t pages);

#endif
