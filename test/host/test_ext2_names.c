/* SPDX-License-Identifier: MIT
 * Names in ext2, and what happens at the end of things: a full disk, no inodes, a device that fails. e2fsck has nothing to say
 * after any of it.
 *
 * SOURCES: servers/fs/ext2/ test/host/ext2/disk.c
 * INCLUDES: test/host/ext2
 */
#include "session.h"

/* ---- names ---- */

static unsigned count_entries(struct ext2_node *dir)
{
    uint64_t position = 0;
    struct ext2_entry e;
    unsigned n = 0;
    int err;
    while ((err = ext2_read_dir(fs, dir, &position, &e)) == 1)
        n++;
    assert_int_equal(err, 0);
    return n;
}

static void test_a_directory_of_thousands(void **state)
{
    (void)state;
    open_disk(16u << 20, "-b 1024 -N 6000", 1024);
    char name[64];
    assert_int_equal(make_dir(root, "many"), 0);
    struct ext2_node *d = node(root, "many");
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "file-with-a-rather-long-name-%u", i);
        assert_int_equal(make(d, name), 0);
    }
    assert_int_equal(count_entries(d), 3002);
    assert_int_equal(ext2_rest(fs), 0);
    check_clean();
    for (unsigned i = 0; i < 3000; i += 2) {
        snprintf(name, sizeof name, "file-with-a-rather-long-name-%u", i);
        assert_int_equal(drop(d, name), 0);
    }
    assert_int_equal(count_entries(d), 1502);
    struct ext2_stat before, after;
    ext2_stat(d, &before);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "n%u", i);
        assert_int_equal(make(d, name), 0);
    }
    ext2_stat(d, &after);
    assert_int_equal(before.size_bytes, after.size_bytes); /* the room that names left is used again */
    assert_int_equal(drop_dir(root, "many"), -ENOTEMPTY);
    ext2_put(fs, d);
    close_disk();
}

static void test_names_come_and_go(void **state)
{
    (void)state;
    open_disk(4u << 20, "-b 1024", 256);
    char name[300];
    memset(name, 'n', sizeof name);
    assert_int_equal(ext2_mkdir(fs, root, name, 256, 0755), -ENAMETOOLONG);
    assert_int_equal(ext2_mkdir(fs, root, name, 255, 0755), 0);
    assert_int_equal(ext2_rmdir(fs, root, name, 255), 0);
    assert_int_equal(ext2_mkdir(fs, root, name, 0, 0755), -ENOENT);
    assert_int_equal(ext2_mkdir(fs, root, "a/b", 3, 0755), -EINVAL);
    assert_int_equal(make(root, "a"), 0);
    assert_int_equal(make(root, "a"), -EEXIST);
    assert_int_equal(make_dir(root, "a"), -EEXIST);
    assert_int_equal(make_dir(root, "d"), 0);
    assert_int_equal(drop(root, "d"), -EISDIR);
    assert_int_equal(drop_dir(root, "a"), -ENOTDIR);
    assert_int_equal(drop_dir(root, "."), -EINVAL);
    assert_int_equal(drop_dir(root, ".."), -ENOTEMPTY);
    assert_int_equal(drop(root, "none"), -ENOENT);
    struct ext2_node *d = node(root, "d"), *a = node(root, "a");
    uint32_t ino;
    assert_int_equal(ext2_lookup(fs, a, "x", 1, &ino), -ENOTDIR);
    assert_int_equal(ext2_link(fs, d, "link", 4, a), 0);
    assert_int_equal(ext2_link(fs, d, "link", 4, a), -EEXIST);
    assert_int_equal(ext2_link(fs, d, "dir", 3, d), -EPERM);
    struct ext2_stat s;
    ext2_stat(a, &s);
    assert_int_equal(s.links, 2);
    assert_int_equal(drop(root, "a"), 0);
    ext2_stat(a, &s);
    assert_int_equal(s.links, 1);
    assert_int_equal(drop_dir(root, "d"), -ENOTEMPTY);
    assert_int_equal(drop(d, "link"), 0);
    assert_int_equal(drop_dir(root, "d"), 0);
    assert_int_equal(make(d, "late"), -ENOENT); /* its directory is gone */
    ext2_put(fs, a);
    ext2_put(fs, d);
    close_disk();
}

/* The entry of `name` in the blocks of the disk, which is not mounted: inode 4, its bytes 2, bytes of the name 1, type 1. */
static uint8_t *entry_on_disk(const char *name)
{
    for (size_t at = 8; at + strlen(name) <= disk.bytes; at++)
        if (memcmp(disk.data + at, name, strlen(name)) == 0)
            return disk.data + at - 8;
    fail_msg("%s is not on the disk", name);
    return NULL;
}

static void test_a_damaged_entry_is_not_believed(void **state)
{
    (void)state;
    static const struct {
        unsigned at, bytes;
        uint32_t value;
    } damage[] = {{0, 4, 1000000}, /* no such inode */
                  {4, 2, 5000},    /* it ends behind its block */
                  {4, 2, 8},       /* too short for any name */
                  {4, 2, 21},      /* the next one can't begin there */
                  {6, 1, 0},       /* no name */
                  {6, 1, 255}};    /* a name that is longer than it */
    for (unsigned i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        uint32_t ino;
        struct ext2_entry e;
        uint64_t position = 0;
        int err;
        open_disk(1u << 20, "-b 1024", 256);
        assert_int_equal(make(root, "the-damaged-one"), 0);
        assert_int_equal(make(root, "another"), 0);
        ext2_put(fs, root);
        assert_int_equal(ext2_unmount(fs), 0);
        memcpy(entry_on_disk("the-damaged-one") + damage[i].at, &damage[i].value, damage[i].bytes);
        assert_int_equal(disk_mount(&disk, 256, &fs), 0);
        assert_int_equal(ext2_root(fs, &root), 0);
        assert_int_equal(ext2_lookup(fs, root, "the-damaged-one", 15, &ino), -EIO);
        assert_non_null(ext2_complaint(fs));
        while ((err = ext2_read_dir(fs, root, &position, &e)) == 1) /* bound: a position moves on */
            assert_memory_not_equal(e.name, "the-damaged-one", 15);
        assert_int_equal(err, -EIO);
        ext2_put(fs, root);
        (void)ext2_unmount(fs);
        disk_free(&disk);
    }
}

static void test_rename_replaces_and_refuses(void **state)
{
    (void)state;
    open_disk(4u << 20, "-b 1024", 256);
    assert_int_equal(make_dir(root, "a"), 0);
    struct ext2_node *a = node(root, "a");
    assert_int_equal(make_dir(a, "b"), 0);
    struct ext2_node *b = node(a, "b");
    assert_int_equal(make(root, "f"), 0);
    assert_int_equal(make(b, "g"), 0);
    assert_int_equal(move(root, "a", b, "c"), -EINVAL); /* into itself */
    assert_int_equal(move(root, "a", a, "c"), -EINVAL);
    assert_int_equal(move(root, "f", a, "b"), -EISDIR);
    assert_int_equal(move(a, "b", root, "f"), -ENOTDIR);
    assert_int_equal(move(root, "none", a, "x"), -ENOENT);
    assert_int_equal(move(root, "f", root, "f"), 0);
    assert_int_equal(move(root, "f", b, "g"), 0);
    assert_null(node(root, "f"));
    assert_int_equal(make_dir(root, "e"), 0);
    assert_int_equal(move(root, "e", a, "b"), -ENOTEMPTY);
    assert_int_equal(move(a, "b", root, "e"), 0); /* over an empty one, to another parent */
    assert_null(node(a, "b"));
    uint32_t parent;
    assert_int_equal(ext2_lookup(fs, b, "..", 2, &parent), 0);
    assert_int_equal(parent, ext2_ino(root));
    struct ext2_stat s;
    ext2_stat(a, &s);
    assert_int_equal(s.links, 2);
    ext2_stat(root, &s);
    assert_int_equal(s.links, 5); /* ".", "..", lost+found, a, e */
    assert_int_equal(move(root, "e", root, "longer-name-than-before"), 0);
    ext2_put(fs, a);
    ext2_put(fs, b);
    close_disk();
}

static void test_symbolic_links_short_and_long(void **state)
{
    (void)state;
    open_disk(4u << 20, "-b 1024", 256);
    char target[2000], got[2000];
    memset(target, 't', sizeof target);
    const size_t len[] = {1, 59, 60, 61, 1023};
    for (unsigned i = 0; i < sizeof len / sizeof len[0]; i++) {
        char name[8];
        snprintf(name, sizeof name, "l%u", i);
        target[len[i]] = 0;
        assert_int_equal(ext2_symlink(fs, root, name, 2, target), 0);
        target[len[i]] = 't';
        struct ext2_node *n = node(root, name);
        assert_true(ext2_is_link(n));
        assert_int_equal(ext2_read_link(fs, n, got, sizeof got), len[i]);
        assert_memory_equal(got, target, len[i]);
        assert_int_equal(ext2_read(fs, n, 0, got, 1), -EINVAL);
        ext2_put(fs, n);
    }
    target[1024] = 0;
    assert_int_equal(ext2_symlink(fs, root, "x", 1, target), -ENAMETOOLONG);
    assert_int_equal(drop(root, "l0"), 0);
    assert_int_equal(drop(root, "l4"), 0);
    close_disk();
}

static void test_a_file_lives_until_the_last_close(void **state)
{
    (void)state;
    open_disk(4u << 20, "-b 1024", 256);
    struct ext2_node *n;
    struct ext2_statfs before, during, after;
    ext2_statfs(fs, &before);
    assert_int_equal(ext2_create(fs, root, "t", 1, 0600, &n), 0);
    write_all(n, 0, 100000, 1);
    assert_int_equal(drop(root, "t"), 0);
    assert_int_equal(ext2_rest(fs), 0);
    check_all(n, 0, 100000, 1);
    write_all(n, 100000, 50000, 1);
    assert_int_equal(ext2_commit(fs), 0);
    ext2_statfs(fs, &during);
    assert_true(during.blocks_free < before.blocks_free - 140);
    ext2_put(fs, n);
    assert_int_equal(ext2_rest(fs), 0);
    ext2_statfs(fs, &after);
    assert_int_equal(after.blocks_free, before.blocks_free);
    assert_int_equal(after.inodes_free, before.inodes_free);
    close_disk();
}

static void test_an_open_file_without_a_name_is_freed_at_the_next_mount(void **state)
{
    (void)state;
    open_disk(4u << 20, "-b 1024", 256);
    struct ext2_node *n;
    struct ext2_statfs before, after;
    ext2_statfs(fs, &before);
    assert_int_equal(ext2_create(fs, root, "t", 1, 0600, &n), 0);
    write_all(n, 0, 100000, 1);
    assert_int_equal(drop(root, "t"), 0);
    assert_int_equal(ext2_rest(fs), 0);
    struct disk cut; /* the power goes */
    disk_copy(&cut, &disk);
    disk_free(&disk);
    disk = cut;
    disk.device.context = &disk;
    assert_int_equal(disk_mount(&disk, 256, &fs), 0);
    assert_true(ext2_was_unclean(fs));
    assert_int_equal(ext2_root(fs, &root), 0);
    ext2_statfs(fs, &after);
    assert_int_equal(after.blocks_free, before.blocks_free);
    assert_int_equal(after.inodes_free, before.inodes_free);
    ext2_put(fs, root);
    assert_int_equal(ext2_unmount(fs), 0);
    check_clean(); /* -n: the flag says unclean, yet there is nothing to repair */
    disk_free(&disk);
}

/* ---- the end of things ---- */

static void test_a_full_disk_is_an_error_and_recovers(void **state)
{
    (void)state;
    open_disk(1u << 20, "-b 1024 -m 0", 128);
    struct ext2_statfs before, after;
    ext2_statfs(fs, &before);
    static uint8_t data[2u << 20];
    for (unsigned round = 0; round < 3; round++) {
        struct ext2_node *n;
        assert_int_equal(ext2_create(fs, root, "big", 3, 0644, &n), 0);
        long got = ext2_write(fs, n, 0, data, sizeof data);
        assert_true(got > 800000 && got < 1 << 20);
        assert_int_equal(ext2_write(fs, n, (uint64_t)got, data, 5000), -ENOSPC);
        assert_int_equal(ext2_write(fs, n, 0, data, (size_t)got), got); /* what has a block can be written */
        assert_int_equal(make_dir(root, "d"), -ENOSPC);
        assert_int_equal(make(root, "empty"), 0); /* needs no block */
        assert_int_equal(drop(root, "empty"), 0);
        ext2_put(fs, n);
        assert_int_equal(drop(root, "big"), 0);
        assert_int_equal(make_dir(root, "d"), 0); /* waits for the space by itself */
        assert_int_equal(drop_dir(root, "d"), 0);
        assert_int_equal(ext2_rest(fs), 0);
        ext2_statfs(fs, &after);
        assert_int_equal(after.blocks_free, before.blocks_free);
        assert_int_equal(after.inodes_free, before.inodes_free);
    }
    close_disk();
}

static void test_no_inodes_is_an_error_and_recovers(void **state)
{
    (void)state;
    open_disk(1u << 20, "-b 1024 -N 32", 128);
    char name[16];
    struct ext2_statfs s;
    ext2_statfs(fs, &s);
    unsigned made = 0;
    int err;
    for (;; made++) {
        snprintf(name, sizeof name, "f%u", made);
        err = made % 3 ? make(root, name) : make_dir(root, name);
        if (err != 0)
            break;
    }
    assert_int_equal(err, -ENOSPC);
    assert_int_equal(made, s.inodes_free);
    assert_int_equal(drop(root, "f1"), 0);
    assert_int_equal(make_dir(root, "again"), 0);
    close_disk();
}

static void test_device_errors_are_reported_and_survived(void **state)
{
    (void)state;
    open_disk(2u << 20, "-b 1024", 64);
    srand(3);
    unsigned refused = 0;
    for (unsigned i = 0; i < 400; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%u", rand() % 40);
        disk.fail_read = (unsigned)rand() % 50;
        disk.fail_write = (unsigned)rand() % 50;
        disk.fail_flush = (unsigned)rand() % 20;
        struct ext2_node *n = NULL;
        int err;
        switch (rand() % 5) {
        case 0: err = drop(root, name); break;
        case 1: err = make_dir(root, name); break;
        case 2: err = drop_dir(root, name); break;
        case 3: err = ext2_commit(fs); break;
        default:
            err = ext2_create(fs, root, name, strlen(name), 0644, &n);
            if (err == 0) {
                uint8_t data[5000] = {1};
                (void)ext2_write(fs, n, (uint64_t)rand() % 50000, data, sizeof data);
                ext2_put(fs, n);
            }
        }
        refused += err == -EIO;
        assert_true(err == 0 || err == -EIO || err == -EEXIST || err == -ENOENT || err == -ENOTDIR || err == -EISDIR);
    }
    assert_true(refused > 10);
    disk.fail_read = disk.fail_write = disk.fail_flush = 0;
    close_disk();
}

static void test_a_dead_device_gives_errors_only(void **state)
{
    (void)state;
    open_disk(1u << 20, "-b 1024", 64);
    assert_int_equal(make(root, "before"), 0);
    disk.broken = true;
    disk.fail_read = disk.fail_write = disk.fail_flush = 1;
    static uint8_t data[300000];
    struct ext2_node *n = node(root, "before");
    for (unsigned i = 0; i < 20; i++) {
        long got = ext2_write(fs, n, 0, data, sizeof data);
        assert_true(got == -EIO || got > 0);
        assert_int_equal(ext2_commit(fs), -EIO);
        (void)make_dir(root, "d");
    }
    ext2_put(fs, n);
    ext2_put(fs, root);
    assert_int_equal(ext2_unmount(fs), -EIO);
    disk_free(&disk);
}

static void test_a_commit_flushes_only_what_it_must(void **state)
{
    (void)state;
    open_disk(2u << 20, "-b 1024", 256);
    struct ext2_node *n;
    assert_int_equal(ext2_create(fs, root, "f", 1, 0644, &n), 0);
    write_all(n, 0, 4096, 1);
    assert_int_equal(ext2_commit(fs), 0);
    uint64_t flushes = disk.flushes;
    assert_int_equal(ext2_commit(fs), 0);
    assert_int_equal(disk.flushes, flushes); /* nothing to do */
    write_all(n, 0, 4096, 2);
    assert_int_equal(ext2_commit(fs), 0);
    assert_int_equal(disk.flushes, flushes + 2); /* data, then its inode */
    ext2_put(fs, n);
    close_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_directory_of_thousands),
        cmocka_unit_test(test_names_come_and_go),
        cmocka_unit_test(test_a_damaged_entry_is_not_believed),
        cmocka_unit_test(test_rename_replaces_and_refuses),
        cmocka_unit_test(test_symbolic_links_short_and_long),
        cmocka_unit_test(test_a_file_lives_until_the_last_close),
        cmocka_unit_test(test_an_open_file_without_a_name_is_freed_at_the_next_mount),
        cmocka_unit_test(test_a_full_disk_is_an_error_and_recovers),
        cmocka_unit_test(test_no_inodes_is_an_error_and_recovers),
        cmocka_unit_test(test_device_errors_are_reported_and_survived),
        cmocka_unit_test(test_a_dead_device_gives_errors_only),
        cmocka_unit_test(test_a_commit_flushes_only_what_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
