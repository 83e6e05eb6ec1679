/* SPDX-License-Identifier: MIT
 * What the two halves of the tree in memory share: names (ram.c) and bytes (ramdata.c).
 */
#ifndef FS_RAM_H
#define FS_RAM_H

#include "fs.h"

#define RAM_DIRECT 8u /* pages that the node itself names */

struct ram_entry {
    struct ram_node *dir, *node;
    struct ram_entry *next, *before; /* of its directory, in order of `cookie` */
    struct ram_entry *hash_next;
    uint64_t cookie;
    uint8_t len;
    char name[];
};

struct ram_node {
    struct vnode v;
    union {
        struct {
            struct ram_node *parent;
            struct ram_entry *first, *last;
            struct ram_entry *seen; /* the one that was read last, or one before it: reading on begins there */
            uint64_t next_cookie, entries;
        } dir;
        struct {
            void *direct[RAM_DIRECT];
            void ***index; /* a page that names pages that name pages */
            const uint8_t *image; /* its bytes, in the boot image */
        } data;
    };
};

static inline struct ram_node *ram(struct vnode *v) { return (struct ram_node *)v; }

err_t ram_bytes(struct vnode *v, uint64_t offset, enum vnode_access access, void **at, uint64_t *len);
err_t ram_extent(struct vnode *v, uint64_t offset, enum vnode_extent *what, uint64_t *len);
void ram_wrote(struct vnode *v, uint64_t offset, uint64_t len);
err_t ram_page(struct vnode *v, uint64_t index, void **at);
err_t ram_truncate(struct vnode *v, uint64_t size);
void ram_data_free(struct ram_node *n);

#endif
