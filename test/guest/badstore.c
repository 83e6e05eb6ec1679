/* SPDX-License-Identifier: MIT
 * Proves that an access which the program has no right to kills the program and nobody else, and changes nothing.
 */
#define GT_NAME "badstore"
#include "gtest.h"
#include <ipc/procmgr.h>

/* Read through volatile pointers; were it volatile itself it would not be in rodata. */
static const uint64_t read_only[512] __attribute__((aligned(4096))) = {0x1122334455667788UL};
static volatile uint64_t data_word = 5;

static __attribute__((noinline)) int victim_function(int x) { return x * 3 + 1; }

static void store(void *va) { *(volatile uint64_t *)va = 0x6666; }
static void load(void *va) { (void)*(volatile uint64_t *)va; }
static void jump(void *va) { ((void (*)(void))va)(); }

/* The offender dies by SIGSEGV; a sibling that runs meanwhile and the parent go on. */
static void sibling(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
        data_word += (uint64_t)i;
        sys_yield();
    }
    CHECK_EQ(data_word, 5 + 190);
    CHECK_EQ(victim_function(2), 7);
}
static void kills_only_the_offender(void (*how)(void *), uint64_t va)
{
    pid_t other = gt_child(sibling, NULL);
    pid_t pid = gt_child(how, (void *)(uintptr_t)va);
    gt_expect_signal(pid, SIGSEGV);
    gt_expect_exit(other, 0);
    CHECK_EQ(victim_function(5), 16);
    CHECK_EQ(*(const volatile uint64_t *)read_only, 0x1122334455667788UL);
    CHECK_EQ(data_word, 5);
}

static void store_to_text(void) { kills_only_the_offender(store, (uint64_t)(uintptr_t)victim_function & ~7UL); }
static void store_to_rodata(void) { kills_only_the_offender(store, (uint64_t)(uintptr_t)read_only); }
static void store_to_address_zero(void) { kills_only_the_offender(store, 0); }
static void load_from_address_zero(void) { kills_only_the_offender(load, 8); }
static void jump_to_address_zero(void) { kills_only_the_offender(jump, 0); }
static void store_to_unmapped_memory(void) { kills_only_the_offender(store, 0x123456789000UL & (USER_VA_END - 1)); }
static void store_to_the_kernel(void)
{
    static const uint64_t where[] = {0xffffffc080200000UL, 0xffffffc000000000UL, 0xfffffffffffffff8UL, 0xffffffc087fff000UL};
    for (unsigned i = 0; i < sizeof where / sizeof where[0]; i++) {
        kills_only_the_offender(store, where[i]);
        kills_only_the_offender(load, where[i]);
        kills_only_the_offender(jump, where[i]);
    }
}
static void noncanonical_addresses(void)
{
    kills_only_the_offender(store, USER_VA_END);
    kills_only_the_offender(store, 0x8000000000000000UL);
    kills_only_the_offender(load, 0x0000ffffffff0000UL);
}
static void store_to_the_window(void) { kills_only_the_offender(store, WINDOW_BASE + 0x80200000UL); }
static void jump_into_data(void) { kills_only_the_offender(jump, (uint64_t)(uintptr_t)&data_word); }
static void jump_into_the_stack(void)
{
    uint32_t code[2] = {0x00008067, 0x00008067}; /* ret */
    kills_only_the_offender(jump, (uint64_t)(uintptr_t)code);
}
static void store_to_the_stack_guard(void)
{
    kills_only_the_offender(store, PROC_STACK_TOP - (8UL << 20) + 8);
    kills_only_the_offender(store, PROC_STACK_TOP);
}

static void illegal_instruction(void *unused)
{
    (void)unused;
    __asm__ volatile(".word 0");
}
static void an_illegal_instruction_is_sigill(void)
{
    gt_expect_signal(gt_child(illegal_instruction, NULL), SIGILL);
}
static void privileged_instruction(void *unused)
{
    (void)unused;
    __asm__ volatile("csrr t0, sstatus" ::: "t0");
}
static void a_privileged_instruction_is_sigill(void)
{
    gt_expect_signal(gt_child(privileged_instruction, NULL), SIGILL);
}
static void breakpoint(void *unused)
{
    (void)unused;
    __asm__ volatile("ebreak");
}
static void a_breakpoint_is_sigtrap(void) { gt_expect_signal(gt_child(breakpoint, NULL), SIGTRAP); }

GT_MAIN(CASE(store_to_text), CASE(store_to_rodata), CASE(store_to_address_zero), CASE(load_from_address_zero),
        CASE(jump_to_address_zero), CASE(store_to_unmapped_memory), CASE(store_to_the_kernel),
        CASE(noncanonical_addresses), CASE(store_to_the_window), CASE(jump_into_data), CASE(jump_into_the_stack),
        CASE(store_to_the_stack_guard), CASE(an_illegal_instruction_is_sigill),
        CASE(a_privileged_instruction_is_sigill), CASE(a_breakpoint_is_sigtrap))
