/* SPDX-License-Identifier: MIT
 * Proves that no handle means no power: wild, stale, wrong-typed and under-privileged handles give the exact error,
 * a full table refuses, and arbitrary system calls with arbitrary arguments do no harm.
 */
#define GT_NAME "handles"
#include "gserve.h"

static const uint64_t wild[] = {0, 7, 99, 255, 256, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 1UL << 32 | H_PAGER};

static long call1(long number, uint64_t handle) { return sys_raw(number, handle, 1, 1, 1, 1, 1).a0; }

static void wild_handles_name_nothing(void)
{
    struct handle_info hi;
    uint64_t v;
    for (unsigned i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_MEMORY}};
        if (i < 9) { /* the last has garbage above its 32 bits: the calls below take those as they come */
            CHECK_EQ(ipc_call((handle_t)wild[i], &m), ERR_HANDLE);
            CHECK_EQ(sys_handle_info(0, (handle_t)wild[i], &hi), ERR_HANDLE);
            CHECK_EQ(sys_handle_close(0, (handle_t)wild[i]), ERR_HANDLE);
            CHECK_EQ(sys_kernel_info((handle_t)wild[i], 0, KC_SYSCALLS, &v), ERR_HANDLE);
        } else {
            CHECK_EQ(call1(SYS_HANDLE_INFO, wild[i]) <= 0, 1);
        }
        if (wild[i] != 0)
            CHECK(call1(SYS_SIGNAL, wild[i]) == ERR_HANDLE || i == 9);
    }
}
static void the_type_must_fit(void)
{
    uint64_t v;
    struct ipc_msg m = {.w = {0}};
    CHECK_EQ(ipc_call(H_KERNEL, &m), ERR_TYPE);
    CHECK_EQ(sys_signal(H_PAGER, 1), ERR_TYPE);
    CHECK_EQ(sys_wait(H_PAGER, DEADLINE_POLL, &v), ERR_TYPE);
    CHECK_EQ(sys_kernel_info(H_PAGER, 0, KC_SYSCALLS, &v), ERR_TYPE);
    CHECK_EQ(sys_thread_stop(H_PAGER), ERR_TYPE);
    CHECK_EQ(sys_thread_prio(H_PROC, 5), ERR_TYPE);
    CHECK_EQ(sys_thread_start(H_PROC, 0x10000, 0x20000, 0, 0), ERR_TYPE);
    CHECK_EQ(sys_space_unmap(H_PROC, 0x10000, 1), ERR_TYPE);
    CHECK_EQ(sys_space_reset(H_CONSOLE), ERR_TYPE);
    CHECK_EQ(sys_irq_ack(H_CONSOLE), ERR_TYPE);
    CHECK_EQ(sys_handle_install(H_PROC, 20, H_PROC, 1, 0), ERR_TYPE);
    CHECK_EQ(sys_handle_close(H_PROC, 1), ERR_TYPE);
}
static void the_right_must_be_there(void)
{
    struct ipc_event ev;
    struct handle_info hi;
    handle_t h;
    uint64_t v, w;
    CHECK_EQ(ipc_recv(H_PAGER, &ev, DEADLINE_POLL), ERR_RIGHTS);
    CHECK_EQ(ipc_recv(H_PROC, &ev, DEADLINE_POLL), ERR_RIGHTS);
    CHECK_EQ(sys_handle_copy(H_PAGER, RIGHT_SEND, 0, &h), ERR_RIGHTS); /* no GRANT */
    CHECK_EQ(sys_handle_revoke(H_PAGER), ERR_RIGHTS);
    CHECK_EQ(sys_object_destroy(H_PAGER), ERR_RIGHTS);
    CHECK_EQ(sys_trace_mask(H_KERNEL, 0), ERR_RIGHTS);
    CHECK_EQ(sys_irq_create(H_KERNEL, 10, &h), ERR_RIGHTS);
    CHECK_EQ(sys_raw(SYS_DEBUG_PUTC, H_KERNEL, 'x', 0, 0, 0, 0).a0, ERR_RIGHTS);
    err_t e = sys_kernel_check(H_KERNEL, &v, &w);
    CHECK(e == ERR_RIGHTS || e == OK); /* OK where init hands out the check */
    CHECK_EQ(sys_handle_info(0, H_PAGER, &hi), OK);
    CHECK_EQ(hi.type, OBJ_ENDPOINT);
    CHECK_EQ(hi.rights & (RIGHT_RECV | RIGHT_OWN | RIGHT_MINT), 0);
    CHECK_EQ(BADGE_CLASS(hi.badge), BADGE_CLIENT);
}
static void a_copy_never_gains_rights(void)
{
    REQUIRE(gs_open());
    handle_t less = 0, h = 0, none = 0;
    struct handle_info hi;
    CHECK_EQ(sys_handle_info(0, H_SELF, &hi), OK);
    unsigned has = hi.rights;
    CHECK_EQ(has & RIGHT_OWN, 0); /* the pager reclaims it; its user must not */
    CHECK_EQ(sys_handle_copy(H_SELF, RIGHT_SEND | RIGHT_GRANT, 0, &less), OK);
    for (unsigned bit = 1; bit < 0x100; bit <<= 1) {
        err_t e = sys_handle_copy(less, bit, 0, &h);
        CHECK_EQ(e, bit & (RIGHT_SEND | RIGHT_GRANT) ? OK : ERR_RIGHTS);
        if (e == OK)
            CHECK_EQ(sys_handle_close(0, h), OK);
    }
    CHECK_EQ(sys_handle_copy(less, RIGHT_SEND, 77, &h), ERR_RIGHTS); /* no MINT */
    struct ipc_event ev;
    CHECK_EQ(ipc_recv(less, &ev, DEADLINE_POLL), ERR_RIGHTS);
    CHECK_EQ(sys_handle_copy(less, 0, 0, &none), OK);
    struct ipc_msg m = {.w = {1}};
    CHECK_EQ(ipc_call_full(none, &m, NULL, 0, DEADLINE_POLL), ERR_RIGHTS);
    CHECK_EQ(sys_handle_copy(none, RIGHT_SEND, 0, &h), ERR_RIGHTS);
    CHECK_EQ(sys_handle_close(0, none), OK);
    CHECK_EQ(sys_handle_close(0, less), OK);
    CHECK_EQ(sys_handle_close(0, less), ERR_HANDLE); /* stale */
    CHECK_EQ(sys_handle_info(0, less, &hi), ERR_HANDLE);
}
static void a_full_table_refuses(void)
{
    REQUIRE(gs_open());
    static handle_t h[5000];
    unsigned n = 0;
    err_t e = OK;
    while (n < 5000 && (e = sys_handle_copy(H_SELF, RIGHT_SEND, 0, &h[n])) == OK)
        n++;
    CHECK_EQ(e, ERR_NOHANDLE);
    CHECK(n > 16);
    struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_MEMORY}};
    CHECK_EQ(ipc_call(H_PAGER, &m), OK); /* what needs no slot still works */
    while (n-- > 0)
        CHECK_EQ(sys_handle_close(0, h[n]), OK);
}
static void children_inherit_the_declared_set(void *none)
{
    struct handle_info hi;
    (void)none;
    for (handle_t h = 1; h < 64; h++) {
        bool declared = (h >= H_PAGER && h <= H_FS) || h == H_PARENT;
        CHECK_EQ(sys_handle_info(0, h, &hi), declared ? OK : ERR_HANDLE);
    }
}
static void a_child_gets_no_other_handle(void)
{
    REQUIRE(gs_open());
    handle_t extra = 0;
    CHECK_EQ(sys_handle_copy(H_SELF, RIGHT_SEND, 0, &extra), OK);
    RUN_CHILD(children_inherit_the_declared_set, NULL);
    CHECK_EQ(sys_handle_close(0, extra), OK);
}

/* ---- any call, any argument ---- */
static uint64_t argument(uint64_t *seed)
{
    static const uint64_t tempting[] = {0,  1,  2,  3, 4, 5, 6, 7, 8, 9, 0x10000, 0x1000, 255, 256, 0x80200, 0x80400,
                                        0xffffffff, ~0UL, 0xffffffc080200000UL, USER_VA_END, WINDOW_BASE, 1UL << 63};
    uint64_t r = gt_random(seed);
    return r % 4 == 0 ? r >> (r % 64) : tempting[(r >> 8) % (sizeof tempting / sizeof tempting[0])];
}
static bool may_block_or_speak(long number, handle_t a0) /* a handle is 32 bits: the kernel looks at no more */
{
    bool server = a0 >= H_PAGER && a0 <= H_PARENT && a0 != H_KERNEL;
    switch (number & 0xff) {
    case SYS_CALL: /* that is talking to servers, which other tests do */
    case SYS_RECV:
    case SYS_REPLY_RECV:
    case SYS_FAULT_REPLY_RECV:
        return server;
    case SYS_WAIT:
        return true;
    case SYS_HANDLE_CLOSE: /* closing one's own handles is a right */
        return a0 == 0;
    default:
        return false;
    }
}
static void fuzz(void *arg)
{
    uint64_t seed = 0x1234567 + (uint64_t)(uintptr_t)arg;
    uint64_t refused = 0;
    for (int i = 0; i < 20000; i++) {
        uint64_t a[6];
        long number = (long)(gt_random(&seed) % 100);
        for (int k = 0; k < 6; k++)
            a[k] = argument(&seed);
        if (number >= 88)
            number = (long)argument(&seed) & ~0x700L; /* unknown numbers; no IPC flags */
        if (may_block_or_speak(number, a[0]))
            continue;
        struct sysret r = sys_raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        refused += r.a0 < 0;
    }
    CHECK(refused > 10000); /* most of that is refused */
    struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_MEMORY}};
    CHECK_EQ(ipc_call(H_PAGER, &m), OK);
}
static void arbitrary_calls_do_no_harm(void)
{
    for (uintptr_t i = 0; i < 5; i++)
        RUN_CHILD(fuzz, (void *)(i * 7919));
}
static void unknown_numbers_are_nosys(void)
{
    static const long unknown[] = {12, 15, 23, 26, 31, 63, 70, SYSCALL_LIMIT, 127, 255};
    for (unsigned i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        CHECK_EQ(sys_raw(unknown[i], 1, 2, 3, 4, 5, 6).a0, ERR_NOSYS);
    CHECK_EQ(sys_raw(-1L, 1, 2, 3, 4, 5, 6).a0, ERR_NOSYS);
    CHECK_EQ(sys_null(), OK);
}

GT_MAIN(CASE(wild_handles_name_nothing), CASE(the_type_must_fit), CASE(the_right_must_be_there),
        CASE(a_copy_never_gains_rights), CASE(a_full_table_refuses), CASE(a_child_gets_no_other_handle),
        CASE(unknown_numbers_are_nosys), CASE(arbitrary_calls_do_no_harm))
