/* SPDX-License-Identifier: MIT
 * Proves that f0-f31 and fcsr belong to the thread: across processes, threads, forks, system calls and pager faults.
 */
#define GT_NAME "fpu"
#include "gtest.h"
#include <pagoda/thread.h>

/* Load all FP registers from a seed, with rounding mode and flags; and compare. */
static void fp_load(uint64_t seed)
{
    uint64_t v[32];
    for (unsigned i = 0; i < 32; i++)
        v[i] = seed * 1000003 + i;
    __asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
                     "fld f\\n, 8*\\n(%0)\n.endr\n"
                     "fscsr %1" ::"r"(v),
                     "r"((seed & 3) << 5 | (seed & 0x1f))
                     : "memory");
}
static unsigned fp_wrong(uint64_t seed)
{
    uint64_t v[32], csr;
    unsigned bad = 0;
    __asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
                     "fsd f\\n, 8*\\n(%1)\n.endr\n"
                     "frcsr %0"
                     : "=r"(csr)
                     : "r"(v)
                     : "memory");
    for (unsigned i = 0; i < 32; i++)
        bad += v[i] != seed * 1000003 + i;
    return bad + (csr != ((seed & 3) << 5 | (seed & 0x1f)));
}

static void keeps_its_registers(void *seed)
{
    for (unsigned i = 0; i < 30; i++) {
        fp_load((uintptr_t)seed + i);
        if (i % 3 == 0)
            sys_yield();
        else
            gt_sleep_us(20);
        CHECK_EQ(fp_wrong((uintptr_t)seed + i), 0);
    }
}
static void across_processes(void)
{
    pid_t pid[4];
    for (uintptr_t i = 0; i < 4; i++)
        pid[i] = gt_child(keeps_its_registers, (void *)(i * 77 + 5));
    keeps_its_registers((void *)1000);
    for (int i = 0; i < 4; i++)
        gt_expect_exit(pid[i], 0);
}
static void *thread_keeps(void *seed)
{
    keeps_its_registers(seed);
    return NULL;
}
static void across_threads(void)
{
    struct thread *t[4];
    for (uintptr_t i = 0; i < 4; i++)
        CHECK_EQ(thread_create(&t[i], thread_keeps, (void *)(i * 55 + 3)), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(thread_join(t[i], NULL), 0);
}
/* Busy loops without a system call: switched by the timer alone. */
static void spins_with_registers(void *seed)
{
    ticks_t end = sys_time() + gt_us(60000);
    fp_load((uintptr_t)seed);
    while (sys_time() < end)
        ;
    CHECK_EQ(fp_wrong((uintptr_t)seed), 0);
}
static void across_preemption(void)
{
    pid_t pid[3];
    for (uintptr_t i = 0; i < 3; i++)
        pid[i] = gt_child(spins_with_registers, (void *)(i + 21));
    for (int i = 0; i < 3; i++)
        gt_expect_exit(pid[i], 0);
}
/* fork is a call in C, so caller-saved registers may go; the raw request shows what the kernel and procmgr copy. */
static void across_fork(void)
{
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct ipc_regs x = {.w = {PROC_FORK}};
        fflush(stdout);
        fp_load(seed);
        long r = ipc_raw(SYS_CALL, H_PROC, &x);
        unsigned bad = fp_wrong(seed);
        CHECK_EQ(r, OK);
        if (r == OK && x.w[1] == 0)
            _exit(bad == 0 ? 0 : 1);
        CHECK_EQ(bad, 0);
        CHECK_EQ((err_t)x.w[0], OK);
        gt_expect_exit((pid_t)x.w[1], 0);
    }
}
static uint8_t fresh[16][PAGE_SIZE] __attribute__((aligned(4096)));
static void across_faults(void)
{
    for (uint64_t i = 0; i < 16; i++) {
        fp_load(i + 300);
        fresh[i][0] = 1;
        CHECK_EQ(fp_wrong(i + 300), 0);
    }
}
static void starts_clean(void *unused)
{
    (void)unused;
    uint64_t csr;
    __asm__ volatile("frcsr %0" : "=r"(csr));
    CHECK_EQ(csr & 0xff, 0);
}
static void *thread_starts_clean(void *unused)
{
    starts_clean(unused);
    return NULL;
}
static void a_new_thread_starts_clean(void)
{
    struct thread *t;
    fp_load(0x1f);
    CHECK_EQ(thread_create(&t, thread_starts_clean, NULL), 0);
    CHECK_EQ(thread_join(t, NULL), 0);
    __asm__ volatile("fscsr zero");
}
static void arithmetic(void)
{
    volatile double a = 1.0, b = 3.0;
    volatile float f = 0.1f;
    CHECK(a / b > 0.333333333333333 && a / b < 0.333333333333334);
    CHECK(f * 10.0f > 0.99f && f * 10.0f < 1.01f);
}

GT_MAIN(CASE(arithmetic), CASE(across_processes), CASE(across_threads), CASE(across_preemption), CASE(across_fork),
        CASE(across_faults), CASE(a_new_thread_starts_clean))
