/* SPDX-License-Identifier: MIT
 * The switches behind PAGER_DEBUG. Damage is done to counts only, never to a page table or to a page's content, so that a
 * test can take it back.
 */
#include "debug.h"

#include "evict.h"
#include "frame.h"
#include "space.h"
#include "store.h"
#include "sysgate.h"

#ifdef PAGODA_BENCH
err_t debug_set(unsigned which, uint64_t value, uint64_t *old)
{
    (void)which, (void)value, (void)old;
    return ERR_NOSYS;
}
#else

/* What is broken now, one at a time. */
static unsigned damage_kind;
static frame_t damage_frame;

/* dir 1: do, -1: undo */
static err_t apply_damage(unsigned kind, frame_t f, int dir)
{
    struct ledger_frame *w = frame_word(f);
    switch (kind) {
    case PAGER_BREAK_EXTRA_REF:
        w->refs += (uint32_t)dir;
        return OK;
    case PAGER_BREAK_MISSING_REF:
        w->refs -= (uint32_t)dir;
        return OK;
    case PAGER_BREAK_CHARGE:
        ledger.space_vol[w->charged].charged += (uint32_t)dir;
        return OK;
    case PAGER_BREAK_FREE_COUNT:
        frame_pool[POOL_USER].free += (uint32_t)dir;
        return OK;
    default:
        return ERR_INVAL;
    }
}

static err_t toggle_damage(uint64_t value)
{
    unsigned kind = (unsigned)value & 0xff;
    frame_t f = (frame_t)(value >> 8);
    if (!frame_in_ram(f))
        return ERR_INVAL;
    if (damage_kind == 0) {
        if (frame_word(f)->refs == 0)
            return ERR_INVAL;
        err_t err = apply_damage(kind, f, 1);
        if (err == OK) {
            damage_kind = kind;
            damage_frame = f;
        }
        return err;
    }
    if (damage_kind != kind || damage_frame != f)
        return ERR_BUSY;
    damage_kind = 0;
    return apply_damage(kind, f, -1);
}

err_t debug_set(unsigned which, uint64_t value, uint64_t *old)
{
    switch (which) {
    case PAGER_DEBUG_FAIL_ALLOC:
        *old = frame_fail_at(value);
        return OK;
    case PAGER_DEBUG_DIE_SYSCALL:
        *old = sysgate.die_before;
        sysgate.die_before = value ? sysgate.calls + value : 0;
        return OK;
    case PAGER_DEBUG_DIE_AFTER:
        *old = sysgate.die_after;
        sysgate.die_after = value ? sysgate.calls + value : 0;
        return OK;
    case PAGER_DEBUG_BREAK:
        *old = damage_kind;
        return toggle_damage(value);
    case PAGER_DEBUG_SYSCALLS:
        *old = sysgate.calls;
        return OK;
    case PAGER_DEBUG_STORE_WRITE:
    case PAGER_DEBUG_STORE_READ:
    case PAGER_DEBUG_STORE_DELAY:
    case PAGER_DEBUG_STORE_FULL:
        *old = store_debug((enum store_fault)(which - PAGER_DEBUG_STORE_WRITE), value);
        return OK;
    case PAGER_DEBUG_STORE_COPY:
        *old = store_debug(STORE_COPY, value);
        return OK;
    case PAGER_DEBUG_EVICT:
        *old = evict_now(value);
        return OK;
    default:
        return ERR_INVAL;
    }
}
#endif
