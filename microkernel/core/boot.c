/* SPDX-License-Identifier: MIT
 * From a described machine to init's first instruction: frame table, chunks, init's space from its ELF in the boot image.
 * The only code that runs before anybody can be told of an error: it panics with a sentence.
 */
#include "arch.h"
#include <abi/image.h>
#include "../riscv/machine.h"
#include "elf.h"

struct hart harts[HARTS_MAX];
uint32_t hart_count = 1;

static frame_t kernel_next, kernel_end; /* free frames of init's kernel chunk */
static frame_t user_next, user_end;     /* free frames of init's user chunk */
static struct space *init_space;

static void boot_need(bool ok, const char *what)
{
    if (!ok)
        panic(what, 0, 0);
}

static frame_t boot_kernel_frame(void)
{
    boot_need(kernel_next < kernel_end, "boot: init needs more than a chunk of kernel frames");
    return kernel_next++;
}

static frame_t boot_user_frame(void)
{
    boot_need(user_next < user_end, "boot: init needs more than a chunk of memory");
    frame_zero(user_next);
    return user_next++;
}

/* Map a page of init's, adding tables as needed. */
static void boot_map(vaddr_t va, frame_t f, unsigned prot)
{
    for (unsigned tries = 0; tries < 3; tries++) {
        err_t e = space_map_one(init_space, va, f, prot, false);
        if (e == OK)
            return;
        boot_need(e == ERR_NOTABLE, "boot: init's segments overlap");
        boot_need(space_add_table(init_space, va, boot_kernel_frame()) == OK, "boot: no table");
    }
}

static void copy_in(frame_t f, uint64_t offset, const uint8_t *from, uint64_t n)
{
    uint8_t *to = (uint8_t *)frame_va(f) + offset;
    while (n--)
        *to++ = *from++;
}

static void boot_load_segment(const uint8_t *file, uint64_t size, const struct elf_phdr *p)
{
    boot_need(p->offset <= size && p->filesz <= size - p->offset && p->filesz <= p->memsz, "boot: init's ELF is cut short");
    unsigned prot = PROT_R | (p->flags & ELF_PF_W ? PROT_W : 0) | (p->flags & ELF_PF_X ? PROT_X : 0);
    boot_need((prot & (PROT_W | PROT_X)) != (PROT_W | PROT_X), "boot: init has a segment with W and X");
    vaddr_t start = p->vaddr & ~PAGE_MASK, end = p->vaddr + p->memsz;
    for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
        frame_t f = boot_user_frame();
        vaddr_t from = va > p->vaddr ? va : p->vaddr, to = va + PAGE_SIZE;
        if (to > p->vaddr + p->filesz)
            to = p->vaddr + p->filesz;
        if (from < to)
            copy_in(f, from - va, file + p->offset + (from - p->vaddr), to - from);
        boot_map(va, f, prot);
    }
}

static vaddr_t boot_load_init(const struct machine *m)
{
    const struct image_header *image = phys_to_virt(m->image_pa);
    boot_need(m->image_bytes && image->magic == IMAGE_MAGIC, "boot: no boot image (QEMU needs -initrd with the packed image)");
    const struct image_entry *init = 0;
    for (unsigned i = 0; i < image->files && !init; i++) {
        const char *n = image->entry[i].name;
        if (n[0] == 'i' && n[1] == 'n' && n[2] == 'i' && n[3] == 't' && !n[4])
            init = &image->entry[i];
    }
    boot_need(init && init->offset + init->size_bytes <= m->image_bytes, "boot: no init in the boot image");
    const uint8_t *file = (const uint8_t *)image + init->offset;
    const struct elf_header *h = (const void *)file;
    boot_need(init->size_bytes >= sizeof(*h) && h->magic == ELF_MAGIC && h->machine == ELF_RISCV && h->phentsize == sizeof(struct elf_phdr) &&
                  h->phoff + (uint64_t)h->phnum * sizeof(struct elf_phdr) <= init->size_bytes,
              "boot: init is not an ELF file for this machine");
    const struct elf_phdr *p = (const void *)(file + h->phoff);
    for (unsigned i = 0; i < h->phnum; i++)
        if (p[i].type == ELF_PT_LOAD && p[i].memsz)
            boot_load_segment(file, init->size_bytes, &p[i]);
    return h->entry;
}

/* ---- memory ---- */

static bool overlaps(uint64_t chunk, paddr_t pa, uint64_t bytes)
{
    paddr_t start = chunk << CHUNK_SHIFT;
    return bytes && pa < start + CHUNK_SIZE && start < pa + bytes;
}

static unsigned chunk_kind_at_boot(const struct machine *m, uint64_t chunk)
{
    if ((chunk << CHUNK_SHIFT) < m->free_pa)
        return CHUNK_RESERVED;
    if (overlaps(chunk, m->image_pa, m->image_bytes))
        return CHUNK_IMAGE;
    return CHUNK_USER;
}

/* init gets every chunk that neither firmware nor kernel uses: one typed KERNEL, one for itself, the rest USER. */
static void boot_chunks(const struct machine *m)
{
    uint64_t first = ram_first / FRAMES_PER_CHUNK, n = (ram_end - ram_first) / FRAMES_PER_CHUNK, kernel = 0, user = 0;
    boot_need(n <= BOOT_CHUNKS_MAX, "boot: more than 8 GiB of memory");
    for (uint64_t i = 0; i < n; i++) {
        unsigned kind = chunk_kind_at_boot(m, first + i);
        if (kind == CHUNK_USER && !kernel)
            kernel = first + i, kind = CHUNK_KERNEL;
        else if (kind == CHUNK_USER && !user)
            user = first + i, kind = CHUNK_INIT;
        chunk_table[i].kind = kind;
        struct frame_info *f = &frame_table[i * FRAMES_PER_CHUNK];
        for (unsigned k = 0; k < FRAMES_PER_CHUNK; k++)
            f[k].kind = kind == CHUNK_RESERVED ? FRAME_RESERVED : kind == CHUNK_KERNEL ? FRAME_KFREE : FRAME_USER;
    }
    boot_need(kernel && user, "boot: too little memory (64 MiB at least)");
    kernel_next = kernel * FRAMES_PER_CHUNK;
    kernel_end = kernel_next + FRAMES_PER_CHUNK;
    user_next = user * FRAMES_PER_CHUNK;
    user_end = user_next + FRAMES_PER_CHUNK;
}

static void boot_own_chunks(uint32_t owner)
{
    uint64_t n = (ram_end - ram_first) / FRAMES_PER_CHUNK;
    for (uint64_t i = 0; i < n; i++) {
        if (chunk_table[i].kind == CHUNK_RESERVED)
            continue;
        chunk_table[i].owner = owner;
        init_space->chunks++;
        for (unsigned k = 0; k < FRAMES_PER_CHUNK; k++)
            frame_table[i * FRAMES_PER_CHUNK + k].owner = owner;
    }
}

static void boot_info(const struct machine *m, struct bootinfo *info)
{
    info->magic = BOOTINFO_MAGIC;
    info->timebase_hz = m->timebase_hz;
    info->ram_base_pa = m->ram_pa;
    info->ram_size_bytes = m->ram_bytes;
    info->frame_table_pa = m->frame_table_pa;
    info->frame_table_bytes = (uint64_t)(ram_end - ram_first) * sizeof(struct frame_info);
    info->image_pa = m->image_pa;
    info->image_bytes = m->image_bytes;
    info->uart_pa = m->uart_pa;
    info->uart_irq = m->uart_irq;
    info->test_pa = m->test_pa;
    for (unsigned i = 0; i < 8; i++) {
        info->virtio_pa[i] = m->virtio_pa[i];
        info->virtio_irq[i] = m->virtio_irq[i];
    }
    info->harts = hart_count;
    info->init_chunk = user_end / FRAMES_PER_CHUNK - 1;
    info->init_frames = user_next - (user_end - FRAMES_PER_CHUNK);
    info->kernel_chunk = kernel_end / FRAMES_PER_CHUNK - 1;
    info->boot_instret = arch_boot_instret();
    info->first_chunk = ram_first / FRAMES_PER_CHUNK;
    info->chunks = (ram_end - ram_first) / FRAMES_PER_CHUNK;
    info->isa_flags = m->isa_flags;
    for (unsigned i = 0; i + 1 < BOOT_ARGS_MAX && m->args[i]; i++)
        info->args[i] = m->args[i];
}

static struct thread *boot_init_thread(vaddr_t entry)
{
    frame_t f = boot_kernel_frame();
    frame_take(f, FRAME_THREAD);
    struct thread *t = frame_va(f);
    thread_init(t, f, init_space);
    t->x[REG_PC] = entry;
    t->x[REG_SP] = INIT_STACK_TOP;
    t->x[REG_A0] = BOOTINFO_VA;
    t->base_prio = t->prio = 254;
    handle_t h = NO_HANDLE;
    boot_need(handle_new(init_space, OBJ_SPACE, RIGHTS_ALL, 0, init_space->frame, frame_info_of(init_space->frame)->gen, &h) == OK &&
                  h == INIT_H_SPACE && handle_new(init_space, OBJ_THREAD, RIGHTS_ALL, 0, f, frame_info_of(f)->gen, &h) == OK &&
                  h == INIT_H_THREAD && handle_new(init_space, OBJ_KERNEL, RIGHTS_ALL, 0, 0, 0, &h) == OK && h == INIT_H_KERNEL,
              "boot: init's handles");
    return t;
}

void core_boot_hart(const struct machine *m, struct hart *h)
{
    h->ring = phys_to_virt(m->ring_pa + h->index * TRACE_RING * sizeof(struct trace_event));
    h->trace_next = 1;
    h->table_changes = TABLE_CHANGE;
    h->traced = trace_mask != 0;
    timer_init(h, arch_time());
}

/* The boot hart, paging on, machine described, the other harts not yet running. Ends in sched_exit's choice: init. */
void core_boot(const struct machine *m)
{
    frame_table = phys_to_virt(m->frame_table_pa);
    chunk_table = phys_to_virt(m->chunk_table_pa);
    ram_first = m->ram_pa >> PAGE_SHIFT;
    frame_table_biased = (struct frame_info *)((uintptr_t)frame_table - ram_first * sizeof(struct frame_info));
    ram_end = ram_first + (m->ram_bytes >> CHUNK_SHIFT) * FRAMES_PER_CHUNK;
    for (unsigned i = 0; i < HARTS_MAX; i++) {
        harts[i].frame_table_biased = frame_table_biased;
        harts[i].ram_first = ram_first;
        harts[i].ram_end = ram_end;
    }
    boot_chunks(m);
    frame_t info = boot_user_frame(), info2 = boot_user_frame();
    boot_need(info2 == info + 1, "boot: bootinfo's frames");
    struct bootinfo *b = frame_va(info);
    for (uint64_t i = 0; i < (ram_end - ram_first) / FRAMES_PER_CHUNK; i++)
        b->chunk[i] = chunk_table[i].kind;
    frame_t space = boot_kernel_frame(), root = boot_kernel_frame();
    frame_take(space, FRAME_SPACE);
    frame_take(root, FRAME_ROOT);
    init_space = frame_va(space);
    space_init(init_space, space, root);
    boot_own_chunks(space);
    boot_map(BOOTINFO_VA, info, PROT_R);
    boot_map(BOOTINFO_VA + PAGE_SIZE, info2, PROT_R);
    vaddr_t entry = boot_load_init(m);
    for (unsigned i = 1; i <= INIT_STACK_PAGES; i++)
        boot_map(INIT_STACK_TOP - i * PAGE_SIZE, boot_user_frame(), PROT_R | PROT_W);
    struct thread *t = boot_init_thread(entry);
    boot_info(m, b);
    arch_fetch_fence();
    sched_ready(t);
}
