/* SPDX-License-Identifier: MIT
 * Ends well. Also the smallest program there is: what fork, exec and exit cost is measured with it.
 */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        puts("usage: true\nDoes nothing and exits with 0.");
    return 0;
}
