/* SPDX-License-Identifier: MIT
 * The model kernel behind sys_raw() and ipc_raw().
 */
#include "model.h"

#include <abi/image.h>
#include <stdlib.h>
#include <string.h>

#include "backing/backing.h"
#include "quick.h"
#include "recover.h"
#include "spare.h"
#include "store.h"
#include "swap.h"

#define OWN_ID 5u /* the pager's own space: a frame of chunk 0 */
#define HANDLES 4096u

struct model_handle {
    unsigned type;
    frame_t object;
};

static char *ram;
static frame_t first;
static uint32_t frames;
static void *ledger_memory;
static struct pager_boot boot;
static struct model_handle handle[HANDLES];
static frame_t root_of[1 << 20]; /* by control frame - first */
static uint64_t calls, die_at;
static int die_after;
static err_t fault_verdict_error;
jmp_buf model_death;

/* What the last reply said. */
static struct {
    bool any;
    uint64_t w[MSG_WORDS];
} replied;

ticks_t sys_time(void) { return calls; }
uint64_t sys_instret(void) { return calls; }

/* ---- tables ---- */

static struct frame_info *info(frame_t f)
{
    assert_true(f - first < frames);
    return &frame_infos[f - first];
}
static uint64_t *entry_in(frame_t table, uint32_t page, unsigned level)
{
    return (uint64_t *)window(table) + ((page >> (9 * level)) & 511);
}
/* The entry for page and its level; *table: where it stands. */
static uint64_t *walk(frame_t root, uint32_t page, unsigned *level, frame_t *table)
{
    *table = root;
    for (*level = 2;; (*level)--) {
        uint64_t *e = entry_in(*table, page, *level);
        if (*level == 0 || !pte_is_table(*e))
            return e;
        *table = PTE_FRAME(*e);
    }
}
static frame_t space_root(handle_t h)
{
    assert_true(h < HANDLES && handle[h].type == OBJ_SPACE);
    return root_of[handle[h].object - first];
}
static void set(frame_t table, uint64_t *e, uint64_t value)
{
    info(table)->maps += (value != 0) - (*e != 0);
    *e = value;
}
static uint64_t leaf_entry(frame_t f, unsigned prot)
{
    assert_true((prot & PROT_R) && (prot & (PROT_W | PROT_X)) != (PROT_W | PROT_X));
    return (uint64_t)f << PTE_PPN_SHIFT | PTE_V | PTE_U | PTE_A | PTE_D | (uint64_t)(prot & 7) << 1 |
           (prot & PROT_COW ? PTE_COW : 0);
}
static bool is_shared(frame_t table) { return info(table)->flags & FRAME_F_SHARED; }
uint64_t model_fences;
/* What may be fetched has been fenced since the pager was asked: stores to a frame are before its fence, and that before its
 * mapping. The boot image's pages and the zero page never change. */
static bool fenced;
static void check_code(frame_t f, unsigned prot)
{
    bool constant = f == zero_frame() || (f - first >= FRAMES_PER_CHUNK && f - first < FRAMES_PER_CHUNK + MODEL_IMAGE_PAGES);
    if ((prot & PROT_X) && !constant && !fenced)
        fail_msg("frame 0x%x becomes executable without a fence", f);
}
static void map_entry(frame_t root, uint32_t page, frame_t f, unsigned prot)
{
    unsigned level;
    frame_t table;
    uint64_t *e = walk(root, page, &level, &table);
    assert_int_equal(level, 0);
    assert_false(is_shared(table));
    assert_int_equal(info(f)->kind, FRAME_USER);
    check_code(f, prot);
    if (*e & PTE_V)
        info(PTE_FRAME(*e))->maps--;
    info(f)->maps++;
    set(table, e, leaf_entry(f, prot));
}
static err_t add_table(frame_t root, uint32_t page, frame_t f)
{
    unsigned level;
    frame_t table;
    uint64_t *e = walk(root, page, &level, &table);
    if (level == 0)
        return ERR_EXIST;
    assert_int_equal(info(f)->kind, FRAME_KFREE);
    memset(window(f), 0, PAGE_SIZE);
    *info(f) = (struct frame_info){.kind = FRAME_TABLE, .owner = OWN_ID};
    set(table, e, (uint64_t)f << PTE_PPN_SHIFT | PTE_V);
    return OK;
}
/* The entry of the table above the one of `level`; *parent: where it stands. */
static uint64_t *entry_above(frame_t root, uint32_t page, unsigned level, frame_t *parent)
{
    unsigned up;
    *parent = root;
    for (up = 2; up > level + 1; up--)
        *parent = PTE_FRAME(*entry_in(*parent, page, up));
    return entry_in(*parent, page, up);
}
static void leave_shared(frame_t table)
{
    if (--info(table)->parents > 1)
        return;
    info(table)->parents = 0;
    info(table)->flags &= (uint8_t)~FRAME_F_SHARED;
}
static err_t untable(frame_t root, uint32_t page, frame_t *out)
{
    unsigned level;
    frame_t table, parent;
    (void)walk(root, page, &level, &table);
    if (table == root)
        return ERR_NOENT;
    if (info(table)->maps && !is_shared(table))
        return ERR_BUSY;
    uint64_t *above = entry_above(root, page, level, &parent);
    set(parent, above, 0);
    if (is_shared(table)) {
        leave_shared(table);
        *out = NO_FRAME;
        return OK;
    }
    info(table)->kind = FRAME_KFREE;
    *out = table;
    return OK;
}
static long share_table(frame_t from, frame_t to, uint32_t page)
{
    unsigned level, to_level;
    frame_t table, to_table;
    uint64_t *e = walk(from, page, &level, &table), *slot = walk(to, page, &to_level, &to_table);
    assert_int_equal(level, 0);
    assert_int_equal(to_level, 1);
    assert_int_equal(*slot, 0);
    e = window(table);
    for (unsigned i = 0; i < LEAF_PAGES; i++) {
        assert_true(e[i] == 0 || ((e[i] & PTE_V) && info(PTE_FRAME(e[i]))->kind == FRAME_USER)); /* no slots: they would be uncounted */
        if (e[i] & PTE_W)
            e[i] ^= PTE_W | PTE_COW;
    }
    info(table)->parents = (uint16_t)((is_shared(table) ? info(table)->parents : 1) + 1);
    info(table)->flags |= FRAME_F_SHARED;
    set(to_table, slot, (uint64_t)table << PTE_PPN_SHIFT | PTE_V);
    return OK;
}
static long unshare_table(frame_t root, uint32_t page, frame_t f)
{
    unsigned level;
    frame_t table, parent;
    (void)walk(root, page, &level, &table);
    if (level || !is_shared(table))
        return ERR_NOENT;
    assert_int_equal(info(f)->kind, FRAME_KFREE);
    *info(f) = (struct frame_info){.kind = FRAME_TABLE, .owner = OWN_ID, .maps = info(table)->maps};
    memcpy(window(f), window(table), PAGE_SIZE);
    for (unsigned i = 0; i < LEAF_PAGES; i++)
        if (*entry_in(f, i, 0) & PTE_V)
            info(PTE_FRAME(*entry_in(f, i, 0)))->maps++;
    uint64_t *e = entry_above(root, page, 0, &parent);
    *e = (uint64_t)f << PTE_PPN_SHIFT | PTE_V;
    leave_shared(table);
    return OK;
}

/* ---- objects ---- */

static handle_t new_handle(unsigned type, frame_t object)
{
    handle_t h = 1;
    while (handle[h].type)
        h++;
    handle[h] = (struct model_handle){type, object};
    return h;
}
static struct sysret object_create(uint64_t type, frame_t f, uint64_t second)
{
    static const uint8_t kind[] = {[OBJ_THREAD] = FRAME_THREAD, [OBJ_SPACE] = FRAME_SPACE, [OBJ_ENDPOINT] = FRAME_ENDPOINT,
                                   [OBJ_NTFN] = FRAME_NTFN, [OBJ_SCHED] = FRAME_SCHED};
    assert_int_equal(info(f)->kind, FRAME_KFREE);
    info(f)->kind = kind[type];
    if (type == OBJ_SPACE) {
        assert_int_equal(info((frame_t)second)->kind, FRAME_KFREE);
        *info((frame_t)second) = (struct frame_info){.kind = FRAME_ROOT, .owner = OWN_ID};
        memset(window((frame_t)second), 0, PAGE_SIZE);
        root_of[f - first] = (frame_t)second;
    }
    return (struct sysret){.a1 = new_handle((unsigned)type, f)};
}
static long object_destroy(handle_t h)
{
    if (h >= HANDLES || handle[h].type == OBJ_NONE)
        return ERR_HANDLE;
    frame_t f = handle[h].object;
    if (handle[h].type == OBJ_SPACE) {
        if (info(root_of[f - first])->maps)
            return ERR_BUSY;
        info(root_of[f - first])->kind = FRAME_KFREE;
    }
    info(f)->kind = FRAME_KFREE;
    handle[h] = (struct model_handle){0};
    return OK;
}
static long retype(uint64_t chunk, unsigned kind)
{
    struct frame_info *k = info((frame_t)(chunk * FRAMES_PER_CHUNK));
    for (unsigned i = 0; i < FRAMES_PER_CHUNK; i++)
        if (k[i].maps || (k[i].kind != FRAME_USER && k[i].kind != FRAME_KFREE))
            return ERR_BUSY;
    for (unsigned i = 0; i < FRAMES_PER_CHUNK; i++)
        k[i].kind = kind == CHUNK_USER ? FRAME_USER : FRAME_KFREE;
    return OK;
}

/* ---- ranges ---- */

static void unmap(frame_t root, uint32_t page, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        unsigned level;
        frame_t table;
        uint64_t *e = walk(root, page + (uint32_t)i, &level, &table);
        if (level)
            continue;
        assert_false(is_shared(table));
        if (*e & PTE_V)
            info(PTE_FRAME(*e))->maps--;
        set(table, e, 0);
    }
}
static long soft(frame_t root, uint32_t page, uint64_t value, uint64_t how, uint64_t *old)
{
    unsigned level;
    frame_t table;
    uint64_t *e = walk(root, page, &level, &table);
    assert_false(value & PTE_V);
    if (level)
        return ERR_NOTABLE;
    if ((*e & PTE_V) && how != SOFT_REPLACE)
        return ERR_EXIST;
    assert_false(is_shared(table));
    if (*e & PTE_V)
        info(PTE_FRAME(*e))->maps--;
    *old = *e;
    set(table, e, value);
    return OK;
}
static uint64_t harvest(frame_t root, uint32_t page)
{
    unsigned level;
    frame_t table;
    uint64_t *e = walk(root, page, &level, &table), was = level ? 0 : *e & PTE_A;
    if (was)
        *e &= ~PTE_A;
    return was != 0;
}
static void protect(frame_t root, uint32_t page, uint64_t pages, unsigned prot)
{
    for (uint64_t i = 0; i < pages; i++) {
        unsigned level;
        frame_t table;
        uint64_t *e = walk(root, page + (uint32_t)i, &level, &table);
        assert_true(level || !is_shared(table)); /* as a whole, whatever is mapped */
        if (level || !(*e & PTE_V))
            continue;
        if (prot == 0)
            *e &= ~PTE_U;
        if (!(prot & PROT_X))
            *e &= ~PTE_X;
        if (!(prot & PROT_W) && (prot & PROT_COW) && (*e & PTE_W))
            *e |= PTE_COW;
        else if (!(prot & (PROT_W | PROT_COW)))
            *e &= ~PTE_COW;
        if (!(prot & PROT_W))
            *e &= ~PTE_W;
    }
}
static long share(frame_t from, frame_t to, uint32_t page, uint64_t pages, unsigned mode)
{
    for (uint64_t i = 0; i < pages; i++) {
        unsigned level, to_level;
        frame_t table, to_table;
        uint64_t *e = walk(from, page + (uint32_t)i, &level, &table), *d;
        if (level || !(*e & PTE_V))
            continue;
        d = walk(to, page + (uint32_t)i, &to_level, &to_table);
        if (to_level)
            return ERR_NOTABLE;
        assert_false(is_shared(to_table));
        if (*d)
            continue;
        if (mode == SHARE_COW && (*e & PTE_W))
            *e = (*e & ~PTE_W) | PTE_COW;
        info(PTE_FRAME(*e))->maps++;
        set(to_table, d, *e);
    }
    return OK;
}

static struct sysret share_with(frame_t from, frame_t to, uint32_t page, const uint64_t *a)
{
    uint64_t frames = a[4] >> 8, taken = 0;
    unsigned level;
    frame_t table;
    for (walk(to, page, &level, &table); level && frames; walk(to, page, &level, &table), frames >>= 28, taken++)
        assert_int_equal(add_table(to, page, (frame_t)(frames & 0xfffffff)), OK);
    return (struct sysret){.a0 = share(from, to, page, a[3], (unsigned)a[4] & 0xff), .a4 = a[3], .a5 = taken};
}
static struct sysret take_back(frame_t root, uint32_t page)
{
    frame_t out[2] = {NO_FRAME, NO_FRAME};
    for (unsigned n = 0; n < 2 && untable(root, page, &out[n]) == OK; n++) {
    }
    return (struct sysret){.a1 = out[0], .a2 = out[1]};
}

/* A run of frames, or the batch page's list; stops where something is. */
static struct sysret map_pages(frame_t root, uint32_t page, const uint64_t *a)
{
    const uint64_t *list = window(ledger.header->batch_frame);
    unsigned level;
    frame_t table;
    for (uint64_t i = 0; i < a[2]; i++) {
        frame_t f = (frame_t)(a[5] ? a[5] + i : list[i]);
        if (f == NO_FRAME)
            continue;
        if (*walk(root, page + (uint32_t)i, &level, &table) != 0)
            return (struct sysret){.a0 = ERR_EXIST, .a4 = i};
        map_entry(root, page + (uint32_t)i, f, (unsigned)a[3]);
    }
    return (struct sysret){.a4 = a[2]};
}

/* ---- the calls ---- */

static struct sysret space_call(long n, const uint64_t *a)
{
    uint32_t page = page_of(n == SYS_SPACE_SHARE || n == SYS_SPACE_SHARE_TABLE ? a[2] : a[1]);
    frame_t root = space_root((handle_t)a[0]), out = 0;
    switch (n) {
    case SYS_SPACE_TABLE:
        return (struct sysret){.a0 = add_table(root, page, (frame_t)a[2])};
    case SYS_SPACE_UNTABLE: {
        long r = untable(root, page, &out);
        return (struct sysret){.a0 = r, .a1 = out};
    }
    case SYS_SPACE_MAP_FRAME:
        map_entry(root, page, (frame_t)a[2], (unsigned)a[3]);
        return (struct sysret){0};
    case SYS_SPACE_MAP:
        return map_pages(root, page, a);
    case SYS_SPACE_UNMAP:
        unmap(root, page, a[2]);
        return a[3] & UNMAP_TABLES ? take_back(root, page) : (struct sysret){0};
    case SYS_SPACE_PROTECT:
        protect(root, page, a[2], (unsigned)a[3]);
        return (struct sysret){0};
    case SYS_SPACE_SOFT: {
        uint64_t old = 0;
        long r = soft(root, page, a[2], a[3], &old);
        return (struct sysret){.a0 = r, .a1 = old};
    }
    case SYS_SPACE_HARVEST:
        return (struct sysret){.a1 = harvest(root, page)};
    case SYS_SPACE_SHARE_TABLE:
        return (struct sysret){.a0 = share_table(root, space_root((handle_t)a[1]), page)};
    case SYS_SPACE_UNSHARE_TABLE:
        return (struct sysret){.a0 = unshare_table(root, page, (frame_t)a[2])};
    case SYS_SPACE_SHARE:
        return share_with(root, space_root((handle_t)a[1]), page, a);
    default:
        return (struct sysret){0}; /* handlers, reset */
    }
}

static struct sysret call(long n, const uint64_t *a)
{
    switch (n) {
    case SYS_OBJECT_CREATE:
        return object_create(a[0], (frame_t)a[1], a[2]);
    case SYS_OBJECT_DESTROY:
        return (struct sysret){.a0 = object_destroy((handle_t)a[0])};
    case SYS_HANDLE_CLOSE:
        handle[a[1]] = (struct model_handle){0};
        return (struct sysret){0};
    case SYS_HANDLE_INFO:
        if (a[1] >= HANDLES || handle[a[1]].type == OBJ_NONE)
            return (struct sysret){.a0 = ERR_HANDLE};
        return (struct sysret){.a1 = handle[a[1]].type | RIGHTS_ALL << 8, .a3 = handle[a[1]].object};
    case SYS_SPACE_INFO:
        return (struct sysret){.a1 = OWN_ID, .a4 = HANDLES};
    case SYS_CHUNK_RETYPE:
        return (struct sysret){.a0 = retype(a[0], (unsigned)a[1])};
    case SYS_SPACE_EXEC_FENCE:
        fenced = true;
        model_fences++;
        return (struct sysret){0};
    case SYS_SPACE_BATCH:
    case SYS_KERNEL_CHECK:
    case SYS_SIGNAL:
    case SYS_REPLY_ALIVE:
        return (struct sysret){0};
    default:
        return space_call(n, a);
    }
}

void model_die_at(uint64_t k, int after)
{
    die_at = k ? calls + k : 0;
    die_after = after;
}
static void maybe_die(int after)
{
    if (calls == die_at && die_after == after) {
        die_at = 0;
        longjmp(model_death, 1);
    }
}

struct sysret sys_raw(long n, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint64_t a[6] = {a0, a1, a2, a3, a4, a5};
    calls++;
    maybe_die(0);
    struct sysret r = call(n, a);
    maybe_die(1);
    return r;
}

/* ---- messages: the model's own ipc_*() ---- */

static err_t take_reply(const struct ipc_msg *m)
{
    calls++;
    maybe_die(0);
    replied.any = true;
    memcpy(replied.w, m->w, sizeof(replied.w));
    maybe_die(1);
    return OK;
}
err_t ipc_reply(reply_id_t id, const struct ipc_msg *m)
{
    (void)id;
    return take_reply(m);
}
err_t ipc_reply_give(reply_id_t id, const struct ipc_msg *m, const struct ipc_give give[2])
{
    (void)id, (void)give;
    return take_reply(m);
}

/* The fault being answered. */
static struct fault current;

err_t ipc_fault_reply(reply_id_t id, uint64_t verdict, frame_t frame, frame_t table1, frame_t table2)
{
    frame_t root = space_at(current.slot)->root, table[2] = {table1, table2};
    (void)id;
    calls++;
    maybe_die(0);
    if (fault_verdict_error) {
        err_t err = fault_verdict_error;
        fault_verdict_error = OK;
        return err;
    }
    if ((verdict & 0xff) == FAULT_MAP) {
        unsigned missing; /* fewer than at the fault, when the pager gave the space a table meanwhile */
        frame_t last;
        (void)walk(root, current.page, &missing, &last);
        for (unsigned i = 0; i < missing; i++)
            assert_int_equal(add_table(root, current.page, table[i]), OK);
        map_entry(root, current.page, frame, (verdict >> 8) & 0xff);
    } else if ((verdict & 0xff) == FAULT_UPGRADE) {
        unsigned level;
        frame_t t;
        uint64_t *e = walk(root, current.page, &level, &t);
        assert_true(level == 0 && (*e & PTE_COW) && !is_shared(t));
        *e = (*e & ~PTE_COW) | PTE_W;
    }
    maybe_die(1);
    return OK;
}
long ipc_fault_reply_recv(handle_t ep, reply_id_t id, uint64_t verdict, frame_t frame, frame_t table1, frame_t table2,
                          struct ipc_event *ev)
{
    (void)ep, (void)ev;
    return ipc_fault_reply(id, verdict, frame, table1, table2);
}
long ipc_recv(handle_t ep, struct ipc_event *ev, ticks_t deadline)
{
    (void)ep, (void)ev, (void)deadline;
    return ERR_TIMEOUT;
}
long ipc_reply_recv(handle_t ep, reply_id_t id, const struct ipc_msg *m, struct ipc_event *ev)
{
    (void)ep, (void)ev;
    return ipc_reply(id, m);
}

/* ---- machine ---- */

static void make_image(frame_t f)
{
    struct image_header *h = window(f);
    *h = (struct image_header){.magic = IMAGE_MAGIC, .version = 1, .files = 1, .total_bytes = MODEL_IMAGE_PAGES * PAGE_SIZE};
    h->entry[0] = (struct image_entry){.name = "prog", .offset = PAGE_SIZE, .size_bytes = 5 * PAGE_SIZE + PAGE_SIZE / 2};
    for (unsigned i = 0; i < 5 * PAGE_SIZE + PAGE_SIZE / 2; i++)
        ((uint8_t *)window(f + 1))[i] = (uint8_t)(i / PAGE_SIZE + 'a');
    memset((char *)window(f + 6) + PAGE_SIZE / 2, 0, PAGE_SIZE / 2);
}

/* Large memory is used again at the next boot: getting it costs more than most tests do. */
static struct kept_memory {
    void *at;
    size_t bytes;
} ram_kept, ledger_kept;

static void *kept(struct kept_memory *k, size_t bytes)
{
    if (k->bytes != bytes) {
        free(k->at);
        *k = (struct kept_memory){aligned_alloc(PAGE_SIZE, bytes), bytes};
    }
    return k->at;
}

void model_boot(unsigned chunks)
{
    frames = chunks * FRAMES_PER_CHUNK;
    first = (frame_t)(MODEL_RAM_PA >> PAGE_SHIFT);
    ram = kept(&ram_kept, (size_t)frames << PAGE_SHIFT);
    memset(ram, 0xa5, (size_t)frames << PAGE_SHIFT);
    window_base = (char *)((uintptr_t)ram - MODEL_RAM_PA);
    frame_infos = calloc(frames, sizeof(struct frame_info));
    memset(handle, 0, sizeof(handle));
    for (uint32_t i = FRAMES_PER_CHUNK; i < frames; i++) {
        uint32_t c = i / FRAMES_PER_CHUNK;
        frame_infos[i] = (struct frame_info){.kind = c == 2 || c == 3 ? FRAME_KFREE : FRAME_USER, .owner = OWN_ID};
    }
    make_image(first + FRAMES_PER_CHUNK);
    for (handle_t h = 1; h <= 4; h++)
        handle[h] = (struct model_handle){OBJ_KERNEL, OWN_ID};
    uint64_t ram_bytes = (uint64_t)frames << PAGE_SHIFT;
    ledger_memory = kept(&ledger_kept, pager_ledger_bytes(ram_bytes));
    memset(ledger_memory, 0, pager_ledger_bytes(ram_bytes));
    boot = (struct pager_boot){
        .magic = PAGER_BOOT_MAGIC, .version = PAGER_BOOT_VERSION, .ledger_va = (uintptr_t)ledger_memory,
        .ledger_bytes = pager_ledger_bytes(ram_bytes), .ram_base_pa = MODEL_RAM_PA, .ram_bytes = ram_bytes,
        .image_pa = MODEL_RAM_PA + CHUNK_SIZE, .image_bytes = MODEL_IMAGE_PAGES * PAGE_SIZE, .handle_space = 1,
        .handle_thread = 2, .handle_endpoint = 3, .handle_kernel = 4, .fork_strategy = FORK_COW,
    };
    spare = (struct spare){0};
    die_at = 0;
    fault_verdict_error = OK;
    assert_int_equal(pager_start(&boot), OK);
}

void model_refuse_answer(err_t err) { fault_verdict_error = err; }

void model_end(void) { free(frame_infos); }

void model_restart(void)
{
    boot.restarted++;
    assert_int_equal(pager_start(&boot), OK);
}

/* ---- clients ---- */

bool model_run(void)
{
    replied.any = false;
    for (unsigned i = 0; op_is_pending(); i++) {
        assert_true(i < 1000000);
        op_step();
    }
    return replied.any;
}

err_t model_ask(uint32_t client, reply_id_t id, struct ipc_msg *m, bool *later)
{
    badge_t badge = client ? BADGE_MAKE(BADGE_CLIENT, client) : BADGE_MAKE(BADGE_PROCMGR, 0);
    struct ipc_event ev = {.kind = MSG_CALL, .id = id, .badge = badge};
    struct response r;
    memcpy(ev.w, m->w, sizeof(ev.w));
    request_serve(&ev, &r);
    memcpy(m->w, r.m.w, sizeof(m->w));
    *later = r.later;
    return (err_t)(int64_t)m->w[0];
}

err_t model_call(uint32_t client, struct ipc_msg *m)
{
    bool later;
    err_t err = model_ask(client, 77, m, &later);
    bool answered = model_run();
    if (!later)
        return err;
    assert_true(answered);
    memcpy(m->w, replied.w, sizeof(m->w));
    return (err_t)(int64_t)m->w[0];
}

uint32_t model_space_new(uint64_t key)
{
    struct ipc_msg m = {.w = {PAGER_SPACE_NEW, key}};
    return model_call(0, &m) == OK ? (uint32_t)m.w[1] : 0;
}

err_t model_fork(uint32_t parent, uint32_t child, uint64_t key)
{
    struct ipc_msg m = {.w = {PAGER_FORK, parent, child, key}};
    err_t err = model_call(0, &m);
    if (err != ERR_IN_PROGRESS)
        return err;
    m = (struct ipc_msg){.w = {PAGER_OP_RESULT, key}};
    return model_call(0, &m);
}

bool model_quick = true;
model_decided_fn *model_decided;

/* The hart: translate, or fault. */
static uint8_t *translate(uint32_t slot, vaddr_t va, unsigned access, struct fault *f)
{
    frame_t table;
    f->slot = slot;
    f->va = va;
    f->page = va < USER_VA_END ? page_of(va) : USER_PAGES_END;
    f->access = access;
    f->id = 9;
    f->level = 2;
    f->pte = 0;
    if (va >= USER_VA_END)
        return NULL;
    f->pte = *walk(space_at(slot)->root, f->page, &f->level, &table);
    uint64_t need = PTE_V | PTE_U | (uint64_t)access << 1;
    if (f->level || (f->pte & need) != need) {
        f->level |= f->level == 0 && is_shared(table) ? FAULT_LEVEL_SHARED : 0;
        return NULL;
    }
    return (uint8_t *)window(PTE_FRAME(f->pte)) + (va & PAGE_MASK);
}

void model_settle(void)
{
    for (unsigned i = 0; store_in_flight(); i++, calls += 100) {
        assert_true(i < 1000000);
        swap_poll();
    }
}

static err_t access_byte(uint32_t space, vaddr_t va, unsigned access, uint8_t **at, unsigned *reason)
{
    uint32_t slot = space_slot(space);
    assert_true(slot != 0);
    for (unsigned tries = 0; tries < 4; tries++) {
        struct answer a;
        *at = translate(slot, va, access, &current);
        if (*at)
            return OK;
        fenced = false;
        bool quick = model_quick && quick_decide(&current, &a);
        if (!quick)
            fault_decide(&current, &a);
        if (model_decided)
            model_decided(&current, &a, quick);
        if (a.verdict == 0) { /* it waits for the store */
            tries = 0;
            model_settle();
            continue;
        }
        err_t err = gate_fault_reply(current.id, a.verdict, a.frame, a.table);
        if (err != OK)
            fault_undo(&current, &a);
        else
            fault_accepted(&current, &a);
        unsigned verdict = a.verdict & 0xff;
        if (verdict == FAULT_FORWARD || verdict == FAULT_KILL) {
            *reason = (unsigned)(a.verdict >> 16);
            return ERR_FAULT;
        }
    }
    fail_msg("the access to 0x%lx never succeeds", (unsigned long)va);
    return ERR_FAULT;
}

static struct ipc_event fault_event(uint32_t space, vaddr_t va, unsigned access)
{
    struct ipc_event ev = {.kind = MSG_FAULT, .id = 9, .badge = BADGE_MAKE(BADGE_CLIENT, space)};
    assert_null(translate(space_slot(space), va, access, &current));
    ev.w[FAULTW_VA] = va;
    ev.w[FAULTW_ACCESS] = access & PROT_W ? FAULT_ACCESS_W : FAULT_ACCESS_R;
    ev.w[FAULTW_PTE] = current.pte;
    ev.w[FAULTW_LEVEL] = current.level;
    return ev;
}

void model_fault_waits(uint32_t space, vaddr_t va, unsigned access)
{
    struct ipc_event ev = fault_event(space, va, access);
    struct answer a;
    fault_decide(&current, &a);
    assert_int_equal(a.verdict, 0);
    fault_wait(&ev);
}

void model_fault_deferred(uint32_t space, vaddr_t va, unsigned access)
{
    struct ipc_event ev = fault_event(space, va, access);
    assert_true(defer_event(&ev));
}

err_t model_store(uint32_t space, vaddr_t va, uint8_t value, unsigned *reason)
{
    uint8_t *at;
    err_t err = access_byte(space, va, PROT_W, &at, reason);
    if (err == OK)
        *at = value;
    return err;
}

err_t model_fetch(uint32_t space, vaddr_t va, uint8_t *value, unsigned *reason)
{
    uint8_t *at;
    err_t err = access_byte(space, va, PROT_X, &at, reason);
    if (err == OK)
        *value = *at;
    return err;
}

err_t model_load(uint32_t space, vaddr_t va, uint8_t *value, unsigned *reason)
{
    uint8_t *at;
    err_t err = access_byte(space, va, PROT_R, &at, reason);
    if (err == OK)
        *value = *at;
    return err;
}

void model_check(void)
{
    struct vm_report report;
    vmcheck(&report);
    if (report.violations)
        fail_msg("vmcheck: %lu violations, invariant %lu at 0x%lx, detail 0x%lx", (unsigned long)report.violations,
                 (unsigned long)report.first, (unsigned long)report.where, (unsigned long)report.detail);
}

uint32_t model_free(void) { return frame_pool[POOL_USER].free + zeroed.count + frame_pool[POOL_KERNEL].free; }
