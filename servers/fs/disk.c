/* SPDX-License-Identifier: MIT
 * The disk: ext2's block device at the block server, and when things go there. The buffers are pages of this server that stay
 * where they are; the device reads and writes them in place. Each job has at most one transfer under way and waits for it; the
 * main loop hears of its end (disk_collect()). The block server is called, but only for what it answers at once.
 */
#include "disk.h"
#include "fs.h"
#include "job.h"
#include "mapped.h"

#include <ipc/blk.h>
#include <ipc/console.h>
#include <ipc/pager.h>

#include <errno.h>
#include <stdio.h>

#define BUFFERS_VA 0x60000000UL
#define BUFFERS_BYTES (1UL << 20)
#define TABLES_VA 0x68000000UL
#define NODES 1024u
#define WRITE_BACK_TICKS 50000000u /* 5 s: what was written is on the disk by then, without a sync */

static struct block_device device;
static struct ext2 *fs;      /* 0: not mounted */
static struct vnode *point;  /* where it is, or will be, mounted */
static bool coming;          /* it will be */
static bool attached;        /* the block server knows the buffers, or has forgotten them at a restart */
static bool awaited;         /* the keeper waits for the block server's start */
static const char *why = "there is no disk";
static ticks_t due = DEADLINE_NONE;
static uint64_t failures;
static unsigned at_once;     /* transfers that were under way together, at most */
static err_t last_error; /* of the block server */

const struct ext2 *disk_ext2(void) { return fs; }
bool disk_is_coming(void) { return coming; }
bool disk_comes_to(const struct vnode *on) { return coming && on == point; }
bool disk_is_missed(const struct vnode *at) { return at == point && !fs && !coming; }

bool disk_is_read_only(void) { return point->mounted && point->mounted->read_only; }

void disk_set_shared(bool shared)
{
    if (fs)
        ext2_set_shared(fs, shared);
}

/* ---- transfers: that of job j has the token j ---- */

struct transfer {
    bool under_way, sent;
    bool pauses;                      /* the job waits for anybody's */
    const struct blk_request *list;   /* 0: a flush */
    unsigned count;
    uint32_t failed;
};
static struct transfer transfers[JOBS];

static err_t attach(void)
{
    struct ipc_msg m = {.w = {BLK_ATTACH, BUFFERS_VA, BUFFERS_BYTES}};
    err_t err = ipc_call(FS_H_BLK, &m);
    for (unsigned i = 0; i < JOBS; i++)
        transfers[i].sent = false; /* what the server had is lost */
    return err;
}

static void end_transfer(unsigned i, uint32_t failed)
{
    if (!transfers[i].under_way)
        return;
    transfers[i].under_way = false;
    transfers[i].failed = failed;
    job_go_on(job_of(i));
}

static err_t send(unsigned i)
{
    struct transfer *t = &transfers[i];
    struct ipc_msg m = {.w = {BLK_FLUSH, i}};
    struct ipc_buf buf = {(void *)(uintptr_t)t->list, t->count * sizeof t->list[0], BUF_R};
    if (t->list)
        m = (struct ipc_msg){.w = {BLK_TRANSFER, t->count, i}};
    return ipc_call_full(FS_H_BLK, &m, &buf, t->list != 0, DEADLINE_NONE);
}

/* What could not be sent, since the server died or had no room: it tells when that has changed. */
static void send_all(void)
{
    for (unsigned i = 0; i < JOBS; i++) {
        if (!transfers[i].under_way || transfers[i].sent)
            continue;
        err_t err = send(i);
        if (err == ERR_NOENT) { /* it was started anew */
            err = attach();
            if (err == OK)
                err = send(i);
            else if (err != ERR_PEER_DEAD)
                err = ERR_IO;
        }
        transfers[i].sent = err == OK;
        if (err == OK || err == ERR_PEER_DEAD || err == ERR_AGAIN || err == ERR_NOENT)
            continue;
        last_error = err;
        end_transfer(i, ~0u);
    }
}

void disk_collect(void)
{
    struct ipc_msg m;
    do { /* bound: JOBS transfers, BLK_ENDED_MAX at a time */
        m = (struct ipc_msg){.w = {BLK_COLLECT}};
        err_t err = ipc_call(FS_H_BLK, &m);
        if (err == ERR_NOENT && attached)
            (void)attach(); /* if it dies again it starts again, and tells again */
        if (err != OK)
            m.w[1] = 0;
        for (unsigned i = 0; i < m.w[1] && i < BLK_ENDED_MAX; i++)
            if (m.w[2 + i] >> 32 < JOBS)
                end_transfer((unsigned)(m.w[2 + i] >> 32), (uint32_t)m.w[2 + i]);
    } while (m.w[1] == BLK_ENDED_MAX);
    send_all();
    if (awaited)
        job_go_on(job_of(JOB_KEEPER));
    awaited = false;
}

static void count_under_way(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < JOBS; i++)
        n += transfers[i].under_way;
    at_once = n > at_once ? n : at_once;
}

/* In a job: until it has ended. Returns which failed. */
static uint32_t carry_out(const struct blk_request *list, unsigned count)
{
    unsigned i = job_number(job_now());
    transfers[i] = (struct transfer){.under_way = true, .list = list, .count = count};
    send_all();
    count_under_way();
    while (transfers[i].under_way) /* bound: the device, or the block server's patience with it */
        job_wait();
    for (unsigned k = 0; k < JOBS; k++) { /* they look when this job has taken what came */
        if (transfers[k].pauses)
            job_go_on(job_of(k));
        transfers[k].pauses = false;
    }
    if (transfers[i].failed)
        last_error = ERR_IO;
    return transfers[i].failed;
}

/* ---- ext2's device ---- */

/* Up to BLK_REQUESTS_MAX. */
static int transfer_some(struct block_io *list, unsigned count, enum blk_direction direction)
{
    struct blk_request r[BLK_REQUESTS_MAX];
    for (unsigned i = 0; i < count; i++)
        r[i] = (struct blk_request){.sector = list[i].sector, .offset = (vaddr_t)list[i].data - BUFFERS_VA,
                                    .sectors = list[i].sectors, .direction = direction};
    uint32_t failed = carry_out(r, count);
    for (unsigned i = 0; i < count; i++) {
        list[i].error = failed >> i & 1 ? -EIO : 0;
        failures += failed >> i & 1;
    }
    return failed ? -EIO : 0;
}

static int transfer(struct block_io *list, unsigned count, enum blk_direction direction)
{
    int err = 0;
    for (unsigned at = 0; at < count; at += BLK_REQUESTS_MAX) {
        unsigned n = count - at < BLK_REQUESTS_MAX ? count - at : BLK_REQUESTS_MAX;
        if (transfer_some(list + at, n, direction) != 0)
            err = -EIO;
    }
    return err;
}

static int device_read(void *context, struct block_io *list, unsigned count)
{
    (void)context;
    return transfer(list, count, BLK_READ);
}

static int device_write(void *context, struct block_io *list, unsigned count)
{
    (void)context;
    return transfer(list, count, BLK_WRITE);
}

static int device_flush(void *context)
{
    (void)context;
    return carry_out(0, 1) ? -EIO : 0;
}

static void device_pause(void *context)
{
    (void)context;
    transfers[job_number(job_now())].pauses = true;
    job_wait();
}

/* ---- mounting ---- */

static uint64_t tables_bytes(void)
{
    return (ext2_tables_bytes(NODES, BUFFERS_BYTES) + PAGE_MASK) & ~PAGE_MASK;
}

static err_t region(uint64_t op, vaddr_t start, uint64_t bytes)
{
    struct ipc_msg m = {.w = {op, 0, start, start + bytes, PROT_R | PROT_W | REGION_PINNED << 8, BACKING_ANON}};
    return pager_call(H_PAGER, &m);
}

static bool there_is_one(void)
{
    struct handle_info info;
    return sys_handle_info(0, FS_H_BLK, &info) == OK && info.type == OBJ_ENDPOINT;
}

/* What the earlier life asked for may be under way: as long as it is, the device reads and writes in those buffers. */
err_t disk_forget(void)
{
    struct ipc_msg m = {.w = {BLK_ATTACH, 0, 0}};
    err_t err = there_is_one() ? pager_call_bounded(FS_H_BLK, &m, SERVER_TRIES) : OK;
    if (err != OK)
        return err;
    (void)region(PAGER_REGION_REMOVE, BUFFERS_VA, BUFFERS_BYTES); /* mostly there is none */
    (void)region(PAGER_REGION_REMOVE, TABLES_VA, tables_bytes());
    return OK;
}

static void now(struct ext2_time *out)
{
    int64_t ns = vnode_now();
    *out = (struct ext2_time){ns / 1000000000, (uint32_t)(ns % 1000000000)};
}

/* Again as long as the server is being restarted. */
static err_t ask(struct ipc_msg *m)
{
    const struct ipc_msg request = *m;
    for (;;) { /* bound: deaths; init ends the machine when the server does not come back */
        err_t err = ipc_call(FS_H_BLK, m);
        if (err != ERR_PEER_DEAD)
            return err;
        awaited = true;
        job_wait();
        *m = request;
    }
}

static err_t start_device(void)
{
    struct ipc_msg m = {.w = {BLK_INFO}}, first = {.w = {BLK_ATTACH, BUFFERS_VA, BUFFERS_BYTES}};
    err_t err = ask(&m);
    device = (struct block_device){.sectors = m.w[1], .read_only = m.w[2] & BLK_READ_ONLY, .read = device_read,
                                   .write = device_write, .flush = device_flush, .pause = device_pause};
    if (err == OK)
        err = region(PAGER_REGION_ADD, BUFFERS_VA, BUFFERS_BYTES);
    if (err == OK)
        err = region(PAGER_REGION_ADD, TABLES_VA, tables_bytes());
    if (err == OK)
        err = ask(&first);
    attached = err == OK;
    last_error = err;
    return err;
}

/* And what to do. */
static const char *reason(int err)
{
    switch (err) {
    case -EINVAL: return "no ext2 file system, or a damaged one; run e2fsck on the host";
    case -ENOTSUP: return "its ext2 has features that are not understood; make it with mke2fs -t ext2";
    case -ENOMEM: return "no memory for it; boot with more, or with a smaller limit for others";
    default: return "the disk can't be read; pagerctl kill fs tries again";
    }
}

/* On the console, once: whoever finds no files there should not have to know where to ask. It has a moment for it, and no more. */
static void complain(int err)
{
    static char line[160]; /* static: the console reads it */
    why = reason(err);
    int n = snprintf(line, sizeof line, "fs: nothing is mounted at /disk: %s\n", why);
    struct ipc_msg m = {.w = {CONSOLE_WRITE}};
    struct ipc_buf b = {line, (uint64_t)n, BUF_R};
    (void)ipc_call_full(H_CONSOLE, &m, &b, 1, sys_time() + CONSOLE_PATIENCE_TICKS);
}

void disk_mount(struct vnode *on)
{
    if (!there_is_one())
        return;
    point = on;
    coming = jobs_start() == OK;
    if (!coming)
        complain(-ENOMEM);
}

static int mount(struct vnode **top)
{
    struct ext2_setup setup = {.device = &device, .tables = (void *)TABLES_VA, .tables_bytes = tables_bytes(),
                               .buffers = (void *)BUFFERS_VA, .buffers_bytes = BUFFERS_BYTES, .nodes = NODES, .now = now};
    struct ext2 *made;
    if (start_device() != OK)
        return -EIO;
    int err = ext2_mount(&setup, &made);
    if (err == 0 && extfs_root(made, top) != OK)
        err = -EIO;
    if (err == 0)
        fs = made;
    return err;
}

static void mount_now(void)
{
    struct vnode *top;
    int err = mount(&top);
    coming = false;
    if (err != 0) {
        complain(err);
        return;
    }
    point->mounted = top; /* with the use that it came with */
    top->covers = point;
}

/* ---- when things go to the disk ---- */

static err_t write_back(void)
{
    due = DEADLINE_NONE;
    err_t err = fs ? mapped_write_back(0) : OK;
    if (err != OK)
        return err;
    return fs ? extfs_error(ext2_rest(fs)) : OK;
}

err_t disk_sync(void)
{
    if (!fs && !coming)
        return OK;
    return job_now() ? write_back() : LATER_DISK;
}

ticks_t disk_due(void)
{
    if (!fs || !keeper_is_free())
        return DEADLINE_NONE;
    if (!ext2_is_dirty(fs) && !mapped_is_dirty())
        due = DEADLINE_NONE;
    else if (due == DEADLINE_NONE)
        due = sys_time() + WRITE_BACK_TICKS;
    return due;
}

bool disk_idle(void) { return !coming && (!fs || (!ext2_is_dirty(fs) && !extfs_has_released())); }

bool disk_wants_keeper(void)
{
    return coming || extfs_has_released() || (due != DEADLINE_NONE && due <= sys_time());
}

void keeper(void)
{
    if (coming)
        mount_now();
    mapped_keep();
    extfs_let_go();
    if (due <= sys_time())
        (void)write_back(); /* an error is whose fsync meets it; the blocks stay here */
}

int disk_text(char *to, size_t bytes)
{
    struct ext2_statfs s;
    if (!fs)
        return snprintf(to, bytes, "none: %s (error %d)\n", why, last_error);
    ext2_statfs(fs, &s);
    return snprintf(to, bytes, "ext2, read-%s, %s\nblock %u\nblocks %lu\nblocks-free %lu\ninodes %u\ninodes-free %u\nerrors %lu, the last one %d\n"
                    "at-once %u\ndamage %s\n", s.read_only ? "only" : "write",
                    ext2_was_unclean(fs) ? "was cut off: run e2fsck on the host" : "clean", s.block_bytes, s.blocks,
                    s.blocks_free, s.inodes, s.inodes_free, failures, last_error, at_once, ext2_complaint(fs) ? ext2_complaint(fs) : "none");
}
