/* SPDX-License-Identifier: MIT
 * The parts of ELF-64 that loading init needs. Source: System V ABI, chapters 4 and 5.
 */
#ifndef CORE_ELF_H
#define CORE_ELF_H
#include <abi/types.h>

#define ELF_MAGIC 0x464c457fu
#define ELF_RISCV 243u
#define ELF_PT_LOAD 1u
#define ELF_PF_X 1u
#define ELF_PF_W 2u

struct elf_header {
    uint32_t magic;
    uint8_t ident[12];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
#endif
