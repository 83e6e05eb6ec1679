/* SPDX-License-Identifier: MIT
 * Floating-point numbers in decimal, exactly: what printf() rounds and what strtod() reads. All types go through long double,
 * which has 113 bits here and holds each float and double exactly.
 */
#ifndef LIBC_DECIMAL_H
#define LIBC_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0.d1 d2 ... x 10^point, d1 not zero; zero: no digits, point 1. */
struct decimal {
    char *digit; /* 0..9, not characters */
    long count, point;
};

/* Bytes of memory that the digits of |x| need; x is finite. */
size_t __decimal_bytes(long double x);
/* The digits of |x|, all of them, into so many bytes. */
void __decimal_of(long double x, void *memory, struct decimal *out);
/* Keep so many digits (none or fewer: all go), half to even. */
void __decimal_round(struct decimal *d, long keep);

/* What a binary format holds. */
struct binary {
    int digits;             /* of the significand, in bits */
    int exp_min, exp_max;   /* as DBL_MIN_EXP and DBL_MAX_EXP */
};
/* The nearest number of that format, half to even. *range: it is too large (then infinity) or was too small to be exact. */
long double __decimal_to(const struct decimal *d, bool more, const struct binary *format, bool *range);
/* m * 2^exponent, which must be a long double. */
long double __binary_compose(unsigned __int128 m, int exponent);
#define DECIMAL_DIGITS_MAX 12000 /* that strtold() keeps; `more`: others followed, not all zero */

#endif
