/* SPDX-License-Identifier: MIT
 * Proves what the functions of the C library make of pointers (pointers.c: the requests below them). What a server copies: a bad
 * address is EFAULT, an odd one does as a plain one, and memory that may not be written stays as it is. What the library looks at
 * itself: EFAULT or SIGSEGV, as if the program had touched it.
 * TIMEOUT: 120
 */
#define GT_NAME "pointercalls"
#include "gtest.h"
#include "gplaces.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

enum how { IN, OUT };
enum who { SERVER, LIBRARY }; /* who looks there */

struct call {
    const char *what;
    int (*fn)(void *at);
    const void *content;
    size_t size;
    enum how how;
    int want; /* errno, or 0 */
};

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
    return pipe(fds) != 0 ? -1 : closed(fds[0]) | closed(fds[1]);
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
    pid_t *pid = p;
    if (p == NULL)
        pid = (void *)8;
    return posix_spawn(pid, "/bin/true", NULL, NULL, argv, environ) == 0 && waitpid(*pid, NULL, 0) == *pid ? 0 : -1;
}
static int c_getparam(void *p) { return sched_getparam(0, p); }
static int c_interval(void *p) { return sched_rr_get_interval(0, p); }

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
    {"read", c_read, NULL, 64, OUT, 0},
    {"write", c_write, bytes, 64, IN, 0},
    {"read, few", c_read_short, NULL, 8, OUT, 0},
    {"write, few", c_write_short, bytes, 8, IN, 0},
    {"pread", c_pread, NULL, 64, OUT, 0},
    {"pwrite", c_pwrite, bytes, 64, IN, 0},
    {"fstat", c_fstat, NULL, sizeof st, OUT, 0},
    {"poll", c_poll, polled, sizeof polled, OUT, 0},
    {"getcwd", c_getcwd, NULL, 16, OUT, 0},
};
static const struct call own[] = {
    {"execv", c_execv, PATH(none), ENOENT}, /* its length is counted here */
    {"pipe", c_pipe, NULL, 2 * sizeof(int), OUT, 0},
    {"waitpid", c_waitpid, NULL, sizeof(int), OUT, 0},
    {"clock_gettime", c_clock_gettime, NULL, sizeof moment, OUT, 0},
    {"clock_getres", c_clock_getres, NULL, sizeof moment, OUT, 0},
    {"gettimeofday", c_gettimeofday, NULL, sizeof(struct timeval), OUT, 0},
    {"nanosleep", c_nanosleep, &moment, sizeof moment, IN, 0},
    {"clock_nanosleep", c_clock_nanosleep, &moment, sizeof moment, IN, 0},
    {"select", c_select, &no_set, sizeof no_set, IN, 0},
    {"select, time", c_select_time, no_time, sizeof no_time[0], IN, 0},
    {"utime, times", c_utime_times, no_time, sizeof(struct utimbuf), IN, 0},
    {"execve, arguments", c_execve_argv, arguments, sizeof arguments, IN, 0},
    {"posix_spawn, pid", c_spawn_pid, NULL, sizeof(pid_t), OUT, 0},
    {"sched_getparam", c_getparam, NULL, sizeof(struct sched_param), OUT, 0},
    {"sched_rr_get_interval", c_interval, NULL, sizeof moment, OUT, 0},
};

static void wrong(const struct call *c, enum place place, int result, int error)
{
    gt_fail(c->what, __FILE__, __LINE__);
    printf("  at %s: result %d, errno %d\n", place_name[place], result, error);
}
static bool is_bad(const struct call *c, enum place place) { return place >= AT_NULL || (place == AT_READONLY && c->how == OUT); }

/* Those may do the bytes before the bad one. */
static bool does_bytes(const struct call *c)
{
    return c->fn == c_read || c->fn == c_write || c->fn == c_pread || c->fn == c_pwrite || c->fn == c_read_short ||
           c->fn == c_write_short;
}
static void try_served(const struct call *c, enum place place)
{
    void *at = place_enter(place, c->content, c->size);
    errno = 0;
    int result = c->fn(at), error = result == 0 ? 0 : errno;
    bool partly = place == AT_CROSSING && result == 0 && does_bytes(c);
    if (is_bad(c, place) ? error != EFAULT && !partly : error != c->want && !(place == AT_LAZY && c->how == IN && error != EFAULT))
        wrong(c, place, result, error);
    place_leave(place);
}

/* In a child: 0 as wanted, 1 not, or EFAULT. */
static void try_own(const struct call *c, enum place place)
{
    void *at = place_enter(place, c->content, c->size);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        errno = 0;
        int result = c->fn(at);
        _exit(result == 0 && c->want == 0 ? 0 : result != 0 && errno == c->want ? 0 : errno == EFAULT ? EFAULT : 1);
    }
    int status = gt_reap(pid, GT_HANG_MS);
    bool faulted = (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) || (WIFEXITED(status) && WEXITSTATUS(status) == EFAULT);
    bool did = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (is_bad(c, place) ? !faulted : place == AT_LAZY && c->how == IN ? faulted : !did)
        wrong(c, place, status, 0);
    place_leave(place);
}

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
    for (unsigned i = 0; i < sizeof served / sizeof served[0]; i++)
        for (enum place place = 0; place < AT_PLACES; place++)
            try_served(&served[i], place);
    end();
}
static void the_library_faults_cleanly(void)
{
    REQUIRE(begin());
    for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
        for (enum place place = 0; place < AT_PLACES; place++)
            if (place != AT_UNALIGNED) /* a misaligned object is the caller's error already */
                try_own(&own[i], place);
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
