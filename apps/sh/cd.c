/* SPDX-License-Identifier: MIT
 * cd and pwd. PWD is the way one came, symbolic links and all, as long as it leads here; -P asks for the real one.
 */
#include "sh.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool leads_here(const char *path)
{
    struct stat a, b;
    return *path == '/' && stat(path, &a) == 0 && stat(".", &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Absolute, without . and .. and doubled slashes. */
static char *plain_path(const char *from, const char *to)
{
    char *path = *to == '/' ? arena_text(to, strlen(to)) : arena_joined(from, "/", to), *out = arena_new(strlen(path) + 2);
    size_t n = 0;
    for (char *part = strtok(path, "/"); part != NULL; part = strtok(NULL, "/")) {
        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0) {
            while (n > 0 && out[--n] != '/') {
                /* bound: the path */
            }
            out[n] = '\0';
            continue;
        }
        n += (size_t)sprintf(out + n, "/%s", part);
    }
    return n > 0 ? out : arena_text("/", 1);
}

static const char *physical(void)
{
    static char now[PATH_MAX];
    return getcwd(now, sizeof now);
}

static int go(const char *to, bool by_links)
{
    const char *was = variable_get("PWD");
    const char *from = by_links && was != NULL && (leads_here(was) || physical() == NULL) ? was : physical();
    char *path = from != NULL && by_links ? plain_path(from, to) : NULL;
    if (path == NULL || strlen(path) >= PATH_MAX || chdir(path) != 0) {
        int error = errno;
        if (chdir(to) != 0)
            return complain(1, to, strerror(path != NULL ? error : errno));
        path = NULL;
    }
    const char *now = path != NULL ? path : physical();
    (void)variable_set("OLDPWD", from != NULL ? from : "");
    return now == NULL || variable_set("PWD", now) ? 0 : 1;
}

/* The first directory of CDPATH that has it; 0: none, or it is not looked for there. */
static const char *in_cdpath(const char *to)
{
    const char *dirs = variable_get("CDPATH");
    struct stat st;
    if (dirs == NULL || *to == '/' || strcmp(to, ".") == 0 || strcmp(to, "..") == 0 || strncmp(to, "./", 2) == 0 || strncmp(to, "../", 3) == 0)
        return NULL;
    for (;; dirs++) { /* bound: the directories */
        size_t len = strcspn(dirs, ":");
        char *path = arena_joined(arena_text(dirs, len), len > 0 ? "/" : "./", to);
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            return len > 0 ? path : NULL;
        dirs += len;
        if (*dirs == '\0')
            return NULL;
    }
}

int builtin_cd(char **words)
{
    bool by_links = true;
    for (words++; *words != NULL && (strcmp(*words, "-L") == 0 || strcmp(*words, "-P") == 0 || strcmp(*words, "--") == 0); words++)
        by_links = strcmp(*words, "-P") != 0;
    const char *to = *words != NULL ? *words : variable_get("HOME"), *found = NULL;
    bool back = to != NULL && strcmp(to, "-") == 0;
    if (back)
        to = variable_get("OLDPWD");
    if (to == NULL || *to == '\0')
        return complain(1, "cd", back ? "OLDPWD is not set" : "HOME is not set");
    if (!back)
        found = in_cdpath(to);
    int status = go(arena_text(found != NULL ? found : to, strlen(found != NULL ? found : to)), by_links);
    if (status == 0 && (back || found != NULL))
        puts(variable_get("PWD"));
    return status;
}

int builtin_pwd(char **words)
{
    const char *now = variable_get("PWD");
    bool real = words[1] != NULL && strcmp(words[1], "-P") == 0;
    if (real || now == NULL || !leads_here(now))
        now = physical();
    if (now == NULL)
        return complain(1, "pwd", strerror(errno));
    puts(now);
    return 0;
}
