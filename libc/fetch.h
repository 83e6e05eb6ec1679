/* SPDX-License-Identifier: MIT
 * What mmap(), madvise() and mlock() bring in.
 */
#ifndef LIBC_FETCH_H
#define LIBC_FETCH_H

#include <stdbool.h>
#include <stdint.h>

enum fetch {
    FETCH_ANNOUNCE, /* soon */
    FETCH_TOUCH,    /* before the call returns */
};

/* Of whole pages [start, end) those of files, as far as the files go. FETCH_TOUCH: false at the first page that can't be had. */
bool __fetch_files(uint64_t start, uint64_t end, enum fetch how);
/* Whole pages of a new mapping that is no file's, and may be read; as many as can be had. */
void __fetch_new(uint64_t start, uint64_t end);

#endif
