/* SPDX-License-Identifier: MIT
 * What a file system gives the file server: files and directories (vnodes) and what can be done with them. The tree in
 * memory (ram.c) and a file system on a disk are two of its kind. The server above knows paths, descriptors and clients; a
 * file system knows none of them, and sees no client's memory.
 *
 * Rules for all operations
 * - They end: what a device has to be asked for is waited for, but never anything that a client, procmgr, the console or init's
 *   worker would have to do first. The device's server must wait for nobody.
 * - Check first, then change: after an error nothing has changed.
 * - Names are 1 to FS_NAME_MAX bytes without a slash and without a nul, not nul-terminated, and never "." ; ".." is asked of
 *   lookup() only, and never at a file system's root. The server has checked that `dir` is a directory and that both vnodes of
 *   an operation are of one file system.
 * - Errors: those of abi/error.h and ipc/fs.h. ERR_NOENT, ERR_EXIST, ERR_IO, FS_ERR_NOSPC, FS_ERR_ROFS, FS_ERR_NOTEMPTY,
 *   FS_ERR_MLINK, FS_ERR_FBIG, ERR_NOMEM are what one expects.
 */
#ifndef FS_VNODE_H
#define FS_VNODE_H

#include <ipc/fs.h>
#include <sys/stat.h> /* S_IF*, as programs see them */

struct vnode_ops;

/* One file, in memory as long as anybody uses it, and longer if its file system likes. There is one vnode per file: whoever
 * looks the same file up gets the same one. A file system puts this first in a structure of its own. */
struct vnode {
    const struct vnode_ops *ops;
    uint64_t number;       /* inode number; never 0 */
    uint32_t fs;           /* number of the file system: st_dev */
    uint32_t mode;         /* S_IF* and permission bits */
    bool nameless;         /* it never had a name, and may be given one */
    bool read_only;        /* neither it nor, of a directory, its names can change: the server refuses with FS_ERR_ROFS */
    uint32_t links;        /* 0: no name any more; the file goes with its last use */
    uint32_t uses;         /* the server's: descriptors, working directories, paths being walked */
    uint64_t size;         /* bytes */
    uint64_t blocks;       /* of 512 bytes, what it takes */
    uint64_t rdev;         /* devices */
    int64_t atime_ns, mtime_ns, ctime_ns; /* since 1970; of access: as it was set, reading leaves no trace */
    struct vnode *mounted; /* the server's: root of the file system that is mounted here */
    struct pipe *fifo;     /* the server's: of a FIFO that somebody has open */
    struct lock *locks;    /* the server's */
    struct vnode *covers;  /* the server's: of a root, the directory it is mounted on */
    struct mapped *mapped; /* the server's: programs map it */
    uint32_t writers;      /* the server's: descriptions that it is open for writing by, */
    uint32_t runs;         /* and processes that run it: never both */
};

enum vnode_access { VNODE_READ, VNODE_WRITE };
enum vnode_extent { VNODE_DATA, VNODE_HOLE };

struct vnode_entry {
    uint64_t number;
    uint32_t type;         /* S_IF* */
    unsigned len;
    char name[FS_NAME_MAX];
};

struct vnode_ops {
    /* The file of that name; *out with a use for the caller, as wherever a vnode is handed out. */
    err_t (*lookup)(struct vnode *dir, const char *name, unsigned len, struct vnode **out);
    /* A new file or directory; ERR_EXIST. mode has S_IFREG, S_IFIFO, S_IFDIR or S_IFLNK, and for the latter `target` is what it says. */
    err_t (*create)(struct vnode *dir, const char *name, unsigned len, uint32_t mode, const char *target, struct vnode **out);
    /* A new regular file that has no name yet: links 0, nameless. 0 instead of the function: none such here. */
    err_t (*create_nameless)(struct vnode *dir, uint32_t mode, struct vnode **out);
    err_t (*link)(struct vnode *dir, const char *name, unsigned len, struct vnode *file);
    /* The name goes, of a directory only when it is empty (FS_ERR_NOTEMPTY). `file` is what the name means. */
    err_t (*unlink)(struct vnode *dir, const char *name, unsigned len, struct vnode *file);
    /* `file`, which is `name` in `from`, becomes `new_name` in `to`; `replaced` had that name (0: nobody) and loses it as by
     * unlink(). In one step: afterwards, also after a crash, the file has one of the names at least. The server has checked
     * that kinds match and that a directory does not go into itself. */
    err_t (*rename)(struct vnode *from, const char *name, unsigned len, struct vnode *to, const char *new_name,
                    unsigned new_len, struct vnode *file, struct vnode *replaced);
    /* The entry at or after *cookie (0: the first), "." and ".." among them; *cookie becomes that of the next. ERR_NOENT: no
     * more. Entries that come or go meanwhile may be seen or not; no other is left out or comes twice. */
    err_t (*next)(struct vnode *dir, uint64_t *cookie, struct vnode_entry *out);
    /* The name that dir has in its parent; never asked of a root, whose name the file system below has. 0 instead of the function: one looks for its number there. */
    void (*name)(const struct vnode *dir, struct vnode_entry *out);
    /* Before bytes of a file are read from offset on: what they are is found out now, and how many. 0 instead of the function: they
     * are there. It may ask to be tried again later (LATER_PROC). */
    err_t (*make)(struct vnode *file, uint64_t offset);
    /* Where the bytes of a file (or what a link says) lie from offset on: *at for *len bytes, at least one, seldom more than a
     * page; good until the next operation on any file. VNODE_READ: offset < size. VNODE_WRITE: room is made, holes read as
     * zeros, size stays; the bytes count when wrote() says so. */
    err_t (*bytes)(struct vnode *file, uint64_t offset, enum vnode_access access, void **at, uint64_t *len);
    /* What lies at offset, before the end: bytes that have a place, or a hole, which reads as zeros and takes none. *len bytes are of that
     * kind at least, one or more; the end may come earlier. 0 instead of the function: the file has no holes. */
    err_t (*extent)(struct vnode *file, uint64_t offset, enum vnode_extent *what, uint64_t *len);
    /* Page number `index` of the file, before its end: where it is, as long as the file is and does not end before it. 0 instead of
     * the function: the file is not made of whole pages in memory. */
    err_t (*page)(struct vnode *file, uint64_t index, void **at);
    /* Bytes from bytes(VNODE_WRITE) have been filled in: the size grows over them, the times move. Can't fail. */
    void (*wrote)(struct vnode *file, uint64_t offset, uint64_t len);
    /* Bytes beyond are gone; a file that grows reads as zeros there. */
    err_t (*truncate)(struct vnode *file, uint64_t size);
    /* Room: *out has the bytes of a block, blocks, free ones, inodes, free ones. */
    void (*room)(struct vnode *any, uint64_t out[5]);
    /* Permission bits, or times, were changed in the vnode: note it. */
    err_t (*changed)(struct vnode *file);
    /* All of the file that is not on the medium goes there; file 0: of the whole file system, which `any` is of. */
    err_t (*sync)(struct vnode *file, struct vnode *any);
    /* The last use is gone. With links == 0 the file ends here. */
    void (*release)(struct vnode *file);
};

static inline bool vnode_is(const struct vnode *v, uint32_t type) { return (v->mode & S_IFMT) == type; }
#define PERMISSIONS 07777u /* of st_mode */
static inline bool is_dir(const struct vnode *v) { return vnode_is(v, S_IFDIR); }

static inline struct vnode *vnode_hold(struct vnode *v)
{
    v->uses++;
    return v;
}

static inline void vnode_drop(struct vnode *v)
{
    if (v && --v->uses == 0)
        v->ops->release(v);
}

/* Now, in ns since 1970 (the clock of this system begins there at boot). */
int64_t vnode_now(void);

/* ---- memory for file systems (pool.c): pages that are never paged, counted against the server's limit ---- */

/* A page of zeros; 0: no memory. */
void *page_new(void);
void *file_page_new(void); /* for what files are made of: leaves the last part of the pool to the server's own records */
void page_free(void *page);

#endif
