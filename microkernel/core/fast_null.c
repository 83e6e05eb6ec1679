/* SPDX-License-Identifier: MIT
 * NULL, the fast way: into the kernel and back, to show what every call costs at least, the lock and a look at what the hart
 * has to do included. In a file of its own, which is compiled so that it changes none of s4 to s11: they need not be loaded.
 */
#include "fast.h"

FAST_ENTRY(fast_null)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur || h->attention))
        FAST_GIVE_UP(cur);
    /* commit */
    h->fast[FAST_NULL]++;
    FAST_NULL_DONE(cur);
}
