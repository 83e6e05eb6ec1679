/* SPDX-License-Identifier: MIT
 * The worker: the thread of init that may call servers. It builds console, procmgr and fs, starts the session, then prints
 * what the supervisor reports and powers off in good order. The supervisor never waits for it.
 */
#include <ipc/console.h>
#include <ipc/fs.h>
#include <ipc/pager.h>

#include "init.h"

#define FLUSH_PATIENCE_TICKS 10000000u /* one second */
#define THREADS 3u
#define STACK_BYTES (16u << 10)

static uint8_t stack[THREADS][STACK_BYTES] __attribute__((aligned(16)));
static handle_t worker;
static handle_t console_client;
static handle_t idle_pager;
static handle_t fs_client; /* with a disk only */
static unsigned off_status;

handle_t thread_spawn(void (*entry)(void), unsigned prio, unsigned which)
{
    handle_t t = object_new(OBJ_THREAD, INIT_H_SPACE);
    must(sys_thread_prio(t, prio), "a thread's priority");
    must(sys_thread_start(t, (vaddr_t)entry, (vaddr_t)(stack[which] + STACK_BYTES), 0, 0), "starting a thread");
    return t;
}

void worker_start(void) { worker = thread_spawn(worker_main, PRIO_SESSION, 0); }

void worker_wake(uint64_t bits) { (void)sys_signal(worker, bits); }

void worker_power_off(unsigned status)
{
    off_status = status;
    worker_wake(WORKER_POWEROFF);
}

void console_flush(void)
{
    ticks_t deadline = sys_time() + FLUSH_PATIENCE_TICKS;
    err_t err = ERR_PEER_DEAD;
    while (err == ERR_PEER_DEAD && sys_time() < deadline) { /* a console that died has kept the output */
        struct ipc_msg m = {.w = {CONSOLE_FLUSH}};
        err = ipc_call_full(console_client, &m, 0, 0, deadline);
    }
}

/* What programs wrote goes to the disk. In vain when the file server hangs: the supervisor's patience ends it. */
static void disk_flush(void)
{
    ticks_t deadline = sys_time() + FLUSH_PATIENCE_TICKS;
    err_t err = fs_client == NO_HANDLE ? OK : ERR_PEER_DEAD;
    while (err == ERR_PEER_DEAD && sys_time() < deadline) {
        struct ipc_msg m = {.w = {FS_SYNC, ~0UL}};
        err = ipc_call_full(fs_client, &m, 0, 0, deadline);
    }
    if (err != OK)
        say("init: the disk may lack what was written last (error %d)\n", err);
}

static void build(void)
{
    servers_objects();
    must(server_build(&console_server), "starting the console");
    must(sys_handle_copy(console_server.ep, RIGHT_SEND, BADGE_MAKE(BADGE_INIT, 0), &console_client), "a console handle");
    say_through(console_client);
    must(server_build(&procmgr_server), "starting procmgr");
    if (servers_have_disk())
        must(server_build(&blk_server), "starting the block server");
    must(server_build(&fs_server), "starting the file server");
    if (servers_have_disk())
        must(sys_handle_copy(fs_server.ep, RIGHT_SEND, BADGE_MAKE(BADGE_INIT, 0), &fs_client), "a handle of the file server");
    settings_banner(boot);
    must(told_register(servers_pager(), worker), "listening to the pager");
    told_print(servers_pager());
}

/* Idle time goes to the pager, step by step, until it has nothing to do. It signals this thread when it has, and after its own
 * death. */
static void idle_main(void)
{
    for (;;) { /* forever: thread loop */
        struct ipc_msg m = {.w = {PAGER_IDLE}};
        uint64_t bits = 0;
        err_t err = ipc_call(idle_pager, &m);
        if (err == ERR_PEER_DEAD || (err == OK && m.w[1] != 0))
            continue;
        (void)sys_wait(0, DEADLINE_NONE, &bits);
    }
}

static void idle_start(void)
{
    struct ipc_msg m = {.w = {PAGER_NOTIFY, 1}};
    must(sys_handle_copy(pager_endpoint(), RIGHT_SEND | RIGHT_SEND_HANDLE, BADGE_MAKE(BADGE_IDLE, 0), &idle_pager),
         "the idle thread's pager handle");
    handle_t idle = thread_spawn(idle_main, PRIO_IDLE, 2);
    must(ipc_call_handle(idle_pager, &m, idle, RIGHT_SIGNAL, 0), "lending the pager idle time");
}

void worker_main(void)
{
    build();
    (void)thread_spawn(session_main, PRIO_SESSION, 1);
    idle_start();
    for (;;) { /* forever: thread loop */
        uint64_t bits = 0;
        (void)sys_wait(0, DEADLINE_NONE, &bits);
        say_flush_kept();
        if (bits & WORKER_PAGER)
            told_print(servers_pager());
        if (bits & WORKER_POWEROFF) {
            disk_flush();
            console_flush();
            power_off(off_status);
        }
    }
}
