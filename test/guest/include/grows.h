/* SPDX-License-Identifier: MIT
 * Rows of hostile requests to servers, and which operations had one.
 */
#ifndef GUEST_GROWS_H
#define GUEST_GROWS_H

#include "gabuse.h"
#include <unistd.h>

#define CLIENT_MAY(who) ((who) & FROM(BADGE_CLIENT))
#define NOBODYS_SPACE 0xfff0007u /* a space id of a generation that has not been */
#define WILD (~0UL)
#define HIGH (1UL << 32) /* a bit that 32 bits do not see */
#define OPS_MAX 64u
#define KERNEL_VA 0xffffffc080200000UL

static uint8_t tried[H_FS + 1][OPS_MAX];

static inline void do_rows(const struct request_act *rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (rows[i].w[0] < OPS_MAX)
            tried[rows[i].server][rows[i].w[0]] = 1;
        ga_expect_answer(&rows[i]);
    }
}
#define DO_ROWS(rows) do_rows(rows, sizeof(rows) / sizeof(rows)[0])

/* What a program may not ask, with whatever arguments. */
static inline void forbidden(handle_t server, uint64_t op, const char *name)
{
    const uint64_t arguments[] = {0, 1, 2, (uint64_t)getpid(), HIGH, WILD};
    for (unsigned i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        uint64_t a = arguments[i];
        const struct request_act x = {name, server, {op, a, a, a, a, a, a, a}, .want = ERR_PERM};
        do_rows(&x, 1);
    }
}
#define FORBIDDEN(server, name, number, who) \
    if (!CLIENT_MAY(who)) \
        forbidden(server, number, name);
/* An operation of a protocol's list that had no row. */
#define TRIED(server, text, number) \
    if (!tried[server][number]) \
        gt_fail(text " has no row", __FILE__, __LINE__);

#endif
