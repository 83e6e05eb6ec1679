/* SPDX-License-Identifier: MIT
 * QEMU plugin of `scons longest`: how long the kernel, or the firmware that it called, keeps interrupts off, and how long one
 * that comes meanwhile waits.
 *
 * A stretch begins with the first instruction after a program's, or after a `wfi`, and ends with an `sret` or a `wfi`: the
 * kernel never enables interrupts within. Where it asks whether one waits (a poll), it ends the stretch if so; so a stretch consists of steps, from
 * entry to poll, poll to poll, poll to exit. A stretch is of a kind, after the first function of a list that it entered. Of
 * each kind the longest step is kept, with what ran in it.
 *
 * Arguments  out=FILE kinds=FILE poll=VA   kinds: lines `address label`, kernel functions that say what a stretch is; poll: the
 *            function that asks
 * Written    way-out INSTRUCTIONS   the fewest from a poll to the next program
 *            per kind three lines: kind LABEL |
 *            stretches, instructions, longest stretch, longest step before a poll, longest last step, stretches with a step over LIMIT |
 *            blocks of the longest step: address:instructions:times ...
 * One hart only.
 */
#include "guest.h"

#define KINDS_MAX 256
#define LIMIT 1200 /* docs/bounds.md */
#define WFI 0x10500073u
#define SRET 0x10200073u

EXPORTED int qemu_plugin_version = 1;

struct block { /* a translated piece of the kernel; within a stretch it runs `times` times */
    uint64_t va;
    uint32_t insns;
    uint32_t kind; /* it begins the function of that kind; 0: none that matters */
    uint64_t times;
};
struct kind {
    uint64_t va; /* of the function */
    char label[48];
    uint64_t stretches, instructions, longest, longest_step, longest_last, over;
    char *blocks; /* text */
};

static struct kind kinds[KINDS_MAX] = {{.label = "other"}, {.label = "boot"}};
#define KIND_OTHER 0u
#define KIND_BOOT 1u
static uint32_t kind_count = 2;
static const char *out_path;
static uint64_t poll_va, way_out = UINT64_MAX;

static struct block **run; /* the blocks of this step, each once */
static size_t run_count, run_room;
static uint64_t length, step; /* instructions of this stretch, of this step */
static bool polled, is_over, booting = true;
static uint32_t kind_now = KIND_BOOT;

/* ---- stretches ---- */

static void keep(struct kind *k)
{
    size_t room = run_count * 48 + 1, used = 0;
    char *text = realloc(k->blocks, room);
    if (!text)
        plugin_fail("no memory", "");
    for (size_t i = 0; i < run_count; i++)
        used += (size_t)snprintf(text + used, room - used, "%lx:%u:%lu ", run[i]->va, run[i]->insns, run[i]->times);
    text[used] = '\0';
    k->blocks = text;
}
static void step_end(uint64_t *longest_of_its_sort)
{
    struct kind *k = &kinds[kind_now];
    if (step > k->longest_step && step > k->longest_last)
        keep(k);
    if (step > *longest_of_its_sort)
        *longest_of_its_sort = step;
    is_over |= step > LIMIT;
    for (size_t i = 0; i < run_count; i++)
        run[i]->times = 0;
    run_count = 0, step = 0;
}
static void stretch_end(void)
{
    struct kind *k = &kinds[kind_now];
    if (polled && step < way_out)
        way_out = step;
    step_end(&k->longest_last);
    k->stretches++;
    k->instructions += length;
    k->over += is_over;
    if (length > k->longest)
        k->longest = length;
    length = 0, polled = is_over = false, kind_now = booting ? KIND_BOOT : KIND_OTHER;
}
static void block_runs(unsigned hart, void *word)
{
    (void)hart;
    struct block *b = word;
    if (b->va == poll_va) {
        step_end(&kinds[kind_now].longest_step);
        polled = true;
    }
    length += b->insns, step += b->insns;
    if (b->kind && kind_now == KIND_OTHER)
        kind_now = b->kind;
    if (b->times++ == 0) {
        if (run_count == run_room) {
            run_room = run_room ? 2 * run_room : 1024;
            run = realloc(run, run_room * sizeof(struct block *));
            if (!run)
                plugin_fail("no memory", "");
        }
        run[run_count++] = b;
    }
}
static void is_open(unsigned hart, void *word)
{
    (void)hart, (void)word;
    if (length)
        stretch_end();
}
static void program_runs(unsigned hart, void *word)
{
    is_open(hart, word); /* the firmware returned to it */
    booting = false, kind_now = KIND_OTHER;
}

/* ---- translation ---- */

static uint32_t kind_at(uint64_t va)
{
    for (uint32_t i = 0; i < kind_count; i++)
        if (kinds[i].va == va)
            return i;
    return KIND_OTHER;
}
static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    uint64_t va = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
    if (place_of(va) == PLACE_USER) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, program_runs, PLUGIN_NO_REGS, NULL);
        return;
    }
    struct block *b = calloc(1, sizeof *b);
    if (!b)
        plugin_fail("no memory", "");
    b->va = va, b->insns = (uint32_t)n, b->kind = kind_at(va);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t bits = insn_bits(insn);
        if (bits == WFI || bits == SRET) { /* QEMU goes on with another block */
            b->insns = (uint32_t)i + 1;
            qemu_plugin_register_vcpu_insn_exec_cb(insn, is_open, PLUGIN_NO_REGS, NULL);
        }
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, PLUGIN_NO_REGS, b);
}

/* ---- files ---- */

static void finish(uint64_t id, void *word)
{
    (void)id, (void)word;
    FILE *out = fopen(out_path, "w");
    if (!out)
        plugin_fail("can't write", out_path);
    fprintf(out, "way-out %lu\n", way_out);
    for (uint32_t i = 0; i < kind_count; i++) {
        struct kind *k = &kinds[i];
        if (k->stretches)
            fprintf(out, "kind %s\n%lu %lu %lu %lu %lu %lu\n%s\n", k->label, k->stretches, k->instructions, k->longest,
                    k->longest_step, k->longest_last, k->over, k->blocks);
    }
    fclose(out);
}
static void kinds_read(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        plugin_fail("can't read", path);
    while (kind_count < KINDS_MAX &&
           fscanf(file, "%lx %47[^\n]", &kinds[kind_count].va, kinds[kind_count].label) == 2)
        kind_count++;
    if (!feof(file))
        plugin_fail("too many kinds, or a bad line, in", path);
    fclose(file);
}
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
    if (info->system.smp_vcpus != 1)
        plugin_fail("stretches are counted on one hart", "");
    out_path = plugin_argument(argc, argv, "out");
    kinds_read(plugin_argument(argc, argv, "kinds"));
    poll_va = plugin_number(argc, argv, "poll");
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
