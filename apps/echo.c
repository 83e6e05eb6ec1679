/* SPDX-License-Identifier: MIT
 * Prints its arguments.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: echo [-n] [WORD...]\nPrints the words with spaces between them; -n leaves out the newline.");
        return 0;
    }
    bool newline = !(argc > 1 && strcmp(argv[1], "-n") == 0);
    for (int i = newline ? 1 : 2; i < argc; i++)
        printf("%s%s", argv[i], i + 1 < argc ? " " : "");
    if (newline)
        putchar('\n');
    return fflush(stdout) == 0 ? 0 : 1;
}
