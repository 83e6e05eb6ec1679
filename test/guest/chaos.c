/* SPDX-License-Identifier: MIT
 * Proves that nothing is lost when everything happens at once: process trees that fork, exec, spawn, start threads, move the
 * break and kill each other at random, first in peace, then with the pager killed every other millisecond. After each round
 * every process is gone, every frame is back and all invariants hold. --full: ten times as many rounds.
 */
#define GT_NAME "chaos"
#include "gtest.h"
#include <ipc/init.h>
#include <pagoda/thread.h>
#include <spawn.h>

#define TREES 4
#define DEPTH 2
#define ACTS 15
#define ROUND_TICKS 600000000UL /* one minute: nothing may hang */
extern char **environ;

static uint64_t seed;
static uint64_t one_of(uint64_t n) { return gt_random(&seed) % n; }

static void maybe_kill(pid_t pid)
{
    if (one_of(3) != 0)
        return;
    gt_sleep_us(one_of(300));
    kill(pid, SIGKILL);
}
static void maybe_wait(pid_t pid)
{
    if (one_of(4) != 0)
        waitpid(pid, NULL, 0);
}

static void tree(unsigned depth);
static void forks(unsigned depth)
{
    pid_t pid = fork();
    if (pid == 0) {
        seed = seed * 7 + (uint64_t)getpid();
        if (depth < DEPTH)
            tree(depth + 1);
        _exit(0);
    }
    if (pid < 0)
        return;
    maybe_kill(pid);
    maybe_wait(pid);
}
static void spawns(void)
{
    char *argv[] = {"true", NULL};
    pid_t pid;
    if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) != 0)
        return;
    maybe_kill(pid);
    maybe_wait(pid);
}
static void moves_the_break(void)
{
    uint8_t *p = gt_pages(20);
    for (size_t i = 0; p != NULL && i < 20; i += 1 + one_of(3))
        p[i * PAGE_SIZE] = 1;
    if (p != NULL)
        gt_pages_free(20);
}
static void *idles(void *p)
{
    sys_yield();
    return p;
}
static void starts_threads_and_forks(void)
{
    struct thread *t[3];
    unsigned n = 0;
    while (n < 3 && thread_create(&t[n], idles, NULL) == 0)
        n++;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    while (n > 0)
        thread_join(t[--n], NULL);
}
static void execs(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {"false", NULL};
        struct thread *t;
        if (one_of(2) == 0)
            (void)thread_create(&t, idles, NULL);
        execv("/bin/false", argv);
        _exit(3);
    }
    if (pid > 0)
        maybe_kill(pid), waitpid(pid, NULL, 0);
}
static void tree(unsigned depth)
{
    for (unsigned i = 0; i < ACTS; i++) {
        switch (one_of(6)) {
        case 0: case 1: forks(depth); break;
        case 2: spawns(); break;
        case 3: moves_the_break(); break;
        case 4: starts_threads_and_forks(); break;
        default: execs(); break;
        }
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
}

static void kill_pager_in(uint64_t ticks)
{
    struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_PAGER, sys_time() + ticks}};
    (void)ipc_call(H_INIT, &m);
}
static void round_of(unsigned number, bool with_kills)
{
    uint64_t processes = gt_processes(), rng = number * 0x9e3779b97f4a7c15UL + 1;
    ticks_t end = sys_time() + ROUND_TICKS;
    unsigned left = TREES;
    fflush(stdout);
    for (unsigned i = 0; i < TREES; i++) {
        if (fork() != 0)
            continue;
        seed = gt_random(&rng) + i * 0x2545f4914f6cdd1dUL;
        tree(0);
        _exit(0);
    }
    while (left > 0 && sys_time() < end) {
        if (with_kills) {
            if (!gt_exact())
                (void)gt_stat(PAGER_STAT_MEMORY, 0); /* it serves who waited: on a slow host it would be killed before it ever does */
            kill_pager_in(gt_random(&rng) % 20000);
        }
        gt_sleep_us(2000 + gt_random(&rng) % 2000);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            left--;
    }
    CHECK_EQ(left, 0);
    while (gt_processes() > processes && sys_time() < end) /* orphans */
        gt_sleep_us(500);
    CHECK_EQ(gt_processes(), processes);
    CHECK_EQ(gt_vmcheck(), 0);
}
static void rounds(bool with_kills)
{
    for (unsigned i = 0; i < (gt_full ? 10 : 1); i++)
        gt_progress(i, 10), round_of(i, with_kills);
    gt_sleep_us(50000); /* the last kill that was asked for is over */
}
static void in_peace(void) { rounds(false); }
static void while_the_pager_is_killed(void)
{
    uint64_t before = gt_pager_restarts();
    rounds(true);
    CHECK(gt_pager_restarts() > before);
}

GT_MAIN(CASE(in_peace), CASE(while_the_pager_is_killed))
