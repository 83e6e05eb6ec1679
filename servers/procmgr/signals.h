/* SPDX-License-Identifier: MIT
 * Signals inside procmgr: what a process that cares about them has beside its record, and how one comes to its thread. A
 * process without handlers and masks has no struct handlers at all. docs/signals.md tells the whole way.
 *
 *   pending --thread is out of calls--> DELIVERING: sent to its trampoline, no signal comes --SIGFETCH--> its handler runs
 */
#ifndef PROCMGR_SIGNALS_H
#define PROCMGR_SIGNALS_H

#include "procmgr.h"

#define SIGBIT(sig) (1UL << (sig))
#define SIGS_STOP (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))
#define SIGS_NEVER (SIGBIT(0) | SIGBIT(SIGKILL) | SIGBIT(SIGSTOP)) /* neither blocked nor caught nor ignored */

struct sig_info {
    uint32_t pid;    /* of who sent it, or of the child */
    int32_t code;    /* si_code */
    uint32_t status; /* of the child; of a timer: 1 + its number */
    uint64_t value;  /* si_value, or the address of a fault */
};

enum sig_phase { SIG_PHASE_NONE = 0, SIG_PHASE_DELIVERING };

struct sig_thread {
    uint64_t mask, pending;
    uint64_t saved;      /* the mask that comes back when its handler returns; suspended: the one before */
    uint8_t phase;       /* enum sig_phase */
    uint8_t signal;      /* DELIVERING: which */
    bool suspended;      /* mask is that of a SIGSUSPEND */
    uint32_t suspend_key; /* whose key that is or, not suspended any more, was */
    uint32_t stack_bytes; /* for handlers, 0: none */
    vaddr_t stack;
    vaddr_t pc, sp;      /* DELIVERING: where it was */
    struct sig_info info;
};

struct handlers {
    struct proc *owner; /* 0: free */
    uint64_t caught;
    uint64_t mask[SIGNALS]; /* while it is handled */
    uint8_t flags[SIGNALS]; /* PROC_SA_* */
    vaddr_t trampoline;
    struct sig_info info[SIGNALS]; /* of those that are pending */
    struct sig_thread thread[PROC_THREADS_MAX];
    /* ---- volatile ---- */
    struct handlers *next;
};

/* ---- records (handlers.c) ---- */
must_check err_t handlers_have(struct proc *p);      /* ERR_NOMEM, ERR_LIMIT */
void handlers_drop(struct proc *p);                  /* the end */
must_check err_t handlers_rebuild(void);             /* after a restart */
struct sig_thread *sig_thread_of(const struct proc *p, unsigned slot); /* 0: it has no record */
void handlers_new_thread(struct proc *p, unsigned slot, unsigned by); /* its mask is its maker's */

/* ---- the way to the thread (deliver.c) ---- */
void signals_attend(struct proc *p);     /* something about pending signals or masks has changed */
void thread_let_go(struct proc *p, unsigned slot);   /* it may run again: with what is pending for it */
void thread_hold(struct proc *p, unsigned slot);     /* it shall not run: at once, or when its call is over */
void thread_hold_reader(struct proc *p, unsigned slot); /* and a request that waits at the console ends */
bool thread_is_ours(const struct proc *p, unsigned slot);
void thread_unhook(struct proc *p, unsigned slot, reply_id_t id); /* it came to PROC_HOOK_VA */
/* An exception for which it has a handler: it goes there. info: code, and the signal as status. */
bool fault_catch(struct proc *p, unsigned slot, const struct ipc_event *ev, const struct sig_info *info);
extern reply_id_t requester;             /* whose request is being served: it gets its answer at once; NO_REPLY: nobody's */
void signals_nag(void);                  /* threads that were asked for and are still in calls */
ticks_t signals_nag_at(void);            /* when that is due */

/* ---- sending (send.c) ---- */
enum sig_effect { SIG_IGNORED, SIG_ENDS, SIG_STOPS, SIG_CAUGHT };
enum sig_effect signal_effect(const struct proc *p, unsigned sig);
void signal_send(struct proc *p, unsigned sig, const struct sig_info *info);
void signal_child(struct proc *child, int code); /* SIGCHLD to its parent */
void pending_drop(struct proc *p, uint64_t set);
bool signals_wanted(const struct proc *p, unsigned sig); /* it is not just thrown away */

/* ---- groups, stopping (jobs.c) ---- */
uint64_t group_send(uint32_t group, unsigned sig, const struct sig_info *info); /* -> processes */
bool group_is_orphaned(uint32_t group);
void proc_stop(struct proc *p, unsigned sig);
void proc_cont(struct proc *p);
extern unsigned procs_stopped; /* that have not ended */
enum stop_report { REPORT_NONE = 0, REPORT_STOPPED, REPORT_CONTINUED };
#define STATUS_STOPPED(sig) (0x7fu | (uint32_t)(sig) << 8)
#define STATUS_CONTINUED 0xffffu

/* ---- timers (timer.c) ---- */
void timers_run(ticks_t now);
ticks_t timers_next(void); /* DEADLINE_NONE: none */
void timers_drop(struct proc *p);
void timers_exec(struct proc *p);
must_check err_t timers_rebuild(void); /* after a restart */

/* ---- wait.c ---- */
bool waits_interrupt(struct proc *p, unsigned slot); /* its thread's wait ends with ERR_CANCELLED; false: it waits for nothing here */
void waits_take_signals(struct proc *p);             /* SIGWAIT */
bool waits_want(const struct proc *p, unsigned sig); /* a SIGWAIT for it is there */
void waits_child_changed(struct proc *child);        /* stopped or continued */

/* si_code, as <signal.h> in libc/include has them */
enum { SIC_USER = 0, SIC_QUEUE = -1, SIC_TIMER = -2, SIC_KERNEL = 128, SIC_THREAD = -6 };
enum { CLD_CODE_EXITED = 1, CLD_CODE_KILLED, CLD_CODE_DUMPED, CLD_CODE_TRAPPED, CLD_CODE_STOPPED, CLD_CODE_CONTINUED };

#endif
