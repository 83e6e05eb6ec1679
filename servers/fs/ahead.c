/* SPDX-License-Identifier: MIT
 * Pages of files on the disk that will probably be wanted: those behind a page that somebody touched, and those that a program
 * announced. The keeper reads them when nothing is wanted that somebody waits for. Never takes the room of another page for one.
 */
#include "ahead.h"

#include "cached.h"
#include "fs.h"
#include "mapped.h"

static struct {
    uint32_t file, next, end;
} ranges[AHEAD_RANGES];
static unsigned ranges_len;

bool ahead_wants(void) { return ranges_len > 0; }
static void drop(unsigned i) { ranges[i] = ranges[--ranges_len]; }

/* More than there is room for is forgotten: it is advice. */
void ahead_add(uint32_t file, uint32_t first, uint32_t end)
{
    for (unsigned i = 0; i < ranges_len; i++) {
        if (ranges[i].file != file || first < ranges[i].next || first > ranges[i].end)
            continue;
        ranges[i].end = end > ranges[i].end ? end : ranges[i].end;
        return;
    }
    if (first < end && ranges_len < AHEAD_RANGES) {
        ranges[ranges_len].file = file;
        ranges[ranges_len].next = first;
        ranges[ranges_len++].end = end;
    }
}

/* The page, if it is one. False: no more of this file. */
static bool read_page(struct mapped *o, uint32_t index)
{
    if (!o || o->v->ops->page || (uint64_t)index << PAGE_SHIFT >= o->v->size)
        return false;
    o->busy++;
    err_t err = cached_ahead(o, index);
    o->busy--;
    return err == OK;
}

void ahead_fill(bool (*stop)(void))
{
    for (unsigned n = 0; n < AHEAD_A_TURN && ranges_len > 0 && !stop(); n++) { /* then those who wait for the disk have their turn */
        unsigned i = ranges_len - 1;
        uint32_t file = ranges[i].file, index = ranges[i].next++;
        if (index >= ranges[i].end)
            drop(i);
        else if (!read_page(mapped_of(file), index)) /* others may have been added meanwhile, behind it */
            for (unsigned k = 0; k < ranges_len; k++)
                if (ranges[k].file == file && ranges[k].next == index + 1)
                    ranges[k].next = ranges[k].end;
    }
}

/* w[1] file, as the pager names it; w[2] first page, w[3] pages. Whose mappings there are only the pager knows, so that of any is good: it is
 * advice, and the length of the file is no secret. */
err_t do_FETCH(struct request *r)
{
    const uint64_t *w = r->ev->w;
    struct mapped *o = w[1] <= UINT32_MAX ? mapped_of((uint32_t)w[1]) : 0;
    if (w[2] > UINT32_MAX || w[3] > UINT32_MAX - w[2])
        return ERR_INVAL;
    if (!o)
        return ERR_IO; /* of a former life, or nothing is behind it */
    if (!o->v->ops->page)
        ahead_add(o->file, (uint32_t)w[2], (uint32_t)(w[2] + w[3]));
    r->m.w[1] = (o->v->size + PAGE_MASK) >> PAGE_SHIFT;
    return OK;
}
