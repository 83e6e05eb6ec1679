/* SPDX-License-Identifier: MIT
 * Page tables as things: added and taken back one at a time, and leaf tables shared between spaces.
 *
 * A shared leaf table (FRAME_F_SHARED; frame_info.parents level-1 entries point to it) has no writable entry and does not
 * change: calls that would change an entry in it return ERR_BUSY until the space has a table of its own again.
 *
 *   SHARE_TABLE   root -> L1 --+--> leaf table        UNSHARE_TABLE   root -> L1 -> copy of the leaf table
 *   (other)       root -> L1 --+    no W, COW set     (other)         root -> L1 -> leaf table, one parent less
 */
#include "arch.h"

syscall_fn sys_space_table, sys_space_untable, sys_space_share_table, sys_space_unshare_table;

/* Before a leaf table goes, or is somebody else's, too. */
static void table_changed(void)
{
#ifndef MUTANT_KERNEL_KEEP_LEAF
    for (unsigned i = 0; i < hart_count; i++) /* bound: HARTS_MAX */
        harts[i].table_changes += TABLE_CHANGE;
#endif
}

long sys_space_table(struct thread *cur, uint64_t *a)
{
    struct space *s;
    err_t e = map_space(cur, a[0], &s);
    if (e != OK)
        return e;
    if (a[1] >= USER_VA_END)
        return ERR_INVAL;
    e = frame_check_kfree(cur->space, a[2]);
    if (e == OK)
        e = space_add_table(s, a[1], a[2]);
    if (e != OK)
        return e;
    unsigned level;
    (void)arch_walk(s->root, a[1], &level);
    a[1] = level;
    return OK;
}

/* The lowest table on the way to va, if no entry of it is used or others share it -> a1 its frame, the caller's again;
 * 0 if others still have it. */
long sys_space_untable(struct thread *cur, uint64_t *a)
{
    struct space *s;
    unsigned level;
    err_t err = map_space(cur, a[0], &s);
    if (err != OK)
        return err;
    pte_t *e = a[1] < USER_VA_END ? arch_walk(s->root, a[1], &level) : 0;
    if (!e)
        return ERR_INVAL;
    frame_t table = frame_of(e);
    if (table == s->root_frame)
        return ERR_NOENT;
    struct frame_info *info = frame_info_of(table);
    bool others = info->parents > 1; /* a shared table is only let go */
    if (info->maps && !others)
        return ERR_BUSY;
    unsigned up;
    pte_t *parent = arch_walk_to(s->root, a[1], level + 1, &up);
    /* commit */
    table_changed();
    entry_set(parent, 0);
    if (others) {
        info->parents--;
        arch_tlb_shootdown(s, a[1] & ~(CHUNK_SIZE - 1), FRAMES_PER_CHUNK);
        a[1] = NO_FRAME;
        return OK;
    }
    arch_tlb_shootdown(s, a[1] & ~PAGE_MASK, 1UL << 18); /* walks may have cached the table: forget all of the space */
    frame_give(table, true);
    a[1] = table;
    return OK;
}

void tables_take_back(struct space *s, vaddr_t va, uint64_t out[2])
{
    unsigned level, n = 0;
    out[0] = out[1] = NO_FRAME;
    pte_t *e = arch_walk(s->root, va, &level);
    for (frame_t table = frame_of(e); level < 2 && !frame_info_of(table)->maps; table = frame_of(e)) { /* bound: two levels */
        unsigned up;
        e = arch_walk_to(s->root, va, level + 1, &up);
        if (n == 0)
            table_changed();
        entry_set(e, 0);
        out[n++] = table;
        level = up;
    }
    if (n == 0)
        return;
    arch_tlb_shootdown(s, va, 1UL << 18); /* walks may have cached the tables: forget all of the space */
    for (unsigned i = 0; i < n; i++)
        frame_give((frame_t)out[i], true);
}

/* Writable entries of a leaf table become COW. Returns whether there were any. */
static bool table_write_protect(pte_t *table)
{
    bool lost = false;
    for (unsigned i = 0; i < PTES_PER_TABLE; i++) { /* bound: 512 */
        if (!(table[i] & PTE_V) || !(table[i] & PTE_W))
            continue;
        __atomic_fetch_xor(&table[i], PTE_W | PTE_COW, __ATOMIC_RELAXED);
        lost = true;
    }
    return lost;
}

/* Only ordinary pages of the caller's may be in a table that is shared: no devices, no other owner's frames. */
static bool table_is_shareable(const struct space *pager, const pte_t *table)
{
    for (unsigned i = 0; i < PTES_PER_TABLE; i++) /* bound: 512 */
        if ((table[i] & PTE_V) && frame_check_user(pager, PTE_FRAME(table[i])) != OK)
            return false;
    return true;
}

/* a0 from, a1 to, a2 va in the 2 MiB: `to` gets the leaf table of `from`, where it has none. Everything in it becomes COW. */
long sys_space_share_table(struct thread *cur, uint64_t *a)
{
    struct space *from, *to;
    unsigned level;
    err_t err = map_space(cur, a[0], &from);
    if (err == OK)
        err = map_space(cur, a[1], &to);
    if (err == OK && (from == to || a[2] >= USER_VA_END))
        err = ERR_INVAL;
    if (err != OK)
        return err;
    pte_t *e = arch_walk(from->root, a[2], &level);
    if (level)
        return ERR_NOENT;
    pte_t *table = (pte_t *)((uintptr_t)e & ~PAGE_MASK);
    struct frame_info *info = table_info(e);
    pte_t *slot = arch_walk(to->root, a[2], &level);
    if (level == 2)
        return ERR_NOTABLE;
    if (level == 0 || *slot)
        return ERR_EXIST;
    if (info->parents == UINT16_MAX)
        return ERR_LIMIT;
    bool first = !(info->flags & FRAME_F_SHARED);
    if (first && !table_is_shareable(cur->space, table))
        return ERR_OWNER;
    /* commit */
    table_changed();
    if (first) {
        info->flags |= FRAME_F_SHARED;
        info->parents = 1;
        if (table_write_protect(table))
            arch_tlb_shootdown(from, a[2] & ~(CHUNK_SIZE - 1), FRAMES_PER_CHUNK);
    }
    info->parents++;
    entry_set(slot, arch_pte_table(frame_of(table)));
    return OK;
}

/* a0 space, a1 va, a2 a free kernel frame or 0 -> a1 1 if the frame was taken: the space has a leaf table of its own again.
 * ERR_NOTABLE: others share it, so a frame is needed. */
long sys_space_unshare_table(struct thread *cur, uint64_t *a)
{
    struct space *s;
    unsigned level, up;
    err_t err = map_space(cur, a[0], &s);
    if (err == OK && a[1] >= USER_VA_END)
        err = ERR_INVAL;
    if (err != OK)
        return err;
    pte_t *e = arch_walk(s->root, a[1], &level);
    if (level || !table_is_shared(e))
        return ERR_NOENT;
    struct frame_info *info = table_info(e);
    bool alone = info->parents == 1;
    if (!alone)
        err = a[2] ? frame_check_kfree(cur->space, a[2]) : ERR_NOTABLE;
    if (err != OK)
        return err;
    /* commit */
    table_changed();
    if (alone) {
        info->flags &= ~FRAME_F_SHARED;
        info->parents = 0;
        a[1] = 0;
        return OK;
    }
    frame_take_dirty(a[2], FRAME_TABLE);
    pte_t *copy = frame_va(a[2]), *table = (pte_t *)((uintptr_t)e & ~PAGE_MASK);
    for (unsigned i = 0; i < PTES_PER_TABLE; i++) { /* bound: 512 */
        copy[i] = table[i];
        if (table[i] & PTE_V)
            frame_info_of(PTE_FRAME(table[i]))->maps++;
    }
    frame_info_of(a[2])->maps = info->maps;
    info->parents--;
    entry_set(arch_walk_to(s->root, a[1], 1, &up), arch_pte_table(a[2]));
    arch_tlb_shootdown(s, a[1] & ~(CHUNK_SIZE - 1), FRAMES_PER_CHUNK);
    a[1] = 1;
    return OK;
}
