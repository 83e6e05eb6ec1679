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

/* time.c: ticks since boot of a valid time, rounded up. */
struct timespec;
uint64_t __timespec_ticks(const struct timespec *ts);
struct timespec __ticks_timespec(uint64_t ticks);
uint64_t __timespec_ns(const struct timespec *ts); /* saturates at half of all there is */
struct timespec __ns_timespec(uint64_t ns);
uint64_t __cpu_ns(void); /* processor time of this process */

/* stdio/standard.c: write what stderr holds back (it is unbuffered as far as anybody can see). */
void __stderr_push(void);

/* console.c: write without touching errno's meaning for bad addresses; `trusted`: the bytes are known to be readable. */
ssize_t __console_write_trusted(const void *buf, size_t len);
ssize_t __console_write(const void *buf, size_t len);
ssize_t __console_read(void *buf, size_t len, bool waits);
err_t __console_call(struct ipc_msg *m); /* any other request without buffers */
/* SIGTTOU: the console's settings may be changed now. ERR_IO: not by this process, which can't be stopped either; ERR_CANCELLED: a
 * handler has run. SIGTTIN: it may be read. */
err_t __console_allowed(int sig);

/* fd.c: descriptors. __files_start: what the program was started with. __files_call: ask the file server; again when it was
 * restarted under the request, and for requests that name no descriptor also when it does not know us yet. */
void __files_start(bool has_files);
err_t __files_call(struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs);
err_t __files_call_fd(struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs);
ssize_t __write_trusted(int fd, const void *buf, size_t len); /* as __console_write_trusted */
/* file.c: a path from directory `dir` as buffer 0 or 1; m takes what the server must know of it (ipc/fs.h, words 6 and 7). */
struct ipc_buf __path_buf(struct ipc_msg *m, unsigned which, int dir, const char *path);
/* A request about one path, and one with a second buffer; *word: the reply's first word. Both set errno. */
int __path_call(struct ipc_msg m, int dir, const char *path, uint64_t *word);
int __path_call_with(struct ipc_msg m, int dir, const char *path, struct ipc_buf second, uint64_t *word);
/* A request about a descriptor that could have a path instead. */
int __fd_call(uint64_t op, uint64_t value, int fd);
int __flags_known(int flags, int known); /* -1 and EINVAL: there is another one */

/* filelock.c */
struct flock;
int __fcntl_lock(int fd, int what, struct flock *l);

/* lock.c: the one lock around malloc, the environment and exit handlers; fork holds it so that a child finds it free. */
void __libc_lock(void);
void __libc_unlock(void);

/* thread.c. stack_bytes: whole pages, at most THREAD_STACK_MAX, guard page included. */
struct thread;
struct thread_start {
    void *(*fn)(void *);
    void *arg;
    size_t stack_bytes;
    void *stack;   /* the program's own; NULL: one is made */
    unsigned prio; /* of its own; THREAD_PRIO_INHERITED: what its creator has */
    int detached;
};
#define THREAD_PRIO_INHERITED (~0u)
int __thread_begin(struct thread **out, const struct thread_start *how);
_Atomic int *__thread_cancel_word(struct thread *t); /* pthread_cancel.c's */
#define __THREAD_CLOCK (1ul << 28) /* clockid_t: and above, of the thread with that slot */
unsigned __thread_slot(struct thread *t); /* the process manager's number of a thread that has not been joined */
unsigned __thread_own_slot(void);         /* pthread_prio.c: the calling thread's */
int __thread_detach(struct thread *t); /* EINVAL: it is detached, or being joined */
bool __thread_is_detached(struct thread *t);
struct thread *__thread_record(void); /* the calling thread's, also in the first one */
/* pthread_keys.c: what POSIX wants done at a thread's end. */
void __thread_goes(void);
extern void (*__robust_thread_goes)(void); /* set by the first robust mutex */
extern void (*__park_thread_goes)(void); /* set by the first thread that waits */
extern void (*__park_after_handler)(void); /* sigcount.c; likewise */

/* process.c: what fork does for parts that a program may not have; each sets its own when it is first used. */
extern struct fork_hooks {
    void (*prepare)(void);    /* pthread_atfork()'s handlers: before */
    void (*done)(bool child); /* and after, on both sides */
    void (*threads)(void);    /* in the child */
    void (*park)(void);       /* in the child */
    void (*prio)(void);       /* in the child */
    void (*names)(void);      /* in the child */
    void (*robust)(void);     /* in the child */
} __fork_hooks;

/* exec.c: starts the program in this file, which is not looked for. Returns an errno value. */
int __spawn_file(const char *path, char *const argv[], char *const envp[], pid_t *pid);

/* path.c: calls try(path, context) for every place where a program of this name may be; the first result other than
 * ENOENT counts. */
int __path_search(const char *file, int (*try)(const char *path, void *context), void *context);

#endif
