/* SPDX-License-Identifier: MIT
 * The boot image, made by tools/mkimage.py and passed to QEMU as -initrd: a header, a directory, then every file
 * on a page boundary, padded with zeros. Little-endian. Offsets in bytes from the header.
 */
#ifndef ABI_IMAGE_H
#define ABI_IMAGE_H

#include "types.h"

#define IMAGE_MAGIC 0x474d4941444f4741UL
#define IMAGE_NAME_MAX 40u
#define IMAGE_FILES_MAX 512u

struct image_entry {
    char name[IMAGE_NAME_MAX]; /* nul-terminated, e.g. "init", "pager", "bin/sh" */
    uint64_t offset;           /* multiple of PAGE_SIZE */
    uint64_t size_bytes;
    uint64_t flags;            /* 0 */
};
struct image_header {
    uint64_t magic;
    uint32_t version; /* 1 */
    uint32_t files;
    uint64_t total_bytes; /* whole image, multiple of PAGE_SIZE */
    uint64_t spare;
    struct image_entry entry[];
};
/* Bytes of a header with so many files. */
#define IMAGE_HEADER_BYTES(files) (sizeof(struct image_header) + (uint64_t)(files) * sizeof(struct image_entry))
_Static_assert(sizeof(struct image_entry) == 64, "image_entry is ABI");
_Static_assert(sizeof(struct image_header) == 32, "image_header is ABI");

#endif
