/* SPDX-License-Identifier: MIT
 * Lines that were typed, and the file that keeps them: $HISTFILE, or .sh_history in $HOME. It is read when it is first needed and written
 * line by line, so that a shell that is killed loses none.
 */
#include "edit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_MAX 500u

static char *lines[LINES_MAX]; /* a ring */
static size_t first, count, forgotten;
static bool loaded;

static const char *path_of(void)
{
    const char *path = variable_get("HISTFILE"), *home = variable_get("HOME");
    if (path != NULL || home == NULL)
        return path != NULL && *path != '\0' ? path : NULL;
    return arena_joined(home, strcmp(home, "/") == 0 ? "" : "/", ".sh_history");
}

const char *history_at(size_t i) { return lines[(first + i) % LINES_MAX]; }

size_t history_number(size_t i) { return forgotten + i + 1; }

static void put(const char *text, size_t len)
{
    char *line = keep(NULL, len + 1);
    memcpy(line, text, len);
    line[len] = '\0';
    if (count == LINES_MAX) {
        free(lines[first]);
        first = (first + 1) % LINES_MAX;
        count--;
        forgotten++;
    }
    lines[(first + count++) % LINES_MAX] = line;
}

static void write_line(int fd, const char *line)
{
    char *whole = arena_joined(line, "\n", "");
    (void)!write(fd, whole, strlen(whole)); /* a history that cannot be kept is none of the user's problems */
}

/* A file that has grown far is written anew. */
static void shorten(const char *path)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    for (size_t i = 0; fd >= 0 && i < count; i++)
        write_line(fd, history_at(i));
    if (fd >= 0)
        (void)close(fd);
}

static void load(void)
{
    struct arena_mark mark = arena_mark();
    const char *path = path_of();
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    size_t all = 0;
    char *text = fd >= 0 ? script_read(fd, path) : NULL;
    loaded = true;
    for (char *s = text, *end; s != NULL && (end = strchr(s, '\n')) != NULL; s = end + 1, all++)
        put(s, (size_t)(end - s));
    if (fd >= 0)
        (void)close(fd);
    if (all > 2 * LINES_MAX)
        shorten(path);
    free(text);
    arena_release(mark);
}

size_t history_count(void)
{
    if (!loaded)
        load();
    return count;
}

/* Not what is empty, begins with a blank, or was the last one. */
void history_add(const char *line)
{
    struct arena_mark mark = arena_mark();
    if (*line == '\0' || *line == ' ' || (history_count() > 0 && strcmp(history_at(count - 1), line) == 0))
        return;
    put(line, strlen(line));
    const char *path = path_of();
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        write_line(fd, line);
        (void)close(fd);
    }
    arena_release(mark);
}

void history_replace_last(const char *line)
{
    if (history_count() > 0) {
        count--;
        free(lines[(first + count) % LINES_MAX]);
    }
    history_add(line);
}
