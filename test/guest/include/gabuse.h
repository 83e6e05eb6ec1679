/* SPDX-License-Identifier: MIT
 * What the abuse tests share: one row a hostile act, with everything that goes into registers, and the one result that is
 * right. A row that blocks for ever is a failed test, so rows that could wait come with a deadline in the past.
 */
#ifndef GABUSE_H
#define GABUSE_H

#include "gserve.h"

/* One system call with all its registers. */
struct act {
    const char *what;
    uint64_t call; /* SYS_* | IPC_F_* << 8 */
    uint64_t a0, a1, a2, a3, a4, a5;
    uint64_t t2, t3; /* deadline, reply id */
    long want;
};

static inline long ga_do(const struct act *x)
{
    struct ipc_regs r = {.w = {x->a1, x->a2, x->a3, x->a4, x->a5}, .t2 = x->t2, .t3 = x->t3};
    return ipc_raw((long)x->call, x->a0, &r);
}
/* Do it; a wrong result is a failed check with the row's name. */
static inline void ga_expect(const struct act *x)
{
    long got = ga_do(x);
    if (got == x->want)
        return;
    gt_fail(x->what, __FILE__, __LINE__);
    printf("  call %lu with a0 0x%lx a1 0x%lx gave %ld, wanted %ld\n", (unsigned long)x->call & 0xff, (unsigned long)x->a0,
           (unsigned long)x->a1, got, x->want);
}

/* One request to a server. */
struct request_act {
    const char *what;
    handle_t server;
    uint64_t w[MSG_WORDS];
    struct ipc_buf buf[2];
    err_t want;
};
static inline err_t ga_ask(const struct request_act *x)
{
    struct ipc_msg m;
    memcpy(m.w, x->w, sizeof m.w);
    unsigned bufs = x->buf[1].access || x->buf[1].addr ? 2 : x->buf[0].access || x->buf[0].addr ? 1 : 0;
    return ipc_call_full(x->server, &m, x->buf, bufs, gs_deadline(GT_HANG_MS));
}
static inline void ga_expect_answer(const struct request_act *x)
{
    err_t got = ga_ask(x);
    if (got == x->want)
        return;
    gt_fail(x->what, __FILE__, __LINE__);
    printf("  server %u, operation %lu (w1 0x%lx w2 0x%lx w3 0x%lx) gave %d, wanted %d\n", x->server, (unsigned long)x->w[0],
           (unsigned long)x->w[1], (unsigned long)x->w[2], (unsigned long)x->w[3], got, x->want);
}

#endif
