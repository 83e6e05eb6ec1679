/* SPDX-License-Identifier: MIT
 * Files that programs map. The pager asks where a page is and maps the same frame for the program (servers/pager/files.h), so a
 * page has one frame for read(), write() and every mapping. Files in memory are made of such pages; of a file on the disk those
 * that were mapped are kept here, filled by the keeper and written back when they are written.
 */
#ifndef FS_MAPPED_H
#define FS_MAPPED_H

#include "vnode.h"

/* After a restart: the pager may wait for pages of the life before. */
void mapped_restart(void);
/* The pager has something to say (FS_NTFN_PAGES). */
void mapped_collect(void);
/* Whether the keeper is to fill or write pages; it does. */
bool mapped_wants_keeper(void);
void mapped_keep(void);
bool mapped_idle(void); /* nothing to fill, to end or to write back */

/* Reading: what a mapping has stored there and the disk does not know yet takes the place of *at. */
void mapped_read(struct vnode *v, uint64_t offset, void **at, uint64_t *len);
/* The same of what lies there: a page that a mapping stored to is no hole. */
void mapped_extent(struct vnode *v, uint64_t offset, enum vnode_extent *what, uint64_t *len);
/* So many bytes were written at offset: mappings see them. */
void mapped_wrote(struct vnode *v, uint64_t offset, const void *bytes, uint64_t len);
/* The file, which ends before offset, is about to have bytes there: what mappings stored behind its end is zeros from now on. */
void mapped_grows(struct vnode *v, uint64_t offset);
/* The file ends at size from now on, or will not after all (err): in between nobody has what lies behind it mapped. */
must_check err_t mapped_truncate(struct vnode *v, uint64_t size);

/* Stores through mappings that the disk does not know. In a job. */
bool mapped_is_dirty(void);
err_t mapped_write_back(struct vnode *v); /* 0: of all files */

/* A region of the file, as the FILE_MAP in *m says; its name is filled in. */
struct ipc_msg;
err_t mapped_region(struct vnode *v, struct ipc_msg *m);

uint64_t mapped_used(void); /* files */
uint64_t cached_pages(void); /* of them, those on the disk: pages that are kept */
struct mapped *mapped_of(uint32_t file); /* by its name at the pager; 0: none, any more */

#endif
