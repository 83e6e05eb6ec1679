/* SPDX-License-Identifier: MIT
 * The model kernel's page tables, and the calls that change them.
 */
#include "inner.h"

#include <string.h>

#include "backing/backing.h"

/* ---- tables ---- */

struct frame_info *model_info(frame_t f)
{
    assert_true(f - machine.first < machine.frames);
    return &frame_infos[f - machine.first];
}
static uint64_t *entry_in(frame_t table, uint32_t page, unsigned level)
{
    return (uint64_t *)window(table) + ((page >> (9 * level)) & 511);
}
uint64_t *model_walk(frame_t root, uint32_t page, unsigned *level, frame_t *table)
{
    *table = root;
    for (*level = 2;; (*level)--) {
        uint64_t *e = entry_in(*table, page, *level);
        if (*level == 0 || !pte_is_table(*e))
            return e;
        *table = PTE_FRAME(*e);
    }
}
static frame_t space_root(handle_t h)
{
    assert_true(h < MODEL_HANDLES && machine.handle[h].type == OBJ_SPACE);
    return machine.root_of[machine.handle[h].object - machine.first];
}
static void set(frame_t table, uint64_t *e, uint64_t value)
{
    model_info(table)->maps += (value != 0) - (*e != 0);
    *e = value;
}
static uint64_t leaf_entry(frame_t f, unsigned prot)
{
    assert_true((prot & PROT_R) && (prot & (PROT_W | PROT_X)) != (PROT_W | PROT_X));
    return (uint64_t)f << PTE_PPN_SHIFT | PTE_V | PTE_U | PTE_A | PTE_D | (uint64_t)(prot & 7) << 1 |
           (prot & PROT_COW ? PTE_COW : 0);
}
bool model_is_shared(frame_t table) { return model_info(table)->flags & FRAME_F_SHARED; }
/* What may be fetched has been fenced since the pager was asked: stores to a frame are before its fence, and that before its
 * mapping. The boot image's pages and the zero page never change. */
static void check_code(frame_t f, unsigned prot)
{
    frame_t index = f - machine.first;
    bool constant = f == zero_frame() || (index >= FRAMES_PER_CHUNK && index < FRAMES_PER_CHUNK + MODEL_IMAGE_PAGES);
    if ((prot & PROT_X) && !constant && !machine.fenced)
        fail_msg("frame 0x%x becomes executable without a fence", f);
}
void model_map_entry(frame_t root, uint32_t page, frame_t f, unsigned prot)
{
    unsigned level;
    frame_t table;
    uint64_t *e = model_walk(root, page, &level, &table);
    assert_int_equal(level, 0);
    assert_false(model_is_shared(table));
    assert_int_equal(model_info(f)->kind, FRAME_USER);
    check_code(f, prot);
    if (*e & PTE_V)
        model_info(PTE_FRAME(*e))->maps--;
    model_info(f)->maps++;
    set(table, e, leaf_entry(f, prot));
}
err_t model_add_table(frame_t root, uint32_t page, frame_t f)
{
    unsigned level;
    frame_t table;
    uint64_t *e = model_walk(root, page, &level, &table);
    if (level == 0)
        return ERR_EXIST;
    assert_int_equal(model_info(f)->kind, FRAME_KFREE);
    memset(window(f), 0, PAGE_SIZE);
    *model_info(f) = (struct frame_info){.kind = FRAME_TABLE, .owner = MODEL_OWN_ID};
    set(table, e, (uint64_t)f << PTE_PPN_SHIFT | PTE_V);
    return OK;
}
/* The entry of the table above the one of `level`; *parent: where it stands. */
static uint64_t *entry_above(frame_t root, uint32_t page, unsigned level, frame_t *parent)
{
    unsigned up;
    *parent = root;
    for (up = 2; up > level + 1; up--)
        *parent = PTE_FRAME(*entry_in(*parent, page, up));
    return entry_in(*parent, page, up);
}
static void leave_shared(frame_t table)
{
    if (--model_info(table)->parents > 1)
        return;
    model_info(table)->parents = 0;
    model_info(table)->flags &= (uint8_t)~FRAME_F_SHARED;
}
static err_t untable(frame_t root, uint32_t page, frame_t *out)
{
    unsigned level;
    frame_t table, parent;
    (void)model_walk(root, page, &level, &table);
    if (table == root)
        return ERR_NOENT;
    if (model_info(table)->maps && !model_is_shared(table))
        return ERR_BUSY;
    uint64_t *above = entry_above(root, page, level, &parent);
    set(parent, above, 0);
    if (model_is_shared(table)) {
        leave_shared(table);
        *out = NO_FRAME;
        return OK;
    }
    model_info(table)->kind = FRAME_KFREE;
    *out = table;
    return OK;
}
static long share_table(frame_t from, frame_t to, uint32_t page)
{
    unsigned level, to_level;
    frame_t table, to_table;
    uint64_t *e = model_walk(from, page, &level, &table), *slot = model_walk(to, page, &to_level, &to_table);
    assert_int_equal(level, 0);
    assert_int_equal(to_level, 1);
    assert_int_equal(*slot, 0);
    e = window(table);
    for (unsigned i = 0; i < LEAF_PAGES; i++) {
        /* no slots: they would be uncounted */
        assert_true(e[i] == 0 || ((e[i] & PTE_V) && model_info(PTE_FRAME(e[i]))->kind == FRAME_USER));
        if (e[i] & PTE_W)
            e[i] ^= PTE_W | PTE_COW;
    }
    model_info(table)->parents = (uint16_t)((model_is_shared(table) ? model_info(table)->parents : 1) + 1);
    model_info(table)->flags |= FRAME_F_SHARED;
    set(to_table, slot, (uint64_t)table << PTE_PPN_SHIFT | PTE_V);
    return OK;
}
static long unshare_table(frame_t root, uint32_t page, frame_t f)
{
    unsigned level;
    frame_t table, parent;
    (void)model_walk(root, page, &level, &table);
    if (level || !model_is_shared(table))
        return ERR_NOENT;
    assert_int_equal(model_info(f)->kind, FRAME_KFREE);
    *model_info(f) = (struct frame_info){.kind = FRAME_TABLE, .owner = MODEL_OWN_ID, .maps = model_info(table)->maps};
    memcpy(window(f), window(table), PAGE_SIZE);
    for (unsigned i = 0; i < LEAF_PAGES; i++)
        if (*entry_in(f, i, 0) & PTE_V)
            model_info(PTE_FRAME(*entry_in(f, i, 0)))->maps++;
    uint64_t *e = entry_above(root, page, 0, &parent);
    *e = (uint64_t)f << PTE_PPN_SHIFT | PTE_V;
    leave_shared(table);
    return OK;
}

/* ---- ranges ---- */

static void unmap(frame_t root, uint32_t page, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        unsigned level;
        frame_t table;
        uint64_t *e = model_walk(root, page + (uint32_t)i, &level, &table);
        if (level)
            continue;
        assert_false(model_is_shared(table));
        if (*e & PTE_V)
            model_info(PTE_FRAME(*e))->maps--;
        set(table, e, 0);
    }
}
static long soft(frame_t root, uint32_t page, uint64_t value, uint64_t how, uint64_t *old)
{
    unsigned level;
    frame_t table;
    uint64_t *e = model_walk(root, page, &level, &table);
    assert_false(value & PTE_V);
    if (level)
        return ERR_NOTABLE;
    if ((*e & PTE_V) && how != SOFT_REPLACE)
        return ERR_EXIST;
    assert_false(model_is_shared(table));
    if (*e & PTE_V)
        model_info(PTE_FRAME(*e))->maps--;
    *old = *e;
    set(table, e, value);
    return OK;
}
static uint64_t harvest(frame_t root, uint32_t page)
{
    unsigned level;
    frame_t table;
    uint64_t *e = model_walk(root, page, &level, &table), was = level ? 0 : *e & PTE_A;
    if (was)
        *e &= ~PTE_A;
    return was != 0;
}
static void protect(frame_t root, uint32_t page, uint64_t pages, unsigned prot)
{
    for (uint64_t i = 0; i < pages; i++) {
        unsigned level;
        frame_t table;
        uint64_t *e = model_walk(root, page + (uint32_t)i, &level, &table);
        assert_true(level || !model_is_shared(table)); /* as a whole, whatever is mapped */
        if (level || !(*e & PTE_V))
            continue;
        if (prot == 0)
            *e &= ~PTE_U;
        if (!(prot & PROT_X))
            *e &= ~PTE_X;
        if (!(prot & PROT_W) && (prot & PROT_COW) && (*e & PTE_W))
            *e |= PTE_COW;
        else if (!(prot & (PROT_W | PROT_COW)))
            *e &= ~PTE_COW;
        if (!(prot & PROT_W))
            *e &= ~PTE_W;
    }
}
static long share(frame_t from, frame_t to, uint32_t page, uint64_t pages, unsigned mode)
{
    for (uint64_t i = 0; i < pages; i++) {
        unsigned level, to_level;
        frame_t table, to_table;
        uint64_t *e = model_walk(from, page + (uint32_t)i, &level, &table), *d;
        if (level || !(*e & PTE_V))
            continue;
        d = model_walk(to, page + (uint32_t)i, &to_level, &to_table);
        if (to_level)
            return ERR_NOTABLE;
        assert_false(model_is_shared(to_table));
        if (*d)
            continue;
        if (mode == SHARE_COW && (*e & PTE_W))
            *e = (*e & ~PTE_W) | PTE_COW;
        model_info(PTE_FRAME(*e))->maps++;
        set(to_table, d, *e);
    }
    return OK;
}

static struct sysret share_with(frame_t from, frame_t to, uint32_t page, const uint64_t *a)
{
    uint64_t frames = a[4] >> 8, taken = 0;
    unsigned level;
    frame_t table;
    for (model_walk(to, page, &level, &table); level && frames; model_walk(to, page, &level, &table), frames >>= 28, taken++)
        assert_int_equal(model_add_table(to, page, (frame_t)(frames & 0xfffffff)), OK);
    return (struct sysret){.a0 = share(from, to, page, a[3], (unsigned)a[4] & 0xff), .a4 = a[3], .a5 = taken};
}
static struct sysret take_back(frame_t root, uint32_t page)
{
    frame_t out[2] = {NO_FRAME, NO_FRAME};
    for (unsigned n = 0; n < 2 && untable(root, page, &out[n]) == OK; n++) {
    }
    return (struct sysret){.a1 = out[0], .a2 = out[1]};
}

/* A run of frames, or the batch page's list; stops where something is. */
static struct sysret map_pages(frame_t root, uint32_t page, const uint64_t *a)
{
    const uint64_t *list = window(ledger.header->batch_frame);
    unsigned level;
    frame_t table;
    for (uint64_t i = 0; i < a[2]; i++) {
        frame_t f = (frame_t)(a[5] ? a[5] + i : list[i]);
        if (f == NO_FRAME)
            continue;
        if (*model_walk(root, page + (uint32_t)i, &level, &table) != 0)
            return (struct sysret){.a0 = ERR_EXIST, .a4 = i};
        model_map_entry(root, page + (uint32_t)i, f, (unsigned)a[3]);
    }
    return (struct sysret){.a4 = a[2]};
}

/* ---- the calls ---- */

struct sysret model_space_call(long n, const uint64_t *a)
{
    uint32_t page = page_of(n == SYS_SPACE_SHARE || n == SYS_SPACE_SHARE_TABLE ? a[2] : a[1]);
    frame_t root = space_root((handle_t)a[0]), out = 0;
    switch (n) {
    case SYS_SPACE_TABLE:
        return (struct sysret){.a0 = model_add_table(root, page, (frame_t)a[2])};
    case SYS_SPACE_UNTABLE: {
        long r = untable(root, page, &out);
        return (struct sysret){.a0 = r, .a1 = out};
    }
    case SYS_SPACE_MAP_FRAME:
        model_map_entry(root, page, (frame_t)a[2], (unsigned)a[3]);
        return (struct sysret){0};
    case SYS_SPACE_MAP:
        return map_pages(root, page, a);
    case SYS_SPACE_UNMAP:
        unmap(root, page, a[2]);
        return a[3] & UNMAP_TABLES ? take_back(root, page) : (struct sysret){0};
    case SYS_SPACE_PROTECT:
        protect(root, page, a[2], (unsigned)a[3]);
        return (struct sysret){0};
    case SYS_SPACE_SOFT: {
        uint64_t old = 0;
        long r = soft(root, page, a[2], a[3], &old);
        return (struct sysret){.a0 = r, .a1 = old};
    }
    case SYS_SPACE_HARVEST:
        return (struct sysret){.a1 = harvest(root, page)};
    case SYS_SPACE_SHARE_TABLE:
        return (struct sysret){.a0 = share_table(root, space_root((handle_t)a[1]), page)};
    case SYS_SPACE_UNSHARE_TABLE:
        return (struct sysret){.a0 = unshare_table(root, page, (frame_t)a[2])};
    case SYS_SPACE_SHARE:
        return share_with(root, space_root((handle_t)a[1]), page, a);
    default:
        return (struct sysret){0}; /* handlers, reset */
    }
}
