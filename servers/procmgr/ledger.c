/* SPDX-License-Identifier: MIT
 * The redo log (ledger.h). Owns log_count: the store that makes it non-zero is the commit.
 */
#include "procmgr.h"

/* Fields of any kind are written as what they are in size. */
typedef uint16_t __attribute__((may_alias)) u16_t;
typedef uint32_t __attribute__((may_alias)) u32_t;
typedef uint64_t __attribute__((may_alias)) u64_t;

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
        switch (e->bytes) {
        case 1: *(uint8_t *)e->at = (uint8_t)e->value; break;
        case 2: *(u16_t *)e->at = (u16_t)e->value; break;
        case 4: *(u32_t *)e->at = (u32_t)e->value; break;
        default: *(u64_t *)e->at = e->value; break;
        }
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
