/* SPDX-License-Identifier: MIT
 * Requests of the file server about its files' pages (files.h). It is trusted with which process may map which file; where its
 * own pages are the pager looks up itself.
 */
#include "files.h"
#include "request.h"
#include "space.h"
#include "table.h"

/* The frame at va of the caller's space; NO_FRAME: nothing is there, and the page can't be had then. */
static frame_t frame_at(const struct ipc_event *ev, vaddr_t va)
{
    uint32_t slot = space_slot(BADGE_ID(ev->badge));
    unsigned level;
    pte_t pte = slot && va < USER_VA_END ? table_walk(slot, page_of(va), &level) : 0;
    bool there = (pte & PTE_V) && level == 0 && frame_in_ram(PTE_FRAME(pte));
    return there ? PTE_FRAME(pte) : NO_FRAME;
}

err_t req_file_serve(const struct ipc_event *ev, struct response *r)
{
    uint32_t file = 0, index = 0;
    unsigned access = 0;
    if (ev->w[1] > UINT32_MAX || ev->w[2] > UINT32_MAX)
        return ERR_INVAL;
    frame_t f = ev->w[3] > PAGER_FILE_END ? frame_at(ev, ev->w[3]) : NO_FRAME;
    if (ev->w[1])
        files_serve((uint32_t)ev->w[1], (uint32_t)ev->w[2], f, ev->w[3] == PAGER_FILE_END ? ERR_NOENT : ERR_IO);
    else if (ev->w[2] == PAGER_FILE_BEGAN)
        files_server_began();
    r->m.w[1] = files_next(&file, &index, &access);
    r->m.w[2] = file;
    r->m.w[3] = index;
    r->m.w[4] = access;
    return OK;
}

err_t req_file_revoke(const struct ipc_event *ev, struct response *r)
{
    static const uint8_t how[] = {[PAGER_FILE_GONE] = FILES_UNMAP, [PAGER_FILE_READ_ONLY] = FILES_PROTECT,
                                  [PAGER_FILE_AWAY] = FILES_UNMAP_ITS};
    (void)r;
    if (ev->w[1] == 0 || ev->w[1] > UINT32_MAX || ev->w[2] > ev->w[3] || ev->w[3] > UINT32_MAX || ev->w[4] > PAGER_FILE_AWAY)
        return ERR_INVAL;
    return files_revoke((uint32_t)ev->w[1], (uint32_t)ev->w[2], (uint32_t)ev->w[3], (enum files_revoke)how[ev->w[4]]);
}

err_t req_file_uses(const struct ipc_event *ev, struct response *r)
{
    if (ev->w[1] == 0 || ev->w[1] > UINT32_MAX)
        return ERR_INVAL;
    r->m.w[1] = files_uses((uint32_t)ev->w[1]);
    return OK;
}
