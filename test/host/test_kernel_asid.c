/* SPDX-License-Identifier: MIT
 * riscv/tlb.c itself, on two simulated harts whose TLBs are keyed by the ASID in satp and forget only at fences: with no, two
 * and sixteen ASID bits, no space ever sees a translation of another one, nor one of its own that the tables no longer grant,
 * whichever hart changed them, and whether the other one runs the space now, ran it before, or runs what a roll-over renamed.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c microkernel/riscv/tlb.c test/host/kernel/host_machine.c
 * SOURCES: test/host/kernel/host_world.c test/host/kernel/host_check.c test/host/kernel/host_compare.c
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <string.h>

#include "../riscv/ipi.h"
#include "../riscv/riscv.h"
#include "host.h"
#include "host_csr.h"

#define VA 0x40000000UL
#define PAGES 4
#define SPACES 9
#define ASID_SHIFT 44

#define CACHED 4096
#define TLB cached[host_hart->index]
static struct { bool valid; uint64_t asid, va; pte_t pte; } cached[HOST_HARTS][CACHED];
static unsigned next_cached, asid_bits;
static uint64_t satp[HOST_HARTS];

static uint64_t asid_mask(void) { return ((1UL << asid_bits) - 1) << ASID_SHIFT; }
static uint64_t asid_now(void) { return (satp[host_hart->index] & 0xffffUL << ASID_SHIFT) >> ASID_SHIFT; }

/* ---- a hart: bits of satp that it does not keep read as zero ---- */

uint64_t host_satp_read(void) { return satp[host_hart->index]; }
void host_satp_write(uint64_t v) { satp[host_hart->index] = (v & ~(0xffffUL << ASID_SHIFT)) | (v & asid_mask()); }
void fence_i(void) {}

static void fence(bool any_asid, uint64_t asid, bool any_va, uint64_t va)
{
    for (unsigned i = 0; i < CACHED; i++)
        if ((any_asid || TLB[i].asid == (asid & asid_mask() >> ASID_SHIFT)) && (any_va || TLB[i].va == (va & ~PAGE_MASK)))
            TLB[i].valid = false;
}

void sfence_vma(void) { fence(true, 0, true, 0); }
void sfence_vma_asid(uint64_t asid) { fence(false, asid, true, 0); }
void sfence_vma_page(uint64_t va, uint64_t asid) { fence(false, asid, false, va); }

/* Fill, and look at everything that is cached for the ASID that runs: the tables of this space must grant it. */
static void check_current(void)
{
    struct space *s = host_hart->space;
    assert_int_equal(satp[host_hart->index] & 0xfffffffffffUL, s->root_frame);
    for (unsigned i = 0; i < CACHED; i++) {
        if (!TLB[i].valid || TLB[i].asid != asid_now())
            continue;
        pte_t now = host_pte(s, TLB[i].va);
        if (PTE_FRAME(now) != PTE_FRAME(TLB[i].pte) || (TLB[i].pte & (PTE_V | PTE_R | PTE_W | PTE_X) & ~now))
            fail_msg("asid %lu: cached 0x%lx at 0x%lx, the tables say 0x%lx", asid_now(), TLB[i].pte, TLB[i].va, now);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        pte_t e = host_pte(s, VA + i * PAGE_SIZE);
        if (!(e & PTE_V))
            continue;
        bool there = false;
        for (unsigned k = 0; k < CACHED; k++)
            there |= TLB[k].valid && TLB[k].asid == asid_now() && TLB[k].va == VA + i * PAGE_SIZE && TLB[k].pte == e;
        if (there)
            continue;
        unsigned n = next_cached++ % CACHED;
        TLB[n].valid = true, TLB[n].asid = asid_now(), TLB[n].va = VA + i * PAGE_SIZE, TLB[n].pte = e;
    }
}

/* ---- mail between the harts, delivered at once ---- */

static unsigned flushes, reloads, leaves;

/* Run what follows as each hart of `to`. */
#define EACH_HART(to) \
    for (struct hart *me_ = host_hart, *h_ = harts; h_ < harts + HOST_HARTS || (host_hart = me_, false); h_++) \
        if ((((to) >> h_->index) & 1) && (host_hart = h_))

void mail_send_flush(uint64_t to, struct space *sp, vaddr_t va, uint64_t pages)
{
    assert_false(to & host_hart->bit);
    flushes++;
    EACH_HART(to) tlb_flush_here(sp, va, pages);
}
void mail_send_reload(uint64_t to)
{
    reloads++;
    EACH_HART(to) tlb_reload_here(host_hart);
}
void mail_send_leave(uint64_t to)
{
    leaves++;
    EACH_HART(to) tlb_leave_here(host_hart);
}
void arch_fetch_fence(void) {}

/* ---- what host_world.c wants of a TLB model ---- */

bool tlb_sets_ad, tlb_check_always, tlb_speculates, tlb_stubborn;
unsigned tlb_faults;
void tlb_reset(void)
{
    memset(cached, 0, sizeof(cached));
    for (unsigned i = 0; i < HOST_HARTS; i++)
        harts[i].bit = 1UL << i;
    tlb_boot(HOST_RAM_PA, HOST_HARTS);
}
const char *tlb_violation(void) { return 0; }
void tlb_fill(struct hart *h) { (void)h; }

/* ---- spaces that come, run, change and go ---- */

static struct host_space s[SPACES];
static struct host_thread t[SPACES][HOST_HARTS];
static frame_t shared[8];

static void make(unsigned i)
{
    s[i] = host_space();
    for (unsigned h = 0; h < HOST_HARTS; h++)
        t[i][h] = host_thread_on(&s[i], &harts[h]);
    host_tables(&s[i], VA);
    for (unsigned k = 0; k < PAGES; k++)
        host_map(&s[i], VA + k * PAGE_SIZE, shared[(i + k) % 8], PROT_R | PROT_W);
}

static void end(unsigned i)
{
    for (unsigned h = 0; h < HOST_HARTS; h++)
        host_destroy(t[i][h].h);
    SYS_OK(init, SPACE_UNMAP, s[i].h, VA, PAGES);
    while (SYS(init, SPACE_UNTABLE, s[i].h, VA) == OK) {
    }
    host_destroy(s[i].h);
}

static void run_all(unsigned bits)
{
    asid_bits = bits;
    flushes = reloads = leaves = 0;
    host_boot();
    for (unsigned i = 0; i < 8; i++)
        shared[i] = host_uframe();
    for (unsigned i = 0; i < SPACES; i++)
        make(i);
    for (unsigned n = 0; n < 6000; n++) {
        unsigned i = host_below(SPACES), k = host_below(PAGES);
        vaddr_t va = VA + k * PAGE_SIZE;
        switch (host_below(8)) {
        case 0:
            SYS_OK(init, SPACE_UNMAP, s[i].h, va, 1 + host_below(PAGES - k));
            break;
        case 1:
            SYS_OK(init, SPACE_PROTECT, s[i].h, va, 1 + host_below(PAGES - k), PROT_R);
            break;
        case 2:
            (void)SYS(init, SPACE_MAP_FRAME, s[i].h, va, shared[host_below(8)], PROT_R | PROT_W);
            break;
        case 3:
            if (host_below(20) == 0) {
                end(i);
                make(i);
            }
            break;
        default:
            host_current(t[i][host_below(HOST_HARTS)].t);
            check_current();
        }
    }
    host_check();
    assert_true(flushes > 50);
}

static void without_asid_bits(void **context)
{
    (void)context;
    run_all(0);
    assert_int_equal(hart0->counter[KC_ASID_ROLLS], 0);
}

static void with_few_asids_generations_roll(void **context)
{
    (void)context;
    run_all(2);
    assert_true(hart0->counter[KC_ASID_ROLLS] + hart1->counter[KC_ASID_ROLLS] > 100);
    assert_true(reloads > 100);
}

static void with_many_asids(void **context)
{
    (void)context;
    run_all(16);
    assert_int_equal(hart0->counter[KC_ASID_ROLLS], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_asid_bits),
        cmocka_unit_test(with_few_asids_generations_roll),
        cmocka_unit_test(with_many_asids),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
