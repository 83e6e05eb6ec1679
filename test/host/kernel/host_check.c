/* SPDX-License-Identifier: MIT
 * Checks that share nothing with the kernel's own: mapping counts from a walk of all tables, who may be mapped how, queues
 * and lists from both ends, and a picture of kernel memory to see that a refused call changed nothing.
 */
#include <string.h>

#include "host.h"

#define FRAMES (HOST_RAM_BYTES >> PAGE_SHIFT)
static uint32_t mapped[FRAMES], pointed[FRAMES];

/* ---- tables ---- */

static void check_window(frame_t root, vaddr_t va, pte_t e)
{
    uint64_t chunk = PTE_FRAME(e) / FRAMES_PER_CHUNK;
    const struct chunk_info *c = &chunk_table[chunk - ram_first / FRAMES_PER_CHUNK];
    assert_int_equal(va, WINDOW_BASE + (chunk << CHUNK_SHIFT));
    if (e & PTE_W) {
        assert_int_not_equal(c->kind, CHUNK_KERNEL);
        assert_int_not_equal(c->kind, CHUNK_RESERVED);
        const struct space *owner = frame_va(c->owner);
        assert_int_equal(owner->root_frame, root);
    }
}

static void check_leaf(frame_t root, vaddr_t va, pte_t e, unsigned level)
{
    frame_t f = PTE_FRAME(e);
    assert_true((e & PTE_U) || (level == 0 && !(e & (PTE_W | PTE_X | PTE_COW)))); /* there, and nobody's to touch */
    assert_false(e & PTE_G);
    assert_false((e & PTE_X) && (e & (PTE_W | PTE_COW)));
    assert_false((e & PTE_W) && (e & PTE_COW));
    assert_true(e & PTE_R);
    if (level) {
        check_window(root, va, e);
    } else if (frame_in_ram(f)) {
        assert_int_equal(frame_info_of(f)->kind, FRAME_USER);
        assert_false(frame_info_of(f)->flags & FRAME_F_BATCH);
        mapped[f - ram_first]++;
    }
}

static void check_table(frame_t root, frame_t table, unsigned level, vaddr_t va)
{
    const pte_t *e = frame_va(table);
    bool shared = frame_info_of(table)->flags & FRAME_F_SHARED;
    for (unsigned i = 0; i < (level == 2 ? PTES_PER_TABLE / 2 : PTES_PER_TABLE); i++) {
        vaddr_t at = va + ((uint64_t)i << (PAGE_SHIFT + 9 * level));
        if (!(e[i] & PTE_V))
            continue;
        if (arch_pte_is_leaf(e[i])) {
            check_leaf(root, at, e[i], level);
            assert_false(shared && (e[i] & PTE_W));
            continue;
        }
        assert_true(level > 0);
        frame_t below = PTE_FRAME(e[i]);
        assert_true(frame_in_ram(below));
        assert_int_equal(frame_info_of(below)->kind, FRAME_TABLE);
        if (pointed[below - ram_first]++)
            continue; /* shared: its entries count once */
        check_table(root, below, level - 1, at); /* recursion of a test: three levels */
    }
}

void host_check_pages(void)
{
    memset(mapped, 0, sizeof(mapped));
    memset(pointed, 0, sizeof(pointed));
    for (frame_t f = ram_first; f < ram_end; f++)
        if (frame_info_of(f)->kind == FRAME_ROOT)
            check_table(f, f, 2, 0);
    for (frame_t f = ram_first; f < ram_end; f++) {
        const struct frame_info *i = frame_info_of(f);
        if (i->kind == FRAME_USER && i->maps != mapped[f - ram_first])
            fail_msg("frame 0x%x: %u mappings counted, %u found", f, i->maps, mapped[f - ram_first]);
        bool shared = i->flags & FRAME_F_SHARED;
        if (i->kind == FRAME_TABLE && pointed[f - ram_first] != (shared ? i->parents : 1))
            fail_msg("table 0x%x is used %u times", f, pointed[f - ram_first]);
    }
}

/* ---- queues and lists ---- */

static void check_queue(struct prio_queue *q, bool run)
{
    unsigned above = PRIORITIES;
    while (above && !q->head[above - 1])
        above--;
    assert_int_equal(q->above, above);
    for (unsigned p = 0; p < PRIORITIES; p++) {
        bool bit = (q->map[(255 - p) >> 6] >> ((255 - p) & 63)) & 1;
        struct thread *t = q->head[p];
        assert_int_equal(bit, t != 0);
        for (unsigned n = 0; t; n++) {
            assert_true(n < FRAMES && t->queue == q && t->q_prio == p && t->q_next->q_prev == t);
            assert_true(run ? t->state == T_READY : t->state == T_CALLING || t->fault.state == F_QUEUED);
            t = t->q_next == q->head[p] ? 0 : t->q_next;
        }
    }
}

static void check_endpoint(struct endpoint *ep)
{
    check_queue(&ep->senders, false);
    for (struct link *l = ep->receivers.next; l != &ep->receivers; l = l->next) {
        struct thread *r = container_of(l, struct thread, list);
        assert_true(l->next->prev == l && r->state == T_RECEIVING && r->ep == ep);
        assert_true(r->bound->bits == 0); /* else it slept through a notification */
    }
    struct thread *alone = ep->ready;
    assert_true(!alone || (frame_info_of(frame_of(alone))->kind == FRAME_THREAD && alone->state == T_RECEIVING && alone->ep == ep && !alone->bound->bits));
    if (endpoint_receiver(ep)) { /* nobody waits for what is there */
        assert_null(queue_top(&ep->senders));
        assert_int_equal(ep->cancels, 0);
    }
}

static void check_space(struct space *s)
{
    unsigned threads = 0;
    const struct thread *c = s->served_call, *f = s->served_fault;
    assert_true(!c || (frame_info_of(frame_of(c))->kind == FRAME_THREAD && c->state == T_WAIT_REPLY && c->server == s && link_empty(&c->call_link)));
    assert_true(!f || (frame_info_of(frame_of(f))->kind == FRAME_THREAD && f->fault.state == F_DELIVERED && f->pager == s && link_empty(&f->fault_link)));
    for (struct link *l = s->callers.next; l != &s->callers; l = l->next) {
        struct thread *t = container_of(l, struct thread, call_link);
        assert_true(l->next->prev == l && t->server == s && t->state == T_WAIT_REPLY);
    }
    for (struct link *l = s->faulters.next; l != &s->faulters; l = l->next) {
        struct thread *t = container_of(l, struct thread, fault_link);
        assert_true(l->next->prev == l && t->pager == s && t->fault.state == F_DELIVERED);
    }
    for (frame_t f = ram_first; f < ram_end; f++)
        threads += frame_info_of(f)->kind == FRAME_THREAD && ((struct thread *)frame_va(f))->space == s;
    assert_int_equal(threads, s->threads);
    handle_t before = 0;
    for (handle_t h = s->handle_free; h; before = h, h = handle_slot(s, h)->object) {
        assert_int_equal(handle_slot(s, h)->word, 0);
        assert_int_equal(handle_slot(s, h)->gen, before); /* the list backwards */
    }
}

static void check_wheel(struct timer_wheel *w)
{
    for (unsigned l = 0; l < WHEEL_LEVELS; l++)
        for (unsigned s = 0; s < 64; s++) {
            struct link *slot = &w->slot[l][s];
            assert_int_equal((w->map[l] >> s) & 1, slot->next != slot);
            for (struct link *i = slot->next; i != slot; i = i->next) {
                struct thread *t = container_of(i, struct thread, timer);
                assert_true(i->next->prev == i && t->timer_slot == (l << 6 | s));
            }
        }
}

static void check_thread(struct thread *t)
{
    assert_true(t->bound == &t->self || t->bound->bound == t);
    assert_true(t->state != T_RUNNING || t->hart->current == t);
    if (!t->bound->bits) /* with bits that somebody else takes it may stay higher until it receives */
        assert_int_equal(t->prio, lend_prio_of(t));
    if (t->state == T_WAITING)
        assert_true(t->waits_for->bits == 0);
}

void host_check(void)
{
    uint64_t where, what = kernel_check(&where);
    if (what)
        fail_msg("kernel_check says %lu at 0x%lx", what, where);
    for (frame_t f = ram_first; f < ram_end; f++) {
        if (frame_info_of(f)->kind == FRAME_ENDPOINT)
            check_endpoint(frame_va(f));
        else if (frame_info_of(f)->kind == FRAME_SPACE)
            check_space(frame_va(f));
        else if (frame_info_of(f)->kind == FRAME_THREAD)
            check_thread(frame_va(f));
    }
    for (unsigned i = 0; i < hart_count; i++) {
        check_queue(&harts[i].runq, true);
        check_wheel(&harts[i].wheel);
    }
    host_check_pages();
}

/* ---- a picture of all that the kernel keeps ---- */

#define FIRST_CHUNK 2 /* the frame and chunk tables */
#define END_CHUNK 8   /* kernel objects, init, and three user chunks: a refused call must not write to them either */
struct snapshot {
    uint8_t copy[END_CHUNK][CHUNK_SIZE];
    struct hart hart[HOST_HARTS];
};

struct snapshot *host_snapshot(void)
{
    static struct snapshot s; /* one at a time */
    memcpy(s.copy[FIRST_CHUNK], host_ram + FIRST_CHUNK * CHUNK_SIZE, (END_CHUNK - FIRST_CHUNK) * CHUNK_SIZE);
    memcpy(s.hart, harts, sizeof(s.hart));
    return &s;
}

/* What any call may change: counters, time spent, the caller's pc and a and t registers. Make it equal in both. */
static void mask_thread(struct snapshot *s, const struct thread *t)
{
    static const uint8_t reg[] = {0, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31};
    uint64_t offset = (const uint8_t *)t - host_ram;
    struct thread *old = (void *)(s->copy[offset >> CHUNK_SHIFT] + (offset & (CHUNK_SIZE - 1)));
    for (unsigned i = 0; i < sizeof(reg); i++)
        old->x[reg[i]] = t->x[reg[i]];
    old->instructions = t->instructions;
}

static void compare_chunk(const struct snapshot *s, unsigned c, const char *what)
{
    const uint8_t *now = host_ram + c * CHUNK_SIZE;
    uint64_t bytes = CHUNK_SIZE;
    if (c == FIRST_CHUNK) /* without the event rings */
        bytes = (uint8_t *)harts[0].ring - now;
    if (!memcmp(now, s->copy[c], bytes))
        return;
    for (uint64_t i = 0; i < bytes; i++)
        if (now[i] != s->copy[c][i])
            fail_msg("%s: frame 0x%x offset %lu changed", what, frame_of(now + i), i & PAGE_MASK);
}

void host_unchanged(struct snapshot *before, const struct thread *t, const char *what)
{
    mask_thread(before, t);
    for (unsigned i = 0; i < HOST_HARTS; i++) {
        struct hart now = harts[i];
        struct hart *old = &before->hart[i];
        memcpy(now.counter, old->counter, sizeof(now.counter));
        now.trace_next = old->trace_next;
        now.switch_instret = old->switch_instret;
        assert_true(now.current == old->current && now.space == old->space && now.timer_set == old->timer_set);
        assert_memory_equal(&now.runq, &old->runq, sizeof(now.runq));
        assert_memory_equal(&now.wheel, &old->wheel, sizeof(now.wheel));
    }
    for (unsigned c = FIRST_CHUNK; c < END_CHUNK; c++)
        compare_chunk(before, c, what);
}
