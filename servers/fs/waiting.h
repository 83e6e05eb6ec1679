/* SPDX-License-Identifier: MIT
 * A request that waits, as request.c keeps it; pipequick.c makes and ends those of the commonest kind by itself.
 */
#ifndef FS_WAITING_H
#define FS_WAITING_H

#include "fs.h"

struct waiting {
    struct ipc_event ev;
    struct file *file;
    uint64_t done;
    union {
        struct {
            bool for_copy, for_poll, for_lock, woken;
            bool for_disk, alone;        /* waits for a job, that may change the disk */
            bool running;                /* in a job */
            bool dead;                   /* meanwhile its client gave up */
        };
        uint64_t flags;                  /* all of them: 0 when it just waits in a queue */
    };
    uint32_t waits_for;                  /* for_lock: the process that has it */
    struct question *question;           /* its last one, which it waits for when that is not answered; 0: it had none */
    ticks_t deadline;                    /* of a poll */
    struct wait_queue *queue;            /* 0: none */
    struct waiting *q_next, *q_before;
    struct waiting *next, *before;       /* of all */
    struct waiting *run_next, *disk_next;
};

extern struct slab waiting_slab;
extern struct waiting *waiting_all; /* the youngest first */

#endif
