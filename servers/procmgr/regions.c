/* SPDX-License-Identifier: MIT
 * The regions of a new program: its segments, stack and heap, three to a message. Asked for again, they are there: the pager says OK.
 */
#include "procmgr.h"

#include <ipc/fs.h>
#include <ipc/pager.h>

/* A segment of a file of the file server: without a bss the file's pages are shared up to the last. */
static err_t file_segment_add(const struct proc *p, const struct segment *s)
{
    struct ipc_msg m = {.w = {FS_PROC_MAP, p->pid, s->start, s->end, s->prot, s->file_offset, s->has_bss ? s->file_bytes : 0}};
    return files_call(&m);
}

/* Of the boot image's file, or of nothing. */
static err_t regions_send(const struct proc *p, unsigned file, const struct pager_region *list, unsigned n)
{
    err_t err = OK;
    for (unsigned i = 0; i < n && err == OK; i += PAGER_REGIONS_MAX) {
        struct ipc_msg m = {.w = {PAGER_REGIONS_ADD, p->space | (uint64_t)file << 32}};
        for (unsigned k = 0; k < PAGER_REGIONS_MAX && i + k < n; k++)
            pager_region_pack(&m.w[2 + 2 * k], &list[i + k]);
        err = pager_call(H_PAGER, &m);
    }
    return err;
}

err_t regions_add(struct proc *p, const struct program *program)
{
    struct pager_region list[SEGMENTS_MAX + 2];
    unsigned n = 0;
    err_t err = OK;
    for (unsigned i = 0; i < program->segments && err == OK; i++) {
        const struct segment *s = &program->segment[i];
        if (s->file_bytes == 0 || program->file != PROGRAM_OF_FILES)
            list[n++] = (struct pager_region){s->start, s->end, s->prot, s->file_offset, s->file_bytes};
        else
            err = file_segment_add(p, s);
    }
    list[n++] = (struct pager_region){.start = program->stack_top - p->limit_stack, .end = program->stack_top,
                                      .prot_flags = PROT_R | PROT_W | REGION_STACK << 8};
    list[n++] = (struct pager_region){.start = program->heap, .end = program->heap, .prot_flags = PROT_R | PROT_W | REGION_HEAP << 8};
    return err == OK ? regions_send(p, program->file, list, n) : err;
}
