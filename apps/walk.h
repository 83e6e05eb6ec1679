/* SPDX-License-Identifier: MIT
 * Through a tree of files, for tools that do something to each: it goes into directories, so no path gets too long, and keeps their
 * names in memory, so no depth is too much for stack or descriptors.
 */
#ifndef APPS_WALK_H
#define APPS_WALK_H

#include "names.h"
#include "tool.h"

#include <sys/stat.h>

enum walk_when { WALK_FILE, WALK_BEFORE, WALK_AFTER }; /* a directory: before and after what is in it */
enum walk_how { WALK_LINKS, WALK_FOLLOW_FIRST };        /* symbolic links are files; or the first one is what it leads to */
struct walked {
    enum walk_when when;
    const char *name; /* in the working directory */
    const char *path; /* from where one began, for messages */
    const struct stat *st;
    unsigned depth;
    bool skip;        /* to be set before: what is in the directory is left alone */
};

struct walk_level {
    char **names;
    size_t n, at;
    size_t path_len;  /* of the directory itself */
    struct stat st;
    struct walk_level *above;
};

static struct {
    struct walk_level *top;
    char *path;
    size_t room;
    int start; /* the directory where one began */
} walk_state;

static size_t walk_path(size_t len, const char *name)
{
    size_t more = strlen(name) + 2;
    if (len + more > walk_state.room) {
        walk_state.room = 2 * (len + more);
        if ((walk_state.path = realloc(walk_state.path, walk_state.room)) == NULL)
            exit(tool_error("memory"));
    }
    bool joins = len > 0 && walk_state.path[len - 1] != '/';
    return len + (size_t)sprintf(walk_state.path + len, "%s%s", joins ? "/" : "", name);
}

static int walk_compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The names in the working directory, in order, all but the dots. */
static int walk_list(struct walk_level *l)
{
    DIR *d = opendir(".");
    if (d == NULL)
        return tool_error(walk_state.path);
    l->names = names_read(d, &l->n);
    if (l->n > 0)
        qsort(l->names, l->n, sizeof *l->names, walk_compare);
    return 0;
}

/* Into the directory `name`; 1: it could not be entered. */
static int walk_enter(const char *name, const struct stat *st, size_t path_len)
{
    struct walk_level *l = calloc(1, sizeof *l);
    if (l == NULL)
        exit(tool_error("memory"));
    if (chdir(name) != 0) {
        free(l);
        return tool_error(walk_state.path);
    }
    l->st = *st;
    l->path_len = path_len;
    l->above = walk_state.top;
    walk_state.top = l;
    return walk_list(l);
}

/* Back to the directory around; somewhere else nothing may be done. */
static void walk_leave(void)
{
    struct walk_level *l = walk_state.top;
    walk_state.top = l->above;
    if ((l->above == NULL ? fchdir(walk_state.start) : chdir("..")) != 0)
        exit(tool_error(walk_state.path));
    for (size_t i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
    free(l);
}

static unsigned walk_depth(void)
{
    unsigned depth = 0;
    for (struct walk_level *l = walk_state.top; l != NULL; l = l->above)
        depth++;
    return depth;
}

/* One name in the working directory, whose path is in place: f is asked, and a directory entered. */
static int walk_one(const char *name, int (*f)(struct walked *w), enum walk_how how, size_t path_len)
{
    struct stat st;
    if ((how == WALK_FOLLOW_FIRST && walk_state.top == NULL ? stat(name, &st) : lstat(name, &st)) != 0)
        return tool_error(walk_state.path);
    struct walked w = {S_ISDIR(st.st_mode) ? WALK_BEFORE : WALK_FILE, name, walk_state.path, &st, walk_depth(), false};
    int status = f(&w);
    if (S_ISDIR(st.st_mode) && !w.skip)
        status |= walk_enter(name, &st, path_len);
    return status;
}

/* f for `root` and all that is in it; the worst status. f is called where w->name is in the working directory. */
TOOL_UNUSED static int walk(const char *root, int (*f)(struct walked *w), enum walk_how how)
{
    walk_state.start = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (walk_state.start < 0)
        return tool_error(".");
    int status = walk_one(root, f, how, walk_path(0, root));
    while (walk_state.top != NULL) { /* bound: the files */
        struct walk_level *l = walk_state.top;
        if (l->at < l->n) {
            const char *name = l->names[l->at++];
            status |= walk_one(name, f, how, walk_path(l->path_len, name));
            continue;
        }
        size_t len = l->path_len;
        struct stat st = l->st;
        walk_leave();
        walk_state.path[len] = '\0';
        size_t begin = len;
        while (walk_state.top != NULL && begin > 0 && walk_state.path[begin - 1] != '/')
            begin--;
        char *name = walk_state.top == NULL ? strdup(root) : strdup(walk_state.path + begin);
        if (name == NULL)
            exit(tool_error("memory"));
        struct walked w = {WALK_AFTER, name, walk_state.path, &st, walk_depth(), false};
        status |= f(&w);
        free(name);
    }
    (void)close(walk_state.start);
    return status;
}

#endif
