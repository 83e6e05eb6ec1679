/* SPDX-License-Identifier: MIT
 * sbrk(): the break, which the pager moves. The pager is asked only when the break crosses a page; what it holds is a
 * whole number of pages. After fork both processes have their own break at the same place, and so does the cache.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/pager.h>
#include <unistd.h>

static uint64_t brk_now;    /* what the program sees; 0 until asked */
static uint64_t brk_paged;  /* what the pager holds, page-aligned */

static err_t pager_break(uint64_t want, uint64_t *out)
{
    struct ipc_msg m = {.w = {PAGER_BRK, want}};
    err_t err = pager_call(H_PAGER, &m);
    if (err == OK)
        *out = m.w[1];
    return err;
}

static err_t break_move(int64_t by, uint64_t *old)
{
    if (brk_now == 0) {
        err_t err = pager_break(0, &brk_paged);
        if (err != OK)
            return err;
        brk_now = brk_paged;
    }
    *old = brk_now;
    uint64_t want = brk_now + (uint64_t)by;
    if ((by > 0 && want < brk_now) || (by < 0 && want > brk_now) || want > USER_VA_END)
        return ERR_NOMEM;
    uint64_t paged = (want + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    if (paged != brk_paged) {
        uint64_t now;
        err_t err = pager_break(paged, &now);
        if (err != OK)
            return err;
        brk_paged = paged;
    }
    brk_now = want;
    return OK;
}

void *sbrk(ptrdiff_t by)
{
    uint64_t old = 0;
    __libc_lock();
    err_t err = break_move(by, &old);
    __libc_unlock();
    if (err != OK) {
        errno = ENOMEM; /* the one reason POSIX systems give */
        return (void *)-1;
    }
    return (void *)(uintptr_t)old;
}
