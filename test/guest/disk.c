/* SPDX-License-Identifier: MIT
 * Files on a disk: what POSIX says of them holds there as in memory, a full disk is an error that passes, and neither the death of
 * the block server nor that of the file server loses what was synced. After the boot the runner has e2fsck look at the disk.
 *
 * DISK: 8M -b 1024
 * TIMEOUT: 300
 */
#define GT_NAME "disk"
#include "gtest.h"
#include "gwaits.h"
#include "gfiles.h"
#include <ipc/blk.h>

#define BIG_BYTES 300000u

static void fill(unsigned char *to, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (unsigned char)(gt_random(&seed) >> 32);
}

static void read_text(const char *path, char *to, size_t room)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, to, room - 1);
    CHECK(n >= 0);
    to[n < 0 ? 0 : n] = 0;
    CHECK_EQ(close(fd), 0);
}

static void check_big(const char *path, uint64_t seed, size_t bytes)
{
    static unsigned char want[BIG_BYTES], got[BIG_BYTES];
    fill(want, bytes, seed);
    int fd = open(path, O_RDONLY);
    size_t done = 0;
    ssize_t n;
    while (done < bytes && (n = read(fd, got + done, bytes - done)) > 0)
        done += (size_t)n;
    CHECK_EQ(done, bytes);
    CHECK(memcmp(want, got, bytes) == 0);
    CHECK_EQ(close(fd), 0);
}

static void write_big(const char *path, uint64_t seed, size_t bytes)
{
    static unsigned char data[BIG_BYTES];
    fill(data, bytes, seed);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, data, bytes), bytes);
    CHECK_EQ(fsync(fd), 0);
    CHECK_EQ(close(fd), 0);
}

static void the_disk_is_mounted(void)
{
    char text[1024];
    struct stat disk, top;
    read_text("/proc/disk", text, sizeof text);
    CHECK(strncmp(text, "ext2, read-write, clean\nblock 1024\n", 34) == 0);
    CHECK_EQ(stat("/disk", &disk), 0);
    CHECK_EQ(stat("/", &top), 0);
    CHECK(disk.st_dev != top.st_dev);
    CHECK_EQ(access("/disk/lost+found", F_OK), 0);
}

static void files_on_the_disk_are_files(void)
{
    struct stat st;
    CHECK_EQ(mkdir("/disk/d", 0755), 0);
    CHECK_ERRNO(mkdir("/disk/d", 0755), EEXIST);
    make_file("/disk/d/a", "first");
    CHECK_EQ(link("/disk/d/a", "/disk/d/b"), 0);
    CHECK_ERRNO(link("/disk/d/a", "/tmp/b"), EXDEV);
    CHECK_EQ(rename("/disk/d/a", "/disk/c"), 0);
    CHECK_ERRNO(rename("/disk/c", "/tmp/c"), EXDEV);
    check_content("/disk/c", "first");
    check_content("/disk/d/b", "first");
    CHECK_EQ(stat("/disk/c", &st), 0);
    CHECK_EQ(st.st_nlink, 2);
    CHECK_EQ(symlink("d/b", "/disk/l"), 0);
    check_content("/disk/l", "first");
    CHECK_ERRNO(rmdir("/disk/d"), ENOTEMPTY);
    CHECK_ERRNO(unlink("/disk/d"), EPERM);
    CHECK_EQ(truncate("/disk/c", 2), 0);
    check_content("/disk/d/b", "fi");
    CHECK_EQ(chmod("/disk/c", 0600), 0);
    CHECK_EQ(stat("/disk/c", &st), 0);
    CHECK_EQ(st.st_mode & 07777, 0600);
    CHECK_EQ(unlink("/disk/c") | unlink("/disk/d/b") | unlink("/disk/l") | rmdir("/disk/d"), 0);
}

static void bytes_are_where_they_were_written(void)
{
    write_big("/disk/big", 1, BIG_BYTES);
    check_big("/disk/big", 1, BIG_BYTES);
    int fd = open("/disk/big", O_RDWR);
    char c[4];
    CHECK_EQ(pwrite(fd, "here", 4, 5000000), 4);
    CHECK_EQ(pread(fd, c, 4, 4000000), 4);
    CHECK(memcmp(c, "\0\0\0\0", 4) == 0);
    CHECK_EQ(pread(fd, c, 4, 5000000), 4);
    CHECK(memcmp(c, "here", 4) == 0);
    CHECK_EQ(close(fd), 0);
    check_big("/disk/big", 1, BIG_BYTES);
    CHECK_EQ(unlink("/disk/big"), 0);
}

static void a_hundred_names(void)
{
    char name[64];
    unsigned seen = 0;
    CHECK_EQ(mkdir("/disk/many", 0755), 0);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "/disk/many/a-name-of-some-length-%u", i);
        make_file(name, "x");
    }
    DIR *d = opendir("/disk/many");
    while (readdir(d))
        seen++;
    CHECK_EQ(closedir(d), 0);
    CHECK_EQ(seen, 102);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "/disk/many/a-name-of-some-length-%u", i);
        CHECK_EQ(unlink(name), 0);
    }
    CHECK_EQ(rmdir("/disk/many"), 0);
}

static void a_full_disk_is_an_error_that_passes(void)
{
    static unsigned char data[65536];
    for (unsigned round = 0; round < 2; round++) {
        int fd = open("/disk/all", O_WRONLY | O_CREAT, 0644);
        ssize_t n;
        size_t sum = 0;
        while ((n = write(fd, data, sizeof data)) > 0)
            sum += (size_t)n;
        CHECK_EQ(errno, ENOSPC);
        CHECK(sum > 6000000);
        CHECK_ERRNO(mkdir("/disk/none", 0755), ENOSPC);
        CHECK_EQ(fsync(fd), 0);
        CHECK_EQ(close(fd), 0);
        CHECK_EQ(unlink("/disk/all"), 0);
        CHECK_EQ(mkdir("/disk/some", 0755), 0);
        CHECK_EQ(rmdir("/disk/some"), 0);
    }
}

static void kill_later(uint64_t server, ticks_t when)
{
    struct ipc_msg m = {.w = {INIT_KILL_SERVER, server, when}};
    CHECK_EQ(ipc_call(H_INIT, &m), OK);
}

/* Requests that were under way are made again; nobody notices. */
static void the_block_server_dies_unnoticed(void)
{
    uint64_t before = gt_restarts_of(SERVER_BLK), seed = 5;
    for (uint64_t round = 0; round < 12; round++) {
        kill_later(SERVER_BLK, sys_time() + gt_random(&seed) % 50000);
        write_big("/disk/through", round, 100000);
        check_big("/disk/through", round, 100000);
    }
    CHECK_EQ(unlink("/disk/through"), 0);
    sync();
    GT_UNTIL(gt_restarts_of(SERVER_BLK) == before + 12);
}

static void what_was_synced_survives_the_file_server(void)
{
    gt_loose = 1; /* its tree is made anew */
    write_big("/disk/kept", 9, 50000);
    int fd = open("/disk/at-once", O_WRONLY | O_CREAT | O_SYNC, 0644);
    CHECK(fcntl(fd, F_GETFL) & O_SYNC);
    CHECK_EQ(write(fd, "one by one", 10), 10);
    gt_kill_server(SERVER_FS);
    struct stat st;
    GT_UNTIL(stat("/disk/kept", &st) == 0);
    check_big("/disk/kept", 9, 50000);
    char back[20];
    read_text("/disk/at-once", back, sizeof back);
    CHECK(strcmp(back, "one by one") == 0);
    CHECK_EQ(unlink("/disk/kept") | unlink("/disk/at-once"), 0);
    sync();
}

/* Longer than a path may be, so it is found from one directory to the next, out of the disk. */
static void where_we_are_however_deep(void)
{
    char name[204], *cwd;
    memset(name, 'n', 203);
    name[203] = 0;
    CHECK_EQ(chdir("/disk"), 0);
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQ(mkdir(name, 0700) | chdir(name), 0);
    REQUIRE((cwd = getcwd(NULL, 0)) != NULL);
    CHECK_EQ(strlen(cwd), 5 + 6 * 204);
    CHECK(strncmp(cwd, "/disk/nnn", 9) == 0 && strcmp(cwd + 5 + 5 * 204 + 1, name) == 0);
    free(cwd);
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQ(chdir("..") | rmdir(name), 0);
    CHECK_EQ(chdir("/"), 0);
}

GT_MAIN(CASE(the_disk_is_mounted), CASE(files_on_the_disk_are_files), CASE(bytes_are_where_they_were_written),
        CASE(a_hundred_names), CASE(a_full_disk_is_an_error_that_passes), CASE(the_block_server_dies_unnoticed),
        CASE(what_was_synced_survives_the_file_server), CASE(where_we_are_however_deep))
