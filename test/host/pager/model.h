/* SPDX-License-Identifier: MIT
 * A model of the kernel for the pager's host tests: frames, page tables, objects and the calls that the pager makes, in
 * ordinary memory behind the pager's window. Plain and slow; it checks what the pager asks for and fails the test on nonsense.
 */
#ifndef HOST_PAGER_MODEL_H
#define HOST_PAGER_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ipc/pager.h>

#include "boot.h"
#include "defer.h"
#include "fault.h"
#include "frame.h"
#include "ledger.h"
#include "op.h"
#include "region.h"
#include "request.h"
#include "space.h"
#include "sysgate.h"
#include "table.h"
#include "vmcheck.h"

#define MODEL_RAM_PA 0x80000000UL
#define MODEL_IMAGE_PAGES 8u /* file 0: five pages and a half */

/* A machine of so many 2 MiB chunks: 0 is somebody else's, 1 holds the image, 2 and 3 are kernel chunks, the rest is free. The pager
 * is started on it. */
void model_boot(unsigned chunks);
void model_end(void);

/* The pager died and is started again on the same ledger. */
void model_restart(void);
/* Jump out (as a death would) at the k-th system call from now: before it, or right after it; 0: never. */
void model_die_at(uint64_t k, int after);
/* The kernel refuses the next answer of a fault, once. */
void model_refuse_answer(err_t err);
extern jmp_buf model_death;

/* A request by procmgr (or by the space `client`, when it is not 0): its result. Operations run to their end. */
err_t model_call(uint32_t client, struct ipc_msg *m);
/* The same without running operations: what is still to be answered, or what waits, has *later set. */
err_t model_ask(uint32_t client, reply_id_t id, struct ipc_msg *m, bool *later);
/* Take steps until nothing runs; whether anybody was answered meanwhile. */
bool model_run(void);
uint32_t model_space_new(uint64_t key);
err_t model_fork(uint32_t parent, uint32_t child, uint64_t key);

/* A program's access: faults go to the pager until it succeeds or is refused; *reason is then the pager's. */
err_t model_store(uint32_t space, vaddr_t va, uint8_t value, unsigned *reason);
err_t model_load(uint32_t space, vaddr_t va, uint8_t *value, unsigned *reason);
err_t model_fetch(uint32_t space, vaddr_t va, uint8_t *value, unsigned *reason);

/* Fences of code (SPACE_EXEC_FENCE). The model fails what becomes executable without one since its fault. */
extern uint64_t model_fences;

/* Faults are decided as in main.c: the quick way first (quick.h), unless a test wants the table alone. */
extern bool model_quick;
/* Hears of every decision, before the kernel does; 0: nobody. */
typedef void model_decided_fn(const struct fault *f, const struct answer *a, bool quick);
extern model_decided_fn *model_decided;

/* A fault that waits for its answer, which comes with defer_retry(): by the pager's decision, or because its space is just locked. */
void model_fault_waits(uint32_t space, vaddr_t va, unsigned access);
void model_fault_deferred(uint32_t space, vaddr_t va, unsigned access);

/* Time passes until the store has nothing under way. */
void model_settle(void);

/* All invariants hold. */
void model_check(void);
/* Frames that are free, of both pools. */
uint32_t model_free(void);

#endif
