/* SPDX-License-Identifier: MIT
 * What the two halves of the parser share: lists, pipes and simple commands (parse.c), compound commands (clause.c).
 */
#ifndef SH_PARSER_H
#define SH_PARSER_H

#include "sh.h"

struct here;
struct frame; /* the text around an alias */

struct parser {
    const char *text;       /* what follows `ahead` */
    const char *counted;    /* the line is known here */
    struct token ahead;
    const char *wrong;      /* the first thing that is */
    bool open;              /* more text may make it right */
    bool expands_aliases;
    bool alias_next;        /* the alias before ended with a blank: the next word may be one, too */
    int depth;
    unsigned line;
    struct here *here, **here_end; /* documents whose text is behind the next newline */
    struct frame *frame;
};
extern struct parser parser;

void parser_advance(void);
struct node *parser_fail(const char *why);
bool parser_is(const char *word);
/* The word that must come here. At the text's end more text may bring it. */
bool parser_expect(const char *word);
void parser_skip_newlines(void);
struct node *node_new(enum node_kind kind);
struct node *node_end(struct node *n);
struct word *word_take(void);
struct node *parse_list(void);
struct node *parse_command(void);
bool parse_redirections(struct node *n);
/* The list between two words; opening 0: it begins at once. */
struct node *parse_body(const char *opening);

bool clause_starts(void);
bool clause_ends(void); /* a word that goes on with a compound command, or ends it */
struct node *clause(void);
struct node *function_definition(struct node *simple);

#endif
