/* SPDX-License-Identifier: MIT
 * Every state a thread can be blocked in, times everything that can end it, as one table: the state it ends in, what its
 * call returns, whether its server learns of it, and whether its old ids are refused.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define VA 0x50000000UL
#define MARK 0x1234 /* a0 before */

enum state { READY, STOPPED, CALLING, WAIT_REPLY, RECEIVING, WAIT_SELF, WAIT_NTFN, FAULT_QUEUED, FAULT_TAKEN, EXC_QUEUED,
             EXC_TAKEN, COPY_QUEUED, COPY_TAKEN, REPLY_RECEIVING, SPENT, STATES };
enum event { STOP, START, TIMEOUT, END, END_ENDPOINT, RESET, RESET_ENDED, EVENTS };
static const char *const state_name[STATES] = {"ready", "stopped", "calling", "waiting for a reply", "receiving",
    "waiting", "waiting at a notification", "fault queued", "fault taken", "exception queued", "exception taken",
    "copy fault queued", "copy fault taken", "receiving after a reply", "out of budget"};
static const char *const event_name[EVENTS] = {"stop", "start", "timeout", "its end", "its endpoint's end", "its server's reset",
    "its server's reset after the endpoint's end"};

static struct host_space client, server;
static struct host_thread v, srv; /* the victim, and who serves everything */
static struct host_ep call, fault, exc;
static struct host_ntfn ntfn;
static handle_t v_call, v_ntfn, s_call, s_fault, s_exc;
static uint64_t old_id, old_fault_id;

static void build(void)
{
    host_boot();
    client = host_space();
    server = host_space();
    call = host_ep();
    fault = host_ep();
    exc = host_ep();
    ntfn = host_ntfn();
    SYS_OK(init, SPACE_HANDLER, client.h, HANDLER_FAULT, fault.h, 1);
    SYS_OK(init, SPACE_HANDLER, client.h, HANDLER_EXCEPTION, exc.h, 2);
    v = host_thread(&client);
    srv = host_thread(&server);
    v_call = host_give(&client, call.h, RIGHT_SEND | RIGHT_RECV, 9);
    v_ntfn = host_give(&client, ntfn.h, RIGHT_WAIT, 0);
    s_call = host_give(&server, call.h, RIGHT_RECV, 0);
    s_fault = host_give(&server, fault.h, RIGHT_RECV, 0);
    s_exc = host_give(&server, exc.h, RIGHT_RECV, 0);
    host_tables(&client, VA);
    host_map(&server, VA, host_uframe(), PROT_R | PROT_W);
    old_id = old_fault_id = 0;
    v.t->x[REG_A0] = MARK;
}

/* v blocks in a call with a deadline. */
static void block(unsigned nr, unsigned flags, handle_t h)
{
    host_time_limit(v.t, host_time + 500);
    assert_int_equal(host_ipc(v.t, nr, flags | IPC_F_DEADLINE, h), HOST_BLOCKED);
}

static void take(handle_t ep, unsigned kind, uint64_t *id)
{
    assert_int_equal(host_poll(srv.t, ep), kind);
    *id = srv.t->x[X_T2];
}

static void raise_exception(void)
{
    host_current(v.t);
    exception_raise(v.t, 2, 0xbad);
    host_exit();
}

static void copy_fault(void)
{
    v.t->x[X_T3] = VA;
    v.t->x[X_T4] = 100 | BUF_R;
    v.t->x[X_T5] = v.t->x[X_T6] = 0;
    block(SYS_CALL, IPC_F_BUF, v_call);
    take(s_call, MSG_CALL, &old_id);
    assert_int_equal(SYS(srv.t, COPY, old_id, 0, 0, VA, 100), ERR_FAULT_PENDING);
}

/* It answers somebody of a third space, and receives again. */
static void reply_and_receive(void)
{
    struct host_space peers = host_space();
    struct host_thread peer = host_thread(&peers);
    assert_int_equal(host_ipc(peer.t, SYS_CALL, 0, host_give(&peers, call.h, RIGHT_SEND, 3)), HOST_BLOCKED);
    assert_int_equal(host_poll(v.t, v_call), MSG_CALL);
    v.t->x[X_T3] = v.t->x[X_T2];
    block(SYS_REPLY_RECV, 0, v_call);
    assert_int_not_equal(peer.t->state, T_WAIT_REPLY);
    SYS_OK(init, THREAD_STOP, peer.h);
}
/* As budget.c does it when the hart's account has run dry. */
static void spend_all(void)
{
    struct host_sched c = host_sched(1000, 100000, 120);
    SYS_OK(init, THREAD_SCHED, v.h, c.h);
    host_current(v.t);
    host_exit();
    budget_switch(hart0, v.t->ctx);
    host_ticks(1500);
    assert_int_equal(v.t->state, T_SPENT);
}

static void enter(enum state s)
{
    switch (s) {
    case READY:
        break;
    case STOPPED:
        SYS_OK(init, THREAD_STOP, v.h);
        break;
    case CALLING:
    case WAIT_REPLY:
        block(SYS_CALL, 0, v_call);
        if (s == WAIT_REPLY)
            take(s_call, MSG_CALL, &old_id);
        break;
    case RECEIVING:
        block(SYS_RECV, 0, v_call);
        break;
    case WAIT_SELF:
    case WAIT_NTFN:
        block(SYS_WAIT, 0, s == WAIT_NTFN ? v_ntfn : 0);
        break;
    case FAULT_QUEUED:
    case FAULT_TAKEN:
        assert_false(host_store(v.t, VA, 1));
        if (s == FAULT_TAKEN)
            take(s_fault, MSG_FAULT, &old_fault_id);
        break;
    case EXC_QUEUED:
    case EXC_TAKEN:
        raise_exception();
        if (s == EXC_TAKEN)
            take(s_exc, MSG_EXCEPTION, &old_id);
        break;
    case REPLY_RECEIVING:
        reply_and_receive();
        break;
    case SPENT:
        spend_all();
        break;
    default:
        copy_fault();
        if (s == COPY_TAKEN)
            take(s_fault, MSG_FAULT, &old_fault_id);
    }
}

static handle_t endpoint_for(enum state s)
{
    return s == FAULT_QUEUED || s == FAULT_TAKEN ? fault.h : s == EXC_QUEUED || s == EXC_TAKEN ? exc.h
           : s == WAIT_NTFN ? ntfn.h : call.h;
}

static void happen(enum event e, enum state s)
{
    switch (e) {
    case STOP:
        SYS_OK(init, THREAD_STOP, v.h);
        break;
    case START:
        SYS_OK(init, THREAD_START, v.h, HOST_PC + 4, 0, 77, 0);
        break;
    case TIMEOUT:
        host_ticks(1000);
        break;
    case END:
        host_destroy(v.h);
        break;
    case END_ENDPOINT:
        host_destroy(endpoint_for(s));
        break;
    case RESET_ENDED:
        host_destroy(endpoint_for(s));
        SYS_OK(init, SPACE_RESET, server.h);
        break;
    default:
        SYS_OK(init, SPACE_RESET, server.h);
    }
    host_exit();
}

/* What the table says: the state after, and a0 (0: as it was). */
struct outcome {
    enum thread_state state;
    long a0;
};
#define SAME {T_FREE, 0} /* as before */
#define CANCELLED {T_STOPPED, ERR_CANCELLED}
#define QUIET {T_STOPPED, MARK}
#define STARTED {T_READY, 77}
#define ENDED {T_FREE, 1}
#define LATE {T_READY, ERR_TIMEOUT}
#define DEAD {T_READY, ERR_PEER_DEAD}

static const struct outcome expect[STATES][EVENTS] = {
    /*                stop       start    timeout end    endpoint's end              reset  reset after that */
    [READY] =        {QUIET,     STARTED, SAME,  ENDED, SAME,                       SAME,  SAME},
    [STOPPED] =      {QUIET,     STARTED, SAME,  ENDED, SAME,                       SAME,  SAME},
    [CALLING] =      {CANCELLED, STARTED, LATE,  ENDED, DEAD,                       SAME,  DEAD},
    [WAIT_REPLY] =   {CANCELLED, STARTED, LATE,  ENDED, SAME,                       DEAD,  DEAD},
    [RECEIVING] =    {CANCELLED, STARTED, LATE,  ENDED, {T_READY, ERR_CANCELLED},   SAME,  {T_READY, ERR_CANCELLED}},
    [WAIT_SELF] =    {CANCELLED, STARTED, LATE,  ENDED, SAME,                       SAME,  SAME},
    [WAIT_NTFN] =    {CANCELLED, STARTED, LATE,  ENDED, {T_READY, ERR_CANCELLED},   SAME,  {T_READY, ERR_CANCELLED}},
    [FAULT_QUEUED] = {QUIET,     STARTED, SAME,  ENDED, {T_STOPPED, MARK},          SAME,  {T_STOPPED, MARK}},
    /* a fault whose pager's endpoint is gone becomes an exception */
    [FAULT_TAKEN] =  {QUIET,     STARTED, SAME,  ENDED, SAME,                       SAME,  {T_CALLING, MARK}},
    [EXC_QUEUED] =   {QUIET,     STARTED, SAME,  ENDED, {T_STOPPED, MARK},          SAME,  {T_STOPPED, MARK}},
    [EXC_TAKEN] =    {QUIET,     STARTED, SAME,  ENDED, SAME,           {T_CALLING, MARK}, {T_STOPPED, MARK}},
    [COPY_QUEUED] =  {CANCELLED, STARTED, LATE,  ENDED, SAME,                       DEAD,  DEAD},
    [COPY_TAKEN] =   {CANCELLED, STARTED, LATE,  ENDED, SAME,                       DEAD,  DEAD},
    [REPLY_RECEIVING] = {CANCELLED, STARTED, LATE, ENDED, {T_READY, ERR_CANCELLED}, SAME,  {T_READY, ERR_CANCELLED}},
    /* no state of a call: it waits for its time whatever becomes of its peers */
    [SPENT] =        {QUIET,     {T_SPENT, 77}, SAME,  ENDED, SAME,                       SAME,  SAME},
};

static bool is_taken(enum state s) { return s == WAIT_REPLY || s == EXC_TAKEN || s == COPY_QUEUED || s == COPY_TAKEN; }

/* Ids of a call or fault that is over must be refused; those of one that goes on must not. */
static void look_at_ids(enum state s, enum event e, bool goes_on)
{
    if (is_taken(s)) {
        assert_int_equal(SYS(srv.t, REPLY_ALIVE, old_id), goes_on ? OK : ERR_STALE);
        if (!goes_on) {
            srv.t->x[X_T3] = old_id;
            assert_int_equal(host_ipc(srv.t, SYS_REPLY, 0, 0), ERR_STALE);
        }
    }
    bool fault_goes_on = goes_on && !(s == FAULT_TAKEN && e >= RESET);
    if ((s == FAULT_TAKEN || s == COPY_TAKEN) && !fault_goes_on)
        assert_int_equal(host_fault_reply(srv.t, old_fault_id, FAULT_RETRY, 0, 0, 0, 0), ERR_STALE);
}

/* A server hears of each client that went while it had its message: once, with the id. */
static void look_at_cancels(enum state s, enum event e)
{
    bool gone = e == STOP || e == START || e == END || (e == TIMEOUT && expect[s][TIMEOUT].a0 == ERR_TIMEOUT);
    if (is_taken(s) && gone) {
        assert_int_equal(host_poll(srv.t, s == EXC_TAKEN ? s_exc : s_call), MSG_CANCEL);
        assert_int_equal(srv.t->x[REG_A1], 1);
        assert_int_equal(srv.t->x[REG_A2], old_id);
    }
    if ((s == FAULT_TAKEN || s == COPY_TAKEN) && gone) {
        assert_int_equal(host_poll(srv.t, s_fault), MSG_CANCEL);
        assert_int_equal(srv.t->x[REG_A2], old_fault_id);
    }
    if (e < END_ENDPOINT) {
        assert_int_not_equal(host_poll(srv.t, s_call), MSG_CANCEL);
        assert_int_not_equal(host_poll(srv.t, s_fault), MSG_CANCEL);
        assert_int_not_equal(host_poll(srv.t, s_exc), MSG_CANCEL);
    }
}

static void one_case(enum state s, enum event e)
{
    build();
    enter(s);
    struct thread *t = v.t;
    enum thread_state before = t->state;
    struct outcome want = expect[s][e];
    print_message("           %s x %s\n", state_name[s], event_name[e]);
    happen(e, s);
    host_check();
    if (want.state == T_FREE && want.a0 == 1) {
        assert_int_equal(frame_info_of(frame_of(t))->kind, FRAME_KFREE);
        assert_int_equal(client.space->threads, 0);
    } else {
        assert_int_equal(t->state, want.state == T_FREE ? before : want.state);
        if (want.a0)
            assert_int_equal(t->x[REG_A0], want.a0);
        if (t->state == T_STOPPED)
            assert_true(link_empty(&t->timer) && !t->queue && t->fault.state == F_NONE);
    }
    bool goes_on = want.state == T_FREE && want.a0 != 1;
    look_at_ids(s, e, goes_on);
    look_at_cancels(s, e);
    host_check();
}

static void run_event(enum event e)
{
    for (unsigned s = 0; s < STATES; s++)
        one_case(s, e);
}

#define CASE(name, event) static void name(void **context) { (void)context; run_event(event); }
CASE(stop_ends_every_state, STOP)
CASE(start_ends_every_state, START)
CASE(deadlines_end_blocked_calls_only, TIMEOUT)
CASE(ending_a_thread_in_every_state, END)
CASE(ending_the_endpoint_under_every_state, END_ENDPOINT)
CASE(a_server_reset_under_every_state, RESET)
CASE(a_server_reset_after_its_endpoint_ended, RESET_ENDED)

/* Stopped in any state, then resumed: it goes on; a fault happens again, a call reports ERR_CANCELLED. */
static void resume_after_stop(void **context)
{
    (void)context;
    for (unsigned s = 0; s < STATES; s++) {
        build();
        enter(s);
        SYS_OK(init, THREAD_STOP, v.h);
        SYS_OK(init, THREAD_RESUME, v.h);
        assert_int_equal(SYS(init, THREAD_RESUME, v.h), ERR_BUSY);
        assert_int_equal(v.t->state, s == SPENT ? T_SPENT : T_READY);
        assert_int_equal(v.t->x[REG_A0], expect[s][STOP].a0);
        host_check();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_ends_every_state),
        cmocka_unit_test(start_ends_every_state),
        cmocka_unit_test(deadlines_end_blocked_calls_only),
        cmocka_unit_test(ending_a_thread_in_every_state),
        cmocka_unit_test(ending_the_endpoint_under_every_state),
        cmocka_unit_test(a_server_reset_under_every_state),
        cmocka_unit_test(a_server_reset_after_its_endpoint_ended),
        cmocka_unit_test(resume_after_stop),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
