/* SPDX-License-Identifier: MIT
 * Files of the boot image. Their pages are mapped in place: text of a hundred processes is one frame. A page that the file
 * covers only in part is shared in place, too, when the rest of it is zero anyway (the packer pads with zeros).
 *
 * The image is trusted to be well-formed only after image_init; a region never reaches beyond its file.
 */
#include "backing/backing.h"

#include <abi/image.h>

static frame_t image_first;
static uint64_t image_size_bytes;

static const struct image_header *header(void)
{
    return window(image_first);
}

/* Directory and files lie inside the image, on page boundaries. */
static bool entry_is_sane(const struct image_entry *e, uint64_t total_bytes)
{
    return e->offset % PAGE_SIZE == 0 && e->offset <= total_bytes && e->size_bytes <= total_bytes - e->offset;
}

err_t image_init(uint64_t image_pa, uint64_t image_bytes)
{
    image_first = (frame_t)(image_pa >> PAGE_SHIFT);
    image_size_bytes = 0;
    if (image_bytes < sizeof(struct image_header) || image_pa % PAGE_SIZE)
        return ERR_NOENT;
    const struct image_header *h = header();
    if (h->magic != IMAGE_MAGIC || h->version != 1 || h->files > IMAGE_FILES_MAX || h->total_bytes > image_bytes ||
        IMAGE_HEADER_BYTES(h->files) > h->total_bytes)
        return ERR_INVAL;
    for (uint32_t i = 0; i < h->files; i++)
        if (!entry_is_sane(&h->entry[i], h->total_bytes))
            return ERR_INVAL;
    image_size_bytes = h->total_bytes;
    return OK;
}

err_t image_file(uint32_t file, frame_t *first, uint64_t *size_bytes)
{
    if (image_size_bytes == 0)
        return ERR_NOENT;
    *first = image_first;
    *size_bytes = image_size_bytes;
    if (file == IMAGE_WHOLE)
        return OK;
    if (file >= header()->files)
        return ERR_NOENT;
    *first += (frame_t)(header()->entry[file].offset >> PAGE_SHIFT);
    *size_bytes = header()->entry[file].size_bytes;
    return OK;
}

/* How many bytes of the page come from the file, and the frame they are in. */
static uint64_t backed_bytes(const struct ledger_region *r, uint32_t page, frame_t *frame)
{
    uint64_t size_bytes, skipped = va_of(page - r->start_page);
    if (r->backed_bytes <= skipped || image_file(r->file, frame, &size_bytes) != OK)
        return 0;
    *frame += r->offset_page + (page - r->start_page);
    return r->backed_bytes - skipped < PAGE_SIZE ? r->backed_bytes - skipped : PAGE_SIZE;
}

static bool is_zero_from(frame_t frame, uint64_t from_bytes)
{
    const unsigned char *p = window(frame);
    while (from_bytes < PAGE_SIZE && from_bytes % 8) /* bound: 7 */
        if (p[from_bytes++])
            return false;
    for (; from_bytes < PAGE_SIZE; from_bytes += 8)
        if (*(const uint64_t *)(p + from_bytes))
            return false;
    return true;
}

/* What was found of the first pages of the image: zero from this byte on, + 1; 0: not known. They never change. */
#define TAILS 4096u
static uint16_t tail[TAILS];

static bool rest_is_zero(frame_t frame, uint64_t from_bytes)
{
    uint32_t n = frame - image_first;
    if (n < TAILS && tail[n] != 0 && from_bytes >= tail[n] - 1u)
        return true;
    if (!is_zero_from(frame, from_bytes))
        return false;
    if (n < TAILS)
        tail[n] = (uint16_t)(from_bytes + 1);
    return true;
}

static frame_t image_share(const struct ledger_region *r, uint32_t page)
{
    frame_t frame;
    uint64_t bytes = backed_bytes(r, page, &frame);
    if (bytes == 0)
        return zero_frame();
    return bytes == PAGE_SIZE || rest_is_zero(frame, bytes) ? frame : NO_FRAME;
}

/* Whole pages only. */
static uint32_t image_run(const struct ledger_region *r, uint32_t page, uint32_t n, frame_t *first)
{
    uint64_t size_bytes, skipped = va_of(page - r->start_page);
    if (r->backed_bytes <= skipped || image_file(r->file, first, &size_bytes) != OK)
        return 0;
    uint64_t whole = (r->backed_bytes - skipped) >> PAGE_SHIFT;
    *first += r->offset_page + (page - r->start_page);
    return whole < n ? (uint32_t)whole : n;
}

/* Word by word, eight a turn: memcpy and memset of a part of a page would cost twice as much. */
static void copy_part(frame_t to, frame_t from, uint64_t bytes)
{
    volatile uint64_t *d = window(to);
    const uint64_t *s = window(from);
    uint64_t words = bytes / 8, i = 0;
    for (; i + 8 <= words; i += 8) {
        d[i] = s[i], d[i + 1] = s[i + 1], d[i + 2] = s[i + 2], d[i + 3] = s[i + 3];
        d[i + 4] = s[i + 4], d[i + 5] = s[i + 5], d[i + 6] = s[i + 6], d[i + 7] = s[i + 7];
    }
    for (; i < words; i++)
        d[i] = s[i];
    if (bytes % 8)
        d[i] = s[i] & ((1UL << bytes % 8 * 8) - 1); /* little-endian: the low bytes come first */
}

static void image_fill(const struct ledger_region *r, uint32_t page, frame_t frame)
{
    frame_t from;
    uint64_t bytes = backed_bytes(r, page, &from);
    if (bytes == PAGE_SIZE || (bytes > 0 && rest_is_zero(from, bytes))) {
        page_copy(frame, from);
        return;
    }
    page_zero(frame);
    if (bytes > 0)
        copy_part(frame, from, bytes);
}

const struct backing backing_image = {.name = "image", .share = image_share, .run = image_run, .fill = image_fill};
