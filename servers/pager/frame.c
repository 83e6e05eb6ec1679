/* SPDX-License-Identifier: MIT
 * The two frame pools, by chunk. Partly used chunks are used up first, so that whole chunks stay free and can change
 * their type: that is how kernel memory grows and shrinks on demand.
 *
 * Never touches a mapping. In the fault path it is the allocation and the 4 KiB of copy or zeros.
 */
#include "frame.h"

#include "evict.h"
#include "quota.h"
#include "resident.h"
#include "spare.h"
#include "sysgate.h"
#include "zeroed.h"

#ifdef PAGODA_HOST
char *window_base;
struct frame_info *frame_infos;
#else
const struct frame_info *frame_infos;
#endif

struct pool frame_pool[3];

struct frame_test frame_test;

uint64_t frame_fail_at(uint64_t k)
{
    uint64_t tried = frame_test.allocations;
    frame_test = (struct frame_test){.fail_at = k};
    resident_unusual();
    return tried;
}

/* ---- lists of chunks ---- */

static void chunk_unlink(struct pool *p, uint32_t c)
{
    struct chunk_state *k = &ledger.chunk[c];
    if (k->list == LIST_NONE)
        return;
    if (k->prev)
        ledger.chunk[k->prev - 1].next = k->next;
    else
        p->list[k->list] = k->next;
    if (k->next)
        ledger.chunk[k->next - 1].prev = k->prev;
    k->list = LIST_NONE;
}

static void chunk_link(struct pool *p, uint32_t c, enum chunk_list list)
{
    struct chunk_state *k = &ledger.chunk[c];
    k->list = (uint8_t)list;
    k->prev = 0;
    k->next = p->list[list];
    if (k->next)
        ledger.chunk[k->next - 1].prev = c + 1;
    p->list[list] = c + 1;
}

static inline enum chunk_list list_for(unsigned free)
{
    return free == 0 ? LIST_NONE : free == FRAMES_PER_CHUNK ? LIST_WHOLE : LIST_PARTIAL;
}

void frame_chunk_relist(struct pool *p, uint32_t c)
{
    struct chunk_state *k = &ledger.chunk[c];
    enum chunk_list want = list_for(k->free);
    if (k->list == want)
        return;
    chunk_unlink(p, c);
    if (want != LIST_NONE)
        chunk_link(p, c, want);
}

/* ---- one frame ---- */

void frame_put_back(frame_t f)
{
    uint32_t index = frame_index(f), c = index / FRAMES_PER_CHUNK;
    struct chunk_state *k = &ledger.chunk[c];
    struct pool *p = &frame_pool[k->pool];
    check(k->pool == POOL_USER || k->pool == POOL_KERNEL);
    ledger.frame_next[index] = k->head;
    k->head = index + 1;
    p->free++;
    if (unlikely(k->free++ == 0 || k->free == FRAMES_PER_CHUNK))
        frame_chunk_relist(p, c);
}

/* ---- chunks change their type ---- */

/* The frame words say the new type before the kernel does and are put right again should it refuse. A kill in between is
 * harmless: a restart reads the type from the kernel's frame table. */
static err_t chunk_convert(uint32_t c, enum pool_kind to)
{
    struct chunk_state *k = &ledger.chunk[c];
    struct pool *from = &frame_pool[k->pool], *dest = &frame_pool[to];
    uint64_t number = (ledger.first_frame >> (CHUNK_SHIFT - PAGE_SHIFT)) + c;
    check(k->free == FRAMES_PER_CHUNK);
    err_t err = gate_chunk_retype(number, to == POOL_USER ? CHUNK_USER : CHUNK_KERNEL);
    if (err != OK)
        return err;
    chunk_unlink(from, c);
    from->free -= FRAMES_PER_CHUNK;
    from->chunks--;
    k->pool = (uint8_t)to;
    dest->free += FRAMES_PER_CHUNK;
    dest->chunks++;
    struct ledger_frame *w = &ledger.frame[c * FRAMES_PER_CHUNK];
    for (unsigned i = 0; i < FRAMES_PER_CHUNK; i++)
        w[i] = (struct ledger_frame){.flags = FRAME_W_OWNED | (to == POOL_KERNEL ? FRAME_W_KERNEL : 0)};
    chunk_link(dest, c, LIST_WHOLE);
    return OK;
}

/* The pool is empty: turn a whole free chunk of the other one. */
static __attribute__((noinline)) bool pool_refill(enum pool_kind kind)
{
    struct pool *other = &frame_pool[kind == POOL_USER ? POOL_KERNEL : POOL_USER];
    uint32_t c = other->list[LIST_WHOLE];
    if (c == 0)
        return false;
    if (kind == POOL_USER && other->free < FRAMES_PER_CHUNK + KERNEL_RESERVE)
        return false;
    return chunk_convert(c - 1, kind) == OK;
}

static inline frame_t pool_get(enum pool_kind kind)
{
    frame_t f = frame_pool_take(&frame_pool[kind]);
    if (likely(f != NO_FRAME))
        return f;
    zeroed_give_back(); /* they may be all there is, or make a chunk whole */
    (void)spare_give_back();
    f = frame_pool_take(&frame_pool[kind]);
    return f == NO_FRAME && pool_refill(kind) ? frame_pool_take(&frame_pool[kind]) : f;
}

/* ---- allocation ---- */

static inline bool over_limit(uint32_t slot, enum quota_kind what)
{
    uint32_t limit = ledger.space[slot].limit, quota = ledger.space[slot].quota;
    return (limit != 0 && frame_charge_of(slot) >= limit) || (quota != 0 && quota_full(quota, what));
}

bool frame_over_quota(uint32_t slot) { return over_limit(slot, QUOTA_FRAME); }

static inline err_t alloc_any(enum pool_kind kind, uint32_t slot, enum quota_kind what, frame_t *out)
{
    if (unlikely(frame_alloc_refused() || over_limit(slot, what)))
        return ERR_NOMEM;
    frame_t f = pool_get(kind);
    if (unlikely(f == NO_FRAME))
        return ERR_NOMEM;
    *out = f;
    return OK;
}

/* No frame, though the quota would allow one: a page has to leave first. */
static __attribute__((noinline)) err_t alloc_by_evicting(uint32_t slot, frame_t *out)
{
    if (over_limit(slot, QUOTA_FRAME))
        return ERR_NOMEM;
    err_t err = evict_any(slot);
    return err == OK ? alloc_any(POOL_USER, slot, QUOTA_FRAME, out) : err;
}

err_t frame_alloc_user(uint32_t slot, frame_t *out)
{
    err_t err = resident.on ? evict_make_room(slot) : OK;
    if (likely(err == OK)) {
        err = alloc_any(POOL_USER, slot, QUOTA_FRAME, out);
        if (unlikely(err != OK) && resident.on && frame_pool[POOL_USER].free == 0)
            err = alloc_by_evicting(slot, out);
    }
    if (unlikely(err != OK))
        return err;
    frame_begin(*out, slot);
    if (unlikely(quota_of_space(slot) != 0))
        quota_frame_begin(frame_word(*out), quota_of_space(slot));
    return OK;
}

/* A kernel frame; what it counts as is the caller's business. Nothing has a say but the pool, usually. */
static inline err_t alloc_kernel(uint32_t slot, enum quota_kind what, frame_t *out)
{
    const struct ledger_space *s = &ledger.space[slot];
    if (likely((s->limit | s->quota) == 0 && frame_test.fail_at == 0)) {
        *out = frame_pool_take(&frame_pool[POOL_KERNEL]);
        frame_test.allocations++;
        if (likely(*out != NO_FRAME))
            return OK;
        frame_test.allocations--;
    }
    err_t err = alloc_any(POOL_KERNEL, slot, what, out);
    if (err == OK && s->quota != 0)
        quota_add(s->quota, what);
    return err;
}

err_t frame_alloc_table(uint32_t slot, frame_t *out)
{
    err_t err = alloc_kernel(slot, QUOTA_FRAME, out);
    ledger.space_vol[slot].tables += err == OK;
    return err;
}

/* Of the chunk at hand, which stays a partly used one; where nothing has a say but the pool. */
bool frame_alloc_tables(uint32_t slot, unsigned n, frame_t *out)
{
    struct pool *p = &frame_pool[POOL_KERNEL];
    const struct ledger_space *s = &ledger.space[slot];
    if (unlikely(p->list[LIST_PARTIAL] == 0 || (s->limit | s->quota) != 0 || frame_test.fail_at != 0))
        return false;
    struct chunk_state *k = &ledger.chunk[p->list[LIST_PARTIAL] - 1];
    if (unlikely(k->free <= n))
        return false;
    for (unsigned i = 0; i < n; i++) { /* bound: the levels below the root */
        out[i] = ledger.first_frame + k->head - 1;
        k->head = ledger.frame_next[k->head - 1];
    }
    k->free = (uint16_t)(k->free - n);
    p->free -= n;
    frame_test.allocations += n;
    ledger.space_vol[slot].tables += n;
    return true;
}

err_t frame_alloc_object(uint32_t slot, frame_t *out)
{
    err_t err = alloc_kernel(slot, QUOTA_OBJECT, out);
    ledger.space_vol[slot].objects += err == OK;
    return err;
}

void frame_free_table(uint32_t slot, frame_t f)
{
    ledger.space_vol[slot].tables--;
    quota_take(quota_of_space(slot), QUOTA_FRAME);
    frame_put_back(f);
}

void frame_free_object(uint32_t slot, frame_t f)
{
    ledger.space_vol[slot].objects--;
    quota_take(quota_of_space(slot), QUOTA_OBJECT);
    frame_put_back(f);
}

void frame_release(frame_t f)
{
    if (unlikely(frame_word(f)->flags & FRAME_W_RESIDENT))
        resident_remove(f);
    if (unlikely(quota_of_frame(frame_word(f)) != 0))
        quota_frame_end(frame_word(f));
    frame_put_back(f);
}

err_t frame_alloc_held(frame_t *out)
{
    err_t err = frame_alloc_user(0, out);
    if (err == OK)
        frame_word(*out)->flags |= FRAME_W_HOLD;
    return err;
}

void frame_change_quota(uint32_t slot, struct ledger_frame *w)
{
    if (quota_of_frame(w) != 0)
        quota_frame_end(w);
    if (quota_of_space(slot) != 0)
        quota_frame_begin(w, quota_of_space(slot));
}

/* ---- building the pools ---- */

static enum pool_kind chunk_pool_kind(uint32_t c, uint32_t own, frame_t image_first, frame_t image_end)
{
    frame_t f = ledger.first_frame + c * FRAMES_PER_CHUNK;
    const struct frame_info *k = frame_kernel_word(f);
    if (k->owner != own)
        return POOL_NONE;
    if (f < image_end && f + FRAMES_PER_CHUNK > image_first)
        return POOL_IMAGE;
    return k->kind == FRAME_USER ? POOL_USER : POOL_KERNEL;
}

/* Nobody's. */
static void chunk_leave(uint32_t c)
{
    struct ledger_frame *w = &ledger.frame[c * FRAMES_PER_CHUNK];
    for (unsigned i = 0; i < FRAMES_PER_CHUNK; i++)
        w[i] = (struct ledger_frame){0};
}

/* Set flags, and link what is free. Frames in ascending order come out first. Every frame of the machine passes here at boot:
 * both loops are short on purpose. */
static void chunk_build_user(struct chunk_state *k, uint32_t first, uint16_t flags)
{
    uint32_t head = 0, free = 0;
    for (uint32_t index = first + FRAMES_PER_CHUNK; index-- > first;) {
        struct ledger_frame *w = &ledger.frame[index];
        w->flags = (w->flags & (FRAME_W_HOLD | FRAME_W_QUOTA)) | flags;
        if (w->refs != 0)
            continue;
        if (flags & FRAME_W_IMAGE) {
            w->refs = 1; /* the hold */
            continue;
        }
        ledger.frame_next[index] = head;
        head = index + 1;
        free++;
    }
    k->head = head;
    k->free = (uint16_t)free;
}

static void chunk_build_kernel(struct chunk_state *k, uint32_t first)
{
    uint32_t head = 0, free = 0;
    for (uint32_t index = first + FRAMES_PER_CHUNK; index-- > first;) {
        bool shared = frame_infos[index].flags & FRAME_F_SHARED && frame_infos[index].kind == FRAME_TABLE;
        ledger.frame[index] = (struct ledger_frame){.flags = FRAME_W_OWNED | FRAME_W_KERNEL, .charged = shared ? PAYER_ANY : 0};
        if (frame_infos[index].kind != FRAME_KFREE)
            continue;
        ledger.frame_next[index] = head;
        head = index + 1;
        free++;
    }
    k->head = head;
    k->free = (uint16_t)free;
}

static void chunk_build(uint32_t c, enum pool_kind kind)
{
    struct chunk_state *k = &ledger.chunk[c];
    *k = (struct chunk_state){.pool = (uint8_t)kind};
    if (kind == POOL_NONE)
        chunk_leave(c);
    else if (kind == POOL_KERNEL)
        chunk_build_kernel(k, c * FRAMES_PER_CHUNK);
    else
        chunk_build_user(k, c * FRAMES_PER_CHUNK, FRAME_W_OWNED | (kind == POOL_IMAGE ? FRAME_W_IMAGE : 0));
}

void frame_pools_build(uint32_t own, frame_t image_first, frame_t image_end)
{
    frame_pool[POOL_NONE] = frame_pool[POOL_USER] = frame_pool[POOL_KERNEL] = (struct pool){0};
    for (uint32_t c = ledger.chunks; c-- > 0;) {
        enum pool_kind kind = chunk_pool_kind(c, own, image_first, image_end);
        chunk_build(c, kind);
        if (kind != POOL_USER && kind != POOL_KERNEL)
            continue;
        struct pool *p = &frame_pool[kind];
        p->free += ledger.chunk[c].free;
        p->chunks++;
        frame_chunk_relist(p, c);
    }
}

/* ---- contents ---- */

#define COPY_WORDS_PER_TURN 128

void page_zero(frame_t f) { page_zero_here(f); }

/* Sixteen loads, then sixteen stores: as many as there are registers for. */
static inline void copy_16(uint64_t *restrict d, const uint64_t *restrict s)
{
    uint64_t w[16];
#define LOAD_WORD(i) w[i] = s[i];
#define STORE_WORD(i) d[i] = w[i];
    EACH_OF_16(LOAD_WORD, 0)
    EACH_OF_16(STORE_WORD, 0)
}

void page_copy(frame_t to, frame_t from)
{
    uint64_t *restrict d = window(to);
    const uint64_t *restrict s = window(from), *end = s + PAGE_SIZE / 8;
    do {
        copy_16(d, s);
        copy_16(d + 16, s + 16);
        copy_16(d + 32, s + 32);
        copy_16(d + 48, s + 48);
        copy_16(d + 64, s + 64);
        copy_16(d + 80, s + 80);
        copy_16(d + 96, s + 96);
        copy_16(d + 112, s + 112);
        s += COPY_WORDS_PER_TURN;
        d += COPY_WORDS_PER_TURN;
    } while (s < end);
}
