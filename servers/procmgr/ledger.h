/* SPDX-License-Identifier: MIT
 * What outlives procmgr: the few words here, and the lasting part of the process table (struct proc). They lie in memory
 * that init keeps for it and that nobody clears (../init/keep.h). Everything else is volatile and rebuilt by recover.c.
 *
 * A change of one word is one store. What must change together goes through a redo log: ledger_begin, ledger_set...,
 * ledger_commit. A transaction that was not committed never happened, a committed one is finished by ledger_replay().
 * Inside a transaction fields still show their old values.
 */
#ifndef PROCMGR_LEDGER_H
#define PROCMGR_LEDGER_H

#include <abi/error.h>
#include <abi/types.h>
#include <ipc/procmgr.h>
#include <stdbool.h>
#include <stddef.h>

#include "../init/handoff.h"
#include "limits.h"

#define LEDGER_MAGIC 0x726d636f72506150UL

struct ledger_entry {
    void *at;
    uint64_t value;
    uint64_t bytes; /* 1, 2, 4 or 8 */
};

/* A limited tree of processes (account.c). Number 0 is everybody's and has no limits. */
struct account {
    uint32_t used;   /* 0: free */
    uint32_t parent; /* number of the one around it */
    uint32_t owner;  /* pid of the process it was made for */
    uint32_t spare;
    uint64_t limit[PROC_TREE_LIMITS]; /* by enum proc_tree; 0: none */
};

struct ledger {
    uint64_t magic;      /* LEDGER_MAGIC: there are processes to take over */
    uint64_t restarts;
    uint32_t used;       /* entries of the process table that were ever in use */
    uint32_t next_pid;
    uint64_t next_key;   /* of the pager's operations: never used twice */
    uint32_t foreground; /* group (or process) that ^C signals, 0: none */
    uint32_t handlers;   /* entries of the table of handlers that were ever in use */
    uint32_t queued, timers; /* entries of those tables, likewise */
    bool pids_again;     /* all numbers were given once: some are still those of groups */
    uint64_t die_again;  /* for tests (gate.c) */
    uint64_t forks, execs, exits; /* statistics */
    uint64_t log_count;  /* committed entries to apply; 0: none */
    struct ledger_entry log[LOG_ENTRIES_MAX];
    struct account account[ACCOUNTS_MAX];
    uint16_t next_page[ARGS_PAGES]; /* chains of argument pages: + 1; 0: last */
};
_Static_assert(PAGE_SIZE + sizeof(struct ledger) <= SERVER_KEEP_BYTES, "the ledger fits into kept memory");

static struct ledger *const ledger = (struct ledger *)(SERVER_KEEP_VA + PAGE_SIZE);

void ledger_begin(void);
/* At most LOG_ENTRIES_MAX in a transaction. */
void ledger_put(void *at, uint64_t value, size_t bytes);
#define ledger_set(field, value) ledger_put(&(field), (uint64_t)(value), sizeof(field))
void ledger_commit(void);
/* After a restart: finish a committed transaction, forget an uncommitted one. */
void ledger_replay(void);

#endif
