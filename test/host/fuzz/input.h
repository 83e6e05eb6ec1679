/* SPDX-License-Identifier: MIT
 * What fuzzers share: the input as a stream of bytes and words, memory at fixed addresses, and the end of a server's endless
 * loop when the input is used up.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static struct {
    const uint8_t *at;
    size_t left;
    jmp_buf end;
} input __attribute__((unused));

/* An invariant: a broken one is a crash, which the fuzzer reports with its input. */
#define MUST(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

static inline uint8_t take8(void) { return input.left ? input.left--, *input.at++ : 0; }
static inline uint64_t take(unsigned bytes)
{
    uint64_t v = 0;
    while (bytes--)
        v = v << 8 | take8();
    return v;
}
/* A word that often means something: small, near a limit, an address, or anything. */
static inline uint64_t take_word(void)
{
    static const uint64_t tempting[] = {0, 1, 2, 7, 8, 40, 41, 63, 64, 0xff, 0x100, 0xfff, 0x1000, 0x1001, 0x10000, 0x20000, 0x200000, 0x201000,
                                        1UL << 31, 1UL << 32, 1UL << 37, 0x3ff0000000UL, 0x3ffffff000UL, 0x4000000000UL, 1UL << 62, 1UL << 63,
                                        ~0UL, ~0xfffUL, 0xffffffffUL};
    uint8_t how = take8();
    if (how < 128)
        return how % 32;
    if (how < 200)
        return tempting[how % (sizeof tempting / sizeof tempting[0])];
    return how < 220 ? take(2) << 12 : take(8);
}
/* Memory where the target has it. */
static inline void map_at(uint64_t va, size_t bytes)
{
    void *p = mmap((void *)va, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    MUST(p == (void *)va);
}

#endif
