/* SPDX-License-Identifier: MIT
 * Large blocks of malloc: a mapping each, so that its memory goes back when it is freed, whatever was made after it.
 *
 *   | whole pages, unmapped | lead | header | payload, aligned ... | rest of its last page |
 */
#include "heap.h"

#include <abi/types.h>
#include <sys/mman.h>

static size_t pages_up(size_t bytes) { return (bytes + PAGE_MASK) & ~(size_t)PAGE_MASK; }

/* The payload's place in a mapping: the first that is aligned and has a header before it. */
static uintptr_t place_in(uintptr_t start, size_t align) { return (start + HEADER + align - 1) & ~(uintptr_t)(align - 1); }

struct chunk *__large_new(size_t bytes, size_t align)
{
    size_t slack = align > PAGE_SIZE ? align : 0; /* where the mapping comes to lie is not known before */
    if (bytes > REQUEST_MAX || align > REQUEST_MAX)
        return NULL;
    size_t lead = align < PAGE_SIZE ? align : PAGE_SIZE, all = pages_up(bytes + lead + slack);
    char *base = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    uintptr_t start = (uintptr_t)base, at = place_in(start, align);
    uintptr_t from = (at - HEADER) & ~(uintptr_t)PAGE_MASK, end = pages_up(at + bytes);
    if (from > start)
        (void)munmap(base, from - start);
    if (end < start + all)
        (void)munmap((char *)end, start + all - end);
    struct chunk *c = chunk_of((void *)at);
    c->prev_size = (uintptr_t)c - from;
    c->size = (end - (uintptr_t)c) | IN_USE | MAPPED;
    return c;
}

void __large_free(struct chunk *c) { (void)munmap((char *)c - c->prev_size, c->prev_size + size_of(c)); }

bool __large_cut(struct chunk *c, size_t bytes)
{
    uintptr_t end = (uintptr_t)c + size_of(c), to = pages_up((uintptr_t)payload(c) + bytes);
    if (to > end)
        return false;
    if (end - to > (to - (uintptr_t)c) / 2 && munmap((char *)to, end - to) == 0)
        c->size -= end - to;
    return true;
}
