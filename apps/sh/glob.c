/* SPDX-License-Identifier: MIT
 * Patterns become the paths that match, in order; one that matches nothing stays as it is.
 */
#include "field.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MATCHES_MAX 10000

static bool has_sign(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == '\\' && s[1] != '\0')
            s++;
        else if (strchr("*?[", *s) != NULL)
            return true;
    }
    return false;
}

static char *unmasked(const char *s)
{
    char *to = arena_new(strlen(s) + 1), *end = to;
    for (; *s != '\0'; s++) {
        if (*s == '\\' && s[1] != '\0')
            s++;
        *end++ = *s;
    }
    return to;
}

/* A dot at a name's beginning is matched by a dot alone. */
static bool name_matches(const char *pattern, const char *name)
{
    return (*name != '.' || pattern[*pattern == '\\'] == '.') && pattern_matches(pattern, name);
}

/* Paths that `pattern` matches behind `dir`, which ends with a slash or is empty. Recursion: a level a slash. */
static void match(const char *dir, const char *pattern, struct fields *found)
{
    size_t len = strcspn(pattern, "/"), slashes = strspn(pattern + len, "/");
    char *name = arena_text(pattern, len), *slash = arena_text(pattern + len, slashes);
    const char *rest = pattern + len + slashes;
    struct stat st;
    if (!has_sign(name)) {
        char *path = arena_joined(dir, unmasked(name), slash);
        if (*rest != '\0')
            match(path, rest, found);
        else if (lstat(path, &st) == 0)
            fields_add(found, path);
        return;
    }
    DIR *d = opendir(*dir != '\0' ? dir : ".");
    if (d == NULL)
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL && found->n < MATCHES_MAX;) {
        if (!name_matches(name, e->d_name))
            continue;
        char *path = arena_joined(dir, e->d_name, slash);
        if (*rest != '\0')
            match(path, rest, found);
        else if (slashes == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
            fields_add(found, path);
    }
    (void)closedir(d);
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

void glob_field(const char *pattern, const char *plain, struct fields *out)
{
    struct fields found = {0};
    if (strlen(pattern) < PATH_MAX)
        match("", pattern, &found);
    if (found.n == 0) {
        fields_add(out, arena_text(plain, strlen(plain)));
        return;
    }
    qsort(found.word, found.n, sizeof found.word[0], compare);
    for (size_t i = 0; i < found.n; i++)
        fields_add(out, found.word[i]);
}
