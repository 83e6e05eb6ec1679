/* SPDX-License-Identifier: MIT
 * 140,000 random system calls, with loads and stores between, by threads of three spaces on two harts, with fixed seeds. The
 * kernel must neither panic nor touch what it should not; every 64 calls everything it keeps is checked and counted anew
 * from the tables, every 8 the TLB model is asked. Before each call the reference model (kernel/predict.h) says what it will
 * come to: a certain prediction must be right, and 95 % must be certain. PAGODA_CALLS=1000000: so many in all.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <stdio.h>
#include <stdlib.h> /* PAGODA_VERBOSE=1 shows how often each call met which error */

#include "predict.h"

#define SEEDS 4ul
#define CALLS_OF_A_SEED 35000ul
#define SPACES 3
#define THREADS 10
#define ENDPOINTS 3
#define IDS 16
#define SHARED_2MIB 0x40200000UL /* init maps no frame of its own here: else nobody could share the leaf table */

static struct host_space space[SPACES];
static struct host_thread thread[THREADS];
static struct host_ep ep[ENDPOINTS];
static struct host_ntfn ntfn[2];
static struct host_sched sched[2];
static unsigned seen_spent, seen_lent, seen_debt; /* threads out of budget, on another's, on debt */
static uint64_t seen_id[IDS]; /* reply ids that somebody was given */
static unsigned long done[256], succeeded[256], refused[256][32];
static unsigned long certain[256], predicted, calls_made; /* predictions of one outcome; that, and all, of all calls */

static bool lives(handle_t h)
{
    const struct handle *slot = handle_slot(init_space, h);
    return h && slot && slot->word && handle_live(slot);
}

static vaddr_t any_page(void);

/* ---- the world: init mends what the others break ---- */

static void give_handles(unsigned i)
{
    static const unsigned rights[] = {RIGHTS_ALL, RIGHTS_ALL, RIGHTS_ALL & ~RIGHT_OWN, RIGHTS_ALL, RIGHT_RECV | RIGHT_GRANT};
    struct space *s = space[i].space;
    const handle_t all[] = {space[0].h, space[1].h, space[2].h, ep[0].h, ep[1].h, ep[2].h, ntfn[0].h, ntfn[1].h, sched[0].h, sched[1].h, INIT_H_KERNEL,
                            thread[host_below(THREADS)].h};
    for (unsigned n = 0; n < 4; n++) {
        unsigned k = host_below(sizeof(all) / sizeof(all[0]));
        unsigned r = rights[host_below(5)];
        if (lives(all[k]))
            (void)SYS(init, HANDLE_INSTALL, space[i].h, 1 + host_below(24), all[k], r, host_below(2) ? host_below(100) : 0);
    }
    while (!handle_has_room(s) && host_below(4)) /* a full table is a state worth being in, now and then */
        (void)SYS(init, HANDLE_CLOSE, space[i].h, 1 + host_below(s->handle_room - 1));
}

/* Frames for init's objects are few: what is not reachable any more has been destroyed through its own handle before. */
static void mend_space(unsigned i)
{
    if (!lives(space[i].h)) {
        if (space[i].h)
            (void)SYS(init, HANDLE_CLOSE, 0, space[i].h);
        space[i] = host_space();
    }
    for (unsigned which = 0; which < 2; which++)
        (void)SYS(init, SPACE_HANDLER, space[i].h, which, lives(ep[which].h) && host_below(8) ? ep[which].h : 0, 40 + i);
    vaddr_t va = any_page();
    for (unsigned n = 0; n < 2 && host_below(3); n++)
        (void)SYS(init, SPACE_TABLE, space[i].h, host_below(4) ? va : WINDOW_BASE + 0x80000000UL, host_kframe());
    uint64_t f = host_user_chunk(5) * FRAMES_PER_CHUNK + host_below(20);
    if (va >> CHUNK_SHIFT != SHARED_2MIB >> CHUNK_SHIFT)
        (void)SYS(init, SPACE_MAP_FRAME, space[i].h, va, f, PROT_R | (host_below(2) ? PROT_W : 0));
    give_handles(i);
}

static void mend_thread(unsigned i)
{
    if (!lives(thread[i].h)) {
        if (thread[i].h)
            (void)SYS(init, HANDLE_CLOSE, 0, thread[i].h);
        thread[i] = host_thread_on(&space[i % SPACES], i % 4 == 3 ? hart1 : hart0);
    }
    struct thread *t = thread[i].t;
    if (t->state == T_STOPPED)
        (void)SYS(init, THREAD_RESUME, thread[i].h);
    else if (host_below(12) == 0 && t->state > T_RUNNING)
        (void)SYS(init, THREAD_START, thread[i].h, HOST_PC + 4, 0, 0, 0);
}

static void mend_object(handle_t *h, unsigned type)
{
    if (lives(*h))
        return;
    if (*h)
        (void)SYS(init, HANDLE_CLOSE, 0, *h);
    SYS_OK(init, OBJECT_CREATE, type, host_kframe(), 0);
    *h = init->x[REG_A1];
}

static void mend(void)
{
    for (unsigned i = 0; i < ENDPOINTS; i++)
        mend_object(&ep[i].h, OBJ_ENDPOINT);
    for (unsigned i = 0; i < 2; i++) {
        mend_object(&ntfn[i].h, OBJ_NTFN);
        mend_object(&sched[i].h, OBJ_SCHED);
    }
    for (unsigned i = 0; i < SPACES; i++)
        mend_space(i);
    for (unsigned i = 0; i < THREADS; i++)
        mend_thread(i);
}

static void begin(uint64_t seed)
{
    host_boot();
    host_seed(seed);
    for (unsigned i = 0; i < SPACES; i++)
        space[i].h = 0;
    for (unsigned i = 0; i < THREADS; i++)
        thread[i].h = 0;
    for (unsigned i = 0; i < ENDPOINTS; i++)
        ep[i].h = 0;
    ntfn[0].h = ntfn[1].h = sched[0].h = sched[1].h = 0;
    mend();
    for (unsigned i = 0; i < SPACES; i++) {
        if (i < 2)
            SYS_OK(init, CHUNK_RETYPE, host_user_chunk(2 + i), CHUNK_KERNEL);
        SYS_OK(init, CHUNK_GRANT, host_user_chunk(i < 2 ? i : 4), space[i].h);
        SYS_OK(init, CHUNK_GRANT, host_user_chunk(i < 2 ? 2 + i : 6), space[i].h);
    }
}

/* ---- arguments that have a chance ---- */

static handle_t any_handle(void) { return host_below(20) ? 1 + host_below(24) : host_below(300); }

/* A handle of t's to an object of this type, most of the time. */
static handle_t handle_of(const struct thread *t, unsigned type)
{
    for (unsigned n = 0; n < 60 && host_below(30); n++) {
        const struct handle *h = handle_slot(t->space, 1 + host_below(24));
        if (h && h->word && handle_type(h) == type && handle_live(h))
            return h - t->space->handle;
    }
    return any_handle();
}

static unsigned first_type(unsigned nr)
{
    if (nr == SYS_CALL || nr == SYS_RECV || nr == SYS_REPLY_RECV || nr == SYS_FAULT_REPLY_RECV)
        return OBJ_ENDPOINT;
    if (nr == SYS_SIGNAL || nr == SYS_WAIT)
        return host_below(3) ? OBJ_NTFN : OBJ_THREAD;
    if ((nr >= SYS_THREAD_START && nr <= SYS_THREAD_HART) || nr == SYS_THREAD_SCHED)
        return OBJ_THREAD;
    if (nr == SYS_SCHED_SET || nr == SYS_SCHED_INFO)
        return OBJ_SCHED;
    if ((nr >= SYS_SPACE_HANDLER && nr <= SYS_SPACE_UNSHARE_TABLE && nr != SYS_SPACE_MAP_DEVICE) || nr == SYS_WINDOW_MAP ||
        nr == SYS_HANDLE_INSTALL || nr == SYS_HANDLE_INSTALL_SET || nr == SYS_HANDLE_CLOSE || nr == SYS_HANDLE_GROW || nr == SYS_HANDLE_INFO)
        return OBJ_SPACE;
    if (nr == SYS_IRQ_BIND || nr == SYS_IRQ_ACK)
        return OBJ_IRQ;
    return nr >= SYS_IRQ_CREATE || nr == SYS_SPACE_MAP_DEVICE ? OBJ_KERNEL : host_below(8) ? 1 + host_below(OBJ_NTFN) : OBJ_SCHED;
}

/* An id that somebody in t's space was given and has not answered, most of the time. */
static uint64_t id_of(const struct thread *t, bool fault)
{
    const struct space *s = t->space;
    const struct link *list = fault ? &s->faulters : &s->callers;
    const struct thread *alone = fault ? s->served_fault : s->served_call;
    if (alone && host_below(3))
        return fault ? alone->fault.id : alone->reply_id;
    if (list->next == list || host_below(5) == 0)
        return host_below(10) ? seen_id[host_below(IDS)] : host_random() << 20;
    const struct link *l = host_below(2) ? list->next : list->prev;
    const struct thread *c = fault ? container_of(l, struct thread, fault_link) : container_of(l, struct thread, call_link);
    return fault ? c->fault.id : c->reply_id;
}

static vaddr_t any_page(void)
{
    static const vaddr_t base[] = {0x40000000, SHARED_2MIB, 0x1000000000UL, WINDOW_BASE + 0x80000000UL, USER_VA_END - 0x10000};
    return base[host_below(host_below(8) ? 3 : 5)] + host_below(8) * PAGE_SIZE;
}
static uint64_t any_chunk(void) { return host_user_chunk(0) - (host_below(10) ? 0 : 5) + host_below(7); }
static uint64_t any_frame(void)
{
    return host_below(10) ? any_chunk() * FRAMES_PER_CHUNK + host_below(24) : ram_first + host_below(ram_end - ram_first + 2);
}
/* A frame of a chunk that t's space owns, of the kind wanted, most of the time. */
static uint64_t frame_for(const struct thread *t, unsigned kind)
{
    for (unsigned n = 0; n < 40 && host_below(30); n++) {
        uint64_t c = host_user_chunk(host_below(6)); /* not the last one, which stays free to be granted and retyped */
        frame_t f = c * FRAMES_PER_CHUNK + host_below(kind == FRAME_KFREE ? 300 : 24);
        if (frame_in_ram(f) && frame_info_of(f)->owner == t->space->frame && frame_info_of(f)->kind == kind)
            return f;
    }
    return any_frame();
}
static uint64_t any_word(void)
{
    switch (host_below(4)) {
    case 0:
        return host_below(16);
    case 1:
        return any_page();
    case 2:
        return any_frame();
    default:
        return host_random() << host_below(12);
    }
}

static void fill_ipc(struct thread *t, uint64_t *flags)
{
    *flags = host_below(8) | (host_below(3) ? 0 : IPC_F_HANDLE2);
    if (host_below(3))
        *flags |= IPC_F_DEADLINE; /* else they would all wait for ever */
    t->x[X_T2] = host_below(3) ? host_time + host_below(20000) : host_below(2) ? DEADLINE_POLL : DEADLINE_NONE;
    t->x[X_T3] = any_page() + host_below(100);
    t->x[X_T4] = host_below(3 * PAGE_SIZE) | host_random() << 62;
    t->x[X_T5] = any_page();
    t->x[X_T6] = host_below(100) | host_random() << 62;
    if (*flags & IPC_F_HANDLE)
        t->x[X_T1] = any_handle() | (uint64_t)host_below(256) << 32 | (host_below(2) ? XFER_MOVE : 0);
    if (*flags & IPC_F_HANDLE2)
        t->x[X_T0] = any_handle() | (uint64_t)host_below(256) << 32 | (host_below(5) ? 0 : XFER_MOVE);
}

static uint32_t install_entry(struct thread *t)
{
    return INSTALL_ENTRY(host_below(31), handle_of(t, OBJ_ENDPOINT), host_below(3) ? 1 : host_below(256), host_below(7) % 4);
}

static void fill(struct thread *t, unsigned nr)
{
    uint64_t *a = &t->x[REG_A0], flags = 0;
    for (unsigned i = 0; i < 6; i++)
        a[i] = any_word();
    a[0] = handle_of(t, first_type(nr));
    if (nr <= SYS_WAIT)
        fill_ipc(t, &flags);
    if (nr == SYS_REPLY || nr == SYS_REPLY_RECV)
        t->x[X_T3] = id_of(t, false), t->x[REG_A1] = host_below(2);
    if (nr == SYS_FAULT_REPLY || nr == SYS_FAULT_REPLY_RECV) {
        a[1] = (1 + host_below(5)) | host_below(16) << 8 | host_below(8) << 16;
        a[2] = frame_for(t, FRAME_USER), a[3] = frame_for(t, FRAME_KFREE), a[4] = frame_for(t, FRAME_KFREE);
        t->x[X_T3] = id_of(t, true);
    }
    if (nr == SYS_COPY)
        a[0] = id_of(t, false), a[1] = host_below(2) | (host_below(2) ? COPY_TO_CLIENT : 0) | (host_below(9) ? 0 : 1UL << 32), a[2] = host_below(40),
        a[3] = any_page(), a[4] = host_below(host_below(4) ? 50 : 5000), a[5] = 0;
    if (nr == SYS_REPLY_ALIVE)
        a[0] = id_of(t, false);
    if (nr >= SYS_HANDLE_COPY && nr <= SYS_THREAD_INFO)
        a[1] = host_below(2) ? any_handle() : any_word(), a[2] = host_below(2) ? any_handle() : any_word(),
        a[3] = host_below(256);
    if (nr == SYS_HANDLE_GROW)
        a[1] = frame_for(t, FRAME_KFREE);
    if (nr == SYS_HANDLE_INSTALL_SET)
        for (unsigned i = 3; i < 7; i++)
            a[i] = host_below(3) ? install_entry(t) | (uint64_t)install_entry(t) << 32 : 0;
    if (nr == SYS_OBJECT_CREATE)
        a[0] = host_below(OBJ_TYPES), a[1] = frame_for(t, FRAME_KFREE), a[3] = host_below(3) ? a[0] == OBJ_SPACE ? handle_of(t, OBJ_ENDPOINT) : THREAD_AT(host_below(256), host_below(3)) : 0,
        a[2] = a[0] == OBJ_THREAD ? handle_of(t, OBJ_SPACE) : frame_for(t, FRAME_KFREE);
    if (nr == SYS_THREAD_BIND || nr == SYS_IRQ_BIND)
        a[1] = handle_of(t, OBJ_NTFN);
    if (nr == SYS_SCHED_SET)
        a[1] = host_below(8) ? SCHED_BUDGET_MIN + host_below(2000) : any_word(), a[2] = host_below(8) ? a[1] + host_below(9000) : any_word(),
        a[3] = host_below(300);
    if (nr == SYS_THREAD_SCHED)
        a[1] = host_below(4) ? handle_of(t, OBJ_SCHED) : 0;
    if (nr == SYS_THREAD_REGS_COPY)
        a[1] = handle_of(t, OBJ_THREAD), a[2] = host_below(8) ? host_below(2) : any_word();
    if (nr == SYS_SPACE_HANDLER)
        a[1] = host_below(2), a[2] = handle_of(t, OBJ_ENDPOINT);
    if (nr == SYS_TRACE_READ || nr == SYS_KERNEL_INFO)
        a[1] = host_below(3), a[2] = host_below(200);
    if (nr == SYS_THREAD_START)
        a[1] = HOST_PC + 4, a[5] = host_below(8) ? host_below(2) : any_word();
    if (nr >= SYS_SPACE_TABLE && nr <= SYS_SPACE_UNSHARE_TABLE) {
        bool two = nr == SYS_SPACE_SHARE || nr == SYS_SPACE_SHARE_TABLE;
        a[1] = two ? handle_of(t, OBJ_SPACE) : any_page();
        bool table = nr == SYS_SPACE_TABLE || nr == SYS_SPACE_UNSHARE_TABLE;
        a[2] = two ? any_page() : nr == SYS_SPACE_MAP_FRAME ? frame_for(t, FRAME_USER) : table ? frame_for(t, FRAME_KFREE)
                                                                                               : host_below(70);
        if ((nr == SYS_SPACE_SHARE_TABLE || nr == SYS_SPACE_UNSHARE_TABLE) && host_below(4))
            a[two ? 2 : 1] = SHARED_2MIB + host_below(8) * PAGE_SIZE;
        a[3] = two ? host_below(40) : host_below(16);
        a[4] = two ? host_below(2) : 0;
        if (nr == SYS_SPACE_SHARE && host_below(2))
            a[4] = SHARE_WITH(a[4], frame_for(t, FRAME_KFREE), frame_for(t, FRAME_KFREE));
        if (nr == SYS_SPACE_UNMAP)
            a[3] = host_below(8) ? host_below(2) : a[3];
        a[5] = nr == SYS_SPACE_MAP && host_below(2) ? frame_for(t, FRAME_USER) : 0;
    }
    if (nr == SYS_SPACE_BATCH)
        a[0] = frame_for(t, FRAME_USER);
    if (nr == SYS_SPACE_MAP_DEVICE)
        a[1] = handle_of(t, OBJ_SPACE), a[2] = any_page(), a[3] = host_below(3) ? 0x10000000 : any_word() & ~PAGE_MASK;
    if (nr == SYS_CHUNK_RETYPE)
        a[0] = host_below(2) ? host_user_chunk(6) : any_chunk(), a[1] = 2 + host_below(2);
    if (nr == SYS_CHUNK_GRANT)
        a[0] = host_below(2) ? host_user_chunk(6) : any_chunk(), a[1] = handle_of(t, OBJ_SPACE);
    if (nr == SYS_WINDOW_MAP)
        a[1] = any_chunk();
    t->x[X_A7] = nr | flags << 8;
}

static struct thread *any_runnable(void)
{
    for (unsigned n = 0; n < 40; n++) {
        struct host_thread *t = &thread[host_below(THREADS)];
        if (lives(t->h) && (t->t->state == T_READY || t->t->state == T_RUNNING))
            return t->t;
    }
    return 0;
}

/* Anything in any register. */
static unsigned fill_wild(struct thread *t)
{
    unsigned nr = host_below(4) ? host_below(SYSCALL_LIMIT) : host_below(256);
    for (unsigned i = 1; i < 32; i++)
        t->x[i] = host_below(3) ? any_word() : host_random();
    t->x[REG_A0] = host_below(2) ? any_handle() : any_word();
    t->x[X_A7] = nr | host_below(8) << 8 | host_random() << 16;
    return nr;
}

static unsigned any_call(const struct thread *t)
{
    static const uint8_t answer[] = {SYS_REPLY, SYS_REPLY_RECV, SYS_COPY, SYS_COPY, SYS_REPLY_ALIVE};
    if ((t->space->served_call || !link_empty(&t->space->callers)) && host_below(2))
        return answer[host_below(sizeof(answer))];
    if ((t->space->served_fault || !link_empty(&t->space->faulters)) && host_below(2))
        return SYS_FAULT_REPLY + host_below(2);
    static uint8_t known[SYSCALL_LIMIT];
    static unsigned n;
    if (!n) {
#define ADD_CALL(name, number, args, text) known[n++] = (number);
        SYSCALLS(ADD_CALL)
    }
    unsigned nr = host_below(2) ? known[host_below(n)] : host_below(12); /* messages half of the time */
    bool rare = nr == SYS_OBJECT_DESTROY || nr == SYS_CHUNK_GRANT || nr == SYS_CHUNK_RETYPE || nr == SYS_HANDLE_REVOKE ||
                nr == SYS_KERNEL_CHECK;
    return rare && host_below(6) ? SYS_CALL : nr;
}

static void one_access(struct thread *t)
{
    uint64_t value;
    vaddr_t va = any_page() + host_below(100) * 8;
    unsigned kind = host_below(3);
    unsigned level;
    pte_t *e = arch_walk(t->space->root, va, &level);
    if (e && (*e & PTE_V) && arch_pte_is_leaf(*e) && !frame_in_ram(PTE_FRAME(*e)))
        return; /* a device */
    if (e && level == 1 && arch_pte_is_leaf(*e) && kind == 1)
        return; /* an owner may write all it likes into its own frames, batch page included; not here */
    (void)(kind == 0 ? host_load(t, va, &value) : kind == 1 ? host_store(t, va, host_random()) : host_fetch(t, va));
}

/* Whom the scheduler lets run on one of the harts; 0: none of ours. The others are put there, so the hart has to look up after
 * that, which the fast path leaves to the general one. */
static struct thread *scheduled(void)
{
    host_hart = &harts[host_below(HOST_HARTS)];
    const struct thread *t = sched_exit();
    for (unsigned i = 0; i < THREADS; i++)
        if (lives(thread[i].h) && thread[i].t == t)
            return thread[i].t;
    return 0;
}

/* What clients, servers and pagers do most, with nothing unusual about it; or with one thing. */
static unsigned fill_usual(struct thread *t)
{
    const struct thread *c = t->client;
    bool fault = c && c->paged_by == t;
    unsigned nr = host_below(3) ? SYS_CALL : SYS_RECV;
    for (unsigned i = 0; i < 6; i++)
        t->x[REG_A1 + i] = any_word();
    t->x[REG_A0] = handle_of(t, OBJ_ENDPOINT);
    if (c && host_below(8)) {
        nr = fault ? SYS_FAULT_REPLY_RECV : SYS_REPLY_RECV;
        t->x[REG_A0] = host_below(8) ? t->standing : t->x[REG_A0];
        t->x[X_T3] = fault ? c->fault.id : c->reply_id;
    }
    if (fault) {
        static const uint8_t verdict[] = {FAULT_MAP, FAULT_MAP, FAULT_UPGRADE, FAULT_RETRY};
        static const uint8_t prot[] = {PROT_R, PROT_R | PROT_W, PROT_R | PROT_X, PROT_R | PROT_COW, PROT_R | PROT_COW};
        t->x[REG_A1] = verdict[host_below(4)] | (uint64_t)prot[host_below(5)] << 8;
        t->x[REG_A2] = frame_for(t, FRAME_USER);
        t->x[REG_A2 + 1] = frame_for(t, FRAME_KFREE), t->x[REG_A2 + 2] = frame_for(t, FRAME_KFREE);
    }
    static const uint8_t one[] = {REG_A0, REG_A1, REG_A2, X_T3};
    if (host_below(8) == 0)
        t->x[one[host_below(4)]] ^= 1UL << host_below(64);
    t->x[X_A7] = nr;
    return nr;
}

static void one_step(void)
{
    struct thread *t = host_below(2) ? scheduled() : 0;
    bool usual = t != 0;
    t = t ? t : any_runnable();
    if (!t) {
        mend();
        return;
    }
    if (host_below(usual ? 3 : 10) == 0) {
        one_access(t);
        return;
    }
    frame_t f = t->frame;
    unsigned nr;
    if (usual && host_below(8))
        nr = fill_usual(t);
    else if (host_below(16) == 0)
        nr = fill_wild(t);
    else
        fill(t, nr = any_call(t));
    host_current(t); /* as the call will find it */
    const uint64_t a0 = t->x[REG_A0], a1 = t->x[REG_A1];
    outcome_t may = predict(t);
    long e = host_ecall(t);
    if (!(may & outcome_of(e)))
        fail_msg("call %u (0x%lx, 0x%lx) came to %ld; foretold was the set 0x%x", nr, a0, a1, e, may);
    calls_made++;
    predicted += outcome_is_certain(may);
    certain[nr] += outcome_is_certain(may);
    done[nr]++;
    succeeded[nr] += e >= 0 || e == HOST_BLOCKED;
    if (e < 0 && e > -32)
        refused[nr][-e]++;
    if (frame_info_of(f)->kind == FRAME_THREAD && e > 0)
        seen_id[host_below(IDS)] = t->x[X_T2];
}

static void batch_pages(void)
{
    for (unsigned i = 0; i < SPACES; i++) {
        if (!lives(space[i].h) || !space[i].space->batch)
            continue;
        uint64_t *list = frame_va(space[i].space->batch);
        for (unsigned k = 0; k < 70; k++)
            list[k] = host_below(3) ? (space[i].space->batch & ~511u) + host_below(24) : 0;
    }
}

static void look_at_budgets(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        seen_spent += lives(thread[i].h) && thread[i].t->state == T_SPENT;
        seen_lent += lives(thread[i].h) && thread[i].t->ctx && thread[i].t->ctx != thread[i].t->own;
        seen_debt += lives(thread[i].h) && thread[i].t->ctx && thread[i].t->ctx->left < 0;
    }
}

/* Of each seed. Steps on which nobody calls are not counted; there are fewer of them than four for each call. */
static unsigned long calls_wanted(void)
{
    const char *in_all = getenv("PAGODA_CALLS");
    return in_all ? ((unsigned long)atol(in_all) + SEEDS - 1) / SEEDS : CALLS_OF_A_SEED;
}

static void run(uint64_t seed)
{
    unsigned long wanted = calls_wanted(), before = calls_made;
    begin(seed);
    host_compares = seed & 1; /* half of them: the others see the fast path's own flushes */
    tlb_check_always = false;
    for (unsigned long n = 0; calls_made < before + wanted; n++) {
        assert_true(n < 5 * wanted + 1000);
        host_irq_every = host_below(4);
        one_step();
        if (host_below(50) == 0)
            host_ticks(host_below(2000));
        if (n % 32 == 0)
            mend();
        if (n % 64 == 0)
            batch_pages();
        if (n % 8 == 0 && tlb_violation())
            fail_msg("step %lu: %s", n, tlb_violation());
        if (n % 64 == 0)
            host_check();
        if (n % 16 == 0)
            look_at_budgets();
    }
    host_check();
}

#define SEED(n) \
    static void random_calls_##n(void **context) \
    { \
        (void)context; \
        run(n); \
    }
SEED(11) SEED(22) SEED(33) SEED(44)

/* The test is worth something only if all calls were made, and all but a few succeeded at times. */
static void every_call_was_made(void **context)
{
    (void)context;
    unsigned never = 0;
    for (unsigned i = 0; i < 256; i++) {
        if (getenv("PAGODA_VERBOSE") && done[i] && i < SYSCALL_LIMIT) {
            printf("call %u: %lu, %lu foretold, %lu succeeded; errors:", i, done[i], certain[i], succeeded[i]);
            for (unsigned k = 1; k < 32; k++)
                if (refused[i][k])
                    printf(" -%u: %lu", k, refused[i][k]);
            printf("\n");
        }
#define WAS_MADE(name, number, args, text) \
        if (i == (number) && !done[i]) \
            fail_msg(#name " was never made"); \
        never += i == (number) && !succeeded[i];
        SYSCALLS(WAS_MADE)
    }
    assert_true(never <= 3);
    if (getenv("PAGODA_VERBOSE"))
        printf("out of budget %u, on another's %u, on debt %u\n", seen_spent, seen_lent, seen_debt);
    assert_true(seen_spent && seen_lent && seen_debt);
}

static void most_outcomes_were_foretold(void **context)
{
    (void)context;
    printf("%lu calls made of %lu wanted, %.2f %% foretold\n", calls_made, SEEDS * calls_wanted(), 100.0 * (double)predicted / (double)calls_made);
    assert_true(calls_made >= SEEDS * calls_wanted());
    assert_true(predicted * 100 >= calls_made * 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_calls_11), cmocka_unit_test(random_calls_22), cmocka_unit_test(random_calls_33),
        cmocka_unit_test(random_calls_44), cmocka_unit_test(every_call_was_made),
        cmocka_unit_test(most_outcomes_were_foretold),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
