/* SPDX-License-Identifier: MIT
 * ext2 against the tools of the host: what mke2fs makes is understood, what is written is what debugfs reads and e2fsck has
 * nothing to say about.
 *
 * SOURCES: servers/fs/ext2/ test/host/ext2/disk.c
 * INCLUDES: test/host/ext2
 */
#include "session.h"

static const char *const FORMATS[] = {"-b 1024", "-b 2048", "-b 4096", "-b 1024 -I 128", "-b 1024 -r 0", "-b 1024 -O ^filetype",
                                      "-b 4096 -O ^sparse_super,^dir_index,^resize_inode", "-b 1024 -g 1024"};
#define FORMAT_COUNT (sizeof FORMATS / sizeof FORMATS[0])

/* ---- formats ---- */

static void test_every_format_of_mke2fs_holds_files_and_directories(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        open_disk(8u << 20, FORMATS[i], 512);
        assert_int_equal(make_dir(root, "d"), 0);
        struct ext2_node *d = node(root, "d"), *n;
        assert_int_equal(ext2_create(fs, d, "file", 4, 0640, &n), 0);
        write_all(n, 0, 300000, i);
        ext2_put(fs, n);
        ext2_put(fs, d);
        remount(512);
        d = node(root, "d");
        n = node(d, "file");
        struct ext2_stat s;
        ext2_stat(n, &s);
        assert_int_equal(s.mode, 0100640);
        assert_int_equal(s.size_bytes, 300000);
        assert_int_equal(s.links, 1);
        check_all(n, 0, 300000, i);
        ext2_put(fs, n);
        ext2_put(fs, d);
        close_disk();
    }
}

static void test_what_the_host_copied_in_is_read(void **state)
{
    (void)state;
    char folder[] = "/tmp/pagoda-ext2-dir-XXXXXX", path[96], target[200];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hello", folder);
    FILE *f = fopen(path, "w");
    fprintf(f, "hello from the host\n");
    fclose(f);
    memset(target, 'x', sizeof target);
    target[100] = 0;
    snprintf(path, sizeof path, "%s/long", folder);
    assert_int_equal(symlink(target, path), 0);
    snprintf(path, sizeof path, "%s/short", folder);
    assert_int_equal(symlink("hello", path), 0);
    disk_make(&disk, 4u << 20, "-b 1024", folder);
    snprintf(target + 101, 99, "rm -r %s", folder);
    assert_int_equal(system(target + 101), 0);
    assert_int_equal(disk_mount(&disk, 256, &fs), 0);
    assert_int_equal(ext2_root(fs, &root), 0);
    char text[200] = "";
    struct ext2_node *n = node(root, "hello");
    assert_int_equal(ext2_read(fs, n, 0, text, sizeof text), 20);
    assert_string_equal(text, "hello from the host\n");
    ext2_put(fs, n);
    n = node(root, "short");
    assert_int_equal(ext2_read_link(fs, n, text, sizeof text), 5);
    assert_memory_equal(text, "hello", 5);
    ext2_put(fs, n);
    n = node(root, "long");
    assert_int_equal(ext2_read_link(fs, n, text, sizeof text), 100);
    assert_memory_equal(text, target, 100);
    ext2_put(fs, n);
    close_disk();
}

static void test_debugfs_reads_what_was_written(void **state)
{
    (void)state;
    open_disk(4u << 20, "-b 1024", 256);
    struct ext2_node *n;
    assert_int_equal(ext2_create(fs, root, "greeting", 8, 0644, &n), 0);
    assert_int_equal(ext2_write(fs, n, 0, "good morning\n", 13), 13);
    ext2_put(fs, n);
    assert_int_equal(ext2_symlink(fs, root, "to", 2, "greeting"), 0);
    assert_int_equal(ext2_rest(fs), 0);
    assert_string_equal(disk_debugfs(&disk, "cat greeting"), "good morning\n");
    assert_non_null(strstr(disk_debugfs(&disk, "stat to"), "Fast link dest: \"greeting\""));
    close_disk();
}

static int mount_with(const char *options, uint32_t at, uint32_t value)
{
    disk_make(&disk, 1u << 20, options, NULL);
    if (at)
        memcpy(disk.data + 1024 + at, &value, sizeof value);
    int err = disk_mount(&disk, 256, &fs);
    if (err != 0)
        disk_free(&disk);
    return err;
}

#define AT_INCOMPAT 96u
#define AT_RO_COMPAT 100u
static void test_unknown_features_refuse_or_make_read_only(void **state)
{
    (void)state;
    assert_int_equal(mount_with("-b 1024", AT_INCOMPAT, 0x42), -ENOTSUP);
    assert_int_equal(mount_with("-b 1024 -O extents", 0, 0), -ENOTSUP);
    assert_int_equal(mount_with("-b 1024 -O 64bit,extents", 0, 0), -ENOTSUP);
    assert_int_equal(mount_with("-b 1024 -O metadata_csum", 0, 0), 0);
    assert_int_equal(ext2_root(fs, &root), 0);
    assert_int_equal(make(root, "x"), -EROFS);
    disk_free(&disk);
    assert_int_equal(mount_with("-b 1024", AT_RO_COMPAT, 0x83), 0);
    assert_int_equal(ext2_root(fs, &root), 0);
    assert_int_equal(make_dir(root, "x"), -EROFS);
    assert_int_equal(drop_dir(root, "lost+found"), -EROFS);
    disk_free(&disk);
}

static void test_a_disk_without_ext2_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mount_with("-b 1024", 56, 0), -EINVAL);       /* magic */
    assert_int_equal(mount_with("-b 1024", 24, 7), -ENOTSUP);      /* block size */
    assert_int_equal(mount_with("-b 1024", 4, 5000), -EINVAL);     /* larger than the disk */
    assert_int_equal(mount_with("-b 1024", 32, 0), -EINVAL);       /* blocks per group */
    assert_int_equal(mount_with("-b 1024", 40, 0), -EINVAL);       /* inodes per group */
    assert_int_equal(mount_with("-b 1024", 88, 12), -EINVAL);      /* inode size */
}

/* ---- contents ---- */

/* From the start, data and holes: data are these blocks and no others, and what no pointer block names is passed in one step. */
static void check_extents(struct ext2_node *n, const uint64_t *block, unsigned blocks)
{
    struct ext2_stat s;
    unsigned met = 0, steps = 0;
    uint64_t at = 0, bytes;
    ext2_stat(n, &s);
    for (bool hole; at < s.size_bytes; at += bytes, steps++) {
        assert_int_equal(ext2_extent(fs, n, at, &hole, &bytes), 0);
        assert_true(bytes > 0);
        for (uint64_t b = at / 1024; !hole && b < (at + bytes) / 1024; b++, met++)
            assert_true(met < blocks && b == block[met]);
    }
    assert_int_equal(met, blocks);
    assert_true(steps < 3500); /* of 16,843,020 blocks */
    bool hole;
    assert_int_equal(ext2_extent(fs, n, 13 * 1024 + 5, &hole, &bytes), 0);
    assert_true(hole && bytes == 1024 - 5);
    assert_int_equal(ext2_extent(fs, n, 200000UL * 1024, &hole, &bytes), 0);
    assert_true(hole && bytes == ((65804 + 3 * 65536) - 200000) * 1024UL);
    assert_int_equal(ext2_extent(fs, root, 0, &hole, &bytes), -EISDIR);
}

static void test_sparse_files_reach_every_depth(void **state)
{
    (void)state;
    open_disk(8u << 20, "-b 1024", 256);
    struct ext2_node *n;
    assert_int_equal(ext2_create(fs, root, "sparse", 6, 0644, &n), 0);
    /* direct, single, double, triple (1 KiB blocks: 12, 268, 65804) */
    const uint64_t block[] = {0, 11, 12, 267, 268, 300, 65803, 65804, 70000, 16843019};
    for (unsigned i = 0; i < sizeof block / sizeof block[0]; i++)
        write_all(n, block[i] * 1024 + 100, 700, i);
    struct ext2_stat s;
    ext2_stat(n, &s);
    assert_int_equal(s.size_bytes, 16843019UL * 1024 + 800);
    assert_true(s.sectors < 100);
    ext2_put(fs, n);
    remount(256);
    n = node(root, "sparse");
    for (unsigned i = 0; i < sizeof block / sizeof block[0]; i++) {
        check_all(n, block[i] * 1024 + 100, 700, i);
        check_zero(n, block[i] * 1024, 100);
    }
    check_zero(n, 500 * 1024, 5000);
    check_extents(n, block, sizeof block / sizeof block[0]);
    assert_int_equal(ext2_rest(fs), 0);
    check_clean();
    /* from the end, bit by bit */
    for (unsigned i = sizeof block / sizeof block[0]; i-- > 0;) {
        assert_int_equal(ext2_truncate(fs, n, block[i] * 1024 + 400), 0);
        check_all(n, block[i] * 1024 + 100, 300, i);
        assert_int_equal(ext2_rest(fs), 0);
        check_clean();
    }
    assert_int_equal(ext2_truncate(fs, n, 0), 0);
    ext2_stat(n, &s);
    assert_int_equal(s.sectors, 0);
    assert_int_equal(ext2_write(fs, n, ext2_size_max(fs), "x", 1), -EFBIG);
    assert_int_equal(ext2_write(fs, n, ext2_size_max(fs) - 1, "xy", 2), 1);
    assert_int_equal(ext2_truncate(fs, n, ext2_size_max(fs) + 1), -EFBIG);
    ext2_put(fs, n);
    close_disk();
}

static void test_a_file_that_grows_again_shows_zeros(void **state)
{
    (void)state;
    open_disk(4u << 20, "-b 4096", 512);
    struct ext2_node *n;
    assert_int_equal(ext2_create(fs, root, "f", 1, 0644, &n), 0);
    write_all(n, 0, 10000, 1);
    assert_int_equal(ext2_truncate(fs, n, 5000), 0);
    assert_int_equal(ext2_truncate(fs, n, 9000), 0);
    check_all(n, 0, 5000, 1);
    check_zero(n, 5000, 4000);
    assert_int_equal(ext2_truncate(fs, n, 100), 0);
    write_all(n, 200, 50, 2);
    check_zero(n, 100, 100);
    check_all(n, 200, 50, 2);
    assert_int_equal(ext2_truncate(fs, n, 20), 0);
    write_all(n, 20000, 10, 3);
    check_zero(n, 20, 19980);
    ext2_put(fs, n);
    close_disk();
}

/* A model in memory and random reads, writes and truncations, with little cache. */
static void test_random_writes_read_back(void **state)
{
    (void)state;
    enum { SIZE = 600000 };
    static uint8_t model[SIZE], piece[SIZE];
    open_disk(4u << 20, "-b 1024", 64);
    srand(7);
    struct ext2_node *n;
    assert_int_equal(ext2_create(fs, root, "f", 1, 0644, &n), 0);
    size_t size = 0;
    for (unsigned round = 0; round < 600; round++) {
        size_t at = (size_t)rand() % SIZE, len = (size_t)rand() % (rand() % 8 ? 3000 : 60000);
        if (at + len > SIZE)
            len = SIZE - at;
        if (rand() % 10 == 0) {
            assert_int_equal(ext2_truncate(fs, n, at), 0);
            if (at < size)
                memset(model + at, 0, size - at);
            size = at;
        } else if (rand() % 2) {
            fill(piece, len, at, round);
            memcpy(model + at, piece, len);
            assert_int_equal(ext2_write(fs, n, at, piece, len), len);
            size = len > 0 && at + len > size ? at + len : size;
        } else {
            size_t want = at >= size ? 0 : len < size - at ? len : size - at;
            assert_int_equal(ext2_read(fs, n, at, piece, len), want);
            assert_memory_equal(piece, model + at, want);
        }
        if (round % 50 == 49) {
            assert_int_equal(ext2_rest(fs), 0);
            check_clean();
        }
    }
    ext2_put(fs, n);
    close_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_format_of_mke2fs_holds_files_and_directories),
        cmocka_unit_test(test_what_the_host_copied_in_is_read),
        cmocka_unit_test(test_debugfs_reads_what_was_written),
        cmocka_unit_test(test_unknown_features_refuse_or_make_read_only),
        cmocka_unit_test(test_a_disk_without_ext2_is_refused),
        cmocka_unit_test(test_sparse_files_reach_every_depth),
        cmocka_unit_test(test_a_file_that_grows_again_shows_zeros),
        cmocka_unit_test(test_random_writes_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
