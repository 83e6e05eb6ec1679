/* SPDX-License-Identifier: MIT
 * The servers' deaths and restarts: at once, or after a pause that doubles when a server dies again and again without
 * having done anything, and the end of the machine when that does not help. One rule for all. Called by the
 * supervisor and, like it, calls only the kernel.
 */
#include <abi/trace.h>
#include <ipc/procmgr.h>

#include "init.h"

#define SERVERS (SERVER_BLK + 1)
/* Deaths in a row, each before the server did anything useful: */
#define ROW_BEFORE_PAUSE 5u
#define ROW_MAX 50u
#define PAUSE_FIRST_TICKS 10000u  /* 1 ms at 10 MHz, doubled each time */
#define PAUSE_MAX_TICKS 10000000u /* 1 s */
#define PAUSE_DOUBLINGS_MAX 10u
#define USEFUL_LIFE_TICKS 1000000u /* who lived for 100 ms was of use; the pager's use is counted in faults instead */

struct watch {
    struct server *server; /* 0: the pager */
    const char *name;
    unsigned give_up_status;
    bool alive;
    unsigned row;          /* deaths in a row */
    uint64_t restarts;
    uint64_t faults_before; /* pager: faults answered when it was started */
    ticks_t started_at;
    ticks_t restart_at;    /* DEADLINE_NONE: not waiting for it */
};
static struct watch watches[SERVERS] = {
    [SERVER_PAGER] = {.name = "pager", .give_up_status = STATUS_PAGER_LOOP, .restart_at = DEADLINE_NONE},
    [SERVER_PROCMGR] = {.server = &procmgr_server, .name = "procmgr", .give_up_status = STATUS_NO_PROCMGR,
                        .restart_at = DEADLINE_NONE},
    [SERVER_CONSOLE] = {.server = &console_server, .name = "console", .give_up_status = STATUS_NO_CONSOLE,
                        .restart_at = DEADLINE_NONE},
    [SERVER_FS] = {.server = &fs_server, .name = "file server", .give_up_status = STATUS_NO_FS, .restart_at = DEADLINE_NONE},
    [SERVER_BLK] = {.server = &blk_server, .name = "block server", .give_up_status = STATUS_NO_BLK,
                    .restart_at = DEADLINE_NONE},
};

bool watch_alive(unsigned number) { return watches[number].alive; }
uint64_t watch_restarts(unsigned number) { return watches[number].restarts; }
const char *watch_name(unsigned number) { return number < SERVERS && watches[number].name ? watches[number].name : "?"; }

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

static void note_start(struct watch *w)
{
    w->restart_at = DEADLINE_NONE;
    w->faults_before = fault_replies();
    w->started_at = sys_time();
    w->alive = true;
}

void watch_begin(unsigned number) { note_start(&watches[number]); }

static void go(struct watch *w)
{
    w->restarts++;
    note_start(w);
    if (w->server)
        must(server_start(w->server), "starting a server again");
    else
        pager_restart();
    if (!w->server && procmgr_server.ntfn != NO_HANDLE)
        (void)sys_signal(procmgr_server.ntfn, PROC_NTFN_PAGER_NEW);
}

static bool was_useful(const struct watch *w)
{
    return w->server ? sys_time() - w->started_at >= USEFUL_LIFE_TICKS : fault_replies() != w->faults_before;
}

static void give_up_on(const struct watch *w)
{
    say_flush_raw();
    say("init: the %s died %u times without %s; nothing can run without it\n", w->name, w->row,
        w->server ? "living for 100 ms" : "answering a fault");
    power_off(w->give_up_status);
}

static ticks_t pause_of(const struct watch *w)
{
    unsigned doublings = w->row - ROW_BEFORE_PAUSE - 1;
    ticks_t pause = (ticks_t)PAUSE_FIRST_TICKS << (doublings < PAUSE_DOUBLINGS_MAX ? doublings : PAUSE_DOUBLINGS_MAX);
    return pause < PAUSE_MAX_TICKS ? pause : PAUSE_MAX_TICKS;
}

static void report(const struct watch *w, enum death how)
{
    static const char *const what[] = {[DEATH_CRASH] = "died", [DEATH_KILLED] = "was killed"};
    if (how == DEATH_HOOK || (how == DEATH_KILLED && !w->server))
        return; /* tests kill the pager by the thousand */
    say_later("init: the %s %s and was restarted (restart %lu)\n", w->name, what[how], w->restarts + 1);
    worker_wake(WORKER_REPORT);
}

void watch_died(unsigned number, enum death how)
{
    struct watch *w = &watches[number];
    if (!w->alive)
        return;
    w->alive = false;
    if (w->server)
        server_stop(w->server);
    else
        pager_stop();
    if (!w->server && how == DEATH_CRASH)
        pager_crashed();
    if (how != DEATH_CRASH || was_useful(w))
        w->row = 0;
    w->row += how == DEATH_CRASH;
    if (w->row > ROW_MAX)
        give_up_on(w);
    report(w, how);
    if (w->row <= ROW_BEFORE_PAUSE)
        go(w);
    else
        w->restart_at = sys_time() + pause_of(w);
}

void watch_kill(unsigned number) { watch_died(number, DEATH_KILLED); }

ticks_t watch_next(void)
{
    ticks_t next = DEADLINE_NONE;
    for (unsigned i = 0; i < SERVERS; i++)
        if (watches[i].name && watches[i].restart_at < next)
            next = watches[i].restart_at;
    return next;
}

void watch_due(ticks_t now)
{
    for (unsigned i = 0; i < SERVERS; i++)
        if (watches[i].name && watches[i].restart_at <= now)
            go(&watches[i]);
}
