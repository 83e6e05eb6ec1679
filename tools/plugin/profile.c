/* SPDX-License-Identifier: MIT
 * QEMU plugin of `scons profile`: writes down every instruction between two stores of a program that measures.
 *
 * The measuring program (apps/bench/sample.c) stores the instruction count at the beginning of a sample in `started`, and
 * its cost in `sample[]`; both stores are seen here, with their values. What ran from the last `rdinstret` before the first of them
 * until the second is one sample: a file of runs of instructions. tools/profile.py makes sense of it.
 *
 * Arguments  out=FOLDER
 *            text=FILE text_va=VA   the measuring program's code, to tell it from others at the same addresses
 *            started=VA sample=VA sample_bytes=N count=VA overhead=VA    its variables
 *            current=VA   the kernel's variable for hart 0's running thread
 * Written    sample.N     pairs of 32-bit words: first instruction, how many follow each other; or one of MARK_*
 *            code         one record per translated instruction, see struct code
 *            pages        for each page that code was translated from: its address, the distance of our own process's address
 *                         from that (the same for all pages of a program that are mapped from the boot image), 4 KiB
 *            index        lines of text: sample N INDEX COST | count N | overhead N
 * One hart only.
 */
#include "guest.h"

#define MARK_THREAD 0xffffffffu  /* second word: page number of the thread's control block in the direct map */
#define MARK_STARTED 0xfffffffeu /* second word: low half of the value stored; the next pair holds the high half */
#define RUNS_IDLE (1u << 20)     /* outside a sample, no more than this is kept */
#define RDINSTRET 0xc0202073u
#define RDINSTRET_MASK 0xfffff07fu

EXPORTED int qemu_plugin_version = 1;

struct code { /* of one translated instruction; its number is its place in the file */
    uint64_t va;
    uint32_t page; /* number in the file of pages */
    uint32_t bits;
};
struct run {
    uint32_t first, count;
};

static FILE *code_file, *page_file, *index_file;
static const char *folder;
static uint64_t started_va, sample_va, sample_bytes, count_va, overhead_va, current_va;
static struct text text;
static uint32_t code_count;

/* ---- pages of code: one is told from another by what is in it ---- */

struct page {
    uint64_t va;
    const char *at; /* in guest memory */
    bool measuring; /* of the program that measures */
    char was[PAGE_BYTES];
};
static struct page *pages[1 << 16];
static uint32_t page_count;

static uint32_t page_number(uint64_t va, const char *at)
{
    for (uint32_t i = page_count; i-- > 0;)
        if (pages[i]->va == va && pages[i]->at == at && memcmp(pages[i]->was, at, PAGE_BYTES) == 0)
            return i;
    if (page_count == sizeof pages / sizeof pages[0])
        plugin_fail("too many pages of code", "");
    struct page *p = malloc(sizeof *p);
    p->va = va, p->at = at, p->measuring = text_holds_page(&text, va, at);
    memcpy(p->was, at, PAGE_BYTES);
    uint64_t head[] = {va, (uint64_t)(uintptr_t)at - va};
    fwrite(head, sizeof head, 1, page_file);
    fwrite(p->was, PAGE_BYTES, 1, page_file);
    pages[page_count] = p;
    return page_count++;
}

/* ---- the sample being written down ---- */

static struct run *runs;
static size_t run_count, run_room;
static bool open, in_kernel;
static uint32_t sample_count;

static void run_add(uint32_t first, uint32_t count)
{
    if (!open && run_count == RUNS_IDLE)
        run_count = 0;
    if (run_count == run_room) {
        run_room = run_room ? 2 * run_room : RUNS_IDLE;
        runs = realloc(runs, run_room * sizeof *runs);
        if (!runs)
            plugin_fail("no memory for a sample", "");
    }
    runs[run_count++] = (struct run){first, count};
}
static void executed(unsigned hart, void *word)
{
    (void)hart;
    uint32_t number = (uint32_t)(uintptr_t)word;
    struct run *last = run_count ? &runs[run_count - 1] : NULL;
    if (last && last->first < MARK_STARTED && last->first + last->count == number)
        last->count++;
    else
        run_add(number, 1);
}
static void executed_kernel(unsigned hart, void *word)
{
    in_kernel = true;
    executed(hart, word);
}
static void executed_user(unsigned hart, void *word)
{
    if (in_kernel) {
        in_kernel = false;
        run_add(MARK_THREAD, (uint32_t)((guest_kernel_word(current_va) - DIRECT_BASE) / PAGE_BYTES));
    }
    executed(hart, word);
}
/* A sample that is not open yet begins here, unless there is another before the store of `started`. */
static void executed_anchor(unsigned hart, void *word)
{
    if (!open) {
        run_count = 0;
        in_kernel = true;
    }
    executed_user(hart, word);
}
static void sample_write(uint64_t index, uint64_t cost)
{
    char name[32];
    snprintf(name, sizeof name, "sample.%u", sample_count);
    FILE *file = plugin_file(folder, name);
    fwrite(runs, sizeof *runs, run_count, file);
    fclose(file);
    fprintf(index_file, "sample %u %lu %lu\n", sample_count++, index, cost);
}

/* ---- stores of the measuring program ---- */

static void stored(unsigned hart, uint32_t info, uint64_t va, void *word)
{
    (void)hart, (void)word;
    if (va == started_va) {
        uint64_t value = stored_word(info, va);
        open = true;
        run_add(MARK_STARTED, (uint32_t)value);
        run_add(MARK_STARTED, (uint32_t)(value >> 32));
    } else if (open && va >= sample_va && va < sample_va + sample_bytes) {
        sample_write((va - sample_va) / sizeof(uint64_t), stored_word(info, va));
        open = false, run_count = 0;
    } else if (va == count_va) {
        fprintf(index_file, "count %u\n", (uint32_t)stored_word(info, va));
        open = false, run_count = 0;
    } else if (va == overhead_va) {
        fprintf(index_file, "overhead %lu\n", stored_word(info, va));
    }
}

/* ---- translation ---- */

static void translate_one(struct qemu_plugin_insn *insn)
{
    uint64_t va = qemu_plugin_insn_vaddr(insn);
    const char *at = qemu_plugin_insn_haddr(insn);
    enum place place = place_of(va);
    uint32_t page = page_number(va & ~(uint64_t)(PAGE_BYTES - 1), at - (va & (PAGE_BYTES - 1)));
    struct code c = {va, page, insn_bits(insn)};
    void *word = (void *)(uintptr_t)code_count++;
    fwrite(&c, sizeof c, 1, code_file);
    plugin_exec *f = place != PLACE_USER ? executed_kernel : executed_user;
    if (pages[page]->measuring) {
        if ((c.bits & RDINSTRET_MASK) == RDINSTRET)
            f = executed_anchor;
        qemu_plugin_register_vcpu_mem_cb(insn, stored, PLUGIN_NO_REGS, PLUGIN_MEM_W, NULL);
    }
    qemu_plugin_register_vcpu_insn_exec_cb(insn, f, PLUGIN_NO_REGS, word);
}
static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        guest_memory_find(insn);
        translate_one(insn);
    }
    code_count++; /* a gap, so that a run never crosses from block to block */
    fwrite(&(struct code){0, 0, 0}, sizeof(struct code), 1, code_file);
}
static void finish(uint64_t id, void *word)
{
    (void)id, (void)word;
    fclose(code_file);
    fclose(page_file);
    fclose(index_file);
}
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
    if (info->system.smp_vcpus != 1)
        plugin_fail("a profile is of one hart", "");
    folder = plugin_argument(argc, argv, "out");
    text_read(&text, plugin_argument(argc, argv, "text"), plugin_number(argc, argv, "text_va"));
    started_va = plugin_number(argc, argv, "started");
    sample_va = plugin_number(argc, argv, "sample");
    sample_bytes = plugin_number(argc, argv, "sample_bytes");
    count_va = plugin_number(argc, argv, "count");
    overhead_va = plugin_number(argc, argv, "overhead");
    current_va = plugin_number(argc, argv, "current");
    code_file = plugin_file(folder, "code");
    page_file = plugin_file(folder, "pages");
    index_file = plugin_file(folder, "index");
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
