/* SPDX-License-Identifier: MIT
 * Reads the servers' ELF headers in the boot image. The image is the builder's, not a user's, yet a bad one is refused
 * with a sentence, never trusted.
 */
#include <string.h>

#include "init.h"

#define ELF_MAGIC 0x464c457fu
#define ELF_CLASS_64 2u
#define ELF_MACHINE_RISCV 243u
#define ELF_PT_LOAD 1u
#define ELF_PF_X 1u
#define ELF_PF_W 2u
#define ELF_PF_R 4u

struct elf_header {
    uint32_t magic;
    uint8_t class, data, version, pad[9];
    uint16_t type, machine;
    uint32_t version2;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, va, pa, file_bytes, mem_bytes, align;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF-64 header");
_Static_assert(sizeof(struct elf_segment) == 56, "ELF-64 program header");

static unsigned prot_of(uint32_t flags)
{
    return (flags & ELF_PF_R ? PROT_R : 0) | (flags & ELF_PF_W ? PROT_W : 0) | (flags & ELF_PF_X ? PROT_X : 0);
}

static err_t segment_add(struct program *p, const struct elf_segment *e)
{
    if (e->mem_bytes == 0)
        return OK;
    unsigned prot = prot_of(e->flags);
    bool bounds = e->offset <= p->size_bytes && e->file_bytes <= p->size_bytes - e->offset &&
                  e->file_bytes <= e->mem_bytes && e->va >= PAGE_SIZE && e->va < WINDOW_BASE &&
                  e->mem_bytes < WINDOW_BASE - e->va;
    bool aligned = (e->va & PAGE_MASK) == (e->offset & PAGE_MASK);
    bool both = (prot & PROT_W) && (prot & PROT_X);
    if (!bounds || !aligned || both || p->segments == PROGRAM_SEGMENTS_MAX)
        return ERR_NOEXEC;
    p->segment[p->segments++] = (struct program_segment){
        .start = e->va & ~PAGE_MASK,
        .end = (e->va + e->mem_bytes + PAGE_MASK) & ~PAGE_MASK,
        .va = e->va,
        .file_offset = e->offset,
        .file_bytes = e->file_bytes,
        .prot = prot,
    };
    return OK;
}

static err_t parse(struct program *p)
{
    const struct elf_header *h = (const struct elf_header *)p->bytes;
    if (p->size_bytes < sizeof *h || h->magic != ELF_MAGIC || h->class != ELF_CLASS_64 ||
        h->machine != ELF_MACHINE_RISCV || h->phentsize != sizeof(struct elf_segment))
        return ERR_NOEXEC;
    if (h->phoff > p->size_bytes || h->phnum > (p->size_bytes - h->phoff) / sizeof(struct elf_segment))
        return ERR_NOEXEC;
    p->entry = h->entry;
    for (unsigned i = 0; i < h->phnum; i++) {
        struct elf_segment e;
        memcpy(&e, p->bytes + h->phoff + i * sizeof e, sizeof e);
        err_t err = e.type == ELF_PT_LOAD ? segment_add(p, &e) : OK;
        if (err != OK)
            return err;
    }
    return p->segments > 0 ? OK : ERR_NOEXEC;
}

err_t program_find(const char *name, struct program *out)
{
    const struct image_header *image = window(boot->image_pa);
    if (image->magic != IMAGE_MAGIC || image->files > IMAGE_FILES_MAX || image->total_bytes > boot->image_bytes ||
        IMAGE_HEADER_BYTES(image->files) > image->total_bytes)
        return ERR_NOEXEC;
    for (unsigned i = 0; i < image->files; i++) {
        const struct image_entry *e = &image->entry[i];
        if (strncmp(e->name, name, IMAGE_NAME_MAX) != 0)
            continue;
        if (e->offset & PAGE_MASK || e->offset > image->total_bytes || e->size_bytes > image->total_bytes - e->offset)
            return ERR_NOEXEC;
        *out = (struct program){.image_file = i, .bytes = (const uint8_t *)image + e->offset, .size_bytes = e->size_bytes};
        return parse(out);
    }
    return ERR_NOENT;
}
