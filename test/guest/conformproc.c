/* SPDX-License-Identifier: MIT
 * What POSIX says of processes, their environment and time: what calls return, what they refuse, and with which errno. Signals, files,
 * pipes, threads and mappings have tests of their own.
 * TIMEOUT: 120
 */
#define GT_NAME "conformproc"
#include "gtest.h"
#include "gfiles.h"
#include <limits.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

extern char **environ;

static int status_of(pid_t pid)
{
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

/* ---- wait ---- */

static void statuses_say_how_it_ended(void)
{
    pid_t pid = gt_fork();
    if (pid == 0)
        _exit(0x1234); /* the low eight bits count */
    int s = status_of(pid);
    CHECK(WIFEXITED(s) && !WIFSIGNALED(s) && !WIFSTOPPED(s) && WEXITSTATUS(s) == 0x34);
    pid = gt_fork();
    if (pid == 0)
        (void)kill(getpid(), SIGTERM);
    s = status_of(pid);
    CHECK(!WIFEXITED(s) && WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM);
    pid = gt_fork();
    if (pid == 0)
        abort();
    s = status_of(pid);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGABRT);
}
static void wait_refuses(void)
{
    int s;
    CHECK_ERRNO(wait(&s), ECHILD);
    CHECK_ERRNO(waitpid(-1, &s, WNOHANG), ECHILD);
    CHECK_ERRNO(waitpid(getpid(), &s, 0), ECHILD);
    CHECK_ERRNO(waitpid(999999, &s, 0), ECHILD);
    CHECK_ERRNO(waitpid(-1, &s, 0x4000), EINVAL);
    int p[2];
    char c;
    REQUIRE(pipe(p) == 0);
    pid_t pid = gt_fork();
    if (pid == 0)
        _exit(read(p[0], &c, 1) == 1 ? 1 : 2);
    CHECK_EQ(waitpid(pid, &s, WNOHANG), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(waitpid(pid, NULL, 0), pid); /* nobody has to look */
    CHECK_EQ(close(p[0]) | close(p[1]), 0);
    CHECK_ERRNO(waitpid(pid, &s, 0), ECHILD);
}
static void wait_takes_the_one_it_is_asked_for(void)
{
    pid_t first = gt_fork();
    if (first == 0)
        _exit(1);
    pid_t second = gt_fork();
    if (second == 0)
        _exit(2);
    CHECK_EQ(WEXITSTATUS(status_of(second)), 2);
    CHECK_EQ(WEXITSTATUS(status_of(first)), 1);
}
static void kill_refuses(void)
{
    CHECK_ERRNO(kill(999999, 0), ESRCH);
    CHECK_ERRNO(kill(getpid(), NSIG), EINVAL);
    CHECK_ERRNO(kill(getpid(), -1), EINVAL);
    CHECK_EQ(kill(getpid(), 0), 0);
    pid_t pid = gt_fork();
    if (pid == 0)
        _exit(0);
    usleep(3000);
    CHECK_EQ(kill(pid, 0), 0); /* it has ended, and is a process until it is waited for */
    (void)status_of(pid);
    CHECK_ERRNO(kill(pid, 0), ESRCH);
}

/* ---- groups, signals, priorities, memory: what no other test has ---- */

static void groups_refuse(void)
{
    int status, p[2];
    siginfo_t info;
    REQUIRE(pipe2(p, O_CLOEXEC) == 0);
    pid_t pid = gt_fork();
    if (pid == 0) {
        (void)execlp("sleep", "sleep", "60", NULL);
        _exit(127);
    }
    CHECK_EQ(close(p[1]), 0);
    CHECK_EQ(read(p[0], &status, 1), 0); /* it runs another program now */
    CHECK_ERRNO(setpgid(pid, pid), EACCES);
    CHECK_ERRNO(setpgid(pid, -1), EINVAL);
    CHECK_ERRNO(setpgid(0, 999999), EPERM);
    CHECK_ERRNO(getsid(999999), ESRCH);
    CHECK_ERRNO(waitid(P_PID, (id_t)pid, &info, 0), EINVAL); /* for nothing */
    CHECK_ERRNO(waitid(P_PID, (id_t)pid, &info, WEXITED | 0x4000), EINVAL);
    CHECK_ERRNO(waitid(99, (id_t)pid, &info, WEXITED), EINVAL);
    CHECK_ERRNO(waitid(P_PID, (id_t)getpid(), &info, WEXITED), ECHILD);
    CHECK_ERRNO(waitid(P_PGID, 999999, &info, WEXITED), ECHILD);
    CHECK_ERRNO(waitpid(-999999, &status, 0), ECHILD);
    CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0);
    CHECK_EQ(info.si_pid, 0); /* it has not ended */
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    CHECK(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGKILL && info.si_signo == SIGCHLD);
    status = status_of(pid); /* it was left to be waited for */
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_EQ(close(p[0]), 0);
}
static void priorities_refuse(void)
{
    const struct sched_param none = {0}, one = {1}, high = {200}, below = {-1};
    struct sched_param got;
    struct timespec slice;
    CHECK_ERRNO(sched_setscheduler(0, 99, &none), EINVAL);
    CHECK_ERRNO(sched_setscheduler(0, SCHED_OTHER, &one), EINVAL);
    CHECK_ERRNO(sched_setscheduler(0, SCHED_RR, &none), EINVAL);
    CHECK_ERRNO(sched_setscheduler(0, SCHED_RR, &high), EINVAL);
    CHECK_ERRNO(sched_setparam(0, &below), EINVAL);
    CHECK_ERRNO(sched_setscheduler(999999, SCHED_RR, &one), ESRCH);
    CHECK_ERRNO(sched_setparam(999999, &none), ESRCH);
    CHECK_ERRNO(sched_getparam(999999, &got), ESRCH);
    CHECK_ERRNO(sched_getscheduler(999999), ESRCH);
    CHECK_ERRNO(sched_rr_get_interval(999999, &slice), ESRCH);
    CHECK_ERRNO(sched_get_priority_min(99), EINVAL);
    CHECK_ERRNO(sched_get_priority_max(99), EINVAL);
    CHECK_ERRNO(getpriority(PRIO_PROCESS, 999999), ESRCH);
    CHECK_ERRNO(setpriority(99, 0, 0), EINVAL);
    CHECK_EQ(sched_getscheduler(0), SCHED_OTHER); /* nothing has changed */
}
static void signals_and_memory_refuse(void)
{
    static char stack[SIGSTKSZ], page[8192] __attribute__((aligned(4096)));
    const stack_t odd = {.ss_sp = stack, .ss_size = sizeof stack, .ss_flags = 0x55}, small = {.ss_sp = stack, .ss_size = MINSIGSTKSZ - 1};
    struct itimerval now;
    sigset_t set;
    int sig;
    CHECK_ERRNO(sigaltstack(&odd, NULL), EINVAL);
    CHECK_ERRNO(sigaltstack(&small, NULL), ENOMEM);
    CHECK_EQ(sigemptyset(&set), 0);
    CHECK_ERRNO(sigaddset(&set, NSIG), EINVAL);
    CHECK_ERRNO(sigdelset(&set, -1), EINVAL);
    CHECK_ERRNO(sigismember(&set, NSIG), EINVAL);
    CHECK_ERRNO(sigtimedwait(&set, NULL, &(struct timespec){.tv_nsec = 1000000000}), EINVAL);
    CHECK_ERRNO(sigtimedwait(&set, NULL, &(struct timespec){.tv_nsec = 1000}), EAGAIN);
    CHECK_EQ(sigaddset(&set, SIGUSR1), 0);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(sigtimedwait(&set, NULL, &(struct timespec){.tv_nsec = 1}), SIGUSR1); /* it is pending, however short the time */
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(sigwait(&set, &sig), 0);
    CHECK_EQ(sig, SIGUSR1);
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
    CHECK_ERRNO(getitimer(77, &now), EINVAL);
    CHECK_ERRNO(mlockall(0), EINVAL);
    CHECK_ERRNO(mlockall(0x100), EINVAL);
    CHECK_ERRNO(munlock((void *)0x500000000UL, 8), ENOMEM);
    CHECK_ERRNO(mlock(page, SIZE_MAX), ENOMEM);
    CHECK_ERRNO(madvise(page, 1, 77), EINVAL);
    CHECK_EQ(posix_madvise((void *)0x500000000UL, 4096, POSIX_MADV_NORMAL), ENOMEM);
    CHECK_ERRNO(mprotect((void *)0x500000000UL, 4096, PROT_READ), ENOMEM);
    CHECK_EQ(munmap((void *)0x500000000UL, 4096), 0); /* nothing there is no error */
}

/* ---- the end ---- */

static int order_fd;
static void says_a(void) { (void)write(order_fd, "a", 1); }
static void says_b(void) { (void)write(order_fd, "b", 1); }
static void exit_calls_what_was_registered(void)
{
    char seen[4] = "";
    int p[2];
    CHECK_EQ(pipe(p), 0);
    for (int how = 0; how < 2; how++) {
        pid_t pid = gt_fork();
        if (pid == 0) {
            order_fd = p[1];
            if (atexit(says_a) != 0 || atexit(says_b) != 0)
                _exit(9);
            if (how == 0)
                exit(3);
            _exit(3);
        }
        CHECK_EQ(WEXITSTATUS(status_of(pid)), 3);
    }
    CHECK_EQ(close(p[1]), 0);
    CHECK_EQ(read(p[0], seen, sizeof seen), 2); /* the last first, and none by _exit */
    CHECK(seen[0] == 'b' && seen[1] == 'a');
    CHECK_EQ(close(p[0]), 0);
}
static void orphans_get_another_parent(void)
{
    uint64_t before = gt_processes();
    pid_t back;
    int p[2];
    CHECK_EQ(pipe(p), 0);
    pid_t pid = gt_fork();
    if (pid == 0) {
        pid_t parent = getpid();
        if (fork() == 0) {
            while (getppid() == parent)
                usleep(500);
            back = getppid();
            (void)write(p[1], &back, sizeof back);
            _exit(0);
        }
        _exit(0);
    }
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(read(p[0], &back, sizeof back), sizeof back);
    CHECK_EQ(back, 1);
    CHECK_EQ(close(p[0]) | close(p[1]), 0);
    gt_until_processes(before);
}

/* ---- exec ---- */

static void exec_refuses(void)
{
    make_file("/tmp/text", "no program");
    static char long_name[300], long_path[PATH_MAX + 8];
    char *argv[] = {"x", NULL};
    memset(long_name, 'n', sizeof long_name - 1);
    memset(long_path, '/', sizeof long_path - 1);
    CHECK_ERRNO(execv("/bin/there_is_none", argv), ENOENT);
    CHECK_ERRNO(execv("", argv), ENOENT);
    CHECK_ERRNO(execv("/bin/true/x", argv), ENOTDIR);
    CHECK_ERRNO(execv(long_path, argv), ENAMETOOLONG);
    CHECK_ERRNO(execvp("there_is_none", argv), ENOENT);
    CHECK_ERRNO(execvp("", argv), ENOENT);
    CHECK_ERRNO(execve("/bin", argv, environ), EACCES);
    CHECK_ERRNO(execv("/tmp/text", argv), EACCES);
    CHECK_EQ(unlink("/tmp/text"), 0);
    pid_t pid;
    CHECK_EQ(posix_spawn(&pid, "/bin/there_is_none", NULL, NULL, argv, environ), ENOENT);
    CHECK_EQ(posix_spawnp(&pid, "there_is_none", NULL, NULL, argv, environ), ENOENT);
}
static int runs(const char *command, char *const env[])
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    pid_t pid = gt_fork();
    if (pid == 0) {
        execve("/bin/sh", argv, env);
        _exit(99);
    }
    return WEXITSTATUS(status_of(pid));
}
static void a_program_has_the_environment_it_is_given(void)
{
    char *env[] = {"ONE=1", "EMPTY=", "PATH=/bin", NULL}, *none[] = {NULL};
    CHECK_EQ(runs("test \"$ONE\" = 1 && test -z \"$EMPTY\"", env), 0);
    CHECK_EQ(runs("test -z \"$ONE\"", none), 0);
}
static void exec_keeps_what_it_should(void)
{
    make_file("/tmp/kept", "abcdef");
    pid_t pid = gt_fork();
    if (pid == 0) {
        char *argv[] = {"sh", "-c", "read x <&5; test \"$x\" = cdef && ! cat <&6", NULL};
        int fd = open("/tmp/kept", O_RDONLY);
        (void)lseek(fd, 2, SEEK_SET); /* the offset stays */
        if (dup2(fd, 5) != 5 || dup2(fd, 6) != 6 || fcntl(6, F_SETFD, FD_CLOEXEC) != 0 || chdir("/tmp") != 0)
            _exit(98);
        execv("/bin/sh", argv);
        _exit(99);
    }
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 0);
    CHECK_EQ(unlink("/tmp/kept"), 0);
}

/* ---- the environment ---- */

static void the_environment_is_what_is_put_there(void)
{
    static char put[] = "PUT=one";
    CHECK(getenv("THERE_IS_NONE") == NULL);
    CHECK_EQ(setenv("A", "1", 0), 0);
    CHECK_EQ(setenv("A", "2", 0), 0); /* not over what is there */
    CHECK_EQ(strcmp(getenv("A"), "1"), 0);
    CHECK_EQ(setenv("A", "a longer value", 1), 0);
    CHECK_EQ(strcmp(getenv("A"), "a longer value"), 0);
    CHECK_ERRNO(setenv("", "x", 1), EINVAL);
    CHECK_ERRNO(setenv("A=B", "x", 1), EINVAL);
    CHECK_EQ(putenv(put), 0);
    CHECK_EQ(strcmp(getenv("PUT"), "one"), 0);
    CHECK_EQ(unsetenv("A"), 0);
    CHECK(getenv("A") == NULL);
    CHECK_EQ(unsetenv("A"), 0);
    CHECK_ERRNO(unsetenv(""), EINVAL);
    CHECK_ERRNO(unsetenv("A=B"), EINVAL);
    CHECK_EQ(unsetenv("PUT"), 0);
    for (int i = 0; i < 40; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "N%d", i);
        CHECK_EQ(setenv(name, "v", 1), 0);
    }
    CHECK_EQ(strcmp(getenv("N39"), "v"), 0);
    for (int i = 0; i < 40; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "N%d", i);
        CHECK_EQ(unsetenv(name), 0);
    }
    environ = NULL;
    CHECK(getenv("PATH") == NULL);
    CHECK_EQ(setenv("PATH", "/bin", 1), 0);
    char *mine[] = {"X=mine", "Y=", NULL};
    environ = mine; /* a program's own array is as good */
    CHECK_EQ(strcmp(getenv("X"), "mine"), 0);
    CHECK_EQ(strcmp(getenv("Y"), ""), 0);
    CHECK_EQ(setenv("Z", "z", 1), 0);
    CHECK(environ != mine && mine[2] == NULL);
    CHECK_EQ(strcmp(getenv("X"), "mine"), 0);
    CHECK_EQ(unsetenv("X") | unsetenv("Y") | unsetenv("Z") | setenv("PATH", "/bin", 1), 0);
}

/* ---- vfork, system ---- */

static void vfork_waits_for_the_child(void)
{
    REQUIRE(gt_shared_open() == OK);
    volatile int own = 1;
    pid_t pid = vfork();
    if (pid == 0) {
        gt_sleep_us(20000);
        own = 2;
        GT_SHARED->word[0] = 1;
        _exit(own);
    }
    CHECK_EQ(GT_SHARED->word[0], 1);
    CHECK_EQ(WEXITSTATUS(status_of(pid)), 2);
    ticks_t before = sys_time();
    pid = vfork();
    if (pid == 0) {
        gt_sleep_us(20000);
        GT_SHARED->word[0] = 2;
        (void)execlp("sleep", "sleep", "1000", NULL);
        _exit(127);
    }
    CHECK_EQ(GT_SHARED->word[0], 2);
    CHECK_SOON(sys_time() - before < gt_us(500000)); /* not until it ends */
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    CHECK_EQ(kill(pid, SIGTERM), 0);
    CHECK_EQ(WTERMSIG(status_of(pid)), SIGTERM);
    (void)signal(SIGCHLD, SIG_IGN); /* nobody waits for it; it is waited for all the same */
    pid = vfork();
    if (pid == 0) {
        gt_sleep_us(2000);
        GT_SHARED->word[0] = 3;
        _exit(0);
    }
    CHECK_EQ(GT_SHARED->word[0], 3);
    (void)signal(SIGCHLD, SIG_DFL);
    gt_shared_close();
}

static volatile sig_atomic_t interrupts, children;
static void note(int sig)
{
    interrupts += sig == SIGINT || sig == SIGQUIT;
    children += sig == SIGCHLD;
}

static void system_hears_nothing_meanwhile(void)
{
    char text[80];
    struct sigaction a = {.sa_handler = note}, now;
    CHECK_EQ(sigaction(SIGINT, &a, NULL) | sigaction(SIGQUIT, &a, NULL) | sigaction(SIGCHLD, &a, NULL), 0);
    snprintf(text, sizeof text, "kill -INT %d; kill -QUIT %d; exit 5", (int)getpid(), (int)getpid());
    int s = system(text);
    CHECK(WIFEXITED(s) && WEXITSTATUS(s) == 5);
    CHECK_EQ(interrupts, 0);
    CHECK(children <= 1);
    s = system("kill -INT $$; exit 6"); /* the command itself hears it */
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGINT);
    CHECK(sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == note);
    CHECK_EQ(raise(SIGINT), 0);
    CHECK_EQ(interrupts, 1);
    (void)signal(SIGINT, SIG_IGN);
    s = system("kill -INT $$; exit 7");
    CHECK(WIFEXITED(s) && WEXITSTATUS(s) == 7);
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGQUIT, SIG_DFL);
    (void)signal(SIGCHLD, SIG_DFL);
    CHECK(system(NULL) != 0);
}

/* ---- time ---- */

static long long ns_of(const struct timespec *t) { return t->tv_sec * 1000000000LL + t->tv_nsec; }
static void clocks_run_forward(void)
{
    struct timespec a, b, res;
    struct timeval tv;
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &a), 0);
        CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &b), 0);
        CHECK(ns_of(&b) >= ns_of(&a) && b.tv_nsec >= 0 && b.tv_nsec < 1000000000);
    }
    CHECK_EQ(clock_getres(CLOCK_MONOTONIC, &res), 0);
    CHECK(ns_of(&res) > 0 && ns_of(&res) <= 1000000);
    CHECK_EQ(clock_getres(CLOCK_REALTIME, NULL), 0);
    CHECK_EQ(clock_gettime(CLOCK_REALTIME, &a), 0);
    CHECK_EQ(gettimeofday(&tv, NULL), 0);
    CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000 && tv.tv_sec - a.tv_sec <= 1);
    CHECK(time(NULL) - tv.tv_sec <= 1);
    time_t t;
    CHECK_EQ(time(&t) - t, 0);
    CHECK_ERRNO(clock_gettime(77, &a), EINVAL);
    CHECK_ERRNO(clock_getres(77, &a), EINVAL);
    CHECK_ERRNO(clock_settime(CLOCK_MONOTONIC, &a), EINVAL);
    CHECK_ERRNO(clock_settime(CLOCK_REALTIME, &(struct timespec){.tv_nsec = -1}), EINVAL);
    CHECK_ERRNO(clock_settime(CLOCK_REALTIME, &a), EPERM);
}
static void sleeps_last_as_long_as_asked(void)
{
    struct timespec from, to, want = {.tv_nsec = 3000000};
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &from), 0);
    CHECK_EQ(nanosleep(&want, NULL), 0);
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &to), 0);
    CHECK(ns_of(&to) - ns_of(&from) >= 3000000);
    CHECK_SOON(ns_of(&to) - ns_of(&from) < 4000000);
    to.tv_nsec += 2000000;
    to.tv_sec += to.tv_nsec / 1000000000;
    to.tv_nsec %= 1000000000;
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &to, NULL), 0);
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &from), 0);
    CHECK(ns_of(&from) >= ns_of(&to));
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &to, NULL), 0); /* it has passed: at once */
    CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){.tv_sec = -5}, NULL), 0);
    CHECK_EQ(usleep(10) | (int)sleep(0), 0);
}
static void sleeps_refuse(void)
{
    static const struct timespec wrong[] = {{.tv_nsec = -1}, {.tv_nsec = 1000000000}, {.tv_sec = -1}};
    for (unsigned i = 0; i < 3; i++) {
        CHECK_ERRNO(nanosleep(&wrong[i], NULL), EINVAL);
        CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &wrong[i], NULL), EINVAL);
    }
    CHECK_EQ(clock_nanosleep(77, 0, &(struct timespec){0}, NULL), EINVAL);
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 2, &(struct timespec){0}, NULL), EINVAL);
}

GT_MAIN(CASE(statuses_say_how_it_ended), CASE(wait_refuses), CASE(wait_takes_the_one_it_is_asked_for), CASE(kill_refuses), CASE(groups_refuse),
        CASE(priorities_refuse), CASE(signals_and_memory_refuse),
        CASE(exit_calls_what_was_registered), CASE(orphans_get_another_parent), CASE(exec_refuses),
        CASE(a_program_has_the_environment_it_is_given), CASE(exec_keeps_what_it_should), CASE(the_environment_is_what_is_put_there),
        CASE(vfork_waits_for_the_child), CASE(system_hears_nothing_meanwhile), CASE(clocks_run_forward), CASE(sleeps_last_as_long_as_asked), CASE(sleeps_refuse))
