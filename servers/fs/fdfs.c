/* SPDX-License-Identifier: MIT
 * /dev/fd: the descriptors of whoever looks, by their numbers. Opening one is as dup(): open.c does it, here are only the names.
 */
#include "fixed.h"
#include "fs.h"
#include "job.h"

#include <stdio.h>

#define FD_FS 3u         /* its number among file systems */
#define NUMBER_ROOT 1u
#define NUMBER_FIRST 2u  /* of descriptor 0 */

static struct vnode top;
struct fd_node {
    struct vnode v;
    struct fd_node *next;
};
static struct slab nodes = {.bytes = sizeof(struct fd_node), .keeps_one = true};
static struct fd_node *first; /* of those in use: few, and not for long */

static const struct vnode_ops fd_ops;

/* A decimal number without anything around it, that is a descriptor. FS_DESCRIPTORS_MAX: none. */
static unsigned number_of(const char *name, unsigned len)
{
    unsigned fd = 0;
    if (len == 0 || len > 4 || (len > 1 && name[0] == '0'))
        return FS_DESCRIPTORS_MAX;
    for (unsigned i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9')
            return FS_DESCRIPTORS_MAX;
        fd = fd * 10 + (unsigned)(name[i] - '0');
    }
    return fd < FS_DESCRIPTORS_MAX ? fd : FS_DESCRIPTORS_MAX;
}

static bool is_open(unsigned fd)
{
    const struct client *c = request_asker();
    return c && client_file(c, fd);
}

static err_t lookup(struct vnode *dir, const char *name, unsigned len, struct vnode **out)
{
    unsigned fd = number_of(name, len);
    (void)dir;
    if (fd == FS_DESCRIPTORS_MAX || !is_open(fd))
        return ERR_NOENT;
    struct fd_node *n = first;
    while (n && n->v.number != NUMBER_FIRST + fd) /* bound: descriptors */
        n = n->next;
    if (n) {
        *out = vnode_hold(&n->v);
        return OK;
    }
    n = slab_new(&nodes);
    if (!n)
        return ERR_NOMEM;
    n->v = (struct vnode){.ops = &fd_ops, .number = NUMBER_FIRST + fd, .fs = FD_FS, .mode = S_IFCHR | 0666, .read_only = true,
                          .links = 1, .uses = 1, .rdev = RDEV_FD + fd};
    n->next = first;
    first = n;
    *out = &n->v;
    return OK;
}

static void release(struct vnode *v)
{
    struct fd_node **at = &first;
    if (v == &top)
        return;
    while (&(*at)->v != v) /* bound: as above */
        at = &(*at)->next;
    struct fd_node *n = *at;
    *at = n->next;
    slab_free(&nodes, n);
}

/* Cookies: 0 and 1 the dots, then 2 and the descriptor. */
static err_t next(struct vnode *dir, uint64_t *cookie, struct vnode_entry *out)
{
    (void)dir;
    while (*cookie >= 2 && *cookie - 2 < FS_DESCRIPTORS_MAX && !is_open((unsigned)*cookie - 2)) /* bound: descriptors */
        ++*cookie;
    if (*cookie >= 2 + FS_DESCRIPTORS_MAX)
        return ERR_NOENT;
    uint64_t fd = *cookie - 2;
    out->number = *cookie < 2 ? NUMBER_ROOT : NUMBER_FIRST + fd;
    out->type = *cookie < 2 ? S_IFDIR : S_IFCHR;
    out->len = (unsigned)(*cookie < 2 ? snprintf(out->name, sizeof out->name, "%s", *cookie ? ".." : ".")
                                      : snprintf(out->name, sizeof out->name, "%lu", fd));
    ++*cookie;
    return OK;
}

static void room(struct vnode *any, uint64_t out[5])
{
    (void)any;
    out[0] = PAGE_SIZE;
    out[1] = out[2] = out[4] = 0;
    out[3] = FS_DESCRIPTORS_MAX;
}

static const struct vnode_ops fd_ops = {.lookup = lookup, .next = next, .room = room, .release = release, FIXED_OPS};

void fdfs_mount(struct vnode *on)
{
    top = (struct vnode){.ops = &fd_ops, .number = NUMBER_ROOT, .fs = FD_FS, .mode = S_IFDIR | 0555, .read_only = true, .links = 2,
                         .uses = 1, .covers = on};
    on->mounted = &top;
}
