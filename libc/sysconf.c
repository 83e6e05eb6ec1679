/* SPDX-License-Identifier: MIT
 * What the system is and how much of everything there may be: sysconf(), pathconf(), confstr(), uname() and their like.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/fs.h>
#include <ipc/init.h>
#include <limits.h>
#include <signal.h>
#include <pagoda/system.h>
#include <pagoda/thread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define POSIX_2008 _POSIX_VERSION
#define NONE (-1L)          /* there is no limit, or no such thing; errno stays */
#define HOST "pagoda"
#define CONFSTR_LAST 40 /* of picolibc's names, most of them for compilers */
#define PATH_DEFAULT "/bin"
#define ANSWER(name, value) {(name), (value)}

_Static_assert(ARG_MAX == PROC_ARGS_MAX && STREAM_MAX == FS_DESCRIPTORS_MAX && PTHREAD_THREADS_MAX == THREADS_MAX + 1, "<limits.h> says what there is");

/* Those that never change. */
static const struct {
    int name;
    long value;
} fixed[] = {
    ANSWER(_SC_ARG_MAX, ARG_MAX), ANSWER(_SC_CHILD_MAX, NONE), ANSWER(_SC_CLK_TCK, CLOCKS_PER_SEC), ANSWER(_SC_NGROUPS_MAX, NGROUPS_MAX),
    ANSWER(_SC_STREAM_MAX, FS_DESCRIPTORS_MAX), ANSWER(_SC_VERSION, POSIX_2008),
    ANSWER(_SC_PAGESIZE, PAGE_SIZE), ANSWER(_SC_TZNAME_MAX, NONE), ANSWER(_SC_FSYNC, POSIX_2008),
    ANSWER(_SC_MEMLOCK, POSIX_2008), ANSWER(_SC_MEMLOCK_RANGE, POSIX_2008), ANSWER(_SC_SEMAPHORES, POSIX_2008),
    ANSWER(_SC_SEM_VALUE_MAX, SEM_VALUE_MAX), ANSWER(_SC_THREAD_STACK_MIN, PTHREAD_STACK_MIN), ANSWER(_SC_THREAD_THREADS_MAX, PTHREAD_THREADS_MAX),
    ANSWER(_SC_THREADS, POSIX_2008), ANSWER(_SC_THREAD_ATTR_STACKSIZE, POSIX_2008), ANSWER(_SC_THREAD_SAFE_FUNCTIONS, POSIX_2008),
    ANSWER(_SC_GETGR_R_SIZE_MAX, NONE), ANSWER(_SC_GETPW_R_SIZE_MAX, NONE), ANSWER(_SC_LOGIN_NAME_MAX, LOGIN_NAME_MAX), ANSWER(_SC_TTY_NAME_MAX, TTY_NAME_MAX),
    ANSWER(_SC_ATEXIT_MAX, ATEXIT_MAX), ANSWER(_SC_BARRIERS, POSIX_2008), ANSWER(_SC_HOST_NAME_MAX, HOST_NAME_MAX), ANSWER(_SC_LINE_MAX, LINE_MAX),
    ANSWER(_SC_IOV_MAX, IOV_MAX), ANSWER(_SC_MONOTONIC_CLOCK, POSIX_2008), ANSWER(_SC_READER_WRITER_LOCKS, POSIX_2008),
    ANSWER(_SC_CPUTIME, POSIX_2008), ANSWER(_SC_THREAD_CPUTIME, POSIX_2008), ANSWER(_SC_RTSIG_MAX, RTSIG_MAX), ANSWER(_SC_SIGQUEUE_MAX, SIGQUEUE_MAX), ANSWER(_SC_TIMER_MAX, TIMER_MAX),
    ANSWER(_SC_DELAYTIMER_MAX, PROC_TIMER_MISSED_MAX), ANSWER(_SC_REALTIME_SIGNALS, POSIX_2008), ANSWER(_SC_TIMERS, POSIX_2008), ANSWER(_SC_SPAWN, POSIX_2008), ANSWER(_SC_SPIN_LOCKS, POSIX_2008), ANSWER(_SC_SYMLOOP_MAX, SYMLOOP_MAX), ANSWER(_SC_TIMEOUTS, POSIX_2008),
    ANSWER(_SC_SHELL, _POSIX_SHELL), ANSWER(_SC_RE_DUP_MAX, RE_DUP_MAX), ANSWER(_SC_V7_LP64_OFF64, 1), ANSWER(_SC_V7_LPBIG_OFFBIG, 1),
    ANSWER(_SC_SHARED_MEMORY_OBJECTS, POSIX_2008), ANSWER(_SC_THREAD_PROCESS_SHARED, POSIX_2008),
    ANSWER(_SC_JOB_CONTROL, _POSIX_JOB_CONTROL), ANSWER(_SC_SAVED_IDS, _POSIX_SAVED_IDS), ANSWER(_SC_REGEXP, _POSIX_REGEXP),
    ANSWER(_SC_MAPPED_FILES, _POSIX_MAPPED_FILES), ANSWER(_SC_MEMORY_PROTECTION, _POSIX_MEMORY_PROTECTION),
    ANSWER(_SC_SYNCHRONIZED_IO, _POSIX_SYNCHRONIZED_IO), ANSWER(_SC_ADVISORY_INFO, _POSIX_ADVISORY_INFO),
    ANSWER(_SC_CLOCK_SELECTION, _POSIX_CLOCK_SELECTION), ANSWER(_SC_THREAD_PRIO_INHERIT, _POSIX_THREAD_PRIO_INHERIT),
    ANSWER(_SC_THREAD_PRIO_PROTECT, _POSIX_THREAD_PRIO_PROTECT), ANSWER(_SC_THREAD_KEYS_MAX, PTHREAD_KEYS_MAX),
    ANSWER(_SC_THREAD_DESTRUCTOR_ITERATIONS, PTHREAD_DESTRUCTOR_ITERATIONS),
    ANSWER(_SC_2_VERSION, NONE), ANSWER(_SC_XOPEN_VERSION, NONE),
};

static long free_frames(void)
{
    struct pager_stats s;
    return pager_stat(PAGER_STAT_MEMORY, 0, &s) == OK ? (long)s.v[2] : NONE;
}

static long open_max(void)
{
    struct rlimit files;
    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? (long)files.rlim_cur : (long)FS_DESCRIPTORS_MAX;
}

long sysconf(int name)
{
    switch (name) {
    case _SC_OPEN_MAX: return open_max();
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN: return thread_harts();
    case _SC_PHYS_PAGES: return (long)(system_setting(SETTING_MEMORY) / PAGE_SIZE);
    case _SC_AVPHYS_PAGES: return free_frames();
    default: break;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (fixed[i].name == name)
            return fixed[i].value;
    if (name < 0 || name > _SC_POSIX_26_VERSION)
        errno = EINVAL;
    return NONE;
}

int getpagesize(void) { return PAGE_SIZE; }

/* ---- files ---- */

static long file_limit(int name)
{
    switch (name) {
    case _PC_LINK_MAX: return LINK_MAX;
    case _PC_MAX_CANON:
    case _PC_MAX_INPUT: return MAX_INPUT;
    case _PC_NAME_MAX: return NAME_MAX;
    case _PC_PATH_MAX: return PATH_MAX;
    case _PC_PIPE_BUF: return PIPE_BUF;
    case _PC_CHOWN_RESTRICTED:
    case _PC_NO_TRUNC:
    case _PC_2_SYMLINKS: return 1;
    case _PC_VDISABLE: return 0;
    case _PC_FILESIZEBITS: return FILESIZEBITS;
    case _PC_SYMLINK_MAX: return SYMLINK_MAX;
    default: break;
    }
    if (name < 0 || name > _PC_TIMESTAMP_RESOLUTION)
        errno = EINVAL;
    return NONE;
}

long pathconf(const char *path, int name)
{
    struct stat st;
    return stat(path, &st) == 0 ? file_limit(name) : NONE;
}

long fpathconf(int fd, int name)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? file_limit(name) : NONE;
}

/* ---- names ---- */

size_t confstr(int name, char *to, size_t size)
{
    const char *value = name == _CS_PATH ? PATH_DEFAULT : "";
    if (name < 0 || name > CONFSTR_LAST) {
        errno = EINVAL;
        return 0;
    }
    if (size > 0)
        strlcpy(to, value, size);
    return strlen(value) + 1;
}

int gethostname(char *to, size_t size)
{
    if (strlcpy(to, HOST, size) < size)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

int uname(struct utsname *to)
{
    *to = (struct utsname){"Pagoda", HOST, "0.1", "0.1", "riscv64"};
    return 0;
}
