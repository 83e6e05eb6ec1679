/* SPDX-License-Identifier: MIT
 * Proves of the functions that pointercalls.c has no room for what it proves of those there: programs' arguments, second results, names
 * of objects, signals, priorities, mounts.
 * TIMEOUT: 120
 */
#define GT_NAME "pointerwords"
#include "gtest.h"
#include "gcalls.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <pagoda/spawn.h>
#include <pagoda/system.h>
#include <pthread.h>
#include <pwd.h>
#include <grp.h>
#include <sched.h>
#include <semaphore.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <termios.h>
#include <time.h>

static char file[] = "/tmp/words", none[] = "/tmp/no_words", symbolic[] = "/tmp/words_link", dir[] = "/tmp", true_path[] = "/bin/true", true_name[] = "true";
static int fd;

static int closed(int made) { return made >= 0 ? close(made) : -1; }
/* Of a function whose result is the error. */
static int errno_of(int error)
{
    errno = error;
    return error == 0 ? 0 : -1;
}

/* ---- paths that a server reads ---- */

static int c_fchmodat(void *p) { return fchmodat(AT_FDCWD, p, 0644, 0); }
static int c_fchownat(void *p) { return fchownat(AT_FDCWD, p, 0, 0, 0); }
static int c_mkfifoat(void *p) { return mkfifoat(AT_FDCWD, p, 0644); }
static int c_mknod(void *p) { return mknod(p, S_IFREG | 0644, 0); }
static int c_mknodat(void *p) { return mknodat(AT_FDCWD, p, S_IFREG | 0644, 0); }
static int c_renameat(void *p) { return renameat(AT_FDCWD, p, AT_FDCWD, file); }
static int c_linkat(void *p) { return linkat(AT_FDCWD, p, AT_FDCWD, file, 0); }
static int c_symlinkat(void *p) { return symlinkat(p, AT_FDCWD, file); }
static int c_readlinkat(void *p)
{
    char to[8];
    return readlinkat(AT_FDCWD, p, to, sizeof to) < 0 ? -1 : 0;
}
static int c_pathconf(void *p) { return pathconf(p, _PC_NAME_MAX) < 0 ? -1 : 0; }
#define PATH(p) p, sizeof p, IN
static const struct call served[] = {
    {"fchmodat", c_fchmodat, PATH(file), 0},
    {"fchownat", c_fchownat, PATH(file), 0},
    {"mkfifoat", c_mkfifoat, PATH(file), EEXIST},
    {"mknod", c_mknod, PATH(file), EEXIST},
    {"mknodat", c_mknodat, PATH(file), EEXIST},
    {"renameat, from", c_renameat, PATH(file), 0},
    {"linkat, from", c_linkat, PATH(file), EEXIST},
    {"symlinkat, what", c_symlinkat, PATH(file), EEXIST},
    {"readlinkat, path", c_readlinkat, PATH(symbolic), 0},
    {"pathconf", c_pathconf, PATH(dir), 0},
};

/* ---- programs ---- */

static char *const no_strings[1] = {NULL}, *const strings[2] = {true_name, NULL};
static int ended(int error, pid_t pid)
{
    int status;
    if (error != 0)
        return errno_of(error);
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}
static int c_execve(void *p) { return execve(p, strings, environ); }
static int c_execve_env(void *p) { return execve(none, strings, not_null(p)); }
static int c_execv_args(void *p) { return execv(none, not_null(p)); }
static int c_execvp(void *p) { return execvp(p, strings); }
static int c_execvp_args(void *p) { return execvp(none, not_null(p)); }
static int c_execvpe(void *p) { return execvpe(p, strings, environ); }
static int c_execvpe_args(void *p) { return execvpe(none, not_null(p), environ); }
static int c_execvpe_env(void *p) { return execvpe(none, strings, not_null(p)); }
static int c_execl(void *p) { return execl(p, "x", (char *)NULL); }
static int c_execl_arg(void *p) { return execl(none, not_null(p), (char *)NULL); }
static int c_execlp(void *p) { return execlp(p, "x", (char *)NULL); }
static int c_execlp_arg(void *p) { return execlp(none, not_null(p), (char *)NULL); }
static int c_execle(void *p) { return execle(p, "x", (char *)NULL, environ); }
static int c_execle_arg(void *p) { return execle(none, not_null(p), (char *)NULL, environ); }
static int c_posix_spawn(void *p)
{
    pid_t pid = 0;
    int error = posix_spawn(&pid, p, NULL, NULL, strings, environ);
    return ended(error, pid);
}
static int c_posix_spawn_args(void *p)
{
    pid_t pid = 0;
    int error = posix_spawn(&pid, true_path, NULL, NULL, not_null(p), environ);
    return ended(error, pid);
}
static int c_posix_spawn_env(void *p)
{
    pid_t pid = 0;
    int error = posix_spawn(&pid, true_path, NULL, NULL, strings, not_null(p));
    return ended(error, pid);
}
static int c_posix_spawnp(void *p)
{
    pid_t pid = 0;
    int error = posix_spawnp(&pid, p, NULL, NULL, strings, environ);
    return ended(error, pid);
}
static int c_posix_spawnp_pid(void *p)
{
    pid_t *pid = not_null(p);
    int error = posix_spawnp(not_null(p), true_name, NULL, NULL, strings, environ);
    return ended(error, error == 0 ? *pid : 0);
}
static int c_posix_spawnp_args(void *p)
{
    pid_t pid = 0;
    int error = posix_spawnp(&pid, true_name, NULL, NULL, not_null(p), environ);
    return ended(error, pid);
}
static int c_posix_spawnp_env(void *p)
{
    pid_t pid = 0;
    int error = posix_spawnp(&pid, true_name, NULL, NULL, strings, not_null(p));
    return ended(error, pid);
}
static int c_spawn_program(void *p)
{
    pid_t pid = 0;
    int error = spawn_program(p, strings, environ, 0, &pid);
    return ended(error, pid);
}
static int c_spawn_program_args(void *p)
{
    pid_t pid = 0;
    int error = spawn_program(true_name, not_null(p), environ, 0, &pid);
    return ended(error, pid);
}
static int c_spawn_program_env(void *p)
{
    pid_t pid = 0;
    int error = spawn_program(true_name, strings, not_null(p), 0, &pid);
    return ended(error, pid);
}
static int c_spawn_program_pid(void *p)
{
    pid_t *pid = not_null(p);
    int error = spawn_program(true_name, strings, environ, 0, not_null(p));
    return ended(error, error == 0 ? *pid : 0);
}
static int c_addopen(void *p)
{
    posix_spawn_file_actions_t a;
    int error = posix_spawn_file_actions_init(&a);
    error = error == 0 ? posix_spawn_file_actions_addopen(&a, 0, p, O_RDONLY, 0) : error;
    return error == 0 ? errno_of(posix_spawn_file_actions_destroy(&a)) : errno_of(error);
}
/* Who touches the text may be the child that is to become the shell. */
static int of_shell(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? errno_of(EFAULT) : status; }
static int c_system(void *p) { return of_shell(system(not_null(p))); }
static int c_popen(void *p)
{
    FILE *f = popen(not_null(p), "r");
    return f == NULL ? -1 : of_shell(pclose(f));
}
static int c_wait(void *p)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return wait(not_null(p)) == pid ? 0 : -1;
}
static const struct call programs[] = {
    {"execve", c_execve, PATH(none), ENOENT},
    {"execve, environment", c_execve_env, no_strings, sizeof no_strings, IN, ENOENT},
    {"execv, arguments", c_execv_args, strings, sizeof strings, IN, ENOENT},
    {"execvp", c_execvp, PATH(none), ENOENT},
    {"execvp, arguments", c_execvp_args, strings, sizeof strings, IN, ENOENT},
    {"execvpe", c_execvpe, PATH(none), ENOENT},
    {"execvpe, arguments", c_execvpe_args, strings, sizeof strings, IN, ENOENT},
    {"execvpe, environment", c_execvpe_env, no_strings, sizeof no_strings, IN, ENOENT},
    {"execl", c_execl, PATH(none), ENOENT},
    {"execl, argument", c_execl_arg, PATH(none), ENOENT},
    {"execlp", c_execlp, PATH(none), ENOENT},
    {"execlp, argument", c_execlp_arg, PATH(none), ENOENT},
    {"execle", c_execle, PATH(none), ENOENT},
    {"execle, argument", c_execle_arg, PATH(none), ENOENT},
    {"posix_spawn", c_posix_spawn, PATH(true_path), 0},
    {"posix_spawn, arguments", c_posix_spawn_args, strings, sizeof strings, IN, 0},
    {"posix_spawn, environment", c_posix_spawn_env, no_strings, sizeof no_strings, IN, 0},
    {"posix_spawnp", c_posix_spawnp, PATH(true_name), 0},
    {"posix_spawnp, pid", c_posix_spawnp_pid, NULL, sizeof(pid_t), OUT, 0},
    {"posix_spawnp, arguments", c_posix_spawnp_args, strings, sizeof strings, IN, 0},
    {"posix_spawnp, environment", c_posix_spawnp_env, no_strings, sizeof no_strings, IN, 0},
    {"spawn_program", c_spawn_program, PATH(true_name), 0},
    {"spawn_program, arguments", c_spawn_program_args, strings, sizeof strings, IN, 0},
    {"spawn_program, environment", c_spawn_program_env, no_strings, sizeof no_strings, IN, 0},
    {"spawn_program, pid", c_spawn_program_pid, NULL, sizeof(pid_t), OUT, 0},
    {"posix_spawn_file_actions_addopen", c_addopen, PATH(file), 0},
    {"system", c_system, PATH(true_name), 0},
    {"popen", c_popen, PATH(true_name), 0},
    {"wait", c_wait, NULL, sizeof(int), OUT, 0},
};

/* ---- files and objects ---- */

static struct timespec moment = {.tv_nsec = 1000};
static const struct timespec two_moments[2] = {{.tv_nsec = 1}, {.tv_nsec = 2}};
static const struct timeval two_times[2] = {{.tv_usec = 1}, {.tv_usec = 2}}, no_time;
static char object[] = "/pointerwords", no_object[] = "/no_pointerwords", pattern[] = "/tmp/words.XXXXXX", pattern_end[] = "/tmp/words.XXXXXX.c";
static fd_set no_set;

static int c_fstatvfs(void *p) { return fstatvfs(fd, p); }
static int c_utimes(void *p) { return utimes(file, not_null(p)); }
static int c_utimensat(void *p) { return utimensat(AT_FDCWD, file, not_null(p), 0); }
static int c_realpath(void *p)
{
    char to[PATH_MAX];
    return realpath(not_null(p), to) == NULL ? -1 : 0;
}
static int c_glob(void *p)
{
    glob_t g;
    if (glob(p, 0, NULL, &g) != 0)
        return -1;
    globfree(&g);
    return 0;
}
static int is_seen(const char *path, const struct stat *about, int what)
{
    (void)path, (void)about, (void)what;
    return 0;
}
static int is_walked(const char *path, const struct stat *about, int what, struct FTW *where)
{
    (void)path, (void)about, (void)what, (void)where;
    return 0;
}
static int c_ftw(void *p) { return ftw(p, is_seen, 1); }
static int c_nftw(void *p) { return nftw(p, is_walked, 1, 0); }
static int c_realpath_to(void *p) { return realpath(file, not_null(p)) == NULL ? -1 : 0; }
static int c_select_out(void *p)
{
    struct timeval now = no_time;
    return select(8, NULL, not_null(p), NULL, &now) < 0 ? -1 : 0;
}
static int c_select_except(void *p)
{
    struct timeval now = no_time;
    return select(8, NULL, NULL, not_null(p), &now) < 0 ? -1 : 0;
}
static int c_shm_open(void *p) { return closed(shm_open(p, O_RDWR | O_CREAT, 0600)); }
static int c_shm_unlink(void *p) { return shm_unlink(p); }
static int c_memfd(void *p) { return closed(memfd_create(p, 0)); }
static int c_sem_open(void *p)
{
    sem_t *s = sem_open(p, O_CREAT, 0600, 1);
    return s == SEM_FAILED ? -1 : sem_close(s);
}
static int c_sem_unlink(void *p) { return sem_unlink(p); }
static int made(int result, const char *name)
{
    if (result >= 0)
        (void)unlink(name);
    return closed(result);
}
static int c_mkstemp(void *p) { return made(mkstemp(p), p); }
int mkostemp(char *, int), mkostemps(char *, int, int); /* picolibc declares them for some systems only */
static int c_mkostemp(void *p) { return made(mkostemp(p, O_APPEND), p); }
static int c_mkstemps(void *p) { return made(mkstemps(p, 2), p); }
static int c_mkostemps(void *p) { return made(mkostemps(p, 2, O_APPEND), p); }
static int c_mkdtemp(void *p) { return mkdtemp(p) == NULL ? -1 : rmdir(p); }
static int c_ttyname(void *p) { return errno_of(ttyname_r(0, p, 20)); }
static int c_confstr(void *p) { return confstr(_CS_PATH, p, 5) == 5 ? 0 : -1; }
static int c_gethostname(void *p) { return gethostname(p, 32); }
static int c_getgroups(void *p) { return getgroups(1, p) == 1 ? 0 : -1; }
static int c_getlogin(void *p) { return errno_of(getlogin_r(p, 16)); }
static int c_freopen(void *p)
{
    FILE *f = fopen(file, "r");
    f = f != NULL ? freopen(not_null(p), "r", f) : NULL;
    return f == NULL ? -1 : fclose(f);
}
static const struct call objects[] = {
    {"fstatvfs", c_fstatvfs, NULL, sizeof(struct statvfs), OUT, 0},
    {"utimes, times", c_utimes, two_times, sizeof two_times, IN, 0},
    {"utimensat, times", c_utimensat, two_moments, sizeof two_moments, IN, 0},
    {"realpath", c_realpath, PATH(file), 0},
    {"glob", c_glob, PATH(file), 0},
    {"ftw", c_ftw, PATH(file), 0},
    {"nftw", c_nftw, PATH(file), 0},
    {"realpath, result", c_realpath_to, NULL, sizeof file, OUT, 0},
    {"select, to write", c_select_out, &no_set, sizeof(long), IN, 0},
    {"select, exceptions", c_select_except, &no_set, sizeof(long), IN, 0},
    {"shm_open", c_shm_open, PATH(object), 0},
    {"shm_unlink", c_shm_unlink, PATH(no_object), ENOENT},
    {"memfd_create", c_memfd, PATH(object), 0},
    {"sem_open", c_sem_open, PATH(object), 0},
    {"sem_unlink", c_sem_unlink, PATH(no_object), ENOENT},
    {"mkstemp", c_mkstemp, pattern, sizeof pattern, INOUT, 0},
    {"mkostemp", c_mkostemp, pattern, sizeof pattern, INOUT, 0},
    {"mkstemps", c_mkstemps, pattern_end, sizeof pattern_end, INOUT, 0},
    {"mkostemps", c_mkostemps, pattern_end, sizeof pattern_end, INOUT, 0},
    {"mkdtemp", c_mkdtemp, pattern, sizeof pattern, INOUT, 0},
    {"ttyname_r", c_ttyname, NULL, sizeof "/dev/console", OUT_BY_MEMCPY, 0},
    {"confstr", c_confstr, NULL, 5, OUT, 0},
    {"gethostname", c_gethostname, NULL, sizeof "pagoda", OUT, 0},
    {"getgroups", c_getgroups, NULL, sizeof(gid_t), OUT, 0},
    {"getlogin_r", c_getlogin, NULL, sizeof "root", OUT, 0},
    {"freopen", c_freopen, PATH(file), 0},
};

/* ---- signals, time, priorities, the system ---- */

static const struct itimerval no_interval;
static const struct itimerspec no_timer;
static sigset_t usr1;
static const struct sched_param other = {.sched_priority = 0};

static int c_setitimer_old(void *p) { return setitimer(ITIMER_PROF, &no_interval, not_null(p)); }
static int c_timer_settime_old(void *p)
{
    timer_t t = 0;
    return timer_create(CLOCK_MONOTONIC, NULL, &t) != 0 ? -1 : timer_settime(t, 0, &no_timer, not_null(p));
}
static void nothing(int sig) { (void)sig; }
static void interrupted_soon(void)
{
    const struct itimerval soon = {.it_interval = {.tv_usec = 1000}, .it_value = {.tv_usec = 1000}}; /* the first may come too soon */
    struct sigaction a = {.sa_handler = nothing};
    (void)sigaction(SIGALRM, &a, NULL);
    (void)setitimer(ITIMER_REAL, &soon, NULL);
}
static int c_nanosleep_left(void *p)
{
    interrupted_soon();
    return nanosleep(&(struct timespec){.tv_sec = 1}, not_null(p)) == -1 && errno == EINTR ? 0 : -1;
}
static int c_clock_nanosleep_left(void *p)
{
    interrupted_soon();
    return clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_sec = 1}, not_null(p)) == EINTR ? 0 : -1;
}
static int c_clock_settime(void *p) { return clock_settime(CLOCK_REALTIME, p); }
static int c_sigsuspend(void *p)
{
    interrupted_soon();
    return sigsuspend(p) == -1 && errno == EINTR ? 0 : -1;
}
static int c_pthread_sigmask(void *p) { return errno_of(pthread_sigmask(SIG_BLOCK, not_null(p), NULL)); }
static int c_pthread_sigmask_old(void *p) { return errno_of(pthread_sigmask(SIG_BLOCK, NULL, not_null(p))); }
/* It is waited for; who waits for another one is ended. */
static int pending(void)
{
    const struct itimerval soon = {.it_value = {.tv_sec = gt_exact() ? 0 : 5, .tv_usec = 50000}};
    return sigprocmask(SIG_BLOCK, &usr1, NULL) | raise(SIGUSR1) | setitimer(ITIMER_REAL, &soon, NULL);
}
static int c_sigwait(void *p)
{
    int sig;
    return pending() != 0 ? -1 : errno_of(sigwait(p, &sig));
}
static int c_sigwait_to(void *p) { return pending() != 0 ? -1 : errno_of(sigwait(&usr1, p)); }
static int c_sigwaitinfo(void *p) { return pending() == 0 && sigwaitinfo(p, NULL) == SIGUSR1 ? 0 : -1; }
static int c_sigwaitinfo_to(void *p) { return pending() == 0 && sigwaitinfo(&usr1, not_null(p)) == SIGUSR1 ? 0 : -1; }
static int c_sigtimedwait_to(void *p) { return pending() == 0 && sigtimedwait(&usr1, not_null(p), &moment) == SIGUSR1 ? 0 : -1; }
static int c_sigaltstack_old(void *p) { return sigaltstack(NULL, not_null(p)); }
static int c_setscheduler(void *p) { return sched_setscheduler(0, SCHED_OTHER, p) < 0 ? -1 : 0; }
static int c_setparam(void *p) { return sched_setparam(0, p); }
static int c_pthread_setschedparam(void *p) { return errno_of(pthread_setschedparam(pthread_self(), SCHED_OTHER, p)); }
static int c_pthread_getschedparam(void *p)
{
    int policy;
    return errno_of(pthread_getschedparam(pthread_self(), &policy, p));
}
static int c_pthread_getschedpolicy(void *p)
{
    struct sched_param param;
    return errno_of(pthread_getschedparam(pthread_self(), p, &param));
}
static void *ends(void *p) { return p; }
static int c_pthread_create(void *p)
{
    pthread_t *t = p;
    return errno_of(pthread_create(p, NULL, ends, NULL) | pthread_join(*t, NULL));
}
static int c_pthread_join(void *p)
{
    pthread_t t;
    return errno_of(pthread_create(&t, NULL, ends, NULL) | pthread_join(t, not_null(p)));
}
static int c_process_next(void *p) { return process_next(1, p) == OK ? 0 : -1; }
static int c_pager_stat(void *p) { return pager_stat(PAGER_STAT_MEMORY, 0, p) == OK ? 0 : -1; }
static int c_page_info(void *p) { return page_info(0, (vaddr_t)(uintptr_t)ends, p) == OK ? 0 : -1; }
static int c_server_info(void *p) { return server_info(SERVER_FS, p) == OK ? 0 : -1; }
static const struct call others[] = {
    {"setitimer, old", c_setitimer_old, NULL, sizeof no_interval, OUT, 0},
    {"timer_settime, old", c_timer_settime_old, NULL, sizeof no_timer, OUT, 0},
    {"nanosleep, what is left", c_nanosleep_left, NULL, sizeof moment, OUT, 0},
    {"clock_nanosleep, what is left", c_clock_nanosleep_left, NULL, sizeof moment, OUT, 0},
    {"clock_settime", c_clock_settime, &moment, sizeof moment, IN, EPERM},
    {"sigsuspend", c_sigsuspend, &usr1, sizeof usr1, IN, 0},
    {"pthread_sigmask", c_pthread_sigmask, &usr1, sizeof usr1, IN, 0},
    {"pthread_sigmask, old", c_pthread_sigmask_old, NULL, sizeof usr1, OUT, 0},
    {"sigwait", c_sigwait, &usr1, sizeof usr1, IN, 0},
    {"sigwait, result", c_sigwait_to, NULL, sizeof(int), OUT, 0},
    {"sigwaitinfo", c_sigwaitinfo, &usr1, sizeof usr1, IN, 0},
    {"sigwaitinfo, result", c_sigwaitinfo_to, NULL, sizeof(siginfo_t), OUT, 0},
    {"sigtimedwait, result", c_sigtimedwait_to, NULL, sizeof(siginfo_t), OUT, 0},
    {"sigaltstack, old", c_sigaltstack_old, NULL, sizeof(stack_t), OUT, 0},
    {"sched_setscheduler", c_setscheduler, &other, sizeof other, IN, 0},
    {"sched_setparam", c_setparam, &other, sizeof other, IN, 0},
    {"pthread_setschedparam", c_pthread_setschedparam, &other, sizeof other, IN, 0},
    {"pthread_getschedparam", c_pthread_getschedparam, NULL, sizeof other, OUT, 0},
    {"pthread_getschedparam, policy", c_pthread_getschedpolicy, NULL, sizeof(int), OUT, 0},
    {"pthread_create", c_pthread_create, NULL, sizeof(pthread_t), OUT, 0},
    {"pthread_join", c_pthread_join, NULL, sizeof(void *), OUT, 0},
    {"process_next", c_process_next, NULL, sizeof(struct process_info), OUT, 0},
    {"pager_stat", c_pager_stat, NULL, sizeof(struct pager_stats), OUT_BY_MEMCPY, 0},
    {"page_info", c_page_info, NULL, sizeof(struct page_info), OUT, 0},
    {"server_info", c_server_info, NULL, sizeof(struct server_info), OUT, 0},
};

static bool begin(void)
{
    fd = open(file, O_RDWR | O_CREAT, 0644);
    (void)symlink("words", symbolic);
    usr1 = 1UL << SIGUSR1;
    return gt_shared_open() == OK && fd >= 0;
}
static void end(void)
{
    (void)close(fd);
    CHECK_EQ(unlink(file) | unlink(symbolic), 0);
    (void)shm_unlink(object);
    (void)sem_unlink(object);
    gt_shared_close();
}
static void paths_are_the_servers_to_read(void)
{
    REQUIRE(begin());
    TRY_ALL(served, try_served);
    end();
}
static void programs_and_their_arguments(void)
{
    REQUIRE(begin());
    TRY_ALL(programs, try_own);
    end();
}
static void files_and_objects(void)
{
    REQUIRE(begin());
    TRY_ALL(objects, try_own);
    end();
}
static void signals_time_and_the_rest(void)
{
    REQUIRE(begin());
    TRY_ALL(others, try_own);
    end();
}

GT_MAIN(CASE(paths_are_the_servers_to_read), CASE(programs_and_their_arguments), CASE(files_and_objects), CASE(signals_time_and_the_rest))
