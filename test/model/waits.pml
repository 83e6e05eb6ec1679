/* SPDX-License-Identifier: MIT
 * Who waits for whom among pager, file server and block server, as a model for Spin: mapped files when memory is short. Docs:
 * docs/model.md. Runs with `scons model`.
 *
 * The story. Clients touch pages of a file and memory of their own, and read the file into either. The pager has fewer frames than
 * they want; the file server has room for fewer pages than the file; both take what others have. Pages are read and written back by
 * a device that takes any time. Every client comes to its end, served or refused: no circle of waits, nothing forgotten.
 *
 * This file owns the order of requests, answers and notifications. A seeded mistake is an `#ifdef MUTANT_NAME` (tools/model.py).
 */

#ifndef OPS
#define OPS 1 /* of each client */
#endif
#ifndef FRAMES
#define FRAMES 2 /* for programs, and for the pool */
#endif
#ifndef POOL
#define POOL 1 /* pages of the file that the file server may keep */
#endif
#define CLIENTS 2
#define PAGES 2

/* What a client touches: page x of the file, to be read; + STORE, to be stored to; or its own page. */
#define STORE 4
#define OWN 8
#define PAGE(x) ((x) & 3)
#define NO_PAGE 3

mtype = { FAULT, SERVE, PROTECT, UNMAP, TAKE }
chan to_pager = [CLIENTS + 1] of { mtype, byte, byte }; /* calls, and faults */
chan from_pager = [1] of { byte };            /* answers to the file server, which alone waits for them */
chan to_fs = [CLIENTS] of { byte, byte, byte };     /* READ: client, page, where to */
chan to_blk = [1] of { byte };                /* TRANSFER for a job */
chan from_blk = [1] of { byte };

bool pages_note, disk_note, copies_note;      /* the file server's notification */
bool fs_called;                               /* somebody waits for it who must not */

/* ---- what the page tables say ---- */
bool own[CLIENTS], readable[CLIENTS * PAGES], writable[CLIENTS * PAGES];
#define MAPS(c, x) (((x) == OWN && own[c]) || ((x) < STORE && readable[(c) * PAGES + PAGE(x)]) || \
                    ((x) >= STORE && (x) < OWN && writable[(c) * PAGES + PAGE(x)]))

/* ---- faults: the client's own, or of a copy for it ---- */
byte answered[CLIENTS]; /* GONE: it is ended */
#define WAITS 0
#define GOES_ON 1
#define GONE 2
byte copy_fault[CLIENTS]; /* what a copy found missing, + 1; the kernel has queued it */
bool copying[CLIENTS], copy_failed[CLIENTS];
byte read_done[CLIENTS];

/* ---- clients ---- */

proctype Client(byte c)
{
    byte n, x, y;
    do
    :: n == OPS -> break
    :: n < OPS ->
        n++;
        if :: x = 0 :: x = 1 :: x = STORE :: x = STORE + 1 :: x = OWN fi;
        if
        :: !MAPS(c, x) ->
            answered[c] = WAITS;
            to_pager!FAULT(c, x);
            answered[c] != WAITS;
            if :: answered[c] == GONE -> break :: else fi
        :: x < STORE ->
            if :: y = STORE :: y = STORE + 1 :: y = OWN fi;
            read_done[c] = 0;
            to_fs!c, x, y;
            read_done[c] != 0
        :: else
        fi
    od
}

/* ---- the pager: answers each request before it looks at the next, and waits for nobody ---- */

byte frames = FRAMES;
byte wants[PAGES]; /* by a fault that waits */
#define UNKNOWN 1 /* to the server */
#define TOLD 2
bool want_store[PAGES], told_store[PAGES];
byte deferred[CLIENTS]; /* what it waits for, + 1 */

inline answer(c, how)
{
    if
    :: copying[c] ->
        copying[c] = false;
        copy_failed[c] = (how == GONE);
        copies_note = true
    :: else -> answered[c] = how
    fi
}

/* A frame: a free one, or that of somebody's own page, which goes to the store. */
inline take_frame(c, got)
{
    got = 1;
    if
    :: frames > 0 -> frames--
    :: else ->
        if
        :: own[0] && c != 0 -> own[0] = false
        :: own[1] && c != 1 -> own[1] = false
        :: else -> got = 0
        fi
    fi
}

inline want(x)
{
    if
#ifdef MUTANT_STORE_FORGOTTEN
    :: wants[PAGE(x)] == TOLD
#else
    :: wants[PAGE(x)] == TOLD && (x < STORE || told_store[PAGE(x)])
#endif
    :: else ->
        wants[PAGE(x)] = UNKNOWN;
        want_store[PAGE(x)] = want_store[PAGE(x)] || x >= STORE;
#ifndef MUTANT_WANT_UNSIGNALLED
        pages_note = true
#endif
    fi
}

inline fault(c, x)
{
    if
    :: MAPS(c, x) -> answer(c, GOES_ON)
    :: !MAPS(c, x) && x == OWN ->
        take_frame(c, got);
        if :: got -> own[c] = true; answer(c, GOES_ON) :: else -> answer(c, GONE) fi
    :: !MAPS(c, x) && x != OWN -> deferred[c] = x + 1; want(x)
    fi
}

/* The page is there (has), or can't be had: whoever waits for it is tried again. */
inline retry(c, p, has)
{
    if
    :: deferred[c] != 0 && PAGE(deferred[c] - 1) == p ->
        x = deferred[c] - 1;
        if
        :: !has -> deferred[c] = 0; answer(c, GONE)
        :: has && x >= STORE && !told_store[p] ->
#ifndef MUTANT_STORE_FORGOTTEN
            want(x)
#endif
        :: else ->
            deferred[c] = 0;
            readable[c * PAGES + p] = true;
            writable[c * PAGES + p] = x >= STORE;
            answer(c, GOES_ON)
        fi
    :: else
    fi
}

inline served(p, has)
{
    if
    :: p != NO_PAGE && wants[p] == TOLD ->
        wants[p] = 0;
#ifdef MUTANT_ONE_SERVED
        if :: deferred[0] != 0 && PAGE(deferred[0] - 1) == p -> retry(0, p, has) :: else -> retry(1, p, has) fi;
#else
        retry(0, p, has);
        retry(1, p, has);
#endif
        told_store[p] = false
    :: else
    fi
}

inline tell(p)
{
    wants[p] = TOLD;
    told_store[p] = want_store[p];
    want_store[p] = false;
    got = p + 1 + (told_store[p] -> STORE : 0)
}

active proctype Pager()
{
    byte c, x, p, has, got;
end:
    do
    :: to_pager?FAULT(c, x) ->
#ifdef MUTANT_PAGER_CALLS_FS
        if :: x != OWN && !MAPS(c, x) -> fs_called = true; !fs_called :: else fi;
#endif
        atomic { fault(c, x); c = 0; x = 0; got = 0 }
    :: atomic { copy_fault[0] != 0 -> x = copy_fault[0] - 1; copy_fault[0] = 0; copying[0] = true; fault(0, x); x = 0; got = 0 }
    :: atomic { copy_fault[1] != 0 -> x = copy_fault[1] - 1; copy_fault[1] = 0; copying[1] = true; fault(1, x); x = 0; got = 0 }
    :: to_pager?SERVE(c, x) ->
        d_step {
            p = c; has = x;
            served(p, has);
            got = 0;
            if :: wants[0] == UNKNOWN -> tell(0) :: wants[0] != UNKNOWN && wants[1] == UNKNOWN -> tell(1) :: else fi;
            c = 0; x = 0; p = 0; has = 0
        };
        from_pager!got;
        got = 0
    :: to_pager?PROTECT(c, x) -> d_step { writable[c] = false; writable[PAGES + c] = false; c = 0; x = 0 }; from_pager!0
    :: to_pager?UNMAP(c, x) ->
        d_step {
            readable[c] = false; readable[PAGES + c] = false;
            writable[c] = false; writable[PAGES + c] = false;
            c = 0; x = 0
        };
        from_pager!0
    :: to_pager?TAKE(c, x) -> atomic { c = 0; x = 0; take_frame(CLIENTS, got) }; from_pager!got; got = 0
    od
}

/* ---- the block server: takes transfers, and signals when the device is done ---- */

byte transfer[3]; /* of a job: 1 under way, 2 done */

inline done()
{
#ifdef MUTANT_BLK_CALLS_FS
    fs_called = true; !fs_called
#else
    disk_note = true
#endif
}

active proctype Blk()
{
    byte j;
end:
    do
    :: to_blk?j -> transfer[j] = 1; from_blk!0; j = 0
    :: atomic { transfer[1] == 1 -> transfer[1] = 2 }; done()
    :: atomic { transfer[2] == 1 -> transfer[2] = 2 }; done()
    od
}

/* ---- the file server: one thread, three stacks, of which one has its turn ---- */

#define LOOP 0
#define KEEPER 1
#define JOB 2
byte turn = LOOP;
bool told[3];           /* a stack that waited may go on */
bool busy[3];           /* it has something to do */
bool in_disk[3], queued[3]; /* has the disk's file system, or is in line for it; the keeper wants it alone */

bool cached[PAGES], dirty[PAGES], to_fill[PAGES], fill_store[PAGES];
byte pool;              /* frames that it has for pages */
byte buffered = NO_PAGE; /* in the disk's buffers */

byte parked[CLIENTS];   /* a request that can't go on */
#define FOR_DISK 1
#define FOR_COPY 2
#define AT_DISK 3
byte r_page[CLIENTS], r_to[CLIENTS];

#define WANTS_KEEPER (to_fill[0] || to_fill[1])
#define MAY_ENTER(j) (!in_disk[KEEPER] && ((j) != KEEPER || !in_disk[JOB]))

inline call_pager(what, a, b, r) { to_pager!what(a, b); from_pager?r }

/* SERVE, and what comes of its answer. */
inline converse(p0, has0, r)
{
    call_pager(SERVE, p0, has0, r);
    do
    :: r == 0 -> break
    :: r != 0 && cached[PAGE(r - 1)] ->
        dirty[PAGE(r - 1)] = dirty[PAGE(r - 1)] || r - 1 >= STORE;
        call_pager(SERVE, PAGE(r - 1), 1, r)
    :: r != 0 && !cached[PAGE(r - 1)] ->
        to_fill[PAGE(r - 1)] = true;
        fill_store[PAGE(r - 1)] = fill_store[PAGE(r - 1)] || r - 1 >= STORE;
        call_pager(SERVE, NO_PAGE, 0, r)
    od
}

inline start(j)
{
    busy[j] = true;
    if
    :: MAY_ENTER(j) && !queued[KEEPER] && !queued[JOB] -> in_disk[j] = true; turn = j
    :: else -> queued[j] = true
    fi
}

inline leave(j)
{
    in_disk[j] = false;
    if
    :: queued[3 - j] && MAY_ENTER(3 - j) -> queued[3 - j] = false; in_disk[3 - j] = true; told[3 - j] = true
    :: else
    fi
}

/* Until the transfer is done; others have their turn. */
inline disk_wait(j, r)
{
    to_blk!j;
    from_blk?r;
    turn = LOOP;
    turn == j
}

/* The bytes are here: to where the client wants them. A copy never waits: what is missing is asked for in its name. */
inline copy(c)
{
    if
    :: MAPS(c, r_to[c]) -> parked[c] = 0; read_done[c] = 1
    :: !MAPS(c, r_to[c]) && copy_failed[c] -> copy_failed[c] = false; parked[c] = 0; read_done[c] = 1
    :: else ->
        copy_fault[c] = r_to[c] + 1;
        parked[c] = FOR_COPY;
#ifdef MUTANT_COPY_WAITS
        copy_fault[c] == 0 && !copying[c];
        parked[c] = 0; read_done[c] = 1
#endif
    fi
}

inline go_on(c)
{
    if
    :: cached[r_page[c]] || buffered == r_page[c] -> copy(c)
    :: else -> parked[c] = FOR_DISK
    fi
}

active proctype Loop()
{
    byte c, p, q, r;
end:
    do
    :: turn == LOOP ->
end_at_rest:
        if
        :: to_fs?c, p, q ->
            r_page[c] = p; r_to[c] = q; p = 0; q = 0;
            go_on(c);
            c = 0
        :: fs_called -> fs_called = false /* by mistakes only */
        :: d_step { pages_note -> pages_note = false }; converse(NO_PAGE, 0, r);
#ifdef MUTANT_WANTED_WHILE_ENDING
           if :: !busy[KEEPER] && WANTS_KEEPER -> start(KEEPER) :: else fi
#endif
        :: d_step {
               disk_note -> disk_note = false;
               if :: transfer[1] == 2 -> transfer[1] = 0; told[1] = true :: else fi;
               if :: transfer[2] == 2 -> transfer[2] = 0; told[2] = true :: else fi
           }
        :: d_step { copies_note -> copies_note = false };
           if :: parked[0] == FOR_COPY && copy_fault[0] == 0 && !copying[0] -> go_on(0) :: else fi;
           if :: parked[1] == FOR_COPY && copy_fault[1] == 0 && !copying[1] -> go_on(1) :: else fi
        :: told[KEEPER] -> told[KEEPER] = false; turn = KEEPER
        :: told[JOB] -> told[JOB] = false; turn = JOB
#ifndef MUTANT_WANTED_WHILE_ENDING
        :: !busy[KEEPER] && WANTS_KEEPER -> start(KEEPER)
#endif
        :: !busy[JOB] && (parked[0] == FOR_DISK || parked[1] == FOR_DISK) -> start(JOB)
        fi;
        r = 0
    od
}

/* A request that reads the disk; it shares the disk with others that do. */
active proctype Job()
{
    byte c, r;
end:
    do
    :: turn == JOB ->
        if
        :: parked[0] == FOR_DISK -> c = 0
        :: parked[0] != FOR_DISK -> c = 1
        fi;
        parked[c] = AT_DISK;
        disk_wait(JOB, r);
        buffered = r_page[c];
        copy(c);
#ifdef MUTANT_COPY_IN_DISK
        do
        :: parked[c] != FOR_COPY -> break
        :: else -> turn = LOOP; copy_fault[c] == 0 && !copying[c]; turn == LOOP -> turn = JOB; copy(c)
        od;
#endif
        leave(JOB);
        busy[JOB] = false;
        c = 0; r = 0;
        turn = LOOP
    od
}

/* Reads pages that are wanted, and makes room for them: the one who has the disk for itself. */
active proctype Keeper()
{
    byte p, q, r, has;
end:
    do
    :: turn == KEEPER ->
        do
        :: !WANTS_KEEPER -> break
        :: WANTS_KEEPER ->
            if :: to_fill[0] -> p = 0 :: to_fill[1] -> p = 1 fi;
            to_fill[p] = false;
            has = cached[p];
            if
            :: has
            :: !has && pool < POOL -> call_pager(TAKE, 0, 0, has); pool = pool + has
            :: else
            fi;
            if
            :: !has && cached[1 - p] -> /* the oldest page leaves; first it is written, if it was stored to */
                q = 1 - p;
                if
                :: dirty[q] -> call_pager(PROTECT, q, 0, r); dirty[q] = false; disk_wait(KEEPER, r)
                :: else
                fi;
                if
                :: !dirty[q] -> call_pager(UNMAP, q, 0, r); cached[q] = false; has = 1
                :: dirty[q] /* stored to meanwhile */
                fi
            :: else
            fi;
            if
            :: has && !cached[p] -> disk_wait(KEEPER, r); cached[p] = true
            :: else
            fi;
            if :: has -> dirty[p] = dirty[p] || fill_store[p] :: else fi;
            fill_store[p] = false;
#ifdef MUTANT_REFUSAL_UNSAID
            if :: has -> converse(p, has, r) :: else fi;
#else
            converse(p, has, r);
#endif
            p = 0; q = 0; r = 0; has = 0
        od;
        if :: disk_wait(KEEPER, r) :: skip fi; /* files that nobody maps any more are let go of */
        leave(KEEPER);
        busy[KEEPER] = false;
        turn = LOOP
    od
}

init
{
    atomic { run Client(0); run Client(1) }
}
