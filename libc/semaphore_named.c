/* SPDX-License-Identifier: MIT
 * Semaphores with names: a shared one in a file of /dev/shm, mapped. The file is made whole before it gets its name, so nobody finds one
 * that is not ready; a number in it tells whether this process has it open already.
 */
#include "internal.h"
#include "shm.h"
#include "word.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIND "sem." /* before the name, so that objects of both kinds have names of their own */
#define TRIES 64    /* while others make and remove the name all the time */

struct named {
    sem_t sem;
    uint64_t number[2]; /* no other semaphore has */
};

struct opened {
    struct named *at;
    unsigned uses;
    struct opened *next;
};
static struct opened *all_opened; /* under the library's lock; a child that is forked has its parent's */

static struct opened **find(const uint64_t number[2])
{
    struct opened **o = &all_opened;
    while (*o != NULL && memcmp((*o)->at->number, number, sizeof (*o)->at->number) != 0) /* bound: open ones */
        o = &(*o)->next;
    return o;
}

/* One use more of what the descriptor has; it is mapped once. */
static sem_t *attach(struct named *at)
{
    __libc_lock();
    struct opened *o = *find(at->number);
    bool fresh = o == NULL;
    if (fresh && (o = malloc(sizeof *o)) != NULL) {
        *o = (struct opened){.at = at, .next = all_opened};
        all_opened = o;
    }
    if (o != NULL)
        o->uses++;
    __libc_unlock();
    if (!fresh || o == NULL)
        (void)munmap(at, sizeof *at);
    return o != NULL ? &o->at->sem : SEM_FAILED;
}

/* Closes fd. */
static sem_t *open_mapped(int fd)
{
    struct stat st;
    struct named *at = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size != (off_t)sizeof *at)
        errno = EINVAL; /* a file, but none of ours */
    else
        at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int kept = errno;
    (void)close(fd);
    errno = kept;
    return at != MAP_FAILED ? attach(at) : SEM_FAILED;
}

/* A descriptor of a new one; EEXIST. */
static int make(const char *path, mode_t mode, unsigned value)
{
    static _Atomic uint32_t made;
    struct named n = {.number = {sys_time(), (uint64_t)__word_name() << 32 | ++made}};
    int fd = open(SHM_FOLDER, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    if (fd < 0)
        return -1;
    (void)sem_init(&n.sem, 1, value);
    if (write(fd, &n, sizeof n) == (ssize_t)sizeof n && linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
        return fd;
    int kept = errno;
    (void)close(fd);
    errno = kept;
    return -1;
}

static int open_or_make(const char *path, int flags, mode_t mode, unsigned value)
{
    int fd = -1;
    for (unsigned i = 0; i < TRIES; i++) {
        if ((flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL)) {
            fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
            if (fd >= 0 || errno != ENOENT || !(flags & O_CREAT))
                return fd;
        }
        fd = make(path, mode, value);
        if (fd >= 0 || errno != EEXIST || (flags & O_EXCL))
            return fd;
    }
    return fd;
}

sem_t *sem_open(const char *name, int flags, ...)
{
    struct shm_path p;
    mode_t mode = 0;
    unsigned value = 0;
    va_list ap;
    va_start(ap, flags);
    if (flags & O_CREAT) {
        mode = va_arg(ap, mode_t);
        value = va_arg(ap, unsigned);
    }
    va_end(ap);
    if (__shm_path(name, KIND, &p) != 0 || __flags_known(flags, O_CREAT | O_EXCL | O_RDWR) != 0)
        return SEM_FAILED;
    if (value > SEM_VALUE_MAX) {
        errno = EINVAL;
        return SEM_FAILED;
    }
    int fd = open_or_make(p.path, flags, mode, value);
    return fd >= 0 ? open_mapped(fd) : SEM_FAILED;
}

int sem_close(sem_t *s)
{
    struct opened *gone = NULL, **o = &all_opened;
    __libc_lock();
    while (*o != NULL && &(*o)->at->sem != s) /* bound: open ones */
        o = &(*o)->next;
    bool known = *o != NULL;
    if (known && --(*o)->uses == 0) {
        gone = *o;
        *o = gone->next;
    }
    __libc_unlock();
    if (gone != NULL) {
        (void)munmap(gone->at, sizeof *gone->at);
        free(gone);
    }
    return known ? 0 : (errno = EINVAL, -1);
}

int sem_unlink(const char *name)
{
    struct shm_path p;
    return __shm_path(name, KIND, &p) == 0 ? unlink(p.path) : -1;
}
