/* SPDX-License-Identifier: MIT
 * Builds the pager by hand, frame by frame, as servers/pager/boot.h describes, gives it all memory that init does not
 * keep, and after a crash puts its data back as it was at the first start. Everything mapped here stays init's; the
 * ledger's frames are written by init once, with zeros, and never again.
 */
#include "../pager/boot.h"

#include <string.h>

#include "init.h"

#define DATA_PAGES_MAX 2048u
/* The pager's table at its first start. */
enum { PAGER_H_SPACE = 1, PAGER_H_THREAD = 2, PAGER_H_ENDPOINT = 3, PAGER_H_KERNEL = 4 };

static struct program program;
static handle_t space, thread, endpoint;

handle_t pager_thread(void) { return thread; }
static struct pager_boot *boot_page; /* in init's window */
static unsigned data_pages;
static frame_t data_frame[DATA_PAGES_MAX];     /* what the pager has mapped for data and bss */
static frame_t pristine_frame[DATA_PAGES_MAX]; /* its first contents; 0: zeros */
static frame_t stack_frame[PAGER_STACK_PAGES];
static enum pager_death last_death;

static void *frame_bytes(frame_t f) { return window((paddr_t)f << PAGE_SHIFT); }

handle_t pager_endpoint(void) { return endpoint; }

/* The part of a segment's file bytes that belongs in the page at va. */
static void fill_page(const struct program_segment *g, vaddr_t va, frame_t frame)
{
    vaddr_t from = va > g->va ? va : g->va;
    vaddr_t file_end = g->va + g->file_bytes;
    vaddr_t to = va + PAGE_SIZE < file_end ? va + PAGE_SIZE : file_end;
    if (from < to)
        memcpy((uint8_t *)frame_bytes(frame) + (from - va), program.bytes + g->file_offset + (from - g->va), to - from);
}

static void keep_pristine(const struct program_segment *g, vaddr_t va, frame_t frame)
{
    if (data_pages == DATA_PAGES_MAX)
        give_up("the pager's data is too big", ERR_LIMIT);
    data_frame[data_pages] = frame;
    if (va < g->va + g->file_bytes) {
        pristine_frame[data_pages] = user_frame_take();
        memcpy(frame_bytes(pristine_frame[data_pages]), frame_bytes(frame), PAGE_SIZE);
    }
    data_pages++;
}

static void load_segment(const struct program_segment *g)
{
    for (vaddr_t va = g->start; va < g->end; va += PAGE_SIZE) {
        frame_t frame = user_frame_take();
        fill_page(g, va, frame);
        if (g->prot & PROT_W)
            keep_pristine(g, va, frame);
        map_wired(space, va, frame, g->prot);
    }
    sys_exec_fence();
}

static void map_memory(void)
{
    for (unsigned i = 0; i < PAGER_STACK_PAGES; i++) {
        stack_frame[i] = user_frame_take();
        map_wired(space, PAGER_STACK_TOP - (i + 1) * PAGE_SIZE, stack_frame[i], PROT_R | PROT_W);
    }
    frame_t page = user_frame_take();
    boot_page = frame_bytes(page);
    map_wired(space, PAGER_BOOT_VA, page, PROT_R);
    uint64_t bytes = pager_ledger_bytes(boot->ram_size_bytes);
    for (uint64_t at = 0; at < bytes; at += PAGE_SIZE)
        map_wired(space, PAGER_LEDGER_VA + at, user_frame_take(), PROT_R | PROT_W);
}

static void install_handles(void)
{
    must(sys_handle_install(space, PAGER_H_SPACE, space, RIGHTS_ALL, 0), "the pager's handles");
    must(sys_handle_install(space, PAGER_H_THREAD, thread, RIGHT_SIGNAL | RIGHT_CONTROL | RIGHT_GRANT, 0),
         "the pager's handles");
    must(sys_handle_install(space, PAGER_H_ENDPOINT, endpoint, RIGHT_RECV | RIGHT_SEND | RIGHT_MINT | RIGHT_GRANT, 0),
         "the pager's handles");
    must(sys_handle_install(space, PAGER_H_KERNEL, INIT_H_KERNEL, RIGHT_K_DEVICE | RIGHT_K_CHECK, 0),
         "the pager's handles");
}

static void fill_boot_page(void)
{
    *boot_page = (struct pager_boot){
        .magic = PAGER_BOOT_MAGIC,
        .version = PAGER_BOOT_VERSION,
        .ledger_va = PAGER_LEDGER_VA,
        .ledger_bytes = pager_ledger_bytes(boot->ram_size_bytes),
        .ram_base_pa = boot->ram_base_pa,
        .ram_bytes = boot->ram_size_bytes,
        .frame_table_pa = boot->frame_table_pa,
        .image_pa = boot->image_pa,
        .image_bytes = boot->image_bytes,
        .handle_space = PAGER_H_SPACE,
        .handle_thread = PAGER_H_THREAD,
        .handle_endpoint = PAGER_H_ENDPOINT,
        .handle_kernel = PAGER_H_KERNEL,
        .fork_strategy = settings.fork,
        .frames = settings.frames,
        .store = settings.store,
        .around = settings.around,
    };
    memcpy(boot_page->policy, settings.policy, sizeof boot_page->policy);
}

static bool is_for_pager(uint64_t i)
{
    bool memory = boot->chunk[i] == CHUNK_USER || boot->chunk[i] == CHUNK_IMAGE;
    return memory && !chunk_is_kept(boot->first_chunk + i);
}

/* Everything but what init keeps; the first user chunks become kernel chunks, for the first tables and objects. */
static void grant_memory(void)
{
    unsigned kernel_chunks = 0;
    uint64_t table_end = boot->frame_table_pa + boot->frame_table_bytes - 1;
    for (uint64_t chunk = boot->frame_table_pa >> CHUNK_SHIFT; chunk <= table_end >> CHUNK_SHIFT; chunk++)
        window_open(space, chunk);
    for (uint64_t i = 0; i < boot->chunks; i++) {
        uint64_t chunk = boot->first_chunk + i;
        if (!is_for_pager(i))
            continue;
        if (boot->chunk[i] == CHUNK_USER && kernel_chunks < PAGER_KERNEL_CHUNKS) {
            must(sys_chunk_retype(chunk, CHUNK_KERNEL), "a kernel chunk for the pager");
            kernel_chunks++;
        }
        must(sys_chunk_grant(chunk, space), "granting memory to the pager");
        window_open(space, chunk);
    }
}

void pager_build(void)
{
    must(program_find("pager", &program), "the program 'pager' in the boot image");
    space = object_new(OBJ_SPACE, kernel_frame_take());
    thread = object_new(OBJ_THREAD, space);
    endpoint = object_new(OBJ_ENDPOINT, 0);
    for (unsigned i = 0; i < program.segments; i++)
        load_segment(&program.segment[i]);
    map_memory();
    fill_boot_page();
    install_handles();
    must(sys_space_handler(space, HANDLER_FAULT, init_ep, BADGE_MAKE(BADGE_PAGER, 0)), "the pager's fault handler");
    must(sys_space_handler(space, HANDLER_EXCEPTION, init_ep, BADGE_MAKE(BADGE_PAGER, 0)), "its exception handler");
    must(sys_thread_prio(thread, settings.pager_prio), "the pager's priority");
    grant_memory();
}

void pager_start(void)
{
    must(sys_thread_start(thread, program.entry, PAGER_STACK_TOP, PAGER_BOOT_VA, 0), "starting the pager");
}

bool pager_died_on_request(void)
{
    uint64_t a0 = 0;
    return sys_thread_reg_get(thread, REG_A0, &a0) == OK && a0 == PAGER_DIED_ON_REQUEST;
}

void pager_stop(void)
{
    err_t err;
    must(sys_thread_stop(thread), "stopping the pager");
    while ((err = sys_space_reset(space)) == ERR_AGAIN) { /* bound: callers and faulters, at most all threads */
    }
    must(err, "taking the pager's requests back");
}

/* Data and bss as at the first start; a stack without old secrets, so that a restart is like the first start. */
static void restore(void)
{
    for (unsigned i = 0; i < data_pages; i++) {
        if (pristine_frame[i] != NO_FRAME)
            memcpy(frame_bytes(data_frame[i]), frame_bytes(pristine_frame[i]), PAGE_SIZE);
        else
            memset(frame_bytes(data_frame[i]), 0, PAGE_SIZE);
    }
    for (unsigned i = 0; i < PAGER_STACK_PAGES; i++)
        memset(frame_bytes(stack_frame[i]), 0, PAGE_SIZE);
}

void pager_crashed(void) { last_death = PAGER_DEATH_CRASH; }

void pager_restart(void)
{
    restore();
    boot_page->restarted++;
    boot_page->last_death = last_death;
    last_death = PAGER_DEATH_ASKED;
    pager_start();
}
