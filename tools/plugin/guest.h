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
#define PROGRAMS 0x10000UL               /* below it QEMU has a few instructions that start the firmware */
#define FIRMWARE 0x80000000UL            /* OpenSBI, in machine mode */
#define FIRMWARE_END 0x80600000UL         /* with the kernel before it turns paging on */

enum place { PLACE_USER, PLACE_KERNEL, PLACE_FIRMWARE };

static inline enum place place_of(uint64_t va)
{
    if (va >= DIRECT_BASE)
        return PLACE_KERNEL;
    return va < PROGRAMS || (va >= FIRMWARE && va < FIRMWARE_END) ? PLACE_FIRMWARE : PLACE_USER;
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

/* 8 bytes that an instruction has just stored; 0 when it was to a device. */
static inline uint64_t stored_word(uint32_t info, uint64_t va)
{
    struct qemu_plugin_hwaddr *at = qemu_plugin_get_hwaddr(info, va);
    uint64_t word = 0;
    if (guest_memory && at && !qemu_plugin_hwaddr_is_io(at))
        memcpy(&word, guest_memory + qemu_plugin_hwaddr_phys_addr(at), sizeof word);
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

/* ---- one program's code, to tell it from others at the same addresses ---- */

#define PAGE_BYTES 4096u

struct text {
    uint64_t va;
    size_t bytes;
    char *content;
};
static inline void text_read(struct text *t, const char *path, uint64_t va)
{
    FILE *file = fopen(path, "r");
    if (!file)
        plugin_fail("can't read", path);
    fseek(file, 0, SEEK_END);
    t->va = va, t->bytes = (size_t)ftell(file), t->content = malloc(t->bytes + 1);
    rewind(file);
    if (!t->content || fread(t->content, 1, t->bytes, file) != t->bytes)
        plugin_fail("can't read", path);
    fclose(file);
}
/* Whether this page of memory holds the program's page at va: as far as the program's text goes, it is the same. */
static inline bool text_holds_page(const struct text *t, uint64_t va, const char *page)
{
    if (va < t->va || va - t->va >= t->bytes)
        return false;
    size_t offset = va - t->va, n = t->bytes - offset < PAGE_BYTES ? t->bytes - offset : PAGE_BYTES;
    return memcmp(t->content + offset, page, n) == 0;
}
static inline bool text_holds_insn(const struct text *t, const struct qemu_plugin_insn *insn)
{
    uint64_t va = qemu_plugin_insn_vaddr(insn), in_page = va % PAGE_BYTES;
    return text_holds_page(t, va - in_page, (const char *)qemu_plugin_insn_haddr(insn) - in_page);
}

#endif
