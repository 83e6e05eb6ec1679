/* SPDX-License-Identifier: MIT
 * The grammar, one function a rule: lists, pipes, simple commands. The tree lies in the arena; words point into the text.
 *
 *   line     := list newline                 list     := and_or ((; | & | newline) and_or)*
 *   and_or   := pipe ((&& | ||) pipe)*       pipe     := [!] command (| command)*
 *   command  := compound redirection* | NAME ( ) compound redirection* | (assignment | word | redirection)+
 */
#include "parser.h"

#include <string.h>

struct parser parser;

struct here {
    struct redirection *of;
    struct here *next;
};
struct frame {
    const char *text;
    struct alias *alias;
    struct frame *around;
};

/* ---- tokens, and what comes between them and the grammar: here-documents, aliases, line numbers ---- */

static void count_lines(void)
{
    if (parser.frame != NULL)
        return;
    for (; parser.counted < parser.ahead.start; parser.counted++)
        parser.line += *parser.counted == '\n';
}

/* The word without its quotes; whether it had some. */
static bool unquote(const struct word *w, char *to)
{
    bool quoted = false;
    char quote = '\0';
    for (size_t i = 0; i < w->len; i++) {
        char c = w->start[i];
        if (quote == '\0' ? c == '\'' || c == '"' : c == quote) {
            quote = quote == '\0' ? c : '\0';
            quoted = true;
        } else if (c == '\\' && quote != '\'' && i + 1 < w->len) {
            *to++ = w->start[++i];
            quoted = true;
        } else {
            *to++ = c;
        }
    }
    *to = '\0';
    return quoted;
}

/* The lines up to the one that is the end, without their tabs if the sign says so. */
static void here_read(struct redirection *r)
{
    char *end = arena_new(r->word->len + 1), *body = arena_new(strlen(parser.text) + 1);
    r->quoted = unquote(r->word, end);
    r->body = body;
    while (*parser.text != '\0') {
        const char *line = parser.text + (r->kind == T_HERE_TABS ? strspn(parser.text, "\t") : 0);
        size_t len = strcspn(line, "\n");
        parser.text = line + len + (line[len] == '\n');
        if (len == strlen(end) && strncmp(line, end, len) == 0)
            return;
        memcpy(body + r->body_len, line, len + (line[len] == '\n'));
        r->body_len += len + (line[len] == '\n');
    }
    parser.open = true; /* at a file's end the document ends, too */
}

static void here_read_all(void)
{
    for (struct here *h = parser.here; h != NULL; h = h->next)
        here_read(h->of);
    parser.here = NULL;
    parser.here_end = &parser.here;
}

static void frames_pop(void)
{
    while (parser.frame != NULL && parser.ahead.kind == T_END && parser.wrong == NULL) {
        size_t len = strlen(parser.frame->alias->value);
        parser.alias_next = len > 0 && strchr(" \t", parser.frame->alias->value[len - 1]) != NULL;
        parser.frame->alias->active = false;
        parser.text = parser.frame->text;
        parser.frame = parser.frame->around;
        parser.wrong = token_read(&parser.text, &parser.ahead, &parser.open);
    }
}

void parser_advance(void)
{
    const char *wrong = token_read(&parser.text, &parser.ahead, &parser.open);
    parser.alias_next = false;
    if (wrong != NULL && parser.wrong == NULL)
        parser.wrong = wrong;
    frames_pop();
    count_lines();
    if (parser.wrong != NULL)
        parser.ahead.kind = T_END;
    if (parser.ahead.kind == T_NEWLINE && parser.frame == NULL)
        here_read_all();
}

/* Whether the word there was an alias, which is now replaced. */
static bool alias_push(void)
{
    struct alias *a = parser.expands_aliases && parser.ahead.kind == T_WORD ? alias_find(parser.ahead.start, parser.ahead.len) : NULL;
    if (a == NULL || a->active)
        return false;
    struct frame *f = arena_new(sizeof *f);
    *f = (struct frame){parser.text, a, parser.frame};
    a->active = true;
    parser.frame = f;
    parser.text = arena_text(a->value, strlen(a->value));
    parser_advance();
    return true;
}

static void frames_drop(void)
{
    for (; parser.frame != NULL; parser.frame = parser.frame->around)
        parser.frame->alias->active = false;
}

struct node *parser_fail(const char *why)
{
    if (parser.wrong == NULL)
        parser.wrong = why;
    return NULL;
}

bool parser_is(const char *word)
{
    return parser.ahead.kind == T_WORD && parser.ahead.len == strlen(word) && strncmp(parser.ahead.start, word, parser.ahead.len) == 0;
}

bool parser_expect(const char *word)
{
    if (parser.wrong == NULL && parser_is(word)) {
        parser_advance();
        return true;
    }
    parser.open = parser.open || (parser.ahead.kind == T_END && parser.wrong == NULL);
    (void)parser_fail("a word like then, do, done, esac or fi is missing");
    return false;
}

void parser_skip_newlines(void)
{
    while (parser.ahead.kind == T_NEWLINE)
        parser_advance();
}

struct node *node_new(enum node_kind kind)
{
    struct node *n = arena_new(sizeof *n);
    n->kind = kind;
    n->line = parser.line;
    n->start = parser.frame == NULL ? parser.ahead.start : NULL;
    return n;
}

struct node *node_end(struct node *n)
{
    bool whole = n->start != NULL && parser.frame == NULL && parser.ahead.start > n->start;
    n->len = whole ? (size_t)(parser.ahead.start - n->start) : 0;
    return n;
}

struct word *word_take(void)
{
    struct word *w = arena_new(sizeof *w);
    w->start = parser.ahead.start;
    w->len = parser.ahead.len;
    parser_advance();
    return w;
}

/* ---- redirections ---- */

static bool at_redirection(void) { return parser.ahead.kind >= T_LESS && parser.ahead.kind <= T_HERE_TABS; }

static struct redirection *redirection(void)
{
    struct redirection *r = arena_new(sizeof *r);
    r->kind = parser.ahead.kind;
    bool writes = r->kind == T_GREAT || r->kind == T_DGREAT || r->kind == T_GREATAND || r->kind == T_CLOBBER;
    r->fd = parser.ahead.fd >= 0 ? parser.ahead.fd : writes;
    parser_advance();
    if (parser.ahead.kind != T_WORD) {
        (void)parser_fail("a word is missing behind < or >");
        return NULL;
    }
    if (r->kind == T_HERE || r->kind == T_HERE_TABS) { /* noted before the next token, which may be the newline */
        struct here *h = arena_new(sizeof *h);
        h->of = r;
        *parser.here_end = h;
        parser.here_end = &h->next;
        r->word = arena_new(sizeof *r->word);
        r->word->start = parser.ahead.start;
        r->word->len = parser.ahead.len;
        parser_advance();
    } else {
        r->word = word_take();
    }
    return r;
}

bool parse_redirections(struct node *n)
{
    struct redirection **end = &n->redirections;
    while (*end != NULL)
        end = &(*end)->next;
    for (; at_redirection(); end = &(*end)->next)
        if ((*end = redirection()) == NULL)
            return false;
    return true;
}

/* ---- commands ---- */

static bool is_assignment(void)
{
    size_t n = name_len(parser.ahead.start);
    return parser.ahead.kind == T_WORD && n > 0 && n < parser.ahead.len && parser.ahead.start[n] == '=';
}

static struct node *simple(void)
{
    struct node *n = node_new(N_SIMPLE);
    struct word **end = &n->words;
    bool named = false; /* its name was there */
    for (;;) { /* bound: the text */
        if (at_redirection()) {
            if (!parse_redirections(n))
                return NULL;
        } else if (parser.ahead.kind == T_WORD) {
            if ((!named || parser.alias_next) && alias_push())
                continue;
            named = named || !is_assignment();
            *end = word_take();
            end = &(*end)->next;
        } else if (parser.ahead.kind == T_LEFT && n->words != NULL && n->words->next == NULL && n->redirections == NULL) {
            return function_definition(n);
        } else {
            break;
        }
    }
    if (n->words == NULL && n->redirections == NULL) {
        parser.open = parser.open || (parser.ahead.kind == T_END && parser.wrong == NULL);
        return parser_fail("a command is missing beside an operator");
    }
    return n;
}

struct node *parse_body(const char *opening)
{
    if (opening != NULL && !parser_expect(opening))
        return NULL;
    struct node *n = parse_list();
    parser.open = parser.open || (n == NULL && parser.ahead.kind == T_END && parser.wrong == NULL);
    return n != NULL ? n : parser_fail("a command is missing");
}

struct node *parse_command(void)
{
    while (alias_push()) {
        /* bound: the aliases */
    }
    if (clause_ends())
        return parser_fail("a word like then, do, done, esac or fi is in the wrong place");
    if (!clause_starts())
        return simple();
    struct node *n = parser.depth < DEPTH_MAX ? clause() : parser_fail("too many commands within commands");
    return n != NULL && parse_redirections(n) ? n : NULL;
}

static struct node *pipe_stages(void)
{
    struct node *n = node_new(N_PIPE), **end = &n->first;
    for (;;) { /* bound: the text */
        if ((*end = parse_command()) == NULL)
            return NULL;
        (void)node_end(*end);
        if (parser.ahead.kind != T_PIPE)
            break;
        end = &(*end)->next;
        parser_advance();
        parser_skip_newlines();
    }
    (void)node_end(n);
    return n->first->next != NULL ? n : n->first;
}

static struct node *pipeline(void)
{
    struct node *not = node_new(N_NOT);
    if (!parser_is("!"))
        return pipe_stages();
    parser_advance();
    not->first = pipe_stages();
    return not->first != NULL ? node_end(not) : NULL;
}

static struct node *and_or(void)
{
    struct node *n = pipeline();
    while (n != NULL && (parser.ahead.kind == T_AND || parser.ahead.kind == T_OR)) {
        struct node *joint = node_new(parser.ahead.kind == T_AND ? N_AND : N_OR);
        joint->start = n->start;
        joint->first = n;
        parser_advance();
        parser_skip_newlines();
        joint->second = pipeline();
        n = joint->second != NULL ? node_end(joint) : NULL;
    }
    return n;
}

/* One and_or and what ends it; & puts it into the background. */
static struct node *item(void)
{
    struct node *n = and_or();
    if (n == NULL || parser.ahead.kind != T_AMP)
        return n;
    struct node *away = node_new(N_BACKGROUND);
    away->start = n->start;
    away->first = n;
    return node_end(away);
}

static bool at_separator(void) { return parser.ahead.kind == T_SEMI || parser.ahead.kind == T_AMP || parser.ahead.kind == T_NEWLINE; }

static bool at_list_end(void)
{
    enum token_kind kind = parser.ahead.kind;
    return parser.wrong != NULL || kind == T_END || kind == T_RIGHT || kind == T_DSEMI || clause_ends();
}

struct node *parse_list(void)
{
    struct node *n = node_new(N_SEQUENCE), **end = &n->first;
    parser.depth++;
    parser_skip_newlines();
    while (!at_list_end()) {
        if ((*end = item()) == NULL)
            break;
        end = &(*end)->next;
        if (!at_separator())
            break;
        parser_advance();
        parser_skip_newlines();
    }
    parser.depth--;
    return parser.wrong == NULL && n->first != NULL ? n : NULL;
}

/* ---- beginnings ---- */

static void start(const char *text, int depth)
{
    parser = (struct parser){.text = text, .counted = text, .depth = depth};
    parser.here_end = &parser.here;
}

size_t substitution_len(const char *s, const char **wrong)
{
    struct parser around = parser;
    struct arena_mark mark = arena_mark();
    size_t len = 0;
    start(s, around.depth + 1);
    parser_advance();
    (void)parse_list();
    if (parser.wrong == NULL && parser.ahead.kind == T_RIGHT)
        len = (size_t)(parser.ahead.start - s) + 1;
    else if (!parser.open && parser.ahead.kind != T_END)
        (void)parser_fail("a command ends where nobody expects it");
    if (len == 0 && !parser.open)
        *wrong = parser.wrong;
    if (around.depth + 1 > DEPTH_MAX && len == 0)
        *wrong = "too many commands within commands";
    parser = around;
    arena_release(mark);
    return len;
}

/* The items of one line; a newline within an alias ends none. */
static struct node *line(void)
{
    struct node *n = node_new(N_SEQUENCE), **end = &n->first;
    while (parser.wrong == NULL && parser.ahead.kind != T_END && (parser.ahead.kind != T_NEWLINE || parser.frame != NULL)) {
        if (parser.ahead.kind != T_NEWLINE) {
            if ((*end = item()) == NULL)
                break;
            end = &(*end)->next;
        }
        if (parser.ahead.kind != T_SEMI && parser.ahead.kind != T_AMP && (parser.ahead.kind != T_NEWLINE || parser.frame == NULL))
            break;
        parser_advance();
    }
    if (parser.wrong == NULL && parser.ahead.kind != T_END && parser.ahead.kind != T_NEWLINE)
        (void)parser_fail("a command ends where nobody expects it");
    return parser.wrong == NULL && n->first != NULL ? n : NULL;
}

struct node *parse(struct source *from)
{
    struct parser around = parser;
    start(from->text, 0);
    parser.line = from->line;
    parser.expands_aliases = true;
    parser_advance();
    struct node *n = line();
    here_read_all(); /* at the text's end they are empty */
    from->wrong = parser.wrong;
    from->open = parser.open;
    if (parser.wrong != NULL)
        from->line = parser.line;
    frames_drop();
    for (; parser.wrong == NULL && from->text < parser.text; from->text++)
        from->line += *from->text == '\n';
    parser = around;
    return n;
}
