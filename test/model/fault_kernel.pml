/* SPDX-License-Identifier: MIT
 * Part of fault.pml: the kernel. One lock. A system call is one step, except that a shootdown waits for the other hart, with
 * the lock held. The pager runs on some hart, `me`.
 */

bool locked;

#define F_NONE 0
#define F_QUEUED 1
#define F_DELIVERED 2
byte fault[THREADS];      /* a thread's fault record */
bit fault_store[THREADS]; /* what it wanted: 1 to store */
byte fault_gen[THREADS];
#ifdef MUTANT_PTE_AT_TRAP
byte seen_frame[THREADS] = NO_FRAME;
byte seen_slot[THREADS] = NO_SLOT;
bit seen_w[THREADS];
#endif

/* ---- core/fault.c ---- */

/* If the table allows it by now, the entry cached here was old: forget it, repeat the access. */
inline fault_raise(e, s, store)
{
    if
    :: TABLE_ALLOWS(s, store) -> FLUSH(e)
    :: else ->
        fault[t] = F_QUEUED;
        fault_store[t] = store;
#ifdef MUTANT_PTE_AT_TRAP
        seen_frame[t] = pte_frame[s];
        seen_slot[t] = pte_slot[s];
        seen_w[t] = pte_w[s]
#endif
    fi
}

inline fault_end(x)
{
    fault[x] = F_NONE;
    fault_store[x] = 0;
    fault_gen[x] = (fault_gen[x] + 1) % GENS
}

/* An id ends here or with its answer, once. */
inline fault_drop(x)
{
    if
    :: fault[x] != F_NONE -> fault_end(x)
    :: else
    fi
}

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

/* ---- riscv/tlb.c ---- */

#define ACKNOWLEDGED (!asked[0] && !asked[1] && !asked[2] && !asked[3])

/* What the other hart has not cached it need not forget. */
inline shootdown(s)
{
    FLUSH(E(me, s));
    if
    :: tlb_frame[E(1 - me, s)] != NO_FRAME -> asked[E(1 - me, s)] = 1; locked = true
    :: else
    fi;
#ifdef MUTANT_FREE_BEFORE_ACK
    locked = false
#else
    ACKNOWLEDGED -> locked = false
#endif
}

/* ---- the pager's system calls; each inside of one atomic ---- */

#define ENTER !locked -> if :: me = 0 :: me = 1 fi
#define LEAVE me = 0

/* Here init may kill the pager. What it does between two such points is one step: nobody could tell. */
#if KILLS
#define MAY_DIE if :: kills > 0 -> goto dead :: true fi
#else
#define MAY_DIE skip
#endif

/* An entry that was absent is cached nowhere. One that names another frame is taken away, forgotten everywhere, and only then
 * put in place: else a thread could store to the new frame while another one still reads the old one. */
inline verdict_map(s, f, w)
{
    old = pte_frame[s];
    pte_slot[s] = NO_SLOT;
#ifdef MUTANT_MAKE_BEFORE_BREAK
    pte_frame[s] = f;
    pte_w[s] = w;
#else
    pte_frame[s] = NO_FRAME;
#endif
    if
    :: old == NO_FRAME -> FLUSH(E(me, s))
    :: else ->
#ifdef MUTANT_SKIP_SHOOTDOWN
        FLUSH(E(me, s))
#else
        shootdown(s)
#endif
    fi;
    pte_frame[s] = f;
    pte_w[s] = w;
    old = NO_FRAME
}

/* Other harts may keep their read-only copy; a store through it traps, and fault_raise forgets it. */
inline verdict_upgrade(s)
{
    assert(pte_frame[s] != NO_FRAME && !pte_w[s]); /* ERR_INVAL */
    pte_w[s] = 1;
    FLUSH(E(me, s))
}

#ifdef MUTANT_ACCEPT_STALE
#define ID_IS_GOOD true
#else
#define ID_IS_GOOD (fault[t] == F_DELIVERED && fault_gen[t] == id)
#endif

inline fault_finish()
{
    assert(fault[t] == F_DELIVERED && fault_gen[t] == id); /* the id's first answer, and nobody ended it before */
    fault_end(t)
}

inline space_unmap(s)
{
    old = pte_frame[s];
    pte_frame[s] = NO_FRAME;
    pte_w[s] = 0;
    pte_slot[s] = NO_SLOT;
    if
    :: old != NO_FRAME -> shootdown(s)
    :: else
    fi
}

inline space_protect(s)
{
    pte_w[s] = 0;
    shootdown(s)
}

inline space_soft(s, k)
{
    assert(pte_frame[s] == NO_FRAME);
    pte_slot[s] = k
}

/* SOFT_REPLACE: in one step the entry names the slot instead of the frame. */
inline space_soft_replace(s, k)
{
    assert(pte_frame[s] != NO_FRAME);
    pte_frame[s] = NO_FRAME;
    pte_w[s] = 0;
    pte_slot[s] = k;
    shootdown(s)
}

/* core/share.c, share_step: the parent loses W, the child gets the entry, and no hart may remember W when the call returns. */
inline space_share()
{
    bool lost;
    lost = pte_w[P];
    pte_w[P] = 0;
    pte_frame[C] = pte_frame[P];
    pte_w[C] = 0;
    if
#ifndef MUTANT_SKIP_FORK_FLUSH
    :: lost -> lost = false; shootdown(P)
#endif
    :: else
    fi;
    lost = false
}
