/* SPDX-License-Identifier: MIT
 * Processes in /proc: a directory for each, with what procmgr and the pager know of it as text, and `self`. Every look-up asks whether
 * there is such a process, every first read what is to be said of it (asked.c); the text then stays as it is until the file is read
 * from its beginning again. All other names are those of the directory in memory below, whose pages are dev.c's.
 */
#include "procfs.h"

#include "fixed.h"

#include <stdio.h>
#include <string.h>

#define PROC_FS 4u          /* its number among file systems */
#define NUMBER_ROOT 1u
#define NUMBER_SELF 2u
#define NUMBERS_EACH 16u    /* a process's own, from pid times this on: first the directory, then its pages */
#define PLACE_SELF (1UL << 32) /* cookies: below, those of the directory in memory; then `self`, then places in procmgr's table */
#define PLACE_FIRST (PLACE_SELF + 1)
#define DOTS 2u             /* of a process's directory */

static struct vnode top;
static struct slab nodes = {.bytes = sizeof(struct proc_node)};
static const struct vnode_ops proc_ops;

static struct proc_node *node(struct vnode *v) { return (struct proc_node *)v; }
static const struct proc_node *node_of(const struct vnode *v) { return (const struct proc_node *)v; }

static const struct {
    const char *name;
    proc_text_fn *text;
} page[] = {{"status", proc_status}, {"stat", proc_stat}, {"cmdline", proc_command}, {"comm", proc_name}};
#define PAGES (sizeof page / sizeof page[0])
_Static_assert(PAGES < NUMBERS_EACH, "each page has a number");

/* A decimal number without anything around it, that may be a pid. 0: none. */
static uint32_t pid_of(const char *name, unsigned len)
{
    uint32_t pid = 0;
    if (len == 0 || len > 9 || name[0] == '0')
        return 0;
    for (unsigned i = 0; i < len; i++) {
        if (name[i] < '0' || name[i] > '9')
            return 0;
        pid = pid * 10 + (uint32_t)(name[i] - '0');
    }
    return pid;
}

/* A look-up makes a new one each time: what was read of a page is its description's alone. */
static err_t node_new(uint32_t mode, uint64_t number, struct proc_node **out)
{
    struct proc_node *n = slab_new(&nodes);
    if (!n)
        return ERR_NOMEM;
    n->v = (struct vnode){.ops = &proc_ops, .number = number, .fs = PROC_FS, .mode = mode, .read_only = true, .uses = 1,
                          .links = S_ISDIR(mode) ? 2 : 1};
    n->v.atime_ns = n->v.mtime_ns = n->v.ctime_ns = vnode_now();
    *out = n;
    return OK;
}

static void release(struct vnode *v)
{
    if (v != &top)
        slab_free(&nodes, node(v));
}

/* Whether the process is still there. *out is 0 when that was found out by an earlier run of the request. */
static err_t look(struct proc_node *n, const struct fs_process **out)
{
    err_t err = ask_process(n->pid, out);
    if (err != OK || !*out)
        return err;
    if (n->born == 0)
        n->born = (*out)->born;
    return n->born == (*out)->born ? OK : ERR_NOENT; /* its pid is another's by now */
}

static err_t lookup_self(struct vnode **out)
{
    const struct client *c = request_asker();
    struct proc_node *n;
    if (!c)
        return ERR_NOENT;
    err_t err = node_new(S_IFLNK | 0777, NUMBER_SELF, &n);
    if (err != OK)
        return err;
    n->v.size = (uint64_t)snprintf(n->text, sizeof n->text, "%lu", (unsigned long)c->pid);
    *out = &n->v;
    return OK;
}

static err_t lookup_process(uint32_t pid, struct vnode **out)
{
    const struct fs_process *p;
    struct proc_node *n;
    err_t err = ask_process(pid, &p);
    if (err == OK)
        err = node_new(S_IFDIR | 0555, (uint64_t)pid * NUMBERS_EACH, &n);
    if (err != OK)
        return err;
    n->pid = pid;
    n->born = p ? p->born : 0;
    *out = &n->v;
    return OK;
}

static err_t lookup_page(struct proc_node *dir, const char *name, unsigned len, struct vnode **out)
{
    const struct fs_process *p;
    struct proc_node *n;
    unsigned i = 0;
    while (i < PAGES && (strlen(page[i].name) != len || memcmp(page[i].name, name, len) != 0))
        i++;
    err_t err = i < PAGES ? look(dir, &p) : ERR_NOENT;
    if (err == OK)
        err = node_new(S_IFREG | 0444, (uint64_t)dir->pid * NUMBERS_EACH + 1 + i, &n);
    if (err != OK)
        return err;
    n->pid = dir->pid;
    n->born = dir->born;
    n->text_of = page[i].text;
    *out = &n->v;
    return OK;
}

static err_t lookup(struct vnode *dir, const char *name, unsigned len, struct vnode **out)
{
    uint32_t pid = pid_of(name, len);
    bool up = len == 2 && name[0] == '.' && name[1] == '.';
    if (dir != &top && !up)
        return lookup_page(node(dir), name, len, out);
    if (dir != &top) {
        *out = vnode_hold(&top);
        return OK;
    }
    if (len == 4 && memcmp(name, "self", 4) == 0)
        return lookup_self(out);
    return pid > 0 ? lookup_process(pid, out) : top.covers->ops->lookup(top.covers, name, len, out);
}

static void entry_fill(struct vnode_entry *e, uint64_t number, uint32_t type, const char *name)
{
    e->number = number;
    e->type = type;
    e->len = (unsigned)snprintf(e->name, sizeof e->name, "%s", name);
}

static void name_of(const struct vnode *dir, struct vnode_entry *out)
{
    char text[12];
    (void)snprintf(text, sizeof text, "%lu", (unsigned long)node_of(dir)->pid);
    entry_fill(out, dir->number, S_IFDIR, text);
}

/* The first process at or after that place of procmgr's table. */
static err_t next_process(uint64_t *cookie, struct vnode_entry *out)
{
    const struct fs_list *list;
    uint64_t place = *cookie - PLACE_FIRST;
    err_t err = place < UINT32_MAX ? ask_list((uint32_t)place, &list) : ERR_NOENT;
    if (err != OK)
        return err;
    unsigned i = 0;
    while (i < list->n && list->at[i].place < place) /* bound: FS_TOLD_PIDS */
        i++;
    if (i == list->n)
        return ERR_NOENT; /* a list ends with a process, or with the table */
    char text[12];
    (void)snprintf(text, sizeof text, "%lu", (unsigned long)list->at[i].pid);
    entry_fill(out, (uint64_t)list->at[i].pid * NUMBERS_EACH, S_IFDIR, text);
    *cookie = PLACE_FIRST + list->at[i].place + 1;
    return OK;
}

static err_t next_of_top(uint64_t *cookie, struct vnode_entry *out)
{
    err_t err = *cookie < PLACE_SELF ? top.covers->ops->next(top.covers, cookie, out) : ERR_NOENT;
    if (err != ERR_NOENT)
        return err;
    if (*cookie >= PLACE_FIRST)
        return next_process(cookie, out);
    entry_fill(out, NUMBER_SELF, S_IFLNK, "self");
    *cookie = PLACE_FIRST;
    return OK;
}

/* Cookies of a process's directory: the dots, then its pages. */
static err_t next(struct vnode *dir, uint64_t *cookie, struct vnode_entry *out)
{
    const struct fs_process *p;
    uint64_t at = *cookie;
    if (dir == &top)
        return next_of_top(cookie, out);
    err_t err = at < DOTS + PAGES ? look(node(dir), &p) : ERR_NOENT;
    if (err != OK)
        return err;
    if (at < DOTS)
        entry_fill(out, at ? NUMBER_ROOT : dir->number, S_IFDIR, at ? ".." : ".");
    else
        entry_fill(out, dir->number + 1 + at - DOTS, S_IFREG, page[at - DOTS].name);
    ++*cookie;
    return OK;
}

/* The text, when the file is read from its beginning. */
static err_t make(struct vnode *file, uint64_t offset)
{
    const struct fs_process *p;
    struct proc_node *n = node(file);
    if (offset > 0 && file->size > 0)
        return OK;
    err_t err = look(n, &p);
    if (err != OK || !p)
        return err > OK ? err : FS_ERR_SRCH;
    file->size = n->text_of(n->text, p);
    file->size = file->size < sizeof n->text ? file->size : sizeof n->text - 1;
    return OK;
}

static err_t bytes(struct vnode *file, uint64_t offset, enum vnode_access access, void **at, uint64_t *len)
{
    if (access != VNODE_READ)
        return FS_ERR_ROFS;
    *at = node(file)->text + offset;
    *len = file->size - offset;
    return OK;
}

static void room(struct vnode *any, uint64_t out[5])
{
    (void)any;
    out[0] = PAGE_SIZE;
    out[1] = out[2] = out[3] = out[4] = 0;
}

static const struct vnode_ops proc_ops = {
    .lookup = lookup, .next = next, .name = name_of, .make = make, .bytes = bytes, .room = room, .release = release, FIXED_OPS,
};

void procfs_mount(struct vnode *on)
{
    top = (struct vnode){.ops = &proc_ops, .number = NUMBER_ROOT, .fs = PROC_FS, .mode = S_IFDIR | 0555, .read_only = true, .links = 2,
                         .uses = 1, .covers = on};
    top.atime_ns = top.mtime_ns = top.ctime_ns = vnode_now();
    on->mounted = &top;
}
