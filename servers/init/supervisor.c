/* SPDX-License-Identifier: MIT
 * The supervisor: first thread of init, highest priority. It receives the faults and exceptions of the servers and the
 * requests of init's protocol, and restarts dead servers (watch.c). It calls only the kernel: whoever it called could be
 * waiting for the dead one. What needs a server goes to the worker.
 */
#include <abi/trace.h>

#include "init.h"

#define POWEROFF_PATIENCE_TICKS 30000000u /* for the worker to flush the console */
#define KILLS_MAX 8u
#define CAUSE_BREAKPOINT 3u /* scause */

handle_t init_ep;

static ticks_t off_at = DEADLINE_NONE;
static unsigned off_status;
static struct kill {
    unsigned server; /* enum init_server, 0: free */
    ticks_t at;
} kills[KILLS_MAX];

/* ---- any server's death ---- */

static const char *access_text(uint64_t access)
{
    return access & FAULT_ACCESS_X ? "fetch from" : access & FAULT_ACCESS_W ? "store to" : "load from";
}

static const char *cause_text(uint64_t cause)
{
    switch (cause) {
    case 2: return "illegal instruction";
    case CAUSE_BREAKPOINT: return "assertion, value";
    case 0: case 4: case 6: return "misaligned access to";
    case 1: case 5: case 7: return "access fault at";
    case 8: return "environment call";
    case 12: case 13: case 15: return "page fault at";
    default: return "exception, value";
    }
}

/* enum init_server of the class in a badge; 0: none of them. */
static unsigned server_of(badge_t badge)
{
    switch (BADGE_CLASS(badge)) {
    case BADGE_PAGER: return SERVER_PAGER;
    case BADGE_PROCMGR: return SERVER_PROCMGR;
    case BADGE_CONSOLE: return SERVER_CONSOLE;
    case BADGE_FS: return SERVER_FS;
    case BADGE_BLK: return SERVER_BLK;
    default: return 0;
    }
}

static void on_fault(const struct ipc_event *ev)
{
    unsigned server = server_of(ev->badge);
    say_later("init: %s died: %s 0x%lx (ip 0x%lx)\n", watch_name(server), access_text(ev->w[FAULTW_ACCESS]),
              ev->w[FAULTW_VA], ev->w[FAULTW_IP]);
    if (server != 0)
        watch_died(server, DEATH_CRASH);
}

static bool died_by_hook(unsigned server)
{
    return server == SERVER_PAGER ? pager_died_on_request()
           : server == SERVER_PROCMGR ? server_died_on_request(&procmgr_server)
           : server == SERVER_CONSOLE ? server_died_on_request(&console_server)
           : server == SERVER_FS ? server_died_on_request(&fs_server) : server_died_on_request(&blk_server);
}

static void on_exception(const struct ipc_event *ev)
{
    unsigned server = server_of(ev->badge);
    if (server != 0 && ev->w[EXCW_CAUSE] == CAUSE_BREAKPOINT && died_by_hook(server)) {
        watch_died(server, DEATH_HOOK);
        return;
    }
    say_later("init: %s died: %s 0x%lx (ip 0x%lx, cause %lu, reason %lu)\n", watch_name(server),
              cause_text(ev->w[EXCW_CAUSE]), ev->w[EXCW_VALUE], ev->w[EXCW_IP], ev->w[EXCW_CAUSE], ev->w[EXCW_REASON]);
    if (server != 0)
        watch_died(server, DEATH_CRASH);
}

/* ---- init's protocol ---- */

static uint64_t last_server(void) { return servers_have_disk() ? SERVER_BLK : SERVER_FS; }

static err_t do_kill_server(const struct ipc_event *ev, struct ipc_msg *m)
{
    unsigned server = (unsigned)ev->w[1];
    ticks_t at = ev->w[2], now = sys_time();
    if (ev->w[1] < SERVER_PAGER || ev->w[1] > last_server() || (at > now && at - now > KILL_AHEAD_TICKS))
        return ERR_INVAL;
    m->w[1] = watch_restarts(server);
    for (unsigned i = 0; i < KILLS_MAX; i++) {
        if (kills[i].server != 0)
            continue;
        kills[i] = (struct kill){.server = server, .at = at};
        return OK;
    }
    return ERR_LIMIT;
}

static err_t do_poweroff(const struct ipc_event *ev)
{
    if (ev->w[1] > 255)
        return ERR_INVAL;
    off_status = (unsigned)ev->w[1];
    worker_power_off(off_status);
    off_at = sys_time() + POWEROFF_PATIENCE_TICKS;
    return OK;
}

static uint64_t instructions_of(unsigned server)
{
    const handle_t thread[] = {[SERVER_PAGER] = pager_thread(), [SERVER_PROCMGR] = procmgr_server.thread,
                               [SERVER_CONSOLE] = console_server.thread, [SERVER_FS] = fs_server.thread, [SERVER_BLK] = blk_server.thread};
    struct thread_info info;
    return thread[server] != NO_HANDLE && sys_thread_info(thread[server], &info) == OK ? info.instructions : 0;
}

static err_t do_server_info(const struct ipc_event *ev, struct ipc_msg *m)
{
    if (ev->w[1] < SERVER_PAGER || ev->w[1] > last_server())
        return ERR_NOENT;
    unsigned server = (unsigned)ev->w[1];
    m->w[1] = watch_alive(server);
    m->w[2] = watch_restarts(server);
    static const uint64_t keys[] = {[SERVER_PROCMGR] = KEY_PROCMGR, [SERVER_CONSOLE] = KEY_CONSOLE, [SERVER_FS] = KEY_FS,
                                    [SERVER_BLK] = KEY_BLK};
    m->w[3] = keys[server]; /* the pager has none */
    m->w[4] = instructions_of(server);
    return OK;
}

static uint32_t who_may(uint64_t op)
{
    switch (op) {
#define INIT_WHO(name, number, who, text) \
    case number: return who;
        INIT_OPS(INIT_WHO)
#undef INIT_WHO
    default: return 0;
    }
}

static void on_call(const struct ipc_event *ev)
{
    struct ipc_msg m = {.w = {0}};
    err_t err;
    if (who_may(ev->w[0]) == 0)
        err = ERR_NOSYS;
    else if (!(who_may(ev->w[0]) & FROM(BADGE_CLASS(ev->badge))))
        err = ERR_PERM;
    else
        switch (ev->w[0]) {
        case INIT_POWEROFF: err = do_poweroff(ev); break;
        case INIT_KILL_SERVER: err = do_kill_server(ev, &m); break;
        case INIT_SERVER_INFO: err = do_server_info(ev, &m); break;
        default: err = settings_get(ev->w[1], &m.w[1]); break;
        }
    m.w[0] = (uint64_t)(int64_t)err;
    if (ev->w[0] != INIT_POWEROFF || err != OK)
        (void)ipc_reply(ev->id, &m);
}

/* ---- time ---- */

static ticks_t next_deadline(void)
{
    ticks_t next = watch_next();
    if (off_at < next)
        next = off_at;
    for (unsigned i = 0; i < KILLS_MAX; i++)
        if (kills[i].server != 0 && kills[i].at < next)
            next = kills[i].at;
    return next;
}

static void do_due(ticks_t now)
{
    if (off_at <= now) {
        say_flush_raw();
        power_off(off_status);
    }
    watch_due(now);
    for (unsigned i = 0; i < KILLS_MAX; i++) {
        if (kills[i].server == 0 || kills[i].at > now)
            continue;
        unsigned server = kills[i].server;
        kills[i].server = 0;
        watch_kill(server);
    }
}

void supervisor_run(void)
{
    for (;;) { /* forever: server loop */
        struct ipc_event ev;
        do_due(sys_time());
        ticks_t next = next_deadline();
        long kind = ipc_recv(init_ep, &ev, next);
        if (kind == MSG_FAULT)
            on_fault(&ev);
        else if (kind == MSG_EXCEPTION)
            on_exception(&ev);
        else if (kind == MSG_CALL)
            on_call(&ev);
    }
}
