/* SPDX-License-Identifier: MIT
 * Causes of traps, sorted to the core's functions: system call, page fault, exception, interrupt. First in the fault path
 * after entry.S. Also the kernel lock's two ends, and the epitaph of a kernel that trapped in itself.
 */
#include "../core/arch.h"
#include "../core/irq.h"
#include "csr.h"
#include "ipi.h"
#include "lock.h"
#include "plic.h"
#include "riscv.h"

_Static_assert(offsetof(struct thread, status) == T_STATUS && offsetof(struct thread, hart) == T_HART &&
                   offsetof(struct thread, x) == 0,
               "entry.S knows these");
_Static_assert(SYS_NULL == NR_NULL && SYS_CALL == NR_CALL && SYS_RECV == NR_RECV && SYS_REPLY == NR_REPLY && SYS_REPLY_RECV == NR_REPLY_RECV && SYS_FAULT_REPLY_RECV == NR_FAULT_REPLY_RECV && SYS_SIGNAL == NR_SIGNAL &&
                   MSG_CALL == KIND_CALL && MSG_FAULT == KIND_FAULT && OK == RESULT_OK && FAULT_ACCESS_R == ACCESS_R &&
                   FAULT_ACCESS_W == ACCESS_W && FAULT_ACCESS_X == ACCESS_X && CAUSE_ECALL_U == FAST_CAUSE_FIRST,
               "and these");
_Static_assert(offsetof(struct hart, kstack_top) == H_KSTACK && offsetof(struct hart, id) == H_ID && offsetof(struct hart, current) == H_CURRENT &&
                   offsetof(struct hart, lock) == H_LOCK && offsetof(struct kernel_lock, next) == 0,
               "start.S and entry.S know these");

static SELDOM void trap_interrupt(uint64_t code)
{
    count(KC_TRAP + 16 + (code & 15));
    if (code == IRQ_TIMER)
        timer_interrupt();
    else if (code == IRQ_EXTERNAL)
        irq_interrupt(plic_claim(this_hart())); /* another source traps again */
    else if (code == IRQ_SOFT) { /* mail was taken on the way to the lock; what a kick is about, sched_exit sees */
        csr_clear(sip, SIE_SSIE);
        this_hart()->kicked = false;
    }
}

/* Everything but system calls. Kept out of trap_user so that the common way in stays short. */
static __attribute__((noinline)) void trap_other(struct thread *t, uint64_t cause, uint64_t value)
{
    if (cause & SCAUSE_INTERRUPT) {
        trap_interrupt(cause & ~SCAUSE_INTERRUPT);
        return;
    }
    if (unlikely(this_hart()->current != t))
        return; /* another hart stopped it on its way in: it stands before the instruction, which has not happened */
    count(KC_TRAP + (cause & 15));
    switch (cause) {
    case CAUSE_STORE_PAGE:
        fault_raise(t, value, FAULT_ACCESS_W);
        break;
    case CAUSE_LOAD_PAGE:
        fault_raise(t, value, FAULT_ACCESS_R);
        break;
    case CAUSE_FETCH_PAGE:
        fault_raise(t, value, FAULT_ACCESS_X);
        break;
    default:
        if (cause != CAUSE_ILLEGAL || !fpu_first_use(t))
            exception_raise(t, cause, value);
    }
}

static inline struct thread *trap_out(void)
{
    struct thread *t = sched_exit();
    unlock_kernel();
    return t;
}

struct thread *trap_call(struct thread *t, int32_t mine), *trap_user(struct thread *t, int32_t mine), *trap_claimed(unsigned source);

/* A system call. mine: the ticket of the lock, whose turn may not have come. 0: t goes on, and nobody has touched the registers
 * that a call keeps. */
struct thread *trap_call(struct thread *t, int32_t mine)
{
    struct hart *h = this_hart();
    lock_turn(h, mine);
    if (likely(h->current == t)) { /* else another hart stopped it on its way in: it stands before its ecall */
        count(KC_TRAP + CAUSE_ECALL_U);
        t->x[REG_PC] += 4;
        syscall_dispatch(t);
        if (likely(!h->attention && h->current == t && h->space == t->space)) {
            unlock_kernel();
            return 0;
        }
    }
    return trap_out();
}

/* Everything else, all registers saved. */
struct thread *trap_user(struct thread *t, int32_t mine)
{
    lock_turn(this_hart(), mine);
    trap_other(t, csr_read(scause), csr_read(stval)); /* still this trap's: waiting for the lock takes none */
    return trap_out();
}

/* The same after the fast path took the lock and claimed an interrupt. */
struct thread *trap_claimed(unsigned source)
{
    count(KC_TRAP + 16 + IRQ_EXTERNAL);
    irq_interrupt(source);
    return trap_out();
}

bool arch_irq_pending(void) { return csr_read(sip) & csr_read(sie); }

/* No thread is ready: sleep without the lock, then handle what came. */
SELDOM void arch_idle(void)
{
    struct hart *h = this_hart();
    if (hart_count > 1) { /* nobody has to wait for a hart that sleeps */
        if (h->space)
            tlb_leave_here(h);
    }
    unlock_kernel();
    __asm__ volatile("wfi");
    lock_kernel();
    uint64_t pending = csr_read(sip) & csr_read(sie);
    if (pending & SIE_STIE)
        trap_interrupt(IRQ_TIMER);
    if (pending & SIE_SEIE)
        trap_interrupt(IRQ_EXTERNAL);
    if (pending & SIE_SSIE)
        trap_interrupt(IRQ_SOFT);
}

/* ---- the epitaph ---- */

extern uint64_t kernel_trap_frame[32];
_Noreturn void trap_kernel(uint64_t *x, uint64_t cause, uint64_t value);

_Noreturn void trap_kernel(uint64_t *x, uint64_t cause, uint64_t value)
{
    static const char name[32][4] = {"pc ", "ra ", "sp ", "gp ", "tp ", "t0 ", "t1 ", "t2 ", "s0 ", "s1 ", "a0 ",
                                     "a1 ", "a2 ", "a3 ", "a4 ", "a5 ", "a6 ", "a7 ", "s2 ", "s3 ", "s4 ", "s5 ",
                                     "s6 ", "s7 ", "s8 ", "s9 ", "s10", "s11", "t3 ", "t4 ", "t5 ", "t6 "};
    uint64_t index = (x[4] - (uint64_t)harts) / sizeof(struct hart); /* tp, if it was still good */
    __asm__ volatile("mv tp, %0" : : "r"(&harts[index < HARTS_MAX ? index : 0]));
    kputs("\nkernel trap: registers");
    for (unsigned i = 0; i < 32; i++) {
        kputs(i % 4 ? "  " : "\n  ");
        kputs(name[i]);
        kputs(" ");
        kputx(x[i]);
    }
    kputs("\n");
    panic("trap in the kernel (cause, value)", cause, value);
}
