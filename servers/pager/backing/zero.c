/* SPDX-License-Identifier: MIT
 * The shared zero page: what a first read of anonymous memory sees. It is held, so its count never reaches 1 and it is
 * never written in place.
 */
#include "backing/backing.h"

/* First start: take and clear a frame. Restart: it is there. */
err_t zero_init(void)
{
    frame_t f;
    if (ledger.header->zero_frame != NO_FRAME)
        return OK;
    err_t err = frame_alloc_held(&f);
    if (err != OK)
        return err;
    page_zero(f);
    ledger.header->zero_frame = f;
    return OK;
}
