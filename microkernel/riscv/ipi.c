/* SPDX-License-Identifier: MIT
 * What one hart wants of others: kicks, which nobody waits for, and mail, which its sender waits for.
 *
 *   sender (holds the kernel lock)                     receiver
 *   the letter, then hart->mail = what                 in user mode: traps, saves its thread's registers, waits for the lock
 *   inter-processor interrupt                          waiting for the lock: looks at its mail meanwhile (lock.h)
 *   waits until mail is 0                       <---   does what it says, then mail = 0
 *
 * Only the lock's holder sends, so there is one letter at a time; a hart with mail never holds the lock, so a wait ends after
 * the receiver's way from user mode to the lock. Source: RISC-V SBI specification 1.0, IPI extension.
 */
#include "../core/arch.h"
#include "csr.h"
#include "ipi.h"
#include "lock.h"
#include "riscv.h"

#define SBI_EXT_IPI 0x735049

static struct {
    struct space *space; /* MAIL_FLUSH, MAIL_LEAVE */
    vaddr_t va;          /* MAIL_FLUSH */
    uint64_t pages;
} letter;

void ipi_send(struct hart *h) { (void)sbi_call(SBI_EXT_IPI, 0, 1, h->id, 0); }

void arch_kick(struct hart *h)
{
    if (h->kicked)
        return;
    h->kicked = true;
    count(KC_IPIS);
    ipi_send(h);
}

/* Who waits for the lock, or idles, has saved its thread's registers: only floating point may still be in the hart. */
static void mail_enter(struct hart *h)
{
    if (h->fpu_owner)
        arch_fpu_save(h->fpu_owner);
    if (!h->current)
        return;
    uint64_t now = arch_instret();
    h->current->instructions += now - h->switch_instret;
    h->switch_instret = now;
}

void mail_take(struct hart *h)
{
    switch (__atomic_load_n(&h->mail, __ATOMIC_ACQUIRE)) {
    case MAIL_ENTER:
        mail_enter(h);
        break;
    case MAIL_FLUSH:
        tlb_flush_here(letter.space, letter.va, letter.pages);
        break;
    case MAIL_RELOAD:
        tlb_reload_here(h);
        break;
    case MAIL_LEAVE:
        tlb_leave_here(h);
        break;
    case MAIL_FETCH:
        fence_i();
        break;
    default:
        break;
    }
    __atomic_store_n(&h->mail, MAIL_NONE, __ATOMIC_RELEASE);
}

static void mail_send(uint64_t to, enum mail what)
{
    for (unsigned i = 0; i < hart_count; i++)
        if ((to >> i) & 1) {
            __atomic_store_n(&harts[i].mail, what, __ATOMIC_RELEASE);
            count(KC_IPIS);
            ipi_send(&harts[i]);
        }
#ifdef MUTANT_KERNEL_SEND_AND_GO
    return;
#endif
    for (unsigned i = 0; i < hart_count; i++)
        while (((to >> i) & 1) && __atomic_load_n(&harts[i].mail, __ATOMIC_ACQUIRE)) /* bound: see above */
            ;
}

void mail_send_flush(uint64_t to, struct space *s, vaddr_t va, uint64_t pages)
{
    letter.space = s;
    letter.va = va;
    letter.pages = pages;
    mail_send(to, MAIL_FLUSH);
}

void mail_send_reload(uint64_t to) { mail_send(to, MAIL_RELOAD); }
void mail_send_leave(uint64_t to) { mail_send(to, MAIL_LEAVE); }
void arch_hart_enter(struct hart *h) { mail_send(h->bit, MAIL_ENTER); }

void arch_fetch_fence(void)
{
    uint64_t all = (1UL << hart_count) - 1;
    fence_i();
#ifdef MUTANT_KERNEL_FENCE_HERE_ONLY
    return;
#endif
    if (unlikely(hart_count > 1))
        mail_send(all & ~this_hart()->bit, MAIL_FETCH);
}
