/* SPDX-License-Identifier: MIT
 * What the test programs of teaching systems try, in their manner: many processes on few files, memory that grows and shrinks, ends
 * in every order, directories that fill up, arguments that are too long. Every case uses POSIX calls alone; whatever it leaves
 * behind the harness finds.
 * TIMEOUT: 240
 */
#define GT_NAME "usertests"
#include "gtest.h"
#include "gfiles.h"
#include <ipc/procmgr.h>

#define SIZE 4096

static char buf[3 * SIZE];

static void wait_for(int code)
{
    int status = -1;
    CHECK(wait(&status) > 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code);
}

/* ---- processes ---- */

static void many_children_end_in_any_order(void)
{
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 20; i++)
            if (gt_fork() == 0) {
                for (int n = (i * 7) % 20; n > 0; n--)
                    (void)getpid();
                _exit(i);
            }
        int sum = 0, status;
        for (int i = 0; i < 20; i++) {
            CHECK(wait(&status) > 0);
            sum += WEXITSTATUS(status);
        }
        CHECK_EQ(sum, 190);
        CHECK_ERRNO(wait(&status), ECHILD);
    }
}
static void a_status_is_a_childs_own(void)
{
    for (int i = 0; i < 100; i++) {
        int status;
        pid_t pid = gt_fork();
        if (pid == 0)
            _exit(i);
        CHECK_EQ(wait(&status), pid);
        CHECK_EQ(status, i << 8);
    }
}
static void two_children_beside_each_other(void)
{
    for (int i = 0; i < 50; i++) {
        if (gt_fork() == 0)
            _exit(0);
        if (gt_fork() == 0)
            _exit(0);
        wait_for(0);
        wait_for(0);
    }
}
static void grandchildren_are_not_waited_for(void)
{
    uint64_t before = gt_processes();
    for (int i = 0; i < 20; i++) {
        if (gt_fork() == 0) {
            if (gt_fork() == 0)
                _exit(3);
            if (gt_fork() == 0)
                _exit(4);
            _exit(5);
        }
        wait_for(5);
        CHECK_ERRNO(wait(NULL), ECHILD);
    }
    gt_until_processes(before); /* init buries them */
}
static void the_killed_end_wherever_they_are(void)
{
    int p[2];
    CHECK_EQ(pipe(p), 0);
    for (int i = 0; i < 3; i++) {
        pid_t pid = gt_fork();
        if (pid == 0) {
            for (;;) { /* forever: computing, sleeping, reading */
                if (i == 1)
                    sleep(100);
                if (i == 2)
                    (void)read(p[0], buf, 1);
            }
        }
        usleep(2000);
        CHECK_EQ(kill(pid, SIGKILL), 0);
        gt_expect_signal(pid, SIGKILL);
        CHECK_ERRNO(kill(pid, SIGKILL), ESRCH);
    }
    CHECK_EQ(close(p[0]) | close(p[1]), 0);
}

/* ---- memory ---- */

static void a_heap_grows_and_shrinks(void)
{
    char *start = sbrk(0), *at = start;
    for (int i = 0; i < 300; i++) {
        char *got = sbrk(1);
        CHECK(got == at);
        *got = (char)i;
        at = got + 1;
    }
    CHECK(sbrk(-300) == at);
    CHECK(sbrk(0) == start);
    char *big = sbrk(8 << 20);
    CHECK(big == start);
    big[0] = big[(8 << 20) - 1] = 77;
    CHECK(sbrk(-(8 << 20)) == big + (8 << 20));
    CHECK(sbrk(8 << 20) == big);
    CHECK(big[0] == 0 || (uintptr_t)big % PAGE_SIZE != 0); /* pages that were given back come as zeros */
    CHECK_EQ(big[(8 << 20) - 1], 0);
    CHECK(sbrk(-(8 << 20)) != (void *)-1);
    CHECK(sbrk(1L << 40) == (void *)-1 && errno == ENOMEM);
    CHECK(sbrk(0) == start);
}
static void a_child_has_the_heap_of_its_parent(void)
{
    char *page = sbrk(SIZE);
    REQUIRE(page != (void *)-1);
    memset(page, 'p', SIZE);
    if (gt_fork() == 0) {
        int bad = page[0] != 'p' || page[SIZE - 1] != 'p';
        page[0] = 'c';
        _exit(bad || sbrk(SIZE) != page + SIZE);
    }
    wait_for(0);
    CHECK_EQ(page[0], 'p');
    CHECK(sbrk(0) == page + SIZE);
    CHECK(sbrk(-SIZE) != (void *)-1);
}
static void given_back_memory_faults(void)
{
    char *page = sbrk(2 * SIZE);
    REQUIRE(page != (void *)-1);
    page[2 * SIZE - 1] = 1;
    CHECK(sbrk(-2 * SIZE) != (void *)-1);
    pid_t pid = gt_fork();
    if (pid == 0) {
        ((volatile char *)page)[2 * SIZE - 1] = 2;
        _exit(0);
    }
    gt_expect_signal(pid, SIGSEGV);
}
static char zeros[10000];
static void bss_is_zero(void)
{
    for (unsigned i = 0; i < sizeof zeros; i++)
        if (zeros[i] != 0) {
            CHECK_EQ(zeros[i], 0);
            break;
        }
}
static void text_and_kernel_are_not_writable(void)
{
    static const uintptr_t at[] = {PROC_PROGRAM_VA, 0, 0xffffffc080200000UL, 0x3fffffffffUL, 0x80000000UL};
    for (unsigned i = 0; i < sizeof at / sizeof at[0]; i++) {
        pid_t pid = gt_fork();
        if (pid == 0) {
            *(volatile int *)at[i] = 1;
            _exit(0);
        }
        gt_expect_signal(pid, SIGSEGV);
    }
}
static int deeper(int n)
{
    volatile char frame[1024];
    frame[0] = (char)n;
    return n == 0 ? frame[0] : deeper(n - 1) + frame[0] * 0;
}
static void a_stack_grows(void) { CHECK_EQ(deeper(4000), 0); }

/* ---- files ---- */

static void a_file_of_many_blocks(void)
{
    int fd = open("/tmp/big", O_CREAT | O_RDWR | O_TRUNC, 0644);
    for (int i = 0; i < 268; i++) {
        *(int *)buf = i;
        CHECK_EQ(write(fd, buf, 1024), 1024);
    }
    CHECK_EQ(close(fd), 0);
    fd = open("/tmp/big", O_RDONLY);
    for (int i = 0; i < 268; i++) {
        CHECK_EQ(read(fd, buf, 1024), 1024);
        CHECK_EQ(*(int *)buf, i);
    }
    CHECK_EQ(read(fd, buf, 1024), 0);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink("/tmp/big"), 0);
}
static void writes_of_every_size(void)
{
    for (size_t size = 499; size < sizeof buf; size += 471) {
        int fd = open("/tmp/sizes", O_CREAT | O_RDWR, 0644);
        CHECK(fd >= 0);
        CHECK_EQ(write(fd, buf, size), (ssize_t)size);
        CHECK_EQ(write(fd, buf, size), (ssize_t)size);
        CHECK_EQ(lseek(fd, 0, SEEK_END), 2 * (off_t)size);
        CHECK_EQ(close(fd), 0);
        CHECK_EQ(unlink("/tmp/sizes"), 0);
    }
}
static void parent_and_child_share_an_offset(void)
{
    int n[2] = {0, 0};
    int fd = open("/tmp/shared", O_CREAT | O_RDWR | O_TRUNC, 0644);
    pid_t pid = gt_fork();
    memset(buf, pid == 0 ? 'c' : 'p', 10);
    for (int i = 0; i < 300; i++)
        CHECK_EQ(write(fd, buf, 10), 10);
    if (pid == 0)
        _exit(gt_failed != 0);
    wait_for(0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    for (ssize_t got; (got = read(fd, buf, sizeof buf)) > 0;)
        for (ssize_t i = 0; i < got; i++)
            n[buf[i] == 'c']++;
    CHECK(n[0] == 3000 && n[1] == 3000);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink("/tmp/shared"), 0);
}
static void four_processes_write_four_files(void)
{
    char name[] = "/tmp/f0";
    for (int who = 0; who < 4; who++)
        if (gt_fork() == 0) {
            name[6] = (char)('0' + who);
            int fd = open(name, O_CREAT | O_RDWR | O_EXCL, 0644);
            memset(buf, '0' + who, 500);
            for (int i = 0; i < 12; i++)
                CHECK_EQ(write(fd, buf, 500), 500);
            _exit(fd < 0 || gt_failed != 0);
        }
    for (int who = 0; who < 4; who++)
        wait_for(0);
    for (int who = 0; who < 4; who++) {
        long total = 0;
        name[6] = (char)('0' + who);
        int fd = open(name, O_RDONLY);
        for (ssize_t n; (n = read(fd, buf, sizeof buf)) > 0; total += n)
            for (ssize_t i = 0; i < n; i++)
                CHECK(buf[i] == '0' + who);
        CHECK_EQ(total, 6000);
        CHECK_EQ(close(fd) | unlink(name), 0);
    }
}
static void an_unlinked_file_can_be_read(void)
{
    make_file("/tmp/gone", "hello");
    int fd = open("/tmp/gone", O_RDWR);
    CHECK_EQ(unlink("/tmp/gone"), 0);
    make_file("/tmp/gone", "yyy");
    CHECK_EQ(read(fd, buf, sizeof buf), 5);
    CHECK_EQ(buf[0], 'h');
    CHECK_EQ(write(fd, buf, 10), 10);
    CHECK_EQ(close(fd), 0);
    check_content("/tmp/gone", "yyy");
    CHECK_EQ(unlink("/tmp/gone"), 0);
}
static void links_and_their_refusals(void)
{
    make_file("/tmp/lf1", "hello");
    CHECK_EQ(link("/tmp/lf1", "/tmp/lf2"), 0);
    CHECK_EQ(unlink("/tmp/lf1"), 0);
    CHECK_ERRNO(open("/tmp/lf1", O_RDONLY), ENOENT);
    check_content("/tmp/lf2", "hello");
    CHECK_ERRNO(link("/tmp/lf2", "/tmp/lf2"), EEXIST);
    CHECK_EQ(unlink("/tmp/lf2"), 0);
    CHECK_ERRNO(link("/tmp/lf2", "/tmp/lf1"), ENOENT);
    CHECK(link(".", "/tmp/lf1") == -1 && (errno == EPERM || errno == EXDEV));
}
static void directories_that_fill_and_empty(void)
{
    char name[] = "/tmp/bd/x00";
    CHECK_EQ(mkdir("/tmp/bd", 0755), 0);
    make_file("/tmp/bd/file", "");
    for (int i = 0; i < 300; i++) {
        name[9] = (char)('0' + i / 20);
        name[10] = (char)('A' + i % 20);
        CHECK_EQ(link("/tmp/bd/file", name), 0);
    }
    CHECK_EQ(unlink("/tmp/bd/file"), 0);
    CHECK_ERRNO(rmdir("/tmp/bd"), ENOTEMPTY);
    for (int i = 0; i < 300; i++) {
        name[9] = (char)('0' + i / 20);
        name[10] = (char)('A' + i % 20);
        CHECK_EQ(unlink(name), 0);
    }
    CHECK_EQ(rmdir("/tmp/bd"), 0);
}
static void paths_through_directories(void)
{
    CHECK_EQ(mkdir("/tmp/dd", 0755), 0);
    CHECK_EQ(chdir("/tmp"), 0);
    make_file("dd/ff", "ff");
    CHECK(rmdir("dd") == -1 && errno == ENOTEMPTY);
    CHECK_EQ(mkdir("/tmp/dd/dd", 0755), 0);
    make_file("dd/dd/ff", "FF");
    check_content("dd/dd/../ff", "ff");
    CHECK_EQ(link("dd/dd/ff", "dd/dd/ffff"), 0);
    CHECK_EQ(unlink("dd/dd/ff"), 0);
    CHECK_EQ(chdir("dd"), 0);
    CHECK_EQ(chdir("dd/../../dd"), 0);
    CHECK_EQ(chdir("./.."), 0);
    check_content("dd/dd/ffff", "FF");
    CHECK_ERRNO(open("dd/ff/ff", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("dd/xx/ff", O_CREAT | O_RDWR, 0644), ENOENT);
    CHECK_ERRNO(open("dd", O_RDWR), EISDIR);
    CHECK_ERRNO(open("dd", O_CREAT | O_WRONLY, 0644), EISDIR);
    CHECK_ERRNO(mkdir("dd/ff/ff", 0755), ENOTDIR);
    CHECK_ERRNO(mkdir("dd/dd/ffff", 0755), EEXIST);
    CHECK_ERRNO(unlink("dd/ff/ff"), ENOTDIR);
    CHECK_ERRNO(chdir("dd/ff"), ENOTDIR);
    CHECK_ERRNO(unlink("dd/dd"), EPERM);
    CHECK(rmdir("dd/.") == -1 && (errno == EINVAL || errno == EBUSY));
    CHECK(rmdir("dd/dd/..") == -1);
    CHECK_EQ(unlink("dd/dd/ffff") | rmdir("dd/dd") | unlink("dd/ff") | rmdir("dd"), 0);
    CHECK_EQ(chdir("/"), 0);
}
static void a_removed_working_directory(void)
{
    CHECK_EQ(mkdir("/tmp/iput", 0755) | chdir("/tmp/iput") | rmdir("../iput"), 0);
    CHECK_ERRNO(open("file", O_CREAT | O_RDWR, 0644), ENOENT);
    CHECK_EQ(chdir("/"), 0);
    pid_t pid = gt_fork();
    if (pid == 0)
        _exit((mkdir("/tmp/iput", 0755) | chdir("/tmp/iput") | rmdir("../iput")) != 0); /* and ends in it */
    wait_for(0);
    CHECK_ERRNO(chdir("/tmp/iput"), ENOENT);
}
static void files_come_and_go_beside_each_other(void)
{
    char name[] = "/tmp/p0_00";
    for (int who = 0; who < 4; who++)
        if (gt_fork() == 0) {
            name[6] = (char)('0' + who);
            for (int i = 0; i < 20; i++) {
                name[8] = (char)('0' + i / 10);
                name[9] = (char)('0' + i % 10);
                make_file(name, "x");
                if (i % 2 == 1) {
                    name[9]--;
                    CHECK_EQ(unlink(name), 0);
                }
            }
            _exit(gt_failed != 0);
        }
    for (int who = 0; who < 4; who++)
        wait_for(0);
    for (int who = 0; who < 4; who++)
        for (int i = 0; i < 20; i++) {
            name[6] = (char)('0' + who);
            name[8] = (char)('0' + i / 10);
            name[9] = (char)('0' + i % 10);
            CHECK_EQ(unlink(name), i % 2 == 1 ? 0 : -1);
        }
}

/* ---- pipes and programs ---- */

static void a_pipe_keeps_the_order(void)
{
    enum { N = 5, LENGTH = 1033 };
    int p[2], seq = 0;
    CHECK_EQ(pipe(p), 0);
    if (gt_fork() == 0) {
        (void)close(p[0]);
        for (int n = 0; n < N; n++) {
            for (int i = 0; i < LENGTH; i++)
                buf[i] = (char)seq++;
            CHECK_EQ(write(p[1], buf, LENGTH), LENGTH);
        }
        _exit(gt_failed != 0);
    }
    CHECK_EQ(close(p[1]), 0);
    long total = 0;
    size_t piece = 1;
    for (ssize_t n; (n = read(p[0], buf, piece)) > 0; total += n) {
        for (ssize_t i = 0; i < n; i++)
            CHECK_EQ((unsigned char)buf[i], seq++ & 0xff);
        piece = piece * 2 > sizeof buf ? sizeof buf : piece * 2;
    }
    CHECK_EQ(total, N * LENGTH);
    CHECK_EQ(close(p[0]), 0);
    wait_for(0);
}
static void a_program_writes_where_its_output_goes(void)
{
    char *argv[] = {"echo", "OK", NULL};
    if (gt_fork() == 0) {
        (void)close(1);
        if (open("/tmp/echo", O_CREAT | O_WRONLY | O_TRUNC, 0644) != 1)
            _exit(1);
        execv("/bin/echo", argv);
        _exit(2);
    }
    wait_for(0);
    check_content("/tmp/echo", "OK\n");
    CHECK_EQ(unlink("/tmp/echo"), 0);
}
static void arguments_as_long_as_may_be(void)
{
    enum { EACH = 1000 };
    static char text[EACH + 1], *argv[200];
    memset(text, 'a', EACH);
    if (gt_fork() == 0) {
        for (int i = 0; i < 120; i++)
            argv[i] = text;
        argv[0] = "true";
        execv("/bin/true", argv);
        _exit(1);
    }
    wait_for(0);
    if (gt_fork() == 0) {
        for (int i = 0; i < 199; i++)
            argv[i] = text;
        execv("/bin/true", argv);
        _exit(errno == E2BIG ? 7 : 1);
    }
    wait_for(7);
}

GT_MAIN(CASE(many_children_end_in_any_order), CASE(a_status_is_a_childs_own), CASE(two_children_beside_each_other),
        CASE(grandchildren_are_not_waited_for), CASE(the_killed_end_wherever_they_are), CASE(a_heap_grows_and_shrinks),
        CASE(a_child_has_the_heap_of_its_parent), CASE(given_back_memory_faults), CASE(bss_is_zero),
        CASE(text_and_kernel_are_not_writable), CASE(a_stack_grows), CASE(a_file_of_many_blocks), CASE(writes_of_every_size),
        CASE(parent_and_child_share_an_offset), CASE(four_processes_write_four_files), CASE(an_unlinked_file_can_be_read),
        CASE(links_and_their_refusals), CASE(directories_that_fill_and_empty), CASE(paths_through_directories),
        CASE(a_removed_working_directory), CASE(files_come_and_go_beside_each_other), CASE(a_pipe_keeps_the_order),
        CASE(a_program_writes_where_its_output_goes), CASE(arguments_as_long_as_may_be))
