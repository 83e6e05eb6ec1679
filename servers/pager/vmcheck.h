/* SPDX-License-Identifier: MIT
 * The pager's self-check (PAGER_VMCHECK): walks all tables of all spaces and compares them with everything that is counted.
 */
#ifndef PAGER_VMCHECK_H
#define PAGER_VMCHECK_H

#include <stdint.h>

/* X(NAME, number, what holds). The numbers are what VMCHECK reports; docs/invariants.md lists them. */
#define VM_INVARIANTS(X) \
    X(REFS, 1, "refs of a frame = entries that map it + holds") \
    X(KERNEL_COUNT, 2, "the kernel counts as many mappings of a frame") \
    X(FREE_MAPPED, 3, "no frame on a free list is mapped or referred to") \
    X(SOLE_WRITER, 4, "a writable page of a private region has one owner") \
    X(TOTAL, 5, "free + used + tables + objects = all frames of the pager") \
    X(W_AND_X, 6, "no entry allows both writing and executing") \
    X(FOREIGN, 7, "user entries reach only the pager's user frames, or a granted device in its region") \
    X(COW_AND_W, 8, "no entry is both COW and writable") \
    X(TABLES, 9, "every table frame is reached once, and a table counts its valid entries") \
    X(LOGICAL, 10, "no entry allows more than its region") \
    X(REGIONS, 11, "every mapped page lies in a region; regions don't overlap") \
    X(SPACE_COUNTS, 12, "resident pages, tables, objects and charges of a space are counted right") \
    X(HELD_WRITABLE, 13, "nobody can write an image frame or the zero page") \
    X(OBJECTS, 14, "every kernel object in the pager's frames is in the ledger") \
    X(KERNEL, 15, "the kernel's own check; detail: its number") \
    X(ZERO_PAGE, 16, "the zero page is zero") \
    X(SLOTS, 17, "references of a slot = absent entries that name it + linked pages + transfers; its frame is held") \
    X(RESIDENT, 18, "the pages that count against the limits are counted right, by domain, and known to one policy at most") \
    X(CLEAN, 19, "a page that is the same in the store, or on its way there, can be written by nobody") \
    X(PINNED, 20, "a pinned page is no victim, and every other page can be one") \
    X(INTENT, 21, "between two events no page is between its frame and the store") \
    X(QUOTAS, 22, "frames and objects of every quota are counted right; where: its number") \
    X(SHARED_TABLE, 23, "a leaf table that several spaces have can be written by none, and its sharers are counted right")

enum vm_invariant {
#define VM_ENUM(name, number, text) VM_##name = (number),
    VM_INVARIANTS(VM_ENUM)
#undef VM_ENUM
};

struct vm_report {
    uint64_t violations;
    uint64_t first; /* enum vm_invariant, 0: all hold */
    uint64_t where; /* frame, or space id */
    uint64_t detail;
};

void vmcheck(struct vm_report *report);

/* ---- between vmcheck.c and vmcheck_evict.c ---- */
void vmcheck_broken(enum vm_invariant which, uint64_t where, uint64_t detail);
/* Before and after all tables are walked; the latter uses the frames' scratch words. */
void vmcheck_slots_begin(void);
void vmcheck_slots_end(void);
/* An absent entry that is not empty; a present one. */
void vmcheck_absent(uint32_t slot, uint32_t page, uint64_t pte);
void vmcheck_page(uint32_t slot, uint32_t page, uint64_t pte);

#endif
