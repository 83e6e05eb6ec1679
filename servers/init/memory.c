/* SPDX-License-Identifier: MIT
 * init's memory: which chunks it keeps, kernel frames for its objects and tables, wired user frames for the pager, and
 * its window on them. Nothing here is ever given back: it is all made at boot. Must never run after the pager has
 * taken over the rest of memory, except kernel_frame_take(), which has its own chunk.
 */
#include <string.h>

#include "init.h"

const struct bootinfo *boot;

/* Chunks that init keeps for itself, by number - first_chunk. */
static bool kept[BOOT_CHUNKS_MAX];
static frame_t kernel_at, kernel_first; /* taken downwards: the kernel used the chunk's start for init's own space */
static frame_t user_at, user_end;
static bool frame_table_open;

#define TABLES_PER_WALK 2u

void *window(paddr_t pa) { return (void *)(WINDOW_BASE + pa); }

bool chunk_is_kept(uint64_t chunk) { return kept[chunk - boot->first_chunk]; }

static bool kernel_frame_is_free(frame_t frame)
{
    if (!frame_table_open)
        return true; /* the first ones, before the table can be seen: the end of the chunk is free */
    const struct frame_info *info = window(boot->frame_table_pa);
    return info[frame - (frame_t)(boot->ram_base_pa >> PAGE_SHIFT)].kind == FRAME_KFREE;
}

/* The highest user chunk nobody has; init keeps it. */
static uint64_t chunk_keep(void)
{
    for (uint64_t i = boot->chunks; i-- > 0;) {
        if (boot->chunk[i] != CHUNK_USER || kept[i])
            continue;
        kept[i] = true;
        return boot->first_chunk + i;
    }
    give_up("memory for the pager", ERR_NOMEM);
}

frame_t kernel_frame_take(void)
{
    for (unsigned tries = 0; tries < 2; tries++) {
        while (kernel_at > kernel_first)
            if (kernel_frame_is_free(--kernel_at))
                return kernel_at;
        uint64_t chunk = chunk_keep();
        must(sys_chunk_retype(chunk, CHUNK_KERNEL), "a further kernel chunk");
        kernel_first = (frame_t)(chunk * FRAMES_PER_CHUNK);
        kernel_at = kernel_first + FRAMES_PER_CHUNK;
    }
    give_up("a kernel frame", ERR_NOMEM);
}

void window_open(handle_t space, uint64_t chunk)
{
    err_t err = ERR_NOTABLE;
    for (unsigned i = 0; i <= TABLES_PER_WALK && err == ERR_NOTABLE; i++) {
        err = sys_window_map(space, chunk);
        if (err == ERR_NOTABLE)
            must(sys_space_table(space, WINDOW_BASE + (chunk << CHUNK_SHIFT), kernel_frame_take()), "a window table");
    }
    if (err != ERR_EXIST)
        must(err, "a chunk in the window");
}

static void window_open_range(handle_t space, paddr_t pa, uint64_t bytes)
{
    for (uint64_t chunk = pa >> CHUNK_SHIFT; chunk <= (pa + bytes - 1) >> CHUNK_SHIFT; chunk++)
        window_open(space, chunk);
}

/* Sixteen stores a turn, and volatile: gcc would make a call of memset of it, which costs twice as much. Most of what is done
 * before the shell is there. */
static void page_zero(volatile uint64_t *p)
{
    for (unsigned i = 0; i < PAGE_SIZE / 8; i += 16) {
        p[i] = 0, p[i + 1] = 0, p[i + 2] = 0, p[i + 3] = 0, p[i + 4] = 0, p[i + 5] = 0, p[i + 6] = 0, p[i + 7] = 0;
        p[i + 8] = 0, p[i + 9] = 0, p[i + 10] = 0, p[i + 11] = 0, p[i + 12] = 0, p[i + 13] = 0, p[i + 14] = 0, p[i + 15] = 0;
    }
}

frame_t user_frame_take(void)
{
    if (user_at == user_end) {
        uint64_t chunk = chunk_keep();
        window_open(INIT_H_SPACE, chunk);
        user_at = (frame_t)(chunk * FRAMES_PER_CHUNK);
        user_end = user_at + FRAMES_PER_CHUNK;
    }
    page_zero(window((paddr_t)user_at << PAGE_SHIFT));
    return user_at++;
}

void map_wired(handle_t space, vaddr_t va, frame_t frame, unsigned prot)
{
    err_t err = ERR_NOTABLE;
    for (unsigned i = 0; i <= TABLES_PER_WALK && err == ERR_NOTABLE; i++) {
        err = sys_space_map_frame(space, va, frame, prot);
        if (err == ERR_NOTABLE)
            must(sys_space_table(space, va, kernel_frame_take()), "a table for wired memory");
    }
    must(err, "mapping wired memory");
}

void map_device(handle_t space, vaddr_t va, paddr_t pa)
{
    err_t err = ERR_NOTABLE;
    for (unsigned i = 0; i <= TABLES_PER_WALK && err == ERR_NOTABLE; i++) {
        err = sys_space_map_device(INIT_H_KERNEL, space, va, pa);
        if (err == ERR_NOTABLE)
            must(sys_space_table(space, va, kernel_frame_take()), "a table for a device");
    }
    must(err, "mapping a device");
}

handle_t object_new(unsigned type, uint64_t second)
{
    handle_t h = NO_HANDLE;
    must(sys_object_create(type, kernel_frame_take(), second, &h), "making an object");
    return h;
}

/* Windows on: the frame table (to see which kernel frames are free), init's own chunk, the boot image. */
void memory_init(void)
{
    if (boot->magic != BOOTINFO_MAGIC)
        give_up("the boot information", ERR_INVAL);
    kernel_first = (frame_t)(boot->kernel_chunk * FRAMES_PER_CHUNK);
    kernel_at = kernel_first + FRAMES_PER_CHUNK;
    window_open_range(INIT_H_SPACE, boot->frame_table_pa, boot->frame_table_bytes);
    frame_table_open = true;
    kept[boot->kernel_chunk - boot->first_chunk] = true;
    kept[boot->init_chunk - boot->first_chunk] = true;
    window_open(INIT_H_SPACE, boot->init_chunk);
    user_at = (frame_t)(boot->init_chunk * FRAMES_PER_CHUNK + boot->init_frames);
    user_end = (frame_t)((boot->init_chunk + 1) * FRAMES_PER_CHUNK);
    window_open_range(INIT_H_SPACE, boot->image_pa, boot->image_bytes);
}
