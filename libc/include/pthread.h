/* SPDX-License-Identifier: MIT
 * POSIX threads, over pagoda/thread.h. What is here behaves as the standard says; docs/libc.md lists what is not.
 */
#ifndef PAGODA_PTHREAD_H
#define PAGODA_PTHREAD_H

#include <limits.h>
#include <pagoda/waitq.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

typedef struct thread *pthread_t;
typedef unsigned pthread_key_t;

enum { PTHREAD_CREATE_JOINABLE, PTHREAD_CREATE_DETACHED };
enum { PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_DEFAULT = PTHREAD_MUTEX_NORMAL };
enum { PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT, PTHREAD_PRIO_PROTECT };
enum { PTHREAD_PROCESS_PRIVATE, PTHREAD_PROCESS_SHARED };
enum { PTHREAD_MUTEX_STALLED, PTHREAD_MUTEX_ROBUST };
enum { PTHREAD_SCOPE_SYSTEM, PTHREAD_SCOPE_PROCESS };
enum { PTHREAD_INHERIT_SCHED, PTHREAD_EXPLICIT_SCHED };
enum { PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DISABLE };
enum { PTHREAD_CANCEL_DEFERRED, PTHREAD_CANCEL_ASYNCHRONOUS };
#define PTHREAD_CANCELED ((void *)-1)
#define PTHREAD_BARRIER_SERIAL_THREAD (-1)

typedef struct {
    size_t __stack_bytes, __guard_bytes;
    int __detached, __inherit, __policy, __prio;
    void *__stack; /* the program's own; NULL: one is made */
} pthread_attr_t;
typedef struct {
    int __type, __protocol, __ceiling, __shared, __robust;
} pthread_mutexattr_t;
typedef struct {
    clockid_t __clock;
    int __shared;
} pthread_condattr_t;
typedef struct {
    int __shared;
} pthread_rwlockattr_t, pthread_barrierattr_t;

typedef struct {
    int __held;       /* 0 free, 1 held, 2 held and somebody may wait */
    int __type;
    unsigned __depth; /* recursive: beyond the first */
    uintptr_t __owner;
    struct __waitq __waiters;
} pthread_mutex_t;
#define PTHREAD_MUTEX_INITIALIZER {0, PTHREAD_MUTEX_DEFAULT, 0, 0, {0, 0, 0}}
#define PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP {0, PTHREAD_MUTEX_RECURSIVE, 0, 0, {0, 0, 0}}
#define PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP {0, PTHREAD_MUTEX_ERRORCHECK, 0, 0, {0, 0, 0}}

typedef struct {
    struct __waitq __waiters;
    int __shared; /* then these, instead of the queue */
    unsigned __signals, __sleepers;
} pthread_cond_t;
#define PTHREAD_COND_INITIALIZER {{0, 0, 0}, 0, 0, 0}

typedef struct {
    int __state; /* 0 not yet, 1 somebody is at it, 2 done */
    struct __waitq __waiters;
} pthread_once_t;
#define PTHREAD_ONCE_INIT {0, {0, 0, 0}}

typedef struct {
    pthread_mutex_t __lock;
    pthread_cond_t __readers, __writers;
    unsigned __reading, __waiting_writers;
    uintptr_t __writer; /* 0: none */
    int __shared; /* then this word, and the writer */
    unsigned __word;
} pthread_rwlock_t;
#define PTHREAD_RWLOCK_INITIALIZER \
    {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, 0}

typedef struct {
    pthread_mutex_t __lock;
    pthread_cond_t __all_here;
    unsigned __wanted, __here, __leaving;
    uint64_t __round;
    int __shared; /* then this word, and the first two numbers */
    unsigned __rounds;
} pthread_barrier_t;

typedef int pthread_spinlock_t;

int pthread_create(pthread_t *restrict out, const pthread_attr_t *restrict attr, void *(*fn)(void *), void *restrict arg);
int pthread_join(pthread_t t, void **result);
int pthread_detach(pthread_t t);
_Noreturn void pthread_exit(void *result);
pthread_t pthread_self(void);
int pthread_equal(pthread_t a, pthread_t b);
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

int pthread_attr_init(pthread_attr_t *a);
int pthread_attr_destroy(pthread_attr_t *a);
int pthread_attr_setdetachstate(pthread_attr_t *a, int state);
int pthread_attr_getdetachstate(const pthread_attr_t *a, int *state);
int pthread_attr_setstacksize(pthread_attr_t *a, size_t bytes);
int pthread_attr_getstacksize(const pthread_attr_t *restrict a, size_t *restrict bytes);
/* A stack of the program's own memory, from its lowest byte; without a guard page. It is the program's again after the join. */
int pthread_attr_setstack(pthread_attr_t *a, void *stack, size_t bytes);
int pthread_attr_getstack(const pthread_attr_t *restrict a, void **restrict stack, size_t *restrict bytes);
int pthread_attr_setguardsize(pthread_attr_t *a, size_t bytes);
int pthread_attr_getguardsize(const pthread_attr_t *restrict a, size_t *restrict bytes);
int pthread_attr_setscope(pthread_attr_t *a, int scope);
int pthread_attr_getscope(const pthread_attr_t *restrict a, int *restrict scope);
int pthread_attr_setinheritsched(pthread_attr_t *a, int inherit);
int pthread_attr_getinheritsched(const pthread_attr_t *restrict a, int *restrict inherit);
int pthread_attr_setschedpolicy(pthread_attr_t *a, int policy);
int pthread_attr_getschedpolicy(const pthread_attr_t *restrict a, int *restrict policy);
int pthread_attr_setschedparam(pthread_attr_t *restrict a, const struct sched_param *restrict param);
int pthread_attr_getschedparam(const pthread_attr_t *restrict a, struct sched_param *restrict param);

/* SCHED_OTHER, priority 0: what the process has; SCHED_RR, 1 to 199: its own. */
int pthread_setschedparam(pthread_t t, int policy, const struct sched_param *param);
int pthread_getschedparam(pthread_t t, int *restrict policy, struct sched_param *restrict param);
int pthread_setschedprio(pthread_t t, int prio);
int pthread_getcpuclockid(pthread_t t, clockid_t *clock); /* of processor time, good until the thread ends */

int pthread_mutexattr_init(pthread_mutexattr_t *a);
int pthread_mutexattr_destroy(pthread_mutexattr_t *a);
int pthread_mutexattr_settype(pthread_mutexattr_t *a, int type);
int pthread_mutexattr_gettype(const pthread_mutexattr_t *restrict a, int *restrict type);
int pthread_mutexattr_setprotocol(pthread_mutexattr_t *a, int protocol);
int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict a, int *restrict protocol);
int pthread_mutexattr_setprioceiling(pthread_mutexattr_t *a, int ceiling);
int pthread_mutexattr_getprioceiling(const pthread_mutexattr_t *restrict a, int *restrict ceiling);
int pthread_mutexattr_setpshared(pthread_mutexattr_t *a, int shared);
int pthread_mutexattr_getpshared(const pthread_mutexattr_t *restrict a, int *restrict shared);
int pthread_mutexattr_setrobust(pthread_mutexattr_t *a, int robust);
int pthread_mutexattr_getrobust(const pthread_mutexattr_t *restrict a, int *restrict robust);
int pthread_mutex_init(pthread_mutex_t *restrict m, const pthread_mutexattr_t *restrict a);
int pthread_mutex_destroy(pthread_mutex_t *m);
int pthread_mutex_lock(pthread_mutex_t *m);
int pthread_mutex_trylock(pthread_mutex_t *m);
int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict until);
int pthread_mutex_clocklock(pthread_mutex_t *restrict m, clockid_t clock, const struct timespec *restrict until);
int pthread_mutex_unlock(pthread_mutex_t *m);
int pthread_mutex_consistent(pthread_mutex_t *m); /* after EOWNERDEAD. EINVAL */
int pthread_mutex_getprioceiling(const pthread_mutex_t *restrict m, int *restrict ceiling);
int pthread_mutex_setprioceiling(pthread_mutex_t *restrict m, int ceiling, int *restrict old);

int pthread_condattr_init(pthread_condattr_t *a);
int pthread_condattr_destroy(pthread_condattr_t *a);
int pthread_condattr_setclock(pthread_condattr_t *a, clockid_t clock);
int pthread_condattr_getclock(const pthread_condattr_t *restrict a, clockid_t *restrict clock);
int pthread_condattr_setpshared(pthread_condattr_t *a, int shared);
int pthread_condattr_getpshared(const pthread_condattr_t *restrict a, int *restrict shared);
int pthread_cond_init(pthread_cond_t *restrict c, const pthread_condattr_t *restrict a);
int pthread_cond_destroy(pthread_cond_t *c);
int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m);
int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m, const struct timespec *restrict until);
int pthread_cond_clockwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m, clockid_t clock,
                           const struct timespec *restrict until);
int pthread_cond_signal(pthread_cond_t *c);
int pthread_cond_broadcast(pthread_cond_t *c);

int pthread_once(pthread_once_t *once, void (*fn)(void));
int pthread_key_create(pthread_key_t *key, void (*destructor)(void *));
int pthread_key_delete(pthread_key_t key);
int pthread_setspecific(pthread_key_t key, const void *value);
void *pthread_getspecific(pthread_key_t key);

int pthread_rwlockattr_init(pthread_rwlockattr_t *a);
int pthread_rwlockattr_destroy(pthread_rwlockattr_t *a);
int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *a, int shared);
int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *restrict a, int *restrict shared);
int pthread_rwlock_init(pthread_rwlock_t *restrict l, const pthread_rwlockattr_t *restrict a);
int pthread_rwlock_destroy(pthread_rwlock_t *l);
int pthread_rwlock_rdlock(pthread_rwlock_t *l);
int pthread_rwlock_tryrdlock(pthread_rwlock_t *l);
int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l, const struct timespec *restrict until);
int pthread_rwlock_wrlock(pthread_rwlock_t *l);
int pthread_rwlock_trywrlock(pthread_rwlock_t *l);
int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l, const struct timespec *restrict until);
int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict l, clockid_t clock, const struct timespec *restrict until);
int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict l, clockid_t clock, const struct timespec *restrict until);
int pthread_rwlock_unlock(pthread_rwlock_t *l);

int pthread_barrierattr_init(pthread_barrierattr_t *a);
int pthread_barrierattr_destroy(pthread_barrierattr_t *a);
int pthread_barrierattr_setpshared(pthread_barrierattr_t *a, int shared);
int pthread_barrierattr_getpshared(const pthread_barrierattr_t *restrict a, int *restrict shared);
int pthread_barrier_init(pthread_barrier_t *restrict b, const pthread_barrierattr_t *restrict a, unsigned count);
int pthread_barrier_destroy(pthread_barrier_t *b);
int pthread_barrier_wait(pthread_barrier_t *b);

int pthread_spin_init(pthread_spinlock_t *l, int shared);
int pthread_spin_destroy(pthread_spinlock_t *l);
int pthread_spin_lock(pthread_spinlock_t *l);
int pthread_spin_trylock(pthread_spinlock_t *l);
int pthread_spin_unlock(pthread_spinlock_t *l);

/* Deferred, unless said otherwise. Points: calls that wait for somebody (read, write, open, poll, wait, sleeps, sigwait and kin,
 * pthread_cond_wait, sem_wait, pthread_join) and pthread_testcancel(). It uses SIGLOST, which is not to be blocked or caught then. */
int pthread_cancel(pthread_t t);
void pthread_testcancel(void);
int pthread_setcancelstate(int state, int *old);
int pthread_setcanceltype(int type, int *old);

struct __pthread_cleanup {
    void (*__fn)(void *);
    void *__arg;
    struct __pthread_cleanup *__below;
};
void __pthread_cleanup_push(struct __pthread_cleanup *c);
void __pthread_cleanup_pop(struct __pthread_cleanup *c, int run);
#define pthread_cleanup_push(fn, arg) \
    { \
        struct __pthread_cleanup __cleanup = {(fn), (arg), 0}; \
        __pthread_cleanup_push(&__cleanup);
#define pthread_cleanup_pop(run) \
        __pthread_cleanup_pop(&__cleanup, (run)); \
    }

#endif
