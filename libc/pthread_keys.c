/* SPDX-License-Identifier: MIT
 * What belongs to one thread: thread-specific values and their destructors, cleanup handlers; and pthread_once().
 * A key's number comes again after its deletion; the turn counted with it keeps old values from showing under the new key.
 */
#include "internal.h"
#include "park.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static struct key {
    uint64_t turn; /* odd: in use */
    void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];
void (*__park_thread_goes)(void);
void (*__robust_thread_goes)(void);
static pthread_mutex_t keys_lock = PTHREAD_MUTEX_INITIALIZER;

struct value {
    uint64_t turn;
    void *value;
};
static _Thread_local struct value *values; /* PTHREAD_KEYS_MAX, from the first store on */
static _Thread_local struct __pthread_cleanup *cleanups;

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    int err = EAGAIN;
    (void)pthread_mutex_lock(&keys_lock);
    for (unsigned i = 0; i < PTHREAD_KEYS_MAX && err != 0; i++) {
        if (keys[i].turn & 1)
            continue;
        keys[i].destructor = destructor;
        __atomic_store_n(&keys[i].turn, keys[i].turn + 1, __ATOMIC_RELEASE);
        *key = i;
        err = 0;
    }
    (void)pthread_mutex_unlock(&keys_lock);
    return err;
}

int pthread_key_delete(pthread_key_t key)
{
    int err = EINVAL;
    (void)pthread_mutex_lock(&keys_lock);
    if (key < PTHREAD_KEYS_MAX && keys[key].turn & 1) {
        __atomic_store_n(&keys[key].turn, keys[key].turn + 1, __ATOMIC_RELEASE);
        err = 0;
    }
    (void)pthread_mutex_unlock(&keys_lock);
    return err;
}

static uint64_t turn_of(pthread_key_t key)
{
    return key < PTHREAD_KEYS_MAX ? __atomic_load_n(&keys[key].turn, __ATOMIC_ACQUIRE) : 0;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    uint64_t turn = turn_of(key);
    if (!(turn & 1))
        return EINVAL;
    if (values == NULL && value != NULL)
        values = calloc(PTHREAD_KEYS_MAX, sizeof *values);
    if (values == NULL)
        return value == NULL ? 0 : ENOMEM;
    values[key] = (struct value){.turn = turn, .value = (void *)value};
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    if (values == NULL || key >= PTHREAD_KEYS_MAX || values[key].turn != turn_of(key))
        return NULL;
    return values[key].value;
}

/* One turn over all keys; whether a destructor ran. */
static bool destroy_values(void)
{
    bool any = false;
    for (pthread_key_t key = 0; key < PTHREAD_KEYS_MAX; key++) {
        void *value = pthread_getspecific(key);
        if (value == NULL)
            continue;
        (void)pthread_setspecific(key, NULL);
        void (*destructor)(void *) = keys[key].destructor;
        if (destructor == NULL)
            continue;
        destructor(value);
        any = true;
    }
    return any;
}

void __thread_goes(void)
{
    while (cleanups != NULL)
        __pthread_cleanup_pop(cleanups, 1);
    for (unsigned i = 0; i < PTHREAD_DESTRUCTOR_ITERATIONS && values != NULL && destroy_values(); i++) {
    }
    free(values);
    values = NULL;
    if (__robust_thread_goes != NULL)
        __robust_thread_goes();
    if (__park_thread_goes != NULL)
        __park_thread_goes();
}

void __pthread_cleanup_push(struct __pthread_cleanup *c)
{
    c->__below = cleanups;
    cleanups = c;
}

void __pthread_cleanup_pop(struct __pthread_cleanup *c, int run)
{
    cleanups = c->__below;
    if (run)
        c->__fn(c->__arg);
}

enum { NOT_YET, UNDER_WAY, DONE };

int pthread_once(pthread_once_t *once, void (*fn)(void))
{
    if (__atomic_load_n(&once->__state, __ATOMIC_ACQUIRE) == DONE)
        return 0;
    int was = NOT_YET;
    if (__atomic_compare_exchange_n(&once->__state, &was, UNDER_WAY, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
        fn();
        __waitq_lock(&once->__waiters);
        __atomic_store_n(&once->__state, DONE, __ATOMIC_RELEASE);
        __waitq_unlock(&once->__waiters);
        __waitq_wake_all(&once->__waiters);
        return 0;
    }
    __park_prepare();
    __waitq_lock(&once->__waiters);
    while (__atomic_load_n(&once->__state, __ATOMIC_ACQUIRE) != DONE) { /* bound: fn() */
        (void)__waitq_wait(&once->__waiters, DEADLINE_NONE);
        __waitq_lock(&once->__waiters);
    }
    __waitq_unlock(&once->__waiters);
    return 0;
}
