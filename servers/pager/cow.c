/* SPDX-License-Identifier: MIT
 * Breaking a share: the faulter gets a copy of its own, its siblings keep what they have. Touches no mapping; the answer to
 * the fault, or the caller, maps the copy.
 */
#include "backing/backing.h"
#include "fault.h"
#include "resident.h"

err_t cow_copy(uint32_t slot, frame_t from, frame_t *fresh)
{
    resident.guard = from; /* what leaves for the fresh frame must be another page */
    err_t err = frame_alloc_user(slot, fresh);
    resident.guard = NO_FRAME;
    if (unlikely(err != OK))
        return err;
    if (from != zero_frame()) {
        cow_fill(slot, from, *fresh);
        return OK;
    }
    page_zero(*fresh);
    frame_drop(slot, from);
    return OK;
}
