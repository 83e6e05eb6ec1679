/* SPDX-License-Identifier: MIT
 * The ledger: its layout fits what boot.h promises, and a transaction is seen whole or not at all, wherever it is cut.
 * SOURCES: servers/pager/ledger.c
 * INCLUDES: microkernel/include libipc/include servers/pager
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger.h"

static struct pager_boot boot_for(uint64_t ram_bytes)
{
    return (struct pager_boot){.ram_base_pa = 0x80000000, .ram_bytes = ram_bytes, .ledger_bytes = pager_ledger_bytes(ram_bytes)};
}

static void layout_fits_every_memory_size(void **state)
{
    (void)state;
    for (uint64_t mib = 64; mib <= 8192; mib += mib < 1024 ? 1 : 512) {
        struct pager_boot b = boot_for(mib << 20);
        static uint64_t header[sizeof(struct ledger_header) / 8]; /* only the header is read */
        memset(header, 0, sizeof(header));
        assert_int_equal(ledger_attach(header, &b), OK);
        b.ledger_bytes /= 2;
        memset(header, 0, sizeof(header));
        assert_int_equal(ledger_attach(header, &b), ERR_INVAL);
    }
}

static void limits_grow_with_memory(void **state)
{
    (void)state;
    assert_true(pager_max_spaces(128UL << 20) >= 1024);
    assert_true(pager_max_regions(128UL << 20) >= 32768);
    assert_true(pager_max_spaces(1UL << 30) > pager_max_spaces(128UL << 20));
    assert_true(pager_max_regions(64UL << 20) >= 10000);
}

static void *attach(struct pager_boot *b)
{
    *b = boot_for(64UL << 20);
    void *memory = aligned_alloc(4096, b->ledger_bytes);
    memset(memory, 0, b->ledger_bytes);
    assert_int_equal(ledger_attach(memory, b), OK);
    ledger_format();
    return memory;
}

static void a_formatted_ledger_of_another_shape_is_refused(void **state)
{
    struct pager_boot b, other = boot_for(128UL << 20);
    (void)state;
    void *memory = attach(&b);
    ledger.header->formatted = 1;
    assert_int_equal(ledger_attach(memory, &b), OK);
    assert_int_equal(ledger_attach(memory, &other), ERR_INVAL);
    free(memory);
}

/* Cut after n stores of `apply` by writing the state such a death leaves: the log committed, n entries applied. */
static void a_committed_transaction_is_replayed_from_any_point(void **state)
{
    struct pager_boot b;
    (void)state;
    void *memory = attach(&b);
    struct ledger_region fresh = {.start_page = 16, .end_page = 32, .space = 3, .used = 1, .prot = 3};
    struct ledger_space s = {.key = 99, .live = 1, .gen = 7};
    for (unsigned cut = 0; cut <= 12; cut++) {
        memset(&ledger.region[5], 0, sizeof(fresh));
        memset(&ledger.space[3], 0, sizeof(s));
        ledger_begin();
        ledger_put(&ledger.region[5], &fresh, sizeof(fresh));
        ledger_put(&ledger.space[3], &s, sizeof(s));
        ledger_commit();
        struct ledger_log_entry *log = ledger.header->log;
        unsigned entries = (sizeof(fresh) + sizeof(s)) / 8;
        assert_memory_equal(&ledger.region[5], &fresh, sizeof(fresh));
        for (unsigned i = cut; i < entries; i++) /* what had not been applied yet */
            *(uint64_t *)((char *)memory + log[i].offset) = 0xdead;
        ledger.header->log_count = entries;
        ledger_replay();
        assert_memory_equal(&ledger.region[5], &fresh, sizeof(fresh));
        assert_memory_equal(&ledger.space[3], &s, sizeof(s));
        assert_int_equal(ledger.header->log_count, 0);
    }
    free(memory);
}

static void an_uncommitted_transaction_never_happened(void **state)
{
    struct pager_boot b;
    (void)state;
    void *memory = attach(&b);
    struct ledger_region fresh = {.start_page = 16, .used = 1}, none = {0};
    ledger_begin();
    ledger_put(&ledger.region[5], &fresh, sizeof(fresh));
    ledger_replay(); /* the restart */
    assert_memory_equal(&ledger.region[5], &none, sizeof(none));
    ledger_begin(); /* and the next one starts from nothing */
    ledger_commit();
    assert_memory_equal(&ledger.region[5], &none, sizeof(none));
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_fits_every_memory_size),
        cmocka_unit_test(limits_grow_with_memory),
        cmocka_unit_test(a_formatted_ledger_of_another_shape_is_refused),
        cmocka_unit_test(a_committed_transaction_is_replayed_from_any_point),
        cmocka_unit_test(an_uncommitted_transaction_never_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
