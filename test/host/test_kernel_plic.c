/* SPDX-License-Identifier: MIT
 * riscv/plic.c itself on an interrupt controller in memory: a source is enabled at one hart, the one that asked last, and after
 * an interrupt nowhere until its driver acknowledges it.
 * SOURCES: microkernel/riscv/plic.c
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <string.h>

#include "../riscv/plic.h"
#include "../riscv/riscv.h"
#include "host.h"

#define HARTS 4u
#define SOURCES 96u

uint8_t host_ram[HOST_RAM_BYTES] __attribute__((aligned(PAGE_SIZE)));
struct hart harts[HARTS_MAX];
struct hart *host_hart = &harts[0];
void *host_phys_elsewhere(paddr_t pa) { (void)pa; return host_ram; }

static uint32_t *reg(uint64_t offset) { return (uint32_t *)(void *)(host_ram + offset); }
static unsigned context_of(unsigned hart) { return 2 * hart + 1; } /* M and S mode of each */

/* Bits of the harts where the source is enabled. */
static unsigned enabled(unsigned source)
{
    unsigned where = 0;
    for (unsigned h = 0; h < HARTS; h++)
        where |= (*reg(0x2000 + 0x80 * context_of(h) + source / 32 * 4) >> (source & 31) & 1) << h;
    return where;
}
static unsigned interrupt(unsigned hart, unsigned source)
{
    *reg(0x200004 + 0x1000 * context_of(hart)) = source;
    return plic_claim(&harts[hart]);
}

static int setup(void **context)
{
    (void)context;
    struct machine m = {.plic_pa = HOST_RAM_PA, .plic_sources = SOURCES - 1, .harts = HARTS};
    memset(host_ram, 0xff, sizeof(host_ram)); /* as firmware may have left it */
    for (unsigned h = 0; h < HARTS; h++) {
        m.hart_id[h] = harts[h].id = (uint16_t)h;
        m.plic_context[h] = harts[h].plic_context = context_of(h);
    }
    host_hart = &harts[0];
    plic_boot(&m);
    for (unsigned h = 1; h < HARTS; h++) {
        host_hart = &harts[h];
        plic_boot_hart();
    }
    return 0;
}

static void nothing_is_enabled_at_first(void **context)
{
    (void)context;
    assert_int_equal(arch_irq_sources(), SOURCES);
    for (unsigned s = 1; s < SOURCES; s++)
        assert_int_equal(enabled(s), 0);
}

static void a_source_is_where_its_driver_asked_last(void **context)
{
    (void)context;
    static const unsigned order[] = {0, 2, 1, 1, 3, 0};
    for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        for (unsigned s = 1; s < SOURCES; s += 31) {
            host_hart = &harts[order[i]];
            arch_irq_enable(s);
            assert_int_equal(enabled(s), 1u << order[i]);
            assert_int_equal(interrupt(order[i], s), s);
            assert_int_equal(enabled(s), 0); /* until it is acknowledged */
            arch_irq_enable(s);
            assert_int_equal(enabled(s), 1u << order[i]);
        }
}

static void sources_there_are_not_change_nothing(void **context)
{
    (void)context;
    host_hart = &harts[1];
    arch_irq_enable(SOURCES);
    arch_irq_enable(~0u);
    for (unsigned s = 1; s < SOURCES; s++)
        assert_int_equal(enabled(s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_enabled_at_first, setup),
        cmocka_unit_test_setup(a_source_is_where_its_driver_asked_last, setup),
        cmocka_unit_test_setup(sources_there_are_not_change_nothing, setup),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
