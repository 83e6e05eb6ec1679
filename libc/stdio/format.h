/* SPDX-License-Identifier: MIT
 * A conversion of printf(), read. format.c reads, number.c and real.c write.
 */
#ifndef LIBC_STDIO_FORMAT_H
#define LIBC_STDIO_FORMAT_H

#include "stream.h"

enum { FLAG_LEFT = 1, FLAG_PLUS = 2, FLAG_BLANK = 4, FLAG_OTHER = 8, FLAG_ZERO = 16, FLAG_GROUP = 32 }; /* - + blank # 0 ' */
enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LDOUBLE };
enum type { TYPE_NONE, TYPE_INT, TYPE_WORD, TYPE_DOUBLE, TYPE_LDOUBLE };
enum { ARGUMENT_NEXT = -1 }; /* instead of a number from 1 on; 0: none */

struct spec {
    unsigned flags;
    enum length length;
    char conversion;
    long width, precision; /* precision -1: none given */
    int argument, width_argument, precision_argument;
};

union value {
    uint64_t word; /* an int is sign-extended */
    long double real;
};

void __format_integer(struct __sink *s, const struct spec *spec, uint64_t value);
void __format_real(struct __sink *s, const struct spec *spec, long double x);
/* Sign and prefix, then zeros or blanks up to the width, as the flags say. `body`: bytes that follow. */
void __format_front(struct __sink *s, const struct spec *spec, const char *prefix, long body);
void __format_back(struct __sink *s, const struct spec *spec, const char *prefix, long body);

#endif
