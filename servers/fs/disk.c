/* SPDX-License-Identifier: MIT
 * The disk: ext2's block device at the block server, and when things go there. The buffers are pages of this server that stay
 * where they are; the device reads and writes them in place. Waits for the block server, which waits for nobody.
 */
#include "disk.h"
#include "fs.h"

#include <ipc/blk.h>
#include <ipc/pager.h>

#include <errno.h>
#include <stdio.h>

#define BUFFERS_VA 0x60000000UL
#define BUFFERS_BYTES (1UL << 20)
#define TABLES_VA 0x68000000UL
#define NODES 1024u
#define WRITE_BACK_TICKS 50000000u /* 5 s: what was written is on the disk by then, without a sync */
#define AGAIN_PAUSE_TRIES 600u

static struct block_device device;
static struct ext2 *fs;      /* 0: not mounted */
static const char *why = "there is no disk";
static ticks_t due = DEADLINE_NONE;
static uint64_t failures;
static err_t last_error; /* of the block server */

/* ---- the block server ---- */

static err_t attach(void)
{
    struct ipc_msg m = {.w = {BLK_ATTACH, BUFFERS_VA, BUFFERS_BYTES}};
    return ipc_call(FS_H_BLK, &m);
}

/* Again as long as the server is being restarted: its requests may be repeated. *m: the request, then the answer. */
static err_t ask(struct ipc_msg *m, const struct ipc_buf *buf)
{
    const struct ipc_msg request = *m;
    err_t err = ERR_PEER_DEAD;
    for (unsigned try = 0; try < AGAIN_PAUSE_TRIES; try++) {
        *m = request;
        err = ipc_call_full(FS_H_BLK, m, buf, buf != 0, DEADLINE_NONE);
        if (err == ERR_NOENT)
            err = attach() == OK ? ERR_AGAIN : ERR_PEER_DEAD;
        else if (err == ERR_PEER_DEAD || err == ERR_AGAIN)
            server_pause(try);
        else
            return err;
    }
    return err;
}

static int error_of(int16_t err) { return err == OK ? 0 : -EIO; }

/* Up to BLK_REQUESTS_MAX. */
static int transfer_some(struct block_io *list, unsigned count, enum blk_direction direction)
{
    struct blk_request r[BLK_REQUESTS_MAX];
    for (unsigned i = 0; i < count; i++)
        r[i] = (struct blk_request){.sector = list[i].sector, .offset = (vaddr_t)list[i].data - BUFFERS_VA,
                                    .sectors = list[i].sectors, .direction = (uint16_t)direction};
    struct ipc_msg m = {.w = {BLK_TRANSFER, count}};
    struct ipc_buf buf = {r, count * sizeof r[0], BUF_R | BUF_W};
    err_t err = ask(&m, &buf);
    for (unsigned i = 0; err == OK && i < count; i++)
        if (r[i].error != OK)
            last_error = r[i].error;
    if (err != OK)
        last_error = err;
    for (unsigned i = 0; i < count; i++)
        list[i].error = err != OK ? -EIO : error_of(r[i].error);
    failures += err != OK ? count : m.w[1];
    return err != OK || m.w[1] > 0 ? -EIO : 0;
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
    struct ipc_msg m = {.w = {BLK_FLUSH}};
    return ask(&m, 0) == OK ? 0 : -EIO;
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

void disk_forget(void)
{
    (void)region(PAGER_REGION_REMOVE, BUFFERS_VA, BUFFERS_BYTES); /* mostly there is none */
    (void)region(PAGER_REGION_REMOVE, TABLES_VA, tables_bytes());
}

static void now(struct ext2_time *out)
{
    int64_t ns = vnode_now();
    *out = (struct ext2_time){ns / 1000000000, (uint32_t)(ns % 1000000000)};
}

static err_t start_device(void)
{
    struct ipc_msg m = {.w = {BLK_INFO}};
    err_t err = ask(&m, 0);
    device = (struct block_device){.sectors = m.w[1], .read_only = m.w[2] & BLK_READ_ONLY, .read = device_read,
                                   .write = device_write, .flush = device_flush};
    if (err == OK)
        err = region(PAGER_REGION_ADD, BUFFERS_VA, BUFFERS_BYTES);
    if (err == OK)
        err = region(PAGER_REGION_ADD, TABLES_VA, tables_bytes());
    if (err == OK)
        err = attach();
    last_error = err;
    return err;
}

static const char *reason(int err)
{
    switch (err) {
    case -EINVAL: return "no ext2 file system, or a damaged one";
    case -ENOTSUP: return "its ext2 has features that are not understood; make it with mke2fs -t ext2";
    case -ENOMEM: return "no memory for it";
    default: return "the disk can't be read";
    }
}

void disk_mount(struct vnode *on)
{
    struct handle_info info;
    struct vnode *top;
    if (sys_handle_info(0, FS_H_BLK, &info) != OK || info.type != OBJ_ENDPOINT)
        return;
    disk_forget();
    if (start_device() != OK) {
        why = reason(-EIO);
        return;
    }
    struct ext2_setup setup = {.device = &device, .tables = (void *)TABLES_VA, .tables_bytes = tables_bytes(),
                               .buffers = (void *)BUFFERS_VA, .buffers_bytes = BUFFERS_BYTES, .nodes = NODES, .now = now};
    int err = ext2_mount(&setup, &fs);
    if (err != 0 || extfs_root(fs, &top) != OK) {
        fs = 0;
        why = reason(err);
        return;
    }
    on->mounted = top; /* with the use that it came with */
    top->covers = on;
}

/* ---- when things go to the disk ---- */

err_t disk_sync(void)
{
    due = DEADLINE_NONE;
    return fs ? extfs_error(ext2_rest(fs)) : OK;
}

ticks_t disk_due(void)
{
    if (!fs)
        return DEADLINE_NONE;
    if (!ext2_is_dirty(fs))
        due = DEADLINE_NONE;
    else if (due == DEADLINE_NONE)
        due = sys_time() + WRITE_BACK_TICKS;
    return due;
}

void disk_write_back(void)
{
    if (fs && due <= sys_time())
        (void)disk_sync(); /* an error is whose fsync meets it; the blocks stay here */
}

int disk_text(char *to, size_t bytes)
{
    struct ext2_statfs s;
    if (!fs)
        return snprintf(to, bytes, "none: %s (error %d)\n", why, last_error);
    ext2_statfs(fs, &s);
    return snprintf(to, bytes, "ext2, read-%s, %s\nblock %u\nblocks %lu\nblocks-free %lu\ninodes %u\ninodes-free %u\nerrors %lu, the last one %d\n"
                    "damage %s\n", s.read_only ? "only" : "write",
                    ext2_was_unclean(fs) ? "was cut off: run e2fsck on the host" : "clean", s.block_bytes, s.blocks,
                    s.blocks_free, s.inodes, s.inodes_free, failures, last_error, ext2_complaint(fs) ? ext2_complaint(fs) : "none");
}
