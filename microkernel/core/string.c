/* SPDX-License-Identifier: MIT
 * The two functions that the compiler calls on its own in a freestanding program.
 */
#include "kernel.h"
#ifndef PAGODA_HOST /* host tests have the host's, under sanitizers */

#define PLAIN_LOOP __attribute__((optimize("no-tree-loop-distribute-patterns")))

void *memset(void *to, int value, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);

PLAIN_LOOP void *memset(void *to, int value, size_t n)
{
    uint8_t *p = to;
    uint64_t word = (uint8_t)value * 0x0101010101010101UL;
    for (; n && ((uintptr_t)p & 7); n--)
        *p++ = (uint8_t)value;
    for (; n >= 8; n -= 8, p += 8)
        *(uint64_t *)p = word;
    for (; n; n--)
        *p++ = (uint8_t)value;
    return to;
}

PLAIN_LOOP void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    if (!(((uintptr_t)p ^ (uintptr_t)q) & 7)) {
        for (; n && ((uintptr_t)p & 7); n--)
            *p++ = *q++;
        for (; n >= 8; n -= 8, p += 8, q += 8)
            *(uint64_t *)p = *(const uint64_t *)q;
    }
    for (; n; n--)
        *p++ = *q++;
    return to;
}
#endif
