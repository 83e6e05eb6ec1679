/* SPDX-License-Identifier: MIT
 * Faults as messages and every verdict on them: what a pager may map, what is refused and then leaves everything as it
 * was, answers given twice, late or by strangers, and a pager that dies.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define VA 0x40001000UL /* with tables */
#define FAR 0x1234567000UL /* without */

static struct host_space s, pager_space;
static struct host_thread t, pager;
static struct host_ep ep, exc;
static handle_t p_ep; /* the pager receives */

/* A pager with a chunk of user frames and one of kernel frames of its own. */
static int setup(void **context)
{
    (void)context;
    host_boot();
    s = host_space();
    pager_space = host_space();
    ep = host_ep();
    exc = host_ep();
    SYS_OK(init, SPACE_HANDLER, s.h, HANDLER_FAULT, ep.h, 0xabc);
    SYS_OK(init, SPACE_HANDLER, s.h, HANDLER_EXCEPTION, exc.h, 0xdef);
    SYS_OK(init, CHUNK_RETYPE, host_user_chunk(2), CHUNK_KERNEL);
    SYS_OK(init, CHUNK_GRANT, host_user_chunk(1), pager_space.h);
    SYS_OK(init, CHUNK_GRANT, host_user_chunk(2), pager_space.h);
    t = host_thread(&s);
    pager = host_thread(&pager_space);
    p_ep = host_give(&pager_space, ep.h, RIGHT_RECV, 0);
    host_tables(&s, VA);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static frame_t user_frame(unsigned n) { return host_user_chunk(1) * FRAMES_PER_CHUNK + n; }
static frame_t kernel_frame(unsigned n) { return host_user_chunk(2) * FRAMES_PER_CHUNK + n; }

static reply_id_t take(vaddr_t va, unsigned access, unsigned level)
{
    assert_int_equal(t.t->state, T_FAULTED);
    t.t->x[REG_PC] = 0x4444;
    assert_int_equal(host_poll(pager.t, p_ep), MSG_FAULT);
    assert_int_equal(pager.t->x[REG_A1 + FAULTW_VA], va);
    assert_int_equal(pager.t->x[REG_A1 + FAULTW_ACCESS], access);
    assert_int_equal(pager.t->x[REG_A1 + FAULTW_LEVEL], level);
    assert_int_equal(pager.t->x[REG_A1 + FAULTW_THREAD], t.t->frame);
    assert_int_equal(pager.t->x[X_T3], 0xabc);
    return pager.t->x[X_T2];
}

static reply_id_t store(vaddr_t va, unsigned level)
{
    assert_false(host_store(t.t, va, 1));
    return take(va, FAULT_ACCESS_W, level);
}

/* A verdict that must be refused: the fault still waits, nothing changed. */
static void refused(reply_id_t id, long error, unsigned verdict, unsigned prot, frame_t f, frame_t k0, frame_t k1)
{
    host_current(pager.t);
    struct snapshot *before = host_snapshot();
    assert_int_equal(host_fault_reply(pager.t, id, verdict, prot, f, k0, k1), error);
    host_unchanged(before, pager.t, "a refused verdict");
    assert_int_equal(t.t->state, T_FAULTED);
}

static void the_message_says_what_happened(void **context)
{
    (void)context;
    uint64_t value;
    host_map(&s, VA, host_uframe(), PROT_R);
    t.t->x[REG_PC] = 0x5556;
    assert_false(host_store(t.t, VA + 8, 1));
    assert_int_equal(host_poll(pager.t, p_ep), MSG_FAULT);
    assert_int_equal(pager.t->x[REG_A1 + FAULTW_VA], VA + 8);
    assert_int_equal(pager.t->x[REG_A1 + FAULTW_IP], 0x5556);
    assert_int_equal(pager.t->x[REG_A1 + FAULTW_PTE], host_pte(s.space, VA));
    assert_int_equal(pager.t->prio, t.t->prio);
    host_fault_reply(pager.t, pager.t->x[X_T2], FAULT_RETRY, 0, 0, 0, 0);
    assert_false(host_load(t.t, FAR, &value));
    host_fault_reply(pager.t, take(FAR, FAULT_ACCESS_R, 2), FAULT_RETRY, 0, 0, 0, 0);
    assert_false(host_fetch(t.t, VA + 0x200000));
    host_fault_reply(pager.t, take(VA + 0x200000, FAULT_ACCESS_X, 1), FAULT_RETRY, 0, 0, 0, 0);
}

static void map_with_zero_one_and_two_tables(void **context)
{
    (void)context;
    const vaddr_t va[3] = {VA, VA + 0x200000, FAR};
    for (unsigned level = 0; level < 3; level++) {
        reply_id_t id = store(va[level], level);
        frame_t k0 = kernel_frame(2 * level), k1 = kernel_frame(2 * level + 1), f = user_frame(level);
        assert_int_equal(host_fault_reply(pager.t, id, FAULT_MAP, PROT_R | PROT_W, f, k0, k1), OK);
        assert_int_equal(frame_info_of(k0)->kind, level > 0 ? FRAME_TABLE : FRAME_KFREE); /* what is not needed stays */
        assert_int_equal(frame_info_of(k1)->kind, level > 1 ? FRAME_TABLE : FRAME_KFREE);
        assert_int_equal(t.t->state, T_READY);
        assert_true(host_store(t.t, va[level], 1));
        assert_int_equal(*(uint64_t *)frame_va(f), 1);
    }
}

static void map_with_every_protection(void **context)
{
    (void)context;
    for (unsigned prot = 0; prot < 256; prot++) {
        setup(0);
        bool good = prot == PROT_R || prot == (PROT_R | PROT_W) || prot == (PROT_R | PROT_X) || prot == (PROT_R | PROT_COW);
        reply_id_t id = store(VA, 0);
        assert_int_equal(host_fault_reply(pager.t, id, FAULT_MAP, prot, user_frame(0), 0, 0), good ? OK : ERR_INVAL);
        pte_t e = host_pte(s.space, VA);
        assert_int_equal(!!(e & PTE_V), good);
        assert_false((e & PTE_W) && (e & (PTE_X | PTE_COW)));
    }
}

static void frames_that_a_pager_may_not_map(void **context)
{
    (void)context;
    reply_id_t id = store(VA, 0);
    refused(id, ERR_INVAL, FAULT_MAP, PROT_R, 0, 0, 0);
    refused(id, ERR_INVAL, FAULT_MAP, PROT_R, ram_end, 0, 0);
    refused(id, ERR_INVAL, FAULT_MAP, PROT_R, 0xffffffff, 0, 0);
    refused(id, ERR_OWNER, FAULT_MAP, PROT_R, ram_first, 0, 0);            /* firmware */
    refused(id, ERR_OWNER, FAULT_MAP, PROT_R, kernel_frame(0), 0, 0);      /* its own, but for objects */
    refused(id, ERR_OWNER, FAULT_MAP, PROT_R, s.space->root_frame, 0, 0);  /* a page table */
    refused(id, ERR_OWNER, FAULT_MAP, PROT_R, host_uframe(), 0, 0);        /* init's */
    frame_t batch = user_frame(7);
    SYS_OK(pager.t, SPACE_BATCH, batch);
    refused(id, ERR_OWNER, FAULT_MAP, PROT_R, batch, 0, 0);
    pager.t->x[X_T3] = id;
    pager.t->x[REG_A1] = FAULT_MAP | PROT_R << 8;
    pager.t->x[REG_A2] = 1UL << 32 | user_frame(0); /* not truncated to a good one */
    assert_int_equal(host_ipc(pager.t, SYS_FAULT_REPLY, 0, 0), ERR_INVAL);
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_MAP, PROT_R, user_frame(0), 0, 0), OK);
}

static void tables_that_are_missing_or_wrong(void **context)
{
    (void)context;
    reply_id_t id = store(FAR, 2);
    frame_t f = user_frame(0), k0 = kernel_frame(0), k1 = kernel_frame(1);
    refused(id, ERR_NOTABLE, FAULT_MAP, PROT_R, f, 0, 0);
    refused(id, ERR_NOTABLE, FAULT_MAP, PROT_R, f, k0, 0);
    refused(id, ERR_NOTABLE, FAULT_MAP, PROT_R, f, 0, k1);
    refused(id, ERR_INVAL, FAULT_MAP, PROT_R, f, k0, k0);
    refused(id, ERR_OWNER, FAULT_MAP, PROT_R, f, k0, user_frame(1));
    refused(id, ERR_OWNER, FAULT_MAP, PROT_R, f, host_kframe(), k1);
    refused(id, ERR_OWNER, FAULT_MAP, PROT_R, f, k0, s.space->frame);
    refused(id, ERR_INVAL, FAULT_MAP, PROT_R, f, ram_end + 5, k1);
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_MAP, PROT_R, f, k0, k1), OK);
}

/* Addresses where a pager can ask for a mapping but the kernel must never make one. */
static void windows_are_not_mapped_by_a_verdict(void **context)
{
    (void)context;
    reply_id_t id = store(WINDOW_BASE + (host_user_chunk(1) << CHUNK_SHIFT), 2);
    refused(id, ERR_INVAL, FAULT_MAP, PROT_R, user_frame(0), kernel_frame(0), kernel_frame(1));
    refused(id, ERR_INVAL, FAULT_UPGRADE, 0, 0, 0, 0);
    host_fault_reply(pager.t, id, FAULT_RETRY, 0, 0, 0, 0);
    host_tables(&s, WINDOW_BASE + 0x80000000UL);
    id = store(WINDOW_BASE + 0x80000000UL, 1);
    refused(id, ERR_INVAL, FAULT_MAP, PROT_R, user_frame(0), kernel_frame(0), kernel_frame(1));
}

static void kernel_addresses_have_no_entry(void **context)
{
    (void)context;
    const vaddr_t va[] = {USER_VA_END, 0xffffffc080000000UL, ~7UL, 1UL << 40};
    for (unsigned i = 0; i < 4; i++) {
        assert_false(host_store(t.t, va[i], 1));
        assert_int_equal(host_poll(pager.t, p_ep), MSG_FAULT);
        assert_int_equal(pager.t->x[REG_A1 + FAULTW_PTE], 0);
        reply_id_t id = pager.t->x[X_T2];
        refused(id, ERR_INVAL, FAULT_MAP, PROT_R, user_frame(0), kernel_frame(0), kernel_frame(1));
        refused(id, ERR_INVAL, FAULT_UPGRADE, 0, 0, 0, 0);
        host_fault_reply(pager.t, id, FAULT_RETRY, 0, 0, 0, 0);
    }
}

static void upgrade_wants_a_cow_entry_of_its_own_frame(void **context)
{
    (void)context;
    reply_id_t id = store(VA, 0);
    refused(id, ERR_INVAL, FAULT_UPGRADE, 0, 0, 0, 0); /* absent */
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_MAP, PROT_R, user_frame(0), 0, 0), OK);
    id = store(VA, 0);
    refused(id, ERR_INVAL, FAULT_UPGRADE, 0, 0, 0, 0); /* read-only for good */
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_MAP, PROT_R | PROT_COW, user_frame(0), 0, 0), OK);
    id = store(VA, 0);
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_UPGRADE, 0, 0, 0, 0), OK);
    assert_int_equal(host_pte(s.space, VA) & (PTE_A | PTE_D | PTE_W | PTE_COW), PTE_A | PTE_D | PTE_W);
    assert_true(host_store(t.t, VA, 1));
    host_map(&s, VA + PAGE_SIZE, host_uframe(), PROT_R | PROT_COW); /* a frame of init's */
    id = store(VA + PAGE_SIZE, 0);
    refused(id, ERR_OWNER, FAULT_UPGRADE, 0, 0, 0, 0);
    SYS_OK(init, SPACE_SOFT, s.h, VA + 2 * PAGE_SIZE, PTE_COW | PTE_W | PTE_R); /* looks like one, but is not present */
    id = (host_fault_reply(pager.t, id, FAULT_RETRY, 0, 0, 0, 0), store(VA + 2 * PAGE_SIZE, 0));
    refused(id, ERR_INVAL, FAULT_UPGRADE, 0, 0, 0, 0);
}

static void unknown_verdicts_are_refused(void **context)
{
    (void)context;
    reply_id_t id = store(VA, 0);
    for (unsigned v = 0; v < 256; v++)
        if (v == 0 || v > FAULT_KILL)
            assert_int_equal(host_fault_reply(pager.t, id, v, PROT_R, user_frame(0), 0, 0), ERR_INVAL);
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_RETRY, 0, 0, 0, 0), OK);
}

static void an_id_is_answered_once_and_by_its_pager(void **context)
{
    (void)context;
    reply_id_t id = store(VA, 0);
    assert_int_equal(host_fault_reply(init, id, FAULT_MAP, PROT_R, host_uframe(), 0, 0), ERR_STALE); /* not init's */
    for (unsigned bit = 0; bit < 64; bit++)
        refused(id ^ 1UL << bit, ERR_STALE, FAULT_RETRY, 0, 0, 0, 0);
    pager.t->x[X_T3] = id;
    assert_int_equal(host_ipc(pager.t, SYS_REPLY, 0, 0), ERR_STALE); /* a fault is not a call */
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_MAP, PROT_R, user_frame(0), 0, 0), OK);
    uint32_t maps = frame_info_of(user_frame(0))->maps;
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_MAP, PROT_R, user_frame(0), 0, 0), ERR_STALE);
    assert_int_equal(frame_info_of(user_frame(0))->maps, maps);
    reply_id_t next = store(VA, 0);
    assert_int_not_equal(next, id);
    refused(id, ERR_STALE, FAULT_KILL, 0, 0, 0, 0);
}

static void reply_recv_receives_only_after_a_good_answer(void **context)
{
    (void)context;
    reply_id_t id = store(VA, 0);
    pager.t->x[REG_A1] = FAULT_MAP | (PROT_W | PROT_X) << 8;
    pager.t->x[REG_A2] = user_frame(0);
    pager.t->x[X_T3] = id;
    assert_int_equal(host_ipc(pager.t, SYS_FAULT_REPLY_RECV, 0, p_ep), ERR_INVAL);
    assert_int_equal(pager.t->state, T_RUNNING);
    pager.t->x[REG_A1] = FAULT_MAP | PROT_R << 8;
    assert_int_equal(host_ipc(pager.t, SYS_FAULT_REPLY_RECV, 0, 77), ERR_HANDLE); /* the endpoint is looked at first */
    assert_int_equal(t.t->state, T_FAULTED);
    assert_int_equal(host_ipc(pager.t, SYS_FAULT_REPLY_RECV, 0, p_ep), HOST_BLOCKED);
    assert_ptr_equal(hart0->current, t.t); /* straight back to the faulter */
    assert_false(host_store(t.t, VA, 1));
    assert_ptr_equal(hart0->current, pager.t); /* and straight to the pager */
    assert_int_equal(host_result(pager.t), MSG_FAULT);
}

static void a_pager_that_waits_gets_it_at_once(void **context)
{
    (void)context;
    host_time_limit(pager.t, host_time + 1000000);
    assert_int_equal(host_ipc(pager.t, SYS_RECV, IPC_F_DEADLINE, p_ep), HOST_BLOCKED);
    pager.t->x[X_T0] = pager.t->x[X_T1] = pager.t->x[X_T4] = pager.t->x[X_T6] = 99;
    assert_false(host_store(t.t, VA, 1));
    assert_ptr_equal(hart0->current, pager.t);
    assert_int_equal(host_result(pager.t), MSG_FAULT);
    assert_int_equal(pager.t->x[X_T0] | pager.t->x[X_T1] | pager.t->x[X_T4] | pager.t->x[X_T6], 0);
    assert_int_equal(pager.t->x[X_T3], 0xabc);
    reply_id_t id = pager.t->x[X_T2];
    SYS_OK(init, THREAD_STOP, t.h);
    assert_int_equal(host_poll(pager.t, p_ep), MSG_CANCEL);
    assert_int_equal(pager.t->x[REG_A2], id);
    SYS_OK(init, THREAD_RESUME, t.h);
    assert_int_not_equal(store(VA, 0), id); /* the same thread at the same place, but another fault */
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_RETRY, 0, 0, 0, 0), ERR_STALE);
}

/* Somebody else of another space waits at the endpoint when the pager dies. */
static void a_fault_goes_on_to_a_pager_that_waits(void **context)
{
    (void)context;
    struct host_space second = host_space();
    struct host_thread p = host_thread(&second);
    handle_t h = host_give(&second, ep.h, RIGHT_RECV, 0);
    reply_id_t id = store(VA, 0);
    assert_int_equal(host_ipc(p.t, SYS_RECV, 0, h), HOST_BLOCKED);
    SYS_OK(init, SPACE_RESET, pager_space.h);
    assert_int_equal(host_result(p.t), MSG_FAULT);
    assert_int_not_equal(p.t->x[X_T2], id);
    assert_int_equal(host_fault_reply(pager.t, id, FAULT_RETRY, 0, 0, 0, 0), ERR_STALE);
    assert_int_equal(host_fault_reply(p.t, p.t->x[X_T2], FAULT_RETRY, 0, 0, 0, 0), OK);
}

static void deferred_faults_are_answered_in_any_order(void **context)
{
    (void)context;
    struct host_thread f[4];
    reply_id_t id[4];
    for (unsigned i = 0; i < 4; i++) {
        f[i] = host_thread(&s);
        assert_false(host_store(f[i].t, VA + i * PAGE_SIZE, 1));
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(host_poll(pager.t, p_ep), MSG_FAULT);
        id[i] = pager.t->x[X_T2];
    }
    for (unsigned i = 4; i--;) {
        assert_int_equal(host_fault_reply(pager.t, id[i], FAULT_MAP, PROT_R | PROT_W, user_frame(i), 0, 0), OK);
        assert_int_equal(f[i].t->state, T_READY);
        assert_true(host_store(f[i].t, VA + i * PAGE_SIZE, i));
    }
}

static void forward_and_kill_go_to_the_handler(void **context)
{
    (void)context;
    handle_t h = host_give(&pager_space, exc.h, RIGHT_RECV, 0);
    for (unsigned verdict = FAULT_FORWARD; verdict <= FAULT_KILL; verdict++) {
        SYS_OK(init, THREAD_START, t.h, HOST_PC + 4, 0, 0, 0);
        assert_false(host_store(t.t, VA, 1));
        reply_id_t id = take(VA, FAULT_ACCESS_W, 0);
        pager.t->x[REG_A1] = verdict | FAULT_REASON_GUARD << 16;
        pager.t->x[X_T3] = id;
        assert_int_equal(host_ipc(pager.t, SYS_FAULT_REPLY, 0, 0), OK);
        assert_int_equal(t.t->state, T_CALLING);
        assert_int_equal(host_poll(pager.t, h), MSG_EXCEPTION);
        assert_int_equal(pager.t->x[REG_A1 + EXCW_CAUSE], 15);
        assert_int_equal(pager.t->x[REG_A1 + EXCW_VALUE], VA);
        assert_int_equal(pager.t->x[REG_A1 + EXCW_REASON], FAULT_REASON_GUARD);
        assert_int_equal(pager.t->x[REG_A1 + EXCW_ACCESS], PROT_W);
        assert_int_equal(pager.t->x[X_T0], verdict == FAULT_KILL);
        assert_int_equal(pager.t->x[X_T3], 0xdef);
        pager.t->x[X_T3] = pager.t->x[X_T2];
        pager.t->x[REG_A1] = EXC_RESUME;
        assert_int_equal(host_ipc(pager.t, SYS_REPLY, 0, 0), OK);
        assert_int_equal(t.t->state, verdict == FAULT_KILL ? T_STOPPED : T_READY); /* nobody resumes a killed one */
    }
}

static void without_a_pager_a_fault_is_an_exception(void **context)
{
    (void)context;
    handle_t h = host_give(&pager_space, exc.h, RIGHT_RECV, 0);
    SYS_OK(init, HANDLE_REVOKE, ep.h);
    assert_false(host_store(t.t, VA, 1));
    assert_int_equal(t.t->state, T_CALLING);
    assert_int_equal(host_poll(pager.t, h), MSG_EXCEPTION);
    assert_int_equal(pager.t->x[REG_A1 + EXCW_ACCESS], PROT_W);
}

/* The pager dies with one fault in hand and one undelivered: its successor gets both, by new ids; the old one is refused. */
static void a_pagers_death_loses_no_fault(void **context)
{
    (void)context;
    struct host_thread u = host_thread(&s);
    reply_id_t id = store(VA, 0);
    assert_false(host_store(u.t, VA + PAGE_SIZE, 2));
    SYS_OK(init, THREAD_STOP, pager.h);
    SYS_OK(init, SPACE_RESET, pager_space.h);
    SYS_OK(init, THREAD_RESUME, pager.h);
    refused(id, ERR_STALE, FAULT_MAP, PROT_R, user_frame(0), 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(host_poll(pager.t, p_ep), MSG_FAULT);
        vaddr_t va = pager.t->x[REG_A1];
        assert_int_not_equal(pager.t->x[X_T2], id);
        assert_int_equal(host_fault_reply(pager.t, pager.t->x[X_T2], FAULT_MAP, PROT_R | PROT_W, user_frame(i), 0, 0), OK);
        assert_true(va == VA || va == VA + PAGE_SIZE);
    }
    assert_int_equal(host_poll(pager.t, p_ep), ERR_TIMEOUT);
    assert_true(host_store(t.t, VA, 1));
    assert_true(host_store(u.t, VA + PAGE_SIZE, 2));
}

/* The words are those of the moment of delivery, not of the fault. */
static void a_late_message_shows_the_tables_as_they_are(void **context)
{
    (void)context;
    assert_false(host_store(t.t, VA, 1));
    host_map(&s, VA, host_uframe(), PROT_R | PROT_COW);
    assert_int_equal(host_poll(pager.t, p_ep), MSG_FAULT);
    assert_int_equal(pager.t->x[REG_A1 + FAULTW_PTE], host_pte(s.space, VA));
    assert_true(pager.t->x[REG_A1 + FAULTW_PTE] & PTE_COW);
}

static void faulters_come_by_priority(void **context)
{
    (void)context;
    struct host_thread f[3];
    static const uint8_t prio[3] = {20, 200, 90}, order[3] = {1, 2, 0};
    for (unsigned i = 0; i < 3; i++) {
        f[i] = host_thread(&s);
        SYS_OK(init, THREAD_PRIO, f[i].h, prio[i]);
        assert_false(host_store(f[i].t, VA + i * PAGE_SIZE, 1));
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(host_poll(pager.t, p_ep), MSG_FAULT);
        assert_int_equal(pager.t->x[REG_A1], VA + order[i] * PAGE_SIZE);
        assert_int_equal(pager.t->prio, prio[order[i]]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_message_says_what_happened),
        TEST(map_with_zero_one_and_two_tables),
        TEST(map_with_every_protection),
        TEST(frames_that_a_pager_may_not_map),
        TEST(tables_that_are_missing_or_wrong),
        TEST(windows_are_not_mapped_by_a_verdict),
        TEST(kernel_addresses_have_no_entry),
        TEST(upgrade_wants_a_cow_entry_of_its_own_frame),
        TEST(unknown_verdicts_are_refused),
        TEST(an_id_is_answered_once_and_by_its_pager),
        TEST(reply_recv_receives_only_after_a_good_answer),
        TEST(a_pager_that_waits_gets_it_at_once),
        TEST(a_fault_goes_on_to_a_pager_that_waits),
        TEST(deferred_faults_are_answered_in_any_order),
        TEST(forward_and_kill_go_to_the_handler),
        TEST(without_a_pager_a_fault_is_an_exception),
        TEST(a_pagers_death_loses_no_fault),
        TEST(a_late_message_shows_the_tables_as_they_are),
        TEST(faulters_come_by_priority),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
