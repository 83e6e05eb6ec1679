/* SPDX-License-Identifier: MIT
 * A process's pages in /proc: procfs.c has the names, proctext.c what the pages say.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "fs.h"

#define PROC_TEXT_BYTES 1024u

/* Writes up to PROC_TEXT_BYTES; how many there are. */
typedef uint64_t proc_text_fn(char to[PROC_TEXT_BYTES], const struct fs_process *p);
proc_text_fn proc_status, proc_stat, proc_command, proc_name;

struct proc_node {
    struct vnode v;
    uint32_t pid;
    uint64_t born;          /* of whom it is: a pid alone may come again. 0: not known yet */
    proc_text_fn *text_of;  /* of a page */
    char text[PROC_TEXT_BYTES]; /* a page's, v.size bytes; of `self` what the link says */
};

#endif
