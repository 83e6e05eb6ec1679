/* SPDX-License-Identifier: MIT
 * Families of processes on the model machine: an oracle of what each must see in its pages, and random steps.
 */
#ifndef HOST_PAGER_FAMILY_H
#define HOST_PAGER_FAMILY_H

#include "process.h"

#define FAMILY 10u
#define SPOTS 60u /* pages of heap, data and stack that the families use */
struct member {
    uint32_t space;
    uint8_t byte[SPOTS];
};
static struct member member[FAMILY];
static uint64_t next_key;

static inline vaddr_t spot(uint32_t i)
{
    return i < HEAP_PAGES ? HEAP + i * PAGE_SIZE : i < HEAP_PAGES + 4 ? DATA + (i - HEAP_PAGES) * PAGE_SIZE
                                                 : STACK + (1 + (i - HEAP_PAGES - 4) % 15) * PAGE_SIZE + (i / 15);
}
static inline void family_start(void)
{
    memset(member, 0, sizeof(member));
    next_key = 100;
    member[0].space = make_process(next_key++);
    for (uint32_t i = 0; i < SPOTS; i++)
        member[0].byte[i] = load(member[0].space, spot(i));
}
static inline struct member *some_member(void)
{
    uint32_t i = rnd(FAMILY);
    while (!member[i].space)
        i = (i + 1) % FAMILY;
    return &member[i];
}
static inline uint32_t members(void)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < FAMILY; i++)
        n += member[i].space != 0;
    return n;
}
static inline void family_step(void)
{
    struct member *m = some_member();
    uint32_t i = rnd(SPOTS), free_slot = 0;
    switch (rnd(10)) {
    case 0:
        while (free_slot < FAMILY && member[free_slot].space)
            free_slot++;
        if (free_slot == FAMILY)
            break;
        member[free_slot] = *m;
        member[free_slot].space = make_child(m->space, next_key++);
        break;
    case 1:
        if (members() < 2)
            break;
        end_process(m->space);
        m->space = 0;
        break;
    case 2:
    case 3:
    case 4:
        assert_int_equal(load(m->space, spot(i)), m->byte[i]);
        break;
    default:
        m->byte[i] = (uint8_t)rnd(256);
        store(m->space, spot(i), m->byte[i]);
    }
}
static inline void family_verify(void)
{
    model_check();
    for (uint32_t k = 0; k < FAMILY; k++)
        for (uint32_t i = 0; member[k].space && i < SPOTS; i++)
            assert_int_equal(load(member[k].space, spot(i)), member[k].byte[i]);
}
static inline void family_end(uint32_t free_before)
{
    for (uint32_t k = 0; k < FAMILY; k++)
        if (member[k].space)
            end_process(member[k].space);
    model_check();
    assert_int_equal(model_free(), free_before);
}

/* A store or load that the pager may refuse for want of memory: what was there stays. */
static inline void family_step_may_fail(void)
{
    struct member *m = some_member();
    uint32_t i = rnd(SPOTS);
    uint8_t v = (uint8_t)rnd(256);
    unsigned reason = 0;
    if (rnd(2)) {
        if (model_store(m->space, spot(i), v, &reason) == OK)
            m->byte[i] = v;
        else
            assert_int_equal(reason, FAULT_REASON_NOMEM);
        return;
    }
    if (model_load(m->space, spot(i), &v, &reason) == OK)
        assert_int_equal(v, m->byte[i]);
    else
        assert_int_equal(reason, FAULT_REASON_NOMEM);
}

#endif
