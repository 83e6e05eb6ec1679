/* SPDX-License-Identifier: MIT
 * Proves shared memory objects from the standard: names and what is refused of them, sizes, that all who have one open or mapped see
 * the same bytes, also over fork and exec, that it lives until the last of name, descriptor and mapping is gone; and files without
 * a name, which may be given one.
 */
#define GT_NAME "shm"
#include "gmap.h"

#include <fcntl.h>
#include <sys/stat.h>

static int object(const char *name, size_t pages)
{
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, (off_t)(pages * PAGE)), 0);
    return fd;
}

static char *map(int fd, size_t pages)
{
    char *p = mmap(NULL, pages * PAGE, RW, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

static void names_are_checked(void)
{
    static char longest[257] = "/", too_long[258] = "/";
    memset(longest + 1, 'n', 255);
    memset(too_long + 1, 'n', 256);
    REFUSED(shm_open("", O_RDWR | O_CREAT, 0600), EINVAL);
    REFUSED(shm_open("/", O_RDWR | O_CREAT, 0600), EINVAL);
    REFUSED(shm_open("/a/b", O_RDWR | O_CREAT, 0600), EINVAL);
    REFUSED(shm_open("/..", O_RDWR | O_CREAT, 0600), EINVAL);
    REFUSED(shm_open(too_long, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
    REFUSED(shm_open("/there is none", O_RDWR, 0), ENOENT);
    REFUSED(shm_open("/x", O_WRONLY | O_CREAT, 0600), EINVAL);
    REFUSED(shm_open("/x", O_RDWR | O_CREAT | O_APPEND, 0600), EINVAL);
    REFUSED(shm_unlink("/there is none"), ENOENT);
    REFUSED(shm_unlink("/a/b"), EINVAL);
    REFUSED(shm_unlink(too_long), ENAMETOOLONG);
    int fd = shm_open(longest, O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    close(fd);
    CHECK_EQ(shm_unlink(longest), 0);
    REFUSED(rmdir("/dev/shm"), EROFS);
}

static void flags_do_what_the_standard_says(void)
{
    struct stat st;
    int fd = shm_open("/flags", O_RDWR | O_CREAT | O_EXCL, 0640);
    REQUIRE(fd >= 0 && fstat(fd, &st) == 0);
    CHECK_EQ(st.st_size, 0);
    CHECK(S_ISREG(st.st_mode));
    CHECK_EQ(st.st_mode & 0777, 0640);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    REFUSED(shm_open("/flags", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_EQ(ftruncate(fd, 5000), 0);
    int again = shm_open("flags", O_RDONLY, 0); /* the slash is not part of the name */
    CHECK(again >= 0 && fstat(again, &st) == 0);
    CHECK_EQ(st.st_size, 5000);
    REFUSED(ftruncate(again, 1), EINVAL);
    FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, again, 0), EACCES);
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, again, 0);
    CHECK(p != MAP_FAILED && p[0] == 0);
    close(again);
    again = shm_open("/flags", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(again >= 0 && fstat(fd, &st) == 0);
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(st.st_mode & 0777, 0640);
    CHECK_EQ(munmap(p, PAGE), 0);
    close(again);
    close(fd);
    CHECK_EQ(shm_unlink("/flags"), 0);
    REFUSED(shm_open("/flags", O_RDWR, 0), ENOENT);
}

static char *theirs;
static void child_opens_it(void *unused)
{
    (void)unused;
    int fd = shm_open("/both", O_RDWR, 0);
    char *p = map(fd, 3);
    CHECK(p != theirs);
    CHECK_EQ(*word(p, 0), 10);
    CHECK_EQ(*word(theirs, 0), 10);
    *word(p, 1) = 11;
    CHECK_EQ(*word(theirs, 1), 11);
    *word(theirs, 2) = 12;
    CHECK_EQ(*word(p, 2), 12);
}
static void all_see_the_same_bytes(void)
{
    int fd = object("/both", 3);
    theirs = map(fd, 3);
    CHECK_EQ(*word(theirs, 2), 0);
    *word(theirs, 0) = 10;
    RUN_CHILD(child_opens_it, NULL);
    CHECK(*word(theirs, 1) == 11 && *word(theirs, 2) == 12);
    close(fd);
    CHECK_EQ(munmap(theirs, 3 * PAGE), 0);
    fd = shm_open("/both", O_RDONLY, 0); /* nobody had it: it is still there */
    theirs = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK_EQ(*word(theirs, 1), 11);
    close(fd);
    CHECK_EQ(shm_unlink("/both"), 0);
    CHECK_EQ(*word(theirs, 2), 12); /* and without a name */
    fd = object("/both", 1);        /* which is free for another */
    char *q = map(fd, 1);
    CHECK_EQ(*word(q, 0), 0);
    close(fd);
    CHECK_EQ(shm_unlink("/both"), 0);
    CHECK(munmap(q, PAGE) == 0 && munmap(theirs, 3 * PAGE) == 0);
}

static void sizes_change(void)
{
    int fd = object("/size", 1);
    char *p = map(fd, 4);
    *word(p, 0) = 7;
    gt_expect_signal(gt_child(loads, p + 2 * PAGE), SIGBUS);
    CHECK_EQ(ftruncate(fd, (off_t)(3 * PAGE)), 0);
    *word(p, 2) = 9;
    gt_expect_signal(gt_child(stores, p + 3 * PAGE), SIGBUS);
    CHECK_EQ(ftruncate(fd, 0), 0);
    gt_expect_signal(gt_child(loads, p), SIGBUS);
    CHECK_EQ(ftruncate(fd, (off_t)(3 * PAGE)), 0);
    CHECK(*word(p, 0) == 0 && *word(p, 2) == 0);
    REFUSED(ftruncate(fd, -1), EINVAL);
    REFUSED(ftruncate(fd, (off_t)1 << 40), EFBIG);
    CHECK_EQ(munmap(p, 4 * PAGE), 0);
    close(fd);
    CHECK_EQ(shm_unlink("/size"), 0);
}

/* What exec closes and what it keeps: the object itself, by its name or by a descriptor without FD_CLOEXEC. */
static void exec_keeps_what_it_is_told_to(void)
{
    int kept = memfd_create("kept", 0), closed = memfd_create("closed", MFD_CLOEXEC);
    REQUIRE(kept >= 0 && closed >= 0);
    CHECK(fcntl(kept, F_GETFD) == 0 && fcntl(closed, F_GETFD) == FD_CLOEXEC);
    CHECK_EQ(ftruncate(kept, (off_t)PAGE), 0);
    char *p = map(kept, 1), line[120];
    strcpy(p, "from before\n");
    (void)snprintf(line, sizeof line, "head -n 1 <&%d >/dev/shm/out; echo x 2>/dev/null >&%d || echo closed >>/dev/shm/out", kept, closed);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)0);
        _exit(9);
    }
    CHECK_EQ(gt_reap(pid, GT_HANG_MS), 0);
    int out = shm_open("/out", O_RDONLY, 0);
    memset(line, 0, sizeof line);
    CHECK_EQ(read(out, line, sizeof line), 19);
    CHECK(strcmp(line, "from before\nclosed\n") == 0);
    close(out);
    CHECK_EQ(shm_unlink("/out"), 0);
    close(kept);
    close(closed);
    CHECK_EQ(munmap(p, PAGE), 0);
}

static void nobody_finds_a_memfd(void)
{
    struct stat st;
    static char name[251];
    memset(name, 'n', 249);
    int a = memfd_create("a", 0), b = memfd_create("a", 0), c = memfd_create(name, 0);
    CHECK(a >= 0 && b >= 0 && c >= 0);
    CHECK_EQ(fstat(a, &st), 0);
    CHECK(st.st_nlink == 0 && st.st_size == 0);
    CHECK_EQ(write(a, "1234", 4), 4);
    CHECK_EQ(fstat(b, &st), 0);
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(ftruncate(a, 2 * (off_t)PAGE), 0);
    char *p = map(a, 2), *q = mmap(NULL, PAGE, RW, MAP_PRIVATE, a, 0);
    CHECK(q != MAP_FAILED && memcmp(q, "1234", 4) == 0);
    *word(p, 0) = 5;
    *word(q, 0) = 6;
    close(a);
    CHECK_EQ(*word(p, 0), 5);
    CHECK(munmap(p, 2 * PAGE) == 0 && munmap(q, PAGE) == 0);
    REFUSED(linkat(b, "", AT_FDCWD, "/dev/shm/b", AT_EMPTY_PATH), ENOENT);
    name[249] = 'n';
    REFUSED(memfd_create(name, 0), EINVAL);
    REFUSED(memfd_create("a", 0x80), EINVAL);
    close(b);
    close(c);
}

static void a_nameless_file_may_be_given_a_name(void)
{
    char byte = 0;
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    REQUIRE(fd >= 0);
    CHECK_EQ(write(fd, "n", 1), 1);
    REFUSED(linkat(fd, "", AT_FDCWD, "/tmp", AT_EMPTY_PATH), EEXIST);
    REFUSED(linkat(fd, "", AT_FDCWD, "/disk/x", AT_EMPTY_PATH), EROFS);
    REFUSED(linkat(77, "", AT_FDCWD, "/tmp/x", AT_EMPTY_PATH), EBADF);
    REFUSED(linkat(0, "", AT_FDCWD, "/tmp/x", AT_EMPTY_PATH), ENOENT);
    CHECK_EQ(linkat(fd, "", AT_FDCWD, "/tmp/named", AT_EMPTY_PATH), 0);
    int again = open("/tmp/named", O_RDONLY);
    CHECK_EQ(read(again, &byte, 1), 1);
    CHECK_EQ(byte, 'n');
    CHECK_EQ(unlink("/tmp/named"), 0);
    REFUSED(linkat(fd, "", AT_FDCWD, "/tmp/named", AT_EMPTY_PATH), ENOENT); /* it had one */
    close(again);
    close(fd);
    REFUSED(open("/tmp", O_TMPFILE | O_RDONLY, 0600), EINVAL);
    REFUSED(open("/tmp", O_TMPFILE | O_RDWR | O_CREAT, 0600), EINVAL);
    REFUSED(open("/bin", O_TMPFILE | O_RDWR, 0600), EROFS);
    REFUSED(open("/bin/true", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
    REFUSED(open("/tmp/nothing", O_TMPFILE | O_RDWR, 0600), ENOENT);
}

/* More than there is memory for: holes cost nothing, what is touched is refused with SIGBUS when the server has no more. */
static void leave_with_code(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    _exit(info->si_code);
}
static void touch_all(void *p)
{
    struct sigaction a = {.sa_flags = SA_SIGINFO, .sa_sigaction = leave_with_code};
    CHECK_EQ(sigaction(SIGBUS, &a, NULL), 0);
    for (size_t i = 0; i < 262144; i++)
        *word(p, i) = 1;
}
static void too_large_is_sigbus_not_a_hang(void)
{
    gt_loose = 1; /* the file server keeps a step of pages that it has room for */
    int fd = memfd_create("large", 0);
    CHECK_EQ(ftruncate(fd, (off_t)1 << 30), 0);
    char *p = mmap(NULL, 1UL << 30, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    *word(p, 262143) = 3;
    CHECK_EQ(*word(p, 262143), 3);
    gt_expect_exit(gt_child(touch_all, p), BUS_OBJERR); /* the file has the page */
    CHECK_EQ(*word(p, 0), 1);
    CHECK_EQ(munmap(p, 1UL << 30), 0);
    close(fd);
    fd = object("/after", 16); /* all of it is back */
    p = map(fd, 16);
    memset(p, 1, 16 * PAGE);
    CHECK_EQ(munmap(p, 16 * PAGE), 0);
    close(fd);
    CHECK_EQ(shm_unlink("/after"), 0);
}

static void lock_all(void *p)
{
    CHECK(mlock(p, 1UL << 30) == -1 && errno == EAGAIN);
}
static void too_large_is_an_error_of_mlock(void)
{
    gt_loose = 1;
    int fd = memfd_create("large", 0);
    CHECK_EQ(ftruncate(fd, (off_t)1 << 30), 0);
    char *p = mmap(NULL, 1UL << 30, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    RUN_CHILD(lock_all, p);
    *word(p, 0) = 7; /* which was brought in */
    CHECK_EQ(munmap(p, 1UL << 30), 0);
    p = mmap(NULL, 1UL << 20, RW, MAP_SHARED | MAP_POPULATE, fd, (1 << 30) - (1 << 20)); /* what is left for the first touch */
    CHECK(p != MAP_FAILED && munmap(p, 1UL << 20) == 0 && close(fd) == 0);
}

GT_MAIN(CASE(names_are_checked), CASE(flags_do_what_the_standard_says), CASE(all_see_the_same_bytes), CASE(sizes_change),
        CASE(exec_keeps_what_it_is_told_to), CASE(nobody_finds_a_memfd), CASE(a_nameless_file_may_be_given_a_name),
        CASE(too_large_is_sigbus_not_a_hang), CASE(too_large_is_an_error_of_mlock))
