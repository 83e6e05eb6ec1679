/* SPDX-License-Identifier: MIT
 * Page tables as things: added and taken back one at a time, and leaf tables shared between spaces.
 *
 * A shared leaf table (FRAME_F_SHARED; frame_info.parents level-1 entries, two or more, point to it) has no writable entry and
 * does not change: calls that would change an entry in it return ERR_BUSY until the space has a table of its own again. When
 * all but one have let go of it, it is an ordinary table.
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

/* One of the spaces has it no more. */
static void table_left(struct frame_info *info)
{
    if (--info->parents == 1)
        info->flags &= ~FRAME_F_SHARED;
}

/* All that the space's leaf table for va translates is forgotten. */
static void table_flush(struct space *s, vaddr_t va)
{
    arch_tlb_shootdown(s, va & ~(CHUNK_SIZE - 1), FRAMES_PER_CHUNK);
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
    bool others = info->flags & FRAME_F_SHARED; /* it is only let go */
    if (info->maps && !others)
        return ERR_BUSY;
    unsigned up;
    pte_t *parent = arch_walk_to(s->root, a[1], level + 1, &up);
    /* commit */
    table_changed();
    entry_set(parent, 0);
    if (others) {
        table_left(info);
        table_flush(s, a[1]);
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

/* Writable entries of a leaf table become COW, as long as all are ordinary pages of the pager's: no devices, no other owner's
 * frames. Returns whether they are. What a first fork costs per page: frames of a chunk have one owner, so that of neighbours only
 * the first is looked up, and the writable pages of a chunk are a run. */
static __attribute__((noinline)) bool table_write_protect(const struct space *pager, pte_t *e)
{
    const pte_t chunk_bits = ~0UL << (PTE_PPN_SHIFT + CHUNK_SHIFT - PAGE_SHIFT), alike = chunk_bits | PTE_V | PTE_W;
    pte_t last = ~0UL; /* like no entry */
    const pte_t *end = e + PTES_PER_TABLE, *run;
    for (uint64_t left = table_info(e)->maps; left; e++) { /* bound: 512, the table's own count of entries */
        for (run = e; e < end && !((*e ^ last) & alike); e++)
            __atomic_fetch_xor(e, PTE_W | PTE_COW, __ATOMIC_RELAXED);
        left -= (uint64_t)(e - run);
        if (!left)
            return true;
        pte_t old = *e;
        left -= old != 0;
        if (!(old & PTE_V))
            continue;
        if ((old ^ last) & chunk_bits && frame_check_user(pager, PTE_FRAME(old)) != OK)
            return false;
        last = old | PTE_W;
        if (old & PTE_W)
            __atomic_fetch_xor(e, PTE_W | PTE_COW, __ATOMIC_RELAXED);
    }
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
    if (!(info->flags & FRAME_F_SHARED)) {
        bool own = table_write_protect(cur->space, table);
        table_flush(from, a[2]);
        if (!own)
            return ERR_OWNER;
        info->flags |= FRAME_F_SHARED;
        info->parents = 1;
    }
    /* commit */
    table_changed();
    info->parents++;
    entry_set(slot, arch_pte_table(frame_of(table)));
    return OK;
}

/* A copy of a shared leaf table. Its pages, ordinary frames all of them, are each mapped once more. */
static __attribute__((noinline)) void table_copy(pte_t *restrict copy, const pte_t *restrict table)
{
    char *const words = (char *)frame_table_biased;
    for (const pte_t *end = table + PTES_PER_TABLE; table < end; table++, copy++) { /* bound: 512 */
        pte_t e = *table;
        *copy = e;
        if (likely(e & PTE_V))
            ((struct frame_info *)(words + (e >> (PTE_PPN_SHIFT - 4) & ~15UL)))->maps++;
    }
}

/* a0 space, a1 va, a2 a free kernel frame: the space has a leaf table of its own again. */
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
    err = frame_check_kfree(cur->space, a[2]);
    if (err != OK)
        return err;
    /* commit */
    table_changed();
    struct frame_info *info = table_info(e);
    frame_take_dirty(a[2], FRAME_TABLE);
    table_copy(frame_va(a[2]), (pte_t *)((uintptr_t)e & ~PAGE_MASK));
    frame_info_of(a[2])->maps = info->maps;
    table_left(info);
    entry_set(arch_walk_to(s->root, a[1], 1, &up), arch_pte_table(a[2]));
    table_flush(s, a[1]);
    return OK;
}
