/* SPDX-License-Identifier: MIT
 * quick_exit: an end with functions of its own and without those of atexit(); what streams hold is dropped.
 */
#include "internal.h"

#include <stdlib.h>

#define FUNCTIONS_MAX 32 /* C promises as many */

static void (*functions[FUNCTIONS_MAX])(void);
static unsigned count;

int at_quick_exit(void (*function)(void))
{
    __libc_lock();
    int full = count == FUNCTIONS_MAX;
    if (!full)
        functions[count++] = function;
    __libc_unlock();
    return full;
}

_Noreturn void quick_exit(int status)
{
    while (count > 0)
        functions[--count]();
    _Exit(status);
}
