/* SPDX-License-Identifier: MIT
 * Requests that change regions. Decode, then commit; the page work of a change is an operation (op.c), which answers the
 * caller itself when it takes long.
 */
#include "backing/backing.h"
#include "files.h"
#include "leaf.h"
#include "op.h"
#include "request.h"
#include "space.h"
#include "sysgate.h"
#include "table.h"

/* Where a pager has its window nobody has regions: the kernel maps nothing else there. */
#define WINDOW_BYTES (64UL << 30)
#define REGIONS_ADDED (REGION_STACK | REGION_HEAP | REGION_SHARED | REGION_PINNED) /* what REGION_ADD may ask for */
#define GAPS_FROM 16u /* the first page that a gap may have: a null pointer with an offset finds nothing */

/* [start, end) in whole pages of user space. */
static err_t decode_range(uint64_t start, uint64_t end, uint32_t *start_page, uint32_t *end_page)
{
    if ((start | end) & PAGE_MASK || start > end || end > va_of(USER_PAGES_END))
        return ERR_INVAL;
    if (start < WINDOW_BASE + WINDOW_BYTES && end > WINDOW_BASE)
        return ERR_INVAL;
    *start_page = page_of(start);
    *end_page = page_of(end);
    return OK;
}

err_t request_range(const struct ipc_event *ev, uint32_t *start_page, uint32_t *end_page)
{
    return decode_range(ev->w[2], ev->w[3], start_page, end_page);
}

static bool prot_is_sane(unsigned prot)
{
    if (prot & ~(PROT_R | PROT_W | PROT_X))
        return false;
    return prot == 0 || ((prot & PROT_R) && (prot & (PROT_W | PROT_X)) != (PROT_W | PROT_X));
}

static bool is_too_large(uint32_t pages)
{
    return pages > (frame_pool[POOL_USER].chunks + frame_pool[POOL_KERNEL].chunks) * FRAMES_PER_CHUNK;
}

#define FOR_TABLES 2u /* that so many pages may need besides */

/* More pages than there are frames, or than the space's limit has left when so many of its pages go: refused at once, while there is
 * somebody who can be told. What is touched is what counts, so in the end it may still be too much. */
static bool is_hopeless(uint32_t slot, uint32_t pages, uint32_t going)
{
    const struct space_vol *v = space_vol(slot);
    uint32_t limit = space_at(slot)->limit, has = v->charged + v->tables + v->objects;
    has -= going < has ? going : has;
    if (limit && (has >= limit || pages + FOR_TABLES > limit - has))
        return true;
    return is_too_large(pages);
}

/* What the image file has at the region's offset; never more than asked. */
static err_t check_image(const struct ledger_region *g)
{
    frame_t first;
    uint64_t size_bytes, offset_bytes = va_of(g->offset_page);
    err_t err = image_file(g->file, &first, &size_bytes);
    if (err != OK)
        return err;
#ifndef MUTANT_PAGER_TRUST_LENGTH
    if (offset_bytes > size_bytes || g->backed_bytes > size_bytes - offset_bytes)
        return ERR_INVAL;
#endif
    return OK;
}

/* One heap a space; the same again is left to region_add. */
static bool heap_is_sane(uint32_t slot, unsigned backing, uint32_t start_page)
{
    uint32_t heap = region_heap(slot);
    return backing == BACKING_ANON && (heap == NO_REGION || region_at(heap)->start_page == start_page);
}

/* w: the words of REGION_ADD. */
static err_t decode_region(const uint64_t *w, uint32_t slot, struct ledger_region *g)
{
    unsigned backing = (unsigned)w[5] & 0xff;
    uint64_t flags = w[4] >> 8, file = w[5] >> 8, offset = w[6];
    err_t err = decode_range(w[2], w[3], &g->start_page, &g->end_page);
    if (err != OK)
        return err;
    if (flags & ~(uint64_t)(REGIONS_ADDED | REGION_REPLACE) || !prot_is_sane(w[4] & 0xff))
        return ERR_INVAL;
    if (g->start_page == g->end_page && !(flags & REGION_HEAP))
        return ERR_INVAL;
    if ((flags & REGION_PINNED) && !(w[4] & PROT_R))
        return ERR_INVAL; /* its pages could not be mapped */
    if ((flags & REGION_SHARED) && backing != BACKING_ANON)
        return ERR_INVAL; /* the boot image is nobody's to write */
    if ((flags & REGION_HEAP) && !heap_is_sane(slot, backing, g->start_page))
        return ERR_INVAL;
    if ((backing != BACKING_ANON && backing != BACKING_IMAGE) || file > IMAGE_WHOLE || offset & PAGE_MASK ||
        offset >> PAGE_SHIFT > UINT32_MAX)
        return ERR_INVAL;
    g->flags = (uint8_t)(flags & REGIONS_ADDED);
    g->prot = (uint8_t)(w[4] & 0xff);
    g->space = (uint16_t)slot;
    g->backing = (uint8_t)backing;
    if (backing == BACKING_ANON)
        return OK;
    g->file = (uint16_t)file;
    g->offset_page = page_of(offset);
    g->backed_bytes = w[7];
    return check_image(g);
}

/* The page work. The caller is answered by the operation when it takes long. */
static err_t run_pages(const struct ipc_event *ev, struct response *r, struct ledger_op *op)
{
    op->cursor_page = op->start_page;
    err_t err = op_run(op, ev->id);
    r->later = err == ERR_IN_PROGRESS;
    return err;
}

/* What is in the way of a region goes first. ERR_DEFER: it takes long; the request comes again when it is done. */
static err_t make_way(const struct ledger_region *g)
{
    if (region_is_clear(g->space, g->start_page, g->end_page, NO_REGION))
        return OK;
    err_t err = region_cut(g->space, g->start_page, g->end_page);
    if (err == OK)
        err = op_run(&(struct ledger_op){.kind = OP_UNMAP, .space = space_id(g->space), .start_page = g->start_page,
                                         .end_page = g->end_page, .cursor_page = g->start_page}, NO_REPLY);
    return err == ERR_IN_PROGRESS ? ERR_DEFER : err;
}

/* Pages that are in the way of the region, at most. Some may stay with a relative, and count on. */
static uint32_t pages_going(const struct ledger_region *g)
{
    uint32_t going = 0;
    for (uint32_t page = g->start_page, next; page < g->end_page; page = next) { /* bound: leaf tables of the range */
        frame_t leaf = table_leaf(g->space, page);
        next = table_skip_hole(g->space, page);
        uint32_t here = (next < g->end_page ? next : g->end_page) - page, maps = leaf == NO_FRAME ? 0 : frame_maps(leaf);
        going += maps < here ? maps : here;
    }
    return going;
}

/* make_way() for memory that its limit must have room for: asked first, while nothing has changed, and again when what goes is gone. */
static err_t make_room(const struct ledger_region *g)
{
    uint32_t pages = g->end_page - g->start_page;
    if (g->backing != BACKING_ANON || !(g->prot & PROT_W))
        return make_way(g);
    if (is_too_large(pages))
        return ERR_NOMEM;
    if (is_hopeless(g->space, pages, 0) && is_hopeless(g->space, pages, pages_going(g)))
        return ERR_NOMEM;
    err_t err = make_way(g);
    return err == OK && is_hopeless(g->space, pages, 0) ? ERR_NOMEM : err;
}

/* The number by which a shared region and its copies in children know each other; that of the one that is there, when the
 * request came twice. */
static uint32_t origin_of(const struct ledger_region *g)
{
    if (!(g->flags & REGION_SHARED))
        return 0;
    uint32_t there = region_find(g->space, g->start_page);
    if (there != NO_REGION && region_at(there)->origin != 0)
        return region_at(there)->origin;
    uint32_t next = ledger.header->origins + 1;
    *(volatile uint32_t *)&ledger.header->origins = next ? next : 1;
    return ledger.header->origins;
}

err_t req_region_add(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    struct ledger_region g = {0};
    bool replace = ev->w[4] >> 8 & REGION_REPLACE;
    err_t err = request_space_to_change(ev, &slot);
    if (err == OK)
        err = decode_region(ev->w, slot, &g);
    if (err == OK && replace)
        err = make_room(&g);
    if (err != OK)
        return err;
    g.origin = origin_of(&g);
    err = region_add(&g);
    if (err != OK)
        return err;
    if (!(g.flags & REGION_PINNED)) {
        if (replace) {
            region_join(slot, g.start_page);
            region_join(slot, g.end_page);
        }
        return OK;
    }
    op_set_value(0);
    return run_pages(ev, r, &(struct ledger_op){.kind = OP_FILL, .space = space_id(slot), .start_page = g.start_page,
                                                .end_page = g.end_page});
}

/* One of REGIONS_ADD: it is there, and needs no page, when this returns. */
static err_t packed_add(const uint64_t packed[2], uint32_t slot, uint64_t file)
{
    const struct pager_region p = pager_region_unpack(packed);
    struct ledger_region g = {0};
    if (p.prot_flags >> 8 & ~(uint64_t)(REGION_STACK | REGION_HEAP))
        return ERR_INVAL;
    uint64_t backing = p.backed_bytes ? BACKING_IMAGE | file << 8 : BACKING_ANON;
    err_t err = decode_region((const uint64_t[]){0, 0, p.start, p.end, p.prot_flags, backing, p.offset_bytes, p.backed_bytes}, slot, &g);
    return err == OK ? region_add(&g) : err;
}

err_t req_regions_add(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot = space_slot((uint32_t)ev->w[1]);
    err_t err = slot == 0 ? ERR_NOENT : space_is_locked(slot) ? ERR_DEFER : OK;
    (void)r;
    for (unsigned i = 0; i < PAGER_REGIONS_MAX && err == OK; i++)
        if (ev->w[2 + 2 * i] != 0)
            err = packed_add(&ev->w[2 + 2 * i], slot, ev->w[1] >> 32);
    return err;
}

/* A region of a file: the file server says which process may have it, and how. */
err_t req_file_map(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot = space_find(ev->w[1]);
    uint64_t flags = ev->w[4] >> 8;
    struct ledger_region g = {.backing = BACKING_FILE, .space = (uint16_t)slot, .prot = (uint8_t)ev->w[4],
                              .flags = (uint8_t)(flags & (REGION_SHARED | REGION_READ_ONLY)), .origin = (uint32_t)ev->w[5],
                              .offset_page = page_of(ev->w[6]), .backed_bytes = ev->w[7] ? ev->w[7] : BACKED_ALL};
    (void)r;
    if (slot == 0)
        return ERR_NOENT;
    if (space_is_locked(slot))
        return ERR_DEFER;
    err_t err = decode_range(ev->w[2], ev->w[3], &g.start_page, &g.end_page);
    if (err != OK || g.start_page == g.end_page || !prot_is_sane(g.prot) || g.origin == 0 || ev->w[5] > UINT32_MAX ||
        flags & ~(uint64_t)(REGION_SHARED | REGION_READ_ONLY | REGION_REPLACE) || ev->w[6] & PAGE_MASK ||
        (ev->w[6] >> PAGE_SHIFT) + (g.end_page - g.start_page) > UINT32_MAX)
        return ERR_INVAL;
    if (g.backed_bytes != BACKED_ALL && (flags & REGION_SHARED))
        return ERR_INVAL; /* what is behind the bytes is each process's own */
    if (!files_have_room(g.origin))
        return ERR_LIMIT;
    if (flags & REGION_REPLACE)
        err = make_way(&g);
    if (err == OK)
        err = region_add(&g);
    if (err == OK && (flags & REGION_REPLACE)) {
        region_join(slot, g.start_page);
        region_join(slot, g.end_page);
    }
    return err;
}

err_t req_region_remove(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot, start, end;
    err_t err = request_space_to_change(ev, &slot);
    if (err == OK)
        err = decode_range(ev->w[2], ev->w[3], &start, &end);
    if (err == OK)
        err = region_cut(slot, start, end);
    if (err != OK || start == end)
        return err;
    op_set_value(0);
    return run_pages(ev, r, &(struct ledger_op){.kind = OP_UNMAP, .space = space_id(slot), .start_page = start,
                                                .end_page = end});
}

/* A request about a range of the caller's, without holes: its space and pages. */
static err_t decode_covered(const struct ipc_event *ev, uint32_t *slot, uint32_t *start, uint32_t *end)
{
    err_t err = request_space_to_change(ev, slot);
    if (err == OK)
        err = decode_range(ev->w[2], ev->w[3], start, end);
    return err == OK && *start != *end && !region_covers(*slot, *start, *end) ? ERR_NOENT : err;
}

/* Whether a region of the range must not become writable. */
static bool has_read_only(uint32_t slot, uint32_t start, uint32_t end)
{
    if (space_vol(slot)->files == 0)
        return false;
    for (uint32_t r = region_from(slot, start); r != NO_REGION && region_at(r)->start_page < end; r = region_next(r))
        if (region_at(r)->flags & REGION_READ_ONLY)
            return true;
    return false;
}

err_t req_region_protect(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot, start, end;
    uint64_t prot = ev->w[4];
    if (prot > 0xff || !prot_is_sane((unsigned)prot))
        return ERR_INVAL;
    err_t err = decode_covered(ev, &slot, &start, &end);
    if (err == OK && (prot & PROT_W) && has_read_only(slot, start, end))
        err = ERR_RIGHTS;
    if (err == OK && start != end)
        err = region_cut(slot, start, end);
    if (err != OK || start == end)
        return err;
    op_set_value(0);
    /* entries lose what the region no longer allows; what it allows newly comes with the next fault */
    return run_pages(ev, r, &(struct ledger_op){.kind = OP_PROTECT, .space = space_id(slot), .start_page = start,
                                                .end_page = end, .prot = (uint8_t)prot});
}

err_t req_region_discard(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot, start, end;
    err_t err = decode_covered(ev, &slot, &start, &end);
    if (err != OK || start == end)
        return err;
    op_set_value(0);
    return run_pages(ev, r, &(struct ledger_op){.kind = OP_DISCARD, .space = space_id(slot), .start_page = start,
                                                .end_page = end});
}

/* ---- questions ---- */

err_t req_region_gap(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot, start, end;
    uint64_t hint = ev->w[2], bytes = ev->w[3];
    err_t err = request_space(ev, &slot);
    if (err == OK && (bytes == 0 || (bytes | hint) & PAGE_MASK))
        err = ERR_INVAL;
    if (err != OK)
        return err;
    if (bytes > WINDOW_BASE)
        return ERR_NOMEM;
    if (hint >> PAGE_SHIFT >= GAPS_FROM && decode_range(hint, hint + bytes, &start, &end) == OK &&
        region_is_clear(slot, start, end, NO_REGION)) {
        r->m.w[1] = hint;
        return OK;
    }
    r->m.w[1] = va_of(region_gap(slot, GAPS_FROM, page_of(WINDOW_BASE), page_of(bytes)));
    return r->m.w[1] ? OK : ERR_NOMEM;
}

err_t req_region_info(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    err_t err = request_space(ev, &slot);
    if (err == OK && ev->w[2] >= USER_VA_END)
        err = ERR_INVAL;
    uint32_t n = err == OK ? region_from(slot, page_of(ev->w[2])) : NO_REGION;
    if (n == NO_REGION)
        return err == OK ? ERR_NOENT : err;
    const struct ledger_region *g = region_at(n);
    r->m.w[1] = va_of(g->start_page);
    r->m.w[2] = va_of(g->end_page);
    r->m.w[3] = g->prot | (uint64_t)g->flags << 8;
    r->m.w[4] = g->backing | (uint64_t)g->file << 8;
    r->m.w[5] = va_of(g->offset_page);
    r->m.w[6] = g->origin;
    return OK;
}

/* ---- the break ---- */

/* Pages that were locked stay what they are: behind them the heap goes on with a part of its own. */
static err_t heap_grow(uint32_t last, uint32_t end)
{
    struct ledger_region more = *region_at(last);
    if (!(more.flags & REGION_LOCKED)) {
        region_set_end(last, end);
        return OK;
    }
    more.start_page = more.end_page;
    more.end_page = end;
    more.flags &= (uint8_t)~REGION_LOCKED;
    return region_add(&more);
}

/* The first part stays, empty perhaps. */
static err_t heap_shrink(uint32_t first, uint32_t slot, uint32_t end, uint32_t old_end)
{
    uint32_t cut = end > region_at(first)->end_page ? end : region_at(first)->end_page;
    err_t err = cut < old_end ? region_cut(slot, cut, old_end) : OK;
    if (err == OK && end < region_at(first)->end_page)
        region_set_end(first, end);
    return err;
}

err_t req_brk(const struct ipc_event *ev, struct response *r)
{
    struct ipc_event own = *ev;
    uint32_t slot;
    own.w[1] = 0; /* always the caller's own */
    err_t err = request_space_to_change(&own, &slot);
    if (err != OK)
        return err;
    uint32_t heap = region_heap(slot), last = region_heap_last(slot);
    if (heap == NO_REGION)
        return ERR_NOENT;
    const struct ledger_region *g = region_at(heap);
    uint32_t old_end = region_at(last)->end_page;
    uint64_t now = space_at(slot)->brk ? space_at(slot)->brk : va_of(old_end), want = ev->w[1];
    r->m.w[1] = now;
    if (want == 0)
        return OK;
    if (want < va_of(g->start_page) || want > va_of(USER_PAGES_END))
        return ERR_INVAL;
    uint32_t end = page_of(want + PAGE_MASK);
    if (end > old_end && va_of(old_end) < WINDOW_BASE + WINDOW_BYTES && va_of(end) > WINDOW_BASE)
        return ERR_NOMEM;
    if (end > old_end && (is_hopeless(slot, end - old_end, 0) || is_too_large(end - g->start_page) || !region_is_clear(slot, old_end, end, last)))
        return ERR_NOMEM;
    err = end > old_end ? heap_grow(last, end) : heap_shrink(heap, slot, end, old_end);
    if (err != OK)
        return ERR_NOMEM;
    /* commit */
    *(volatile uint64_t *)&space_at(slot)->brk = want;
    r->m.w[1] = want;
    if (end >= old_end)
        return OK;
    op_set_value(want);
    return run_pages(ev, r, &(struct ledger_op){.kind = OP_UNMAP, .space = space_id(slot), .start_page = end,
                                                .end_page = old_end});
}

/* ---- devices ---- */

err_t req_device_map(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot, start, end;
    (void)r;
    err_t err = request_space_to_change(ev, &slot);
    if (err == OK)
        err = decode_range(ev->w[2], ev->w[2] + PAGE_SIZE, &start, &end);
    if (err != OK || ev->w[3] & PAGE_MASK)
        return err != OK ? err : ERR_INVAL;
    struct ledger_region g = {.space = (uint16_t)slot, .start_page = start, .end_page = end, .backing = BACKING_DEVICE,
                              .prot = PROT_R | PROT_W, .offset_page = page_of(ev->w[3])};
    err = region_add(&g);
    if (err == OK)
        err = table_make(slot, start);
    if (err == OK) {
        leaf_split(slot, start);
        err = gate_space_map_device(self.kernel, space_at(slot)->handle, ev->w[2], ev->w[3]);
    }
    uint32_t added = region_find(slot, start);
    if (err != OK && err != ERR_EXIST && added != NO_REGION)
        region_delete(added);
    return err == ERR_EXIST ? OK : err;
}
