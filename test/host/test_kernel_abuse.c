/* SPDX-License-Identifier: MIT
 * Hostile system calls by a pager: act -> exact error, and nothing changed. Here the attacker has what no program gets: threads,
 * spaces, interrupts, chunks of its own, clients that fault to it. Every call that takes a handle meets every kind of bad
 * handle of every type; a fault is answered by a stranger, twice, after its end; every frame of the machine is offered as a
 * page and as a table; spaces that are others' are tried with every mapping call. See also guest/abuse, host/test_kernel_fault.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel test/guest/include
 */
#include "handle_calls.h"
#include "host.h"

#define VA 0x40000000UL
#define FAR 0x1234567000UL /* without tables */

static struct host_space evil_space, good_space, client, victim; /* client faults to evil, victim to good */
static struct host_thread evil, good, client_thread, victim_thread;
static struct host_ep evil_ep, good_ep;
static handle_t e_ep, g_ep;         /* where they receive */
static handle_t e_client, e_victim; /* evil's handles: all rights; none, so SPACE_INFO alone */
static uint8_t tried[SYSCALL_LIMIT];

static void own_memory(const struct host_space *s, unsigned user, unsigned kernel)
{
    SYS_OK(init, CHUNK_RETYPE, host_user_chunk(kernel), CHUNK_KERNEL);
    SYS_OK(init, CHUNK_GRANT, host_user_chunk(user), s->h);
    SYS_OK(init, CHUNK_GRANT, host_user_chunk(kernel), s->h);
}
static frame_t evil_user(unsigned n) { return host_user_chunk(0) * FRAMES_PER_CHUNK + n; }
static frame_t evil_kernel(unsigned n) { return host_user_chunk(1) * FRAMES_PER_CHUNK + n; }

static int setup(void **context)
{
    (void)context;
    host_boot();
    evil_space = host_space(), good_space = host_space(), client = host_space(), victim = host_space();
    evil_ep = host_ep(), good_ep = host_ep();
    own_memory(&evil_space, 0, 1);
    own_memory(&good_space, 2, 3);
    SYS_OK(init, SPACE_HANDLER, client.h, HANDLER_FAULT, evil_ep.h, 1);
    SYS_OK(init, SPACE_HANDLER, victim.h, HANDLER_FAULT, good_ep.h, 2);
    evil = host_thread(&evil_space), good = host_thread(&good_space);
    client_thread = host_thread(&client), victim_thread = host_thread(&victim);
    e_ep = host_give(&evil_space, evil_ep.h, RIGHTS_ALL, 0);
    g_ep = host_give(&good_space, good_ep.h, RIGHT_RECV, 0);
    e_client = host_give(&evil_space, client.h, RIGHTS_ALL, 0);
    e_victim = host_give(&evil_space, victim.h, 0, 0);
    host_tables(&client, VA);
    host_tables(&victim, VA);
    host_current(evil.t);
    host_exit();
    return 0;
}
static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

/* evil makes the call with its registers as they are; exactly this error, and nothing changed. */
static void refuse(const char *what, uint64_t call, long want)
{
    host_current(evil.t);
    host_exit();
    tried[call & 0xff] = 1;
    evil.t->x[X_A7] = call;
    struct snapshot *before = host_snapshot();
    long e = host_ecall(evil.t);
    if (e != want)
        fail_msg("%s: call %lu came to %ld, not %ld", what, call & 0xff, e, want);
    host_unchanged(before, evil.t, what);
}

/* ---- every call, every kind of bad handle ---- */

static handle_t of_type[OBJ_TYPES], weak[OBJ_TYPES], revoked[OBJ_TYPES], gone[OBJ_TYPES];

static handle_t fresh(unsigned type)
{
    switch (type) {
    case OBJ_THREAD: return host_thread(&client).h;
    case OBJ_SPACE: return host_space().h;
    case OBJ_ENDPOINT: return host_ep().h;
    case OBJ_NTFN: return host_ntfn().h;
    case OBJ_IRQ:
        SYS_OK(init, IRQ_CREATE, INIT_H_KERNEL, 5);
        return init->x[REG_A1];
    case OBJ_SCHED: return host_sched(1000, 2000, 100).h;
    default: return INIT_H_KERNEL;
    }
}
static void make_handles(void)
{
    for (unsigned type = OBJ_THREAD; type < OBJ_TYPES; type++) {
        of_type[type] = host_give(&evil_space, fresh(type), RIGHTS_ALL, 0);
        weak[type] = host_give(&evil_space, fresh(type), RIGHT_GRANT, 0);
        if (!handle_has_frame(type))
            continue; /* interrupts and the kernel's controls are never revoked and never end */
        handle_t old = fresh(type), end = fresh(type);
        revoked[type] = host_give(&evil_space, old, RIGHTS_ALL, 0);
        SYS_OK(init, HANDLE_REVOKE, old);
        gone[type] = host_give(&evil_space, end, RIGHTS_ALL, 0);
        host_destroy(end);
    }
}
static void try_handle(const struct handle_call *c, const char *what, handle_t h, long want)
{
    for (unsigned i = 1; i < 32; i++)
        evil.t->x[i] = i >= REG_A0 && i <= REG_A0 + 5 ? 1 : 0;
    evil.t->x[REG_A0] = c->where ? 0 : h;
    if (c->where)
        evil.t->x[REG_A1] = h;
    refuse(what, c->call, want);
}
static void every_call_meets_every_bad_handle(void **context)
{
    (void)context;
    make_handles();
    for (unsigned i = 0; i < sizeof(handle_calls) / sizeof(handle_calls[0]); i++) {
        const struct handle_call *c = &handle_calls[i];
        if (!c->zero)
            try_handle(c, "handle 0", 0, ERR_HANDLE);
        try_handle(c, "a free slot", 180, ERR_HANDLE);
        try_handle(c, "behind the table", 192, ERR_HANDLE);
        try_handle(c, "all ones", ~0u, ERR_HANDLE);
        for (unsigned type = OBJ_THREAD; type < OBJ_TYPES; type++) {
            bool takes = c->type == OBJ_NONE || c->type == type || ((c->call & 0xff) == SYS_SIGNAL && type == OBJ_THREAD);
            if (!takes)
                try_handle(c, "another type", of_type[type], ERR_TYPE);
            if (handle_has_frame(type)) {
                try_handle(c, "a revoked handle", revoked[type], ERR_HANDLE);
                try_handle(c, "a handle whose object is gone", gone[type], ERR_HANDLE);
            }
            bool any_revoke = (c->call & 0xff) == SYS_HANDLE_REVOKE && !handle_has_frame(type); /* can't be revoked: TYPE */
            if (takes && (c->right & ~RIGHT_GRANT))
                try_handle(c, "without the right", weak[type], any_revoke ? ERR_TYPE : ERR_RIGHTS);
        }
    }
}

/* ---- faults that are not one's own, or not any more ---- */

/* Every verdict, alone and with a receive, with frames that are evil's own. */
static void answer_all_ways(const char *what, reply_id_t id, long want)
{
    for (unsigned verdict = 0; verdict < 8; verdict++)
        for (unsigned receive = 0; receive < 2; receive++) {
            uint64_t *x = evil.t->x;
            x[REG_A0] = e_ep;
            x[REG_A1] = verdict | (PROT_R | PROT_W) << 8;
            x[REG_A2] = evil_user(0);
            x[REG_A2 + 1] = evil_kernel(0);
            x[REG_A2 + 2] = evil_kernel(1);
            x[X_T2] = DEADLINE_POLL;
            x[X_T3] = id;
            refuse(what, receive ? POLL(SYS_FAULT_REPLY_RECV) : SYS_FAULT_REPLY, want);
        }
}
static reply_id_t victims_fault(void)
{
    assert_false(host_store(victim_thread.t, VA, 1));
    assert_int_equal(host_poll(good.t, g_ep), MSG_FAULT);
    return good.t->x[X_T2];
}
static void a_stranger_answers_no_fault(void **context)
{
    (void)context;
    assert_false(host_store(victim_thread.t, VA, 1)); /* queued: it has no id that anybody was given */
    answer_all_ways("a fault in the queue", 1UL << 63 | (uint64_t)victim_thread.t->fault.gen << 32 | victim_thread.t->frame, ERR_STALE);
    assert_int_equal(host_poll(good.t, g_ep), MSG_FAULT);
    reply_id_t id = good.t->x[X_T2];
    answer_all_ways("another pager's fault", id, ERR_STALE);
    answer_all_ways("its next id", id + (1UL << 32), ERR_STALE);
    answer_all_ways("its id without the mark", id & ~(1UL << 63), ERR_STALE);
    evil.t->x[X_T3] = id;
    refuse("as a reply", SYS_REPLY, ERR_STALE);
    evil.t->x[REG_A0] = id;
    refuse("whether it waits", SYS_REPLY_ALIVE, ERR_STALE);
    for (unsigned i = 0; i < 5; i++)
        evil.t->x[REG_A0 + i] = i ? 0 : id;
    refuse("as a buffer", SYS_COPY, ERR_STALE);
    assert_int_equal(host_fault_reply(good.t, id, FAULT_RETRY, 0, 0, 0, 0), OK); /* whose it is */
    assert_int_equal(victim_thread.t->state, T_READY);
}
static void an_answer_counts_once_and_only_while_the_fault_waits(void **context)
{
    (void)context;
    assert_false(host_store(client_thread.t, VA, 1));
    assert_int_equal(host_poll(evil.t, e_ep), MSG_FAULT);
    reply_id_t id = evil.t->x[X_T2];
    assert_int_equal(host_fault_reply(evil.t, id, FAULT_RETRY, 0, 0, 0, 0), OK);
    answer_all_ways("a second answer", id, ERR_STALE);
    assert_false(host_store(client_thread.t, VA, 1));
    assert_int_equal(host_poll(evil.t, e_ep), MSG_FAULT);
    reply_id_t newer = evil.t->x[X_T2];
    answer_all_ways("the first answer again, while the same thread waits anew", id, ERR_STALE);
    SYS_OK(init, THREAD_STOP, client_thread.h);
    assert_int_equal(host_poll(evil.t, e_ep), MSG_CANCEL);
    answer_all_ways("an answer to a thread that was stopped", newer, ERR_STALE);
    frame_t frame = client_thread.t->frame;
    host_destroy(client_thread.h);
    answer_all_ways("an answer to a thread that is gone", newer, ERR_STALE);
    SYS_OK(init, OBJECT_CREATE, OBJ_THREAD, frame, victim.h); /* another life of the same frame */
    answer_all_ways("an answer to what lives there now", newer, ERR_STALE);
    answer_all_ways("its id counted on", newer + (1UL << 32), ERR_STALE);
}
static void a_pager_that_lost_its_space_answers_nothing(void **context)
{
    (void)context;
    reply_id_t id = victims_fault();
    SYS_OK(init, THREAD_STOP, good.h);
    SYS_OK(init, SPACE_RESET, good_space.h); /* the fault stands in the queue again */
    answer_all_ways("the fault of a pager that died", id, ERR_STALE);
    SYS_OK(init, THREAD_RESUME, good.h);
    assert_int_equal(host_fault_reply(good.t, id, FAULT_RETRY, 0, 0, 0, 0), ERR_STALE);
    assert_int_equal(host_poll(good.t, g_ep), MSG_FAULT);
    assert_int_equal(host_fault_reply(good.t, good.t->x[X_T2], FAULT_RETRY, 0, 0, 0, 0), OK);
}

/* ---- frames ---- */

static bool is_evils(frame_t f, unsigned kind) { return frame_info_of(f)->owner == evil_space.space->frame && frame_info_of(f)->kind == kind; }

static void no_frame_but_ones_own_becomes_a_page(void **context)
{
    (void)context;
    SYS_OK(evil.t, SPACE_BATCH, evil_user(7));
    uint64_t *list = frame_va(evil_user(7));
    assert_false(host_store(client_thread.t, VA, 1));
    assert_int_equal(host_poll(evil.t, e_ep), MSG_FAULT);
    reply_id_t id = evil.t->x[X_T2];
    for (frame_t f = ram_first - 2; f < ram_end + 2; f++) {
        bool ram = f >= ram_first && f < ram_end;
        if (ram && is_evils(f, FRAME_USER) && f != evil_user(7))
            continue;
        long want = ram ? ERR_OWNER : ERR_INVAL; /* kernel's, firmware's, tables, others' pages, free kernel frames */
        list[0] = f;
        assert_int_equal(host_fault_reply(evil.t, id, FAULT_MAP, PROT_R, f, 0, 0), want);
        assert_int_equal(SYS(evil.t, SPACE_MAP_FRAME, e_client, VA, f, PROT_R), want);
        assert_int_equal(SYS(evil.t, SPACE_MAP, e_client, VA, 1, PROT_R, 0), f ? want : OK);
        assert_int_equal(SYS(evil.t, SPACE_MAP, e_client, VA, 1, PROT_R, 0, f), want);
    }
    assert_int_equal(host_pte(client.space, VA), 0);
    assert_int_equal(host_fault_reply(evil.t, id, FAULT_MAP, PROT_R | PROT_W, evil_user(0), 0, 0), OK); /* it waited all along */
    tried[SYS_SPACE_MAP] = tried[SYS_SPACE_MAP_FRAME] = tried[SYS_SPACE_BATCH] = 1;
}
static void no_frame_but_ones_own_becomes_kernel_memory(void **context)
{
    (void)context;
    assert_false(host_store(client_thread.t, FAR, 1));
    assert_int_equal(host_poll(evil.t, e_ep), MSG_FAULT);
    reply_id_t id = evil.t->x[X_T2];
    for (frame_t f = ram_first - 2; f < ram_end + 2; f++) {
        bool ram = f >= ram_first && f < ram_end;
        if (ram && is_evils(f, FRAME_KFREE))
            continue;
        long want = ram ? ERR_OWNER : ERR_INVAL;
        assert_int_equal(host_fault_reply(evil.t, id, FAULT_MAP, PROT_R, evil_user(0), f, evil_kernel(0)), f ? want : ERR_NOTABLE);
        assert_int_equal(host_fault_reply(evil.t, id, FAULT_MAP, PROT_R, evil_user(0), evil_kernel(0), f), f ? want : ERR_NOTABLE);
        assert_int_equal(SYS(evil.t, SPACE_TABLE, e_client, FAR, f), want);
        assert_int_equal(SYS(evil.t, OBJECT_CREATE, OBJ_NTFN, f, 0), want);
        assert_int_equal(SYS(evil.t, OBJECT_CREATE, OBJ_SPACE, evil_kernel(0), f), want);
        assert_int_equal(SYS(evil.t, HANDLE_GROW, 0, f), want);
    }
    assert_int_equal(host_fault_reply(evil.t, id, FAULT_MAP, PROT_R, evil_user(0), evil_kernel(0), evil_kernel(0)), ERR_INVAL);
    for (unsigned k = 0; k < 2; k++)
        assert_int_equal(frame_info_of(evil_kernel(k))->kind, FRAME_KFREE);
    tried[SYS_OBJECT_CREATE] = tried[SYS_HANDLE_GROW] = tried[SYS_SPACE_TABLE] = 1;
}
static void writable_code_comes_in_no_way(void **context)
{
    (void)context;
    assert_false(host_store(client_thread.t, VA, 1));
    assert_int_equal(host_poll(evil.t, e_ep), MSG_FAULT);
    reply_id_t id = evil.t->x[X_T2];
    for (unsigned prot = 0; prot < 256; prot++) {
        bool good_prot = prot == PROT_R || prot == (PROT_R | PROT_W) || prot == (PROT_R | PROT_X) || prot == (PROT_R | PROT_COW);
        if (good_prot)
            continue;
        assert_int_equal(host_fault_reply(evil.t, id, FAULT_MAP, prot, evil_user(0), 0, 0), ERR_INVAL);
        assert_int_equal(SYS(evil.t, SPACE_MAP_FRAME, e_client, VA, evil_user(0), prot), ERR_INVAL);
    }
    /* an executable page that is made COW, and then upgraded, must not be both */
    SYS_OK(evil.t, SPACE_MAP_FRAME, e_client, VA, evil_user(0), PROT_R | PROT_X);
    SYS_OK(evil.t, SPACE_PROTECT, e_client, VA, 1, PROT_R | PROT_X | PROT_COW);
    assert_int_equal(host_fault_reply(evil.t, id, FAULT_UPGRADE, 0, 0, 0, 0), ERR_INVAL);
    assert_false(host_pte(client.space, VA) & (PTE_W | PTE_COW));
}

/* ---- spaces that are others' ---- */

static void anothers_space_is_not_touched(void **context)
{
    (void)context;
    host_map(&victim, VA + PAGE_SIZE, host_user_chunk(5) * FRAMES_PER_CHUNK, PROT_R | PROT_W);
    SYS_OK(evil.t, SPACE_MAP_FRAME, e_client, VA, evil_user(0), PROT_R | PROT_W);
    static const uint8_t call[] = {SYS_SPACE_TABLE, SYS_SPACE_UNTABLE, SYS_SPACE_MAP, SYS_SPACE_UNMAP, SYS_SPACE_PROTECT,
                                   SYS_SPACE_HARVEST, SYS_SPACE_MAP_FRAME, SYS_SPACE_SOFT, SYS_SPACE_UNSHARE_TABLE,
                                   SYS_WINDOW_MAP, SYS_SPACE_RESET, SYS_SPACE_HANDLER};
    for (unsigned i = 0; i < sizeof(call); i++) {
        const uint64_t a[] = {e_victim, VA + PAGE_SIZE, call[i] == SYS_SPACE_MAP_FRAME ? evil_user(0) : 1, PROT_R, 0, 0};
        for (unsigned k = 0; k < 6; k++)
            evil.t->x[REG_A0 + k] = a[k];
        refuse("a call on another's space", call[i], ERR_RIGHTS);
    }
    const handle_t pair[][2] = {{e_victim, e_client}, {e_client, e_victim}};
    for (unsigned i = 0; i < 2; i++) /* from it, and into it */
        for (unsigned table = 0; table < 2; table++) {
            const uint64_t a[] = {pair[i][0], pair[i][1], VA, 1, SHARE_SAME, 0};
            for (unsigned k = 0; k < 6; k++)
                evil.t->x[REG_A0 + k] = a[k];
            refuse("sharing with another's space", table ? SYS_SPACE_SHARE_TABLE : SYS_SPACE_SHARE, ERR_RIGHTS);
        }
}
static void memory_in_use_does_not_change_its_nature(void **context)
{
    (void)context;
    const uint64_t user = host_user_chunk(0), kernel = host_user_chunk(1), others = host_user_chunk(2);
    SYS_OK(evil.t, SPACE_MAP_FRAME, e_client, VA, evil_user(0), PROT_R | PROT_W);
    SYS_OK(evil.t, OBJECT_CREATE, OBJ_NTFN, evil_kernel(0), 0);
    const struct {
        const char *what;
        uint64_t call, a0, a1;
        long want;
    } row[] = {
        {"a mapped page becomes kernel memory", SYS_CHUNK_RETYPE, user, CHUNK_KERNEL, ERR_BUSY},
        {"an object becomes user memory", SYS_CHUNK_RETYPE, kernel, CHUNK_USER, ERR_BUSY},
        {"a mapped page is given away", SYS_CHUNK_GRANT, user, e_client, ERR_BUSY},
        {"an object is given away", SYS_CHUNK_GRANT, kernel, e_client, ERR_BUSY},
        {"to a space that is another's", SYS_CHUNK_GRANT, user, e_victim, ERR_RIGHTS},
        {"another's memory", SYS_CHUNK_RETYPE, others, CHUNK_KERNEL, ERR_OWNER},
        {"another's memory, given away", SYS_CHUNK_GRANT, others, e_client, ERR_OWNER},
        {"init's memory, given away", SYS_CHUNK_GRANT, init_space->frame / FRAMES_PER_CHUNK, e_client, ERR_OWNER},
        {"the kernel's memory", SYS_CHUNK_RETYPE, ram_first / FRAMES_PER_CHUNK, CHUNK_USER, ERR_OWNER},
        {"a window on another's memory", SYS_WINDOW_MAP, e_client, others, ERR_OWNER},
        {"a window on one's own, in a space that does not own it", SYS_WINDOW_MAP, e_client, user, ERR_OWNER},
        {"a chunk kind that is not for sale", SYS_CHUNK_RETYPE, kernel, CHUNK_IMAGE, ERR_INVAL},
    };
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        evil.t->x[REG_A0] = row[i].a0;
        evil.t->x[REG_A1] = row[i].a1;
        refuse(row[i].what, row[i].call, row[i].want);
    }
}

/* Calls that can't go wrong, or whose only argument is an id. */
static void the_rest(void **context)
{
    (void)context;
    for (unsigned i = 1; i < 32; i++)
        evil.t->x[i] = ~0UL;
    evil.t->x[X_T3] = ~0UL;
    refuse("a reply to nobody", SYS_REPLY, ERR_STALE);
    assert_int_equal(host_call6(evil.t, SYS_NULL, ~0UL, 0, 0, 0, 0, 0), OK);
    SYS_OK(evil.t, YIELD, ~0UL);
    SYS_OK(evil.t, SPACE_EXEC_FENCE, ~0UL);
    tried[SYS_NULL] = tried[SYS_YIELD] = tried[SYS_SPACE_EXEC_FENCE] = 1;
}

static void every_system_call_was_tried(void **context)
{
    (void)context;
#define WAS_TRIED(name, number, args, text) \
    if (!tried[number]) \
        fail_msg(#name " has no row");
    SYSCALLS(WAS_TRIED)
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_call_meets_every_bad_handle), TEST(a_stranger_answers_no_fault),
        TEST(an_answer_counts_once_and_only_while_the_fault_waits), TEST(a_pager_that_lost_its_space_answers_nothing),
        TEST(no_frame_but_ones_own_becomes_a_page), TEST(no_frame_but_ones_own_becomes_kernel_memory),
        TEST(writable_code_comes_in_no_way), TEST(anothers_space_is_not_touched),
        TEST(memory_in_use_does_not_change_its_nature), TEST(the_rest), cmocka_unit_test(every_system_call_was_tried),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
