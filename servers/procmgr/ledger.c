/* SPDX-License-Identifier: MIT
 * The redo log (ledger.h). Owns log_count: the store that makes it non-zero is the commit.
 */
#include "procmgr.h"

#include <string.h>

static uint64_t pending; /* entries of the open transaction */

void ledger_begin(void) { pending = 0; }

void ledger_put(void *at, uint64_t value, size_t bytes)
{
    if (pending == LOG_ENTRIES_MAX)
        __builtin_trap(); /* ours to count: init says so and starts us again */
    ledger->log[pending++] = (struct ledger_entry){.at = at, .value = value, .bytes = bytes};
}

static void apply(void)
{
    for (uint64_t i = 0; i < ledger->log_count; i++) {
        const struct ledger_entry *e = &ledger->log[i];
        memcpy(e->at, &e->value, e->bytes); /* little-endian: the low bytes of the value */
    }
    __atomic_store_n(&ledger->log_count, 0, __ATOMIC_SEQ_CST);
}

void ledger_commit(void)
{
    __atomic_store_n(&ledger->log_count, pending, __ATOMIC_SEQ_CST);
    apply();
}

void ledger_replay(void)
{
    if (ledger->log_count <= LOG_ENTRIES_MAX)
        apply();
    ledger->log_count = 0;
}
