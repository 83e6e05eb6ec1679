/* SPDX-License-Identifier: MIT
 * Queued signals, and taking one that is pending, wherever it stands (queue.c).
 */
#ifndef PROCMGR_QUEUE_H
#define PROCMGR_QUEUE_H

#include "signals.h"

struct queued {
    struct proc *owner; /* 0: free */
    uint64_t order;     /* later ones have more */
    uint8_t signal;
    struct sig_info info;
    /* ---- volatile ---- */
    struct queued *next; /* of the same process, or free */
};

/* Putting one there: room first (ERR_LIMIT, or the pager's error), then within a transaction, then behind it. */
must_check err_t queue_reserve(const struct proc *p, struct queued **out);
void queue_put(struct queued *q, struct proc *p, unsigned sig, const struct sig_info *info);
void queue_was_put(struct queued *q);
struct queued *queue_of_timer(const struct proc *p, unsigned id); /* the signal that it has sent and nobody took yet; 0: none */

/* One that is pending for a thread: what is told of it, and where it stands. */
struct pending {
    uint8_t signal, slot;
    bool own;              /* the thread's own, else the process's */
    struct queued *queued; /* 0: its bit is all there is of it */
    struct sig_info info;
};
void pending_next(const struct proc *p, unsigned slot, unsigned sig, struct pending *out); /* it is pending */
void pending_take(struct proc *p, const struct pending *what);  /* within a transaction */
void pending_taken(struct proc *p, const struct pending *what); /* behind it, for good */
void pending_restore(struct proc *p, const struct pending *what); /* or nobody took it after all */

void queue_drop(struct proc *p, uint64_t set); /* whose bits are gone already */
void queue_drop_timer(struct proc *p, unsigned id);
must_check err_t queue_rebuild(void);

/* timer.c: the signal of its timer was taken. */
void timer_told(struct proc *p, unsigned id);

#endif
