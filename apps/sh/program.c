/* SPDX-License-Identifier: MIT
 * Programs: where they are, and starting them. A file that is no program but may be run is a script for a shell of its own, or for
 * whatever its first line names.
 */
#include "sh.h"

#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINE_BYTES 128
#define SHELL_PATH "/bin/sh"

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_runnable(const char *path) { return is_file(path) && access(path, X_OK) == 0; }

/* The first file of that name in the directories of PATH that `fits`; a name with a slash is a path. */
static char *look(const char *name, bool (*fits)(const char *path))
{
    if (strchr(name, '/') != NULL)
        return fits(name) ? arena_text(name, strlen(name)) : NULL;
    const char *dirs = variable_get("PATH");
    for (dirs = dirs != NULL ? dirs : "/bin"; *name != '\0'; dirs++) {
        size_t len = strcspn(dirs, ":");
        char *path = arena_joined(arena_text(dirs, len), len > 0 ? "/" : "", name);
        if (strlen(path) < PATH_MAX && fits(path))
            return path;
        dirs += len;
        if (*dirs == '\0')
            break;
    }
    return NULL;
}

char *program_find(const char *name) { return look(name, is_runnable); }

/* What is named by a path need be no regular file: /dev/null, /dev/stdin and pipes can be read as well. */
char *script_find(const char *name)
{
    if (strchr(name, '/') != NULL)
        return access(name, F_OK) == 0 ? arena_text(name, strlen(name)) : NULL;
    char *path = look(name, is_file);
    return path != NULL || !is_file(name) ? path : arena_text(name, strlen(name));
}

/* ---- scripts ---- */

/* The words that run the script at path: an interpreter, a word for it, the path, and the words. 0: it is no text. */
static char **script_words(const char *path, char **words)
{
    char line[FIRST_LINE_BYTES + 1] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, line, FIRST_LINE_BYTES) : -1;
    struct fields all = {0};
    if (fd >= 0)
        (void)close(fd);
    if (n < 0 || memchr(line, '\0', (size_t)n) != NULL)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    char *s = line + 2 + strspn(line + (n >= 2 ? 2 : 0), " \t");
    size_t len = n > 2 && strncmp(line, "#!", 2) == 0 ? strcspn(s, " \t") : 0;
    fields_add(&all, len > 0 ? arena_text(s, len) : arena_text(SHELL_PATH, strlen(SHELL_PATH)));
    s += len > 0 ? len + strspn(s + len, " \t") : 0;
    if (len > 0 && *s != '\0')
        fields_add(&all, arena_text(s, strlen(s)));
    fields_add(&all, arena_text(path, strlen(path)));
    for (words++; *words != NULL; words++)
        fields_add(&all, *words);
    return all.word;
}

/* After words[0] could not be started: what to start in its place, or 0 with *status, complained of. */
static char **instead(char **words, int error, int *status)
{
    char *path = error == ENOENT || error == ENOEXEC || error == EACCES ? program_find(words[0]) : NULL;
    char **script = path != NULL ? script_words(path, words) : NULL;
    if (script != NULL)
        return script;
    if (path != NULL)
        *status = complain(STATUS_CANNOT_RUN, words[0], strerror(ENOEXEC));
    else if (error == ENOENT && strchr(words[0], '/') != NULL && access(words[0], F_OK) == 0)
        *status = complain(STATUS_CANNOT_RUN, words[0], is_file(words[0]) ? strerror(EACCES) : strerror(EISDIR));
    else if (error == ENOENT && strchr(words[0], '/') != NULL)
        *status = complain(STATUS_NOT_FOUND, words[0], strerror(error));
    else if (error == ENOENT)
        *status = complain(STATUS_NOT_FOUND, words[0], "there is no such program (try: help)");
    else
        *status = complain(STATUS_CANNOT_RUN, words[0], strerror(error));
    return NULL;
}

pid_t program_start(char **words, enum copy_use use, int *status)
{
    pid_t pid = 0;
    char **environment = variables_environment();
    *status = 0;
    int error = machine_spawn(words[0], words, environment, use, &pid);
    job_started(pid);
    if (error == 0)
        return pid;
    char **script = instead(words, error, status);
    if (script == NULL)
        return 0;
    error = machine_spawn(script[0], script, environment, use, &pid);
    if (error != 0)
        *status = complain(error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN, script[0], strerror(error));
    job_started(pid);
    return error == 0 ? pid : 0;
}

void program_exec(char **words)
{
    fflush(stdout);
    fflush(stderr);
    char **environment = variables_environment();
    machine_exec(words[0], words, environment);
    char **script = instead(words, errno, &last_status);
    if (script == NULL)
        return;
    machine_exec(script[0], script, environment);
    last_status = complain(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN, script[0], strerror(errno));
}
