/* SPDX-License-Identifier: MIT
 * Console and procmgr as ordinary processes whose memory the pager keeps: their spaces, regions, threads and first
 * handles (handoff.h). They are built once. A server that dies is stopped and started again where it is (keep.h), so
 * clients' handles stay good and no memory is needed. Building runs on the worker thread, for it calls the pager; stopping
 * and starting calls only the kernel and is the supervisor's.
 */
#include <ipc/pager.h>

#include "init.h"

struct server console_server = {
    .number = SERVER_CONSOLE,
    .name = "console",
    .badge = BADGE_MAKE(BADGE_CONSOLE, 0),
    .key = KEY_CONSOLE,
    .ep_key = KEY_CONSOLE_EP,
    .ntfn_key = KEY_CONSOLE_NTFN,
    .prio = PRIO_CONSOLE,
};
struct server procmgr_server = {
    .number = SERVER_PROCMGR,
    .name = "procmgr",
    .badge = BADGE_MAKE(BADGE_PROCMGR, 0),
    .key = KEY_PROCMGR,
    .ep_key = KEY_PROCMGR_EP,
    .ntfn_key = KEY_PROCMGR_NTFN,
    .prio = PRIO_PROCMGR,
};
struct server fs_server = {
    .number = SERVER_FS,
    .name = "fs",
    .badge = BADGE_MAKE(BADGE_FS, 0),
    .key = KEY_FS,
    .ep_key = KEY_FS_EP,
    .ntfn_key = KEY_FS_NTFN,
    .prio = PRIO_FS,
};
struct server blk_server = {
    .number = SERVER_BLK,
    .name = "blk",
    .badge = BADGE_MAKE(BADGE_BLK, 0),
    .key = KEY_BLK,
    .ep_key = KEY_BLK_EP,
    .ntfn_key = KEY_BLK_NTFN,
    .prio = PRIO_BLK,
};

static handle_t pager_client; /* SEND, badge INIT */
static handle_t uart_irq, disk_irq;
static paddr_t disk_pa; /* 0: no disk */

bool servers_have_disk(void) { return disk_pa != 0; }

handle_t servers_pager(void) { return pager_client; }

/* What procmgr passes on to programs, it must be able to copy with other badges. */
#define RIGHTS_PASS_ON (RIGHT_MINT | RIGHT_GRANT)

void servers_find(void)
{
    must(program_find("console", &console_server.program), "the program 'console' in the boot image");
    must(program_find("procmgr", &procmgr_server.program), "the program 'procmgr' in the boot image");
    must(program_find("fs", &fs_server.program), "the program 'fs' in the boot image");
    unsigned irq;
    if (!disk_find(&disk_pa, &irq))
        return;
    must(program_find("blk", &blk_server.program), "the program 'blk' in the boot image");
    must(sys_irq_create(INIT_H_KERNEL, irq, &disk_irq), "the disk's interrupt");
}

static err_t pager_ask_handle(uint64_t op, uint64_t a, uint64_t b, struct ipc_msg *m, handle_t *h)
{
    *m = (struct ipc_msg){.w = {op, a, b}};
    return pager_call_handle(pager_client, m, h);
}

static err_t object_from_pager(uint64_t key, unsigned type, handle_t *h)
{
    struct ipc_msg m;
    return pager_ask_handle(PAGER_OBJECT_NEW, key, type, &m, h);
}

/* Endpoints and notifications first: each server holds handles of the other's. */
void servers_objects(void)
{
    must(sys_handle_copy(pager_endpoint(), RIGHT_SEND | RIGHT_SEND_HANDLE, BADGE_MAKE(BADGE_INIT, 0), &pager_client),
         "the pager's handle");
    struct server *all[] = {&console_server, &procmgr_server, &fs_server, &blk_server};
    unsigned count = sizeof all / sizeof all[0] - !servers_have_disk();
    for (unsigned i = 0; i < count; i++) {
        must(object_from_pager(all[i]->ep_key, OBJ_ENDPOINT, &all[i]->ep), "a server's endpoint");
        must(object_from_pager(all[i]->ntfn_key, OBJ_NTFN, &all[i]->ntfn), "a server's notification");
    }
    if (servers_have_disk())
        must(sys_irq_bind(disk_irq, blk_server.ntfn, BLK_NTFN_IRQ), "binding the disk's interrupt");
    if (boot->uart_irq == 0)
        return;
    must(sys_irq_create(INIT_H_KERNEL, (unsigned)boot->uart_irq, &uart_irq), "the UART's interrupt");
    must(sys_irq_bind(uart_irq, console_server.ntfn, CONSOLE_NTFN_IRQ), "binding the UART's interrupt");
}

static err_t region_add(struct server *s, const struct program_segment *g)
{
    uint64_t lead = g->va - g->start; /* bytes of the first page before the segment's own */
    bool backed = g->file_bytes > 0;
    uint64_t flags = g->prot & PROT_W ? REGION_PINNED : 0; /* it must live on when memory is full */
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, s->space_id, g->start, g->end, g->prot | flags << 8,
                              backed ? BACKING_IMAGE | (uint64_t)s->program.image_file << 8 : BACKING_ANON,
                              backed ? g->file_offset - lead : 0, backed ? g->file_bytes + lead : 0}};
    return pager_call(pager_client, &m);
}

static err_t regions_add(struct server *s)
{
    for (unsigned i = 0; i < s->program.segments; i++) {
        err_t err = region_add(s, &s->program.segment[i]);
        if (err != OK)
            return err;
    }
    struct ipc_msg keep = {.w = {PAGER_REGION_ADD, s->space_id, SERVER_KEEP_VA, SERVER_KEEP_VA + SERVER_KEEP_BYTES,
                                 PROT_R | PROT_W | REGION_PINNED << 8, BACKING_ANON}};
    err_t err = pager_call(pager_client, &keep);
    if (err != OK)
        return err;
    struct ipc_msg stack = {.w = {PAGER_REGION_ADD, s->space_id, SERVER_STACK_TOP - SERVER_STACK_BYTES, SERVER_STACK_TOP,
                                  PROT_R | PROT_W | REGION_PINNED << 8, BACKING_ANON}};
    return pager_call(pager_client, &stack);
}

struct install {
    handle_t slot, from;
    unsigned rights;
    badge_t badge;
};

static err_t install_all(struct server *s, const struct install *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (list[i].from == NO_HANDLE)
            continue;
        err_t err = sys_handle_install(s->space, list[i].slot, list[i].from, list[i].rights, list[i].badge);
        if (err != OK)
            return err;
    }
    return OK;
}

static err_t install_common(struct server *s, unsigned pass_on)
{
    const struct install list[] = {
        {H_PAGER, pager_endpoint(), RIGHT_SEND | RIGHT_SEND_HANDLE | pass_on, s->badge | s->space_id},
        {H_KERNEL, INIT_H_KERNEL, RIGHT_K_TRACE | (pass_on & RIGHT_GRANT), 0},
        {H_INIT, init_ep, RIGHT_SEND | pass_on, s->badge},
        {SERVER_H_THREAD, s->thread, RIGHT_CONTROL, 0},
        {SERVER_H_SPACE, s->space, RIGHT_HANDLES, 0},
    };
    return install_all(s, list, sizeof list / sizeof list[0]);
}

static err_t console_furnish(struct server *s)
{
    const struct install list[] = {
        {SERVER_H_ENDPOINT, s->ep, RIGHT_RECV, 0},
        {SERVER_H_NTFN, s->ntfn, RIGHT_SIGNAL | RIGHT_WAIT, 0},
        {CONSOLE_H_IRQ, uart_irq, RIGHT_IRQ_USE, 0},
        {CONSOLE_H_PROCMGR, procmgr_server.ntfn, RIGHT_SIGNAL, 0},
        {CONSOLE_H_FS, fs_server.ntfn, RIGHT_SIGNAL, 0},
    };
    err_t err = install_common(s, 0);
    if (err == OK)
        err = install_all(s, list, sizeof list / sizeof list[0]);
    if (err != OK || boot->uart_pa == 0)
        return err;
    struct ipc_msg uart = {.w = {PAGER_DEVICE_MAP, s->space_id, CONSOLE_UART_VA, boot->uart_pa}};
    return pager_call(pager_client, &uart);
}

/* The whole boot image, read-only. */
static err_t image_show(struct server *s)
{
    uint64_t bytes = (boot->image_bytes + PAGE_MASK) & ~PAGE_MASK;
    struct ipc_msg image = {.w = {PAGER_REGION_ADD, s->space_id, PROCMGR_IMAGE_VA, PROCMGR_IMAGE_VA + bytes, PROT_R,
                                  BACKING_IMAGE | (uint64_t)IMAGE_FILE_WHOLE << 8, 0, bytes}};
    return pager_call(pager_client, &image);
}

static err_t blk_furnish(struct server *s)
{
    const struct install list[] = {
        {SERVER_H_ENDPOINT, s->ep, RIGHT_RECV, 0},
        {SERVER_H_NTFN, s->ntfn, RIGHT_SIGNAL | RIGHT_WAIT, 0},
        {BLK_H_IRQ, disk_irq, RIGHT_IRQ_USE, 0},
        {BLK_H_FS, fs_server.ntfn, RIGHT_SIGNAL, 0},
    };
    err_t err = install_common(s, 0);
    if (err == OK)
        err = install_all(s, list, sizeof list / sizeof list[0]);
    if (err != OK)
        return err;
    struct ipc_msg regs = {.w = {PAGER_DEVICE_MAP, s->space_id, BLK_REGS_VA, disk_pa}};
    return pager_call(pager_client, &regs);
}

static err_t fs_furnish(struct server *s)
{
    const struct install list[] = {
        {SERVER_H_ENDPOINT, s->ep, RIGHT_RECV, 0},
        {SERVER_H_NTFN, s->ntfn, RIGHT_SIGNAL | RIGHT_WAIT | RIGHT_GRANT, 0},
        {H_CONSOLE, console_server.ep, RIGHT_SEND, s->badge},
        {FS_H_BLK, blk_server.ep, RIGHT_SEND, s->badge | s->space_id},
        {FS_H_PROCMGR, procmgr_server.ntfn, RIGHT_SIGNAL, 0},
    };
    err_t err = install_common(s, 0);
    if (err == OK)
        err = install_all(s, list, sizeof list / sizeof list[0]);
    return err == OK ? image_show(s) : err;
}

static err_t procmgr_furnish(struct server *s)
{
    const struct install list[] = {
        {H_CONSOLE, console_server.ep, RIGHT_SEND | RIGHTS_PASS_ON, s->badge},
        {SERVER_H_ENDPOINT, s->ep, RIGHT_RECV | RIGHT_SEND | RIGHTS_PASS_ON, 0},
        {SERVER_H_NTFN, s->ntfn, RIGHT_SIGNAL | RIGHT_WAIT | RIGHT_GRANT, 0},
        {PROCMGR_H_FS, fs_server.ep, RIGHT_SEND | RIGHTS_PASS_ON, s->badge},
    };
    err_t err = install_common(s, RIGHTS_PASS_ON);
    if (err == OK)
        err = install_all(s, list, sizeof list / sizeof list[0]);
    return err == OK ? image_show(s) : err;
}

err_t server_build(struct server *s)
{
    struct ipc_msg m;
    err_t err = pager_ask_handle(PAGER_SPACE_NEW, s->key, 0, &m, &s->space);
    if (err != OK)
        return err;
    s->space_id = (uint32_t)m.w[1];
    err = regions_add(s);
    if (err == OK)
        err = pager_ask_handle(PAGER_THREAD_NEW, s->space_id, 0, &m, &s->thread);
    if (err == OK)
        err = sys_space_handler(s->space, HANDLER_EXCEPTION, init_ep, s->badge);
    if (err == OK)
        err = s == &console_server ? console_furnish(s) : s == &fs_server ? fs_furnish(s)
              : s == &blk_server ? blk_furnish(s) : procmgr_furnish(s);
    if (err == OK)
        err = sys_thread_prio(s->thread, s->prio);
    if (err == OK)
        err = server_start(s);
    if (err == OK)
        watch_begin(s->number);
    return err;
}

err_t server_start(struct server *s)
{
    return sys_thread_start(s->thread, s->program.entry, SERVER_STACK_TOP, s->space_id, 0);
}

bool server_died_on_request(const struct server *s)
{
    uint64_t a0 = 0;
    return sys_thread_reg_get(s->thread, REG_A0, &a0) == OK && a0 == SERVER_DIED_ON_REQUEST;
}

/* Only the kernel is asked: whoever else could help might be waiting for this server. */
void server_stop(struct server *s)
{
    err_t err;
    must(sys_thread_stop(s->thread), "stopping a server");
    while ((err = sys_space_reset(s->space)) == ERR_AGAIN) { /* bound: its callers, at most all threads */
    }
    must(err, "taking a server's requests back");
    if (uart_irq != NO_HANDLE && s == &console_server)
        (void)sys_irq_ack(uart_irq); /* it may have died with the interrupt in hand */
    if (s == &blk_server)
        (void)sys_irq_ack(disk_irq);
}
