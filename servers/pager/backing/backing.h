/* SPDX-License-Identifier: MIT
 * Backings: where the bytes of a page come from at its first touch. One file each; no IPC, no system calls, no allocation.
 */
#ifndef PAGER_BACKING_H
#define PAGER_BACKING_H

#include "frame.h"
#include "region.h"

struct backing {
    const char *name;
    /* A frame that holds exactly this page already and may be mapped without write permission; NO_FRAME: there is none. */
    frame_t (*share)(const struct ledger_region *r, uint32_t page);
    /* How many pages from page on, at most n, lie in consecutive frames that share() would give; *first: the first one. 0: the
     * backing has no such runs. */
    uint32_t (*run)(const struct ledger_region *r, uint32_t page, uint32_t n, frame_t *first);
    /* Write all 4096 bytes of the page into a fresh frame. */
    void (*fill)(const struct ledger_region *r, uint32_t page, frame_t frame);
};

extern const struct backing backing_anon, backing_image;
/* By enum pager_backing; 0: pages of this region can't be brought in. */
const struct backing *backing_of(const struct ledger_region *r);

/* zero.c: the shared zero page, for ever held. */
static inline frame_t zero_frame(void) { return ledger.header->zero_frame; }
err_t zero_init(void);

/* image.c: the boot image, seen through the window. Checked once. */
err_t image_init(uint64_t image_pa, uint64_t image_bytes);
/* The file's first frame and size; the whole image as IMAGE_WHOLE. ERR_NOENT. */
#define IMAGE_WHOLE 0xffffu
err_t image_file(uint32_t file, frame_t *first, uint64_t *size_bytes);

#endif
