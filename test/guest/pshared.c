/* SPDX-License-Identifier: MIT
 * Proves what POSIX says of semaphores with names, and of semaphores, mutexes, condition variables, read-write locks and barriers
 * between processes, mapped at different addresses: who waits is woken, errors are the standard's, and one that is killed while it
 * waits, or between a change and its wake, keeps nobody else waiting. procmgr may die meanwhile.
 */
#define GT_NAME "pshared"
#include "gclock.h"
#include "gmap.h"
#include "gwaits.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/stat.h>

static struct together {
    sem_t ping, pong;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    pthread_rwlock_t lock;
    pthread_barrier_t barrier;
    volatile unsigned n, first, serial, at[4];
} *t; /* all zeros at first */

static int memory;

/* The parent's; what children map anew is elsewhere. */
static void begin(void)
{
    memory = memfd_create("together", 0);
    CHECK_EQ(ftruncate(memory, (off_t)PAGE), 0);
    t = mmap(NULL, PAGE, RW, MAP_SHARED, memory, 0);
    CHECK((void *)t != MAP_FAILED);
}
static void elsewhere(void)
{
    void *old = t;
    t = mmap(NULL, PAGE, RW, MAP_SHARED, memory, 0);
    CHECK((void *)t != MAP_FAILED && (void *)t != old);
    CHECK_EQ(munmap(old, PAGE), 0);
}
static void finish(void)
{
    CHECK_EQ(munmap(t, PAGE), 0);
    close(memory);
}

static void mutex_shared(pthread_mutex_t *m, int type)
{
    pthread_mutexattr_t a;
    int is;
    CHECK(pthread_mutexattr_init(&a) == 0 && pthread_mutexattr_getpshared(&a, &is) == 0 && is == PTHREAD_PROCESS_PRIVATE);
    CHECK(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED) == 0 && pthread_mutexattr_getpshared(&a, &is) == 0);
    CHECK_EQ(is, PTHREAD_PROCESS_SHARED);
    CHECK_EQ(pthread_mutexattr_settype(&a, type), 0);
    CHECK_EQ(pthread_mutex_init(m, &a), 0);
    CHECK_EQ(pthread_mutexattr_destroy(&a), 0);
}
static void cond_shared(void)
{
    pthread_condattr_t a;
    int is;
    CHECK(pthread_condattr_init(&a) == 0 && pthread_condattr_getpshared(&a, &is) == 0 && is == PTHREAD_PROCESS_PRIVATE);
    CHECK_EQ(pthread_condattr_setpshared(&a, 7), EINVAL);
    CHECK_EQ(pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_cond_init(&t->cond, &a), 0);
}
static void until_asleep(uint64_t n) { GT_UNTIL(gt_word_waits() == n); } /* nobody else in the system waits for words */

/* ---- semaphores with names ---- */

static void names_are_checked(void)
{
    struct stat st;
    static char too_long[260] = "/";
    memset(too_long + 1, 'n', 252);
    REFUSED((intptr_t)sem_open("/none", 0) == 0 ? -1 : 0, ENOENT);
    REFUSED(sem_open("", O_CREAT, 0600, 1) == SEM_FAILED ? -1 : 0, EINVAL);
    REFUSED(sem_open("/a/b", O_CREAT, 0600, 1) == SEM_FAILED ? -1 : 0, EINVAL);
    REFUSED(sem_open(too_long, O_CREAT, 0600, 1) == SEM_FAILED ? -1 : 0, ENAMETOOLONG);
    REFUSED(sem_open("/x", O_CREAT, 0600, SEM_VALUE_MAX + 1u) == SEM_FAILED ? -1 : 0, EINVAL);
    REFUSED(sem_unlink("/none"), ENOENT);
    too_long[252] = 0;
    sem_t *s = sem_open(too_long, O_CREAT | O_EXCL, 0640, 3);
    CHECK(s != SEM_FAILED);
    REFUSED(sem_open(too_long, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED ? -1 : 0, EEXIST);
    CHECK_EQ(sem_close(s), 0);
    REFUSED(sem_close(s), EINVAL);
    CHECK_EQ(sem_unlink(too_long), 0);
    s = sem_open("/mode", O_CREAT, 0640, 0);
    CHECK_EQ(stat("/dev/shm/sem.mode", &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0640);
    CHECK_EQ(sem_close(s), 0);
    CHECK_EQ(sem_unlink("/mode"), 0);
    close(open("/dev/shm/sem.fake", O_CREAT | O_WRONLY, 0600));
    REFUSED(sem_open("/fake", 0) == SEM_FAILED ? -1 : 0, EINVAL);
    CHECK_EQ(unlink("/dev/shm/sem.fake"), 0);
}

static void it_lives_until_the_last_close_and_unlink(void)
{
    int value;
    sem_t *s = sem_open("/lives", O_CREAT, 0600, 2), *same = sem_open("lives", O_CREAT, 0600, 9);
    CHECK(s != SEM_FAILED && s == same);
    CHECK(sem_getvalue(s, &value) == 0 && value == 2);
    CHECK_EQ(sem_trywait(s), 0);
    CHECK_EQ(sem_close(same), 0);
    CHECK(sem_getvalue(s, &value) == 0 && value == 1);
    CHECK_EQ(sem_close(s), 0);
    s = sem_open("/lives", 0); /* nobody had it open */
    CHECK(s != SEM_FAILED && sem_getvalue(s, &value) == 0 && value == 1);
    CHECK_EQ(sem_unlink("/lives"), 0);
    CHECK_EQ(sem_post(s), 0);
    same = sem_open("/lives", O_CREAT | O_EXCL, 0600, 0); /* another one of that name */
    CHECK(same != SEM_FAILED && same != s);
    REFUSED(sem_trywait(same), EAGAIN);
    CHECK(sem_getvalue(s, &value) == 0 && value == 2);
    CHECK(sem_close(s) == 0 && sem_close(same) == 0 && sem_unlink("/lives") == 0);
}

#define ROUNDS 50
static void plays(void *unused)
{
    (void)unused;
    sem_t *ping = sem_open("/ping", 0), *pong = sem_open("/pong", 0);
    REQUIRE(ping != SEM_FAILED && pong != SEM_FAILED);
    for (int i = 0; i < ROUNDS; i++)
        CHECK(sem_wait(ping) == 0 && sem_post(pong) == 0);
}
static void units_pass_between_processes(void)
{
    pid_t child = 0;
    sem_t *ping = sem_open("/ping", O_CREAT, 0600, 0), *pong = sem_open("/pong", O_CREAT, 0600, 0);
    REQUIRE(ping != SEM_FAILED && pong != SEM_FAILED);
    child = gt_child(plays, NULL);
    for (int i = 0; i < ROUNDS; i++)
        CHECK(sem_post(ping) == 0 && sem_wait(pong) == 0);
    gt_expect_exit(child, 0);
    CHECK(sem_close(ping) == 0 && sem_close(pong) == 0 && sem_unlink("/ping") == 0 && sem_unlink("/pong") == 0);
}

/* ---- semaphores in shared memory ---- */

static void takes_one(void *unused)
{
    (void)unused;
    elsewhere();
    CHECK_EQ(sem_wait(&t->ping), 0);
    t->n++;
}
static void semaphores_answer_as_the_standard_says(void)
{
    struct timespec soon = in_ms(30), bad = {.tv_nsec = 1000000000};
    begin();
    REFUSED(sem_init(&t->ping, 1, SEM_VALUE_MAX + 1u), EINVAL);
    CHECK_EQ(sem_init(&t->ping, 1, 0), 0);
    REFUSED(sem_trywait(&t->ping), EAGAIN);
    REFUSED(sem_timedwait(&t->ping, &soon), ETIMEDOUT);
    struct timespec now = in_ms(0);
    CHECK(now.tv_sec > soon.tv_sec || (now.tv_sec == soon.tv_sec && now.tv_nsec >= soon.tv_nsec));
    REFUSED(sem_timedwait(&t->ping, &bad), EINVAL);
    CHECK_EQ(sem_post(&t->ping), 0);
    CHECK_EQ(sem_timedwait(&t->ping, &bad), 0); /* there is one: nobody looks at the time */
    pid_t a = gt_child(takes_one, NULL), b = gt_child(takes_one, NULL);
    until_asleep(2);
    CHECK(sem_post(&t->ping) == 0 && sem_post(&t->ping) == 0);
    gt_expect_exit(a, 0);
    gt_expect_exit(b, 0);
    CHECK_EQ(t->n, 2);
    CHECK_EQ(sem_destroy(&t->ping), 0);
    CHECK_EQ(sem_init(&t->ping, 1, SEM_VALUE_MAX), 0);
    REFUSED(sem_post(&t->ping), EOVERFLOW);
    finish();
}

static volatile sig_atomic_t handled;
static void on_signal(int sig) { handled += sig > 0; }
static void signals_once_it_waits(void *unused)
{
    (void)unused;
    until_asleep(1);
    CHECK_EQ(kill(getppid(), SIGUSR1), 0);
}
static void signals_and_posts(void *unused)
{
    signals_once_it_waits(unused);
    until_asleep(1); /* again */
    CHECK_EQ(sem_post(&t->ping), 0);
}
static void handlers_end_a_wait_or_do_not(void)
{
    struct sigaction a = {.sa_handler = on_signal};
    struct timespec late = in_ms(GT_HANG_MS);
    begin();
    handled = 0;
    CHECK(sem_init(&t->ping, 1, 0) == 0 && sigaction(SIGUSR1, &a, NULL) == 0);
    pid_t child = gt_child(signals_once_it_waits, NULL);
    REFUSED(sem_wait(&t->ping), EINTR);
    gt_expect_exit(child, 0);
    a.sa_flags = SA_RESTART;
    CHECK_EQ(sigaction(SIGUSR1, &a, NULL), 0);
    child = gt_child(signals_and_posts, NULL);
    CHECK_EQ(sem_timedwait(&t->ping, &late), 0);
    gt_expect_exit(child, 0);
    CHECK_EQ(handled, 2);
    CHECK(signal(SIGUSR1, SIG_DFL) != SIG_ERR);
    finish();
}

static void who_is_killed_keeps_nobody_waiting(void)
{
    begin();
    CHECK_EQ(sem_init(&t->ping, 1, 0), 0);
    pid_t first = gt_child(takes_one, NULL);
    until_asleep(1); /* it has waited longest */
    pid_t second = gt_child(takes_one, NULL);
    until_asleep(2);
    CHECK(kill(first, SIGSTOP) == 0 && sem_post(&t->ping) == 0 && kill(first, SIGKILL) == 0); /* woken, and never ran */
    gt_expect_signal(first, SIGKILL);
    gt_expect_exit(second, 0);
    CHECK_EQ(t->n, 1);
    CHECK_EQ(sem_destroy(&t->ping), 0);
    finish();
}

/* As a post does that is killed before it wakes anybody. */
static void changes_and_dies(void *unused)
{
    (void)unused;
    CHECK_EQ(sem_post(&t->pong), 0);
    __atomic_fetch_add((unsigned *)&t->ping, 1, __ATOMIC_SEQ_CST);
    (void)raise(SIGKILL);
}
static void a_change_without_a_wake_is_seen_at_the_end(void)
{
    begin();
    CHECK(sem_init(&t->ping, 1, 0) == 0 && sem_init(&t->pong, 1, 0) == 0);
    pid_t waits = gt_child(takes_one, NULL);
    until_asleep(1);
    gt_expect_signal(gt_child(changes_and_dies, NULL), SIGKILL);
    gt_expect_exit(waits, 0);
    finish();
}

static void procmgr_dies_meanwhile(void)
{
    begin();
    CHECK_EQ(sem_init(&t->ping, 1, 0), 0);
    pid_t a = gt_child(takes_one, NULL);
    until_asleep(1);
    gt_kill_server(SERVER_PROCMGR);
    CHECK_EQ(sem_post(&t->ping), 0);
    gt_expect_exit(a, 0);
    CHECK_EQ(t->n, 1);
    finish();
}

/* ---- mutexes ---- */

static void counts(void *unused)
{
    (void)unused;
    elsewhere();
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
        unsigned n = t->n;
        if (i % 8 == 0)
            sched_yield();
        t->n = n + 1;
        CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    }
}
static void count_together(void)
{
    pid_t child[4];
    mutex_shared(&t->mutex, PTHREAD_MUTEX_NORMAL);
    for (int i = 0; i < 4; i++)
        child[i] = gt_child(counts, NULL);
    for (int i = 0; i < 4; i++)
        gt_expect_exit(child[i], 0);
    CHECK_EQ(t->n, 400);
    CHECK_EQ(pthread_mutex_destroy(&t->mutex), 0);
}
static void one_at_a_time(void)
{
    begin();
    count_together();
    finish();
}

static void counts_here(void *unused)
{
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
        unsigned n = t->n;
        if (i % 8 == 0)
            sched_yield();
        t->n = n + 1;
        CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    }
    (void)unused;
}
static void in_anonymous_memory_as_well(void)
{
    pid_t child[3];
    t = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE((void *)t != MAP_FAILED);
    mutex_shared(&t->mutex, PTHREAD_MUTEX_NORMAL);
    for (int i = 0; i < 3; i++)
        child[i] = gt_child(counts_here, NULL);
    for (int i = 0; i < 3; i++)
        gt_expect_exit(child[i], 0);
    CHECK_EQ(t->n, 300);
    CHECK_EQ(munmap(t, PAGE), 0);
}

static void tries_what_is_held(void *unused)
{
    struct timespec soon = in_ms(20);
    (void)unused;
    elsewhere();
    CHECK_EQ(pthread_mutex_trylock(&t->mutex), EBUSY);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), EPERM);
    CHECK_EQ(pthread_mutex_timedlock(&t->mutex, &soon), ETIMEDOUT);
}
static void mutexes_answer_as_the_standard_says(void)
{
    pthread_mutexattr_t a;
    begin();
    mutex_shared(&t->mutex, PTHREAD_MUTEX_ERRORCHECK);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), EPERM);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), EDEADLK);
    CHECK_EQ(pthread_mutex_trylock(&t->mutex), EBUSY);
    CHECK_EQ(pthread_mutex_destroy(&t->mutex), EBUSY);
    RUN_CHILD(tries_what_is_held, NULL);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    CHECK_EQ(pthread_mutex_destroy(&t->mutex), 0);
    mutex_shared(&t->mutex, PTHREAD_MUTEX_RECURSIVE);
    CHECK(pthread_mutex_lock(&t->mutex) == 0 && pthread_mutex_lock(&t->mutex) == 0 && pthread_mutex_trylock(&t->mutex) == 0);
    CHECK(pthread_mutex_unlock(&t->mutex) == 0 && pthread_mutex_unlock(&t->mutex) == 0);
    RUN_CHILD(tries_what_is_held, NULL);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    CHECK_EQ(pthread_mutex_consistent(&t->mutex), EINVAL);
    CHECK(pthread_mutexattr_init(&a) == 0 && pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED) == 0);
    CHECK_EQ(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT), 0);
    CHECK_EQ(pthread_mutex_init(&t->mutex, &a), ENOTSUP);
    finish();
}

/* ---- condition variables ---- */

static void consumes(void *which)
{
    elsewhere();
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    for (int i = 0; i < 20; i++) {
        while (t->n == 0)
            CHECK_EQ(pthread_cond_wait(&t->cond, &t->mutex), 0);
        t->n--;
        t->at[(uintptr_t)which]++;
    }
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
}
static void waits_for_all(void *unused)
{
    (void)unused;
    elsewhere();
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    t->n++;
    while (t->first == 0)
        CHECK_EQ(pthread_cond_wait(&t->cond, &t->mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
}
static void signals_and_broadcasts_arrive(void)
{
    struct timespec soon = in_ms(20);
    pid_t child[3];
    begin();
    mutex_shared(&t->mutex, PTHREAD_MUTEX_ERRORCHECK);
    cond_shared();
    CHECK_EQ(pthread_cond_wait(&t->cond, &t->mutex), EPERM);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    CHECK_EQ(pthread_cond_timedwait(&t->cond, &t->mutex, &soon), ETIMEDOUT);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    for (uintptr_t i = 0; i < 2; i++)
        child[i] = gt_child(consumes, (void *)i);
    for (int i = 0; i < 40; i++) {
        CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
        t->n++;
        CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
        CHECK_EQ(pthread_cond_signal(&t->cond), 0);
    }
    for (int i = 0; i < 2; i++)
        gt_expect_exit(child[i], 0);
    CHECK(t->n == 0 && t->at[0] == 20 && t->at[1] == 20);
    for (int i = 0; i < 3; i++)
        child[i] = gt_child(waits_for_all, NULL);
    until_asleep(3);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    CHECK_EQ(t->n, 3);
    t->first = 1;
    CHECK_EQ(pthread_cond_broadcast(&t->cond), 0);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    for (int i = 0; i < 3; i++)
        gt_expect_exit(child[i], 0);
    CHECK_EQ(pthread_cond_destroy(&t->cond), 0);
    finish();
}

static void unlocks(void *m) { CHECK_EQ(pthread_mutex_unlock(m), 0); }
static void *waits_for_ever(void *cond)
{
    if (cond == NULL)
        return sem_wait(&t->ping) == 0 ? NULL : t;
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    pthread_cleanup_push(unlocks, &t->mutex);
    for (;;)
        CHECK_EQ(pthread_cond_wait(&t->cond, &t->mutex), 0);
    pthread_cleanup_pop(1);
    return NULL;
}
static void who_waits_can_be_cancelled(void)
{
    pthread_t thread;
    void *result;
    begin();
    mutex_shared(&t->mutex, PTHREAD_MUTEX_NORMAL);
    cond_shared();
    CHECK_EQ(sem_init(&t->ping, 1, 0), 0);
    for (uintptr_t cond = 0; cond < 2; cond++) {
        CHECK_EQ(pthread_create(&thread, NULL, waits_for_ever, (void *)cond), 0);
        until_asleep(1);
        CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
    }
    CHECK_EQ(pthread_mutex_trylock(&t->mutex), 0);
    finish();
}

/* ---- read-write locks ---- */

static void lock_shared(void)
{
    pthread_rwlockattr_t a;
    int is;
    CHECK(pthread_rwlockattr_init(&a) == 0 && pthread_rwlockattr_getpshared(&a, &is) == 0 && is == PTHREAD_PROCESS_PRIVATE);
    CHECK_EQ(pthread_rwlockattr_setpshared(&a, 7), EINVAL);
    CHECK_EQ(pthread_rwlockattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_rwlock_init(&t->lock, &a), 0);
    CHECK_EQ(pthread_rwlockattr_destroy(&a), 0);
}
static void reads(void *unused)
{
    (void)unused;
    elsewhere();
    CHECK_EQ(pthread_rwlock_tryrdlock(&t->lock), 0);
    CHECK_EQ(pthread_rwlock_trywrlock(&t->lock), EBUSY);
    CHECK_EQ(pthread_rwlock_unlock(&t->lock), 0);
}
static void cannot_have_it(void *unused)
{
    struct timespec soon = in_ms(10);
    (void)unused;
    elsewhere();
    CHECK_EQ(pthread_rwlock_tryrdlock(&t->lock), EBUSY);
    CHECK_EQ(pthread_rwlock_timedrdlock(&t->lock, &soon), ETIMEDOUT);
    CHECK_EQ(pthread_rwlock_timedwrlock(&t->lock, &soon), ETIMEDOUT);
    CHECK_EQ(pthread_rwlock_unlock(&t->lock), EPERM);
}
static void writes(void *unused)
{
    (void)unused;
    elsewhere();
    CHECK_EQ(pthread_rwlock_wrlock(&t->lock), 0);
    t->n++;
    CHECK_EQ(pthread_rwlock_unlock(&t->lock), 0);
}
static void readers_share_and_writers_do_not(void)
{
    begin();
    lock_shared();
    CHECK_EQ(pthread_rwlock_rdlock(&t->lock), 0);
    RUN_CHILD(reads, NULL);
    pid_t writer = gt_child(writes, NULL);
    until_asleep(1);
    CHECK_EQ(t->n, 0);
    CHECK_EQ(pthread_rwlock_tryrdlock(&t->lock), EBUSY); /* a writer waits */
    CHECK_EQ(pthread_rwlock_unlock(&t->lock), 0);
    gt_expect_exit(writer, 0);
    CHECK_EQ(t->n, 1);
    CHECK_EQ(pthread_rwlock_wrlock(&t->lock), 0);
    CHECK_EQ(pthread_rwlock_rdlock(&t->lock), EDEADLK);
    CHECK_EQ(pthread_rwlock_wrlock(&t->lock), EDEADLK);
    RUN_CHILD(cannot_have_it, NULL);
    CHECK_EQ(pthread_rwlock_destroy(&t->lock), EBUSY);
    CHECK_EQ(pthread_rwlock_unlock(&t->lock), 0);
    CHECK_EQ(pthread_rwlock_unlock(&t->lock), EPERM);
    CHECK_EQ(pthread_rwlock_rdlock(&t->lock), 0);
    writer = gt_child(writes, NULL); /* is killed while it waits: whoever comes is let in after the next unlock */
    until_asleep(1);
    CHECK_EQ(kill(writer, SIGKILL), 0);
    gt_expect_signal(writer, SIGKILL);
    CHECK_EQ(pthread_rwlock_unlock(&t->lock), 0);
    RUN_CHILD(reads, NULL);
    CHECK_EQ(pthread_rwlock_destroy(&t->lock), 0);
    finish();
}

/* ---- barriers ---- */

static void meets(void *which)
{
    elsewhere();
    for (unsigned round = 1; round <= 10; round++) {
        int is = pthread_barrier_wait(&t->barrier);
        CHECK(is == 0 || is == PTHREAD_BARRIER_SERIAL_THREAD);
        if (is != 0)
            __atomic_fetch_add(&t->serial, 1, __ATOMIC_SEQ_CST);
        t->at[(uintptr_t)which] = round;
        (void)pthread_barrier_wait(&t->barrier);
        CHECK(t->at[0] == round && t->at[1] == round && t->at[2] == round);
    }
}
static void barriers_hold_until_all_are_there(void)
{
    pthread_barrierattr_t a;
    pid_t child[3];
    int is;
    begin();
    CHECK(pthread_barrierattr_init(&a) == 0 && pthread_barrierattr_getpshared(&a, &is) == 0 && is == PTHREAD_PROCESS_PRIVATE);
    CHECK_EQ(pthread_barrierattr_setpshared(&a, 7), EINVAL);
    CHECK_EQ(pthread_barrierattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_barrier_init(&t->barrier, &a, 0), EINVAL);
    CHECK_EQ(pthread_barrier_init(&t->barrier, &a, 3), 0);
    for (uintptr_t i = 0; i < 3; i++)
        child[i] = gt_child(meets, (void *)i);
    for (int i = 0; i < 3; i++)
        gt_expect_exit(child[i], 0);
    CHECK_EQ(t->serial, 10);
    CHECK_EQ(pthread_barrier_destroy(&t->barrier), 0);
    finish();
}

GT_MAIN(CASE(names_are_checked), CASE(it_lives_until_the_last_close_and_unlink), CASE(units_pass_between_processes),
        CASE(semaphores_answer_as_the_standard_says), CASE(handlers_end_a_wait_or_do_not), CASE(who_is_killed_keeps_nobody_waiting),
        CASE(a_change_without_a_wake_is_seen_at_the_end), CASE(procmgr_dies_meanwhile), CASE(one_at_a_time),
        CASE(in_anonymous_memory_as_well), CASE(mutexes_answer_as_the_standard_says), CASE(signals_and_broadcasts_arrive),
        CASE(who_waits_can_be_cancelled), CASE(readers_share_and_writers_do_not), CASE(barriers_hold_until_all_are_there))
