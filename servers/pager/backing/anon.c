/* SPDX-License-Identifier: MIT
 * Anonymous memory: zeros at first, then whatever the program puts there.
 */
#include "backing/backing.h"

static frame_t anon_share(const struct ledger_region *r, uint32_t page)
{
    (void)r;
    (void)page;
    return zero_frame();
}

static void anon_fill(const struct ledger_region *r, uint32_t page, frame_t frame)
{
    (void)r;
    (void)page;
    page_zero(frame);
}

const struct backing backing_anon = {.name = "anon", .share = anon_share, .fill = anon_fill};

const struct backing *backing_of(const struct ledger_region *r)
{
    static const struct backing *const by_kind[] = {
        [BACKING_ANON] = &backing_anon,
        [BACKING_IMAGE] = &backing_image,
        [BACKING_FILE] = &backing_anon, /* behind the bytes that come from the file */
    };
    return r->backing < sizeof(by_kind) / sizeof(by_kind[0]) ? by_kind[r->backing] : 0;
}
