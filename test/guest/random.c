/* SPDX-License-Identifier: MIT
 * Random system calls by programs, with fixed seeds: 100,000, with --full 1,000,000. A model of what the program holds, which
 * knows nothing but the results of its own calls, says before each what it will come to; every one must come to that. The
 * arguments are good, nearly good and wild. From time to time the whole handle table is compared with the model. What privileged
 * threads can do, with page tables and objects, is host/test_kernel_random.
 * TIMEOUT: 400
 */
#define GT_NAME "random"
#include "gabuse.h"
#include "handle_calls.h"

#define SEEDS 5u
#define CALLS 20000u
#define CALLS_FULL 200000u
#define TABLE 192u /* slots of a handle table that nobody grew, slot 0 included */
#define KEPT H_SELF /* slots up to here stay as they are: the test needs them */
#define RAM_FIRST (0x80000000UL >> PAGE_SHIFT)

/* ---- the model ---- */

static struct held {
    uint8_t type, rights; /* type OBJ_NONE: free */
    bool dead;            /* the object is gone */
    badge_t badge;
} held[TABLE];
static uint64_t seed, frames, harts, refused, made;
static handle_t dead_slot;
static bool events; /* the kernel records some: the one that is measured does not */

static uint64_t below(uint64_t n) { return gt_random(&seed) % n; }
static const struct held *at(uint64_t h) { return (uint32_t)h < TABLE && held[(uint32_t)h].type ? &held[(uint32_t)h] : NULL; }

/* ERR_HANDLE, ERR_TYPE, ERR_RIGHTS or OK. */
static long names(uint64_t h, unsigned type, unsigned rights)
{
    const struct held *x = at(h);
    if (x == NULL || x->dead)
        return ERR_HANDLE;
    if (type != OBJ_NONE && x->type != type)
        return ERR_TYPE;
    return rights & ~x->rights ? ERR_RIGHTS : OK;
}
static bool is_full(void)
{
    for (unsigned h = 1; h < TABLE; h++)
        if (held[h].type == OBJ_NONE)
            return false;
    return true;
}
static long somebodys_frame(uint64_t f) { return f >= RAM_FIRST && f < RAM_FIRST + frames ? ERR_OWNER : ERR_INVAL; }
static long may_copy(uint64_t h, uint64_t rights, uint64_t badge)
{
    long e = names(h, OBJ_NONE, RIGHT_GRANT | (badge ? RIGHT_MINT : 0));
    if (e != OK)
        return e;
    return rights > RIGHTS_ALL ? ERR_INVAL : rights & ~at(h)->rights ? ERR_RIGHTS : OK;
}
static void now_holds(uint64_t slot, uint64_t from, uint64_t rights, uint64_t badge)
{
    held[slot] = *at(from);
    held[slot].rights = (uint8_t)rights;
    if (badge)
        held[slot].badge = badge & 0xffffffffffffUL;
}

/* The rule of handle_calls.h for this call; the first row counts. */
static const struct handle_call *row_of(unsigned nr)
{
    for (unsigned i = 0; i < sizeof handle_calls / sizeof handle_calls[0]; i++)
        if ((handle_calls[i].call & 0xff) == nr)
            return &handle_calls[i];
    return NULL;
}
static bool is_known(unsigned nr)
{
    switch (nr) {
#define KNOWN(name, number, args, text) case number:
        SYSCALLS(KNOWN)
        return true;
    default:
        return false;
    }
}

static long may_install(uint64_t slot)
{
    return (uint32_t)slot == 0 || (uint32_t)slot >= TABLE ? ERR_INVAL : at(slot) ? ERR_EXIST : OK;
}
static uint32_t entry_slot(uint64_t e) { return e & 0x7ff; }
static uint32_t entry_handle(uint64_t e) { return e >> 11 & 0x7ff; }
static uint32_t entry_rights(uint64_t e) { return e >> 22 & 0xff; }
static uint64_t entry_badge(const uint64_t *a) { return a[3] >> 30 == 0 ? 0 : a[a[3] >> 30]; }

static long foretell_handles(unsigned nr, const uint64_t *a)
{
    long own = (uint32_t)a[0] == 0 ? OK : names(a[0], OBJ_SPACE, RIGHT_HANDLES);
    long e;
    switch (nr) {
    case SYS_HANDLE_COPY:
        e = may_copy(a[0], a[1], a[2]);
        return e == OK && is_full() ? ERR_NOHANDLE : e;
    case SYS_HANDLE_INSTALL:
        e = own != OK ? own : may_copy(a[2], a[3], a[4]);
        return e != OK ? e : may_install(a[1]);
    case SYS_HANDLE_INSTALL_SET: /* one entry, or none */
        if (own != OK || a[3] == 0)
            return own;
        if (entry_slot(a[3]) == 0) { /* where exceptions go */
            e = names(a[0], OBJ_SPACE, RIGHT_CONTROL);
            return e != OK || entry_handle(a[3]) == 0 ? e : names(entry_handle(a[3]), OBJ_ENDPOINT, RIGHT_MINT);
        }
        e = may_copy(entry_handle(a[3]), entry_rights(a[3]), entry_badge(a));
        return e != OK ? e : may_install(entry_slot(a[3]));
    case SYS_HANDLE_CLOSE: /* a dead one still takes its slot */
        return own != OK ? own : at(a[1]) ? OK : ERR_HANDLE;
    case SYS_HANDLE_INFO:
        return own != OK ? own : names(a[1], OBJ_NONE, 0);
    case SYS_HANDLE_GROW:
        return own != OK ? own : somebodys_frame(a[1]);
    default: /* REVOKE, OBJECT_DESTROY: nothing that a program holds is its own to end */
        e = names(a[0], OBJ_NONE, 0);
        return e != OK ? e : nr == SYS_HANDLE_REVOKE && at(a[0])->type == OBJ_KERNEL ? ERR_TYPE : ERR_RIGHTS;
    }
}
static long foretell_kernel(unsigned nr, const uint64_t *a)
{
    long e = names(a[0], OBJ_KERNEL, RIGHT_K_TRACE);
    bool counter = a[2] < KC_COUNT || a[2] == KC_HARTS || a[2] == KC_INSTRET_BOOT;
    if (e != OK || a[1] >= harts || (nr == SYS_KERNEL_INFO && !counter))
        return e != OK ? e : ERR_INVAL;
    return nr == SYS_TRACE_READ && (!events || a[2] > 1) ? ERR_NOENT : OK;
}
/* Deadlines are over or near, and nobody sends: what could wait comes to ERR_TIMEOUT. */
static long foretell_ipc(unsigned nr, unsigned flags, const uint64_t *a)
{
    long e = OK;
    if (nr == SYS_CALL)
        e = names(a[0], OBJ_ENDPOINT, RIGHT_SEND | (flags & IPC_F_HANDLE ? RIGHT_SEND_HANDLE : 0));
    else if (nr == SYS_WAIT)
        e = a[0] == 0 ? OK : names(a[0], OBJ_NTFN, RIGHT_WAIT);
    else if (nr != SYS_REPLY && nr != SYS_FAULT_REPLY)
        e = names(a[0], OBJ_ENDPOINT, RIGHT_RECV);
    bool answers = nr != SYS_CALL && nr != SYS_WAIT && nr != SYS_RECV;
    return e != OK ? e : answers ? ERR_STALE : ERR_TIMEOUT;
}
static long foretell(unsigned nr, unsigned flags, const uint64_t *a)
{
    const struct handle_call *row = row_of(nr);
    if (!is_known(nr))
        return ERR_NOSYS;
    if (nr == SYS_NULL || nr == SYS_YIELD || nr == SYS_SPACE_EXEC_FENCE)
        return OK;
    if ((nr >= SYS_CALL && nr <= SYS_FAULT_REPLY_RECV) || nr == SYS_WAIT)
        return foretell_ipc(nr, flags, a);
    if (nr == SYS_COPY || nr == SYS_REPLY_ALIVE)
        return ERR_STALE;
    if (nr >= SYS_HANDLE_COPY && nr <= SYS_HANDLE_INSTALL_SET)
        return foretell_handles(nr, a);
    if (nr == SYS_OBJECT_DESTROY)
        return foretell_handles(nr, a);
    if (nr == SYS_OBJECT_CREATE)
        return somebodys_frame(a[1]);
    if (nr == SYS_SPACE_BATCH)
        return a[0] == 0 ? OK : somebodys_frame(a[0]);
    if (nr == SYS_CHUNK_RETYPE || nr == SYS_CHUNK_GRANT)
        return a[0] >= RAM_FIRST / 512 && a[0] < (RAM_FIRST + frames) / 512 ? ERR_OWNER : ERR_INVAL;
    if (nr == SYS_TRACE_READ || nr == SYS_KERNEL_INFO)
        return foretell_kernel(nr, a);
    if (nr == SYS_SPACE_INFO && a[0] == 0)
        return OK;
    if (nr == SYS_SIGNAL) { /* a notification, or a thread */
        long e = names(a[0], OBJ_NTFN, RIGHT_SIGNAL);
        return e == ERR_TYPE ? names(a[0], OBJ_THREAD, RIGHT_SIGNAL) : e;
    }
    return row ? names(a[0], row->type, row->right) : 1; /* 1: the model has no rule, which is a failure */
}

/* What the call did, if it did anything. */
static void take_over(unsigned nr, const uint64_t *a, const struct ipc_regs *r)
{
    if (nr == SYS_HANDLE_COPY) {
        uint64_t h = r->w[0];
        if (h == 0 || h >= TABLE || at(h))
            return gt_fail("a copy goes into a free slot", __FILE__, __LINE__);
        now_holds(h, a[0], a[1], a[2]);
    } else if (nr == SYS_HANDLE_INSTALL) {
        now_holds((uint32_t)a[1], a[2], a[3], a[4]);
    } else if (nr == SYS_HANDLE_INSTALL_SET) {
        if (a[3] && entry_slot(a[3]))
            now_holds(entry_slot(a[3]), entry_handle(a[3]), entry_rights(a[3]), entry_badge(a));
    } else if (nr == SYS_HANDLE_CLOSE) {
        held[(uint32_t)a[1]].type = OBJ_NONE;
    }
}

/* ---- the calls ---- */

static uint64_t any_handle(void) { return below(4) ? 1 + below(H_PARENT + 3) : below(3) ? below(TABLE + 4) : gt_random(&seed); }
static uint64_t any_word(void)
{
    static const uint64_t tempting[] = {0, 1, 2, 7, 8, 0xff, 0x100, RAM_FIRST, RAM_FIRST - 1, RAM_FIRST + 513, 0x400, 0x10000, PAGE_SIZE,
                                        1UL << 31, 1UL << 32, 1UL << 63, ~0UL, USER_VA_END, WINDOW_BASE, 0xffffffc080200000UL};
    uint64_t r = gt_random(&seed);
    return r % 3 == 0 ? r >> (r % 64) : tempting[(r >> 8) % (sizeof tempting / sizeof tempting[0])];
}
static unsigned any_call(void)
{
    switch (below(8)) {
    case 0: return (unsigned)below(256);
    case 1: case 2: case 3: return SYS_HANDLE_COPY + (unsigned)below(SYS_HANDLE_INSTALL_SET + 1 - SYS_HANDLE_COPY);
    case 4: return SYS_CALL + (unsigned)below(SYS_REPLY_ALIVE);
    default: return (unsigned)below(SYSCALL_LIMIT);
    }
}
static bool spoils_the_test(unsigned nr, const uint64_t *a)
{
    bool server = at(a[0]) && at(a[0])->type == OBJ_ENDPOINT && (uint32_t)a[0] < H_SELF;
    if (nr == SYS_CALL && server)
        return below(4) != 0; /* with a deadline in the past, at times; talking to servers is guest/fuzzservers */
    return nr == SYS_HANDLE_CLOSE && (uint32_t)a[0] == 0 && ((uint32_t)a[1] <= KEPT || (uint32_t)a[1] == dead_slot);
}
/* Whether it was made. */
static bool one_call(void)
{
    uint64_t a[6];
    unsigned nr = any_call(), flags = IPC_F_DEADLINE | (unsigned)below(8);
    for (unsigned i = 0; i < 6; i++)
        a[i] = below(2) ? any_handle() : any_word();
    if (below(2))
        a[0] = any_handle();
    if (nr >= SYS_HANDLE_INSTALL && nr <= SYS_HANDLE_INSTALL_SET && below(2))
        a[0] = 0;
    if (nr == SYS_HANDLE_INSTALL_SET)
        a[3] = below(8) ? INSTALL_ENTRY(below(TABLE + 4), any_handle() & 0x7ff, below(4), below(3)) : 0, a[4] = a[5] = 0;
    if (below(2))
        a[nr == SYS_HANDLE_INSTALL ? 3 : 1] &= RIGHTS_ALL;
    if (nr == SYS_TRACE_READ && a[2] > 1)
        a[2] |= 1UL << 40; /* an event of the far future: how many there have been is not for the model to know */
    if (spoils_the_test(nr, a))
        return false;
    struct ipc_regs r = {.w = {a[1], a[2], a[3], a[4], a[5], nr == SYS_HANDLE_INSTALL_SET ? 0 : any_word(), any_word(), any_word()},
                         .t3 = any_word(), .t4 = any_word(), .t5 = any_word(), .t6 = any_word()};
    bool may_wait = (nr == SYS_RECV || nr == SYS_WAIT) && below(64) == 0;
    r.t2 = may_wait ? sys_time() + below(100) : 0;
    long want = foretell(nr, flags, a);
    long got = ipc_raw((long)(nr | flags << 8), a[0], &r);
    made++;
    refused += got < 0;
    if (got != want) {
        gt_fail("a call comes to what was foretold", __FILE__, __LINE__);
        printf("  call %u (0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx) gave %ld, foretold was %ld\n", nr, (unsigned long)a[0],
               (unsigned long)a[1], (unsigned long)a[2], (unsigned long)a[3], (unsigned long)a[4], got, want);
    } else if (got == OK) {
        take_over(nr, a, &r);
    }
    return true;
}
static void compare_tables(void)
{
    struct handle_info hi;
    for (handle_t h = 1; h < TABLE; h++) {
        const struct held *x = at(h);
        CHECK_EQ(sys_handle_info(0, h, &hi), x == NULL || x->dead ? ERR_HANDLE : OK);
        if (x != NULL && !x->dead)
            CHECK(hi.type == x->type && hi.rights == x->rights && hi.badge == x->badge);
    }
}
static void look_around(void)
{
    struct handle_info hi;
    for (handle_t h = 1; h < TABLE; h++)
        if (sys_handle_info(0, h, &hi) == OK)
            held[h] = (struct held){(uint8_t)hi.type, (uint8_t)hi.rights, false, hi.badge};
    frames = gt_setting(SETTING_MEMORY) >> PAGE_SHIFT;
    harts = gt_setting(SETTING_HARTS);
    uint64_t first = 0, w[4];
    events = sys_trace_read(H_KERNEL, 0, &first, w) == OK;
    if (dead_slot)
        held[dead_slot] = (struct held){.type = OBJ_ENDPOINT, .dead = true};
}

/* ---- a process each ---- */

static void sends_its_endpoint(void *unused)
{
    (void)unused;
    struct ipc_msg m = {.w = {1}};
    if (gs_open())
        CHECK_EQ(ipc_call_handle(H_PARENT, &m, H_SELF, RIGHT_SEND, 0), OK);
}
static void attack(void *number)
{
    struct ipc_event ev;
    seed = 0x9e3779b97f4a7c15UL * ((uintptr_t)number + 1);
    REQUIRE(gs_open());
    pid_t pid = gt_child(sends_its_endpoint, NULL);
    REQUIRE(gs_recv_call(&ev));
    dead_slot = (handle_t)ev.w[7];
    CHECK_EQ(gs_answer(&ev, OK), OK);
    gt_expect_exit(pid, 0);
    while (ipc_recv(H_SELF, &ev, DEADLINE_POLL) > 0) /* cancel events of the child */
        ;
    look_around();
    const uint64_t wanted = gt_full ? CALLS_FULL : CALLS;
    for (unsigned i = 0; made < wanted && i < 4 * wanted && gt_failed < 5; i++) {
        if (!one_call())
            continue;
        gt_progress((long)made, (long)wanted);
        if (made % 1024 == 0)
            compare_tables();
    }
    compare_tables();
    CHECK_EQ(made, wanted);
    CHECK(refused > made / 4 && refused < made); /* not all refused, not all done */
}
static void random_calls_come_to_what_is_foretold(void)
{
    for (uintptr_t i = 0; i < SEEDS; i++)
        RUN_CHILD(attack, (void *)i);
    printf("  %u calls made\n", SEEDS * (gt_full ? CALLS_FULL : CALLS)); /* each of them has counted its own */
}

GT_MAIN(CASE(random_calls_come_to_what_is_foretold))
