/* SPDX-License-Identifier: MIT
 * Servers' errors as errno values. The one place that maps them; a caller that knows better (a kill of a missing
 * process is ESRCH, not ENOENT) says so itself.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/fs.h>

int __error_errno(err_t err)
{
    switch (err) {
    case OK: return 0;
    case ERR_INVAL: return EINVAL;
    case ERR_HANDLE: return EBADF;
    case ERR_TYPE: return EBADF;
    case ERR_RIGHTS: return EACCES;
    case ERR_NOMEM: return ENOMEM;
    case ERR_NOHANDLE: return EMFILE;
    case ERR_STALE: return ESRCH;
    case ERR_TIMEOUT: return ETIMEDOUT;
    case ERR_PEER_DEAD: return EIO;
    case ERR_CANCELLED: return EINTR;
    case ERR_EXIST: return EEXIST;
    case ERR_NOENT: return ENOENT;
    case ERR_BUSY: return EBUSY;
    case ERR_OWNER: return EPERM;
    case ERR_NOTABLE: return ENOMEM;
    case ERR_FAULT: return EFAULT;
    case ERR_FAULT_PENDING: return EAGAIN;
    case ERR_PERM: return EPERM;
    case ERR_NOSYS: return ENOSYS;
    case ERR_IN_PROGRESS: return EINPROGRESS;
    case ERR_LIMIT: return EAGAIN;
    case ERR_IO: return EIO;
    case ERR_NOEXEC: return ENOEXEC;
    case ERR_CHILD: return ECHILD;
    case ERR_AGAIN: return EAGAIN;
    case ERR_NAMETOOLONG: return ENAMETOOLONG;
#define FILE_ERROR(name, number, meaning) \
    case number: return meaning;
        FS_ERRORS(FILE_ERROR)
#undef FILE_ERROR
    default: return EIO;
    }
}

int __error_set(err_t err)
{
    if (err == OK)
        return 0;
    errno = __error_errno(err);
    return -1;
}
