/* SPDX-License-Identifier: MIT
 * What ends processes from outside: kill, exceptions, ^C. There are no handlers yet: every signal but 0 ends its target.
 */
#include "procmgr.h"

#include <ipc/console.h>
#include <stdio.h>

err_t do_KILL(struct request *r)
{
    struct proc *p = proc_find(r->ev->w[1]);
    uint64_t sig = r->ev->w[2];
    if (sig >= SIGNALS)
        return ERR_INVAL;
    if (!p)
        return ERR_NOENT;
    if (p == init_proc)
        return ERR_PERM;
    if (r->key) { /* asked again, the process may be gone */
        ledger_begin();
        answer_keep(r->caller, r->slot, r->key, (const uint32_t[2]){0, 0});
        if (sig != 0 && p->state == PROC_STATE_RUNNING)
            ledger_set(p->doomed, STATUS_SIGNAL(sig));
        ledger_commit();
    }
    if (sig != 0)
        proc_end(p, STATUS_SIGNAL(sig));
    return OK;
}

err_t do_FOREGROUND(struct request *r)
{
    if (r->ev->w[1] != 0 && !proc_find(r->ev->w[1]))
        return ERR_NOENT;
    ledger->foreground = (uint32_t)r->ev->w[1];
    return OK;
}

err_t do_SHUTDOWN(struct request *r)
{
    uint64_t ended = 0;
    for (unsigned i = 1; i < procs_used(); i++) {
        struct proc *p = proc_at(i);
        if (!p || p->state != PROC_STATE_RUNNING)
            continue;
        proc_end(p, STATUS_SIGNAL(SIGKILL));
        ended++;
    }
    r->m.w[1] = ended;
    return OK;
}

/* Marked first, killed then: a death changes the tree. */
void signal_interrupt(void)
{
    struct proc *target = ledger->foreground ? proc_find(ledger->foreground) : 0;
    if (!target || target == init_proc)
        return;
    for (unsigned i = 1; i < procs_used(); i++) {
        struct proc *p = proc_at(i);
        if (p && proc_descends(p, target))
            p->doomed = STATUS_SIGNAL(SIGINT);
    }
    for (unsigned i = 1; i < procs_used(); i++) {
        struct proc *p = proc_at(i);
        if (p && p->doomed)
            proc_end(p, p->doomed);
    }
}

/* ---- exceptions ---- */

static unsigned signal_of(uint64_t cause, uint64_t reason)
{
    if (reason == FAULT_REASON_NOMEM || reason == FAULT_REASON_QUOTA)
        return SIGKILL;
    if (reason == FAULT_REASON_IO)
        return SIGBUS;
    switch (cause) {
    case 2: return SIGILL;
    case 3: return SIGTRAP;
    case 0: case 1: case 4: case 5: case 6: case 7: return SIGBUS;
    default: return SIGSEGV;
    }
}

static const char *access_text(uint64_t access)
{
    return access & FAULT_ACCESS_X ? "execution of" : access & FAULT_ACCESS_W ? "store to" : "load from";
}

static const char *place_text(uint64_t access, uint64_t reason)
{
    switch (reason) {
    case FAULT_REASON_PROT:
        return access & FAULT_ACCESS_X ? "non-executable page" : access & FAULT_ACCESS_W ? "read-only page" : "unreadable page";
    case FAULT_REASON_NULL: return "null page";
    case FAULT_REASON_GUARD: return "stack guard page";
    case FAULT_REASON_KERNEL: return "kernel address";
    case FAULT_REASON_NOMEM: return "page that no frame is left for (out of memory)";
    case FAULT_REASON_QUOTA: return "page that its quota has no frame left for";
    case FAULT_REASON_IO: return "page whose backing store failed";
    default: return "unmapped page";
    }
}

static const char *cause_text(uint64_t cause)
{
    switch (cause) {
    case 0: return "misaligned instruction";
    case 2: return "illegal instruction";
    case 3: return "breakpoint";
    case 4: case 6: return "misaligned access";
    case 1: case 5: case 7: return "access fault";
    case 8: return "bad system call";
    default: return "exception";
    }
}

static void report(const struct proc *p, const struct ipc_event *ev)
{
    static char line[256]; /* static: the console reads it, and its page is present after the first time */
    const uint64_t *w = ev->w;
    bool page = w[EXCW_CAUSE] == 12 || w[EXCW_CAUSE] == 13 || w[EXCW_CAUSE] == 15 || w[EXCW_CAUSE] == EXC_CAUSE_NONE;
    int n;
    if (page)
        n = snprintf(line, sizeof line, "[%u] %s: killed: %s %s at 0x%lx (ip 0x%lx)\n", (unsigned)p->pid, p->name,
                     access_text(w[EXCW_ACCESS]), place_text(w[EXCW_ACCESS], w[EXCW_REASON]),
                     (unsigned long)w[EXCW_VALUE], (unsigned long)w[EXCW_IP]);
    else
        n = snprintf(line, sizeof line, "[%u] %s: killed: %s (value 0x%lx, ip 0x%lx)\n", (unsigned)p->pid, p->name,
                     cause_text(w[EXCW_CAUSE]), (unsigned long)w[EXCW_VALUE], (unsigned long)w[EXCW_IP]);
    struct ipc_buf b = {.addr = line, .len_bytes = (uint64_t)n, .access = BUF_R};
    ticks_t deadline = sys_time() + CONSOLE_PATIENCE_TICKS;
    err_t err = ERR_PEER_DEAD;
    while (err == ERR_PEER_DEAD && sys_time() < deadline) { /* it died under the line and comes back */
        struct ipc_msg m = {.w = {CONSOLE_WRITE}};
        err = ipc_call_full(H_CONSOLE, &m, &b, 1, deadline);
    } /* a console that does not listen must not keep the process alive */
}

void signal_exception(const struct ipc_event *ev)
{
    struct proc *p = BADGE_CLASS(ev->badge) == BADGE_CLIENT ? proc_find(BADGE_ID(ev->badge)) : 0;
    if (!p || p->state != PROC_STATE_RUNNING)
        return;
    report(p, ev);
    proc_end(p, STATUS_SIGNAL(signal_of(ev->w[EXCW_CAUSE], ev->w[EXCW_REASON])));
}
