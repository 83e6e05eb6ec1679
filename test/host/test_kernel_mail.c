/* SPDX-License-Identifier: MIT
 * riscv/ipi.c and riscv/lock.c themselves, each hart a thread of the host: what a hart asks of others by mail is done by all
 * of them when the call returns, however late they look, and by nobody else; who waits for the lock, spinning or asleep, does
 * it too.
 * SOURCES: microkernel/riscv/ipi.c microkernel/riscv/lock.c
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <string.h>
#include <threads.h>
#include <unistd.h>

#include "../riscv/csr.h"
#include "../riscv/ipi.h"
#include "../riscv/lock.h"
#include "../riscv/riscv.h"
#include "host.h"

#define HARTS 4u
#define ROUNDS 20
#define LATE_US 500   /* so late does a receiver look */
#define HANG_SECONDS 60

/* ---- the machine: one thread for each hart ---- */

struct hart harts[HARTS_MAX];
uint32_t hart_count = HARTS;
struct hart *host_hart = &harts[0]; /* the only sender */
uint64_t host_instret, host_time;
static _Thread_local unsigned me;
static _Atomic bool pending[HARTS]; /* sip.SSIP */
static _Atomic unsigned fetch_fences[HARTS], flushes[HARTS], reloads[HARTS], leaves[HARTS], slept;
static _Atomic bool over;

struct sbi_result sbi_call(uint64_t ext, uint64_t fid, uint64_t mask, uint64_t first, uint64_t unused)
{
    (void)ext, (void)fid, (void)unused;
    for (unsigned i = 0; i < HARTS; i++)
        if (i >= first && (mask >> (i - first)) & 1)
            pending[i] = true;
    return (struct sbi_result){0, 0};
}
void host_sip_clear(uint64_t bits)
{
    assert_int_equal(bits, SIE_SSIE);
    pending[me] = false;
}
void wfi(void)
{
    slept++;
    while (!pending[me]) /* bound: an interrupt, or the alarm */
        thrd_yield();
}
void fence_i(void) { fetch_fences[me]++; }
void arch_fpu_save(struct thread *t) { (void)t; }
uint64_t host_satp_read(void) { return 0; }
void host_satp_write(uint64_t value) { (void)value; }
void sfence_vma(void) {}
void sfence_vma_asid(uint64_t asid) { (void)asid; }
void sfence_vma_page(uint64_t va, uint64_t asid) { (void)va, (void)asid; }

static struct space some_space;
void tlb_flush_here(struct space *s, vaddr_t va, uint64_t pages)
{
    flushes[me] += s == &some_space && va == 0x5000 && pages == 3;
}
void tlb_reload_here(struct hart *h) { reloads[me] += h == &harts[me]; }
void tlb_leave_here(struct hart *h) { leaves[me] += h == &harts[me]; }

/* In user mode: an interrupt brings it into the kernel, some time later. */
static int hart_runs(void *index)
{
    me = (unsigned)(uintptr_t)index;
    while (!over) {
        if (!pending[me]) {
            thrd_yield();
            continue;
        }
        usleep(LATE_US);
        pending[me] = false;
        mail_take(&harts[me]);
    }
    return 0;
}
/* A trap: it wants the lock, which hart 0 has. */
static int hart_waits(void *index)
{
    me = (unsigned)(uintptr_t)index;
    struct hart *h = &harts[me];
    lock_turn(h, lock_ticket());
    assert_int_equal(h->mail, MAIL_NONE);
    over = true;
    unlock_kernel();
    return 0;
}

static thrd_t thread[HARTS];
static void start(unsigned first, thrd_start_t how)
{
    for (unsigned i = first; i < hart_count; i++)
        assert_int_equal(thrd_create(&thread[i], how, (void *)(uintptr_t)i), thrd_success);
}
static void join(void)
{
    for (unsigned i = 1; i < hart_count; i++)
        assert_int_equal(thrd_join(thread[i], 0), thrd_success);
}
static int setup(void **context)
{
    (void)context;
    memset(harts, 0, sizeof(harts));
    memset(&kernel_lock, 0, sizeof(kernel_lock));
    for (unsigned i = 0; i < HARTS; i++) {
        harts[i].index = harts[i].id = (uint16_t)i;
        harts[i].bit = 1UL << i;
        pending[i] = false;
        fetch_fences[i] = flushes[i] = reloads[i] = leaves[i] = 0;
    }
    over = false;
    slept = 0;
    hart_count = HARTS;
    (void)alarm(HANG_SECONDS); /* who waits for an answer that never comes would wait for ever */
    return 0;
}

/* ---- cases ---- */

static void a_fetch_fence_is_done_by_all_when_it_returns(void **context)
{
    (void)context;
    start(1, hart_runs);
    for (unsigned n = 1; n <= ROUNDS; n++) {
        arch_fetch_fence();
        for (unsigned i = 0; i < HARTS; i++)
            assert_int_equal(fetch_fences[i], n);
    }
    over = true;
    join();
}

static void mail_is_done_by_those_it_is_for(void **context)
{
    (void)context;
    start(1, hart_runs);
    for (unsigned n = 1; n <= ROUNDS; n++) {
        mail_send_flush(1UL << 1 | 1UL << 3, &some_space, 0x5000, 3);
        assert_true(flushes[1] == n && flushes[3] == n);
        mail_send_reload(1UL << 2);
        assert_true(reloads[2] == n);
        mail_send_leave(1UL << 1);
        assert_true(leaves[1] == n);
    }
    assert_true(flushes[0] + flushes[2] + reloads[0] + reloads[1] + reloads[3] + leaves[0] + leaves[2] + leaves[3] == 0);
    over = true;
    join();
}

static void who_waits_for_the_lock_does_its_mail(void **context)
{
    (void)context;
    hart_count = 2;
    lock_kernel();
    start(1, hart_waits);
    for (unsigned n = 1; n <= ROUNDS; n++) { /* spinning at first */
        arch_fetch_fence();
        assert_int_equal(fetch_fences[1], n);
    }
    while (slept == 0) /* bound: its spins */
        thrd_yield();
    for (unsigned n = ROUNDS + 1; n <= 2 * ROUNDS; n++) {
        arch_fetch_fence();
        assert_int_equal(fetch_fences[1], n);
        usleep(LATE_US); /* it falls asleep again */
    }
    assert_false(over);
    unlock_kernel(); /* which wakes it */
    join();
    assert_true(over);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_fetch_fence_is_done_by_all_when_it_returns, setup),
        cmocka_unit_test_setup(mail_is_done_by_those_it_is_for, setup),
        cmocka_unit_test_setup(who_waits_for_the_lock_does_its_mail, setup),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
