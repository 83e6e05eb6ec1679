/* SPDX-License-Identifier: MIT
 * The model machine with a store of 400 slots and 40 frames to keep pages in.
 */
#ifndef HOST_PAGER_SWAPPING_H
#define HOST_PAGER_SWAPPING_H

#include "family.h"
#include "store.h"

static inline err_t set_frames(uint32_t space, uint64_t frames)
{
    struct ipc_msg m = {.w = {PAGER_FRAMES, space, frames, PAGER_FRAMES_SET}};
    return model_call(0, &m);
}
static inline void make_store(uint64_t slots)
{
    struct ipc_msg m = {.w = {PAGER_STORE, slots}};
    assert_int_equal(model_call(0, &m), OK);
}
static inline void break_store(enum store_fault which, uint64_t value) { (void)store_debug(which, value); }
static inline int setup_swapping(void **state)
{
    setup(state);
    for (enum store_fault f = 0; f < STORE_FAULTS; f++)
        break_store(f, 0);
    make_store(400);
    assert_int_equal(set_frames(0, 40), OK);
    return 0;
}

#endif
