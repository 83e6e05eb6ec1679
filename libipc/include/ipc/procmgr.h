/* SPDX-License-Identifier: MIT
 * The process manager's protocol. Badge: CLIENT | pid (or INIT).
 */
#ifndef IPC_PROCMGR_H
#define IPC_PROCMGR_H

#include <ipc/ipc.h>

/* X(NAME, number, who may call, request words; buffers -> reply words after w[0]) */
#define PROC_OPS(X) \
    X(FORK, 1, FROM(BADGE_CLIENT), "-> child pid, 0 in the child") \
    X(EXEC, 2, FROM(BADGE_CLIENT), "path_len, argc, envc, -, descriptor of a file + 1 or 0: a program of the boot image; buf0 path, buf1 strings; returns only on error") \
    X(SPAWN, 3, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "path_len, argc, envc, SPAWN_*, as EXEC; buf0 path, buf1 strings -> pid") \
    X(EXIT, 4, FROM(BADGE_CLIENT), "status 0..255; no reply") \
    X(WAIT, 5, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "pid, -1 any, 0 of the caller's group, -N of group N, WAIT_* -> pid (0: none yet), status word as <sys/wait.h>") \
    X(KILL, 6, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "pid, 0 the caller's group, -1 everybody else, -N group N; signal number or 0; 0, or 1 + a thread slot of the caller's own or PROC_KILL_SELF") \
    X(GETPID, 7, FROM(BADGE_CLIENT), "-> pid, ppid, space id, threads, the calling thread's slot") \
    X(ARGS, 8, FROM(BADGE_CLIENT), "buf0 (server writes) -> bytes, argc, envc; the strings of exec or spawn") \
    X(THREAD_NEW, 9, FROM(BADGE_CLIENT), "ip, sp, a0, tp, priority of its own, 0: the process's, ~0: as the caller's -> thread slot") \
    X(THREAD_EXIT, 10, FROM(BADGE_CLIENT), "no reply; the last thread's exit is the process's exit(0)") \
    X(LIMIT, 11, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "PROC_LIMIT_*, or with PROC_LIMIT_HARD how far it may be raised, new value or ~0 to ask -> value") \
    X(INFO, 12, FROM_ANY, "pid: the first process with this pid or a higher one -> pid, ppid, state, space, threads, prio, instructions of its threads; buf0 (server writes): name") \
    X(FOREGROUND, 13, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "group that ^C, ^Z and ^\\ signal, or a pid: it and its descendants; 0 none, ~0 to ask -> what it is") \
    X(PRIO, 14, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "pid or 0, priority 1..199 -> old") \
    X(SHUTDOWN, 15, FROM(BADGE_INIT), "kill everything -> processes ended") \
    X(THREAD_JOIN, 16, FROM(BADGE_CLIENT), "slot; answered when the thread has exited") \
    X(STAT, 17, FROM_ANY, "-> processes, zombies, forks, execs, exits, operations in progress, threads that wait for words") \
    X(ENDPOINT, 18, FROM(BADGE_CLIENT), "an endpoint of the caller's own at H_SELF (SEND | RECV | GRANT | MINT); children forked or spawned later find it at H_PARENT; OK also when it exists") \
    X(DEBUG, 19, FROM(BADGE_CLIENT), "PROC_DEBUG_*, value -> old value; not in the bench build") \
    X(TREE, 20, FROM(BADGE_CLIENT), "PROC_TREE_*, a limit for the caller and all its descendants together, or ~0 to ask -> limit (0: none), used, pid of the tree's first process") \
    X(TREE_KILL, 22, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "pid that a limit was set by, signal number: all of its tree, orphans too -> processes ended") \
    X(CHECK, 21, FROM_ANY, "-> violations: what procmgr counts, counted anew") \
    X(FILES, 34, FROM(BADGE_CLIENT), "the file server's endpoint at H_FS; children forked or spawned later have it, too; OK also when it is there") \
    X(BUDGET, 31, FROM(BADGE_CLIENT) | FROM(BADGE_INIT), "pid or 0, thread slot, budget (0: none; ~0: only ask), period; ticks -> budget (0: none), period, left, next replenishment, used") \
    X(HART, 32, FROM(BADGE_CLIENT), "thread slot or ~0 for the caller's own, hart | HART_STAY or ~0 to ask -> hart, harts") \
    X(WAKER, 33, FROM(BADGE_CLIENT), "thread slot or ~0 for the caller's own -> handle (SIGNAL | GRANT) that sets bits of the thread's own notification") \
    X(GROUP, 35, FROM(BADGE_CLIENT), "PROC_GROUP_*, pid or 0, group or 0 -> group, session") \
    X(SIGACTION, 36, FROM(BADGE_CLIENT), "signal, PROC_SIG_*, PROC_SA_*, mask while it is handled, where handlers are called from") \
    X(SIGMASK, 37, FROM(BADGE_CLIENT), "PROC_MASK_*, set of signals -> mask of the calling thread before, its lower and its upper half") \
    X(SIGFETCH, 38, FROM(BADGE_CLIENT), "-> signal | code << 32, pc, sp, mask to restore, value, pid | status << 32; the thread was sent to its trampoline") \
    X(SIGSUSPEND, 39, FROM(BADGE_CLIENT), "mask; answered ERR_CANCELLED when a handler is to run") \
    X(SIGWAIT, 40, FROM(BADGE_CLIENT), "set of signals, PROC_SIGWAIT_NOW or 0 -> one of them that was pending | code << 32, pid | status << 32, value") \
    X(SIGNALS, 41, FROM(BADGE_CLIENT), "-> pending for the thread, its mask, ignored, caught") \
    X(SIGSTACK, 42, FROM(BADGE_CLIENT), "base and bytes of the calling thread's stack for handlers, 0 none") \
    X(ALARM, 43, FROM(BADGE_CLIENT), "first signal (absolute, of its clock; 0 none, ~0 to ask), period or 0, PROC_ALARM_* -> first, period before") \
    X(TIMES, 44, FROM_ANY, "pid or 0, 0 or 1 + thread slot or PROC_TIMES_SELF: of that thread alone -> instructions of its threads, of children it has waited for, group, session, 1: it is stopped") \
    X(THREAD_PRIO, 46, FROM(BADGE_CLIENT), "thread slot or ~0 for the caller's own, PROC_PRIO_*, 1..199, 0 none or ~0 to ask -> that value, its own or the process's priority, what it runs at") \
    X(MUTEX_WAIT, 47, FROM(BADGE_CLIENT), "mutex's address, 0 or PROC_MUTEX_LEAVE; buf0 its word; answered when the mutex is the caller's") \
    X(MUTEX_GIVE, 48, FROM(BADGE_CLIENT), "mutex's address; buf0 its word (server writes): the caller's mutex is the next one's") \
    X(TERMINAL, 49, FROM(BADGE_CLIENT), "SIGTTIN: the caller is about to read the console, SIGTTOU: to change it; ERR_CANCELLED: its group has got the signal, ERR_IO: it could not be stopped") \
    X(WORD_WAIT, 50, FROM(BADGE_CLIENT), "a word's address, what it holds | flags << 32: PROC_WORD_OWNED, _ASK; buf0 the word; answered when it may hold something else") \
    X(WORD_WAKE, 51, FROM(BADGE_CLIENT), "a word's address, how many of those who wait for it, 0: only ask -> woken, name of the calling thread") \
    X(SIGQUEUE, 52, FROM(BADGE_CLIENT), "pid, signal number or 0, value") \
    X(TIMER, 53, FROM(BADGE_CLIENT), "PROC_TIMER_MAKE, value, signal number or 0, PROC_CLOCK_* -> its number; PROC_TIMER_SET, number, when (of its clock, 0 never), period or 0 -> when, period, missed, clock as they were; PROC_TIMER_ASK, PROC_TIMER_DELETE, number")

enum proc_op {
#define PROC_ENUM(name, number, who, text) PROC_##name = (number),
    PROC_OPS(PROC_ENUM)
#undef PROC_ENUM
    PROC_OP_LIMIT = 54,
};

/* strings buffer: argc strings then envc strings, each nul-terminated. */
#define PROC_ARGS_MAX (128u * 1024u)
#define PROC_PATH_MAX 1024u
#define PROC_NAME_MAX 32u
#define PROC_THREADS_MAX 64u

/* DEBUG, for tests. */
enum proc_debug {
    PROC_DEBUG_DIE_BEFORE = 1, /* procmgr dies before its k-th system call from now; 0: never */
    PROC_DEBUG_DIE_AFTER = 2,  /* the same, right after it returned */
    PROC_DEBUG_CALLS = 3,      /* -> system calls it has made since it started */
    PROC_DEBUG_DIE_AGAIN = 4,  /* the same, before the k-th from its next restart on; once */
    PROC_DEBUG_NEXT_PID = 5,   /* the pid that is tried next, as if all had been given once */
};

/* Procmgr may be killed and restarted under a request (ERR_PEER_DEAD). A request that is sent again with the same key in
 * this word, by the same thread, has its effect once: what was answered is answered again. 0: no key. */
#define PROC_KEY_WORD 6

/* Ask procmgr, with a fresh key; again after each ERR_PEER_DEAD, with a pause. Not for EXEC's success, which has no
 * answer. nbufs: 0..2. */
err_t proc_call(handle_t procmgr, struct ipc_msg *m);
err_t proc_call_full(handle_t procmgr, struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs);
/* FORK, as proc_call() would ask it: the pid, 0 in the child, or the error. Writes no memory after the request, on either side, so
 * that it copies no page. */
long proc_fork(handle_t procmgr);
err_t proc_call_again(handle_t procmgr, struct ipc_msg *m); /* without a key: for what may happen twice, and leaves no trace */
err_t proc_call_until(handle_t procmgr, struct ipc_msg *m, ticks_t deadline); /* ERR_TIMEOUT */

#define SPAWN_BACKGROUND 1u /* ten priorities below the spawner */
#define SPAWN_GROUP 4u      /* in the group that the upper half of the word says, 0: one of its own */
#define SPAWN_FOREGROUND 8u /* with SPAWN_GROUP: which has the console from then on */
#define SPAWN_IN_GROUP(group) (SPAWN_GROUP | (uint64_t)(uint32_t)(group) << 32)
#define SPAWN_PINNED 2u     /* what it touches stays in memory (PAGER_PIN); its children are not pinned */
#define WAIT_GROUP_1 (-(1L << 32) - 1) /* -1 means any */
#define WAIT_NOHANG 1u
#define WAIT_STOPPED 2u   /* children that were stopped, too */
#define WAIT_CONTINUED 4u /* those that were continued, too */
#define WAIT_KEEP 8u      /* it can be waited for again */
#define WAIT_NOT_ENDED 16u /* not those that ended */
#define WAIT_EXECED 32u   /* one that runs a program of its own counts as well; with WAIT_KEEP */
#define WAIT_KNOWN 63u

/* SIGACTION: what a signal does; PROC_SA_* are the SA_* of <signal.h>. */
enum proc_sig { PROC_SIG_DEFAULT = 0, PROC_SIG_IGNORE = 1, PROC_SIG_CATCH = 2 };
#define PROC_SA_NOCLDSTOP 1u
#define PROC_SA_NOCLDWAIT 2u
#define PROC_SA_ONSTACK 4u
#define PROC_SA_NODEFER 8u
#define PROC_SA_RESETHAND 16u
#define PROC_SA_KNOWN 31u

#define PROC_KILL_SELF (~0UL)
#define PROC_TIMES_SELF (~0UL)
#define PROC_SIGWAIT_NOW 1u /* ERR_TIMEOUT instead of waiting */
/* Timers. PROC_CLOCK_CPU counts instructions of the process, as TIMES; the other one ticks. */
enum proc_clock { PROC_CLOCK_REAL = 0, PROC_CLOCK_CPU = 1 };
enum proc_alarm { PROC_ALARM_REAL = 0, PROC_ALARM_VIRTUAL = 1, PROC_ALARM_PROF = 2 }; /* SIGALRM; SIGVTALRM and SIGPROF, of processor time */
enum proc_timer { PROC_TIMER_MAKE = 0, PROC_TIMER_SET = 1, PROC_TIMER_ASK = 2, PROC_TIMER_DELETE = 3 };
#define PROC_TIMER_MISSED_MAX 0x7fffffffu
enum proc_mask { PROC_MASK_SET = 0, PROC_MASK_BLOCK = 1, PROC_MASK_UNBLOCK = 2, PROC_MASK_ASK = 3 };
enum proc_group { PROC_GROUP_ASK = 0, PROC_GROUP_SET = 1, PROC_GROUP_SESSION = 2 };

enum proc_limit {
    PROC_LIMIT_FRAMES = 1,    /* frames one process may be charged, kernel objects included; 0 = no limit */
    PROC_LIMIT_PROCESSES = 2, /* processes in the whole system beyond which the caller may start no more */
    PROC_LIMIT_THREADS = 3,   /* threads of this process */
    PROC_LIMIT_STACK = 4,     /* bytes, applies at the next exec */
};

#define PROC_LIMIT_HARD 16u /* can only be lowered */

/* Limits of a whole tree of processes. They can only be lowered. */
enum proc_tree {
    PROC_TREE_PROCESSES = 1, /* zombies included */
    PROC_TREE_THREADS = 2,
    PROC_TREE_FRAMES = 3,    /* of memory, tables and kernel objects included */
    PROC_TREE_OBJECTS = 4,   /* kernel objects: threads, spaces (two frames each), endpoints, handle tables */
    PROC_TREE_LIMITS = 5,
};

enum proc_prio {
    PROC_PRIO_OWN = 0,     /* the thread's own priority; 0: the process's */
    PROC_PRIO_CEILING = 1, /* it runs at this one at least; 0: none */
};

/* The word of a mutex with inheritance: 0 free, else the holder's slot + 1, and this bit when somebody may wait. Who finds it free
 * or has it alone changes it itself; while the bit is set procmgr does. */
#define PROC_MUTEX_WAITED 0x80000000u
#define PROC_MUTEX_LEAVE 1u /* MUTEX_WAIT: the caller has stopped waiting; OK: too late, it holds the mutex; ERR_TIMEOUT: it does not */

/* WORD_WAIT: the word holds a thread's name, and perhaps the two upper bits: ERR_NOENT when there is no such thread any more. */
#define PROC_WORD_OWNED 1u
#define PROC_WORD_ASK 2u /* ERR_BUSY instead of waiting */
#define PROC_WORD_NAMES 0x3fffffffu
#define PROC_WORD_PID 0x3fffffu
#define PROC_WORD_SLOT 63u
#define PROC_WORD_SLOT_SHIFT 22u
#define PROC_WORD_EXECS 3u
/* Of a thread, in all of the system: pid, slot and how often its process has execed, modulo 4. No pid is 0. */
#define PROC_WORD_NAME(pid, slot, execs) ((uint32_t)(pid) | (uint32_t)(slot) << PROC_WORD_SLOT_SHIFT | (uint32_t)(execs) << 28)

enum proc_state { PROC_STATE_NEW = 1, PROC_STATE_RUNNING = 2, PROC_STATE_EXITING = 3, PROC_STATE_ZOMBIE = 4 };

/* A new program starts at its ELF entry with: sp = stack top, a0 = bytes of its strings (0: none) | PROC_START_FILES when it has
 * H_FS, tp = 0.
 * Its first act (libc/crt0) is to make room below sp and ask PROC_ARGS.
 */

#define PROC_START_FILES (1UL << 32)

/* Where libc/program.ld links a program, and the top of the first thread's stack: stack, program and the heap's beginning are
 * neighbours, so that one leaf table has the pages that every process writes; the heap grows into the next one. A program that
 * is linked too low for the largest stack has its stack at the end of user space. */
#define PROC_PROGRAM_VA 0x401d0000UL
#define PROC_STACK_TOP (PROC_PROGRAM_VA - PAGE_SIZE)

/* Notification bits of procmgr: */
#define PROC_NTFN_PAGER_OP 1u    /* an operation in progress ended */
#define PROC_NTFN_PAGER_NEW 2u   /* the pager was restarted: ask again */
#define PROC_NTFN_INTR 4u        /* ^C on the console */
#define PROC_NTFN_QUIT 8u        /* ^\\ */
#define PROC_NTFN_STOP 16u       /* ^Z */
#define PROC_NTFN_FILES 32u      /* the file server has a question (FS_PROC_ASKED) */

/* A thread that waits for the answer to a call has this pc when procmgr wants it right after; gp is where it goes on. */
#define PROC_HOOK_VA 0xffffffffffffff00UL

/* Status word: exit code << 8, or signal number in the low 7 bits; stopped: 0x7f | signal << 8; continued: 0xffff
 * (as <sys/wait.h> in libc/include has it). */

#endif
