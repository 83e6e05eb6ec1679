/* SPDX-License-Identifier: MIT
 * What tests of replacement policies have in common: their names, which is in charge, how often pages left, kills of the pager.
 */
#ifndef GUEST_GPOLICY_H
#define GUEST_GPOLICY_H

#include "gtest.h"

static const char *const gp_names[] = {"aging", "clock", "fifo", "random"};
#define GP_NAMES (sizeof gp_names / sizeof gp_names[0])

static inline uint64_t gp_evictions(void) { return gt_stat(PAGER_STAT_EVICT, 0).v[1]; }

/* what: PAGER_POLICY_*; space 0: everybody's. */
static inline err_t gp_set(uint64_t space, unsigned what, const char *name)
{
    struct ipc_msg m = {.w = {PAGER_POLICY, space, what}};
    memcpy(&m.w[3], name, strlen(name));
    return pager_call(H_PAGER, &m);
}
static inline void gp_get(uint64_t space, char name[17], bool *own)
{
    struct ipc_msg m = {.w = {PAGER_POLICY, space, PAGER_POLICY_ASK}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    memcpy(name, &m.w[1], 16);
    name[16] = 0;
    *own = m.w[3] != 0;
}
/* Another one than gp_names[now], which is in charge: a change to itself would be none. Its place in gp_names. */
static inline unsigned gp_change(unsigned now, uint64_t random)
{
    char before[17];
    bool own;
    gp_get(0, before, &own);
    CHECK(strcmp(before, gp_names[now]) == 0);
    unsigned next = (now + 1 + (unsigned)((random >> 8) % (GP_NAMES - 1))) % GP_NAMES;
    CHECK_EQ(gp_set(0, PAGER_POLICY_SET, gp_names[next]), OK);
    return next;
}
/* POLICY_STAT of the policy with this name; "": the built-in order. */
static inline struct ipc_msg gp_stat(const char *name)
{
    struct ipc_msg m;
    uint64_t number = 0;
    for (uint64_t i = 1; name[0] && number == 0; i++) {
        char found[17] = {0};
        m = (struct ipc_msg){.w = {PAGER_POLICY_INFO, i}};
        if (pager_call(H_PAGER, &m) != OK)
            break;
        memcpy(found, &m.w[1], 16);
        if (strcmp(found, name) == 0)
            number = i;
    }
    m = (struct ipc_msg){.w = {PAGER_POLICY_STAT, number}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    return m;
}
static inline void gp_nobody_was_replaced(void)
{
    for (unsigned i = 0; i < GP_NAMES; i++) {
        struct ipc_msg m = gp_stat(gp_names[i]);
        CHECK_EQ(m.w[3], 0);
        CHECK_EQ(m.w[4], 0);
    }
}

/* The pager was restarted so often since it had `first` restarts; waits for that. */
static inline void gp_await_restarts(uint64_t first, uint64_t restarts)
{
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    while (gt_pager_restarts() - first < restarts && sys_time() < end)
        gt_sleep_us(200);
    CHECK_EQ(gt_pager_restarts() - first, restarts);
}
/* It dies within `ticks` from now. Only one kill at a time is under way, so none gets lost in another. */
static inline void gp_kill_pager(uint64_t ticks)
{
    struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_PAGER, sys_time() + ticks}};
    CHECK_EQ(ipc_call(H_INIT, &m), OK);
}

#endif
