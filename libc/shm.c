/* SPDX-License-Identifier: MIT
 * Shared memory objects: files in memory under /dev/shm, which descriptors name and mmap() maps. One made by memfd_create() never
 * has a name and goes with its last descriptor and mapping.
 */
#include "internal.h"
#include "shm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FLAGS_KNOWN (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC)
#define MEMFD_NAME_MAX 249u /* as elsewhere: room for a word before it */

int __shm_path(const char *name, const char *kind, struct shm_path *out)
{
    while (*name == '/')
        name++;
    size_t len = strnlen(name, SHM_NAME_MAX + 1);
    if (len == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        errno = EINVAL;
    else if (len + strlen(kind) > SHM_NAME_MAX)
        errno = ENAMETOOLONG;
    else if (memchr(name, '/', len) != NULL)
        errno = EINVAL;
    else
        return (void)strcpy(stpcpy(stpcpy(out->path, SHM_FOLDER "/"), kind), name), 0;
    return -1;
}

int shm_open(const char *name, int flags, mode_t mode)
{
    struct shm_path p;
    if (__shm_path(name, "", &p) != 0 || __flags_known(flags, FLAGS_KNOWN) != 0)
        return -1;
    if ((flags & O_ACCMODE) != O_RDONLY && (flags & O_ACCMODE) != O_RDWR) {
        errno = EINVAL;
        return -1;
    }
    return open(p.path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

int shm_unlink(const char *name)
{
    struct shm_path p;
    return __shm_path(name, "", &p) == 0 ? unlink(p.path) : -1;
}

int memfd_create(const char *name, unsigned flags)
{
    if ((flags & ~(unsigned)MFD_CLOEXEC) || strnlen(name, MEMFD_NAME_MAX + 1) > MEMFD_NAME_MAX) {
        errno = EINVAL;
        return -1;
    }
    return open(SHM_FOLDER, O_TMPFILE | O_EXCL | O_RDWR | (flags & MFD_CLOEXEC ? O_CLOEXEC : 0), 0600);
}
