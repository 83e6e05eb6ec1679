/* SPDX-License-Identifier: MIT
 * Mappings of a space: one page, one table, and ranges in bounded steps. Page-table entries change only here and in
 * fault.c's upgrade. The caller is the space's pager; every frame it names is checked to be its own.
 *
 * A range call handles at most STEP_PAGES entries, then looks whether an interrupt waits: if so it puts what is left into
 * the caller's registers and restarts the system call. Translations are shot down before the lock is let go.
 */
#include "arch.h"

#define IRQ_LOOK_PAGES 16u /* mapped between two looks for interrupts */

void space_init(struct space *s, frame_t frame, frame_t root)
{
    uint64_t *words = (uint64_t *)s;
    for (size_t i = 0; i < offsetof(struct space, handle_frame) / 8; i++)
        words[i] = 0;
    s->frame = frame;
    s->root_frame = root;
    s->owner_word = frame | (uint64_t)FRAME_USER << 32;
    s->root = frame_va(root);
    arch_root_init(s->root);
    link_init(&s->callers);
    link_init(&s->faulters);
    handle_table_init(s);
}

/* Write an entry that counts (non-zero) over one that did or did not. */
void entry_set(pte_t *e, pte_t value)
{
    table_info(e)->maps += (value != 0) - (*e != 0);
    __atomic_store_n(e, value, __ATOMIC_RELAXED);
}

static void frame_unmapped(pte_t old)
{
    frame_t f = PTE_FRAME(old);
    if (frame_in_ram(f)) {
        assert(frame_info_of(f)->maps > 0);
        frame_info_of(f)->maps--;
    }
}

void space_put_leaf(struct space *s, pte_t *e, vaddr_t va, pte_t new)
{
    pte_t old = *e;
    frame_info_of(PTE_FRAME(new))->maps++;
    if (!(old & PTE_V)) {
        entry_set(e, new);
        arch_tlb_flush_local(s, va);
        return;
    }
    /* Break before make: while one hart may still read the old frame, no thread of the space may store to the new one. Who
     * comes in between traps, waits for the lock, and finds the new entry. */
#ifndef MUTANT_KERNEL_MAKE_BEFORE_BREAK
    __atomic_store_n(e, 0, __ATOMIC_RELAXED);
#else
    __atomic_store_n(e, new, __ATOMIC_RELAXED);
#endif
#ifndef MUTANT_KERNEL_SKIP_FLUSH
    arch_tlb_shootdown(s, va, 1);
#endif
    __atomic_store_n(e, new, __ATOMIC_RELAXED); /* the table's count stays: one entry for another */
    frame_unmapped(old);
}

err_t space_map_one(struct space *s, vaddr_t va, frame_t f, unsigned prot, bool replace)
{
    unsigned level;
    pte_t *e = arch_walk(s->root, va, &level);
    if (!e || (level && arch_pte_is_leaf(*e)))
        return ERR_INVAL;
    if (level)
        return ERR_NOTABLE;
    if ((*e & PTE_V) && !replace)
        return ERR_EXIST;
    if (table_is_shared(e))
        return ERR_BUSY;
    /* commit */
    space_put_leaf(s, e, va, arch_pte_leaf(f, prot));
    return OK;
}

err_t space_add_table(struct space *s, vaddr_t va, frame_t table)
{
    unsigned level;
    pte_t *e = arch_walk(s->root, va, &level);
    return e ? entry_put_table(e, level, va, table) : ERR_INVAL;
}

err_t entry_put_table(pte_t *e, unsigned level, vaddr_t va, frame_t table)
{
    if (!level || arch_pte_is_leaf(*e) || (level == 1 && va_in_window(va)))
        return ERR_EXIST;
    /* commit */
    frame_take(table, FRAME_TABLE);
    entry_set(e, arch_pte_table(table));
    return OK;
}

/* ---- the window: 2 MiB entries ---- */

static pte_t *window_entry(struct space *s, uint64_t chunk, unsigned *level)
{
    return arch_walk(s->root, WINDOW_BASE + (chunk << CHUNK_SHIFT), level);
}

SELDOM err_t space_window(struct space *s, uint64_t chunk, bool writable)
{
    unsigned level;
    pte_t *e = window_entry(s, chunk, &level);
    if (level != 1)
        return ERR_NOTABLE;
    /* commit */
    bool present = *e & PTE_V;
    entry_set(e, arch_pte_window(chunk << CHUNK_SHIFT, writable));
    if (present)
        arch_tlb_shootdown(s, WINDOW_BASE + (chunk << CHUNK_SHIFT), FRAMES_PER_CHUNK);
    return OK;
}

SELDOM void space_window_remove(struct space *s, uint64_t chunk)
{
    unsigned level;
    pte_t *e = window_entry(s, chunk, &level);
    if (level != 1 || !(*e & PTE_V))
        return;
    entry_set(e, 0);
    arch_tlb_shootdown(s, WINDOW_BASE + (chunk << CHUNK_SHIFT), FRAMES_PER_CHUNK);
}

/* ---- decoding ---- */

err_t map_space(struct thread *cur, handle_t h, struct space **out)
{
    struct handle *slot;
    err_t e = handle_find_inline(cur->space, h, OBJ_SPACE, RIGHT_MAP, &slot);
    if (e != OK)
        return e;
    *out = frame_va(slot->object);
    trace(TRACE_SPACE, cur, cur->x[17] & 0xff, slot->object);
    return OK;
}

err_t map_range(uint64_t va, uint64_t pages)
{
    if (va & PAGE_MASK || va >= USER_VA_END || pages > (USER_VA_END - va) >> PAGE_SHIFT)
        return ERR_INVAL;
    return va < WINDOW_END && va + (pages << PAGE_SHIFT) > WINDOW_BASE ? ERR_INVAL : OK;
}

/* Entries from va to the end of its leaf table, the range or the step, whichever is first. */
uint64_t map_step(vaddr_t va, uint64_t pages)
{
    uint64_t in_table = PTES_PER_TABLE - ((va >> PAGE_SHIFT) & (PTES_PER_TABLE - 1));
    uint64_t n = pages < in_table ? pages : in_table;
    return n < STEP_PAGES ? n : STEP_PAGES;
}

/* Where nothing is mapped at `level`: pages to the next entry of that level, or the end of the range. */
uint64_t map_gap(vaddr_t va, uint64_t pages, unsigned level)
{
    uint64_t span = 1UL << (9 * level);
    uint64_t n = span - ((va >> PAGE_SHIFT) & (span - 1));
    return n < pages ? n : pages;
}

syscall_fn sys_space_map, sys_space_map_frame, sys_space_unmap, sys_space_protect,
    sys_space_harvest, sys_space_soft, sys_space_map_device;

/* a0 space, a1 va, a2 frame, a3 prot: where nothing is mapped. */
SELDOM long sys_space_map_frame(struct thread *cur, uint64_t *a)
{
    struct space *s;
    err_t e = map_space(cur, a[0], &s);
    if (e == OK)
        e = map_range(a[1], 1);
    if (e == OK && map_prot_bad(a[3]))
        e = ERR_INVAL;
    if (e == OK)
        e = frame_check_user(cur->space, a[2]);
    return e == OK ? space_map_one(s, a[1], a[2], a[3], false) : e;
}

/* Map frames of the pager's, from the one in `leaf` on, at e[0..n), entries of one leaf table with nothing in them. Returns how far
 * it came; *err: why not further. The loop is what a fault-around costs per page. */
static uint64_t map_run(uint64_t owner, pte_t *restrict e, pte_t leaf, uint64_t n, err_t *err)
{
    struct frame_info *info = frame_info_of(PTE_FRAME(leaf));
    pte_t *const first = e, *const end = e + n;
    for (; e < end; e++, info++, leaf += 1UL << PTE_PPN_SHIFT) { /* bound: IRQ_LOOK_PAGES */
        if (unlikely(!frame_is_mappable(owner, info) || *e)) {
            *err = frame_is_mappable(owner, info) ? ERR_EXIST : ERR_OWNER;
            break;
        }
        __atomic_store_n(e, leaf, __ATOMIC_RELAXED);
        info->maps++;
    }
    return (uint64_t)(e - first);
}

/* The frame for page i of SPACE_MAP's registers; 0: the list passes it over. */
static inline uint64_t map_frame(const struct space *pager, const uint64_t *a, uint64_t i)
{
    return a[5] ? a[5] + i : ((const uint64_t *)frame_va(pager->batch))[a[4] + i];
}

/* The registers of SPACE_MAP, as far as the leaf table of e, the step or an interrupt lets it. Returns how many pages were handled. */
static uint64_t map_pages(const struct space *pager, pte_t *e, const uint64_t *a, err_t *err)
{
    const uint64_t owner = frame_owner_word(pager), n = map_step(a[1], a[2]);
    const pte_t bits = arch_pte_leaf(0, a[3]);
    uint64_t i = 0, mapped = 0;
    while (i < n && *err == OK && !(i && i % IRQ_LOOK_PAGES == 0 && arch_irq_pending())) { /* bound: STEP_PAGES */
        uint64_t f = map_frame(pager, a, i), many = !a[5] ? 1 : n - i < IRQ_LOOK_PAGES ? n - i : IRQ_LOOK_PAGES;
        if (f && !frame_in_ram(f)) {
            *err = ERR_INVAL;
            break;
        }
        if (f)
            mapped += many = map_run(owner, e + i, bits | f << PTE_PPN_SHIFT, many, err);
        i += many;
    }
    table_info(e)->maps += mapped;
    return i;
}

/* Pages that the list passes over, from its beginning; a run passes over none. */
static SELDOM uint64_t map_list_gap(const struct space *pager, const uint64_t *a, uint64_t n)
{
    uint64_t i = 0;
    while (i < n && !map_frame(pager, a, i)) /* bound: STEP_PAGES */
        i++;
    return i;
}

/* Nothing can be mapped below the entry, or the table it is in: what is said to the first frame that would be. */
static SELDOM err_t map_hindered(const struct space *pager, const pte_t *entry, unsigned level, uint64_t f)
{
    err_t e = frame_check_user(pager, f);
    return e != OK ? e : level ? ERR_NOTABLE : *entry & PTE_V ? ERR_EXIST : ERR_BUSY;
}

static bool map_run_is_bad(uint64_t first, uint64_t pages) { return !frame_in_ram(first) || pages > ram_end - first; }

/* a0 space, a1 va, a2 pages <= 512 in all, a3 prot, a4 done, a5 frame of the first page, the others follow it; or 0: the batch page
 * lists a frame (8 bytes) per page, and 0 passes over. */
long sys_space_map(struct thread *cur, uint64_t *a)
{
    struct space *s, *pager = cur->space;
    err_t e = map_space(cur, a[0], &s);
    if (e == OK)
        e = map_range(a[1], a[2]);
    if (e == OK && (map_prot_bad(a[3]) || a[2] + a[4] > PAGE_SIZE / 8 || a[4] > PAGE_SIZE / 8 ||
                    (a[5] ? map_run_is_bad(a[5], a[2]) : !pager->batch)))
        e = ERR_INVAL;
    if (e != OK)
        return e;
    unsigned level;
    pte_t *entry = arch_walk(s->root, a[1], &level);
    uint64_t n = map_step(a[1], a[2]), done;
    if (unlikely(level || (n && table_is_shared(entry)))) {
        done = map_list_gap(pager, a, n);
        if (done < n)
            e = map_hindered(pager, entry + (level ? 0 : done), level, map_frame(pager, a, done));
    } else {
        done = map_pages(pager, entry, a, &e);
        arch_tlb_flush_local_pages(s, a[1], done);
    }
    a[1] += done << PAGE_SHIFT;
    a[2] -= done;
    a[4] += done;
    if (a[5])
        a[5] += done;
    if (e != OK || !a[2])
        return e;
    syscall_restart(cur);
    return SYS_NO_RESULT;
}

/* What an exit costs per page. Counts go down before the shootdown: nobody sees them before the lock is let go. */
static void unmap_step(struct space *s, pte_t *e, vaddr_t va, uint64_t n)
{
    const uint64_t first = ram_first, frames = ram_end - ram_first;
    struct frame_info *const info = frame_table_biased;
    unsigned cleared = 0, present = 0;
    for (pte_t *end = e + n; e < end; e++) { /* bound: STEP_PAGES */
        pte_t old = *e;
        if (!old)
            continue;
        __atomic_store_n(e, 0, __ATOMIC_RELAXED);
        cleared++;
        if (!(old & PTE_V))
            continue;
        uint64_t f = old << 10 >> 20; /* the PPN */
        present++;
        if (likely(f - first < frames))
            info[f].maps--;
    }
    table_info(e - 1)->maps -= cleared;
    if (!present)
        return;
#ifndef MUTANT_KERNEL_SKIP_SHOOTDOWN
    arch_tlb_shootdown(s, va, n);
#else
    (void)s, (void)va;
#endif
}

/* a0 space, a1 va, a2 pages, a3 UNMAP_* -> a1, a2 frames of the tables taken back, the lower first */
long sys_space_unmap(struct thread *cur, uint64_t *a)
{
    struct space *s;
    err_t err = map_space(cur, a[0], &s);
    if (err == OK)
        err = map_range(a[1], a[2]);
    if (err == OK && (a[3] & ~(uint64_t)UNMAP_TABLES || (a[3] && (!a[2] || (a[1] & (CHUNK_SIZE - 1)) + (a[2] << PAGE_SHIFT) > CHUNK_SIZE))))
        err = ERR_INVAL;
    if (err != OK)
        return err;
    vaddr_t last = a[1] + ((a[2] - 1) << PAGE_SHIFT);
    while (a[2]) { /* bound: restarts when an interrupt waits */
        unsigned level;
        pte_t *e = arch_walk(s->root, a[1], &level);
        uint64_t n = level ? map_gap(a[1], a[2], level) : map_step(a[1], a[2]);
        if (!level && table_is_shared(e))
            return ERR_BUSY;
        if (!level)
            unmap_step(s, e, a[1], n);
        a[1] += n << PAGE_SHIFT;
        a[2] -= n;
        if (a[2] && arch_irq_pending()) {
            syscall_restart(cur);
            return SYS_NO_RESULT;
        }
    }
    if (a[3])
        tables_take_back(s, last, &a[1]);
    return OK;
}

/* The entry with no more than `prot`; with PROT_COW a writable page becomes COW instead of read-only, with 0 nobody's to touch. */
static pte_t protect_entry(pte_t e, unsigned prot)
{
    pte_t keep = prot ? e : e & ~PTE_U;
    if (!(prot & PROT_X))
        keep &= ~PTE_X;
    if (prot & PROT_W)
        return keep;
    if ((prot & PROT_COW) && (keep & PTE_W))
        keep |= PTE_COW;
    else if (!(prot & PROT_COW))
        keep &= ~PTE_COW;
    return keep & ~PTE_W;
}

/* a0 space, a1 va, a2 pages, a3 what may stay */
SELDOM long sys_space_protect(struct thread *cur, uint64_t *a)
{
    struct space *s;
    err_t err = map_space(cur, a[0], &s);
    if (err == OK)
        err = map_range(a[1], a[2]);
    if (err == OK && (a[3] & ~15UL || (a[3] && !(a[3] & PROT_R))))
        err = ERR_INVAL;
    if (err != OK)
        return err;
    while (a[2]) { /* bound: restarts when an interrupt waits */
        unsigned level;
        pte_t *e = arch_walk(s->root, a[1], &level);
        uint64_t n = level ? map_gap(a[1], a[2], level) : map_step(a[1], a[2]);
        bool changed = false;
        if (!level && table_is_shared(e))
            return ERR_BUSY;
        for (uint64_t i = 0; !level && i < n; i++) {
            pte_t old = e[i], new = protect_entry(old, a[3]);
            if (!(old & PTE_V) || old == new)
                continue;
            __atomic_fetch_and(&e[i], new | PTE_A | PTE_D, __ATOMIC_RELAXED);
            __atomic_fetch_or(&e[i], new & PTE_COW, __ATOMIC_RELAXED);
            changed = true;
        }
        if (changed)
            arch_tlb_shootdown(s, a[1], n);
        a[1] += n << PAGE_SHIFT;
        a[2] -= n;
        if (a[2] && arch_irq_pending()) {
            syscall_restart(cur);
            return SYS_NO_RESULT;
        }
    }
    return OK;
}

/* a0 space, a1 va, a2 pages <= 64 | HARVEST_DIRTY -> a1 accessed, a2 dirty: bit i is page i. Not cleared in a shared table. */
SELDOM long sys_space_harvest(struct thread *cur, uint64_t *a)
{
    struct space *s;
    uint64_t pages = a[2] & 0xff, accessed = 0, dirty = 0;
    pte_t clear = PTE_A | (a[2] & HARVEST_DIRTY ? PTE_D : 0);
    err_t err = map_space(cur, a[0], &s);
    if (err == OK)
        err = map_range(a[1], pages);
    if (err == OK && (pages > 64 || a[2] & ~(HARVEST_DIRTY | 0xffUL)))
        err = ERR_INVAL;
    if (err != OK)
        return err;
    for (uint64_t i = 0; i < pages; i++) { /* bound: 64 */
        unsigned level;
        pte_t *e = arch_walk(s->root, a[1] + (i << PAGE_SHIFT), &level);
        if (level || !(*e & PTE_V))
            continue;
        /* A shared table's other spaces would keep the bits in their translations, and never set them again. */
        pte_t old = table_is_shared(e) ? *e : __atomic_fetch_and(e, ~clear, __ATOMIC_RELAXED);
        accessed |= (uint64_t)!!(old & PTE_A) << i;
        dirty |= (uint64_t)!!(old & PTE_D) << i;
    }
    if (accessed | (a[2] & HARVEST_DIRTY ? dirty : 0))
        arch_tlb_shootdown(s, a[1], pages);
    a[1] = accessed;
    a[2] = dirty;
    return OK;
}

/* a0 space, a1 va, a2 value without PTE_V, a3 0 or SOFT_REPLACE: whatever is there -> a1 old entry */
long sys_space_soft(struct thread *cur, uint64_t *a)
{
    struct space *s;
    unsigned level;
    err_t err = map_space(cur, a[0], &s);
    if (err == OK)
        err = map_range(a[1], 1);
    if (err == OK && (a[2] & PTE_V || a[3] > SOFT_REPLACE))
        err = ERR_INVAL;
    if (err != OK)
        return err;
    pte_t *e = arch_walk(s->root, a[1], &level);
    if (level)
        return ERR_NOTABLE;
    if ((*e & PTE_V) && a[3] != SOFT_REPLACE)
        return ERR_EXIST;
    if (table_is_shared(e))
        return ERR_BUSY;
    /* commit */
    pte_t old = __atomic_exchange_n(e, a[2], __ATOMIC_RELAXED); /* a hart may set A or D meanwhile */
    table_info(e)->maps += (a[2] != 0) - (old != 0);
    if (old & PTE_V) {
#ifndef MUTANT_KERNEL_SKIP_SHOOTDOWN
        arch_tlb_shootdown(s, a[1], 1);
#endif
        frame_unmapped(old);
    }
    a[1] = old;
    return OK;
}

/* a0 kernel, a1 space, a2 va, a3 physical address outside RAM */
SELDOM long sys_space_map_device(struct thread *cur, uint64_t *a)
{
    struct space *s;
    struct handle *slot;
    unsigned level;
    err_t err = handle_find(cur->space, a[0], OBJ_KERNEL, RIGHT_K_DEVICE, &slot);
    if (err == OK)
        err = map_space(cur, a[1], &s);
    if (err == OK)
        err = map_range(a[2], 1);
    if (err == OK && (a[3] & PAGE_MASK || frame_in_ram(a[3] >> PAGE_SHIFT) || a[3] >> 40)) /* PTE_FRAME's 28 bits */
        err = ERR_INVAL;
    if (err != OK)
        return err;
    pte_t *e = arch_walk(s->root, a[2], &level);
    if (level)
        return ERR_NOTABLE;
    if (*e & PTE_V)
        return ERR_EXIST;
    if (table_is_shared(e))
        return ERR_BUSY;
    /* commit */
    entry_set(e, arch_pte_device(a[3]));
    arch_tlb_flush_local(s, a[2]);
    return OK;
}
