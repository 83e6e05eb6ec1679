/* SPDX-License-Identifier: MIT
 * A disk in the host's memory for tests of ext2: made by mke2fs, checked by e2fsck, with a log of what was written, and errors
 * on request.
 */
#ifndef TEST_DISK_H
#define TEST_DISK_H

#include "../../../servers/fs/ext2/ext2.h"

#define DISK_BYTES_MAX (64u << 20)

struct disk_write {
    uint64_t offset;
    uint32_t bytes;
    uint32_t epoch; /* flushes before it */
    uint8_t *data;
};

struct disk {
    struct block_device device;
    uint8_t *data;
    size_t bytes;
    bool logging;
    struct disk_write *log;
    unsigned log_count, log_room, epoch;
    /* Errors: the n-th request from now (1: the next) fails, 0: none; with `broken` all after it as well. */
    unsigned fail_read, fail_write, fail_flush;
    bool broken;
    uint64_t reads, writes, flushes;
};

/* size bytes, formatted by mke2fs with these options; content: a folder of the host to copy in, or NULL. */
void disk_make(struct disk *d, size_t bytes, const char *options, const char *content);
void disk_copy(struct disk *to, const struct disk *from);
void disk_free(struct disk *d);
void disk_log(struct disk *d, bool on); /* on: from here, empty */
/* Run e2fsck; what it said is in *said (static). Returns its exit status. The disk takes over what it repaired. */
int disk_fsck(struct disk *d, const char *options, const char **said);
/* A debugfs command; its output (static). */
const char *disk_debugfs(struct disk *d, const char *command);

/* ---- a file system on it, with static memory ---- */
#define TEST_NODES 64u
int disk_mount(struct disk *d, unsigned buffers_kib, struct ext2 **fs);
extern int64_t disk_clock; /* seconds, what `now` says */

#endif
