/* SPDX-License-Identifier: MIT
 * Fuzzes ext2 with damaged disks: an image of mke2fs with files of all kinds, some of its bytes changed, is mounted, walked, read
 * and written. Whatever it says, nothing crashes, nothing goes on for ever (the disk counts requests), and the device is never
 * asked for a sector that it does not have.
 *
 * SOURCES: servers/fs/ext2/ test/host/ext2/disk.c
 * INCLUDES: test/host/ext2 test/host/fuzz
 * RUNS: 1500
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "disk.h"
#include "input.h"

#define IMAGE_BYTES (160u << 10)
#define REQUESTS_MAX 200000u
#define WALK_DEPTH 6u
#define ENTRIES_MAX 64u

static struct disk pristine, disk;
static struct ext2 *fs;
static unsigned steps;

static int put_file(struct ext2_node *dir, const char *name, uint64_t at, size_t bytes)
{
    static uint8_t data[65536];
    struct ext2_node *n;
    memset(data, name[0], sizeof data);
    int err = ext2_create(fs, dir, name, strlen(name), 0644, &n);
    if (err != 0)
        return err;
    (void)ext2_write(fs, n, at, data, bytes);
    ext2_put(fs, n);
    return 0;
}

/* One of everything: the damaged bytes have something to hit. */
static void prepare(void)
{
    struct ext2_node *root, *d;
    uint32_t ino;
    char name[16];
    disk_make(&pristine, IMAGE_BYTES, "-b 1024 -N 64", NULL);
    MUST(disk_mount(&pristine, 128, &fs) == 0 && ext2_root(fs, &root) == 0);
    MUST(ext2_mkdir(fs, root, "dir", 3, 0755) == 0 && ext2_lookup(fs, root, "dir", 3, &ino) == 0 && ext2_get(fs, ino, &d) == 0);
    MUST(put_file(root, "small", 0, 100) == 0 && put_file(root, "large", 0, 40000) == 0);
    MUST(put_file(d, "double", 300u << 10, 5000) == 0 && put_file(d, "triple", 70000ul << 10, 2000) == 0);
    for (unsigned i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "entry-%u", i);
        MUST(put_file(d, name, 0, 1) == 0);
    }
    MUST(ext2_symlink(fs, root, "short", 5, "dir/double") == 0);
    memset(name, 'x', 15);
    static char target[100];
    memset(target, 'y', 99);
    MUST(ext2_symlink(fs, d, "long", 4, target) == 0);
    ext2_put(fs, d);
    ext2_put(fs, root);
    MUST(ext2_unmount(fs) == 0 && ext2_complaint(fs) == NULL);
    disk_copy(&disk, &pristine);
    disk.device.context = &disk;
}

/* Bytes of the metadata mostly: they lie at the start. */
static void damage(void)
{
    memcpy(disk.data, pristine.data, IMAGE_BYTES);
    unsigned count = take8() % 12;
    for (unsigned i = 0; i < count; i++) {
        uint32_t at = (uint32_t)take_word() % IMAGE_BYTES, bytes = 1u << take8() % 3;
        if (take8() % 4)
            at = 1024 + at % (24u << 10);
        uint64_t value = take8() % 3 ? take_word() : take8() % 200; /* small numbers are block numbers */
        memcpy(disk.data + (at & ~(bytes - 1)), &value, bytes);
    }
}

static void use_file(struct ext2_node *n)
{
    static uint8_t data[20000];
    struct ext2_stat s;
    uint64_t at = take_word() % (80u << 20);
    ext2_stat(n, &s);
    switch (take8() % 5) {
    case 0: (void)ext2_read(fs, n, 0, data, sizeof data); break;
    case 1: (void)ext2_read(fs, n, s.size_bytes > 5000 ? s.size_bytes - 5000 : at, data, sizeof data); break;
    case 2: (void)ext2_write(fs, n, at, data, 1 + at % sizeof data); break;
    case 3: (void)ext2_truncate(fs, n, at % (take8() + 1u)); break;
    default: (void)ext2_read_link(fs, n, (char *)data, sizeof data); break;
    }
}

static void change_dir(struct ext2_node *d, const struct ext2_entry *e)
{
    struct ext2_node *n;
    switch (take8() % 8) {
    case 0: (void)ext2_unlink(fs, d, e->name, e->name_bytes); break;
    case 1: (void)ext2_rmdir(fs, d, e->name, e->name_bytes); break;
    case 2: (void)ext2_mkdir(fs, d, "new", 3, 0755); break;
    case 3: (void)ext2_rename(fs, d, e->name, e->name_bytes, d, "moved-to-a-longer-name", 22); break;
    case 4: (void)ext2_symlink(fs, d, "link", 4, "target"); break;
    case 5: (void)put_file(d, "another", 0, 3000); break;
    case 6:
        if (ext2_get(fs, e->ino, &n) == 0) {
            (void)ext2_link(fs, d, "second", 6, n);
            ext2_put(fs, n);
        }
        break;
    default: (void)ext2_commit(fs); break;
    }
}

static void walk(struct ext2_node *d, unsigned depth)
{
    struct ext2_entry e;
    uint64_t position = 0;
    for (unsigned i = 0; i < ENTRIES_MAX && ext2_read_dir(fs, d, &position, &e) == 1; i++) {
        struct ext2_node *n;
        MUST(e.name_bytes < sizeof e.name);
        if (++steps > 400 || ext2_get(fs, e.ino, &n) != 0)
            continue;
        if (ext2_is_dir(n) && depth < WALK_DEPTH)
            walk(n, depth + 1);
        else
            use_file(n);
        if (ext2_is_dir(n) && take8() % 4 == 0)
            (void)ext2_rename(fs, d, e.name, e.name_bytes, n, "into", 4);
        ext2_put(fs, n);
        if (take8() % 3 == 0)
            change_dir(d, &e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ext2_node *root;
    if (pristine.data == NULL)
        prepare();
    input.at = data;
    input.left = size;
    damage();
    steps = 0;
    disk.reads = disk.writes = 0;
    disk_clock = 1600000000;
    if (disk_mount(&disk, 64 + take8() % 64, &fs) != 0 || ext2_root(fs, &root) != 0)
        return 0;
    walk(root, 0);
    ext2_put(fs, root);
    (void)ext2_unmount(fs);
    MUST(disk.reads + disk.writes < REQUESTS_MAX);
    return 0;
}
