/* SPDX-License-Identifier: MIT
 * Proves wait, waitpid, kill and orphans: statuses, errors, and a kill in each state a process can be in.
 */
#define GT_NAME "wait"
#include "gtest.h"
#include "gwaits.h"

static void exits_with(void *code) { _exit((int)(intptr_t)code); }
static void spins(void *unused)
{
    (void)unused;
    for (volatile int i = 0;; i++) /* forever: until killed */
        ;
}
static void sleeps(void *unused)
{
    (void)unused;
    gt_sleep_us(1000000000UL);
}
static void waits_for_a_child(void *unused)
{
    pid_t pid = gt_child(sleeps, unused);
    waitpid(pid, NULL, 0);
}
static void faults_all_the_time(void *unused)
{
    (void)unused;
    for (;;) { /* forever: until killed */
        uint8_t *p = gt_pages(4);
        p[0] = p[PAGE_SIZE] = 1;
        gt_pages_free(4);
    }
}
static void forks_all_the_time(void *unused)
{
    (void)unused;
    for (;;) { /* forever: until killed */
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        waitpid(pid, NULL, 0);
    }
}

static void exit_codes_come_through(void)
{
    static const int codes[] = {0, 1, 7, 127, 128, 255};
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++)
        gt_expect_exit(gt_child(exits_with, (void *)(intptr_t)codes[i]), codes[i]);
}
static void no_child_is_echild(void)
{
    int status = 99;
    errno = 0;
    CHECK_EQ(waitpid(-1, &status, 0), -1);
    CHECK_EQ(errno, ECHILD);
    errno = 0;
    CHECK_EQ(wait(&status), -1);
    CHECK_EQ(errno, ECHILD);
    errno = 0;
    CHECK_EQ(waitpid(getpid(), &status, 0), -1); /* not a child */
    CHECK_EQ(errno, ECHILD);
    errno = 0;
    CHECK_EQ(waitpid(1, &status, WNOHANG), -1);
    CHECK_EQ(errno, ECHILD);
    errno = 0;
    CHECK_EQ(waitpid(999999, &status, 0), -1);
    CHECK_EQ(errno, ECHILD);
    CHECK_EQ(status, 99);
}
static void a_child_is_waited_for_once(void)
{
    int status;
    pid_t pid = gt_child(exits_with, (void *)3);
    gt_expect_exit(pid, 3);
    errno = 0;
    CHECK_EQ(waitpid(pid, &status, 0), -1);
    CHECK_EQ(errno, ECHILD);
}
static void nohang_does_not_wait(void)
{
    int status;
    pid_t pid = gt_child(sleeps, NULL);
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_EQ(waitpid(-1, &status, WNOHANG), 0);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    gt_expect_signal(pid, SIGKILL);
}
static void waiting_for_one_leaves_the_others(void)
{
    pid_t a = gt_child(exits_with, (void *)1), b = gt_child(exits_with, (void *)2), c = gt_child(exits_with, (void *)3);
    gt_expect_exit(b, 2);
    gt_expect_exit(c, 3);
    int status = 0;
    CHECK_EQ(wait(&status), a);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}
static void wait_without_status(void)
{
    pid_t pid = gt_child(exits_with, (void *)1);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}
static void a_bad_status_pointer_is_no_harm(void)
{
    pid_t pid = gt_child(exits_with, (void *)4);
    uint64_t out = 0;
    CHECK_EQ(gt_proc(PROC_WAIT, (uint64_t)(int64_t)pid, 0, &out), OK);
    CHECK_EQ(out, pid);
}

/* ---- kill ---- */
static void kill_in_state(void (*state)(void *))
{
    for (int delay_us = 0; delay_us < 2000; delay_us = delay_us * 3 + 7) {
        pid_t pid = gt_child(state, NULL);
        gt_sleep_us((uint64_t)delay_us);
        CHECK_EQ(kill(pid, SIGKILL), 0);
        gt_expect_signal(pid, SIGKILL);
    }
}
static void kill_while_running(void) { kill_in_state(spins); }
static void kill_while_sleeping(void) { kill_in_state(sleeps); }
static void kill_while_faulting(void) { kill_in_state(faults_all_the_time); }
/* Grandchildren are left behind by these two. */
static void kill_while_forking(void)
{
    uint64_t before = gt_processes();
    kill_in_state(forks_all_the_time);
    gt_until_processes(before);
}
static pid_t child_of(pid_t parent)
{
    struct ipc_msg m = {.w = {PROC_INFO, 0}};
    while (proc_call(H_PROC, &m) == OK && m.w[1] != 0) { /* ends: pids grow */
        if ((pid_t)m.w[2] == parent)
            return (pid_t)m.w[1];
        m = (struct ipc_msg){.w = {PROC_INFO, m.w[1] + 1}};
    }
    return 0;
}
static void kill_while_waiting(void)
{
    uint64_t before = gt_processes();
    pid_t pid = gt_child(waits_for_a_child, NULL), below = 0;
    GT_UNTIL((below = child_of(pid)) > 0);
    REQUIRE(below > 0);
    gt_until_waits(pid);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    gt_expect_signal(pid, SIGKILL);
    CHECK_EQ(kill(below, SIGKILL), 0); /* the orphan lives on until then */
    gt_until_processes(before);
}
static void kill_a_zombie(void)
{
    siginfo_t info;
    pid_t pid = gt_child(exits_with, (void *)6);
    CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    CHECK_EQ(kill(pid, SIGKILL), 0); /* POSIX: a zombie can be signalled, to no effect */
    gt_expect_exit(pid, 6);
}
static void kill_nobody(void)
{
    errno = 0;
    CHECK_EQ(kill(999999, SIGKILL), -1);
    CHECK_EQ(errno, ESRCH);
    errno = 0;
    CHECK_EQ(kill(getpid(), 99), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(kill(getpid(), 0), 0);
    pid_t pid = gt_child(exits_with, (void *)0);
    gt_expect_exit(pid, 0);
    errno = 0;
    CHECK_EQ(kill(pid, SIGKILL), -1);
    CHECK_EQ(errno, ESRCH);
}
static void kills_itself(void *signo)
{
    kill(getpid(), (int)(intptr_t)signo);
    gt_sleep_us(100000);
    _exit(77);
}
static void kill_oneself(void)
{
    gt_expect_signal(gt_child(kills_itself, (void *)SIGKILL), SIGKILL);
    gt_expect_signal(gt_child(kills_itself, (void *)SIGTERM), SIGTERM);
}
static void aborts(void *unused)
{
    (void)unused;
    abort();
}
static void abort_is_sigabrt(void) { gt_expect_signal(gt_child(aborts, NULL), SIGABRT); }

/* ---- orphans ---- */
static void orphan(void *unused)
{
    (void)unused;
    pid_t old = getppid();
    GT_SHARED->word[0] = 1;
    GT_UNTIL(getppid() != old);
    GT_SHARED->word[1] = (uint64_t)getppid();
    GT_SHARED->word[2] = 1;
}
static void leaves_an_orphan(void *unused)
{
    (void)unused;
    (void)gt_child(orphan, NULL);
    gt_await(0, 1);
}
static void orphans_go_to_init_and_are_reaped(void)
{
    REQUIRE(gt_shared_open() == OK);
    uint64_t before = gt_processes();
    RUN_CHILD(leaves_an_orphan, NULL);
    gt_await(2, 1);
    CHECK_EQ(GT_SHARED->word[1], 1);
    gt_until_processes(before);
    gt_shared_close();
}
static void many_orphans(void *unused)
{
    (void)unused;
    for (int i = 0; i < 30; i++)
        (void)gt_child(exits_with, (void *)1);
}
static void a_parent_that_never_waits_leaves_nothing(void)
{
    uint64_t before = gt_processes();
    for (int i = 0; i < 3; i++)
        RUN_CHILD(many_orphans, NULL);
    gt_until_processes(before);
}

GT_MAIN(CASE(exit_codes_come_through), CASE(no_child_is_echild), CASE(a_child_is_waited_for_once),
        CASE(nohang_does_not_wait), CASE(waiting_for_one_leaves_the_others), CASE(wait_without_status),
        CASE(a_bad_status_pointer_is_no_harm), CASE(kill_while_running), CASE(kill_while_sleeping),
        CASE(kill_while_faulting), CASE(kill_while_forking), CASE(kill_while_waiting), CASE(kill_a_zombie),
        CASE(kill_nobody), CASE(kill_oneself), CASE(abort_is_sigabrt), CASE(orphans_go_to_init_and_are_reaped),
        CASE(a_parent_that_never_waits_leaves_nothing))
