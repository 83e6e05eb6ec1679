/* SPDX-License-Identifier: MIT
 * The supervisor: first thread of init, highest priority. It receives the faults and exceptions of the servers and the
 * requests of init's protocol, and restarts a dead pager. It calls only the kernel: whoever it called could be waiting
 * for the pager. What needs a server goes to the worker.
 */
#include <abi/trace.h>
#include <ipc/procmgr.h>

#include "init.h"

/* A pager that dies again and again without answering one fault in between: */
#define ROW_BEFORE_PAUSE 5u
#define ROW_MAX 50u
#define PAUSE_FIRST_TICKS 10000u   /* 1 ms at 10 MHz, doubled each time */
#define PAUSE_MAX_TICKS 10000000u  /* 1 s */
#define POWEROFF_PATIENCE_TICKS 30000000u /* for the worker to flush the console */
#define KILLS_MAX 8u
#define CAUSE_BREAKPOINT 3u /* scause */

handle_t init_ep;
uint64_t pager_restarts;

static bool pager_alive;
static unsigned row;             /* deaths in a row */
static uint64_t replies_at_start;
static ticks_t restart_at = DEADLINE_NONE;
static ticks_t off_at = DEADLINE_NONE;
static unsigned off_status;
static struct kill {
    unsigned server; /* enum init_server, 0: free */
    ticks_t at;
} kills[KILLS_MAX];

/* ---- the pager ---- */

static uint64_t fault_replies(void)
{
    uint64_t sum = 0;
    for (unsigned hart = 0; hart < boot->harts; hart++) {
        uint64_t n = 0;
        if (sys_kernel_info(INIT_H_KERNEL, hart, KC_FAULT_REPLIES, &n) == OK)
            sum += n;
    }
    return sum;
}

static void pager_go(void)
{
    restart_at = DEADLINE_NONE;
    replies_at_start = fault_replies();
    pager_alive = true;
    pager_restarts++;
    pager_restart();
    if (procmgr_server.ntfn != NO_HANDLE)
        (void)sys_signal(procmgr_server.ntfn, PROC_NTFN_PAGER_NEW);
    if (row > 0)
        say_later("init: pager restarted (%lu restarts so far)\n", pager_restarts);
    worker_wake(WORKER_REPORT);
}

static void give_up_on_pager(void)
{
    say_flush_raw();
    say("init: the pager died %u times without answering a fault; nothing can run without it\n", row);
    power_off(STATUS_PAGER_LOOP);
}

/* Crashes in a row wait longer and longer; a kill on request is no crash. */
static void pager_died(bool on_request)
{
    pager_alive = false;
    pager_stop();
    if (on_request || fault_replies() != replies_at_start)
        row = 0; /* it has served */
    row += !on_request;
    if (row > ROW_MAX)
        give_up_on_pager();
    if (row <= ROW_BEFORE_PAUSE) {
        pager_go();
        return;
    }
    unsigned doublings = row - ROW_BEFORE_PAUSE - 1;
    ticks_t pause = doublings < 10 ? (ticks_t)PAUSE_FIRST_TICKS << doublings : PAUSE_MAX_TICKS;
    restart_at = sys_time() + (pause < PAUSE_MAX_TICKS ? pause : PAUSE_MAX_TICKS);
}

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

static const char *server_text(unsigned class)
{
    return class == BADGE_PAGER ? "pager" : class == BADGE_PROCMGR ? "procmgr" : class == BADGE_CONSOLE ? "console" : "?";
}

static void server_died(unsigned class, bool on_request)
{
    switch (class) {
    case BADGE_PAGER:
        if (pager_alive)
            pager_died(on_request);
        break;
    case BADGE_CONSOLE:
        console_server.alive = false;
        worker_wake(WORKER_REPORT | WORKER_CONSOLE_DEAD);
        break;
    case BADGE_PROCMGR:
        procmgr_server.alive = false;
        say_later("init: procmgr died and the process tree with it; powering off\n");
        worker_power_off(STATUS_NO_PROCMGR);
        off_status = STATUS_NO_PROCMGR;
        off_at = sys_time() + POWEROFF_PATIENCE_TICKS;
        break;
    default:
        break;
    }
}

static void on_fault(const struct ipc_event *ev)
{
    unsigned class = BADGE_CLASS(ev->badge);
    say_later("init: %s died: %s 0x%lx (ip 0x%lx)\n", server_text(class), access_text(ev->w[FAULTW_ACCESS]),
              ev->w[FAULTW_VA], ev->w[FAULTW_IP]);
    server_died(class, false);
}

static void on_exception(const struct ipc_event *ev)
{
    unsigned class = BADGE_CLASS(ev->badge);
    if (class == BADGE_PAGER && ev->w[EXCW_CAUSE] == CAUSE_BREAKPOINT && pager_died_on_request()) {
        server_died(class, true);
        return;
    }
    say_later("init: %s died: %s 0x%lx (ip 0x%lx, cause %lu, reason %lu)\n", server_text(class),
              cause_text(ev->w[EXCW_CAUSE]), ev->w[EXCW_VALUE], ev->w[EXCW_IP], ev->w[EXCW_CAUSE], ev->w[EXCW_REASON]);
    server_died(class, false);
}

static void kill_now(unsigned server)
{
    static const uint8_t class[] = {[SERVER_PAGER] = BADGE_PAGER, [SERVER_PROCMGR] = BADGE_PROCMGR,
                                    [SERVER_CONSOLE] = BADGE_CONSOLE};
    handle_t t = server == SERVER_PROCMGR ? procmgr_server.thread : console_server.thread;
    if (server != SERVER_PAGER && sys_thread_stop(t) != OK)
        return;
    server_died(class[server], true);
}

/* ---- init's protocol ---- */

static uint64_t restarts_of(unsigned server)
{
    return server == SERVER_PAGER ? pager_restarts
           : server == SERVER_CONSOLE ? console_server.restarts : procmgr_server.restarts;
}

static err_t do_kill_server(const struct ipc_event *ev, struct ipc_msg *m)
{
    unsigned server = (unsigned)ev->w[1];
    if (ev->w[1] < SERVER_PAGER || ev->w[1] > SERVER_CONSOLE)
        return ERR_INVAL;
    m->w[1] = restarts_of(server);
    for (unsigned i = 0; i < KILLS_MAX; i++) {
        if (kills[i].server != 0)
            continue;
        kills[i] = (struct kill){.server = server, .at = ev->w[2]};
        return OK;
    }
    return ERR_LIMIT;
}

static err_t do_poweroff(const struct ipc_event *ev)
{
    off_status = ev->w[1] & 0xff;
    worker_power_off(off_status);
    off_at = sys_time() + POWEROFF_PATIENCE_TICKS;
    return OK;
}

static err_t do_server_info(const struct ipc_event *ev, struct ipc_msg *m)
{
    if (ev->w[1] < SERVER_PAGER || ev->w[1] > SERVER_CONSOLE)
        return ERR_NOENT;
    unsigned server = (unsigned)ev->w[1];
    m->w[1] = server == SERVER_PAGER ? pager_alive
              : server == SERVER_CONSOLE ? console_server.alive : procmgr_server.alive;
    m->w[2] = restarts_of(server);
    m->w[3] = server == SERVER_PAGER ? 0 : server == SERVER_CONSOLE ? KEY_CONSOLE : KEY_PROCMGR;
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
    ticks_t next = restart_at < off_at ? restart_at : off_at;
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
    if (restart_at <= now)
        pager_go();
    for (unsigned i = 0; i < KILLS_MAX; i++) {
        if (kills[i].server == 0 || kills[i].at > now)
            continue;
        unsigned server = kills[i].server;
        kills[i].server = 0;
        kill_now(server);
    }
}

void supervisor_run(void)
{
    pager_alive = true;
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
