/* SPDX-License-Identifier: MIT
 * core_boot on a simulated machine: init's space, memory and handles; the kernel's own tables; panics with a sentence.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <string.h>

#include "host.h"

static int setup(void **context)
{
    (void)context;
    host_boot();
    return 0;
}

static void boot_passes_every_check(void **context)
{
    (void)context;
    host_check();
    assert_int_equal(init->state, T_RUNNING);
    assert_int_equal(init->x[REG_PC] - 4, HOST_PC); /* it made a call since */
    const struct bootinfo *info = frame_va(PTE_FRAME(host_pte(init_space, BOOTINFO_VA)));
    assert_int_equal(info->magic, BOOTINFO_MAGIC);
    assert_string_equal(info->args, "run=test");
    assert_int_equal(info->chunk[0], CHUNK_RESERVED);
    assert_int_equal(info->chunk[3], CHUNK_KERNEL);
    assert_int_equal(info->chunk[4], CHUNK_INIT);
    assert_int_equal(info->chunk[5], CHUNK_USER);
    assert_int_equal(info->chunk[11], CHUNK_IMAGE);
}

static void boot_loads_segments_and_zeroes_the_rest(void **context)
{
    (void)context;
    pte_t text = host_pte(init_space, HOST_PC), data = host_pte(init_space, 0x20000), bss = host_pte(init_space, 0x22000);
    assert_int_equal(text & (PTE_R | PTE_W | PTE_X), PTE_R | PTE_X);
    assert_int_equal(data & (PTE_R | PTE_W | PTE_X), PTE_R | PTE_W);
    const uint8_t *d = frame_va(PTE_FRAME(data)), *b = frame_va(PTE_FRAME(bss));
    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        assert_int_equal(d[i], i >= 16 && i < 116 ? 0x77 : 0);
        assert_int_equal(b[i], 0);
    }
    for (unsigned i = 1; i <= INIT_STACK_PAGES; i++)
        assert_true(host_pte(init_space, INIT_STACK_TOP - i * PAGE_SIZE) & PTE_W);
    assert_int_equal(host_pte(init_space, INIT_STACK_TOP), 0);
    assert_int_equal(host_pte(init_space, INIT_STACK_TOP - (INIT_STACK_PAGES + 1) * PAGE_SIZE), 0);
}

static void init_has_three_handles_and_no_more(void **context)
{
    (void)context;
    for (handle_t h = 1; h < init_space->handles; h++)
        assert_int_equal(handle_slot(init_space, h)->word != 0, h < INIT_H_FIRST_FREE);
    SYS_OK(init, HANDLE_INFO, 0, INIT_H_KERNEL);
    assert_int_equal(init->x[REG_A1], OBJ_KERNEL | RIGHTS_ALL << 8);
}

/* Walk the kernel half by hand: global, never for user level, never W and X; text alone is executable. */
static void kernel_tables_are_write_xor_execute(void **context)
{
    (void)context;
    unsigned text = 0, pages = 0;
    for (unsigned i = PTES_PER_TABLE / 2; i < PTES_PER_TABLE; i++) {
        pte_t e = init_space->root[i];
        if (!(e & PTE_V))
            continue;
        const pte_t *table = arch_pte_is_leaf(e) ? &e : phys_to_virt((paddr_t)PTE_FRAME(e) << PAGE_SHIFT);
        for (unsigned k = 0; k < (table == &e ? 1 : PTES_PER_TABLE); k++) {
            pages++;
            assert_true(table[k] & PTE_G);
            assert_false(table[k] & PTE_U);
            assert_false((table[k] & PTE_W) && (table[k] & PTE_X));
            text += !!(table[k] & PTE_X);
            if (table[k] & PTE_X)
                assert_int_equal(PTE_FRAME(table[k]), (HOST_RAM_PA + CHUNK_SIZE) >> PAGE_SHIFT);
        }
    }
    assert_int_equal(text, 1);
    assert_int_equal(pages, PTES_PER_TABLE);
}

static void boot_without_an_init_panics_with_a_sentence(void **context)
{
    (void)context;
    jmp_buf back;
    host_bad_init = true;
    host_panic_to = &back;
    if (!setjmp(back)) {
        host_boot();
        fail();
    }
    host_panic_to = 0;
    host_bad_init = false;
    assert_non_null(strstr(host_console, "boot: init is not an ELF file"));
}

static void unknown_calls_are_refused(void **context)
{
    (void)context;
    for (unsigned n = 0; n < 256; n++) {
        bool known = false;
#define IS_KNOWN(name, number, args, text) known |= n == (number);
        SYSCALLS(IS_KNOWN)
        if (!known)
            assert_int_equal(host_call6(init, n, 0, 0, 0, 0, 0, 0), ERR_NOSYS);
    }
    assert_int_equal(host_call6(init, SYS_NULL, 0, 0, 0, 0, 0, 0), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(boot_passes_every_check, setup),
        cmocka_unit_test_setup(boot_loads_segments_and_zeroes_the_rest, setup),
        cmocka_unit_test_setup(init_has_three_handles_and_no_more, setup),
        cmocka_unit_test_setup(kernel_tables_are_write_xor_execute, setup),
        cmocka_unit_test(boot_without_an_init_panics_with_a_sentence),
        cmocka_unit_test_setup(unknown_calls_are_refused, setup),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
