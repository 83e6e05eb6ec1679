/* SPDX-License-Identifier: MIT
 * Boot arguments: known keys are taken, unknown ones and bad values are reported and change nothing, run= takes the rest.
 *
 * SOURCES: servers/init/settings.c
 * INCLUDES: microkernel/include libipc/include servers/init
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ipc/pager.h>

#include "init.h"

static struct bootinfo info = {.ram_size_bytes = 128 << 20, .harts = 1, .timebase_hz = 10000000};
const struct bootinfo *boot = &info;
static unsigned said;

void say(const char *format, ...)
{
    (void)format;
    said++;
}

/* A setting may be one of the kernel's. */
struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)number, (void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return (struct sysret){.a0 = OK};
}

static int setup(void **state)
{
    (void)state;
    memset(&settings, 0, sizeof settings);
    settings.fork = FORK_COW;
    strcpy(settings.build, "release");
    said = 0;
    return 0;
}

static void test_known_keys_are_taken(void **state)
{
    (void)state;
    settings_parse("fork=eager build=debug mem=64M icount=1 harts=1");
    assert_int_equal(settings.fork, FORK_EAGER);
    assert_string_equal(settings.build, "debug");
    assert_string_equal(settings.run, "");
    assert_int_equal(said, 0);
}

static void test_the_pagers_priority_is_below_its_supervisors(void **state)
{
    static const char *const bad[] = {"pagerprio=0", "pagerprio=255", "pagerprio=", "pagerprio=10x", "pagerprio=-1"};
    (void)state;
    settings_parse("pagerprio=10 harts=1");
    assert_int_equal(settings.pager_prio, 10);
    settings_parse("pagerprio=254");
    assert_int_equal(settings.pager_prio, 254);
    assert_int_equal(said, 0);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        settings_parse(bad[i]);
        assert_int_equal(said, i + 1);
        assert_int_equal(settings.pager_prio, 254);
    }
}

static void test_every_fork_strategy_has_its_name(void **state)
{
    static const char *const text[] = {"fork=cow", "fork=eager", "fork=tables"};
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        settings_parse(text[i]);
        assert_int_equal(settings.fork, i + 1);
    }
    assert_int_equal(said, 0);
}

static void test_run_takes_the_rest_of_the_line(void **state)
{
    (void)state;
    settings_parse("  fork=cow  run=echo fork=eager  && false; x=1");
    assert_string_equal(settings.run, "echo fork=eager  && false; x=1");
    assert_int_equal(settings.fork, FORK_COW);
    assert_int_equal(said, 0);
}

static void test_unknown_words_are_reported_and_change_nothing(void **state)
{
    (void)state;
    settings_parse("frok=eager fork=lazy quiet fork= =");
    assert_int_equal(settings.fork, FORK_COW);
    assert_string_equal(settings.build, "release");
    assert_int_equal(said, 5);
}

static void test_no_arguments_are_the_defaults(void **state)
{
    (void)state;
    settings_parse("");
    settings_parse("    ");
    assert_int_equal(settings.fork, FORK_COW);
    assert_int_equal(said, 0);
}

static void test_long_words_are_cut_not_overrun(void **state)
{
    static char line[BOOT_ARGS_MAX];
    (void)state;
    memset(line, 'b', sizeof line - 1);
    memcpy(line, "build=", 6);
    settings_parse(line);
    assert_int_equal(strlen(settings.build), sizeof settings.build - 1);
    memcpy(line, "run=", 4);
    settings_parse(line);
    assert_int_equal(strlen(settings.run), sizeof line - 1 - 4);
}

static void test_settings_can_be_asked(void **state)
{
    (void)state;
    uint64_t value = 0;
    settings.fork = FORK_EAGER;
    assert_int_equal(settings_get(SETTING_FORK, &value), OK);
    assert_int_equal(value, FORK_EAGER);
    assert_int_equal(settings_get(SETTING_MEMORY, &value), OK);
    assert_int_equal(value, 128 << 20);
    assert_int_equal(settings_get(SETTING_BUILD, &value), OK);
    assert_int_equal(value, 'r');
    assert_int_equal(settings_get(0, &value), ERR_NOENT);
    assert_int_equal(settings_get(SETTING_SHELL_INSTRET + 1, &value), ERR_NOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_known_keys_are_taken, setup),
        cmocka_unit_test_setup(test_the_pagers_priority_is_below_its_supervisors, setup),
        cmocka_unit_test_setup(test_every_fork_strategy_has_its_name, setup),
        cmocka_unit_test_setup(test_run_takes_the_rest_of_the_line, setup),
        cmocka_unit_test_setup(test_unknown_words_are_reported_and_change_nothing, setup),
        cmocka_unit_test_setup(test_no_arguments_are_the_defaults, setup),
        cmocka_unit_test_setup(test_long_words_are_cut_not_overrun, setup),
        cmocka_unit_test_setup(test_settings_can_be_asked, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
