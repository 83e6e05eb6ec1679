/* SPDX-License-Identifier: MIT
 * Whose budget a thread spends and at whose priority it runs, in every state and role times everything that can end it. The
 * test keeps its own books: who works for whom, who queues for whom. Each event changes the books by the rules of
 * docs/scheduling.md; then every thread of the kernel must have the context and the priority that follow from the books.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define VA 0x50000000UL

enum who { C, A, B, D, P, ALL }; /* client; servers of a chain; pager of everybody's faults */
static const unsigned own_prio[ALL] = {150, 20, 10, 5, 30};
static struct host_space space[ALL];
static struct host_thread th[ALL];
static struct host_ep ep[ALL];       /* where A, B, D and P receive; C's and A's exceptions go to A's and B's */
static struct host_sched own[ALL];   /* C, A, B have one */
static handle_t calls[ALL][ALL], receives[ALL]; /* in the caller's, the server's table */

/* ---- the books ---- */

enum kind { CALL, FAULT, EXCEPTION };
struct edge {
    enum who from, to;
    enum kind kind;
    bool queued; /* waits in to's queue; else `to` works on it */
    bool copy;   /* a fault that a copy met: `from` waits for a reply as well */
    bool held;   /* `to` has it still, but works on other things */
    bool gone;
};
static struct edge edge[8];
static unsigned edges;
static unsigned base[ALL];
static bool ended[ALL], bound[ALL], receiving[ALL];
static bool serves[ALL], deaf[ALL]; /* it has received at its endpoint; that is gone */
static bool told[ALL];                /* its call has to end with ERR_PEER_DEAD */
static uint64_t a0_before[ALL];
static enum who late; /* whose call has a deadline; ALL: nobody's */

static void book(enum who from, enum who to, enum kind kind, bool queued)
{
    edge[edges++] = (struct edge){.from = from, .to = to, .kind = kind, .queued = queued};
}
static struct edge *find(enum who from, enum who to, bool queued) /* ALL: whoever */
{
    for (unsigned i = 0; i < edges; i++)
        if (!edge[i].gone && !edge[i].held && (from == ALL || edge[i].from == from) && (to == ALL || edge[i].to == to) && edge[i].queued == queued)
            return &edge[i];
    return 0;
}
static void cut_out(enum who w)
{
    for (unsigned i = 0; i < edges; i++)
        edge[i].gone |= edge[i].from == w;
}
static void cut_in(enum who w)
{
    for (unsigned i = 0; i < edges; i++)
        edge[i].held |= edge[i].to == w && !edge[i].queued;
}
static struct sched *context_of(enum who w) /* recursion of a test: no deeper than the chain */
{
    const struct edge *e = find(ALL, w, false);
    bool lent_elsewhere = false;
    for (unsigned i = 0; e && i < edges; i++)
        lent_elsewhere |= !edge[i].gone && !edge[i].held && edge[i].copy && !edge[i].queued && edge[i].from == e->from && &edge[i] != e;
    if (e && !lent_elsewhere)
        return context_of(e->from);
    return bound[w] ? own[w].c : 0;
}
static unsigned edge_prio(const struct edge *e);
static unsigned prio_of(enum who w)
{
    const struct edge *e = find(ALL, w, false);
    unsigned prio = e ? edge_prio(e) : base[w];
    for (unsigned i = 0; i < edges; i++)
        if (!edge[i].gone && edge[i].queued && edge[i].to == w && serves[w] && !receiving[w] && edge_prio(&edge[i]) > prio)
            prio = edge_prio(&edge[i]);
    return prio;
}
/* A copy's fault counts as much as the server that waits for the copy. */
static unsigned edge_prio(const struct edge *e)
{
    unsigned prio = prio_of(e->from);
    for (unsigned i = 0; e->copy && i < edges; i++)
        if (!edge[i].gone && !edge[i].held && !edge[i].copy && edge[i].from == e->from && prio_of(edge[i].to) > prio)
            prio = prio_of(edge[i].to);
    return prio;
}

/* ---- the world ---- */

static void build_world(void)
{
    host_boot();
    edges = 0;
    for (enum who w = C; w < ALL; w++) {
        space[w] = host_space();
        th[w] = host_thread(&space[w]);
        ep[w] = host_ep();
        receives[w] = host_give(&space[w], ep[w].h, RIGHT_RECV, 0);
        SYS_OK(init, THREAD_PRIO, th[w].h, own_prio[w]);
        base[w] = own_prio[w];
        ended[w] = receiving[w] = serves[w] = deaf[w] = told[w] = false;
        bound[w] = w <= B;
        if (bound[w]) {
            own[w] = host_sched(w == C ? 1000 : 5000, 10000, own_prio[w]);
            SYS_OK(init, THREAD_SCHED, th[w].h, own[w].h);
        }
        host_tables(&space[w], VA);
    }
    for (enum who w = C; w < P; w++) {
        SYS_OK(init, SPACE_HANDLER, space[w].h, HANDLER_FAULT, ep[P].h, w);
        SYS_OK(init, SPACE_HANDLER, space[w].h, HANDLER_EXCEPTION, ep[w + 1].h, w);
        calls[w][w + 1] = host_give(&space[w], ep[w + 1].h, RIGHT_SEND, w);
    }
    host_map(&space[A], VA, host_uframe(), PROT_R | PROT_W);
}
static long poll_at(enum who w)
{
    serves[w] = true;
    return host_poll(th[w].t, receives[w]);
}
static void busy(enum who w) { assert_int_equal(poll_at(w), ERR_TIMEOUT); } /* it serves there, and goes on with other things */
static void call(enum who from, enum who to, unsigned flags)
{
    host_time_limit(th[from].t, late == from ? host_time + 500 : DEADLINE_NONE);
    assert_int_equal(host_ipc(th[from].t, SYS_CALL, flags | IPC_F_DEADLINE, calls[from][to]), HOST_BLOCKED);
    book(from, to, CALL, true);
}
static void take(enum who from, enum who to, long kind)
{
    assert_int_equal(poll_at(to), kind);
    find(from, to, true)->queued = false;
}
static void called(enum who from, enum who to)
{
    call(from, to, 0);
    take(from, to, MSG_CALL);
}
static void faults(enum who w)
{
    assert_false(host_store(th[w].t, VA + PAGE_SIZE, 1));
    book(w, P, FAULT, true);
}
static void raises(enum who w)
{
    host_current(th[w].t);
    exception_raise(th[w].t, 2, 0xbad);
    host_exit();
    book(w, w + 1, EXCEPTION, true);
}
static void defers(enum who w)
{
    assert_int_equal(host_ipc(th[w].t, SYS_RECV, 0, receives[w]), HOST_BLOCKED);
    cut_in(w);
    receiving[w] = true;
}
static void copies(void) /* A, from C's buffer; C's page is missing */
{
    th[C].t->x[X_T3] = VA;
    th[C].t->x[X_T4] = 100 | BUF_R;
    th[C].t->x[X_T5] = th[C].t->x[X_T6] = 0;
    call(C, A, IPC_F_BUF);
    take(C, A, MSG_CALL);
    assert_int_equal(SYS(th[A].t, COPY, th[A].t->x[X_T2], 0, 0, VA, 100), ERR_FAULT_PENDING);
    book(C, P, FAULT, true);
    edge[edges - 1].copy = true;
}

static void higher_calls(void) /* D, which is higher than C then, calls A */
{
    SYS_OK(init, THREAD_PRIO, th[D].h, base[D] = 180);
    calls[D][A] = host_give(&space[D], ep[A].h, RIGHT_SEND, 0);
    call(D, A, 0);
}

/* ---- states and roles ---- */

#define SITUATIONS(X) \
    X(runs, "the client runs", ) \
    X(queues, "its call is queued", busy(A); call(C, A, 0)) \
    X(queues_unserved, "its call is queued where nobody ever received", call(C, A, 0)) \
    X(in_a, "a server has it", called(C, A)) \
    X(in_b, "a server's server works on it", called(C, A); called(A, B)) \
    X(in_d, "a third server works on it", called(C, A); called(A, B); called(B, D)) \
    X(a_queues, "its server queues at the next", busy(B); called(C, A); call(A, B, 0)) \
    X(c_then_a_queue, "it queues at a server that queues at the next", busy(B); busy(A); call(A, B, 0); call(C, A, 0)) \
    X(raises_a_chain, "it queues at a server that works on the next one's behalf", busy(A); called(A, B); called(B, D); call(C, A, 0)) \
    X(a_waits, "its server waits for a notification", called(C, A); assert_int_equal(SYS(th[A].t, WAIT, 0), HOST_BLOCKED)) \
    X(deferred, "its server has deferred it", called(C, A); defers(A)) \
    X(deferred_in_b, "its server's server has deferred it", called(C, A); called(A, B); defers(B)) \
    X(fault_queued, "its fault is queued", busy(P); faults(C)) \
    X(fault_taken, "the pager has its fault", faults(C); take(C, P, MSG_FAULT)) \
    X(fault_deferred, "the pager has deferred its fault", faults(C); take(C, P, MSG_FAULT); defers(P)) \
    X(a_faults, "its server's fault is queued", busy(P); called(C, A); faults(A)) \
    X(a_in_pager, "the pager has its server's fault", called(C, A); faults(A); take(A, P, MSG_FAULT)) \
    X(exception_queued, "its exception is queued", busy(A); raises(C)) \
    X(exception_taken, "its handler has its exception", raises(C); take(C, A, MSG_EXCEPTION)) \
    X(a_excepts, "its server's handler has the server's exception", called(C, A); raises(A); take(A, B, MSG_EXCEPTION)) \
    X(copy_queued, "a copy's fault is queued", busy(P); copies()) \
    X(copy_taken, "the pager has a copy's fault", copies(); take(C, P, MSG_FAULT)) \
    X(copy_deferred, "the pager has deferred a copy's fault", copies(); take(C, P, MSG_FAULT); defers(P)) \
    X(copy_in_b, "the pager has a copy's fault while the server is in the next", copies(); take(C, P, MSG_FAULT); called(A, B)) \
    X(copy_queued_awaited, "somebody higher waits for a server whose copy's fault is queued", busy(P); copies(); higher_calls()) \
    X(copy_taken_awaited, "somebody higher waits for a server whose copy's fault the pager has", copies(); take(C, P, MSG_FAULT); higher_calls()) \
    X(stopped, "the client is stopped", SYS_OK(init, THREAD_STOP, th[C].h)) \
    X(spent, "the client's budget is used up", host_current(th[C].t); host_exit(); SYS_OK(init, THREAD_STOP, INIT_H_THREAD); host_ticks(1500))

enum situation {
#define SITUATION_ENUM(name, text, how) name,
    SITUATIONS(SITUATION_ENUM)
    SITUATION_COUNT
};
static const char *const situation_name[] = {
#define SITUATION_NAME(name, text, how) text,
    SITUATIONS(SITUATION_NAME)
};
static void enter(enum situation s)
{
    build_world();
    if (s == spent) { /* init must be out of the way, and may come back */
        host_current(th[C].t);
        host_exit();
        budget_switch(hart0, th[C].t->ctx);
        host_ticks(1500);
        assert_int_equal(th[C].t->state, T_SPENT);
        return;
    }
    switch (s) {
#define SITUATION_ENTER(name, text, how) case name: how; break;
        SITUATIONS(SITUATION_ENTER)
    default:
        break;
    }
}

/* ---- events ---- */

enum event { STOP, START, END, TIMEOUT, RESET, END_EP, RECEIVE, ANSWER, UNBIND, END_CONTEXT, SET, PRIO, EVENTS };
static const char *const event_name[] = {"stop", "start", "end", "deadline", "reset of the space", "end of the endpoint",
    "receive again", "answer", "unbind", "end of the context", "context set", "priority set"};

static bool can_run(enum who w) { return th[w].t->state == T_READY || th[w].t->state == T_RUNNING; }
static bool applies(enum event e, enum who w)
{
    const struct edge *in = find(ALL, w, false);
    switch (e) {
    case TIMEOUT: {
        const struct edge *q = find(w, ALL, true), *s = find(w, ALL, false);
        bool call_waits = (q && q->kind == CALL) || (s && s->kind == CALL);
        return call_waits;
    }
    case RECEIVE:
        return can_run(w) && w != C;
    case ANSWER:
        return can_run(w) && in;
    case UNBIND:
    case END_CONTEXT:
    case SET:
        return bound[w];
    default:
        return true;
    }
}

/* What waits in w's queue is received: the best one. */
static void book_receive(enum who w)
{
    struct edge *best = 0;
    for (unsigned i = 0; i < edges; i++)
        if (!edge[i].gone && edge[i].queued && edge[i].to == w && (!best || edge_prio(&edge[i]) > edge_prio(best)))
            best = &edge[i];
    if (best)
        best->queued = false;
}
static void book_reset(enum who w)
{
    for (unsigned i = 0; i < edges; i++) {
        struct edge *e = &edge[i];
        if (e->gone || e->to != w || e->queued)
            continue;
        if (e->kind == CALL)
            told[e->from] = true, cut_out(e->from);
        else
            e->queued = true, e->held = false;
    }
}
static void book_end_endpoint(enum who w)
{
    deaf[w] = true;
    receiving[w] = false;
    for (unsigned i = 0; i < edges; i++)
        if (edge[i].to == w && edge[i].queued)
            told[edge[i].from] |= edge[i].kind == CALL, edge[i].copy ? (void)(edge[i].gone = true) : cut_out(edge[i].from);
}
static void answer(enum who w)
{
    struct thread *t = th[w].t;
    struct edge *e = find(ALL, w, false);
    reply_id_t id = e->kind == FAULT ? 1UL << 63 | (uint64_t)(th[e->from].t->fault.gen & 0x7fffffff) << 32 | th[e->from].t->frame
                                     : th[e->from].t->reply_id;
    t->x[X_T3] = id;
    t->x[REG_A1] = EXC_RESUME;
    if (e->kind == FAULT)
        assert_int_equal(host_fault_reply(t, id, FAULT_RETRY, 0, 0, 0, 0), OK);
    else
        assert_int_equal(host_ipc(t, SYS_REPLY, 0, 0), OK);
    if (e->copy)
        e->gone = true;
    else
        cut_out(e->from);
}
static void happen(enum event e, enum who w)
{
    for (enum who x = C; x < ALL; x++)
        a0_before[x] = th[x].t->x[REG_A0];
    switch (e) {
    case STOP:
    case START:
        if (e == STOP)
            SYS_OK(init, THREAD_STOP, th[w].h);
        else
            SYS_OK(init, THREAD_START, th[w].h, HOST_PC + 4, 0, 0, 0);
        cut_out(w), cut_in(w);
        receiving[w] = false;
        break;
    case END:
        host_destroy(th[w].h);
        cut_out(w), cut_in(w);
        ended[w] = true;
        break;
    case TIMEOUT:
        host_ticks(600);
        cut_out(w);
        break;
    case RESET:
        SYS_OK(init, SPACE_RESET, space[w].h);
        book_reset(w);
        if (find(ALL, w, true))
            receiving[w] = false; /* it was given the fault once more, which then was taken from it again */
        break;
    case END_EP:
        host_destroy(ep[w].h);
        book_end_endpoint(w);
        break;
    case RECEIVE:
        (void)poll_at(w);
        cut_in(w);
        book_receive(w);
        break;
    case ANSWER:
        answer(w);
        break;
    case UNBIND:
        SYS_OK(init, THREAD_SCHED, th[w].h, 0);
        bound[w] = false;
        break;
    case END_CONTEXT:
        host_destroy(own[w].h);
        bound[w] = false;
        break;
    case SET:
        SYS_OK(init, SCHED_SET, own[w].h, 3000, 7000, base[w] = 190);
        break;
    default:
        SYS_OK(init, THREAD_PRIO, th[w].h, base[w] = 15);
    }
    host_exit();
}

/* What it waits for, by the books: a server that is stopped or ends leaves its clients waiting as they were, with nothing
 * returned; one that is reset has them told. */
static void compare_state(enum who x, const char *what)
{
    const struct thread *t = th[x].t;
    enum thread_state want = T_FREE; /* nothing */
    for (unsigned i = 0; i < edges; i++)
        if (!edge[i].gone && edge[i].from == x && !edge[i].copy)
            want = edge[i].kind == FAULT ? T_FAULTED : edge[i].queued ? T_CALLING : T_WAIT_REPLY;
    bool waits = t->state == T_CALLING || t->state == T_WAIT_REPLY || t->state == T_FAULTED;
    if (want != T_FREE ? t->state != want : waits)
        fail_msg("%s: %c is in state %u, should be in %u", what, "CABDP"[x], t->state, want);
    if (want != T_FREE && t->x[REG_A0] != a0_before[x])
        fail_msg("%s: %c waits, and has %ld in a0", what, "CABDP"[x], (long)t->x[REG_A0]);
    if (told[x] && ((long)t->x[REG_A0] != ERR_PEER_DEAD || t->state == T_STOPPED))
        fail_msg("%s: %c was not told: a0 %ld, state %u", what, "CABDP"[x], (long)t->x[REG_A0], t->state);
}

static void compare(enum situation s, enum event e, enum who w)
{
    for (enum who x = C; x < ALL; x++) {
        const struct thread *t = th[x].t;
        if (ended[x])
            continue;
        if (t->ctx != context_of(x) || t->prio != prio_of(x))
            fail_msg("%s, then %s of %c: %c runs on %s at %u, should on %s at %u", situation_name[s], event_name[e], "CABDP"[w],
                     "CABDP"[x], !t->ctx ? "none" : t->ctx == own[C].c ? "C's" : t->ctx == own[A].c ? "A's" : "B's", t->prio,
                     !context_of(x) ? "none" : context_of(x) == own[C].c ? "C's" : context_of(x) == own[A].c ? "A's" : "B's", prio_of(x));
    }
    if (th[C].t->state == T_SPENT && !ended[C])
        assert_true(s == spent && bound[C]);
}

/* Whatever was cut short: all that can still be ended is, and the counts are right. */
static void take_apart(void)
{
    for (enum who w = C; w < ALL; w++) {
        if (!ended[w])
            host_destroy(th[w].h);
        SYS_OK(init, SPACE_RESET, space[w].h);
        assert_int_equal(space[w].space->threads, 0);
        if (!deaf[w])
            host_destroy(ep[w].h);
        if (bound[w]) {
            assert_ptr_equal(own[w].c->thread, 0);
            host_destroy(own[w].h);
        }
    }
    host_check();
}

static unsigned cells;
static void run_event(enum event e)
{
    cells = 0;
    for (enum situation s = runs; s < SITUATION_COUNT; s++)
        for (enum who w = C; w < ALL; w++) {
            late = e == TIMEOUT ? w : ALL;
            enter(s);
            compare(s, EVENTS - 1, w);
            host_check();
            if (!applies(e, w))
                continue;
            cells++;
            happen(e, w);
            compare(s, e, w);
            for (enum who x = C; x < ALL; x++)
                if (!ended[x])
                    compare_state(x, event_name[e]);
            host_check();
            take_apart();
        }
    print_message("           %s: %u cells\n", event_name[e], cells);
    assert_true(cells > 0);
}

#define CASE(name, event) static void name(void **context) { (void)context; run_event(event); }
CASE(a_thread_is_stopped, STOP)
CASE(a_thread_is_started_anew, START)
CASE(a_thread_ends, END)
CASE(a_deadline_passes, TIMEOUT)
CASE(a_server_dies, RESET)
CASE(an_endpoint_ends, END_EP)
CASE(a_server_defers, RECEIVE)
CASE(a_server_answers, ANSWER)
CASE(a_context_is_taken_away, UNBIND)
CASE(a_context_ends, END_CONTEXT)
CASE(a_context_is_set, SET)
CASE(a_priority_is_set, PRIO)

/* ---- no inversion ---- */

#define LOW 20

/* LOW callers at 50 queue at a server; one between at 100 never stops; one at 150 calls. How many steps of the server, each ended
 * by an answer, until the one at 150 has its own? */
static unsigned steps_until_answered(unsigned servers_own_prio, bool by_fault)
{
    host_boot();
    struct host_space clients = host_space(), servers = host_space();
    struct host_ep e = host_ep();
    handle_t send = host_give(&clients, e.h, RIGHT_SEND, 0), receive = host_give(&servers, e.h, RIGHT_RECV, 0);
    SYS_OK(init, SPACE_HANDLER, clients.h, HANDLER_FAULT, e.h, 0);
    struct host_thread server = host_thread(&servers), low[LOW], middle = host_thread(&servers), high = host_thread(&clients);
    SYS_OK(init, THREAD_PRIO, server.h, servers_own_prio);
    SYS_OK(init, THREAD_PRIO, middle.h, 100);
    SYS_OK(init, THREAD_PRIO, high.h, 150);
    for (unsigned i = 0; i < LOW; i++) {
        low[i] = host_thread(&clients);
        SYS_OK(init, THREAD_PRIO, low[i].h, 50);
        if (by_fault)
            assert_false(host_store(low[i].t, VA + i * PAGE_SIZE, 1));
        else
            assert_int_equal(host_ipc(low[i].t, SYS_CALL, 0, send), HOST_BLOCKED);
    }
    assert_int_equal(host_poll(server.t, receive), by_fault ? MSG_FAULT : MSG_CALL); /* a step for the first of them is under way */
    host_current(high.t);
    if (by_fault)
        assert_false(host_store(high.t, VA, 1));
    else
        assert_int_equal(host_ipc(high.t, SYS_CALL, 0, send), HOST_BLOCKED);
    SYS_OK(init, THREAD_STOP, INIT_H_THREAD);
    for (unsigned steps = 1; steps < 2 * LOW; steps++) {
        struct thread *r = hart0->current;
        if (r != server.t)
            return 1000; /* somebody between runs while both wait */
        uint64_t id = r->x[X_T2];
        r->x[X_T3] = id;
        if (by_fault)
            (void)host_fault_reply(r, id, FAULT_RETRY, 0, 0, 0, 0);
        else
            (void)host_ipc(r, SYS_REPLY, 0, 0);
        if (high.t->state == T_READY || high.t->state == T_RUNNING)
            return steps;
        if (hart0->current == server.t)
            (void)host_ipc(r, SYS_RECV, 0, receive);
    }
    return 1000;
}
static void a_flood_from_below_delays_by_one_step(void **context)
{
    (void)context;
    static const unsigned own_prios[] = {1, 50, 120, 150, 240};
    for (unsigned i = 0; i < 5; i++)
        for (unsigned by_fault = 0; by_fault < 2; by_fault++)
            assert_in_range(steps_until_answered(own_prios[i], by_fault), 1, 2);
}

/* A server with callers below a thread that is ready does not run before it, whatever its own priority is. */
static void a_server_does_not_outrank_its_caller(void **context)
{
    (void)context;
    late = ALL;
    build_world();
    SYS_OK(init, THREAD_PRIO, th[C].h, 50);
    SYS_OK(init, THREAD_PRIO, th[A].h, 240);
    base[C] = 50, base[A] = 240;
    called(C, A);
    SYS_OK(init, THREAD_PRIO, th[D].h, 100);
    SYS_OK(init, THREAD_STOP, INIT_H_THREAD);
    assert_ptr_equal(hart0->current, th[D].t);
    ntfn_signal(th[A].t->bound, 1); /* work of its own: that it does at its own priority, and its client's first */
    host_exit();
    assert_ptr_equal(hart0->current, th[A].t);
    assert_int_equal(th[A].t->prio, 240);
    assert_int_equal(poll_at(A), MSG_NOTIFY);
    host_check();
}

/* ---- long chains ---- */

#define LONG 40
static struct host_thread link_of[LONG];
static struct host_sched root;
static void check_kernel(void) /* without priorities, which do not reach everybody here */
{
    uint64_t where;
    assert_int_equal(kernel_check(&where), 0);
}
static void build_chain(void)
{
    host_boot();
    struct host_space s = host_space();
    handle_t send[LONG], receive[LONG];
    for (unsigned i = 0; i < LONG; i++) {
        struct host_ep e = host_ep();
        link_of[i] = host_thread(&s);
        SYS_OK(init, THREAD_PRIO, link_of[i].h, 10);
        send[i] = host_give(&s, e.h, RIGHT_SEND, 0);
        receive[i] = host_give(&s, e.h, RIGHT_RECV, 0);
    }
    root = host_sched(1000, 10000, 60);
    SYS_OK(init, THREAD_SCHED, link_of[0].h, root.h);
    for (unsigned i = 0; i + 1 < LONG; i++) {
        assert_int_equal(host_ipc(link_of[i + 1].t, SYS_RECV, 0, receive[i + 1]), HOST_BLOCKED);
        host_current(link_of[i].t);
        assert_int_equal(host_ipc(link_of[i].t, SYS_CALL, 0, send[i + 1]), HOST_BLOCKED);
    }
    check_kernel();
}
static void a_context_reaches_so_many(void **context)
{
    (void)context;
    build_chain();
    for (unsigned i = 0; i < LONG; i++) {
        assert_ptr_equal(link_of[i].t->ctx, i < LEND_CHAIN ? root.c : 0);
        assert_int_equal(link_of[i].t->prio, 60);
    }
    host_destroy(root.h);
    for (unsigned i = 0; i < LONG; i++)
        assert_ptr_equal(link_of[i].t->ctx, 0);
    check_kernel();
    build_chain();
    SYS_OK(init, THREAD_STOP, link_of[0].h); /* the rest stands as it is, on the second one's time: that has no context */
    for (unsigned i = 1; i < LONG; i++)
        assert_ptr_equal(link_of[i].t->ctx, 0);
    check_kernel();
    root = host_sched(1000, 10000, 70);
    SYS_OK(init, THREAD_SCHED, link_of[1].h, root.h);
    for (unsigned i = 1; i < LONG; i++)
        assert_ptr_equal(link_of[i].t->ctx, i <= LEND_CHAIN ? root.c : 0);
    check_kernel();
}
static void a_priority_reaches_so_many(void **context)
{
    (void)context;
    build_chain();
    SYS_OK(init, THREAD_PRIO, link_of[0].h, 90);
    for (unsigned i = 0; i < LONG; i++)
        assert_int_equal(link_of[i].t->prio, i < LEND_STEPS ? 90 : 60);
}

/* Each waits for the other: nothing loops, and a deadline undoes it. */
static void a_circle_of_calls_is_undone(void **context)
{
    (void)context;
    late = B;
    build_world();
    calls[B][A] = host_give(&space[B], ep[A].h, RIGHT_SEND, 0);
    called(C, A);
    called(A, B);
    call(B, A, 0);
    host_check();
    SYS_OK(init, THREAD_PRIO, th[C].h, base[C] = 199);
    assert_int_equal(th[B].t->prio, 199);
    host_ticks(600);
    cut_out(B);
    compare(runs, EVENTS - 1, B);
    SYS_OK(init, THREAD_PRIO, th[C].h, base[C] = 30);
    compare(runs, EVENTS - 1, B);
    host_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_is_stopped),
        cmocka_unit_test(a_thread_is_started_anew),
        cmocka_unit_test(a_thread_ends),
        cmocka_unit_test(a_deadline_passes),
        cmocka_unit_test(a_server_dies),
        cmocka_unit_test(an_endpoint_ends),
        cmocka_unit_test(a_server_defers),
        cmocka_unit_test(a_server_answers),
        cmocka_unit_test(a_context_is_taken_away),
        cmocka_unit_test(a_context_ends),
        cmocka_unit_test(a_context_is_set),
        cmocka_unit_test(a_priority_is_set),
        cmocka_unit_test(a_flood_from_below_delays_by_one_step),
        cmocka_unit_test(a_server_does_not_outrank_its_caller),
        cmocka_unit_test(a_context_reaches_so_many),
        cmocka_unit_test(a_priority_reaches_so_many),
        cmocka_unit_test(a_circle_of_calls_is_undone),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
