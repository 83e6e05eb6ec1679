/* SPDX-License-Identifier: MIT
 * Priority queues of threads: run queues and endpoint queues. Every operation takes constant time.
 * A thread stands in at most one of them; t->queue and t->q_prio say where.
 */
#include "kernel.h"

/* RV64GC has no count-trailing-zeros: isolate the bit, multiply by a de Bruijn sequence, look its index up. */
unsigned low_bit(uint64_t x)
{
    static const uint8_t index[64] = {
        0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28, 62, 5,  39, 46, 44, 42,
        22, 9,  24, 35, 59, 56, 49, 18, 29, 11, 63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21,
        23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
    };
    return index[((x & -x) * 0x022fdd63cc95386dUL) >> 58];
}

static void queue_insert(struct prio_queue *q, struct thread *t, unsigned prio)
{
    assert(!t->queue);
    struct thread *head = q->head[prio];
    t->queue = q;
    t->q_prio = prio;
    if (!head) {
        t->q_next = t->q_prev = t;
        q->head[prio] = t;
        q->map[queue_word(prio)] |= queue_bit(prio);
        q->words |= 1u << queue_word(prio);
        if (prio >= q->above)
            q->above = prio + 1;
        return;
    }
    t->q_next = head;
    t->q_prev = head->q_prev;
    head->q_prev->q_next = t;
    head->q_prev = t;
}

void queue_add(struct prio_queue *q, struct thread *t, unsigned prio) { queue_insert(q, t, prio); }

void queue_add_head(struct prio_queue *q, struct thread *t, unsigned prio)
{
    queue_insert(q, t, prio);
    q->head[prio] = t;
}

/* What q->above has to be. */
static unsigned queue_above(const struct prio_queue *q)
{
    unsigned w = 0;
    if (!q->words)
        return 0;
    while (!(q->words >> w & 1)) /* bound: 3 */
        w++;
    return PRIORITIES - (w * 64 + low_bit(q->map[w]));
}

void queue_remove(struct thread *t)
{
    struct prio_queue *q = t->queue;
    unsigned prio = t->q_prio;
    t->queue = 0;
    if (t->q_next == t) {
        q->head[prio] = 0;
        q->map[queue_word(prio)] &= ~queue_bit(prio);
        if (!q->map[queue_word(prio)])
            q->words &= ~(1u << queue_word(prio));
        if (prio + 1 == q->above)
            q->above = queue_above(q);
        return;
    }
    t->q_prev->q_next = t->q_next;
    t->q_next->q_prev = t->q_prev;
    if (q->head[prio] == t)
        q->head[prio] = t->q_next;
}
