/* SPDX-License-Identifier: MIT
 * Lines.
 */
#include "edit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

char *edit_line(const char *prompt, bool *dropped)
{
    static char *line;
    size_t n = 0;
    fputs(prompt, stdout);
    fflush(stdout);
    *dropped = false;
    for (;;) {
        line = keep(line, n + 256);
        ssize_t got = read(STDIN_FILENO, line + n, 255);
        if (got < 0 && errno == EINTR) {
            n = 0;
            *dropped = true;
            break;
        }
        if (got <= 0 && n == 0)
            return NULL;
        if (got <= 0)
            break;
        n += (size_t)got;
        if (line[n - 1] == '\n')
            break;
    }
    line[n] = '\0';
    return line;
}
void edit_remember(const char *text) { (void)text; }
