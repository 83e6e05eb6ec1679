/* SPDX-License-Identifier: MIT
 * What every plugin knows of the guest: where its code lies, its memory as our own process has it, arguments.
 */
#ifndef PLUGIN_GUEST_H
#define PLUGIN_GUEST_H

#include "qemu_plugin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECT_BASE 0xffffffc000000000UL /* microkernel/riscv/arch_inline.h */
#define FIRMWARE 0x80000000UL            /* OpenSBI, in machine mode */
#define FIRMWARE_END 0x80200000UL

enum place { PLACE_USER, PLACE_KERNEL, PLACE_FIRMWARE };

static inline enum place place_of(uint64_t va)
{
    if (va >= DIRECT_BASE)
        return PLACE_KERNEL;
    return va >= FIRMWARE && va < FIRMWARE_END ? PLACE_FIRMWARE : PLACE_USER;
}

/* QEMU keeps the guest's memory in one piece. Found with the first instruction of the kernel. */
static char *guest_memory; /* of physical address 0, which itself is none of it */

static inline void guest_memory_find(const struct qemu_plugin_insn *insn)
{
    uint64_t va = qemu_plugin_insn_vaddr(insn);
    if (!guest_memory && place_of(va) == PLACE_KERNEL)
        guest_memory = (char *)qemu_plugin_insn_haddr(insn) - (va - DIRECT_BASE);
}
/* 8 bytes at a kernel address; 0 before the kernel runs. */
static inline uint64_t guest_kernel_word(uint64_t va)
{
    uint64_t word = 0;
    if (guest_memory && va >= DIRECT_BASE)
        memcpy(&word, guest_memory + (va - DIRECT_BASE), sizeof word);
    return word;
}

static inline uint32_t insn_bits(const struct qemu_plugin_insn *insn)
{
    uint32_t bits = 0;
    memcpy(&bits, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
    return bits;
}

static inline _Noreturn void plugin_fail(const char *what, const char *which)
{
    fprintf(stderr, "plugin: %s %s\n", what, which);
    exit(2);
}
/* The value of NAME=value; ends QEMU when it is not there. */
static inline const char *plugin_argument(int argc, char **argv, const char *name)
{
    size_t n = strlen(name);
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            return argv[i] + n + 1;
    plugin_fail("this argument is missing:", name);
}
static inline uint64_t plugin_number(int argc, char **argv, const char *name)
{
    return strtoull(plugin_argument(argc, argv, name), NULL, 0);
}
static inline FILE *plugin_file(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file)
        plugin_fail("can't write", path);
    return file;
}

#endif
