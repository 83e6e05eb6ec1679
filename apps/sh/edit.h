/* SPDX-License-Identifier: MIT
 * Lines from the console: edited as they are typed (edit.c, draw.c, search.c), remembered (history.c), completed (complete.c).
 */
#ifndef SH_EDIT_H
#define SH_EDIT_H

#include "sh.h"

/* A line with its newline, valid until the next call; NULL at the end of input. ^C gives an empty one, with *dropped. */
char *edit_line(const char *prompt, bool *dropped);

/* The line that is being typed. */
struct edit {
    const char *prompt;
    char *text;
    size_t len, at, room; /* bytes; the cursor is before text[at] */
    size_t row;           /* of the cursor on the screen, from the prompt's on */
};

enum edit_key {
    KEY_CTRL_A = 1, KEY_CTRL_B = 2, KEY_CTRL_C = 3, KEY_CTRL_D = 4, KEY_CTRL_E = 5, KEY_CTRL_F = 6, KEY_CTRL_G = 7, KEY_BACKSPACE = 8, KEY_TAB = 9,
    KEY_NEWLINE = 10, KEY_CTRL_K = 11, KEY_CTRL_L = 12, KEY_RETURN = 13, KEY_CTRL_N = 14, KEY_CTRL_P = 16, KEY_CTRL_R = 18, KEY_CTRL_T = 20,
    KEY_CTRL_U = 21, KEY_CTRL_W = 23, KEY_CTRL_Y = 25, KEY_ESCAPE = 27, KEY_ERASE = 127,
    KEY_END_OF_INPUT = 256, KEY_UP, KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_HOME, KEY_END, KEY_DELETE, KEY_WORD_LEFT, KEY_WORD_RIGHT,
    KEY_WORD_DELETE, KEY_WORD_ERASE, KEY_NONE
};
/* The next one: a byte, or what a sequence means (key.c). */
int edit_key(void);

/* ---- the text and its picture ---- */
void edit_insert(struct edit *e, const char *s, size_t n);
void edit_remove(struct edit *e, size_t from, size_t to);
void edit_replace(struct edit *e, const char *text);
void edit_draw_prompt(struct edit *e); /* the first thing of a new line */
void edit_draw(struct edit *e);        /* all of it anew */
void edit_insert_seen(struct edit *e, const char *s, size_t n); /* and shown, in the cheapest way */
void edit_draw_end(struct edit *e); /* the cursor behind it, on a new line */
void edit_clear_screen(struct edit *e);
void edit_bell(void);
size_t edit_columns(const char *s, size_t n);

/* ---- history ---- */
void history_add(const char *line);
size_t history_count(void);
const char *history_at(size_t i); /* 0 is the oldest */
size_t history_number(size_t i);  /* as fc calls it: from 1, and it stays when older ones are forgotten */
void history_replace_last(const char *line); /* in this shell; the file keeps what was typed as well */
/* ^R: the line becomes one that was typed before; the key that ended the search. */
int edit_search(struct edit *e);

/* Tab. again: it was Tab before, too. */
enum tab { TAB_FIRST, TAB_AGAIN };
void edit_complete(struct edit *e, enum tab tab);

#endif
