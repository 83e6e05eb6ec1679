/* SPDX-License-Identifier: MIT
 * Reads a program's headers, strictly: everything that exec does with them later can rely on what is checked here, so
 * that a bad file is refused before anything has changed. Pure: no state, no calls; tested on the host.
 */
#include "procmgr.h"

#include <string.h>

#define ELF_MAGIC 0x464c457fu
#define ELF_CLASS_64 2u
#define ELF_DATA_LITTLE 1u
#define ELF_TYPE_EXEC 2u
#define ELF_MACHINE_RISCV 243u
#define ELF_PT_LOAD 1u
#define ELF_PT_INTERP 3u
#define ELF_PF_X 1u
#define ELF_PF_W 2u
#define ELF_PF_R 4u
#define ELF_PHDRS_MAX 64u

struct elf_header {
    uint32_t magic;
    uint8_t class, data, version, pad[9];
    uint16_t type, machine;
    uint32_t version2;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, va, pa, file_bytes, mem_bytes, align;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF-64 header");
_Static_assert(sizeof(struct elf_phdr) == 56, "ELF-64 program header");

static bool header_is_good(const struct elf_header *h, uint64_t size)
{
    return h->magic == ELF_MAGIC && h->class == ELF_CLASS_64 && h->data == ELF_DATA_LITTLE && h->type == ELF_TYPE_EXEC &&
           h->machine == ELF_MACHINE_RISCV && h->phentsize == sizeof(struct elf_phdr) && h->phnum > 0 &&
           h->phnum <= ELF_PHDRS_MAX && h->phoff <= size && h->phnum * sizeof(struct elf_phdr) <= size - h->phoff;
}

static bool range_is_good(const struct elf_phdr *e, uint64_t size)
{
    bool in_file = e->offset <= size && e->file_bytes <= size - e->offset && e->file_bytes <= e->mem_bytes;
    bool in_memory = e->va >= PAGE_SIZE && e->va < PROGRAM_VA_END && e->mem_bytes <= PROGRAM_VA_END - e->va;
    bool in_words = e->offset >> PAGE_SHIFT <= UINT32_MAX && e->file_bytes <= UINT32_MAX - PAGE_SIZE; /* pager_region_pack() */
    return in_file && in_memory && in_words && (e->va & PAGE_MASK) == (e->offset & PAGE_MASK);
}

static unsigned prot_of(uint32_t flags)
{
    return (flags & ELF_PF_R ? PROT_R : 0) | (flags & ELF_PF_W ? PROT_W : 0) | (flags & ELF_PF_X ? PROT_X : 0);
}

static bool prot_is_good(unsigned prot) { return (prot & PROT_R) && !((prot & PROT_W) && (prot & PROT_X)); }

static bool overlaps(const struct program *p, const struct segment *s)
{
    for (unsigned i = 0; i < p->segments; i++)
        if (s->start < p->segment[i].end && p->segment[i].start < s->end)
            return true;
    return false;
}

static err_t segment_read(const struct elf_phdr *e, uint64_t size, struct program *out)
{
    unsigned prot = prot_of(e->flags);
    if (e->mem_bytes == 0)
        return OK;
    if (!range_is_good(e, size) || !prot_is_good(prot) || out->segments == SEGMENTS_MAX)
        return ERR_NOEXEC;
    uint64_t lead = e->va & PAGE_MASK;
    struct segment s = {
        .start = e->va - lead,
        .end = (e->va + e->mem_bytes + PAGE_MASK) & ~PAGE_MASK,
        .file_offset = e->offset - lead,
        .file_bytes = e->file_bytes ? e->file_bytes + lead : 0,
        .prot = prot,
        .has_bss = e->mem_bytes > e->file_bytes,
    };
    if (overlaps(out, &s))
        return ERR_NOEXEC;
    out->segment[out->segments++] = s;
    if (s.end > out->heap)
        out->heap = s.end;
    return OK;
}

/* Directly below the program, one page between them: pages that every process writes lie under one leaf table, which is what a fork
 * and an exit cost. A program that is linked too low for the largest stack has it at the end of user space. */
static vaddr_t stack_top_of(const struct program *p)
{
    vaddr_t low = p->segment[0].start;
    for (unsigned i = 1; i < p->segments; i++)
        if (p->segment[i].start < low)
            low = p->segment[i].start;
    return low >= STACK_LOWEST + STACK_MAX_BYTES + PAGE_SIZE ? low - PAGE_SIZE : SERVER_STACK_TOP;
}

static bool entry_is_good(const struct program *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        const struct segment *s = &p->segment[i];
        if ((s->prot & PROT_X) && p->entry >= s->start && p->entry < s->end && p->entry % 2 == 0)
            return true;
    }
    return false;
}

err_t elf_read(const uint8_t *file, uint64_t size_bytes, struct program *out)
{
    struct elf_header h;
    if (size_bytes < sizeof h)
        return ERR_NOEXEC;
    memcpy(&h, file, sizeof h);
    if (!header_is_good(&h, size_bytes))
        return ERR_NOEXEC;
    out->entry = h.entry;
    out->segments = 0;
    out->heap = 0;
    for (unsigned i = 0; i < h.phnum; i++) { /* bound: ELF_PHDRS_MAX */
        struct elf_phdr e;
        memcpy(&e, file + h.phoff + i * sizeof e, sizeof e);
        if (e.type == ELF_PT_INTERP)
            return ERR_NOEXEC; /* there is no dynamic linker */
        err_t err = e.type == ELF_PT_LOAD ? segment_read(&e, size_bytes, out) : OK;
        if (err != OK)
            return err;
    }
    if (!entry_is_good(out))
        return ERR_NOEXEC;
    out->stack_top = stack_top_of(out);
    return OK;
}
