/* SPDX-License-Identifier: MIT
 * The file server whole, on a host: its clients, whose pages come when the test says so, and the kernel, pager and disk that it asks.
 * Process 2 is there, and may have a child 3.
 */
#ifndef HOST_FS_CLIENTS_H
#define HOST_FS_CLIENTS_H

#include <stdarg.h>

#include "input.h"
#include "nodisk.h"

#include <cmocka.h>

#define main fs_main
#include "../../../servers/fs/main.c"
#undef main

#include <abi/image.h>
#include <fcntl.h>
#include <ipc/pager.h>
#include <unistd.h>

#define CALLS 16u
#define STEP_BYTES (POOL_STEP_PAGES * PAGE_SIZE)

char __data_end[1], __bss_end[1]; /* of the target's linker script; only a restart would use them */

/* ---- clients: call n has the id n + 1 ---- */

static struct call {
    struct ipc_event ev;
    const char *buffer;
    uint64_t there; /* of its bytes; the rest is on pages that are not */
    uint64_t value, first, second; /* the answer's first words */
    err_t result;
    bool answered, dead;
} call[CALLS];
static bool dies; /* who calls next is gone before anything was copied */
static unsigned signals; /* to procmgr */
static const struct ipc_event *coming; /* what the next receive brings; 0: nothing */

static inline struct ipc_event about(uint32_t pid, uint64_t op, uint64_t a, uint64_t b, uint64_t c)
{
    return (struct ipc_event){.kind = MSG_CALL, .badge = BADGE_MAKE(pid ? BADGE_CLIENT : BADGE_PROCMGR, pid), .w = {op, a, b, c}};
}

static inline struct call *send(unsigned n, struct ipc_event ev, const char *buffer, uint64_t len, uint64_t there)
{
    struct ipc_msg m;
    call[n] = (struct call){.ev = ev, .buffer = buffer, .there = there, .dead = dies};
    call[n].ev.id = n + 1;
    call[n].ev.buf_len[0] = len | (buffer ? BUF_R | BUF_W : 0);
    struct ipc_event got;
    coming = &call[n].ev;
    pipes_receive(0, NULL, &got);
    if (got.kind == MSG_CALL && on_event(&got, &m)) {
        call[n].answered = true;
        call[n].result = (err_t)(int64_t)m.w[0];
        call[n].value = m.w[1];
        call[n].first = m.w[2];
        call[n].second = m.w[3];
    }
    return &call[n];
}

static inline void others_go_on(void)
{
    while (requests_run()) /* bound: the requests */
        ;
}

/* A request that is answered at once. */
static inline err_t ask(uint32_t pid, uint64_t op, uint64_t a, uint64_t b, uint64_t *value)
{
    struct call *c = send(CALLS - 1, about(pid, op, a, b, 0), NULL, 0, 0);
    assert_true(c->answered);
    if (value)
        *value = c->value;
    return c->result;
}

static inline err_t ask_path(uint32_t pid, uint64_t op, const char *path, uint64_t a, uint64_t *value)
{
    struct ipc_event ev = about(pid, op, a, 0600, 0);
    ev.w[6] = PAGE_SIZE;
    struct call *c = send(CALLS - 1, ev, path, strlen(path) + 1, strlen(path) + 1);
    assert_true(c->answered);
    if (value)
        *value = c->value;
    return c->result;
}

static inline void page_comes(struct call *c)
{
    c->there = BUF_LEN(c->ev.buf_len[0]);
    requests_wake_copies();
    others_go_on();
}

/* ---- kernel, pager, disk ---- */

static inline err_t answer(const struct ipc_regs *x)
{
    struct call *c = &call[x->t3 - 1];
    if (c->dead)
        return ERR_STALE;
    c->answered = true;
    c->result = (err_t)(int64_t)x->w[0];
    c->value = x->w[1];
    c->first = x->w[2];
    c->second = x->w[3];
    return OK;
}

static inline long receive(struct ipc_regs *x)
{
    if (!coming)
        return ERR_TIMEOUT;
    memcpy(x->w, coming->w, sizeof x->w);
    x->t2 = coming->id;
    x->t3 = coming->badge;
    x->t4 = coming->buf_len[0];
    x->t6 = coming->buf_len[1];
    coming = NULL;
    return MSG_CALL;
}

long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    switch (number_flags & 0xff) {
    case SYS_CALL:
        if (a0 == H_PAGER && x->w[0] == PAGER_REGION_ADD)
            memset((void *)x->w[2], 0, STEP_BYTES);
        x->w[1] = 1 << 11; /* of a PAGER_STAT: frames */
        x->w[0] = OK;
        return OK;
    case SYS_REPLY:
        return answer(x);
    case SYS_REPLY_RECV:
        return answer(x) == OK ? receive(x) : ERR_STALE;
    case SYS_RECV:
        return receive(x);
    default:
        return ERR_NOSYS;
    }
}

static inline struct sysret copy(const struct call *c, bool out, uint64_t offset, char *local, uint64_t len)
{
    uint64_t n = offset >= c->there ? 0 : len < c->there - offset ? len : c->there - offset;
    if (out)
        memcpy((char *)(uintptr_t)c->buffer + offset, local, n);
    else
        memcpy(local, c->buffer + offset, n);
    return (struct sysret){.a0 = n == len ? OK : ERR_FAULT_PENDING, .a1 = n};
}

struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a5;
    signals += number == SYS_SIGNAL && a0 == FS_H_PROCMGR;
    if (number == SYS_REPLY_ALIVE)
        return (struct sysret){.a0 = call[a0 - 1].dead ? ERR_STALE : OK};
    if (number == SYS_COPY && call[a0 - 1].dead)
        return (struct sysret){.a0 = ERR_STALE};
    if (number == SYS_COPY)
        return copy(&call[a0 - 1], a1 & COPY_TO_CLIENT, a2, (char *)(uintptr_t)a3, a4);
    return (struct sysret){.a0 = OK};
}

ticks_t sys_time(void) { return 1; }

/* ---- tests: process 2, and its child 3 ---- */

static inline int setup(void **state)
{
    (void)state;
    if (!root) {
        map_at(SERVER_KEEP_VA, SERVER_KEEP_BYTES);
        map_at(POOL_VA, 64 * STEP_BYTES);
        map_at(FS_IMAGE_VA, PAGE_SIZE);
        *(struct image_header *)FS_IMAGE_VA = (struct image_header){.magic = IMAGE_MAGIC, .version = 1, .total_bytes = PAGE_SIZE};
    }
    return ask(2, FS_ATTACH, 0, 0, NULL);
}

static inline int teardown(void **state)
{
    (void)state;
    uint64_t wrong = 1;
    assert_int_equal(requests_waiting(), 0);
    assert_int_equal(ask(0, FS_CHECK, 0, 0, &wrong), OK);
    assert_int_equal(wrong, 0);
    (void)ask(0, FS_PROC_EXIT, 3, 0, NULL);
    (void)ask(0, FS_PROC_EXIT, 2, 0, NULL);
    assert_int_equal(files_used() + clients_used(), 0);
    return 0;
}

#endif
