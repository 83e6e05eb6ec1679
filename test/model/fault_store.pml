/* SPDX-License-Identifier: MIT
 * Part of fault.pml: a page leaves its frame and comes back: the pager's evict.c, store.c, swap.c, resident.c.
 *
 *   dirty    write-protect all its entries, write it to a slot, link the two                    -> clean
 *   clean    for each entry: intent, unmap, name the slot in it, intent done                    -> gone
 *   back     the entry names a slot: take the frame that is linked with it, or read it (now, or later)
 *
 * With EXCHANGE, as a store in memory has it (store_exchange.c): what one entry alone maps leaves with its frame, and what one entry
 * alone names comes back in the slot's frame. No bytes move, and the other frame is free, or the slot's.
 *
 * Clean means linked: the slot has the same bytes and no entry is writable. References of a slot: entries that name it, + 1
 * for a link or a transfer. Only the intents and the slots' frames outlive the pager.
 */

#define NO_SPACE 2
byte intent = NO_SPACE; /* the space whose entry is taken away and not yet what it is to become ... */
byte intent_slot = NO_SLOT; /* ... namely this */

byte exchange_slot = NO_SLOT; /* the last exchange that began: the slot, and ... */
byte exchange_frame = NO_FRAME; /* ... the frame that it has as long as its own is mapped */

byte evictions = EVICTIONS;

/* ---- volatile ---- */

byte slot_refs[SLOTS];
byte slot_frame[SLOTS] = NO_FRAME; /* the frame that is linked with it, or that it is being read into */
byte page_slot[FRAMES] = NO_SLOT;
#define UNLINKED 0
#define WRITING 1
#define LINKED 2
byte link[FRAMES];
bool arrived[FRAMES]; /* being read, or read and not mapped yet: the frame's one reference is the transfer's */

#define NOTHING 0
#define READ 1
#define WRITE 2
byte flight = NOTHING; /* the transfer under way */
byte flight_slot = NO_SLOT;
byte flight_frame = NO_FRAME;

bool deferred[THREADS], retry[THREADS]; /* faults that wait for the store; those that are due again */
byte deferred_id[THREADS];
#ifdef MUTANT_DEFERRED_OLD_ENTRY
byte deferred_slot[THREADS] = NO_SLOT;
#endif

inline store_forget()
{
    for (i : 0 .. SLOTS - 1) { slot_refs[i] = 0; slot_frame[i] = NO_FRAME }
    for (i : 0 .. FRAMES - 1) { page_slot[i] = NO_SLOT; link[i] = UNLINKED; arrived[i] = false }
    for (i : 0 .. THREADS - 1) { deferred[i] = false; retry[i] = false; deferred_id[i] = 0 }
    i = 0;
    flight = NOTHING;
    flight_slot = NO_SLOT;
    flight_frame = NO_FRAME
}

/* ---- counts of slots and frames ---- */

inline store_drop(k)
{
    assert(slot_refs[k] > 0);
    slot_refs[k]--;
    if
    :: slot_refs[k] == 0 -> assert(!NAMES(k)); IN_SLOT(k) = JUNK
    :: else
    fi
}

inline resident_link(f, k) { link[f] = LINKED; page_slot[f] = k; slot_frame[k] = f }

inline resident_unlink(f)
{
    if
    :: link[f] != UNLINKED ->
        if
        :: link[f] == LINKED -> slot_frame[page_slot[f]] = NO_FRAME
        :: else /* a write under way is for nothing */
        fi;
        link[f] = UNLINKED;
        store_drop(page_slot[f]);
        page_slot[f] = NO_SLOT
    :: else
    fi
}

inline frame_drop(f)
{
    assert(refs[f] > 0);
    refs[f]--;
    if
    :: refs[f] == 0 ->
        assert(!CACHED(f) && !arrived[f]);
        resident_unlink(f);
        content[f] = JUNK
    :: else
    fi
}

inline give_up_arrived(f) { arrived[f] = false; frame_drop(f) }

/* One entry less names the slot. If it was the last one, nobody can want what was read for it. */
inline swap_drop(k)
{
    store_drop(k);
    if
    :: slot_refs[k] == 1 && slot_frame[k] != NO_FRAME && arrived[slot_frame[k]] && link[slot_frame[k]] == LINKED ->
        f = slot_frame[k];
        give_up_arrived(f);
        f = 0
    :: else
    fi
}

/* What refers to slots, counted one by one. */
inline check_slots()
{
    for (k : 0 .. SLOTS - 1) {
        i = NAMES(k) + (flight_slot == k);
        for (f : 0 .. FRAMES - 1) { i = i + (page_slot[f] == k) }
        assert(slot_refs[k] == i)
    }
    for (f : 0 .. FRAMES - 1) { assert(link[f] != LINKED || content[f] == IN_SLOT(page_slot[f])) }
    i = 0;
    f = 0;
    k = 0
}

/* ---- leaving ---- */

#ifdef MUTANT_NO_GUARD
#define GUARDED(f) false
#else
#define GUARDED(f) (t != NOBODY && msg_frame == f) /* the source of a copy */
#endif
#define MAY_LEAVE(f) (refs[f] > 0 && !arrived[f] && link[f] != WRITING && !GUARDED(f))

inline protect(s)
{
    if
    :: pte_frame[s] == victim && pte_w[s] -> ENTER; space_protect(s); LEAVE; MAY_DIE
    :: pte_frame[s] != victim || !pte_w[s]
    fi
}

inline store_alloc()
{
    d_step {
        slot = 0;
        do
        :: slot < SLOTS && slot_refs[slot] -> slot++
        :: else -> break
        od;
        if
        :: slot < SLOTS -> slot_refs[slot] = 1
        :: else -> victim = NO_FRAME /* the store is full: it stays */
        fi
    }
}

/* The victim's bytes into a slot: now, or later. */
inline clean()
{
    store_alloc();
    if
    :: victim != NO_FRAME ->
#ifndef MUTANT_WRITE_UNPROTECTED
        protect(P);
        protect(C);
#endif
        if
        :: d_step { IN_SLOT(slot) = content[victim]; resident_link(victim, slot) }
        :: d_step { /* the write fails */
               store_drop(slot); victim = NO_FRAME; slot = NO_SLOT }
#if DELAYS
        :: d_step { flight == NOTHING -> flight = WRITE; flight_slot = slot; flight_frame = victim; slot_refs[slot]++;
                    link[victim] = WRITING; page_slot[victim] = slot; victim = NO_FRAME; later = true }
#endif
        fi
    :: victim == NO_FRAME
    fi
}

inline detach(s)
{
    if
    :: victim != NO_FRAME && pte_frame[s] == victim ->
#ifndef MUTANT_NO_INTENT
        intent_slot = slot;
        intent = s;
#endif
        MAY_DIE;
        ENTER;
        space_unmap(s);
        MAY_DIE;
        ENTER;
        space_soft(s, slot);
        slot_refs[slot]++;
        MAY_DIE;
        d_step {
            LEAVE;
            old = NO_FRAME;
            intent = NO_SPACE;
            intent_slot = NO_SLOT;
#ifdef MUTANT_EVICT_ONE_MAPPING
            refs[victim] = 1;
#endif
            frame_drop(victim);
            if
            :: refs[victim] == 0 -> victim = NO_FRAME
            :: else
            fi
        }
    :: victim == NO_FRAME || pte_frame[s] != victim
    fi
}

inline intend(k, f) { exchange_slot = k; exchange_frame = f }

/* The victim is the slot's as soon as its entry names the slot; the slot's own frame is free then. */
inline hand_over(s)
{
    store_alloc();
    if
    :: victim != NO_FRAME ->
        intend(slot, store_frame[slot]);
        MAY_DIE;
        store_frame[slot] = victim;
        MAY_DIE;
        ENTER;
        space_soft_replace(s, slot);
        LEAVE;
        MAY_DIE;
        d_step {
            refs[victim] = 0;
            content[exchange_frame] = JUNK;
            victim = NO_FRAME
        }
    :: victim == NO_FRAME
    fi
}

inline copy_out()
{
    if
    :: link[victim] == LINKED -> slot = page_slot[victim]
    :: link[victim] != LINKED -> clean()
    fi;
    if
    :: detach(P); detach(C)
    :: t == NOBODY /* cleaned ahead only */
    fi
}

#if EXCHANGE
#define GOES_WITH_ITS_FRAME (refs[victim] == 1 && link[victim] == UNLINKED)
#else
#define GOES_WITH_ITS_FRAME false
#endif

/* evict_page; or evict_clean_ahead, which stops half-way. */
inline evict()
{
    if
    :: GOES_WITH_ITS_FRAME ->
        if
        :: pte_frame[P] == victim -> hand_over(P)
        :: pte_frame[P] != victim -> hand_over(C)
        fi
    :: !GOES_WITH_ITS_FRAME -> copy_out()
    fi;
    d_step { victim = NO_FRAME; slot = NO_SLOT }
}
/* ---- coming back ---- */

/* The slot's frame is in the answer, in the place of the fresh one. Accepted: the slot has the fresh one. Refused: the bytes are
 * copied to it, and it is the slot's. */
inline store_lend()
{
    intend(msg_slot, fresh);
    lent = true;
    refs[fresh] = 0;
    fresh = store_frame[msg_slot];
    refs[fresh] = 1
}
inline store_lent()
{
    if
    :: lent -> store_frame[exchange_slot] = exchange_frame; lent = false
    :: else
    fi
}
inline store_not_lent()
{
    content[exchange_frame] = content[fresh];
#ifndef MUTANT_LENT_FOR_GOOD
    store_frame[exchange_slot] = exchange_frame;
#endif
    lent = false
}

#if EXCHANGE
#define COMES_WITH_ITS_FRAME (slot_refs[msg_slot] == 1)
#else
#define COMES_WITH_ITS_FRAME false
#endif

inline defer()
{
    deferred[t] = true;
    deferred_id[t] = id;
#ifdef MUTANT_DEFERRED_OLD_ENTRY
    deferred_slot[t] = msg_slot
#endif
}

/* The frame to map, and whether writable; or the fault waits. Its entry keeps its reference of the slot until the answer is
 * accepted. */
inline swap_in()
{
    if
    :: d_step { slot_frame[msg_slot] != NO_FRAME && link[slot_frame[msg_slot]] != LINKED -> defer(); t = NOBODY }
    :: d_step { slot_frame[msg_slot] != NO_FRAME && link[slot_frame[msg_slot]] == LINKED ->
           fresh = slot_frame[msg_slot];
           leaves = msg_slot;
#ifdef MUTANT_READ_WRITABLE
           fresh_w = 1;
#endif
           if
           :: arrived[fresh] -> arrived[fresh] = false
           :: else -> refs[fresh]++
           fi
       }
    :: d_step { slot_frame[msg_slot] == NO_FRAME && COMES_WITH_ITS_FRAME ->
           frame_alloc();
           leaves = msg_slot;
           fresh_w = 1; /* nothing has to be kept the same */
           store_lend()
       }
    :: d_step { slot_frame[msg_slot] == NO_FRAME && !COMES_WITH_ITS_FRAME ->
           frame_alloc();
           leaves = msg_slot;
           content[fresh] = IN_SLOT(msg_slot);
           if
           :: msg_store -> fresh_w = 1 /* its bytes will differ at once: no link */
           :: else -> slot_refs[msg_slot]++; resident_link(fresh, msg_slot)
           fi
       }
#if DELAYS
    :: d_step { slot_frame[msg_slot] == NO_FRAME && flight == NOTHING ->
           frame_alloc();
           arrived[fresh] = true;
           slot_frame[msg_slot] = fresh;
           slot_refs[msg_slot]++;
           flight = READ;
           flight_slot = msg_slot;
           flight_frame = fresh;
           defer();
           t = NOBODY;
           fresh = NO_FRAME
       }
#endif
    fi
}

/* swap_poll: the transfer under way has ended; who waits tries again. Bytes move at the last moment. */
inline transfer_ends()
{
    d_step {
        flight != NOTHING ->
        if
        :: flight == READ ->
            content[flight_frame] = IN_SLOT(flight_slot);
            resident_link(flight_frame, flight_slot); /* the transfer's reference of the slot is the link's now */
            if
            :: slot_refs[flight_slot] == 1 -> give_up_arrived(flight_frame)
            :: else
            fi
        :: flight == WRITE && link[flight_frame] == WRITING && page_slot[flight_frame] == flight_slot ->
            IN_SLOT(flight_slot) = content[flight_frame];
            resident_link(flight_frame, flight_slot);
            store_drop(flight_slot)
        :: else -> store_drop(flight_slot) /* the page was written, or is gone */
        fi;
        flight = NOTHING;
        flight_slot = NO_SLOT;
        flight_frame = NO_FRAME;
        for (i : 0 .. THREADS - 1) {
            retry[i] = deferred[i];
            deferred[i] = false;
#ifdef MUTANT_FORGET_DEFERRED
            if
            :: retry[i] -> break
            :: else
            fi
#endif
        }
        i = 0
    }
}

/* ---- recover.c: an eviction or an exchange that was cut off ---- */

/* A frame that an entry maps is a page, never a slot's. */
inline store_exchange_recover()
{
    if
#ifndef MUTANT_EXCHANGE_FORGOTTEN
    :: exchange_slot != NO_SLOT && MAPPINGS(store_frame[exchange_slot]) -> store_frame[exchange_slot] = exchange_frame
#endif
    :: else
    fi;
    intend(NO_SLOT, NO_FRAME)
}

inline evict_recover()
{
    if
    :: intent != NO_SPACE ->
        if
        :: pte_frame[intent] == NO_FRAME && pte_slot[intent] == NO_SLOT ->
            ENTER;
            space_soft(intent, intent_slot);
            LEAVE;
            MAY_DIE
        :: pte_frame[intent] != NO_FRAME || pte_slot[intent] != NO_SLOT
        fi;
        d_step { intent = NO_SPACE; intent_slot = NO_SLOT }
    :: intent == NO_SPACE
    fi
}
