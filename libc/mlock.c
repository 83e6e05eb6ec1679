/* SPDX-License-Identifier: MIT
 * mlock() and its relatives: requests to the pager.
 */
#include <sys/mman.h>

#include "fetch.h"
#include "internal.h"

#include <errno.h>
#include <ipc/pager.h>

/* Pages of files come first: the pager keeps what is there, and waits for nobody. One may leave before it is locked. Then it is brought in
 * once more, and once is enough: it is in a locked range by now. */
static int pin(uint64_t start, uint64_t end, enum pager_pin how)
{
    struct ipc_msg m = {.w = {0}};
    err_t err = OK;
    for (unsigned turn = 0; turn < 2 && err == OK && (turn == 0 || m.w[1] > 0); turn++) {
        if (how == PAGER_PIN_NOW && !__fetch_files(start, end == 0 ? USER_VA_END : end, FETCH_TOUCH)) {
            errno = EAGAIN;
            return -1;
        }
        m = (struct ipc_msg){.w = {PAGER_PIN, 0, start, end, how}};
        err = pager_call(H_PAGER, &m);
    }
    if (err == OK)
        return 0;
    errno = err == ERR_INVAL ? EINVAL : err == ERR_AGAIN ? EAGAIN : ENOMEM;
    return -1;
}

/* Whole pages around the range. */
static int pin_range(const void *address, size_t length, enum pager_pin how)
{
    uint64_t start = (uint64_t)(uintptr_t)address & ~(uint64_t)PAGE_MASK, last = (uint64_t)(uintptr_t)address + length - 1;
    if (length == 0)
        return 0;
    if (last < start || last >= USER_VA_END) {
        errno = ENOMEM;
        return -1;
    }
    return pin(start, (last & ~(uint64_t)PAGE_MASK) + PAGE_SIZE, how);
}

int mlock(const void *address, size_t length) { return pin_range(address, length, PAGER_PIN_NOW); }
int munlock(const void *address, size_t length) { return pin_range(address, length, PAGER_UNPIN); }

int mlockall(int flags)
{
    if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE)) != 0) {
        errno = EINVAL;
        return -1;
    }
    return pin(0, 0, PAGER_PIN_NOW);
}

int munlockall(void) { return pin(0, 0, PAGER_UNPIN); }
