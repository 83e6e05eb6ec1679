/* SPDX-License-Identifier: MIT
 * Lines that fit.
 */
#include "tool.h"

#include "walk.h"

#include <ctype.h>
#include <regex.h>

static const char tool_name[] = "grep";
static const char tool_help[] = "usage: grep [-E | -F] [-chilnqrsvwxHo] [-m N] [-e PATTERN]... [-f FILE] [PATTERN] [FILE...]\n"
                                "Prints lines that a pattern matches. -E extended patterns, -F plain texts, -i in any case, -v lines that do not\n"
                                "match, -w as words, -x as whole lines; -c how many, -l names of files, -n with numbers, -o what matched, -q nothing;\n"
                                "-r trees of files, -s no word about files that are not there, -h without names, -H with, -m not more than N;\n"
                                "-f patterns from FILE, a line each.\n"
                                "Status 0: there were some, 1: none, 2: an error.\n";

#define LETTERS 128

struct pattern {
    char *text;
    regex_t expression;
    struct pattern *next;
};
static struct pattern *patterns, **patterns_end = &patterns;
static bool on[LETTERS], any, named;
static unsigned long most = ~0UL;
static int worst;

static void *taken(void *p)
{
    if (p == NULL) {
        (void)tool_error("memory");
        exit(TOOL_USAGE_STATUS);
    }
    return p;
}

static void fold(char *s)
{
    for (; *s != '\0'; s++)
        *s = (char)tolower((unsigned char)*s);
}

/* The empty pattern, which is in every line, is no regular expression to the library. */
static bool is_plain(const struct pattern *p) { return on['F'] || p->text[0] == '\0'; }

static void add_one(const char *text, size_t len)
{
    struct pattern *p = taken(calloc(1, sizeof *p));
    p->text = taken(malloc(len + 1));
    memcpy(p->text, text, len);
    p->text[len] = '\0';
    int flags = (on['E'] ? REG_EXTENDED : 0) | (on['i'] ? REG_ICASE : 0);
    if (on['F'] && on['i'])
        fold(p->text);
    if (!is_plain(p) && regcomp(&p->expression, p->text, flags) != 0) {
        fprintf(stderr, "grep: %s: not a regular expression\n", p->text);
        exit(TOOL_USAGE_STATUS);
    }
    *patterns_end = p;
    patterns_end = &p->next;
}

/* Each line of the text is a pattern. */
static void add_patterns(const char *text)
{
    for (;;) { /* bound: the text */
        size_t len = strcspn(text, "\n");
        add_one(text, len);
        if (text[len] == '\0')
            return;
        text += len + 1;
    }
}

static int add_line(FILE *in, const char *name)
{
    char *line;
    size_t len;
    (void)name;
    while ((line = tool_line(in, &len)) != NULL)
        add_one(line, len);
    return 0;
}

/* ---- matching ---- */

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static bool find_plain(const struct pattern *p, const char *line, regmatch_t *found)
{
    const char *at = strstr(line, p->text);
    if (at == NULL)
        return false;
    found->rm_so = at - line;
    found->rm_eo = found->rm_so + (regoff_t)strlen(p->text);
    return true;
}

/* Behind `from`, as far as -x and -w allow. */
static bool find(const struct pattern *p, const char *line, size_t from, regmatch_t *found)
{
    size_t len = strlen(line);
    while (from <= len) {
        bool there = is_plain(p) ? find_plain(p, line + from, found) : regexec(&p->expression, line + from, 1, found, from > 0 ? REG_NOTBOL : 0) == 0;
        if (!there)
            return false;
        found->rm_so += (regoff_t)from;
        found->rm_eo += (regoff_t)from;
        bool whole = found->rm_so == 0 && (size_t)found->rm_eo == len;
        bool word = (found->rm_so == 0 || !is_word(line[found->rm_so - 1])) && !is_word(line[found->rm_eo]);
        if ((!on['x'] || whole) && (!on['w'] || (word && found->rm_eo > found->rm_so)))
            return true;
        if (on['x'] && !is_plain(p))
            return false;
        from = (size_t)found->rm_so + 1;
    }
    return false;
}

/* The leftmost match of any pattern behind `from`. */
static bool find_any(const char *line, size_t from, regmatch_t *found)
{
    bool there = false;
    for (const struct pattern *p = patterns; p != NULL; p = p->next) {
        regmatch_t one;
        if (!find(p, line, from, &one))
            continue;
        if (!there || one.rm_so < found->rm_so)
            *found = one;
        there = true;
        if (!on['o'])
            break;
    }
    return there;
}

static void print_start(const char *name, unsigned long number)
{
    if (named)
        printf("%s:", name);
    if (on['n'])
        printf("%lu:", number);
}

static void print_line(const char *name, unsigned long number, const char *line, const char *folded)
{
    regmatch_t found;
    if (!on['o']) {
        print_start(name, number);
        puts(line);
        return;
    }
    for (size_t from = 0; line[from] != '\0' && find_any(folded, from, &found); from = (size_t)found.rm_eo + (found.rm_eo == found.rm_so)) {
        if (found.rm_eo == found.rm_so)
            continue;
        print_start(name, number);
        printf("%.*s\n", (int)(found.rm_eo - found.rm_so), line + found.rm_so);
    }
}

/* For -F -i: the line in small letters. */
static const char *folded_line(const char *line)
{
    static char *copy;
    if (!on['F'] || !on['i'])
        return line;
    copy = taken(realloc(copy, strlen(line) + 1));
    strcpy(copy, line);
    fold(copy);
    return copy;
}

static int search(FILE *in, const char *name)
{
    char *line;
    size_t len;
    unsigned long count = 0, number = 0;
    name = strcmp(name, "-") == 0 ? "(standard input)" : name;
    while (count < most && (line = tool_line(in, &len)) != NULL) {
        regmatch_t found;
        const char *folded = folded_line(line);
        number++;
        if (find_any(folded, 0, &found) == on['v'])
            continue;
        count++;
        if (on['q'] || on['l'])
            break;
        if (!on['c'])
            print_line(name, number, line, folded);
    }
    any = any || count > 0;
    if (on['l'] && count > 0 && !on['q'])
        puts(name);
    if (on['c'] && !on['q'] && !on['l'])
        printf(named ? "%s:%lu\n" : "%.0s%lu\n", name, count);
    return 0;
}

static int see(struct walked *w)
{
    if (w->when != WALK_FILE || !S_ISREG(w->st->st_mode))
        return 0;
    FILE *in = fopen(w->name, "r");
    if (in == NULL)
        return tool_error(w->path);
    int status = search(in, w->path);
    if (ferror(in))
        status = tool_error(w->path);
    (void)fclose(in);
    return status;
}

static int search_all(char **names)
{
    static char *here[] = {".", NULL};
    int status = 0;
    if (!on['r'] && !on['s'])
        return tool_each(names, search);
    if (on['r'])
        names = *names != NULL ? names : here;
    for (; *names != NULL; names++) {
        struct stat st;
        if (on['s'] && strcmp(*names, "-") != 0 && stat(*names, &st) != 0)
            status = 1;
        else if (on['r'])
            status |= walk(*names, see, WALK_FOLLOW_FIRST);
        else
            status |= tool_each((char *[]){*names, NULL}, search);
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *texts[64];
    unsigned n = 0;
    const char *file = NULL;
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "EFGchilnqrRsvwxHoe:f:m:")) != 0) {
        if (option == 'e' && n < sizeof texts / sizeof texts[0])
            texts[n++] = tool_arg;
        else if (option == 'e')
            tool_usage();
        else if (option == 'f')
            file = tool_arg;
        else if (option == 'm')
            most = (unsigned long)tool_number(tool_arg);
        else
            on[option == 'R' ? 'r' : option] = true;
    }
    if (n == 0 && file == NULL && tool_at == argc)
        tool_usage();
    if (n == 0 && file == NULL)
        texts[n++] = argv[tool_at++];
    for (unsigned i = 0; i < n; i++)
        add_patterns(texts[i]);
    if (file != NULL && tool_each((char *[]){(char *)(uintptr_t)file, NULL}, add_line) != 0)
        return TOOL_USAGE_STATUS;
    named = on['H'] || ((on['r'] || argc - tool_at > 1) && !on['h']);
    worst = search_all(argv + tool_at);
    return tool_end(worst != 0 && !(on['q'] && any) ? TOOL_USAGE_STATUS : any ? 0 : 1);
}
