/* SPDX-License-Identifier: MIT
 * Copies to and from clients' buffers. Like libipc's, but the kernel tells us through the bound notification, whose
 * other bits must not get lost: they are kept in `notified` for the main loop.
 */
#include "procmgr.h"

static err_t copy_all(reply_id_t id, unsigned buffer_dir, uint64_t offset, char *local, uint64_t len)
{
    ticks_t deadline = sys_time() + COPY_PATIENCE_TICKS;
    uint64_t total = 0;
    while (total < len) { /* bound: each turn copies, fails, or waits towards the deadline */
        uint64_t done = 0, bits = 0;
        err_t err = sys_copy(id, buffer_dir, offset + total, local + total, len - total, &done);
        total += done;
        if (err == OK && done > 0)
            continue;
        if (err == OK)
            return ERR_FAULT; /* the buffer ends here */
        if (err != ERR_FAULT_PENDING)
            return err;
        err = sys_wait(SERVER_H_NTFN, deadline, &bits);
        if (err != OK)
            return ERR_TIMEOUT;
        notified |= bits & ~NTFN_COPY_READY;
    }
    return OK;
}

err_t copy_from_client(reply_id_t id, unsigned buffer, uint64_t offset, void *to, uint64_t len)
{
    return copy_all(id, buffer, offset, to, len);
}

err_t copy_to_client(reply_id_t id, unsigned buffer, uint64_t offset, const void *from, uint64_t len)
{
    return copy_all(id, buffer | COPY_TO_CLIENT, offset, (char *)(uintptr_t)from, len);
}
