/* SPDX-License-Identifier: MIT
 * Waits; something to put in the background, and to press ^C on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv)
{
    char *end = NULL;
    double seconds = argc == 2 ? strtod(argv[1], &end) : -1;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: sleep SECONDS\nWaits so long; fractions are fine.");
        return 0;
    }
    if (seconds < 0 || *end != '\0' || seconds > 1e9) {
        fputs("sleep: a number of seconds, please\n", stderr);
        return 2;
    }
    struct timespec want = {.tv_sec = (time_t)seconds};
    want.tv_nsec = (long)((seconds - (double)want.tv_sec) * 1e9);
    return nanosleep(&want, NULL) == 0 ? 0 : 1;
}
