/* SPDX-License-Identifier: MIT
 * Random calls that change page-table entries, with an oracle of every mapping. After each call the tables equal the
 * oracle, no cached translation of either hart grants more (host_exit), and every simulated access that succeeds goes to
 * the frame that the oracle says, with a permission that it says.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <string.h>

#include "host.h"

#define SPACES 3
#define REGIONS 3  /* leaf tables a space may have */
#define PAGES 20   /* used in each */
#define FRAMES 40
#define PERMS (PTE_V | PTE_R | PTE_W | PTE_X | PTE_COW)

struct otable { /* what a leaf table should hold; shared by several spaces if so */
    int users;
    bool shared; /* flagged: no entry may change */
    pte_t pte[PAGES]; /* PERMS and frame, or a software value */
};
struct ospace {
    struct host_space s;
    struct host_thread t[2]; /* one on each hart */
    struct otable *table[REGIONS];
};
static struct ospace sp[SPACES];
static struct otable pool[SPACES * REGIONS];
static const vaddr_t region_va[REGIONS] = {0x40000000UL, 0x40200000UL, 0x1040000000UL};
static frame_t frame[FRAMES];
static struct host_ep pager;
static frame_t batch;

static struct otable *new_table(void)
{
    struct otable *t = pool;
    while (t->users)
        t++;
    memset(t, 0, sizeof(*t));
    t->users = 1;
    return t;
}

static vaddr_t va_of(unsigned r, unsigned i) { return region_va[r] + i * PAGE_SIZE; }
static pte_t opte(frame_t f, unsigned prot)
{
    return arch_pte_leaf(f, prot) & (PERMS | ~0x3ffUL);
}
static unsigned random_prot(void)
{
    static const unsigned prot[] = {PROT_R, PROT_R | PROT_W, PROT_R | PROT_W, PROT_R | PROT_COW, PROT_R | PROT_X};
    return prot[host_below(5)];
}

static void make_space(struct ospace *o)
{
    o->s = host_space();
    SYS_OK(init, SPACE_HANDLER, o->s.h, HANDLER_FAULT, pager.h, 1);
    o->t[0] = host_thread(&o->s);
    o->t[1] = host_thread_on(&o->s, hart1);
    memset(o->table, 0, sizeof(o->table));
}

static void start(uint64_t seed)
{
    host_boot();
    host_seed(seed);
    memset(pool, 0, sizeof(pool));
    pager = host_ep();
    for (unsigned i = 0; i < FRAMES; i++)
        frame[i] = host_uframe();
    batch = host_uframe();
    SYS_OK(init, SPACE_BATCH, batch);
    for (unsigned i = 0; i < SPACES; i++)
        make_space(&sp[i]);
}

/* ---- the oracle against the tables ---- */

static void compare(const char *after)
{
    for (unsigned k = 0; k < SPACES; k++)
        for (unsigned r = 0; r < REGIONS; r++)
            for (unsigned i = 0; i < PAGES; i++) {
                const struct otable *t = sp[k].table[r];
                pte_t want = t ? t->pte[i] : 0, is = host_pte(sp[k].s.space, va_of(r, i));
                if (is & PTE_V)
                    is &= ~(PTE_A | PTE_D | PTE_U);
                if (is != want)
                    fail_msg("after %s: space %u va 0x%lx has 0x%lx, should have 0x%lx", after, k, va_of(r, i), is, want);
            }
}

/* ---- operations: each tells what must happen, then looks ---- */

static struct ospace *any_space(void) { return &sp[host_below(SPACES)]; }

static const char *do_table(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS);
    if (!o->table[r])
        o->table[r] = new_table();
    host_tables(&o->s, region_va[r]);
    return "TABLE";
}

static long may_write(const struct otable *t, unsigned i)
{
    return !t ? ERR_NOTABLE : t->pte[i] & PTE_V ? ERR_EXIST : t->shared ? ERR_BUSY : OK;
}

static const char *do_map_frame(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS), i = host_below(PAGES), prot = random_prot();
    frame_t f = frame[host_below(FRAMES)];
    long want = may_write(o->table[r], i);
    assert_int_equal(SYS(init, SPACE_MAP_FRAME, o->s.h, va_of(r, i), f, prot), want);
    if (want == OK)
        o->table[r]->pte[i] = opte(f, prot);
    return "MAP_FRAME";
}

static const char *do_map(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS), i = host_below(PAGES), n = host_below(PAGES - i + 1), prot = random_prot();
    uint64_t *list = frame_va(batch);
    long want = OK;
    for (unsigned k = 0; k < n; k++)
        list[k] = host_below(4) ? frame[host_below(FRAMES)] : 0;
    unsigned first = host_below(3) ? 0 : 1 + host_below(FRAMES - 1); /* a run of frames; they follow each other */
    if (first && n > FRAMES - first)
        n = FRAMES - first;
    for (unsigned k = 0; first && k < n; k++)
        list[k] = frame[first + k];
    for (unsigned k = 0; k < n && want == OK; k++) {
        if (list[k])
            want = may_write(o->table[r], i + k);
        if (list[k] && want == OK && o->table[r]->pte[i + k])
            want = ERR_EXIST; /* not over a number of software either */
        if (list[k] && want == OK)
            o->table[r]->pte[i + k] = opte(list[k], prot);
    }
    assert_int_equal(SYS(init, SPACE_MAP, o->s.h, va_of(r, i), n, prot, 0, first ? frame[first] : NO_FRAME), want);
    return "MAP";
}

static const char *do_unmap(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS), i = host_below(PAGES), n = 1 + host_below(PAGES - i);
    struct otable *t = o->table[r];
    long want = t && t->shared ? ERR_BUSY : OK;
    assert_int_equal(SYS(init, SPACE_UNMAP, o->s.h, va_of(r, i), n), want);
    if (t && !t->shared)
        memset(&t->pte[i], 0, n * sizeof(t->pte[0]));
    return "UNMAP";
}

static pte_t protected(pte_t e, unsigned prot)
{
    if (!(e & PTE_V))
        return e;
    if (!(prot & PROT_X))
        e &= ~PTE_X;
    if (prot & PROT_W)
        return e;
    bool cow = (prot & PROT_COW) && (e & (PTE_W | PTE_COW));
    return (e & ~(PTE_W | PTE_COW)) | (cow ? PTE_COW : 0);
}

static const char *do_protect(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS), i = host_below(PAGES), n = 1 + host_below(PAGES - i), prot = random_prot();
    struct otable *t = o->table[r];
    assert_int_equal(SYS(init, SPACE_PROTECT, o->s.h, va_of(r, i), n, prot), t && t->shared ? ERR_BUSY : OK);
    for (unsigned k = i; t && !t->shared && k < i + n; k++)
        t->pte[k] = protected(t->pte[k], prot);
    return "PROTECT";
}

static const char *do_share(void)
{
    struct ospace *from = any_space(), *to = any_space();
    unsigned r = host_below(REGIONS), i = host_below(PAGES), n = 1 + host_below(PAGES - i), mode = host_below(2);
    struct otable *a = from->table[r], *b = to->table[r];
    long want = from == to ? ERR_INVAL : !a ? OK : !b ? ERR_NOTABLE : b->shared ? ERR_BUSY : OK;
    assert_int_equal(SYS(init, SPACE_SHARE, from->s.h, to->s.h, va_of(r, i), n, mode), want);
    for (unsigned k = i; want == OK && a && k < i + n; k++) {
        if (!(a->pte[k] & PTE_V) || b->pte[k])
            continue;
        if (mode == SHARE_COW && (a->pte[k] & PTE_W))
            a->pte[k] = (a->pte[k] & ~PTE_W) | PTE_COW;
        b->pte[k] = a->pte[k];
    }
    return mode == SHARE_COW ? "SHARE COW" : "SHARE SAME";
}

static const char *do_share_table(void)
{
    struct ospace *from = any_space(), *to = any_space();
    unsigned r = host_below(REGIONS);
    struct otable *a = from->table[r];
    if (from == to || !a || to->table[r])
        return "nothing";
    while (true) { /* the way down to level 1 */
        unsigned level;
        (void)arch_walk(to->s.space->root, region_va[r], &level);
        if (level < 2)
            break;
        SYS_OK(init, SPACE_TABLE, to->s.h, region_va[r], host_kframe());
    }
    SYS_OK(init, SPACE_SHARE_TABLE, from->s.h, to->s.h, va_of(r, host_below(PAGES)));
    for (unsigned k = 0; k < PAGES; k++)
        if ((a->pte[k] & PTE_V) && (a->pte[k] & PTE_W))
            a->pte[k] = (a->pte[k] & ~PTE_W) | PTE_COW;
    a->shared = true;
    a->users++;
    to->table[r] = a;
    return "SHARE_TABLE";
}

static void leave(struct otable *t)
{
    t->users--;
    t->shared = t->shared && t->users > 1;
}

static void unshare(struct ospace *o, unsigned r)
{
    struct otable *t = o->table[r];
    long want = !t || !t->shared ? ERR_NOENT : OK;
    assert_int_equal(SYS(init, SPACE_UNSHARE_TABLE, o->s.h, region_va[r], host_kframe()), want);
    if (want != OK)
        return;
    leave(t);
    o->table[r] = new_table();
    memcpy(o->table[r]->pte, t->pte, sizeof(t->pte));
}

static const char *do_unshare(void)
{
    unshare(any_space(), host_below(REGIONS));
    return "UNSHARE_TABLE";
}

static const char *do_untable(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS);
    struct otable *t = o->table[r];
    if (!t)
        return "nothing";
    bool empty = true;
    for (unsigned i = 0; i < PAGES; i++)
        empty &= !t->pte[i];
    long want = empty || t->users > 1 ? OK : ERR_BUSY;
    assert_int_equal(SYS(init, SPACE_UNTABLE, o->s.h, va_of(r, host_below(PAGES))), want);
    if (want == OK) {
        leave(t);
        o->table[r] = 0;
    }
    return "UNTABLE";
}

static const char *do_soft(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS), i = host_below(PAGES);
    pte_t value = host_below(3) ? host_random() << 1 : 0;
    const struct otable *t = o->table[r];
    bool replace = host_below(2); /* a page, too */
    long want = !replace || !t ? may_write(t, i) : t->shared ? ERR_BUSY : OK;
    assert_int_equal(SYS(init, SPACE_SOFT, o->s.h, va_of(r, i), value, replace ? SOFT_REPLACE : 0), want);
    if (want == OK)
        o->table[r]->pte[i] = value;
    return "SOFT";
}

static const char *do_harvest(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS);
    if (o->table[r] && o->table[r]->shared)
        return "nothing"; /* A bits of a shared table are anybody's */
    SYS_OK(init, SPACE_HARVEST, o->s.h, va_of(r, 0), (1 + host_below(PAGES)) | (host_below(2) ? HARVEST_DIRTY : 0));
    return "HARVEST";
}

/* The pager's part: one fault is taken and answered by the oracle. */
static void answer(struct ospace *o, unsigned r, unsigned i)
{
    if (host_poll(init, pager.h) != MSG_FAULT)
        fail_msg("no fault came");
    reply_id_t id = init->x[X_T2];
    struct otable *t = o->table[r];
    unsigned what = host_below(4);
    frame_t f = frame[host_below(FRAMES)];
    if (what == 0) {
        long want = t && t->shared && (t->pte[i] & PTE_COW) && (t->pte[i] & PTE_V) ? ERR_BUSY
                    : t && (t->pte[i] & PTE_V) && (t->pte[i] & PTE_COW) ? OK : ERR_INVAL;
        assert_int_equal(host_fault_reply(init, id, FAULT_UPGRADE, 0, 0, 0, 0), want);
        if (want == OK) {
            t->pte[i] ^= PTE_W | PTE_COW;
            return;
        }
    } else if (what < 3) {
        if (t && t->shared)
            unshare(o, r);
        if (!o->table[r])
            o->table[r] = new_table();
        unsigned prot = random_prot();
        assert_int_equal(host_fault_reply(init, id, FAULT_MAP, prot, f, host_kframe(), host_kframe()), OK);
        o->table[r]->pte[i] = opte(f, prot);
        return;
    }
    assert_int_equal(host_fault_reply(init, id, FAULT_RETRY, 0, 0, 0, 0), OK);
}

static const char *do_access(void)
{
    struct ospace *o = any_space();
    unsigned r = host_below(REGIONS), i = host_below(PAGES), hart = host_below(2), kind = host_below(3);
    static const unsigned access[3] = {FAULT_ACCESS_R, FAULT_ACCESS_W, FAULT_ACCESS_X};
    struct thread *t = o->t[hart].t;
    uint64_t value, mark = host_random();
    pte_t e = o->table[r] ? o->table[r]->pte[i] : 0;
    bool done = kind == 0 ? host_load(t, va_of(r, i), &value) : kind == 1 ? host_store(t, va_of(r, i), mark)
                                                                          : host_fetch(t, va_of(r, i));
    if (done) {
        assert_true(arch_pte_allows(e | PTE_U, access[kind]));
        if (kind == 1)
            assert_int_equal(*(uint64_t *)frame_va(PTE_FRAME(e)), mark);
        if (kind == 0)
            assert_int_equal(*(uint64_t *)frame_va(PTE_FRAME(e)), value);
        return "an access";
    }
    assert_false(arch_pte_allows(e | PTE_U, access[kind]));
    answer(o, r, i);
    return "a fault's answer";
}

/* The space ends; another one begins in the same two frames, with no mapping. */
static const char *do_space(void)
{
    struct ospace *o = any_space();
    if (host_below(8))
        return "nothing";
    frame_t f = o->s.space->frame, root = o->s.space->root_frame;
    for (unsigned r = 0; r < REGIONS; r++) {
        struct otable *t = o->table[r];
        if (t && !t->shared)
            SYS_OK(init, SPACE_UNMAP, o->s.h, va_of(r, 0), PAGES);
        if (t)
            leave(t);
        while (SYS(init, SPACE_UNTABLE, o->s.h, va_of(r, 0)) == OK) {
        }
    }
    host_destroy(o->t[0].h);
    host_destroy(o->t[1].h);
    host_destroy(o->s.h);
    SYS_OK(init, OBJECT_CREATE, OBJ_SPACE, f, root);
    o->s = (struct host_space){frame_va(f), init->x[REG_A1]};
    SYS_OK(init, SPACE_HANDLER, o->s.h, HANDLER_FAULT, pager.h, 1);
    o->t[0] = host_thread(&o->s);
    o->t[1] = host_thread_on(&o->s, hart1);
    memset(o->table, 0, sizeof(o->table));
    return "a new space";
}

static void run(uint64_t seed, unsigned rounds)
{
    static const char *(*const op[])(void) = {do_table, do_map_frame, do_map, do_unmap, do_protect, do_share, do_share_table,
                                              do_unshare, do_untable, do_soft, do_harvest, do_space, do_access, do_access,
                                              do_access, do_access};
    start(seed);
    for (unsigned n = 0; n < rounds; n++) {
        host_irq_every = host_below(3);
        tlb_speculates = host_below(8) == 0;
        tlb_sets_ad = host_below(4) != 0;
        tlb_stubborn = host_below(2) != 0;
        compare(op[host_below(sizeof(op) / sizeof(op[0]))]());
        if (n % 256 == 0)
            host_check();
    }
    host_check();
}

#define SEED(n) \
    static void random_mappings_equal_the_oracle_##n(void **context) \
    { \
        (void)context; \
        run(n, 12000); \
    }
SEED(1) SEED(2) SEED(3) SEED(4) SEED(5)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_mappings_equal_the_oracle_1), cmocka_unit_test(random_mappings_equal_the_oracle_2),
        cmocka_unit_test(random_mappings_equal_the_oracle_3), cmocka_unit_test(random_mappings_equal_the_oracle_4),
        cmocka_unit_test(random_mappings_equal_the_oracle_5),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
