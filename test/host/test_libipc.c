/* SPDX-License-Identifier: MIT
 * libipc over a kernel made of paper: which register carries what, requests that outlive the pager, blocking copies.
 *
 * SOURCES: libipc/ipc.c libipc/pager_call.c
 * INCLUDES: microkernel/include libipc/include
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ipc/pager.h>

/* What the kernel was asked, and what it answers. */
static struct ipc_regs asked, answer;
static long asked_number, answer_a0;
static uint64_t asked_a0;
static unsigned calls, deaths_left, waits;
static ticks_t now;
static uint64_t wait_bits, signalled;
static err_t copy_script[8];
static unsigned copy_step;

long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    if ((number_flags & 0xff) == SYS_WAIT) {
        waits++;
        now = x->t2 != 0 && x->t2 != DEADLINE_NONE ? x->t2 : now + 1;
        x->w[0] = wait_bits;
        return wait_bits ? OK : ERR_TIMEOUT;
    }
    calls++;
    asked = *x;
    asked_number = number_flags;
    asked_a0 = a0;
    if (deaths_left > 0) {
        deaths_left--;
        memset(x, 0xee, sizeof *x);
        return ERR_PEER_DEAD;
    }
    *x = answer;
    return answer_a0;
}

struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a0, (void)a2, (void)a3, (void)a5;
    if (number == SYS_SIGNAL) {
        signalled |= a1;
        return (struct sysret){.a0 = OK};
    }
    assert_int_equal(number, SYS_COPY);
    err_t err = copy_script[copy_step++];
    return (struct sysret){.a0 = err, .a1 = err == OK ? a4 : a4 / 2};
}

ticks_t sys_time(void) { return now; }
uint64_t sys_instret(void) { return 0; }

static int setup(void **state)
{
    (void)state;
    memset(&answer, 0, sizeof answer);
    answer_a0 = OK;
    calls = deaths_left = waits = copy_step = 0;
    now = 1000;
    wait_bits = signalled = 0;
    ipc_copy_wait_on(0);
    return 0;
}

static void test_a_call_carries_words_buffers_and_deadline(void **state)
{
    (void)state;
    char a, b;
    struct ipc_msg m = {.w = {1, 2, 3, 4, 5, 6, 7, 8}};
    struct ipc_buf bufs[2] = {{&a, 100, BUF_R}, {&b, 200, BUF_W}};
    assert_int_equal(ipc_call_full(9, &m, bufs, 2, 77), OK);
    assert_int_equal(asked_number, SYS_CALL | (IPC_F_DEADLINE | IPC_F_BUF) << 8);
    assert_int_equal(asked_a0, 9);
    for (int i = 0; i < MSG_WORDS; i++)
        assert_int_equal(asked.w[i], i + 1);
    assert_int_equal(asked.t2, 77);
    assert_ptr_equal((void *)asked.t3, &a);
    assert_true(asked.t4 == (100 | BUF_R));
    assert_ptr_equal((void *)asked.t5, &b);
    assert_true(asked.t6 == (200 | BUF_W));
    assert_int_equal(ipc_call_full(9, &m, bufs, 3, 77), ERR_INVAL);
}

static void test_the_servers_error_is_the_calls_and_the_kernels_comes_first(void **state)
{
    (void)state;
    struct ipc_msg m = {.w = {5}};
    answer.w[0] = (uint64_t)(int64_t)ERR_NOENT;
    assert_int_equal(ipc_call(1, &m), ERR_NOENT);
    struct ipc_msg again = {.w = {5}};
    answer_a0 = ERR_HANDLE;
    assert_int_equal(ipc_call(1, &again), ERR_HANDLE);
    assert_int_equal(again.w[0], 5); /* a message that did not go through is untouched */
}

static void test_a_handle_travels_in_the_last_word(void **state)
{
    (void)state;
    struct ipc_msg m = {.w = {1}};
    assert_int_equal(ipc_call_handle(1, &m, 42, RIGHT_SEND, XFER_MOVE), OK);
    assert_int_equal(asked_number, SYS_CALL | IPC_F_HANDLE << 8);
    assert_true(asked.w[7] == (XFER_MOVE | (uint64_t)RIGHT_SEND << 32 | 42));
}

static void test_a_receive_unpacks_id_badge_and_lengths(void **state)
{
    (void)state;
    struct ipc_event ev;
    answer = (struct ipc_regs){.w = {8, 7}, .t2 = 11, .t3 = 22, .t4 = 33 | BUF_R, .t6 = 44 | BUF_W};
    answer_a0 = MSG_CALL;
    assert_int_equal(ipc_recv(3, &ev, DEADLINE_NONE), MSG_CALL);
    assert_int_equal(asked_number, SYS_RECV);
    assert_int_equal(ev.w[0], 8);
    assert_int_equal(ev.id, 11);
    assert_int_equal(ev.badge, 22);
    assert_true(ev.buf_len[0] == (33 | BUF_R) && ev.buf_len[1] == (44 | BUF_W));
    answer_a0 = ERR_TIMEOUT;
    assert_int_equal(ipc_recv(3, &ev, DEADLINE_POLL), ERR_TIMEOUT);
    assert_int_equal(asked_number, SYS_RECV | IPC_F_DEADLINE << 8);
    assert_int_equal(ev.kind, ERR_TIMEOUT);
}

static void test_a_fault_reply_is_verdict_frame_tables_id(void **state)
{
    (void)state;
    assert_int_equal(ipc_fault_reply(99, FAULT_VERDICT(FAULT_MAP, PROT_R | PROT_W, 0), 5, 6, 7), OK);
    assert_int_equal(asked_number, SYS_FAULT_REPLY);
    assert_int_equal(asked.w[0], FAULT_MAP | (PROT_R | PROT_W) << 8);
    assert_int_equal(asked.w[1], 5);
    assert_int_equal(asked.w[2], 6);
    assert_int_equal(asked.w[3], 7);
    assert_int_equal(asked.t3, 99);
}

static void test_a_request_is_repeated_unchanged_when_the_pager_dies(void **state)
{
    (void)state;
    struct ipc_msg m = {.w = {PAGER_STAT, 1, 2, 3}};
    deaths_left = 3;
    answer.w[1] = 55;
    assert_int_equal(pager_call(1, &m), OK);
    assert_int_equal(calls, 4);
    assert_int_equal(waits, 3);
    assert_int_equal(asked.w[0], PAGER_STAT);
    assert_int_equal(asked.w[3], 3);
    assert_int_equal(m.w[1], 55);
}

static void test_a_pager_that_stays_dead_is_given_up(void **state)
{
    (void)state;
    struct ipc_msg m = {.w = {PAGER_STAT}};
    deaths_left = 1000;
    assert_int_equal(pager_call_bounded(1, &m, 5), ERR_PEER_DEAD);
    assert_int_equal(calls, 5);
    assert_int_equal(waits, 4);
}

static void test_a_copy_goes_on_when_its_page_is_in(void **state)
{
    (void)state;
    char bytes[64];
    copy_script[0] = ERR_FAULT_PENDING;
    copy_script[1] = ERR_FAULT_PENDING;
    copy_script[2] = OK;
    wait_bits = NTFN_COPY_READY | 6;
    ipc_copy_wait_on(12);
    assert_int_equal(ipc_copy_from(1, 0, 0, bytes, sizeof bytes, DEADLINE_NONE), OK);
    assert_int_equal(copy_step, 3);
    assert_int_equal(signalled, 6); /* bits with another meaning are put back */
}

static void test_a_copy_ends_at_a_bad_address_or_its_deadline(void **state)
{
    (void)state;
    char bytes[64] = {0};
    copy_script[0] = ERR_FAULT;
    assert_int_equal(ipc_copy_to(1, 0, 0, bytes, sizeof bytes, DEADLINE_NONE), ERR_FAULT);
    copy_step = 0;
    for (int i = 0; i < 8; i++)
        copy_script[i] = ERR_FAULT_PENDING;
    assert_int_equal(ipc_copy_to(1, 0, 0, bytes, sizeof bytes, now + 5), ERR_TIMEOUT);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_call_carries_words_buffers_and_deadline),
        CASE(test_the_servers_error_is_the_calls_and_the_kernels_comes_first),
        CASE(test_a_handle_travels_in_the_last_word),
        CASE(test_a_receive_unpacks_id_badge_and_lengths),
        CASE(test_a_fault_reply_is_verdict_frame_tables_id),
        CASE(test_a_request_is_repeated_unchanged_when_the_pager_dies),
        CASE(test_a_pager_that_stays_dead_is_given_up),
        CASE(test_a_copy_goes_on_when_its_page_is_in),
        CASE(test_a_copy_ends_at_a_bad_address_or_its_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
