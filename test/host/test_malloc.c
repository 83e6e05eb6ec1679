/* SPDX-License-Identifier: MIT
 * libc's heap against an oracle: random requests, contents checked, neighbours intact, memory given back, a break that
 * somebody else moves; large blocks, which are mapped, and what becomes of them without mappings.
 *
 * INCLUDES: microkernel/include libipc/include libc
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <sys/mman.h>

#define malloc heap_malloc
#define free heap_free
#define calloc heap_calloc
#define realloc heap_realloc
#define memalign heap_memalign
#define aligned_alloc heap_aligned_alloc
#define posix_memalign heap_posix_memalign
#define malloc_usable_size heap_malloc_usable_size
#define sbrk heap_sbrk
void *heap_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset);
int heap_munmap(void *at, size_t bytes);
#define mmap heap_mmap
#define munmap heap_munmap
#include "../../libc/malloc_large.c"
#include "../../libc/malloc.c"
#undef mmap
#undef munmap

static char arena[64 << 20] __attribute__((aligned(4096)));
static size_t arena_used, arena_limit = sizeof arena;
static unsigned locks;

void *heap_sbrk(ptrdiff_t by)
{
    if (by > 0 && arena_used + (size_t)by > arena_limit)
        return (void *)-1;
    char *old = arena + arena_used;
    if (by > 0)
        memset(old, 0x5a, (size_t)by);
    arena_used += (size_t)by;
    return old;
}

static size_t mapped, mappings_fail; /* bytes that are mapped now; whether no more can be */

void *heap_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    (void)at, (void)prot, (void)flags, (void)fd, (void)offset;
    assert_int_equal(bytes % PAGE_SIZE, 0);
    if (mappings_fail || bytes > sizeof arena)
        return MAP_FAILED;
    mapped += bytes;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    return p;
}

int heap_munmap(void *at, size_t bytes)
{
    assert_int_equal(((uintptr_t)at | bytes) % PAGE_SIZE, 0);
    assert_true(bytes > 0 && bytes <= mapped);
    mapped -= bytes;
    return munmap(at, bytes);
}

void __libc_lock(void) { assert_int_equal(locks++, 0); }
void __libc_unlock(void) { assert_int_equal(--locks, 0); }

#define SLOTS 400
static struct {
    unsigned char *p;
    size_t bytes;
    unsigned char fill;
} slot[SLOTS];
static uint64_t seed = 88172645463325252UL;

static uint64_t random_next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static size_t random_size(void)
{
    static const size_t limit[] = {16, 100, 1000, 5000, 70000, 400000};
    return random_next() % limit[random_next() % 6];
}

static void slot_check(unsigned i, size_t bytes)
{
    for (size_t n = 0; n < bytes; n++)
        assert_int_equal(slot[i].p[n], slot[i].fill);
}

static void slot_fill(unsigned i, unsigned char *p, size_t bytes)
{
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    slot[i].p = p;
    slot[i].bytes = bytes;
    slot[i].fill = (unsigned char)random_next();
    memset(p, slot[i].fill, bytes);
}

static void slot_free(unsigned i)
{
    slot_check(i, slot[i].bytes);
    heap_free(slot[i].p);
    slot[i].p = NULL;
    slot[i].bytes = 0;
}

/* Every chunk follows the one before, knows it, and no two free ones touch. */
static void heap_check(struct chunk *first)
{
    bool prev_free = false;
    for (struct chunk *c = first; c != top; c = at(c, size_of(c))) {
        assert_true(size_of(c) >= CHUNK_MIN || size_of(c) == HEADER);
        assert_int_equal((c->size & PREV_IN_USE) == 0, prev_free);
        bool is_free = (c->size & IN_USE) == 0;
        assert_false(is_free && prev_free);
        if (is_free)
            assert_int_equal(at(c, size_of(c))->prev_size, size_of(c));
        prev_free = is_free;
    }
    assert_false(prev_free); /* it would have become part of the top */
}

static void random_step(void)
{
    unsigned i = (unsigned)(random_next() % SLOTS), what = (unsigned)(random_next() % 8);
    size_t bytes = random_size();
    if (slot[i].p != NULL && what < 3) {
        unsigned char *p = heap_realloc(slot[i].p, bytes);
        slot[i].p = p;
        slot_check(i, bytes < slot[i].bytes ? bytes : slot[i].bytes);
        slot_fill(i, p, bytes);
    } else if (slot[i].p != NULL) {
        slot_free(i);
    } else if (what == 7) {
        size_t align = 16u << random_next() % 12;
        unsigned char *p = heap_memalign(align, bytes);
        assert_int_equal((uintptr_t)p % align, 0);
        slot_fill(i, p, bytes);
    } else if (what == 6) {
        unsigned char *p = heap_calloc(bytes / 8, 8);
        for (size_t n = 0; n < bytes / 8 * 8; n++)
            assert_int_equal(p[n], 0);
        slot_fill(i, p, bytes / 8 * 8);
    } else {
        slot_fill(i, heap_malloc(bytes), bytes);
    }
}

static void test_random_requests_keep_every_byte(void **state)
{
    (void)state;
    struct chunk *first = chunk_of(heap_malloc(1));
    for (unsigned n = 0; n < 40000; n++) {
        random_step();
        if (n % 1000 == 0)
            heap_check(first);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        if (slot[i].p != NULL)
            slot_free(i);
    heap_check(first);
    assert_true(at(first, size_of(first)) == top); /* all of it grew together again */
    assert_true(arena_used < TRIM_BYTES + GROW_BYTES + PAGE_SIZE); /* and went back */
    assert_int_equal(mapped, 0);
}

static void test_a_break_moved_by_others_is_survived(void **state)
{
    (void)state;
    void *p[50];
    for (int i = 0; i < 50; i++) {
        p[i] = heap_malloc(3000 + (size_t)i * 100);
        memset(p[i], i, 3000);
        (void)heap_sbrk(8 + i);
    }
    for (int i = 0; i < 50; i++)
        for (int n = 0; n < 3000; n++)
            assert_int_equal(((unsigned char *)p[i])[n], i);
    for (int i = 0; i < 50; i++)
        heap_free(p[i]);
    for (int i = 0; i < 50; i++)
        assert_non_null(heap_malloc(100));
}

static void test_large_blocks_go_back_when_they_are_freed(void **state)
{
    (void)state;
    unsigned char *p[8], *small[8];
    size_t heap = arena_used;
    for (unsigned i = 0; i < 8; i++) {
        p[i] = heap_malloc(LARGE_BYTES << i % 3);
        small[i] = heap_malloc(20);
        memset(p[i], (int)i, LARGE_BYTES);
        assert_true(heap_malloc_usable_size(p[i]) >= LARGE_BYTES << i % 3);
        memset(p[i], (int)i, heap_malloc_usable_size(p[i]));
    }
    assert_true(mapped >= 8 * LARGE_BYTES && arena_used - heap <= GROW_BYTES);
    for (unsigned i = 0; i < 8; i++) {
        size_t before = mapped, has = heap_malloc_usable_size(p[i]);
        heap_free(p[i]);
        assert_true(before - mapped >= has); /* at once, whatever lies behind it */
    }
    assert_int_equal(mapped, 0);
    for (unsigned i = 0; i < 8; i++)
        heap_free(small[i]);
}

static void test_large_blocks_are_zeros_and_aligned(void **state)
{
    (void)state;
    for (size_t align = 16; align <= 4 << 20; align *= 2) {
        unsigned char *p = heap_memalign(align, LARGE_BYTES + 5);
        assert_int_equal((uintptr_t)p % align, 0);
        assert_true(heap_malloc_usable_size(p) >= LARGE_BYTES + 5 && mapped <= LARGE_BYTES + 3 * PAGE_SIZE); /* not what the search took */
        memset(p, 1, heap_malloc_usable_size(p));
        heap_free(p);
        unsigned char *q = heap_memalign(align, 10); /* small, but perhaps hard to place */
        assert_int_equal((uintptr_t)q % align, 0);
        memset(q, 2, 10);
        heap_free(q);
        assert_int_equal(mapped, 0);
    }
    unsigned char *z = heap_calloc(3, LARGE_BYTES);
    for (size_t n = 0; n < 3 * LARGE_BYTES; n++)
        assert_int_equal(z[n], 0);
    heap_free(z);
}

static void test_large_blocks_change_their_size(void **state)
{
    (void)state;
    unsigned char *p = heap_malloc(100);
    size_t moves = 0, has = 100;
    memset(p, 7, has);
    for (size_t bytes = 1000; bytes < 16 << 20; bytes += 60000) {
        unsigned char *q = heap_realloc(p, bytes);
        moves += q != p;
        p = q;
        for (size_t n = 0; n < has; n += 97)
            assert_int_equal(p[n], 7);
        memset(p, 7, bytes);
        has = bytes;
    }
    assert_true(moves < 40); /* not each time: growing byte by byte costs a constant per byte */
    p = heap_realloc(p, LARGE_BYTES);
    assert_true(mapped < 2 * LARGE_BYTES && p[LARGE_BYTES - 1] == 7); /* what it lost went back */
    p = heap_realloc(p, 10);
    assert_int_equal(mapped, 0);
    assert_int_equal(p[9], 7);
    heap_free(p);
}

static void test_without_mappings_the_heap_does_it(void **state)
{
    (void)state;
    mappings_fail = 1;
    char *p = heap_malloc(2 * LARGE_BYTES), *q = heap_memalign(8192, LARGE_BYTES);
    assert_true(p != NULL && q != NULL && (uintptr_t)q % 8192 == 0);
    memset(p, 1, 2 * LARGE_BYTES);
    char *z = heap_calloc(1, LARGE_BYTES);
    for (size_t n = 0; n < LARGE_BYTES; n++)
        assert_int_equal(z[n], 0); /* used before, and cleared */
    p = heap_realloc(p, 3 * LARGE_BYTES);
    assert_int_equal(p[2 * LARGE_BYTES - 1], 1);
    mappings_fail = 0;
    heap_free(p);
    heap_free(q);
    heap_free(z);
    assert_int_equal(mapped, 0);
}

static void test_a_block_is_made_smaller_without_memory(void **state)
{
    (void)state;
    char *hold[300], *p = heap_malloc(2 * LARGE_BYTES);
    unsigned n = 0;
    size_t usable = heap_malloc_usable_size(p), limit = arena_limit;
    memset(p, 1, 2 * LARGE_BYTES);
    arena_limit = arena_used;
    while (n < 300 && (hold[n] = heap_malloc(LARGE_BYTES / 2)) != NULL)
        n++;
    assert_true(n < 300);
    assert_ptr_equal(heap_realloc(p, LARGE_BYTES / 2), p);
    assert_true(p[0] == 1 && p[LARGE_BYTES / 2 - 1] == 1);
    assert_true(heap_malloc_usable_size(p) < usable); /* its pages go back all the same */
    arena_limit = limit;
    p = heap_realloc(p, LARGE_BYTES / 4);
    assert_true(p != NULL && p[LARGE_BYTES / 4 - 1] == 1);
    heap_free(p);
    while (n > 0)
        heap_free(hold[--n]);
    assert_int_equal(mapped, 0);
}

static void test_impossible_requests_are_refused(void **state)
{
    (void)state;
    volatile size_t huge = SIZE_MAX - 5; /* hidden from the compiler, which would complain */
    errno = 0;
    assert_null(heap_malloc(huge));
    assert_int_equal(errno, ENOMEM);
    assert_null(heap_calloc(huge / 2, 3));
    assert_null(heap_malloc(sizeof arena * 2));
    char *p = heap_malloc(100);
    memset(p, 1, 100);
    assert_null(heap_realloc(p, sizeof arena * 2));
    for (int n = 0; n < 100; n++)
        assert_int_equal(p[n], 1);
    void *out = &out;
    assert_int_equal(heap_posix_memalign(&out, 3, 10), EINVAL);
    assert_int_equal(heap_posix_memalign(&out, 4096, 10), 0);
    assert_int_equal((uintptr_t)out % 4096, 0);
    errno = 0;
    assert_null(heap_aligned_alloc(0, 10));
    assert_int_equal(errno, EINVAL);
    assert_null(heap_aligned_alloc(48, 10));
    assert_int_equal(heap_posix_memalign(&out, 8, huge), ENOMEM);
    assert_int_equal(heap_posix_memalign(&out, 0, 10), EINVAL);
    heap_free(NULL);
    for (size_t bytes = 0; bytes < 5000; bytes += 7) { /* also of 0 bytes: something of its own */
        char *a = heap_malloc(bytes), *b = heap_malloc(bytes);
        assert_true(a != b && heap_malloc_usable_size(a) >= bytes && (uintptr_t)a % 16 == 0);
        memset(a, 1, heap_malloc_usable_size(a));
        memset(b, 2, heap_malloc_usable_size(b));
        assert_true(bytes == 0 || a[bytes - 1] == 1);
        errno = 77;
        heap_free(a);
        heap_free(b);
        assert_int_equal(errno, 77);
    }
    assert_int_equal(heap_malloc_usable_size(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_requests_keep_every_byte),
        cmocka_unit_test(test_a_break_moved_by_others_is_survived),
        cmocka_unit_test(test_large_blocks_go_back_when_they_are_freed),
        cmocka_unit_test(test_large_blocks_are_zeros_and_aligned),
        cmocka_unit_test(test_large_blocks_change_their_size),
        cmocka_unit_test(test_without_mappings_the_heap_does_it),
        cmocka_unit_test(test_a_block_is_made_smaller_without_memory),
        cmocka_unit_test(test_impossible_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
