/* SPDX-License-Identifier: MIT
 * Memory in chunks of 2 MiB: typed USER or KERNEL, owned by one space, granted and retyped only while nothing uses it.
 * A chunk's window entry follows: user chunks writable, kernel chunks only readable.
 */
#include "arch.h"

struct chunk_info *chunk_table;

static struct chunk_info *chunk_find(uint64_t chunk)
{
    uint64_t first = ram_first / FRAMES_PER_CHUNK;
    if (chunk < first || chunk >= ram_end / FRAMES_PER_CHUNK)
        return 0;
    return &chunk_table[chunk - first];
}

static err_t chunk_own(struct thread *cur, uint64_t chunk, struct chunk_info **out)
{
    struct chunk_info *c = chunk_find(chunk);
    if (!c)
        return ERR_INVAL;
    *out = c;
    return c->owner == cur->space->frame ? OK : ERR_OWNER;
}

/* No frame mapped, no object, no batch page. */
static bool chunk_is_idle(uint64_t chunk, unsigned kind)
{
    const struct frame_info *i = frame_info_of(chunk * FRAMES_PER_CHUNK);
    unsigned free_kind = kind == CHUNK_KERNEL ? FRAME_KFREE : FRAME_USER;
    for (unsigned n = 0; n < FRAMES_PER_CHUNK; n++) /* bound: 512 */
        if (i[n].kind != free_kind || i[n].maps || (i[n].flags & FRAME_F_BATCH))
            return false;
    return true;
}

syscall_fn sys_chunk_retype, sys_chunk_grant, sys_window_map;

/* a0 chunk, a1 CHUNK_USER or CHUNK_KERNEL */
long sys_chunk_retype(struct thread *cur, uint64_t *a)
{
    struct chunk_info *c;
    err_t e = chunk_own(cur, a[0], &c);
    if (e != OK)
        return e;
    if (a[1] != CHUNK_USER && a[1] != CHUNK_KERNEL)
        return ERR_INVAL;
    if (!chunk_is_idle(a[0], c->kind))
        return ERR_BUSY;
    /* commit: first nobody can write it any more, then it becomes kernel memory */
    unsigned level;
    pte_t *w = arch_walk(cur->space->root, WINDOW_BASE + (a[0] << CHUNK_SHIFT), &level);
    if (level == 1 && (*w & PTE_V))
        (void)space_window(cur->space, a[0], a[1] == CHUNK_USER);
    struct frame_info *i = frame_info_of(a[0] * FRAMES_PER_CHUNK);
    for (unsigned n = 0; n < FRAMES_PER_CHUNK; n++) { /* bound: 512 */
        i[n].kind = a[1] == CHUNK_USER ? FRAME_USER : FRAME_KFREE;
        i[n].flags = 0;
    }
    c->kind = a[1];
    return OK;
}

/* a0 chunk, a1 space handle with RIGHT_MAP: the new owner */
long sys_chunk_grant(struct thread *cur, uint64_t *a)
{
    struct chunk_info *c;
    struct handle *slot;
    err_t e = chunk_own(cur, a[0], &c);
    if (e == OK)
        e = handle_find(cur->space, a[1], OBJ_SPACE, RIGHT_MAP, &slot);
    if (e != OK)
        return e;
    if (!chunk_is_idle(a[0], c->kind))
        return ERR_BUSY;
    /* commit */
    space_window_remove(cur->space, a[0]);
    cur->space->chunks--;
    ((struct space *)frame_va(slot->object))->chunks++;
    struct frame_info *i = frame_info_of(a[0] * FRAMES_PER_CHUNK);
    for (unsigned n = 0; n < FRAMES_PER_CHUNK; n++) /* bound: 512 */
        i[n].owner = slot->object;
    c->owner = slot->object;
    return OK;
}

/* a0 space handle, a1 chunk: owned by that space; or the one with the frame table, which anybody with a window may read */
long sys_window_map(struct thread *cur, uint64_t *a)
{
    struct handle *slot;
    err_t e = handle_find(cur->space, a[0], OBJ_SPACE, RIGHT_MAP, &slot);
    if (e != OK)
        return e;
    struct chunk_info *c = chunk_find(a[1]);
    if (!c)
        return ERR_INVAL;
    uint64_t first = frame_of(frame_table), last = frame_of(&frame_table[ram_end - ram_first - 1]);
    bool table = a[1] >= first / FRAMES_PER_CHUNK && a[1] <= last / FRAMES_PER_CHUNK;
    if (c->owner != slot->object && !table)
        return ERR_OWNER;
    return space_window(frame_va(slot->object), a[1], !table && c->kind != CHUNK_KERNEL);
}
