/* SPDX-License-Identifier: MIT
 * The part of QEMU's plugin interface that our plugins use, version 1 (QEMU 6.0 to 8.2). Debian does not ship the header.
 * Source: QEMU's manual, "QEMU TCG Plugins", section API.
 * Only what is declared there may be used: names, argument order and the numbers of the enums are QEMU's.
 */
#ifndef QEMU_PLUGIN_H
#define QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

struct qemu_info { /* what the machine is; ours is always riscv64, a whole system */
    const char *target_name;
    struct {
        int min, cur;
    } version;
    bool system_emulation;
    struct {
        int smp_vcpus, max_vcpus;
    } system;
};
struct qemu_plugin_tb;     /* a translation block: instructions that run one after the other */
struct qemu_plugin_insn;   /* one of them */
struct qemu_plugin_hwaddr; /* where an access went; good during its callback */

enum { PLUGIN_NO_REGS = 0 };                   /* enum qemu_plugin_cb_flags */
enum { PLUGIN_MEM_R = 1, PLUGIN_MEM_W = 2 };   /* enum qemu_plugin_mem_rw */
enum { PLUGIN_ADD_U64 = 0 };                   /* enum qemu_plugin_op */

typedef void plugin_tb_trans(uint64_t id, struct qemu_plugin_tb *tb);
typedef void plugin_exec(unsigned hart, void *word);
typedef void plugin_mem(unsigned hart, uint32_t info, uint64_t va, void *word);
typedef void plugin_exit(uint64_t id, void *word);

/* Ours; QEMU looks them up. argv: the NAME=value arguments of -plugin. Not 0: QEMU does not start. */
extern EXPORTED int qemu_plugin_version;
EXPORTED int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_tb_trans *f);
void qemu_plugin_register_atexit_cb(uint64_t id, plugin_exit *f, void *word);

/* While a block is translated: what shall happen each time it, or an instruction of it, is about to run. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, plugin_exec *f, int flags, void *word);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *counter, uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, plugin_exec *f, int flags, void *word);
/* After each access of the instruction. */
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_mem *f, int flags, int rw, void *word);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn); /* where our own process has it */

struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t va);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *at);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *at);

#endif
