/* SPDX-License-Identifier: MIT
 * Fuzzes procmgr as a whole, its loop included, between clients that send anything and a pager that refuses, delays and dies:
 * fork, exec of damaged programs, spawn, wait, kill, exceptions, argument strings that change and end early. Each id is answered
 * once at most, no handle is closed twice, nobody who is stopped starts a program, and when everybody is dead nothing is left: no
 * process, no zombie, no handle. Before the first input each allocation fails in turn under each request that needs one
 * (fuzz/procmgr_fails.h).
 * SOURCES: servers/procmgr/ -servers/procmgr/main.c libipc/ipc.c libipc/pager_call.c
 * INCLUDES: microkernel/include libipc/include servers/procmgr test/host/fuzz
 * DEFINES: PAGODA_BENCH=1
 * RUNS: 4000
 */
#define main procmgr_main
#include "../../servers/procmgr/main.c"
#undef main

#include <abi/image.h>
#include <abi/trace.h>
#include <ipc/fs.h>

#include "input.h"

#define OWN_SPACE 0x10001u
#define CALLS 512u
#define HANDLES 65536u
#define FRAME_OF(handle) (0x80000u + (handle)) /* of a thread's control block */
#define CALM_TURNS 100000u
#define FILE_BYTES 8192u

char __data_end[1], __bss_end[1]; /* of the target's linker script; only a restart would use them */

/* ---- the kernel's view: who waits, which handles procmgr has ---- */

enum { GONE, WAITS, ANSWERED };
static struct call {
    reply_id_t id;
    uint8_t state;
    bool forbidden; /* its badge may not ask that */
    bool exception; /* may be answered with EXC_* */
    uint64_t len[2];
} calls[CALLS];
static uint64_t call_count, cancels;
static reply_id_t cancelled;
static uint8_t open_handle[HANDLES]; /* by which operation of the pager; 0: closed */
static uint32_t next_handle = 100, next_space = 1, handles_open;
static bool calm; /* the input is used up: nothing fails any more */
static unsigned calm_turns, to_spawn;
static err_t last_answer;
static long (*script)(struct ipc_regs *x); /* what comes, instead of the input */
static unsigned fail_in; /* the pager's so-manieth allocation from now on fails; 0: none does */

static struct call *call_of(reply_id_t id)
{
    struct call *c = &calls[(id >> 32) % CALLS];
    MUST(id == 0 || c->id == id || id >> 32 < call_count);
    return c->id == id ? c : NULL;
}
static uint32_t who_may(uint64_t op)
{
    switch (op) {
#define WHO(name, number, who, text) case number: return who;
        PROC_OPS(WHO)
    default: return 0;
    }
}
static void call_ends(struct call *c)
{
    if (c->state != WAITS)
        return;
    c->state = GONE;
    cancelled = c->id;
    cancels++;
}
/* A thread has one call at a time: the one before timed out. */
static reply_id_t call_begins(frame_t frame, struct ipc_regs *x)
{
    for (unsigned i = 0; i < CALLS; i++)
        if (calls[i].state == WAITS && (frame_t)calls[i].id == frame)
            call_ends(&calls[i]);
    struct call *c = &calls[++call_count % CALLS];
    call_ends(c);
    *c = (struct call){.id = call_count << 32 | frame, .state = WAITS, .len = {x->t4, x->t6}};
    uint32_t who = who_may(x->w[0]);
    c->forbidden = who && !(who & FROM(BADGE_CLASS(x->t3)));
    return c->id;
}
static handle_t handle_opens(uint64_t op)
{
    do
        next_handle = 100 + (next_handle - 99) % (HANDLES - 100);
    while (open_handle[next_handle]);
    open_handle[next_handle] = (uint8_t)op;
    handles_open++;
    return next_handle;
}
static bool chance(unsigned of) { return !calm && input.left && take8() % of == 0; }

/* ---- the pager ---- */

static err_t some_error(void)
{
    static const err_t list[] = {ERR_NOMEM, ERR_AGAIN, ERR_BUSY, ERR_LIMIT, ERR_NOENT, ERR_INVAL};
    return list[take8() % 6];
}
static err_t operation(void)
{
    if (calm)
        return OK;
    uint8_t how = take8();
    return how % 3 == 0 ? ERR_IN_PROGRESS : how % 5 == 0 ? some_error() : OK;
}
static void born(struct ipc_regs *x)
{
    x->w[1] = ++next_space;
    x->w[6] = handle_opens(PAGER_SPACE_NEW);
    x->w[7] = handle_opens(PAGER_THREAD_NEW);
    x->w[2] = FRAME_OF(x->w[7]);
}
static bool allocates(uint64_t op, const struct ipc_regs *x)
{
    return op == PAGER_SPACE_NEW || op == PAGER_THREAD_NEW || op == PAGER_OBJECT_NEW || op == PAGER_REGION_ADD || op == PAGER_REGIONS_ADD ||
           op == PAGER_HANDLES || op == PAGER_PIN || op == PAGER_PIN_NOW || op == PAGER_QUOTA || op == PAGER_QUOTA_JOIN || (op == PAGER_FORK && x->w[2] == 0);
}
static err_t pager(struct ipc_regs *x)
{
    uint64_t op = x->w[0];
    if (fail_in > 0 && allocates(op, x) && --fail_in == 0)
        return ERR_NOMEM;
    if (op == PAGER_FORK && x->w[2] == 0) { /* space and thread, or why there are none; then the pages */
        err_t err = chance(20) ? some_error() : OK;
        if (err != OK)
            return err;
        born(x);
        return fail_in > 0 && --fail_in == 0 ? ERR_NOMEM : operation(); /* the pages' */
    }
    if (op == PAGER_FORK || op == PAGER_SPACE_CLEAR || op == PAGER_SPACE_DELETE || op == PAGER_OP_RESULT)
        return operation();
    if (op == PAGER_THREAD_DELETE)
        return chance(8) ? ERR_AGAIN : OK;
    if (chance(20))
        return some_error();
    if (op == PAGER_SPACE_NEW) {
        MUST(x->w[3]);
        born(x);
    } else if (op == PAGER_THREAD_NEW || op == PAGER_OBJECT_NEW) {
        x->w[7] = handle_opens(op);
        x->w[2] = FRAME_OF(x->w[7]);
    }
    return OK;
}

/* ---- events ---- */

static struct proc *any_process(bool running)
{
    for (unsigned n = 0; n < 8; n++) {
        struct proc *p = proc_at(take8() % (procs_used() < 64 ? procs_used() : 64));
        if (p && p != init_proc && (!running || (p->state == PROC_STATE_RUNNING && p->threads)))
            return p;
    }
    return NULL;
}
static uint64_t any_pid(void)
{
    struct proc *p = take8() % 8 ? any_process(false) : NULL;
    return p ? p->pid : take_word();
}
static frame_t any_thread(const struct proc *p)
{
    for (unsigned i = 0, from = take8(); i < PROC_THREADS_MAX; i++) {
        unsigned slot = (from + i) % PROC_THREADS_MAX;
        if (p->thread_map >> slot & 1)
            return p->thread[slot].frame;
    }
    return 77;
}
static void from_somebody(struct ipc_regs *x)
{
    struct proc *p = take8() % 8 ? any_process(true) : NULL;
    bool by_init = !p || take8() % 16 == 0;
    x->t3 = by_init ? BADGE_MAKE(take8() % 4 ? BADGE_INIT : take8() % 16, take8()) : BADGE_MAKE(BADGE_CLIENT, p->pid);
    x->t2 = call_begins(by_init ? 9 : any_thread(p), x);
}
static long request(struct ipc_regs *x)
{
    static const uint8_t usual[] = {PROC_FORK, PROC_SPAWN, PROC_EXEC, PROC_EXIT, PROC_WAIT, PROC_KILL, PROC_THREAD_NEW, PROC_THREAD_EXIT,
                                    PROC_ARGS, PROC_ENDPOINT};
    x->w[0] = take8() % 4 ? usual[take8() % sizeof usual] : take8() % (PROC_OP_LIMIT + 2);
    for (unsigned i = 1; i < MSG_WORDS; i++)
        x->w[i] = take8() % 2 ? any_pid() : take_word();
    x->t4 = take8() % 4 ? (take8() % 16) | BUF_R : take_word();
    x->t6 = take8() % 4 ? (take8() % 64) | BUF_R : take_word();
    if (x->w[0] == PROC_SPAWN || x->w[0] == PROC_EXEC) {
        x->w[1] = take8() % 8 ? 4 : x->w[1]; /* "good", "fuzz" */
        x->w[2] = take8() % 4;
        x->w[3] = take8() % 2;
        x->t4 = 8 | BUF_R;
        x->t6 = take8() % 8 ? (2 * (x->w[2] + x->w[3])) | BUF_R : x->t6; /* strings of one letter */
    }
    if (x->w[0] == PROC_KILL) { /* a stop as often as an end */
        x->w[2] = take8() % 2 ? SIGSTOP : take8() % 32;
        x->w[3] = take8() % 4 ? 0 : x->w[3];
    }
    if (x->w[0] == PROC_SHUTDOWN && take8() % 8)
        x->w[0] = PROC_STAT;
    from_somebody(x);
    return MSG_CALL;
}
/* Everybody is killed, the pager does all it is asked, init takes every zombie: then nothing may be left. */
static long calm_event(struct ipc_regs *x)
{
    MUST(++calm_turns < CALM_TURNS);
    bool idle = counts.live == 0 && counts.zombies == 0 && ops_count() == 0;
    if (idle && calm_turns > 4) {
        for (unsigned h = 0; h < HANDLES && handles_open; h++)
            if (open_handle[h])
                fprintf(stderr, "handle %u, from the pager's operation %u, was never closed\n", h, open_handle[h]);
        MUST(handles_open == 0);
        longjmp(input.end, 1);
    }
    if (calm_turns % 2) {
        x->w[0] = PROC_NTFN_PAGER_OP | PROC_NTFN_PAGER_NEW;
        return MSG_NOTIFY;
    }
    x->w[0] = calm_turns % 4 ? PROC_SHUTDOWN : PROC_WAIT;
    x->w[1] = ~0UL;
    x->w[2] = WAIT_NOHANG;
    x->t3 = BADGE_MAKE(BADGE_INIT, 0);
    x->t2 = call_begins(9, x);
    return MSG_CALL;
}
/* An input begins with some processes. */
static long first_process(struct ipc_regs *x)
{
    to_spawn--;
    x->w[0] = PROC_SPAWN;
    x->w[1] = 4;
    x->w[2] = 1;
    x->t3 = BADGE_MAKE(BADGE_INIT, 0);
    x->t4 = 4 | BUF_R;
    x->t6 = 2 | BUF_R;
    x->t2 = call_begins(9, x);
    return MSG_CALL;
}
/* The next thread in its slot would be taken for one that comes by itself, and never be told of a signal. */
static void who_is_gone_is_not_hooked(void)
{
    for (unsigned i = 0; i < procs_used(); i++) {
        const struct proc *p = proc_at(i);
        MUST(!p || p->state != PROC_STATE_RUNNING || !(p->hooked_map & ~p->thread_map));
    }
}
/* Else who waits for a child would hear of its end with the next event, which may never come. */
static void nothing_is_left_to_do(void)
{
    for (unsigned i = 0; i < procs_used(); i++)
        MUST(!proc_at(i) || proc_at(i)->op.state != OP_FINISHED);
}
static long receive(struct ipc_regs *x)
{
    who_is_gone_is_not_hooked();
    nothing_is_left_to_do();
    if (script)
        return script(x);
    memset(x, 0, sizeof *x);
    if (cancels) {
        x->w[0] = cancels;
        x->w[1] = cancelled;
        cancels = 0;
        return MSG_CANCEL;
    }
    calm = !input.left || to_spawn;
    if (to_spawn)
        return first_process(x);
    if (calm)
        return calm_event(x);
    switch (take8() % 16) {
    case 0: case 1:
        x->w[0] = (1 + take8() % 7) | (take8() % 4 ? 0 : PROC_NTFN_FILES);
        return MSG_NOTIFY;
    case 2:
        return ERR_TIMEOUT;
    case 3:
        for (unsigned i = 0; i < MSG_WORDS; i++)
            x->w[i] = take_word();
        from_somebody(x);
        call_of(x->t2)->exception = true;
        return MSG_EXCEPTION;
    case 4:
        call_ends(&calls[(call_count - take8() % 8) % CALLS]); /* its deadline passed */
        return ERR_TIMEOUT;
    default:
        return request(x);
    }
}

/* ---- system calls ---- */

static long reply(const struct ipc_regs *x)
{
    struct call *c = call_of(x->t3);
    last_answer = (err_t)(int64_t)x->w[0];
    bool left = (!c || c->exception) && last_answer == (err_t)EXC_LEAVE;
    MUST(left || (last_answer <= OK && (last_answer >= ERR_NAMETOOLONG || last_answer == FS_ERR_BADF))); /* a program in no file */
    if (!c || c->state == GONE)
        return ERR_STALE;
    MUST(c->state == WAITS); /* never twice */
    MUST(!c->forbidden || last_answer == ERR_PERM);
    c->state = ANSWERED;
    return OK;
}
static void question(struct ipc_regs *x)
{
    x->w[1] = take8() % 4;
    x->w[2] = take8() % 4 ? FS_ASK_PROCESS : FS_ASK_LIST;
    x->w[3] = any_pid();
}
long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    long e;
    switch (number_flags & 0xff) {
    case SYS_CALL:
        MUST(a0 == H_PAGER || a0 == H_CONSOLE || a0 == PROCMGR_H_FS);
        if (chance(64))
            return a0 == H_CONSOLE ? ERR_TIMEOUT : ERR_PEER_DEAD;
        if (a0 == PROCMGR_H_FS && x->w[0] == FS_PROC_ASKED)
            question(x);
        x->w[0] = (uint64_t)(int64_t)(a0 == H_PAGER ? pager(x) : OK);
        return OK;
    case SYS_RECV:
        return receive(x);
    case SYS_REPLY:
        return reply(x);
    case SYS_REPLY_RECV:
        e = reply(x);
        return e != OK ? e : receive(x);
    case SYS_SCHED_INFO:
        return chance(8) ? ERR_HANDLE : OK;
    case SYS_HANDLE_INSTALL_SET:
        MUST(a0 < HANDLES && open_handle[a0]);
        return chance(100) ? ERR_EXIST : OK;
    case SYS_WAIT:
        x->w[0] = take8();
        return take8() % 2 ? OK : ERR_TIMEOUT;
    default:
        MUST(!"a call that procmgr has no reason to make");
        return ERR_NOSYS;
    }
}
static struct sysret copy(reply_id_t id, uint64_t buffer, uint64_t offset, char *local, uint64_t len)
{
    static const char *const path[] = {"good", "fuzz", "none", "bin/good"};
    struct call *c = call_of(id);
    bool out = buffer & COPY_TO_CLIENT;
    if (!c || c->state != WAITS)
        return (struct sysret){.a0 = ERR_STALE, .a1 = ~0UL};
    uint64_t room = BUF_LEN(c->len[buffer & 1]);
    if (offset > room || len > room - offset)
        return (struct sysret){.a0 = ERR_INVAL};
    if (!(c->len[buffer & 1] & (out ? BUF_W : BUF_R)))
        return (struct sysret){.a0 = ERR_RIGHTS};
    if (chance(32)) {
        call_ends(c);
        return (struct sysret){.a0 = ERR_STALE, .a1 = ~0UL};
    }
    if (chance(16))
        return (struct sysret){.a0 = take8() % 2 ? ERR_FAULT : ERR_FAULT_PENDING};
    uint8_t which = calm ? 0 : take8();
    volatile char sum = 0;
    for (uint64_t i = 0; i < len; i++) /* ASan sees a wrong address */
        if (out)
            sum += local[i];
        else if ((buffer & 1) == 0 && which < 240)
            local[i] = path[which % 4][i % 4];
        else
            local[i] = which < 200 ? (char)((offset + i) % 2 ? 0 : 'a') : (char)take8();
    return (struct sysret){.a1 = len};
}
static void thread_ends(handle_t h)
{
    for (unsigned i = 0; i < CALLS; i++)
        if ((frame_t)calls[i].id == FRAME_OF(h))
            call_ends(&calls[i]);
}
static struct sysret close_handle(handle_t space, handle_t h)
{
    if (space == 0) {
        MUST(h < HANDLES && open_handle[h]);
        if (open_handle[h] == PAGER_THREAD_NEW)
            thread_ends(h);
        open_handle[h] = 0;
        handles_open--;
    }
    return (struct sysret){.a0 = OK};
}
static struct sysret thread_call(long number, handle_t h, uint64_t how)
{
    MUST(h < HANDLES && open_handle[h]);
    if (number == SYS_THREAD_STOP && how == STOP_UNLESS_CALLS && chance(2))
        return (struct sysret){.a0 = ERR_BUSY};
    if (number == SYS_THREAD_STOP || number == SYS_THREAD_START)
        thread_ends(h);
    if (number != SYS_THREAD_STOP && chance(100))
        return (struct sysret){.a0 = ERR_BUSY};
    return (struct sysret){.a1 = 1, .a2 = 100, .a4 = FRAME_OF(h)};
}
/* Not even until procmgr comes to hold it: another hart would run it meanwhile. */
static void who_is_stopped_does_not_start(handle_t h, uint64_t how)
{
    for (unsigned i = 0; i < procs_used() && !(how & START_STOPPED); i++) {
        const struct proc *p = proc_at(i);
        for (uint64_t left = p && p->stopped ? p->thread_map : 0; left; left &= left - 1)
            MUST(p->thread[__builtin_ctzll(left)].handle != h);
    }
}
struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    if (number == SYS_THREAD_START)
        who_is_stopped_does_not_start((handle_t)a0, a5);
    switch (number) {
    case SYS_COPY:
        return copy(a0, a1, a2, (char *)(uintptr_t)a3, a4);
    case SYS_REPLY_ALIVE: {
        const struct call *c = call_of(a0);
        return (struct sysret){.a0 = c && c->state == WAITS ? OK : ERR_STALE};
    }
    case SYS_HANDLE_CLOSE:
        return close_handle((handle_t)a0, (handle_t)a1);
    case SYS_HANDLE_INSTALL:
        MUST(a0 < HANDLES && open_handle[a0]);
        if (a1 >= 192)
            return (struct sysret){.a0 = ERR_INVAL};
        return (struct sysret){.a0 = chance(a1 < H_PROC_FIRST_FREE ? 100 : 2) ? ERR_EXIST : OK};
    case SYS_HANDLE_INFO: /* another object each time: what stood in the slot is not ours */
        return (struct sysret){.a0 = chance(4) ? ERR_HANDLE : OK, .a1 = OBJ_ENDPOINT, .a3 = a0 ? 1 : 2};
    case SYS_SPACE_INFO:
        return (struct sysret){.a1 = 5, .a4 = 192, .a5 = 20};
    case SYS_KERNEL_INFO:
        return (struct sysret){.a1 = a2 == KC_HARTS ? 4 : 0};
    case SYS_THREAD_HART:
    case SYS_SCHED_SET:
    case SYS_THREAD_SCHED:
        return (struct sysret){.a0 = chance(8) ? ERR_INVAL : OK};
    case SYS_SPACE_HANDLER:
    case SYS_SIGNAL:
        return (struct sysret){.a0 = OK};
    case SYS_THREAD_BIND:
        return (struct sysret){.a0 = OK};
    case SYS_THREAD_START: case SYS_THREAD_STOP: case SYS_THREAD_RESUME: case SYS_THREAD_REGS_COPY: case SYS_THREAD_REG_SET:
    case SYS_THREAD_PRIO: case SYS_THREAD_INFO: case SYS_THREAD_REG_GET:
        return thread_call(number, (handle_t)a0, a1);
    default:
        MUST(!"a call that procmgr has no reason to make");
        return (struct sysret){.a0 = ERR_NOSYS};
    }
}
static ticks_t now;
ticks_t sys_time(void) { return now += 1000; }

/* ---- the boot image: a good program, and one that the input damages ---- */

static uint8_t good_elf[FILE_BYTES];

static void make_elf(void)
{
    uint8_t *f = good_elf;
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    memcpy(f, ident, sizeof ident);
    *(uint16_t *)(f + 16) = 2;
    *(uint16_t *)(f + 18) = 243;
    *(uint64_t *)(f + 24) = 0x10000;
    *(uint64_t *)(f + 32) = 64;
    *(uint16_t *)(f + 52) = 64;
    *(uint16_t *)(f + 54) = 56;
    *(uint16_t *)(f + 56) = 2;
    const uint64_t text[] = {1 | 5UL << 32, 0, 0x10000, 0x10000, 4096, 4096, 4096};
    const uint64_t data[] = {1 | 6UL << 32, 4096, 0x20000, 0x20000, 100, 9000, 4096};
    memcpy(f + 64, text, sizeof text);
    memcpy(f + 120, data, sizeof data);
}
static void make_image(void)
{
    struct image_header *h = (struct image_header *)PROCMGR_IMAGE_VA;
    *h = (struct image_header){.magic = IMAGE_MAGIC, .version = 1, .files = 2};
    uint64_t at = (sizeof *h + PAGE_MASK) & ~PAGE_MASK;
    static const char *const name[] = {"bin/good", "bin/fuzz"};
    for (unsigned i = 0; i < 2; i++, at += FILE_BYTES) {
        strcpy(h->entry[i].name, name[i]);
        h->entry[i].offset = at;
        h->entry[i].size_bytes = FILE_BYTES;
        memcpy((char *)h + at, good_elf, FILE_BYTES);
    }
    h->total_bytes = at;
}
static void damage_program(void)
{
    struct image_header *h = (struct image_header *)PROCMGR_IMAGE_VA;
    uint8_t *f = (uint8_t *)h + h->entry[1].offset;
    memcpy(f, good_elf, 256);
    for (unsigned n = take8() % 8; n > 0; n--) {
        unsigned where = take8() % 176;
        f[where] = take8();
    }
    h->entry[1].size_bytes = take8() % 8 ? FILE_BYTES : take(2) % FILE_BYTES;
}
#include "procmgr_fails.h"

static void start_once(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    map_at(PROCS_VA, PROCS_MAX * sizeof(struct proc) + 2 * PROCS_STEP_BYTES);
    map_at(WAITS_VA, 48UL << 20); /* and the handlers behind them */
    map_at(MUTEX_WAITS_VA, 1UL << 20);
    map_at(QUEUE_VA, QUEUED_MAX * 64UL);
    map_at(TIMERS_VA, TIMERS_MAX * 128UL);
    map_at(ARGS_VA, ARGS_PAGES * PAGE_SIZE);
    map_at(SERVER_KEEP_VA, SERVER_KEEP_BYTES);
    map_at(PROCMGR_IMAGE_VA, 8 * FILE_BYTES + ((sizeof(struct image_header) + PAGE_MASK) & ~PAGE_MASK));
    make_elf();
    make_image();
    calm = true;
    calm_turns = 5;
    if (!setjmp(input.end))
        (void)procmgr_main(OWN_SPACE, 0);
    each_allocation_fails();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    start_once();
    input.at = bytes;
    input.left = n;
    calm_turns = 0;
    to_spawn = 3;
    damage_program();
    if (!setjmp(input.end))
        serve();
    return 0;
}
