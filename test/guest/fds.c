/* SPDX-License-Identifier: MIT
 * Descriptors: the lowest free one, dup and dup2, close at exec, one offset for parent and child, limits, and what a process
 * that ends in any way gives back. Directories, too.
 * SHORT: 16
 */
#define GT_NAME "fds"
#include "gtest.h"
#include "gwaits.h"
#include "gfiles.h"
#include <limits.h>
#include <pagoda/spawn.h>
#include <spawn.h>

static void the_lowest_free_one(void)
{
    int a = open("/dev/null", O_RDWR), b = open("/dev/null", O_RDWR), c = open("/dev/null", O_RDWR);
    CHECK(b == a + 1 && c == b + 1);
    CHECK_EQ(close(b), 0);
    CHECK_EQ(dup(a), b);
    CHECK_EQ(close(a), 0);
    CHECK_EQ(open("/dev/null", O_RDONLY), a);
    CHECK_EQ(fcntl(c, F_DUPFD, 100), 100);
    CHECK_EQ(fcntl(c, F_DUPFD, 100), 101);
    CHECK_ERRNO(fcntl(c, F_DUPFD, 5000), EINVAL);
    CHECK_ERRNO(fcntl(c, F_DUPFD, -1), EINVAL);
    CHECK_ERRNO(dup(500), EBADF);
    CHECK_EQ(dup2(c, 1000), 1000);
    CHECK_EQ(dup2(c, c), c);
    CHECK_ERRNO(dup2(c, 1024), EBADF);
    CHECK_ERRNO(dup2(c, -1), EBADF);
    CHECK_ERRNO(dup2(500, c), EBADF);
    CHECK_EQ(fcntl(c, F_GETFD), 0); /* the failed dup2 left it */
    CHECK_ERRNO(dup3(c, c, 0), EINVAL);
    CHECK_EQ(dup3(c, 102, O_CLOEXEC), 102);
    CHECK_EQ(fcntl(102, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(dup(102), c + 1);
    CHECK_EQ(fcntl(c + 1, F_GETFD), 0); /* a copy is not closed by exec */
    for (int fd = a; fd <= 1000; fd++)
        (void)close(fd);
    fs_check();
}
static void one_offset_for_all(void)
{
    char back[8];
    int fd = open("/tmp/o", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_EQ(write(fd, "abcdef", 6), 6);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    int other = dup(fd), own = open("/tmp/o", O_RDONLY);
    CHECK_EQ(read(other, back, 1), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1);
    CHECK_EQ(lseek(own, 0, SEEK_CUR), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        bool good = read(fd, back, 2) == 2 && back[0] == 'b';
        _exit(good ? 0 : 1);
    }
    gt_expect_exit(child, 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3); /* the child moved it for us */
    CHECK_EQ(fcntl(other, F_SETFL, O_APPEND), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_APPEND, O_APPEND); /* flags are the description's, */
    CHECK_EQ(fcntl(other, F_SETFD, FD_CLOEXEC), 0);
    CHECK_EQ(fcntl(fd, F_GETFD), 0); /* this one is the descriptor's */
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(close(other), 0);
    CHECK_EQ(close(own), 0);
    CHECK_EQ(unlink("/tmp/o"), 0);
}

/* `t_fds --see FD`: exit 0 when it is open, 1 when it is not, and write a line to it when it is. */
static int see(const char *text)
{
    int fd = atoi(text);
    if (fcntl(fd, F_GETFD) < 0)
        return errno == EBADF ? 1 : 2;
    return write(fd, "seen\n", 5) == 5 ? 0 : 3;
}
static int see_by(const char *how, int fd)
{
    char number[12];
    pid_t pid = -1;
    snprintf(number, sizeof number, "%d", fd);
    char *argv[] = {"t_fds", "--see", number, NULL};
    fflush(stdout);
    if (strcmp(how, "spawn") == 0) {
        CHECK_EQ(spawn_program("/bin/t_fds", argv, environ, 0, &pid), 0);
    } else if ((pid = fork()) == 0) {
        execv("/bin/t_fds", argv);
        _exit(99);
    }
    int status = gt_reap(pid, 5000);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static void exec_and_spawn(void)
{
    int stays = open("/tmp/e", O_RDWR | O_CREAT | O_TRUNC, 0600), goes = open("/tmp/e", O_RDWR | O_CLOEXEC);
    CHECK_EQ(see_by("exec", stays), 0);
    CHECK_EQ(see_by("spawn", stays), 0);
    CHECK_EQ(see_by("exec", goes), 1);
    CHECK_EQ(see_by("spawn", goes), 1);
    CHECK_EQ(fcntl(goes, F_GETFD), FD_CLOEXEC); /* here it is still open */
    check_content("/tmp/e", "seen\nseen\n");
    int saved = dup(STDOUT_FILENO);
    fflush(stdout);
    CHECK_EQ(dup2(stays, STDOUT_FILENO), STDOUT_FILENO);
    CHECK_EQ(see_by("spawn", STDOUT_FILENO), 0);
    CHECK(!isatty(STDOUT_FILENO));
    CHECK_EQ(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    CHECK(isatty(STDOUT_FILENO));
    check_content("/tmp/e", "seen\nseen\nseen\n");
    CHECK_EQ(close(saved), 0);
    CHECK_EQ(close(stays), 0);
    CHECK_EQ(close(goes), 0);
    CHECK_EQ(unlink("/tmp/e"), 0);
    CHECK_EQ(see_by("exec", 1), 0);
    CHECK_EQ(see_by("exec", 77), 1);
}

static void spawn_with_file_actions(void)
{
    posix_spawn_file_actions_t a;
    char *argv[] = {"t_fds", "--see", "1", NULL};
    pid_t pid = -1;
    CHECK_EQ(posix_spawn_file_actions_init(&a), 0);
    CHECK_EQ(posix_spawn_file_actions_addopen(&a, 1, "/tmp/act", O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&a, 1, 7), 0);
    CHECK_EQ(posix_spawn_file_actions_addclose(&a, 0), 0);
    CHECK_EQ(posix_spawn_file_actions_addclose(&a, 99), 0);
    CHECK_EQ(posix_spawn_file_actions_addclose(&a, -1), EBADF);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&a, 1, 1024), EBADF);
    CHECK_EQ(posix_spawn(&pid, "/bin/t_fds", &a, NULL, argv, environ), 0);
    gt_expect_exit(pid, 0);
    check_content("/tmp/act", "seen\n");
    argv[2] = "7";
    CHECK_EQ(posix_spawn(&pid, "/bin/t_fds", &a, NULL, argv, environ), 0);
    gt_expect_exit(pid, 0);
    argv[2] = "0";
    CHECK_EQ(posix_spawn(&pid, "/bin/t_fds", &a, NULL, argv, environ), 0);
    gt_expect_exit(pid, 1); /* it is closed there */
    CHECK_EQ(fcntl(0, F_GETFD), 0);
    CHECK_EQ(posix_spawn(&pid, "/bin/none", &a, NULL, argv, environ), ENOENT);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&a, 500, 1), 0);
    CHECK_EQ(posix_spawn(&pid, "/bin/t_fds", &a, NULL, argv, environ), EBADF);
    CHECK_EQ(posix_spawn_file_actions_destroy(&a), 0);
    CHECK_EQ(unlink("/tmp/act"), 0);
    fs_check();
}

static void limits(void)
{
    static int fds[FS_DESCRIPTORS_MAX];
    unsigned n = 0;
    struct ipc_msg before = fs_info();
    while (n < FS_DESCRIPTORS_MAX && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
        n++;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(n, OPEN_MAX - 3);
    CHECK_ERRNO(dup(0), EMFILE);
    int q[2];
    CHECK_ERRNO(pipe(q), EMFILE);
    CHECK_EQ(close(fds[5]), 0);
    CHECK_ERRNO(pipe(q), EMFILE); /* one is not enough, and it is still free then */
    CHECK_EQ(open("/dev/null", O_RDONLY), fds[5]);
    for (unsigned i = 0; i < n; i++)
        CHECK_EQ(close(fds[i]), 0);
    CHECK_EQ(fs_info().w[1], before.w[1]);
    fs_check();
}
static void opens_all(void *none)
{
    (void)none;
    while (open("/dev/null", O_RDONLY) >= 0) /* bound: FS_DESCRIPTORS_MAX */
        continue;
    CHECK(errno == EMFILE || errno == ENFILE);
    for (;;) /* until it is killed */
        gt_sleep_us(1000000);
}
static void the_whole_systems_limit(void)
{
    struct ipc_msg before = fs_info();
    pid_t child[5];
    for (unsigned i = 0; i < 5; i++)
        child[i] = gt_child(opens_all, NULL);
    for (int i = 0; i < 20000 && fs_info().w[1] < 4096; i++)
        gt_sleep_us(1000);
    CHECK_EQ(fs_info().w[1], 4096);
    CHECK_ERRNO(open("/dev/null", O_RDONLY), ENFILE);
    int q[2];
    CHECK_ERRNO(pipe(q), ENFILE);
    CHECK(dup(0) >= 3); /* a descriptor more, no open file more */
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQ(kill(child[i], SIGKILL), 0);
        (void)gt_reap(child[i], GT_HANG_MS);
    }
    CHECK_EQ(close(3), 0);
    struct ipc_msg after = fs_info();
    CHECK_EQ(after.w[1], before.w[1]);
    CHECK_EQ(after.w[2], before.w[2]);
    fs_check();
}
static void no_memory_left_for_files(void)
{
    static char piece[1 << 16];
    struct ipc_msg before = fs_info(); /* before: the file's own record may need a page of its own */
    int fd = open("/tmp/full", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    unsigned long total = 0;
    ssize_t n;
    while ((n = write(fd, piece, sizeof piece)) > 0 && total < 1UL << 30)
        total += (unsigned long)n;
    CHECK_EQ(n, -1);
    CHECK_EQ(errno, ENOSPC);
    CHECK(total > 1 << 20);
    CHECK_ERRNO(write(fd, piece, sizeof piece), ENOSPC);
    int more = open("/tmp/more", O_WRONLY | O_CREAT, 0600); /* a record's page may have had room */
    if (more >= 0) {
        CHECK_ERRNO(write(more, piece, 1), ENOSPC);
        CHECK_EQ(close(more), 0);
        CHECK_EQ(unlink("/tmp/more"), 0);
    }
    unsigned dirs = 0;
    char name[32];
    while (snprintf(name, sizeof name, "/tmp/dir%u", dirs) > 0 && mkdir(name, 0700) == 0 && dirs < 1000)
        dirs++;
    CHECK_ERRNO(mkdir(name, 0700), ENOSPC);
    struct gt_pipe { int end[2]; } q[40]; /* what is no file still has room */
    for (unsigned i = 0; i < 40; i++)
        CHECK_EQ(pipe(q[i].end), 0);
    CHECK_EQ(see_by("spawn", q[39].end[1]), 0);
    for (unsigned i = 0; i < 40; i++)
        CHECK_EQ(close(q[i].end[0]) | close(q[i].end[1]), 0);
    while (dirs-- > 0) {
        snprintf(name, sizeof name, "/tmp/dir%u", dirs);
        CHECK_EQ(rmdir(name), 0);
    }
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink("/tmp/full"), 0);
    CHECK_EQ(fs_info().w[5], before.w[5]);
    make_file("/tmp/fine", "again");
    check_content("/tmp/fine", "again");
    CHECK_EQ(unlink("/tmp/fine"), 0);
}

static void directories(void)
{
    struct stat st;
    char cwd[PATH_MAX];
    CHECK_EQ(mkdir("/tmp/d", 0755), 0);
    CHECK_ERRNO(mkdir("/tmp/d", 0755), EEXIST);
    CHECK_ERRNO(mkdir("/tmp/none/d", 0755), ENOENT);
    CHECK_ERRNO(mkdir("/bin/d", 0755), EROFS);
    CHECK_EQ(mkdir("/tmp/d/e/", 0755), 0);
    CHECK_EQ(stat("/tmp/d", &st), 0);
    CHECK(S_ISDIR(st.st_mode));
    CHECK_EQ(st.st_nlink, 3);
    CHECK_ERRNO(rmdir("/tmp/d"), ENOTEMPTY);
    CHECK_ERRNO(unlink("/tmp/d/e"), EPERM);
    CHECK_ERRNO(rmdir("/tmp/d/e/."), EINVAL);
    CHECK_ERRNO(rmdir("/tmp/d/e/.."), ENOTEMPTY);
    CHECK_ERRNO(rmdir("/"), EBUSY);
    CHECK_ERRNO(rename("/tmp/d", "/tmp/d/e/f"), EINVAL);
    CHECK_EQ(chdir("/tmp/d/e"), 0);
    CHECK(getcwd(cwd, sizeof cwd) == cwd && strcmp(cwd, "/tmp/d/e") == 0);
    errno = 0;
    CHECK(getcwd(cwd, 5) == NULL && errno == ERANGE);
    errno = 0;
    CHECK(getcwd(cwd, 0) == NULL && errno == EINVAL);
    make_file("here", "text");
    check_content("../e/./here", "text");
    check_content("/tmp/d/e/here", "text");
    CHECK_ERRNO(chdir("here"), ENOTDIR);
    CHECK_ERRNO(chdir("none"), ENOENT);
    CHECK_EQ(unlink("here"), 0);
    CHECK_EQ(rename("/tmp/d/e", "/tmp/g"), 0);
    CHECK(getcwd(cwd, sizeof cwd) == cwd && strcmp(cwd, "/tmp/g") == 0); /* it moved along */
    CHECK_EQ(rmdir("/tmp/g"), 0);
    errno = 0;
    CHECK(getcwd(cwd, sizeof cwd) == NULL && errno == ENOENT);
    CHECK_ERRNO(open("x", O_WRONLY | O_CREAT, 0600), ENOENT);
    CHECK_EQ(chdir("/"), 0);
    CHECK_EQ(stat("/tmp/d", &st), 0);
    CHECK_EQ(st.st_nlink, 2);
    CHECK_EQ(rmdir("/tmp/d"), 0);
}
#define MANY 600
static void reading_directories(void)
{
    static unsigned char seen[MANY];
    char name[300];
    CHECK_EQ(mkdir("/tmp/many", 0755), 0);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "/tmp/many/f%d", i);
        int fd = open(name, O_WRONLY | O_CREAT, 0600);
        if (fd < 0 || close(fd) != 0)
            CHECK(!"a file more");
    }
    DIR *d = opendir("/tmp/many");
    REQUIRE(d != NULL);
    int n = 0, dots = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL; n++) { /* each is removed as it is seen */
        if (e->d_name[0] == '.') {
            dots++;
            CHECK_EQ(e->d_type, DT_DIR);
            continue;
        }
        CHECK_EQ(e->d_type, DT_REG);
        seen[atoi(e->d_name + 1)]++;
        snprintf(name, sizeof name, "/tmp/many/%s", e->d_name);
        if (unlink(name) != 0)
            CHECK(!"unlink");
    }
    CHECK_EQ(n, MANY + 2);
    CHECK_EQ(dots, 2);
    for (int i = 0; i < MANY; i++)
        if (seen[i] != 1)
            CHECK_EQ(seen[i], 1);
    rewinddir(d);
    for (n = 0; readdir(d) != NULL;)
        n++;
    CHECK_EQ(n, 2);
    struct dirent mine, *is = NULL;
    rewinddir(d);
    for (n = 0; readdir_r(d, &mine, &is) == 0 && is == &mine; n++)
        CHECK(mine.d_name[0] == '.' && mine.d_type == DT_DIR);
    CHECK(n == 2 && is == NULL);
    CHECK_EQ(close(dirfd(d)), 0);
    is = &mine;
    errno = 77;
    CHECK(readdir_r(d, &mine, &is) == EBADF && is == NULL && errno == 77);
    CHECK_EQ(closedir(d), -1); /* its descriptor was gone */
    CHECK_EQ(rmdir("/tmp/many"), 0);
    errno = 0;
    CHECK(opendir("/tmp/many") == NULL && errno == ENOENT);
    CHECK(opendir("/bin/true") == NULL && errno == ENOTDIR);
    int file = open("/bin/true", O_RDONLY);
    CHECK(fdopendir(file) == NULL && errno == ENOTDIR);
    CHECK_EQ(close(file), 0);
}

/* A process that asked for nothing has no handle of the file server's; one that did hands it to its children. */
static void stays_alone(void *none)
{
    struct ipc_msg m = {.w = {FS_INFO}};
    (void)none;
    CHECK_EQ(ipc_call(H_FS, &m), ERR_HANDLE);
}
static void asks(void *none)
{
    (void)none;
    CHECK_EQ(fs_info().w[2], 2);
}
static void who_asks_for_nothing_has_nothing(void)
{
    struct ipc_msg m = {.w = {FS_INFO}};
    if (ipc_call(H_FS, &m) != ERR_HANDLE)
        return; /* started by somebody who has files */
    CHECK_ERRNO(dup(700), EBADF);
    gt_expect_exit(gt_child(stays_alone, NULL), 0);
    CHECK_EQ(access("/", F_OK), 0);
    CHECK_EQ(fs_info().w[2], 1);
    gt_expect_exit(gt_child(asks, NULL), 0);
    CHECK_EQ(fs_info().w[2], 1);
}

static void the_server_dies(void)
{
    gt_loose = 1; /* its tree is made anew */
    int fd = open("/tmp/lost", O_WRONLY | O_CREAT, 0600), q[2];
    char c;
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(pipe(q), 0);
    gt_kill_server(SERVER_FS);
    CHECK_ERRNO(write(fd, "x", 1), EIO);
    CHECK_ERRNO(read(q[0], &c, 1), EIO);
    printf("the console is still there\n");
    CHECK_ERRNO(open("/tmp/lost", O_RDONLY), ENOENT); /* attached again, with an empty /tmp */
    CHECK(isatty(1));
    make_file("/tmp/lost", "new");
    check_content("/tmp/lost", "new");
    CHECK_EQ(unlink("/tmp/lost"), 0);
    CHECK_EQ(see_by("spawn", 1), 0);
    fs_check();
}

static void the_limit_of_a_process(void)
{
    struct ipc_msg m = {.w = {FS_LIMIT, 10, 100}};
    int above = fcntl(1, F_DUPFD, 50);
    CHECK_EQ(above, 50);
    CHECK_EQ(ipc_call(H_FS, &m), OK);
    CHECK_ERRNO(fcntl(1, F_DUPFD, 10), EINVAL);
    CHECK_ERRNO(dup2(1, 10), EBADF);
    int fd, last = -1;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0) /* bound: the limit */
        last = fd;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, 9);
    CHECK_EQ(fcntl(50, F_GETFD), 0); /* what was open above stays open */
    for (fd = 3; fd < 10; fd++)
        (void)close(fd);
    CHECK_EQ(close(above), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(dup2(1, 10) == -1 && errno == EBADF ? 0 : 1); /* it is inherited */
    gt_expect_exit(child, 0);
    m = (struct ipc_msg){.w = {FS_LIMIT, 101, ~0UL}};
    CHECK_EQ(ipc_call(H_FS, &m), ERR_INVAL);
    m = (struct ipc_msg){.w = {FS_LIMIT, 100, ~0UL}};
    CHECK_EQ(ipc_call(H_FS, &m), OK);
    CHECK_EQ(dup2(1, 99), 99);
    CHECK_EQ(close(99), 0);
    m = (struct ipc_msg){.w = {FS_LIMIT, 1024, 1024}}; /* the one user may raise it */
    CHECK_EQ(ipc_call(H_FS, &m), OK);
}

static void descriptors_have_names(void)
{
    char name[32], back[16];
    int fd = open("/tmp/named", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_EQ(write(fd, "abcdef", 6), 6);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    int again = open(name, O_RDWR);
    CHECK(again > fd);
    CHECK_EQ(lseek(again, 2, SEEK_SET), 2);
    CHECK_EQ(read(fd, back, sizeof back), 4); /* one description: as by dup() */
    CHECK_EQ(close(again), 0);
    unsigned seen = 0, others = 0;
    DIR *d = opendir("/dev/fd");
    REQUIRE(d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        seen += strcmp(e->d_name, name + 8) == 0 || strcmp(e->d_name, "0") == 0;
        others += e->d_name[0] != '.' && fcntl(atoi(e->d_name), F_GETFD) < 0;
    }
    CHECK_EQ(closedir(d), 0);
    CHECK(seen == 2 && others == 0);
    CHECK_EQ(chdir("/dev/fd"), 0);
    CHECK(getcwd(back, sizeof back) != NULL && strcmp(back, "/dev/fd") == 0);
    CHECK_EQ(chdir("/"), 0);
    CHECK_ERRNO(unlink(name), EROFS);
    CHECK_ERRNO(mkdir("/dev/fd/x", 0700), EROFS);
    CHECK_ERRNO(open("/dev/fd/01", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/dev/fd/1023", O_RDONLY), ENOENT);
    CHECK_EQ(close(fd), 0);
    CHECK_ERRNO(open(name, O_RDONLY), ENOENT);
    fd = open("/tmp/named", O_RDONLY);
    CHECK_ERRNO(open(name, O_RDWR), EACCES);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink("/tmp/named"), 0);
}

static const struct gt_case cases[] = {
    CASE(who_asks_for_nothing_has_nothing), CASE(the_limit_of_a_process), CASE(the_lowest_free_one), CASE(one_offset_for_all), CASE(exec_and_spawn), CASE(spawn_with_file_actions),
    CASE(limits), CASE(the_whole_systems_limit), CASE(no_memory_left_for_files), CASE(directories), CASE(reading_directories), CASE(descriptors_have_names), CASE(the_server_dies), {NULL, NULL}};
int main(int argc, char **argv)
{
    return argc == 3 && strcmp(argv[1], "--see") == 0 ? see(argv[2]) : gt_main(argc, argv, cases);
}
