/* SPDX-License-Identifier: MIT
 * Room for a file ahead of time, and advice.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <sys/stat.h>
#include <unistd.h>

int posix_fallocate(int fd, off_t offset, off_t len)
{
    struct ipc_msg m = {.w = {FS_ALLOCATE, (uint64_t)fd, (uint64_t)offset, (uint64_t)len}};
    if (offset < 0 || len <= 0)
        return EINVAL;
    return fd < 0 ? EBADF : __error_errno(__files_call_fd(&m, NULL, 0));
}

/* Advice is taken note of by nobody, which POSIX allows. */
int posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
    struct stat st;
    (void)offset;
    if (fstat(fd, &st) != 0)
        return errno;
    if (S_ISFIFO(st.st_mode))
        return ESPIPE;
    return len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE ? EINVAL : 0;
}
