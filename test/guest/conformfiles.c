/* SPDX-License-Identifier: MIT
 * What POSIX says that files must refuse, as tables: each call with a path for each thing that can be wrong with a path, each call with a
 * descriptor for those that are none; and what is unusual but allowed. In memory and on a disk alike.
 * DISK: 8M -b 1024
 * TIMEOUT: 120
 */
#define GT_NAME "conformfiles"
#include "gtest.h"
#include "gpaths.h"
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/uio.h>

static const char *const top[] = {"/tmp/c", "/disk/c"};
static char bytes[64];

/* top/name, good until eight others are asked for. */
static const char *in(unsigned fs, const char *name)
{
    static char text[8][NAME_MAX + 32];
    static unsigned next;
    char *path = text[next++ % 8];
    snprintf(path, sizeof text[0], "%s/%s", top[fs], name);
    return path;
}
static void told(const char *what, const char *path, int error, int wanted)
{
    if (error == wanted)
        return;
    gt_fail(what, __FILE__, __LINE__);
    printf("  %.60s: errno %d (%s), wanted %d\n", path, error, strerror(error), wanted);
}

/* ---- paths ---- */

static void make_tree(unsigned fs)
{
    char name[16], to[16];
    CHECK_EQ(mkdir(top[fs], 0755), 0);
    CHECK_EQ(mkdir(in(fs, "dir"), 0755), 0);
    make_file(in(fs, "file"), "text");
    CHECK_EQ(symlink("loop", in(fs, "loop")), 0);
    CHECK_EQ(symlink("nothing", in(fs, "dangling")), 0);
    for (int i = 0; i <= SYMLOOP_MAX; i++) { /* link0 -> link1 -> ... -> dir */
        snprintf(name, sizeof name, "link%d", i);
        snprintf(to, sizeof to, "link%d", i + 1);
        CHECK_EQ(symlink(i < SYMLOOP_MAX ? to : "dir", in(fs, name)), 0);
    }
}
static void remove_tree(unsigned fs)
{
    char name[16];
    for (int i = 0; i <= SYMLOOP_MAX; i++) {
        snprintf(name, sizeof name, "link%d", i);
        CHECK_EQ(unlink(in(fs, name)), 0);
    }
    CHECK_EQ(unlink(in(fs, "file")), 0);
    CHECK_EQ(unlink(in(fs, "loop")), 0);
    CHECK_EQ(unlink(in(fs, "dangling")), 0);
    CHECK_EQ(rmdir(in(fs, "dir")), 0);
    CHECK_EQ(rmdir(top[fs]), 0);
}
static void what_is_wrong_on_the_way(void)
{
    static char name[NAME_MAX + 2], over[NAME_MAX + 16];
    memset(name, 'n', NAME_MAX + 1);
    snprintf(over, sizeof over, "dir/%s", name);
    const struct {
        const char *way;
        int error;
    } wrong[] = {{"nothing/x", ENOENT}, {"file/x", ENOTDIR}, {"loop/x", ELOOP}, {"link0/x", ELOOP}, {"dangling/x", ENOENT},
                 {"dir/../file/x", ENOTDIR}, {over, ENAMETOOLONG}};
    for (unsigned fs = 0; fs < 2; fs++) {
        make_tree(fs);
        for (unsigned i = 0; i < PATH_CALLS; i++)
            for (unsigned k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
                const char *path = in(fs, wrong[k].way);
                errno = 0;
                int result = path_call[i].fn(path);
                told(path_call[i].what, path, result == -1 ? errno : 0, wrong[k].error);
            }
        CHECK_EQ(access(in(fs, "link1"), F_OK), 0); /* so many links are allowed */
        CHECK_ERRNO(access(in(fs, "link0"), F_OK), ELOOP);
        remove_tree(fs);
    }
    for (unsigned i = 0; i < PATH_CALLS; i++) {
        errno = 0;
        int result = path_call[i].fn("");
        told(path_call[i].what, "(empty)", result == -1 ? errno : 0, ENOENT);
    }
}
static void what_is_read_only_stays(void)
{
    for (unsigned i = 0; i < PATH_CALLS; i++) {
        if (!(path_call[i].how & WRITES))
            continue;
        const char *path = path_call[i].how & MAKES ? "/bin/there_is_none" : "/bin/true";
        bool wants_directory = path_call[i].fn == p_rmdir, across = path_call[i].fn == p_rename || path_call[i].fn == p_rename_to || path_call[i].fn == p_link_to;
        errno = 0;
        int result = path_call[i].fn(path), error = result == -1 ? errno : 0;
        told(path_call[i].what, path, across && error == EXDEV ? EROFS : error, wants_directory ? ENOTDIR : EROFS);
    }
}
static void what_is_there_or_is_not(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        make_tree(fs);
        for (unsigned i = 0; i < PATH_CALLS; i++) {
            if (path_call[i].how & MAKES)
                continue;
            errno = 0;
            int result = path_call[i].fn(in(fs, "nothing"));
            told(path_call[i].what, "nothing", result == -1 ? errno : 0, ENOENT);
        }
        CHECK_ERRNO(mkdir(in(fs, "dangling"), 0755), EEXIST);
        CHECK_ERRNO(mkfifo(in(fs, "file"), 0644), EEXIST);
        CHECK_ERRNO(symlink("x", in(fs, "loop")), EEXIST);
        CHECK_ERRNO(link(in(fs, "file"), in(fs, "dangling")), EEXIST);
        CHECK_ERRNO(link(in(fs, "dir"), in(fs, "new")), EPERM);
        CHECK_ERRNO(open(in(fs, "dangling"), O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
        CHECK_ERRNO(open(in(fs, "dir"), O_WRONLY), EISDIR);
        CHECK_ERRNO(open(in(fs, "file"), O_RDONLY | O_DIRECTORY), ENOTDIR);
        CHECK_ERRNO(truncate(in(fs, "dir"), 0), EISDIR);
        CHECK_ERRNO(truncate(in(fs, "file"), -1), EINVAL);
        CHECK_ERRNO(readlink(in(fs, "file"), bytes, 8), EINVAL);
        CHECK_ERRNO(chdir(in(fs, "file")), ENOTDIR);
        CHECK_ERRNO(p_opendir(in(fs, "file")), ENOTDIR);
        CHECK_ERRNO(rmdir(in(fs, "file")), ENOTDIR);
        CHECK_ERRNO(rmdir(in(fs, "link16")), ENOTDIR); /* the link, not what it says */
        CHECK_ERRNO(rmdir(in(fs, "dir/.")), EINVAL);
        CHECK_ERRNO(unlink(in(fs, "dir")), EPERM);
        CHECK_ERRNO(unlink(in(fs, "file/")), ENOTDIR);
        CHECK_ERRNO(execv(in(fs, "dir"), (char *[]){"x", NULL}), EACCES);
        remove_tree(fs);
    }
    CHECK_ERRNO(rmdir("/disk"), EBUSY);
    CHECK_ERRNO(rename("/disk", "/tmp/d"), EBUSY);
    CHECK_ERRNO(rmdir("/"), EBUSY);
}

/* ---- descriptors ---- */

static int fd_read(int fd) { return (int)read(fd, bytes, 1); }
static int fd_write(int fd) { return (int)write(fd, "x", 1); }
static int fd_pread(int fd) { return (int)pread(fd, bytes, 1, 0); }
static int fd_pwrite(int fd) { return (int)pwrite(fd, "x", 1, 0); }
static int fd_readv(int fd) { return (int)readv(fd, &(struct iovec){bytes, 1}, 1); }
static int fd_writev(int fd) { return (int)writev(fd, &(struct iovec){bytes, 1}, 1); }
static int fd_lseek(int fd) { return (int)lseek(fd, 0, SEEK_CUR); }
static int fd_close(int fd) { return close(fd); }
static int fd_dup(int fd) { return dup(fd); }
static int fd_dup2(int fd) { return dup2(fd, 50); }
static int fd_dup2_same(int fd) { return dup2(fd, fd); }
static int fd_dupfd(int fd) { return fcntl(fd, F_DUPFD, 0); }
static int fd_dupfd_cloexec(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }
static int fd_getfd(int fd) { return fcntl(fd, F_GETFD); }
static int fd_setfd(int fd) { return fcntl(fd, F_SETFD, 0); }
static int fd_getfl(int fd) { return fcntl(fd, F_GETFL); }
static int fd_setfl(int fd) { return fcntl(fd, F_SETFL, 0); }
static int fd_lock(int fd) { return fcntl(fd, F_SETLK, &(struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET}); }
static int fd_flock(int fd) { return flock(fd, LOCK_UN); }
static int fd_lockf(int fd) { return lockf(fd, F_TEST, 0); }
static int fd_fstat(int fd)
{
    struct stat st;
    return fstat(fd, &st);
}
static int fd_fstatvfs(int fd)
{
    struct statvfs v;
    return fstatvfs(fd, &v);
}
static int fd_fchmod(int fd) { return fchmod(fd, 0600); }
static int fd_fchown(int fd) { return fchown(fd, 0, 0); }
static int fd_futimens(int fd) { return futimens(fd, NULL); }
static int fd_ftruncate(int fd) { return ftruncate(fd, 0); }
static int fd_fsync(int fd) { return fsync(fd); }
static int fd_fdatasync(int fd) { return fdatasync(fd); }
static int fd_fchdir(int fd) { return fchdir(fd); }
static int fd_fdopendir(int fd) { return fdopendir(fd) == NULL ? -1 : 0; }
static int fd_isatty(int fd) { return isatty(fd) ? 1 : -1; }
static int fd_fpathconf(int fd) { return (int)fpathconf(fd, _PC_NAME_MAX); }
static int fd_ioctl(int fd) { return ioctl(fd, FIONREAD, &(int){0}); }
static int fd_openat(int fd) { return openat(fd, "x", O_RDONLY); }
static int fd_fstatat(int fd)
{
    struct stat st;
    return fstatat(fd, "x", &st, 0);
}
static int fd_unlinkat(int fd) { return unlinkat(fd, "x", 0); }
static int fd_mkdirat(int fd) { return mkdirat(fd, "x", 0700); }
static int fd_renameat(int fd) { return renameat(fd, "x", fd, "y"); }
static int fd_mmap(int fd) { return mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0; }
static int fd_select(int fd)
{
    fd_set set;
    struct timeval now = {0};
    if (fd < 0 || fd >= FD_SETSIZE) {
        errno = EBADF; /* no set can name it */
        return -1;
    }
    FD_ZERO(&set);
    FD_SET(fd, &set);
    return select(fd + 1, &set, NULL, NULL, &now);
}
static int fd_poll(int fd)
{
    struct pollfd f = {.fd = fd, .events = POLLIN};
    int n = poll(&f, 1, 0);
    errno = fd < 0 ? (n == 0 && f.revents == 0 ? EBADF : 0) : n == 1 && f.revents == POLLNVAL ? EBADF : 0; /* a negative one is left out */
    return -1;
}
static const struct fd_call {
    const char *what;
    int (*fn)(int fd);
} fd_call[] = {
    {"read", fd_read}, {"write", fd_write}, {"pread", fd_pread}, {"pwrite", fd_pwrite}, {"readv", fd_readv}, {"writev", fd_writev},
    {"lseek", fd_lseek}, {"close", fd_close}, {"dup", fd_dup}, {"dup2", fd_dup2}, {"dup2, same", fd_dup2_same}, {"F_DUPFD", fd_dupfd},
    {"F_DUPFD_CLOEXEC", fd_dupfd_cloexec}, {"F_GETFD", fd_getfd}, {"F_SETFD", fd_setfd}, {"F_GETFL", fd_getfl}, {"F_SETFL", fd_setfl},
    {"F_SETLK", fd_lock}, {"flock", fd_flock}, {"lockf", fd_lockf}, {"fstat", fd_fstat}, {"fstatvfs", fd_fstatvfs}, {"fchmod", fd_fchmod},
    {"fchown", fd_fchown}, {"futimens", fd_futimens}, {"ftruncate", fd_ftruncate}, {"fsync", fd_fsync}, {"fdatasync", fd_fdatasync},
    {"fchdir", fd_fchdir}, {"fdopendir", fd_fdopendir}, {"isatty", fd_isatty}, {"fpathconf", fd_fpathconf}, {"ioctl", fd_ioctl},
    {"openat", fd_openat}, {"fstatat", fd_fstatat}, {"unlinkat", fd_unlinkat}, {"mkdirat", fd_mkdirat}, {"renameat", fd_renameat},
    {"mmap", fd_mmap}, {"select", fd_select}, {"poll", fd_poll},
};
static void descriptors_that_are_none(void)
{
    static const int none[] = {-1, 700, 1023, 1024, INT_MAX, INT_MIN};
    CHECK_EQ(access("/", F_OK), 0);
    for (unsigned i = 0; i < sizeof fd_call / sizeof fd_call[0]; i++)
        for (unsigned k = 0; k < sizeof none / sizeof none[0]; k++) {
            errno = 0;
            int result = fd_call[i].fn(none[k]);
            told(fd_call[i].what, "no descriptor", result == -1 ? errno : 0, EBADF);
        }
    CHECK_EQ(posix_fallocate(700, 0, 1), EBADF);
    CHECK_EQ(posix_fadvise(700, 0, 1, POSIX_FADV_NORMAL), EBADF);
}
static void descriptors_for_something_else(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        int p[2];
        CHECK_EQ(mkdir(top[fs], 0755), 0);
        CHECK_EQ(pipe(p), 0);
        make_file(in(fs, "file"), "text");
        int dir = open(top[fs], O_RDONLY), reads = open(in(fs, "file"), O_RDONLY), writes = open(in(fs, "file"), O_WRONLY);
        const struct {
            int (*fn)(int fd);
            int fd, error;
        } row[] = {
            {fd_write, reads, EBADF}, {fd_pwrite, reads, EBADF}, {fd_writev, reads, EBADF}, {fd_read, writes, EBADF}, {fd_pread, writes, EBADF},
            {fd_readv, writes, EBADF}, {fd_ftruncate, reads, EINVAL}, {fd_read, dir, EISDIR}, {fd_pread, dir, EISDIR}, {fd_write, dir, EBADF},
            {fd_ftruncate, dir, EINVAL}, {fd_fchdir, reads, ENOTDIR}, {fd_fdopendir, reads, ENOTDIR}, {fd_openat, reads, ENOTDIR},
            {fd_unlinkat, reads, ENOTDIR}, {fd_mmap, writes, EACCES}, {fd_mmap, dir, ENODEV}, {fd_mmap, p[0], ENODEV}, {fd_lseek, p[0], ESPIPE},
            {fd_pread, p[0], ESPIPE}, {fd_pwrite, p[1], ESPIPE}, {fd_read, p[1], EBADF}, {fd_write, p[0], EBADF}, {fd_ftruncate, p[1], EINVAL},
            {fd_fsync, p[0], EINVAL}, {fd_fchdir, p[0], ENOTDIR}, {fd_isatty, reads, ENOTTY}, {fd_isatty, p[0], ENOTTY}, {fd_openat, dir, ENOENT},
        };
        for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
            errno = 0;
            int result = row[i].fn(row[i].fd), error = errno;
            for (unsigned k = 0; k < sizeof fd_call / sizeof fd_call[0]; k++)
                if (fd_call[k].fn == row[i].fn)
                    told(fd_call[k].what, top[fs], result == -1 ? error : 0, row[i].error);
        }
        CHECK_ERRNO(lseek(reads, -1, SEEK_SET), EINVAL);
        CHECK_ERRNO(lseek(reads, 0, 9), EINVAL);
        CHECK_ERRNO(lseek(reads, LONG_MAX, SEEK_END), EOVERFLOW);
        CHECK_ERRNO(pread(reads, bytes, 1, -1), EINVAL);
        CHECK_ERRNO(ftruncate(writes, -1), EINVAL);
        CHECK_ERRNO(ftruncate(writes, LONG_MAX), EFBIG);
        CHECK(mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, reads, 0) == MAP_FAILED && errno == EACCES);
        CHECK_EQ(posix_fallocate(reads, 0, 1), EBADF);
        CHECK_EQ(posix_fallocate(p[1], 0, 1), ESPIPE);
        CHECK_EQ(posix_fallocate(writes, -1, 1), EINVAL);
        CHECK_EQ(posix_fallocate(writes, 4, 5000), 0); /* behind what there is */
        CHECK_EQ(lseek(reads, 0, SEEK_END), 5004);
        CHECK_EQ(close(dir), 0);
        CHECK_EQ(close(reads), 0);
        CHECK_EQ(close(writes), 0);
        CHECK_EQ(close(p[0]), 0);
        CHECK_EQ(close(p[1]), 0);
        CHECK_EQ(unlink(in(fs, "file")), 0);
        CHECK_EQ(rmdir(top[fs]), 0);
    }
}

/* ---- unusual, and allowed ---- */

static void renames_onto_what_is_there(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        char back[8] = "";
        make_tree(fs);
        CHECK_EQ(mkdir(in(fs, "dir/in"), 0755), 0);
        CHECK_EQ(mkdir(in(fs, "empty"), 0755), 0);
        CHECK_EQ(rename(in(fs, "dir"), in(fs, "dir")), 0); /* itself */
        CHECK_EQ(rename(in(fs, "file"), in(fs, "file")), 0);
        CHECK_ERRNO(rename(in(fs, "dir"), in(fs, "dir/in/x")), EINVAL);
        CHECK_ERRNO(rename(in(fs, "dir"), in(fs, "dir/in")), EINVAL);
        CHECK_ERRNO(rename(in(fs, "dir/."), in(fs, "x")), EINVAL);
        CHECK_ERRNO(rename(in(fs, "empty"), in(fs, "dir")), ENOTEMPTY);
        CHECK_ERRNO(rename(in(fs, "file"), in(fs, "dir")), EISDIR);
        CHECK_ERRNO(rename(in(fs, "dir"), in(fs, "file")), ENOTDIR);
        CHECK_ERRNO(rename(in(fs, "dir/in"), in(fs, "dir")), ENOTEMPTY); /* its own parent */
        CHECK_EQ(rename(in(fs, "dir"), in(fs, "empty")), 0); /* an empty one gives way */
        CHECK_EQ(access(in(fs, "empty/in"), F_OK), 0);
        CHECK_EQ(rename(in(fs, "empty"), in(fs, "dir")), 0);
        make_file(in(fs, "other"), "other");
        int fd = open(in(fs, "file"), O_RDONLY);
        CHECK_EQ(rename(in(fs, "other"), in(fs, "file")), 0); /* open, and goes on */
        CHECK(read(fd, back, sizeof back) == 4 && memcmp(back, "text", 4) == 0);
        CHECK_EQ(close(fd), 0);
        check_content(in(fs, "file"), "other");
        CHECK_EQ(rename(in(fs, "dangling"), in(fs, "loop")), 0); /* the links, not what they say */
        CHECK_EQ(rename(in(fs, "loop"), in(fs, "dangling")), 0);
        CHECK_EQ(symlink("loop", in(fs, "loop")), 0);
            CHECK_ERRNO(rename(in(fs, "file"), fs == 0 ? "/disk/x" : "/tmp/x"), EXDEV);
        CHECK_ERRNO(link(in(fs, "file"), fs == 0 ? "/disk/x" : "/tmp/x"), EXDEV);
        CHECK_EQ(rmdir(in(fs, "dir/in")), 0);
        remove_tree(fs);
    }
}
static void places_beyond_the_end(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        char back[16];
        CHECK_EQ(mkdir(top[fs], 0755), 0);
        int fd = open(in(fs, "f"), O_RDWR | O_CREAT | O_APPEND, 0600), again;
        CHECK_EQ(write(fd, "abc", 3), 3);
        CHECK_EQ(pwrite(fd, "X", 1, 1), 1); /* at its place, O_APPEND or not */
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
        CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
        CHECK_EQ(read(fd, back, 1), 0);
        CHECK_EQ(write(fd, "d", 1), 1); /* at the end, wherever it stood */
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
        CHECK_EQ(pread(fd, back, sizeof back, 0), 4);
        CHECK_EQ(memcmp(back, "aXcd", 4), 0);
        CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
        CHECK_EQ(lseek(fd, 5000, SEEK_END), 5004);
        CHECK_EQ(write(fd, "e", 1), 1);
        CHECK_EQ(pread(fd, back, 4, 5002), 3);
        CHECK_EQ(memcmp(back, "\0\0e", 3), 0);
        CHECK_EQ(dup2(fd, fd), fd);
        CHECK_EQ(fcntl(fd, F_SETFD, FD_CLOEXEC) | dup2(fd, fd), fd);
        CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC); /* onto itself nothing happens */
        CHECK_EQ(again = fcntl(fd, F_DUPFD_CLOEXEC, 20), 20);
        CHECK_EQ(fcntl(again, F_GETFD), FD_CLOEXEC);
        CHECK_EQ(lseek(again, 1, SEEK_SET), 1);
        CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1);
        CHECK_EQ(close(again), 0);
        CHECK_EQ(close(fd), 0);
        CHECK_EQ(unlink(in(fs, "f")), 0);
        CHECK_EQ(rmdir(top[fs]), 0);
    }
}
#define ENTRIES 300
static void directories_that_change_while_they_are_read(void)
{
    for (unsigned fs = 0; fs < 2; fs++) {
        static unsigned char seen[ENTRIES];
        char name[16];
        memset(seen, 0, sizeof seen);
        CHECK_EQ(mkdir(top[fs], 0755), 0);
        make_file(in(fs, "0"), "");
        for (int i = 1; i < ENTRIES; i++) {
            snprintf(name, sizeof name, "%d", i);
            CHECK_EQ(link(in(fs, "0"), in(fs, name)), 0);
        }
        DIR *d = opendir(top[fs]);
        REQUIRE(d != NULL);
        long third = 0;
        int n = 0;
        for (struct dirent *e; (e = readdir(d)) != NULL; n++) {
            if (e->d_name[0] == '.')
                continue;
            seen[atoi(e->d_name)]++;
            if (n % 2 != 0)
                CHECK_EQ(unlink(in(fs, e->d_name)), 0);
            third = n == 3 ? telldir(d) : third;
        }
        for (int i = 0; i < ENTRIES; i++)
            CHECK_EQ(seen[i], 1); /* what was there all the time is seen, once */
        seekdir(d, third);
        CHECK(readdir(d) != NULL);
        rewinddir(d);
        int left = 0;
        for (struct dirent *e; (e = readdir(d)) != NULL; left++)
            if (e->d_name[0] != '.')
                CHECK_EQ(unlink(in(fs, e->d_name)), 0);
        CHECK(left >= ENTRIES / 2);
        CHECK_EQ(closedir(d) | rmdir(top[fs]), 0);
    }
}
static short polled(int fd, short events)
{
    struct pollfd f = {.fd = fd, .events = events};
    CHECK(poll(&f, 1, 0) >= 0);
    return f.revents;
}
static void what_poll_says_at_the_edges(void)
{
    int p[2];
    static char room[65536];
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(polled(p[0], POLLIN), 0);
    CHECK_EQ(polled(p[1], POLLOUT), POLLOUT);
    CHECK_EQ(polled(p[1], 0), 0);
    CHECK_EQ(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
    ssize_t n = write(p[1], room, sizeof room);
    CHECK(n >= PIPE_BUF && n < (ssize_t)sizeof room); /* a part */
    CHECK_ERRNO(write(p[1], room, 1), EAGAIN);
    CHECK_EQ(polled(p[1], POLLOUT), 0);
    CHECK_EQ(read(p[0], room, 10), 10);
    CHECK_ERRNO(write(p[1], room, PIPE_BUF), EAGAIN); /* that goes in whole or not at all */
    CHECK_EQ(close(p[1]), 0);
    CHECK_EQ(polled(p[0], POLLIN), POLLIN | POLLHUP);
    while (read(p[0], room, sizeof room) > 0) /* bound: the pipe */
        continue;
    CHECK_EQ(polled(p[0], POLLIN) & ~POLLIN, POLLHUP);
    CHECK_EQ(close(p[0]), 0);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(close(p[0]), 0);
    CHECK(polled(p[1], POLLOUT) & POLLERR);
    CHECK_EQ(close(p[1]), 0);
    CHECK_EQ(poll(NULL, 0, 1), 0);
    CHECK_ERRNO(poll(NULL, OPEN_MAX + 1, 0), EINVAL);
    struct timeval bad = {.tv_sec = -1};
    CHECK_ERRNO(select(0, NULL, NULL, NULL, &bad), EINVAL);
    CHECK_ERRNO(select(-1, NULL, NULL, NULL, NULL), EINVAL);
    CHECK_ERRNO(select(FD_SETSIZE + 1, NULL, NULL, NULL, NULL), EINVAL);
    int file = open("/bin/true", O_RDONLY);
    CHECK_EQ(polled(file, POLLIN | POLLOUT), POLLIN | POLLOUT); /* files always are */
    CHECK_EQ(close(file), 0);
}

GT_MAIN(CASE(what_is_wrong_on_the_way), CASE(what_is_read_only_stays), CASE(what_is_there_or_is_not), CASE(descriptors_that_are_none),
        CASE(descriptors_for_something_else), CASE(renames_onto_what_is_there), CASE(places_beyond_the_end),
        CASE(directories_that_change_while_they_are_read), CASE(what_poll_says_at_the_edges))
