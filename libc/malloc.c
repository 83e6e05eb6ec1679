/* SPDX-License-Identifier: MIT
 * The heap: malloc and its family, instead of picolibc's, which aligns to 8 bytes where the ABI promises 16 (long
 * double) and walks one list of everything. Safe with threads: one lock, which fork holds.
 *
 *   chunk:  | prev_size | size+flags | payload ...            |   next chunk
 *                                    ^ 16-aligned, what the program gets
 *
 * prev_size is the size of the chunk before, valid when that one is free: so neighbours merge in constant time. Free
 * chunks hang in bins, one a size below 1 KiB, one a power of two above. What lies behind the last chunk is the top; it
 * grows by sbrk, and goes back to the pager when it is large. A heap that a bad store damaged ends the program at the
 * first sign.
 *
 * Large blocks are mapped, each alone (malloc_large.c), and go back when they are freed, wherever they were made.
 */
#include "heap.h"

#include "internal.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_MIN 32u
#define TOP_MIN (CHUNK_MIN + HEADER) /* so that an abandoned top is a chunk and a fence */
#define BINS_SMALL 64u /* bin n: chunks of 16 * n bytes */
#define BINS (BINS_SMALL + 40u)
#define GROW_BYTES 16384u
#define TRIM_BYTES (256u << 10)
#define BIN_SEARCH_MAX 32 /* chunks looked at in a bin of mixed sizes before the next bin, whose chunks all fit */

static struct chunk *bin[BINS];
static struct chunk *top;   /* the last chunk, free, in no bin; NULL before the first use */
static char *heap_end;      /* where sbrk ended last */

static struct chunk *at(struct chunk *c, size_t offset) { return (struct chunk *)((char *)c + offset); }

static unsigned bin_of(size_t size)
{
    if (size < BINS_SMALL * ALIGN)
        return (unsigned)(size / ALIGN);
    unsigned n = BINS_SMALL + (53u - (unsigned)__builtin_clzl(size)); /* 1 KiB has 53 leading zeros */
    return n < BINS ? n : BINS - 1;
}

static void bin_add(struct chunk *c)
{
    struct chunk **head = &bin[bin_of(size_of(c))];
    c->prev = NULL;
    c->next = *head;
    if (*head != NULL)
        (*head)->prev = c;
    *head = c;
}

static void bin_remove(struct chunk *c)
{
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        bin[bin_of(size_of(c))] = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
}

/* c becomes free, of this size; the chunk behind it learns so. */
static void mark_free(struct chunk *c, size_t size)
{
    c->size = size | (c->size & PREV_IN_USE);
    at(c, size)->prev_size = size;
    at(c, size)->size &= ~(size_t)PREV_IN_USE;
}

static void set_top(struct chunk *c, size_t size)
{
    c->size = size | (c->size & PREV_IN_USE);
    top = c;
}

/* Somebody else moved the break: what was the top ends for good; its last 16 bytes, in use for ever, are its fence. */
static void top_abandon(void)
{
    size_t size = size_of(top) - HEADER;
    at(top, size)->size = HEADER | IN_USE;
    mark_free(top, size);
    bin_add(top);
}

/* The top is at least so large afterwards, and TOP_MIN more: there always is a top. */
static bool top_grow(size_t need)
{
    size_t have = top != NULL && sbrk(0) == heap_end ? size_of(top) : 0;
    size_t ask = need + TOP_MIN + ALIGN - have;
    ask = (ask + GROW_BYTES - 1) & ~(size_t)(GROW_BYTES - 1);
    char *got = sbrk((ptrdiff_t)ask);
    if (got == (char *)-1)
        return false;
    if (have > 0 && got == heap_end) {
        set_top(top, have + ask);
    } else {
        if (top != NULL)
            top_abandon();
        size_t skip = -(uintptr_t)got & (ALIGN - 1);
        struct chunk *c = (struct chunk *)(got + skip);
        c->size = PREV_IN_USE;
        set_top(c, (ask - skip) & ~(size_t)(ALIGN - 1));
    }
    heap_end = got + ask;
    return size_of(top) >= need + TOP_MIN; /* false only if another thread moved the break just now */
}

static void top_trim(void)
{
    size_t give = size_of(top);
    if (give < TRIM_BYTES || sbrk(0) != heap_end)
        return;
    give = (give - GROW_BYTES) & ~(size_t)(GROW_BYTES - 1);
    if (sbrk(-(ptrdiff_t)give) == (void *)-1)
        return;
    heap_end -= give;
    set_top(top, size_of(top) - give);
}

/* Cut c, in use and in no bin, down to `size`; the rest is free. */
static void release(struct chunk *c);
static void split(struct chunk *c, size_t size)
{
    size_t rest = size_of(c) - size;
    if (rest < CHUNK_MIN)
        return;
    struct chunk *r = at(c, size);
    c->size = size | (c->size & FLAGS);
    r->size = rest | IN_USE | PREV_IN_USE;
    at(r, rest)->size |= PREV_IN_USE;
    release(r);
}

static struct chunk *bin_take(size_t size)
{
    for (unsigned n = bin_of(size); n < BINS; n++) { /* bound: BINS * BIN_SEARCH_MAX */
        int looked = 0;
        for (struct chunk *c = bin[n]; c != NULL && looked < BIN_SEARCH_MAX; c = c->next, looked++) {
            if (size_of(c) < size)
                continue;
            bin_remove(c);
            c->size |= IN_USE;
            at(c, size_of(c))->size |= PREV_IN_USE;
            split(c, size);
            return c;
        }
    }
    return NULL;
}

static struct chunk *top_take(size_t size)
{
    if ((top == NULL || size_of(top) < size + TOP_MIN) && !top_grow(size))
        return NULL;
    struct chunk *c = top;
    size_t rest = size_of(c) - size;
    c->size = size | IN_USE | (c->size & PREV_IN_USE);
    at(c, size)->size = PREV_IN_USE;
    set_top(at(c, size), rest);
    return c;
}

/* An in-use chunk becomes free and merges with its neighbours. */
static void release(struct chunk *c)
{
    size_t size = size_of(c);
    if ((c->size & PREV_IN_USE) == 0) {
        c = at(c, -c->prev_size);
        bin_remove(c);
        size += size_of(c);
    }
    struct chunk *next = at(c, size);
    if (next == top) {
        set_top(c, size + size_of(top));
        top_trim();
        return;
    }
    if ((next->size & IN_USE) == 0) {
        bin_remove(next);
        size += size_of(next);
    }
    mark_free(c, size);
    bin_add(c);
}

/* The chunk's size for a request; 0 when it is too large. */
static size_t chunk_size(size_t bytes)
{
    if (bytes > REQUEST_MAX)
        return 0;
    size_t size = (bytes + HEADER + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    return size < CHUNK_MIN ? CHUNK_MIN : size;
}

static void *out_of_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

static bool is_large(size_t size) { return size >= LARGE_BYTES; }

static void *allocate(size_t bytes)
{
    size_t size = chunk_size(bytes);
    if (size == 0)
        return out_of_memory();
    struct chunk *c = is_large(size) ? __large_new(bytes, ALIGN) : NULL;
    if (c != NULL)
        return payload(c);
    __libc_lock(); /* a large one as well, should there be no more mappings */
    c = bin_take(size);
    if (c == NULL)
        c = top_take(size);
    __libc_unlock();
    return c != NULL ? payload(c) : out_of_memory();
}

void *malloc(size_t bytes)
{
    return allocate(bytes);
}

/* A pointer that malloc did not give, or gave and got back: stop before the damage spreads. */
static struct chunk *checked(void *p)
{
    struct chunk *c = chunk_of(p);
    if (((uintptr_t)p & (ALIGN - 1)) != 0 || (c->size & IN_USE) == 0 || size_of(c) < CHUNK_MIN)
        abort();
    return c;
}

void free(void *p)
{
    if (p == NULL)
        return;
    int kept = errno;
    struct chunk *c = checked(p);
    if (c->size & MAPPED) {
        __large_free(c);
    } else {
        __libc_lock();
        release(c);
        __libc_unlock();
    }
    errno = kept;
}

void *calloc(size_t n, size_t each)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, each, &bytes))
        return out_of_memory();
    void *p = allocate(bytes); /* malloc and memset would be compiled to a call of calloc */
    if (p == NULL || (chunk_of(p)->size & MAPPED)) /* fresh pages are zeros, and need not be touched */
        return p;
    return memset(p, 0, bytes);
}

/* Take in what is free behind c, if that makes it large enough. */
static bool grow_in_place(struct chunk *c, size_t size)
{
    struct chunk *next = at(c, size_of(c));
    if (next == top) {
        size_t more = size - size_of(c);
        if (size_of(top) < more + TOP_MIN)
            return false;
        size_t rest = size_of(top) - more;
        c->size += more;
        at(c, size)->size = PREV_IN_USE;
        set_top(at(c, size), rest);
        return true;
    }
    if ((next->size & IN_USE) != 0 || size_of(c) + size_of(next) < size)
        return false;
    bin_remove(next);
    c->size += size_of(next);
    at(c, size_of(c))->size |= PREV_IN_USE;
    split(c, size);
    return true;
}

/* Whether c, of the heap, has room for a chunk of that size now; what it does not need is free. */
static bool resize_in_place(struct chunk *c, size_t size)
{
    __libc_lock();
    bool fits = size_of(c) >= size;
    if (fits)
        split(c, size);
    else
        fits = grow_in_place(c, size);
    __libc_unlock();
    return fits;
}

void *realloc(void *p, size_t bytes)
{
    size_t size = chunk_size(bytes);
    if (p == NULL)
        return allocate(bytes);
    if (size == 0)
        return out_of_memory();
    struct chunk *c = checked(p);
    size_t old = size_of(c) - HEADER;
    if (c->size & MAPPED ? is_large(size) && __large_cut(c, bytes) : resize_in_place(c, size))
        return p;
    bool grows = (c->size & MAPPED) && is_large(size); /* in steps that are in proportion: what is not touched costs nothing */
    void *q = grows ? allocate(bytes + bytes / 4) : NULL;
    if (q == NULL)
        q = allocate(bytes);
    if (q == NULL && bytes <= old) {
        (void)__large_cut(c, bytes); /* it is mapped: one of the heap needs nothing new to get smaller */
        return p;
    }
    if (q == NULL)
        return NULL;
    memcpy(q, p, old < bytes ? old : bytes);
    free(p);
    return q;
}

void *memalign(size_t align, size_t bytes)
{
    if (align <= ALIGN)
        return allocate(bytes);
    if ((align & (align - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    if (align > REQUEST_MAX || bytes > REQUEST_MAX)
        return out_of_memory();
    struct chunk *large = is_large(chunk_size(bytes)) ? __large_new(bytes, align) : NULL;
    if (large != NULL)
        return payload(large);
    char *p = allocate(bytes + align + CHUNK_MIN);
    if (p == NULL)
        return NULL;
    if (chunk_of(p)->size & MAPPED) { /* only so large for the sake of its place */
        free(p);
        large = __large_new(bytes, align);
        return large != NULL ? payload(large) : out_of_memory();
    }
    __libc_lock();
    struct chunk *c = chunk_of(p);
    uintptr_t lead = -(uintptr_t)p & (align - 1);
    if (lead != 0) {
        if (lead < CHUNK_MIN)
            lead += align;
        struct chunk *mine = at(c, lead);
        mine->size = (size_of(c) - lead) | IN_USE | PREV_IN_USE;
        c->size = lead | (c->size & FLAGS);
        release(c);
        c = mine;
    }
    split(c, chunk_size(bytes));
    __libc_unlock();
    return payload(c);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    if (align == 0 || (align & (align - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    return memalign(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
    if (align < sizeof(void *) || (align & (align - 1)) != 0)
        return EINVAL;
    int kept = errno;
    void *p = memalign(align, bytes);
    errno = kept;
    if (p == NULL)
        return ENOMEM;
    *out = p;
    return 0;
}

size_t malloc_usable_size(void *p)
{
    return p != NULL ? size_of(checked(p)) - HEADER : 0;
}
