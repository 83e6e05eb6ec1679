/* SPDX-License-Identifier: MIT
 * libc's heap against an oracle: random requests, contents checked, neighbours intact, memory given back, a break that
 * somebody else moves.
 *
 * INCLUDES: microkernel/include libipc/include libc
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define malloc heap_malloc
#define free heap_free
#define calloc heap_calloc
#define realloc heap_realloc
#define memalign heap_memalign
#define aligned_alloc heap_aligned_alloc
#define posix_memalign heap_posix_memalign
#define malloc_usable_size heap_malloc_usable_size
#define sbrk heap_sbrk
#include "../../libc/malloc.c"

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
    static const size_t limit[] = {16, 100, 1000, 5000, 70000, 300000};
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
        size_t align = 16u << random_next() % 9;
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
    for (unsigned n = 0; n < 60000; n++) {
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
    heap_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_requests_keep_every_byte),
        cmocka_unit_test(test_a_break_moved_by_others_is_survived),
        cmocka_unit_test(test_impossible_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
