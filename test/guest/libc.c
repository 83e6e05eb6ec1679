/* SPDX-License-Identifier: MIT
 * Proves that ordinary C works: printf, malloc, string, math, errno, TLS, setjmp, qsort, time.
 */
#define GT_NAME "libc"
#include "gtest.h"
#include <math.h>
#include <search.h>
#include <setjmp.h>
#include <time.h>

static void printf_formats(void)
{
    char s[200];
    int n = snprintf(s, sizeof s, "%d %5u|%-6s|%06.3f %lx %c %%%s", -42, 7u, "ab", 3.14159, 0xdeadbeefUL, 'z', "");
    CHECK(strcmp(s, "-42     7|ab    |03.142 deadbeef z %") == 0);
    CHECK_EQ(n, (int)strlen(s));
    volatile size_t room = 4;
    CHECK_EQ(snprintf(s, room, "%s", "abcdefgh"), 8);
    CHECK(strcmp(s, "abc") == 0);
    int a = 0, b = 0;
    CHECK_EQ(sscanf("12 0x1f", "%d %x", &a, (unsigned *)&b), 2);
    CHECK(a == 12 && b == 31);
    CHECK_EQ(strtol("-77rest", NULL, 10), -77);
}
static void malloc_gives_distinct_memory(void)
{
    enum { N = 200 };
    static uint8_t *p[N];
    static size_t size[N];
    uint64_t seed = 99;
    for (int round = 0; round < 2000; round++) {
        unsigned i = gt_random(&seed) % N;
        if (p[i] != NULL) {
            for (size_t k = 0; k < size[i]; k += 17)
                CHECK_EQ(p[i][k], i);
            free(p[i]);
        }
        size[i] = gt_random(&seed) % (round % 50 == 0 ? 40000 : 600) + 1;
        p[i] = malloc(size[i]);
        REQUIRE(p[i] != NULL);
        CHECK_EQ((uintptr_t)p[i] % 8, 0); /* picolibc aligns for all but long double */
        memset(p[i], (int)i, size[i]);
    }
    for (int i = 0; i < N; i++) {
        free(p[i]);
        p[i] = NULL;
    }
    uint8_t *z = calloc(100, 50);
    REQUIRE(z != NULL);
    for (int i = 0; i < 5000; i++)
        CHECK_EQ(z[i], 0);
    z = realloc(z, 20000);
    CHECK(z != NULL);
    free(z);
    errno = 0;
    void *volatile huge = malloc((size_t)1 << 60);
    CHECK(huge == NULL);
    CHECK_EQ(errno, ENOMEM);
}
static void strings(void)
{
    char s[64] = "pagoda";
    CHECK_EQ(strlen(s), 6);
    strcat(s, "/microkernel");
    CHECK(strchr(s, '/') == s + 6 && strstr(s, "kernel") == s + 12);
    CHECK(memcmp("abc", "abd", 3) < 0 && strcmp("b", "a") > 0);
    memmove(s + 1, s, 10);
    CHECK(strncmp(s, "ppagoda/mic", 11) == 0);
    CHECK(strcmp(strerror(ENOMEM), strerror(ENOENT)) != 0);
}
static void mathematics(void)
{
    volatile double two = 2.0, zero = 0.0;
    CHECK(fabs(sqrt(two) - 1.41421356237309505) < 1e-15);
    CHECK(fabs(sin(1.0 + zero) - 0.8414709848078965) < 1e-15);
    CHECK(fabs(pow(two, 0.5) * exp(zero) - sqrt(two)) < 1e-15);
    CHECK(isnan(zero / zero) && isinf(1.0 / zero));
}
static _Thread_local int initialised_tls = 5;
static _Thread_local char zero_tls[300];
static void thread_local_objects(void)
{
    CHECK_EQ(initialised_tls, 5);
    for (unsigned i = 0; i < sizeof zero_tls; i++)
        CHECK_EQ(zero_tls[i], 0);
    zero_tls[299] = 1;
    initialised_tls = 6;
    errno = 3;
    CHECK(zero_tls[299] == 1 && initialised_tls == 6 && errno == 3);
    zero_tls[299] = 0;
    initialised_tls = 5;
}
static jmp_buf env;
static __attribute__((noinline)) void jumps(int n) { longjmp(env, n); }
static void long_jumps(void)
{
    volatile int count = 0;
    int r = setjmp(env);
    if (r < 3) {
        count++;
        jumps(r + 1);
    }
    CHECK(r == 3 && count == 3);
}
static int compare(const void *a, const void *b) { return *(const int *)a < *(const int *)b ? -1 : 1; }
static void sorting(void)
{
    static int v[1000];
    uint64_t seed = 5;
    for (int i = 0; i < 1000; i++)
        v[i] = (int)gt_random(&seed);
    qsort(v, 1000, sizeof v[0], compare);
    for (int i = 1; i < 1000; i++)
        CHECK(v[i - 1] <= v[i]);
}
static void clocks(void)
{
    struct timespec a, b;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &a), 0);
    usleep(2000);
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &b), 0);
    long long ns = (b.tv_sec - a.tv_sec) * 1000000000LL + (b.tv_nsec - a.tv_nsec);
    CHECK(ns >= 2000000);
    CHECK_SOON(ns < 20000000);
}
static void errors_of_write(void)
{
    errno = 0;
    CHECK_EQ(write(77, "x", 1), -1);
    CHECK_EQ(errno, EBADF);
    CHECK_EQ(write(1, "", 0), 0);
    errno = 0;
    const void *volatile nowhere = (void *)0x123000000UL;
    CHECK_EQ(write(1, nowhere, 50), -1);
    CHECK_EQ(errno, EFAULT);
}

static int same_number(const void *a, const void *b) { return *(const int *)a != *(const int *)b; }
static void tables_are_looked_through(void)
{
    int table[5] = {4, 2, 9}, key = 2, other = 7;
    size_t n = 3;
    CHECK(lfind(&key, table, &n, sizeof table[0], same_number) == &table[1]);
    CHECK(lfind(&other, table, &n, sizeof table[0], same_number) == NULL && n == 3);
    CHECK(lsearch(&key, table, &n, sizeof table[0], same_number) == &table[1] && n == 3);
    CHECK(lsearch(&other, table, &n, sizeof table[0], same_number) == &table[3] && n == 4 && table[3] == 7 && table[4] == 0);
    n = 0;
    CHECK(lfind(&key, table, &n, sizeof table[0], same_number) == NULL);
}
static void lists_are_linked_both_ways(void)
{
    struct item {
        struct item *next, *before;
    } a, b, c, ring = {&ring, &ring};
    insque(&a, NULL);
    insque(&c, &a);
    insque(&b, &a);
    CHECK(a.before == NULL && a.next == &b && b.before == &a && b.next == &c && c.before == &b && c.next == NULL);
    remque(&b);
    CHECK(a.next == &c && c.before == &a);
    remque(&c);
    CHECK(a.next == NULL);
    remque(&a);
    insque(&a, &ring);
    insque(&b, &a);
    CHECK(ring.next == &a && a.next == &b && b.next == &ring && ring.before == &b && b.before == &a);
    remque(&a);
    CHECK(ring.next == &b && b.before == &ring);
}

GT_MAIN(CASE(printf_formats), CASE(malloc_gives_distinct_memory), CASE(strings), CASE(mathematics),
        CASE(thread_local_objects), CASE(long_jumps), CASE(sorting), CASE(clocks), CASE(errors_of_write), CASE(tables_are_looked_through), CASE(lists_are_linked_both_ways))
