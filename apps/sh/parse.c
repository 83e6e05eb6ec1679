/* SPDX-License-Identifier: MIT
 * The grammar, one function a rule. The tree lies in the arena; words point into the text.
 *
 *   line     := list newline                 list     := and_or ((; | & | newline) and_or)*
 *   and_or   := pipe ((&& | ||) pipe)*       pipe     := [!] command (| command)*
 *   command  := (if | while | until | for | { list } | ( list )) redirection* | (assignment | word | redirection)+
 */
#include "sh.h"

#include <string.h>

static const char *text;      /* what follows `ahead` */
static struct token ahead;
static const char *wrong;
static bool open_text;
static int depth;

static void advance(void)
{
    const char *why = token_read(&text, &ahead, &open_text);
    if (why != NULL && wrong == NULL)
        wrong = why;
    if (why != NULL)
        ahead.kind = T_END;
}

static struct node *fail(const char *why)
{
    if (wrong == NULL)
        wrong = why;
    return NULL;
}

static bool is_text(const char *word)
{
    return ahead.kind == T_WORD && ahead.len == strlen(word) && strncmp(ahead.start, word, ahead.len) == 0;
}

static bool is_reserved(void)
{
    static const char *const words[] = {"then", "else", "elif", "fi", "do", "done", "}"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_text(words[i]))
            return true;
    return false;
}

/* The word that must come here. At the text's end more text may bring it. */
static bool expect(const char *word)
{
    if (wrong == NULL && is_text(word)) {
        advance();
        return true;
    }
    if (ahead.kind == T_END)
        open_text = true;
    (void)fail("a word like then, do, done or fi is missing");
    return false;
}

static void skip_newlines(void)
{
    while (ahead.kind == T_NEWLINE)
        advance();
}

static struct node *node_new(enum node_kind kind)
{
    struct node *n = arena_new(sizeof *n);
    n->kind = kind;
    n->start = ahead.start;
    return n;
}

static struct node *node_end(struct node *n)
{
    n->len = ahead.start > n->start ? (size_t)(ahead.start - n->start) : 0;
    return n;
}

static struct word *word_take(void)
{
    struct word *w = arena_new(sizeof *w);
    w->start = ahead.start;
    w->len = ahead.len;
    advance();
    return w;
}

static struct node *list(void);

/* ---- redirections ---- */

static bool is_redirection(void) { return ahead.kind >= T_LESS && ahead.kind <= T_GREATAND; }

static bool redirections(struct node *n)
{
    struct redirection **end = &n->redirections;
    while (*end != NULL)
        end = &(*end)->next;
    for (; is_redirection(); end = &(*end)->next) {
        struct redirection *r = arena_new(sizeof *r);
        r->kind = ahead.kind;
        bool reads = ahead.kind == T_LESS || ahead.kind == T_LESSAND || ahead.kind == T_LESSGREAT;
        r->fd = ahead.fd >= 0 ? ahead.fd : reads ? 0 : 1;
        advance();
        if (ahead.kind != T_WORD)
            return fail("a file name is missing behind < or >") != NULL;
        r->word = word_take();
        *end = r;
    }
    return true;
}

/* ---- commands ---- */

static struct node *simple(void)
{
    struct node *n = node_new(N_SIMPLE);
    struct word **end = &n->words;
    for (;;) { /* bound: the text */
        if (is_redirection()) {
            if (!redirections(n))
                return NULL;
        } else if (ahead.kind == T_WORD) {
            *end = word_take();
            end = &(*end)->next;
        } else {
            break;
        }
    }
    if (n->words == NULL && n->redirections == NULL) {
        if (ahead.kind == T_END && wrong == NULL)
            open_text = true;
        return fail("a command is missing beside an operator");
    }
    return n;
}

/* The list between two reserved words. */
static struct node *body(const char *opening)
{
    if (opening != NULL && !expect(opening))
        return NULL;
    struct node *n = list();
    if (n == NULL && ahead.kind == T_END && wrong == NULL)
        open_text = true;
    return n != NULL ? n : fail("a command is missing");
}

static struct node *if_clause(void)
{
    struct node *n = node_new(N_IF);
    advance(); /* if, elif */
    if ((n->first = body(NULL)) == NULL || (n->second = body("then")) == NULL)
        return NULL;
    if (is_text("elif"))
        return (n->third = if_clause()) != NULL ? n : NULL; /* it takes the fi */
    if (is_text("else") && (n->third = body("else")) == NULL)
        return NULL;
    return expect("fi") ? n : NULL;
}

static struct node *loop(enum node_kind kind)
{
    struct node *n = node_new(kind);
    advance();
    if ((n->first = body(NULL)) == NULL || (n->second = body("do")) == NULL)
        return NULL;
    return expect("done") ? n : NULL;
}

static struct node *for_loop(void)
{
    struct node *n = node_new(N_FOR);
    advance();
    if (ahead.kind != T_WORD)
        return fail("for what?");
    n->words = word_take();
    struct word **end = &n->words->next;
    skip_newlines();
    if (is_text("in")) {
        n->has_in = true;
        advance();
        for (; ahead.kind == T_WORD; end = &(*end)->next)
            *end = word_take();
    }
    if (ahead.kind == T_SEMI)
        advance();
    skip_newlines();
    if ((n->second = body("do")) == NULL)
        return NULL;
    return expect("done") ? n : NULL;
}

static struct node *group(enum node_kind kind)
{
    struct node *n = node_new(kind);
    advance();
    if ((n->first = body(NULL)) == NULL)
        return NULL;
    if (kind == N_GROUP)
        return expect("}") ? n : NULL;
    if (ahead.kind != T_RIGHT) {
        open_text = open_text || ahead.kind == T_END;
        return fail("a parenthesis is not closed");
    }
    advance();
    return n;
}

static struct node *compound(void)
{
    if (is_text("if"))
        return if_clause();
    if (is_text("while"))
        return loop(N_WHILE);
    if (is_text("until"))
        return loop(N_UNTIL);
    if (is_text("for"))
        return for_loop();
    if (is_text("{"))
        return group(N_GROUP);
    return ahead.kind == T_LEFT ? group(N_SUBSHELL) : NULL;
}

static struct node *command(void)
{
    bool starts_compound = is_text("if") || is_text("while") || is_text("until") || is_text("for") || is_text("{") ||
                           ahead.kind == T_LEFT;
    if (is_reserved())
        return fail("a word like then, do, done or fi is in the wrong place");
    if (is_text("case") || is_text("function"))
        return fail("case and functions are not understood");
    if (!starts_compound)
        return simple();
    struct node *n = depth < DEPTH_MAX ? compound() : fail("too many commands within commands");
    return n != NULL && redirections(n) ? n : NULL;
}

static struct node *pipeline(void)
{
    struct node *n = node_new(N_PIPE), **end = &n->first;
    bool negated = is_text("!");
    if (negated)
        advance();
    for (;;) { /* bound: the text */
        if ((*end = command()) == NULL)
            return NULL;
        node_end(*end);
        if (ahead.kind != T_PIPE)
            break;
        end = &(*end)->next;
        advance();
        skip_newlines();
    }
    node_end(n);
    if (n->first->next == NULL)
        n = n->first;
    if (!negated)
        return n;
    struct node *not = node_new(N_NOT);
    not->start = n->start;
    not->len = n->len;
    not->first = n;
    return not;
}

static struct node *and_or(void)
{
    struct node *n = pipeline();
    while (n != NULL && (ahead.kind == T_AND || ahead.kind == T_OR)) {
        struct node *joint = node_new(ahead.kind == T_AND ? N_AND : N_OR);
        joint->start = n->start;
        joint->first = n;
        advance();
        skip_newlines();
        joint->second = pipeline();
        n = joint->second != NULL ? node_end(joint) : NULL;
    }
    return n;
}

/* One and_or and what ends it; & puts it into the background. */
static struct node *item(void)
{
    struct node *n = and_or();
    if (n == NULL || ahead.kind != T_AMP)
        return n;
    struct node *away = node_new(N_BACKGROUND);
    away->start = n->start;
    away->first = n;
    node_end(away);
    return away;
}

static bool at_separator(void) { return ahead.kind == T_SEMI || ahead.kind == T_AMP || ahead.kind == T_NEWLINE; }

static struct node *list(void)
{
    struct node *n = node_new(N_SEQUENCE), **end = &n->first;
    depth++;
    skip_newlines();
    while (wrong == NULL && ahead.kind != T_END && ahead.kind != T_RIGHT && !is_reserved()) {
        if ((*end = item()) == NULL)
            break;
        end = &(*end)->next;
        if (!at_separator())
            break;
        advance();
        skip_newlines();
    }
    depth--;
    return wrong == NULL && n->first != NULL ? n : NULL;
}

/* The items of one line. */
struct node *parse(const char **from, const char **why, bool *open)
{
    text = *from;
    wrong = NULL;
    open_text = false;
    depth = 0;
    advance();
    skip_newlines();
    struct node *n = node_new(N_SEQUENCE), **end = &n->first;
    while (wrong == NULL && ahead.kind != T_END && ahead.kind != T_NEWLINE) {
        if ((*end = item()) == NULL)
            break;
        end = &(*end)->next;
        if (ahead.kind != T_SEMI && ahead.kind != T_AMP)
            break;
        advance();
    }
    if (wrong == NULL && ahead.kind != T_END && ahead.kind != T_NEWLINE)
        (void)fail("a command ends where nobody expects it");
    *from = ahead.kind == T_NEWLINE ? ahead.start + 1 : text;
    *why = wrong;
    *open = open_text;
    return wrong == NULL && n->first != NULL ? n : NULL;
}
