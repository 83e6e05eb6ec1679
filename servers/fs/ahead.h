/* SPDX-License-Identifier: MIT
 * Reading ahead for mapped files on the disk.
 */
#ifndef FS_AHEAD_H
#define FS_AHEAD_H

#include "vnode.h"

void ahead_add(uint32_t file, uint32_t first, uint32_t end); /* pages, of a file as the pager names it */
bool ahead_wants(void);
void ahead_fill(bool (*stop)(void)); /* the keeper's; a few, until stop() or nothing is left */

#endif
