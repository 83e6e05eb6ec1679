/* SPDX-License-Identifier: MIT
 * Errors in the words that other systems have for them, so that what software prints is the same here. picolibc's are older.
 */
#include <errno.h>
#include <locale.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

char *_strerror_r(int error, int internal, int *result); /* for picolibc's strerror_r() */
char *strerror_l(int error, locale_t locale);

static const char *const texts[] = {
    [0] = "Success",
    [E2BIG] = "Argument list too long",
    [EACCES] = "Permission denied",
    [EADDRINUSE] = "Address already in use",
    [EADDRNOTAVAIL] = "Cannot assign requested address",
    [EAFNOSUPPORT] = "Address family not supported by protocol",
    [EAGAIN] = "Resource temporarily unavailable",
    [EALREADY] = "Operation already in progress",
    [EBADF] = "Bad file descriptor",
    [EBADMSG] = "Bad message",
    [EBUSY] = "Device or resource busy",
    [ECANCELED] = "Operation canceled",
    [ECHILD] = "No child processes",
    [ECONNABORTED] = "Software caused connection abort",
    [ECONNREFUSED] = "Connection refused",
    [ECONNRESET] = "Connection reset by peer",
    [EDEADLK] = "Resource deadlock avoided",
    [EDESTADDRREQ] = "Destination address required",
    [EDOM] = "Numerical argument out of domain",
    [EDQUOT] = "Disk quota exceeded",
    [EEXIST] = "File exists",
    [EFAULT] = "Bad address",
    [EFBIG] = "File too large",
    [EHOSTDOWN] = "Host is down",
    [EHOSTUNREACH] = "No route to host",
    [EIDRM] = "Identifier removed",
    [EILSEQ] = "Invalid or incomplete multibyte or wide character",
    [EINPROGRESS] = "Operation now in progress",
    [EINTR] = "Interrupted system call",
    [EINVAL] = "Invalid argument",
    [EIO] = "Input/output error",
    [EISCONN] = "Transport endpoint is already connected",
    [EISDIR] = "Is a directory",
    [ELOOP] = "Too many levels of symbolic links",
    [EMFILE] = "Too many open files",
    [EMLINK] = "Too many links",
    [EMSGSIZE] = "Message too long",
    [EMULTIHOP] = "Multihop attempted",
    [ENAMETOOLONG] = "File name too long",
    [ENETDOWN] = "Network is down",
    [ENETRESET] = "Network dropped connection on reset",
    [ENETUNREACH] = "Network is unreachable",
    [ENFILE] = "Too many open files in system",
    [ENOBUFS] = "No buffer space available",
    [ENODATA] = "No data available",
    [ENODEV] = "No such device",
    [ENOENT] = "No such file or directory",
    [ENOEXEC] = "Exec format error",
    [ENOLCK] = "No locks available",
    [ENOLINK] = "Link has been severed",
    [ENOMEM] = "Cannot allocate memory",
    [ENOMSG] = "No message of desired type",
    [ENOPROTOOPT] = "Protocol not available",
    [ENOSPC] = "No space left on device",
    [ENOSR] = "Out of streams resources",
    [ENOSTR] = "Device not a stream",
    [ENOSYS] = "Function not implemented",
    [ENOTCONN] = "Transport endpoint is not connected",
    [ENOTDIR] = "Not a directory",
    [ENOTEMPTY] = "Directory not empty",
    [ENOTRECOVERABLE] = "State not recoverable",
    [ENOTSOCK] = "Socket operation on non-socket",
    [ENOTTY] = "Inappropriate ioctl for device",
    [ENXIO] = "No such device or address",
    [EOVERFLOW] = "Value too large for defined data type",
    [EOWNERDEAD] = "Owner died",
    [EPERM] = "Operation not permitted",
    [EPFNOSUPPORT] = "Protocol family not supported",
    [EPIPE] = "Broken pipe",
    [EPROTONOSUPPORT] = "Protocol not supported",
    [EPROTOTYPE] = "Protocol wrong type for socket",
    [EPROTO] = "Protocol error",
    [ERANGE] = "Numerical result out of range",
    [EROFS] = "Read-only file system",
    [ESPIPE] = "Illegal seek",
    [ESRCH] = "No such process",
    [ESTALE] = "Stale file handle",
    [ETIMEDOUT] = "Connection timed out",
    [ETIME] = "Timer expired",
    [ETOOMANYREFS] = "Too many references: cannot splice",
    [ETXTBSY] = "Text file busy",
    [EXDEV] = "Invalid cross-device link",
    [EOPNOTSUPP] = "Operation not supported",
    [ENOTSUP] = "Operation not supported",
};

static const char *text_of(int error)
{
    return error >= 0 && (size_t)error < sizeof texts / sizeof texts[0] ? texts[error] : NULL;
}

/* "Unknown error -12" in a text of the thread's own. */
static char *unknown(int error)
{
    static const char start[] = "Unknown error ";
    static _Thread_local char text[sizeof start + sizeof "-2147483648"];
    char *at = text + sizeof text - 1;
    unsigned left = error < 0 ? 0u - (unsigned)error : (unsigned)error;
    *at = '\0';
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0); /* bound: digits */
    if (error < 0)
        *--at = '-';
    at -= sizeof start - 1;
    return memcpy(at, start, sizeof start - 1);
}

char *strerror(int error)
{
    const char *text = text_of(error);
    return text != NULL ? (char *)(uintptr_t)text : unknown(error);
}

char *strerror_l(int error, locale_t locale)
{
    (void)locale;
    return strerror(error);
}

char *_strerror_r(int error, int internal, int *result)
{
    (void)internal;
    if (text_of(error) == NULL && result != NULL)
        *result = EINVAL;
    return strerror(error);
}
