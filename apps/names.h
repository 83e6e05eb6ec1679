/* SPDX-License-Identifier: MIT
 * What is in a directory, for tools that go through trees: read as a whole, so that the directory need not stay open.
 */
#ifndef APPS_NAMES_H
#define APPS_NAMES_H

#include "tool.h"

#include <dirent.h>

/* The names of an open directory, all but the dots, and how many; the directory is closed. Without memory the tool ends. */
static char **names_read(DIR *d, size_t *n)
{
    char **names = NULL;
    size_t room = 0;
    *n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (*n == room && (names = realloc(names, (room = room > 0 ? 2 * room : 16) * sizeof *names)) == NULL)
            exit(tool_error("memory"));
        if ((names[(*n)++] = strdup(e->d_name)) == NULL)
            exit(tool_error("memory"));
    }
    (void)closedir(d);
    return names;
}

#endif
