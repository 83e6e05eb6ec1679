/* SPDX-License-Identifier: MIT
 * Everything core/ needs from the machine. A port is this page.
 */
#ifndef CORE_ARCH_H
#define CORE_ARCH_H

#include "kernel.h"

#ifdef PAGODA_HOST
#include "host_arch.h"
#else
#include "../riscv/arch_inline.h" /* this_hart, phys_to_virt, arch_time, arch_instret, kernel lock */
#endif

/* The hart's copies are nearer than the globals. */
static inline bool frame_in_ram(uint64_t f) { return f >= this_hart()->ram_first && f < this_hart()->ram_end; }
static inline struct frame_info *frame_info_of(frame_t f) { return &this_hart()->frame_table_biased[f]; }
#define trace(kind, t, a, b) (unlikely(this_hart()->traced != 0) ? trace_record(kind, t, a, b) : (void)0)

static inline void *frame_va(frame_t f) { return phys_to_virt((paddr_t)f << PAGE_SHIFT); }
static inline frame_t frame_of(const void *p) { return virt_to_phys(p) >> PAGE_SHIFT; }
/* The frame word of the table that an entry stands in. */
static inline struct frame_info *table_info(const pte_t *entry) { return frame_info_of(frame_of(entry)); }
static inline __attribute__((always_inline)) bool table_is_shared(const pte_t *entry) { return table_info(entry)->flags & FRAME_F_SHARED; }
static inline void count(unsigned which) { this_hart()->counter[which]++; }

/* ---- address spaces (riscv/sv39.c) ---- */
/* The entry for va at the lowest level reached; *level 2..0. Never null for a user address. */
pte_t *arch_walk(pte_t *root, vaddr_t va, unsigned *level);
pte_t *arch_table_entry(frame_t table, vaddr_t va, unsigned level); /* of va, in a table of that level */
/* The entry for va in the table whose entries are of this level (or the lowest there is above it). */
pte_t *arch_walk_to(pte_t *root, vaddr_t va, unsigned stop, unsigned *level);
/* The one place where user leaf entries are made. prot: PROT_*, W and X together are the caller's bug. */
pte_t arch_pte_leaf(frame_t f, unsigned prot);
pte_t arch_pte_table(frame_t f);
pte_t arch_pte_window(paddr_t chunk_pa, bool writable); /* 2 MiB */
pte_t arch_pte_device(paddr_t pa);
bool arch_pte_is_leaf(pte_t e);
bool arch_pte_allows(pte_t e, unsigned access); /* FAULT_ACCESS_R/W/X by user level */
void arch_root_init(pte_t *root);               /* kernel half */
void arch_root_clear(pte_t *root);              /* kernel half back to zero */
void arch_space_activate(struct space *s);      /* satp, ASID */
/* Forget translations of [va, va + pages) of s on every hart that may have them; returns when all have acknowledged. */
void arch_tlb_shootdown(struct space *s, vaddr_t va, uint64_t pages);
/* The same on this hart only: absent -> present, and added permissions. */
void arch_tlb_flush_local(struct space *s, vaddr_t va);
/* The same for a range; for more than one page all of the space's translations may go. */
void arch_tlb_flush_local_pages(struct space *s, vaddr_t va, uint64_t pages);
void arch_fetch_fence(void); /* fence.i on all harts */
void arch_space_leave(struct space *s); /* no hart's satp holds its root any more: it is going away */

/* ---- other harts; the caller holds the kernel lock ---- */
void arch_kick(struct hart *h);       /* have it look at resched and timer_dirty soon; does not wait */
void arch_hart_enter(struct hart *h); /* returns when it is in the kernel with its thread's registers saved, FPU too;
                                       * it stays there until the lock is let go. Bound: its longest way to the lock */

/* ---- threads ---- */
uint64_t arch_status_user(void);             /* sstatus for a new thread */
void arch_fpu_drop(struct thread *t);        /* it is going away */
void arch_fpu_save(struct thread *t);        /* make t->fpu current */
void arch_fpu_leave(struct hart *h);         /* fpu_moves: the same for this hart's owner, unless it runs on */
void arch_fpu_copy(struct thread *to, struct thread *from);

/* ---- time and interrupts ---- */
uint64_t arch_boot_instret(void);
void arch_timer_set(uint64_t when); /* ~0 = off */
bool arch_irq_pending(void);        /* an interrupt waits: bounded work should end here */
void arch_idle(void);               /* wait for an interrupt and handle it; lock released meanwhile */
void arch_irq_enable(unsigned source);
unsigned arch_irq_sources(void);
void arch_console_putc(char c);
_Noreturn void arch_halt(void); /* power off with a failure status */

/* The current thread has blocked: run t next unless a higher one is ready. A server works in its client's slice. */
static inline void sched_switch(struct thread *t)
{
    struct hart *h = this_hart();
    struct thread *was = h->current;
    if (unlikely(t->hart != h || !was || was->state == T_RUNNING || (uintptr_t)t->ctx | (uintptr_t)h->account ||
                 h->runq.above > t->prio)) {
        sched_switch_other(t);
        return;
    }
    uint64_t now = arch_instret();
    was->instructions += now - h->switch_instret;
    t->slice_end = was->slice_end;
    h->switch_instret = now;
    h->current = t;
    t->state = T_RUNNING;
    h->resched = false;
    h->counter[KC_SWITCHES]++;
}

/* ---- frames: owner, kind and flags of frame_info are one word, so one comparison says whether owner may map f ---- */

static inline uint64_t frame_owner_word(const struct space *owner) { return owner->owner_word; }

static inline __attribute__((always_inline)) bool frame_is_mappable(uint64_t owner_word, const struct frame_info *info)
{
    typedef uint64_t __attribute__((may_alias)) word_t;
    uint64_t word = *(const word_t *)&info->owner;
#ifdef MUTANT_KERNEL_SKIP_OWNER
    return (word ^ owner_word) >> 32 == 0;
#endif
    return word == owner_word; /* no flag set: not the batch page */
}
_Static_assert(offsetof(struct frame_info, owner) == 8 && offsetof(struct frame_info, kind) == 12 &&
                   offsetof(struct frame_info, flags) == 13 && offsetof(struct frame_info, parents) == 14,
               "owner, kind, flags and parents in one word");

/* ---- handles, inline where every message passes ---- */

static inline struct handle *handle_slot(struct space *s, handle_t h) /* 0: out of range */
{
    if (unlikely(h == 0 || h >= s->handles))
        return 0;
    if (likely(h < HANDLES_INLINE))
        return &s->handle[h];
    unsigned n = h - HANDLES_INLINE;
    return (struct handle *)frame_va(s->handle_frame[n / HANDLES_PER_FRAME]) + n % HANDLES_PER_FRAME;
}

#define TYPES_WITH_FRAME (1u << OBJ_THREAD | 1u << OBJ_SPACE | 1u << OBJ_ENDPOINT | 1u << OBJ_NTFN | 1u << OBJ_SCHED)
static inline bool handle_has_frame(unsigned type) { return (TYPES_WITH_FRAME >> (type & 31)) & 1; }

static inline bool handle_live(const struct handle *h) /* the object still lives */
{
    return !handle_has_frame(handle_type(h)) || frame_info_of(h->object)->gen == h->gen;
}

static inline err_t handle_find_inline(struct space *s, handle_t h, unsigned type, unsigned rights, struct handle **out)
{
    struct handle *slot = handle_slot(s, h);
    if (unlikely(!slot || !slot->word))
        return ERR_HANDLE;
    if (unlikely(handle_type(slot) != type))
        return handle_live(slot) ? ERR_TYPE : ERR_HANDLE;
    if (handle_has_frame(type) && unlikely(frame_info_of(slot->object)->gen != slot->gen))
        return ERR_HANDLE;
#ifdef MUTANT_KERNEL_SKIP_RIGHTS
    rights = 0;
#endif
    if (unlikely((handle_rights(slot) & rights) != rights))
        return ERR_RIGHTS;
    *out = slot;
    return OK;
}

/* End of every kernel entry: who runs. */
static inline struct thread *sched_exit(void)
{
    struct hart *h = this_hart();
    if (unlikely(h->attention || !h->current))
        sched_choose();
    struct thread *t = h->current;
    if (h->space != t->space)
        arch_space_activate(t->space);
    return t;
}

#endif
