/* SPDX-License-Identifier: MIT
 * Calls that begin at a directory, times to the nanosecond, owners, room of file systems, several buffers as one, canonical paths:
 * results and errors as POSIX has them.
 */
#define GT_NAME "filecalls"
#include "gtest.h"
#include "gfiles.h"
#include <limits.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

static void calls_from_a_directory(void)
{
    struct stat st;
    char said[16];
    CHECK_EQ(mkdir("/tmp/at", 0755), 0);
    int dir = open("/tmp/at", O_RDONLY | O_DIRECTORY), file, other;
    REQUIRE(dir >= 0);
    file = openat(dir, "f", O_CREAT | O_RDWR, 0600);
    CHECK_EQ(write(file, "12345", 5), 5);
    CHECK_EQ(fstatat(dir, "f", &st, 0), 0);
    CHECK_EQ(st.st_size, 5);
    CHECK_EQ(mkdirat(dir, "d", 0700), 0);
    CHECK_EQ(symlinkat("f", dir, "l"), 0);
    CHECK_EQ(readlinkat(dir, "l", said, sizeof said), 1);
    CHECK_EQ(fstatat(dir, "l", &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(linkat(dir, "l", dir, "hard", AT_SYMLINK_FOLLOW), 0);
    CHECK_EQ(fstatat(dir, "hard", &st, 0), 0);
    CHECK(S_ISREG(st.st_mode) && st.st_nlink == 2);
    CHECK_EQ(renameat(dir, "hard", AT_FDCWD, "/tmp/at/d/hard"), 0);
    other = openat(dir, "d", O_RDONLY);
    CHECK_EQ(faccessat(other, "hard", R_OK, AT_EACCESS), 0);
    CHECK_EQ(fchmodat(other, "hard", 0640, 0), 0);
    CHECK_EQ(fstatat(other, "../f", &st, 0), 0);
    CHECK_EQ(st.st_mode & 0777, 0640);
    CHECK_EQ(openat(other, "/tmp/at/none", O_RDONLY), -1); /* an absolute path asks nobody */
    CHECK_ERRNO(openat(file, "x", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(openat(900, "x", O_RDONLY), EBADF);
    CHECK_ERRNO(openat(-7, "x", O_RDONLY), EBADF);
    CHECK_ERRNO(unlinkat(dir, "d", 0), EPERM);
    CHECK_ERRNO(unlinkat(dir, "d", AT_REMOVEDIR), ENOTEMPTY);
    CHECK_ERRNO(unlinkat(dir, "f", AT_REMOVEDIR), ENOTDIR);
    CHECK_ERRNO(unlinkat(dir, "f", 0x1000), EINVAL);
    CHECK_EQ(unlinkat(other, "hard", 0) | unlinkat(dir, "d", AT_REMOVEDIR) | unlinkat(dir, "l", 0) | unlinkat(dir, "f", 0), 0);
    CHECK_EQ(close(dir) | close(file) | close(other), 0);
    CHECK_EQ(rmdir("/tmp/at"), 0);
}

static void check_times(const char *path)
{
    struct stat st;
    struct timespec set[2] = {{1000, 111}, {2000, 222}};
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    CHECK_EQ(utimensat(AT_FDCWD, path, set, 0), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 111 && st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 222);
    set[0].tv_nsec = UTIME_OMIT;
    set[1] = (struct timespec){3000, 333};
    CHECK_EQ(futimens(fd, set), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 3000);
    set[0].tv_nsec = UTIME_NOW;
    CHECK_EQ(futimens(fd, set), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(st.st_atim.tv_sec != 1000);
    set[0].tv_nsec = 1000000000;
    CHECK_ERRNO(futimens(fd, set), EINVAL);
    CHECK_ERRNO(futimens(900, NULL), EBADF);
    CHECK_ERRNO(utimensat(AT_FDCWD, "/tmp/none", NULL, 0), ENOENT);
    CHECK_EQ(close(fd) | unlink(path), 0);
}
static void times_to_the_nanosecond(void)
{
    struct stat link, file;
    struct timespec set[2] = {{7, 7}, {8, 8}};
    check_times("/tmp/times");
    make_file("/tmp/target", "x");
    CHECK_EQ(symlink("target", "/tmp/link"), 0);
    CHECK_EQ(utimensat(AT_FDCWD, "/tmp/link", set, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_EQ(lstat("/tmp/link", &link) | stat("/tmp/link", &file), 0);
    CHECK(link.st_mtim.tv_sec == 8 && file.st_mtim.tv_sec != 8);
    CHECK_EQ(unlink("/tmp/link") | unlink("/tmp/target"), 0);
}

static void the_one_user_owns_all(void)
{
    make_file("/tmp/own", "x");
    int fd = open("/tmp/own", O_RDWR);
    CHECK_EQ(chown("/tmp/own", 0, 0) | lchown("/tmp/own", (uid_t)-1, 0) | fchown(fd, 0, (gid_t)-1), 0);
    CHECK_ERRNO(chown("/tmp/own", 5, 0), EPERM);
    CHECK_ERRNO(fchown(fd, 0, 7), EPERM);
    CHECK_ERRNO(fchown(900, 0, 0), EBADF);
    CHECK_ERRNO(chown("/bin/true", 0, 0), EROFS);
    CHECK_EQ(close(fd) | unlink("/tmp/own"), 0);
}

static void a_file_system_says_what_room_it_has(void)
{
    static char data[1 << 16];
    struct statvfs before, after;
    CHECK_EQ(statvfs("/tmp", &before), 0);
    CHECK(before.f_frsize == 4096 && before.f_bfree > 16 && before.f_bfree < before.f_blocks && before.f_namemax == 255);
    int fd = open("/tmp/room", O_CREAT | O_RDWR, 0600);
    CHECK_EQ(write(fd, data, sizeof data), sizeof data);
    CHECK_EQ(fstatvfs(fd, &after), 0);
    CHECK(after.f_bfree + 16 <= before.f_bfree);
    CHECK_EQ(close(fd) | unlink("/tmp/room"), 0);
    CHECK_ERRNO(statvfs("/none", &before), ENOENT);
    CHECK_ERRNO(fstatvfs(900, &before), EBADF);
}

static void several_buffers_as_one(void)
{
    static char big[3000];
    char a[4] = "abc", b[4] = "def", in[3][3];
    struct iovec out[] = {{a, 3}, {NULL, 0}, {b, 3}}, back[] = {{in[0], 2}, {in[1], 3}, {in[2], 3}};
    struct iovec large[] = {{big, sizeof big}, {a, 1}};
    int fd = open("/tmp/iov", O_CREAT | O_RDWR | O_TRUNC, 0600);
    CHECK_EQ(writev(fd, out, 3), 6);
    CHECK_EQ(writev(fd, large, 2), sizeof big + 1);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(readv(fd, back, 3), 8);
    CHECK(memcmp(in[0], "ab", 2) == 0 && memcmp(in[1], "cde", 3) == 0 && memcmp(in[2], "f\0\0", 3) == 0);
    CHECK_EQ(lseek(fd, -1, SEEK_END), sizeof big + 6);
    CHECK_EQ(readv(fd, back, 3), 1);
    CHECK_EQ(readv(fd, back, 3), 0);
    CHECK_ERRNO(readv(fd, back, 0), EINVAL);
    CHECK_ERRNO(writev(fd, out, IOV_MAX + 1), EINVAL);
    CHECK_ERRNO(writev(900, out, 1), EBADF);
    out[0].iov_len = (size_t)SSIZE_MAX;
    CHECK_ERRNO(writev(fd, out, 3), EINVAL);
    CHECK_EQ(close(fd) | unlink("/tmp/iov"), 0);
}

static void canonical_paths(void)
{
    char to[PATH_MAX];
    CHECK_EQ(mkdir("/tmp/r", 0755) | mkdir("/tmp/r/s", 0755), 0);
    CHECK_EQ(symlink("../r/./s", "/tmp/r/l") | symlink("/tmp/r/l", "/tmp/r/m") | symlink("loop", "/tmp/r/loop"), 0);
    make_file("/tmp/r/s/f", "x");
    CHECK(realpath("/tmp//r/./m/../s/f", to) && strcmp(to, "/tmp/r/s/f") == 0);
    CHECK_EQ(chdir("/tmp/r"), 0);
    CHECK(realpath("l/f", to) && strcmp(to, "/tmp/r/s/f") == 0);
    CHECK(realpath("../..", to) && strcmp(to, "/") == 0);
    CHECK(!realpath("loop", to) && errno == ELOOP);
    CHECK(!realpath("none/x", to) && errno == ENOENT);
    CHECK(!realpath("l/f/x", to) && errno == ENOTDIR);
    CHECK(!realpath("l/f/", to) && errno == ENOTDIR);
    CHECK(!realpath("", to) && errno == ENOENT);
    CHECK_EQ(chdir("/"), 0);
    CHECK_EQ(unlink("/tmp/r/s/f") | unlink("/tmp/r/l") | unlink("/tmp/r/m") | unlink("/tmp/r/loop") | rmdir("/tmp/r/s") | rmdir("/tmp/r"), 0);
}

static void room_ahead_of_time(void)
{
    struct stat st;
    char back[4];
    int fd = open("/tmp/ahead", O_CREAT | O_RDWR | O_TRUNC, 0600);
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EQ(posix_fallocate(fd, 0, 20000), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(st.st_size == 20000 && st.st_blocks * 512 >= 20000);
    CHECK_EQ(pread(fd, back, 4, 0), 4);
    CHECK(memcmp(back, "abc", 4) == 0);
    CHECK_EQ(posix_fallocate(fd, 0, 0), EINVAL);
    CHECK_EQ(posix_fallocate(900, 0, 1), EBADF);
    CHECK_EQ(close(fd) | unlink("/tmp/ahead"), 0);
}

static void devices_and_pages(void)
{
    char text[512];
    const char *const pages[] = {"/proc/uptime", "/proc/mounts", "/proc/stat", "/proc/meminfo", "/proc/fs"};
    int fd = open("/dev/full", O_RDWR), out = open("/tmp/out", O_CREAT | O_RDWR | O_TRUNC, 0600), keep = dup(1);
    CHECK_ERRNO(write(fd, "x", 1), ENOSPC);
    CHECK_EQ(write(fd, "x", 0), 0);
    CHECK_EQ(read(fd, text, 4), 4);
    CHECK(memcmp(text, "\0\0\0\0", 4) == 0);
    CHECK_EQ(close(fd), 0);
    fflush(stdout);
    (void)dup2(out, 1);
    fd = open("/dev/stdout", O_WRONLY);
    ssize_t n = write(fd, "again", 5);
    (void)dup2(keep, 1);
    CHECK_EQ(n, 5);
    CHECK_EQ(lseek(out, 0, SEEK_CUR), 5); /* the same description */
    check_content("/tmp/out", "again");
    CHECK_EQ(close(fd) | close(out) | close(keep) | unlink("/tmp/out"), 0);
    for (unsigned i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        fd = open(pages[i], O_RDONLY);
        n = read(fd, text, sizeof text - 1);
        CHECK(n > 4 && text[n - 1] == '\n');
        CHECK_EQ(close(fd), 0);
    }
}

GT_MAIN(CASE(devices_and_pages), CASE(calls_from_a_directory), CASE(times_to_the_nanosecond), CASE(the_one_user_owns_all), CASE(a_file_system_says_what_room_it_has),
        CASE(several_buffers_as_one), CASE(canonical_paths), CASE(room_ahead_of_time))
