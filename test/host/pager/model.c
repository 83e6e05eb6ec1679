/* SPDX-License-Identifier: MIT
 * The model machine and its programs: it boots the pager, asks it as clients do, and faults as a hart would.
 */
#include "inner.h"

#include <abi/image.h>
#include <stdlib.h>
#include <string.h>

#include "quick.h"
#include "recover.h"
#include "spare.h"
#include "store.h"
#include "swap.h"

struct model_machine machine;
static char *ram;
static void *ledger_memory;
static struct pager_boot boot;

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
    machine.frames = chunks * FRAMES_PER_CHUNK;
    machine.first = (frame_t)(MODEL_RAM_PA >> PAGE_SHIFT);
    ram = kept(&ram_kept, (size_t)machine.frames << PAGE_SHIFT);
    memset(ram, 0xa5, (size_t)machine.frames << PAGE_SHIFT);
    window_base = (char *)((uintptr_t)ram - MODEL_RAM_PA);
    frame_infos = calloc(machine.frames, sizeof(struct frame_info));
    memset(machine.handle, 0, sizeof(machine.handle));
    for (uint32_t i = FRAMES_PER_CHUNK; i < machine.frames; i++) {
        uint32_t c = i / FRAMES_PER_CHUNK;
        frame_infos[i] = (struct frame_info){.kind = c == 2 || c == 3 ? FRAME_KFREE : FRAME_USER, .owner = MODEL_OWN_ID};
    }
    make_image(machine.first + FRAMES_PER_CHUNK);
    for (handle_t h = 1; h <= 4; h++)
        machine.handle[h] = (struct model_handle){OBJ_KERNEL, MODEL_OWN_ID};
    uint64_t ram_bytes = (uint64_t)machine.frames << PAGE_SHIFT;
    ledger_memory = kept(&ledger_kept, pager_ledger_bytes(ram_bytes));
    memset(ledger_memory, 0, pager_ledger_bytes(ram_bytes));
    boot = (struct pager_boot){
        .magic = PAGER_BOOT_MAGIC, .version = PAGER_BOOT_VERSION, .ledger_va = (uintptr_t)ledger_memory,
        .ledger_bytes = pager_ledger_bytes(ram_bytes), .ram_base_pa = MODEL_RAM_PA, .ram_bytes = ram_bytes,
        .image_pa = MODEL_RAM_PA + CHUNK_SIZE, .image_bytes = MODEL_IMAGE_PAGES * PAGE_SIZE, .handle_space = 1,
        .handle_thread = 2, .handle_endpoint = 3, .handle_kernel = 4, .fork_strategy = FORK_COW,
    };
    spare = (struct spare){0};
    machine.die_at = 0;
    machine.fault_verdict_error = OK;
    assert_int_equal(pager_start(&boot), OK);
}

void model_refuse_answer(err_t err) { machine.fault_verdict_error = err; }

void model_end(void) { free(frame_infos); }

void model_restart(void)
{
    boot.restarted++;
    assert_int_equal(pager_start(&boot), OK);
}

/* ---- clients ---- */

bool model_run(void)
{
    machine.replied.any = false;
    for (unsigned i = 0; op_is_pending(); i++) {
        assert_true(i < 1000000);
        op_step();
    }
    return machine.replied.any;
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
    memcpy(m->w, machine.replied.w, sizeof(m->w));
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
    f->pte = *model_walk(space_at(slot)->root, f->page, &f->level, &table);
    uint64_t need = PTE_V | PTE_U | (uint64_t)access << 1;
    if (f->level || (f->pte & need) != need) {
        f->level |= f->level == 0 && model_is_shared(table) ? FAULT_LEVEL_SHARED : 0;
        return NULL;
    }
    return (uint8_t *)window(PTE_FRAME(f->pte)) + (va & PAGE_MASK);
}

void model_settle(void)
{
    for (unsigned i = 0; store_in_flight(); i++, machine.calls += 100) {
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
        *at = translate(slot, va, access, &machine.current);
        if (*at)
            return OK;
        machine.fenced = false;
        bool quick = model_quick && quick_decide(&machine.current, &a);
        if (!quick)
            fault_decide(&machine.current, &a);
        if (model_decided)
            model_decided(&machine.current, &a, quick);
        if (a.verdict == 0) { /* it waits for the store */
            tries = 0;
            model_settle();
            continue;
        }
        err_t err = gate_fault_reply(machine.current.id, a.verdict, a.frame, a.table);
        if (err != OK)
            fault_undo(&machine.current, &a);
        else
            fault_accepted(&machine.current, &a);
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
    assert_null(translate(space_slot(space), va, access, &machine.current));
    ev.w[FAULTW_VA] = va;
    ev.w[FAULTW_ACCESS] = access & PROT_W ? FAULT_ACCESS_W : FAULT_ACCESS_R;
    ev.w[FAULTW_PTE] = machine.current.pte;
    ev.w[FAULTW_LEVEL] = machine.current.level;
    return ev;
}

void model_fault_waits(uint32_t space, vaddr_t va, unsigned access)
{
    struct ipc_event ev = fault_event(space, va, access);
    struct answer a;
    fault_decide(&machine.current, &a);
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
