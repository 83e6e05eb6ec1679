/* SPDX-License-Identifier: MIT
 * What can not be done in a file system whose names nobody changes: /dev/fd and the processes in /proc.
 */
#include "fixed.h"

err_t fixed_create(struct vnode *dir, const char *name, unsigned len, uint32_t mode, const char *target, struct vnode **out)
{
    (void)dir, (void)name, (void)len, (void)mode, (void)target, (void)out;
    return FS_ERR_ROFS;
}
err_t fixed_change(struct vnode *dir, const char *name, unsigned len, struct vnode *file)
{
    (void)dir, (void)name, (void)len, (void)file;
    return FS_ERR_ROFS;
}
err_t fixed_rename(struct vnode *from, const char *name, unsigned len, struct vnode *to, const char *new_name, unsigned new_len,
                   struct vnode *file, struct vnode *replaced)
{
    (void)from, (void)name, (void)len, (void)to, (void)new_name, (void)new_len, (void)file, (void)replaced;
    return FS_ERR_ROFS;
}
err_t fixed_changed(struct vnode *file)
{
    (void)file;
    return FS_ERR_ROFS;
}
err_t fixed_truncate(struct vnode *file, uint64_t size)
{
    (void)file, (void)size;
    return FS_ERR_ROFS;
}
err_t fixed_sync(struct vnode *file, struct vnode *any)
{
    (void)file, (void)any;
    return OK;
}
