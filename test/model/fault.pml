/* SPDX-License-Identifier: MIT
 * The fault protocol as a model for Spin: what the kernel, the pager, two harts, the store and the programs do to one page,
 * in every order in which they can do it. Docs: docs/model.md. Runs with `scons model`.
 *
 * The story. A parent, space P with two threads, has one page. procmgr forks it: space C with one thread gets the same
 * frame, copy-on-write. All of them load and store, on any hart. The page may leave for the store and come back, at any
 * moment, shared or not. Then the child is ended, and there may be a second fork. The pager can be killed between any two of
 * its steps. Nobody does anything for ever, so a run ends; where it ends without everybody being through, somebody hangs, and
 * pan says so ("invalid end state").
 *
 * This file has the world: tables, harts, threads, procmgr. fault_kernel.pml has the kernel, fault_pager.pml the
 * pager, fault_store.pml eviction and the way back. None of them must contain what has no influence on who sees what in the
 * page. A seeded mistake is an `#ifdef MUTANT_NAME` (tools/model.py lists them); pan must find each.
 */

/* ---- sizes: what a run may do at most ---- */

#ifndef ACCESSES
#define ACCESSES 1 /* successful loads and stores of each thread in its life */
#endif
#ifndef FORKS
#define FORKS 1
#endif
#ifndef KILLS
#define KILLS 1 /* deaths of the pager */
#endif
#ifndef EVICTIONS
#define EVICTIONS 0 /* times that the pager makes a page leave, or only cleans it */
#endif
#ifndef DELAYS
#define DELAYS 0 /* 1: transfers to and from the store may end later, and others are served meanwhile */
#endif
#ifndef SLOTS
#define SLOTS 2 /* 1 or 2 */
#endif
#ifndef EXCHANGE
#define EXCHANGE 0 /* 1: a page that one entry maps leaves with its frame and comes back with it; without DELAYS */
#endif
#ifndef MOVES
#define MOVES 1 /* 1: a thread goes on at any hart; 0: the parent's on 0 and 1, the child's on 1 */
#endif
#define FRAMES (3 + SLOTS) /* each slot has one of them at any moment */
#define THREADS 3
#define GENS 2 /* generations of a fault id before they repeat; 2^31 in the kernel */

#define NO_FRAME FRAMES
#define NO_SLOT SLOTS
#define NOBODY THREADS
#define P 0 /* the parent's space; threads 0 and 1 */
#define C 1 /* the child's; thread 2 */
#define CHILD 2
#define SPACE_OF(t) ((t) / 2)

/* ---- memory. All that matters of the bytes in a frame is whose page they are right for now, a bit a space. A store
 * makes its frame right for the storing space, and everything else wrong for it ---- */

#define RIGHT(s) (1 << (s))
#define JUNK 0
byte content[FRAMES] = JUNK;
byte store_frame[SLOTS]; /* the ledger's: which frame a slot has. Its bytes are there */
#define IN_SLOT(k) content[store_frame[k]]
#define IS_SLOTS(f) (store_frame[0] == f || store_frame[SLOTS - 1] == f)
bool zeros[2] = true; /* the space's page was never stored to: zeros are right */
#define ZEROS (zeros[P] + 2 * zeros[C])

/* One page-table entry a space. The page may be written by the program always, so an entry without W is copy-on-write. An
 * entry without a frame may name a slot of the store. */
byte pte_frame[2] = NO_FRAME;
bit pte_w[2];
byte pte_slot[2] = NO_SLOT;

/* What hart h has cached of the entry of space s: a copy, which stays until somebody flushes it. */
#define E(h, s) ((h) * 2 + (s))
byte tlb_frame[4] = NO_FRAME;
bit tlb_w[4];
bit asked[4]; /* hart h is asked to forget it; it answers by clearing this */

#define FLUSH(e)        \
    tlb_frame[e] = NO_FRAME; \
    tlb_w[e] = 0
#define CACHED(f) (tlb_frame[0] == f || tlb_frame[1] == f || tlb_frame[2] == f || tlb_frame[3] == f)
#define CACHED_ALLOWS(e, store) (tlb_frame[e] != NO_FRAME && (tlb_w[e] || !store))
#define TABLE_ALLOWS(s, store) (pte_frame[s] != NO_FRAME && (pte_w[s] || !store))
#define GOES_THROUGH(e, s, store) (CACHED_ALLOWS(e, store) || (tlb_frame[e] == NO_FRAME && TABLE_ALLOWS(s, store)))
#define MAPPINGS(f) ((pte_frame[P] == f) + (pte_frame[C] == f))
#define NAMES(k) ((pte_slot[P] == k) + (pte_slot[C] == k))

/* ---- threads and requests ---- */

bool alive[THREADS];
byte left[THREADS]; /* accesses still to make */

#define R_NONE 0
#define R_ASKED 1
#define R_TAKEN 2
#define R_ANSWERED 3
#define OP_NONE 0
#define OP_FORK 1
#define OP_CLEAR 2
byte request = R_NONE; /* procmgr's to the pager */
byte request_op;
bit request_key; /* tells a repeated request from a new one */

byte kills = KILLS;

byte i, f, k; /* only inside of one step */

/* ---- what must hold ---- */

/* A load or store through a cached entry of space s finds what the space last stored. No store is seen by another program
 * (the child is one from the moment it runs), none gets lost in a frame that the page has left; and an entry may be out of
 * date only while the one who changed the table is still in the kernel. */
#if EXCHANGE
#define LEAVES_WITH(f, s) (pte_slot[s] != NO_SLOT && store_frame[pte_slot[s]] == f) /* what is stored last goes with it */
#else
#define LEAVES_WITH(f, s) false
#endif
#define OTHER_SEES(f, s) (pte_frame[1 - (s)] == f && ((s) == C || alive[CHILD]))
inline check_access(e, s, store)
{
    assert(content[tlb_frame[e]] & RIGHT(s));
    assert(tlb_frame[e] == pte_frame[s] || locked);
    assert(!store || tlb_frame[e] == pte_frame[s] || LEAVES_WITH(tlb_frame[e], s));
    assert(!store || !OTHER_SEES(tlb_frame[e], s))
}

/* Wherever a space's page is, it is the right one. */
inline check_page(s)
{
    assert(pte_frame[s] == NO_FRAME || (pte_slot[s] == NO_SLOT && (content[pte_frame[s]] & RIGHT(s))));
    assert(pte_slot[s] == NO_SLOT || (IN_SLOT(pte_slot[s]) & RIGHT(s)));
    assert(pte_frame[s] != NO_FRAME || pte_slot[s] != NO_SLOT || zeros[s])
}

#include "fault_kernel.pml"

/* ---- the harts: each acknowledges when it is asked, whatever it runs (how: smp.pml) ---- */

proctype Harts()
{
end:
    do
    :: d_step { asked[0] -> FLUSH(0); asked[0] = 0 }
    :: d_step { asked[1] -> FLUSH(1); asked[1] = 0 }
    :: d_step { asked[2] -> FLUSH(2); asked[2] = 0 }
    :: d_step { asked[3] -> FLUSH(3); asked[3] = 0 }
    od
}

/* ---- a program's thread. It may go on at another hart at any time, so each access picks one ---- */

inline stored(s)
{
    for (i : 0 .. FRAMES - 1) { content[i] = content[i] & RIGHT(1 - s) }
    i = 0;
    zeros[s] = false
}


/* The hart's access: the cached entry, or else the one in the table, which is cached by that. Otherwise a trap, which waits
 * for the kernel's lock. */
inline access(e, s, store)
{
    if
    :: GOES_THROUGH(e, s, store) ->
        if
        :: tlb_frame[e] == NO_FRAME -> tlb_frame[e] = pte_frame[s]; tlb_w[e] = pte_w[s]
        :: else
        fi;
        check_access(e, s, store);
        left[t]--;
        if
        :: store ->
            stored(s);
            content[tlb_frame[e]] = RIGHT(s)
        :: else
        fi
    :: else -> fault_raise(e, s, store)
    fi
}

#define READY (alive[t] && fault[t] == F_NONE && left[t])
#define MAY(h, store) (READY && (MOVES || (t > 0) == h) && (!locked || GOES_THROUGH(E(h, SPACE_OF(t)), SPACE_OF(t), store)))
inline some_access()
{
    if
    :: d_step { MAY(0, 0) -> access(E(0, SPACE_OF(t)), SPACE_OF(t), 0) }
    :: d_step { MAY(0, 1) -> access(E(0, SPACE_OF(t)), SPACE_OF(t), 1) }
    :: d_step { MAY(1, 0) -> access(E(1, SPACE_OF(t)), SPACE_OF(t), 0) }
    :: d_step { MAY(1, 1) -> access(E(1, SPACE_OF(t)), SPACE_OF(t), 1) }
    fi
}

proctype Thread(byte t)
{
end_not_waiting: /* not born yet, through, dead, or about to go on */
    do
    :: atomic { some_access(); if :: fault[t] != F_NONE -> break :: fault[t] == F_NONE fi }
    od;
faulted: /* a run that ends here ends with somebody who hangs */
    do
    :: atomic { some_access(); if :: fault[t] == F_NONE -> goto end_not_waiting :: fault[t] != F_NONE fi }
    :: !alive[t] -> goto end_not_waiting
    od
}

#include "fault_pager.pml"

/* ---- procmgr: forks, starts the child, ends it at any time, or when it is through ---- */

inline ask(what) { request = R_ASKED; request_op = what; request_key = 1 - request_key }
inline answered() { request == R_ANSWERED -> request = R_NONE; request_op = OP_NONE }

proctype Procmgr()
{
    byte forks = FORKS;
    bool patient;
    do
    :: d_step { forks > 0 -> forks--; ask(OP_FORK) };
       d_step { answered() };
       atomic {
           !locked -> alive[CHILD] = true;
           left[CHILD] = ACCESSES;
           if
           :: patient = true
           :: patient = false
           fi
       };
       d_step {
           !locked && (!patient || (left[CHILD] == 0 && fault[CHILD] == F_NONE)) ->
           alive[CHILD] = false;
           left[CHILD] = 0;
           patient = false;
           fault_drop(CHILD);
           ask(OP_CLEAR)
       };
       d_step { answered() }
    :: forks == 0 -> break
    od
}

init
{
    d_step {
        store_frame[0] = 3;
        store_frame[SLOTS - 1] = 2 + SLOTS;
        alive[0] = true;
        alive[1] = true;
        left[0] = ACCESSES;
        left[1] = ACCESSES
    };
    atomic {
        run Harts(); run Thread(0); run Thread(1); run Thread(CHILD); run Procmgr(); run Pager()
    }
}
