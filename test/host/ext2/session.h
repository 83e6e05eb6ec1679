/* SPDX-License-Identifier: MIT
 * A mounted disk and short words for what is done with it, for tests of ext2.
 */
#ifndef TEST_SESSION_H
#define TEST_SESSION_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk.h"

static struct disk disk;
static struct ext2 *fs;
static struct ext2_node *root;

static inline void open_disk(size_t bytes, const char *options, unsigned buffers_kib)
{
    disk_make(&disk, bytes, options, NULL);
    assert_int_equal(disk_mount(&disk, buffers_kib, &fs), 0);
    assert_int_equal(ext2_root(fs, &root), 0);
}

static inline void remount(unsigned buffers_kib)
{
    ext2_put(fs, root);
    assert_int_equal(ext2_unmount(fs), 0);
    assert_int_equal(disk_mount(&disk, buffers_kib, &fs), 0);
    assert_int_equal(ext2_root(fs, &root), 0);
}

static inline void check_clean(void)
{
    const char *said;
    int status = disk_fsck(&disk, "-fn", &said);
    if (status != 0)
        fail_msg("e2fsck: %d\n%s", status, said);
}

static inline void close_disk(void)
{
    ext2_put(fs, root);
    assert_int_equal(ext2_unmount(fs), 0);
    assert_null(ext2_complaint(fs));
    check_clean();
    disk_free(&disk);
}

static inline struct ext2_node *node(struct ext2_node *dir, const char *name)
{
    uint32_t ino;
    struct ext2_node *n;
    if (ext2_lookup(fs, dir, name, strlen(name), &ino) != 0)
        return NULL;
    assert_int_equal(ext2_get(fs, ino, &n), 0);
    return n;
}

static inline int make(struct ext2_node *dir, const char *name)
{
    struct ext2_node *n;
    int err = ext2_create(fs, dir, name, strlen(name), 0644, &n);
    if (err == 0)
        ext2_put(fs, n);
    return err;
}

static inline int make_dir(struct ext2_node *dir, const char *name) { return ext2_mkdir(fs, dir, name, strlen(name), 0755); }
static inline int drop(struct ext2_node *dir, const char *name) { return ext2_unlink(fs, dir, name, strlen(name)); }
static inline int drop_dir(struct ext2_node *dir, const char *name) { return ext2_rmdir(fs, dir, name, strlen(name)); }
static inline int move(struct ext2_node *a, const char *from, struct ext2_node *b, const char *to)
{
    return ext2_rename(fs, a, from, strlen(from), b, to, strlen(to));
}

/* Bytes that say where they are. */
static inline void fill(uint8_t *to, size_t n, uint64_t offset, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)((offset + i) * 31 + ((offset + i) >> 8) * 7 + seed);
}

static inline void write_all(struct ext2_node *n, uint64_t offset, size_t bytes, unsigned seed)
{
    uint8_t *data = malloc(bytes);
    fill(data, bytes, offset, seed);
    assert_int_equal(ext2_write(fs, n, offset, data, bytes), bytes);
    free(data);
}

static inline void check_all(struct ext2_node *n, uint64_t offset, size_t bytes, unsigned seed)
{
    uint8_t *want = malloc(bytes), *got = malloc(bytes);
    fill(want, bytes, offset, seed);
    assert_int_equal(ext2_read(fs, n, offset, got, bytes), bytes);
    assert_memory_equal(want, got, bytes);
    free(want);
    free(got);
}

static inline void check_zero(struct ext2_node *n, uint64_t offset, size_t bytes)
{
    uint8_t *got = malloc(bytes);
    assert_int_equal(ext2_read(fs, n, offset, got, bytes), bytes);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(got[i], 0);
    free(got);
}

#endif
