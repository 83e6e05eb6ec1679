/* SPDX-License-Identifier: MIT
 * The lines: each is read, goes through the commands, is printed.
 */
#include "sed.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct late { /* printed behind the line: a and r */
    const struct command *of;
    struct late *next;
};

static struct text space, hold;
static unsigned long line;
static char **files;
static FILE *in;
static int status;
static struct late *late, **late_end = &late;
static bool substituted; /* since the line was read, for t */
static bool has_newline = true, leaving;

void text_put(struct text *t, const char *s, size_t n)
{
    if (t->len + n + 1 > t->room) {
        t->room = 2 * (t->len + n + 64);
        if ((t->at = realloc(t->at, t->room)) == NULL)
            fail("no memory");
    }
    memcpy(t->at + t->len, s, n);
    t->len += n;
    t->at[t->len] = '\0';
}

static void text_set(struct text *t, const struct text *from)
{
    t->len = 0;
    text_put(t, from->at != NULL ? from->at : "", from->len);
}

bool matches(const regex_t *pattern, const char *s, size_t from, regmatch_t *parts)
{
    static const regex_t *last;
    pattern = pattern != NULL ? pattern : last;
    if (pattern == NULL)
        fail("there is no pattern before an empty one");
    last = pattern;
    if (regexec(pattern, s + from, PARTS, parts, from > 0 ? REG_NOTBOL : 0) != 0)
        return false;
    for (int i = 0; i < PARTS; i++)
        if (parts[i].rm_so >= 0) {
            parts[i].rm_so += (regoff_t)from;
            parts[i].rm_eo += (regoff_t)from;
        }
    return true;
}

/* ---- input ---- */

/* The next file that can be opened; false: there is none. */
static bool next_file(void)
{
    if (in != NULL && in != stdin)
        (void)fclose(in);
    for (in = NULL; in == NULL && *files != NULL; files++) {
        in = strcmp(*files, "-") == 0 ? stdin : fopen(*files, "r");
        if (in != NULL)
            continue;
        fflush(stdout);
        fprintf(stderr, "sed: %s: %s\n", *files, strerror(errno));
        status = 2;
    }
    return in != NULL;
}

static int next_char(void)
{
    int c = EOF;
    while (in != NULL && (c = getc(in)) == EOF)
        if (!next_file())
            break;
    return c;
}

static bool is_last(void)
{
    int c = next_char();
    if (c != EOF)
        (void)ungetc(c, in);
    return c == EOF;
}

/* Behind what is in the space. */
static bool read_line(void)
{
    int c = next_char();
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getc(in)) {
        char one = (char)c;
        text_put(&space, &one, 1);
    }
    text_put(&space, "", 0);
    has_newline = c == '\n';
    line++;
    return true;
}

/* ---- output ---- */

static void print(FILE *to, const char *s, size_t n)
{
    fwrite(s, 1, n, to);
    if (has_newline || !is_last())
        putc('\n', to);
    if (to != stdout)
        fflush(to);
}

static void print_late(void)
{
    for (struct late *l = late; l != NULL; l = late) {
        char piece[512];
        FILE *from = l->of->name == 'r' ? fopen(l->of->text, "r") : NULL;
        if (l->of->name == 'a')
            fputs(l->of->text, stdout);
        for (size_t n; from != NULL && (n = fread(piece, 1, sizeof piece, from)) > 0;)
            fwrite(piece, 1, n, stdout);
        if (from != NULL)
            (void)fclose(from);
        late = l->next;
        free(l);
    }
    late_end = &late;
}

static void print_later(const struct command *c)
{
    struct late *l = malloc(sizeof *l);
    if (l == NULL)
        fail("no memory");
    *l = (struct late){.of = c};
    *late_end = l;
    late_end = &l->next;
}

/* l: so that nothing is hidden. */
static void print_plainly(void)
{
    static const char signs[] = "\\\a\b\f\r\t\v\n", letters[] = "\\abfrtvn";
    size_t column = 0;
    for (size_t i = 0; i < space.len; i++) {
        char text[6];
        unsigned char c = (unsigned char)space.at[i];
        const char *sign = c != '\0' ? strchr(signs, c) : NULL;
        if (sign != NULL)
            snprintf(text, sizeof text, "\\%c", letters[sign - signs]);
        else
            snprintf(text, sizeof text, isprint(c) ? "%c" : "\\%03o", c);
        if (column + strlen(text) > 69) {
            puts("\\");
            column = 0;
        }
        fputs(text, stdout);
        column += strlen(text);
    }
    puts("$");
}

/* ---- which lines ---- */

static bool fits(const struct address *a)
{
    regmatch_t parts[PARTS];
    switch (a->kind) {
    case A_LINE: return line == a->line;
    case A_LAST: return is_last();
    default: return matches(a->pattern, space.at, 0, parts);
    }
}

static bool in_range(struct command *c)
{
    if (!c->within) {
        if (!fits(&c->from))
            return false;
        c->within = c->to.kind != A_LINE || c->to.line > line;
        return true;
    }
    c->within = c->to.kind == A_LINE ? line < c->to.line : !fits(&c->to);
    return c->to.kind != A_LINE || line <= c->to.line;
}

static bool selected(struct command *c)
{
    bool holds = c->from.kind == A_NONE || (c->to.kind != A_NONE ? in_range(c) : fits(&c->from));
    return holds != c->inverted;
}

/* ---- commands ---- */

enum then { GO_ON, END_CYCLE, START_AGAIN };

static enum then delete_first(void)
{
    char *end = memchr(space.at, '\n', space.len);
    if (end == NULL) {
        space.len = 0;
        return END_CYCLE;
    }
    size_t n = (size_t)(end + 1 - space.at);
    memmove(space.at, space.at + n, space.len - n + 1);
    space.len -= n;
    return START_AGAIN;
}

/* n and N. False: there is no more line, and sed ends. */
static bool next_line(char name)
{
    if (is_last()) {
        leaving = true;
        if (name == 'n' && quiet)
            space.len = 0;
        return false;
    }
    if (name == 'n' && !quiet)
        print(stdout, space.at, space.len);
    print_late();
    if (name == 'n')
        space.len = 0;
    else
        text_put(&space, "\n", 1);
    return read_line();
}

static void swap(void)
{
    struct text other = space;
    space = hold;
    hold = other;
    text_put(&space, "", 0);
}

static void copy(char name)
{
    struct text *to = name == 'g' || name == 'G' ? &space : &hold, *from = to == &space ? &hold : &space;
    if (name == 'g' || name == 'h') {
        text_set(to, from);
        return;
    }
    text_put(to, "\n", 1);
    text_put(to, from->at != NULL ? from->at : "", from->len);
}

static void change(struct command *c)
{
    if (c->to.kind == A_NONE || c->inverted || !c->within)
        fputs(c->text, stdout);
    space.len = 0;
}

static void substitute_and_print(const struct command *c)
{
    if (!substitute(c, &space))
        return;
    substituted = true;
    if (c->prints)
        print(stdout, space.at, space.len);
    if (c->output != NULL)
        print(c->output->file, space.at, space.len);
}

static void print_first(void)
{
    char *end = memchr(space.at, '\n', space.len);
    fwrite(space.at, 1, end != NULL ? (size_t)(end - space.at) : space.len, stdout);
    putchar('\n');
}

/* One command that does not branch. */
static enum then act(struct command *c)
{
    switch (c->name) {
    case 'a':
    case 'r': print_later(c); break;
    case 'i': fputs(c->text, stdout); break;
    case 'c': change(c); return END_CYCLE;
    case 'd': space.len = 0; return END_CYCLE;
    case 'D': return delete_first();
    case 'g': case 'G': case 'h': case 'H': copy(c->name); break;
    case 'x': swap(); break;
    case 'l': print_plainly(); break;
    case 'n':
    case 'N': return next_line(c->name) ? GO_ON : END_CYCLE;
    case 'p': print(stdout, space.at, space.len); break;
    case 'P': print_first(); break;
    case 'q': leaving = true; return END_CYCLE;
    case 's': substitute_and_print(c); break;
    case 'w': print(c->output->file, space.at, space.len); break;
    case 'y':
        for (size_t i = 0; i < space.len; i++)
            space.at[i] = c->with[(unsigned char)space.at[i]];
        break;
    case '=': printf("%lu\n", line); break;
    default: break;
    }
    return GO_ON;
}

/* Whether the space is to be printed: d and c leave nothing to print. */
static enum then run_script(bool *deleted)
{
    *deleted = false;
    for (struct command *c = script; c != NULL;) {
        bool is_chosen = selected(c);
        if (c->name == '{' && !is_chosen) {
            c = c->target;
        } else if (is_chosen && (c->name == 'b' || (c->name == 't' && substituted))) {
            substituted = substituted && c->name != 't';
            c = c->target;
        } else {
            enum then then = is_chosen ? act(c) : GO_ON;
            *deleted = then != GO_ON && (c->name == 'd' || c->name == 'D' || c->name == 'c' || (c->name == 'n' && quiet));
            if (then != GO_ON)
                return then;
            c = c->next;
        }
    }
    return END_CYCLE;
}

int run(char **names)
{
    static char *standard[] = {"-", NULL};
    bool deleted, kept = false;
    files = *names != NULL ? names : standard;
    text_put(&hold, "", 0);
    (void)next_file();
    for (;;) { /* bound: the lines */
        if (!kept) {
            space.len = 0;
            if (!read_line())
                break;
            substituted = false;
        }
        kept = run_script(&deleted) == START_AGAIN;
        if (!deleted && !quiet)
            print(stdout, space.at, space.len);
        print_late();
        if (leaving)
            break;
    }
    return status;
}
