/* SPDX-License-Identifier: MIT
 * Where named objects of memory are: shared memory (shm.c) and semaphores (semaphore_named.c).
 */
#ifndef LIBC_SHM_H
#define LIBC_SHM_H

#define SHM_FOLDER "/dev/shm"
#define SHM_NAME_MAX 255u

struct shm_path {
    char path[sizeof SHM_FOLDER + 1 + SHM_NAME_MAX];
};

/* The path of a name as programs write it, "/name" or "name"; `kind` stands before it. EINVAL, ENAMETOOLONG. */
int __shm_path(const char *name, const char *kind, struct shm_path *out);

#endif
