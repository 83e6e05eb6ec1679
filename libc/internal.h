/* SPDX-License-Identifier: MIT
 * What the files of the C library know about each other. Programs never include this.
 */
#ifndef LIBC_INTERNAL_H
#define LIBC_INTERNAL_H

#include <ipc/ipc.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* error.c: sets errno for a server's error, returns -1; returns 0 for OK. */
int __error_set(err_t err);
int __error_errno(err_t err);

/* start.c: size of a thread-local block, and its first content. Blocks are aligned to TLS_ALIGN. */
#define TLS_ALIGN 64u
size_t __tls_bytes(void);
void __tls_fill(void *block);

/* stdio.c: bring up the three streams; write what stderr holds back (it is unbuffered as far as anybody can see). */
void __stdio_start(void);
void __stderr_push(void);

/* console.c: write without touching errno's meaning for bad addresses; `trusted`: the bytes are known to be readable. */
ssize_t __console_write_trusted(const void *buf, size_t len);

/* lock.c: the one lock around malloc, the environment and exit handlers; fork holds it so that a child finds it free. */
void __libc_lock(void);
void __libc_unlock(void);

/* process.c: argument and environment strings packed for the process manager; free() the result. */
struct packed_strings {
    char *bytes;
    size_t len;
    uint64_t argc, envc;
};
int __strings_pack(char *const argv[], char *const envp[], struct packed_strings *out);

/* path.c: calls try(path, context) for every place where a program of this name may be; the first result other than
 * ENOENT counts. */
int __path_search(const char *file, int (*try)(const char *path, void *context), void *context);

#endif
