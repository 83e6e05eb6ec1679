/* SPDX-License-Identifier: MIT
 * Every fixed limit of the pager. Tables that grow with memory are sized in boot.h.
 */
#ifndef PAGER_LIMITS_H
#define PAGER_LIMITS_H

#define LOG_ENTRIES_MAX 192u    /* words one ledger transaction may change */
#define OPS_MAX 512u            /* long operations: running ones, and results not yet asked for */
#define DEFERRED_MAX 128u       /* requests and faults that wait for an operation to end */
#define INLINE_STEPS 8u         /* steps an operation may take before its caller is told IN_PROGRESS */
#define EAGER_STEP_PAGES 16u    /* pages copied by one step of an eager fork */
#define LEAF_WORK 64u            /* what a leaf table costs beside its pages, in pages: so many share a step */
#define CLEAR_TABLES_KEPT 8u     /* a space with no more tables keeps them when it is cleared for the next program */
#define TABLE_SHARE_MIN 128u     /* a leaf table with fewer pages is not worth sharing: they are shared one by one */
#define TABLE_WORK 128u          /* what sharing one costs, in pages shared one by one */
#define FILL_STEP_PAGES 16u     /* pages filled by one step of a pinned region */
#define REGION_STEP 64u         /* region records copied, changed or deleted by one step */
#define THREADS_MAX 64u         /* thread slots of a space */
#define DESTROY_TRIES 64u       /* an object with many queued callers is destroyed in so many calls, else ERR_AGAIN */
#define SHARER_LEAVES_MAX 256u  /* leaf tables one SHARER call looks into */
#define NEXT_LEAVES_MAX 4096u   /* leaf tables a search for the next page may pass over */
#define KERNEL_RESERVE 32u      /* free kernel frames kept when a kernel chunk is given back */
#define HANDLE_FRAMES_RESERVED 32u /* at most so many frames of handles are taken at the first start */
#define POLICIES_MAX 31u        /* replacement policies in one image */
#define POLICY_BUDGET 10000u    /* basic blocks that a policy's hook may run, */
#define POLICY_BUDGET_A_PAGE 128u /* and so many more for each page of its domain */
#define POLICY_BAD_MAX 8u       /* bad proposals until a policy is replaced */
#define REPLACE_TELL_MAX 64u    /* pages a policy is told of before one victim */
#define REPORTS_MAX 8u          /* lines for the console that are kept */
#define EVICT_MAPPINGS_MAX 64u  /* a page mapped more often is no victim */
#define EVICT_TRIES_MAX 64u     /* victims that one allocation may try */
#define READY_MAX 16u           /* high mark of pages cleaned ahead, */
#define READY_SHARE 16u         /* at most this part of the frame limit; low mark: half of it */
#define PIN_REST_SHARE 4u       /* this part of the frame limit can never be pinned or shared */
#define FRAMES_MIN 16u          /* the smallest frame limit: below it a program chases its own pages */
#define STORE_PER_FRAME 4u      /* slots of the store for each frame of the limit, when nothing was said */
#define STORE_REST_SHARE 4u     /* this part of the user frames is never the store's */
#define STORE_GROW 512u         /* slots added to the store by one request */
#define STORE_TRANSFERS_MAX 16u /* transfers that a store may have under way */
#define SHARE_SLOTS_STEP 64u    /* swapped pages that one step of a fork hands on */
#define AROUND_MAX 64u           /* pages that one fault may map, */
#define AROUND_DEFAULT 16u       /* and does when nothing was said: 64 KiB, as Linux */
#define FILES_TABLE 4096u         /* places for files that are mapped, */
#define FILES_MAPPED_MAX 3072u   /* and how many of them are used at most */
#define FILES_WANTS_MAX 64u      /* pages that the file server is asked for at once */
#define ZEROED_MAX 64u           /* frames kept zeroed; idle time is asked for when half are gone */
#define ZEROED_REST 256u         /* with fewer free frames than that none are kept apart */
#define SPARES_MAX 4u            /* spaces made ahead; idle time is asked for */
#define SPARES_LOW 2u            /* when there are fewer than this */
#define SPARE_LEAVES 2u          /* leaf tables that each has */
#define SPARES_REST 64u          /* with fewer free kernel frames than that none are made */
#define REGION_QUOTA_SHARE 8u    /* under a quota a space has at most this part of the free region records */
#define QUOTAS_MAX 64u           /* nodes of quotas, number 0 not counted */
#define QUOTA_DEPTH_MAX 8u       /* a node and those above it */
#define NOTIFY_MAX 4u           /* who can be signalled when operations end: one a badge class */

#endif
