/* SPDX-License-Identifier: MIT
 * The frames zeroed ahead, and who is woken for them.
 */
#include "zeroed.h"

#include <ipc/ipc.h>

#include "op.h"

struct zeroed zeroed;

void zeroed_wake(void)
{
    if (frame_pool[POOL_USER].free < ZEROED_REST)
        return; /* it would find nothing to do */
    zeroed.asleep = false;
    op_notify(BADGE_IDLE);
}

bool zeroed_step(void)
{
    struct pool *p = &frame_pool[POOL_USER];
    bool enough = zeroed.count >= zeroed.limit || p->free < ZEROED_REST;
    zeroed.asleep = enough;
    if (enough)
        return false;
    frame_t f = frame_pool_take(p);
#ifndef MUTANT_PAGER_ZEROED_DIRTY
    page_zero(f);
#endif
    zeroed.frame[zeroed.count++] = f;
    return true;
}

void zeroed_give_back(void)
{
    while (zeroed.count > 0) /* bound: ZEROED_MAX */
        frame_put_back(zeroed.frame[--zeroed.count]);
}

void zeroed_reset(void)
{
    zeroed = (struct zeroed){.limit = ledger.header->zeroed, .low = (ledger.header->zeroed + 1) / 2};
}

bool zeroed_set(uint64_t frames)
{
    if (frames > ZEROED_MAX)
        return false;
    *(volatile uint32_t *)&ledger.header->zeroed = (uint32_t)frames;
    zeroed.limit = (uint32_t)frames;
    zeroed.low = (zeroed.limit + 1) / 2;
    if (zeroed.count > zeroed.limit)
        zeroed_give_back();
    if (zeroed.asleep && zeroed.count < zeroed.limit)
        zeroed_wake();
    return true;
}
