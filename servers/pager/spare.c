/* SPDX-License-Identifier: MIT
 * The spaces made ahead. SPACE_F_SPARE in the record says what it is until it is taken: a restart in between ends it.
 */
#include "spare.h"

#include "check.h"
#include "frame.h"
#include "op.h"
#include "sysgate.h"
#include "table.h"

struct spare spare;

/* A test counts allocations, or system calls: then nothing happens by the way. */
static bool is_watched(void)
{
#ifndef PAGODA_BENCH
    if (sysgate.die_before | sysgate.die_after)
        return true;
#endif
    return frame_test.fail_at != 0;
}

/* The first one whose thread is like this, else spare.count. */
static uint32_t find(uint64_t at)
{
    uint32_t i = 0;
    while (i < spare.count && spare.one[i].at != at) /* bound: SPARES_MAX */
        i++;
    return i;
}

static uint32_t take(uint32_t i)
{
    uint32_t slot = spare.one[i].slot;
    spare.one[i] = spare.one[--spare.count];
    return slot;
}

uint32_t spare_take(uint64_t at)
{
    spare.at = at;
    uint32_t i = find(at);
    return likely(i < spare.count) && !is_watched() ? take(i) : 0;
}

/* Nobody has a handle of it, so nobody can have it busy. */
static void end(uint32_t slot)
{
    err_t err = thread_delete_last(slot);
    check(err == OK);
    table_unmake_all(slot);
    err = space_destroy(slot);
    check(err == OK);
}

static bool are_enough(void)
{
    return spare.at == 0 || (spare.count == SPARES_MAX && find(spare.at) < spare.count) || is_watched() ||
           frame_pool[POOL_KERNEL].free < SPARES_REST;
}

bool spare_step(void)
{
    struct thread_made made;
    spare.asleep = are_enough();
    if (spare.asleep)
        return false;
    if (spare.count == SPARES_MAX)
        end(take(0)); /* none of them is of the kind that is wanted now */
    uint32_t slot = space_new_spare();
    if (slot != 0 && thread_new(slot, 0, spare.at, &made) == OK) {
        for (unsigned i = 0; i < SPARE_LEAVES && i < spare.notes; i++)
            (void)table_make(slot, spare.page[i]); /* NOMEM: then without */
        spare.one[spare.count++] = (struct spare_one){slot, spare.at};
        return true;
    }
    if (slot != 0)
        end(slot);
    spare.asleep = true;
    return false;
}

void spare_wake(void)
{
    if (likely(!spare.asleep || (spare.count >= SPARES_LOW && find(spare.at) < spare.count)) || are_enough())
        return;
    spare.asleep = false;
    op_notify(BADGE_IDLE);
}

void spare_frames(uint32_t *objects, uint32_t *tables)
{
    *objects = *tables = 0;
    for (uint32_t i = 0; i < spare.count; i++) {
        *objects += space_vol(spare.one[i].slot)->objects;
        *tables += space_vol(spare.one[i].slot)->tables;
    }
}

bool spare_give_back(void)
{
    bool any = spare.count > 0;
    while (spare.count > 0) /* bound: SPARES_MAX */
        end(take(spare.count - 1));
    return any;
}

void spare_reset(void)
{
    spare = (struct spare){0};
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        if (space_at(slot)->flags & SPACE_F_SPARE)
            end(slot);
}
