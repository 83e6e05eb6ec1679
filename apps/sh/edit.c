/* SPDX-License-Identifier: MIT
 * One line: keys change it, and what is seen. A terminal that is none (or TERM=dumb) gets the console's own lines.
 */
#include "edit.h"

#include "machine.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES 256u

static char *killed; /* what ^K, ^U and ^W took, for ^Y */

void edit_insert(struct edit *e, const char *s, size_t n)
{
    if (e->len + n + 2 > e->room)
        e->text = keep(e->text, e->room = 2 * (e->len + n + 2));
    memmove(e->text + e->at + n, e->text + e->at, e->len - e->at);
    memcpy(e->text + e->at, s, n);
    e->len += n;
    e->at += n;
    e->text[e->len] = '\0';
}

void edit_remove(struct edit *e, size_t from, size_t to)
{
    memmove(e->text + from, e->text + to, e->len - to);
    e->len -= to - from;
    e->at = from;
    e->text[e->len] = '\0';
}

void edit_replace(struct edit *e, const char *text)
{
    e->len = e->at = 0;
    edit_insert(e, text, strlen(text));
}

/* ---- places in the line ---- */

static size_t before(const struct edit *e, size_t at)
{
    if (at > 0)
        at--;
    while (at > 0 && ((unsigned char)e->text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static size_t behind(const struct edit *e, size_t at)
{
    if (at < e->len)
        at++;
    while (at < e->len && ((unsigned char)e->text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static bool in_word(const struct edit *e, size_t at) { return isalnum((unsigned char)e->text[at]) || e->text[at] == '_' || (e->text[at] & 0x80) != 0; }

static size_t word_before(const struct edit *e)
{
    size_t at = e->at;
    while (at > 0 && !in_word(e, at - 1))
        at--;
    while (at > 0 && in_word(e, at - 1))
        at--;
    return at;
}

static size_t word_behind(const struct edit *e)
{
    size_t at = e->at;
    while (at < e->len && !in_word(e, at))
        at++;
    while (at < e->len && in_word(e, at))
        at++;
    return at;
}

/* Of ^W: what is between blanks. */
static size_t blank_before(const struct edit *e)
{
    size_t at = e->at;
    while (at > 0 && e->text[at - 1] == ' ')
        at--;
    while (at > 0 && e->text[at - 1] != ' ')
        at--;
    return at;
}

/* ---- what keys do ---- */

static void move(struct edit *e, size_t to)
{
    if (to == e->at)
        return;
    e->at = to;
    edit_draw(e);
}

static void erase(struct edit *e, size_t from, size_t to)
{
    if (from == to) {
        edit_bell();
        return;
    }
    edit_remove(e, from, to);
    edit_draw(e);
}

static void cut(struct edit *e, size_t from, size_t to)
{
    if (from < to) {
        killed = keep(killed, to - from + 1);
        memcpy(killed, e->text + from, to - from);
        killed[to - from] = '\0';
    }
    erase(e, from, to);
}

/* Up and down: `place` counts from the newest line on; what was typed is kept for the way back. */
static void recall(struct edit *e, size_t *place, size_t to)
{
    static char *typed;
    size_t n = history_count();
    if (to > n || to == *place) {
        edit_bell();
        return;
    }
    if (*place == 0) {
        typed = keep(typed, e->len + 1);
        memcpy(typed, e->text, e->len + 1);
    }
    *place = to;
    edit_replace(e, to == 0 ? typed : history_at(n - to));
    edit_draw(e);
}

static void move_by(struct edit *e, int key)
{
    switch (key) {
    case KEY_CTRL_A:
    case KEY_HOME: move(e, 0); break;
    case KEY_CTRL_E:
    case KEY_END: move(e, e->len); break;
    case KEY_CTRL_B:
    case KEY_LEFT: move(e, before(e, e->at)); break;
    case KEY_CTRL_F:
    case KEY_RIGHT: move(e, behind(e, e->at)); break;
    case KEY_WORD_LEFT: move(e, word_before(e)); break;
    default: move(e, word_behind(e)); break;
    }
}

static void change_by(struct edit *e, int key)
{
    char c = (char)key;
    switch (key) {
    case KEY_BACKSPACE:
    case KEY_ERASE: erase(e, before(e, e->at), e->at); break;
    case KEY_DELETE:
    case KEY_CTRL_D: erase(e, e->at, behind(e, e->at)); break;
    case KEY_CTRL_K: cut(e, e->at, e->len); break;
    case KEY_CTRL_U: cut(e, 0, e->at); break;
    case KEY_CTRL_W: cut(e, blank_before(e), e->at); break;
    case KEY_WORD_ERASE: cut(e, word_before(e), e->at); break;
    case KEY_WORD_DELETE: cut(e, e->at, word_behind(e)); break;
    case KEY_CTRL_Y: edit_insert_seen(e, killed != NULL ? killed : "", killed != NULL ? strlen(killed) : 0); break;
    case KEY_CTRL_L: edit_clear_screen(e); break;
    default:
        if (key < ' ' || key > 255)
            edit_bell();
        else
            edit_insert_seen(e, &c, 1);
        break;
    }
}

/* False: the line has ended, by this key. */
static bool act(struct edit *e, int key, size_t *place)
{
    switch (key) {
    case KEY_NEWLINE:
    case KEY_RETURN:
    case KEY_CTRL_C:
    case KEY_END_OF_INPUT: return false;
    case KEY_CTRL_A: case KEY_CTRL_B: case KEY_CTRL_E: case KEY_CTRL_F: case KEY_HOME: case KEY_END: case KEY_LEFT: case KEY_RIGHT:
    case KEY_WORD_LEFT: case KEY_WORD_RIGHT: move_by(e, key); break;
    case KEY_UP:
    case KEY_CTRL_P: recall(e, place, *place + 1); break;
    case KEY_DOWN:
    case KEY_CTRL_N: recall(e, place, *place > 0 ? *place - 1 : 0); break;
    default: change_by(e, key); break;
    }
    return true;
}

static int edit_until_end(struct edit *e)
{
    size_t place = 0; /* in the history */
    int key, last = KEY_NONE;
    edit_draw_prompt(e);
    for (;;) { /* forever: until the line ends */
        key = edit_key();
        if (key == KEY_CTRL_R)
            key = edit_search(e);
        if (key == KEY_CTRL_D && e->len == 0)
            return KEY_END_OF_INPUT;
        if (key == KEY_TAB)
            edit_complete(e, last == KEY_TAB ? TAB_AGAIN : TAB_FIRST);
        else if (key != KEY_NONE && !act(e, key, &place))
            return key;
        last = key;
    }
}

/* ---- the console's own lines ---- */

static char *plain_line(const char *prompt, bool *dropped)
{
    static char *line;
    size_t n = 0;
    fputs(prompt, stdout);
    fflush(stdout);
    for (;;) { /* bound: the line */
        line = keep(line, n + PIECE_BYTES);
        ssize_t got = read(STDIN_FILENO, line + n, PIECE_BYTES - 1);
        if (got < 0 && errno == EINTR) {
            n = 0;
            *dropped = true;
            break;
        }
        if (got <= 0 && n == 0)
            return NULL;
        if (got <= 0)
            break;
        n += (size_t)got;
        if (line[n - 1] == '\n')
            break;
    }
    line[n] = '\0';
    return line;
}

static bool is_dumb(void)
{
    const char *term = variable_get("TERM");
    return !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || (term != NULL && strcmp(term, "dumb") == 0);
}

char *edit_line(const char *prompt, bool *dropped)
{
    static struct edit e;
    *dropped = false;
    if (is_dumb()) {
        machine_cooked();
        return plain_line(prompt, dropped);
    }
    e.prompt = prompt;
    e.row = 0;
    edit_replace(&e, "");
    machine_raw();
    int end = edit_until_end(&e);
    *dropped = end == KEY_CTRL_C;
    if (*dropped)
        edit_insert_seen(&e, "^C", 2);
    edit_draw_end(&e);
    machine_cooked();
    if (end == KEY_END_OF_INPUT && e.len == 0)
        return NULL;
    if (*dropped)
        edit_replace(&e, "");
    else
        history_add(e.text);
    e.at = e.len;
    edit_insert(&e, "\n", 1);
    return e.text;
}
