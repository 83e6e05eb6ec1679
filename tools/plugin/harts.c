/* SPDX-License-Identifier: MIT
 * QEMU plugin of the per-hart figures of `scons bench`: instructions and page faults of each hart, while all of them work.
 *
 * The program apps/harts.c stores 1 in `harts_mark` when a worker begins and 2 when it has done its work. What is
 * counted lies between the last worker's beginning and the first one's end. A fault is seen where the program goes on in the
 * middle of what it had begun, after others had the hart.
 *
 * Arguments  out=FILE workers=N text=FILE text_va=VA mark=VA   the program and its variable
 *            wait=VA wait_bytes=N                              the one in which a hart waits for the kernel lock
 * Written    per hart: instructions faults instructions-waiting
 */
#include "guest.h"

#define HARTS_MAX 8

EXPORTED int qemu_plugin_version = 1;

struct block { /* instructions that were translated together */
    uint64_t va, end, insns;
    bool is_wait, is_program;
};
struct counts {
    uint64_t insns, faults, waiting;
    const struct block *last; /* of the program */
    bool left;                /* others ran since */
    uint64_t pad[3];          /* a cache line of its own */
};

static struct counts now[HARTS_MAX] __attribute__((aligned(64))), at_begin[HARTS_MAX];
static const char *out_path;
static struct text text;
static uint64_t mark_va, wait_va, wait_bytes, workers, begun;
static int harts;
static bool is_written;

static void block_runs(unsigned hart, void *word)
{
    const struct block *b = word;
    struct counts *c = &now[hart];
    c->insns += b->insns;
    if (b->is_wait)
        c->waiting += b->insns;
    if (!b->is_program) {
        c->left = true;
        return;
    }
    c->faults += c->left && c->last && b->va >= c->last->va && b->va < c->last->end;
    c->last = b, c->left = false;
}
static void write_counts(void)
{
    FILE *out = fopen(out_path, "w");
    if (!out)
        plugin_fail("can't write", out_path);
    for (int i = 0; i < harts; i++)
        fprintf(out, "%lu %lu %lu\n", now[i].insns - at_begin[i].insns, now[i].faults - at_begin[i].faults,
                now[i].waiting - at_begin[i].waiting);
    fclose(out);
    is_written = true;
}
/* Two harts may be here at once; begun is what orders them. */
static void stored(unsigned hart, uint32_t info, uint64_t va, void *word)
{
    (void)hart, (void)word;
    if (va != mark_va || is_written)
        return;
    uint64_t mark = stored_word(info, va);
    if (mark == 1 && __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST) == workers)
        memcpy(at_begin, now, sizeof now);
    else if (mark == 2 && __atomic_exchange_n(&begun, 0, __ATOMIC_SEQ_CST) == workers)
        write_counts();
}
static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(tb, 0);
    uint64_t va = qemu_plugin_insn_vaddr(first);
    struct block *b = calloc(1, sizeof *b);
    if (!b)
        plugin_fail("no memory", "");
    guest_memory_find(first);
    struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, n - 1);
    b->va = va, b->end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last), b->insns = n;
    b->is_wait = va >= wait_va && va < wait_va + wait_bytes;
    b->is_program = place_of(va) == PLACE_USER && text_holds_insn(&text, first);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, PLUGIN_NO_REGS, b);
    for (size_t i = 0; b->is_program && i < n; i++)
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), stored, PLUGIN_NO_REGS, PLUGIN_MEM_W, NULL);
}
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
    harts = info->system.smp_vcpus;
    if (harts > HARTS_MAX)
        plugin_fail("there are too many harts", "");
    out_path = plugin_argument(argc, argv, "out");
    text_read(&text, plugin_argument(argc, argv, "text"), plugin_number(argc, argv, "text_va"));
    workers = plugin_number(argc, argv, "workers");
    mark_va = plugin_number(argc, argv, "mark");
    wait_va = plugin_number(argc, argv, "wait");
    wait_bytes = plugin_number(argc, argv, "wait_bytes");
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    return 0;
}
