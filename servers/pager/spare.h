/* SPDX-License-Identifier: MIT
 * Spaces made ahead, each with its first thread, while the machine had nothing else to do (PAGER_IDLE, as frames are zeroed): a
 * fork or spawn that finds one asks the kernel for no objects, and has the leaf tables of the last fork. A spare is a space like any other that nobody was told of: it has
 * a slot, an id, records and a key of its own that is nobody's name. Its frames count as free; they are, as soon as they
 * are needed (spare_give_back).
 *
 * Only spaces without limit and quota come from here, for the frames were charged to nobody. A restart ends them all.
 */
#ifndef PAGER_SPARE_H
#define PAGER_SPARE_H

#include "space.h"

struct spare {
    uint32_t count;
    uint64_t at;     /* THREAD_AT of the last first thread that somebody wanted: those made next are for such; 0: none yet */
    bool asleep;     /* who lends idle time was told that there is nothing to do */
    uint32_t notes;  /* forks' leaf tables, so far; the last ones' pages: */
    uint32_t page[SPARE_LEAVES];
    struct spare_one {
        uint32_t slot;
        uint64_t at;
    } one[SPARES_MAX];
};
extern struct spare spare;

/* A fork shares the pages around `page` one by one: those made next have a leaf table there. */
static inline void spare_note(uint32_t page) { spare.page[spare.notes++ % SPARE_LEAVES] = page; }
/* Frames that they have. */
void spare_frames(uint32_t *objects, uint32_t *tables);
/* One for a first thread like this, which has no key any more; 0: there is none. Whoever takes it names it. */
uint32_t spare_take(uint64_t at);
/* Make one more. false: there are enough, or nothing is left to keep apart. */
bool spare_step(void);
/* Few are left, and who lends idle time sleeps: wake it. Not when one is taken: that is when somebody waits. */
void spare_wake(void);
/* All end. Whether there were any. */
bool spare_give_back(void);
/* Restart: what there was ends. */
void spare_reset(void);

#endif
