/* SPDX-License-Identifier: MIT
 * For the builtin `times`: nobody counts the processor's time by process.
 */
#include <sys/times.h>

clock_t times_none(struct tms *t);

clock_t times_none(struct tms *t)
{
    *t = (struct tms){0};
    return 0;
}
