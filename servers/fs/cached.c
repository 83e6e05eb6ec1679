/* SPDX-License-Identifier: MIT
 * The pages of files on the disk that are, or were, mapped: a hash by file and index, and a list of all in order of arrival,
 * from which the oldest leave when there is no memory; one that can't, since somebody has locked it, becomes the youngest. A page leaves
 * only after the pager has taken it from everybody.
 */
#include "cached.h"

#include "fs.h"
#include "job.h"
#include "mapped.h"

#include <ipc/pager.h>
#include <string.h>

struct cached {
    struct cached *hash_next;
    struct cached *next, **link; /* of its file */
    struct cached *younger, *older;
    struct mapped *of;
    uint32_t index;
    bool dirty;
    bool leaves; /* it is to be written by a write-back that has begun */
    void *page;
};

static struct slab cacheds = {.bytes = sizeof(struct cached), .of_files = true};
static struct cached *bucket[CACHED_BUCKETS];
static struct cached *oldest, *youngest;
static uint64_t dirty, kept; /* pages */

uint64_t cached_pages(void) { return kept; }

bool mapped_is_dirty(void) { return dirty > 0; }

static struct cached **bucket_of(const struct mapped *o, uint32_t index)
{
    return &bucket[((o->file ^ o->file >> 12) * 31 + index) % CACHED_BUCKETS];
}

static struct cached *find(struct mapped *o, uint32_t index)
{
    struct cached *c = *bucket_of(o, index);
    while (c && (c->of != o || c->index != index)) /* bound: the pool's pages */
        c = c->hash_next;
    return c;
}

void *cached_find(struct mapped *o, uint32_t index)
{
    struct cached *c = o->first ? find(o, index) : 0;
    return c ? c->page : 0;
}

static void set_dirty(struct cached *c, bool now)
{
    dirty += now - c->dirty;
    c->dirty = now;
}

void cached_dirty(struct mapped *o, uint32_t index)
{
    struct cached *c = find(o, index);
    if (c)
        set_dirty(c, true);
}

bool cached_is_dirty(struct mapped *o, uint32_t index)
{
    const struct cached *c = o->first ? find(o, index) : 0;
    return c && c->dirty;
}

bool cached_any_dirty(const struct mapped *o)
{
    const struct cached *c = o->first;
    while (c && !c->dirty) /* bound: its pages */
        c = c->next;
    return c;
}

void revoke(const struct mapped *o, uint32_t first, uint32_t end, uint64_t how)
{
    struct ipc_msg m = {.w = {PAGER_FILE_REVOKE, o->file, first, end, how}};
    if (pager_call(H_PAGER, &m) != OK)
        __builtin_trap(); /* a file of our own; without it a page would have two owners */
}

static void enter_order(struct cached *c)
{
    c->younger = 0;
    c->older = youngest;
    *(youngest ? &youngest->younger : &oldest) = c;
    youngest = c;
}

static void leave_order(struct cached *c)
{
    *(c->younger ? &c->younger->older : &youngest) = c->older;
    *(c->older ? &c->older->younger : &oldest) = c->younger;
}

static void forget(struct cached *c)
{
    struct cached **at = bucket_of(c->of, c->index);
    while (*at != c) /* bound: as find() */
        at = &(*at)->hash_next;
    *at = c->hash_next;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    leave_order(c);
    set_dirty(c, false);
    kept--;
    page_free(c->page);
    slab_free(&cacheds, c);
}

void cached_cut(struct mapped *o, uint32_t first)
{
    for (struct cached *c = o->first, *next; c; c = next) { /* bound: its pages */
        next = c->next;
        if (c->index >= first)
            forget(c);
    }
}

/* ---- to and from the disk ---- */

/* What the file has of the page, between it and memory. */
static uint64_t bytes_of(const struct cached *c)
{
    uint64_t start = (uint64_t)c->index << PAGE_SHIFT, size = c->of->v->size;
    return size <= start ? 0 : size - start < PAGE_SIZE ? size - start : PAGE_SIZE;
}

static err_t move(struct cached *c, enum vnode_access access)
{
    struct vnode *v = c->of->v;
    uint64_t start = (uint64_t)c->index << PAGE_SHIFT, bytes = bytes_of(c);
    for (uint64_t done = 0; done < bytes;) { /* bound: a page, at least a byte a turn */
        void *at;
        uint64_t n;
        err_t err = v->ops->bytes(v, start + done, access, &at, &n);
        if (err != OK)
            return err;
        n = n < bytes - done ? n : bytes - done;
        if (access == VNODE_READ) {
            memcpy((char *)c->page + done, at, n);
        } else {
            memcpy(at, (char *)c->page + done, n);
            v->ops->wrote(v, start + done, n);
        }
        done += n;
    }
    return OK;
}

/* All that was stored to up to now, and nobody stores any more without asking: in one go, for what is asked meanwhile is dirty anew. */
static void begin_to_write(struct mapped *o)
{
    revoke(o, 0, UINT32_MAX, PAGER_FILE_READ_ONLY);
    for (struct cached *c = o->first; c; c = c->next) { /* bound: its pages */
        c->leaves = c->dirty;
        set_dirty(c, false);
    }
}

err_t cached_write_back(struct mapped *o)
{
    err_t err = OK;
    if (!cached_any_dirty(o))
        return OK;
    begin_to_write(o);
    for (struct cached *c = o->first; c; c = c->next) { /* bound: its pages; none goes while the file is busy */
        if (!c->leaves)
            continue;
        if (err == OK)
            err = move(c, VNODE_WRITE);
        if (err != OK)
            set_dirty(c, true);
        c->leaves = false;
    }
    return err;
}

/* From everybody. False: somebody has locked it. */
static bool take_away(const struct cached *c)
{
    struct ipc_msg m = {.w = {PAGER_FILE_REVOKE, c->of->file, c->index, c->index + 1, PAGER_FILE_AWAY}};
    return pager_call(H_PAGER, &m) == OK;
}

/* The oldest page's file, if that has to be. */
static err_t clean_oldest(void)
{
    if (!oldest || !oldest->dirty)
        return OK;
    struct mapped *o = oldest->of;
    o->busy++;
    err_t err = cached_write_back(o);
    o->busy--;
    return err;
}

/* The oldest page leaves that was not stored to meanwhile and that nobody has locked; the others are not asked for again until all have been.
 * Only the keeper, which has the disk to itself, makes room like this. */
static bool make_room(void)
{
    if (clean_oldest() != OK)
        return false;
    for (uint64_t tried = 1, end = kept; tried <= end && oldest; tried++) { /* bound: pages kept when it begins */
        struct cached *c = oldest;
        if (!c->dirty && take_away(c)) {
            forget(c);
            return true;
        }
        leave_order(c);
        enter_order(c);
        if (tried % EVICT_TRIES == 0)
            job_let_others();
    }
    return false;
}

static struct cached *cached_new(struct mapped *o, uint32_t index)
{
    struct cached *c = slab_new(&cacheds);
    void *page = c ? file_page_new() : 0;
    if (!page) {
        if (c)
            slab_free(&cacheds, c);
        return 0;
    }
    c->of = o, c->index = index, c->page = page;
    return c;
}

static void enter(struct cached *c)
{
    struct cached **head = bucket_of(c->of, c->index);
    c->hash_next = *head;
    *head = c;
    c->next = c->of->first;
    c->link = &c->of->first;
    if (c->next)
        c->next->link = &c->next;
    c->of->first = c;
    enter_order(c);
    kept++;
}

/* From the disk; it is kept from then on, or gone. */
static err_t bring(struct cached *c)
{
    err_t err = move(c, VNODE_READ);
    if (err == OK) {
        enter(c);
        return OK;
    }
    page_free(c->page);
    slab_free(&cacheds, c);
    return err;
}

err_t cached_fill(struct mapped *o, uint32_t index, void **at)
{
    *at = cached_find(o, index);
    if (*at)
        return OK;
    struct cached *c = cached_new(o, index);
    while (!c && make_room()) /* bound: pages kept */
        c = cached_new(o, index);
    if (!c)
        return FS_ERR_NOSPC;
    err_t err = bring(c);
    *at = err == OK ? c->page : 0;
    return err;
}

err_t cached_ahead(struct mapped *o, uint32_t index)
{
    if (cached_find(o, index))
        return OK;
    struct cached *c = cached_new(o, index);
    return c ? bring(c) : FS_ERR_NOSPC;
}
