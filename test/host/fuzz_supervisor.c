/* SPDX-License-Identifier: MIT
 * Fuzzes init's supervisor, its loop included: requests of every badge class, faults and exceptions of servers and of nobody,
 * while time goes on. Each request is answered once, POWEROFF not at all; ERR_PERM exactly as the protocol says; a server is
 * killed only when that was asked for, not before its time, and once for each request that was accepted; a death is a server's.
 * SOURCES: servers/init/supervisor.c servers/init/settings.c libipc/ipc.c
 * INCLUDES: microkernel/include libipc/include servers/init test/host/fuzz
 * RUNS: 50000
 */
#include "init.h"
#include "input.h"

static struct bootinfo info = {.ram_size_bytes = 128 << 20, .harts = 1, .timebase_hz = 10000000};
const struct bootinfo *boot = &info;
struct server console_server, procmgr_server, fs_server, blk_server;

static bool disk, over;
static ticks_t now;
static unsigned pending; /* kills that were accepted and have not happened */
static ticks_t due[8];   /* when */
static struct {
    reply_id_t id; /* 0: nobody waits */
    uint64_t op, w[3];
    unsigned class;
} caller;

static unsigned last(void) { return disk ? SERVER_BLK : SERVER_FS; }

/* ---- the rest of init ---- */

void say(const char *format, ...) { (void)format; }
void say_later(const char *format, ...) { (void)format; }
void say_flush_raw(void) {}
bool servers_have_disk(void) { return disk; }
bool pager_died_on_request(void) { return take8() & 1; }
handle_t pager_thread(void) { return 5; }
bool server_died_on_request(const struct server *s)
{
    MUST(s == &console_server || s == &procmgr_server || s == &fs_server || s == &blk_server);
    return take8() & 1;
}
void watch_died(unsigned number, enum death how)
{
    MUST(number >= SERVER_PAGER && number <= SERVER_BLK && how != DEATH_KILLED);
}
void watch_kill(unsigned number)
{
    MUST(number >= SERVER_PAGER && number <= last());
    for (unsigned i = 0; i < pending; i++) {
        if (due[i] > now)
            continue;
        due[i] = due[--pending];
        return;
    }
    MUST(!"a kill that nobody asked for, or before its time");
}
ticks_t watch_next(void) { return DEADLINE_NONE; }
void watch_due(ticks_t at) { MUST(at == now); }
bool watch_alive(unsigned number)
{
    MUST(number >= SERVER_PAGER && number <= last());
    return true;
}
uint64_t watch_restarts(unsigned number) { return watch_alive(number); }
const char *watch_name(unsigned number) { return number ? "a server" : "?"; }
void worker_power_off(unsigned status)
{
    MUST(status <= 255 && status == caller.w[1] && caller.op == INIT_POWEROFF && caller.id != 0);
    caller.id = 0; /* no reply */
    longjmp(input.end, 1); /* before the supervisor notes that: the next input finds the machine on */
}
void power_off(unsigned status)
{
    (void)status;
    MUST(!"the machine is turned off though nobody asked for it");
    abort();
}

/* ---- the kernel ---- */

static unsigned who_may(uint64_t op)
{
    switch (op) {
#define WHO(name, number, from, text) \
    case number: return from;
        INIT_OPS(WHO)
    default: return 0;
    }
}
static long event_call(struct ipc_regs *x)
{
    static reply_id_t next_id;
    x->w[0] = take8() % 8 ? 1 + take8() % (INIT_OP_LIMIT - 1) : take_word();
    x->w[1] = take8() % 2 ? take8() % 8 : take_word();
    x->w[2] = take8() % 2 ? now + take8() : take_word() & ~1UL; /* not never, which would outlive the input */
    x->t2 = ++next_id;
    x->t3 = BADGE_MAKE(take8() % 4 ? BADGE_CLIENT : take8() % 10, take8());
    caller.id = x->t2;
    caller.op = x->w[0];
    memcpy(caller.w, x->w, sizeof caller.w);
    caller.class = BADGE_CLASS(x->t3);
    return MSG_CALL;
}
static long receive(struct ipc_regs *x)
{
    MUST(caller.id == 0);
    for (unsigned i = 0; i < pending; i++)
        MUST(due[i] > now); /* what was due has happened */
    if (over) {
        MUST(pending == 0);
        longjmp(input.end, 1);
    }
    memset(x, 0, sizeof *x);
    if (!input.left)
        longjmp(input.end, 1);
    now += take8() % 32;
    uint8_t what = take8();
    if (what % 4)
        return event_call(x);
    x->t3 = BADGE_MAKE(take8() % 12, take8());
    for (unsigned i = 0; i < MSG_WORDS; i++)
        x->w[i] = take_word();
    static const long kinds[] = {MSG_FAULT, MSG_EXCEPTION, MSG_CANCEL, MSG_NOTIFY, ERR_TIMEOUT};
    return kinds[what / 4 % 5];
}
static long reply(struct ipc_regs *x)
{
    MUST(caller.id != 0 && x->t3 == caller.id);
    err_t err = (err_t)(int64_t)x->w[0];
    unsigned who = who_may(caller.op);
    MUST(err <= OK && (caller.op != INIT_POWEROFF || err == ERR_PERM || (err == ERR_INVAL && caller.w[1] > 255)));
    MUST(who != 0 || err == ERR_NOSYS);
    MUST(who == 0 || (err == ERR_PERM) == !(who & FROM(caller.class)));
    bool named = caller.w[1] >= SERVER_PAGER && caller.w[1] <= last();
    if (caller.op == INIT_KILL_SERVER && err != ERR_PERM) {
        bool far = caller.w[2] > now && caller.w[2] - now > KILL_AHEAD_TICKS;
        MUST(err == (!named || far ? ERR_INVAL : pending < 8 ? OK : ERR_LIMIT));
        if (err == OK)
            due[pending++] = caller.w[2];
    }
    if (caller.op == INIT_SERVER_INFO)
        MUST(err == (named ? OK : ERR_NOENT));
    caller.id = 0;
    return OK;
}
long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    (void)a0;
    MUST((number_flags & 0xff) == SYS_RECV || (number_flags & 0xff) == SYS_REPLY);
    return (number_flags & 0xff) == SYS_RECV ? receive(x) : reply(x);
}
struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    MUST(number == SYS_THREAD_INFO && a0 == pager_thread() && caller.op == INIT_SERVER_INFO); /* it has no reason to make another */
    return (struct sysret){.a0 = OK, .a3 = now};
}
ticks_t sys_time(void) { return now; }

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    input.at = bytes;
    input.left = n;
    disk = take8() & 1;
    over = false;
    now = 1;
    caller.id = 0;
    pending = 0;
    if (!setjmp(input.end))
        supervisor_run();
    over = true; /* in times to come: all that was asked for happens, and the next input begins with none of it */
    now = DEADLINE_NONE - 1;
    if (!setjmp(input.end))
        supervisor_run();
    return 0;
}
