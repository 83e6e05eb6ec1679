/* SPDX-License-Identifier: MIT
 * Ends badly, for `||` and for tests.
 */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        puts("usage: false\nDoes nothing and exits with 1.");
    return 1;
}
