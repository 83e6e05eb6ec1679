/* SPDX-License-Identifier: MIT
 * Proves that files which are larger than the memory for them can be mapped: pages of a file on the disk leave, written back
 * when they were stored to, and come again, but never a page that a program made its own; pager, file server and block server wait for each other in no circle meanwhile, and
 * nothing is lost, neither when pages of programs leave at the same time.
 * DISK: 32M -b 4096
 * MEM: 64M
 * ARGS: frames=200 store=1600
 * TIMEOUT: 240
 */
#define GT_NAME "mapshort"
#include "gmap.h"

#include <fcntl.h>

#define PAGES 5000u /* 20 MB; the file server has 16 MB in all */

static void a_file_may_be_larger_than_memory(void)
{
    int fd = open("/disk/big", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK_EQ(ftruncate(fd, (off_t)(PAGES * PAGE)), 0);
    char *p = mmap(NULL, PAGES * PAGE, RW, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < PAGES; i++)
        *word(p, i) = i * 3 + 1;
    size_t bad = 0;
    for (size_t i = 0; i < PAGES; i += 3)
        bad += *word(p, i) != i * 3 + 1;
    CHECK_EQ(bad, 0);
    CHECK_EQ(msync(p, PAGES * PAGE, MS_SYNC), 0);
    CHECK_EQ(munmap(p, PAGES * PAGE), 0);
    for (size_t i = 1; i < PAGES; i += 7) {
        uint64_t n = 0;
        CHECK_EQ(pread(fd, &n, sizeof n, (off_t)(i * PAGE)), (ssize_t)sizeof n);
        bad += n != i * 3 + 1;
    }
    CHECK_EQ(bad, 0);
    close(fd);
}

/* Its pages of the file leave and come again; what a program made its own is its own. */
static void own_copies_outlive_the_pages(void)
{
    const size_t pages = 16;
    int fd = open("/disk/small", O_RDWR | O_CREAT | O_TRUNC, 0644), big = open("/disk/big", O_RDWR);
    CHECK_EQ(ftruncate(fd, (off_t)(pages * PAGE)), 0);
    char *own = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE, fd, 0), *p = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, big, 0);
    REQUIRE(own != MAP_FAILED && p != MAP_FAILED);
    for (size_t i = 0; i < pages; i++)
        *word(own, i) = i + 7;
    size_t bad = 0;
    for (size_t i = 0; i < PAGES; i++)
        bad += *word(p, i) != i * 3 + 1;
    for (size_t i = 0; i < pages; i++)
        bad += *word(own, i) != i + 7;
    CHECK_EQ(bad, 0);
    CHECK(munmap(own, pages * PAGE) == 0 && munmap(p, PAGES * PAGE) == 0);
    close(fd);
    close(big);
    CHECK_EQ(unlink("/disk/small"), 0);
}

/* Memory of programs goes to the store while it copies between two mapped files. */
static void copies(void *unused)
{
    (void)unused;
    const size_t pages = 300;
    int fd = open("/disk/big", O_RDWR);
    char *own = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *p = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE, fd, 0);
    REQUIRE(own != MAP_FAILED && p != MAP_FAILED);
    for (size_t i = 0; i < pages; i++) {
        *word(own, i) = *word(p, i);
        *word(p, i) = i; /* its own copy of the file's page */
    }
    size_t bad = 0;
    for (size_t i = 0; i < pages; i++)
        bad += *word(own, i) != i * 3 + 1 || *word(p, i) != i;
    CHECK_EQ(bad, 0);
    close(fd);
}
static void programs_page_at_the_same_time(void)
{
    pid_t one = gt_child(copies, NULL), two = gt_child(copies, NULL);
    gt_expect_exit(one, 0);
    gt_expect_exit(two, 0);
    CHECK_EQ(unlink("/disk/big"), 0);
}

GT_MAIN(CASE(a_file_may_be_larger_than_memory), CASE(own_copies_outlive_the_pages), CASE(programs_page_at_the_same_time))
