/* SPDX-License-Identifier: MIT
 * The reference model of system calls: page tables, mappings and chunks (docs/syscalls/space.md, memory.md).
 */
#include "predict.h"

struct spot predict_walk(const struct space *s, vaddr_t va)
{
    struct spot at = {.level = 2};
    frame_t table = s->root_frame;
    if (va >= USER_VA_END)
        return at;
    for (;; at.level--) { /* bound: 3 levels */
        at.e = (const pte_t *)frame_va(table) + (va >> (PAGE_SHIFT + 9 * at.level) & (PTES_PER_TABLE - 1));
        at.table = &frame_table[table - ram_first];
        if (!at.level || !(*at.e & PTE_V) || spot_is_leaf(&at))
            return at;
        table = PTE_FRAME(*at.e);
    }
}

outcome_t predict_prot(uint64_t prot)
{
    static const uint8_t good[] = {PROT_R, PROT_R | PROT_W, PROT_R | PROT_X, PROT_R | PROT_COW};
    for (unsigned i = 0; i < sizeof(good); i++)
        if (prot == good[i])
            return 0;
    return OUTCOME(ERR_INVAL);
}

static outcome_t range(uint64_t va, uint64_t pages)
{
    uint64_t first = va >> PAGE_SHIFT, end = USER_VA_END >> PAGE_SHIFT;
    if (va % PAGE_SIZE || first >= end || pages > end - first)
        return OUTCOME(ERR_INVAL);
    bool misses = first + pages <= WINDOW_BASE >> PAGE_SHIFT || first >= WINDOW_END >> PAGE_SHIFT;
    return misses ? 0 : OUTCOME(ERR_INVAL);
}

/* A page for which nothing is there yet. */
static outcome_t may_fill(const struct space *s, vaddr_t va)
{
    struct spot at = predict_walk(s, va);
    if (at.level)
        return OUTCOME(ERR_NOTABLE);
    return *at.e & PTE_V ? OUTCOME(ERR_EXIST) : spot_is_shared(&at) ? OUTCOME(ERR_BUSY) : 0;
}

static outcome_t done_unless(outcome_t o) { return o ? o : OUTCOME(OK); }

/* ---- tables ---- */

static outcome_t on_table(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (!o && a[1] >= USER_VA_END)
        o = OUTCOME(ERR_INVAL);
    if (!o)
        o = predict_kfree(t->space, a[2]);
    if (o)
        return o;
    struct spot at = predict_walk(s, a[1]);
    bool window = a[1] >= WINDOW_BASE && a[1] < WINDOW_END;
    return at.level == 0 || spot_is_leaf(&at) || (at.level == 1 && window) ? OUTCOME(ERR_EXIST) : OUTCOME(OK);
}

static outcome_t on_untable(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (o || a[1] >= USER_VA_END)
        return o ? o : OUTCOME(ERR_INVAL);
    struct spot at = predict_walk(s, a[1]);
    const pte_t *table = (const pte_t *)((uintptr_t)at.e & ~PAGE_MASK);
    if (at.level == 2)
        return OUTCOME(ERR_NOENT);
    if (at.table->parents > 1)
        return OUTCOME(OK);
    for (unsigned i = 0; i < PTES_PER_TABLE; i++)
        if (table[i])
            return OUTCOME(ERR_BUSY);
    return OUTCOME(OK);
}

static outcome_t two_spaces(const struct thread *t, const uint64_t *a, struct space **from, struct space **to)
{
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, from);
    return o ? o : predict_space(t, a[1], RIGHT_MAP, to);
}

static outcome_t on_share_table(const struct thread *t, const uint64_t *a)
{
    struct space *from, *to;
    outcome_t o = two_spaces(t, a, &from, &to);
    if (!o && (from == to || a[2] >= USER_VA_END))
        o = OUTCOME(ERR_INVAL);
    if (o)
        return o;
    struct spot at = predict_walk(from, a[2]), there = predict_walk(to, a[2]);
    const pte_t *table = (const pte_t *)((uintptr_t)at.e & ~PAGE_MASK);
    if (at.level)
        return OUTCOME(ERR_NOENT);
    if (there.level == 2)
        return OUTCOME(ERR_NOTABLE);
    if (there.level == 0 || *there.e)
        return OUTCOME(ERR_EXIST);
    for (unsigned i = 0; !spot_is_shared(&at) && i < PTES_PER_TABLE; i++)
        if ((table[i] & PTE_V) && predict_user(t->space, PTE_FRAME(table[i])))
            return OUTCOME(ERR_OWNER);
    return OUTCOME(OK);
}

static outcome_t on_unshare_table(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (o || a[1] >= USER_VA_END)
        return o ? o : OUTCOME(ERR_INVAL);
    struct spot at = predict_walk(s, a[1]);
    if (at.level || !spot_is_shared(&at))
        return OUTCOME(ERR_NOENT);
    return done_unless(predict_kfree(t->space, a[2]));
}

/* ---- mappings ---- */

/* The same, of a call that does not overwrite what software has noted in the entry. */
static outcome_t may_fill_empty(const struct space *s, vaddr_t va)
{
    struct spot at = predict_walk(s, va);
    return !at.level && !spot_is_shared(&at) && *at.e ? OUTCOME(ERR_EXIST) : may_fill(s, va);
}

static outcome_t on_map(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (!o)
        o = range(a[1], a[2]);
    if (!o)
        o = predict_prot(a[3]);
    if (!o && (a[4] > 512 || a[2] > 512 - a[4] || (!a[5] && !t->space->batch)))
        o = OUTCOME(ERR_INVAL);
    if (!o && a[5] && (a[5] < ram_first || a[5] >= ram_end || a[2] > ram_end - a[5]))
        o = OUTCOME(ERR_INVAL);
    const uint64_t *list = o || a[5] ? 0 : frame_va(t->space->batch);
    for (uint64_t i = 0; !o && i < a[2]; i++) {
        uint64_t f = a[5] ? a[5] + i : list[a[4] + i];
        o = f ? predict_user(t->space, f) : 0;
        if (!o && f)
            o = may_fill_empty(s, a[1] + i * PAGE_SIZE);
    }
    return done_unless(o);
}

static outcome_t on_map_frame(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (!o)
        o = range(a[1], 1);
    if (!o)
        o = predict_prot(a[3]);
    if (!o)
        o = predict_user(t->space, a[2]);
    return done_unless(o ? o : may_fill(s, a[1]));
}

static outcome_t on_map_device(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    const struct handle *kernel;
    outcome_t o = predict_handle(t->space, a[0], OBJ_KERNEL, RIGHT_K_DEVICE, &kernel);
    if (!o)
        o = predict_space(t, a[1], RIGHT_MAP, &s);
    if (!o)
        o = range(a[2], 1);
    uint64_t f = a[3] >> PAGE_SHIFT;
    if (!o && (a[3] % PAGE_SIZE || a[3] >= 1UL << 40 || (f >= ram_first && f < ram_end)))
        o = OUTCOME(ERR_INVAL);
    return done_unless(o ? o : may_fill(s, a[2]));
}

static outcome_t on_soft(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (!o)
        o = range(a[1], 1);
    if (!o && (a[2] & PTE_V || a[3] > SOFT_REPLACE))
        o = OUTCOME(ERR_INVAL);
    if (o || a[3] != SOFT_REPLACE)
        return done_unless(o ? o : may_fill(s, a[1]));
    struct spot at = predict_walk(s, a[1]);
    return done_unless(at.level ? OUTCOME(ERR_NOTABLE) : spot_is_shared(&at) ? OUTCOME(ERR_BUSY) : 0);
}

/* A call that changes entries of a range: it stops where a leaf table is shared. */
static outcome_t changes(const struct space *s, uint64_t va, uint64_t pages)
{
    for (uint64_t i = 0; i < pages;) {
        struct spot at = predict_walk(s, va + i * PAGE_SIZE);
        if (!at.level && spot_is_shared(&at))
            return OUTCOME(ERR_BUSY);
        uint64_t span = 1UL << 9 * (at.level ? at.level : 1);
        i += span - ((va >> PAGE_SHIFT) + i) % span;
    }
    return OUTCOME(OK);
}

static outcome_t on_unmap(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (!o)
        o = range(a[1], a[2]);
    bool narrow = a[2] && (a[1] & (CHUNK_SIZE - 1)) + (a[2] << PAGE_SHIFT) <= CHUNK_SIZE;
    if (!o && (a[3] > UNMAP_TABLES || (a[3] && !narrow)))
        o = OUTCOME(ERR_INVAL);
    return o ? o : changes(s, a[1], a[2]);
}

static outcome_t on_protect(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (!o)
        o = range(a[1], a[2]);
    if (!o && (a[3] > 15 || (a[3] && !(a[3] & PROT_R))))
        o = OUTCOME(ERR_INVAL);
    return o ? o : changes(s, a[1], a[2]);
}

static outcome_t on_share(const struct thread *t, const uint64_t *a)
{
    struct space *from, *to;
    outcome_t o = two_spaces(t, a, &from, &to);
    if (!o)
        o = range(a[2], a[3]);
    if (!o && ((a[4] & 0xff) > SHARE_SAME || from == to))
        o = OUTCOME(ERR_INVAL);
    for (uint64_t i = 0; !o && i < a[3]; i++) {
        struct spot at = predict_walk(from, a[2] + i * PAGE_SIZE), there = predict_walk(to, a[2] + i * PAGE_SIZE);
        if (!at.level)
            o = there.level ? a[4] >> 8 ? OUTCOME_ANY : OUTCOME(ERR_NOTABLE) : spot_is_shared(&there) ? OUTCOME(ERR_BUSY) : 0;
    }
    return done_unless(o);
}

static outcome_t on_harvest(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    uint64_t pages = a[2] & ~(uint64_t)HARVEST_DIRTY;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (!o)
        o = pages > 64 ? OUTCOME(ERR_INVAL) : range(a[1], pages);
    return done_unless(o);
}

static outcome_t on_batch(const struct thread *t, const uint64_t *a)
{
    if (a[0] == 0 || a[0] == t->space->batch)
        return OUTCOME(OK);
    outcome_t o = predict_user(t->space, a[0]);
    return o ? o : frame_table[a[0] - ram_first].maps ? OUTCOME(ERR_BUSY) : OUTCOME(OK);
}

/* ---- chunks ---- */

static outcome_t own_chunk(const struct thread *t, uint64_t chunk)
{
    if (chunk < ram_first / FRAMES_PER_CHUNK || chunk >= ram_end / FRAMES_PER_CHUNK)
        return OUTCOME(ERR_INVAL);
    return chunk_table[chunk - ram_first / FRAMES_PER_CHUNK].owner == t->space->frame ? 0 : OUTCOME(ERR_OWNER);
}

static outcome_t idle_chunk(uint64_t chunk)
{
    const struct frame_info *i = &frame_table[chunk * FRAMES_PER_CHUNK - ram_first];
    bool kernel = chunk_table[chunk - ram_first / FRAMES_PER_CHUNK].kind == CHUNK_KERNEL;
    for (unsigned n = 0; n < FRAMES_PER_CHUNK; n++) {
        bool idle = kernel ? i[n].kind == FRAME_KFREE : i[n].kind == FRAME_USER && !i[n].maps && !(i[n].flags & FRAME_F_BATCH);
        if (!idle)
            return OUTCOME(ERR_BUSY);
    }
    return OUTCOME(OK);
}

static outcome_t on_retype(const struct thread *t, const uint64_t *a)
{
    outcome_t o = own_chunk(t, a[0]);
    if (!o && a[1] != CHUNK_USER && a[1] != CHUNK_KERNEL)
        o = OUTCOME(ERR_INVAL);
    return o ? o : idle_chunk(a[0]);
}

static outcome_t on_grant(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = own_chunk(t, a[0]);
    if (!o)
        o = predict_space(t, a[1], RIGHT_MAP, &s);
    return o ? o : idle_chunk(a[0]);
}

static outcome_t on_window_map(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_MAP, &s);
    if (o)
        return o;
    if (a[1] < ram_first / FRAMES_PER_CHUNK || a[1] >= ram_end / FRAMES_PER_CHUNK)
        return OUTCOME(ERR_INVAL);
    uint64_t first = frame_of(frame_table), last = frame_of((char *)(frame_table + (ram_end - ram_first)) - 1);
    bool table = a[1] >= first / FRAMES_PER_CHUNK && a[1] <= last / FRAMES_PER_CHUNK;
    if (!table && chunk_table[a[1] - ram_first / FRAMES_PER_CHUNK].owner != s->frame)
        return OUTCOME(ERR_OWNER);
    return predict_walk(s, WINDOW_BASE + a[1] * CHUNK_SIZE).level == 1 ? OUTCOME(OK) : OUTCOME(ERR_NOTABLE);
}

predict_fn *predict_map_rule(unsigned nr)
{
    static predict_fn *const rule[256] = {
        [SYS_SPACE_TABLE] = on_table, [SYS_SPACE_UNTABLE] = on_untable, [SYS_SPACE_MAP] = on_map,
        [SYS_SPACE_UNMAP] = on_unmap, [SYS_SPACE_PROTECT] = on_protect, [SYS_SPACE_SHARE] = on_share,
        [SYS_SPACE_HARVEST] = on_harvest, [SYS_SPACE_BATCH] = on_batch, [SYS_SPACE_MAP_FRAME] = on_map_frame,
        [SYS_SPACE_MAP_DEVICE] = on_map_device, [SYS_SPACE_SOFT] = on_soft, [SYS_SPACE_SHARE_TABLE] = on_share_table,
        [SYS_SPACE_UNSHARE_TABLE] = on_unshare_table, [SYS_CHUNK_RETYPE] = on_retype, [SYS_CHUNK_GRANT] = on_grant,
        [SYS_WINDOW_MAP] = on_window_map,
    };
    return rule[nr];
}
