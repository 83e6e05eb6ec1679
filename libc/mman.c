/* SPDX-License-Identifier: MIT
 * mmap() and its relatives: requests to the pager, which keeps the regions. A place for a new mapping is asked for first and
 * taken then; the lock keeps other threads of the process out in between.
 */
#include <sys/mman.h>

#include "fetch.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <ipc/pager.h>
#include <sys/stat.h>

#define WINDOW_BYTES (64UL << 30) /* where a pager sees all memory */
#define MAP_KNOWN (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_POPULATE | MAP_FIXED_NOREPLACE)

static int fail(int error)
{
    errno = error;
    return -1;
}

/* [*start, *end): whole pages. 0, or an errno: EINVAL inside a page, ENOMEM beyond the address space. */
static int range_of(const void *address, size_t length, uint64_t *start, uint64_t *end)
{
    *start = (uint64_t)(uintptr_t)address;
    if (*start & PAGE_MASK)
        return EINVAL;
    if (*start >= USER_VA_END || length > USER_VA_END - *start)
        return ENOMEM;
    *end = (*start + length + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    return 0;
}

/* What the pager calls a protection: whatever is allowed, reading is. */
static int prot_of(int protection, uint64_t *prot)
{
    if (protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
        return EINVAL;
    if ((protection & PROT_WRITE) && (protection & PROT_EXEC))
        return ENOTSUP;
    *prot = (uint64_t)protection | (protection != PROT_NONE ? PROT_R : 0);
    return 0;
}
_Static_assert(PROT_READ == PROT_R && PROT_WRITE == PROT_W && PROT_EXEC == PROT_X, "the pager's numbers");

static err_t ask(enum pager_op op, uint64_t start, uint64_t end, uint64_t more)
{
    struct ipc_msg m = {.w = {op, 0, start, end, more}};
    return pager_call(H_PAGER, &m);
}

/* ---- mmap ---- */

/* What was asked for, checked. */
struct mapping {
    uint64_t start, bytes, prot, flags;
    uint64_t offset; /* in the file; the rest is there for it only */
    int fd;
};

static int decode(void *address, size_t length, int protection, int flags, struct mapping *m)
{
    int kind = flags & (MAP_SHARED | MAP_PRIVATE);
    uint64_t end = 0;
    if (length == 0 || (flags & ~MAP_KNOWN) || (kind != MAP_SHARED && kind != MAP_PRIVATE))
        return EINVAL;
    if (length > USER_VA_END)
        return ENOMEM;
    int error = prot_of(protection, &m->prot);
    if (error != 0)
        return error;
    m->flags = kind == MAP_SHARED ? REGION_REPLACE | REGION_SHARED : REGION_REPLACE;
    m->bytes = (length + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    m->start = (uint64_t)(uintptr_t)address & ~(uint64_t)PAGE_MASK;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        error = range_of(address, length, &m->start, &end);
    return error;
}

/* A place: the hint if it is free, else the pager's choice. */
static err_t find_place(const struct mapping *want, int flags, uint64_t *start)
{
    struct ipc_msg m = {.w = {PAGER_REGION_GAP, 0, want->start, want->bytes}};
    *start = want->start;
    if (flags & MAP_FIXED)
        return OK;
    err_t err = pager_call(H_PAGER, &m);
    if (err == OK && (flags & MAP_FIXED_NOREPLACE) && m.w[1] != want->start)
        return ERR_EXIST;
    *start = m.w[1];
    return err;
}

/* The file server knows what the descriptor allows, and tells the pager. */
static err_t map_file(const struct mapping *want, uint64_t start)
{
    uint64_t flags = (want->flags & REGION_SHARED ? FS_MAP_SHARED : 0) | FS_MAP_REPLACE;
    struct ipc_msg m = {.w = {FS_MAP, (uint64_t)want->fd, start, want->bytes, want->prot | flags << 8, want->offset}};
    return __files_call_fd(&m, NULL, 0);
}

/* What is to be mapped is /dev/zero, which is anonymous memory: whether the descriptor allows it. FS_ERR_NODEV: it is something else. */
static err_t may_map_zero(const struct mapping *want)
{
    struct stat st;
    if (fstat(want->fd, &st) != 0 || !S_ISCHR(st.st_mode) || st.st_rdev != FS_RDEV_ZERO)
        return FS_ERR_NODEV;
    int access = fcntl(want->fd, F_GETFL) & O_ACCMODE;
    bool writes_it = (want->flags & REGION_SHARED) && (want->prot & PROT_W);
    return access == O_RDWR || (access == O_RDONLY && !writes_it) ? OK : FS_ERR_ACCES;
}

static err_t take_place(const struct mapping *want, int flags, uint64_t *start)
{
    err_t err = find_place(want, flags, start);
    if (err != OK)
        return err;
    if (!(flags & MAP_ANONYMOUS)) {
        err = map_file(want, *start);
        if (err != FS_ERR_NODEV)
            return err;
        err = may_map_zero(want);
        if (err != OK)
            return err;
    }
    uint64_t end = *start + want->bytes, prot = flags & MAP_NORESERVE ? 0 : want->prot;
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, *start, end, prot | want->flags << 8, BACKING_ANON}};
    err = pager_call(H_PAGER, &m);
    /* how much may be writable is looked at only in the first one */
    return err == OK && prot != want->prot ? ask(PAGER_REGION_PROTECT, *start, end, want->prot) : err;
}

static int errno_of_map(err_t err)
{
    switch (err) {
    case ERR_LIMIT: return EMFILE;
    case ERR_EXIST: return EEXIST;
    case ERR_INVAL: return ENOMEM; /* a fixed place where no memory can be */
    default: return __error_errno(err);
    }
}

/* What cannot be had is left to the first touch. */
static void populate(const struct mapping *m, uint64_t start, int flags)
{
    if (!(flags & MAP_ANONYMOUS))
        (void)__fetch_files(start, start + m->bytes, FETCH_TOUCH);
    else if (m->prot & PROT_R)
        __fetch_new(start, start + m->bytes);
}

static void *map(const struct mapping *want, int flags)
{
    uint64_t start;
    __libc_lock();
    err_t err = take_place(want, flags, &start);
    __libc_unlock();
    if (err == OK && (flags & MAP_POPULATE))
        populate(want, start, flags);
    if (err == OK)
        return (void *)(uintptr_t)start;
    errno = errno_of_map(err);
    return MAP_FAILED;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    struct mapping m = {.fd = fd, .offset = (uint64_t)offset};
    int error = decode(address, length, protection, flags, &m);
    if (error == 0 && (offset & PAGE_MASK) != 0)
        error = EINVAL;
    if (error == 0 && !(flags & MAP_ANONYMOUS) && fd < 0)
        error = EBADF;
    if (error == 0)
        return map(&m, flags);
    errno = error;
    return MAP_FAILED;
}

/* ---- what is mapped already ---- */

int munmap(void *address, size_t length)
{
    uint64_t start, end;
    if (length == 0 || range_of(address, length, &start, &end) != 0)
        return fail(EINVAL);
    err_t err = OK;
    if (start < WINDOW_BASE && end > WINDOW_BASE) { /* where nobody has anything: what lies before it, and what lies behind */
        err = ask(PAGER_REGION_REMOVE, start, WINDOW_BASE, 0);
        start = WINDOW_BASE + WINDOW_BYTES < end ? WINDOW_BASE + WINDOW_BYTES : end;
    }
    if (err == OK && start < end)
        err = ask(PAGER_REGION_REMOVE, start, end, 0);
    return err == OK ? 0 : fail(err == ERR_INVAL ? EINVAL : err == ERR_AGAIN ? EAGAIN : ENOMEM);
}

int mprotect(void *address, size_t length, int protection)
{
    uint64_t start, end, prot;
    int error = prot_of(protection, &prot);
    if (error == 0)
        error = range_of(address, length, &start, &end);
    if (error != 0)
        return fail(error);
    err_t err = ask(PAGER_REGION_PROTECT, start, end, prot);
    return err == OK ? 0 : fail(err == ERR_AGAIN ? EAGAIN : err == ERR_RIGHTS ? EACCES : ENOMEM); /* INVAL: where no memory can be */
}

/* Whether all of the range is mapped; *flags: what any of its regions has of them. */
static bool is_mapped(uint64_t start, uint64_t end, uint64_t *flags)
{
    *flags = 0;
    while (start < end) { /* bound: regions of the range */
        struct ipc_msg m = {.w = {PAGER_REGION_INFO, 0, start}};
        if (pager_call(H_PAGER, &m) != OK || m.w[1] > start)
            return false;
        *flags |= m.w[3] >> 8;
        start = m.w[2];
    }
    return true;
}

/* What was stored in shared mappings of files goes to the disk. */
static int sync_files(uint64_t start, uint64_t end)
{
    while (start < end) { /* bound: regions of the range */
        struct ipc_msg m = {.w = {PAGER_REGION_INFO, 0, start}}, sync;
        if (pager_call(H_PAGER, &m) != OK)
            return fail(ENOMEM);
        start = m.w[2];
        sync = (struct ipc_msg){.w = {FS_MSYNC, m.w[6]}};
        if ((m.w[4] & 0xff) != BACKING_FILE || !(m.w[3] >> 8 & REGION_SHARED))
            continue;
        err_t err = __files_call_fd(&sync, NULL, 0);
        if (err != OK)
            return __error_set(err);
    }
    return 0;
}

int msync(void *address, size_t length, int flags)
{
    uint64_t start, end, has;
    if ((flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) || (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return fail(EINVAL);
    int error = range_of(address, length, &start, &end);
    if (error != 0)
        return fail(error);
    if (!is_mapped(start, end, &has))
        return fail(ENOMEM);
    if ((flags & MS_INVALIDATE) && (has & REGION_LOCKED))
        return fail(EBUSY);
    return flags & MS_SYNC ? sync_files(start, end) : 0; /* the file server writes back on its own, too */
}

/* 0, or an errno. */
static int advise(void *address, size_t length, int advice)
{
    uint64_t start, end, has;
    if (advice < MADV_NORMAL || advice > MADV_DONTNEED)
        return EINVAL;
    int error = range_of(address, length, &start, &end);
    if (error != 0)
        return error;
    if (!is_mapped(start, end, &has))
        return ENOMEM;
    if (advice == MADV_WILLNEED)
        (void)__fetch_files(start, end, FETCH_ANNOUNCE);
    return 0;
}

int posix_madvise(void *address, size_t length, int advice) { return advise(address, length, advice); }

int madvise(void *address, size_t length, int advice)
{
    uint64_t start, end, has;
    int error = advise(address, length, advice);
    if (error != 0)
        return fail(error);
    (void)range_of(address, length, &start, &end);
    if (advice != MADV_DONTNEED || start == end)
        return 0;
    if (is_mapped(start, end, &has) && (has & REGION_LOCKED))
        return fail(EINVAL);
    err_t err = ask(PAGER_REGION_DISCARD, start, end, 0);
    return err == OK ? 0 : fail(err == ERR_AGAIN ? EAGAIN : ENOMEM);
}
