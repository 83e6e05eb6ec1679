/* SPDX-License-Identifier: MIT
 * Memory: mapped, protected, given back, kept.
 *
 * A page is never writable and executable at once: mmap() and mprotect() refuse PROT_WRITE with PROT_EXEC (ENOTSUP). What may be
 * written or executed may be read as well. Memory is filled when it is touched.
 */
#ifndef _SYS_MMAN_H
#define _SYS_MMAN_H

#include <stddef.h>
#include <sys/types.h>

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4

#define MAP_SHARED 0x1
#define MAP_PRIVATE 0x2
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_ANON MAP_ANONYMOUS
#define MAP_NORESERVE 0x4000  /* may be larger than memory: not all of it will be touched */
#define MAP_POPULATE 0x8000   /* its pages are there when the call returns, as far as they can be had */
#define MAP_STACK 0x20000     /* no difference */
#define MAP_FIXED_NOREPLACE 0x100000 /* as MAP_FIXED, but EEXIST when something is there */
#define MAP_FAILED ((void *)-1)

#define MS_ASYNC 1
#define MS_INVALIDATE 2
#define MS_SYNC 4

#define MADV_NORMAL 0
#define MADV_RANDOM 1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED 3 /* pages of files on a disk are read soon */
#define MADV_DONTNEED 4 /* private pages are as if never touched */
#define POSIX_MADV_NORMAL 0
#define POSIX_MADV_RANDOM 1
#define POSIX_MADV_SEQUENTIAL 2
#define POSIX_MADV_WILLNEED 3
#define POSIX_MADV_DONTNEED 4 /* only an advice: no byte changes */

#define MCL_CURRENT 1
#define MCL_FUTURE 2

/* Errors  EINVAL     length 0; not exactly one of MAP_SHARED and MAP_PRIVATE; an unknown flag or protection; an offset, or with
 *                    MAP_FIXED an address, that is no multiple of the page size
 *         ENOTSUP    PROT_WRITE with PROT_EXEC
 *         ENOMEM     no room in the address space, or with MAP_FIXED beyond its end; more writable memory than the machine has
 *         EMFILE     no further region can be kept
 *         EEXIST     MAP_FIXED_NOREPLACE, and something is there
 *         EBADF      not MAP_ANONYMOUS, and the descriptor is not open
 *         ENODEV     what it stands for can't be mapped */
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
/* Ranges without a mapping are no error. EINVAL: length 0, address inside a page, outside the address space; ENOMEM: no region
 * can be kept for the rest of one that is cut in two. */
int munmap(void *address, size_t length);
/* EINVAL: address inside a page, unknown protection; ENOTSUP: PROT_WRITE with PROT_EXEC; ENOMEM: part of the range is not mapped
 * (nothing changed then), or no region can be kept for it. */
int mprotect(void *address, size_t length, int protection);
/* EINVAL: address inside a page, flags; ENOMEM: part of the range is not mapped; EBUSY: MS_INVALIDATE of locked memory. */
int msync(void *address, size_t length, int flags);
/* EINVAL: address inside a page, an unknown advice, MADV_DONTNEED of locked memory; ENOMEM: part of the range is not mapped. */
int madvise(void *address, size_t length, int advice);
/* The same, as the result. */
int posix_madvise(void *address, size_t length, int advice);

/* Shared memory objects: memory with a name, "/name", that goes when it has neither name, descriptor nor mapping. A new one has
 * size 0: ftruncate(). Descriptors have FD_CLOEXEC.
 * Errors  EINVAL        no name, a second slash in it; not O_RDONLY or O_RDWR; a flag other than O_CREAT, O_EXCL, O_TRUNC
 *         ENAMETOOLONG  more than 255 bytes
 *         ENOENT, EEXIST, EMFILE, ENFILE, ENOSPC  as open() */
int shm_open(const char *name, int flags, mode_t mode);
int shm_unlink(const char *name); /* ENOENT, EINVAL, ENAMETOOLONG */
/* One that has no name; `name` is for the reader of the source. EINVAL: another flag, a name of more than 249 bytes. */
#define MFD_CLOEXEC 1u
int memfd_create(const char *name, unsigned flags);

/* The pages of [address, address + length) are brought in, are this process's own from now on and never leave memory. Children
 * do not inherit it. 0, or -1 and errno: ENOMEM no memory for it, or part of the range is not the process's; EINVAL. */
int mlock(const void *address, size_t length);
int munlock(const void *address, size_t length);
/* What is in memory stays there, and so does what is touched from now on (always both, whatever flags says). */
int mlockall(int flags);
int munlockall(void);

#endif
