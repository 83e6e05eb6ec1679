/* SPDX-License-Identifier: MIT
 * Pages of files, which the file server has in its own memory: a fault on one waits until the server says where the page is, then
 * the frame that is mapped there is mapped for the faulter, too. So a page of a file has one frame, whoever reads, writes or
 * maps it, and the pager keeps no index of its own.
 *
 *   fault ──▶ want {file, page} ──signal──▶ fs                      the fault is deferred; nobody is called
 *   fs ──PAGER_FILE_SERVE {file, page, where}──▶ map, retry ──▶     the answer says what else is wanted
 *
 * Also counts the regions of each file, so that the server hears when a file is mapped nowhere any more. All of it is volatile: a
 * restart counts regions anew, and faults come again.
 */
#ifndef PAGER_FILES_H
#define PAGER_FILES_H

#include "frame.h"
#include "region.h"

/* Restart: before the first region is counted. */
void files_begin(void);
/* A region of the file was made, or went. */
void files_count_in(uint32_t file);
void files_count_out(uint32_t file);
/* Whether a region of one more file could be counted. */
bool files_have_room(uint32_t file);
uint32_t files_uses(uint32_t file);

/* The frame of a page of a file's region, without a reference; `access` with PROT_W: it will be written through this mapping.
 * Errors  ERR_IN_PROGRESS  the server was asked: again when it has answered (defer.h)
 *         ERR_NOENT        there is no such page: the file ends before it
 *         ERR_IO           it can't be had */
err_t files_page(const struct ledger_region *r, uint32_t page, unsigned access, frame_t *out);

/* The file server was started anew: what it was asked for it has forgotten, what it served is gone. */
void files_server_began(void);
/* The server's answer: the page is in `frame`, or (NO_FRAME) why there is none, as files_page() says it. Whoever waits for it goes on. */
void files_serve(uint32_t file, uint32_t index, frame_t frame, err_t why);
/* What the server is to do next (enum pager_file_next). */
enum pager_file_next files_next(uint32_t *file, uint32_t *index, unsigned *access);

/* Pages [first, end) of the file are mapped nowhere any more, or nowhere writable. FILES_UNMAP_ITS: what a process made its own of
 * them stays, and ERR_BUSY: somebody has locked one, nothing was done. */
enum files_revoke { FILES_UNMAP, FILES_PROTECT, FILES_UNMAP_ITS };
err_t files_revoke(uint32_t file, uint32_t first, uint32_t end, enum files_revoke how);

#endif
