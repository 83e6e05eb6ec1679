/* SPDX-License-Identifier: MIT
 * Harts as a model for Spin: one kernel lock, mailboxes with acknowledgement, cached translations, address-space numbers,
 * threads that are stopped, started and moved by another hart. Docs: docs/model.md. Runs with `scons model`.
 *
 * The story. Two harts, two spaces A and B, three threads (two of A, one of B). Each thread runs, calls the kernel for
 * anything that concerns another hart, gives up the hart, or loops quietly for ever. There is no last step: pan visits every
 * state that any sequence of calls can reach. A state from which nothing moves, with a hart that waits for another one, is
 * a deadlock ("invalid end state").
 *
 * This file owns what harts do to each other; which frame holds which page is fault.pml's. It must never contain what one
 * hart alone would do the same way. A seeded mistake is an `#ifdef MUTANT_NAME` (tools/model.py lists them).
 */

#ifndef HARTS
#define HARTS 2
#endif
#define SPACES 2
#define THREADS 3
#define ASIDS HARTS /* the fewest that a roll-over can work with */
#ifndef CANCEL
#define CANCEL 1 /* threads stop, start and move each other; 0: they only yield */
#endif
#ifndef RENEW
#define RENEW 1 /* a space without running threads ends and another begins in its place, without an ASID: hence roll-overs */
#endif

#define SPACE_OF(t) ((t) & 1) /* threads 0 and 2: A, thread 1: B */
#define NOBODY THREADS
#define NO_HART HARTS
#define NO_SPACE SPACES /* satp has the kernel's own tables */

/* ---- memory: one page a space. Its entry names a frame; remapping changes it to the other one ---- */

bit pte[SPACES];

/* ---- a hart's registers ---- */

byte satp_space[HARTS] = NO_SPACE;
byte satp_asid[HARTS]; /* 0 with the kernel's tables */
bool ipi[HARTS];       /* an inter-processor interrupt is pending; cleared only by the trap that it makes */
bool kicked[HARTS];    /* one is on its way that asks to look at the run queue: no need for a second */
bool asleep[HARTS];    /* in wfi */

/* What hart h has cached under ASID a (1..): which space's entry, and the frame in it. */
#define T(h, a) ((h) * ASIDS + (a) - 1)
#define EMPTY 0
#define ENTRY(s) (1 + 2 * (s) + pte[s])
byte tlb[HARTS * ASIDS] = EMPTY;

/* ---- the kernel ---- */

byte lock = NO_HART;
byte current[HARTS] = NOBODY;

/* What the one who has the lock wants of hart h; it waits until all are 0 again. */
#define ENTER 1  /* be in the kernel, with the registers of your thread saved */
#define FLUSH 2  /* forget the translations of the space in satp */
#define RELOAD 3 /* that space has a new ASID: put it into satp, forget everything */
#define LEAVE 4  /* that space ends: take the kernel's tables */
byte mail[HARTS];

#define STOPPED 0
#define READY 1
#define RUNNING 2
byte state[THREADS] = READY;
byte where[THREADS];             /* the hart it belongs to */
byte registers[THREADS] = NO_HART; /* the hart that has them, or is just loading or saving them; else its control block */

/* Address-space numbers. `fresh`: the number is of this generation. */
byte asid[SPACES];
bool fresh[SPACES];
byte next_asid = ASIDS; /* a generation that is nearly used up: the second space begins a new one */
#define AT(s, h) ((s) * HARTS + (h))
bool has[SPACES * HARTS];   /* hart may have translations of the space ... */
bool stale[SPACES * HARTS]; /* ... and must forget them before it puts the space into satp again */

#define ALL_ANSWERED (mail[0] == 0 && mail[1] == 0 && mail[HARTS - 1] == 0)

/* ---- what must hold ---- */

/* The program's next instruction, any load or store. */
inline check_user()
{
    assert(satp_space[h] == SPACE_OF(t));
    assert(tlb[T(h, satp_asid[h])] == EMPTY || tlb[T(h, satp_asid[h])] == ENTRY(SPACE_OF(t)) || mail[h] == FLUSH);
    assert((current[h] == t && state[t] == RUNNING && where[t] == h) || mail[h] == ENTER);
}

/* ---- the hardware: fetches a translation for what is in satp whenever it likes; sees sleepers that nobody wakes ---- */

proctype Hardware(byte h)
{
end:
    do
    :: d_step { satp_space[h] != NO_SPACE && tlb[T(h, satp_asid[h])] == EMPTY ->
                tlb[T(h, satp_asid[h])] = ENTRY(satp_space[h]) }
    :: d_step { asleep[h] && !ipi[h] && lock == NO_HART &&
                ((state[0] == READY && where[0] == h) || (state[1] == READY && where[1] == h) ||
                 (state[2] == READY && where[2] == h)) -> assert(false) } /* a thread is ready, its hart sleeps */
    od
}

inline flush_all()
{
    for (i : T(h, 1) .. T(h, ASIDS)) { tlb[i] = EMPTY }
    i = 0
}

/* ---- acknowledging: in the trap, after the registers are saved; while it waits for the lock ---- */

inline acknowledge()
{
    if
    :: d_step { mail[h] == FLUSH -> tlb[T(h, satp_asid[h])] = EMPTY; mail[h] = 0 }
    :: d_step { mail[h] == LEAVE -> satp_space[h] = NO_SPACE; satp_asid[h] = 0; mail[h] = 0 }
    :: d_step { mail[h] == ENTER -> mail[h] = 0 }
#ifdef MUTANT_FLUSH_BEFORE_RELOAD
    :: d_step { mail[h] == RELOAD -> flush_all() };
       d_step { satp_asid[h] = (satp_space[h] == NO_SPACE -> 0 : asid[satp_space[h]]); mail[h] = 0 }
#else
    :: d_step { mail[h] == RELOAD -> satp_asid[h] = (satp_space[h] == NO_SPACE -> 0 : asid[satp_space[h]]) };
       d_step { flush_all(); mail[h] = 0 }
#endif
    fi
}

/* ---- asking other harts, with the lock held ---- */

inline ask(g, what) { mail[g] = what; ipi[g] = true }
inline wait_for_all() { ALL_ANSWERED }

#ifdef MUTANT_ASK_BY_CURRENT
#define ASKED(s, g) (current[g] != NOBODY && SPACE_OF(current[g]) == s)
#else
#define ASKED(s, g) (satp_space[g] == s)
#endif

/* An entry of space s changed. Whoever has s in satp is asked; whoever merely has old translations is marked. */
inline shootdown(s)
{
    d_step {
        g = 0;
        do
        :: g < HARTS && g != h && has[AT(s, g)] && ASKED(s, g) -> ask(g, FLUSH); g++
        :: g < HARTS && g != h && has[AT(s, g)] && !ASKED(s, g) ->
            has[AT(s, g)] = false;
#ifndef MUTANT_STALE_DROPPED
            stale[AT(s, g)] = true;
#endif
            g++
        :: g < HARTS && (g == h || !has[AT(s, g)]) -> g++
        :: else -> break
        od;
        g = 0;
        if
        :: fresh[s] && has[AT(s, h)] -> tlb[T(h, asid[s])] = EMPTY
        :: else
        fi
    };
    wait_for_all()
}

/* The call returns the frame that the page had to whoever wants it. */
inline remap(s)
{
#ifdef MUTANT_FLUSH_FIRST
    shootdown(s);
    d_step { pte[s] = 1 - pte[s] }
#else
    atomic { pte[s] = 1 - pte[s]; shootdown(s) }
#endif
}

/* Thread x stops, wherever it runs. */
inline cancel(x)
{
    if
    :: state[x] == RUNNING && where[x] != h ->
#ifdef MUTANT_CANCEL_WITHOUT_WAITING
        ipi[where[x]] = true;
#else
        d_step { ask(where[x], ENTER) };
        wait_for_all();
#endif
        d_step { current[where[x]] = NOBODY; state[x] = STOPPED }
    :: state[x] == RUNNING && where[x] == h -> d_step { current[h] = NOBODY; state[x] = STOPPED }
    :: else -> state[x] = STOPPED
    fi
}

/* Thread x begins anew on hart to. Its registers are written. */
inline start(x, to)
{
    cancel(x);
    d_step {
        assert(registers[x] == NO_HART);
        where[x] = to;
        state[x] = READY;
        if
#ifndef MUTANT_NO_WAKE_UP
        :: to != h && !kicked[to] -> kicked[to] = true; ipi[to] = true
#endif
        :: else
        fi
    }
}

/* The space ends: its tables are given back. Another one takes its place in the model. */
inline renew(s)
{
    d_step {
        g = 0;
#ifndef MUTANT_END_IN_SATP
        do
        :: g < HARTS && g != h && satp_space[g] == s -> ask(g, LEAVE); g++
        :: g < HARTS && g == h && satp_space[g] == s -> satp_space[h] = NO_SPACE; satp_asid[h] = 0; g++
        :: g < HARTS && satp_space[g] != s -> g++
        :: else -> break
        od;
        g = 0
#endif
    };
    wait_for_all();
    d_step {
        assert(satp_space[0] != s && satp_space[1] != s && satp_space[HARTS - 1] != s);
        pte[s] = 1 - pte[s];
        fresh[s] = false;
        asid[s] = 0;
        for (g : 0 .. HARTS - 1) { has[AT(s, g)] = false; stale[AT(s, g)] = false }
        g = 0
    }
}

/* ---- putting a space into satp ---- */

/* A new generation. Harts that are in a space go on in it: it gets a new number at once. */
inline roll_over()
{
    d_step {
        next_asid = 1;
        for (g : 0 .. SPACES - 1) { fresh[g] = false; asid[g] = 0 }
        for (g : 0 .. SPACES * HARTS - 1) { has[g] = false; stale[g] = false }
        g = 0;
        do
        :: g < HARTS && g != h ->
            if
            :: satp_space[g] != NO_SPACE && !fresh[satp_space[g]] ->
                asid[satp_space[g]] = next_asid;
                fresh[satp_space[g]] = true;
                next_asid++
            :: else
            fi;
            if
            :: satp_space[g] != NO_SPACE -> has[AT(satp_space[g], g)] = true
            :: else
            fi;
#ifndef MUTANT_ROLL_WITHOUT_RELOAD
            ask(g, RELOAD);
#endif
            g++
        :: g == h -> g++
        :: else -> break
        od;
        g = 0
    };
    wait_for_all()
}

inline activate(s)
{
    if
    :: !fresh[s] && next_asid > ASIDS -> roll_over(); all = true
    :: else
    fi;
    d_step {
        if
        :: !fresh[s] -> asid[s] = next_asid; next_asid++; fresh[s] = true
        :: else
        fi;
        satp_space[h] = s;
        satp_asid[h] = asid[s];
        has[AT(s, h)] = true
    };
    d_step {
        if
        :: all -> flush_all()
        :: else ->
            if
            :: stale[AT(s, h)] -> tlb[T(h, asid[s])] = EMPTY
            :: else
            fi
        fi;
        stale[AT(s, h)] = false;
        all = false
    }
}

/* ---- a hart ---- */

#define OTHER_SPACE (1 - SPACE_OF(t))
#define IS_STOPPED(s) (state[1] == STOPPED || (s) == 0) && ((state[0] == STOPPED && state[2] == STOPPED) || (s) == 1)

inline system_call()
{
    if
    :: remap(0)
    :: remap(1)
    :: d_step { state[t] = READY; current[h] = NOBODY } /* yield */
#if CANCEL
    :: true -> cancel(0)
    :: true -> cancel(1)
    :: true -> cancel(2)
    :: state[0] != RUNNING -> start(0, 0)
    :: t != 1 -> start(1, 1)
    :: t != 2 -> start(2, 0)
    :: t != 2 -> start(2, 1)
#endif
#if RENEW
    :: OTHER_SPACE == 0 && IS_STOPPED(0) -> renew(0)
    :: OTHER_SPACE == 1 && IS_STOPPED(1) -> renew(1)
#endif
    fi
}

#define RUNNABLE(x) (state[x] == READY && where[x] == h)
inline dispatch(x) { d_step { RUNNABLE(x) -> current[h] = x; state[x] = RUNNING } }

/* The thread's trap is worth something only if it is still the current one. */
#ifdef MUTANT_TRAP_UNCHECKED
#define IS_CALL call
#else
#define IS_CALL (call && current[h] == t)
#endif

inline trap_user()
{
    if
    :: !call -> d_step { ipi[h] = false; kicked[h] = false } /* a system call leaves it pending */
    :: else
    fi;
    if
    :: IS_CALL -> assert(current[h] == t && state[t] == RUNNING); system_call()
    :: else
    fi;
    call = false;
    t = NOBODY
}

inline sched_exit()
{
    if
    :: current[h] == NOBODY && RUNNABLE(0) -> dispatch(0)
    :: current[h] == NOBODY && RUNNABLE(1) -> dispatch(1)
    :: current[h] == NOBODY && RUNNABLE(2) -> dispatch(2)
    :: current[h] != NOBODY || (!RUNNABLE(0) && !RUNNABLE(1) && !RUNNABLE(2))
    fi;
    if
    :: current[h] != NOBODY && satp_space[h] != SPACE_OF(current[h]) -> activate(SPACE_OF(current[h]))
    :: current[h] == NOBODY -> satp_space[h] = NO_SPACE; satp_asid[h] = 0 /* nobody has to wait for a hart that sleeps */
    :: else
    fi
}

/* The kernel's part is one step, but for its waits: whoever has the lock is not disturbed, and the other harts see no more
 * of it than what they are asked by mail and what their translations say. */
proctype Hart(byte h)
{
    byte t = NOBODY; /* whose registers the hart has, whose trap it is in */
    byte g, i;
    bool call, all;
    goto trap;

running:
    do
    :: d_step { check_user() }
    :: goto end_looping
    :: ipi[h] -> goto save
    :: call = true -> goto save
    od;
end_looping: /* touches nothing, calls nobody */
    ipi[h];
save:
#ifdef MUTANT_ACK_BEFORE_SAVE
    if
    :: mail[h] == ENTER -> acknowledge()
    :: else
    fi;
#endif
    atomic { assert(registers[t] == h); registers[t] = NO_HART };

trap:
    do
#ifndef MUTANT_NO_ACK_WHILE_WAITING
    :: mail[h] != 0 -> acknowledge()
#endif
    :: atomic {
           lock == NO_HART -> lock = h;
           trap_user();
           sched_exit();
           t = current[h];
           lock = NO_HART;
           if
           :: t != NOBODY -> /* from here on the registers are loaded, without the lock */
               assert(registers[t] == NO_HART && state[t] == RUNNING);
               registers[t] = h;
               goto running
           :: else
           fi
       }
#ifdef MUTANT_CLEAR_BEFORE_SLEEP
       ; atomic { ipi[h] = false; kicked[h] = false }
#endif
       asleep[h] = true;
end_asleep:
       atomic { ipi[h] -> asleep[h] = false }
    od
}

init
{
    byte n;
    atomic {
        where[1] = 1;
        where[2] = HARTS - 1;
        for (n : 0 .. HARTS - 1) { run Hart(n); run Hardware(n) }
    }
}
