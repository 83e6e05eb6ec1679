/* SPDX-License-Identifier: MIT
 * Proves what the functions of the C library make of pointers (pointers.c: the requests below them). What a server copies: a bad
 * address is EFAULT, an odd one does as a plain one, and memory that may not be written stays as it is. What the library looks at
 * itself: EFAULT or SIGSEGV, as if the program had touched it. The rest of them: pointerwords.c.
 * TIMEOUT: 120
 */
#define GT_NAME "pointercalls"
#include "gtest.h"
#include "gcalls.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/select.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <utime.h>

static char file[] = "/tmp/calls/file", dir[] = "/tmp/calls", none[] = "/tmp/calls/none", symbolic[] = "/tmp/calls/link";
static int fd;

static int closed(int made)
{
    if (made >= 0)
        CHECK_EQ(close(made), 0);
    return made < 0 ? -1 : 0;
}

/* ---- paths ---- */

static struct stat st;
static int c_open(void *p) { return closed(open(p, O_RDONLY)); }
static int c_creat(void *p)
{
    int result = closed(creat(p, 0644)), error = errno;
    (void)unlink(none);
    errno = error;
    return result;
}
static int c_stat(void *p) { return stat(p, &st); }
static int c_stat_to(void *p) { return stat(file, p); }
static int c_lstat(void *p) { return lstat(p, &st); }
static int c_lstat_to(void *p) { return lstat(file, p); }
static int c_access(void *p) { return access(p, F_OK); }
static int c_mkdir(void *p) { return mkdir(p, 0755); }
static int c_rmdir(void *p) { return rmdir(p); }
static int c_unlink(void *p) { return unlink(p); }
static int c_remove(void *p) { return remove(p); }
static int c_rename(void *p) { return rename(p, file); }
static int c_rename_to(void *p) { return rename(file, p); }
static int c_link(void *p) { return link(p, file); }
static int c_link_to(void *p) { return link(file, p); }
static int c_symlink(void *p) { return symlink(p, file); }
static int c_symlink_to(void *p) { return symlink(file, p); }
static int c_readlink(void *p)
{
    char to[16];
    return readlink(p, to, sizeof to) < 0 ? -1 : 0;
}
static int c_readlink_to(void *p) { return readlink(symbolic, p, 4) < 0 ? -1 : 0; }
static int c_chdir(void *p) { return chdir(p); }
static int c_truncate(void *p) { return truncate(p, 64); }
static int c_chmod(void *p) { return chmod(p, 0644); }
static int c_utime(void *p) { return utime(p, NULL); }
static int c_utimes(void *p) { return utimes(p, NULL); }
static int c_opendir(void *p)
{
    DIR *d = opendir(p);
    return d == NULL ? -1 : closedir(d);
}
static int c_execv(void *p)
{
    char *argv[] = {"none", NULL};
    return execv(p, argv);
}
static int c_fopen(void *p)
{
    FILE *f = fopen(p, "r");
    return f == NULL ? -1 : fclose(f);
}

/* ---- bytes ---- */

static int c_read(void *p)
{
    (void)lseek(fd, 0, SEEK_SET);
    return read(fd, p, 64) < 0 ? -1 : 0;
}
static int c_write(void *p)
{
    (void)lseek(fd, 0, SEEK_SET);
    return write(fd, p, 64) < 0 ? -1 : 0;
}
static int c_pread(void *p) { return pread(fd, p, 64, 0) < 0 ? -1 : 0; }
static int c_pwrite(void *p) { return pwrite(fd, p, 64, 0) < 0 ? -1 : 0; }
static int c_read_short(void *p)
{
    (void)lseek(fd, 0, SEEK_SET);
    return read(fd, p, 8) < 0 ? -1 : 0;
}
static int c_write_short(void *p)
{
    (void)lseek(fd, 0, SEEK_SET);
    return write(fd, p, 8) < 0 ? -1 : 0;
}
static int c_fstat(void *p) { return fstat(fd, p); }
static int c_poll(void *p) { return poll(p, 2, 0) < 0 ? -1 : 0; }
static int c_getcwd(void *p) { return getcwd(p == NULL ? (void *)8 : p, 16) == NULL ? -1 : 0; } /* NULL: a new string */

/* ---- what the library looks at itself ---- */

static const struct timespec moment = {.tv_nsec = 1000};
static int c_pipe(void *p)
{
    int *fds = p;
    return pipe(p) != 0 ? -1 : closed(fds[0]) | closed(fds[1]);
}
static int c_waitpid(void *p)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return waitpid(pid, p == NULL ? (void *)8 : p, 0) == pid ? 0 : -1;
}
static int c_clock_gettime(void *p) { return clock_gettime(CLOCK_MONOTONIC, p); }
static int c_clock_getres(void *p) { return p != NULL ? clock_getres(CLOCK_MONOTONIC, p) : c_clock_gettime(p); } /* null is allowed there */
static int c_gettimeofday(void *p) { return gettimeofday(p, NULL); }
static int c_nanosleep(void *p) { return nanosleep(p, NULL); }
static int c_clock_nanosleep(void *p) { return clock_nanosleep(CLOCK_MONOTONIC, 0, p, NULL) != 0 ? -1 : 0; }
static int c_select(void *p)
{
    struct timeval now = {0};
    if (p == NULL) /* no set, which is allowed */
        p = (void *)8;
    return select(8, p, NULL, NULL, &now) < 0 ? -1 : 0;
}
static int c_select_time(void *p) { return select(0, NULL, NULL, NULL, p == NULL ? (void *)8 : p) < 0 ? -1 : 0; }
static int c_utime_times(void *p) { return utime(file, p == NULL ? (void *)8 : p); }
static int c_execve_argv(void *p) { return execve(none, p == NULL ? (void *)8 : p, environ) == -1 && errno == ENOENT ? 0 : -1; }
static int c_spawn_pid(void *p)
{
    char *argv[] = {"true", NULL};
    pid_t *pid = not_null(p);
    return posix_spawn(not_null(p), "/bin/true", NULL, NULL, argv, environ) == 0 && waitpid(*pid, NULL, 0) == *pid ? 0 : -1;
}
static int c_getparam(void *p) { return sched_getparam(0, p); }
static int c_interval(void *p) { return sched_rr_get_interval(0, p); }

/* ---- resources, signals, timers, the terminal ---- */

static const struct rlimit no_limit = {RLIM_INFINITY, RLIM_INFINITY};
static const struct itimerval no_interval;
static const struct itimerspec no_timer;
static const struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
static const struct sigaction no_action;
static const sigset_t none_of_them;
static char stack[SIGSTKSZ];
static const stack_t new_stack = {.ss_sp = stack, .ss_size = sizeof stack};
static const struct flock no_lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
static const struct termios *settings(void)
{
    static struct termios t;
    return tcgetattr(0, &t) == 0 ? &t : NULL;
}

static int c_openat(void *p) { return closed(openat(AT_FDCWD, p, O_RDONLY)); }
static int c_fstatat(void *p) { return fstatat(AT_FDCWD, p, &st, 0); }
static int c_fstatat_to(void *p) { return fstatat(AT_FDCWD, file, p, 0); }
static int c_faccessat(void *p) { return faccessat(AT_FDCWD, p, F_OK, 0); }
static int c_mkdirat(void *p) { return mkdirat(AT_FDCWD, p, 0755); }
static int c_unlinkat(void *p) { return unlinkat(AT_FDCWD, p, 0); }
static int c_renameat(void *p) { return renameat(AT_FDCWD, file, AT_FDCWD, p); }
static int c_linkat(void *p) { return linkat(AT_FDCWD, file, AT_FDCWD, p, 0); }
static int c_symlinkat(void *p) { return symlinkat(file, AT_FDCWD, p); }
static int c_readlinkat(void *p) { return readlinkat(AT_FDCWD, symbolic, p, 4) < 0 ? -1 : 0; }
static int c_chown(void *p) { return chown(p, 0, 0); }
static int c_lchown(void *p) { return lchown(p, 0, 0); }
static int c_mkfifo(void *p) { return mkfifo(p, 0644); }
static int c_utimensat(void *p) { return utimensat(AT_FDCWD, p, NULL, 0); }
static int c_statvfs(void *p)
{
    struct statvfs to;
    return statvfs(p, &to);
}
static int c_statvfs_to(void *p) { return statvfs(file, p); }
static int c_futimens(void *p) { return futimens(fd, not_null(p)); }
static int c_readv(void *p) { return readv(fd, p, 1) < 0 ? -1 : 0; }
static int c_writev(void *p) { return writev(fd, p, 1) < 0 ? -1 : 0; }
static int c_lock(void *p) { return fcntl(fd, F_SETLK, p); }
static int c_pipe2(void *p)
{
    int *fds = p;
    return pipe2(p, 0) != 0 ? -1 : closed(fds[0]) | closed(fds[1]);
}
static int c_waitid(void *p)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return waitid(P_PID, pid, not_null(p), WEXITED);
}
static int c_getrlimit(void *p) { return getrlimit(RLIMIT_AS, p); }
static int c_getrlimit_files(void *p) { return getrlimit(RLIMIT_NOFILE, p); }
static int c_setrlimit(void *p) { return setrlimit(RLIMIT_AS, p); }
static int c_getrusage(void *p) { return getrusage(RUSAGE_SELF, p); }
static int c_times(void *p) { return times(p) == (clock_t)-1 ? -1 : 0; }
static int c_cpuclock(void *p) { return clock_getcpuclockid(0, p) != 0 ? -1 : 0; }
static int c_cputime(void *p) { return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, p); }
static int c_threadclock(void *p) { return pthread_getcpuclockid(pthread_self(), p) != 0 ? -1 : 0; }
static int c_threadtime(void *p) { return clock_gettime(CLOCK_THREAD_CPUTIME_ID, p); }
static int c_getitimer(void *p) { return getitimer(ITIMER_PROF, p); }
static int c_setitimer(void *p) { return setitimer(ITIMER_PROF, p, NULL); }
static int c_sigaction(void *p) { return sigaction(SIGUSR1, not_null(p), NULL); }
static int c_sigaction_old(void *p) { return sigaction(SIGUSR1, NULL, not_null(p)); }
static int c_sigprocmask(void *p) { return sigprocmask(SIG_BLOCK, not_null(p), NULL); }
static int c_sigprocmask_old(void *p) { return sigprocmask(SIG_BLOCK, NULL, not_null(p)); }
static int c_sigpending(void *p) { return sigpending(p); }
static int c_sigwait(void *p) { return sigtimedwait(p, NULL, &(struct timespec){0}) == -1 && errno == EAGAIN ? 0 : -1; }
static int c_sigwait_time(void *p) { return sigtimedwait(&none_of_them, NULL, not_null(p)) == -1 && errno == EAGAIN ? 0 : -1; }
static int c_sigaltstack(void *p) { return sigaltstack(not_null(p), NULL); }
static int c_timer_create(void *p)
{
    timer_t t;
    return timer_create(CLOCK_MONOTONIC, not_null(p), &t);
}
static int c_timer_create_to(void *p) { return timer_create(CLOCK_MONOTONIC, NULL, p); }
static int timer(void)
{
    timer_t t = 0;
    return timer_create(CLOCK_MONOTONIC, NULL, &t) == 0 ? (int)t : 0;
}
static int c_timer_settime(void *p) { return timer_settime((timer_t)timer(), 0, p, NULL); }
static int c_timer_gettime(void *p) { return timer_gettime((timer_t)timer(), p); }
static int c_tcgetattr(void *p) { return tcgetattr(0, p); }
static const struct winsize as_it_is = {.ws_row = 24, .ws_col = 80};
static int c_tcgetwinsize(void *p) { return tcgetwinsize(0, p); }
static int c_tcsetwinsize(void *p) { return tcsetwinsize(0, p); }
static int c_tcsetattr(void *p) { return tcsetattr(0, TCSANOW, p); }
static int c_uname(void *p) { return uname(p); }

/* ---- the rows ---- */

static char bytes[64] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
static const struct pollfd polled[2] = {{.fd = -1}, {.fd = -1}};
static char *const arguments[2] = {none, NULL};
static const struct timeval no_time[2];
static fd_set no_set;
#define PATH(p) p, sizeof p, IN
static const struct call served[] = {
    {"open", c_open, PATH(file), 0},
    {"creat", c_creat, PATH(none), 0},
    {"stat, path", c_stat, PATH(file), 0},
    {"stat, result", c_stat_to, NULL, sizeof st, OUT, 0},
    {"lstat, path", c_lstat, PATH(file), 0},
    {"lstat, result", c_lstat_to, NULL, sizeof st, OUT, 0},
    {"access", c_access, PATH(file), 0},
    {"mkdir", c_mkdir, PATH(dir), EEXIST},
    {"rmdir", c_rmdir, PATH(dir), ENOTEMPTY},
    {"unlink", c_unlink, PATH(none), ENOENT},
    {"remove", c_remove, PATH(none), ENOENT},
    {"rename, from", c_rename, PATH(file), 0},
    {"rename, to", c_rename_to, PATH(file), 0},
    {"link, from", c_link, PATH(file), EEXIST},
    {"link, to", c_link_to, PATH(file), EEXIST},
    {"symlink, what", c_symlink, PATH(file), EEXIST},
    {"symlink, where", c_symlink_to, PATH(file), EEXIST},
    {"readlink, path", c_readlink, PATH(symbolic), 0},
    {"readlink, result", c_readlink_to, NULL, 4, OUT, 0},
    {"chdir", c_chdir, PATH(dir), 0},
    {"truncate", c_truncate, PATH(file), 0},
    {"chmod", c_chmod, PATH(file), 0},
    {"utime", c_utime, PATH(file), 0},
    {"utimes", c_utimes, PATH(file), 0},
    {"opendir", c_opendir, PATH(dir), 0},
    {"fopen", c_fopen, PATH(file), 0},
    {"read", c_read, NULL, 64, OUT_PART, 0},
    {"write", c_write, bytes, 64, IN_PART, 0},
    {"read, few", c_read_short, NULL, 8, OUT_PART, 0},
    {"write, few", c_write_short, bytes, 8, IN_PART, 0},
    {"pread", c_pread, NULL, 64, OUT_PART, 0},
    {"pwrite", c_pwrite, bytes, 64, IN_PART, 0},
    {"fstat", c_fstat, NULL, sizeof st, OUT, 0},
    {"poll", c_poll, polled, sizeof polled, OUT, 0},
    {"getcwd", c_getcwd, NULL, 16, OUT, 0},
    {"openat", c_openat, PATH(file), 0},
    {"fstatat, path", c_fstatat, PATH(file), 0},
    {"fstatat, result", c_fstatat_to, NULL, sizeof st, OUT, 0},
    {"faccessat", c_faccessat, PATH(file), 0},
    {"mkdirat", c_mkdirat, PATH(dir), EEXIST},
    {"unlinkat", c_unlinkat, PATH(none), ENOENT},
    {"renameat", c_renameat, PATH(file), 0},
    {"linkat", c_linkat, PATH(file), EEXIST},
    {"symlinkat", c_symlinkat, PATH(file), EEXIST},
    {"readlinkat", c_readlinkat, NULL, 4, OUT, 0},
    {"chown", c_chown, PATH(file), 0},
    {"lchown", c_lchown, PATH(file), 0},
    {"mkfifo", c_mkfifo, PATH(file), EEXIST},
    {"utimensat", c_utimensat, PATH(file), 0},
    {"statvfs, path", c_statvfs, PATH(file), 0},
};
static const struct iovec one_piece = {.iov_base = bytes, .iov_len = 4};
static struct call own[] = {
    {"execv", c_execv, PATH(none), ENOENT}, /* its length is counted here */
    {"pipe", c_pipe, NULL, 2 * sizeof(int), OUT, 0},
    {"waitpid", c_waitpid, NULL, sizeof(int), OUT, 0},
    {"clock_gettime", c_clock_gettime, NULL, sizeof moment, OUT, 0},
    {"clock_getres", c_clock_getres, NULL, sizeof moment, OUT, 0},
    {"gettimeofday", c_gettimeofday, NULL, sizeof(struct timeval), OUT, 0},
    {"nanosleep", c_nanosleep, &moment, sizeof moment, IN, 0},
    {"clock_nanosleep", c_clock_nanosleep, &moment, sizeof moment, IN, 0},
    {"select", c_select, &no_set, sizeof(long), IN, 0}, /* 8 descriptors of it */
    {"select, time", c_select_time, no_time, sizeof no_time[0], IN, 0},
    {"utime, times", c_utime_times, no_time, sizeof(struct utimbuf), IN, 0},
    {"execve, arguments", c_execve_argv, arguments, sizeof arguments, IN, 0},
    {"posix_spawn, pid", c_spawn_pid, NULL, sizeof(pid_t), OUT, 0},
    {"sched_getparam", c_getparam, NULL, sizeof(struct sched_param), OUT, 0},
    {"sched_rr_get_interval", c_interval, NULL, sizeof moment, OUT, 0},
    {"statvfs, result", c_statvfs_to, NULL, sizeof(struct statvfs), OUT, 0},
    {"futimens", c_futimens, &no_interval, sizeof(struct timespec[2]), IN, 0},
    {"readv", c_readv, &one_piece, sizeof one_piece, IN, 0},
    {"writev", c_writev, &one_piece, sizeof one_piece, IN, 0},
    {"fcntl, a lock", c_lock, &no_lock, sizeof no_lock, IN, 0},
    {"pipe2", c_pipe2, NULL, 2 * sizeof(int), OUT, 0},
    {"waitid", c_waitid, NULL, sizeof(siginfo_t), OUT, 0},
    {"getrlimit", c_getrlimit, NULL, sizeof(struct rlimit), OUT, 0},
    {"getrlimit, files", c_getrlimit_files, NULL, sizeof(struct rlimit), OUT, 0},
    {"setrlimit", c_setrlimit, &no_limit, sizeof no_limit, IN, 0},
    {"getrusage", c_getrusage, NULL, sizeof(struct rusage), OUT, 0},
    {"times", c_times, NULL, sizeof(struct tms), OUT, 0},
    {"clock_getcpuclockid", c_cpuclock, NULL, sizeof(clockid_t), OUT, 0},
    {"clock_gettime, processor", c_cputime, NULL, sizeof moment, OUT, 0},
    {"pthread_getcpuclockid", c_threadclock, NULL, sizeof(clockid_t), OUT, 0},
    {"clock_gettime, processor, thread", c_threadtime, NULL, sizeof moment, OUT, 0},
    {"getitimer", c_getitimer, NULL, sizeof no_interval, OUT, 0},
    {"setitimer", c_setitimer, &no_interval, sizeof no_interval, IN, 0},
    {"sigaction", c_sigaction, &no_action, sizeof no_action, IN, 0},
    {"sigaction, old", c_sigaction_old, NULL, sizeof no_action, OUT, 0},
    {"sigprocmask", c_sigprocmask, &none_of_them, sizeof none_of_them, IN, 0},
    {"sigprocmask, old", c_sigprocmask_old, NULL, sizeof none_of_them, OUT, 0},
    {"sigpending", c_sigpending, NULL, sizeof none_of_them, OUT, 0},
    {"sigtimedwait", c_sigwait, &none_of_them, sizeof none_of_them, IN, 0},
    {"sigtimedwait, time", c_sigwait_time, &moment, sizeof moment, IN, 0},
    {"sigaltstack", c_sigaltstack, &new_stack, sizeof new_stack, IN, 0},
    {"timer_create, event", c_timer_create, &event, offsetof(struct sigevent, sigev_notify_function), IN, 0}, /* the rest is for SIGEV_THREAD */
    {"timer_create", c_timer_create_to, NULL, sizeof(timer_t), OUT, 0},
    {"timer_settime", c_timer_settime, &no_timer, sizeof no_timer, IN, 0},
    {"timer_gettime", c_timer_gettime, NULL, sizeof no_timer, OUT, 0},
    {"tcgetattr", c_tcgetattr, NULL, sizeof(struct termios), OUT, 0},
    {"tcsetattr", c_tcsetattr, NULL, sizeof(struct termios), IN, 0},
    {"tcgetwinsize", c_tcgetwinsize, NULL, sizeof(struct winsize), OUT, 0},
    {"tcsetwinsize", c_tcsetwinsize, &as_it_is, offsetof(struct winsize, ws_xpixel), IN, 0}, /* a line of characters has no pixels */
    {"uname", c_uname, NULL, sizeof(struct utsname), OUT, 0},
};

static bool begin(void)
{
    (void)mkdir(dir, 0755);
    fd = open(file, O_RDWR | O_CREAT, 0644);
    CHECK_EQ(write(fd, bytes, sizeof bytes), sizeof bytes);
    (void)symlink("file", symbolic);
    return gt_shared_open() == OK && fd >= 0;
}
static void end(void)
{
    CHECK_EQ(chdir("/"), 0);
    (void)close(fd);
    (void)unlink(file);
    (void)unlink(symbolic);
    CHECK_EQ(rmdir(dir), 0);
    gt_shared_close();
}
static void servers_say_efault(void)
{
    REQUIRE(begin());
    TRY_ALL(served, try_served);
    end();
}
static void the_library_faults_cleanly(void)
{
    REQUIRE(begin());
    for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
        own[i].content = own[i].fn == c_tcsetattr ? settings() : own[i].content; /* as they are */
    TRY_ALL(own, try_own);
    end();
}
static void a_huge_length_is_no_length(void)
{
    REQUIRE(begin());
    static const size_t lengths[] = {1UL << 32, 1UL << 40, SIZE_MAX / 2, SIZE_MAX};
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        void *at = place_enter(AT_EDGE, bytes, sizeof bytes);
        (void)lseek(fd, 0, SEEK_SET);
        ssize_t n = read(fd, at, lengths[i]);
        CHECK(n == (ssize_t)sizeof bytes || (n == -1 && errno == EFAULT));
        n = pwrite(fd, at, lengths[i], 0);
        CHECK(n == (ssize_t)sizeof bytes || (n == -1 && (errno == EFAULT || errno == EINVAL || errno == EFBIG)));
        CHECK(getcwd(at, lengths[i]) != NULL || errno == EFAULT || errno == EINVAL);
        n = readlink(symbolic, at, lengths[i]);
        CHECK(n == 4 || (n == -1 && (errno == EFAULT || errno == EINVAL)));
        CHECK(poll(at, ~0u - i, 0) == -1 && (errno == EINVAL || errno == EFAULT));
        place_leave(AT_EDGE);
        CHECK_EQ(truncate(file, 64), 0);
    }
    end();
}

GT_MAIN(CASE(servers_say_efault), CASE(the_library_faults_cleanly), CASE(a_huge_length_is_no_length))
