/* SPDX-License-Identifier: MIT
 * Tab: the word before the cursor goes on as all names do that begin with it: commands where one stands, else files.
 */
#include "edit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPECIAL_SIGNS " \t\"'\\$`&|;<>()*?[#~!{}"
#define SHOWN_COLUMNS 78u

static bool ends_word(char c) { return strchr(" \t;&|<>()", c) != NULL; }

/* Where the word before the cursor begins. */
static size_t word_start(const struct edit *e)
{
    size_t start = 0;
    for (size_t i = 0; i < e->at; i++) {
        if (e->text[i] == '\\' && i + 1 < e->at)
            i++;
        else if (ends_word(e->text[i]))
            start = i + 1;
    }
    return start;
}

/* Whether a command's name stands there. */
static bool at_command(const struct edit *e, size_t start)
{
    while (start > 0 && strchr(" \t", e->text[start - 1]) != NULL)
        start--;
    return start == 0 || strchr(";&|(", e->text[start - 1]) != NULL;
}

static char *unmasked(const char *s, size_t n)
{
    char *to = arena_new(n + 1), *end = to;
    for (size_t i = 0; i < n; i++) {
        i += s[i] == '\\' && i + 1 < n;
        *end++ = s[i];
    }
    return to;
}

/* ---- who there is ---- */

static void add(struct fields *found, const char *name)
{
    for (size_t i = 0; i < found->n; i++)
        if (strcmp(found->word[i], name) == 0)
            return;
    fields_add(found, arena_text(name, strlen(name)));
}

/* The names in a directory that begin so; those that begin with a dot only when asked for. */
static void add_files(struct fields *found, const char *dir, const char *begin)
{
    DIR *d = opendir(*dir != '\0' ? dir : ".");
    if (d == NULL)
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strncmp(e->d_name, begin, strlen(begin)) == 0 && (e->d_name[0] != '.' || *begin == '.') && strcmp(e->d_name, ".") != 0 &&
            strcmp(e->d_name, "..") != 0)
            add(found, e->d_name);
    (void)closedir(d);
}

static void add_commands(struct fields *found, const char *begin)
{
    static const char *const words[] = {"case", "do", "done", "elif", "else", "esac", "for", "then", "until", "while"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(words[i], begin, strlen(begin)) == 0)
            add(found, words[i]);
    for (const struct builtin *b = builtins; b->name != NULL; b++)
        if (strncmp(b->name, begin, strlen(begin)) == 0)
            add(found, b->name);
    const char *dirs = variable_get("PATH");
    for (dirs = dirs != NULL ? dirs : "/bin"; *dirs != '\0'; dirs += *dirs == ':') {
        size_t len = strcspn(dirs, ":");
        add_files(found, arena_text(dirs, len), begin);
        dirs += len;
    }
}

/* ---- what is made of them ---- */

/* What all go on with, behind `skip` characters. */
static char *common(const struct fields *found, size_t skip)
{
    size_t len = strlen(found->word[0]);
    for (size_t i = 1; i < found->n; i++) {
        size_t same = 0;
        while (same < len && found->word[0][same] == found->word[i][same])
            same++;
        len = same;
    }
    return arena_text(found->word[0] + skip, len > skip ? len - skip : 0);
}

static void insert_masked(struct edit *e, const char *s)
{
    for (; *s != '\0'; s++) {
        if (strchr(SPECIAL_SIGNS, *s) != NULL)
            edit_insert(e, "\\", 1);
        edit_insert(e, s, 1);
    }
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(struct edit *e, const struct fields *found)
{
    size_t widest = 0, column = 0, at = e->at;
    qsort(found->word, found->n, sizeof found->word[0], compare);
    for (size_t i = 0; i < found->n; i++)
        widest = strlen(found->word[i]) > widest ? strlen(found->word[i]) : widest;
    edit_draw_end(e);
    for (size_t i = 0; i < found->n; i++) {
        bool ends = column + 2 * (widest + 2) > SHOWN_COLUMNS || i + 1 == found->n;
        printf("%-*s%s", ends ? 0 : (int)widest + 2, found->word[i], ends ? "\n" : "");
        column = ends ? 0 : column + widest + 2;
    }
    e->at = at;
    edit_draw(e);
}

static bool is_directory(const char *dir, const char *name)
{
    struct stat st;
    return stat(arena_joined(dir, name, ""), &st) == 0 && S_ISDIR(st.st_mode);
}

static void complete(struct edit *e, enum tab tab)
{
    struct fields found = {0};
    size_t start = word_start(e);
    char *word = unmasked(e->text + start, e->at - start), *slash = strrchr(word, '/');
    char *dir = arena_text(word, slash != NULL ? (size_t)(slash - word) + 1 : 0), *begin = slash != NULL ? slash + 1 : word;
    if (strncmp(dir, "~/", 2) == 0)
        dir = arena_joined(variable_get("HOME") != NULL ? variable_get("HOME") : "", dir + 1, "");
    if (slash == NULL && at_command(e, start))
        add_commands(&found, begin);
    else
        add_files(&found, dir, begin);
    if (found.n == 0) {
        edit_bell();
        return;
    }
    char *more = common(&found, strlen(begin));
    insert_masked(e, more);
    if (found.n == 1)
        edit_insert(e, is_directory(dir, found.word[0]) ? "/" : " ", 1);
    if (found.n == 1 || *more != '\0')
        edit_draw(e);
    else if (tab == TAB_AGAIN)
        list(e, &found);
    else
        edit_bell();
}

void edit_complete(struct edit *e, enum tab tab)
{
    struct arena_mark mark = arena_mark();
    complete(e, tab);
    arena_release(mark);
}
