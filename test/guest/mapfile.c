/* SPDX-License-Identifier: MIT
 * Proves mmap() of files: a page is the same for read(), write() and every mapping; private copies stay private; what a file
 * loses nobody sees any more, and a touch behind its end is SIGBUS; what the descriptor does not allow is refused; files on a
 * disk are written back; a file lives as long as it is mapped; deaths of the pager and the file server hang nobody.
 * DISK: 8M -b 1024
 * MEM: 96M
 */
#define GT_NAME "mapfile"
#include "gmap.h"
#include "gwaits.h"

#include <fcntl.h>
#include <ipc/fs.h>
#include <pthread.h>
#include <sys/stat.h>

/* A file of so many pages; page i begins with i + 1. */
static int make(const char *path, size_t pages)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t n = i + 1;
        CHECK_EQ(pwrite(fd, &n, sizeof n, (off_t)(i * PAGE)), (ssize_t)sizeof n);
    }
    CHECK_EQ(ftruncate(fd, (off_t)(pages * PAGE)), 0);
    return fd;
}

static uint64_t in_file(int fd, size_t page)
{
    uint64_t n = 0;
    CHECK_EQ(pread(fd, &n, sizeof n, (off_t)(page * PAGE)), (ssize_t)sizeof n);
    return n;
}

static const char *path; /* of the file that a case uses */

static void reads_and_writes_see_what_mappings_store(void)
{
    int fd = make(path, 20);
    char *p = mmap(NULL, 20 * PAGE, RW, MAP_SHARED, fd, 0), *q = mmap(NULL, 10 * PAGE, PROT_READ, MAP_SHARED, fd, 5 * PAGE);
    REQUIRE(p != MAP_FAILED && q != MAP_FAILED);
    for (size_t i = 0; i < 20; i++)
        CHECK_EQ(*word(p, i), i + 1);
    for (size_t i = 0; i < 20; i++)
        *word(p, i) = 100 + i;
    for (size_t i = 0; i < 20; i++)
        CHECK_EQ(in_file(fd, i), 100 + i);
    for (size_t i = 0; i < 10; i++)
        CHECK_EQ(*word(q, i), 105 + i);
    uint64_t n = 7777;
    CHECK_EQ(pwrite(fd, &n, sizeof n, (off_t)(6 * PAGE)), (ssize_t)sizeof n);
    CHECK_EQ(*word(p, 6), 7777);
    CHECK_EQ(*word(q, 1), 7777);
    CHECK_EQ(msync(p, 20 * PAGE, MS_SYNC), 0);
    CHECK_EQ(munmap(p, 20 * PAGE), 0);
    CHECK_EQ(in_file(fd, 3), 103);
    CHECK_EQ(munmap(q, 10 * PAGE), 0);
    close(fd);
    fd = open(path, O_RDONLY);
    for (size_t i = 0; i < 20; i++)
        CHECK_EQ(in_file(fd, i), i == 6 ? 7777 : 100 + i);
    close(fd);
    CHECK_EQ(unlink(path), 0);
}

static void private_stores_stay_private(void)
{
    int fd = make(path, 4);
    char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0), *q = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED && q != MAP_FAILED);
    CHECK_EQ(*word(p, 0), 1);
    *word(p, 0) = 50; /* read before */
    *word(p, 1) = 51; /* stored to at once */
    CHECK(*word(q, 0) == 1 && *word(q, 1) == 2 && in_file(fd, 0) == 1 && in_file(fd, 1) == 2);
    CHECK(*word(p, 0) == 50 && *word(p, 1) == 51 && *word(p, 2) == 3);
    CHECK_EQ(munmap(p, 4 * PAGE), 0);
    CHECK_EQ(munmap(q, 4 * PAGE), 0);
    close(fd);
    CHECK_EQ(unlink(path), 0);
}

static char *shared;
static void child_stores(void *unused)
{
    (void)unused;
    *word(shared, 1) = 77;
    CHECK_EQ(*word(shared, 0), 5);
}
static void children_share_the_file(void)
{
    int fd = make(path, 3);
    shared = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(shared != MAP_FAILED);
    *word(shared, 0) = 5;
    RUN_CHILD(child_stores, NULL);
    CHECK_EQ(*word(shared, 1), 77);
    CHECK_EQ(in_file(fd, 1), 77);
    CHECK_EQ(munmap(shared, 3 * PAGE), 0);
    close(fd);
    CHECK_EQ(unlink(path), 0);
}

static void behind_the_end_is_sigbus(void)
{
    int fd = make(path, 4);
    CHECK_EQ(ftruncate(fd, (off_t)(2 * PAGE + 100)), 0);
    char *p = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    CHECK_EQ(*word(p, 2), 3);
    CHECK_EQ(*(uint64_t *)(p + 2 * PAGE + 2000), 0); /* the rest of its last page */
    gt_expect_signal(gt_child(loads, p + 3 * PAGE), SIGBUS);
    gt_expect_signal(gt_child(stores, p + 7 * PAGE), SIGBUS);
    CHECK_EQ(ftruncate(fd, (off_t)(8 * PAGE)), 0);
    CHECK_EQ(*word(p, 3), 0); /* it grew: what it had there before is gone */
    *word(p, 7) = 9;
    CHECK_EQ(in_file(fd, 7), 9);
    CHECK_EQ(ftruncate(fd, (off_t)PAGE), 0);
    gt_expect_signal(gt_child(loads, p + 7 * PAGE), SIGBUS);
    CHECK_EQ(*word(p, 0), 1);
    CHECK_EQ(ftruncate(fd, (off_t)(8 * PAGE)), 0);
    CHECK_EQ(*word(p, 7), 0);
    CHECK_EQ(munmap(p, 8 * PAGE), 0);
    close(fd);
    CHECK_EQ(unlink(path), 0);
}

static bool all_zero(const char *p, size_t n)
{
    while (n > 0 && p[n - 1] == 0)
        n--;
    return n == 0;
}

/* The rest of the last page can be stored to, and never was in the file: by whatever it grows, it grows by zeros. */
static void what_was_stored_behind_the_end_is_not_in_the_file(void)
{
    for (unsigned how = 0; how < 4; how++) {
        char back[PAGE];
        int fd = make(path, 1);
        CHECK_EQ(ftruncate(fd, 100), 0);
        char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
        REQUIRE(p != MAP_FAILED);
        memset(p + 50, 'x', PAGE - 50);
        if (how == 3)
            CHECK_EQ(munmap(p, PAGE), 0);
        if (how % 2 == 1)
            CHECK_EQ(ftruncate(fd, 3000), 0);
        else
            CHECK_EQ(pwrite(fd, "y", 1, how ? (off_t)PAGE + 5 : 2999), 1);
        CHECK_EQ(pread(fd, back, sizeof back, 0), how == 2 ? (ssize_t)PAGE : 3000);
        CHECK(back[99] == 'x' && all_zero(back + 100, 2899));
        if (how != 3) {
            CHECK(p[99] == 'x' && all_zero(p + 100, 2899));
            CHECK(how % 2 == 1 || how == 2 || p[2999] == 'y');
            CHECK_EQ(msync(p, PAGE, MS_SYNC), 0);
            CHECK_EQ(munmap(p, PAGE), 0);
        }
        CHECK_EQ(close(fd), 0);
        fd = open(path, O_RDONLY);
        CHECK_EQ(pread(fd, back, 3000, 0), 3000);
        CHECK(back[99] == 'x' && all_zero(back + 100, 2899));
        CHECK_EQ(close(fd), 0);
        CHECK_EQ(unlink(path), 0);
    }
    sync(); /* the file server is killed later, and what is half gone by then e2fsck would see */
}

static void what_nobody_may_touch_is_cut_off_too(void)
{
    int fd = make(path, 4);
    char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    CHECK_EQ(*word(p, 3), 4);
    CHECK_EQ(mprotect(p, 4 * PAGE, PROT_NONE), 0);
    CHECK_EQ(ftruncate(fd, (off_t)PAGE), 0);
    CHECK_EQ(mprotect(p, 4 * PAGE, RW), 0);
    gt_expect_signal(gt_child(loads, p + 3 * PAGE), SIGBUS);
    CHECK_EQ(*word(p, 0), 1);
    CHECK_EQ(munmap(p, 4 * PAGE), 0);
    close(fd);
    CHECK_EQ(unlink(path), 0);
}

static void it_lives_as_long_as_it_is_mapped(void)
{
    int fd = make(path, 2);
    char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    close(fd);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(*word(p, 1), 2);
    *word(p, 0) = 3;
    CHECK_EQ(munmap(p, PAGE), 0);
    CHECK_EQ(*word(p, 1), 2);
    CHECK_EQ(munmap(p + PAGE, PAGE), 0);
}

static void the_descriptor_says_what_is_allowed(void)
{
    int fd = make(path, 2), pipes[2];
    close(fd);
    int in = open(path, O_RDONLY), out = open(path, O_WRONLY);
    FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, in, 0), EACCES);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, out, 0), EACCES);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, out, 0), EACCES);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 77, 0), EBADF);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 0, 0), ENODEV); /* the console */
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, in, 1), EINVAL);
    FAILS(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, in, 0), EINVAL);
    FAILS(mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, in, (off_t)0x7ffffffffffff000), EOVERFLOW);
    CHECK_EQ(pipe(pipes), 0);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0), ENODEV);
    close(pipes[0]);
    close(pipes[1]);
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, in, 0);
    errno = 0;
    CHECK_EQ(mprotect(p, PAGE, RW), -1);
    CHECK_EQ(errno, EACCES);
    char *q = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, in, 0);
    CHECK_EQ(mprotect(q, PAGE, RW), 0);
    *word(q, 0) = 9;
    CHECK_EQ(*word(p, 0), 1);
    CHECK(munmap(p, PAGE) == 0 && munmap(q, PAGE) == 0);
    close(in);
    close(out);
    CHECK_EQ(unlink(path), 0);
}

static void programs_of_the_image_are_mapped_in_place(void)
{
    int fd = open("/bin/true", O_RDONLY);
    struct stat st;
    REQUIRE(fd >= 0 && fstat(fd, &st) == 0);
    char *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    REQUIRE(p != MAP_FAILED);
    CHECK(p[0] == 0x7f && p[1] == 'E');
    CHECK_EQ(mprotect(p, PAGE, RW), 0);
    p[1] = 'e';
    char byte[2];
    CHECK_EQ(pread(fd, byte, 2, 0), 2);
    CHECK_EQ(byte[1], 'E');
    CHECK_EQ(munmap(p, (size_t)st.st_size), 0);
    close(fd);
}

/* The buffer of a call is a page of a file that has to come first. */
static void calls_take_buffers_from_files(void)
{
    int fd = make(path, 4), to = open("/tmp/to", O_RDWR | O_CREAT | O_TRUNC, 0644);
    char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    CHECK_EQ(write(to, p, 4 * PAGE), (ssize_t)(4 * PAGE));
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ(in_file(to, i), i + 1);
    CHECK_EQ(munmap(p, 4 * PAGE), 0);
    p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    CHECK_EQ(pread(to, p + PAGE, 2 * PAGE, 0), (ssize_t)(2 * PAGE));
    CHECK(in_file(fd, 1) == 1 && in_file(fd, 2) == 2);
    CHECK_EQ(munmap(p, 4 * PAGE), 0);
    close(fd);
    close(to);
    CHECK(unlink(path) == 0 && unlink("/tmp/to") == 0);
}

static void kill_the_pager(void)
{
    struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_PAGER}};
    (void)ipc_call(H_INIT, &m);
}
static void the_pager_dies(void)
{
    int fd = make(path, 8);
    char *p = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < 8; i++) {
        kill_the_pager();
        CHECK_EQ(*word(p, i), i + 1);
        *word(p, i) = i;
    }
    CHECK_EQ(munmap(p, 8 * PAGE), 0);
    CHECK_EQ(in_file(fd, 7), 7);
    close(fd);
    CHECK_EQ(unlink(path), 0);
}

/* What is in memory stays; what was not touched yet is lost with the server. */
static void the_file_server_dies(void)
{
    int fd = make("/tmp/f", 4);
    char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0), *q = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    REQUIRE(p != MAP_FAILED && q != MAP_FAILED);
    *word(p, 0) = 11;
    CHECK_EQ(*word(q, 1), 2);
    gt_kill_server(SERVER_FS);
    gt_expect_signal(gt_child(loads, p + 2 * PAGE), SIGBUS);
    gt_expect_signal(gt_child(loads, q + 3 * PAGE), SIGBUS);
    CHECK_EQ(*word(p, 0), 11);
    *word(p, 0) = 12;
    CHECK_EQ(*word(q, 1), 2);
    CHECK(munmap(p, 4 * PAGE) == 0 && munmap(q, 4 * PAGE) == 0);
    fd = make("/tmp/f", 2); /* the new one serves as the old one did */
    p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    CHECK_EQ(*word(p, 1), 2);
    CHECK_EQ(munmap(p, 2 * PAGE), 0);
    close(fd);
    CHECK_EQ(unlink("/tmp/f"), 0);
}

/* Nothing else is to be done or written: the server still fills what is touched, and writes back by itself what is stored. */
static void a_server_at_rest_is_woken(void)
{
    int fd = make("/disk/r", 2);
    char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    sync();
    CHECK_EQ(*word(p, 1), 2);
    sync();
    *word(p, 1) = 99;
    gt_sleep_us(6000000);
    gt_kill_server(SERVER_FS);
    CHECK_EQ(munmap(p, 2 * PAGE), 0);
    fd = open("/disk/r", O_RDONLY);
    CHECK_EQ(in_file(fd, 1), 99);
    close(fd);
    CHECK_EQ(unlink("/disk/r"), 0);
}

/* Stores go on while the file is written back. */
#define STORED 500u
static void *syncs(void *p)
{
    for (int i = 0; i < 4; i++)
        CHECK_EQ(msync(p, STORED * PAGE, MS_SYNC), 0);
    return NULL;
}
static void stores_during_a_write_back_are_kept(void)
{
    int fd = make("/disk/w", STORED);
    char *p = mmap(NULL, STORED * PAGE, RW, MAP_SHARED, fd, 0);
    pthread_t t;
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < STORED; i++)
        *word(p, i) = 1;
    REQUIRE(pthread_create(&t, NULL, syncs, p) == 0);
    for (uint64_t turn = 2; turn < 30; turn++)
        for (size_t i = 0; i < STORED; i++)
            *word(p, i) = turn;
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(munmap(p, STORED * PAGE), 0);
    gt_sleep_us(20000);
    size_t bad = 0;
    for (size_t i = 0; i < STORED; i++)
        bad += in_file(fd, i) != 29;
    CHECK_EQ(bad, 0);
    close(fd);
    CHECK_EQ(unlink("/disk/w"), 0);
}

/* The file server dies while faults wait for it. */
static void dies_now(void *unused)
{
    (void)unused;
    struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_FS, sys_time() + gt_us(300)}};
    (void)ipc_call(H_INIT, &m);
    int fd = open("/disk/g", O_RDONLY);
    char *p = mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    for (size_t i = 0; p != MAP_FAILED && i < 64; i++)
        (void)*word(p, i);
}
static void nobody_waits_for_a_dead_server(void)
{
    gt_loose = 1; /* the new server has not yet as much memory as the old one */
    close(make("/disk/g", 64));
    for (int i = 0; i < 4; i++) {
        CHECK(gt_reap(gt_child(dies_now, NULL), GT_HANG_MS) != -1); /* it ended by SIGBUS, or was done before */
    }
    GT_UNTIL(unlink("/disk/g") == 0 || errno == ENOENT); /* the last kill may still be on its way, and take an answer with it */
    CHECK(access("/disk/g", F_OK) == -1);
}

/* ---- pages that come before they are touched; /disk only ---- */

static uint64_t kept(void) /* by the file server, of files on the disk */
{
    struct ipc_msg m = {.w = {FS_INFO}};
    return ipc_call(H_FS, &m) == OK ? m.w[7] : 0;
}
static void until_none_is_kept(void) /* what was mapped before has been let go of */
{
    for (unsigned i = 0; i < GT_HANG_MS && kept() > 0; i++)
        gt_sleep_us(1000);
    CHECK_EQ(kept(), 0);
}
static void until_kept(uint64_t n)
{
    for (unsigned i = 0; i < GT_HANG_MS && kept() < n; i++)
        gt_sleep_us(1000);
    CHECK(kept() >= n);
}
static bool is_there(const char *p, size_t page) { return gt_page_info(0, p + page * PAGE).pte & 1; }

static void pages_behind_a_touched_one_are_read(void)
{
    until_none_is_kept();
    int fd = make("/disk/a", 40);
    char *p = mmap(NULL, 40 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    CHECK_EQ(*word(p, 3), 4);
    until_kept(8);
    gt_sleep_us(5000);
    CHECK_EQ(kept(), 8);
    CHECK_EQ(*word(p, 38), 39); /* no further than the file */
    until_kept(10);
    gt_sleep_us(5000);
    CHECK_EQ(kept(), 10);
    CHECK(munmap(p, 40 * PAGE) == 0 && close(fd) == 0 && unlink("/disk/a") == 0);
}

static void what_is_announced_is_read(void)
{
    until_none_is_kept();
    int fd = make("/disk/a", 40);
    char *p = mmap(NULL, 40 * PAGE, RW, MAP_PRIVATE, fd, 0);
    REQUIRE(p != MAP_FAILED);
    CHECK_EQ(madvise(p + 4 * PAGE, 10 * PAGE, MADV_WILLNEED), 0);
    until_kept(10);
    CHECK(!is_there(p, 4));
    CHECK_EQ(posix_madvise(p + 30 * PAGE, 10 * PAGE, POSIX_MADV_WILLNEED), 0);
    until_kept(20);
    *word(p, 5) = 99;
    CHECK_EQ(*word(p, 30), 31);
    CHECK_EQ(madvise(p, 40 * PAGE, MADV_DONTNEED), 0); /* private copies go, and what is read again is the file's */
    CHECK_EQ(*word(p, 5), 6);
    CHECK(munmap(p, 40 * PAGE) == 0);
    p = mmap(NULL, 40 * PAGE, RW, MAP_SHARED, fd, 0);
    *word(p, 7) = 77;
    CHECK_EQ(madvise(p, 40 * PAGE, MADV_DONTNEED), 0);
    CHECK_EQ(*word(p, 7), 77); /* a store to the file is no advice's to undo */
    CHECK(munmap(p, 40 * PAGE) == 0 && close(fd) == 0 && unlink("/disk/a") == 0);
}

static void populated_pages_are_there(void)
{
    int fd = make("/disk/a", 5);
    char *p = mmap(NULL, 8 * PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0); /* goes on behind the file's end */
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < 8; i++)
        CHECK_EQ(is_there(p, i), i < 5);
    CHECK_EQ(munmap(p, 8 * PAGE), 0);
    p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(p != MAP_FAILED && is_there(p, 0) && is_there(p, 3) && *word(p, 2) == 0);
    CHECK_EQ(madvise(p, 4 * PAGE, MADV_DONTNEED), 0); /* nothing is locked for it */
    CHECK(!is_there(p, 0) && munmap(p, 4 * PAGE) == 0);
    p = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(p != MAP_FAILED && is_there(p, 0) && is_there(p, 3) && *word(p, 2) == 0);
    CHECK(munmap(p, 4 * PAGE) == 0 && close(fd) == 0 && unlink("/disk/a") == 0);
}

/* The file is larger than what the file server may keep of it: all other pages come and go, those stay. They are so many that others
 * have a turn while the file server looks for one that may go. */
#define LOCKED 150u
static bool are_locked_there(const char *p)
{
    bool there = true;
    for (size_t i = 0; i < LOCKED; i++)
        there = there && is_there(p, i);
    return there;
}
static void locked_pages_stay(void)
{
    size_t pages = gt_stat(PAGER_STAT_MEMORY, 0).v[1] / 2 + 1000;
    gt_loose = 1; /* the file server keeps a step of pages that it has room for */
    int fd = make("/disk/l", 1);
    CHECK_EQ(ftruncate(fd, (off_t)(pages * PAGE)), 0);
    char *p = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    CHECK_EQ(mlock(p, LOCKED * PAGE), 0);
    CHECK(are_locked_there(p) && *word(p, 0) == 1);
    for (size_t i = LOCKED; i < pages; i++)
        (void)*word(p, i);
    CHECK(are_locked_there(p));
    CHECK(!is_there(p, LOCKED + 1)); /* which had to leave */
    CHECK_EQ(munlock(p, LOCKED * PAGE), 0);
    CHECK(munmap(p, pages * PAGE) == 0 && close(fd) == 0 && unlink("/disk/l") == 0);
}

static void *all(const char *where, void (*run)(void))
{
    path = where;
    run();
    return NULL;
}
#define BOTH(X) X(reads_and_writes_see_what_mappings_store) X(private_stores_stay_private) X(children_share_the_file) \
    X(behind_the_end_is_sigbus) X(what_was_stored_behind_the_end_is_not_in_the_file) X(what_nobody_may_touch_is_cut_off_too) X(it_lives_as_long_as_it_is_mapped) X(the_descriptor_says_what_is_allowed) \
    X(calls_take_buffers_from_files) X(the_pager_dies)
#define DEFINE(name) \
    static void name##_in_memory(void) { all("/tmp/f", name); } \
    static void name##_on_disk(void) { all("/disk/f", name); }
BOTH(DEFINE)
#define LIST(name) CASE(name##_in_memory), CASE(name##_on_disk),

GT_MAIN(BOTH(LIST) CASE(programs_of_the_image_are_mapped_in_place),
        CASE(the_file_server_dies), CASE(a_server_at_rest_is_woken),
        CASE(pages_behind_a_touched_one_are_read), CASE(what_is_announced_is_read), CASE(populated_pages_are_there), CASE(locked_pages_stay),
        CASE(stores_during_a_write_back_are_kept), CASE(nobody_waits_for_a_dead_server))
