/* SPDX-License-Identifier: MIT
 * Descriptors. A program begins with 0, 1 and 2, which are the console, and asks the file server for nothing until it needs
 * it; then it is attached, and so are its children. From then on the server keeps the table. What is the console is talked to
 * directly all the same, so it stays usable whatever becomes of the file server: `direct` remembers which descriptors those
 * are, and the server's FS_ERR_CONSOLE tells. A bad address is the server's to find: nothing here touches a caller's buffer.
 */
#include "cancel.h"
#include "internal.h"
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

#define STANDARD 3
#define LENGTH_MAX (SIZE_MAX / 2) /* what a ssize_t can say */

static uintptr_t stack_first, first_tp; /* of the first thread */
static _Atomic bool attached;
static _Atomic unsigned closed_set; /* of the first three, before we were attached */
static _Atomic unsigned served_set; /* of the first three: the file server has answered for them */
static _Atomic uint64_t direct[2][FS_DESCRIPTORS_MAX / 64]; /* the console, for reading and for writing */

enum way { TO_READ, TO_WRITE };

static bool in_range(int fd) { return fd >= 0 && fd < (int)FS_DESCRIPTORS_MAX; }

/* O_NONBLOCK of the console, as far as this process knows: whoever else has the descriptor is not asked. */
static _Atomic uint64_t unblocked[FS_DESCRIPTORS_MAX / 64];
static bool is_unblocked(int fd) { return atomic_load(&unblocked[fd / 64]) >> fd % 64 & 1; }

static void set_unblocked(int fd, int flags)
{
    if (flags & O_NONBLOCK)
        atomic_fetch_or(&unblocked[fd / 64], 1UL << fd % 64);
    else
        atomic_fetch_and(&unblocked[fd / 64], ~(1UL << fd % 64));
}

static bool is_direct(int fd, enum way way) { return atomic_load(&direct[way][fd / 64]) >> fd % 64 & 1; }

static void set_direct(int fd, enum way way) { atomic_fetch_or(&direct[way][fd / 64], 1UL << fd % 64); }

static void forget(int fd)
{
    for (unsigned way = TO_READ; way <= TO_WRITE; way++)
        atomic_fetch_and(&direct[way][fd / 64], ~(1UL << fd % 64));
    set_unblocked(fd, 0);
}

static uintptr_t own_tp(void)
{
    uintptr_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

void __files_start(bool has_files)
{
    stack_first = (uintptr_t)__builtin_frame_address(0);
    first_tp = own_tp();
    atomic_store(&attached, has_files);
    for (int fd = 0; fd < STANDARD && !has_files; fd++) {
        set_direct(fd, TO_READ);
        set_direct(fd, TO_WRITE);
    }
}

static int bad_fd(void)
{
    errno = EBADF;
    return -1;
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
    err_t err = atomic_load(&attached) ? OK : proc_call(H_PROC, &m);
    m = (struct ipc_msg){.w = {FS_ATTACH}};
    if (err == OK)
        err = ask(&m, NULL, 0);
    for (int fd = 0; fd < STANDARD && err == OK; fd++) {
        m = (struct ipc_msg){.w = {FS_CLOSE, (uint64_t)fd}};
        if (atomic_load(&closed_set) >> fd & 1)
            (void)ask(&m, NULL, 0);
    }
    if (err != OK)
        return err;
    atomic_store(&closed_set, 0);
    atomic_store(&attached, true);
    return OK;
}

static err_t attach_once(void)
{
    if (atomic_load(&attached))
        return OK;
    __libc_lock();
    err_t err = atomic_load(&attached) ? OK : attach();
    __libc_unlock();
    return err;
}

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

/* ---- bytes ---- */

extern char __executable_text[] __asm__("_start"), __data_start[], __bss_end[];

/* Whether the bytes surely are this program's own: part of its image, or of the first thread's stack above here. Then a few of
 * them may travel in the message. What a program has made of these pages by itself (unmapped, protected) is between it and
 * the fault; everywhere else a bad address is EFAULT. */
static inline bool is_own(uintptr_t at, size_t len, uintptr_t image)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (at >= image && at <= (uintptr_t)__bss_end - len) /* at + len may be beyond the last address */
        return true;
    return at >= here && at <= stack_first - len && own_tp() == first_tp;
}

/* The server is asked again when it died, having lost all of it then, or when a handler came in between. */
static err_t short_call(struct ipc_msg *m)
{
    struct ipc_msg again = *m;
    unsigned breaks = __signal_breaks;
    __cancel_begin();
    err_t err = ipc_call(H_FS, m);
    __cancel_end(err);
    if (err != ERR_PEER_DEAD && !__restarts(err, breaks))
        return err;
    *m = again;
    return ask(m, NULL, 0);
}

/* Whether fd is the console after all: the server says so, or it was restarted, knows nothing of us, and never said otherwise. */
static bool turns_out_direct(int fd, enum way way, err_t err)
{
    bool lost = err == FS_ERR_UNKNOWN && fd < STANDARD && !(atomic_load(&served_set) >> fd & 1);
    if (err != FS_ERR_CONSOLE && !lost)
        return false;
    set_direct(fd, way);
    return true;
}

static ssize_t done(int fd, err_t err, const struct ipc_msg *m)
{
    if (err == FS_ERR_PIPE)
        (void)raise(SIGPIPE);
    if (err != OK)
        return __error_set(err);
    if (fd < STANDARD && !(atomic_load(&served_set) >> fd & 1))
        atomic_fetch_or(&served_set, 1u << fd);
    return (ssize_t)m->w[1];
}

ssize_t write(int fd, const void *buf, size_t len)
{
    if (!in_range(fd))
        return bad_fd();
    if (fd != STDERR_FILENO)
        __stderr_push();
    if (is_direct(fd, TO_WRITE))
        return __console_write(buf, len);
    if (!atomic_load(&attached))
        return bad_fd();
    struct ipc_msg m = {.w = {FS_WRITE, (uint64_t)fd}};
    err_t err;
    if (len - 1 < FS_WRITE_SHORT_MAX && is_own((uintptr_t)buf, len, (uintptr_t)__executable_text)) {
        m.w[0] = FS_WRITE_SHORT;
        m.w[2] = len;
        memcpy(&m.w[3], buf, len);
        err = short_call(&m);
    } else {
        struct ipc_buf b = {(void *)(uintptr_t)buf, len < LENGTH_MAX ? len : LENGTH_MAX, BUF_R};
        err = ask(&m, &b, 1);
    }
    return turns_out_direct(fd, TO_WRITE, err) ? __console_write(buf, len) : done(fd, err, &m);
}

ssize_t __write_trusted(int fd, const void *buf, size_t len)
{
    if (in_range(fd) && is_direct(fd, TO_WRITE))
        return __console_write_trusted(buf, len);
    return write(fd, buf, len);
}

ssize_t read(int fd, void *buf, size_t len)
{
    if (!in_range(fd))
        return bad_fd();
    __stderr_push();
    if (is_direct(fd, TO_READ))
        return __console_read(buf, len, !is_unblocked(fd));
    if (!atomic_load(&attached))
        return bad_fd();
    struct ipc_msg m = {.w = {FS_READ, (uint64_t)fd}};
    err_t err;
    if (len - 1 < FS_READ_SHORT_MAX && is_own((uintptr_t)buf, len, (uintptr_t)__data_start)) {
        m.w[0] = FS_READ_SHORT;
        m.w[2] = len;
        err = short_call(&m);
        if (err == OK)
            memcpy(buf, &m.w[2], m.w[1] < len ? m.w[1] : len);
    } else {
        struct ipc_buf b = {buf, len < LENGTH_MAX ? len : LENGTH_MAX, BUF_W};
        err = ask(&m, &b, 1);
    }
    return turns_out_direct(fd, TO_READ, err) ? __console_read(buf, len, !is_unblocked(fd)) : done(fd, err, &m);
}

static ssize_t at_offset(uint64_t op, int fd, struct ipc_buf b, off_t offset)
{
    if (!in_range(fd))
        return bad_fd();
    if (offset < 0) {
        errno = EINVAL;
        return -1;
    }
    struct ipc_msg m = {.w = {op, (uint64_t)fd, (uint64_t)offset}};
    if (b.len_bytes > LENGTH_MAX)
        b.len_bytes = LENGTH_MAX;
    err_t err = __files_call_fd(&m, &b, 1);
    return err == OK ? (ssize_t)m.w[1] : __error_set(err);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
    return at_offset(FS_PREAD, fd, (struct ipc_buf){buf, len, BUF_W}, offset);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
    return at_offset(FS_PWRITE, fd, (struct ipc_buf){(void *)(uintptr_t)buf, len, BUF_R}, offset);
}

/* ---- the table ---- */

int close(int fd)
{
    if (!in_range(fd))
        return bad_fd();
    if (!atomic_load(&attached)) {
        if (!is_direct(fd, TO_READ))
            return bad_fd();
        atomic_fetch_or(&closed_set, 1u << fd);
        forget(fd);
        return 0;
    }
    forget(fd);
    if (fd < STANDARD)
        atomic_fetch_and(&served_set, ~(1u << fd));
    struct ipc_msg m = {.w = {FS_CLOSE, (uint64_t)fd}};
    err_t err = ask(&m, NULL, 0);
    return err == FS_ERR_UNKNOWN ? bad_fd() : __error_set(err);
}

/* Any request about a descriptor: its reply's first word, or -1. */
static long long about(int fd, struct ipc_msg m)
{
    if (!in_range(fd))
        return bad_fd();
    if (fd >= STANDARD && !atomic_load(&attached))
        return bad_fd();
    m.w[1] = (uint64_t)fd;
    err_t err = __files_call_fd(&m, NULL, 0);
    return err == OK ? (long long)m.w[1] : __error_set(err);
}

off_t lseek(int fd, off_t offset, int whence)
{
    if (in_range(fd) && is_direct(fd, TO_READ)) {
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
        if (is_direct(fd, way))
            set_direct(made, way);
    if (made < STANDARD)
        atomic_fetch_or(&served_set, 1u << made);
    return made;
}

int dup(int fd) { return duplicate(fd, 0, 0); }

int dup2(int fd, int to)
{
    return to < 0 || to >= (int)FS_DESCRIPTORS_MAX ? bad_fd() : duplicate(fd, to, FS_DUP_EXACT);
}

int dup3(int fd, int to, int flags)
{
    if (fd == to || (flags & ~O_CLOEXEC)) {
        errno = EINVAL;
        return -1;
    }
    return to < 0 || to >= (int)FS_DESCRIPTORS_MAX ? bad_fd()
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
            set_unblocked(fd, value);
        return got < 0 ? -1 : what == F_GETFD || what == F_GETFL ? (int)got : 0;
    }
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return __fcntl_lock(fd, what, lock);
    default:
        break;
    }
    if (!in_range(fd) || (fd >= STANDARD && !atomic_load(&attached)))
        return bad_fd();
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
        if (fds[i] < STANDARD)
            atomic_fetch_or(&served_set, 1u << fds[i]);
    return 0;
}

int pipe(int fds[2]) { return pipe2(fds, 0); }

/* ---- what a descriptor is ---- */

int fstat(int fd, struct stat *st)
{
    if (!in_range(fd) || (fd >= STANDARD && !atomic_load(&attached)))
        return bad_fd();
    struct ipc_msg m = {.w = {FS_FSTAT, (uint64_t)fd}};
    struct ipc_buf b = {st, sizeof *st, BUF_W};
    return __error_set(__files_call_fd(&m, &b, 1));
}

int isatty(int fd)
{
    struct stat st;
    if (in_range(fd) && (is_direct(fd, TO_READ) || is_direct(fd, TO_WRITE)))
        return 1;
    if (!in_range(fd) || !atomic_load(&attached)) {
        errno = EBADF;
        return 0;
    }
    if (fstat(fd, &st) != 0)
        return errno == EIO && fd < STANDARD && !(atomic_load(&served_set) >> fd & 1);
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
