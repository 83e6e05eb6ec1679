/* SPDX-License-Identifier: MIT
 * The pager's protocol. Every request is idempotent: after ERR_PEER_DEAD (the pager was killed and restarted) the
 * same request may be sent again and has its effect once (HANDLES may add its room twice: harmless). pager_call() does that.
 */
#ifndef IPC_PAGER_H
#define IPC_PAGER_H

#include <ipc/ipc.h>

/* X(NAME, number, who may call, request words -> reply words (after w[0]))
 * `space` is a space id: slot | generation << 16, never 0. Clients name themselves with 0. */
#define PAGER_OPS(X) \
    X(SPACE_NEW, 1, FROM(BADGE_PROCMGR) | FROM(BADGE_INIT), "key, charge_space, THREAD_AT or 0 -> space, frame of its thread 0; handles: thread or space, w[6]: space when there is a thread") \
    X(SPACE_CLEAR, 2, FROM(BADGE_PROCMGR) | FROM(BADGE_INIT), "space, op_key; maybe IN_PROGRESS") \
    X(SPACE_DELETE, 3, FROM(BADGE_PROCMGR) | FROM(BADGE_INIT), "space, op_key; maybe IN_PROGRESS; at most one thread is left") \
    X(THREAD_NEW, 4, FROM(BADGE_PROCMGR) | FROM(BADGE_INIT), "space, slot 0..63, THREAD_AT or 0 -> -, frame; handle: thread") \
    X(THREAD_DELETE, 5, FROM(BADGE_PROCMGR) | FROM(BADGE_INIT), "space, slot") \
    X(REGION_ADD, 6, FROM_ANY, "space, start, end, prot | REGION_* << 8, backing | image file << 8, offset_bytes, backed_bytes") \
    X(REGION_REMOVE, 7, FROM_ANY, "space, start, end") \
    X(REGION_PROTECT, 8, FROM_ANY, "space, start, end, prot") \
    X(FORK, 9, FROM(BADGE_PROCMGR), "parent, child, op_key[, key, THREAD_AT: child 0 is made first] -> child, frame of its thread 0; handles of a made one: thread, w[6]: space; maybe IN_PROGRESS") \
    X(BRK, 10, FROM_ANY, "new break, 0 to ask -> break") \
    X(OP_RESULT, 11, FROM(BADGE_PROCMGR) | FROM(BADGE_INIT), "op_key -> result; IN_PROGRESS while it runs") \
    X(NOTIFY, 12, FROM(BADGE_PROCMGR) | FROM(BADGE_INIT) | FROM(BADGE_IDLE) | FROM(BADGE_FS), "bits, with a notification handle: signalled when operations end") \
    X(STAT, 13, FROM_ANY, "which (PAGER_STAT_*), space or 0 -> up to 6 values") \
    X(PAGE_INFO, 14, FROM_ANY, "space, va -> pte, refs, frame, next present va or 0, logical prot") \
    X(SHARER, 15, FROM_ANY, "frame, after (space id or 0), va to look at or 0 = search -> space, key, va; ERR_NOENT: no more; ERR_AGAIN: go on after space") \
    X(SPACE_FIND, 16, FROM_ANY, "key -> space") \
    X(STRATEGY, 17, FROM_ANY, "FORK_* or 0 to ask -> strategy now") \
    X(VMCHECK, 18, FROM_ANY, "-> violations, number of the first broken invariant, its frame or space, detail") \
    X(DEBUG, 19, FROM_ANY, "PAGER_DEBUG_*, value -> old value") \
    X(OBJECT_NEW, 20, FROM(BADGE_INIT) | FROM(BADGE_PROCMGR), "key, OBJ_ENDPOINT, OBJ_NTFN or OBJ_SCHED, space (0: lives for ever; else charged to the space and destroyed by its SPACE_DELETE); handle: all rights") \
    X(DEVICE_MAP, 21, FROM(BADGE_INIT), "space, va, physical address") \
    X(LIMIT, 22, FROM(BADGE_PROCMGR) | FROM(BADGE_INIT), "space, frames: quota of user and kernel frames together") \
    X(HANDLES, 23, FROM(BADGE_INIT) | FROM(BADGE_PROCMGR), "space: room for 256 more handles") \
    X(FRAMES, 24, FROM_ANY, "space (0: the whole system), frames (0: no limit), PAGER_FRAMES_SET or _ASK -> limit before, resident pages") \
    X(STORE, 25, FROM_ANY, "slots wanted in all, or 0 to ask -> slots now; ERR_AGAIN: it grew, ask again for the rest") \
    X(PIN, 26, FROM_ANY, "space, start, end (both 0: the whole process, from now on), PAGER_PIN_NOW or PAGER_UNPIN -> pages of files in the range that are not there: touch them and ask again") \
    X(REGION_GAP, 27, FROM_ANY, "space, hint or 0, bytes -> where so many are free: at the hint, else as high as there is place") \
    X(REGION_INFO, 28, FROM_ANY, "space, va -> start, end, prot | REGION_* << 8, backing | image file << 8, offset, file of the first region that ends behind va; ERR_NOENT: none") \
    X(REGION_DISCARD, 29, FROM_ANY, "space, start, end: private pages there are as if never touched") \
    X(FILE_MAP, 30, FROM(BADGE_FS), "key of a space, start, end, prot | REGION_* << 8, file, offset_bytes, bytes that come from it (0: all): a region of a file") \
    X(FILE_SERVE, 31, FROM(BADGE_FS), "file, page, where it is at the caller's, 0: can't be had, PAGER_FILE_END (file 0: nothing is served; then PAGER_FILE_BEGAN or 0) -> PAGER_FILE_*, file, page, access: what to do next") \
    X(FILE_REVOKE, 37, FROM(BADGE_FS), "file, first page, end, PAGER_FILE_GONE, _READ_ONLY or _AWAY: these pages are mapped nowhere, or nowhere writable; _AWAY: private copies stay") \
    X(FILE_USES, 38, FROM(BADGE_FS), "file -> regions of it") \
    X(POLICY, 32, FROM_ANY, "space or 0: everybody, PAGER_POLICY_*, name in two words -> name in charge in two words, whether its own; ERR_NOENT: no such policy or space") \
    X(POLICY_INFO, 33, FROM_ANY, "number 1.., offset -> name in two words, up to 40 bytes of its idea from offset; ERR_NOENT past the last") \
    X(POLICY_STAT, 34, FROM_ANY, "number, 0: the built-in order -> victims, faults on evicted pages, bad proposals, times deposed") \
    X(POLICY_RESET, 35, FROM_ANY, "counters of policies and of eviction to 0") \
    X(QUOTA, 40, FROM(BADGE_PROCMGR), "key, parent's key or 0, frames, objects (0: no limit): make a quota, or change its limits") \
    X(QUOTA_JOIN, 41, FROM(BADGE_PROCMGR), "space, key: the space and all it holds count there") \
    X(QUOTA_DROP, 42, FROM(BADGE_PROCMGR), "key; ERR_BUSY while anything counts there; OK also when there is none") \
    X(QUOTA_STAT, 43, FROM_ANY, "key -> frames, limit, objects, limit") \
    X(TUNE, 44, FROM_ANY, "PAGER_TUNE_*, new value or PAGER_TUNE_ASK -> value before, how much of it is used") \
    X(IDLE, 45, FROM(BADGE_IDLE), "the caller lends its time for one step of work ahead -> 1, or 0: nothing to do until the notification of NOTIFY") \
    X(REGIONS_ADD, 46, FROM(BADGE_PROCMGR), "space | image file << 32, three regions of two words (pager_region_pack), 0: none; each as by REGION_ADD") \
    X(REPORT, 36, FROM_ANY, "after -> its number, enum pager_report, policy's name in two words, key of the space or 0, detail; ERR_NOENT: none behind after")

enum pager_op {
#define PAGER_ENUM(name, number, who, text) PAGER_##name = (number),
    PAGER_OPS(PAGER_ENUM)
#undef PAGER_ENUM
    PAGER_OP_LIMIT = 48,
};

/* Region flags (<< 8 in REGION_ADD's prot word). */
#define REGION_STACK 1u  /* grows down from end to start on faults; the page at start is its guard */
#define REGION_HEAP 2u   /* the one BRK moves; start fixed, end moves */
#define REGION_SHARED 4u /* shared with children instead of copied: what one stores all see */
#define REGION_PINNED 8u /* filled at once, never a victim, copied eagerly at fork */

#define REGION_REPLACE 32u /* REGION_ADD only: what is in the way goes, and equal neighbours become one */
#define REGION_READ_ONLY 64u /* FILE_MAP only: never to become writable */
#define REGION_LOCKED 16u /* as REGION_PINNED, by PIN; not inherited at fork. Not for REGION_ADD */

/* What a new program needs is asked for in few messages: a region in two words.
 *   word 0   start page, 28 bits | pages, 28 bits | PROT_*, 4 bits | REGION_STACK, REGION_HEAP, 4 bits
 *   word 1   page of the boot image's file that it begins with, 32 bits | bytes that come from there, 32 bits; none: zeros */
#define PAGER_REGIONS_MAX 3u /* in a message, from w[2] on */
#define PAGER_REGION_PAGES_END (1UL << 28)
struct pager_region {
    vaddr_t start, end;      /* whole pages */
    uint64_t prot_flags;     /* as REGION_ADD's w[4] */
    uint64_t offset_bytes;   /* whole pages, below 16 TiB */
    uint64_t backed_bytes;   /* below 4 GiB */
};
_Static_assert(((REGION_STACK | REGION_HEAP) | (PROT_R | PROT_W | PROT_X)) <= 0xf, "four bits each");
_Static_assert(USER_VA_END >> PAGE_SHIFT < PAGER_REGION_PAGES_END, "28 bits each");
/* It must fit. User addresses do; who has the rest from a file looks at it there. */
static inline void pager_region_pack(uint64_t to[2], const struct pager_region *g)
{
    to[0] = g->start >> PAGE_SHIFT | (g->end - g->start) >> PAGE_SHIFT << 28 | (g->prot_flags & 0xf) << 56 | g->prot_flags >> 8 << 60;
    to[1] = g->offset_bytes >> PAGE_SHIFT | g->backed_bytes << 32;
}
static inline struct pager_region pager_region_unpack(const uint64_t from[2])
{
    const uint64_t pages = PAGER_REGION_PAGES_END - 1;
    vaddr_t start = (from[0] & pages) << PAGE_SHIFT;
    return (struct pager_region){start, start + ((from[0] >> 28 & pages) << PAGE_SHIFT), (from[0] >> 56 & 0xf) | from[0] >> 60 << 8,
                                 (from[1] & UINT32_MAX) << PAGE_SHIFT, from[1] >> 32};
}

enum pager_frames { PAGER_FRAMES_ASK = 0, PAGER_FRAMES_SET = 1 };
enum pager_policy { PAGER_POLICY_ASK = 0, PAGER_POLICY_SET = 1, PAGER_POLICY_COMMON = 2 /* give up its own */ };
/* TUNE. AROUND: pages that a fault on a file's page maps, a power of two up to 64, 1: only that one; used: mapped by it so far.
 * ZEROED: frames kept zeroed for first stores, at most 64, 0: none; used: how many there are now. */
enum pager_tune { PAGER_TUNE_AROUND = 1, PAGER_TUNE_ZEROED = 2 };
#define PAGER_TUNE_ASK (~0UL)
#define PAGER_IDEA_PART 40u /* bytes of text in one POLICY_INFO answer; zeros after the end */
enum pager_pin { PAGER_UNPIN = 0, PAGER_PIN_NOW = 1 };

/* Backing of a region: where its bytes come from on the first touch. */
enum pager_backing {
    BACKING_ANON = 1,  /* zero-filled; a first read may share the zero page */
    BACKING_IMAGE = 2, /* boot image file: bytes [offset, offset + backed_bytes), zeros after that */
    BACKING_DEVICE = 3,
    BACKING_FILE = 4, /* a file of the file server, by FILE_MAP only */
};

/* FILE_SERVE. NONE: wait until NOTIFY's notification is signalled. LOOK: ask for the uses of each file, some may have gone unheard. */
enum pager_file_next { PAGER_FILE_NONE = 0, PAGER_FILE_WANTED = 1, PAGER_FILE_UNUSED = 2, PAGER_FILE_LOOK = 3 };
#define PAGER_FILE_END 1u   /* there is no such page: the file ends before it */
#define PAGER_FILE_BEGAN 1u /* the file server was started: it knows nothing of what it was asked for before */
enum pager_file_revoke { PAGER_FILE_GONE = 0, PAGER_FILE_READ_ONLY = 1, PAGER_FILE_AWAY = 2 };

/* X(NAME, number, what users call it). */
#define FORK_STRATEGIES(X) X(COW, 1, "cow") X(EAGER, 2, "eager") X(TABLES, 3, "tables")
enum fork_strategy {
#define FORK_ENUM(name, number, text) FORK_##name = (number),
    FORK_STRATEGIES(FORK_ENUM)
#undef FORK_ENUM
};
#define FORK_TEXT(name, number, text) [number] = (text),
#define FORK_TEXTS() {FORK_STRATEGIES(FORK_TEXT)} /* of an array of strings; 0: none */

/* STAT: reply values in w[1]... */
enum pager_stat {
    PAGER_STAT_MEMORY = 1, /* total frames, free user, used user, table frames, kernel-object frames, free kernel; w[7]: frames
                            * outside the pager (firmware, kernel, init, its own) */
    PAGER_STAT_SPACE = 2,  /* space: resident, shared (refs > 1), tables, objects, regions, faults; w[7]: key */
    PAGER_STAT_FAULTS = 3, /* space or 0 = all: copies, upgrades, zero fills, zero-page maps, image maps, retries; w[7]: kills+forwards */
    PAGER_STAT_FORKS = 4,  /* forks, pages shared at forks, pages copied at forks, restarts of the pager, deferred now, spaces */
    PAGER_STAT_POOL = 5,   /* image frames, held frames, zero-page refs, quota of space, charged to space, out-of-memory events;
                            * w[7]: object frames of nobody's space: servers' endpoints, the pager's own handle table */
    PAGER_STAT_EVICT = 6,  /* pages evicted; of these dropped clean; written to the store; read back; cleaned ahead; bad victims;
                            * w[7]: faults that found no frame to evict */
    PAGER_STAT_STORE = 7,  /* slots in use; slots in all; write errors; read errors; times it was full; transfers under way;
                            * w[7]: pages of programs that are only in the store */
    PAGER_STAT_FRAMES = 8, /* space or 0 = system: resident pages; limit, 0: none; pinned; swapped out; domain; ready to leave;
                            * w[7]: evicted */
    PAGER_STAT_TABLES = 9, /* leaf tables given to a child as they are; split since, both since boot; frames set aside for that now;
                            * pages from which on a table is shared */
};

/* REPORT: why, and what w[6] says then. A policy that was replaced gave way to fifo. */
enum pager_report {
    REPORT_BUDGET = 1,   /* it did not come back; hook (1 init, 2 page_in, 3 page_out, 4 victim, 5 next) */
    REPORT_ASSERT = 2,   /* an assertion failed; hook | line << 8 */
    REPORT_PAGE = 3,     /* it touched a page that is not its domain's; hook */
    REPORT_NONSENSE = 4, /* too many bad proposals; the last one */
    REPORT_CRASH = 5,    /* the pager crashed in it; hook */
    REPORT_UNKNOWN = 6,  /* no policy has the name given at boot */
};

/* DEBUG, for tests. */
enum pager_debug {
    PAGER_DEBUG_FAIL_ALLOC = 1,  /* the k-th frame allocation from now fails once; 0 = off; old value: allocations since set */
    PAGER_DEBUG_DIE_SYSCALL = 2, /* the pager kills itself at its k-th system call from now (before it); 0 = off */
    PAGER_DEBUG_DIE_AFTER = 3,   /* the same, right after the system call returned */
    PAGER_DEBUG_BREAK = 4,       /* seeded damage for vmcheck's own tests: PAGER_BREAK_* (default build only) */
    PAGER_DEBUG_SYSCALLS = 5,    /* old value: system calls made since start */
    PAGER_DEBUG_STORE_WRITE = 6, /* k | n << 32: the k-th write to the store from now fails, and the n - 1 behind it; 0 = off */
    PAGER_DEBUG_STORE_READ = 7,  /* the same for reads */
    PAGER_DEBUG_STORE_DELAY = 8, /* transfers end only after so many ticks; 0: at once */
    PAGER_DEBUG_STORE_FULL = 9,  /* 1: the store says that it is full; 0: no longer */
    PAGER_DEBUG_EVICT = 10,      /* evict so many pages now, as far as there are victims; old value: how many went */
    PAGER_DEBUG_STORE_COPY = 11, /* 1: bytes are copied, as to a device, instead of frames changing hands; 0: no longer */
};

/* PAGER_DEBUG_BREAK: value = kind | used user frame << 8. The same value again takes the damage back; one at a time. */
enum pager_break {
    PAGER_BREAK_EXTRA_REF = 1,   /* the frame is counted once too often */
    PAGER_BREAK_MISSING_REF = 2, /* once too seldom */
    PAGER_BREAK_CHARGE = 3,      /* its payer is charged one frame too many */
    PAGER_BREAK_FREE_COUNT = 4,  /* one free frame too many is claimed */
};

/* How often a request is repeated, and the pause before each try: together about 75 seconds. So many because a wait that lasts
 * as long as a session (init's for its shell) meets every restart of that time. */
#define SERVER_TRIES 600u
void server_pause(unsigned try);

/* Ask the pager; again after ERR_PEER_DEAD (bounded, with a pause). */
err_t pager_call(handle_t pager, struct ipc_msg *m);
err_t pager_call_bounded(handle_t pager, struct ipc_msg *m, unsigned tries);
/* The same, and the handle that came with the reply (w[7]) in *h. */
err_t pager_call_handle(handle_t pager, struct ipc_msg *m, handle_t *h);
/* The same with what came in w[7] and w[6], whatever the result: requests of at most six words. NO_HANDLE: none. */
err_t pager_call_handles(handle_t pager, struct ipc_msg *m, handle_t h[2]);

#endif
