/* SPDX-License-Identifier: MIT
 * Proves of malloc what the host's test cannot see: large blocks go back to the system when they are freed, threads together lose no
 * byte and no block, fork in the midst of it is harmless, and when a limit is reached it is ENOMEM, with all that was there intact.
 */
#define GT_NAME "malloc"
#include "gtest.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#define LARGE (1u << 20)

static void large_blocks_go_back(void)
{
    void *small[4];
    char *large[4];
    long before = gt_frames_free();
    for (int i = 0; i < 4; i++) {
        large[i] = calloc(1, LARGE);
        small[i] = malloc(100);
        REQUIRE(large[i] != NULL && small[i] != NULL);
    }
    CHECK(before - gt_frames_free() < 40); /* nothing was touched yet, by calloc neither */
    for (int i = 0; i < 4; i++) {
        long at = gt_frames_free();
        memset(large[i], 1, LARGE);
        CHECK(at - gt_frames_free() >= (long)(LARGE / PAGE_SIZE) - 1);
    }
    for (int i = 0; i < 4; i++) {
        long at = gt_frames_free();
        free(large[i]);
        CHECK(gt_frames_free() - at >= (long)(LARGE / PAGE_SIZE)); /* though there is something behind it */
    }
    for (int i = 0; i < 4; i++)
        free(small[i]);
}

static void the_heap_shrinks(void)
{
    static void *block[300];
    long before = gt_frames_free();
    for (int i = 0; i < 300; i++)
        block[i] = memset(malloc(10000), 1, 10000);
    CHECK(before - gt_frames_free() > 700);
    for (int i = 0; i < 300; i++)
        free(block[(i * 7) % 300]);
    CHECK(before - gt_frames_free() < 80);
}

/* ---- a limit ---- */

struct link {
    struct link *next;
    size_t bytes;
};

static void until_there_is_no_more(size_t bytes)
{
    struct link *all = NULL, *l;
    size_t n = 0;
    errno = 0;
    while (n < 40000 && (l = malloc(bytes)) != NULL) {
        memset(l, 5, bytes);
        *l = (struct link){all, bytes};
        all = l;
        n++;
    }
    CHECK(l == NULL && errno == ENOMEM);
    CHECK(n * bytes > 1u << 20);
    errno = 0;
    CHECK(calloc(1, bytes) == NULL && errno == ENOMEM);
    if (all != NULL)
        CHECK(realloc(all, LARGE * 4) == NULL && all->bytes == bytes);
    while (all != NULL) {
        const char *end = (const char *)all + bytes - 1;
        CHECK(*end == 5);
        l = all->next;
        free(all);
        all = l;
    }
    l = malloc(bytes); /* it all came back */
    CHECK(l != NULL);
    free(l);
}
static void limited(void *unused)
{
    struct rlimit l = {3 << 20, 3 << 20};
    static const size_t sizes[] = {100, 1000, 5000, 60000, 300000};
    (void)unused;
    CHECK_EQ(setrlimit(RLIMIT_AS, &l), 0);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        until_there_is_no_more(sizes[i]);
}
static void a_limit_is_enomem(void) { RUN_CHILD(limited, NULL); }

/* ---- threads ---- */

#define THREADS 4
#define SLOTS 60
static void *volatile passed[THREADS]; /* blocks that one allocates and another one frees */

static void *works(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    uint32_t seed = me * 77 + 1;
    struct {
        unsigned char *p;
        size_t bytes;
    } slot[SLOTS] = {{NULL, 0}};
    for (int n = 0; n < 1500; n++) {
        seed = seed * 1664525 + 1013904223;
        unsigned i = (seed >> 8) % SLOTS;
        size_t bytes = 8 + (seed >> 16) % (n % 50 == 0 ? 300000u : 2000u);
        if (slot[i].p != NULL) {
            CHECK(slot[i].p[0] == (unsigned char)(me + i) && slot[i].p[slot[i].bytes - 1] == (unsigned char)(me + i));
            if (n % 3 == 0)
                slot[i].p = realloc(slot[i].p, bytes);
            else if (n % 5 == 0)
                free(__atomic_exchange_n(&passed[me], slot[i].p, __ATOMIC_ACQ_REL)), slot[i].p = NULL;
            else
                free(slot[i].p), slot[i].p = NULL;
        } else {
            slot[i].p = n % 2 ? malloc(bytes) : aligned_alloc(64, bytes);
        }
        if (slot[i].p != NULL) {
            slot[i].bytes = bytes;
            slot[i].p[0] = slot[i].p[bytes - 1] = (unsigned char)(me + i);
        }
        free(__atomic_exchange_n(&passed[(me + 1) % THREADS], NULL, __ATOMIC_ACQ_REL));
    }
    for (unsigned i = 0; i < SLOTS; i++)
        free(slot[i].p);
    return NULL;
}
static void together(void)
{
    pthread_t t[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, works, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        free(passed[i]), passed[i] = NULL;
}
static void threads_lose_nothing(void)
{
    together();
    long before = gt_frames_free();
    for (int round = 0; round < 2; round++)
        together();
    CHECK(before - gt_frames_free() < 64);
}

static void child_allocates(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++)
        free(malloc(1000 + (size_t)i));
}
static void fork_finds_the_heap_whole(void)
{
    pthread_t t[2];
    for (uintptr_t i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, works, (void *)i), 0);
    for (int i = 0; i < 5; i++)
        RUN_CHILD(child_allocates, NULL);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        free(passed[i]), passed[i] = NULL;
}

GT_MAIN(CASE(large_blocks_go_back), CASE(the_heap_shrinks), CASE(a_limit_is_enomem), CASE(threads_lose_nothing),
        CASE(fork_finds_the_heap_whole))
