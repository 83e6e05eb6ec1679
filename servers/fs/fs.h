/* SPDX-License-Identifier: MIT
 * What the files of the file server share. One thread, one endpoint. It waits for nobody but the pager, which waits for
 * nobody: a request that can't go on now (a pipe is empty, a page of the client's buffer is not there) is set aside and tried
 * again (request.c), and one that has to do with the disk runs on a stack of its own (job.c), so that the thread can leave it.
 * It never calls procmgr or a client, so whoever it serves may call it, and of the console it asks only what that answers at once.
 *
 *   main.c     loop, table of the protocol        client.c  processes and their descriptors
 *   file.c     open descriptions, bytes           pipe.c    pipes
 *   path.c     from a path to a vnode             open.c    open()
 *   names.c    names that come, go and move       tree.c    what stands behind a name
 *   ram.c      files in memory, the boot image    dev.c     /dev, /proc
 *   pipequick.c the same, for a few bytes, and the receive   fifo.c pipes with names
 *   lock.c     locks on files
 *   pool.c     memory                             check.c   everything counted anew
 *   disk.c     the block server                   extfs.c   files on the disk
 *   stat.c     what a file is, and SYNC           fdfs.c    /dev/fd
 *   job.c      requests that wait for the disk    request.c requests that wait for anything else
 *   procfs.c   processes in /proc                 proctext.c  what their pages say
 *   asked.c    what procmgr is asked              program.c files that procmgr starts programs from
 *   mapped.c   files that are mapped              cached.c  pages of those on the disk
 *   ahead.c    and which are read ahead           poll.c    POLL
 *   ramdata.c  bytes of files in memory           switch.S  from one stack to another
 *   fixed.c    what nobody can do to those two   seek.c    positions, holes, room ahead of time
 */
#ifndef FS_FS_H
#define FS_FS_H

#include "../init/handoff.h"
#include "limits.h"
#include "vnode.h"

/* ---- memory (pool.c) ---- */
struct slab {
    uint32_t bytes;      /* of a record, a multiple of eight */
    uint32_t used;
    bool of_files;       /* its pages are file_page_new()'s */
    bool keeps_one;      /* its last page stays: records come and go one by one */
    struct sheet *sheets;
};
must_check err_t pool_start(void);
must_check err_t pool_reserve(uint64_t pages); /* so many page_new() from now will not fail */
void pool_forget(void);            /* after a restart: give back what there was */
void *slab_new(struct slab *s);    /* zeroed; 0: no memory */
void *slab_take(struct slab *s);   /* the same, not zeroed */
void slab_free(struct slab *s, void *record);
uint64_t pool_used(void), pool_pages(void), pool_max(void);

struct wait_queue {
    struct waiting *first, *last; /* first come, first served: only the first one is tried */
};

struct request;

/* ---- open descriptions (file.c): what descriptors of one or many processes share ---- */
enum file_kind { FILE_VNODE = 1, FILE_CONSOLE, FILE_PIPE_READ, FILE_PIPE_WRITE };
struct file {
    uint8_t kind;        /* enum file_kind */
    bool readable, writable;
    uint32_t uses;       /* descriptors, and requests set aside */
    uint32_t flags;      /* O_APPEND, O_NONBLOCK, and how it was opened */
    uint32_t seen;       /* CHECK's */
    uint64_t position;   /* bytes; directories: cookie of the next entry */
    struct wait_queue moving; /* files: requests that use the position. One at a time, also when it is set aside */
    union {
        struct vnode *vnode;
        struct pipe *pipe;
    };
};
must_check err_t file_new(enum file_kind kind, uint32_t flags, struct file **out); /* uses == 1 */
void file_enter(struct file *f, struct vnode *v); /* a new one: it is of v */
void file_drop(struct file *f);
uint64_t files_used(void);
struct file *request_file(struct request *r, uint64_t fd); /* of the descriptor that it began with; 0: EBADF */
bool file_is_moving(const struct request *r, const struct file *f); /* somebody else's turn with its position */
err_t file_wait_turn(struct request *r, struct file *f, err_t why);
uint64_t files_check(uint64_t *which); /* of how many the uses are miscounted, and one of them */
static inline struct file *file_hold(struct file *f)
{
    f->uses++;
    return f;
}

/* ---- processes (client.c) ---- */
#define CHUNK_FDS 64u
#define PROGRAM_CHUNK (FS_DESCRIPTORS_MAX / CHUNK_FDS) /* of FS_O_PROGRAM */
#define CHUNKS (PROGRAM_CHUNK + 1)
_Static_assert(FS_PROGRAMS_MAX == CHUNK_FDS, "they are a chunk");
struct fds {
    struct file *file[CHUNK_FDS]; /* where the bit in `open` is set; 0: of a request under way */
};
struct client {
    badge_t badge;        /* what its requests come with */
    uint32_t pid;
    uint32_t umask;
    uint32_t limit, limit_max; /* descriptors are below */
    uint32_t used;        /* descriptors */
    uint32_t holds;       /* requests under way in jobs */
    bool gone;            /* it ended; they are waited for */
    struct vnode *cwd;
    struct vnode *program; /* what it starts next, or did; 0: none of ours */
    struct vnode *runs;    /* what it runs, if that is a file of ours */
    struct client *next;  /* of its bucket */
    unsigned top;         /* chunks from here on are unused, and what is said of them below means nothing */
    uint64_t cloexec[CHUNKS];
    uint64_t open[CHUNKS];
    struct fds *chunk[CHUNKS]; /* 0: none of these is open */
};
static inline void client_hold(struct client *c) { c->holds++; }
void client_unhold(struct client *c);
struct client *client_find(uint64_t pid);
struct client *client_of(badge_t badge); /* of a program; 0: it has no descriptors here, or it is none */
struct file *client_file(const struct client *c, uint64_t fd); /* 0: EBADF */
/* A free descriptor, taken but not open until client_set(); client_unplace() gives it back. */
must_check err_t client_place(struct client *c, uint64_t lowest, unsigned *fd);
must_check err_t client_place_program(struct client *c, unsigned *fd); /* the same, for FS_O_PROGRAM */
void client_unplace(struct client *c, unsigned fd);
void client_set(struct client *c, unsigned fd, struct file *f, bool cloexec);   /* takes over the caller's use of f */
struct file *client_take(struct client *c, unsigned fd);  /* closes fd; the use of its file is the caller's */
uint64_t clients_used(void);
void clients_each(void (*see)(struct file *f)); /* descriptor after descriptor, for CHECK */

/* ---- requests (request.c, main.c) ---- */
/* A handler's results besides errors: */
#define LATER_COPY 1 /* a page of the client's comes in: again when it is there */
#define LATER_PIPE 2 /* again when r->wait_on changes: a pipe, or whoever uses a file's position is done */
#define LATER_POLL 4 /* again when any pipe changes, or at r->deadline */
#define LATER_TURN 3 /* others are served first, then it goes on */
#define LATER_DISK 5 /* again in a job: it has to do with the disk */
#define LATER_ALONE 6 /* the same, with the disk to itself */
#define LATER_LOCK 7 /* again when a lock goes */
#define LATER_PROC 8 /* again when procmgr has answered r->question */

/* What a handler needs room for beyond its stack: one of the loop, one of each job. */
struct scratch {
    char path[2][FS_PATH_MAX]; /* of a walk, by buffer */
    char text[FS_PATH_MAX];
    struct vnode_entry entry;
    uint64_t records[PAGE_SIZE / sizeof(uint64_t)];
};

struct request {
    const struct ipc_event *ev;
    struct client *client;
    struct file *file;       /* of one that was set aside: the one it began with. Holds a use of it */
    uint64_t done;           /* bytes that were copied before it was set aside */
    struct wait_queue *wait_on; /* LATER_PIPE, LATER_COPY: whose turn it keeps */
    struct waiting *self;    /* it was set aside before */
    struct file *making;     /* a description that has no descriptor yet, over what may wait; when it is `file`, the request keeps it */
    uint32_t waits_for;      /* LATER_LOCK: the process that has the lock */
    struct question *question; /* LATER_PROC: its last one (asked.c), which goes with the request */
    struct scratch *scratch;
    ticks_t deadline;        /* LATER_POLL: when it is tried a last time */
    struct ipc_msg m;        /* the answer; w[0] is filled from the result */
};
typedef err_t request_fn(struct request *r);
#define FS_HANDLER(name, number, who, text) request_fn do_##name;
FS_OPS(FS_HANDLER)
#undef FS_HANDLER

err_t request_run(struct request *r);            /* main.c: through the table */
must_check err_t request_park(struct request *r, err_t why); /* set it aside, for the first time; ERR_NOMEM: answer that */
void request_wake(struct wait_queue *q);         /* something changed there */
void requests_wake_copies(void);
void requests_wake_locks(void);
void requests_wake_polls(void);
bool requests_wait_in_circle(uint32_t pid, uint32_t me); /* pid waits for a lock of me, maybe by way of others */
bool requests_run(void);                         /* some of those that were woken; whether there are more */
bool requests_idle(void);                        /* nothing is woken, and nothing has a deadline */
struct request *request_now(void);               /* main.c: which is looked at now; 0: none */
struct client *request_asker(void);              /* and whose that is; 0: nobody's with descriptors */
bool request_is_dead(const struct request *r);   /* its client gave up: nothing may be put into its table any more */
void requests_cancelled(uint64_t count, reply_id_t newest);
void requests_of_dead(uint32_t pid);
ticks_t requests_next(void);             /* when the first poll gives up */
void requests_due(ticks_t now);
uint64_t requests_waiting(void);
void requests_each(void (*see)(struct file *f));

/* Copies between the client's buffer and local. *done: bytes that were copied, also with an error. ERR_FAULT, LATER_COPY;
 * OK: all of len. */
must_check err_t copy_from(struct request *r, unsigned buffer, uint64_t offset, void *local, uint64_t len, uint64_t *done);
must_check err_t copy_to(struct request *r, unsigned buffer, uint64_t offset, const void *local, uint64_t len, uint64_t *done);
/* All or nothing, for what is small. */
must_check err_t answer_bytes(struct request *r, unsigned buffer, const void *local, uint64_t len);
static inline uint64_t buffer_len(const struct request *r, unsigned buffer) { return BUF_LEN(r->ev->buf_len[buffer]); }
static inline bool buffer_is(const struct request *r, unsigned buffer, uint64_t access)
{
    return (r->ev->buf_len[buffer] & access) == access;
}

/* ---- pipes (pipe.c) ---- */
struct pipe;
must_check err_t pipe_new(struct pipe **out); /* with a reader and a writer */
void pipe_end_drop(struct pipe *p, enum file_kind end);
err_t pipe_read(struct request *r, struct file *f);
err_t pipe_write(struct request *r, struct file *f);
uint64_t pipe_fill(const struct file *f);  /* bytes in it */
int pipe_ready(const struct file *f);      /* FS_POLL* */
uint64_t pipes_used(void);
/* pipequick.c. Answers id, unless that is 0, and receives; what is quick is answered at once, and the next event received. Only while
 * there is nothing to do but wait: what it does by itself changes nothing of that. */
void pipes_receive(reply_id_t id, const struct ipc_msg *reply, struct ipc_event *ev);
must_check err_t pipe_new_fifo(struct vnode *v); /* v->fifo, with neither reader nor writer: pipe_end_open() follows */
void pipe_end_open(const struct file *f);
bool pipe_has_other(const struct file *f), pipe_has_readers(const struct pipe *p);
uint64_t pipe_opened_other(const struct file *f); /* how often */
struct wait_queue *pipe_opens(const struct file *f);
struct vnode *pipe_vnode(const struct file *f);   /* of a FIFO, else 0 */

/* ---- FIFOs (fifo.c) ---- */
must_check err_t fifo_open(struct request *r, struct vnode *v, uint32_t flags, struct file **out);
must_check err_t fifo_open_on(struct request *r, struct file **out);

/* ---- locks (lock.c) ---- */
void locks_closed(struct file *f, uint32_t pid); /* pid closes a descriptor of f */
void locks_file_ends(struct file *f);
uint64_t locks_used(void);

/* ---- questions to procmgr (asked.c) ---- */
struct question {
    uint8_t kind;        /* enum fs_ask */
    bool answered;
    uint32_t number;     /* pid or place */
    uint32_t known_len;  /* processes that this request was told of before: they were there */
    uint32_t known[QUESTIONS_MAX];
    union fs_told told;
};
/* For the request that is looked at now. LATER_PROC: it runs again when that is known. OK: *out is procmgr's answer to this request;
 * 0: it had one about this process, which is not there any more: the process was there. ERR_NOENT: there is none such; FS_ERR_LOOP: it
 * has asked for QUESTIONS_MAX others. */
must_check err_t ask_process(uint32_t pid, const struct fs_process **out);
must_check err_t ask_list(uint32_t place, const struct fs_list **out);
void question_send(void);                         /* procmgr is told that there is one */
void question_end(struct question *q);            /* 0: nothing */
extern unsigned questions_open;                   /* requests that wait for an answer */
struct waiting *question_oldest(void);            /* request.c: of those; 0: none */
void question_wake(struct waiting *w);            /* request.c: it has its answer */
void question_fail(struct waiting *w, err_t err); /* request.c: it gets none; that is what its client is told */

/* ---- paths (path.c) ---- */
#define WALK_PARENT 1u   /* the last name may be missing */
#define WALK_NOFOLLOW 2u /* a link at the end is meant itself */
struct walk {
    struct vnode *dir;    /* WALK_PARENT: where `name` is; 0: the path ends with "." or ".." or is "/" */
    struct vnode *node;   /* what the path names; 0: there is none (WALK_PARENT only) */
    const char *name;     /* in memory that the next walk of the same slot overwrites */
    unsigned len;
    bool slash;           /* the path ends with a slash: a directory is meant */
    bool dot;             /* its last name is "." */
};
/* The path in buffer `buffer`. Drops nothing on success: walk_end(). */
must_check err_t path_walk(struct request *r, unsigned buffer, unsigned how, struct walk *out);
void walk_end(struct walk *w);
/* open.c: the file's length, and that of its pages that are mapped. */
must_check err_t vnode_truncate(struct vnode *v, uint64_t size);
/* stat.c: all of it is where it stays, what mappings stored included. Of a file on the disk in a job. */
must_check err_t vnode_sync(struct vnode *v);
must_check err_t path_fetch(struct request *r, unsigned buffer, char to[FS_PATH_MAX]);
must_check err_t path_of(struct request *r, struct vnode *dir, char path[FS_PATH_MAX], uint64_t *bytes); /* with nul; ERR_NOENT */
struct vnode *step_mounts(struct vnode *v); /* passes on the use */
struct vnode *dir_parent(struct vnode *dir, err_t *err); /* with a use */

/* ---- file systems ---- */
extern struct vnode *root;
must_check err_t ram_start(void);          /* the tree: /, /tmp, /bin of the boot image, /dev, /proc; on error nothing was made */
uint64_t ram_used(void);
#define RDEV_CONSOLE FS_RDEV_CONSOLE
#define RDEV_NULL 2u
#define RDEV_ZERO FS_RDEV_ZERO
#define RDEV_RANDOM 4u
#define RDEV_FULL 5u
#define RDEV_OPEN 8u  /* and two more: opened, it is descriptor 0, 1, 2 once more */
#define RDEV_TEXT 16u /* and above: pages of text */
#define RDEV_FD 0x10000u /* and above: descriptor 0 and so on once more */
void fdfs_mount(struct vnode *on); /* fdfs.c: /dev/fd */
void procfs_mount(struct vnode *on); /* procfs.c: processes, over the pages of /proc */
err_t dev_read(struct request *r, uint64_t rdev, uint64_t offset);
err_t dev_write(struct request *r, uint64_t rdev);

uint64_t clock_ns(ticks_t t); /* main.c: since the clock began */
void fill_stat(const struct vnode *v, struct stat *st);
err_t file_read(struct request *r, struct file *f, uint64_t offset, bool moves);
err_t file_write(struct request *r, struct file *f, uint64_t offset, bool moves);

#endif
