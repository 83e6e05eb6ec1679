/* SPDX-License-Identifier: MIT
 * The end: the sifive_test device turns the machine off with a status. Must never return.
 */
#include "init.h"

#define TEST_VA 0x3e00001000UL
#define TEST_PASS 0x5555u
#define TEST_FAIL 0x3333u

static volatile uint32_t *test_device;

void power_init(void)
{
    if (boot->test_pa == 0)
        return;
    map_device(INIT_H_SPACE, TEST_VA, boot->test_pa);
    test_device = (volatile uint32_t *)TEST_VA;
}

void power_off(unsigned status)
{
    status &= 0xffff;
    if (test_device)
        *test_device = status == 0 ? TEST_PASS : status << 16 | TEST_FAIL;
    say("init: powered off with status %u\n", status);
    for (;;) { /* forever: the device is slow, or there is none */
        uint64_t bits;
        (void)sys_wait(0, DEADLINE_NONE, &bits);
    }
}

static const char *error_text(long err)
{
    switch (err) {
#define ERROR_TEXT(name, value, text) \
    case name: return text;
        ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
    default: return "unknown error";
    }
}

void give_up(const char *what, long err)
{
    say_flush_raw();
    say("init: cannot go on: %s: %s (%ld)\n", what, error_text(err), err);
    power_off(STATUS_NO_BOOT);
}

void must(err_t err, const char *what)
{
    if (err != OK)
        give_up(what, err);
}
