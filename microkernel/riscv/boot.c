/* SPDX-License-Identifier: MIT
 * The boot hart in C: read the device tree, lay out the kernel's memory, set the CSRs, hand over to core.
 */
#include "../core/arch.h"
#include "csr.h"
#include "lock.h"
#include "riscv.h"

bool fpu_present;
extern char kernel_end[], boot_stack_top[];
static uint64_t boot_instret;

uint64_t arch_boot_instret(void) { return boot_instret; }

static void zero_range(paddr_t pa, uint64_t bytes)
{
    for (paddr_t p = pa; p < pa + bytes; p += PAGE_SIZE)
        frame_zero(p >> PAGE_SHIFT);
}

static uint64_t pages_up(uint64_t bytes) { return (bytes + PAGE_MASK) & ~PAGE_MASK; }

/* Behind the kernel, in chunks of their own since pagers may read them: frame table, chunk table, event rings. */
static void boot_layout(struct machine *m)
{
    paddr_t p = (virt_to_phys(kernel_end) + CHUNK_SIZE - 1) & ~(CHUNK_SIZE - 1);
    uint64_t frames = m->ram_bytes >> PAGE_SHIFT, start = p;
    m->frame_table_pa = p;
    p += pages_up(frames * sizeof(struct frame_info));
    m->chunk_table_pa = p;
    p += pages_up(((frames >> 9) + 1) * sizeof(struct chunk_info));
    m->ring_pa = p;
    p += pages_up(m->harts * TRACE_RING * sizeof(struct trace_event));
    m->free_pa = (p + CHUNK_SIZE - 1) & ~(CHUNK_SIZE - 1);
    if (m->free_pa + 4 * CHUNK_SIZE > m->ram_pa + m->ram_bytes)
        panic("boot: too little memory (64 MiB at least)", m->ram_bytes, 0);
    if (m->image_bytes && m->image_pa < m->free_pa)
        panic("boot: the boot image lies where the kernel's tables go", m->image_pa, m->free_pa);
    zero_range(start, p - start);
}

struct thread *boot_c(uint64_t hart_id, paddr_t dtb, uint64_t instret);
struct thread *boot_c(uint64_t hart_id, paddr_t dtb, uint64_t instret)
{
    static struct machine m;
    struct hart *h = &harts[0];
    boot_instret = instret;
    h->id = hart_id;
    h->bit = 1UL << h->index;
    h->online = true;
    h->lock = &kernel_lock;
    h->kstack_top = (uint64_t)boot_stack_top;
    csr_write(stvec, (uint64_t)trap_entry);
    if (!dtb_read(phys_to_virt(dtb), &m))
        panic("boot: no usable device tree", dtb, 0);
    have_sstc = m.isa_flags & BOOT_ISA_SSTC;
    fpu_present = m.isa_flags & BOOT_ISA_FPU;
    test_device_pa = m.test_pa;
    tlb_boot(sv39_boot(&m), m.harts);
    boot_layout(&m);
    plic_boot(&m);
    hart_csrs();
    lock_kernel();
    core_boot_hart(&m, h);
    smp_boot(&m);
    core_boot(&m);
    struct thread *t = sched_exit();
    unlock_kernel();
    return t;
}
