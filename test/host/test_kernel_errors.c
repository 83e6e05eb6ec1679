/* SPDX-License-Identifier: MIT
 * Error paths change nothing: kernel memory, harts and user frames are compared byte by byte before and after each refused
 * call, for every error that a system call can return.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define VA 0x40000000UL

static struct host_space s, other;
static struct host_thread t, waiting; /* t does the calls; both in s */
static struct host_ep ep;
static struct host_ntfn n;
static handle_t t_space, t_other, t_ep, t_ntfn, t_thread, t_waiting, t_kernel, t_weak, t_dead; /* in t's table */
static frame_t mine_user, mine_kernel, mapped;
static uint32_t errors_seen;

/* t lives in s, which owns a user and a kernel chunk and may change s and other. */
static int setup(void **context)
{
    (void)context;
    host_boot();
    s = host_space();
    other = host_space();
    ep = host_ep();
    n = host_ntfn();
    struct host_ntfn dead = host_ntfn();
    t = host_thread(&s);
    waiting = host_thread(&s);
    t_space = host_give(&s, s.h, RIGHTS_ALL, 0);
    t_other = host_give(&s, other.h, RIGHTS_ALL, 0);
    t_ep = host_give(&s, ep.h, RIGHTS_ALL, 0);
    t_ntfn = host_give(&s, n.h, RIGHTS_ALL, 0);
    t_thread = host_give(&s, t.h, RIGHTS_ALL, 0);
    t_waiting = host_give(&s, waiting.h, RIGHTS_ALL, 0);
    t_kernel = host_give(&s, INIT_H_KERNEL, RIGHTS_ALL, 0);
    t_weak = host_give(&s, other.h, 0, 0);
    t_dead = host_give(&s, dead.h, RIGHTS_ALL, 0);
    host_destroy(dead.h);
    SYS_OK(init, CHUNK_RETYPE, host_user_chunk(2), CHUNK_KERNEL);
    SYS_OK(init, CHUNK_GRANT, host_user_chunk(1), s.h);
    SYS_OK(init, CHUNK_GRANT, host_user_chunk(2), s.h);
    mine_user = host_user_chunk(1) * FRAMES_PER_CHUNK;
    mine_kernel = host_user_chunk(2) * FRAMES_PER_CHUNK;
    host_tables(&s, VA);
    host_tables(&other, VA);
    mapped = mine_user + 9;
    SYS_OK(t.t, SPACE_MAP_FRAME, t_space, VA, mapped, PROT_R | PROT_W);
    SYS_OK(t.t, SPACE_MAP_FRAME, t_other, VA, mapped, PROT_R);
    SYS_OK(t.t, SPACE_BATCH, mine_user + 8);
    assert_int_equal(SYS(waiting.t, WAIT, 0), HOST_BLOCKED);
    host_current(t.t);
    host_exit();
    return 0;
}

static void refused(long e, long want, struct snapshot *before, const char *what)
{
    if (e != want)
        fail_msg("%s returned %ld, not %ld", what, e, want);
    host_unchanged(before, t.t, what);
    errors_seen |= 1u << -want;
}

#define FAILS(error, ...) \
    do { \
        struct snapshot *before_ = host_snapshot(); \
        refused(SYS(t.t, __VA_ARGS__), error, before_, #__VA_ARGS__); \
    } while (0)
#define FAILS_IPC(error, nr, flags, h) \
    do { \
        struct snapshot *before_ = host_snapshot(); \
        refused(host_ipc(t.t, SYS_##nr, flags, h), error, before_, #nr); \
    } while (0)

static void handles(void **context)
{
    (void)context;
    FAILS(ERR_HANDLE, HANDLE_COPY, 0, 0, 0);
    FAILS(ERR_HANDLE, HANDLE_COPY, t_dead, 0, 0);
    FAILS(ERR_RIGHTS, HANDLE_COPY, t_weak, 0, 0);
    FAILS(ERR_INVAL, HANDLE_COPY, t_ep, 0x1ff, 0);
    FAILS(ERR_HANDLE, HANDLE_INSTALL, t_other, 5, 170, 0, 0);
    FAILS(ERR_INVAL, HANDLE_INSTALL, t_other, 0, t_ep, 0, 0);
    FAILS(ERR_INVAL, HANDLE_INSTALL, t_other, 5000, t_ep, 0, 0);
    FAILS(ERR_EXIST, HANDLE_INSTALL, 0, t_ep, t_ep, 0, 0);
    FAILS(ERR_TYPE, HANDLE_INSTALL, t_ep, 5, t_ep, 0, 0);
    FAILS(ERR_RIGHTS, HANDLE_INSTALL, t_weak, 5, t_ep, 0, 0);
    FAILS(ERR_HANDLE, HANDLE_CLOSE, 0, 190);
    FAILS(ERR_HANDLE, HANDLE_REVOKE, t_dead);
    FAILS(ERR_TYPE, HANDLE_REVOKE, t_kernel);
    FAILS(ERR_RIGHTS, HANDLE_REVOKE, t_weak);
    FAILS(ERR_HANDLE, HANDLE_INFO, 0, t_dead);
    FAILS(ERR_INVAL, HANDLE_GROW, 0, 0);
    FAILS(ERR_OWNER, HANDLE_GROW, 0, mine_user);
    for (unsigned i = 0; i < HANDLE_FRAMES_MAX; i++)
        SYS_OK(t.t, HANDLE_GROW, 0, mine_kernel + i);
    FAILS(ERR_LIMIT, HANDLE_GROW, 0, mine_kernel + 100);
    while (SYS(t.t, HANDLE_COPY, t_ep, RIGHTS_ALL, 0) == OK) {
    }
    FAILS(ERR_NOHANDLE, HANDLE_COPY, t_ep, RIGHTS_ALL, 0);
    FAILS(ERR_NOHANDLE, OBJECT_CREATE, OBJ_NTFN, mine_kernel + 100, 0);
    FAILS(ERR_NOHANDLE, OBJECT_CREATE, OBJ_SPACE, mine_kernel + 100, mine_kernel + 101);
    FAILS(ERR_NOHANDLE, IRQ_CREATE, t_kernel, 3);
}

static void objects(void **context)
{
    (void)context;
    FAILS(ERR_INVAL, OBJECT_CREATE, OBJ_NTFN, 0, 0);
    FAILS(ERR_OWNER, OBJECT_CREATE, OBJ_NTFN, s.space->frame, 0);
    FAILS(ERR_INVAL, OBJECT_CREATE, 0, mine_kernel, 0);
    FAILS(ERR_INVAL, OBJECT_CREATE, OBJ_TYPES, mine_kernel, 0);
    FAILS(ERR_INVAL, OBJECT_CREATE, OBJ_SPACE, mine_kernel, mine_kernel);
    FAILS(ERR_OWNER, OBJECT_CREATE, OBJ_SPACE, mine_kernel, mine_user);
    FAILS(ERR_HANDLE, OBJECT_CREATE, OBJ_THREAD, mine_kernel, 180);
    FAILS(ERR_TYPE, OBJECT_CREATE, OBJ_THREAD, mine_kernel, t_ep);
    FAILS(ERR_RIGHTS, OBJECT_CREATE, OBJ_THREAD, mine_kernel, t_weak);
    FAILS(ERR_HANDLE, OBJECT_DESTROY, t_dead);
    FAILS(ERR_RIGHTS, OBJECT_DESTROY, t_weak);
    FAILS(ERR_TYPE, OBJECT_DESTROY, t_kernel);
    FAILS(ERR_BUSY, OBJECT_DESTROY, t_space);
    FAILS(ERR_BUSY, OBJECT_DESTROY, t_other);
}

static void threads(void **context)
{
    (void)context;
    FAILS(ERR_TYPE, THREAD_START, t_ep, 0, 0, 0, 0);
    FAILS(ERR_HANDLE, THREAD_STOP, 180);
    FAILS(ERR_INVAL, THREAD_STOP, t_waiting, 2);
    FAILS(ERR_BUSY, THREAD_RESUME, t_waiting);
    FAILS(ERR_BUSY, THREAD_RESUME, t_thread);
    FAILS(ERR_BUSY, THREAD_REGS_COPY, t_waiting, t_waiting);
    FAILS(ERR_BUSY, THREAD_REGS_COPY, t_waiting, t_thread);
    FAILS(ERR_INVAL, THREAD_REG_GET, t_waiting, 32);
    FAILS(ERR_INVAL, THREAD_REG_SET, t_waiting, 32, 0);
    FAILS(ERR_BUSY, THREAD_REG_SET, t_waiting, 5, 0);
    FAILS(ERR_INVAL, THREAD_PRIO, t_waiting, 256);
    FAILS(ERR_INVAL, THREAD_PRIO, t_waiting, ~0UL);
    FAILS(ERR_TYPE, THREAD_BIND, t_waiting, t_ep);
    SYS_OK(t.t, THREAD_BIND, t_thread, t_ntfn);
    FAILS(ERR_BUSY, THREAD_BIND, t_waiting, t_ntfn);
    FAILS(ERR_TYPE, THREAD_INFO, t_space);
}

static void mappings(void **context)
{
    (void)context;
    FAILS(ERR_INVAL, SPACE_TABLE, t_space, USER_VA_END, mine_kernel);
    FAILS(ERR_OWNER, SPACE_TABLE, t_space, 0, mine_user);
    FAILS(ERR_EXIST, SPACE_TABLE, t_space, VA, mine_kernel);
    FAILS(ERR_INVAL, SPACE_UNTABLE, t_space, ~0UL);
    FAILS(ERR_NOENT, SPACE_UNTABLE, t_space, 0);
    FAILS(ERR_BUSY, SPACE_UNTABLE, t_space, VA);
    FAILS(ERR_INVAL, SPACE_MAP_FRAME, t_space, VA + 1, mine_user, PROT_R);
    FAILS(ERR_INVAL, SPACE_MAP_FRAME, t_space, WINDOW_BASE, mine_user, PROT_R);
    FAILS(ERR_INVAL, SPACE_MAP_FRAME, t_space, VA, mine_user, PROT_W);
    FAILS(ERR_INVAL, SPACE_MAP_FRAME, t_space, VA, mine_user, PROT_R | PROT_W | PROT_X);
    FAILS(ERR_INVAL, SPACE_MAP_FRAME, t_space, VA, ~0UL, PROT_R);
    FAILS(ERR_OWNER, SPACE_MAP_FRAME, t_space, VA + PAGE_SIZE, mine_kernel, PROT_R);
    FAILS(ERR_OWNER, SPACE_MAP_FRAME, t_space, VA + PAGE_SIZE, mine_user + 8, PROT_R);
    FAILS(ERR_EXIST, SPACE_MAP_FRAME, t_space, VA, mine_user, PROT_R);
    FAILS(ERR_NOTABLE, SPACE_MAP_FRAME, t_space, 0, mine_user, PROT_R);
    FAILS(ERR_RIGHTS, SPACE_MAP_FRAME, t_weak, VA, mine_user, PROT_R);
    FAILS(ERR_INVAL, SPACE_MAP, t_space, VA, 1, 0, 0);
    FAILS(ERR_INVAL, SPACE_UNMAP, t_space, VA, ~0UL);
    FAILS(ERR_INVAL, SPACE_UNMAP, t_space, USER_VA_END - PAGE_SIZE, 2);
    FAILS(ERR_INVAL, SPACE_UNMAP, t_space, VA, WINDOW_BASE / PAGE_SIZE);
    FAILS(ERR_INVAL, SPACE_PROTECT, t_space, VA, 1, 16);
    FAILS(ERR_INVAL, SPACE_PROTECT, t_space, VA, 1, PROT_X);
    FAILS(ERR_INVAL, SPACE_SHARE, t_space, t_space, VA, 1, SHARE_COW);
    FAILS(ERR_INVAL, SPACE_SHARE, t_space, t_other, VA, 1, 2);
    FAILS(ERR_RIGHTS, SPACE_SHARE, t_space, t_weak, VA, 1, SHARE_COW);
    FAILS(ERR_INVAL, SPACE_HARVEST, t_space, VA, 65);
    FAILS(ERR_INVAL, SPACE_HARVEST, t_space, VA, 0x201);
    FAILS(ERR_INVAL, SPACE_SOFT, t_space, VA + PAGE_SIZE, PTE_V);
    FAILS(ERR_EXIST, SPACE_SOFT, t_space, VA, 0);
    FAILS(ERR_NOTABLE, SPACE_SOFT, t_space, 0, 0);
    FAILS(ERR_BUSY, SPACE_BATCH, mapped);
    FAILS(ERR_OWNER, SPACE_BATCH, mine_kernel);
    FAILS(ERR_INVAL, SPACE_BATCH, ~0UL);
    FAILS(ERR_INVAL, SPACE_MAP_DEVICE, t_kernel, t_space, VA, 0x80000000UL);
    FAILS(ERR_NOTABLE, SPACE_MAP_DEVICE, t_kernel, t_space, 0, 0x10000000UL);
    FAILS(ERR_EXIST, SPACE_MAP_DEVICE, t_kernel, t_space, VA, 0x10000000UL);
    FAILS(ERR_INVAL, SPACE_HANDLER, t_space, 2, t_ep, 0);
    FAILS(ERR_TYPE, SPACE_HANDLER, t_space, 0, t_space, 0);
    FAILS(ERR_TYPE, SPACE_INFO, t_ep);
    FAILS(ERR_RIGHTS, SPACE_RESET, t_weak);
}

static void shared_tables(void **context)
{
    (void)context;
    FAILS(ERR_EXIST, SPACE_SHARE_TABLE, t_space, t_other, VA);
    FAILS(ERR_NOENT, SPACE_SHARE_TABLE, t_space, t_other, 0);
    FAILS(ERR_INVAL, SPACE_SHARE_TABLE, t_space, t_space, VA);
    FAILS(ERR_INVAL, SPACE_SHARE_TABLE, t_space, t_other, ~0UL);
    FAILS(ERR_NOENT, SPACE_UNSHARE_TABLE, t_space, VA, mine_kernel);
    SYS_OK(t.t, SPACE_UNMAP, t_other, VA, 1);
    SYS_OK(t.t, SPACE_UNTABLE, t_other, VA);
    SYS_OK(t.t, SPACE_UNTABLE, t_other, VA);
    FAILS(ERR_NOTABLE, SPACE_SHARE_TABLE, t_space, t_other, VA);
    SYS_OK(t.t, SPACE_TABLE, t_other, VA, mine_kernel);
    SYS_OK(t.t, SPACE_SHARE_TABLE, t_space, t_other, VA);
    FAILS(ERR_BUSY, SPACE_UNMAP, t_space, VA, 1);
    FAILS(ERR_BUSY, SPACE_PROTECT, t_other, VA, 1, PROT_R);
    FAILS(ERR_BUSY, SPACE_MAP_FRAME, t_other, VA + PAGE_SIZE, mine_user, PROT_R);
    FAILS(ERR_BUSY, SPACE_SOFT, t_other, VA + PAGE_SIZE, 8);
    FAILS(ERR_BUSY, SPACE_MAP_DEVICE, t_kernel, t_space, VA + PAGE_SIZE, 0x10000000UL);
    FAILS(ERR_INVAL, SPACE_UNSHARE_TABLE, t_space, VA, 0);
    FAILS(ERR_OWNER, SPACE_UNSHARE_TABLE, t_space, VA, mine_user);
    FAILS(ERR_INVAL, SPACE_UNSHARE_TABLE, t_space, VA, ~0UL);
    SYS_OK(t.t, SPACE_UNSHARE_TABLE, t_space, VA, mine_kernel + 1);
    FAILS(ERR_NOENT, SPACE_UNSHARE_TABLE, t_other, VA, mine_kernel + 2); /* nobody else has it by now */
}

static void memory(void **context)
{
    (void)context;
    FAILS(ERR_INVAL, CHUNK_RETYPE, 0, CHUNK_USER);
    FAILS(ERR_OWNER, CHUNK_RETYPE, host_user_chunk(0), CHUNK_KERNEL);
    FAILS(ERR_INVAL, CHUNK_RETYPE, host_user_chunk(2), CHUNK_INIT);
    FAILS(ERR_BUSY, CHUNK_RETYPE, host_user_chunk(1), CHUNK_KERNEL);
    FAILS(ERR_BUSY, CHUNK_GRANT, host_user_chunk(1), t_other);
    FAILS(ERR_TYPE, CHUNK_GRANT, host_user_chunk(2), t_ep);
    FAILS(ERR_RIGHTS, CHUNK_GRANT, host_user_chunk(2), t_weak);
    FAILS(ERR_OWNER, WINDOW_MAP, t_space, host_user_chunk(0));
    FAILS(ERR_INVAL, WINDOW_MAP, t_space, 1);
    FAILS(ERR_NOTABLE, WINDOW_MAP, t_space, host_user_chunk(1));
}

static void messages(void **context)
{
    (void)context;
    assert_int_equal(host_poll(t.t, t_ep), ERR_TIMEOUT); /* the endpoint remembers who received last */
    t.t->x[X_T2] = DEADLINE_POLL;
    FAILS_IPC(ERR_HANDLE, CALL, 0, 0);
    FAILS_IPC(ERR_TYPE, CALL, 0, t_space);
    FAILS_IPC(ERR_TYPE, RECV, 0, t_ntfn);
    FAILS_IPC(ERR_TIMEOUT, RECV, IPC_F_DEADLINE, t_ep);
    FAILS_IPC(ERR_TIMEOUT, WAIT, IPC_F_DEADLINE, t_ntfn);
    FAILS_IPC(ERR_TYPE, WAIT, 0, t_ep);
    t.t->x[X_T3] = 1;
    FAILS_IPC(ERR_STALE, REPLY, 0, 0);
    FAILS_IPC(ERR_STALE, REPLY_RECV, 0, t_ep);
    FAILS_IPC(ERR_STALE, FAULT_REPLY, 0, 0);
    FAILS_IPC(ERR_STALE, FAULT_REPLY_RECV, 0, t_ep);
    FAILS(ERR_STALE, REPLY_ALIVE, 77);
    FAILS(ERR_STALE, COPY, 77, 0, 0, VA, 1);
    FAILS(ERR_TYPE, SIGNAL, t_ep, 1);
    FAILS_IPC(ERR_NOSYS, IRQ_ACK + 100, 0, 0);
}

/* Refused while a client waits: the client's call must be as it was. */
static void refused_replies(void **context)
{
    (void)context;
    struct host_thread c = host_thread(&other);
    handle_t h = host_give(&other, ep.h, RIGHT_SEND, 0);
    c.t->x[X_T3] = 0xfffffff000000000UL; /* no address of a program's */
    c.t->x[X_T4] = 100 | BUF_R;
    c.t->x[X_T5] = c.t->x[X_T6] = 0;
    assert_int_equal(host_ipc(c.t, SYS_CALL, IPC_F_BUF, h), HOST_BLOCKED);
    t.t->x[X_T2] = DEADLINE_POLL;
    assert_int_equal(host_ipc(t.t, SYS_RECV, IPC_F_DEADLINE, t_ep), MSG_CALL);
    uint64_t id = t.t->x[X_T2];
    FAILS(ERR_FAULT, COPY, id, 0, 0, VA, 8);
    FAILS(ERR_INVAL, COPY, id, 0, 101, VA, 0);
    FAILS(ERR_RIGHTS, COPY, id, COPY_TO_CLIENT, 0, VA, 8);
    FAILS(ERR_INVAL, COPY, id, 5, 0, VA, 8);
    FAILS(ERR_INVAL, COPY, id, 1UL << 32, 0, VA, 8); /* no buffer 0 either: nothing is cut off */
    t.t->x[X_T3] = id;
    t.t->x[X_T1] = (uint64_t)RIGHTS_ALL << 32 | 180;
    FAILS_IPC(ERR_HANDLE, REPLY, IPC_F_HANDLE, 0);
    t.t->x[X_T1] = XFER_MOVE | (uint64_t)RIGHTS_ALL << 32 | t_weak;
    FAILS_IPC(ERR_RIGHTS, REPLY, IPC_F_HANDLE, 0);
    FAILS_IPC(ERR_RIGHTS, REPLY_RECV, IPC_F_HANDLE, t_ep);
    while (SYS(init, HANDLE_INSTALL, other.h, host_free_slot(other.space), n.h, RIGHTS_ALL, 0) == OK) {
    }
    host_current(t.t);
    host_exit();
    t.t->x[X_T3] = id;
    t.t->x[X_T1] = XFER_MOVE | (uint64_t)RIGHTS_ALL << 32 | t_ntfn;
    FAILS_IPC(ERR_NOHANDLE, REPLY, IPC_F_HANDLE, 0);
    t.t->x[X_T3] = id;
    assert_int_equal(host_ipc(t.t, SYS_REPLY, 0, 0), OK);
}

/* A call that can't be delivered: the receiver waits on as it was. */
static void refused_calls(void **context)
{
    (void)context;
    struct host_thread r = host_thread(&other);
    handle_t h = host_give(&other, ep.h, RIGHT_RECV, 0);
    assert_int_equal(host_ipc(r.t, SYS_RECV, 0, h), HOST_BLOCKED);
    host_current(t.t);
    host_exit();
    for (unsigned i = 0; i < 32; i++)
        r.t->x[i] = i ? 1000 + i : r.t->x[0];
    t.t->x[X_T1] = (uint64_t)RIGHTS_ALL << 32 | 180;
    assert_int_equal(host_ipc(t.t, SYS_CALL, IPC_F_HANDLE, t_ep), ERR_HANDLE);
    assert_int_equal(r.t->state, T_RECEIVING);
    for (unsigned i = 1; i < 29; i++)
        assert_int_equal(r.t->x[i], 1000 + i);
    t.t->x[X_T2] = DEADLINE_POLL;
    assert_int_equal(host_ipc(t.t, SYS_CALL, IPC_F_DEADLINE, t_ep), ERR_TIMEOUT);
    host_check();
}

static void controls(void **context)
{
    (void)context;
    FAILS(ERR_TYPE, DEBUG_PUTC, t_space, 'x');
    FAILS(ERR_HANDLE, TRACE_READ, 0, 0, 0);
    FAILS(ERR_INVAL, TRACE_READ, t_kernel, HARTS_MAX, 0);
    FAILS(ERR_NOENT, TRACE_READ, t_kernel, 0, ~0UL);
    FAILS(ERR_INVAL, KERNEL_INFO, t_kernel, HARTS_MAX, 0);
    FAILS(ERR_INVAL, KERNEL_INFO, t_kernel, 0, KC_COUNT);
    FAILS(ERR_INVAL, IRQ_CREATE, t_kernel, 0);
    FAILS(ERR_TYPE, IRQ_BIND, t_ep, t_ntfn, 1);
    FAILS(ERR_TYPE, IRQ_ACK, t_ntfn);
    SYS_OK(t.t, IRQ_CREATE, t_kernel, 4);
    handle_t irq = t.t->x[REG_A1];
    FAILS(ERR_HANDLE, IRQ_BIND, irq, t_dead, 1);
    assert_false(host_irq_on[4]);
}

static void every_error_was_seen(void **context)
{
    (void)context;
    static const int expected[] = {ERR_INVAL, ERR_HANDLE, ERR_TYPE, ERR_RIGHTS, ERR_NOHANDLE, ERR_STALE, ERR_TIMEOUT, ERR_EXIST,
                                   ERR_NOENT, ERR_BUSY, ERR_OWNER, ERR_NOTABLE, ERR_FAULT, ERR_NOSYS, ERR_LIMIT};
    for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        if (!(errors_seen >> -expected[i] & 1))
            fail_msg("error %d was never returned", expected[i]);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handles), TEST(objects), TEST(threads), TEST(mappings), TEST(shared_tables), TEST(memory), TEST(messages),
        TEST(refused_replies), TEST(refused_calls), TEST(controls), cmocka_unit_test(every_error_was_seen),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
