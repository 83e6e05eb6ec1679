/* SPDX-License-Identifier: MIT
 * With host_compares: whatever the fast path does in a host test, the general path does again on the same kernel as it was before, and the two must
 * leave the same behind: harts, frame words, objects, tables, counters, events. Where the fast path gives up it must leave
 * everything as it was. Left out is what docs/fast-path.md leaves undefined, and the leaf table that only one of them remembers.
 */
#include <string.h>

#include "host.h"

enum { OBJECTS = 1000, EVENTS = 4 };
struct kept {
    struct hart hart[HOST_HARTS];
    struct frame_info info[HOST_RAM_BYTES / PAGE_SIZE];
    struct trace_event event[EVENTS]; /* the last ones */
    uint64_t counter[HOST_HARTS][KC_COUNT], instret;
    unsigned n;
    frame_t frame[OBJECTS]; /* objects and tables; neither path writes other frames */
    uint8_t page[OBJECTS][PAGE_SIZE] __attribute__((aligned(16)));
};
static struct kept kept[HOST_KEPT_END];
syscall_fn sys_kernel_info;

static bool is_object(frame_t f)
{
    unsigned kind = frame_info_of(f)->kind;
    return kind != FRAME_USER && kind != FRAME_KFREE && kind != FRAME_RESERVED;
}

/* As KERNEL_INFO adds them up. Writes of satp and flushes are left out: the simulated machine does not count its own. */
static void keep_counters(struct kept *k)
{
    static struct thread asks;
    asks.space = init_space;
    for (unsigned h = 0; h < HOST_HARTS; h++)
        for (unsigned i = 0; i < KC_COUNT; i++) {
            uint64_t a[] = {INIT_H_KERNEL, h, i};
            bool counted = i != KC_SATP && i != KC_SFENCE && i != KC_SHOOTDOWNS && sys_kernel_info(&asks, a) == OK;
            k->counter[h][i] = counted ? a[1] : 0;
        }
}

void host_keep(enum host_kept which)
{
    struct kept *k = &kept[which];
    memcpy(k->hart, harts, sizeof(k->hart));
    memcpy(k->info, frame_table, sizeof(k->info));
    for (unsigned i = 0; i < EVENTS; i++)
        k->event[i] = host_hart->ring[(host_hart->trace_next - 1 - i) & (TRACE_RING - 1)];
    keep_counters(k);
    k->instret = host_instret;
    k->n = 0;
    for (frame_t f = ram_first; f < ram_end; f++) {
        if (!is_object(f))
            continue;
        if (k->n == OBJECTS)
            host_die("more objects than can be kept", f);
        k->frame[k->n] = f;
        memcpy(k->page[k->n++], frame_va(f), PAGE_SIZE);
    }
}

void host_back(enum host_kept which)
{
    const struct kept *k = &kept[which];
    memcpy(harts, k->hart, sizeof(k->hart));
    memcpy(frame_table, k->info, sizeof(k->info));
    host_instret = k->instret;
    for (unsigned i = 0; i < k->n; i++)
        memcpy(frame_va(k->frame[i]), k->page[i], PAGE_SIZE);
}

/* ---- what need not be the same ---- */

static void forget_in_thread(struct thread *t, bool current)
{
    static const uint8_t words_of_a_message[] = {X_T2, X_T3, X_T4, X_T6};
    t->badge = t->state == T_CALLING ? t->badge : 0;
    t->server = t->state == T_WAIT_REPLY ? t->server : 0;
    t->pager = t->fault.state == F_DELIVERED ? t->pager : 0;
    t->fault.badge = t->fault.state == F_QUEUED ? t->fault.badge : 0;
    if (!current)
        return;
    t->x[X_A7] = t->x[X_T5] = 0;
    for (unsigned i = 0; i < 4 && t->x[REG_A0] != MSG_CALL && t->x[REG_A0] != MSG_FAULT; i++)
        t->x[words_of_a_message[i]] = 0;
}

static void forget(struct kept *k)
{
    for (unsigned i = 0; i < HOST_HARTS; i++) {
        memset(k->hart[i].counter, 0, sizeof(k->hart[i].counter));
        memset(k->hart[i].fast, 0, sizeof(k->hart[i].fast));
        memset(k->hart[i].fast_fault, 0, sizeof(k->hart[i].fast_fault));
    }
    for (unsigned i = 0; i < k->n; i++) {
        struct space *s = (struct space *)k->page[i];
        unsigned kind = k->info[k->frame[i] - ram_first].kind;
        if (kind == FRAME_THREAD)
            forget_in_thread((struct thread *)k->page[i], frame_va(k->frame[i]) == host_hart->current);
        else if (kind == FRAME_SPACE)
            s->leaf_key = 0, s->leaf_table = 0;
    }
}

static void same(const char *what, unsigned number, const void *one, const void *other, size_t bytes)
{
    for (size_t i = 0; memcmp(one, other, bytes) && i < bytes; i++) /* seldom */
        if (((const uint8_t *)one)[i] != ((const uint8_t *)other)[i])
            fail_msg("the fast path and the general one differ: %s %u, byte %zu", what, number, i);
}

void host_same(enum host_kept one, enum host_kept other)
{
    struct kept *a = &kept[one], *b = &kept[other];
    forget(a);
    forget(b);
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->instret, b->instret);
    same("hart", 0, a->hart, b->hart, sizeof(a->hart));
    same("frame words", 0, a->info, b->info, sizeof(a->info));
    same("events", 0, a->event, b->event, sizeof(a->event));
    same("counters", 0, a->counter, b->counter, sizeof(a->counter));
    for (unsigned i = 0; i < a->n; i++)
        same("object of kind", a->info[a->frame[i] - ram_first].kind, a->page[i], b->page[i], PAGE_SIZE);
}
