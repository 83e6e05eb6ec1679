/* SPDX-License-Identifier: MIT
 * Bringing pages in before they are touched, by requests that can fail: the program's own load or store of a page that can't be had
 * would end it. Pages of files are read by the file server and then taken from it one by one; others the pager brings in.
 */
#include "fetch.h"

#include "internal.h"

#include <ipc/fs.h>
#include <ipc/pager.h>

#define PIN_STEP_BYTES (256UL << PAGE_SHIFT) /* so much of it can be locked for a moment, however much is brought in */

/* The first region that ends behind va: [*start, *end), and the rest of what the pager says. */
static bool region_of(uint64_t va, struct ipc_msg *m)
{
    *m = (struct ipc_msg){.w = {PAGER_REGION_INFO, 0, va}};
    return pager_call(H_PAGER, m) == OK;
}

/* A path of one byte, in the page: the file server copies it, for which the page is brought in, and sees that it is none. */
static bool take(uint64_t page)
{
    const struct ipc_buf path = {(void *)(uintptr_t)page, 1, BUF_R};
    err_t err;
    do {
        struct ipc_msg m = {.w = {FS_ACCESS}};
        err = __files_call_fd(&m, &path, 1);
    } while (err == ERR_CANCELLED); /* bound: handlers that run */
    return err == ERR_INVAL || err == ERR_NOENT; /* the latter of an empty path */
}

/* Part of one region of a file. What lies behind the file's end is left alone, and so is what a file server that died had. */
static bool fetch(uint64_t start, uint64_t end, const struct ipc_msg *region, enum fetch how)
{
    uint64_t first = (region->w[5] + start - region->w[1]) >> PAGE_SHIFT, pages = (end - start) >> PAGE_SHIFT;
    struct ipc_msg m = {.w = {FS_FETCH, region->w[6], first, pages}};
    if (__files_call_fd(&m, NULL, 0) != OK || how == FETCH_ANNOUNCE || !(region->w[3] & PROT_R) || first >= m.w[1])
        return true;
    if (pages > m.w[1] - first)
        end = start + ((m.w[1] - first) << PAGE_SHIFT);
    for (; start < end; start += PAGE_SIZE)
        if (!take(start))
            return false;
    return true;
}

bool __fetch_files(uint64_t start, uint64_t end, enum fetch how)
{
    struct ipc_msg m;
    bool all = true;
    while (all && start < end && region_of(start, &m)) { /* bound: regions of the range */
        uint64_t from = m.w[1] > start ? m.w[1] : start, to = m.w[2] < end ? m.w[2] : end;
        if ((m.w[4] & 0xff) == BACKING_FILE && from < to)
            all = fetch(from, to, &m, how);
        start = m.w[2];
    }
    return all;
}

static err_t pin(uint64_t start, uint64_t end, enum pager_pin how)
{
    struct ipc_msg m = {.w = {PAGER_PIN, 0, start, end, how}};
    return pager_call(H_PAGER, &m);
}

void __fetch_new(uint64_t start, uint64_t end)
{
    err_t err = OK;
    for (uint64_t to; err == OK && start < end; start = to) { /* what can't be locked is not locked: then there is nothing to undo */
        to = end - start < PIN_STEP_BYTES ? end : start + PIN_STEP_BYTES;
        err = pin(start, to, PAGER_PIN_NOW);
        if (err == OK)
            err = pin(start, to, PAGER_UNPIN);
    }
}
