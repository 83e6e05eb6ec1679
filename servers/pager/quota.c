/* SPDX-License-Identifier: MIT
 * Nodes of quotas and their counts (quota.h). The nodes are in the ledger, the counts are volatile and counted anew at a
 * restart. A count of a node includes all nodes below it, so a charge goes up the chain and a test looks at each link.
 */
#include "quota.h"

#include "check.h"
#include "space.h"

struct count {
    uint32_t frames, objects;
};
static struct count count[QUOTAS_MAX];

static inline struct ledger_quota *node(uint32_t q) { return &ledger.header->quota[q]; }

bool quota_full(uint32_t q, enum quota_kind kind)
{
    for (; q; q = node(q)->parent) { /* bound: QUOTA_DEPTH_MAX */
        const struct ledger_quota *n = node(q);
        if (n->limit_frames && count[q].frames >= n->limit_frames)
            return true;
        if (kind == QUOTA_OBJECT && n->limit_objects && count[q].objects >= n->limit_objects)
            return true;
    }
    return false;
}

void quota_add(uint32_t q, enum quota_kind kind)
{
    for (; q; q = node(q)->parent) { /* bound: QUOTA_DEPTH_MAX */
        count[q].frames++;
        count[q].objects += kind == QUOTA_OBJECT;
    }
}

void quota_take(uint32_t q, enum quota_kind kind)
{
    for (; q; q = node(q)->parent) { /* bound: QUOTA_DEPTH_MAX */
        check(count[q].frames > 0);
        count[q].frames--;
        count[q].objects -= kind == QUOTA_OBJECT;
    }
}

void quota_frame_begin(struct ledger_frame *w, uint32_t q)
{
    w->flags = (uint16_t)((w->flags & ~FRAME_W_QUOTA) | q << FRAME_W_QUOTA_SHIFT);
    quota_add(q, QUOTA_FRAME);
}

void quota_frame_end(struct ledger_frame *w)
{
    uint32_t q = quota_of_frame(w);
    w->flags &= (uint16_t)~FRAME_W_QUOTA;
#ifndef MUTANT_QUOTA_NOT_RETURNED
    quota_take(q, QUOTA_FRAME);
#else
    (void)q;
#endif
}

/* ---- nodes ---- */

uint32_t quota_find(uint64_t key)
{
    for (uint32_t q = 1; q < QUOTAS_MAX && key; q++)
        if (node(q)->key == key)
            return q;
    return 0;
}

uint32_t quota_used(uint32_t q, enum quota_kind kind) { return kind == QUOTA_OBJECT ? count[q].objects : count[q].frames; }

static uint32_t free_node(void)
{
    for (uint32_t q = 1; q < QUOTAS_MAX; q++)
        if (node(q)->key == 0)
            return q;
    return 0;
}

static unsigned depth_of(uint32_t q)
{
    unsigned depth = 0;
    for (; q; q = node(q)->parent) /* bound: QUOTA_DEPTH_MAX */
        depth++;
    return depth;
}

err_t quota_set(uint64_t key, uint64_t parent_key, const struct quota_limits *limits)
{
    uint32_t q = quota_find(key), parent = quota_find(parent_key);
    if (key == 0 || limits->frames > UINT32_MAX || limits->objects > UINT32_MAX)
        return ERR_INVAL;
    if (parent_key && !parent)
        return ERR_NOENT;
    bool fresh = q == 0;
    if (fresh)
        q = free_node();
    if (q == 0 || (fresh && depth_of(parent) >= QUOTA_DEPTH_MAX))
        return ERR_LIMIT;
    struct ledger_quota n = {.key = key, .parent = fresh ? parent : node(q)->parent, .limit_frames = (uint32_t)limits->frames,
                             .limit_objects = (uint32_t)limits->objects};
    if (fresh)
        count[q] = (struct count){0};
    ledger_begin();
    ledger_put(node(q), &n, sizeof(n));
    ledger_commit();
    return OK;
}

static bool has_member(uint32_t q)
{
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        if (space_at(slot)->quota == q)
            return true;
    for (uint32_t i = 1; i < QUOTAS_MAX; i++)
        if (node(i)->key && node(i)->parent == q)
            return true;
    return false;
}

err_t quota_drop(uint64_t key)
{
    uint32_t q = quota_find(key);
    static const struct ledger_quota none;
    if (q == 0)
        return OK;
    if (count[q].frames || has_member(q))
        return ERR_BUSY;
    ledger_begin();
    ledger_put(node(q), &none, sizeof(none));
    ledger_commit();
    return OK;
}

static void move(uint32_t from, uint32_t to, enum quota_kind kind, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) { /* bound: objects and tables of a space */
        quota_take(from, kind);
        quota_add(to, kind);
    }
}

err_t quota_join(uint32_t slot, uint64_t key)
{
    uint32_t to = quota_find(key), from = quota_of_space(slot);
    if (to == 0)
        return ERR_NOENT;
    if (to == from)
        return OK;
    for (uint32_t i = 0; i < ledger.frames; i++) {
        struct ledger_frame *w = &ledger.frame[i];
        if (w->refs == 0 || w->charged != slot || quota_of_frame(w) != from)
            continue;
        quota_take(from, QUOTA_FRAME);
        quota_frame_begin(w, to);
    }
    move(from, to, QUOTA_FRAME, space_vol(slot)->tables);
    move(from, to, QUOTA_OBJECT, space_vol(slot)->objects);
    *(volatile uint32_t *)&space_at(slot)->quota = to;
    return OK;
}

/* ---- counting anew ---- */

static void count_all(struct count *into)
{
    struct count *kept = into;
    for (uint32_t q = 0; q < QUOTAS_MAX; q++)
        kept[q] = (struct count){0};
    for (uint32_t i = 0; i < ledger.frames; i++)
        kept[quota_of_frame(&ledger.frame[i])].frames += ledger.frame[i].refs != 0;
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot)) {
        const struct space_vol *v = space_vol(slot);
        kept[quota_of_space(slot)].frames += v->tables + v->objects;
        kept[quota_of_space(slot)].objects += v->objects;
    }
    struct count own[QUOTAS_MAX];
    for (uint32_t q = 0; q < QUOTAS_MAX; q++)
        own[q] = kept[q];
    for (uint32_t q = 1; q < QUOTAS_MAX; q++)
        for (uint32_t up = node(q)->key ? node(q)->parent : 0; up; up = node(up)->parent) { /* bound: QUOTA_DEPTH_MAX */
            kept[up].frames += own[q].frames;
            kept[up].objects += own[q].objects;
        }
}

void quota_build(void)
{
    for (uint32_t i = 0; i < ledger.frames; i++) {
        struct ledger_frame *w = &ledger.frame[i];
        if (w->refs == 0 || node(quota_of_frame(w))->key == 0)
            w->flags &= (uint16_t)~FRAME_W_QUOTA;
    }
    count_all(count);
}

uint32_t quota_check(uint32_t *counted)
{
    static struct count fresh[QUOTAS_MAX];
    count_all(fresh);
    for (uint32_t q = 1; q < QUOTAS_MAX; q++) {
        *counted = fresh[q].frames;
        if (node(q)->key && (fresh[q].frames != count[q].frames || fresh[q].objects != count[q].objects))
            return q;
    }
    return 0;
}
