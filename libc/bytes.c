/* SPDX-License-Identifier: MIT
 * Bytes to and from descriptors. A bad address is the server's to find: nothing here touches a caller's buffer unless that is surely
 * the program's own. Then a few bytes travel in the message, and up to a word of them, by a descriptor that is known to be the file
 * server's, take the shortest way: from the caller's variable to the registers and into the kernel.
 */
#include "cancel.h"
#include "fd.h"
#include "signals.h"
#include "stdio/stream.h"

#include <errno.h>
#include <ipc/regs.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_MAX (SIZE_MAX / 2) /* what a ssize_t can say */
#define WORD_BYTES 8u

extern char __executable_text[] __asm__("_start"), __data_start[], __bss_end[];

static inline uintptr_t own_sp(void)
{
    uintptr_t sp;
    __asm__("mv %0, sp" : "=r"(sp));
    return sp;
}

/* Whether the bytes surely are this program's own: part of its image, or of the first thread's stack above here. What a program has
 * made of these pages by itself (unmapped, protected) is between it and the fault; everywhere else a bad address is EFAULT. */
static inline bool is_own(uintptr_t at, size_t len, uintptr_t image)
{
    if (at >= image && at <= (uintptr_t)__bss_end - len) /* at + len may be beyond the last address */
        return true;
    return at >= own_sp() && at <= __fd_stack_first - len && fd_own_tp() == __fd_first_tp;
}

static ssize_t done(int fd, err_t err, uint64_t bytes)
{
    if (err == FS_ERR_PIPE)
        __signal_for_write(SIGPIPE);
    if (err != OK)
        return __error_set(err);
    if (!fd_bit(__fd_through, fd))
        __fd_served(fd);
    return (ssize_t)bytes;
}

/* What the server said in the end. */
static __attribute__((noinline)) ssize_t written(int fd, struct ipc_buf b, err_t err, uint64_t bytes)
{
    return __fd_turns_out_direct(fd, TO_WRITE, err) ? __console_write(b.addr, b.len_bytes) : done(fd, err, bytes);
}

static __attribute__((noinline)) ssize_t was_read(int fd, struct ipc_buf b, err_t err, uint64_t bytes)
{
    if (__fd_turns_out_direct(fd, TO_READ, err))
        return __console_read(b.addr, b.len_bytes, !fd_bit(__fd_unblocked, fd));
    return done(fd, err, bytes);
}

/* ---- any number of bytes ---- */

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
    return __fd_ask(m, NULL, 0);
}

static __attribute__((noinline)) ssize_t write_any(int fd, const void *buf, size_t len)
{
    if (!fd_in_range(fd))
        return __fd_bad();
    if (fd != STDERR_FILENO)
        __stderr_push();
    if (fd_is_direct(fd, TO_WRITE))
        return __console_write(buf, len);
    if (!atomic_load(&__fd_attached))
        return __fd_bad();
    struct ipc_msg m = {.w = {FS_WRITE, (uint64_t)fd}};
    struct ipc_buf b = {(void *)(uintptr_t)buf, len < LENGTH_MAX ? len : LENGTH_MAX, BUF_R};
    err_t err;
    if (len - 1 < FS_WRITE_SHORT_MAX && is_own((uintptr_t)buf, len, (uintptr_t)__executable_text)) {
        m.w[0] = FS_WRITE_SHORT;
        m.w[2] = len;
        memcpy(&m.w[3], buf, len);
        err = short_call(&m);
    } else {
        err = __fd_ask(&m, &b, 1);
    }
    return written(fd, b, err, m.w[1]);
}

static __attribute__((noinline)) ssize_t read_any(int fd, void *buf, size_t len)
{
    if (!fd_in_range(fd))
        return __fd_bad();
    __stderr_push();
    if (fd_is_direct(fd, TO_READ))
        return __console_read(buf, len, !fd_bit(__fd_unblocked, fd));
    if (!atomic_load(&__fd_attached))
        return __fd_bad();
    struct ipc_msg m = {.w = {FS_READ, (uint64_t)fd}};
    struct ipc_buf b = {buf, len < LENGTH_MAX ? len : LENGTH_MAX, BUF_W};
    err_t err;
    if (len - 1 < FS_READ_SHORT_MAX && is_own((uintptr_t)buf, len, (uintptr_t)__data_start)) {
        m.w[0] = FS_READ_SHORT;
        m.w[2] = len;
        err = short_call(&m);
        if (err == OK)
            memcpy(buf, &m.w[2], m.w[1] < len ? m.w[1] : len);
    } else {
        err = __fd_ask(&m, &b, 1);
    }
    return was_read(fd, b, err, m.w[1]);
}

/* ---- up to a word ---- */

/* Nothing is to be done first: fd is none that has to be looked at, nobody can be cancelled, and stderr holds nothing back. */
static inline bool is_plain(int fd, size_t len)
{
    return len - 1 < WORD_BYTES && fd_in_range(fd) && fd_bit(__fd_through, fd) && __cancel_hooks.begin == NULL &&
           !(stderr->flags & STREAM_WRITING && stderr->pos > stderr->buffer);
}

/* Nothing was asked, as far as anybody can see: as in short_call(). */
static inline bool is_void(err_t err, unsigned breaks) { return err == ERR_PEER_DEAD || __restarts(err, breaks); }

ssize_t write(int fd, const void *buf, size_t len)
{
    if (!is_plain(fd, len) || !is_own((uintptr_t)buf, len, (uintptr_t)__executable_text))
        return write_any(fd, buf, len);
    const unsigned char *from = buf;
    unsigned breaks = __signal_breaks;
    uint64_t w[] = {FS_WRITE_SHORT, (uint64_t)fd, len, from[0]};
    for (size_t i = 1; i < len; i++) /* bound: WORD_BYTES */
        w[3] |= (uint64_t)from[i] << 8 * i;
    long kernel = ipc_call_few(H_FS, w);
    err_t err = (err_t)(kernel ? kernel : (long)w[0]);
    if (err == OK)
        return (ssize_t)w[1];
    return is_void(err, breaks) ? write_any(fd, buf, len) : written(fd, (struct ipc_buf){(void *)(uintptr_t)buf, len, BUF_R}, err, 0);
}

ssize_t read(int fd, void *buf, size_t len)
{
    if (!is_plain(fd, len) || !is_own((uintptr_t)buf, len, (uintptr_t)__data_start))
        return read_any(fd, buf, len);
    unsigned char *to = buf;
    unsigned breaks = __signal_breaks;
    uint64_t w[] = {FS_READ_SHORT, (uint64_t)fd, len, 0};
    long kernel = ipc_call_few(H_FS, w);
    err_t err = (err_t)(kernel ? kernel : (long)w[0]);
    if (err != OK)
        return is_void(err, breaks) ? read_any(fd, buf, len) : was_read(fd, (struct ipc_buf){buf, len, BUF_W}, err, 0);
    for (size_t i = 0; i < len && i < w[1]; i++) /* bound: WORD_BYTES */
        to[i] = (unsigned char)(w[2] >> 8 * i);
    return (ssize_t)w[1];
}

ssize_t __write_trusted(int fd, const void *buf, size_t len)
{
    if (fd_in_range(fd) && fd_is_direct(fd, TO_WRITE))
        return __console_write_trusted(buf, len);
    return write(fd, buf, len);
}

/* ---- at an offset ---- */

static ssize_t at_offset(uint64_t op, int fd, struct ipc_buf b, off_t offset)
{
    if (!fd_in_range(fd))
        return __fd_bad();
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
