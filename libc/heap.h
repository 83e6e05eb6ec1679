/* SPDX-License-Identifier: MIT
 * What a block of the heap looks like: malloc.c has small ones, malloc_large.c those that are mapped.
 */
#ifndef LIBC_HEAP_H
#define LIBC_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk {
    size_t prev_size; /* mapped: bytes of the mapping before this */
    size_t size; /* of the whole chunk, a multiple of 16, with flags */
    struct chunk *next, *prev; /* free chunks only: their bin */
};

#define ALIGN 16u
#define HEADER 16u
#define IN_USE 1u
#define PREV_IN_USE 2u
#define MAPPED 4u /* in use, and a mapping of its own, from prev_size bytes before it to its end */
#define FLAGS (IN_USE | PREV_IN_USE | MAPPED)
#define REQUEST_MAX (SIZE_MAX / 4)
#define LARGE_BYTES (256u << 10) /* what the heap would give back at once as well */

static inline size_t size_of(const struct chunk *c) { return c->size & ~(size_t)FLAGS; }
static inline void *payload(struct chunk *c) { return (char *)c + HEADER; }
static inline struct chunk *chunk_of(void *p)
{
    __asm__("" : "+r"(p)); /* the compiler thinks that nothing lies before what malloc returns */
    return (struct chunk *)((char *)p - HEADER);
}

/* malloc_large.c: a block of fresh zeros, its payload so aligned (a power of two, 16 at least); NULL: it can't be mapped. */
struct chunk *__large_new(size_t bytes, size_t align);
void __large_free(struct chunk *c);
/* Whether the block has room for so many bytes; if it is far too large, pages beyond them go back. */
bool __large_cut(struct chunk *c, size_t bytes);

#endif
