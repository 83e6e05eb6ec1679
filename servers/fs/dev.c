/* SPDX-License-Identifier: MIT
 * /dev but for the console, and the pages of text in /proc, which are made when they are read.
 */
#include "disk.h"
#include "fs.h"

#include <ipc/pager.h>

#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 1024u

static uint64_t request_len(const struct request *r)
{
    return r->ev->w[0] == FS_READ_SHORT || r->ev->w[0] == FS_WRITE_SHORT ? r->ev->w[2] : buffer_len(r, 0);
}

/* xorshift64*, from the clock: good enough for tests and temporary names, no secret. */
static uint64_t random_word(void)
{
    static uint64_t state;
    state ^= sys_time() | 1;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717UL;
}

static err_t read_made(struct request *r, bool random)
{
    static uint64_t piece[PAGE_SIZE / sizeof(uint64_t)];
    uint64_t want = request_len(r), stop = r->done + PIECE_BYTES, got;
    while (r->done < want) { /* bound: PIECE_BYTES, at least a byte a turn */
        uint64_t n = want - r->done < PAGE_SIZE ? want - r->done : PAGE_SIZE;
        if (r->done >= stop)
            return LATER_TURN;
        for (unsigned i = 0; i < (n + 7) / 8; i++)
            piece[i] = random ? random_word() : 0;
        err_t err = copy_to(r, 0, r->done, piece, n, &got);
        r->done += got;
        if (err != OK)
            return err;
    }
    return OK;
}

static struct ipc_msg ask(unsigned what)
{
    struct ipc_msg m = {.w = {PAGER_STAT, what}};
    if (pager_call(H_PAGER, &m) != OK)
        m = (struct ipc_msg){.w = {0}};
    return m;
}

static int kib(uint64_t frames) { return (int)(frames * (PAGE_SIZE / 1024)); }

/* Seconds since the start. */
static int uptime_text(char *to)
{
    uint64_t ms = (uint64_t)vnode_now() / 1000000;
    return snprintf(to, TEXT_BYTES, "%lu.%02lu\n", ms / 1000, ms % 1000 / 10);
}

static int text_of(uint64_t rdev, char *to)
{
    struct ipc_msg a, b;
    switch (rdev - RDEV_TEXT) {
    case 0:
        a = ask(PAGER_STAT_MEMORY);
        b = ask(PAGER_STAT_STORE);
        return snprintf(to, TEXT_BYTES,
                        "MemTotal: %9d kB\nMemFree: %10d kB\nMemUsed: %10d kB\nTables: %11d kB\nObjects: %10d kB\n"
                        "Files: %12d kB\nSwapTotal: %8d kB\nSwapUsed: %9d kB\n",
                        kib(a.w[1]), kib(a.w[2]), kib(a.w[3]), kib(a.w[4]), kib(a.w[5]), kib(pool_used()), kib(b.w[2]), kib(b.w[1]));
    case 1:
        a = ask(PAGER_STAT_FAULTS);
        b = ask(PAGER_STAT_EVICT);
        return snprintf(to, TEXT_BYTES, "copies %lu\nupgrades %lu\nzeroed %lu\nzero-page %lu\nimage %lu\nretries %lu\n"
                        "evicted %lu\nwritten %lu\nread-back %lu\n", a.w[1], a.w[2], a.w[3], a.w[4], a.w[5], a.w[6], b.w[1],
                        b.w[3], b.w[4]);
    case 3:
        return disk_text(to, TEXT_BYTES);
    case 4:
        return uptime_text(to);
    case 5:
        return snprintf(to, TEXT_BYTES, "memory / tree rw 0 0\nimage /bin tree ro 0 0\n%s",
                        !disk_ext2() ? "" : disk_is_read_only() ? "disk /disk ext2 ro 0 0\n" : "disk /disk ext2 rw 0 0\n");
    case 6:
        a = ask(PAGER_STAT_FORKS);
        b = ask(PAGER_STAT_FAULTS);
        return snprintf(to, TEXT_BYTES, "forks %lu\npager-restarts %lu\nspaces %lu\nfaults %lu\nkilled %lu\n", a.w[1], a.w[4], a.w[6],
                        b.w[1] + b.w[2] + b.w[3] + b.w[4] + b.w[5] + b.w[6], b.w[7]);
    default:
        return snprintf(to, TEXT_BYTES, "open %lu\nprocesses %lu\npipes %lu\nlocks %lu\nwaiting %lu\nfiles %lu\npages %lu\npages-max %lu\n",
                        files_used(), clients_used(), pipes_used(), locks_used(), requests_waiting(), ram_used(), pool_used(), pool_max());
    }
}

static err_t read_text(struct request *r, uint64_t rdev, uint64_t offset)
{
    static char text[TEXT_BYTES];
    if (disk_is_coming())
        return LATER_DISK; /* what to say of it is known when the keeper is done */
    uint64_t len = (uint64_t)text_of(rdev, text), got, want = request_len(r);
    if (offset + r->done >= len)
        return OK;
    uint64_t n = len - offset - r->done < want - r->done ? len - offset - r->done : want - r->done;
    err_t err = copy_to(r, 0, r->done, text + offset + r->done, n, &got);
    r->done += got;
    return err;
}

err_t dev_read(struct request *r, uint64_t rdev, uint64_t offset)
{
    if (rdev >= RDEV_TEXT)
        return read_text(r, rdev, offset);
    return rdev == RDEV_NULL ? OK : read_made(r, rdev == RDEV_RANDOM);
}

/* All that is written is gone, and it is not even looked at. */
err_t dev_write(struct request *r, uint64_t rdev)
{
    if (rdev >= RDEV_TEXT)
        return FS_ERR_BADF;
    if (rdev == RDEV_FULL && request_len(r) > 0)
        return FS_ERR_NOSPC;
    r->done = request_len(r);
    return OK;
}
