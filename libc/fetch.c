/* SPDX-License-Identifier: MIT
 * Bringing pages in before they are touched: files that are mapped, by a request to the file server, and then whatever is to be there at
 * once by touching it.
 */
#include "fetch.h"

#include "internal.h"

#include <ipc/fs.h>
#include <ipc/pager.h>

/* The first region that ends behind va: [*start, *end), and the rest of what the pager says. */
static bool region_of(uint64_t va, struct ipc_msg *m)
{
    *m = (struct ipc_msg){.w = {PAGER_REGION_INFO, 0, va}};
    return pager_call(H_PAGER, m) == OK;
}

static void touch(uint64_t start, uint64_t end)
{
    for (; start < end; start += PAGE_SIZE)
        (void)*(volatile char *)(uintptr_t)start;
}

/* Part of one region of a file. What lies behind the file's end is left alone. */
static void fetch(uint64_t start, uint64_t end, const struct ipc_msg *region, enum fetch how)
{
    uint64_t first = (region->w[5] + start - region->w[1]) >> PAGE_SHIFT, pages = (end - start) >> PAGE_SHIFT;
    struct ipc_msg m = {.w = {FS_FETCH, region->w[6], first, pages}};
    if (__files_call_fd(&m, NULL, 0) != OK || how == FETCH_ANNOUNCE || !(region->w[3] & PROT_R) || first >= m.w[1])
        return;
    touch(start, pages < m.w[1] - first ? end : start + ((m.w[1] - first) << PAGE_SHIFT));
}

void __fetch_files(uint64_t start, uint64_t end, enum fetch how)
{
    struct ipc_msg m;
    while (start < end && region_of(start, &m)) { /* bound: regions of the range */
        uint64_t from = m.w[1] > start ? m.w[1] : start, to = m.w[2] < end ? m.w[2] : end;
        if ((m.w[4] & 0xff) == BACKING_FILE && from < to)
            fetch(from, to, &m, how);
        start = m.w[2];
    }
}

void __fetch_new(uint64_t start, uint64_t end, bool writable)
{
    if (!writable)
        touch(start, end);
    for (; writable && start < end; start += PAGE_SIZE) /* others may store there already: no byte changes, none is lost */
        (void)__atomic_fetch_or((unsigned *)(uintptr_t)start, 0, __ATOMIC_RELAXED);
}
