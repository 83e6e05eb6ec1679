/* SPDX-License-Identifier: MIT
 * SIGEV_THREAD: a timer's function is called by a thread of the timer's own, which sleeps until it is due. The process manager keeps the
 * timer all the same and sends nothing for it, so whatever asks for its state is answered as for any other.
 */
#include "timer.h"

#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct thread_timer {
    timer_t id;
    void (*fn)(union sigval);
    union sigval value;
    uint64_t at, every; /* ticks; 0: not armed */
    bool gone;          /* its thread ends, and frees this */
    struct thread_timer *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* around all of it */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct thread_timer *all;

/* With the mutex. True: it is due; its next round is set. */
static bool wait_until_due(struct thread_timer *t)
{
    while (!t->gone) { /* bound: its life */
        uint64_t now = sys_time();
        if (t->at != 0 && t->at <= now) {
            t->at = t->every != 0 ? t->at + t->every * ((now - t->at) / t->every + 1) : 0;
            return true;
        }
        struct timespec until = __ticks_timespec(t->at + 1); /* rounded down, so a tick later */
        if (t->at == 0)
            (void)pthread_cond_wait(&changed, &mutex);
        else
            (void)pthread_cond_timedwait(&changed, &mutex, &until);
    }
    return false;
}

static void *serve(void *arg)
{
    struct thread_timer *t = arg;
    sigset_t set;
    (void)sigfillset(&set);
    (void)pthread_sigmask(SIG_SETMASK, &set, NULL);
    (void)pthread_mutex_lock(&mutex);
    while (wait_until_due(t)) { /* bound: its life */
        (void)pthread_mutex_unlock(&mutex);
        t->fn(t->value);
        (void)pthread_mutex_lock(&mutex);
    }
    (void)pthread_mutex_unlock(&mutex);
    free(t);
    return NULL;
}

static struct thread_timer **find(timer_t id)
{
    struct thread_timer **at = &all;
    while (*at != NULL && (*at)->id != id) /* bound: the process's timers */
        at = &(*at)->next;
    return at;
}

static void set(timer_t id, uint64_t at, uint64_t every)
{
    (void)pthread_mutex_lock(&mutex);
    struct thread_timer *t = *find(id);
    if (t != NULL) {
        t->at = at;
        t->every = every;
        (void)pthread_cond_broadcast(&changed);
    }
    (void)pthread_mutex_unlock(&mutex);
}

static void drop(timer_t id)
{
    (void)pthread_mutex_lock(&mutex);
    struct thread_timer **at = find(id), *t = *at;
    if (t != NULL) {
        *at = t->next;
        t->gone = true;
        (void)pthread_cond_broadcast(&changed);
    }
    (void)pthread_mutex_unlock(&mutex);
}

/* Timers are not inherited, nor are their threads; one of those may have been in here. */
static void child(void)
{
    all = NULL;
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

static void begin(void)
{
    (void)pthread_atfork(NULL, NULL, child);
    __timer_threads.set = set;
    __timer_threads.drop = drop;
}

int __timer_thread_new(timer_t id, const struct sigevent *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct thread_timer *t = calloc(1, sizeof *t);
    pthread_t thread;
    pthread_attr_t attr;
    (void)pthread_once(&once, begin);
    if (t == NULL)
        return EAGAIN;
    *t = (struct thread_timer){.id = id, .fn = e->sigev_notify_function, .value = e->sigev_value};
    if (e->sigev_notify_attributes != NULL)
        attr = *(const pthread_attr_t *)e->sigev_notify_attributes;
    else
        (void)pthread_attr_init(&attr);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)pthread_mutex_lock(&mutex);
    int err = pthread_create(&thread, &attr, serve, t);
    if (err == 0) {
        t->next = all;
        all = t;
    } else {
        free(t);
    }
    (void)pthread_mutex_unlock(&mutex);
    return err;
}
