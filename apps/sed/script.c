/* SPDX-License-Identifier: MIT
 * The script: its text becomes a list of commands.
 */
#include "sed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 64

struct command *script;
static struct command **script_last = &script;
static struct command *groups[GROUPS_MAX]; /* { that are open */
static unsigned groups_n;
static struct output *outputs;
static const char *at;

static void *taken(void *p)
{
    if (p == NULL)
        fail("no memory");
    return p;
}

static char *copied(const char *s, size_t n)
{
    char *to = taken(malloc(n + 1));
    memcpy(to, s, n);
    to[n] = '\0';
    return to;
}

static void skip_blanks(void) { at += strspn(at, " \t"); }

struct output *output_open(const char *name)
{
    for (struct output *o = outputs; o != NULL; o = o->next)
        if (strcmp(o->name, name) == 0)
            return o;
    struct output *o = taken(calloc(1, sizeof *o));
    o->name = name;
    o->file = strcmp(name, "/dev/stdout") == 0 ? stdout : fopen(name, "w");
    if (o->file == NULL)
        fail("a file to write to cannot be opened");
    o->next = outputs;
    outputs = o;
    return o;
}

/* Up to the delimiter, which loses its backslash; "\n" is a newline. */
static char *delimited(char delimiter)
{
    struct text t = {0};
    bool bracket = false;
    for (; *at != '\0' && (*at != delimiter || bracket); at++) {
        if (*at == '\\' && at[1] == delimiter && delimiter != '\\') {
            at++;
            text_put(&t, at, 1);
        } else if (*at == '\\' && at[1] == 'n') {
            at++;
            text_put(&t, "\n", 1);
        } else if (*at == '\\' && at[1] != '\0') {
            text_put(&t, at++, 2);
        } else {
            bracket = *at == '[' ? true : *at == ']' && t.len > 0 && t.at[t.len - 1] != '[' ? false : bracket;
            text_put(&t, at, 1);
        }
    }
    if (*at != delimiter)
        fail("a pattern or a text is not ended");
    at++;
    text_put(&t, "", 1);
    return t.at;
}

/* An empty one is the last one used. */
static const regex_t *pattern(const char *text, int flags)
{
    if (*text == '\0')
        return NULL;
    regex_t *r = taken(malloc(sizeof *r));
    if (regcomp(r, text, (extended ? REG_EXTENDED : 0) | flags) != 0)
        fail("not a regular expression");
    return r;
}

static struct address address(void)
{
    struct address a = {.kind = A_NONE};
    if (isdigit((unsigned char)*at)) {
        char *end;
        a.kind = A_LINE;
        a.line = strtoul(at, &end, 10);
        at = end;
    } else if (*at == '$') {
        a.kind = A_LAST;
        at++;
    } else if (*at == '/' || (*at == '\\' && at[1] != '\0' && at[1] != '\n')) {
        at += *at == '\\';
        char delimiter = *at++;
        a.kind = A_PATTERN;
        char *text = delimited(delimiter);
        bool folded = *at == 'I';
        at += folded;
        a.pattern = pattern(text, folded ? REG_ICASE : 0);
    }
    return a;
}

/* Of a, i and c: what is behind the backslash and the newline, or on the line itself; a backslash before a newline goes on. */
static char *lines_of_text(void)
{
    struct text t = {0};
    skip_blanks();
    if (*at == '\\') {
        at++;
        skip_blanks();
        at += *at == '\n';
    }
    for (; *at != '\0' && *at != '\n'; at++) {
        at += *at == '\\' && at[1] != '\0';
        text_put(&t, at, 1);
    }
    text_put(&t, "\n", 2);
    return t.at;
}

/* To the line's end, or to a ; or } where such may follow. */
static char *word(const char *ends)
{
    skip_blanks();
    size_t n = strcspn(at, ends);
    const char *start = at;
    at += n;
    while (n > 0 && strchr(" \t", start[n - 1]) != NULL)
        n--;
    return copied(start, n);
}

static void read_flags(struct command *c, int *flags)
{
    bool counted = false;
    c->count = 1;
    for (;; at++) {
        if (*at == 'g')
            c->all = true;
        else if (*at == 'p')
            c->prints = true;
        else if (*at == 'i' || *at == 'I')
            *flags |= REG_ICASE;
        else if (isdigit((unsigned char)*at) && (*at != '0' || counted))
            c->count = (counted ? 10 * c->count : 0) + (unsigned long)(*at - '0'), counted = true;
        else
            break;
    }
    if (*at == 'w') {
        at++;
        c->output = output_open(word("\n"));
    }
}

static void read_substitution(struct command *c)
{
    int flags = 0;
    char delimiter = *at;
    if (delimiter == '\0' || delimiter == '\n' || delimiter == '\\')
        fail("s wants a delimiter");
    at++;
    char *text = delimited(delimiter);
    struct text with = {0};
    for (; *at != '\0' && *at != delimiter; at++) { /* backslashes stay: they are for the time when it is done */
        if (*at == '\\' && at[1] != '\0')
            text_put(&with, at++, 1);
        text_put(&with, at, 1);
    }
    if (*at++ != delimiter)
        fail("s is not ended");
    text_put(&with, "", 1);
    c->with = with.at;
    read_flags(c, &flags);
    c->pattern = pattern(text, flags);
}

static void read_transliteration(struct command *c)
{
    char delimiter = *at != '\0' ? *at++ : '/';
    char *from = delimited(delimiter), *to = delimited(delimiter);
    c->with = taken(malloc(256));
    for (int i = 0; i < 256; i++)
        c->with[i] = (char)i;
    for (;;) {
        from += *from == '\\' && from[1] == '\\';
        to += *to == '\\' && to[1] == '\\';
        if (*from == '\0' || *to == '\0')
            break;
        c->with[(unsigned char)*from++] = *to++;
    }
    if (*from != *to)
        fail("the texts of y have different lengths");
}

static void read_command(struct command *c)
{
    switch (c->name) {
    case '{':
        if (groups_n == GROUPS_MAX)
            fail("too many {");
        groups[groups_n++] = c;
        return; /* commands may follow at once */
    case '}':
        if (groups_n == 0)
            fail("a } without its {");
        groups[--groups_n]->target = c;
        break;
    case 'a': case 'i': case 'c': c->text = lines_of_text(); break;
    case ':': c->text = word("\n;"); break;
    case 'b': case 't': c->text = word("\n;}"); break;
    case 'r': c->text = word("\n"); break;
    case 'w': c->output = output_open(word("\n")); break;
    case 's': read_substitution(c); break;
    case 'y': read_transliteration(c); break;
    default:
        if (c->name == '\0' || strchr("=dDgGhHlnNpPqx", c->name) == NULL)
            fail("a command that there is not");
        break;
    }
    skip_blanks();
    if (*at == '#')
        at += strcspn(at, "\n");
    if (*at != '\0' && *at != ';' && *at != '\n' && *at != '}')
        fail("something behind a command");
}

static void read_one(void)
{
    struct command *c = taken(calloc(1, sizeof *c));
    c->from = address();
    skip_blanks();
    if (c->from.kind != A_NONE && *at == ',') {
        at++;
        skip_blanks();
        c->to = address();
        if (c->to.kind == A_NONE)
            fail("an address is missing behind a comma");
        skip_blanks();
    }
    for (; *at == '!' || *at == ' '; at++)
        c->inverted = c->inverted || *at == '!';
    c->name = *at;
    at += *at != '\0';
    *script_last = c;
    script_last = &c->next;
    read_command(c);
}

void script_add(const char *text)
{
    static bool first = true;
    at = text;
    if (first && strncmp(text, "#n", 2) == 0 && (text[2] == '\n' || text[2] == '\0'))
        quiet = true;
    first = false;
    for (;;) { /* bound: the text */
        at += strspn(at, " \t\n;");
        if (*at == '#')
            at += strcspn(at, "\n");
        else if (*at == '\0')
            return;
        else
            read_one();
    }
}

void script_end(void)
{
    if (groups_n > 0)
        fail("a { without its }");
    for (struct command *c = script; c != NULL; c = c->next) {
        if ((c->name != 'b' && c->name != 't') || *c->text == '\0')
            continue;
        struct command *label = script;
        while (label != NULL && (label->name != ':' || strcmp(label->text, c->text) != 0))
            label = label->next;
        if (label == NULL)
            fail("a label that there is not");
        c->target = label;
    }
}
