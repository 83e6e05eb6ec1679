/* SPDX-License-Identifier: MIT
 * Times of files. The server counts nanoseconds since 1970 in 64 bits.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#define NS 1000000000

/* What the server takes for one time; false: no time. */
static bool word_of(const struct timespec *ts, uint64_t *word)
{
    *word = ts->tv_nsec == UTIME_NOW ? FS_TIME_NOW : ts->tv_nsec == UTIME_OMIT ? FS_TIME_KEEP
                                                                              : (uint64_t)ts->tv_sec * NS + (uint64_t)ts->tv_nsec;
    return ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT || (ts->tv_nsec >= 0 && ts->tv_nsec < NS);
}

static int message(const struct timespec times[2], struct ipc_msg *m)
{
    *m = (struct ipc_msg){.w = {FS_TIMES, FS_TIME_NOW, 0, FS_TIME_NOW}};
    if (times == NULL || (word_of(&times[0], &m->w[3]) && word_of(&times[1], &m->w[1])))
        return 0;
    errno = EINVAL;
    return -1;
}

int utimensat(int dir, const char *path, const struct timespec times[2], int flags)
{
    struct ipc_msg m;
    if (__flags_known(flags, AT_SYMLINK_NOFOLLOW) != 0 || message(times, &m) != 0)
        return -1;
    m.w[4] = flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0;
    return __path_call(m, dir, path, NULL);
}

int futimens(int fd, const struct timespec times[2])
{
    struct ipc_msg m;
    if (message(times, &m) != 0)
        return -1;
    m.w[2] = fd < 0 ? FS_NO_DESCRIPTOR : (uint64_t)fd;
    return __error_set(__files_call_fd(&m, NULL, 0));
}

int utimes(const char *path, const struct timeval times[2])
{
    if (times == NULL)
        return utimensat(AT_FDCWD, path, NULL, 0);
    const struct timespec both[2] = {{times[0].tv_sec, times[0].tv_usec * 1000}, {times[1].tv_sec, times[1].tv_usec * 1000}};
    return utimensat(AT_FDCWD, path, both, 0);
}

int utime(const char *path, const struct utimbuf *times)
{
    if (times == NULL)
        return utimensat(AT_FDCWD, path, NULL, 0);
    const struct timespec both[2] = {{times->actime, 0}, {times->modtime, 0}};
    return utimensat(AT_FDCWD, path, both, 0);
}
