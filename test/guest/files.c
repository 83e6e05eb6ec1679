/* SPDX-License-Identifier: MIT
 * Regular files: what POSIX says of open, read, write, lseek, pread, pwrite, truncate, stat, link, unlink and rename, what they
 * must refuse and with which errno. Each case leaves /tmp as it found it, and gtest sees that no frame is lost.
 * SHORT: 16
 */
#define GT_NAME "files"
#include "gtest.h"
#include "gfiles.h"
#include <limits.h>

static void open_creates_and_refuses(void)
{
    int fd = open("/tmp/a", O_WRONLY | O_CREAT | O_EXCL, 0666);
    CHECK(fd >= 3);
    CHECK_ERRNO(open("/tmp/a", O_WRONLY | O_CREAT | O_EXCL, 0666), EEXIST);
    struct stat st;
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(S_ISREG(st.st_mode));
    CHECK_EQ(st.st_mode & 07777, 0644); /* the mask is 022 */
    CHECK_EQ(st.st_nlink, 1);
    CHECK_EQ(st.st_size, 0);
    char c;
    CHECK_ERRNO(read(fd, &c, 1), EBADF);
    CHECK_EQ(close(fd), 0);
    CHECK_ERRNO(close(fd), EBADF);
    CHECK_ERRNO(close(-1), EBADF);
    CHECK_ERRNO(close(INT_MAX), EBADF);
    CHECK_ERRNO(open("/tmp/none", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/none/none", O_RDWR | O_CREAT, 0666), ENOENT);
    CHECK_ERRNO(open("/tmp/a/b", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("/tmp/a/", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("/tmp", O_WRONLY), EISDIR);
    CHECK_ERRNO(open("/tmp", O_RDWR), EISDIR);
    CHECK_ERRNO(open("/tmp/new/", O_WRONLY | O_CREAT, 0666), EISDIR);
    CHECK_ERRNO(open("/tmp/a", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERRNO(open("", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/bin/true", O_WRONLY), EROFS);
    CHECK_ERRNO(open("/bin/mine", O_WRONLY | O_CREAT, 0666), EROFS);
    CHECK_ERRNO(open("/tmp/a", O_ACCMODE), EINVAL);
    fd = open("/tmp/a", O_RDONLY);
    CHECK_ERRNO(write(fd, "x", 1), EBADF);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink("/tmp/a"), 0);
    CHECK_ERRNO(unlink("/tmp/a"), ENOENT);
}
static void names_have_limits(void)
{
    char path[PATH_MAX + 8], name[NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[NAME_MAX + 1] = 0;
    snprintf(path, sizeof path, "/tmp/%s", name);
    CHECK_ERRNO(open(path, O_WRONLY | O_CREAT, 0666), ENAMETOOLONG);
    path[5 + NAME_MAX] = 0;
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink(path), 0);
    memset(path, '/', sizeof path);
    memcpy(path + PATH_MAX - 1 - 4, "/tmp", 5); /* 1,023 bytes and the nul */
    CHECK_EQ(access(path, F_OK), 0);
    memset(path, '/', sizeof path);
    memcpy(path + PATH_MAX - 4, "/tmp", 5);
    CHECK_ERRNO(access(path, F_OK), ENAMETOOLONG);
}
static void bytes_are_where_they_were_written(void)
{
    static char big[70000], back[70000];
    for (unsigned i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + (i >> 9));
    int fd = open("/tmp/b", O_RDWR | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd >= 0);
    CHECK_EQ(write(fd, big, sizeof big), sizeof big);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), sizeof big);
    CHECK_EQ(read(fd, back, 1), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(read(fd, back, sizeof back), sizeof back);
    CHECK(memcmp(big, back, sizeof big) == 0);
    CHECK_EQ(pread(fd, back, 100, 65500), 100);
    CHECK(memcmp(big + 65500, back, 100) == 0);
    CHECK_EQ(pwrite(fd, "hello", 5, 4094), 5);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), sizeof back); /* neither moved it */
    CHECK_EQ(pread(fd, back, 7, 4093), 7);
    CHECK_EQ(back[0], big[4093]);
    CHECK(memcmp(back + 1, "hello", 5) == 0);
    CHECK_ERRNO(pread(fd, back, 1, -1), EINVAL);
    CHECK_ERRNO(pwrite(fd, back, 1, -1), EINVAL);
    CHECK_EQ(read(fd, back, 0), 0);
    CHECK_EQ(write(fd, back, 0), 0);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink("/tmp/b"), 0);
}
static void holes_read_as_zeros(void)
{
    char back[64];
    static const char zeros[64];
    int fd = open("/tmp/hole", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct stat st;
    CHECK_EQ(lseek(fd, 10 << 20, SEEK_SET), 10 << 20);
    CHECK_EQ(write(fd, "end", 3), 3);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_size, (10 << 20) + 3);
    CHECK(st.st_blocks < 100); /* of 512 bytes: it is a hole */
    CHECK_EQ(pread(fd, back, 64, 5 << 20), 64);
    CHECK(memcmp(back, zeros, 64) == 0);
    CHECK_EQ(pread(fd, back, 64, 10 << 20), 3);
    CHECK_EQ(ftruncate(fd, 2), 0);
    CHECK_EQ(ftruncate(fd, 10), 0);
    CHECK_EQ(pwrite(fd, "ab", 2, 0), 2);
    CHECK_EQ(ftruncate(fd, 1), 0);
    CHECK_EQ(truncate("/tmp/hole", 3), 0);
    CHECK_EQ(pread(fd, back, 64, 0), 3);
    CHECK(memcmp(back, "a\0\0", 3) == 0); /* what was cut off does not come back */
    CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
    CHECK_ERRNO(truncate("/tmp/hole", -1), EINVAL);
    CHECK_ERRNO(truncate("/tmp/nohole", 0), ENOENT);
    CHECK_ERRNO(truncate("/tmp", 0), EISDIR);
    CHECK_ERRNO(ftruncate(fd, 1L << 40), EFBIG);
    CHECK_ERRNO(pwrite(fd, "x", 1, 1L << 40), EFBIG);
    CHECK_EQ(close(fd), 0);
    fd = open("/tmp/hole", O_RDONLY);
    CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
    CHECK_EQ(close(fd), 0);
    CHECK_ERRNO(ftruncate(fd, 0), EBADF);
    CHECK_EQ(unlink("/tmp/hole"), 0);
}
static void seeking(void)
{
    int fd = open("/tmp/s", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2];
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    CHECK_EQ(lseek(fd, -3, SEEK_END), 7);
    CHECK_EQ(lseek(fd, 2, SEEK_CUR), 9);
    CHECK_ERRNO(lseek(fd, -10, SEEK_CUR), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 9); /* it stayed */
    CHECK_ERRNO(lseek(fd, 0, 77), EINVAL);
    CHECK_EQ(lseek(fd, LONG_MAX, SEEK_SET), LONG_MAX);
    CHECK_ERRNO(lseek(fd, 1, SEEK_CUR), EOVERFLOW);
    CHECK_ERRNO(write(fd, "x", 1), EFBIG);
    CHECK_ERRNO(lseek(0, 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(lseek(500, 0, SEEK_SET), EBADF);
    CHECK_EQ(pipe(p), 0);
    CHECK_ERRNO(lseek(p[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(pread(p[0], &fd, 1, 0), ESPIPE);
    CHECK_ERRNO(pwrite(p[1], &fd, 1, 0), ESPIPE);
    CHECK_EQ(close(p[0]), 0);
    CHECK_EQ(close(p[1]), 0);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink("/tmp/s"), 0);
}
static void append_goes_to_the_end(void)
{
    int a = open("/tmp/log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600), b = open("/tmp/log", O_RDWR);
    char back[16];
    CHECK_EQ(write(a, "one", 3), 3);
    CHECK_EQ(lseek(a, 0, SEEK_SET), 0);
    CHECK_EQ(write(a, "two", 3), 3);
    CHECK_EQ(pread(b, back, sizeof back, 0), 6);
    CHECK(memcmp(back, "onetwo", 6) == 0);
    CHECK_EQ(fcntl(b, F_SETFL, O_APPEND), 0);
    CHECK_EQ(fcntl(b, F_GETFL), O_RDWR | O_APPEND);
    CHECK_EQ(write(b, "!", 1), 1);
    CHECK_EQ(pread(b, back, sizeof back, 0), 7);
    CHECK_EQ(close(a), 0);
    CHECK_EQ(close(b), 0);
    a = open("/tmp/log", O_WRONLY | O_TRUNC);
    struct stat st;
    CHECK_EQ(fstat(a, &st), 0);
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(close(a), 0);
    CHECK_EQ(unlink("/tmp/log"), 0);
}
static void an_unlinked_file_lives_until_it_is_closed(void)
{
    char back[8];
    int fd = open("/tmp/gone", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(write(fd, "here", 4), 4);
    CHECK_EQ(unlink("/tmp/gone"), 0);
    CHECK_ERRNO(open("/tmp/gone", O_RDONLY), ENOENT);
    struct stat st;
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(pread(fd, back, 8, 0), 4);
    CHECK_EQ(close(fd), 0);
}
static void links_are_one_file(void)
{
    struct stat a, b;
    make_file("/tmp/l1", "text");
    CHECK_EQ(link("/tmp/l1", "/tmp/l2"), 0);
    CHECK_EQ(stat("/tmp/l1", &a), 0);
    CHECK_EQ(stat("/tmp/l2", &b), 0);
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_EQ(b.st_nlink, 2);
    CHECK_ERRNO(link("/tmp/l1", "/tmp/l2"), EEXIST);
    CHECK_ERRNO(link("/tmp/none", "/tmp/l3"), ENOENT);
    CHECK_ERRNO(link("/tmp", "/tmp/l3"), EPERM);
    CHECK_ERRNO(link("/tmp/l1", "/bin/l3"), EROFS);
    CHECK_EQ(unlink("/tmp/l1"), 0);
    check_content("/tmp/l2", "text");
    CHECK_EQ(stat("/tmp/l2", &b), 0);
    CHECK_EQ(b.st_nlink, 1);
    CHECK_EQ(unlink("/tmp/l2"), 0);
}
static void symbolic_links(void)
{
    char to[32];
    struct stat st;
    make_file("/tmp/real", "text");
    CHECK_EQ(symlink("real", "/tmp/sym"), 0);
    check_content("/tmp/sym", "text");
    CHECK_EQ(readlink("/tmp/sym", to, sizeof to), 4);
    CHECK(memcmp(to, "real", 4) == 0);
    CHECK_EQ(readlink("/tmp/sym", to, 2), 2);
    CHECK_ERRNO(readlink("/tmp/real", to, sizeof to), EINVAL);
    CHECK_EQ(lstat("/tmp/sym", &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(st.st_size, 4);
    CHECK_EQ(stat("/tmp/sym", &st), 0);
    CHECK(S_ISREG(st.st_mode));
    CHECK_ERRNO(symlink("x", "/tmp/sym"), EEXIST);
    CHECK_ERRNO(symlink("", "/tmp/empty"), ENOENT);
    CHECK_ERRNO(open("/tmp/sym", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_ERRNO(open("/tmp/sym", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_EQ(symlink("loop2", "/tmp/loop1"), 0);
    CHECK_EQ(symlink("loop1", "/tmp/loop2"), 0);
    CHECK_ERRNO(open("/tmp/loop1", O_RDONLY), ELOOP);
    CHECK_EQ(symlink("made", "/tmp/dangling"), 0);
    CHECK_ERRNO(open("/tmp/dangling", O_RDONLY), ENOENT);
    int fd = open("/tmp/dangling", O_WRONLY | O_CREAT, 0600); /* makes what it points to */
    CHECK(fd >= 0);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(stat("/tmp/made", &st), 0);
    CHECK_EQ(symlink("/tmp", "/tmp/here"), 0);
    check_content("/tmp/here/here/real", "text");
    static const char *const all[] = {"real", "sym", "loop1", "loop2", "dangling", "made", "here"};
    CHECK_EQ(chdir("/tmp"), 0);
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        CHECK_EQ(unlink(all[i]), 0);
    CHECK_EQ(chdir("/"), 0);
}
static void rename_replaces(void)
{
    make_file("/tmp/old", "old");
    make_file("/tmp/new", "new");
    int fd = open("/tmp/new", O_RDONLY);
    CHECK_EQ(rename("/tmp/old", "/tmp/new"), 0);
    check_content("/tmp/new", "old");
    char back[4];
    CHECK_EQ(read(fd, back, 4), 3); /* who had it open has it still */
    CHECK(memcmp(back, "new", 3) == 0);
    CHECK_EQ(close(fd), 0);
    CHECK_ERRNO(rename("/tmp/old", "/tmp/x"), ENOENT);
    CHECK_EQ(rename("/tmp/new", "/tmp/new"), 0);
    CHECK_EQ(link("/tmp/new", "/tmp/same"), 0);
    CHECK_EQ(rename("/tmp/new", "/tmp/same"), 0); /* one file: nothing happens */
    CHECK_EQ(access("/tmp/new", F_OK), 0);
    CHECK_EQ(mkdir("/tmp/d", 0700), 0);
    CHECK_ERRNO(rename("/tmp/new", "/tmp/d"), EISDIR);
    CHECK_ERRNO(rename("/tmp/d", "/tmp/new"), ENOTDIR);
    CHECK_ERRNO(rename("/tmp/new", "/bin/new"), EROFS);
    CHECK_ERRNO(rename("/bin", "/tmp/bin"), EROFS);
    CHECK_ERRNO(rename("/tmp/new", "/tmp/none/new"), ENOENT);
    CHECK_ERRNO(rename("/tmp/new", "/tmp/x/"), ENOTDIR);
    CHECK_EQ(rename("/tmp/new", "/tmp/d/in"), 0);
    check_content("/tmp/d/in", "old");
    CHECK_EQ(unlink("/tmp/d/in"), 0);
    CHECK_EQ(unlink("/tmp/same"), 0);
    CHECK_EQ(rmdir("/tmp/d"), 0);
}
static void access_and_modes(void)
{
    struct stat st;
    make_file("/tmp/m", "");
    CHECK_EQ(access("/tmp/m", R_OK | W_OK), 0);
    CHECK_ERRNO(access("/tmp/m", X_OK), EACCES);
    CHECK_ERRNO(access("/tmp/none", F_OK), ENOENT);
    CHECK_ERRNO(access("/tmp/m", 0x40), EINVAL);
    CHECK_ERRNO(access("/bin/true", W_OK), EROFS);
    CHECK_EQ(access("/bin/true", R_OK | X_OK), 0);
    CHECK_EQ(chmod("/tmp/m", 0755), 0);
    CHECK_EQ(access("/tmp/m", X_OK), 0);
    CHECK_ERRNO(chmod("/bin/true", 0), EROFS);
    mode_t old = umask(077);
    CHECK_EQ(unlink("/tmp/m"), 0);
    int fd = open("/tmp/m", O_WRONLY | O_CREAT, 0666);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_mode & 07777, 0600);
    CHECK_EQ(fchmod(fd, 0444), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_mode & 07777, 0444);
    CHECK_EQ(umask(old), 077);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink("/tmp/m"), 0);
}
static void devices(void)
{
    char bytes[5000];
    static const char zeros[5000];
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY), text;
    CHECK_EQ(write(null, bytes, sizeof bytes), sizeof bytes);
    CHECK_EQ(read(null, bytes, sizeof bytes), 0);
    CHECK_EQ(read(zero, bytes, sizeof bytes), sizeof bytes);
    CHECK(memcmp(bytes, zeros, sizeof bytes) == 0);
    CHECK_EQ(close(null), 0);
    CHECK_EQ(close(zero), 0);
    zero = open("/dev/random", O_RDONLY);
    CHECK_EQ(read(zero, bytes, 64), 64);
    CHECK(memcmp(bytes, bytes + 32, 32) != 0);
    CHECK_EQ(close(zero), 0);
    text = open("/proc/meminfo", O_RDONLY);
    ssize_t n = read(text, bytes, 9);
    CHECK_EQ(n, 9);
    CHECK(memcmp(bytes, "MemTotal:", 9) == 0);
    while ((n = read(text, bytes, 100)) > 0) /* bound: the page's length */
        continue;
    CHECK_EQ(n, 0);
    CHECK_EQ(close(text), 0);
    int tty = open("/dev/tty", O_RDWR);
    CHECK(isatty(tty));
    CHECK_EQ(write(tty, "", 0), 0);
    CHECK_EQ(close(tty), 0);
    CHECK_ERRNO(unlink("/dev/null"), EROFS);
}
static void stdio_works_on_files(void)
{
    char line[32];
    FILE *f = fopen("/tmp/f", "w");
    REQUIRE(f != NULL);
    for (int i = 0; i < 1000; i++)
        fprintf(f, "line %d\n", i);
    CHECK_EQ(fclose(f), 0);
    f = fopen("/tmp/f", "r");
    int n = 0;
    while (fgets(line, sizeof line, f) != NULL)
        n++;
    CHECK_EQ(n, 1000);
    CHECK(strcmp(line, "line 999\n") == 0);
    rewind(f);
    CHECK(fgets(line, sizeof line, f) != NULL && strcmp(line, "line 0\n") == 0);
    CHECK_EQ(fclose(f), 0);
    CHECK(fopen("/tmp/none", "r") == NULL);
    CHECK_EQ(errno, ENOENT);
    CHECK_EQ(remove("/tmp/f"), 0);
}

GT_MAIN(CASE(open_creates_and_refuses), CASE(names_have_limits), CASE(bytes_are_where_they_were_written), CASE(holes_read_as_zeros),
        CASE(seeking), CASE(append_goes_to_the_end), CASE(an_unlinked_file_lives_until_it_is_closed), CASE(links_are_one_file),
        CASE(symbolic_links), CASE(rename_replaces), CASE(access_and_modes), CASE(devices), CASE(stdio_works_on_files))
