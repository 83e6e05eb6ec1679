/* SPDX-License-Identifier: MIT
 * The ledger: all that page tables cannot say and that must outlive the pager. Flat arrays in memory that belongs to init,
 * mapped again at a restart. Whatever needs more than one word at once changes through a redo log (begin, put, commit);
 * a transaction that was not committed never happened, a committed one is replayed.
 *
 * Frame counts are written in place, without the log: page tables are the truth, and a restart counts them anew.
 * Behind the lasting arrays lie volatile companions (free lists, tree links), whose contents a restart ignores.
 */
#ifndef PAGER_LEDGER_H
#define PAGER_LEDGER_H

#include <abi/error.h>
#include <abi/types.h>

#include "boot.h"
#include "limits.h"

#define LEDGER_MAGIC 0x726567646c476150UL
#define LEDGER_VERSION 3u

/* ---- lasting ---- */

/* A user frame: refs = page-table entries that map it + holds. Frames of kernel chunks have FRAME_W_KERNEL and no refs. */
struct ledger_frame {
    uint32_t refs;
    uint16_t charged; /* slot of the space that pays for it, 0: nobody; of a shared leaf table: for pages in it (leaf.c) */
    uint16_t flags;   /* FRAME_W_* */
};
#define PAYER_ANY 0xffffu /* of a shared table: not known since a restart */
#define FRAME_W_OWNED 1u  /* granted to the pager */
#define FRAME_W_KERNEL 2u /* in a kernel chunk */
#define FRAME_W_IMAGE 4u  /* part of the boot image's chunks: one hold for ever */
#define FRAME_W_HOLD 8u   /* the zero page, the store's frames and the like: one hold for ever */
/* Replacement's, meaningless after a restart (evict.h): */
#define FRAME_W_PAGE 16u      /* counts against the frame limit */
#define FRAME_W_LISTED 32u    /* a policy knows it: it may be a victim */
#define FRAME_W_READY 64u     /* cleaned ahead, next to leave */
#define FRAME_W_LINKED 128u   /* a slot of the store holds the same bytes; nobody can write the page */
#define FRAME_W_WRITING 256u  /* on its way to the store */
#define FRAME_W_ARRIVED 512u  /* being read, or read and not mapped yet: one reference is the transfer's */
#define FRAME_W_QUOTA_SHIFT 10 /* from this bit on: number of the quota that it counts in, 0: none */
#define FRAME_W_QUOTA 0xfc00u

struct ledger_space {
    uint64_t key;
    uint64_t brk;     /* heap break, bytes; 0: no break asked yet */
    uint32_t live;    /* 0: free slot */
    uint32_t gen;     /* 1..0xffff, upper half of the id */
    frame_t control, root;
    handle_t handle;
    uint32_t limit;   /* frames it may be charged, 0: no limit */
    uint32_t faults, refused; /* statistics, kept for `faults PID` */
    uint32_t frames;  /* own limit of resident pages, 0: none (it is a domain of its own then) */
    uint16_t family;  /* slot of the first ancestor that has not exec'ed since: where else its pages may be mapped */
    uint16_t flags;   /* SPACE_F_* */
    uint64_t counter[6];
    uint32_t policy;  /* replacement policy of its own, number; 0: everybody's */
    uint32_t quota;   /* number of its node, 0: none; also of a free slot whose first or last frames are being handled */
};

#define SPACE_F_SERVER 1u /* made by init: its pages don't count and never leave */
#define SPACE_F_PINNED 2u /* its pages never leave */
#define SPACE_F_SPARE 4u  /* made ahead, nobody's yet (spare.h) */

/* [start_page, end_page), in pages. used == 0: free record. */
struct ledger_region {
    uint32_t start_page, end_page;
    uint64_t backed_bytes; /* bytes from `offset_page` on that the file has; zeros after that */
    uint32_t offset_page;  /* in the file, of start_page */
    uint16_t space;        /* slot */
    uint16_t file;         /* index in the image's directory, or the whole image */
    uint8_t used;
    uint8_t backing;       /* enum pager_backing */
    uint8_t flags;         /* REGION_* */
    uint8_t prot;          /* PROT_R|W|X: what the program may do */
    uint32_t origin;       /* files: the file server's name of it; shared memory: the request that made it, also in children; else 0 */
};

/* A kernel object made for somebody: threads, endpoints, notifications, handle-table frames. type == 0: free record. */
struct ledger_object {
    uint64_t key;    /* endpoints and notifications */
    handle_t handle; /* the pager's handle to it; 0 for handle frames */
    frame_t frame;
    uint16_t space;  /* slot it belongs to and is charged to; 0: nobody */
    uint8_t type;    /* enum object_type, or LEDGER_HANDLES */
    uint8_t slot;    /* threads: 0..63 */
    uint32_t spare;
};
#define LEDGER_HANDLES 32u

enum op_kind { OP_NONE = 0, OP_FORK, OP_CLEAR, OP_DELETE, OP_UNMAP, OP_PROTECT, OP_FILL, OP_LOCK, OP_PIN, OP_DISCARD };
enum op_state { OP_FREE = 0, OP_RUNNING, OP_DONE };

/* A long operation and its intent. A restart goes on with running ones; a fork first empties the child again. */
struct ledger_op {
    uint64_t key;         /* the requester's name for it; 0: none */
    uint32_t space, other;/* ids; fork: parent and child */
    uint32_t start_page, end_page;
    uint32_t cursor_page; /* pages before it are done */
    uint32_t serial;      /* age */
    int32_t result;
    uint8_t kind, state, phase;
    uint8_t strategy;     /* fork: FORK_* it began with */
    uint8_t prot;
    uint8_t owner;        /* enum badge_class of the requester, 0: a client's own region change */
    uint8_t asked;        /* the result was given out: the record may be reused */
    uint8_t spare;
    uint32_t absent;      /* lock: pages of files that were not there */
    uint64_t pages_shared, pages_copied;
};

/* A node of the tree of quotas (quota.h). key == 0: free. Number 0 stays free: no quota. */
struct ledger_quota {
    uint64_t key;
    uint32_t parent;        /* number of the node above, 0: none */
    uint32_t limit_frames;  /* of all spaces in it and below, 0: none */
    uint32_t limit_objects;
    uint32_t spare;
};

struct ledger_notify {
    handle_t handle;
    uint32_t owner; /* badge class, 0: free */
    uint64_t bits;
};

/* What one replacement policy did; number 0: the built-in order. */
struct ledger_policy {
    uint64_t victims;  /* proposals taken */
    uint64_t faults;   /* evicted pages that were wanted again while it was in charge */
    uint32_t bad;      /* proposals refused */
    uint32_t deposed;  /* times it was replaced because it proved wrong */
};

/* A line for the console (report.h). */
struct ledger_report {
    char policy[16];
    uint64_t key;    /* of the space whose pages it had, 0: everybody's */
    uint64_t detail;
    uint64_t reason; /* enum pager_report */
};

struct ledger_log_entry {
    uint64_t offset; /* bytes from the ledger's start */
    uint64_t value;
};

/* A page of a space between two system calls: its entry is taken away and not yet what it is to become. A restart finds
 * the entry empty and finishes. One at a time. */
struct ledger_intent {
    uint64_t page;  /* space id << 32 | page number; 0: nothing is under way. Stored last, cleared first */
    uint64_t entry; /* the software bits to come, or (with V) the frame and its permissions */
};

enum evict_counter {
    EVICT_PAGES = 0,   /* evicted */
    EVICT_CLEAN,       /* of them without a write */
    EVICT_WRITES, EVICT_READS, EVICT_AHEAD,
    EVICT_BAD,         /* victims that could not leave */
    EVICT_NONE,        /* allocations that found no victim */
    EVICT_WRITE_ERRORS, EVICT_READ_ERRORS, EVICT_FULL,
    EVICT_COUNTERS,
};

struct ledger_header {
    uint64_t magic;
    uint32_t version, formatted; /* formatted: the arrays are initialised */
    uint64_t bytes;
    uint64_t log_count; /* committed entries to replay; 0: none */
    frame_t zero_frame, batch_frame;
    uint32_t strategy;  /* FORK_* now */
    uint32_t restarts;
    uint64_t mismatches;/* frame counts that a restart had to correct, since boot */
    uint64_t forks, pages_shared, pages_copied, out_of_memory;
    uint64_t faults[8]; /* enum counter, whole system */
    struct ledger_intent intent;
    uint32_t frames;      /* limit of resident pages, 0: none */
    uint32_t store_slots; /* slots 1..store_slots have a frame each */
    uint64_t evict[EVICT_COUNTERS]; /* enum evict_counter */
    uint32_t policy;    /* in charge of all domains without one of their own, number; 0: the built-in order */
    uint32_t in_policy; /* number of the policy whose code runs now, 0: none: who it was, after a crash */
    uint32_t in_hook;   /* enum policy_hook */
    uint32_t reports;   /* made since boot */
    uint32_t around;    /* width of fault-around, pages; 1: off */
    uint32_t zeroed;    /* frames to keep zeroed */
    uint64_t around_pages; /* mapped by it, since boot */
    uint32_t origins;   /* shared regions made since boot: the newest one's number */
    uint32_t spare;
    uint64_t exchange;  /* slot << 32 | index of a frame: the slot's if the one that it has proves to be mapped (store_exchange.c) */
    uint64_t tables_shared, tables_split; /* leaf tables, since boot */
    struct ledger_policy policy_stat[POLICIES_MAX + 1];
    struct ledger_report report[REPORTS_MAX];
    struct ledger_notify notify[NOTIFY_MAX];
    struct ledger_quota quota[QUOTAS_MAX];
    struct ledger_log_entry log[LOG_ENTRIES_MAX];
};

/* ---- volatile ---- */

struct space_vol {
    uint32_t charged;  /* user frames it pays for */
    uint32_t tables, objects;
    uint32_t resident; /* present pages */
    uint32_t regions, special; /* in all; SHARED or PINNED ones */
    uint32_t tree;     /* root of its region tree, index + 1 */
    uint32_t last;     /* region of the last look-up, index + 1 */
    uint32_t first_object; /* chain, index + 1 */
    uint32_t key_next; /* hash chain, or the next free slot */
    uint16_t op;       /* running operation that locks it, index + 1 */
    uint16_t threads;
    uint16_t family_next; /* chain of the family, 0: end */
    uint16_t domain;      /* its slot when it has a limit or a policy of its own, else 0 */
    uint32_t swapped;     /* pages that are only in the store */
    uint32_t pages;       /* resident pages of this domain that count */
    uint32_t limit;       /* of them; UINT32_MAX: none */
    uint32_t gaps : 1;    /* the nodes of its region tree know the gaps below them */
    uint32_t files : 31;  /* regions of files */
};
/* Where a page is mapped: at `page` of spaces of `family`. */
struct page_vol {
    uint32_t page;
    uint16_t family;
    uint16_t domain;
};
/* A slot of the store. */
struct slot_vol {
    uint32_t refs;  /* absent entries that name it + 1 if a page is linked with it, or a transfer under way */
    uint32_t frame; /* index + 1 of the linked page; SLOT_FAILED; free slots: the next one */
};
struct region_node {
    uint32_t left, right, up; /* index + 1; free records are chained through left */
    uint32_t weight;
    uint32_t low, high; /* lowest and highest page of the subtree's regions, */
    uint32_t gap;       /* widest gap between two of them; all three only while the space's `gaps` is set */
    uint32_t spare;     /* so that a shift finds a node, as it does a record */
};
struct object_node {
    uint32_t next; /* index + 1 */
    uint32_t spare;
};
struct chunk_state {
    uint32_t head;       /* free frames of the chunk: index + 1, chained through frame_next */
    uint32_t next, prev; /* list of chunks, index + 1 */
    uint16_t free;
    uint8_t pool;        /* enum pool_kind */
    uint8_t list;        /* enum chunk_list */
};

/* Replacement (replace.c): a domain is a space's slot, 0: everybody's. */
struct policy_domain {
    uint64_t head[16];    /* POLICY_HEAD_BYTES: the policy's own */
    uint32_t first, last; /* list of its pages, index + 1 */
    uint32_t fresh;       /* the first page that the policy was not told of, index + 1 */
    uint32_t pages, known;/* in the list; told to the policy */
    uint8_t policy;       /* in charge, when begun; number */
    uint8_t begun;
    uint16_t bad;         /* bad proposals since then */
    uint32_t spare[2];
};
struct page_link {
    uint32_t next, prev; /* index + 1 */
};
struct policy_node {
    uint64_t word[2]; /* POLICY_NODE_BYTES: the policy's own */
};
/* A page's place: domain << PLACE_SHIFT | PLACE_* */
#define PLACE_NONE 0u  /* in no domain */
#define PLACE_FRESH 1u /* in one; its policy does not know yet */
#define PLACE_KNOWN 2u
#define PLACE_HANDED 3u /* known to a policy that is being replaced, and named by it */
#define PLACE_SHIFT 2u

struct ledger {
    struct ledger_header *header;
    struct ledger_space *space;   /* [max_spaces], slot 0 is nobody's */
    struct ledger_region *region; /* [max_regions] */
    struct ledger_object *object; /* [max_objects] */
    struct ledger_op *op;         /* [OPS_MAX] */
    struct ledger_frame *frame;   /* [frames], index = frame - first_frame */
    struct ledger_frame *frame_biased; /* the same array, index = frame */
    uint32_t *store_frame;        /* [frames + 1] the RAM-backed store: index of a slot's frame */
    uint32_t max_spaces, max_regions, max_objects, frames, chunks;
    frame_t first_frame;
    /* volatile companions */
    struct space_vol *space_vol;
    struct region_node *region_node;
    struct object_node *object_node;
    struct chunk_state *chunk;
    uint32_t *frame_next; /* free lists */
    uint32_t *scratch;    /* vmcheck and recovery count here */
    uint32_t *key_hash;   /* [max_spaces] first slot of a chain */
    uint16_t *family;     /* [max_spaces] first space of a family */
    struct page_vol *page;       /* [frames] */
    uint32_t *page_slot;         /* [frames] the slot that holds the same bytes, or is being filled with them */
    struct slot_vol *slot;       /* [frames + 1] */
    uint32_t *slot_scratch;      /* [frames + 1] vmcheck counts here */
    struct policy_domain *domain;    /* [max_spaces] */
    struct policy_node *policy_node; /* [frames] */
    struct page_link *page_link;     /* [frames] */
    uint16_t *page_place;            /* [frames] */
};
extern struct ledger ledger;

/* Lay the arrays out over [base, base + bytes). ERR_INVAL: too small, or a formatted ledger of another shape. */
err_t ledger_attach(void *base, const struct pager_boot *boot);
/* Zeros, the volatile companions included: as init hands it over. Only before it is formatted. */
void ledger_wipe(void);
/* Make the empty ledger, all zeros, a valid one. First start only. */
void ledger_format(void);

/* ---- transactions: not nested, at most LOG_ENTRIES_MAX words ---- */
void ledger_begin(void);
/* All of a record: its size is a multiple of 8 and it is 8-aligned. */
void ledger_put(void *to, const void *from, size_t bytes);
void ledger_commit(void);
/* After a restart: finish a committed transaction, forget an uncommitted one. */
void ledger_replay(void);

#endif
