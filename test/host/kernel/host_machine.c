/* SPDX-License-Identifier: MIT
 * The simulated machine: RAM, two harts, time, console, interrupt controller; and its boot through core_boot with a
 * boot image made here. The TLB is in host_tlb.c. RAM is full of junk at first, so what needs zeroing must be zeroed.
 *
 *   chunk 0 firmware   1 kernel text   2 kernel data: frame table, chunk table, event rings
 *   3 KERNEL   4 INIT   5..10 USER   11 the boot image
 */
#include <abi/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf.h"
#include "../riscv/riscv.h"
#include "host.h"

#define ELSEWHERE_PA 0x2000000000UL /* physical addresses of the kernel's own variables */
#define CHUNK_PA(n) (HOST_RAM_PA + (uint64_t)(n) * CHUNK_SIZE)

uint8_t host_ram[HOST_RAM_BYTES] __attribute__((aligned(PAGE_SIZE)));
pte_t boot_root[PTES_PER_TABLE] __attribute__((aligned(PAGE_SIZE)));
/* What kernel.ld says on the target. */
__asm__(".globl kernel_start, kernel_data\n.set kernel_start, host_ram + 0x200000\n.set kernel_data, host_ram + 0x400000");

struct hart *host_hart = &harts[0];
uint64_t host_time, host_instret, host_timer[HARTS_MAX];
unsigned host_irq_every, host_fetch_fences, host_hart_enters[HARTS_MAX];
bool host_irq_on[128], host_bad_init;
struct hart *host_irq_hart[128];
char host_console[4096];
jmp_buf *host_panic_to;
static unsigned console_used, irq_asked;
static uint64_t random_state;

/* The search for leaks would take RAM's junk for pointers. The kernel allocates nothing. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

_Noreturn void host_die(const char *what, uint64_t value)
{
    fprintf(stderr, "host: %s (0x%lx)\n%s\n", what, value, host_console);
    abort();
}

void *host_phys_elsewhere(paddr_t pa)
{
    uint8_t *p = (uint8_t *)boot_root + (int64_t)(pa - ELSEWHERE_PA - (1UL << 30));
    return pa - ELSEWHERE_PA < 2UL << 30 ? p : (uint8_t *)64; /* to be named perhaps, never to be followed */
}

paddr_t host_virt_elsewhere(const void *p) { return ELSEWHERE_PA + (1UL << 30) + ((uintptr_t)p - (uintptr_t)boot_root); }

void host_seed(uint64_t seed) { random_state = seed * 0x9e3779b97f4a7c15UL | 1; }

uint64_t host_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state >> 11;
}

/* ---- arch.h ---- */

uint64_t arch_status_user(void) { return 0x20; }
uint64_t arch_boot_instret(void) { return 7; }
void arch_timer_set(uint64_t when) { host_timer[host_hart->index] = when; }
bool arch_irq_pending(void) { return host_irq_every && ++irq_asked % host_irq_every == 0; }
void arch_irq_enable(unsigned source)
{
    host_irq_on[source] = true;
    host_irq_hart[source] = host_hart;
}
unsigned arch_irq_sources(void) { return 96; }

void arch_kick(struct hart *h) { h->kicked = true; }
void arch_hart_enter(struct hart *h) { host_hart_enters[h->index]++; }

void arch_console_putc(char c)
{
    if (console_used + 1 < sizeof(host_console))
        host_console[console_used++] = c;
}

void arch_idle(void)
{
    uint64_t when = host_timer[host_hart->index];
    if (when == ~0UL)
        host_die("a hart idles for ever", host_hart->index);
    if (when > host_time)
        host_time = when;
    timer_interrupt();
}

_Noreturn void arch_halt(void)
{
    if (host_panic_to)
        longjmp(*host_panic_to, 1);
    host_die("the kernel stopped", 0);
}

void arch_fpu_save(struct thread *t) { (void)t; }
void arch_fpu_leave(struct hart *h) { (void)h; }
void arch_fpu_drop(struct thread *t)
{
    if (t->hart->fpu_owner == t)
        t->hart->fpu_owner = 0;
}

void arch_fpu_copy(struct thread *to, struct thread *from)
{
    to->start_fpu = from->start_fpu;
    memcpy(to->fpu, from->fpu, sizeof(to->fpu));
    to->fcsr = from->fcsr;
}

/* ---- boot ---- */

/* An image with one file, "init": a text segment of a page, and data with bss. */
static void make_image(uint8_t *at)
{
    struct image_header *image = (void *)at;
    memset(at, 0, 3 * PAGE_SIZE);
    *image = (struct image_header){.magic = IMAGE_MAGIC, .version = 1, .files = 1, .total_bytes = 3 * PAGE_SIZE};
    image->entry[0] = (struct image_entry){.name = "init", .offset = PAGE_SIZE, .size_bytes = 2 * PAGE_SIZE};
    struct elf_header *h = (void *)(at + PAGE_SIZE);
    struct elf_phdr *p = (void *)(h + 1);
    *h = (struct elf_header){.magic = host_bad_init ? 0 : ELF_MAGIC, .machine = ELF_RISCV, .entry = HOST_PC,
                             .phoff = sizeof(*h), .phentsize = sizeof(*p), .phnum = 2};
    p[0] = (struct elf_phdr){.type = ELF_PT_LOAD, .flags = ELF_PF_X, .offset = 0, .vaddr = HOST_PC, .filesz = PAGE_SIZE,
                             .memsz = PAGE_SIZE};
    p[1] = (struct elf_phdr){.type = ELF_PT_LOAD, .flags = ELF_PF_W, .offset = PAGE_SIZE + 16, .vaddr = 0x20010, .filesz = 100,
                             .memsz = 3 * PAGE_SIZE};
    memset(at + 2 * PAGE_SIZE + 16, 0x77, 100);
}

static void boot_second_hart(const struct machine *m)
{
    struct hart *h = &harts[1];
    h->index = h->id = 1;
    h->kstack_top = 0x2000;
    core_boot_hart(m, h);
    hart_count = HOST_HARTS;
}

void host_machine_boot(void);
void host_machine_boot(void)
{
    static struct machine m;
    host_seed(1);
    memset(harts, 0, sizeof(harts));
    memset(host_ram, 0xa5, sizeof(host_ram));
    memset(host_ram + 2 * CHUNK_SIZE, 0, CHUNK_SIZE);
    memset(host_console, 0, sizeof(host_console));
    console_used = irq_asked = host_irq_every = host_fetch_fences = 0;
    host_hart = &harts[0];
    harts[0].kstack_top = 0x1000;
    host_time = 1000;
    tlb_reset();
    m = (struct machine){.ram_pa = HOST_RAM_PA, .ram_bytes = HOST_RAM_BYTES, .timebase_hz = 10000000, .harts = HOST_HARTS,
                         .image_pa = CHUNK_PA(11), .image_bytes = 3 * PAGE_SIZE, .free_pa = CHUNK_PA(3), .args = "run=test"};
    m.frame_table_pa = CHUNK_PA(2);
    m.chunk_table_pa = m.frame_table_pa + (HOST_RAM_BYTES >> PAGE_SHIFT) * sizeof(struct frame_info);
    m.ring_pa = m.chunk_table_pa + PAGE_SIZE;
    make_image(host_ram + 11 * CHUNK_SIZE);
    sv39_boot(&m);
    hart_count = 1;
    core_boot_hart(&m, host_hart);
    core_boot(&m);
    boot_second_hart(&m);
}
