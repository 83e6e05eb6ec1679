/* SPDX-License-Identifier: MIT
 * What this process knows of its descriptors (fd.c), for the calls that move bytes (bytes.c).
 */
#ifndef LIBC_FD_H
#define LIBC_FD_H

#include "internal.h"

#include <ipc/fs.h>
#include <stdatomic.h>

#define FD_STANDARD 3
enum way { TO_READ, TO_WRITE };

extern _Atomic bool __fd_attached;
extern _Atomic uint64_t __fd_direct[2][FS_DESCRIPTORS_MAX / 64]; /* the console, for reading and for writing */
extern _Atomic uint64_t __fd_unblocked[FS_DESCRIPTORS_MAX / 64]; /* O_NONBLOCK of the console, as far as this process knows */
/* The file server has moved bytes by them. An old entry does no harm: the server is asked and says otherwise. */
extern _Atomic uint64_t __fd_through[FS_DESCRIPTORS_MAX / 64];

extern uintptr_t __fd_stack_first, __fd_first_tp; /* of the first thread */

static inline uintptr_t fd_own_tp(void)
{
    uintptr_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

static inline bool fd_in_range(int fd) { return (unsigned)fd < FS_DESCRIPTORS_MAX; }
static inline bool fd_bit(const _Atomic uint64_t *set, int fd)
{
    return atomic_load_explicit(&set[fd / 64], memory_order_relaxed) >> fd % 64 & 1;
}
static inline void fd_bit_set(_Atomic uint64_t *set, int fd) { atomic_fetch_or(&set[fd / 64], 1UL << fd % 64); }
static inline void fd_bit_clear(_Atomic uint64_t *set, int fd) { atomic_fetch_and(&set[fd / 64], ~(1UL << fd % 64)); }
static inline bool fd_is_direct(int fd, enum way way) { return fd_bit(__fd_direct[way], fd); }

int __fd_bad(void);             /* EBADF */
void __fd_served(int fd);       /* the server has answered for it */
/* The server has answered with err: whether fd is the console after all. */
bool __fd_turns_out_direct(int fd, enum way way, err_t err);
err_t __fd_ask(struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs); /* as __files_call_fd, when attached */

#endif
