/* SPDX-License-Identifier: MIT
 * The disk at /disk: a block device at the block server (disk.c) and ext2 on it as vnodes (extfs.c).
 */
#ifndef FS_DISK_H
#define FS_DISK_H

#include "ext2/ext2.h"
#include "vnode.h"

/* ---- disk.c ---- */
void disk_forget(void);            /* after a restart: give back the memory there was */
void disk_mount(struct vnode *on); /* the disk, if there is one and it can be used; else disk_text() says why not */
err_t disk_sync(void);             /* all to the disk, and it says that it was left in order */
/* When disk_write_back() is due, DEADLINE_NONE: nothing waits. */
ticks_t disk_due(void);
void disk_write_back(void);
int disk_text(char *to, size_t bytes); /* /proc/disk */

/* ---- extfs.c ---- */
err_t extfs_error(int err);        /* negative errno values to errors of ipc/fs.h */
err_t extfs_root(struct ext2 *fs, struct vnode **out);
uint64_t extfs_used(void);

#endif
