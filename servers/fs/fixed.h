/* SPDX-License-Identifier: MIT
 * Operations of a file system whose names and files nobody changes (vnode.h): FS_ERR_ROFS; there is nothing to write back.
 */
#ifndef FS_FIXED_H
#define FS_FIXED_H

#include "vnode.h"

err_t fixed_create(struct vnode *dir, const char *name, unsigned len, uint32_t mode, const char *target, struct vnode **out);
err_t fixed_change(struct vnode *dir, const char *name, unsigned len, struct vnode *file); /* LINK, UNLINK */
err_t fixed_rename(struct vnode *from, const char *name, unsigned len, struct vnode *to, const char *new_name, unsigned new_len,
                   struct vnode *file, struct vnode *replaced);
err_t fixed_truncate(struct vnode *file, uint64_t size);
err_t fixed_changed(struct vnode *file);
err_t fixed_sync(struct vnode *file, struct vnode *any);

#define FIXED_OPS \
    .create = fixed_create, .link = fixed_change, .unlink = fixed_change, .rename = fixed_rename, .truncate = fixed_truncate, \
    .changed = fixed_changed, .sync = fixed_sync

#endif
