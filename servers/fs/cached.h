/* SPDX-License-Identifier: MIT
 * Pages of mapped files that have none of their own: those on the disk. Filled from it, written back to it, in jobs.
 */
#ifndef FS_CACHED_H
#define FS_CACHED_H

#include "vnode.h"

struct cached;

struct mapped {
    struct vnode *v;         /* with a use */
    uint32_t file;           /* its name at the pager */
    uint32_t busy;           /* a job is at its pages */
    bool closing;            /* mapped nowhere; the keeper writes it back and ends it */
    struct cached *first;    /* its pages */
};

void *cached_find(struct mapped *o, uint32_t index); /* 0: not here */
void cached_dirty(struct mapped *o, uint32_t index); /* it will be stored to */
bool cached_is_dirty(struct mapped *o, uint32_t index);
bool cached_any_dirty(const struct mapped *o);
/* Read it, unless it is here. */
must_check err_t cached_fill(struct mapped *o, uint32_t index, void **at);
/* The same, if there is room for it. */
must_check err_t cached_ahead(struct mapped *o, uint32_t index);
/* All that was stored to; no mapping is writable without asking afterwards. Errors of the file system; the rest stays dirty. */
err_t cached_write_back(struct mapped *o);
/* Pages from first on are forgotten. Nobody has them mapped. */
void cached_cut(struct mapped *o, uint32_t first);

/* FILE_REVOKE. */
void revoke(const struct mapped *o, uint32_t first, uint32_t end, uint64_t how);

#endif
