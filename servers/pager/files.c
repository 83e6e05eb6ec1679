/* SPDX-License-Identifier: MIT
 * What the file server is asked for, how many regions each of its files has, and taking mappings back. Never calls the server.
 */
#include "files.h"

#include "defer.h"
#include "leaf.h"
#include "op.h"
#include "space.h"
#include "sysgate.h"
#include "table.h"

#include <ipc/ipc.h>

/* ---- regions by file: open addressing, no holes in a chain ---- */

struct use {
    uint32_t file, regions; /* file 0: free */
};
static struct use table[FILES_TABLE];
static uint32_t files;
_Static_assert((FILES_TABLE & (FILES_TABLE - 1)) == 0, "places are masked");

static uint32_t place_of(uint32_t file) { return file * 2654435761u >> 7 & (FILES_TABLE - 1); }

/* Where the file is, or would be. */
static uint32_t find(uint32_t file)
{
    uint32_t i = place_of(file);
    while (table[i].file != 0 && table[i].file != file) /* bound: a quarter of the places stays free */
        i = (i + 1) & (FILES_TABLE - 1);
    return i;
}

bool files_have_room(uint32_t file) { return table[find(file)].file != 0 || files < FILES_MAPPED_MAX; }
uint32_t files_uses(uint32_t file) { return table[find(file)].regions; }

void files_count_in(uint32_t file)
{
    struct use *u = &table[find(file)];
    files += u->file == 0;
    u->file = file;
    u->regions++;
}

/* Those behind a place that becomes free move up if they could have stood there. */
static void forget(uint32_t i)
{
    for (uint32_t j = (i + 1) & (FILES_TABLE - 1); table[j].file != 0; j = (j + 1) & (FILES_TABLE - 1)) { /* bound: as find() */
        uint32_t home = place_of(table[j].file);
        if (((j - home) & (FILES_TABLE - 1)) < ((j - i) & (FILES_TABLE - 1)))
            continue;
        table[i] = table[j];
        i = j;
    }
    table[i] = (struct use){0};
    files--;
}

/* ---- what the server is to hear ---- */

static uint32_t unused[FILES_WANTS_MAX], unused_len;
static bool look_through; /* it must ask for each of its files: the list ran over, or was lost */

void files_count_out(uint32_t file)
{
    uint32_t i = find(file);
    check(table[i].regions > 0);
    if (--table[i].regions > 0)
        return;
    forget(i);
    if (unused_len == FILES_WANTS_MAX)
        look_through = true;
    else
        unused[unused_len++] = file;
    op_notify(BADGE_FS);
}

struct want {
    uint32_t file, index; /* file 0: free */
    uint8_t access;       /* PROT_W: to be written */
    uint8_t given;        /* the access that the server was told; 0: not yet */
};
static struct want wants[FILES_WANTS_MAX];

/* What was served last, while those who wait for it are tried again. */
static struct {
    uint32_t file, index;
    frame_t frame;
    err_t why; /* NO_FRAME */
    unsigned access;
} served;

void files_begin(void)
{
    for (uint32_t i = 0; i < FILES_TABLE; i++)
        table[i] = (struct use){0};
    files = unused_len = 0;
    served.file = 0;
    for (unsigned i = 0; i < FILES_WANTS_MAX; i++)
        wants[i].file = 0;
    look_through = true;
}

void files_server_began(void)
{
    for (unsigned i = 0; i < FILES_WANTS_MAX; i++)
        wants[i].given = 0;
}

static struct want *want_of(uint32_t file, uint32_t index)
{
    struct want *free = 0;
    for (unsigned i = 0; i < FILES_WANTS_MAX; i++) {
        if (wants[i].file == file && wants[i].index == index)
            return &wants[i];
        if (wants[i].file == 0)
            free = &wants[i];
    }
    return free;
}

/* No place: whoever waits is tried again with every answer of the server, and has its turn then. */
static void want(uint32_t file, uint32_t index, unsigned access)
{
    struct want *w = want_of(file, index);
    if (w == 0)
        return;
    if (w->file == 0)
        *w = (struct want){.file = file, .index = index};
    if (w->given != 0 && !(access & ~w->given))
        return;
    w->access |= (uint8_t)(access | PROT_R);
    w->given = 0;
    op_notify(BADGE_FS);
}

err_t files_page(const struct ledger_region *r, uint32_t page, unsigned access, frame_t *out)
{
    uint32_t index = r->offset_page + (page - r->start_page);
    if (served.file == r->origin && served.index == index && (served.frame == NO_FRAME || !(access & ~served.access))) {
        *out = served.frame;
        return served.frame == NO_FRAME ? served.why : OK;
    }
    want(r->origin, index, access);
    return ERR_IN_PROGRESS;
}

void files_serve(uint32_t file, uint32_t index, frame_t frame, err_t why)
{
    struct want *w = want_of(file, index);
    if (w == 0 || w->file == 0 || w->given == 0)
        return; /* nobody waits for it */
    served.file = file;
    served.index = index;
    served.frame = frame;
    served.why = why;
    served.access = w->given;
    w->file = 0;
    defer_retry();
    served.file = 0;
}

enum pager_file_next files_next(uint32_t *file, uint32_t *index, unsigned *access)
{
    for (unsigned i = 0; i < FILES_WANTS_MAX; i++) {
        if (wants[i].file == 0 || wants[i].given != 0)
            continue;
        wants[i].given = wants[i].access;
        *file = wants[i].file;
        *index = wants[i].index;
        *access = wants[i].access;
        return PAGER_FILE_WANTED;
    }
    while (unused_len > 0) { /* bound: FILES_WANTS_MAX */
        *file = unused[--unused_len];
        if (files_uses(*file) == 0)
            return PAGER_FILE_UNUSED;
    }
    bool look = look_through;
    look_through = false;
    return look ? PAGER_FILE_LOOK : PAGER_FILE_NONE;
}

/* ---- taking mappings back ---- */

/* A page that the process made its own, or that is in the store as such, is no page of the file any more. The server pays for its own. */
static bool is_of_file(uint32_t slot, uint32_t page)
{
    unsigned level;
    pte_t pte = table_walk(slot, page, &level);
    if (level != 0 || !(pte & PTE_V) || !frame_in_ram(PTE_FRAME(pte)))
        return false;
    uint32_t payer = frame_word(PTE_FRAME(pte))->charged;
    return payer != 0 && payer != slot && (space_at(payer)->flags & SPACE_F_SERVER);
}

/* [page, end) lies under one leaf table, which maps something. */
static void unmap_its(uint32_t slot, uint32_t page, uint32_t end)
{
    for (; page < end; page++)
        if (is_of_file(slot, page))
            table_unmap(slot, page, page + 1);
}

static void revoke_pages(uint32_t slot, uint32_t page, uint32_t end, enum files_revoke how)
{
    while (page < end) { /* bound: leaf tables of the range */
        uint32_t stop = leaf_floor(page) + LEAF_PAGES;
        stop = stop < end ? stop : end;
        frame_t leaf = table_leaf(slot, page);
        if (leaf == NO_FRAME) {
            page = table_skip_hole(slot, page);
            continue;
        }
        if (how == FILES_UNMAP) {
            table_unmap(slot, page, stop);
        } else if (how == FILES_UNMAP_ITS && frame_maps(leaf) > 0) {
            unmap_its(slot, page, stop);
        } else if (frame_maps(leaf) > 0) {
            leaf_split(slot, page); /* what is in a shared one is not the file's, but the kernel refuses it as a whole */
            check(gate_space_protect(space_at(slot)->handle, va_of(page), stop - page, PROT_R | PROT_X) == OK);
        }
        page = stop;
    }
}

static void revoke_region(const struct ledger_region *r, uint32_t first, uint32_t end, enum files_revoke how)
{
    uint32_t pages = r->end_page - r->start_page, from = r->offset_page;
    if (how == FILES_PROTECT && !(r->flags & REGION_SHARED))
        return; /* its writable pages are its own */
    if (how == FILES_PROTECT && r->prot == 0)
        return; /* nobody can store there, and mprotect() makes no page writable by itself */
    if (end <= from || first >= from + pages)
        return;
    uint32_t a = first > from ? first - from : 0, b = end - from < pages ? end - from : pages;
    revoke_pages(r->space, r->start_page + a, r->start_page + b, how);
}

/* Whether somebody has locked one of its pages [first, end) that the region has. */
static bool is_kept(const struct ledger_region *r, uint32_t first, uint32_t end)
{
    uint32_t from = r->offset_page, to = from + (r->end_page - r->start_page);
    bool locked = (r->flags & REGION_LOCKED) || (space_at(r->space)->flags & SPACE_F_PINNED);
    return locked && r->prot != 0 && first < to && end > from;
}

/* The first region of the file, in this space or a later one, behind region r of it (NO_REGION: any); NO_REGION: none. */
static uint32_t next_use(uint32_t file, uint32_t *slot, uint32_t r)
{
    r = r == NO_REGION ? region_from(*slot, 0) : region_next(r);
    for (;;) { /* bound: regions of spaces that have any of files */
        while (r != NO_REGION && (region_at(r)->backing != BACKING_FILE || region_at(r)->origin != file))
            r = region_next(r);
        if (r != NO_REGION)
            return r;
        do
            *slot = space_after(*slot);
        while (*slot && space_vol(*slot)->files == 0);
        if (!*slot)
            return NO_REGION;
        r = region_from(*slot, 0);
    }
}

static uint32_t first_use(uint32_t file, uint32_t *slot)
{
    *slot = space_after(0);
    return *slot ? next_use(file, slot, NO_REGION) : NO_REGION;
}

static bool is_kept_anywhere(uint32_t file, uint32_t first, uint32_t end)
{
    uint32_t slot, r = first_use(file, &slot);
    while (r != NO_REGION && !is_kept(region_at(r), first, end)) /* bound: regions of the file */
        r = next_use(file, &slot, r);
    return r != NO_REGION;
}

err_t files_revoke(uint32_t file, uint32_t first, uint32_t end, enum files_revoke how)
{
    uint32_t slot;
    if (files_uses(file) == 0)
        return OK;
    if (how == FILES_UNMAP_ITS && is_kept_anywhere(file, first, end))
        return ERR_BUSY;
    for (uint32_t r = first_use(file, &slot); r != NO_REGION; r = next_use(file, &slot, r)) /* bound: regions of the file */
        revoke_region(region_at(r), first, end, how);
    return OK;
}
