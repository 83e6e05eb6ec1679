/* SPDX-License-Identifier: MIT
 * The compound commands: if, while, until, for, case, { }, ( ), and function definitions.
 */
#include "parser.h"

#include <string.h>

static bool is_one_of(const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (parser_is(words[i]))
            return true;
    return false;
}

bool clause_ends(void)
{
    static const char *const words[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};
    return is_one_of(words, sizeof words / sizeof words[0]);
}

bool clause_starts(void)
{
    static const char *const words[] = {"if", "while", "until", "for", "case", "{"};
    return parser.ahead.kind == T_LEFT || is_one_of(words, sizeof words / sizeof words[0]);
}

static struct node *if_clause(void)
{
    struct node *n = node_new(N_IF), *first = n;
    for (;;) { /* bound: the text */
        parser_advance(); /* if, elif */
        if ((n->first = parse_body(NULL)) == NULL || (n->second = parse_body("then")) == NULL)
            return NULL;
        if (!parser_is("elif"))
            break;
        n = n->third = node_new(N_IF);
    }
    if (parser_is("else") && (n->third = parse_body("else")) == NULL)
        return NULL;
    return parser_expect("fi") ? first : NULL;
}

static struct node *loop(enum node_kind kind)
{
    struct node *n = node_new(kind);
    parser_advance();
    if ((n->first = parse_body(NULL)) == NULL || (n->second = parse_body("do")) == NULL)
        return NULL;
    return parser_expect("done") ? n : NULL;
}

static struct node *for_loop(void)
{
    struct node *n = node_new(N_FOR);
    parser_advance();
    if (parser.ahead.kind != T_WORD || name_len(parser.ahead.start) != parser.ahead.len)
        return parser_fail("a name is missing behind for");
    n->words = word_take();
    struct word **end = &n->words->next;
    parser_skip_newlines();
    if (parser_is("in")) {
        n->has_in = true;
        parser_advance();
        for (; parser.ahead.kind == T_WORD; end = &(*end)->next)
            *end = word_take();
    }
    if (parser.ahead.kind == T_SEMI)
        parser_advance();
    parser_skip_newlines();
    if ((n->second = parse_body("do")) == NULL)
        return NULL;
    return parser_expect("done") ? n : NULL;
}

/* The patterns of an item, the parenthesis behind them included. */
static bool patterns(struct node *item)
{
    struct word **end = &item->words;
    if (parser.ahead.kind == T_LEFT)
        parser_advance();
    for (;;) { /* bound: the text */
        if (parser.ahead.kind != T_WORD) {
            parser.open = parser.open || (parser.ahead.kind == T_END && parser.wrong == NULL);
            return parser_fail("a pattern is missing in case") != NULL;
        }
        *end = word_take();
        end = &(*end)->next;
        if (parser.ahead.kind != T_PIPE)
            break;
        parser_advance();
    }
    if (parser.ahead.kind != T_RIGHT)
        return parser_fail("a ) is missing behind a pattern") != NULL;
    parser_advance();
    return true;
}

static struct node *case_clause(void)
{
    struct node *n = node_new(N_CASE), **end = &n->first;
    parser_advance();
    if (parser.ahead.kind != T_WORD)
        return parser_fail("a word is missing behind case");
    n->words = word_take();
    parser_skip_newlines();
    if (!parser_expect("in"))
        return NULL;
    for (parser_skip_newlines(); parser.ahead.kind == T_LEFT || !parser_is("esac"); parser_skip_newlines()) {
        struct node *item = *end = node_new(N_ITEM);
        end = &item->next;
        if (!patterns(item))
            return NULL;
        item->first = parse_list();
        if (parser.wrong != NULL)
            return NULL;
        if (parser.ahead.kind != T_DSEMI)
            break;
        parser_advance();
    }
    return parser_expect("esac") ? n : NULL;
}

static struct node *group(enum node_kind kind)
{
    struct node *n = node_new(kind);
    parser_advance();
    if ((n->first = parse_body(NULL)) == NULL)
        return NULL;
    if (kind == N_GROUP)
        return parser_expect("}") ? n : NULL;
    if (parser.ahead.kind != T_RIGHT) {
        parser.open = parser.open || (parser.ahead.kind == T_END && parser.wrong == NULL);
        return parser_fail("a parenthesis is not closed");
    }
    parser_advance();
    return n;
}

struct node *clause(void)
{
    if (parser_is("if"))
        return if_clause();
    if (parser_is("while"))
        return loop(N_WHILE);
    if (parser_is("until"))
        return loop(N_UNTIL);
    if (parser_is("for"))
        return for_loop();
    if (parser_is("case"))
        return case_clause();
    return group(parser_is("{") ? N_GROUP : N_SUBSHELL);
}

/* Behind the name, at the parenthesis. */
struct node *function_definition(struct node *n)
{
    if (name_len(n->words->start) != n->words->len)
        return parser_fail("a function has a name that none can have");
    n->kind = N_FUNCTION;
    parser_advance();
    if (parser.ahead.kind != T_RIGHT)
        return parser_fail("a function's ( has no ) behind it");
    parser_advance();
    parser_skip_newlines();
    if (!clause_starts()) {
        parser.open = parser.open || (parser.ahead.kind == T_END && parser.wrong == NULL);
        return parser_fail("a function needs a body in { } behind its ( )");
    }
    parser.depth++;
    n->first = parse_command();
    parser.depth--;
    return n->first != NULL ? n : NULL;
}
