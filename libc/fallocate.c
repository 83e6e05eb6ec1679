/* SPDX-License-Identifier: MIT
 * Room for a file ahead of time. The server has no request for that, so a byte of each block that is zero is written as it is. Below the
 * end that takes a descriptor that can read as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A block of zeros or beyond the end becomes one that is there. */
static int touch(int fd, off_t at, off_t size)
{
    char byte = 0;
    if (at < size && pread(fd, &byte, 1, at) < 0)
        return errno;
    return byte != 0 || pwrite(fd, &byte, 1, at) == 1 ? 0 : errno;
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    struct stat st;
    off_t end;
    if (offset < 0 || len <= 0)
        return EINVAL;
    if (__builtin_add_overflow(offset, len, &end))
        return EFBIG;
    if (fstat(fd, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return S_ISFIFO(st.st_mode) ? ESPIPE : ENODEV;
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return EBADF;
    off_t step = 1024; /* the smallest block there is */
    for (off_t at = offset; at < end; at += step - at % step) {
        int error = touch(fd, at, st.st_size);
        if (error != 0)
            return error;
    }
    return touch(fd, end - 1, st.st_size);
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
