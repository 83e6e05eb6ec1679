/* SPDX-License-Identifier: MIT
 * POSIX threads: life, attributes, fork handlers. The threads themselves: thread.c.
 */
#include "internal.h"
#include "mutex.h"

#include <errno.h>
#include <pagoda/thread.h>
#include <pthread.h>
#include <stdlib.h>

#define PAGE 4096u
#define STACK_EXTRA (4 * PAGE - 1)
#define STACK_ALIGN 16u

int pthread_create(pthread_t *restrict out, const pthread_attr_t *restrict attr, void *(*fn)(void *), void *restrict arg)
{
    struct thread_start how = {.fn = fn, .arg = arg, .stack_bytes = THREAD_STACK_BYTES, .prio = THREAD_PRIO_INHERITED};
    int err = attr != NULL ? __attr_prio(attr, &how.prio) : 0;
    if (err != 0)
        return err;
    if (attr != NULL) {
        /* The guard page and the thread's own data come out of the region as well, so a little is added. */
        how.stack = attr->__stack;
        how.stack_bytes = how.stack != NULL ? attr->__stack_bytes : (attr->__stack_bytes + STACK_EXTRA) & ~(size_t)(PAGE - 1);
        how.detached = attr->__detached;
    }
    err = __thread_begin(out, &how);
    return err == ENOMEM ? EAGAIN : err;
}

int pthread_join(pthread_t t, void **result)
{
    if (t == NULL)
        return ESRCH;
    if (t != __thread_record() && __thread_is_detached(t))
        return EINVAL;
    return thread_join(t, result);
}

int pthread_detach(pthread_t t) { return t != NULL ? __thread_detach(t) : ESRCH; }
_Noreturn void pthread_exit(void *result) { thread_exit(result); }
pthread_t pthread_self(void) { return __thread_record(); }
int pthread_equal(pthread_t a, pthread_t b) { return a == b; }

/* ---- attributes ---- */

int pthread_attr_init(pthread_attr_t *a)
{
    *a = (pthread_attr_t){.__stack_bytes = THREAD_STACK_BYTES - STACK_EXTRA, .__guard_bytes = PAGE};
    return 0;
}
int pthread_attr_destroy(pthread_attr_t *a)
{
    a->__stack_bytes = 0;
    return 0;
}
int pthread_attr_setdetachstate(pthread_attr_t *a, int state)
{
    if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
        return EINVAL;
    a->__detached = state;
    return 0;
}
int pthread_attr_getdetachstate(const pthread_attr_t *a, int *state)
{
    *state = a->__detached;
    return 0;
}
int pthread_attr_setstacksize(pthread_attr_t *a, size_t bytes)
{
    if (bytes < PTHREAD_STACK_MIN || bytes > THREAD_STACK_MAX - STACK_EXTRA)
        return EINVAL;
    a->__stack_bytes = bytes;
    a->__stack = NULL; /* where that many are, nobody has said */
    return 0;
}
int pthread_attr_setstack(pthread_attr_t *a, void *stack, size_t bytes)
{
    if (stack == NULL || bytes < PTHREAD_STACK_MIN || (((uintptr_t)stack | bytes) & (STACK_ALIGN - 1)) != 0)
        return EINVAL;
    a->__stack = stack;
    a->__stack_bytes = bytes;
    return 0;
}
int pthread_attr_getstack(const pthread_attr_t *restrict a, void **restrict stack, size_t *restrict bytes)
{
    *stack = a->__stack;
    *bytes = a->__stack_bytes;
    return 0;
}
int pthread_attr_getstacksize(const pthread_attr_t *restrict a, size_t *restrict bytes)
{
    *bytes = a->__stack_bytes;
    return 0;
}
/* A page, whatever is asked for, as long as it is no more: POSIX lets a system round. */
int pthread_attr_setguardsize(pthread_attr_t *a, size_t bytes)
{
    if (bytes > PAGE)
        return EINVAL;
    a->__guard_bytes = bytes;
    return 0;
}
int pthread_attr_getguardsize(const pthread_attr_t *restrict a, size_t *restrict bytes)
{
    *bytes = a->__guard_bytes;
    return 0;
}
int pthread_attr_setscope(pthread_attr_t *a, int scope)
{
    (void)a;
    return scope == PTHREAD_SCOPE_SYSTEM ? 0 : scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL;
}
int pthread_attr_getscope(const pthread_attr_t *restrict a, int *restrict scope)
{
    (void)a;
    *scope = PTHREAD_SCOPE_SYSTEM;
    return 0;
}

/* ---- fork handlers: before in the reverse order, after in order ---- */

static struct handlers {
    struct handlers *later, *earlier;
    void (*prepare)(void), (*parent)(void), (*child)(void);
} *oldest, *newest;

static void call_prepare(void)
{
    for (struct handlers *h = newest; h != NULL; h = h->earlier)
        if (h->prepare != NULL)
            h->prepare();
}

static void call_done(bool child)
{
    for (struct handlers *h = oldest; h != NULL; h = h->later) {
        void (*fn)(void) = child ? h->child : h->parent;
        if (fn != NULL)
            fn();
    }
}

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    struct handlers *h = malloc(sizeof *h);
    if (h == NULL)
        return ENOMEM;
    __libc_lock();
    *h = (struct handlers){.earlier = newest, .prepare = prepare, .parent = parent, .child = child};
    if (newest != NULL)
        newest->later = h;
    else
        oldest = h;
    newest = h;
    __fork_hooks.prepare = call_prepare;
    __fork_hooks.done = call_done;
    __libc_unlock();
    return 0;
}
