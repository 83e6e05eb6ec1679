/* SPDX-License-Identifier: MIT
 * Priority queues of threads: run queues and endpoint queues. Every operation takes constant time.
 * A thread stands in at most one of them; t->queue and t->q_prio say where.
 */
#include "kernel.h"

const uint8_t low_bit_index[64] = {
    0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28, 62, 5,  39, 46, 44, 42,
    22, 9,  24, 35, 59, 56, 49, 18, 29, 11, 63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21,
    23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
};

void queue_add(struct prio_queue *q, struct thread *t, unsigned prio)
{
    assert(!t->queue);
    queue_insert(q, t, prio);
}

void queue_add_head(struct prio_queue *q, struct thread *t, unsigned prio)
{
    queue_add(q, t, prio);
    q->head[prio] = t;
}

void queue_remove(struct thread *t) { queue_take(t->queue, t); }
