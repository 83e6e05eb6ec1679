/* SPDX-License-Identifier: MIT
 * Threads, objects and system calls for host tests. Everything is made by init through the system calls themselves; the
 * tests reach into control blocks to look, and only host_current changes one behind the kernel's back.
 */
#include <string.h>

#include "host.h"
#include "irq.h"

void host_machine_boot(void);

struct thread *init;
struct space *init_space;
struct hart *const hart0 = &harts[0], *const hart1 = &harts[1];
unsigned host_entries;
static frame_t kernel_next, user_next;

/* ---- running ---- */

/* What a scheduler might have decided: t runs now on its hart, the thread that ran there is ready. */
void host_current(struct thread *t)
{
    struct hart *h = t->hart;
    host_hart = h;
    if (h->current == t && t->state == T_RUNNING)
        return;
    if (t->state != T_READY)
        host_die("a thread can't run: state", t->state);
    if (h->current && h->current->state == T_RUNNING) {
        h->current->state = T_READY;
        queue_add_head(&h->runq, h->current, h->current->prio);
    }
    queue_remove(t);
    t->state = T_RUNNING;
    t->slice_end = host_time + 100000;
    h->current = t;
    budget_switch(h, t->ctx);
    if (h->space != t->space)
        arch_space_activate(t->space);
}

/* The other hart gets its interrupt if the entry made somebody ready there. */
void host_exit(void)
{
    struct hart *mine = host_hart;
    assert_int_equal(sched_exit()->state, T_RUNNING);
    for (unsigned i = 0; i < hart_count; i++) {
        host_hart = &harts[i];
        if (host_hart != mine && (host_hart->resched || !host_hart->current) && queue_top(&host_hart->runq))
            sched_exit();
        if (tlb_speculates)
            tlb_fill(host_hart);
    }
    host_hart = mine;
    const char *wrong = tlb_check_always ? tlb_violation() : 0;
    if (wrong)
        fail_msg("%s", wrong);
}

long host_result(const struct thread *t)
{
    bool back = (t->state == T_READY || t->state == T_RUNNING || t->state == T_STOPPED || t->state == T_SPENT) && t->x[REG_PC] != HOST_PC;
    return back ? (long)t->x[REG_A0] : HOST_BLOCKED;
}

/* ---- the fast path: host_fast.h ---- */

unsigned host_fast_taken;
bool host_compares;
struct thread *fast_null(struct thread *cur), *fast_call(struct thread *cur), *fast_reply_recv(struct thread *cur), *fast_fault_reply_recv(struct thread *cur), *fast_fault(struct thread *cur);
struct thread *fast_signal(struct thread *cur), *fast_irq(struct thread *cur), *fast_reply(struct thread *cur), *fast_recv(struct thread *cur);
uint64_t host_fault_va, host_fault_access, host_fault_cause;
static unsigned irq_waiting;

static struct thread *fast_way(struct thread *t)
{
    switch (t->x[X_A7]) {
    case SYS_NULL:
        return fast_null(t);
    case SYS_CALL:
        return fast_call(t);
    case SYS_REPLY_RECV:
        return fast_reply_recv(t);
    case SYS_FAULT_REPLY_RECV:
        return fast_fault_reply_recv(t);
    case SYS_SIGNAL:
        return fast_signal(t);
    case SYS_REPLY:
        return fast_reply(t);
    case SYS_RECV:
        return fast_recv(t);
    default:
        return 0;
    }
}

static bool has_fast_way(const struct thread *t)
{
    uint64_t nr = t->x[X_A7];
    return nr == SYS_NULL || nr == SYS_CALL || nr == SYS_REPLY_RECV || nr == SYS_FAULT_REPLY_RECV || nr == SYS_SIGNAL || nr == SYS_REPLY || nr == SYS_RECV;
}

/* The fast path's end, after host_keep(HOST_BEFORE): true if the general one has to do it, anew or for the first time. */
static bool host_goes_on(bool fast)
{
    host_fast_taken += fast;
    if (!host_compares)
        return !fast;
    host_keep(HOST_FAST);
    if (fast)
        host_back(HOST_BEFORE);
    else
        host_same(HOST_BEFORE, HOST_FAST);
    return true;
}

static void host_did_again(void)
{
    (void)sched_exit();
    host_keep(HOST_GENERAL);
    host_same(HOST_FAST, HOST_GENERAL);
}

static void host_system_call(struct thread *t)
{
    bool fast = false;
    if (has_fast_way(t)) {
        if (host_compares)
            host_keep(HOST_BEFORE);
        fast = fast_way(t) != 0;
        if (!host_goes_on(fast))
            return;
    }
    if (fast)
        count(KC_TRAP + 8);
    syscall_dispatch(t);
    if (fast)
        host_did_again();
}

void host_fast_keep_words(struct thread *to, const struct thread *from);
void host_fast_keep_words(struct thread *to, const struct thread *from)
{
    static const uint8_t word[] = {11, 12, 13, 14, 15, 16, X_T0, X_T1};
    for (unsigned i = 0; i < sizeof(word); i++)
        to->x[word[i]] = from->x[word[i]];
}

void host_fast_words(struct thread *to, const struct thread *from);
void host_fast_words(struct thread *to, const struct thread *from)
{
    static const uint8_t other[] = {X_T2, X_A7, X_T3, X_T4, X_T5, X_T6};
    host_fast_keep_words(to, from);
    for (unsigned i = 0; i < sizeof(other); i++)
        to->x[other[i]] = 0xdeadUL << 32 | other[i];
}

void host_fault(struct thread *t, vaddr_t va, unsigned access)
{
    host_fault_va = va, host_fault_access = access;
    host_fault_cause = (access == FAULT_ACCESS_X ? 12 : access == FAULT_ACCESS_R ? 13 : 15) - FAST_CAUSE_FIRST;
    if (host_compares)
        host_keep(HOST_BEFORE);
    bool fast = fast_fault(t) != 0;
    if (!host_goes_on(fast))
        return;
    if (fast)
        count(KC_TRAP + FAST_CAUSE_FIRST + host_fault_cause);
    fault_raise(t, va, access);
    if (fast)
        host_did_again();
}

unsigned host_irq_claim(const struct hart *h)
{
    unsigned source = irq_waiting;
    (void)h;
    host_irq_on[source] = false;
    irq_waiting = 0;
    return source;
}

void host_interrupt(unsigned source)
{
    struct thread *t = host_hart->current;
    irq_waiting = source;
    if (host_compares)
        host_keep(HOST_BEFORE);
    bool fast = fast_irq(t) != 0;
    if (!host_goes_on(fast))
        return;
    if (fast)
        count(KC_TRAP + 16 + 9);
    irq_interrupt(irq_waiting ? host_irq_claim(host_hart) : source);
    if (fast)
        host_did_again();
}

void host_fast_flush(struct space *s, vaddr_t va);
void host_fast_flush(struct space *s, vaddr_t va)
{
    uint64_t counted = host_hart->counter[KC_SFENCE];
    arch_tlb_flush_local(s, va);
    host_hart->counter[KC_SFENCE] = counted; /* fast[] counts it */
}

bool host_space_ready(const struct hart *h, const struct space *s);
bool host_space_ready(const struct hart *h, const struct space *s)
{
    return ((s->harts >> h->index) & 1) && (!h->ready_word || s->asid_gen == h->ready_word >> 8); /* 0: no riscv/tlb.c here */
}

void host_space_load(struct hart *h, struct space *s);
void host_space_load(struct hart *h, struct space *s)
{
    arch_space_activate(s);
    h->counter[KC_SATP]--; /* fast[] counts it */
}

long host_ecall(struct thread *t)
{
    frame_t f = t->frame;
    uint32_t gen = frame_info_of(f)->gen;
    t->x[REG_PC] = HOST_PC;
    for (unsigned n = 0; (t->state == T_READY || t->state == T_RUNNING) && t->x[REG_PC] == HOST_PC; n++) {
        if (n > 100000)
            host_die("a system call restarts for ever", t->x[X_A7]);
        host_current(t);
        t->x[REG_PC] += 4;
        host_entries++;
        host_system_call(t);
        host_exit();
        if (frame_info_of(f)->kind != FRAME_THREAD || frame_info_of(f)->gen != gen)
            return OK; /* it ended itself */
    }
    return host_result(t);
}

long host_call6(struct thread *t, uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint64_t *a = &t->x[REG_A0];
    a[0] = a0, a[1] = a1, a[2] = a2, a[3] = a3, a[4] = a4, a[5] = a5;
    t->x[X_A7] = nr;
    return host_ecall(t);
}

void host_ticks(uint64_t ticks)
{
    struct hart *mine = host_hart;
    uint64_t end = host_time + ticks;
    for (;;) { /* bound: the timers set */
        struct hart *first = host_timer[0] <= host_timer[1] ? &harts[0] : &harts[1];
        uint64_t when = host_timer[first->index];
        if (when > end)
            break;
        if (when > host_time)
            host_time = when;
        host_hart = first;
        timer_interrupt();
        host_exit();
    }
    host_time = end;
    host_hart = mine;
}

/* ---- memory ---- */

/* In turn, so that a frame that was given back is not taken again at once; nor is one that a call refused lost. */
frame_t host_kframe(void)
{
    frame_t first = init_space->frame & ~(FRAMES_PER_CHUNK - 1u);
    for (unsigned n = 0; n < FRAMES_PER_CHUNK; n++) {
        frame_t f = first + kernel_next++ % FRAMES_PER_CHUNK;
        if (frame_check_kfree(init_space, f) == OK)
            return f;
    }
    host_die("the test needs more kernel frames than a chunk", 0);
}

uint64_t host_user_chunk(unsigned n) { return ram_first / FRAMES_PER_CHUNK + 5 + n; }

frame_t host_uframe(void) { return user_next++; }

unsigned host_tables(const struct host_space *s, vaddr_t va)
{
    unsigned n = 0;
    while (SYS(init, SPACE_TABLE, s->h, va, host_kframe()) == OK) { /* bound: 2 tables */
        n++;
    }
    return n;
}

void host_map(const struct host_space *s, vaddr_t va, frame_t f, unsigned prot)
{
    host_tables(s, va);
    SYS_OK(init, SPACE_MAP_FRAME, s->h, va, f, prot);
}

pte_t host_pte(const struct space *s, vaddr_t va)
{
    unsigned level;
    pte_t *e = arch_walk(s->root, va, &level);
    return e && !level ? *e : 0;
}

/* ---- objects ---- */

static handle_t make(unsigned type, uint64_t extra)
{
    SYS_OK(init, OBJECT_CREATE, type, host_kframe(), extra);
    return init->x[REG_A1];
}

static void *object_of(handle_t h) { return frame_va(handle_slot(init_space, h)->object); }

struct host_space host_space(void)
{
    handle_t h = make(OBJ_SPACE, host_kframe());
    return (struct host_space){object_of(h), h};
}

struct host_thread host_thread_on(const struct host_space *s, struct hart *hart)
{
    handle_t h = make(OBJ_THREAD, s->h);
    struct thread *t = object_of(h);
    t->hart = hart;
    SYS_OK(init, THREAD_START, h, HOST_PC + 4, HOST_STACK, 0, 0);
    return (struct host_thread){t, h};
}

struct host_thread host_thread(const struct host_space *s) { return host_thread_on(s, hart0); }

struct host_thread host_init_thread(void)
{
    struct host_space s = {init_space, INIT_H_SPACE};
    return host_thread(&s);
}

struct host_ep host_ep(void)
{
    handle_t h = make(OBJ_ENDPOINT, 0);
    return (struct host_ep){object_of(h), h};
}

struct host_ntfn host_ntfn(void)
{
    handle_t h = make(OBJ_NTFN, 0);
    return (struct host_ntfn){object_of(h), h};
}

handle_t host_free_slot(const struct space *s) { return s->handle_free ? s->handle_free : s->handles < s->handle_room ? s->handles : 0; }

handle_t host_give(const struct host_space *to, handle_t h, unsigned rights, badge_t badge)
{
    handle_t slot = host_free_slot(to->space);
    SYS_OK(init, HANDLE_INSTALL, to->h, slot, h, rights, badge);
    return slot;
}

struct host_sched host_sched(ticks_t budget, ticks_t period, unsigned prio)
{
    handle_t h = make(OBJ_SCHED, 0);
    SYS_OK(init, SCHED_SET, h, budget, period, prio);
    return (struct host_sched){object_of(h), h};
}

/* ---- messages ---- */

void host_words(struct thread *t, uint64_t first)
{
    static const uint8_t reg[MSG_WORDS] = {11, 12, 13, 14, 15, 16, X_T0, X_T1};
    for (unsigned i = 0; i < MSG_WORDS; i++)
        t->x[reg[i]] = first + i;
}

long host_ipc(struct thread *t, uint64_t nr, unsigned flags, handle_t h)
{
    t->x[REG_A0] = h;
    t->x[X_A7] = nr | (uint64_t)flags << 8;
    return host_ecall(t);
}

void host_time_limit(struct thread *t, uint64_t deadline) { t->x[X_T2] = deadline; }

long host_poll(struct thread *t, handle_t ep)
{
    host_time_limit(t, DEADLINE_POLL);
    return host_ipc(t, SYS_RECV, IPC_F_DEADLINE, ep);
}

long host_fault_reply(struct thread *t, reply_id_t id, unsigned verdict, unsigned prot, frame_t f, frame_t table0, frame_t table1)
{
    t->x[REG_A1] = verdict | prot << 8;
    t->x[REG_A2] = f;
    t->x[REG_A2 + 1] = table0;
    t->x[REG_A2 + 2] = table1;
    t->x[X_T3] = id;
    return host_ipc(t, SYS_FAULT_REPLY, 0, 0);
}

void host_destroy(handle_t h)
{
    long e;
    while ((e = SYS(init, OBJECT_DESTROY, h)) == ERR_AGAIN) { /* bound: 16 waiters less each time */
    }
    assert_int_equal(e, OK);
}

/* ---- boot ---- */

static void idle_thread(struct hart *h)
{
    struct host_space s = {init_space, INIT_H_SPACE};
    struct host_thread t = host_thread_on(&s, h);
    SYS_OK(init, THREAD_PRIO, t.h, 0);
    SYS_OK(init, HANDLE_CLOSE, 0, t.h);
}

void host_boot(void)
{
    host_machine_boot();
    for (frame_t f = ram_first; f < ram_end; f++)
        if (frame_info_of(f)->kind == FRAME_SPACE)
            init_space = frame_va(f);
    kernel_next = 0;
    user_next = host_user_chunk(0) * FRAMES_PER_CHUNK;
    init = frame_va(handle_slot(init_space, INIT_H_THREAD)->object);
    sched_exit();
    idle_thread(hart0);
    idle_thread(hart1);
    SYS_OK(init, THREAD_PRIO, INIT_H_THREAD, 100);
    host_hart = hart1;
    sched_exit();
    host_hart = hart0;
}
