/* SPDX-License-Identifier: MIT
 * Proves that a thread can be woken by those who were given its waker, and that the handle is good for nothing else: bits arrive,
 * also in another process, rights are exact, it goes stale with the thread, a full table refuses, and exec closes it.
 */
#define GT_NAME "waker"
#include "gserve.h"
#include <pagoda/thread.h>
#include <stdatomic.h>
#include <string.h>

#define SELF "/bin/t_waker"

static err_t waker(uint64_t slot, handle_t *h)
{
    struct ipc_msg m = {.w = {PROC_WAKER, slot}};
    err_t err = proc_call(H_PROC, &m);
    *h = err == OK ? (handle_t)m.w[1] : NO_HANDLE;
    return err;
}
static _Atomic handle_t sibling;
static void *sleeper(void *arg)
{
    uint64_t bits = 0;
    handle_t h;
    (void)arg;
    CHECK_EQ(waker(~0UL, &h), OK);
    atomic_store(&sibling, h);
    CHECK_EQ(sys_wait(0, gs_deadline(GT_HANG_MS), &bits), OK);
    return (void *)(uintptr_t)bits;
}
static void a_thread_is_woken_by_its_sibling(void)
{
    struct thread *t;
    void *bits = NULL;
    atomic_store(&sibling, NO_HANDLE);
    CHECK_EQ(thread_create(&t, sleeper, NULL), 0);
    while (atomic_load(&sibling) == NO_HANDLE)
        sys_yield();
    CHECK_EQ(sys_signal(sibling, 0x5a), OK);
    CHECK_EQ(thread_join(t, &bits), 0);
    CHECK_EQ((uintptr_t)bits, 0x5a);
    CHECK_EQ(sys_signal(sibling, 1), ERR_HANDLE); /* the thread is gone */
    CHECK_EQ(sys_handle_close(0, sibling), OK);
}
static void child_sends_its_waker(void *unused)
{
    struct ipc_msg m = {.w = {0}};
    uint64_t bits = 0;
    handle_t h;
    (void)unused;
    CHECK_EQ(waker(~0UL, &h), OK);
    CHECK_EQ(ipc_call_handle(H_PARENT, &m, h, RIGHT_SIGNAL, 0), OK);
    CHECK_EQ(sys_wait(0, gs_deadline(GT_HANG_MS), &bits), OK);
    CHECK_EQ(bits, 1UL << 63 | 1);
}
static void wakes_a_child(void *unused)
{
    struct ipc_event ev;
    (void)unused;
    REQUIRE(gs_open());
    pid_t pid = gt_child(child_sends_its_waker, NULL);
    REQUIRE(gs_recv_call(&ev));
    CHECK_EQ(gs_answer(&ev, OK), OK);
    CHECK_EQ(sys_signal((handle_t)ev.w[7], 1UL << 63 | 1), OK);
    gt_expect_exit(pid, 0);
    CHECK_EQ(sys_signal((handle_t)ev.w[7], 1), ERR_HANDLE);
}
static void a_process_is_woken_by_another(void) { RUN_CHILD(wakes_a_child, NULL); }
static void it_only_signals(void)
{
    struct handle_info hi;
    uint64_t bits;
    handle_t h;
    CHECK_EQ(waker(0, &h), OK);
    CHECK_EQ(sys_handle_info(0, h, &hi), OK);
    CHECK_EQ(hi.type, OBJ_THREAD);
    CHECK_EQ(hi.rights, RIGHT_SIGNAL | RIGHT_GRANT);
    CHECK_EQ(sys_thread_stop(h), ERR_RIGHTS);
    CHECK_EQ(sys_thread_prio(h, 250), ERR_RIGHTS);
    CHECK_EQ(sys_object_destroy(h), ERR_RIGHTS);
    CHECK_EQ(sys_wait(h, DEADLINE_POLL, &bits), ERR_TYPE);
    CHECK_EQ(sys_signal(h, 4), OK);
    CHECK_EQ(sys_wait(0, DEADLINE_POLL, &bits), OK);
    CHECK_EQ(bits, 4);
    CHECK_EQ(sys_handle_close(0, h), OK);
    CHECK_EQ(waker(~0UL - 1, &h), ERR_INVAL);
    CHECK_EQ(waker(PROC_THREADS_MAX - 1, &h), ERR_NOENT);
}
static void asked_again_it_is_the_same(void)
{
    handle_t h, again;
    CHECK_EQ(waker(~0UL, &h), OK);
    CHECK_EQ(waker(0, &again), OK);
    CHECK_EQ(again, h);
    CHECK(h != H_SELF && h != H_PARENT); /* those have their slots */
    CHECK_EQ(sys_handle_close(0, h), OK);
}
static void a_full_table_refuses(void)
{
    static handle_t all[1024];
    unsigned n = 0;
    handle_t h;
    err_t err = OK;
    CHECK_EQ(waker(0, &h), OK);
    while (n < 1024 && (err = sys_handle_copy(h, RIGHT_GRANT, 0, &all[n])) == OK)
        n++;
    CHECK_EQ(err, ERR_NOHANDLE);
    CHECK(n > 100 && n < 1024);
    CHECK_EQ(sys_handle_close(0, h), OK);
    CHECK_EQ(sys_handle_copy(all[0], RIGHT_GRANT, 0, &h), OK); /* full again, with other rights */
    handle_t none;
    CHECK_EQ(waker(0, &none), ERR_NOHANDLE);
    CHECK_EQ(sys_handle_close(0, h), OK);
    while (n > 0)
        CHECK_EQ(sys_handle_close(0, all[--n]), OK);
    CHECK_EQ(waker(0, &h), OK);
    CHECK_EQ(sys_handle_close(0, h), OK);
}
/* The new program finds nothing in the slot that the old one's handle had. */
static void execs(void *unused)
{
    char slot[16];
    char *argv[] = {"t_waker", "--empty", slot, NULL};
    handle_t h;
    (void)unused;
    CHECK_EQ(waker(~0UL, &h), OK);
    snprintf(slot, sizeof slot, "%u", h);
    execv(SELF, argv);
}
static void exec_closes_it(void) { RUN_CHILD(execs, NULL); }
static int role_empty(const char *slot)
{
    struct handle_info hi;
    return sys_handle_info(0, (handle_t)atoi(slot), &hi) == ERR_HANDLE ? 0 : 1;
}

static const struct gt_case cases[] = {CASE(a_thread_is_woken_by_its_sibling), CASE(a_process_is_woken_by_another),
                                       CASE(it_only_signals),
                                       CASE(asked_again_it_is_the_same), CASE(a_full_table_refuses), CASE(exec_closes_it), {NULL, NULL}};
int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--empty"))
        return role_empty(argv[2]);
    return gt_main(argc, argv, cases);
}
