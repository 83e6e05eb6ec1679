/* SPDX-License-Identifier: MIT
 * Mutexes that know priorities. PTHREAD_PRIO_INHERIT: the word says who holds it; while nobody waits it is taken and let go by a
 * compare-and-swap, else the process manager keeps the queue and lends the holder the highest priority in it
 * (docs/decisions/0061). PTHREAD_PRIO_PROTECT: the thread is raised to the ceiling first, then takes a plain mutex.
 */
#include "cas.h"
#include "internal.h"
#include "mutex.h"

#include <errno.h>
#include <ipc/pager.h>
#include <ipc/procmgr.h>
#include <pagoda/thread.h>

#define RETRY_TICKS 10000u /* 1 ms: how long until the process manager is asked again that had no room */

/* The calling thread's number at the process manager, + 1; 0: not asked yet. */
static _Thread_local uint32_t own_tid;

static void after_fork(void) { own_tid = 0; }

static uint32_t tid(void)
{
    if (own_tid == 0) {
        struct ipc_msg m = {.w = {PROC_GETPID}};
        __fork_hooks.prio = after_fork;
        if (proc_call(H_PROC, &m) == OK) /* it has no reason to refuse */
            own_tid = (uint32_t)m.w[5] + 1;
    }
    return own_tid;
}

unsigned __thread_own_slot(void) { return tid() - 1; }

static void doze(ticks_t until)
{
    uint64_t bits;
    (void)sys_wait(0, until, &bits);
}

/* ---- inheritance ---- */

static uint32_t *word_of(pthread_mutex_t *m) { return (uint32_t *)&m->__held; }

static bool cas(uint32_t *word, uint32_t was, uint32_t to)
{
    return __atomic_compare_exchange_n(word, &was, to, false, CAS_RELEASES);
}

static err_t ask(uint32_t *word, uint64_t op, uint64_t flags, ticks_t deadline)
{
    struct ipc_msg m = {.w = {op, (uintptr_t)word, flags}};
    const struct ipc_buf buf = {word, sizeof *word, BUF_R | BUF_W};
    err_t err = ipc_call_full(H_PROC, &m, &buf, 1, deadline);
    if (err == ERR_PEER_DEAD)
        server_pause(0); /* it comes back, and what it had done is seen in the word */
    return err;
}

/* Until the process manager has said whether it is ours. */
static int leave(uint32_t *word)
{
    for (;;) { /* bound: the process manager's deaths */
        err_t err = ask(word, PROC_MUTEX_WAIT, PROC_MUTEX_LEAVE, DEADLINE_NONE);
        if (err == OK)
            return 0;
        if (err == ERR_TIMEOUT)
            return ETIMEDOUT;
        doze(sys_time() + RETRY_TICKS);
    }
}

static int wait_for(uint32_t *word, ticks_t deadline)
{
    err_t err = ask(word, PROC_MUTEX_WAIT, 0, deadline);
    if (err == OK)
        return 0;
    if (err == ERR_NOMEM || err == ERR_LIMIT)
        doze(sys_time() + RETRY_TICKS);
    return sys_time() >= deadline ? leave(word) : EAGAIN;
}

static int inherit_lock(uint32_t *word, ticks_t deadline)
{
    uint32_t me = tid();
    for (;;) { /* bound: the deadline, or the holders' sections before it */
        uint32_t v = __atomic_load_n(word, __ATOMIC_RELAXED);
        if (v == 0) {
            if (cas(word, 0, me))
                return 0;
        } else if (v & PROC_MUTEX_WAITED || cas(word, v, v | PROC_MUTEX_WAITED)) {
            int err = wait_for(word, deadline);
            if (err != EAGAIN)
                return err;
        }
    }
}

static void inherit_unlock(uint32_t *word)
{
    if (cas(word, tid(), 0))
        return;
    while (ask(word, PROC_MUTEX_GIVE, 0, DEADLINE_NONE) != OK) /* bound: the process manager's deaths, and pages that are away */
        doze(sys_time() + RETRY_TICKS);
}

/* ---- ceilings ---- */

/* How many mutexes of each ceiling a thread holds. */
static uint8_t held[THREADS_MAX + 2][PRIO_MAX + 1];

static unsigned highest_ceiling(void)
{
    unsigned prio = PRIO_MAX;
    while (prio > 0 && held[tid()][prio] == 0) /* bound: PRIO_MAX */
        prio--;
    return prio;
}

/* *own: the thread's own priority. */
static int apply_ceiling(unsigned *own)
{
    struct ipc_msg m = {.w = {PROC_THREAD_PRIO, ~0UL, PROC_PRIO_CEILING, highest_ceiling()}};
    err_t err = proc_call(H_PROC, &m);
    *own = (unsigned)m.w[2];
    return err == OK ? 0 : __error_errno(err);
}

static void lower(unsigned ceiling)
{
    unsigned own;
    held[tid()][ceiling]--;
    (void)apply_ceiling(&own);
}

/* EINVAL: the thread is above the ceiling. */
static int raise_to(unsigned ceiling)
{
    unsigned own;
    if (held[tid()][ceiling] == UINT8_MAX)
        return EAGAIN;
    held[tid()][ceiling]++;
    int err = apply_ceiling(&own);
    if (err == 0 && own > ceiling)
        err = EINVAL;
    if (err != 0)
        lower(ceiling);
    return err;
}

static int protect_lock(pthread_mutex_t *m, enum mutex_wait wait, ticks_t deadline)
{
    unsigned ceiling = MUTEX_CEILING(m);
    int err = raise_to(ceiling);
    if (err != 0)
        return err;
    err = __mutex_take(m, wait, deadline);
    if (err != 0)
        lower(ceiling);
    return err;
}

/* ---- both ---- */

bool __mutex_prio_is_mine(const pthread_mutex_t *m)
{
    if (m->__type & MUTEX_INHERIT)
        return (__atomic_load_n((const uint32_t *)&m->__held, __ATOMIC_RELAXED) & ~PROC_MUTEX_WAITED) == tid();
    return __atomic_load_n(&m->__owner, __ATOMIC_RELAXED) == tid();
}

int __mutex_prio_lock(pthread_mutex_t *m, enum mutex_wait wait, ticks_t deadline)
{
    if (__mutex_prio_is_mine(m)) {
        if (MUTEX_TYPE(m) != PTHREAD_MUTEX_RECURSIVE)
            return wait == MUTEX_TRY ? EBUSY : EDEADLK;
        if (m->__depth == ~0u)
            return EAGAIN;
        m->__depth++;
        return 0;
    }
    if (m->__type & MUTEX_INHERIT) {
        if (wait == MUTEX_TRY)
            return cas(word_of(m), 0, tid()) ? 0 : EBUSY;
        return inherit_lock(word_of(m), deadline);
    }
    int err = protect_lock(m, wait, deadline);
    if (err == 0)
        __atomic_store_n(&m->__owner, tid(), __ATOMIC_RELAXED);
    return err;
}

int __mutex_prio_unlock(pthread_mutex_t *m)
{
    if (!__mutex_prio_is_mine(m))
        return EPERM;
    if (m->__depth > 0) {
        m->__depth--;
    } else if (m->__type & MUTEX_INHERIT) {
        inherit_unlock(word_of(m));
    } else {
        unsigned ceiling = MUTEX_CEILING(m);
        __atomic_store_n(&m->__owner, 0, __ATOMIC_RELAXED);
        __mutex_let_go(m);
        lower(ceiling);
    }
    return 0;
}

int pthread_mutex_getprioceiling(const pthread_mutex_t *restrict m, int *restrict ceiling)
{
    if (!(m->__type & MUTEX_PROTECT))
        return EINVAL;
    *ceiling = (int)MUTEX_CEILING(m);
    return 0;
}

int pthread_mutex_setprioceiling(pthread_mutex_t *restrict m, int ceiling, int *restrict old)
{
    if (!(m->__type & MUTEX_PROTECT) || ceiling < 1 || ceiling > PRIO_MAX)
        return EINVAL;
    if (__mutex_prio_is_mine(m))
        return EDEADLK;
    int err = __mutex_take(m, MUTEX_WAITS, DEADLINE_NONE); /* not by the protocol, which POSIX does not ask for here */
    if (err != 0)
        return err;
    if (old != NULL)
        *old = (int)MUTEX_CEILING(m);
    m->__type = (m->__type & 0xff) | ceiling << 8;
    __mutex_let_go(m);
    return 0;
}
