/* SPDX-License-Identifier: MIT
 * The other side of replacement for host programs: a ledger in ordinary memory, and pages that are resident, used, or not
 * evictable as the program says. Stands for evict.c.
 */
#ifndef HOST_REPLACE_FRAMES_H
#define HOST_REPLACE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#define FRAMES_RAM_BYTES (64UL << 20)
#define FRAMES_MAX (FRAMES_RAM_BYTES >> 12)

/* A fresh ledger with `policy` in charge; first start. */
void frames_begin(const char *policy);
/* The pager died and starts again on the same ledger: as a crash, or because somebody asked. */
void frames_restart_after_crash(void);
void frames_restart(void);
void frames_end(void);

extern bool frames_used[FRAMES_MAX]; /* what evict_accessed() says and clears */
extern bool frames_busy[FRAMES_MAX]; /* resident, but can't leave now */
extern unsigned frames_asked;        /* calls of evict_accessed */
extern unsigned frames_signalled;    /* times init was told that there is a report */

#endif
