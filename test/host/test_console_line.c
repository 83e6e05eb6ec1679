/* SPDX-License-Identifier: MIT
 * The console's line discipline: what is typed, what readers get, what the terminal shows.
 *
 * SOURCES: servers/console/line.c
 * INCLUDES: servers/console libipc/include microkernel/include
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "line.h"

static struct line line;
static char shown[65536];
static size_t shown_len;

static void show(const char *s, size_t n)
{
    assert_true(shown_len + n < sizeof shown);
    memcpy(shown + shown_len, s, n);
    shown_len += n;
    shown[shown_len] = '\0';
}

static int setup(void **state)
{
    (void)state;
    line_start(&line, show);
    shown_len = 0;
    shown[0] = '\0';
    return 0;
}

static void type(const char *s)
{
    while (*s)
        (void)line_type(&line, *s++);
}

/* Reads one record as a reader with a large buffer would. */
static const char *reads(void)
{
    static char buffer[LINE_READY_BYTES + 1];
    assert_true(line_available(&line));
    size_t n = line_peek(&line, 0, buffer, LINE_READY_BYTES);
    assert_int_equal(n, line_record_len(&line));
    buffer[n] = '\0';
    line_take(&line, n);
    return buffer;
}

static void test_a_line_is_ready_at_its_newline_only(void **state)
{
    (void)state;
    type("abc");
    assert_false(line_available(&line));
    type("\r");
    assert_string_equal(reads(), "abc\n");
    assert_false(line_available(&line));
    assert_string_equal(shown, "abc\n");
}

static void test_erase_character_word_and_line(void **state)
{
    (void)state;
    type("abx\x7f" "c\r");
    assert_string_equal(reads(), "abc\n");
    type("one two\x17" "three\r");
    assert_string_equal(reads(), "one three\n");
    type("wrong\x15right\r");
    assert_string_equal(reads(), "right\n");
    type("\b\x7f\x15\x17ok\r"); /* nothing to erase */
    assert_string_equal(reads(), "ok\n");
}

static void test_erasing_takes_a_whole_utf8_character(void **state)
{
    (void)state;
    type("a\xe2\x82\xac\x7f" "b\r");
    assert_string_equal(reads(), "ab\n");
}

static void test_ctrl_d_ends_input_or_hands_over_the_line(void **state)
{
    (void)state;
    type("\x04");
    assert_true(line_available(&line));
    assert_int_equal(line_record_len(&line), 0);
    line_take(&line, 0);
    type("part\x04");
    assert_string_equal(reads(), "part");
}

static void test_ctrl_c_drops_the_line_and_says_so(void **state)
{
    (void)state;
    type("rm everything");
    assert_true(line_type(&line, 3));
    assert_non_null(strstr(shown, "^C\n"));
    type("\r");
    assert_string_equal(reads(), "\n");
}

static void test_cursor_keys_vanish(void **state)
{
    (void)state;
    type("a\x1b[A\x1b[1;5Cb\x1bOP\r");
    assert_string_equal(reads(), "ab\n");
}

static void test_a_line_too_long_rings_and_keeps_room_for_its_newline(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * (int)LINE_EDIT_MAX; i++)
        (void)line_type(&line, 'a');
    assert_non_null(strchr(shown, '\a'));
    type("\r");
    assert_int_equal(strlen(reads()), LINE_EDIT_MAX);
}

static void test_typing_ahead_is_bounded_and_loses_no_accepted_line(void **state)
{
    (void)state;
    unsigned typed = 0, got = 0;
    for (unsigned i = 0; i < 2 * LINE_RECORDS; i++) {
        char text[32];
        snprintf(text, sizeof text, "line %u\r", i);
        shown_len = 0;
        shown[0] = '\0';
        type(text);
        if (strchr(shown, '\a') != NULL)
            break;
        typed++;
    }
    assert_int_equal(typed, LINE_RECORDS);
    for (; line_available(&line); got++) {
        char text[32];
        snprintf(text, sizeof text, "line %u\n", got);
        assert_string_equal(reads(), text);
    }
    assert_int_equal(got, typed);
}

static void test_a_small_buffer_gets_the_line_in_parts(void **state)
{
    (void)state;
    char part[4] = {0};
    type("abcdef\r");
    assert_int_equal(line_peek(&line, 0, part, 3), 3);
    assert_memory_equal(part, "abc", 3);
    assert_int_equal(line_peek(&line, 1, part, 3), 3); /* a copy that goes on after a page came in */
    assert_memory_equal(part, "bcd", 3);
    line_take(&line, 3);
    assert_string_equal(reads(), "def\n");
}

static void test_raw_mode_passes_every_byte_at_once(void **state)
{
    (void)state;
    type("half");
    line_set_raw(&line, true);
    assert_string_equal(reads(), "half");
    shown_len = 0;
    assert_false(line_type(&line, 3));
    type("\x7f\r");
    assert_string_equal(reads(), "\x03\x7f\r");
    assert_int_equal(shown_len, 0);
    for (int i = 0; i < 3 * (int)LINE_READY_BYTES; i++)
        (void)line_type(&line, 'r');
    assert_int_equal(strlen(reads()), LINE_READY_BYTES);
}

static void test_settings_change_what_keys_mean(void **state)
{
    (void)state;
    struct line_settings set = line.set;
    set.cc[CONSOLE_VERASE] = 'X';
    set.cc[CONSOLE_VINTR] = 0;
    set.lflag &= ~CONSOLE_ECHO;
    line_set(&line, &set);
    type("abcX\r");
    assert_string_equal(reads(), "ab\n");
    assert_int_equal(shown_len, 0); /* nor is the newline shown */
    assert_false(line_type(&line, 3)); /* nobody's key */
    line_drop(&line);
    assert_false(line_available(&line));
    set.lflag &= ~CONSOLE_ICANON;
    set.iflag &= ~CONSOLE_ICRNL;
    set.cc[CONSOLE_VINTR] = 'I';
    line_set(&line, &set);
    type("\r\x1b[A\x7f");
    assert_string_equal(reads(), "\r\x1b[A\x7f");
    assert_true(line_type(&line, 'I')); /* signals are raised in raw mode, too, unless ISIG is off */
    set.lflag &= ~CONSOLE_ISIG;
    set.iflag |= CONSOLE_IGNCR;
    line_set(&line, &set);
    assert_false(line_type(&line, 'I'));
    type("\r\n");
    assert_string_equal(reads(), "I\n");
    line_take(&line, 3); /* there is nothing */
    assert_false(line_available(&line));
}

static void set_flags(uint32_t on, uint32_t off)
{
    struct line_settings set = line.set;
    set.lflag = (set.lflag | on) & ~off;
    line_set(&line, &set);
}

static void test_every_other_byte_is_a_character(void **state)
{
    (void)state;
    set_flags(0, CONSOLE_ISIG);
    type("a\t\x03\x01\r");
    assert_string_equal(reads(), "a\t\x03\x01\n");
    assert_string_equal(shown, "a ^C^A\n");
    shown_len = 0;
    type("\x01\x7f\t\x7f" "b\r");
    assert_string_equal(reads(), "b\n");
    assert_string_equal(shown, "^A\b \b\b \b \b \bb\n");
    type("one two\t\x17three\r");
    assert_string_equal(reads(), "one three\n");
}

static void test_carriage_return_is_what_the_settings_say(void **state)
{
    (void)state;
    struct line_settings set = line.set;
    set.iflag &= ~CONSOLE_ICRNL;
    line_set(&line, &set);
    type("a\rb\n");
    assert_string_equal(reads(), "a\rb\n");
    set.iflag |= CONSOLE_INLCR;
    line_set(&line, &set);
    type("c\nd");
    assert_false(line_available(&line));
}

static void test_another_key_ends_lines_as_well(void **state)
{
    (void)state;
    struct line_settings set = line.set;
    set.cc[CONSOLE_VEOL] = ';';
    line_set(&line, &set);
    type("a;b\r");
    assert_string_equal(reads(), "a;");
    assert_string_equal(reads(), "b\n");
    assert_string_equal(shown, "a;b\n");
}

static void test_a_newline_may_be_shown_alone(void **state)
{
    (void)state;
    set_flags(CONSOLE_ECHONL, CONSOLE_ECHO);
    type("secret\r");
    assert_string_equal(shown, "\n");
    assert_string_equal(reads(), "secret\n");
}

static void flush(void) { shown_len = 0; }

static void test_signal_keys_drop_what_was_typed_ahead(void **state)
{
    (void)state;
    type("ahead\rhalf");
    line.flush = flush;
    assert_int_equal(line_type(&line, 3), LINE_INTERRUPT);
    assert_string_equal(shown, "^C\n"); /* after what was dropped */
    assert_false(line_available(&line));
    type("ahead\r");
    set_flags(0, CONSOLE_ICANON);
    assert_int_equal(line_type(&line, 26), LINE_STOP);
    assert_false(line_available(&line));
    set_flags(CONSOLE_ICANON | CONSOLE_NOFLSH, 0);
    type("ahead\rha");
    assert_int_equal(line_type(&line, 28), LINE_QUIT);
    assert_non_null(strstr(shown, "ahead\nha^\\\n"));
    type("lf\r");
    assert_string_equal(reads(), "ahead\n");
    assert_string_equal(reads(), "half\n");
}

static void test_lines_become_bytes_in_raw_mode(void **state)
{
    (void)state;
    type("one\r\x04two\rha");
    line_set_raw(&line, true);
    type("lf");
    assert_string_equal(reads(), "one\ntwo\nhalf");
    assert_false(line_available(&line));
    type("b");
    assert_string_equal(reads(), "b");
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_line_is_ready_at_its_newline_only),
        CASE(test_erase_character_word_and_line),
        CASE(test_erasing_takes_a_whole_utf8_character),
        CASE(test_ctrl_d_ends_input_or_hands_over_the_line),
        CASE(test_ctrl_c_drops_the_line_and_says_so),
        CASE(test_cursor_keys_vanish),
        CASE(test_a_line_too_long_rings_and_keeps_room_for_its_newline),
        CASE(test_typing_ahead_is_bounded_and_loses_no_accepted_line),
        CASE(test_a_small_buffer_gets_the_line_in_parts),
        CASE(test_raw_mode_passes_every_byte_at_once),
        CASE(test_settings_change_what_keys_mean),
        CASE(test_every_other_byte_is_a_character),
        CASE(test_carriage_return_is_what_the_settings_say),
        CASE(test_another_key_ends_lines_as_well),
        CASE(test_a_newline_may_be_shown_alone),
        CASE(test_signal_keys_drop_what_was_typed_ahead),
        CASE(test_lines_become_bytes_in_raw_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
