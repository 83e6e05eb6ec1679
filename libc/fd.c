/* SPDX-License-Identifier: MIT
 * Descriptors. A program begins with 0, 1 and 2, which are the console, and asks the file server for nothing until it needs
 * it; then it is attached, and so are its children. From then on the server keeps the table. What is the console is talked to
 * directly all the same, so it stays usable whatever becomes of the file server: `__fd_direct` remembers which descriptors those
 * are, and the server's FS_ERR_CONSOLE tells. The bytes themselves: bytes.c.
 */
#include "cancel.h"
#include "fd.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <ipc/pager.h>
#include <ipc/procmgr.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uintptr_t __fd_stack_first, __fd_first_tp;
_Atomic bool __fd_attached;
static _Atomic unsigned closed_set; /* of the first three, before we were attached */
static _Atomic unsigned served_set; /* of the first three: the file server has answered for them */
_Atomic uint64_t __fd_direct[2][FS_DESCRIPTORS_MAX / 64], __fd_unblocked[FS_DESCRIPTORS_MAX / 64], __fd_through[FS_DESCRIPTORS_MAX / 64];

static void set_direct(int fd, enum way way) { fd_bit_set(__fd_direct[way], fd); }

static void forget(int fd)
{
    for (unsigned way = TO_READ; way <= TO_WRITE; way++)
        fd_bit_clear(__fd_direct[way], fd);
    fd_bit_clear(__fd_unblocked, fd);
    fd_bit_clear(__fd_through, fd);
}

void __files_start(bool has_files)
{
    __fd_stack_first = (uintptr_t)__builtin_frame_address(0);
    __fd_first_tp = fd_own_tp();
    atomic_store(&__fd_attached, has_files);
    for (int fd = 0; fd < FD_STANDARD && !has_files; fd++) {
        set_direct(fd, TO_READ);
        set_direct(fd, TO_WRITE);
    }
}

int __fd_bad(void)
{
    errno = EBADF;
    return -1;
}

void __fd_served(int fd)
{
    fd_bit_set(__fd_through, fd);
    if (fd < FD_STANDARD)
        atomic_fetch_or(&served_set, 1u << fd);
}

bool __fd_turns_out_direct(int fd, enum way way, err_t err)
{
    bool lost = err == FS_ERR_UNKNOWN && fd < FD_STANDARD && !(atomic_load(&served_set) >> fd & 1); /* it was restarted, and never said otherwise */
    if (err != FS_ERR_CONSOLE && !lost)
        return false;
    fd_bit_clear(__fd_through, fd);
    set_direct(fd, way);
    return true;
}

/* ---- the file server ---- */

/* Whether a handler has ended the request for good: not one with SA_RESTART, unless it was a poll. */
static bool is_broken(err_t err, const struct ipc_msg *request, unsigned runs, unsigned breaks)
{
    return err != ERR_CANCELLED || __signal_breaks != breaks || (request->w[0] == FS_POLL && __signal_runs != runs);
}

/* Requests that may wait for somebody: cancellation points. Those of attach() are none, which holds a lock. */
static bool may_wait(uint64_t op)
{
    return op == FS_READ || op == FS_WRITE || op == FS_PREAD || op == FS_PWRITE || op == FS_POLL || op == FS_OPEN || op == FS_LOCK ||
           op == FS_SYNC;
}

static err_t ask_once(struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs)
{
    if (!may_wait(m->w[0]))
        return ipc_call_full(H_FS, m, bufs, nbufs, DEADLINE_NONE);
    __cancel_begin();
    err_t err = ipc_call_full(H_FS, m, bufs, nbufs, DEADLINE_NONE);
    __cancel_end(err);
    return err;
}

/* After its restart it has lost all that we asked of it, so asking again does nothing twice. */
static err_t ask(struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs)
{
    const struct ipc_msg request = *m;
    unsigned runs = __signal_runs, breaks = __signal_breaks;
    for (;;) { /* bound: handlers, and deaths; init ends the machine when the server does not come back */
        err_t err = ask_once(m, bufs, nbufs);
        if (err != ERR_PEER_DEAD && is_broken(err, &request, runs, breaks))
            return err;
        if (err == ERR_PEER_DEAD)
            server_pause(0);
        *m = request;
    }
}

/* A table with the console as 0, 1 and 2, of which those are closed that we closed before. */
static err_t attach(void)
{
    struct ipc_msg m = {.w = {PROC_FILES}};
    err_t err = atomic_load(&__fd_attached) ? OK : proc_call(H_PROC, &m);
    m = (struct ipc_msg){.w = {FS_ATTACH}};
    if (err == OK)
        err = ask(&m, NULL, 0);
    for (int fd = 0; fd < FD_STANDARD && err == OK; fd++) {
        m = (struct ipc_msg){.w = {FS_CLOSE, (uint64_t)fd}};
        if (atomic_load(&closed_set) >> fd & 1)
            (void)ask(&m, NULL, 0);
    }
    if (err != OK)
        return err;
    atomic_store(&closed_set, 0);
    atomic_store(&__fd_attached, true);
    return OK;
}

static err_t attach_once(void)
{
    if (atomic_load(&__fd_attached))
        return OK;
    __libc_lock();
    err_t err = atomic_load(&__fd_attached) ? OK : attach();
    __libc_unlock();
    return err;
}

err_t __fd_ask(struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs) { return ask(m, bufs, nbufs); }

err_t __files_call_fd(struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs)
{
    err_t err = attach_once();
    return err == OK ? ask(m, bufs, nbufs) : err;
}

err_t __files_call(struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs)
{
    const struct ipc_msg request = *m;
    __stderr_push();
    err_t err = __files_call_fd(m, bufs, nbufs);
    if (err != FS_ERR_UNKNOWN)
        return err;
    __libc_lock();
    err = attach();
    __libc_unlock();
    *m = request;
    return err == OK ? ask(m, bufs, nbufs) : err;
}

/* ---- the table ---- */

int close(int fd)
{
    if (!fd_in_range(fd))
        return __fd_bad();
    if (!atomic_load(&__fd_attached)) {
        if (!fd_is_direct(fd, TO_READ))
            return __fd_bad();
        atomic_fetch_or(&closed_set, 1u << fd);
        forget(fd);
        return 0;
    }
    forget(fd);
    if (fd < FD_STANDARD)
        atomic_fetch_and(&served_set, ~(1u << fd));
    struct ipc_msg m = {.w = {FS_CLOSE, (uint64_t)fd}};
    err_t err = ask(&m, NULL, 0);
    return err == FS_ERR_UNKNOWN ? __fd_bad() : __error_set(err);
}

/* Any request about a descriptor: its reply's first word, or -1. */
static long long about(int fd, struct ipc_msg m)
{
    if (!fd_in_range(fd))
        return __fd_bad();
    if (fd >= FD_STANDARD && !atomic_load(&__fd_attached))
        return __fd_bad();
    m.w[1] = (uint64_t)fd;
    err_t err = __files_call_fd(&m, NULL, 0);
    return err == OK ? (long long)m.w[1] : __error_set(err);
}

_Static_assert(SEEK_DATA == FS_SEEK_DATA && SEEK_HOLE == FS_SEEK_HOLE, "the protocol's numbers");
off_t lseek(int fd, off_t offset, int whence)
{
    if (fd_in_range(fd) && fd_is_direct(fd, TO_READ)) {
        errno = ESPIPE;
        return -1;
    }
    return (off_t)about(fd, (struct ipc_msg){.w = {FS_LSEEK, 0, (uint64_t)offset, (uint64_t)whence}});
}

static int duplicate(int fd, int lowest, unsigned how)
{
    int made = (int)about(fd, (struct ipc_msg){.w = {FS_DUP, 0, (uint64_t)lowest, how}});
    if (made < 0 || made == fd)
        return made;
    forget(made);
    for (unsigned way = TO_READ; way <= TO_WRITE; way++)
        if (fd_is_direct(fd, way))
            set_direct(made, way);
    if (made < FD_STANDARD)
        atomic_fetch_or(&served_set, 1u << made);
    return made;
}

int dup(int fd) { return duplicate(fd, 0, 0); }

int dup2(int fd, int to)
{
    return to < 0 || to >= (int)FS_DESCRIPTORS_MAX ? __fd_bad() : duplicate(fd, to, FS_DUP_EXACT);
}

int dup3(int fd, int to, int flags)
{
    if (fd == to || (flags & ~O_CLOEXEC)) {
        errno = EINVAL;
        return -1;
    }
    return to < 0 || to >= (int)FS_DESCRIPTORS_MAX ? __fd_bad()
                                                   : duplicate(fd, to, FS_DUP_EXACT | (flags & O_CLOEXEC ? FS_DUP_CLOEXEC : 0));
}

int fcntl(int fd, int what, ...)
{
    va_list ap;
    va_start(ap, what);
    int value = 0;
    struct flock *lock = NULL;
    if (what == F_GETLK || what == F_SETLK || what == F_SETLKW)
        lock = va_arg(ap, struct flock *);
    if (what == F_DUPFD || what == F_DUPFD_CLOEXEC || what == F_SETFD || what == F_SETFL)
        value = va_arg(ap, int);
    va_end(ap);
    switch (what) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (value >= 0)
            return duplicate(fd, value, what == F_DUPFD ? 0 : FS_DUP_CLOEXEC);
        break;
    case F_GETFD:
    case F_SETFD:
    case F_GETFL:
    case F_SETFL: {
        long long got = about(fd, (struct ipc_msg){.w = {FS_FCNTL, 0, (uint64_t)what, (uint64_t)value}});
        if (got >= 0 && what == F_SETFL)
            (value & O_NONBLOCK ? fd_bit_set : fd_bit_clear)(__fd_unblocked, fd);
        return got < 0 ? -1 : what == F_GETFD || what == F_GETFL ? (int)got : 0;
    }
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return __fcntl_lock(fd, what, lock);
    default:
        break;
    }
    if (!fd_in_range(fd) || (fd >= FD_STANDARD && !atomic_load(&__fd_attached)))
        return __fd_bad();
    errno = EINVAL;
    return -1;
}

int pipe2(int fds[2], int flags)
{
    struct ipc_msg m = {.w = {FS_PIPE, (uint64_t)(unsigned)flags}};
    err_t err = __files_call(&m, NULL, 0);
    if (err != OK)
        return __error_set(err);
    fds[0] = (int)m.w[1];
    fds[1] = (int)m.w[2];
    for (unsigned i = 0; i < 2; i++)
        if (fds[i] < FD_STANDARD)
            atomic_fetch_or(&served_set, 1u << fds[i]);
    return 0;
}

int pipe(int fds[2]) { return pipe2(fds, 0); }

/* ---- what a descriptor is ---- */

int fstat(int fd, struct stat *st)
{
    if (!fd_in_range(fd) || (fd >= FD_STANDARD && !atomic_load(&__fd_attached)))
        return __fd_bad();
    struct ipc_msg m = {.w = {FS_FSTAT, (uint64_t)fd}};
    struct ipc_buf b = {st, sizeof *st, BUF_W};
    return __error_set(__files_call_fd(&m, &b, 1));
}

int isatty(int fd)
{
    struct stat st;
    if (fd_in_range(fd) && (fd_is_direct(fd, TO_READ) || fd_is_direct(fd, TO_WRITE)))
        return 1;
    if (!fd_in_range(fd) || !atomic_load(&__fd_attached)) {
        errno = EBADF;
        return 0;
    }
    if (fstat(fd, &st) != 0)
        return errno == EIO && fd < FD_STANDARD && !(atomic_load(&served_set) >> fd & 1);
    if (S_ISCHR(st.st_mode) && st.st_rdev == FS_RDEV_CONSOLE)
        return 1;
    errno = ENOTTY;
    return 0;
}

int fsync(int fd)
{
    return about(fd, (struct ipc_msg){.w = {FS_SYNC}}) < 0 ? -1 : 0;
}

int fdatasync(int fd) { return fsync(fd); }

void sync(void)
{
    struct ipc_msg m = {.w = {FS_SYNC, ~0UL}};
    (void)__files_call(&m, NULL, 0);
}
