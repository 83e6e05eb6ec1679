/* SPDX-License-Identifier: MIT
 * The kernel's word per frame: kind, owner, mapping count, generation. Nothing becomes a page table or an object
 * that is not a free frame of a kernel chunk owned by the caller.
 */
#include "arch.h"

struct frame_info *frame_table, *frame_table_biased;
frame_t ram_first, ram_end;

err_t frame_check_user(const struct space *owner, uint64_t f)
{
    if (!frame_in_ram(f))
        return ERR_INVAL;
    return frame_is_mappable(frame_owner_word(owner), frame_info_of(f)) ? OK : ERR_OWNER;
}

err_t frame_check_kfree(const struct space *owner, uint64_t f)
{
    if (!frame_in_ram(f))
        return ERR_INVAL;
    const struct frame_info *i = frame_info_of(f);
    return i->kind == FRAME_KFREE && i->owner == owner->frame ? OK : ERR_OWNER;
}

void frame_zero(frame_t f)
{
    uint64_t *p = frame_va(f);
    for (unsigned n = 0; n < PAGE_SIZE / 8; n += 8, p += 8) { /* bound: 64 rounds */
        p[0] = p[1] = p[2] = p[3] = 0;
        p[4] = p[5] = p[6] = p[7] = 0;
    }
}

void frame_take_dirty(frame_t f, enum frame_kind kind)
{
    struct frame_info *i = frame_info_of(f);
    assert(i->kind == FRAME_KFREE);
    i->kind = kind;
    i->maps = 0;
    i->flags = 0;
    i->parents = 0;
}

void frame_take(frame_t f, enum frame_kind kind)
{
    if (!(frame_info_of(f)->flags & FRAME_F_ZEROED))
        frame_zero(f);
    frame_take_dirty(f, kind);
}

void frame_give(frame_t f, bool zeroed)
{
    struct frame_info *i = frame_info_of(f);
    i->gen++; /* never wraps, or an old handle would name the new object: a frame with no generation left is retired */
    i->kind = likely(i->gen < FRAME_GEN_MAX) ? FRAME_KFREE : FRAME_RESERVED;
    i->maps = 0;
    i->parents = 0;
    i->flags = zeroed ? FRAME_F_ZEROED : 0;
}
