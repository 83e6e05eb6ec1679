/* SPDX-License-Identifier: MIT
 * What a system call will come to, said before it is made, from the rules of docs/syscalls/.
 */
#ifndef PREDICT_H
#define PREDICT_H

#include "host.h"

/* A set of outcomes, one bit each: bit 0 OK (or a kind of event), bit n the error -n, and: */
#define OUTCOME_BLOCKS (1u << 30)
#define OUTCOME_ANY (~0u)
#define OUTCOME(error) (1u << -(error))
typedef uint32_t outcome_t;

/* The outcomes that the call in t's registers can have now. One bit: certain. Changes nothing. */
outcome_t predict(const struct thread *t);
/* The class of what host_ecall returned. */
outcome_t outcome_of(long result);
/* How many of the set there are. */
static inline bool outcome_is_certain(outcome_t o) { return o && !(o & (o - 1)); }

/* predict.c's parts for the other files: 0 means that nothing is wrong (yet). */
typedef outcome_t predict_fn(const struct thread *t, const uint64_t *a);
const struct handle *predict_slot(const struct space *s, uint64_t h); /* in use or not; 0: out of range */
outcome_t predict_handle(const struct space *s, uint64_t h, unsigned type, unsigned rights, const struct handle **out);
outcome_t predict_space(const struct thread *t, uint64_t h, unsigned rights, struct space **out);
outcome_t predict_user(const struct space *owner, uint64_t frame);
outcome_t predict_kfree(const struct space *owner, uint64_t frame);
const struct frame_info *predict_info(uint64_t frame); /* 0: not in RAM */
void *predict_object(const struct handle *h);
bool predict_room(const struct space *s, unsigned handles);
outcome_t predict_transfer(const struct space *from, uint64_t word, const struct space *to);

struct spot { /* where a walk ends */
    const pte_t *e; /* 0: no user address */
    unsigned level;
    struct frame_info *table; /* of the table in which e stands */
};
struct spot predict_walk(const struct space *s, vaddr_t va);
static inline bool spot_is_leaf(const struct spot *p) { return (*p->e & PTE_V) && (*p->e & (PTE_R | PTE_W | PTE_X)); }
static inline bool spot_is_shared(const struct spot *p) { return p->table->flags & FRAME_F_SHARED; }
outcome_t predict_prot(uint64_t prot); /* that a mapping may have */

/* predict_map.c: SPACE_TABLE and what follows it, chunks. 0: no rule. */
predict_fn *predict_map_rule(unsigned nr);
predict_fn *predict_message_rule(unsigned nr); /* predict_message.c: calls, faults, copies, notifications. 0: no rule */
predict_fn *predict_thread_rule(unsigned nr);  /* predict_thread.c: threads, scheduling contexts. 0: no rule */

#endif
