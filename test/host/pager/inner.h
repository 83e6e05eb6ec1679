/* SPDX-License-Identifier: MIT
 * What the parts of the model kernel share: the machine's state and its page tables. Tests see model.h alone.
 *
 *   model.c    boots the machine, and is its programs: accesses, faults, requests
 *   calls.c    sys_raw() and the ipc_*(): objects, replies, deaths at a chosen call
 *   tables.c   page tables and the calls that change them
 */
#ifndef HOST_PAGER_INNER_H
#define HOST_PAGER_INNER_H

#include "model.h"

#define MODEL_OWN_ID 5u /* the pager's own space: a frame of chunk 0 */
#define MODEL_HANDLES 4096u

struct model_handle {
    unsigned type;
    frame_t object;
};
struct model_machine {
    frame_t first;
    uint32_t frames;
    struct model_handle handle[MODEL_HANDLES];
    frame_t root_of[1 << 20]; /* by control frame - first */
    uint64_t calls, die_at;   /* die_at: the call that does not return, or 0 */
    int die_after;
    err_t fault_verdict_error; /* the next answer to a fault is refused so */
    bool fenced;               /* SPACE_EXEC_FENCE since the pager was asked */
    struct fault current;      /* the fault being answered */
    struct {
        bool any;
        uint64_t w[MSG_WORDS];
    } replied; /* what the last reply said */
};
extern struct model_machine machine;

struct frame_info *model_info(frame_t f);
/* The entry for page and its level; *table: where it stands. */
uint64_t *model_walk(frame_t root, uint32_t page, unsigned *level, frame_t *table);
bool model_is_shared(frame_t table);
void model_map_entry(frame_t root, uint32_t page, frame_t f, unsigned prot);
err_t model_add_table(frame_t root, uint32_t page, frame_t f);
/* The calls that take a space, by their number. */
struct sysret model_space_call(long n, const uint64_t *a);

#endif
