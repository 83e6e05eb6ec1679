/* SPDX-License-Identifier: MIT
 * Part of fault.pml: the pager. What it keeps in its own memory, which is all of fault_store.pml's "volatile" and its counts,
 * changes in one step with the system call before it: nobody else sees it, and a restart builds it anew.
 */

byte refs[FRAMES]; /* 0: free. Entries that map it, + 1 for a transfer. Counted anew at a restart */

/* The ledger: what outlives the pager. */
byte op = OP_NONE; /* (with store_frame and what is in fault_store.pml) the intent of the operation that runs */
bit op_key;
bool op_clean; /* a fork that was cut off: the child is to be emptied first */

#include "fault_store.pml"

/* Between two events the pages are the right ones, the pager's counts are right, and what is free is cached nowhere. */
inline check_state()
{
    check_page(P);
    check_page(C);
    for (i : 0 .. FRAMES - 1) {
        assert(refs[i] == MAPPINGS(i) + arrived[i]);
        assert(refs[i] == 0 || !IS_SLOTS(i));
        assert(refs[i] || !CACHED(i))
    }
    i = 0;
    check_slots()
}

inline frame_alloc()
{
    fresh = 0;
    do
    :: fresh < FRAMES && (refs[fresh] || IS_SLOTS(fresh)) -> fresh++
    :: else -> break
    od;
    assert(fresh < FRAMES && !CACHED(fresh) && !MAPPINGS(fresh)); /* nobody can still reach what is given out anew */
    refs[fresh] = 1
}

/* ---- a fault ---- */

inline forget()
{
    t = NOBODY;
    id = 0;
    msg_frame = NO_FRAME;
    msg_slot = NO_SLOT;
    msg_w = 0;
    msg_store = 0;
    fresh = NO_FRAME;
    fresh_w = 0;
    leaves = NO_SLOT;
    lent = false;
    dropped = NO_FRAME;
    victim = NO_FRAME;
    slot = NO_SLOT;
    old = NO_FRAME;
    later = false;
    me = 0
}

/* What the entry is when the message is delivered; for a fault that waited, when it is taken up again. */
inline read_entry()
{
    msg_store = fault_store[t];
    msg_frame = pte_frame[SPACE_OF(t)];
    msg_slot = pte_slot[SPACE_OF(t)];
    msg_w = pte_w[SPACE_OF(t)]
}

inline deliver(x)
{
    t = x;
    fault[t] = F_DELIVERED;
    id = fault_gen[t];
    read_entry();
#ifdef MUTANT_PTE_AT_TRAP
    msg_frame = seen_frame[t];
    msg_slot = seen_slot[t];
    msg_w = seen_w[t]
#endif
}

inline take_up(x)
{
    t = x;
    retry[t] = false;
    id = deferred_id[t];
    deferred_id[t] = 0;
    read_entry();
#ifdef MUTANT_DEFERRED_OLD_ENTRY
    msg_frame = NO_FRAME;
    msg_slot = deferred_slot[t];
    deferred_slot[t] = NO_SLOT
#endif
}

#ifdef MUTANT_UPGRADE_SHARED
#define SOLE(f) true
#else
#define SOLE(f) (refs[f] == 1)
#endif
#define ABSENT (msg_frame == NO_FRAME && msg_slot == NO_SLOT)
#define SWAPPED (msg_slot != NO_SLOT)
#define ALLOWS (msg_frame != NO_FRAME && (msg_w || !msg_store))
#define COW (msg_frame != NO_FRAME && !ALLOWS)
#define NEEDS_FRAME (ABSENT || (SWAPPED && slot_frame[msg_slot] == NO_FRAME) || (COW && !SOLE(msg_frame)))

/* fault.c: the decision table. `fresh` with `fresh_w` is what MAP maps; t == NOBODY: the fault waits. */
inline decide()
{
    if
    :: d_step { ABSENT -> frame_alloc(); content[fresh] = ZEROS; fresh_w = 1 }
    :: SWAPPED -> swap_in()
    :: ALLOWS /* another thread was faster */
    :: d_step { COW && SOLE(msg_frame) ->
#ifndef MUTANT_KEEP_LINK
           resident_unlink(msg_frame) /* what the store has of it is old from now on */
#endif
       }
    :: d_step { COW && !SOLE(msg_frame) ->
           frame_alloc();
           content[fresh] = content[msg_frame];
           fresh_w = 1;
           dropped = msg_frame;
           frame_drop(msg_frame)
       }
    fi;
#ifdef MUTANT_SLOT_DROPPED_EARLY
    d_step { if :: leaves != NO_SLOT -> swap_drop(leaves); leaves = NO_SLOT :: else fi }
#endif
}

inline answer()
{
    ENTER;
    if
    :: ID_IS_GOOD ->
        if
        :: fresh != NO_FRAME -> verdict_map(SPACE_OF(t), fresh, fresh_w)
        :: fresh == NO_FRAME && COW -> verdict_upgrade(SPACE_OF(t))
        :: fresh == NO_FRAME && !COW
        fi;
        d_step { fault_finish(); LEAVE }
    :: else -> /* ERR_STALE: fault_undo */
        d_step {
            if
            :: lent -> store_not_lent()
            :: else
            fi;
            if
            :: fresh != NO_FRAME -> frame_drop(fresh)
            :: else
            fi;
            if
            :: dropped != NO_FRAME -> refs[dropped]++
            :: else
            fi;
            leaves = NO_SLOT
        }
    fi
}

/* swap_accepted */
inline accepted()
{
    if
    :: leaves != NO_SLOT -> store_lent(); swap_drop(leaves)
    :: else
    fi
}

/* ---- step.c: one step of the operation. Between steps faults are served ---- */

inline empty_child()
{
    ENTER;
    slot = pte_slot[C];
    space_unmap(C);
    d_step {
        stored(C); /* nothing is right for it until the next fork */
        zeros[C] = true;
        if
        :: old != NO_FRAME -> frame_drop(old)
        :: slot != NO_SLOT -> swap_drop(slot)
        :: else
        fi;
        forget()
    };
    MAY_DIE
}

/* What is right for the parent is right for the child now, and nothing else. */
inline child_is_copy()
{
    for (i : 0 .. FRAMES - 1) { content[i] = (content[i] & RIGHT(P) -> 3 : 0) }
    i = 0;
    zeros[C] = zeros[P]
}

inline op_step()
{
    if
    :: op_clean -> empty_child(); op_clean = false
    :: !op_clean && op == OP_CLEAR -> empty_child(); op = OP_NONE
    :: !op_clean && op == OP_FORK ->
        ENTER;
        if
        :: pte_slot[P] != NO_SLOT -> /* swap_share */
            space_soft(C, pte_slot[P]);
#ifndef MUTANT_SHARE_SLOT_UNCOUNTED
            slot_refs[pte_slot[C]]++
#endif
        :: else -> space_share()
        fi;
        d_step {
            child_is_copy();
            if
            :: pte_frame[C] != NO_FRAME -> refs[pte_frame[C]]++ /* fork/cow.c, count_shared */
            :: else
            fi;
            LEAVE
        };
        MAY_DIE;
        op = OP_NONE
    fi
}

/* ---- recover.c: tables are the truth. Then the operation that was cut off goes on: a fork from its start ---- */

inline recover()
{
    evict_recover();
    d_step {
        store_exchange_recover();
#ifndef MUTANT_COUNTS_NOT_REBUILT
        for (i : 0 .. FRAMES - 1) { refs[i] = MAPPINGS(i) }
#endif
        store_forget();
        for (i : 0 .. SLOTS - 1) { slot_refs[i] = NAMES(i) }
        for (i : 0 .. FRAMES - 1) {
            if
            :: refs[i] || (store_frame[0] == i && slot_refs[0]) || (store_frame[SLOTS - 1] == i && slot_refs[SLOTS - 1])
            :: else -> content[i] = JUNK
            fi
        }
        i = 0;
        op_clean = (op == OP_FORK)
    }
}

/* ---- the loop ---- */

#define QUEUED(x) (fault[x] == F_QUEUED && !locked)
#define DUE (retry[0] || retry[1] || retry[2])
#define CALM (!DUE && !locked)

#if SLOTS == 1
#define MAY_LEAVE_4 false
#else
#define MAY_LEAVE_4 MAY_LEAVE(4)
#endif
#define SOME_MAY_LEAVE (MAY_LEAVE(0) || MAY_LEAVE(1) || MAY_LEAVE(2) || MAY_LEAVE(3) || MAY_LEAVE_4)

/* A fault, new or one that waited (these first), or a page is to leave for no fault's sake. */
inline receive()
{
    if
    :: d_step { DUE -> if :: retry[0] -> take_up(0) :: !retry[0] && retry[1] -> take_up(1) :: else -> take_up(2) fi }
    :: d_step { CALM && QUEUED(0) -> check_state(); deliver(0) }
    :: d_step { CALM && QUEUED(1) -> check_state(); deliver(1) }
    :: d_step { CALM && QUEUED(2) -> check_state(); deliver(2) }
    :: d_step { CALM && evictions && SOME_MAY_LEAVE -> check_state() }
    fi
}

/* Any page that may leave, when there is a reason: the policies are not modelled. */
inline choose_victim()
{
    if
    :: (t == NOBODY || NEEDS_FRAME) && evictions && MAY_LEAVE(0) -> evictions--; victim = 0
    :: (t == NOBODY || NEEDS_FRAME) && evictions && MAY_LEAVE(1) -> evictions--; victim = 1
    :: (t == NOBODY || NEEDS_FRAME) && evictions && MAY_LEAVE(2) -> evictions--; victim = 2
    :: (t == NOBODY || NEEDS_FRAME) && evictions && MAY_LEAVE(3) -> evictions--; victim = 3
    :: (t == NOBODY || NEEDS_FRAME) && evictions && MAY_LEAVE_4 -> evictions--; victim = 4
    :: t != NOBODY
    fi
}

proctype Pager()
{
    byte t = NOBODY, id, msg_frame = NO_FRAME, msg_slot = NO_SLOT, fresh = NO_FRAME, leaves = NO_SLOT, dropped = NO_FRAME;
    byte victim = NO_FRAME, slot = NO_SLOT, old = NO_FRAME;
    bit msg_w, msg_store, fresh_w, me;
    bool later, lent;
start:
    atomic { recover() };
end:
    do
    :: atomic {
           receive();
           choose_victim();
           if
           :: victim != NO_FRAME -> evict(); MAY_DIE
           :: victim == NO_FRAME
           fi;
           if
           :: t != NOBODY && later -> d_step { defer(); forget() }
           :: t != NOBODY && !later -> decide()
           :: t == NOBODY -> later = false
           fi;
           if
           :: t == NOBODY -> forget(); goto end
           :: t != NOBODY -> MAY_DIE /* and the fault may end before it is answered */
           fi
       };
#if EXCHANGE
       atomic { answer() }; /* the threads go on, the pager waits for its next event, or dies */
       atomic { MAY_DIE; d_step { accepted(); forget() } }
#else
       atomic { answer(); d_step { accepted(); forget() } }
#endif
    :: !DUE && flight != NOTHING -> transfer_ends()
    :: d_step {
           CALM && request == R_ASKED -> check_state(); request = R_TAKEN;
           if
           :: request_key != op_key -> op_key = request_key; op = request_op
           :: else /* repeated: under way, or done */
           fi
       }
    :: atomic { CALM && op != OP_NONE -> op_step() }
    :: d_step { CALM && request == R_TAKEN && op == OP_NONE -> check_state(); request = R_ANSWERED }
    :: kills > 0 -> goto dead
    od;
dead:
    atomic { kills--; space_reset(); forget(); goto start }
}
