/* SPDX-License-Identifier: MIT
 * Signals. picolibc's numbers, and all that POSIX wants beside them (docs/signals.md). Real-time signals and those of sigqueue() are
 * queued; any other one that is pending is pending once.
 */
#ifndef _SIGNAL_H_
#define _SIGNAL_H_
#define _SYS_SIGNAL_H /* picolibc's own has other structures */

#include <stdint.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <sys/types.h>

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGIOT SIGABRT
#define SIGEMT 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGBUS 10
#define SIGSEGV 11
#define SIGSYS 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGURG 16
#define SIGSTOP 17
#define SIGTSTP 18
#define SIGCONT 19
#define SIGCHLD 20
#define SIGCLD SIGCHLD
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGIO 23
#define SIGPOLL SIGIO
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGLOST 29
#define SIGUSR1 30
#define SIGUSR2 31
#define SIGRTMIN 32
#define SIGRTMAX 63
#define RTSIG_MAX 32
#define SIGQUEUE_MAX 64 /* pending for one process */
#define NSIG 64
#define _NSIG NSIG

typedef int sig_atomic_t;
#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t; /* bit n: signal n */
#endif
typedef void (*_sig_func_ptr)(int);
typedef _sig_func_ptr sig_t;
typedef _sig_func_ptr sighandler_t;

#define SIG_DFL ((_sig_func_ptr)0)
#define SIG_IGN ((_sig_func_ptr)1)
#define SIG_ERR ((_sig_func_ptr)-1)

union sigval {
    int sival_int;
    void *sival_ptr;
};

#define SIGEV_NONE 1
#define SIGEV_SIGNAL 2
#define SIGEV_THREAD 3
struct sigevent {
    int sigev_notify, sigev_signo;
    union sigval sigev_value;
    void (*sigev_notify_function)(union sigval);
    void *sigev_notify_attributes; /* a pthread_attr_t * */
};

typedef struct {
    int si_signo, si_code, si_errno;
    pid_t si_pid;     /* SI_USER, SI_QUEUE: who sent it; SIGCHLD: which child */
    uid_t si_uid;     /* 0: there is one user */
    int si_status;    /* SIGCHLD: exit code or signal */
    void *si_addr;    /* SIGSEGV, SIGBUS: what could not be accessed; SIGILL, SIGTRAP: the instruction's own value */
    long si_band;
    union sigval si_value; /* SI_QUEUE, SI_TIMER */
    int si_timerid;        /* SI_TIMER, of timer_create() */
} siginfo_t;

#define SI_USER 0
#define SI_QUEUE (-1) /* these are of no signal of its own, so its codes are others */
#define SI_TIMER (-2)
#define SI_MESGQ (-3)
#define SI_ASYNCIO (-4)
#define SI_KERNEL 128 /* a key of the console, or its use from the background */
#define SI_TKILL (-6) /* a thread of the same process */
#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define ILL_ILLADR 3
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5
#define ILL_PRVREG 6
#define ILL_COPROC 7
#define ILL_BADSTK 8
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define FPE_FLTSUB 8
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6

struct sigaction {
    union {
        _sig_func_ptr __handler;
        void (*__action)(int, siginfo_t *, void *);
    } __do;
    sigset_t sa_mask;
    int sa_flags;
};
#define sa_handler __do.__handler
#define sa_sigaction __do.__action
#define SA_NOCLDSTOP 1  /* SIGCHLD: not for children that stop */
#define SA_NOCLDWAIT 2  /* SIGCHLD: nobody will wait for children */
#define SA_ONSTACK 4
#define SA_NODEFER 8
#define SA_RESETHAND 16
#define SA_SIGINFO 32
#define SA_RESTART 64
#define SA_NOMASK SA_NODEFER
#define SA_ONESHOT SA_RESETHAND

#define SIG_SETMASK 0
#define SIG_BLOCK 1
#define SIG_UNBLOCK 2

#define MINSIGSTKSZ 2048
#define SIGSTKSZ 8192
#define SS_ONSTACK 1
#define SS_DISABLE 2
typedef struct sigaltstack {
    void *ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;

/* A handler's third argument: what it changes here is so when it returns. */
typedef struct {
    unsigned long __gregs[32];  /* 0: pc, n: xn */
    unsigned long __fpregs[32];
    unsigned long __fcsr;
} mcontext_t;
typedef struct ucontext {
    unsigned long uc_flags;
    struct ucontext *uc_link;
    stack_t uc_stack;
    sigset_t uc_sigmask;
    mcontext_t uc_mcontext;
} ucontext_t;

struct timespec;

_sig_func_ptr signal(int sig, _sig_func_ptr handler); /* stays installed, SA_RESTART */
int raise(int sig);
int kill(pid_t pid, int sig);
int killpg(pid_t group, int sig);
int sigaction(int sig, const struct sigaction *__restrict act, struct sigaction *__restrict old);
int sigprocmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old);
int pthread_sigmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old);
struct thread;
int pthread_kill(struct thread *thread, int sig); /* a pthread_t */
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *mask);
int sigwait(const sigset_t *__restrict set, int *__restrict sig);
int sigwaitinfo(const sigset_t *__restrict set, siginfo_t *__restrict info);
int sigtimedwait(const sigset_t *__restrict set, siginfo_t *__restrict info, const struct timespec *__restrict timeout);
int sigqueue(pid_t pid, int sig, union sigval value);
int sigaltstack(const stack_t *__restrict new, stack_t *__restrict old);
int siginterrupt(int sig, int interrupts);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigismember(const sigset_t *set, int sig);
int sighold(int sig);
int sigrelse(int sig);
int sigignore(int sig);
int sigpause(int sig);
_sig_func_ptr sigset(int sig, _sig_func_ptr how);
#define SIG_HOLD ((_sig_func_ptr)2)
void psignal(int sig, const char *text);
void psiginfo(const siginfo_t *info, const char *text); /* the same of a signal that came */

#endif
