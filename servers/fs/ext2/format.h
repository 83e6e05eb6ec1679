/* SPDX-License-Identifier: MIT
 * ext2 as it lies on the disk: little-endian, as all machines are that this is compiled for.
 * Source: Card, Ts'o, Tweedie, "Design and Implementation of the Second Extended Filesystem"; e2fsprogs, lib/ext2fs/ext2_fs.h.
 */
#ifndef EXT2_FORMAT_H
#define EXT2_FORMAT_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structures are read as they lie on the disk");

#define SUPER_OFFSET 1024u
#define SUPER_MAGIC 0xef53u
#define ROOT_INO 2u
#define FIRST_INO_OLD 11u  /* first inode for files, revision 0 */
#define INODE_BYTES_OLD 128u
#define REVISION_OLD 0u

struct super {
    uint32_t inodes_count, blocks_count, reserved_blocks, free_blocks;
    uint32_t free_inodes, first_data_block, log_block_bytes, log_fragment_bytes; /* logs: of 1,024 */
    uint32_t blocks_per_group, fragments_per_group, inodes_per_group, mounted_at;
    uint32_t written_at;
    uint16_t mounts, mounts_max, magic, state;
    uint16_t errors, revision_minor;
    uint32_t checked_at, check_interval, creator, revision;
    uint16_t reserved_uid, reserved_gid;
    uint32_t first_ino;
    uint16_t inode_bytes, this_group;
    uint32_t compat, incompat, ro_compat;
    uint8_t uuid[16];
    char label[16];
    char last_mounted[64];
    uint32_t compression;
    uint8_t prealloc_blocks, prealloc_dir_blocks;
    uint16_t reserved_gdt_blocks;
    uint8_t rest[1024 - 208];
};
_Static_assert(sizeof(struct super) == 1024, "super block");

#define STATE_CLEAN 1u
#define STATE_ERRORS 2u
/* What is understood. An unknown bit of `incompat` refuses the mount, one of `ro_compat` makes it read-only, `compat` is free. */
#define INCOMPAT_FILETYPE 0x2u
#define RO_COMPAT_SPARSE_SUPER 0x1u
#define RO_COMPAT_LARGE_FILE 0x2u
#define INCOMPAT_KNOWN INCOMPAT_FILETYPE
#define RO_COMPAT_KNOWN (RO_COMPAT_SPARSE_SUPER | RO_COMPAT_LARGE_FILE)

struct group {
    uint32_t block_bitmap, inode_bitmap, inode_table;
    uint16_t free_blocks, free_inodes, directories, pad;
    uint8_t rest[12];
};
_Static_assert(sizeof(struct group) == 32, "group descriptor");

#define DIRECT_BLOCKS 12u
#define BLOCK_POINTERS 15u /* 12 direct, then the roots of trees of depth 1, 2 and 3 */

struct inode {
    uint16_t mode, uid;
    uint32_t size;
    uint32_t atime, ctime, mtime, dtime;
    uint16_t gid, links;
    uint32_t sectors; /* of 512 bytes, trees and attributes included */
    uint32_t flags, version;
    uint32_t block[BLOCK_POINTERS]; /* or the text of a short symbolic link */
    uint32_t generation, acl_block, size_high, fragment;
    uint8_t fragment_number, fragment_bytes;
    uint16_t pad;
    uint16_t uid_high, gid_high;
    uint32_t pad2;
    /* only in inodes of more than 128 bytes, as far as extra_bytes says */
    uint16_t extra_bytes, checksum_high;
    uint32_t ctime_extra, mtime_extra, atime_extra, crtime, crtime_extra;
};
_Static_assert(sizeof(struct inode) == 152, "inode with the times' extra words");
#define INODE_EXTRA_USED (sizeof(struct inode) - INODE_BYTES_OLD)

#define INODE_FLAG_INDEX 0x1000u /* a hashed directory; readers and careful writers may ignore it, who adds must clear it */
/* In `fragment`, which nobody uses: no name is left, but somebody has it open. Read at the next mount only (recover.c). */
#define ORPHAN_MARK 0x6e617068u

#define MODE_TYPE 0170000u
#define MODE_SOCKET 0140000u
#define MODE_LINK 0120000u
#define MODE_FILE 0100000u
#define MODE_BLOCK 0060000u
#define MODE_DIR 0040000u
#define MODE_CHAR 0020000u
#define MODE_FIFO 0010000u

struct entry {
    uint32_t ino;   /* 0: room */
    uint16_t bytes; /* to the next entry; a multiple of 4, never across a block */
    uint8_t name_bytes, type; /* type: with INCOMPAT_FILETYPE, else the high byte of the length */
    char name[];
};
#define ENTRY_HEAD_BYTES 8u
#define NAME_MAX_BYTES 255u
enum entry_type { ENTRY_UNKNOWN, ENTRY_FILE, ENTRY_DIR, ENTRY_CHAR, ENTRY_BLOCK, ENTRY_FIFO, ENTRY_SOCKET, ENTRY_LINK };

#define ATTRIBUTES_MAGIC 0xea020000u
struct attributes { /* head of a block with extended attributes, which several inodes may share */
    uint32_t magic, references, blocks, hash;
};

#endif
