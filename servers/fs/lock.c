/* SPDX-License-Identifier: MIT
 * Locks on files: POSIX record locks, which belong to a process and end with the first descriptor of the file that it closes, and
 * flock()'s, which belong to an open description. The two kinds do not see each other. Who waits is tried again when any lock of
 * the system goes; a circle of processes that wait for each other is refused to the last one.
 */
#include "fs.h"

#include <fcntl.h>
#include <unistd.h>

#define END_OF_ALL (~0UL) /* a lock without a length reaches as far as files can */

struct lock {
    struct lock *next;         /* of its vnode */
    uint64_t start, end;       /* bytes [start, end) */
    uint32_t pid;              /* 0: a description's */
    const struct file *file;   /* flock */
    bool exclusive;
};

static struct slab locks = {.bytes = sizeof(struct lock)};

uint64_t locks_used(void) { return locks.used; }

/* What a request wants, or what it is about. */
struct want {
    struct vnode *v;
    uint64_t start, end;
    uint32_t pid;
    const struct file *file;
    bool exclusive, unlock;
};

static bool is_mine(const struct lock *l, const struct want *w) { return l->pid == w->pid && l->file == w->file; }
static bool is_kind(const struct lock *l, const struct want *w) { return (l->pid == 0) == (w->pid == 0); }

static bool is_in_the_way(const struct lock *l, const struct want *w)
{
    return is_kind(l, w) && !is_mine(l, w) && l->start < w->end && w->start < l->end && (l->exclusive || w->exclusive);
}

/* The first one by its place in the file. */
static struct lock *conflict(const struct want *w)
{
    struct lock *first = 0;
    for (struct lock *l = w->v->locks; l; l = l->next) /* bound: the file's locks */
        if (is_in_the_way(l, w) && (!first || l->start < first->start))
            first = l;
    return first;
}

static void unlink_lock(struct lock **at)
{
    struct lock *l = *at;
    *at = l->next;
    slab_free(&locks, l);
}

/* Two more at most are needed: one for the new lock, one where an old one is cut in two. */
static err_t reserve(struct lock *spare[2])
{
    if (locks.used + 2 > LOCKS_MAX)
        return FS_ERR_NOLCK;
    spare[0] = slab_new(&locks);
    spare[1] = spare[0] ? slab_new(&locks) : 0;
    if (spare[1])
        return OK;
    if (spare[0])
        slab_free(&locks, spare[0]);
    return FS_ERR_NOLCK;
}

/* What the owner had in [start, end) goes. *spare is used where a lock lies on both sides. */
static void cut(const struct want *w, struct lock **spare)
{
    for (struct lock **at = &w->v->locks, *l; (l = *at);) { /* bound: the file's locks */
        if (!is_mine(l, w) || l->end <= w->start || l->start >= w->end) {
            at = &l->next;
        } else if (l->start >= w->start && l->end <= w->end) {
            unlink_lock(at);
        } else if (l->start < w->start && l->end > w->end) {
            struct lock *rest = *spare;
            *spare = 0;
            *rest = *l;
            rest->start = w->end;
            l->end = w->start;
            l->next = rest;
            at = &rest->next;
        } else {
            *(l->start < w->start ? &l->end : &l->start) = l->start < w->start ? w->start : w->end;
            at = &l->next;
        }
    }
}

/* Neighbours of the same kind become one, so that a file that is locked byte by byte needs one lock. */
static void join(struct want *w)
{
    for (struct lock **at = &w->v->locks, *l; (l = *at);) { /* bound: the file's locks */
        if (!is_mine(l, w) || l->exclusive != w->exclusive || (l->end != w->start && l->start != w->end)) {
            at = &l->next;
            continue;
        }
        w->start = l->start < w->start ? l->start : w->start;
        w->end = l->end > w->end ? l->end : w->end;
        unlink_lock(at);
    }
}

static err_t set(struct want *w)
{
    struct lock *spare[2];
    err_t err = reserve(spare);
    if (err != OK)
        return err;
    /* commit */
    cut(w, &spare[1]);
    if (!w->unlock) {
        join(w);
        *spare[0] = (struct lock){w->v->locks, w->start, w->end, w->pid, w->file, w->exclusive};
        w->v->locks = spare[0];
        spare[0] = 0;
    }
    for (unsigned i = 0; i < 2; i++)
        if (spare[i])
            slab_free(&locks, spare[i]);
    requests_wake_locks(); /* also after a change from exclusive to shared */
    return OK;
}

static void drop_all(struct vnode *v, uint32_t pid, const struct file *f)
{
    bool some = false;
    for (struct lock **at = &v->locks; *at;) { /* bound: the file's locks */
        if ((*at)->pid != pid || (*at)->file != f) {
            at = &(*at)->next;
            continue;
        }
        unlink_lock(at);
        some = true;
    }
    if (some)
        requests_wake_locks();
}

void locks_closed(struct file *f, uint32_t pid)
{
    if (f->kind == FILE_VNODE && f->vnode->locks)
        drop_all(f->vnode, pid, 0);
}

void locks_file_ends(struct file *f)
{
    if (f->kind == FILE_VNODE && f->vnode->locks)
        drop_all(f->vnode, 0, f);
}

/* ---- requests ---- */

/* [start, start + len), a negative len: what lies before. */
static err_t range_of(const struct request *r, const struct file *f, struct want *w)
{
    int64_t start = (int64_t)r->ev->w[4], len = (int64_t)r->ev->w[5], base;
    switch (r->ev->w[6]) {
    case SEEK_SET: base = 0; break;
    case SEEK_CUR: base = (int64_t)f->position; break;
    case SEEK_END: base = (int64_t)f->vnode->size; break;
    default: return ERR_INVAL;
    }
    if (__builtin_add_overflow(base, start, &start))
        return FS_ERR_OVERFLOW;
    int64_t end = start;
    if (len > 0 && __builtin_add_overflow(start, len, &end))
        return FS_ERR_OVERFLOW;
    if ((len < 0 && __builtin_add_overflow(start, len, &start)) || start < 0)
        return ERR_INVAL;
    w->start = (uint64_t)start;
    w->end = len == 0 ? END_OF_ALL : (uint64_t)end;
    return OK;
}

static err_t wait_or_refuse(struct request *r, struct file *f, const struct lock *l, bool waits)
{
    if (!waits)
        return ERR_AGAIN;
    if (l->pid && requests_wait_in_circle(l->pid, r->client->pid))
        return FS_ERR_DEADLK;
    r->file = f;
    r->waits_for = l->pid;
    return LATER_LOCK;
}

static void tell(struct request *r, const struct lock *l)
{
    r->m.w[1] = l ? (l->exclusive ? F_WRLCK : F_RDLCK) : F_UNLCK;
    if (!l)
        return;
    r->m.w[2] = l->start;
    r->m.w[3] = l->end == END_OF_ALL ? 0 : l->end - l->start;
    r->m.w[4] = l->pid;
}

static err_t flock_(struct request *r, struct file *f, bool waits)
{
    uint64_t type = r->ev->w[3];
    struct want w = {.v = f->vnode, .end = END_OF_ALL, .file = f, .exclusive = type == F_WRLCK, .unlock = type == F_UNLCK};
    struct lock *other = w.unlock ? 0 : conflict(&w);
    return other ? wait_or_refuse(r, f, other, waits) : set(&w);
}

err_t do_LOCK(struct request *r)
{
    struct file *f = request_file(r, r->ev->w[1]);
    uint64_t how = r->ev->w[2], type = r->ev->w[3];
    if (!f || f != client_file(r->client, r->ev->w[1]))
        return FS_ERR_BADF; /* closed while it waited: no close would give the lock back */
    if ((type != F_RDLCK && type != F_WRLCK && type != F_UNLCK) || f->kind != FILE_VNODE)
        return ERR_INVAL;
    if (how == FS_FLOCK || how == FS_FLOCK_WAIT)
        return flock_(r, f, how == FS_FLOCK_WAIT);
    if (how != F_GETLK && how != F_SETLK && how != F_SETLKW)
        return ERR_INVAL;
    if (how != F_GETLK && ((type == F_RDLCK && !f->readable) || (type == F_WRLCK && !f->writable)))
        return FS_ERR_BADF;
    struct want w = {.v = f->vnode, .pid = r->client->pid, .exclusive = type == F_WRLCK, .unlock = type == F_UNLCK};
    err_t err = range_of(r, f, &w);
    if (err != OK)
        return err;
    struct lock *other = w.unlock ? 0 : conflict(&w);
    if (how == F_GETLK)
        tell(r, other);
    else
        err = other ? wait_or_refuse(r, f, other, how == F_SETLKW) : set(&w);
    return err;
}
