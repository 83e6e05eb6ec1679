/* SPDX-License-Identifier: MIT
 * fc: lines that were typed, listed, run again, or changed in an editor first.
 */
#include "edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTED 16

struct wanted {
    bool lists, again, plain, backwards; /* -l -s -n -r */
    const char *editor;
    const char *old, *new; /* -s OLD=NEW */
    size_t first, last;    /* indices in the history; first may be the later one */
};

/* The line that holds this very fc is none of them. */
static size_t lines(void)
{
    size_t n = history_count();
    return n > 0 ? n - 1 : 0;
}

/* A number, one counted from the end, or how a line begins. False: there is none. */
static bool find(const char *word, size_t *index)
{
    char *end;
    long n = strtol(word, &end, 10), count = (long)lines();
    if (end != word && *end == '\0') {
        long at = n < 0 ? count + n : n - (long)history_number(0);
        *index = (size_t)(at < 0 ? 0 : at >= count ? count - 1 : at);
        return count > 0;
    }
    size_t len = strlen(word);
    for (size_t i = lines(); i-- > 0;)
        if (strncmp(history_at(i), word, len) == 0) {
            *index = i;
            return true;
        }
    return false;
}

static int range(struct wanted *w, char **words)
{
    size_t n = lines();
    if (n == 0)
        return complain(1, "fc", "nothing was typed yet");
    w->first = w->last = n - 1;
    if (w->lists && words[0] == NULL)
        w->first = n > LISTED ? n - LISTED : 0;
    if (words[0] != NULL && !find(words[0], &w->first))
        return complain(1, words[0], "there is no such line");
    if (words[0] != NULL && !w->lists)
        w->last = w->first;
    if (words[0] != NULL && words[1] != NULL && !find(words[1], &w->last))
        return complain(1, words[1], "there is no such line");
    if (w->backwards) {
        size_t first = w->first;
        w->first = w->last;
        w->last = first;
    }
    return 0;
}

static void print_lines(const struct wanted *w, FILE *to)
{
    for (size_t i = w->first;; i += w->first <= w->last ? 1 : (size_t)-1) { /* bound: the history */
        if (w->lists && w->plain)
            fprintf(to, "\t%s\n", history_at(i));
        else if (w->lists)
            fprintf(to, "%zu\t%s\n", history_number(i), history_at(i));
        else
            fprintf(to, "%s\n", history_at(i));
        if (i == w->last)
            break;
    }
}

/* It is in the history in the place of the fc, and seen. */
static int run_line_again(const char *line)
{
    history_replace_last(line);
    fprintf(stderr, "%s\n", line);
    return run_text(line, "fc", 1);
}

static int again(const struct wanted *w)
{
    const char *line = history_at(w->first), *at = w->old != NULL ? strstr(line, w->old) : NULL;
    if (w->old == NULL)
        return run_line_again(arena_text(line, strlen(line)));
    if (at == NULL)
        return complain(1, w->old, "not in that line");
    char *head = arena_text(line, (size_t)(at - line));
    return run_line_again(arena_joined(head, w->new, at + strlen(w->old)));
}

static int run_edited(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd >= 0 ? script_read(fd, path) : NULL;
    if (fd >= 0)
        (void)close(fd);
    if (text == NULL)
        return complain(1, path, strerror(errno));
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    int status = run_line_again(text);
    free(text);
    return status;
}

static int edit_lines(const struct wanted *w)
{
    char path[] = "/tmp/fcXXXXXX";
    int fd = mkstemp(path);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f == NULL)
        return complain(1, path, strerror(errno));
    print_lines(w, f);
    (void)fclose(f);
    int status = run_text(arena_joined(w->editor, " ", path), "fc", 1);
    if (status == 0)
        status = run_edited(path);
    (void)unlink(path);
    return status;
}

/* What stands behind the options; NULL with a message. */
static char **options(struct wanted *w, char **words)
{
    const char *editor = variable_get("FCEDIT");
    w->editor = editor != NULL && *editor != '\0' ? editor : "ed";
    for (; *words != NULL && **words == '-' && ((*words)[1] < '0' || (*words)[1] > '9') && (*words)[1] != '\0'; words++) {
        if (strcmp(*words, "--") == 0)
            return words + 1;
        for (const char *s = *words + 1; *s != '\0'; s++) {
            w->lists = w->lists || *s == 'l';
            w->again = w->again || *s == 's';
            w->plain = w->plain || *s == 'n';
            w->backwards = w->backwards || *s == 'r';
            if (strchr("lsnre", *s) == NULL || (*s == 'e' && (s[1] != '\0' || words[1] == NULL))) {
                (void)complain(0, *words, "there is no such option");
                return NULL;
            }
            if (*s == 'e')
                w->editor = *++words;
            if (*s == 'e')
                break;
        }
    }
    return words;
}

int builtin_fc(char **words)
{
    struct wanted w = {0};
    char *equals;
    words = options(&w, words + 1);
    if (words == NULL)
        return STATUS_SYNTAX;
    w.again = w.again || strcmp(w.editor, "-") == 0; /* -e - */
    if (w.again && *words != NULL && (equals = strchr(*words, '=')) != NULL) {
        w.old = arena_text(*words, (size_t)(equals - *words));
        w.new = equals + 1;
        words++;
    }
    int status = range(&w, words);
    if (status != 0)
        return status;
    if (w.lists)
        print_lines(&w, stdout);
    return w.lists ? 0 : w.again ? again(&w) : edit_lines(&w);
}
