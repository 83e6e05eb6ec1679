/* SPDX-License-Identifier: MIT
 * What the files of the fast path have in common: the registers that they find, and the switch. docs/fast-path.md
 */
#ifndef CORE_FAST_H
#define CORE_FAST_H

#include "arch.h"
#ifdef PAGODA_HOST
#include "host_fast.h"
#else
#include "../riscv/fast_regs.h" /* the registers, the lock, the ways out */
#endif

#ifndef MUTANT_KERNEL_FAST_ANY_ID
#define FAST_OTHER_ID(id) ((id) != fast_reply_id())
#else
#define FAST_OTHER_ID(id) ((uint32_t)(id) != (uint32_t)fast_reply_id()) /* whose, but not of which call */
#endif

FAST_INLINE bool fast_in_ram(const struct hart *h, uint64_t f) { return f >= h->ram_first && f < h->ram_end; }

FAST_INLINE void fast_run(struct hart *h, struct thread *from, struct thread *to)
{
    uint64_t now = arch_instret();
    from->instructions += now - h->switch_instret;
    h->switch_instret = now;
    to->state = T_RUNNING;
    h->current = to;
    fast_space_load(h, to->space);
}

#endif
