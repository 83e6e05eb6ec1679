/* SPDX-License-Identifier: MIT
 * Pages that leave and come back, on a model kernel: families against an oracle with fewer frames than pages, every mapping
 * found, the store's counts, every allocation failing, failing and slow transfers, a death at every system call.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "family.h"

#include "evict.h"
#include "resident.h"
#include "rmap.h"
#include "store.h"
#include "swap.h"

static err_t set_frames(uint32_t space, uint64_t frames)
{
    struct ipc_msg m = {.w = {PAGER_FRAMES, space, frames, PAGER_FRAMES_SET}};
    return model_call(0, &m);
}
static void make_store(uint64_t slots)
{
    struct ipc_msg m = {.w = {PAGER_STORE, slots}};
    assert_int_equal(model_call(0, &m), OK);
}
static void break_store(enum store_fault which, uint64_t value) { (void)store_debug(which, value); }
static int setup_swapping(void **state)
{
    setup(state);
    for (enum store_fault f = 0; f < STORE_FAULTS; f++)
        break_store(f, 0);
    make_store(400);
    assert_int_equal(set_frames(0, 40), OK);
    return 0;
}

/* ---- against an oracle ---- */

static void families_keep_their_bytes_in_the_store(void **state)
{
    (void)state;
    uint32_t before = model_free();
    for (unsigned round = 0; round < 6; round++) {
        struct ipc_msg m = {.w = {PAGER_STRATEGY, FORK_COW + round % 3}};
        assert_int_equal(model_call(0, &m), OK);
        break_store(STORE_COPY, round / 3); /* as memory, and as a device that is fast */
        family_start();
        for (int i = 0; i < 4000; i++) {
            family_step();
            if (rnd(4) == 0)
                (void)evict_now(1 + rnd(6));
            if (rnd(16) == 0)
                evict_shrink_step();
            if (rnd(8) == 0)
                (void)evict_clean_ahead();
            assert_true(evict_ready_count() <= evict_high_mark());
            assert_true(resident.pages <= resident.limit);
            if (i % 100 == 0)
                family_verify();
            if (i % 500 == 250)
                model_restart();
        }
        family_verify();
        family_end(before);
        assert_int_equal(store_used(), 0);
    }
    assert_true(ledger.header->evict[EVICT_PAGES] > 4000);
}

static frame_t frame_of_slot(uint32_t slot) { return ledger.first_frame + ledger.store_frame[slot]; }

static void a_page_of_its_own_leaves_and_returns_with_its_frame(void **state)
{
    (void)state;
    uint32_t a = make_process(1), free = 0;
    store(a, HEAP, 42);
    frame_t f = PTE_FRAME(entry(a, HEAP));
    for (uint8_t round = 0; round < 2; round++) {
        (void)evict_now(64);
        free = round == 0 ? model_free() : free;
        uint32_t slot = store_slot_of(entry(a, HEAP));
        assert_int_not_equal(slot, 0);
        assert_int_equal(frame_of_slot(slot), f);
        assert_int_equal(model_free(), free); /* for the frame that it had the slot gave its own */
        model_check();
        if (round == 0)
            assert_int_equal(load(a, HEAP), 42);
        else
            store(a, HEAP, 43);
        assert_int_equal(PTE_FRAME(entry(a, HEAP)), f);
        assert_true(entry(a, HEAP) & PTE_W); /* nothing has to be kept the same */
        assert_int_not_equal(frame_of_slot(slot), f);
        assert_int_equal(store_used(), 0);
        model_check();
    }
    assert_int_equal(load(a, HEAP), 43);
    end_process(a);
}

static void a_refused_answer_leaves_the_page_in_the_store(void **state)
{
    (void)state;
    uint32_t a = make_process(1);
    store(a, HEAP, 42);
    frame_t f = PTE_FRAME(entry(a, HEAP));
    (void)evict_now(64);
    uint32_t free = model_free();
    model_refuse_answer(ERR_STALE); /* once: another fault follows */
    assert_int_equal(load(a, HEAP), 42);
    assert_int_not_equal(PTE_FRAME(entry(a, HEAP)), f); /* it was copied when it had to stay */
    assert_int_equal(model_free(), free - 1);
    model_check();
    end_process(a);
    model_check();
}

/* ---- every mapping ---- */

static void an_eviction_takes_the_page_from_everybody(void **state)
{
    (void)state;
    uint32_t parent = make_process(1), child[8], before = model_free();
    store(parent, HEAP, 42);
    for (unsigned i = 0; i < 8; i++)
        child[i] = make_child(i < 4 ? parent : child[i - 4], 10 + i); /* children and grandchildren */
    frame_t f = PTE_FRAME(entry(parent, HEAP));
    struct rmap map;
    assert_int_equal(frame_word(f)->refs, 9);
    assert_true(rmap_find(f, &map));
    assert_int_equal(map.count, 9);
    (void)evict_now(64);
    assert_int_equal(frame_word(f)->refs, 0);
    uint32_t slot = store_slot_of(entry(parent, HEAP));
    assert_int_not_equal(slot, 0);
    assert_int_equal(slot_at(slot)->refs, 9);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(entry(child[i], HEAP), entry(parent, HEAP));
    model_check();
    store(child[3], HEAP, 43); /* one writes, one reads, one shares what was read */
    assert_int_equal(load(child[4], HEAP), 42);
    assert_int_equal(load(parent, HEAP), 42);
    assert_int_equal(refs(parent, HEAP), 2);
    assert_int_equal(slot_at(slot)->refs, 6 + 1);
    store(parent, HEAP, 44);
    assert_int_equal(load(child[4], HEAP), 42);
    assert_int_equal(load(child[7], HEAP), 43 - 1);
    model_check();
    for (unsigned i = 0; i < 8; i++)
        end_process(child[i]);
    assert_int_equal(load(parent, HEAP), 44);
    model_check();
    end_process(parent);
    assert_int_equal(store_used(), 0);
    assert_true(model_free() >= before);
}

static void who_execs_leaves_the_family(void **state)
{
    (void)state;
    uint32_t parent = make_process(1), child = make_child(parent, 2);
    assert_int_equal(space_at(space_slot(child))->family, space_at(space_slot(parent))->family);
    struct ipc_msg m = {.w = {PAGER_SPACE_CLEAR, child, ++op_key}};
    assert_int_equal(model_call(0, &m), OK);
    assert_int_not_equal(space_at(space_slot(child))->family, space_at(space_slot(parent))->family);
    model_check();
    end_process(child);
    end_process(parent);
}

/* ---- the store ---- */

static void slots_are_given_out_once_and_counted(void **state)
{
    uint32_t slot[400], none;
    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        assert_int_equal(i == 399 ? store_alloc(&none) : ERR_NOMEM, ERR_NOMEM); /* the last one is for who returns */
        store_returning = i == 399;
        assert_int_equal(store_alloc(&slot[i]), OK);
        store_returning = false;
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(slot[i], slot[j]);
    }
    assert_int_equal(store_alloc(&none), ERR_NOMEM);
    store_ref(slot[7]);
    assert_int_equal(store_drop(slot[7]), 1);
    assert_int_equal(store_alloc(&none), ERR_NOMEM);
    for (unsigned i = 0; i < 400; i++)
        assert_int_equal(store_drop(slot[i]), 0);
    assert_int_equal(store_used(), 0);
    model_check();
}

static void a_full_store_gives_back_what_it_has(void **state)
{
    uint32_t taken[400];
    unsigned n = 0, pages = 4, reason = 0;
    (void)state;
    uint32_t a = make_process(1);
    for (unsigned i = 0; i < pages; i++)
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
    (void)evict_now(64);
    while (store_alloc(&taken[n]) == OK)
        n++;
    assert_int_equal(store_used(), 399);
    assert_int_equal(set_frames(0, 16), OK);
    while (pages < HEAP_PAGES && model_store(a, HEAP + pages * PAGE_SIZE, (uint8_t)(pages + 1), &reason) == OK)
        pages++;
    assert_true(pages < HEAP_PAGES && pages > 16); /* no more than there is room for */
    assert_int_equal(reason, FAULT_REASON_NOMEM);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < pages; i++)
            assert_int_equal(load(a, HEAP + i * PAGE_SIZE), i + 1);
    while (n > 0)
        assert_int_equal(store_drop(taken[--n]), 0);
    model_check();
    end_process(a);
}

static void a_frame_taken_for_the_store_and_not_named_comes_back(void **state)
{
    frame_t f;
    (void)state;
    uint32_t before = model_free();
    assert_int_equal(frame_alloc_held(&f), OK);
    model_restart();
    assert_int_equal(model_free(), before);
    model_check();
}

static void errors_of_the_store_lose_nothing(void **state)
{
    (void)state;
    seed = 4711; /* whatever ran before */
    family_start();
    for (int i = 0; i < 3000; i++) {
        break_store(STORE_FAIL_WRITE, rnd(3) ? 0 : 1 + rnd(3) + ((uint64_t)(1 + rnd(4)) << 32));
        break_store(STORE_FULL, rnd(12) == 0);
        family_step_may_fail();
        if (i % 100 == 0)
            model_check();
    }
    break_store(STORE_FAIL_WRITE, 0);
    break_store(STORE_FULL, 0);
    family_verify();
    for (uint32_t k = 0; k < FAMILY; k++)
        if (member[k].space)
            end_process(member[k].space);
    assert_int_equal(store_used(), 0);
    assert_true(ledger.header->evict[EVICT_WRITE_ERRORS] > 20);
}

static void a_read_error_is_told_once_and_the_page_stays(void **state)
{
    unsigned reason = 0;
    uint8_t v = 0;
    (void)state;
    uint32_t a = make_process(1);
    store(a, HEAP, 7);
    (void)evict_now(64);
    for (uint64_t delay = 0; delay < 2; delay++) {
        break_store(STORE_DELAY, delay * 50);
        break_store(STORE_FAIL_READ, 1);
        assert_int_equal(model_load(a, HEAP, &v, &reason), ERR_FAULT);
        assert_int_equal(reason, FAULT_REASON_IO);
        model_check();
    }
    assert_int_equal(load(a, HEAP), 7);
    model_check();
    end_process(a);
}

static void a_slow_store_keeps_everything(void **state)
{
    (void)state;
    uint32_t before = model_free();
    break_store(STORE_DELAY, 300);
    family_start();
    for (int i = 0; i < 3000; i++) {
        family_step();
        if (rnd(4) == 0)
            (void)evict_now(1 + rnd(6));
        if (i % 50 == 0)
            model_check(); /* also with transfers under way */
        if (i % 500 == 250)
            model_restart();
    }
    family_verify();
    model_settle();
    family_end(before);
    assert_int_equal(store_used(), 0);
}

/* ---- ahead of need ---- */

static uint64_t counted(enum evict_counter c) { return ledger.header->evict[c]; }
/* One page more than there were, which is written: the fault has to find a victim. */
static void one_more(uint32_t s, unsigned page)
{
    uint64_t left = counted(EVICT_PAGES);
    store(s, HEAP + page * PAGE_SIZE, (uint8_t)page);
    assert_int_equal(counted(EVICT_PAGES), left + 1);
}
/* A process with `pages` pages of its heap written, more than it may have frames: the limit is 64, so the marks are 2 and 4. */
static uint32_t make_short(unsigned pages)
{
    struct ipc_msg m = {.w = {PAGER_BRK, HEAP + 200 * PAGE_SIZE}};
    uint32_t s = make_process(1);
    assert_int_equal(set_frames(0, 64), OK);
    assert_int_equal(model_call(s, &m), OK);
    for (unsigned i = 0; i < pages; i++)
        store(s, HEAP + i * PAGE_SIZE, (uint8_t)i);
    assert_int_equal(evict_high_mark(), 4);
    return s;
}

static void idle_time_cleans_between_the_watermarks(void **state)
{
    (void)state;
    break_store(STORE_COPY, 1);
    uint32_t s = make_short(80), pages = 80;
    assert_int_equal(evict_ready_count(), 0); /* no fault does it */
    uint64_t ahead = counted(EVICT_AHEAD), steps = 0;
    for (; steps < 100 && evict_clean_ahead(); steps++) {
        assert_int_equal(evict_ready_count(), steps + 1); /* a page a step */
        model_check();
    }
    assert_int_equal(evict_ready_count(), 4); /* the high mark */
    assert_int_equal(counted(EVICT_AHEAD) - ahead, 4);
    for (unsigned ready = 4; ready > 2;) { /* down to the low mark: each fault finds a clean victim, and nothing is cleaned */
        uint64_t writes = counted(EVICT_WRITES), clean = counted(EVICT_CLEAN);
        assert_false(evict_clean_ahead());
        one_more(s, pages++);
        assert_int_equal(counted(EVICT_WRITES), writes);
        assert_int_equal(counted(EVICT_CLEAN), clean + 1);
        assert_int_equal(evict_ready_count(), --ready);
    }
    while (evict_clean_ahead()) { /* bound: the high mark */
    }
    assert_int_equal(evict_ready_count(), 4);
    assert_int_equal(counted(EVICT_AHEAD) - ahead, 6);
    for (unsigned i = 0; i < pages; i++)
        assert_int_equal(load(s, HEAP + i * PAGE_SIZE), i);
    end_process(s);
    model_check();
}

static void a_page_that_stands_ready_can_still_be_written(void **state)
{
    (void)state;
    break_store(STORE_COPY, 1);
    uint32_t s = make_short(80);
    while (evict_clean_ahead()) { /* bound: the high mark */
    }
    assert_int_equal(evict_ready_count(), 4);
    for (unsigned i = 0; i < 80; i++)
        if (entry(s, HEAP + i * PAGE_SIZE) & PTE_V)
            store(s, HEAP + i * PAGE_SIZE, (uint8_t)(i + 100));
        else
            assert_true(i < 80 - 40); /* the oldest ones */
    assert_int_equal(evict_ready_count(), 0); /* what the store has of them is old */
    for (unsigned i = 0; i < 80; i++)
        assert_true(load(s, HEAP + i * PAGE_SIZE) == (uint8_t)(i + 100) || i < 40);
    (void)evict_now(64);
    for (unsigned i = 40; i < 80; i++)
        assert_int_equal(load(s, HEAP + i * PAGE_SIZE), i + 100);
    end_process(s);
    model_check();
}

/* What is on its way counts: no more is written than stands ready afterwards. */
static void a_slow_store_is_not_flooded_ahead(void **state)
{
    (void)state;
    break_store(STORE_COPY, 1);
    uint32_t s = make_short(80), steps = 0;
    break_store(STORE_DELAY, 1000000);
    while (steps < 100 && evict_clean_ahead())
        steps++;
    assert_int_equal(steps, 4);
    assert_int_equal(store_in_flight(), 4);
    assert_int_equal(evict_ready_count(), 0);
    model_check();
    model_settle();
    assert_int_equal(evict_ready_count(), 4);
    assert_false(evict_clean_ahead());
    break_store(STORE_DELAY, 0);
    break_store(STORE_FAIL_WRITE, 1); /* the next one fails: nobody spins */
    one_more(s, 80);
    one_more(s, 81);
    assert_false(evict_clean_ahead());
    assert_int_equal(evict_ready_count(), 2);
    assert_true(evict_clean_ahead());
    end_process(s);
    model_check();
}

static void a_store_that_exchanges_has_nothing_to_clean(void **state)
{
    (void)state;
    uint64_t ahead = counted(EVICT_AHEAD);
    uint32_t s = make_short(150);
    assert_false(evict_clean_ahead());
    assert_int_equal(evict_ready_count(), 0);
    assert_int_equal(counted(EVICT_AHEAD), ahead);
    end_process(s);
}

/* ---- limits ---- */

static void a_limit_of_its_own_holds_for_one_process(void **state)
{
    (void)state;
    assert_int_equal(set_frames(0, 200), OK);
    uint32_t a = make_process(1), b = make_process(2);
    assert_int_equal(set_frames(a, 16), OK);
    for (unsigned i = 0; i < HEAP_PAGES; i++) {
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)i);
        store(b, HEAP + i * PAGE_SIZE, (uint8_t)i);
        assert_true(space_vol(space_slot(a))->pages <= 16);
    }
    assert_int_equal(space_vol(space_slot(b))->swapped, 0);
    assert_true(space_vol(space_slot(a))->swapped >= HEAP_PAGES - 16);
    uint32_t child = make_child(a, 3); /* what it shares is everybody's */
    assert_int_equal(space_vol(space_slot(a))->pages, 0);
    model_check();
    end_process(child);
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        assert_int_equal(load(a, HEAP + i * PAGE_SIZE), i);
    assert_int_equal(set_frames(a, 0), OK);
    model_check();
    end_process(a);
    end_process(b);
    model_check();
}

/* ---- shared memory stays: what is left for others ---- */

#define AREA 0x50000000UL
static const uint64_t shared_rw = PROT_R | PROT_W | (REGION_SHARED | REGION_REPLACE) << 8;
static err_t pin(uint32_t space, unsigned pages, uint64_t what)
{
    struct ipc_msg m = {.w = {PAGER_PIN, space, HEAP, HEAP + pages * PAGE_SIZE, what}};
    return model_call(0, &m);
}
/* The other one's pages come in and go out. */
static void goes_round(uint32_t other)
{
    for (unsigned i = 0; i < HEAP_PAGES; i++) {
        assert_int_equal(load(other, HEAP + i * PAGE_SIZE), i + 1);
        store(other, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
    }
}
/* Touches pages of its area until it is refused, for want of memory: so many. */
static unsigned shares_until_refused(uint32_t s, uint32_t other)
{
    unsigned reason = 0, pages = 0;
    while (pages < 80 && model_store(s, AREA + pages * PAGE_SIZE, 1, &reason) == OK) {
        pages++;
        goes_round(other);
        (void)evict_clean_ahead(); /* those that stand ready can leave, too */
    }
    goes_round(other);
    model_check();
    assert_int_equal(reason, FAULT_REASON_NOMEM);
    return pages;
}
static void shared_pages_leave_a_quarter_of_the_limit_to_others(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) { /* a store that exchanges, one that copies, one that takes its time */
        break_store(STORE_COPY, way > 0);
        break_store(STORE_DELAY, way == 2 ? 50 : 0);
        uint32_t a = make_process(1), b = make_process(2);
        for (unsigned i = 0; i < HEAP_PAGES; i++)
            store(b, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
        assert_int_equal(add_region(a, AREA, AREA + 80 * PAGE_SIZE, shared_rw, BACKING_ANON, 0, 0), OK);
        uint32_t child = make_child(a, 3);
        assert_int_equal(shares_until_refused(way ? child : a, b), 30);
        assert_int_equal(load(way ? a : child, AREA + 29 * PAGE_SIZE), 1); /* what is there stays everybody's */
        assert_int_equal(refused_store(way ? a : child, AREA + 30 * PAGE_SIZE), FAULT_REASON_NOMEM);
        assert_int_equal(pin(b, 1, PAGER_PIN_NOW), ERR_NOMEM);
        break_store(STORE_DELAY, 0); /* operations of the model do not wait for it */
        model_settle();
        end_process(child);
        assert_int_equal(add_region(a, AREA, AREA + 80 * PAGE_SIZE, shared_rw, BACKING_ANON, 0, 0), OK); /* the old ones go */
        assert_int_equal(pin(b, 8, PAGER_PIN_NOW), OK);
        assert_int_equal(shares_until_refused(a, b), 22);
        assert_int_equal(pin(b, 8, PAGER_UNPIN), OK);
        assert_int_equal(set_frames(b, 16), OK); /* a domain of its own: its pages can leave as well */
        goes_round(b);
        store(a, AREA + 22 * PAGE_SIZE, 1);
        assert_int_equal(set_frames(0, 80), OK);
        assert_int_equal(add_region(a, AREA, AREA + 80 * PAGE_SIZE, shared_rw, BACKING_ANON, 0, 0), OK);
        assert_int_equal(shares_until_refused(a, b), 60);
        assert_int_equal(set_frames(0, 40), ERR_NOMEM); /* less than what stays */
        end_process(a);
        end_process(b);
        assert_int_equal(set_frames(0, 40), OK);
        model_settle();
        model_check();
    }
}

/* ---- failures and deaths ---- */

static void a_failing_allocation_of_a_fault_in_leaves_no_trace(void **state)
{
    unsigned reason, failures = 0;
    uint8_t v;
    (void)state;
    uint32_t a = make_process(1);
    for (uint64_t k = 1; k < 6; k++) {
        store(a, HEAP, 9);
        (void)evict_now(64);
        (void)frame_fail_at(k);
        err_t err = model_load(a, HEAP, &v, &reason);
        failures += err != OK;
        assert_true(err == OK || reason == FAULT_REASON_NOMEM);
        (void)frame_fail_at(0);
        model_check();
        assert_int_equal(load(a, HEAP), 9);
    }
    assert_true(failures > 0);
    end_process(a);
}

/* Evictions, faults and a fork with a death at the k-th call; whether it came to that. */
static bool mortal_round(uint64_t k, int after)
{
    static uint32_t a, child;
    static unsigned stage;
    static uint64_t fork_key;
    volatile bool died = false;
    if (!a || !space_slot(a)) {
        a = make_process(1);
        for (unsigned i = 0; i < HEAP_PAGES; i++)
            store(a, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
        child = make_child(a, 1000 + op_key);
    }
    stage = 0;
    fork_key = ++op_key;
    model_die_at(k, after);
    if (setjmp(model_death)) {
        died = true;
        model_restart();
        model_check();
    }
    if (stage == 0) {
        stage = 1;
        (void)evict_now(12);
    }
    for (unsigned i = 0; i < HEAP_PAGES; i += 2)
        assert_int_equal(load(child, HEAP + i * PAGE_SIZE), i + 1);
    for (unsigned i = 1; i < HEAP_PAGES; i += 4)
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
    if (stage == 1) {
        stage = 2;
        (void)evict_now(12);
        while (evict_clean_ahead()) { /* bound: the high mark */
        }
    }
    uint32_t third = model_space_new(5000 + fork_key);
    assert_int_equal(model_fork(a, third, fork_key), OK);
    model_die_at(0, 0);
    for (unsigned i = 0; i < HEAP_PAGES; i++) {
        assert_int_equal(load(a, HEAP + i * PAGE_SIZE), i + 1);
        assert_int_equal(load(third, HEAP + i * PAGE_SIZE), i + 1);
    }
    model_check();
    end_process(third);
    return died;
}
static void a_death_at_every_call_of_an_eviction_loses_nothing(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        uint64_t k = 1;
        break_store(STORE_COPY, way / 2);
        while (mortal_round(k, way & 1))
            assert_true(++k < 3000);
        assert_true(k > 30);
    }
}

/* A lock copies pages that the process shares with its parent, each into the place of the old one; a death at the k-th call. */
static bool mortal_lock(uint64_t k, int after)
{
    static uint32_t a, child;
    volatile bool died = false;
    a = make_process(1);
    for (unsigned i = 0; i < 4; i++)
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
    child = make_child(a, 2);
    struct ipc_msg m = {.w = {PAGER_PIN, child, HEAP, HEAP + 4 * PAGE_SIZE, PAGER_PIN_NOW}};
    model_die_at(k, after);
    if (setjmp(model_death)) {
        died = true;
        model_restart();
        (void)model_run();
        model_check();
    } else {
        assert_int_equal(model_call(0, &m), OK);
    }
    model_die_at(0, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(load(child, HEAP + i * PAGE_SIZE), i + 1);
        assert_int_equal(load(a, HEAP + i * PAGE_SIZE), i + 1);
    }
    model_check();
    end_process(child);
    end_process(a);
    return died;
}
static void a_death_at_every_call_of_a_lock_loses_nothing(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        uint64_t k = 1;
        while (mortal_lock(k, after))
            assert_true(++k < 300);
        assert_true(k > 8); /* two a page */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(families_keep_their_bytes_in_the_store, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(an_eviction_takes_the_page_from_everybody, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_page_of_its_own_leaves_and_returns_with_its_frame, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_refused_answer_leaves_the_page_in_the_store, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(who_execs_leaves_the_family, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(slots_are_given_out_once_and_counted, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_full_store_gives_back_what_it_has, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_frame_taken_for_the_store_and_not_named_comes_back, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(errors_of_the_store_lose_nothing, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_read_error_is_told_once_and_the_page_stays, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_slow_store_keeps_everything, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(idle_time_cleans_between_the_watermarks, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_page_that_stands_ready_can_still_be_written, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_slow_store_is_not_flooded_ahead, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_store_that_exchanges_has_nothing_to_clean, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_limit_of_its_own_holds_for_one_process, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(shared_pages_leave_a_quarter_of_the_limit_to_others, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_failing_allocation_of_a_fault_in_leaves_no_trace, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_death_at_every_call_of_an_eviction_loses_nothing, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_death_at_every_call_of_a_lock_loses_nothing, setup_swapping, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
