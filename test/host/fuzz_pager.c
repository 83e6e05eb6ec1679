/* SPDX-License-Identifier: MIT
 * Fuzzes the pager on the model kernel: requests of every badge class with words that are good, nearly good and wild, faults
 * anywhere, operations that are interrupted by others, deaths and restarts. Whatever comes, all invariants hold at the end,
 * and hold again after a restart. What only init and procmgr may ask comes from them, too, as from a confused procmgr. (libFuzzer has
 * a counter of basic blocks of its own, so the pager's, which ends a policy that loops, has another name here.)
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager test/host/fuzz
 * DEFINES: __sanitizer_cov_trace_pc=policy_block
 * RUNS: 500
 */
#include "process.h"

#include "input.h"

#define CHUNKS 6u
#define STEPS_MAX 60u
#define SPACES 8u

static uint32_t space[SPACES];
static reply_id_t next_id;

static uint32_t any_space(void) { return space[take8() % SPACES]; }
static uint64_t any_page(void)
{
    static const uint64_t base[] = {TEXT, DATA, HEAP, STACK, 0x40000000, 0x1000000000UL, 0x3fffffd000UL};
    return base[take8() % 7] + (uint64_t)(take8() % 40) * PAGE_SIZE;
}
static uint64_t any_argument(void)
{
    switch (take8() % 5) {
    case 0:
        return any_space();
    case 1:
    case 2:
        return any_page();
    default:
        return take_word();
    }
}

/* The kernel makes sure of this: a handle that a message brought is one, and devices are no memory. The model is simpler still. */
static bool model_can(struct ipc_msg *m)
{
    if (m->w[0] == PAGER_NOTIFY)
        m->w[7] = 3000 + m->w[7] % 4;
    if (m->w[0] == PAGER_DEBUG)
        return m->w[1] == PAGER_DEBUG_FAIL_ALLOC || m->w[1] == PAGER_DEBUG_SYSCALLS || m->w[1] > 64;
    return m->w[0] != PAGER_DEVICE_MAP && m->w[0] != PAGER_HANDLES;
}

/* Which classes may ask. */
static uint32_t who_may(uint64_t op)
{
    switch (op) {
#define WHO(name, number, who, text) case number: return who;
        PAGER_OPS(WHO)
    default: return 0;
    }
}

/* Served as the loop does it; long operations stay under way. */
static err_t ask(unsigned class, uint32_t id, struct ipc_msg *m)
{
    struct ipc_event ev = {.kind = MSG_CALL, .id = ++next_id, .badge = BADGE_MAKE(class, id)};
    struct response r;
    uint32_t who = who_may(m->w[0]);
    memcpy(ev.w, m->w, sizeof ev.w);
    request_serve(&ev, &r);
    memcpy(m->w, r.m.w, sizeof m->w);
    err_t err = (err_t)(int64_t)r.m.w[0];
    MUST(err <= OK && err >= ERR_NAMETOOLONG);
    MUST(who || err == ERR_NOSYS);
    MUST((who & FROM(class)) || !who || err == ERR_PERM);
    bool client = class != BADGE_PROCMGR && class != BADGE_INIT;
    MUST(!(client && r.give[0].h != NO_HANDLE)); /* handles are for the trusted */
    return err;
}
static void request(void)
{
    struct ipc_msg m = {.w = {take8() % (PAGER_OP_LIMIT + 2)}};
    unsigned class = take8();
    class = class < 100 ? BADGE_CLIENT : class < 200 ? BADGE_PROCMGR : class < 220 ? BADGE_INIT : class % 16;
    for (unsigned i = 1; i < MSG_WORDS; i++)
        m.w[i] = any_argument();
    if (take8() % 2)
        m.w[1] = any_space();
    if (model_can(&m))
        (void)ask(class, take8() % 8 ? any_space() : (uint32_t)take_word(), &m);
}
/* A region that has a chance. */
static void region(void)
{
    static const uint8_t change[] = {PAGER_REGION_REMOVE, PAGER_REGION_PROTECT, PAGER_REGION_DISCARD, PAGER_REGION_GAP};
    uint64_t start = any_page(), flags = take8() % 64;
    struct ipc_msg m = {.w = {take8() % 3 ? PAGER_REGION_ADD : change[take8() % 4], 0, start,
                              start + (take8() % 20) * PAGE_SIZE, take8() % 8, 1 + take8() % 3, take8() % 3 * PAGE_SIZE, take(2)}};
    if (m.w[0] == PAGER_REGION_ADD)
        m.w[4] |= flags << 8;
    (void)ask(BADGE_CLIENT, any_space(), &m);
}
static bool lives(uint32_t id) { return id && space_slot(id); }
static void access_memory(void)
{
    uint32_t s = any_space();
    uint64_t va = take8() % 8 ? any_page() + take8() : take_word();
    unsigned reason = 0;
    uint8_t value;
    if (!lives(s) || space_is_locked(space_slot(s)))
        return; /* deferred by the loop, which is not here */
    (void)(take8() % 2 ? model_store(s, va, take8(), &reason) : model_load(s, va, &value, &reason));
}
static void process(void)
{
    unsigned i = take8() % SPACES;
    struct ipc_msg m = {.w = {PAGER_SPACE_NEW, 1 + i + 100 * (uint64_t)(take8() % 3)}};
    if (!lives(space[i]) && ask(BADGE_PROCMGR, 0, &m) == OK)
        space[i] = (uint32_t)m.w[1];
    else
        return;
    uint32_t parent = any_space();
    if (take8() % 2 && lives(parent)) {
        m = (struct ipc_msg){.w = {PAGER_FORK, parent, space[i], ++op_key}};
        (void)ask(BADGE_PROCMGR, 0, &m);
        return;
    }
    m = (struct ipc_msg){.w = {PAGER_REGIONS_ADD, space[i]}};
    pager_region_pack(&m.w[2], &(struct pager_region){HEAP, HEAP + 24 * PAGE_SIZE, PROT_R | PROT_W | REGION_HEAP << 8, 0, 0});
    pager_region_pack(&m.w[4], &(struct pager_region){TEXT, TEXT + 4 * PAGE_SIZE, PROT_R | PROT_X, 0, 4 * PAGE_SIZE});
    (void)ask(BADGE_PROCMGR, 0, &m);
}
static void steps(unsigned n)
{
    for (; n > 0 && op_is_pending(); n--)
        op_step();
}

static void one(void)
{
    switch (take8() % 12) {
    case 0: case 1: case 2: case 3: request(); break;
    case 4: region(); break;
    case 5: case 6: case 7: access_memory(); break;
    case 8: process(); break;
    case 9: steps(take8()); break;
    case 10: defer_cancel(1 + take8() % 2, next_id - take8() % 4); break;
    default: model_die_at(1 + take8(), take8() & 1); break;
    }
}
static void everything(void)
{
    for (unsigned i = 0; i < STEPS_MAX && input.left; i++) {
        if (setjmp(model_death))
            model_restart();
        one();
    }
    if (setjmp(model_death))
        model_restart();
    (void)model_run();
    model_die_at(0, 0);
    (void)frame_fail_at(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    input.at = bytes;
    input.left = n;
    next_id = 100;
    op_key = 1000;
    memset(space, 0, sizeof space);
    model_boot(CHUNKS);
    space[0] = make_process(1);
    space[1] = make_process(2);
    everything();
    model_check();
    model_restart();
    (void)model_run();
    model_check();
    model_end();
    return 0;
}
