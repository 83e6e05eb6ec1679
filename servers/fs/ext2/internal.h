/* SPDX-License-Identifier: MIT
 * What the files of ext2 share.
 *
 * Frees lag behind: a block that a pointer let go, and an inode whose last name went, keep their bits in the bitmaps until the
 * disk no longer mentions them (commit.c), so nothing is in use twice, at any cut. So does a link count: on the disk it is
 * lowered only when the name is gone from there.
 */
#ifndef EXT2_INTERNAL_H
#define EXT2_INTERNAL_H

#include <errno.h>
#include <string.h>

#include "buffer.h"
#include "ext2.h"
#include "format.h"

#define NODE_CHAINS 256u
#define FREES_MAX 1024u      /* extents of blocks that wait for a commit */
#define FREES_PER_STEP 16u   /* extents that one call may add without looking */
#define OPERATION_BUFFERS 32u /* blocks that one step of a call may make dirty */
#define OPERATION_BLOCKS 8u  /* blocks that one step of a call may allocate: a name that makes its directory grow, and its file */
#define LINKS_MAX 32000u

struct extent {
    uint32_t start, count;
};

struct ext2_node {
    uint32_t ino; /* 0: no file */
    uint32_t holds;
    struct ext2_node *chain, *pending_next;
    bool pending;       /* in ext2.pending */
    uint32_t drops;     /* names that went, which the inode on the disk still counts */
    uint32_t links;     /* without drops */
    uint16_t mode;
    uint32_t uid, gid, sectors, flags, acl_block;
    uint64_t size;
    struct ext2_time atime, mtime, ctime;
    uint32_t dtime;
    uint32_t block[BLOCK_POINTERS];
    uint32_t goal;      /* where the next block had best be */
    uint32_t room_hint, room_need; /* directory: no room for an entry of room_need bytes before this block */
    uint64_t read_next; /* where the last read ended */
    /* Names it got since the last commit: a name may go only after they are on the disk. Good while added_epoch is ext2.epoch. */
    uint32_t born_epoch, added_epoch, added_block; /* the directory block, when there is one such name only: */
    uint8_t added_order;
    bool added_more;
    bool reserved; /* it has a block behind its end, which is being filled */
};

struct ext2 {
    struct cache cache;
    void (*now)(struct ext2_time *out);
    int64_t behind; /* seconds by which that clock is behind the disk: a machine without one begins at 1970 */
    struct buffer *super_buffer; /* pinned */
    struct super *super;
    uint32_t blocks_count, inodes_count, first_data_block, blocks_per_group, inodes_per_group, groups;
    uint32_t block_bytes, block_shift, pointers, pointers_shift, inode_bytes, first_ino, groups_block;
    bool read_only, has_types, unclean, marked; /* marked: the disk says that it is in use */
    const char *complaint;
    struct ext2_node *node;
    unsigned nodes, node_hand;
    struct ext2_node *chain[NODE_CHAINS];
    struct ext2_node *pending; /* nodes with drops, or without a name and not held */
    struct extent frees[FREES_MAX];
    unsigned frees_count;
    uint32_t epoch; /* commits, from 1 */
    bool shared;    /* several calls that read may be under way: nothing may be changed */
};

/* The time, never before the disk was written last: e2fsck takes dates near 1970 for something else. */
static inline void ext2_now(const struct ext2 *fs, struct ext2_time *out)
{
    fs->now(out);
    out->seconds += fs->behind;
}
/* A damaged structure: note it. Returns -EIO. */
int ext2_corrupt(struct ext2 *fs, const char *what);
/* Before each step of a call that changes something: the file system may be written, there is room in the cache and in the
 * lists, and `blocks` blocks are free (committing when that helps). -EROFS, -ENOSPC, -EIO. The step must not commit. */
int ext2_begin(struct ext2 *fs, unsigned blocks);

/* ---- alloc.c ---- */
bool ext2_block_ok(struct ext2 *fs, uint32_t block); /* one that a file may have: inside, and no bitmap or table */
int ext2_group(struct ext2 *fs, uint32_t group, struct buffer **b, struct group **g);
int ext2_block_new(struct ext2 *fs, uint32_t goal, uint32_t *block);
int ext2_inode_new(struct ext2 *fs, uint32_t dir_ino, bool is_dir, uint32_t *ino);
int ext2_inode_bit_clear(struct ext2 *fs, uint32_t ino, bool is_dir);
void ext2_block_free(struct ext2 *fs, uint32_t block); /* after the next commit; the caller saw room in frees */
int ext2_frees_release(struct ext2 *fs);               /* the disk no longer mentions them */
uint32_t ext2_group_first(const struct ext2 *fs, uint32_t group);
int ext2_count_again(struct ext2 *fs);                 /* free counts from the bitmaps */
static inline bool ext2_frees_full(const struct ext2 *fs) { return fs->frees_count + FREES_PER_STEP > FREES_MAX; }

/* ---- node.c ---- */
int ext2_inode_read(struct ext2 *fs, uint32_t ino, struct buffer **b, struct inode **raw);
int ext2_node_store(struct ext2 *fs, struct ext2_node *n);
int ext2_node_store_new(struct ext2 *fs, struct ext2_node *n); /* over whatever was in the inode */
int ext2_node_new(struct ext2 *fs, struct ext2_node **out);    /* held, without a file: ext2_node_name() or ext2_put() */
void ext2_node_name(struct ext2 *fs, struct ext2_node *n, uint32_t ino);
void ext2_node_pend(struct ext2 *fs, struct ext2_node *n);
void ext2_node_forget(struct ext2 *fs, struct ext2_node *n);   /* its inode is free */
void ext2_node_drop(struct ext2 *fs, struct ext2_node *n, uint32_t names);
void ext2_touch(struct ext2 *fs, struct ext2_node *n);         /* modified and changed now */

int ext2_node_orphan(struct ext2 *fs, uint32_t ino);           /* read it, for the next commit to free */

/* ---- map.c ---- */
/* missing: blocks that ext2_map_new() would allocate. */
int ext2_map_look(struct ext2 *fs, struct ext2_node *n, uint32_t at, uint32_t *block, unsigned *missing);
int ext2_map(struct ext2 *fs, struct ext2_node *n, uint32_t at, uint32_t *block); /* *block 0: a hole */
/* Whether `at` is in a hole; so are, or are not, *blocks from there on. */
int ext2_map_extent(struct ext2 *fs, struct ext2_node *n, uint32_t at, bool *hole, uint64_t *blocks);
/* Allocate what is missing. *fresh: the block is new, its content unspecified. */
int ext2_map_new(struct ext2 *fs, struct ext2_node *n, uint32_t at, uint32_t *block, bool *fresh);
uint64_t ext2_blocks_max(const struct ext2 *fs);
/* A symbolic link whose text is in the inode. */
static inline bool ext2_is_short_link(const struct ext2 *fs, const struct ext2_node *n)
{
    return ext2_is_link(n) && n->sectors <= (n->acl_block ? fs->block_bytes / SECTOR_BYTES : 0);
}
static inline enum buffer_stage ext2_pointer_stage(const struct buffer *b) { return b->fresh ? STAGE_FIRST : STAGE_POINTER; }

/* ---- shrink.c ---- */
/* Let go of blocks from number `keep` on, as many as frees has room for. *done: none is left. Does not store the node. */
void ext2_shrink_step(struct ext2 *fs, struct ext2_node *n, uint32_t keep, bool *done);
int ext2_attributes_free(struct ext2 *fs, struct ext2_node *n);

/* ---- dir.c ---- */
struct slot {
    struct buffer *b; /* pinned */
    uint32_t offset;  /* of the entry */
    uint32_t before;  /* of the one before it in the block, NO_OFFSET: it is the first */
    uint32_t at;      /* the block's number in the directory */
    uint32_t ino;
};
#define NO_OFFSET (~0u)
static inline struct entry *ext2_entry_at(const struct slot *s) { return (struct entry *)(s->b->data + s->offset); }
/* The same name again, in the same block, after that was changed. The pin stays one. */
int ext2_dir_find_again(struct ext2 *fs, struct slot *s, const char *name, size_t len);
int ext2_dir_find(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, struct slot *out);
/* A place for a new name; makes the directory grow. The caller has begun with blocks for that. */
int ext2_dir_room(struct ext2 *fs, struct ext2_node *dir, size_t len, struct slot *out);
int ext2_dir_put(struct ext2 *fs, const struct slot *s, const char *name, size_t len, uint32_t ino, uint16_t mode);
void ext2_dir_replace(struct ext2 *fs, const struct slot *s, uint32_t ino, uint16_t mode);
void ext2_dir_remove(struct ext2 *fs, struct ext2_node *dir, const struct slot *s);
/* Before a name of n goes from block b: make b come after the blocks with n's new names. May commit. */
int ext2_dir_order(struct ext2 *fs, const struct ext2_node *n, struct buffer *b);
/* The order at which a name in block b of dir is on the disk and found: that of b, or of dir's own new name. */
unsigned ext2_dir_name_order(const struct ext2 *fs, const struct ext2_node *dir, const struct buffer *b);
/* n has a new name there. */
void ext2_dir_added(struct ext2 *fs, struct ext2_node *n, const struct ext2_node *dir, const struct buffer *b);
int ext2_dir_start(struct ext2 *fs, struct ext2_node *dir, uint32_t parent); /* "." and ".." of a new one */
int ext2_dir_empty(struct ext2 *fs, struct ext2_node *dir);                  /* 0, -ENOTEMPTY */

/* ---- name.c, for rename.c ---- */
int ext2_check_name(const struct ext2_node *dir, const char *name, size_t len);
int ext2_begin_growth(struct ext2 *fs);
void ext2_parent_drop(struct ext2 *fs, struct ext2_node *dir); /* it has one directory less */

/* ---- commit.c, recover.c ---- */
int ext2_mark(struct ext2 *fs, bool in_use); /* on the disk, at once */
int ext2_recover(struct ext2 *fs);

#endif
