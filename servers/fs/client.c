/* SPDX-License-Identifier: MIT
 * Processes and their descriptors, by pid. A process has an entry from ATTACH or from its parent's fork on, until procmgr
 * says that it is gone. Owns the tables; what descriptors mean is file.c's.
 */
#include "fs.h"

#include <fcntl.h>

static struct client *buckets[CLIENT_BUCKETS];
static struct slab clients = {.bytes = sizeof(struct client)}, chunks = {.bytes = sizeof(struct fds)};

static struct client **bucket(uint64_t pid) { return &buckets[pid % CLIENT_BUCKETS]; }

struct client *client_find(uint64_t pid)
{
    struct client *c = *bucket(pid);
    while (c && c->pid != pid) /* bound: pids are handed out in order, so chains are short */
        c = c->next;
    return c;
}

struct client *client_of(badge_t badge)
{
    struct client *c = *bucket(badge); /* the pid is its lowest bits */
    while (c && c->badge != badge) /* bound: as client_find() */
        c = c->next;
    return c;
}

uint64_t clients_used(void) { return clients.used; }

struct file *client_file(const struct client *c, uint64_t fd)
{
    uint64_t chunk = fd / CHUNK_FDS;
    return chunk < c->top && c->open[chunk] >> fd % CHUNK_FDS & 1 ? c->chunk[chunk]->file[fd % CHUNK_FDS] : 0;
}

static err_t chunk_have(struct client *c, unsigned chunk)
{
    for (; c->top <= chunk; c->top++) { /* bound: CHUNKS */
        c->open[c->top] = c->cloexec[c->top] = 0;
        c->chunk[c->top] = 0;
    }
    if (!c->chunk[chunk])
        c->chunk[chunk] = slab_take(&chunks);
    return c->chunk[chunk] ? OK : ERR_NOMEM;
}

/* The first free one from `lowest` on. */
static inline err_t place_below(struct client *c, uint64_t lowest, uint64_t limit, unsigned *fd)
{
    uint64_t below = (1UL << lowest % CHUNK_FDS) - 1;
    for (unsigned chunk = (unsigned)lowest / CHUNK_FDS; chunk < CHUNKS; chunk++, below = 0) {
        uint64_t taken = (chunk < c->top ? c->open[chunk] : 0) | below;
        if (taken == ~0UL)
            continue;
        *fd = chunk * CHUNK_FDS + (unsigned)__builtin_ctzll(~taken);
        if (*fd >= limit)
            break;
        err_t err = chunk_have(c, chunk);
        if (err != OK)
            return err;
        c->open[chunk] |= 1UL << *fd % CHUNK_FDS;
        c->chunk[chunk]->file[*fd % CHUNK_FDS] = 0;
        return OK;
    }
    return FS_ERR_MFILE;
}

err_t client_place(struct client *c, uint64_t lowest, unsigned *fd)
{
    if (lowest >= c->limit)
        return lowest > 0 ? ERR_INVAL : FS_ERR_MFILE;
    return place_below(c, lowest, c->limit, fd);
}

err_t client_place_program(struct client *c, unsigned *fd)
{
    return place_below(c, FS_DESCRIPTORS_MAX, FS_DESCRIPTORS_MAX + FS_PROGRAMS_MAX, fd);
}

static void chunk_drop(struct client *c, unsigned chunk)
{
    if (c->open[chunk] != 0 || chunk == 0) /* the first one is always needed again */
        return;
    slab_free(&chunks, c->chunk[chunk]);
    c->chunk[chunk] = 0;
    while (c->top > 1 && !c->chunk[c->top - 1]) /* bound: CHUNKS */
        c->top--;
}

void client_unplace(struct client *c, unsigned fd)
{
    c->open[fd / CHUNK_FDS] &= ~(1UL << fd % CHUNK_FDS);
    chunk_drop(c, fd / CHUNK_FDS);
}

void client_set(struct client *c, unsigned fd, struct file *f, bool cloexec)
{
    uint64_t bit = 1UL << fd % CHUNK_FDS;
    unsigned chunk = fd / CHUNK_FDS;
    c->chunk[chunk]->file[fd % CHUNK_FDS] = f;
    c->open[chunk] |= bit;
    c->cloexec[chunk] = cloexec ? c->cloexec[chunk] | bit : c->cloexec[chunk] & ~bit;
    c->used++;
}

/* What stands at `at`, which is descriptor `bit` of the chunk. */
static inline struct file *chunk_take(struct client *c, unsigned chunk, struct file **at, uint64_t bit)
{
    struct file *f = *at;
    locks_closed(f, c->pid);
    *at = 0;
    c->open[chunk] &= ~bit;
    c->used--;
    return f;
}

struct file *client_take(struct client *c, unsigned fd)
{
    unsigned chunk = fd / CHUNK_FDS, place = fd % CHUNK_FDS;
    struct file *f = chunk_take(c, chunk, &c->chunk[chunk]->file[place], 1UL << place);
    chunk_drop(c, chunk);
    return f;
}

static void close_set(struct client *c, const uint64_t which[CHUNKS])
{
    for (unsigned chunk = 0; chunk < c->top; chunk++) {
        uint64_t left = c->open[chunk] & which[chunk], bit = 1;
        if (!left)
            continue;
        for (struct file **at = c->chunk[chunk]->file; left; left >>= 1, bit <<= 1, at++) /* bound: CHUNK_FDS */
            if (left & 1 && *at) /* else it is of a request under way */
                file_drop(chunk_take(c, chunk, at, bit));
        chunk_drop(c, chunk);
    }
}

static void client_free(struct client *c)
{
    for (unsigned chunk = 0; chunk < c->top; chunk++) /* the first one, and those that were made for what then failed */
        if (c->chunk[chunk])
            slab_free(&chunks, c->chunk[chunk]);
    vnode_drop(c->cwd);
    vnode_drop(c->program);
    slab_free(&clients, c);
}

static void client_runs(struct client *c, struct vnode *v)
{
    struct vnode *before = c->runs;
    c->runs = v ? vnode_hold(v) : 0;
    if (v)
        v->runs++;
    if (before)
        before->runs--;
    vnode_drop(before);
}

/* It lets go of everything; what of it requests in jobs still use goes with them. */
static void client_end(struct client *c)
{
    static const uint64_t all[CHUNKS] = {[0 ... CHUNKS - 1] = ~0UL};
    close_set(c, all);
    client_runs(c, 0);
    struct client **at = bucket(c->pid);
    while (*at != c) /* bound: as client_find() */
        at = &(*at)->next;
    *at = c->next;
    c->gone = true;
    if (c->holds == 0)
        client_free(c);
}

void client_unhold(struct client *c)
{
    if (--c->holds == 0 && c->gone)
        client_free(c);
}

static err_t client_new(uint64_t pid, struct vnode *cwd, uint32_t umask, struct client **out)
{
    struct client *c = slab_take(&clients);
    if (!c)
        return ERR_NOMEM;
    c->used = c->holds = 0;
    c->top = 1; /* of the first chunk it is said that nothing is open: nearly everybody needs it */
    c->open[0] = c->cloexec[0] = 0;
    c->chunk[0] = 0;
    c->gone = false;
    c->program = c->runs = 0;
    c->pid = (uint32_t)pid;
    c->badge = BADGE_MAKE(BADGE_CLIENT, pid);
    c->cwd = vnode_hold(cwd);
    c->umask = umask;
    c->limit = c->limit_max = FS_DESCRIPTORS_MAX;
    c->next = *bucket(pid);
    *bucket(pid) = c;
    *out = c;
    return OK;
}

err_t do_ATTACH(struct request *r)
{
    struct client *c;
    struct file *f;
    if (r->client)
        return OK;
    err_t err = client_new(BADGE_ID(r->ev->badge), root, 0022, &c);
    if (err != OK)
        return err;
    err = chunk_have(c, 0);
    if (err == OK)
        err = file_new(FILE_CONSOLE, O_RDWR, &f);
    if (err != OK) {
        client_end(c);
        return err;
    }
    for (unsigned fd = 0; fd < 3; fd++)
        client_set(c, fd, fd == 0 ? f : file_hold(f), false);
    return OK;
}

static uint64_t passed_on(const struct client *from, unsigned chunk, bool exec)
{
    return from->open[chunk] & ~(exec ? from->cloexec[chunk] : 0);
}

/* These descriptors of a chunk, which the child has room for. */
static void chunk_pass_on(struct client *c, const struct client *from, unsigned chunk, uint64_t which)
{
    uint64_t open = 0, bit = 1;
    struct file *const *file = from->chunk[chunk] ? from->chunk[chunk]->file : 0;
    for (struct file **to = c->chunk[chunk] ? c->chunk[chunk]->file : 0; which; which >>= 1, bit <<= 1, file++, to++) { /* bound: CHUNK_FDS */
        if (!(which & 1) || !*file)
            continue; /* closed, or of a request under way */
#ifndef MUTANT_FS_FORK_BORROWS
        *to = file_hold(*file);
#else
        *to = *file;
#endif
        c->used++;
        open |= bit;
    }
    c->open[chunk] |= open;
    c->cloexec[chunk] |= from->cloexec[chunk] & open;
}

err_t do_PROC_FORK(struct request *r)
{
    struct client *from = client_find(r->ev->w[1]), *c;
    if (!from || client_find(r->ev->w[2]))
        return OK; /* it has none to give; or this was asked before */
    err_t err = client_new(r->ev->w[2], from->cwd, from->umask, &c);
    if (err != OK)
        return err;
    c->limit = from->limit;
    c->limit_max = from->limit_max;
    c->program = from->program ? vnode_hold(from->program) : 0;
    bool exec = r->ev->w[3] & FS_FORK_EXEC;
    unsigned top = from->top < PROGRAM_CHUNK ? from->top : PROGRAM_CHUNK; /* what threads are about to execute they close themselves */
    client_runs(c, !exec ? from->runs : r->ev->w[3] & FS_FORK_FILE ? from->program : 0);
    for (unsigned chunk = 0; chunk < top && err == OK; chunk++)
        if (passed_on(from, chunk, exec))
            err = chunk_have(c, chunk);
    if (err != OK) {
        client_end(c);
        return err;
    }
    for (unsigned chunk = 0; chunk < top; chunk++)
        chunk_pass_on(c, from, chunk, passed_on(from, chunk, exec));
    return OK;
}

err_t do_LIMIT(struct request *r)
{
    struct client *c = r->client;
    uint64_t limit = r->ev->w[1] == ~0UL ? c->limit : r->ev->w[1], max = r->ev->w[2] == ~0UL ? c->limit_max : r->ev->w[2];
    if (limit > max)
        return ERR_INVAL;
    if (max > FS_DESCRIPTORS_MAX)
        return ERR_PERM;
    c->limit = (uint32_t)limit; /* what is open above stays open */
    c->limit_max = (uint32_t)max;
    r->m.w[1] = limit;
    r->m.w[2] = max;
    return OK;
}

err_t do_PROC_EXEC(struct request *r)
{
    struct client *c = client_find(r->ev->w[1]);
    if (!c)
        return OK;
    close_set(c, c->cloexec);
    client_runs(c, r->ev->w[2] & FS_FORK_FILE ? c->program : 0);
    return OK;
}

err_t do_PROC_EXIT(struct request *r)
{
    struct client *c = client_find(r->ev->w[1]);
    requests_of_dead((uint32_t)r->ev->w[1]);
    if (c)
        client_end(c);
    return OK;
}

void clients_each(void (*see)(struct file *f))
{
    for (unsigned b = 0; b < CLIENT_BUCKETS; b++)
        for (const struct client *c = buckets[b]; c; c = c->next)
            for (unsigned chunk = 0; chunk < c->top; chunk++)
                for (uint64_t left = c->open[chunk]; left; left &= left - 1) { /* bound: all clients' descriptors */
                    struct file *f = client_file(c, chunk * CHUNK_FDS + (unsigned)__builtin_ctzll(left));
                    if (f)
                        see(f);
                }
}
