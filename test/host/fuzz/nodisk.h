/* SPDX-License-Identifier: MIT
 * A file server without a disk, and so without jobs: what servers/fs/disk.c, extfs.c and job.c give the others then.
 */
#ifndef FUZZ_NODISK_H
#define FUZZ_NODISK_H

#include "disk.h"
#include "job.h"

#include <stdio.h>

err_t disk_forget(void) { return OK; }
void disk_mount(struct vnode *on) { (void)on; }
bool disk_is_coming(void) { return false; }
bool disk_comes_to(const struct vnode *on) { return on == NULL; }
bool disk_is_missed(const struct vnode *at) { return at == NULL; }
err_t disk_sync(void) { return OK; }
void disk_collect(void) {}
const struct ext2 *disk_ext2(void) { return NULL; }
bool disk_is_read_only(void) { return false; }
bool disk_idle(void) { return true; }
static bool keeper_wanted; /* a test may say so */
bool disk_wants_keeper(void) { return keeper_wanted; }
ticks_t disk_due(void) { return DEADLINE_NONE; }
int disk_text(char *to, size_t bytes) { return snprintf(to, bytes, "none\n"); }

void jobs_forget(void) {}
static struct job *in_job; /* and that jobs are there, and this one runs */
bool jobs_there(void) { return in_job; }
bool job_is_free(void) { return false; }
void job_run(struct waiting *what, bool alone) { (void)what, (void)alone; }
void keeper_run(void) {}
bool keeper_is_free(void) { return keeper_wanted || in_job; }
struct job *job_now(void) { return in_job; }
void jobs_go_on(void) {}
static unsigned turns; /* that jobs gave others */
void job_let_others(void) { turns++; }
bool jobs_may_go_on(void) { return false; }
void jobs_each(void (*see)(struct file *f)) { (void)see; }

#endif
