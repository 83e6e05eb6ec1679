/* SPDX-License-Identifier: MIT
 * The disk at /disk: a block device at the block server (disk.c) and ext2 on it as vnodes (extfs.c). What may wait for the device
 * runs in jobs only (job.h); met on the main loop it is LATER_DISK.
 */
#ifndef FS_DISK_H
#define FS_DISK_H

#include "ext2/ext2.h"
#include "vnode.h"

#include <abi/types.h>

/* ---- disk.c ---- */
err_t disk_forget(void);           /* after a restart: give back the memory there was, when the device is done with it */
void disk_mount(struct vnode *on); /* begins it, if there is a disk; disk_text() says what became of it */
bool disk_is_coming(void);         /* it will be mounted, or not, but that is not yet known */
bool disk_comes_to(const struct vnode *on); /* the same, there */
bool disk_is_missed(const struct vnode *at); /* it should be mounted there and could not be: what is in it nobody knows (ERR_IO) */
err_t disk_sync(void);             /* all to the disk, and it says that it was left in order */
void disk_collect(void);           /* the block server has something for us */
void disk_set_shared(bool shared); /* several requests are in it, which only read */
bool disk_idle(void);              /* there is none, or nothing to be done for it, now or later */
bool disk_wants_keeper(void);      /* there is something that nobody asked for */
ticks_t disk_due(void);            /* when the next write-back is, DEADLINE_NONE: nothing waits */
int disk_text(char *to, size_t bytes); /* /proc/disk */
const struct ext2 *disk_ext2(void);    /* 0: not mounted */
bool disk_is_read_only(void);

/* ---- extfs.c ---- */
err_t extfs_error(int err);        /* negative errno values to errors of ipc/fs.h, -EDEADLK to LATER_ALONE */
err_t extfs_root(struct ext2 *fs, struct vnode **out);
uint64_t extfs_used(void);
bool extfs_has_released(void);     /* files whose last use is gone, and that the disk has to do with */
void extfs_let_go(void);           /* of those */

#endif
