/* SPDX-License-Identifier: MIT
 * Bytes of files in memory: pages named by the node, and beyond those by an index of two levels. A page that is not there is a
 * hole and reads as zeros. Files of the boot image lie where the image lies.
 */
#include "ram.h"

#include <string.h>

#define NAMED (PAGE_SIZE / sizeof(void *)) /* by a page of the index */
#define PAGES_MAX (RAM_DIRECT + NAMED * NAMED)

static const uint8_t zeros[PAGE_SIZE];

/* Where the node keeps page number p; make: with the index there. 0: no such place, or no memory for it. */
static void **place(struct ram_node *n, uint64_t p, bool make)
{
    if (p < RAM_DIRECT)
        return &n->data.direct[p];
    p -= RAM_DIRECT;
    if (!n->data.index && make && (n->data.index = file_page_new()))
        n->v.blocks += PAGE_SIZE / 512;
    if (!n->data.index)
        return 0;
    void ***leaf = &n->data.index[p / NAMED];
    if (!*leaf && make && (*leaf = file_page_new()))
        n->v.blocks += PAGE_SIZE / 512;
    return *leaf ? &(*leaf)[p % NAMED] : 0;
}

err_t ram_bytes(struct vnode *v, uint64_t offset, enum vnode_access access, void **at, uint64_t *len)
{
    struct ram_node *n = ram(v);
    uint64_t page = offset >> PAGE_SHIFT, inside = offset & PAGE_MASK;
    *len = PAGE_SIZE - inside;
    if (n->data.image) {
        *at = (void *)(uintptr_t)(n->data.image + offset); /* nobody writes there: its descriptors can't */
        *len = v->size - offset;
        return access == VNODE_READ ? OK : FS_ERR_ROFS;
    }
    if (page >= PAGES_MAX)
        return FS_ERR_FBIG;
    void **where = place(n, page, access == VNODE_WRITE);
    if (access == VNODE_READ) {
        *at = (char *)(uintptr_t)(where && *where ? *where : (const void *)zeros) + inside;
        return OK;
    }
    if (!where)
        return FS_ERR_NOSPC;
    if (!*where) {
        *where = file_page_new();
        if (!*where)
            return FS_ERR_NOSPC;
        v->blocks += PAGE_SIZE / 512;
    }
    *at = (char *)*where + inside;
    return OK;
}

/* Where no page of the index names pages, all that it could name is a hole. */
err_t ram_extent(struct vnode *v, uint64_t offset, enum vnode_extent *what, uint64_t *len)
{
    struct ram_node *n = ram(v);
    uint64_t page = offset >> PAGE_SHIFT, inside = offset & PAGE_MASK;
    *what = VNODE_DATA;
    *len = v->size - offset;
    if (n->data.image)
        return OK;
    void **where = place(n, page, false);
    *what = where && *where ? VNODE_DATA : VNODE_HOLE;
    *len = (where ? PAGE_SIZE : (NAMED - (page - RAM_DIRECT) % NAMED) << PAGE_SHIFT) - inside;
    return OK;
}

/* A hole gets a page: a mapping may store there. Files of the image begin on page boundaries. */
err_t ram_page(struct vnode *v, uint64_t index, void **at)
{
    uint64_t len;
    bool image = ram(v)->data.image;
    err_t err = ram_bytes(v, index << PAGE_SHIFT, image ? VNODE_READ : VNODE_WRITE, at, &len);
    if (err == OK && image)
        (void)*(volatile uint8_t *)*at; /* the image comes page by page: it is there now */
    return err;
}

/* Of the file's last page, which programs may have mapped: what they stored behind the end never was in the file. */
static void clear(struct ram_node *n, uint64_t from, uint64_t to)
{
    uint64_t inside = from & PAGE_MASK, rest = PAGE_SIZE - inside;
    void **where = inside ? place(n, from >> PAGE_SHIFT, false) : 0;
    if (where && *where)
        memset((char *)*where + inside, 0, to - from < rest ? to - from : rest);
}

void ram_wrote(struct vnode *v, uint64_t offset, uint64_t len)
{
    if (offset > v->size)
        clear(ram(v), v->size, offset);
    if (offset + len > v->size)
        v->size = offset + len;
    v->mtime_ns = v->ctime_ns = vnode_now();
}

static void page_drop(struct ram_node *n, void **where)
{
    if (!*where)
        return;
    page_free(*where);
    *where = 0;
    n->v.blocks -= PAGE_SIZE / 512;
}

/* Pages [from, end) of a leaf of the index; the leaf itself when nothing is left in it. */
static void leaf_cut(struct ram_node *n, void ***leaf, uint64_t from)
{
    if (!*leaf)
        return;
    for (uint64_t i = from; i < NAMED; i++)
        page_drop(n, &(*leaf)[i]);
    if (from == 0)
        page_drop(n, (void **)leaf);
}

static void cut(struct ram_node *n, uint64_t first_page)
{
    for (uint64_t p = first_page; p < RAM_DIRECT; p++)
        page_drop(n, &n->data.direct[p]);
    if (!n->data.index)
        return;
    uint64_t from = first_page > RAM_DIRECT ? first_page - RAM_DIRECT : 0;
    for (uint64_t i = from / NAMED; i < NAMED; i++)
        leaf_cut(n, &n->data.index[i], i == from / NAMED ? from % NAMED : 0);
    if (from == 0)
        page_drop(n, (void **)&n->data.index);
}

err_t ram_truncate(struct vnode *v, uint64_t size)
{
    struct ram_node *n = ram(v);
    if (size > PAGES_MAX << PAGE_SHIFT)
        return FS_ERR_FBIG;
    if (size < v->size)
        cut(n, (size + PAGE_MASK) >> PAGE_SHIFT);
#ifndef MUTANT_FS_KEEP_TAIL
    uint64_t end = size < v->size ? size : v->size;
    clear(n, end, end + PAGE_SIZE); /* of what is cut off, or of what was never there */
#endif
    v->size = size;
    v->mtime_ns = v->ctime_ns = vnode_now();
    return OK;
}

void ram_data_free(struct ram_node *n)
{
    if (!n->data.image)
        cut(n, 0);
}
