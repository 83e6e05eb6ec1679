/* SPDX-License-Identifier: MIT
 * One range of pages in two spaces: what fork is made of. The second space's missing tables are made on the way, of frames that
 * the caller brings. In bounded steps, as the calls of map.c.
 */
#include "arch.h"

syscall_fn sys_space_share;

/* Share n entries of one leaf table; returns whether the source lost a write permission. The loop is what a fork costs per
 * page: globals stand in locals, which no store in it can change, and a frame's word is found without its number. */
static __attribute__((noinline)) bool share_step(struct thread *cur, pte_t *restrict from, pte_t *restrict to, uint64_t n, unsigned mode)
{
    const uint64_t owner = frame_owner_word(cur->space), bytes = (ram_end - ram_first) * sizeof(struct frame_info);
    char *const words = (char *)frame_table_biased, *const first = (char *)&frame_table_biased[ram_first];
    const pte_t takes = mode == SHARE_COW ? PTE_W : 0; /* the permission that goes */
    pte_t seen = 0;
    unsigned added = 0;
    _Static_assert(sizeof(struct frame_info) == 1 << 4, "a shift makes the offset of an entry's frame word");
    for (const pte_t *end = from + n; from < end; from++, to++) { /* bound: STEP_PAGES */
        pte_t e = *from;
        char *word = words + (e >> (PTE_PPN_SHIFT - 4) & ~15UL);
        struct frame_info *info = (struct frame_info *)word;
        if (!(e & PTE_V) || (uint64_t)(word - first) >= bytes || *to || !frame_is_mappable(owner, info))
            continue;
        added++;
        info->maps++;
        seen |= e;
        if (likely(e & takes)) {
#ifndef MUTANT_KERNEL_LEAVE_W
            e = __atomic_fetch_xor(from, PTE_W | PTE_COW, __ATOMIC_RELAXED); /* a hart may set A or D meanwhile */
#endif
            e ^= PTE_W | PTE_COW;
        }
        *to = e;
    }
    table_info(to - 1)->maps += added;
    return seen & takes;
}

/* The entry for va in `to`, whose missing tables come from the frames that the caller has left in a4. */
static err_t share_target(struct thread *cur, struct space *to, uint64_t *a, pte_t **out)
{
    unsigned level;
    *out = arch_walk(to->root, a[2], &level);
    while (unlikely(level) && a[4] >> 8) { /* bound: two levels, each of which takes a frame */
        frame_t f = a[4] >> 8 & 0xfffffff;
        err_t e = frame_check_kfree(cur->space, f);
        if (e == OK)
            e = entry_put_table(*out, level, a[2], f);
        if (e != OK)
            return e;
        a[4] = SHARE_WITH(a[4] & 0xff, a[4] >> 36, 0);
        a[5] += 1UL << 32;
        *out = arch_table_entry(f, a[2], --level);
    }
    return level ? ERR_NOTABLE : table_is_shared(*out) ? ERR_BUSY : OK;
}

static void share_results(uint64_t *a)
{
    a[4] = (uint32_t)a[5];
    a[5] >>= 32;
}

/* a0 from, a1 to, a2 va, a3 pages, a4 mode or SHARE_WITH, a5 done so far | tables taken << 32 -> a4 done, a5 taken.
 * Entries present in `to` stay as they are. */
long sys_space_share(struct thread *cur, uint64_t *a)
{
    struct space *from, *to;
    err_t err = map_space(cur, a[0], &from);
    if (err == OK)
        err = map_space(cur, a[1], &to);
    if (err == OK)
        err = map_range(a[2], a[3]);
    unsigned mode = a[4] & 0xff;
    if (err == OK && (mode > SHARE_SAME || from == to))
        err = ERR_INVAL;
    if (err != OK)
        return err;
    while (a[3]) { /* bound: restarts when an interrupt waits */
        unsigned level;
        pte_t *e = arch_walk(from->root, a[2], &level), *d;
        uint64_t n = level ? map_gap(a[2], a[3], level) : map_step(a[2], a[3]);
        if (!level) {
            err = share_target(cur, to, a, &d);
            if (err != OK) {
                share_results(a);
                return err;
            }
            if (share_step(cur, e, d, n, mode))
                arch_tlb_shootdown(from, a[2], n);
        }
        a[2] += n << PAGE_SHIFT;
        a[3] -= n;
        a[5] += n;
        if (a[3] && arch_irq_pending()) {
            syscall_restart(cur);
            return SYS_NO_RESULT;
        }
    }
    share_results(a);
    return OK;
}
