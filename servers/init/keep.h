/* SPDX-License-Identifier: MIT
 * How console and procmgr start again where they are. init maps SERVER_KEEP_BYTES at SERVER_KEEP_VA, zero at first, which
 * nobody clears afterwards: what a server puts there outlives its death, as everything outside its data and bss does.
 *
 *   SERVER_KEEP_VA              struct keep_header: a copy of data as it was at the first start
 *   SERVER_KEEP_VA + PAGE_SIZE  the server's own
 *
 * server_restore() runs before anything else (libipc's start.S): the first start saves data, a later one puts it back and
 * clears bss, so that starting again needs no memory, no other server and nobody's help. Defines a function: included by
 * one file of a server, its main.c.
 */
#ifndef INIT_KEEP_H
#define INIT_KEEP_H

#include <string.h>

#include "handoff.h"

#define KEEP_MAGIC 0x7065656b61676150UL
#define KEEP_DATA_MAX 2048u

struct keep_header {
    uint64_t magic;  /* KEEP_MAGIC: `data` is saved */
    uint64_t starts; /* 1 at the first start */
    uint8_t data[KEEP_DATA_MAX];
};
_Static_assert(sizeof(struct keep_header) <= PAGE_SIZE, "the server's own part begins on the next page");

static inline struct keep_header *keep_header(void) { return (struct keep_header *)SERVER_KEEP_VA; }

extern char __data_start[], __data_end[], __bss_start[], __bss_end[];

void server_restore(void);

/* No static object may be touched before it: not thread-local ones either, their block is made next. */
void server_restore(void)
{
    struct keep_header *k = keep_header();
    size_t data_bytes = (size_t)(__data_end - __data_start);
    if (data_bytes > KEEP_DATA_MAX)
        __builtin_trap();
    if (k->magic == KEEP_MAGIC) {
        memcpy(__data_start, k->data, data_bytes);
        memset(__bss_start, 0, (size_t)(__bss_end - __bss_start));
    } else {
        memcpy(k->data, __data_start, data_bytes);
        __atomic_store_n(&k->magic, KEEP_MAGIC, __ATOMIC_RELEASE);
    }
    k->starts++;
}

#endif
