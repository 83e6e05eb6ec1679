/* SPDX-License-Identifier: MIT
 * The counters behind gate.h, and the request that sets them. Volatile: a restarted procmgr is not armed.
 */
#include "procmgr.h"

struct gate gate;

#ifdef PAGODA_BENCH
err_t do_DEBUG(struct request *r)
{
    (void)r;
    return ERR_NOSYS;
}
void gate_restarted(void) {}
#else

void gate_die(void)
{
    register uint64_t a0 __asm__("a0") = SERVER_DIED_ON_REQUEST;
    __asm__ volatile("ebreak" : : "r"(a0));
    __builtin_unreachable();
}

void gate_restarted(void)
{
    gate.die_before = ledger->die_again ? gate.calls + ledger->die_again : 0;
    ledger->die_again = 0;
}

/* A count from now on; the call that delivers this answer is the first. */
static uint64_t set(uint64_t *at, uint64_t value)
{
    uint64_t old = *at;
    *at = value ? gate.calls + value : 0;
    return old;
}

err_t do_DEBUG(struct request *r)
{
    uint64_t value = r->ev->w[2];
    switch (r->ev->w[1]) {
    case PROC_DEBUG_DIE_BEFORE: r->m.w[1] = set(&gate.die_before, value); return OK;
    case PROC_DEBUG_DIE_AFTER: r->m.w[1] = set(&gate.die_after, value); return OK;
    case PROC_DEBUG_DIE_AGAIN:
        r->m.w[1] = ledger->die_again;
        ledger->die_again = value;
        return OK;
    case PROC_DEBUG_NEXT_PID:
        r->m.w[1] = ledger->next_pid;
        if (value < 2 || value >= PID_MAX)
            return ERR_INVAL;
        ledger->next_pid = (uint32_t)value;
        ledger->pids_again = true;
        return OK;
    case PROC_DEBUG_CALLS: r->m.w[1] = gate.calls; return OK;
    default: return ERR_INVAL;
    }
}
#endif
