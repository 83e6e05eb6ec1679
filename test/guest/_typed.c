/* SPDX-License-Identifier: MIT
 * Reads the console into every kind of place; qemu/test_typed_pointers types. Prints a line before each read and what came of it.
 */
#define GT_NAME "typed"
#include "gtest.h"
#include "gplaces.h"
#include <ipc/console.h>

static void read_at(enum place place)
{
    void *at = place_enter(place, NULL, 16);
    printf("type: %u\n", (unsigned)place);
    fflush(stdout);
    struct ipc_msg m = {.w = {CONSOLE_READ}};
    const struct ipc_buf buf = {at, 16, BUF_W};
    err_t err = ipc_call_full(H_CONSOLE, &m, &buf, 1, sys_time() + gt_us(60000000));
    bool bad = place >= AT_READONLY, partly = place == AT_CROSSING && err == OK && m.w[1] <= 8;
    bool right = bad ? err == ERR_FAULT || partly : err == OK && m.w[1] > 0 && memchr(at, '\n', 16) != NULL;
    printf("%s at %s: %d\n", right ? "right" : "WRONG", place_name[place], err);
    fflush(stdout);
    place_leave(place);
}

int main(void)
{
    if (gt_shared_open() != OK)
        return 1;
    for (enum place place = 0; place < AT_PLACES; place++)
        read_at(place);
    printf("all read\n");
    return 0;
}
