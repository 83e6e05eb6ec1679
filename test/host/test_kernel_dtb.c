/* SPDX-License-Identifier: MIT
 * The device-tree reader: QEMU's own tree gives the machine, and no blob, cut short or corrupted, makes it read outside
 * (the blob stands in memory of exactly its size, under the address sanitizer).
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c microkernel/riscv/dtb.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../riscv/machine.h"
#include "host.h"

static uint8_t *tree; /* QEMU's, 0 if there is no QEMU */
static uint32_t tree_bytes;

static void put32(uint8_t *p, uint32_t v) { p[0] = v >> 24, p[1] = v >> 16, p[2] = v >> 8, p[3] = v; }
static uint32_t get32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

static void read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return;
    static uint8_t all[2 << 20];
    size_t n = fread(all, 1, sizeof(all), f);
    fclose(f);
    if (n < 40)
        return;
    /* QEMU pads it to a MiB; what counts is the structure and the strings behind it */
    tree_bytes = get32(all + 12) + get32(all + 32);
    uint32_t structure = get32(all + 8) + get32(all + 36);
    if (structure > tree_bytes)
        tree_bytes = structure;
    tree = malloc(tree_bytes);
    memcpy(tree, all, tree_bytes);
    put32(tree + 4, tree_bytes);
}

static int make_tree(void **context)
{
    (void)context;
    char folder[] = "/tmp/pagoda-dtb-XXXXXX", command[1000], path[100];
    if (!mkdtemp(folder))
        return 0;
    snprintf(command, sizeof(command),
             "cd %s && echo kernel > k && echo image > i && timeout 20 qemu-system-riscv64 -M virt,dumpdtb=t -m 192M -smp 3 "
             "-bios none -kernel k -initrd i -append 'fork=cow run=a b' -display none > log 2>&1", folder);
    if (system(command) == 0) {
        snprintf(path, sizeof(path), "%s/t", folder);
        read_file(path);
    }
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static void qemus_tree_describes_the_machine(void **context)
{
    (void)context;
    if (!tree)
        skip();
    struct machine m = {0};
    assert_true(dtb_read(tree, &m));
    assert_int_equal(m.ram_pa, 0x80000000UL);
    assert_int_equal(m.ram_bytes, 192UL << 20);
    assert_int_equal(m.timebase_hz, 10000000);
    assert_int_equal(m.harts, 3);
    for (unsigned h = 0; h < 3; h++) {
        bool found = false;
        for (unsigned i = 0; i < 3; i++)
            found |= m.hart_id[i] == h && m.plic_context[i] == 2 * h + 1;
        assert_true(found);
    }
    assert_int_equal(m.uart_pa, 0x10000000);
    assert_int_equal(m.uart_irq, 10);
    assert_int_equal(m.test_pa, 0x100000);
    assert_int_equal(m.plic_pa, 0xc000000);
    assert_true(m.plic_sources >= 53);
    uint64_t seen = 0;
    for (unsigned i = 0; i < 8; i++)
        seen |= 1UL << ((m.virtio_pa[i] - 0x10001000) / 0x1000);
    assert_int_equal(seen, 0xff);
    assert_string_equal(m.args, "fork=cow run=a b");
    assert_int_equal(m.image_bytes, 6);
    assert_true(m.image_pa > m.ram_pa);
    assert_true(m.isa_flags & BOOT_ISA_FPU);
}

/* Read a blob in memory of exactly its size; what was kept of it must lie inside. */
static bool read_exactly(const uint8_t *from, uint32_t bytes)
{
    uint8_t *blob = malloc(bytes);
    struct machine m = {0};
    memcpy(blob, from, bytes);
    if (bytes >= 8)
        put32(blob + 4, bytes);
    bool good = dtb_read(blob, &m);
    if (m.args && *m.args)
        assert_true((const uint8_t *)m.args >= blob && (const uint8_t *)m.args + strlen(m.args) < blob + bytes);
    assert_true(m.harts <= MACHINE_HARTS_MAX);
    free(blob);
    return good;
}

static void a_tree_cut_short_is_read_no_further(void **context)
{
    (void)context;
    if (!tree)
        skip();
    for (uint32_t n = 40; n < tree_bytes; n += 1 + n % 3)
        read_exactly(tree, n);
    assert_true(read_exactly(tree, tree_bytes));
}

static void a_corrupted_tree_is_read_no_further(void **context)
{
    (void)context;
    if (!tree)
        skip();
    uint8_t *bad = malloc(tree_bytes);
    for (unsigned n = 0; n < 4000; n++) {
        memcpy(bad, tree, tree_bytes);
        for (unsigned k = 1 + host_below(8); k--;) {
            uint32_t at = 8 + host_below(tree_bytes - 12);
            switch (host_below(3)) {
            case 0:
                bad[at] = host_random();
                break;
            case 1: /* a token or a length */
                put32(bad + (at & ~3u), host_below(2) ? host_below(12) : host_random());
                break;
            default: /* the header's offsets */
                put32(bad + 8 + 4 * host_below(8), host_below(2) ? host_below(2 * tree_bytes) : host_random());
            }
        }
        read_exactly(bad, tree_bytes);
    }
    free(bad);
}

/* Strings that do not end, lengths that wrap, properties outside nodes, too deep: made by hand. */
static unsigned build(uint8_t *b, const uint32_t *words, unsigned n, const char *strings, unsigned string_bytes)
{
    memset(b, 0, 1024);
    put32(b, 0xd00dfeed);
    put32(b + 8, 40);
    put32(b + 12, 40 + 4 * n);
    for (unsigned i = 0; i < n; i++)
        put32(b + 40 + 4 * i, words[i]);
    memcpy(b + 40 + 4 * n, strings, string_bytes);
    return 40 + 4 * n + string_bytes;
}

static void hostile_trees(void **context)
{
    (void)context;
    static uint8_t b[1024];
    const uint32_t no_end[] = {1, 0x61616161, 0x61616161};
    const uint32_t outside[] = {3, 4, 0, 0};
    const uint32_t long_property[] = {1, 0, 3, 0xffffffff, 0, 0};
    const uint32_t far_name[] = {1, 0, 3, 4, 0xfffffff0, 0};
    const uint32_t open_text[] = {1, 0, 3, 4, 0, 0x6d656d6f, 2, 9}; /* device_type = "memo", no nul */
    const uint32_t open_name[] = {1, 0, 3, 4, 8, 0, 2, 9};          /* its name is the last string, which does not end */
    const uint32_t cut_property[] = {1, 0, 3, 4};
    const uint32_t ends_only[] = {2, 2, 2};
    const uint32_t deep[] = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0};
    assert_false(read_exactly(b, build(b, no_end, 3, "", 0)));
    assert_false(read_exactly(b, build(b, outside, 4, "x", 2)));
    assert_false(read_exactly(b, build(b, long_property, 6, "x", 2)));
    assert_false(read_exactly(b, build(b, far_name, 6, "x", 2)));
    assert_false(read_exactly(b, build(b, open_text, 8, "device_type", 12)));
    assert_false(read_exactly(b, build(b, open_text, 8, "riscv,isa", 10)));
    assert_false(read_exactly(b, build(b, open_text, 8, "bootargs", 9)));
    assert_false(read_exactly(b, build(b, open_text, 8, "compatible", 11)));
    assert_false(read_exactly(b, build(b, open_name, 8, "xxxxxxx\0devi", 12)));
    assert_false(read_exactly(b, build(b, cut_property, 4, "", 0)));
    assert_false(read_exactly(b, build(b, ends_only, 3, "", 0)));
    assert_false(read_exactly(b, build(b, deep, 22, "", 0)));
    memset(b, 0, sizeof(b));
    struct machine m = {0};
    assert_false(dtb_read(b, &m));
    put32(b, 0xd00dfeed);
    for (uint32_t total = 0; total < 40; total++) {
        put32(b + 4, total);
        assert_false(dtb_read(b, &m));
    }
}

static void extensions_with_a_d_in_their_name_are_no_fpu(void **context)
{
    (void)context;
    static uint8_t b[1024];
    static const struct { const char *isa; uint64_t flags; } row[] = {
        {"rv64imac", 0}, {"rv64imafdc", BOOT_ISA_FPU}, {"rv64imac_zba_svadu_zdinx", 0},
        {"rv64imafdch_zicsr_zifencei_sstc", BOOT_ISA_FPU | BOOT_ISA_SSTC}, {"rv64imac_sstc_zbd", BOOT_ISA_SSTC},
    };
    for (unsigned i = 0; i < 5; i++) {
        uint32_t w[40] = {1, 0, 3, 4, 0, 0x63707500 /* device_type = "cpu" */, 3, 36, 12};
        uint8_t isa[36] = {0};
        memcpy(isa, row[i].isa, strlen(row[i].isa));
        for (unsigned k = 0; k < 9; k++)
            w[9 + k] = get32(isa + 4 * k);
        w[18] = 2, w[19] = 9;
        unsigned bytes = build(b, w, 20, "device_type\0riscv,isa", 22);
        put32(b + 4, bytes);
        struct machine m = {0};
        (void)dtb_read(b, &m);
        assert_int_equal(m.isa_flags, row[i].flags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qemus_tree_describes_the_machine),
        cmocka_unit_test(a_tree_cut_short_is_read_no_further),
        cmocka_unit_test(a_corrupted_tree_is_read_no_further),
        cmocka_unit_test(hostile_trees),
        cmocka_unit_test(extensions_with_a_d_in_their_name_are_no_fpu),
    };
    host_seed(5);
    return cmocka_run_group_tests(tests, make_tree, 0);
}
