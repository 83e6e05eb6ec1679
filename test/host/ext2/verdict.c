/* SPDX-License-Identifier: MIT
 * See verdict.h. Permitted is: space and inodes marked that nobody uses, counts, files and directories without a name (they go
 * to lost+found), a link count that is too high, a directory with two names whose move was cut, and a size or a block count of
 * a file that was growing or shrinking. Not permitted is everything else, above all: a block with two owners, a block or an
 * inode in use but not marked, a name without an inode, a link count that is too low, a damaged directory.
 */
#include "verdict.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define UNCONNECTED "Unconnected directory inode "
static unsigned nameless_directories, nameless_parents; /* how many lines about them are left */

static const char *const PERMITTED[] = {
    "e2fsck 1.",
    "Pass ",
    "Fix? yes",
    "Clear? yes",
    "Connect to /lost+found? yes",
    "Recreate? yes",
    "Free blocks count wrong",
    "Free inodes count wrong",
    "Directories count wrong",
    "Unattached inode ",
    "Unattached zero-length inode ",
    UNCONNECTED,
    "/tmp/pagoda-ext2-", /* the summary, and that it was not unmounted */
};

/* "Inode 12 ref count is 2, should be 1." e2fsck counts the ".." of a directory without a name for its parent, which nobody else
 * does: so many may be missing. */
static bool count_permitted(const char *line)
{
    unsigned ino, is, should;
    if (sscanf(line, "Inode %u ref count is %u, should be %u", &ino, &is, &should) != 3)
        return false;
    if (is > should)
        return true;
    bool ok = should - is <= nameless_directories;
    nameless_directories -= ok ? should - is : 0;
    return ok;
}

/* Bits that are set for nothing have a minus. */
static bool only_leaks(const char *line)
{
    bool bitmap = strncmp(line, "Block bitmap differences:", 25) == 0 || strncmp(line, "Inode bitmap differences:", 25) == 0;
    return bitmap && strchr(line, '+') == NULL;
}

/* "Inode 12, i_size is 100, should be 200." of a file that was under way; the same of its blocks. */
static bool under_way(const char *line)
{
    unsigned ino;
    char what[16];
    return sscanf(line, "Inode %u, i_%15s is", &ino, what) == 2 && (strcmp(what, "size") == 0 || strcmp(what, "blocks") == 0);
}

/* A directory that was moved to another block: both names, or the new name and the old "..". */
static bool moved_directory(const char *line)
{
    return strncmp(line, "Entry '", 7) == 0 ? strstr(line, "is a link to directory") != NULL
                                            : strncmp(line, "'..' in ", 8) == 0 && strstr(line, ", should be ") != NULL;
}

/* The ".." of a directory without a name, made together with its parent, which did not arrive. */
static bool nameless_parent(const char *line)
{
    if (strncmp(line, "Entry '..' in ", 14) != 0 || !strstr(line, "has deleted/unused inode") || nameless_parents == 0)
        return false;
    nameless_parents--;
    return true;
}

static bool permitted(const char *line)
{
    for (unsigned i = 0; i < sizeof PERMITTED / sizeof PERMITTED[0]; i++)
        if (strncmp(line, PERMITTED[i], strlen(PERMITTED[i])) == 0)
            return true;
    return *line == 0 || count_permitted(line) || only_leaks(line) || under_way(line) || moved_directory(line) ||
           nameless_parent(line);
}

const char *verdict(char *said)
{
    nameless_directories = 0;
    for (const char *at = strstr(said, UNCONNECTED); at != NULL; at = strstr(at + 1, UNCONNECTED))
        nameless_directories++;
    nameless_parents = nameless_directories;
    for (char *line = strtok(said, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        while (*line == ' ')
            line++;
        if (!permitted(line))
            return line;
    }
    return NULL;
}
