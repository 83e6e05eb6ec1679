/* SPDX-License-Identifier: MIT
 * Proves what a shell's jobs are made of: SIGCHLD, stopping and going on with the words that wait and waitid give for it, groups and
 * sessions, and who is signalled with whom.
 */
#define GT_NAME "sigjobs"
#include "gtest.h"
#include "gwaits.h"

#include <fcntl.h>
#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <spawn.h>
#include <sys/time.h>

static volatile sig_atomic_t runs, code, status;
static volatile pid_t from;

static void note(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    runs++;
    code = info->si_code;
    status = info->si_status;
    from = info->si_pid;
}

static void catch_children(int flags)
{
    struct sigaction a = {.sa_flags = flags | SA_SIGINFO};
    a.sa_sigaction = note;
    runs = 0;
    CHECK_EQ(sigaction(SIGCHLD, &a, NULL), 0);
}

static void sleeps(void *unused)
{
    (void)unused;
    for (;;) /* forever: until killed */
        gt_sleep_us(1000000);
}
static void exits_5(void *unused)
{
    (void)unused;
    _exit(5);
}
static void counts(void *fd)
{
    for (;;) { /* forever: until killed */
        (void)write((int)(intptr_t)fd, "x", 1);
        gt_sleep_us(1000);
    }
}
static void computes(void *unused)
{
    (void)unused;
    for (;;) /* forever: until killed */
        GT_SHARED->word[0]++;
}
static void until_it_computes(void)
{
    uint64_t before = GT_SHARED->word[0];
    GT_UNTIL(GT_SHARED->word[0] != before);
}

static void end(pid_t pid)
{
    CHECK_EQ(kill(pid, SIGKILL), 0);
    gt_expect_signal(pid, SIGKILL);
}

/* ---- children ---- */

static void sigchld_says_what_became_of_the_child(void)
{
    catch_children(SA_RESTART);
    pid_t pid = gt_child(exits_5, NULL);
    gt_expect_exit(pid, 5);
    CHECK(runs == 1 && from == pid && code == CLD_EXITED && status == 5);
    pid = gt_child(sleeps, NULL);
    CHECK_EQ(kill(pid, SIGTERM), 0);
    gt_expect_signal(pid, SIGTERM);
    CHECK(runs == 2 && from == pid && code == CLD_KILLED && status == SIGTERM);
    (void)signal(SIGCHLD, SIG_DFL);
}

static void nobody_waits_for_children_of_who_ignores_them(void)
{
    for (int how = 0; how < 2; how++) {
        struct sigaction a = {.sa_flags = how ? SA_NOCLDWAIT : 0};
        a.sa_handler = how ? SIG_DFL : SIG_IGN;
        CHECK_EQ(sigaction(SIGCHLD, &a, NULL), 0);
        for (int i = 0; i < 3; i++)
            (void)gt_child(exits_5, NULL);
        errno = 0;
        CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD); /* when the last one is gone */
        (void)signal(SIGCHLD, SIG_DFL);
    }
}

/* ---- stopping ---- */

static void a_stopped_child_does_nothing(void)
{
    int p[2], word = 0;
    char text[200];
    REQUIRE(pipe(p) == 0 && fcntl(p[0], F_SETFL, O_NONBLOCK) == 0);
    pid_t pid = gt_child(counts, (void *)(intptr_t)p[1]);
    for (int i = 0; i < 5; i++) {
        GT_UNTIL(read(p[0], text, sizeof text) > 0);
        CHECK_EQ(kill(pid, SIGSTOP), 0);
        CHECK_EQ(waitpid(pid, &word, WUNTRACED), pid);
        CHECK(WIFSTOPPED(word) && WSTOPSIG(word) == SIGSTOP && !WIFEXITED(word) && !WIFSIGNALED(word) && !WIFCONTINUED(word));
        CHECK_EQ(waitpid(pid, &word, WUNTRACED | WNOHANG), 0); /* told once */
        while (read(p[0], text, sizeof text) > 0) /* bound: what it had written, a call that it was stopped in included */
            ;
        gt_sleep_us(10000);
        CHECK(read(p[0], text, sizeof text) <= 0);
        CHECK_EQ(kill(pid, SIGCONT), 0);
        CHECK_EQ(waitpid(pid, &word, WCONTINUED), pid);
        CHECK(WIFCONTINUED(word) && !WIFSTOPPED(word) && !WIFEXITED(word) && !WIFSIGNALED(word));
    }
    GT_UNTIL(read(p[0], text, sizeof text) > 0);
    end(pid);
    close(p[0]);
    close(p[1]);
}

static void stops_reach_threads_that_compute(void)
{
    int word;
    REQUIRE(gt_shared_open() == OK);
    catch_children(SA_RESTART);
    pid_t pid = gt_child(computes, NULL);
    until_it_computes();
    CHECK_EQ(kill(pid, SIGSTOP), 0);
    CHECK_EQ(waitpid(pid, &word, WUNTRACED), pid);
    uint64_t before = GT_SHARED->word[0];
    gt_sleep_us(1000);
    CHECK_EQ(GT_SHARED->word[0], before);
    CHECK(runs == 1 && code == CLD_STOPPED && status == SIGSTOP && from == pid);
    CHECK_EQ(kill(pid, SIGTERM), 0); /* waits until it goes on */
    CHECK_EQ(waitpid(pid, &word, WNOHANG), 0);
    CHECK_EQ(kill(pid, SIGCONT), 0);
    gt_expect_signal(pid, SIGTERM);
    pid = gt_child(computes, NULL);
    CHECK_EQ(kill(pid, SIGSTOP), 0);
    end(pid); /* SIGKILL does not wait */
    catch_children(SA_RESTART | SA_NOCLDSTOP);
    pid = gt_child(computes, NULL);
    CHECK_EQ(kill(pid, SIGSTOP), 0);
    CHECK_EQ(kill(pid, SIGCONT), 0);
    CHECK_EQ(runs, 0);
    end(pid);
    (void)signal(SIGCHLD, SIG_DFL);
    gt_shared_close();
}

static void sleeps_a_tenth(void *unused)
{
    struct timespec want = {0, 100000000};
    (void)unused;
    _exit(nanosleep(&want, NULL) == 0 ? 7 : 1);
}

static void a_sleep_goes_on_after_a_stop(void)
{
    pid_t pid = gt_child(sleeps_a_tenth, NULL);
    gt_sleep_us(2000); /* it may sleep by then; it comes to 7 in any case */
    CHECK_EQ(kill(pid, SIGSTOP), 0);
    gt_sleep_us(2000);
    CHECK_EQ(kill(pid, SIGCONT), 0);
    gt_expect_exit(pid, 7);
}

static void waitid_looks_without_taking(void)
{
    siginfo_t info;
    pid_t pid = gt_child(exits_5, NULL);
    CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
    CHECK(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 5 && info.si_signo == SIGCHLD);
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    CHECK_EQ(waitid(P_PGID, getpgrp(), &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, pid);
    errno = 0;
    CHECK(waitid(P_PID, pid, &info, WEXITED) == -1 && errno == ECHILD);
    errno = 0;
    CHECK(waitid(P_ALL, 0, &info, WNOHANG) == -1 && errno == EINVAL);
    pid = gt_child(sleeps, NULL);
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOHANG), 0);
    CHECK_EQ(info.si_pid, 0);
    CHECK_EQ(kill(pid, SIGSTOP), 0);
    CHECK_EQ(waitid(P_PID, pid, &info, WSTOPPED), 0);
    CHECK(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
    CHECK(info.si_code == CLD_KILLED && info.si_status == SIGKILL);
}

/* ---- groups ---- */

static void groups_are_inherited_and_changed(void)
{
    pid_t own = getpgrp(), session = getsid(0);
    CHECK(own > 0 && session > 0);
    CHECK_EQ(getpgid(0), own);
    pid_t pid = gt_child(sleeps, NULL);
    CHECK_EQ(getpgid(pid), own);
    CHECK_EQ(getsid(pid), session);
    CHECK_EQ(setpgid(pid, pid), 0);
    CHECK_EQ(getpgid(pid), pid);
    pid_t second = gt_child(sleeps, NULL);
    CHECK_EQ(setpgid(second, pid), 0);
    CHECK_EQ(getpgid(second), pid);
    errno = 0;
    CHECK(setpgid(second, 999999) == -1 && errno == EPERM);
    errno = 0;
    CHECK(setpgid(second, -2) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(setpgid(999999, 0) == -1 && errno == ESRCH);
    errno = 0;
    CHECK(setpgid(getppid(), 0) == -1 && errno == ESRCH); /* not a child */
    errno = 0;
    CHECK(getpgid(999999) == -1 && errno == ESRCH);
    CHECK_EQ(killpg(pid, 0), 0);
    CHECK_EQ(kill(-pid, SIGTERM), 0);
    gt_expect_signal(second, SIGTERM);
    gt_expect_signal(pid, SIGTERM);
    errno = 0;
    CHECK(killpg(pid, SIGTERM) == -1 && errno == ESRCH);
}

static void waitpid_waits_for_groups(void)
{
    int word;
    pid_t one = gt_child(exits_5, NULL), two = gt_child(exits_5, NULL);
    CHECK_EQ(setpgid(two, two), 0);
    CHECK_EQ(waitpid(-two, &word, 0), two);
    CHECK_EQ(waitpid(0, &word, 0), one);
    errno = 0;
    CHECK(waitpid(0, &word, 0) == -1 && errno == ECHILD);
    errno = 0;
    CHECK(waitpid(-two, &word, 0) == -1 && errno == ECHILD);
}

static void leads_a_session(void *unused)
{
    (void)unused;
    CHECK_EQ(setsid(), getpid());
    CHECK(getpgrp() == getpid() && getsid(0) == getpid());
    errno = 0;
    CHECK(setsid() == -1 && errno == EPERM);
    errno = 0;
    CHECK(setpgid(0, 0) == -1 && errno == EPERM);
    CHECK_EQ(raise(SIGTSTP), 0); /* nobody could let it go on: it does not stop */
    CHECK_EQ(raise(SIGTTIN), 0);
    pid_t pid = gt_child(sleeps, NULL);
    CHECK_EQ(setpgid(pid, pid), 0);
    CHECK_EQ(kill(0, 0), 0);
    end(pid);
    _exit(gt_failed != 0);
}

static void a_session_has_its_own_groups(void)
{
    pid_t pid = gt_child(leads_a_session, NULL);
    gt_expect_exit(pid, 0);
}

static void stops_itself(void *unused)
{
    (void)unused;
    (void)raise(SIGTSTP);
    _exit(9);
}

static void own_group_with_job(void *unused)
{
    (void)unused;
    int word;
    CHECK_EQ(setsid(), getpid());
    pid_t pid = fork();
    if (pid == 0) {
        (void)setpgid(0, 0);
        stops_itself(NULL);
    }
    (void)setpgid(pid, pid);
    CHECK_EQ(waitpid(pid, &word, WUNTRACED), pid);
    CHECK(WIFSTOPPED(word) && WSTOPSIG(word) == SIGTSTP);
    CHECK_EQ(killpg(pid, SIGCONT), 0);
    gt_expect_exit(pid, 9);
    _exit(gt_failed != 0);
}

static void a_job_stops_itself_and_is_continued(void) { RUN_CHILD(own_group_with_job, NULL); }

static void spawned_with_attributes(void)
{
    posix_spawnattr_t attr;
    sigset_t term = 0, usr1 = 0;
    pid_t pid;
    static char *argv[] = {"sleep", "1000", NULL};
    sigaddset(&term, SIGTERM);
    sigaddset(&usr1, SIGUSR1);
    (void)signal(SIGUSR1, SIG_IGN);
    REQUIRE(posix_spawnattr_init(&attr) == 0);
    CHECK_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF), 0);
    CHECK_EQ(posix_spawnattr_setpgroup(&attr, 0), 0);
    CHECK_EQ(posix_spawnattr_setsigmask(&attr, &term), 0);
    CHECK_EQ(posix_spawnattr_setsigdefault(&attr, &usr1), 0);
    CHECK_EQ(posix_spawnp(&pid, "sleep", NULL, &attr, argv, environ), 0);
    CHECK_EQ(getpgid(pid), pid);
    CHECK_EQ(kill(pid, SIGTERM), 0); /* blocked */
    gt_sleep_us(2000);
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    CHECK_EQ(kill(pid, SIGUSR1), 0); /* as by default */
    gt_expect_signal(pid, SIGUSR1);
    CHECK_EQ(posix_spawnattr_destroy(&attr), 0);
    (void)signal(SIGUSR1, SIG_DFL);
}

static void spawned_into_groups(void)
{
    static char *argv[] = {"sleep", "1000", NULL};
    pid_t first, second, third;
    CHECK_EQ(spawn_program("sleep", argv, environ, SPAWN_IN_GROUP(0), &first), 0);
    CHECK_EQ(spawn_program("sleep", argv, environ, SPAWN_IN_GROUP(first), &second), 0);
    CHECK_EQ(spawn_program("sleep", argv, environ, 0, &third), 0);
    CHECK_EQ(getpgid(first), first);
    CHECK_EQ(getpgid(second), first);
    CHECK_EQ(getpgid(third), getpgrp());
    CHECK_EQ(spawn_program("sleep", argv, environ, SPAWN_IN_GROUP(999999), NULL), EPERM);
    CHECK_EQ(kill(-first, SIGTERM), 0);
    gt_expect_signal(first, SIGTERM);
    gt_expect_signal(second, SIGTERM);
    CHECK_EQ(waitpid(third, NULL, WNOHANG), 0);
    CHECK_EQ(kill(third, SIGKILL), 0);
    gt_expect_signal(third, SIGKILL);
}

static void the_console_has_a_foreground(void)
{
    pid_t before = tcgetpgrp(0);
    CHECK(before >= 0);
    CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
    CHECK_EQ(tcgetpgrp(0), getpgrp());
    errno = 0;
    CHECK(tcsetpgrp(0, 999999) == -1 && errno == EPERM);
    errno = 0;
    CHECK(tcsetpgrp(0, -1) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(tcsetpgrp(77, getpgrp()) == -1 && errno == EBADF);
    if (before > 0)
        CHECK_EQ(tcsetpgrp(0, before), 0);
}

GT_MAIN(CASE(sigchld_says_what_became_of_the_child), CASE(nobody_waits_for_children_of_who_ignores_them),
        CASE(a_stopped_child_does_nothing), CASE(stops_reach_threads_that_compute), CASE(a_sleep_goes_on_after_a_stop),
        CASE(waitid_looks_without_taking), CASE(groups_are_inherited_and_changed), CASE(waitpid_waits_for_groups),
        CASE(a_session_has_its_own_groups), CASE(a_job_stops_itself_and_is_continued), CASE(spawned_with_attributes), CASE(spawned_into_groups),
        CASE(the_console_has_a_foreground))
