/* SPDX-License-Identifier: MIT
 * Every fixed limit of the file server. What a client meets one with is an errno (docs/servers/fs.md).
 */
#ifndef FS_LIMITS_H
#define FS_LIMITS_H

#define FILES_MAX 4096u          /* open descriptions in the system (ENFILE) */
#define POOL_STEP_PAGES 16u      /* the pager is asked for so many at once */
#define POOL_STEPS_MAX 8192u     /* 512 MiB in all, */
#define POOL_SHARE 2u            /* and at most this part of the machine's memory (ENOSPC) */
#define POOL_SPARE_SHARE 16u     /* of the pool, this part is for pipes, descriptors and requests: files leave it alone */
#define POOL_EMPTY_STEPS 1u      /* that are kept for the next ones */
#define POOL_VA 0x40000000UL
#define LOCKS_MAX 4096u          /* on files, in the system (ENOLCK) */
#define LINK_DEPTH_MAX 16u       /* symbolic links in one path (ELOOP) */
#define LINKS_MAX 32000u         /* names of one file (EMLINK) */
#define CLIENT_BUCKETS 256u      /* of the hash of pids; a power of two */
#define NAME_BUCKETS 512u        /* of the hash of names in memory: one page */
#define PIECE_BYTES 65536u       /* copied for one request before others are served */
#define PATH_FIRST_BYTES 128u    /* of a path that are asked for first */
#define DEPTH_MAX 512u           /* directories that GETCWD climbs: more do not fit into a path */
#define CLIMB_MAX 65536u         /* and RENAME, to see that nothing goes into itself (ELOOP) */
#define JOBS 9u                  /* requests in the disk at once, and the keeper */
#define JOBS_VA 0x6c000000UL
#define JOB_STACK_BYTES 20480u
#define JOB_SCRATCH_BYTES 12288u
#define MAPPED_MAX 2048u         /* files that are mapped at once (ENFILE) */
#define CACHED_BUCKETS 2048u     /* of the hash of their pages */
#define EVICT_TRIES 64u          /* pages that somebody has locked, before others are served while one is looked for */
#define AHEAD_PAGES 7u           /* that are read behind one that was touched */
#define AHEAD_A_TURN 8u          /* pages that are read ahead before others have the disk */
#define AHEAD_RANGES 16u         /* of pages to read ahead, at once; more are forgotten */
#define QUESTIONS_MAX 32u       /* processes that one request, with a path through them, may ask for besides the latest (ELOOP) */
#define CONSOLE_PATIENCE_TICKS 1000000u /* 0.1 s for a line about the disk */
#define POLL_PIECE 64u           /* descriptors of a POLL that are looked at together */

#endif
