/* SPDX-License-Identifier: MIT
 * Fuzzes the shell's parser and its expansion of words: any text, aliases among it. Nothing is run. Each turn of the parser takes
 * some of the text or ends; words lie in what was read; a copy of the tree is equal to it; and whatever the words expand to, nothing
 * is read or written outside of anything.
 * SOURCES: apps/sh/arena.c apps/sh/lex.c apps/sh/parse.c apps/sh/clause.c apps/sh/alias.c apps/sh/function.c apps/sh/expand.c
 * SOURCES: apps/sh/field.c apps/sh/braces.c apps/sh/pattern.c apps/sh/arith.c apps/sh/variable.c apps/sh/parameter.c apps/sh/option.c
 * INCLUDES: apps/sh test/host/fuzz
 * RUNS: 30000
 */
#include "field.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))
#define TEXT_MAX 3000u

/* ---- what the rest of the shell would do ---- */

bool interactive = true, leaving, returning, forgiving;
volatile bool interrupted;
int breaking, loops, tested;
unsigned line_now;
const char *script_name;

void error_ends(void) {}
int complain(int status, const char *what, const char *why)
{
    MUST(strlen(what) <= TEXT_MAX * 20 && strlen(why) > 0);
    return status;
}
int run(const struct node *n)
{
    (void)n;
    return 0;
}
/* A command prints itself. */
char *output_of(const char *text, size_t len)
{
    char *all = arena_text(text, len);
    MUST(strlen(all) == len);
    return all;
}
void glob_field(const char *pattern, const char *plain, struct fields *out)
{
    (void)pattern_matches(pattern, plain);
    fields_add(out, arena_text(plain, strlen(plain)));
}
long word_number(const char *who, const char *word, long most)
{
    (void)who, (void)word, (void)most;
    return -1;
}

/* ---- texts: bytes as they are, and for high ones pieces that have a meaning ---- */

static const char *const pieces[] = {
    "if ", "\nthen ", " else ", "\nelif ", "\nfi\n", "while ", "until ", "\ndo ", "\ndone\n", "for x in ", "case $x in ", ") ", ";; ", "\nesac\n",
    "{ ", ";}\n", "( ", "f() ", "$(", "${", "}", "`", "$((", "))", "\"", "'", "\\", "<<E\n", "\nE\n", "<<-'E'\n", "\tE\n", "al", " bl ", "&&", "||", ";",
    "\n", "|", "&", "!", " # ", "x=", "$x", "\"$@\"", "$*", "${x:-", "${x#", "${x%%", "${#x}", "[a-z]", "[!", "[[:alpha:]]", "*", "?", "~", "2>&1", ">|",
    "<>", "<&-", "$1", "$?", "$$", "$-", "x+=", "<<", "08", "0x", "9223372036854775807", "?:", "++"};

static char *text_of(const uint8_t *bytes, size_t n)
{
    char *text = malloc(TEXT_MAX + 1);
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        char one[2] = {(char)bytes[i], '\0'};
        const char *piece = bytes[i] >= 128 ? pieces[bytes[i] % (sizeof pieces / sizeof pieces[0])] : one;
        if (len + strlen(piece) > TEXT_MAX)
            break;
        memcpy(text + len, piece, strlen(piece));
        len += strlen(piece);
    }
    text[len] = '\0';
    return realloc(text, strlen(text) + 1); /* so that ASan sees who reads on */
}

/* ---- what must be true of a tree ---- */

static unsigned depth_seen;

static void check_words(const struct word *a, const struct word *b)
{
    for (; a != NULL; a = a->next, b = b->next)
        MUST(b != NULL && a->len == b->len && a->len > 0 && strlen(a->start) >= a->len && memcmp(a->start, b->start, a->len) == 0);
    MUST(b == NULL);
}
static void expand(const struct word *w)
{
    for (; w != NULL; w = w->next) {
        struct arena_mark mark = arena_mark();
        struct fields out = {0};
        expand_word(w, &out);
        for (size_t i = 0; i < out.n; i++)
            MUST(strlen(out.word[i]) < 1u << 24);
        MUST(out.n == 0 || out.word[out.n] == NULL);
        (void)pattern_matches(expand_pattern(w->start, w->len), expand_assigned(w->start, w->len));
        (void)expansion_failed();
        arena_release(mark);
    }
}
static void check(const struct node *a, const struct node *b)
{
    MUST(++depth_seen < 1000);
    for (; a != NULL; a = a->next, b = b->next) {
        MUST(b != NULL && a->kind == b->kind);
        check_words(a->words, b->words);
        expand(a->words);
        for (const struct redirection *r = a->redirections, *s = b->redirections; r != NULL; r = r->next, s = s->next) {
            MUST(s != NULL && r->kind == s->kind && r->body_len == s->body_len);
            check_words(r->word, s->word);
            if (r->body != NULL && !r->quoted)
                (void)expand_here(r->body, r->body_len);
            (void)expansion_failed();
        }
        check(a->first, b->first);
        check(a->second, b->second);
        check(a->third, b->third);
    }
    MUST(b == NULL);
    depth_seen--;
}

static void start(void)
{
    char *words[] = {"one", "two  words", "", "*", NULL}, *first[] = {"alias", "al=echo bl ", "bl=al x", "if=x", "q='", "e=", NULL};
    static char *environment[] = {"HOME=/home", "x=a:b  c", "PWD=/", NULL};
    variables_start(environment);
    parameters_set(words);
    MUST(builtin_alias(first) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static bool started;
    if (!started)
        start();
    started = true;
    struct arena_mark mark = arena_mark();
    char *text = text_of(bytes, n);
    struct source from = {.text = text, .line = 1};
    if (n % 7 == 0)
        (void)variable_set("IFS", ": ");
    while (*from.text != '\0' && from.wrong == NULL) { /* bound: the text */
        const char *before = from.text;
        const struct node *tree = parse(&from);
        MUST(tree == NULL || from.wrong == NULL);
        MUST(from.text > before || from.wrong != NULL);
        MUST(from.text <= text + strlen(text));
        depth_seen = 0;
        if (tree != NULL)
            check(tree, tree_copy(tree));
    }
    (void)variable_unset("IFS");
    (void)variable_set("x", "a:b  c");
    arena_release(mark);
    free(text);
    return 0;
}
