/* SPDX-License-Identifier: MIT
 * Asks init to turn the machine off. QEMU's exit status is the one given here.
 */
#include <ipc/console.h>
#include <ipc/init.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--help") == 0)) {
        fputs("usage: poweroff [STATUS]\nTurns the machine off; STATUS (0..255, default 0) becomes the emulator's exit "
              "status.\n", argc > 2 ? stderr : stdout);
        return argc > 2 ? 2 : 0;
    }
    unsigned long status = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (status > 255) {
        fputs("poweroff: the status is a number from 0 to 255\n", stderr);
        return 2;
    }
    struct ipc_msg flush = {.w = {CONSOLE_FLUSH}};
    (void)ipc_call(H_CONSOLE, &flush); /* init does so too; this keeps the order of our own last words */
    struct ipc_msg m = {.w = {INIT_POWEROFF, status}};
    err_t err = ipc_call(H_INIT, &m);
    fprintf(stderr, "poweroff: init refused (error %d)\n", err);
    return 1;
}
