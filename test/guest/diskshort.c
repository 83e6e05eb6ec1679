/* SPDX-License-Identifier: MIT
 * The disk while memory is short: programs whose buffers are larger than the memory they may have write and read files, so pages
 * go out and come in under the file server's copies, and one more thrashes beside them. Nobody waits for ever (pager, fs and
 * blk wait in one direction only), and every byte is right.
 *
 * DISK: 16M
 * MEM: 64M
 * ARGS: frames=500 store=4000
 * TIMEOUT: 300
 */
#define GT_NAME "diskshort"
#include "gtest.h"
#include "gfiles.h"

#define BYTES (1200u << 10) /* 300 pages; two of these and the thrasher have 500 */

static unsigned char buffer[BYTES];

static void fill(uint64_t seed)
{
    for (size_t i = 0; i < BYTES; i += sizeof(uint64_t)) {
        uint64_t word = gt_random(&seed);
        memcpy(buffer + i, &word, sizeof word);
    }
}

static void check_fill(uint64_t seed)
{
    for (size_t i = 0; i < BYTES; i += sizeof(uint64_t)) {
        uint64_t word = gt_random(&seed), is;
        memcpy(&is, buffer + i, sizeof is);
        if (is != word) {
            CHECK_EQ(is, word);
            return;
        }
    }
}

static void all(ssize_t (*move)(int, void *, size_t), int fd)
{
    for (size_t done = 0; done < BYTES;) { /* bound: the buffer */
        ssize_t n = move(fd, buffer + done, BYTES - done);
        CHECK(n > 0);
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}
static ssize_t put(int fd, void *from, size_t n) { return write(fd, from, n); }

static void write_and_read(void *which)
{
    char path[32];
    snprintf(path, sizeof path, "/disk/short-%lu", (unsigned long)(uintptr_t)which);
    for (uint64_t round = 0; round < 3; round++) {
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        fill((uintptr_t)which * 100 + round);
        all(put, fd);
        CHECK_EQ(fsync(fd), 0);
        CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
        memset(buffer, 0, BYTES);
        all(read, fd);
        check_fill((uintptr_t)which * 100 + round);
        CHECK_EQ(close(fd), 0);
    }
    CHECK_EQ(unlink(path), 0);
}

static void thrash(void *unused)
{
    (void)unused;
    for (unsigned round = 0;; round++) { /* forever: until it is killed */
        for (size_t i = 0; i < BYTES; i += 4096)
            buffer[i] = (unsigned char)(buffer[i] + round);
        gt_sleep_us(2000); /* it takes memory, not time: each fault of the others would cost them a time slice of its */
    }
}

static void bytes_are_right_while_pages_go_out(void)
{
    pid_t hog = gt_child(thrash, NULL), one = gt_child(write_and_read, (void *)1), two = gt_child(write_and_read, (void *)2);
    gt_expect_exit(one, 0);
    gt_expect_exit(two, 0);
    CHECK_EQ(kill(hog, SIGKILL), 0);
    (void)gt_reap(hog, 100000);
    CHECK(gt_stat(PAGER_STAT_EVICT, 0).v[1] > 500);
}

GT_MAIN(CASE(bytes_are_right_while_pages_go_out))
