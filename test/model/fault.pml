/* SPDX-License-Identifier: MIT
 * The fault protocol as a model for Spin: what the kernel, the pager, two harts and the programs do to one page, in every
 * order in which they can do it. Docs: docs/model.md. Runs with `scons model`.
 *
 * The story. A parent, space P with two threads, has one page. procmgr forks it: space C with one thread gets the same
 * frame, copy-on-write. All of them load and store, on any hart. Then the child is ended, and there may be a second fork. The
 * pager can be killed between any two of its steps. Nobody does anything for ever, so a run ends; where it ends without
 * everybody being through, somebody hangs, and pan says so ("invalid end state").
 *
 * This file owns the protocol, not the data structures: it must never contain what has no influence on who sees which
 * frame. A seeded mistake is an `#ifdef MUTANT_NAME` (tools/model.py lists them); pan must find each.
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
#define FRAMES 3
#define THREADS 3
#define GENS 2 /* generations of a fault id before they repeat; 2^31 in the kernel */

#define NO_FRAME FRAMES
#define P 0 /* the parent's space; threads 0 and 1 */
#define C 1 /* the child's; thread 2 */
#define CHILD 2
#define SPACE_OF(t) ((t) / 2)

/* ---- the hardware ---- */

/* One page-table entry a space. The page may be written by the program always, so an entry without W is copy-on-write. */
byte pte_frame[2] = NO_FRAME;
bit pte_w[2];

/* What hart h has cached of the entry of space s: a copy, which stays until somebody flushes it. */
#define E(h, s) ((h) * 2 + (s))
byte tlb_frame[4] = NO_FRAME;
bit tlb_w[4];

/* Hart h is asked to forget its copy for space s; it answers by clearing this. */
bit asked[4];

#define FLUSH(e)        \
    tlb_frame[e] = NO_FRAME; \
    tlb_w[e] = 0
#define CACHED(f) (tlb_frame[0] == f || tlb_frame[1] == f || tlb_frame[2] == f || tlb_frame[3] == f)
#define MAPPINGS(f) ((pte_frame[P] == f) + (pte_frame[C] == f))

/* ---- the kernel ---- */

/* One lock. A trap or a system call is one step, except that a shootdown waits for the other hart, with the lock held. */
bool locked;

/* A thread's fault record. TRAPPED: in the trap, waiting for the lock. */
#define F_NONE 0
#define F_TRAPPED 1
#define F_QUEUED 2
#define F_DELIVERED 3
byte fault[THREADS];
bit fault_store[THREADS]; /* what it wanted: 1 to store */
bit fault_hart[THREADS];  /* where it trapped */
byte fault_gen[THREADS];
#ifdef MUTANT_PTE_AT_TRAP
byte seen_frame[THREADS] = NO_FRAME;
bit seen_w[THREADS];
#endif

bool alive[THREADS];
byte left[THREADS]; /* accesses still to make */

/* ---- procmgr's request to the pager ---- */

#define R_NONE 0
#define R_ASKED 1
#define R_TAKEN 2
#define R_ANSWERED 3
#define OP_NONE 0
#define OP_FORK 1
#define OP_CLEAR 2
byte request = R_NONE;
byte request_op;
bit request_key; /* tells a repeated request from a new one */

/* ---- the pager's ledger: what outlives it ---- */

byte refs[FRAMES]; /* 0: free */
byte op = OP_NONE; /* the intent */
bit op_key;
bool op_clean; /* a fork that was cut off: the child is to be emptied first */

bool killed;
byte kills = KILLS;

/* ---- what must hold ---- */

/* A load or store through a cached entry of space s. No store is seen by another program (the child is one from the moment
 * it runs), none gets lost in a frame that the page has left; and an entry may be out of date only while the one who
 * changed the table is still in the kernel. */
#define OTHER_SEES(f, s) (pte_frame[1 - (s)] == f && ((s) == C || alive[CHILD]))
inline check_access(e, s, store)
{
    assert(tlb_frame[e] == pte_frame[s] || locked);
    assert(!store || tlb_frame[e] == pte_frame[s]);
    assert(!store || !OTHER_SEES(tlb_frame[e], s));
}

/* Between two events the pager's counts are right, and what is free is cached nowhere. */
inline check_counts()
{
    assert(refs[0] == MAPPINGS(0) && refs[1] == MAPPINGS(1) && refs[2] == MAPPINGS(2));
    assert(refs[0] || !CACHED(0));
    assert(refs[1] || !CACHED(1));
    assert(refs[2] || !CACHED(2));
}

/* ---- the harts: each acknowledges when it is asked, whatever it runs, even while it waits for the lock ---- */

#ifdef MUTANT_LOCK_BLOCKS_ACK
#define WAITS(h) ((fault[0] == F_TRAPPED && fault_hart[0] == h) || (fault[1] == F_TRAPPED && fault_hart[1] == h) || \
                  (fault[2] == F_TRAPPED && fault_hart[2] == h))
#else
#define WAITS(h) false
#endif

proctype Hart(bit h)
{
end:
    do
    :: d_step { asked[E(h, P)] && !WAITS(h) -> FLUSH(E(h, P)); asked[E(h, P)] = 0 }
    :: d_step { asked[E(h, C)] && !WAITS(h) -> FLUSH(E(h, C)); asked[E(h, C)] = 0 }
    od
}

/* ---- a program's thread. It may go on at another hart at any time, so each access picks one ---- */

/* The hart's access: the cached entry, or else the one in the table, which is cached by that. */
inline access(t, s, h, store)
{
    if
    :: tlb_frame[E(h, s)] == NO_FRAME -> tlb_frame[E(h, s)] = pte_frame[s]; tlb_w[E(h, s)] = pte_w[s]
    :: else
    fi;
    if
    :: tlb_frame[E(h, s)] != NO_FRAME && (tlb_w[E(h, s)] || !store) ->
        check_access(E(h, s), s, store);
        left[t]--
    :: else ->
        fault[t] = F_TRAPPED;
        fault_store[t] = store;
        fault_hart[t] = h
    fi
}

/* core/fault.c, fault_raise. If the table allows it by now, the entry cached here was old: forget it, repeat the access. */
inline fault_raise(t, s)
{
    if
    :: pte_frame[s] != NO_FRAME && (pte_w[s] || !fault_store[t]) ->
        FLUSH(E(fault_hart[t], s));
        fault[t] = F_NONE;
        fault_store[t] = 0
    :: else ->
        fault[t] = F_QUEUED;
#ifdef MUTANT_PTE_AT_TRAP
        seen_frame[t] = pte_frame[s];
        seen_w[t] = pte_w[s]
#endif
    fi;
    fault_hart[t] = 0
}

proctype Thread(byte t)
{
#define READY (alive[t] && fault[t] == F_NONE && left[t])
end_dead: /* not born yet, or dead */
    alive[t];
    do
    :: !alive[t] -> goto end_dead
    :: d_step { READY -> access(t, SPACE_OF(t), 0, 0) }
    :: d_step { READY -> access(t, SPACE_OF(t), 0, 1) }
    :: d_step { READY -> access(t, SPACE_OF(t), 1, 0) }
    :: d_step { READY -> access(t, SPACE_OF(t), 1, 1) }
    :: d_step { fault[t] == F_TRAPPED && !locked -> fault_raise(t, SPACE_OF(t)) }
    :: alive[t] && fault[t] == F_NONE && !left[t] -> break
    od;
end_through:
    (!alive[t] || left[t]) -> goto end_dead /* dead, or in its next life by now */
}

/* core/fault.c, fault_drop: an id ends here or in fault_finish, once. */
inline fault_drop(t)
{
    if
    :: fault[t] >= F_QUEUED -> fault_gen[t] = (fault_gen[t] + 1) % GENS
    :: else
    fi;
    fault[t] = F_NONE;
    fault_store[t] = 0;
    fault_hart[t] = 0
}

/* ---- procmgr: forks, starts the child, ends it at any time, or when it is through ---- */

inline ask(what)
{
    d_step { request = R_ASKED; request_op = what; request_key = 1 - request_key };
    d_step { request == R_ANSWERED -> request = R_NONE; request_op = OP_NONE }
}

proctype Procmgr()
{
    byte forks = FORKS;
    bool patient;
    do
    :: forks > 0 ->
        forks--;
        ask(OP_FORK);
        if
        :: patient = true
        :: patient = false
        fi;
        d_step { !locked -> alive[CHILD] = true; left[CHILD] = ACCESSES };
        d_step {
            !locked && (!patient || (left[CHILD] == 0 && fault[CHILD] == F_NONE)) ->
            alive[CHILD] = false;
            left[CHILD] = 0;
            patient = false;
            fault_drop(CHILD)
        };
        ask(OP_CLEAR)
    :: else -> break
    od
}

/* ---- init: kills the pager between any two of its steps, then core's space_reset ---- */

inline space_reset()
{
    for (i : 0 .. THREADS - 1) {
        if
        :: fault[i] == F_DELIVERED ->
#ifndef MUTANT_FORGET_REQUEUE
            fault[i] = F_QUEUED; /* with a new id */
#endif
            fault_gen[i] = (fault_gen[i] + 1) % GENS
        :: else
        fi
    }
    i = 0;
    if
    :: request == R_TAKEN -> request = R_ASKED /* ERR_PEER_DEAD; the client sends it again */
    :: else
    fi
}

init
{
    byte i;
    d_step {
        alive[0] = true;
        alive[1] = true;
        left[0] = ACCESSES;
        left[1] = ACCESSES
    };
    atomic {
        run Hart(0); run Hart(1); run Thread(0); run Thread(1); run Thread(CHILD); run Procmgr(); run Pager()
    };
end:
    do
    :: d_step { kills > 0 && !killed && !locked -> kills--; killed = true; space_reset() }
    od
}

/* ---- system calls of the pager. It runs on some hart, `me`; nothing kills it while it holds the kernel's lock ---- */

inline enter() { atomic { !locked -> locked = true; if :: me = 0 :: me = 1 fi } }
inline leave() { d_step { locked = false; me = 0 } }

/* riscv/tlb.c. Done when the other hart has acknowledged. */
inline shootdown(s)
{
    d_step { FLUSH(E(me, s)); asked[E(1 - me, s)] = 1 };
#ifndef MUTANT_FREE_BEFORE_ACK
    !asked[E(1 - me, s)]
#endif
}

inline fault_finish()
{
    d_step {
        assert(fault[t] == F_DELIVERED && fault_gen[t] == id); /* the id's first answer, and nobody ended it before */
        fault[t] = F_NONE;
        fault_store[t] = 0;
        fault_gen[t] = (fault_gen[t] + 1) % GENS;
        locked = false;
        me = 0
    }
}

#ifdef MUTANT_ACCEPT_STALE
#define ID_IS_GOOD true
#else
#define ID_IS_GOOD (fault[t] == F_DELIVERED && fault_gen[t] == id)
#endif

/* verdict_map: an entry that was absent is cached nowhere; one that is replaced must be forgotten everywhere. */
inline reply_map()
{
    enter();
    if
    :: ID_IS_GOOD ->
        d_step { old = pte_frame[SPACE_OF(t)]; pte_frame[SPACE_OF(t)] = fresh; pte_w[SPACE_OF(t)] = 1 };
        if
        :: old == NO_FRAME -> d_step { FLUSH(E(me, SPACE_OF(t))) }
        :: else ->
#ifdef MUTANT_SKIP_SHOOTDOWN
            d_step { FLUSH(E(me, SPACE_OF(t))) }
#else
            shootdown(SPACE_OF(t))
#endif
        fi;
        fault_finish()
    :: else -> stale = true; leave()
    fi
}

/* verdict_upgrade: other harts may keep their read-only copy; a store through it traps, and fault_raise forgets it. */
inline reply_upgrade()
{
    enter();
    if
    :: ID_IS_GOOD ->
        assert(pte_frame[SPACE_OF(t)] != NO_FRAME && !pte_w[SPACE_OF(t)]); /* ERR_INVAL */
        d_step { pte_w[SPACE_OF(t)] = 1; FLUSH(E(me, SPACE_OF(t))) };
        fault_finish()
    :: else -> stale = true; leave()
    fi
}

inline reply_retry()
{
    enter();
    if
    :: ID_IS_GOOD -> fault_finish()
    :: else -> stale = true; leave()
    fi
}

inline space_unmap(s)
{
    enter();
    d_step { old = pte_frame[s]; pte_frame[s] = NO_FRAME; pte_w[s] = 0 };
    if
    :: old != NO_FRAME -> shootdown(s)
    :: else
    fi;
    leave()
}

/* core/map.c, share_step: the parent loses W, the child gets the entry, and no hart may remember W when the call returns. */
inline space_share()
{
    bool lost;
    enter();
    d_step {
        lost = pte_w[P];
        pte_w[P] = 0;
        pte_frame[C] = pte_frame[P];
        pte_w[C] = 0
    };
    if
#ifndef MUTANT_SKIP_FORK_FLUSH
    :: lost -> lost = false; shootdown(P)
#endif
    :: else
    fi;
    leave()
}

/* ---- the pager ---- */

inline frame_alloc(f)
{
    d_step {
        f = 0;
        do
        :: f < FRAMES && refs[f] -> f++
        :: else -> break
        od;
        assert(f < FRAMES && !CACHED(f) && !MAPPINGS(f)); /* nobody can still reach what is given out anew */
        refs[f] = 1
    }
}

inline frame_drop(f)
{
    d_step { assert(refs[f] > 0); refs[f]--; assert(refs[f] || !CACHED(f)) }
}

#ifdef MUTANT_UPGRADE_SHARED
#define SOLE(f) true
#else
#define SOLE(f) (refs[f] == 1)
#endif

/* fault.c: the decision table. The message says what the entry was when it was delivered. */
inline on_fault()
{
    if
    :: msg_frame == NO_FRAME -> /* absent: a fresh page of zeros */
        frame_alloc(fresh);
        reply_map();
        if
        :: stale -> frame_drop(fresh)
        :: else
        fi
    :: msg_frame != NO_FRAME && (msg_w || !msg_store) -> /* another thread was faster */
        reply_retry()
    :: msg_frame != NO_FRAME && !msg_w && msg_store && SOLE(msg_frame) ->
        reply_upgrade()
    :: else -> /* cow.c: copy, and one reference of the old frame goes; then the answer */
        frame_alloc(fresh);
        frame_drop(msg_frame);
        reply_map();
        if
        :: stale -> frame_drop(fresh); d_step { refs[msg_frame]++ } /* fault_undo */
        :: else
        fi
    fi;
    forget()
}

inline forget()
{
    d_step { t = 0; id = 0; msg_frame = NO_FRAME; msg_w = 0; msg_store = 0; fresh = NO_FRAME; old = NO_FRAME;
             stale = false; me = 0 }
}

inline deliver(who)
{
    t = who;
    fault[t] = F_DELIVERED;
    id = fault_gen[t];
    msg_store = fault_store[t];
#ifdef MUTANT_PTE_AT_TRAP
    msg_frame = seen_frame[t];
    msg_w = seen_w[t]
#else
    msg_frame = pte_frame[SPACE_OF(t)];
    msg_w = pte_w[SPACE_OF(t)]
#endif
}

inline empty_child()
{
    space_unmap(C);
    if
    :: old != NO_FRAME -> frame_drop(old)
    :: else
    fi;
    forget()
}

/* step.c: one step of the operation. Between steps faults are served. */
inline op_step()
{
    if
    :: op_clean -> empty_child(); op_clean = false
    :: !op_clean && op == OP_CLEAR -> empty_child(); op = OP_NONE
    :: !op_clean && op == OP_FORK ->
        space_share();
        if
        :: pte_frame[C] != NO_FRAME -> d_step { refs[pte_frame[C]]++ } /* fork/cow.c, count_shared */
        :: else
        fi;
        op = OP_NONE
    fi
}

/* recover.c: tables are the truth. Then the operation that was cut off goes on: a fork from its start. */
inline recover()
{
    d_step {
#ifndef MUTANT_COUNTS_NOT_REBUILT
        refs[0] = MAPPINGS(0);
        refs[1] = MAPPINGS(1);
        refs[2] = MAPPINGS(2);
#endif
        op_clean = (op == OP_FORK)
    }
}

#define QUEUED(who) (fault[who] == F_QUEUED && !locked)

proctype Pager()
{
    byte t, id, msg_frame = NO_FRAME, fresh = NO_FRAME, old = NO_FRAME;
    bit msg_w, msg_store, me;
    bool stale;
start:
    {
        recover();
end:
        do
        :: d_step { QUEUED(0) -> check_counts(); deliver(0) }; on_fault()
        :: d_step { QUEUED(1) -> check_counts(); deliver(1) }; on_fault()
        :: d_step { QUEUED(2) -> check_counts(); deliver(2) }; on_fault()
        :: d_step {
               request == R_ASKED && !locked -> check_counts(); request = R_TAKEN;
               if
               :: request_key != op_key -> op_key = request_key; op = request_op
               :: else /* repeated: under way, or done */
               fi
           }
        :: op != OP_NONE -> op_step()
        :: d_step { request == R_TAKEN && op == OP_NONE && !locked -> check_counts(); request = R_ANSWERED }
        od
    } unless { killed };
    d_step { killed = false; t = 0; id = 0; msg_frame = NO_FRAME; msg_w = 0; msg_store = 0; fresh = NO_FRAME; old = NO_FRAME;
             stale = false; me = 0 };
    goto start
}
