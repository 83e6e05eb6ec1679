/* SPDX-License-Identifier: MIT
 * Processes of the model machine, as the pager's tests make them: text, data, heap and stack.
 */
#ifndef HOST_PAGER_PROCESS_H
#define HOST_PAGER_PROCESS_H

#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "backing/backing.h"
#include "fork/fork.h"

#define TEXT 0x10000UL
#define DATA 0x20000UL
#define HEAP 0x200000UL
#define STACK 0x3ff0000000UL
#define HEAP_PAGES 24u

static uint64_t seed __attribute__((unused)) = 4711;
static uint64_t op_key = 1000;

static inline uint32_t rnd(uint32_t below)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (uint32_t)(seed >> 33) % below;
}

static inline int setup(void **state)
{
    (void)state;
    model_boot(12);
    fork_table_min = 1; /* the processes here are small */
    return 0;
}
static inline int teardown(void **state)
{
    (void)state;
    model_end();
    return 0;
}

static inline err_t add_region(uint32_t space, vaddr_t start, vaddr_t end, uint64_t prot_flags, uint64_t backing, uint64_t offset,
                        uint64_t bytes)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, space, start, end, prot_flags, backing, offset, bytes}};
    return model_call(0, &m);
}

static inline uint32_t make_process(uint64_t key)
{
    uint32_t s = model_space_new(key);
    assert_true(s != 0);
    assert_int_equal(add_region(s, TEXT, TEXT + 4 * PAGE_SIZE, PROT_R | PROT_X, BACKING_IMAGE, 0, 4 * PAGE_SIZE), OK);
    assert_int_equal(add_region(s, DATA, DATA + 4 * PAGE_SIZE, PROT_R | PROT_W, BACKING_IMAGE, 4 * PAGE_SIZE,
                                PAGE_SIZE + PAGE_SIZE / 2), OK);
    assert_int_equal(add_region(s, HEAP, HEAP + HEAP_PAGES * PAGE_SIZE, PROT_R | PROT_W | REGION_HEAP << 8, BACKING_ANON, 0, 0), OK);
    assert_int_equal(add_region(s, STACK, STACK + 16 * PAGE_SIZE, PROT_R | PROT_W | REGION_STACK << 8, BACKING_ANON, 0, 0), OK);
    return s;
}

static inline void end_process(uint32_t space)
{
    struct ipc_msg m = {.w = {PAGER_SPACE_DELETE, space, ++op_key}};
    err_t err = model_call(0, &m);
    if (err == ERR_IN_PROGRESS) {
        m = (struct ipc_msg){.w = {PAGER_OP_RESULT, op_key}};
        err = model_call(0, &m);
    }
    assert_int_equal(err, OK);
}

static inline uint32_t make_child(uint32_t parent, uint64_t key)
{
    uint32_t child = model_space_new(key);
    assert_true(child != 0);
    assert_int_equal(model_fork(parent, child, ++op_key), OK);
    return child;
}

static inline void store(uint32_t s, vaddr_t va, uint8_t v)
{
    unsigned reason = 0;
    assert_int_equal(model_store(s, va, v, &reason), OK);
}
static inline uint8_t load(uint32_t s, vaddr_t va)
{
    unsigned reason = 0;
    uint8_t v = 0;
    assert_int_equal(model_load(s, va, &v, &reason), OK);
    return v;
}
static inline unsigned refused_store(uint32_t s, vaddr_t va)
{
    unsigned reason = 0;
    assert_int_equal(model_store(s, va, 1, &reason), ERR_FAULT);
    return reason;
}
static inline pte_t entry(uint32_t s, vaddr_t va)
{
    unsigned level;
    return table_walk(space_slot(s), page_of(va), &level);
}
static inline uint32_t refs(uint32_t s, vaddr_t va) { return frame_word(PTE_FRAME(entry(s, va)))->refs; }

#endif
