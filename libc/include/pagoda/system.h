/* SPDX-License-Identifier: MIT
 * Asking the system about itself: processes, memory, servers, settings. For ps, free and their like.
 */
#ifndef PAGODA_SYSTEM_H
#define PAGODA_SYSTEM_H

#include <ipc/init.h>
#include <ipc/pager.h>
#include <ipc/procmgr.h>

struct process_info {
    uint32_t pid, ppid, state, space, threads, prio; /* state: enum proc_state; space: a pager's space id */
    uint64_t used; /* processor time: instructions, each counted as a nanosecond */
    char name[PROC_NAME_MAX];
};
/* The first process with this pid or a higher one. ERR_NOENT: no more. */
err_t process_next(uint32_t pid, struct process_info *out);

/* PAGER_STAT: v[1]..v[7] as ipc/pager.h lists them. space 0: oneself, or all where the list says so. */
struct pager_stats {
    uint64_t v[MSG_WORDS];
};
err_t pager_stat(unsigned which, uint64_t space, struct pager_stats *out);

/* PAGER_PAGE_INFO of the page at va: */
struct page_info {
    uint64_t pte;
    uint64_t refs;
    frame_t frame;
    vaddr_t next; /* the next present page after this one, 0: none */
    unsigned prot; /* what the program may do, PROT_* */
};
err_t page_info(uint64_t space, vaddr_t va, struct page_info *out);

/* INIT_SETTING; 0 when init does not say. */
uint64_t system_setting(unsigned setting);
/* INIT_SERVER_INFO, and the space id the pager has for it (0: the pager itself). ERR_NOENT past the last. */
struct server_info {
    bool alive;
    uint64_t restarts, key, space, used;
};
err_t server_info(unsigned server, struct server_info *out);

/* What an error means, in words (abi/error.h). */
const char *error_text(err_t err);

#endif
