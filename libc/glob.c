/* SPDX-License-Identifier: MIT
 * Names that match a pattern. The pattern is taken part by part, between slashes: a part without special characters is a name, others
 * are looked for in the directory that the parts before have led to.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct search {
    glob_t *g;
    size_t room, first; /* of gl_pathv; where this call's matches begin */
    int flags;
    int (*on_error)(const char *path, int error);
    char path[PATH_MAX];
};

/* The string becomes the list's, if there is room. */
static int keep(struct search *s, char *match)
{
    size_t used = s->g->gl_offs + s->g->gl_pathc;
    if (match != NULL && used + 2 > s->room) {
        char **more = realloc(s->g->gl_pathv, (used + 2) * 2 * sizeof *more);
        if (more != NULL) {
            s->g->gl_pathv = more;
            s->room = (used + 2) * 2;
        } else {
            free(match);
            match = NULL;
        }
    }
    if (match == NULL)
        return GLOB_NOSPACE;
    s->g->gl_pathv[used] = match;
    s->g->gl_pathv[used + 1] = NULL;
    s->g->gl_pathc++;
    return 0;
}

/* The whole path is there, if it is. */
static int matched(struct search *s, size_t len)
{
    struct stat st;
    if (lstat(s->path, &st) != 0)
        return 0;
    bool directory = S_ISDIR(st.st_mode) || (S_ISLNK(st.st_mode) && stat(s->path, &st) == 0 && S_ISDIR(st.st_mode));
    bool mark = (s->flags & GLOB_MARK) && directory && (len == 0 || s->path[len - 1] != '/');
    char *match = malloc(len + 2);
    if (match != NULL)
        strcpy(stpcpy(match, s->path), mark ? "/" : "");
    return keep(s, match);
}

static bool is_special(const char *part, size_t len, int flags)
{
    for (size_t i = 0; i < len; i++)
        if (part[i] == '*' || part[i] == '?' || part[i] == '[' || (part[i] == '\\' && !(flags & GLOB_NOESCAPE)))
            return true;
    return false;
}

static int part(struct search *s, const char *pattern, size_t len);

/* The name is part of the path; on with what is behind it in the pattern. */
static int enter(struct search *s, const char *name, const char *rest, size_t len)
{
    size_t n = strlen(name), slashes = strspn(rest, "/");
    if (len + n + slashes >= sizeof s->path)
        return 0; /* no file has such a path */
    memcpy(s->path + len, name, n);
    memcpy(s->path + len + n, rest, slashes);
    s->path[len + n + slashes] = '\0';
    return rest[slashes] != '\0' ? part(s, rest + slashes, len + n + slashes) : matched(s, len + n + slashes);
}

static int unreadable(const struct search *s)
{
    bool stop = s->on_error != NULL && s->on_error(s->path[0] != '\0' ? s->path : ".", errno) != 0;
    return stop || (s->flags & GLOB_ERR) ? GLOB_ABORTED : 0;
}

static int look(struct search *s, const char *wanted, const char *rest, size_t len)
{
    int how = FNM_PERIOD | (s->flags & GLOB_NOESCAPE ? FNM_NOESCAPE : 0), err = 0;
    DIR *d = opendir(len > 0 ? s->path : ".");
    if (d == NULL)
        return errno == ENOENT || errno == ENOTDIR ? 0 : unreadable(s);
    struct dirent *e;
    errno = 0;
    while (err == 0 && (e = readdir(d)) != NULL) { /* bound: the directory's entries */
        if (fnmatch(wanted, e->d_name, how) == 0)
            err = enter(s, e->d_name, rest, len);
        s->path[len] = '\0';
        errno = 0;
    }
    if (err == 0 && errno != 0)
        err = unreadable(s);
    (void)closedir(d);
    return err;
}

/* The next part of the pattern, in the directory that the path's first len bytes name. */
static int part(struct search *s, const char *pattern, size_t len)
{
    char wanted[NAME_MAX * 4 + 1];
    size_t n = strcspn(pattern, "/");
    if (n >= sizeof wanted)
        return 0;
    memcpy(wanted, pattern, n);
    wanted[n] = '\0';
    if (is_special(wanted, n, s->flags))
        return look(s, wanted, pattern + n, len);
    return enter(s, wanted, pattern + n, len);
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int prepare(struct search *s)
{
    if (!(s->flags & GLOB_DOOFFS))
        s->g->gl_offs = 0; /* it had no meaning, and globfree() is told no flags */
    if (s->flags & GLOB_APPEND) {
        s->room = s->g->gl_offs + s->g->gl_pathc + 1;
        return 0;
    }
    s->g->gl_pathc = 0;
    s->room = s->g->gl_offs + 4;
    s->g->gl_pathv = calloc(s->room, sizeof *s->g->gl_pathv);
    return s->g->gl_pathv != NULL ? 0 : GLOB_NOSPACE;
}

int glob(const char *restrict pattern, int flags, int (*on_error)(const char *path, int error), glob_t *restrict g)
{
    struct search *s = malloc(sizeof *s);
    if (s == NULL)
        return GLOB_NOSPACE;
    *s = (struct search){.g = g, .flags = flags, .on_error = on_error};
    int err = prepare(s);
    s->first = g->gl_pathc;
    if (err == 0 && *pattern != '\0')
        err = *pattern == '/' ? enter(s, "", pattern, 0) : part(s, pattern, 0);
    if (err == 0 && g->gl_pathc == s->first)
        err = flags & GLOB_NOCHECK ? keep(s, strdup(pattern)) : GLOB_NOMATCH;
    if (!(flags & GLOB_NOSORT) && g->gl_pathc > s->first)
        qsort(g->gl_pathv + g->gl_offs + s->first, g->gl_pathc - s->first, sizeof *g->gl_pathv, compare);
    free(s);
    return err;
}

void globfree(glob_t *g)
{
    for (size_t i = 0; i < g->gl_pathc; i++)
        free(g->gl_pathv[g->gl_offs + i]); /* what is before them is the program's */
    free(g->gl_pathv);
    g->gl_pathv = NULL;
    g->gl_pathc = 0;
}
