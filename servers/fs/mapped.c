/* SPDX-License-Identifier: MIT
 * Mapped files: their names at the pager, and which page is where. A file is one of them from its first MAP until the pager
 * has no region of it. Must never free a page that a program may have mapped: FILE_REVOKE comes first.
 *
 *   a name: starts of this server (8 bits) | how often the place was used (12) | place (12): a former life's mean nothing
 */
#include "mapped.h"

#include "ahead.h"
#include "cached.h"
#include "disk.h"
#include "fs.h"
#include "job.h"

#include "../init/handoff.h"

#include <fcntl.h>
#include <ipc/pager.h>
#include <string.h>

#define STARTS_SHIFT 24u
#define TURN_SHIFT 12u
#define PLACE_MASK 0xfffu
#define WANTED_MAX 64u /* as many as the pager asks for at once */
_Static_assert(MAPPED_MAX <= PLACE_MASK, "a place fits a name");

static struct mapped *place[MAPPED_MAX + 1]; /* from 1 on */
static uint16_t turn[MAPPED_MAX + 1];
static struct slab mappeds = {.bytes = sizeof(struct mapped)};
static unsigned closing; /* of them wait for the keeper */
static bool began;

static struct {
    uint32_t file, index, access;
} wanted[WANTED_MAX]; /* from the disk */
static unsigned wanted_len;
static bool missed; /* the pager said what found no place in it */

uint64_t mapped_used(void) { return mappeds.used; }

struct mapped *mapped_of(uint32_t file)
{
    struct mapped *o = (file & PLACE_MASK) <= MAPPED_MAX ? place[file & PLACE_MASK] : 0;
    return o && o->file == file ? o : 0;
}

/* ---- files come and go ---- */

static uint32_t starts(void) { return (uint32_t)*(const uint64_t *)(SERVER_KEEP_VA + 8) & 0xff; }

static err_t mapped_new(struct vnode *v, struct mapped **out)
{
    unsigned i = 1;
    while (i <= MAPPED_MAX && place[i]) /* bound: MAPPED_MAX */
        i++;
    struct mapped *o = i <= MAPPED_MAX ? slab_new(&mappeds) : 0;
    if (!o)
        return i <= MAPPED_MAX ? ERR_NOMEM : FS_ERR_NFILE;
    turn[i] = (turn[i] + 1) & 0xfff;
    o->file = starts() << STARTS_SHIFT | (uint32_t)turn[i] << TURN_SHIFT | i;
    o->v = vnode_hold(v);
    place[i] = o;
    v->mapped = o;
    *out = o;
    return OK;
}

static void mapped_free(struct mapped *o)
{
    struct vnode *v = o->v;
    cached_cut(o, 0);
    place[o->file & PLACE_MASK] = 0;
    v->mapped = 0;
    slab_free(&mappeds, o);
    vnode_drop(v);
}

static bool is_unused(const struct mapped *o)
{
    struct ipc_msg m = {.w = {PAGER_FILE_USES, o->file}};
    return pager_call(H_PAGER, &m) == OK && m.w[1] == 0;
}

/* No region is left. What was stored in it goes to the disk first. */
static void mapped_end(struct mapped *o)
{
    if (!o || o->closing || !is_unused(o))
        return;
    if (!o->busy && !cached_any_dirty(o)) {
        mapped_free(o);
        return;
    }
    o->closing = true;
    closing++;
}

static void look_through(void)
{
    for (unsigned i = 1; i <= MAPPED_MAX; i++)
        mapped_end(place[i]);
}

/* ---- what the pager wants ---- */

static bool ends_before(const struct mapped *o, uint32_t index) { return (uint64_t)index << PAGE_SHIFT >= o->v->size; }

/* Where the page is. LATER_DISK: the keeper must read it; ERR_NOENT: there is no such page. */
static err_t page_of_file(struct mapped *o, uint32_t index, uint32_t access, void **at)
{
    struct vnode *v = o->v;
    if (ends_before(o, index))
        return ERR_NOENT;
    if (v->ops->page)
        return v->ops->page(v, index, at);
    *at = cached_find(o, index);
    if (*at && (access & PROT_W))
        cached_dirty(o, index);
    return *at ? OK : LATER_DISK;
}

#define BEHIND_END ((void *)(uintptr_t)PAGER_FILE_END)
static struct ipc_msg serve(uint32_t file, uint32_t index, const void *at)
{
    return (struct ipc_msg){.w = {PAGER_FILE_SERVE, file, index, (vaddr_t)at}};
}

/* Once for each page: the pager asks again when it is to be written as well. What finds no place (of a former life of the pager, others
 * are in line) is asked for again when these are filled. */
static void want(uint32_t file, uint32_t index, uint32_t access)
{
    unsigned i = 0;
    while (i < wanted_len && (wanted[i].file != file || wanted[i].index != index)) /* bound: WANTED_MAX */
        i++;
    missed = missed || i == WANTED_MAX;
    if (i == WANTED_MAX)
        return;
    if (i == wanted_len) {
        wanted[i].file = file;
        wanted[i].index = index;
        wanted[i].access = 0;
        wanted_len++;
    }
    wanted[i].access |= access;
}

static struct ipc_msg answer(uint32_t file, uint32_t index, uint32_t access)
{
    struct mapped *o = mapped_of(file);
    void *at = 0;
    err_t err = o ? page_of_file(o, index, access, &at) : ERR_IO;
    if (err == LATER_DISK && jobs_there()) {
        want(file, index, access);
        return serve(0, 0, 0);
    }
    return serve(file, index, err == OK ? at : err == ERR_NOENT ? BEHIND_END : 0);
}

/* Say m to the pager, and do what it says next until that is nothing. */
static void converse(struct ipc_msg m)
{
    for (;;) { /* bound: what it has to say; each want, each file once */
        if (pager_call(H_PAGER, &m) != OK)
            return;
        uint32_t file = (uint32_t)m.w[2], index = (uint32_t)m.w[3], access = (uint32_t)m.w[4];
        switch (m.w[1]) {
        case PAGER_FILE_WANTED:
            m = answer(file, index, access);
            break;
        case PAGER_FILE_UNUSED:
            mapped_end(mapped_of(file));
            m = serve(0, 0, 0);
            break;
        case PAGER_FILE_LOOK:
            look_through();
            m = serve(0, 0, 0);
            break;
        default:
            return;
        }
    }
}

void mapped_restart(void) { converse((struct ipc_msg){.w = {PAGER_FILE_SERVE, 0, PAGER_FILE_BEGAN}}); }
void mapped_collect(void) { converse(serve(0, 0, 0)); }

/* ---- the keeper's part ---- */

bool mapped_wants_keeper(void) { return wanted_len > 0 || closing > 0 || ahead_wants(); }
bool mapped_idle(void) { return !mapped_wants_keeper() && !mapped_is_dirty(); }

static void fill_wanted(void)
{
    while (wanted_len > 0) { /* bound: what the pager wants */
        uint32_t file = wanted[--wanted_len].file, index = wanted[wanted_len].index, access = wanted[wanted_len].access;
        struct mapped *o = mapped_of(file);
        void *at = 0;
        if (o) {
            o->busy++;
            bool behind = ends_before(o, index);
            if (!behind && cached_fill(o, index, &at) == OK && (access & PROT_W))
                cached_dirty(o, index);
            at = behind ? BEHIND_END : at;
            o->busy--;
        }
        converse(serve(file, index, at));
        if (at && at != BEHIND_END)
            ahead_add(file, index + 1, index + 1 + AHEAD_PAGES);
    }
    if (!missed)
        return;
    missed = false;
    mapped_restart(); /* whatever was not served it says again */
}

static bool is_wanted(void) { return wanted_len > 0; }

/* An error is nobody's to hear any more. */
static void end_closing(void)
{
    for (unsigned i = 1; i <= MAPPED_MAX && closing > 0; i++) {
        struct mapped *o = place[i];
        if (!o || !o->closing)
            continue;
        o->closing = false;
        closing--;
        o->busy++;
        (void)cached_write_back(o);
        o->busy--;
        if (is_unused(o))
            mapped_free(o);
    }
}

void mapped_keep(void)
{
    do {
        fill_wanted();
        ahead_fill(is_wanted);
    } while (wanted_len > 0); /* bound: what programs touch and announce */
    end_closing();
}

err_t mapped_write_back(struct vnode *v)
{
    err_t err = OK;
    for (unsigned i = 1; i <= MAPPED_MAX && err <= OK; i++) {
        struct mapped *o = place[i];
        if (!o || (v && o->v != v) || o->v->ops->page)
            continue;
        o->busy++;
        err_t one = cached_write_back(o);
        o->busy--;
        err = one != OK ? one : err;
    }
    return err;
}

/* ---- bytes that are read and written as well ---- */

void mapped_read(struct vnode *v, uint64_t offset, void **at, uint64_t *len)
{
    char *page = v->ops->page ? 0 : cached_find(v->mapped, (uint32_t)(offset >> PAGE_SHIFT));
    uint64_t rest = PAGE_SIZE - (offset & PAGE_MASK);
    if (!page)
        return;
    *at = page + (offset & PAGE_MASK);
    *len = *len < rest ? *len : rest;
}

void mapped_extent(struct vnode *v, uint64_t offset, enum vnode_extent *what, uint64_t *len)
{
    uint64_t rest = PAGE_SIZE - (offset & PAGE_MASK);
    if (v->ops->page || *what == VNODE_DATA)
        return;
    if (cached_is_dirty(v->mapped, (uint32_t)(offset >> PAGE_SHIFT)))
        *what = VNODE_DATA;
    *len = *len < rest ? *len : rest;
}

void mapped_wrote(struct vnode *v, uint64_t offset, const void *bytes, uint64_t len)
{
    const char *from = bytes;
    while (len > 0 && !v->ops->page) { /* bound: pages of a piece */
        uint64_t inside = offset & PAGE_MASK, n = len < PAGE_SIZE - inside ? len : PAGE_SIZE - inside;
        char *page = cached_find(v->mapped, (uint32_t)(offset >> PAGE_SHIFT));
        if (page)
            memcpy(page + inside, from, n);
        offset += n, from += n, len -= n;
    }
}

/* Of the last page. In memory that is the file's own, whose file system sees to it. */
static void clear(struct vnode *v, uint64_t from, uint64_t to)
{
    uint64_t inside = from & PAGE_MASK, rest = PAGE_SIZE - inside;
    char *page = inside && !v->ops->page ? cached_find(v->mapped, (uint32_t)(from >> PAGE_SHIFT)) : 0;
    if (page)
        memset(page + inside, 0, to - from < rest ? to - from : rest);
}

void mapped_grows(struct vnode *v, uint64_t offset)
{
    if (offset > v->size)
        clear(v, v->size, offset);
}

/* Pages in memory are the file's own and go with the cut, which can't fail then; those of a file on the disk are ours, and go when it is
 * known that the file ends there. */
static err_t shrink(struct vnode *v, uint64_t size)
{
    struct mapped *o = v->mapped;
    uint64_t first = (size + PAGE_MASK) >> PAGE_SHIFT;
    uint32_t from = first < UINT32_MAX ? (uint32_t)first : UINT32_MAX;
    if (v->ops->page) {
        revoke(o, from, UINT32_MAX, PAGER_FILE_GONE);
        return v->ops->truncate(v, size);
    }
    o->busy++; /* it may wait for the disk */
    err_t err = v->ops->truncate(v, size);
    o->busy--;
    if (err != OK)
        return err;
    revoke(o, from, UINT32_MAX, PAGER_FILE_GONE);
    cached_cut(o, from);
    clear(v, size, size + PAGE_SIZE);
    return OK;
}

err_t mapped_truncate(struct vnode *v, uint64_t size)
{
    if (!v->ops->page && !job_now())
        return LATER_ALONE;
    if (size < v->size)
        return shrink(v, size);
    mapped_grows(v, size);
    return v->ops->truncate(v, size);
}

/* ---- requests ---- */

static err_t begin(void)
{
    struct ipc_msg m = {.w = {PAGER_NOTIFY, FS_NTFN_PAGES}};
    if (began)
        return OK;
    err_t err = ERR_PEER_DEAD;
    for (unsigned i = 0; i < SERVER_TRIES && err == ERR_PEER_DEAD; i++) {
        server_pause(i);
        m = (struct ipc_msg){.w = {PAGER_NOTIFY, FS_NTFN_PAGES}};
        err = ipc_call_handle(H_PAGER, &m, SERVER_H_NTFN, RIGHT_SIGNAL, 0);
    }
    began = err == OK;
    return err;
}

/* What the descriptor allows. */
static err_t may_map(const struct file *f, uint64_t prot, uint64_t flags, uint64_t end)
{
    if (f->kind != FILE_VNODE || !vnode_is(f->vnode, S_IFREG) || f->vnode->ops->make)
        return FS_ERR_NODEV;
    if (!f->readable || ((flags & FS_MAP_SHARED) && (prot & PROT_W) && !f->writable))
        return FS_ERR_ACCES;
    return end > (uint64_t)UINT32_MAX << PAGE_SHIFT ? FS_ERR_OVERFLOW : OK;
}

err_t mapped_region(struct vnode *v, struct ipc_msg *m)
{
    err_t err = begin();
    struct mapped *o = v->mapped;
    if (err == OK && !o)
        err = mapped_new(v, &o);
    if (err != OK)
        return err;
    m->w[5] = o->file;
    err = pager_call(H_PAGER, m);
    if (err != OK)
        mapped_end(o);
    return err;
}

static err_t map(struct request *r, struct file *f)
{
    uint64_t prot = r->ev->w[4] & 0xff, flags = r->ev->w[4] >> 8, region = 0;
    region |= flags & FS_MAP_SHARED ? REGION_SHARED : 0;
    region |= flags & FS_MAP_REPLACE ? REGION_REPLACE : 0;
    region |= (flags & FS_MAP_SHARED) && !f->writable ? REGION_READ_ONLY : 0;
    struct ipc_msg m = {.w = {PAGER_FILE_MAP, r->client->pid, r->ev->w[2], r->ev->w[2] + r->ev->w[3], prot | region << 8, 0,
                              r->ev->w[5]}};
    return mapped_region(f->vnode, &m);
}

/* w[1] descriptor, w[2] start, w[3] bytes, w[4] PROT_* | FS_MAP_* << 8, w[5] offset */
err_t do_MAP(struct request *r)
{
    const uint64_t *w = r->ev->w;
    struct file *f = client_file(r->client, w[1]);
    uint64_t end;
    if (!f)
        return FS_ERR_BADF;
    if (w[3] == 0 || (w[2] | w[3] | w[5]) & PAGE_MASK || w[4] >> 8 & ~(uint64_t)(FS_MAP_SHARED | FS_MAP_REPLACE))
        return ERR_INVAL;
    if (__builtin_add_overflow(w[5], w[3], &end))
        return FS_ERR_OVERFLOW;
    err_t err = may_map(f, w[4] & 0xff, w[4] >> 8, end);
    return err == OK ? map(r, f) : err;
}

/* w[1] a file as the pager names it: of anybody's mapping, as in FETCH. It is written back a little earlier. */
err_t do_MSYNC(struct request *r)
{
    struct mapped *o = r->ev->w[1] <= UINT32_MAX ? mapped_of((uint32_t)r->ev->w[1]) : 0;
    if (!o || o->v->ops->page)
        return o ? OK : ERR_IO; /* of a former life, or nothing is behind it */
    if (!job_now())
        return LATER_DISK;
    struct vnode *v = vnode_hold(o->v);
    err_t err = mapped_write_back(v);
    if (err == OK)
        err = v->ops->sync(v, v);
    vnode_drop(v);
    return err;
}
