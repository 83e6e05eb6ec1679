/* SPDX-License-Identifier: MIT
 * An ext2 file system on a block device: the calls. No operating system is needed; test/host uses the same files.
 *
 * All functions return 0 (or a count) or a negative errno value. A damaged structure gives -EIO, never a crash or an endless
 * loop. Nothing is thread-safe; everything may wait for the device, but for ext2_put_is_quick() and what only looks at memory.
 * While it waits, others may call what only reads, when ext2_set_shared() said so: ext2_get, ext2_lookup, ext2_read_dir,
 * ext2_bytes_read, ext2_extent, ext2_read_link, and an ext2_put that is quick. What would have to change something then returns -EDEADLK.
 *
 * Power cuts: what a call changed reaches the disk at ext2_commit(), or earlier, in an order (buffer.h) that keeps every state
 * on the disk one that a file system without a journal may have: after a cut there may be space and inodes that nobody uses,
 * files without a name, and two names where one was renamed to another directory block; never a block with two owners or a name
 * without an inode. ext2_commit() is fsync() of everything.
 */
#ifndef EXT2_EXT2_H
#define EXT2_EXT2_H

#include "device.h"

struct ext2;
struct ext2_node; /* a file in memory; who holds it must ext2_put() it */

struct ext2_time {
    int64_t seconds; /* since 1970 */
    uint32_t nanoseconds;
};

struct ext2_setup {
    const struct block_device *device;
    void *tables;        /* for the heads of things, any alignment; ext2_tables_bytes() */
    size_t tables_bytes;
    void *buffers;       /* block contents: what the device reads and writes; aligned as the device needs it */
    size_t buffers_bytes; /* 64 blocks at least */
    unsigned nodes;      /* files in memory at once, EXT2_NODES_MIN at least */
    bool read_only;
    void (*now)(struct ext2_time *out);
};
#define EXT2_NODES_MIN 16u
#define EXT2_BUFFERS_MIN 64u

struct ext2_stat {
    uint32_t ino, uid, gid, links;
    uint16_t mode; /* as POSIX, with the type */
    uint64_t size_bytes, sectors;
    uint32_t device; /* of a device file */
    struct ext2_time accessed, modified, changed;
};

struct ext2_statfs {
    uint32_t block_bytes;
    uint64_t blocks, blocks_free, blocks_available; /* available: without what is kept for root on other systems */
    uint32_t inodes, inodes_free;
    bool read_only;
};

struct ext2_entry {
    uint32_t ino;
    uint16_t type; /* the type bits of a mode, 0: look at the inode */
    unsigned name_bytes;
    char name[256]; /* nul-terminated */
};

/* ---- the file system ---- */

/* Bytes of tables that so many nodes and so many bytes of buffers need. */
size_t ext2_tables_bytes(unsigned nodes, size_t buffers_bytes);
/* -EINVAL no ext2, or damaged beyond use; -ENOTSUP features that are not understood; -ENOMEM too little memory given. Features
 * that only a writer must know, and errors that another system noted, make it read-only. */
int ext2_mount(const struct ext2_setup *setup, struct ext2 **out);
/* All to the disk, in order, and durable. */
int ext2_commit(struct ext2 *fs);
/* ext2_commit(), and the disk says that it was left in good order (until the next change). */
int ext2_rest(struct ext2 *fs);
void ext2_set_shared(struct ext2 *fs, bool shared); /* several may be in calls that only read; at first they may not */
int ext2_unmount(struct ext2 *fs); /* nodes that are still held are lost; their files are as if the power had been cut */
void ext2_statfs(const struct ext2 *fs, struct ext2_statfs *out);
bool ext2_is_dirty(const struct ext2 *fs); /* a commit has something to do */
bool ext2_was_unclean(const struct ext2 *fs); /* not unmounted the last time: e2fsck gives lost space back */
/* What was found damaged last, NULL: nothing. */
const char *ext2_complaint(const struct ext2 *fs);

/* ---- nodes ---- */

int ext2_get(struct ext2 *fs, uint32_t ino, struct ext2_node **out); /* -ENFILE: all nodes are held */
int ext2_root(struct ext2 *fs, struct ext2_node **out);
void ext2_hold(struct ext2_node *n); /* once more */
void ext2_put(struct ext2 *fs, struct ext2_node *n); /* the last one of a file without a name: its space is free after a commit */
bool ext2_put_is_quick(const struct ext2_node *n); /* ext2_put() would neither wait nor change anything */
uint32_t ext2_ino(const struct ext2_node *n);
bool ext2_is_dir(const struct ext2_node *n);
bool ext2_is_link(const struct ext2_node *n);
void ext2_stat(const struct ext2_node *n, struct ext2_stat *out);
int ext2_chmod(struct ext2 *fs, struct ext2_node *n, uint16_t mode);
int ext2_set_times(struct ext2 *fs, struct ext2_node *n, const struct ext2_time *accessed, const struct ext2_time *modified);

/* ---- contents ---- */

long ext2_read(struct ext2 *fs, struct ext2_node *n, uint64_t offset, void *to, size_t bytes);
/* Fewer bytes than asked when the disk is full after them. A gap before offset is a hole. */
long ext2_write(struct ext2 *fs, struct ext2_node *n, uint64_t offset, const void *from, size_t bytes);
int ext2_truncate(struct ext2 *fs, struct ext2_node *n, uint64_t size_bytes);
/* The same without a copy: where the bytes at offset lie, good until the next call; *bytes of them, 0 at the end. */
int ext2_bytes_read(struct ext2 *fs, struct ext2_node *n, uint64_t offset, const void **at, size_t *bytes);
/* Room for bytes at offset; ext2_wrote() when they have been filled in, else ext2_trim() (ext2_put() does it, too). */
int ext2_bytes_write(struct ext2 *fs, struct ext2_node *n, uint64_t offset, void **at, size_t *bytes);
int ext2_wrote(struct ext2 *fs, struct ext2_node *n, uint64_t offset, size_t bytes);
int ext2_trim(struct ext2 *fs, struct ext2_node *n);
/* Whether there is a hole at offset, before the end, and how many bytes from there on are of the same kind at least. */
int ext2_extent(struct ext2 *fs, struct ext2_node *n, uint64_t offset, bool *hole, uint64_t *bytes);
uint64_t ext2_size_max(const struct ext2 *fs);
long ext2_read_link(struct ext2 *fs, struct ext2_node *n, char *to, size_t bytes);

/* ---- names: of one directory, not paths ---- */

int ext2_lookup(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, uint32_t *ino);
/* 1 and an entry ("." and ".." too), or 0 at the end. *position: 0 at first. */
int ext2_read_dir(struct ext2 *fs, struct ext2_node *dir, uint64_t *position, struct ext2_entry *out);
/* A file, or with its type in mode a FIFO. */
int ext2_create(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, uint16_t mode, struct ext2_node **out);
int ext2_mkdir(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, uint16_t mode);
int ext2_symlink(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, const char *target);
int ext2_link(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, struct ext2_node *n);
int ext2_unlink(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len);
int ext2_rmdir(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len);
int ext2_rename(struct ext2 *fs, struct ext2_node *from_dir, const char *from, size_t from_len, struct ext2_node *to_dir,
                const char *to, size_t to_len);

#endif
