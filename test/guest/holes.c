/* SPDX-License-Identifier: MIT
 * Where a file has bytes and where it has none, and room that is made ahead of time: in memory, on a disk and in the boot image.
 *
 * DISK: 8M -b 1024
 */
#define GT_NAME "holes"
#include "gtest.h"
#include "gfiles.h"
#include <sys/mman.h>

static const char *const path[] = {"/tmp/holes", "/disk/holes"};
static const off_t block[] = {4096, 1024};

static int made(unsigned fs, int flags)
{
    int fd = open(path[fs], O_CREAT | O_TRUNC | flags, 0644);
    CHECK(fd >= 0);
    return fd;
}

static void gone(unsigned fs, int fd)
{
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink(path[fs]), 0);
}

static void put(int fd, off_t at, const char *text)
{
    CHECK_EQ(pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
}

/* Data, a hole, data, and a hole at the end. Positions inside of one are found as they are. */
static void both_are_found(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        off_t b = block[fs], far = 40 * b, end = 90 * b;
        int fd = made(fs, O_RDWR);
        put(fd, 0, "first");
        put(fd, far + 7, "second");
        CHECK_EQ(ftruncate(fd, end), 0);
        CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
        CHECK_EQ(lseek(fd, 3, SEEK_DATA), 3);
        CHECK_EQ(lseek(fd, 3, SEEK_HOLE), b);
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), b); /* it is the position */
        CHECK_EQ(lseek(fd, b + 5, SEEK_HOLE), b + 5);
        CHECK_EQ(lseek(fd, b + 5, SEEK_DATA), far);
        CHECK_EQ(lseek(fd, far + 1, SEEK_HOLE), far + b);
        CHECK_EQ(lseek(fd, end - 1, SEEK_HOLE), end - 1);
        CHECK_ERRNO(lseek(fd, far + b, SEEK_DATA), ENXIO); /* the last hole */
        CHECK_ERRNO(lseek(fd, end, SEEK_DATA), ENXIO);
        CHECK_ERRNO(lseek(fd, end, SEEK_HOLE), ENXIO);
        CHECK_ERRNO(lseek(fd, -1, SEEK_HOLE), ENXIO);
        CHECK_ERRNO(lseek(fd, -1, SEEK_DATA), ENXIO);
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), end - 1); /* where it was */
        put(fd, end - 1, "x");
        CHECK_EQ(lseek(fd, end - 1, SEEK_HOLE), end); /* there is one behind every file */
        gone(fs, fd);
        fd = made(fs, O_WRONLY);
        CHECK_ERRNO(lseek(fd, 0, SEEK_DATA), ENXIO); /* it is empty */
        CHECK_ERRNO(lseek(fd, 0, SEEK_HOLE), ENXIO);
        gone(fs, fd);
    }
}

static void what_has_none(void)
{
    int p[2], image = open("/bin/true", O_RDONLY), dir = open("/tmp", O_RDONLY), null = open("/dev/null", O_RDONLY);
    struct stat st;
    CHECK_EQ(fstat(image, &st), 0);
    CHECK_EQ(lseek(image, 100, SEEK_DATA), 100);
    CHECK_EQ(lseek(image, 100, SEEK_HOLE), st.st_size);
    CHECK_ERRNO(lseek(image, st.st_size, SEEK_HOLE), ENXIO);
    CHECK_ERRNO(lseek(dir, 0, SEEK_DATA), EINVAL);
    CHECK_ERRNO(lseek(null, 0, SEEK_HOLE), EINVAL);
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(lseek(p[0], 0, SEEK_DATA), ESPIPE);
    CHECK_ERRNO(lseek(0, 0, SEEK_HOLE), ESPIPE);
    CHECK_ERRNO(lseek(900, 0, SEEK_HOLE), EBADF);
    CHECK_EQ(close(image) | close(dir) | close(null) | close(p[0]) | close(p[1]), 0);
}

/* Beyond all that one page of an index, or a block of a block of pointers, can name. */
static void a_large_hole_is_passed_at_once(void)
{
    static const off_t far[] = {(1L << 29) + 12345, (1L << 33) + 12345};
    for (unsigned fs = 0; fs < 2; fs++) {
        int fd = made(fs, O_RDWR);
        put(fd, far[fs], "x");
        CHECK_EQ(lseek(fd, 0, SEEK_DATA), far[fs] / block[fs] * block[fs]);
        CHECK_EQ(lseek(fd, far[fs], SEEK_HOLE), far[fs] + 1);
        gone(fs, fd);
    }
}

/* More blocks than are looked at before others are served. */
static void much_data_is_passed_in_pieces(void)
{
    static char piece[64 * 1024];
    static const unsigned pieces[] = {70, 20}; /* 1,120 pages; 1,280 blocks */
    memset(piece, 'x', sizeof piece);
    for (unsigned fs = 0; fs < 2; fs++) {
        int fd = made(fs, O_RDWR);
        off_t len = (off_t)(pieces[fs] * sizeof piece);
        for (unsigned i = 0; i < pieces[fs]; i++)
            CHECK_EQ(write(fd, piece, sizeof piece), sizeof piece);
        CHECK_EQ(ftruncate(fd, 2 * len), 0);
        CHECK_EQ(lseek(fd, 1, SEEK_HOLE), len);
        gone(fs, fd);
    }
}

/* On the disk the page is the server's, and the disk does not know of it yet. */
static void what_a_mapping_stored_is_data(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        int fd = made(fs, O_RDWR);
        CHECK_EQ(ftruncate(fd, 16 * PAGE_SIZE), 0);
        char *p = mmap(NULL, 16 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        REQUIRE(p != MAP_FAILED);
        p[5 * PAGE_SIZE + 9] = 'x';
        CHECK_EQ(lseek(fd, 5 * PAGE_SIZE, SEEK_DATA), 5 * PAGE_SIZE);
        off_t first = lseek(fd, 0, SEEK_DATA), hole = lseek(fd, 5 * PAGE_SIZE, SEEK_HOLE);
        CHECK(first >= 0 && first <= 5 * (off_t)PAGE_SIZE && hole >= 6 * (off_t)PAGE_SIZE);
        CHECK_EQ(msync(p, 16 * PAGE_SIZE, MS_SYNC), 0);
        CHECK_EQ(munmap(p, 16 * PAGE_SIZE), 0);
        CHECK_EQ(lseek(fd, 5 * PAGE_SIZE + 9, SEEK_DATA), 5 * PAGE_SIZE + 9);
        gone(fs, fd);
    }
}

/* A descriptor that can only write will do. */
static void room_is_no_hole(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        off_t b = block[fs], end = 100 * b;
        struct stat st;
        char back[3];
        int fd = made(fs, O_WRONLY), reads = open(path[fs], O_RDONLY);
        put(fd, 50 * b, "kept");
        CHECK_EQ(ftruncate(fd, end), 0);
        CHECK_EQ(lseek(fd, 11, SEEK_SET), 11);
        CHECK_EQ(posix_fallocate(fd, 10 * b + 5, 41 * b), 0); /* to the middle of block 51 */
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), 11);
        CHECK_EQ(fstat(fd, &st), 0);
        CHECK_EQ(st.st_size, end);
        CHECK(st.st_blocks * 512 >= 42 * b);
        CHECK_EQ(lseek(fd, 0, SEEK_DATA), 10 * b);
        CHECK_EQ(lseek(fd, 10 * b, SEEK_HOLE), 52 * b);
        CHECK_EQ(posix_fallocate(fd, 0, end), 0);
        CHECK_EQ(lseek(fd, 0, SEEK_HOLE), end);
        CHECK_EQ(posix_fallocate(fd, end + b, 10), 0); /* it grows, over a hole of one block */
        CHECK_EQ(lseek(fd, 0, SEEK_END), end + b + 10);
        CHECK_EQ(lseek(fd, 0, SEEK_HOLE), end);
        CHECK_EQ(lseek(fd, end, SEEK_DATA), end + b);
        CHECK_EQ(pread(reads, back, 3, 50 * b), 3);
        CHECK(memcmp(back, "kep", 3) == 0);
        CHECK_EQ(pread(reads, back, 3, end - 1), 3);
        CHECK(memcmp(back, "\0\0\0", 3) == 0);
        CHECK_EQ(close(reads), 0);
        gone(fs, fd);
    }
}

/* What was stored behind the end of a file never was in it. */
static void room_behind_the_end_is_zeros(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        char back[2] = "xx";
        int fd = made(fs, O_RDWR);
        put(fd, 0, "abc");
        char *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        REQUIRE(p != MAP_FAILED);
        p[3] = p[900] = 'x';
        CHECK_EQ(posix_fallocate(fd, 2, 1000), 0);
        CHECK(p[2] == 'c' && p[3] == 0 && p[900] == 0);
        CHECK_EQ(pread(fd, back, 1, 3) + pread(fd, back + 1, 1, 900), 2);
        CHECK(back[0] == 0 && back[1] == 0);
        CHECK_EQ(munmap(p, PAGE_SIZE), 0);
        gone(fs, fd);
    }
}

static void room_that_there_is_not(void)
{
    int p[2], reads = open("/bin/true", O_RDONLY), null = open("/dev/null", O_WRONLY), fd = made(1, O_WRONLY);
    CHECK_EQ(posix_fallocate(fd, 0, 64 << 20), ENOSPC);
    gone(1, fd);
    CHECK_EQ(posix_fallocate(reads, 0, 1), EBADF);
    CHECK_EQ(posix_fallocate(null, 0, 1), ENODEV);
    CHECK_EQ(posix_fallocate(1, 0, 1), ENODEV);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(posix_fallocate(p[1], 0, 1), ESPIPE);
    fd = made(0, O_WRONLY);
    CHECK_EQ(posix_fallocate(fd, INT64_MAX, 2), EFBIG);
    CHECK_EQ(posix_fallocate(fd, INT64_MAX - 5, 5), EFBIG); /* more than a file has */
    CHECK_EQ(posix_fallocate(fd, -1, 5), EINVAL);
    CHECK_EQ(posix_fallocate(fd, 0, 0), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
    gone(0, fd);
    CHECK_EQ(close(reads) | close(null) | close(p[0]) | close(p[1]), 0);
}

GT_MAIN(CASE(both_are_found), CASE(what_has_none), CASE(a_large_hole_is_passed_at_once), CASE(much_data_is_passed_in_pieces),
        CASE(what_a_mapping_stored_is_data), CASE(room_is_no_hole), CASE(room_behind_the_end_is_zeros), CASE(room_that_there_is_not))
