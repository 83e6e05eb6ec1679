/* SPDX-License-Identifier: MIT
 * A pager maps only frames that it owns: another's frame, a kernel frame and one outside memory are refused wherever a
 * frame is named, and nothing changes. See invariant 5.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define VA 0x40000000UL

static struct host_space client, thief_space;
static struct host_thread thief;
static handle_t map; /* in thief's table: the client's space, with the right to map */

static int setup(void **context)
{
    (void)context;
    host_boot();
    client = host_space();
    thief_space = host_space();
    thief = host_thread(&thief_space);
    (void)host_tables(&client, VA);
    map = host_give(&thief_space, client.h, RIGHT_MAP, 0);
    host_current(thief.t);
    return 0;
}

static void refused(uint64_t frame, long error)
{
    struct snapshot *before = host_snapshot();
    assert_int_equal(SYS(thief.t, SPACE_MAP_FRAME, map, VA, frame, PROT_R), error);
    host_unchanged(before, thief.t, "SPACE_MAP_FRAME");
    assert_int_equal(host_pte(client.space, VA), 0);
}

static void a_frame_of_another_owner_is_not_mapped(void **context)
{
    (void)context;
    refused(host_uframe(), ERR_OWNER);
}

static void a_kernel_frame_is_not_mapped(void **context)
{
    (void)context;
    refused(host_kframe(), ERR_OWNER);
    refused(thief_space.space->frame, ERR_OWNER);
    refused((uint64_t)client.space->frame, ERR_OWNER);
}

static void what_is_not_memory_is_not_mapped(void **context)
{
    (void)context;
    refused(0, ERR_INVAL);
    refused(ram_end, ERR_INVAL);
    refused(~0UL, ERR_INVAL);
}

static void another_owners_frame_is_no_batch_page(void **context)
{
    (void)context;
    struct snapshot *before = host_snapshot();
    assert_int_equal(SYS(thief.t, SPACE_BATCH, host_uframe()), ERR_OWNER);
    host_unchanged(before, thief.t, "SPACE_BATCH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_frame_of_another_owner_is_not_mapped, setup),
        cmocka_unit_test_setup(a_kernel_frame_is_not_mapped, setup),
        cmocka_unit_test_setup(what_is_not_memory_is_not_mapped, setup),
        cmocka_unit_test_setup(another_owners_frame_is_no_batch_page, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
