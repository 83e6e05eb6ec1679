/* SPDX-License-Identifier: MIT
 * Exceptions of programs: those that are our own doing (PROC_HOOK_VA), those that a handler takes, and the rest, which end
 * the process with a line on the console.
 */
#include "signals.h"

#include <ipc/console.h>
#include <stdio.h>

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

/* ---- exceptions ---- */

static unsigned signal_of(uint64_t cause, uint64_t reason)
{
    if (reason == FAULT_REASON_NOMEM || reason == FAULT_REASON_QUOTA)
        return SIGKILL;
    if (reason == FAULT_REASON_IO || reason == FAULT_REASON_END)
        return SIGBUS;
    switch (cause) {
    case 2: return SIGILL;
    case 3: return SIGTRAP;
    case 0: case 1: case 4: case 5: case 6: case 7: return SIGBUS;
    default: return SIGSEGV;
    }
}

static int code_of(unsigned sig, uint64_t cause, uint64_t reason)
{
    enum { SEGV_CODE_MAPERR = 1, SEGV_CODE_ACCERR = 2, BUS_CODE_ADRALN = 1, BUS_CODE_ADRERR = 2, BUS_CODE_OBJERR = 3, FIRST_CODE = 1 };
    if (sig == SIGSEGV)
        return reason == FAULT_REASON_PROT ? SEGV_CODE_ACCERR : SEGV_CODE_MAPERR;
    if (sig == SIGBUS)
        return cause == 0 || cause == 4 || cause == 6 ? BUS_CODE_ADRALN : reason == FAULT_REASON_IO ? BUS_CODE_OBJERR : BUS_CODE_ADRERR;
    return FIRST_CODE; /* ILL_ILLOPC, TRAP_BRKPT */
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
    case FAULT_REASON_END: return "page behind the end of its file";
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
    unsigned slot = thread_of_caller(p, ev->id);
    if (ev->w[EXCW_IP] == PROC_HOOK_VA && slot != PROC_THREADS_MAX && thread_is_ours(p, slot)) {
        thread_unhook(p, slot, ev->id);
        return;
    }
    unsigned sig = signal_of(ev->w[EXCW_CAUSE], ev->w[EXCW_REASON]);
    const struct sig_info info = {.code = code_of(sig, ev->w[EXCW_CAUSE], ev->w[EXCW_REASON]), .status = sig};
    if (fault_catch(p, slot, ev, &info))
        return;
    report(p, ev);
    proc_end(p, STATUS_SIGNAL(sig));
}
