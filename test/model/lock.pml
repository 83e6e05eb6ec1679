/* SPDX-License-Identifier: MIT
 * The kernel lock as a model for Spin: tickets, waiters that go to sleep, mail and kicks meanwhile: riscv/lock.h, lock.c, ipi.c
 * step by step. smp.pml uses what is shown here: whoever waits gets the lock, and reads its mail until then. Docs:
 * docs/model.md. Runs with `scons model`.
 *
 * The story. Each hart traps, or is interrupted, takes the lock, wants something of another hart or not, and goes back; or it
 * stays quiet until it is interrupted. Interrupts take any time on their way. There is no last step.
 *
 * This file owns the waiting. A seeded mistake is an `#ifdef MUTANT_NAME` (tools/model.py lists them).
 */

#ifndef HARTS
#define HARTS 3
#endif
#ifndef ASKS
#define ASKS 1 /* 1: harts send each other mail and kicks */
#endif
#define TICKETS (HARTS + 1)

byte next, serving;         /* tickets */
bool sleeps[HARTS];
byte sleep_ticket[HARTS];
bool sent[HARTS], sip[HARTS]; /* an interrupt to it is on its way; is pending */
bool mail[HARTS];
bool kicked[HARTS], resched[HARTS];
bool quiet[HARTS];          /* in user mode or idle, and calls nobody */
byte inside;                /* harts that have the lock */

#define IN_VAIN(h) (next == serving && quiet[h] && resched[h] && !sent[h] && !sip[h])

/* ---- interrupts arrive; sees harts that were kicked in vain ---- */

proctype Wires()
{
end:
    do
    :: d_step { sent[0] -> sent[0] = false; sip[0] = true }
    :: d_step { sent[1] -> sent[1] = false; sip[1] = true }
    :: d_step { sent[HARTS - 1] -> sent[HARTS - 1] = false; sip[HARTS - 1] = true }
    :: d_step { IN_VAIN(0) || IN_VAIN(1) || IN_VAIN(HARTS - 1) -> assert(false) }
    od
}

#define SERVED (serving == mine)

/* lock.c, lock_wait. It may go to sleep at any time: how long it spins before does not matter. Every look at what others change
 * is a step of its own. */
inline lock_wait()
{
    do
    :: SERVED -> break
    :: d_step { mail[h] -> mail[h] = false }
    :: d_step {
           sleep_ticket[h] = mine;
           sleeps[h] = true;
           if
           :: !slept -> sip[h] = false; slept = true
           :: else
           fi
       };
       fall_asleep();
       sip[h] = false;
       sleeps[h] = false
    od
}

inline fall_asleep()
{
#ifdef MUTANT_SLEEP_UNCHECKED
    sip[h] /* wfi */
#else
    if
    :: SERVED
    :: !SERVED ->
        if
        :: mail[h]
        :: !mail[h] ->
#ifdef MUTANT_CLEAR_AFTER_CHECK
            sip[h] = false;
#endif
            sip[h] /* wfi */
        fi
    fi
#endif
}

/* unlock_kernel, lock_wake */
inline unlock_kernel()
{
    inside--;
#ifdef MUTANT_WAKE_BEFORE_SERVE
    mine = (serving + 1) % TICKETS;
    wake(0);
    wake(1);
    wake(HARTS - 1);
    serving = mine
#else
    serving = (serving + 1) % TICKETS;
    mine = serving; /* the next hart may move it on meanwhile */
    if
    :: next == mine
    :: next != mine -> wake(0); wake(1); wake(HARTS - 1)
    fi
#endif
}

inline wake(g)
{
    if
    :: g != h && sleeps[g] ->
        if
        :: sleep_ticket[g] == mine -> sent[g] = true
        :: sleep_ticket[g] != mine
        fi
    :: g == h || !sleeps[g]
    fi
}

inline ask(g) { mail[g] = true; sent[g] = true; !mail[g] }

inline kick(g)
{
    d_step {
        resched[g] = true;
        if
        :: !kicked[g] -> kicked[g] = true; sent[g] = true
        :: else
        fi
    }
}

proctype Hart(byte h)
{
    byte mine;
    bool irq, slept;
outside:
    if
    :: d_step { sip[h] -> irq = true }
    :: irq = false /* a trap of its own */
    :: quiet[h] = true;
end_quiet:
       atomic { sip[h] -> quiet[h] = false; irq = true }
    fi;
    d_step { mine = next; next = (next + 1) % TICKETS };
    lock_wait();
    atomic {
        inside++;
        assert(inside == 1);
        if
#ifndef MUTANT_KICK_FORGOTTEN
        :: slept -> kicked[h] = false
#endif
        :: else
        fi;
        slept = false;
        if
        :: irq -> sip[h] = false; kicked[h] = false
        :: else
        fi;
        irq = false
    };
    if
    :: true
#if ASKS
    :: ask((h + 1) % HARTS)
    :: kick((h + 1) % HARTS)
#endif
    fi;
    resched[h] = false; /* sched_exit */
    unlock_kernel();
    mine = 0;
    goto outside
}

init
{
    byte n;
    atomic {
        for (n : 0 .. HARTS - 1) { run Hart(n) }
        run Wires()
    }
}
