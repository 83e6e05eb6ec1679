/* SPDX-License-Identifier: MIT
 * Every fixed limit of procmgr. The tables grow up to these sizes (arena.c).
 */
#ifndef PROCMGR_LIMITS_H
#define PROCMGR_LIMITS_H

#define PROCS_MAX 4096u           /* processes, init's entry and zombies included */
#define PID_BUCKETS 4096u         /* of the pid hash; a power of two */
#define PID_MAX (1u << 22)
#define LOG_ENTRIES_MAX 96u       /* words one ledger transaction may change */
#define ACCOUNTS_MAX 64u          /* limited trees at once; as many as the pager has quotas */
#define WAITS_MAX 4096u           /* callers that wait for a child or a thread */
#define ARGS_PAGES 2048u          /* argument strings of all programs that did not fetch theirs yet, in pages */
#define COMMAND_MAX 256u          /* bytes of argument strings that /proc can show */
/* Where the growing tables lie, and by how much they grow. */
#define PROCS_VA 0x40000000UL
#define PROCS_STEP_BYTES (64UL << 10)
#define WAITS_VA 0x50000000UL
#define WAITS_STEP_BYTES (4UL << 10)
#define MUTEX_WAITS_VA 0x58000000UL
#define WORD_WAITS_VA 0x58080000UL /* behind those, in the reach of their page table */
#define ARGS_VA 0x60000000UL
#define ARGS_STEP_BYTES (16UL << 10)
#define HANDLERS_VA 0x50080000UL /* behind the waits, in the reach of their page table */
#define HANDLERS_STEP_BYTES (16UL << 10)
#define NAME_PLACES 1024u          /* of the table of programs; more than IMAGE_FILES_MAX */
#define PROGRAMS_KEPT 16u          /* programs whose headers need not be read again */
#define SEGMENTS_MAX 8u           /* of a program */
#define PROGRAM_VA_END 0x1000000000UL /* segments and the heap's start lie below */
#define QUEUE_VA 0x54000000UL
#define QUEUE_STEP_BYTES (4UL << 10)
#define QUEUED_MAX 16384u           /* queued signals of all processes */
#define QUEUED_OF_PROCESS_MAX 64u   /* pending for one */
#define TIMERS_VA 0x56000000UL
#define TIMERS_STEP_BYTES (4UL << 10)
#define TIMERS_MAX 8192u
#define TIMERS_OF_PROCESS_MAX 32u   /* that it makes, besides the interval timers */
#define SIGNALS 64u
#define SIGNAL_REALTIME 32u         /* the first that is queued however it is sent */
#define PRIO_CLIENT_MAX 199u
#define PRIO_BACKGROUND_STEP 10u /* SPAWN_BACKGROUND: so much below the spawner */
#define STACK_DEFAULT_BYTES (8UL << 20)
#define STACK_MIN_BYTES (16UL << 10)
#define STACK_MAX_BYTES (1UL << 30)
#define STACK_LOWEST (64UL << 10) /* no stack reaches below it */
#define HANDLES_RESERVE 12u       /* slots of our own table that are not for processes, rounded up */
#define HANDLES_FIRST 180u        /* room in it at start, the reserve taken off */
#define HANDLES_STEP 256u         /* and what one PAGER_HANDLES adds */
#define TIMER_PERIOD_MIN_TICKS 10000u /* 1 ms: a timer comes no more often */
#define RETRIES_TICKS 10000u      /* 1 ms: when the pager had no room for one more operation */
#define COPY_PATIENCE_TICKS 5000000u    /* half a second for a client's page to come in */
#define CONSOLE_PATIENCE_TICKS 2000000u /* 200 ms for a line about a killed process */

#define PLACE_HARTS_MAX 8u /* as the kernel has at most */

#endif
