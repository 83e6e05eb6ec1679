/* SPDX-License-Identifier: MIT
 * The picture of the line on the terminal, over as many rows as it takes: ANSI sequences, and as few bytes as possible while one types
 * at the line's end.
 */
#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_DEFAULT 80u

static size_t width(void)
{
    const char *given = variable_get("COLUMNS");
    long n = given != NULL ? strtol(given, NULL, 10) : 0;
    return n >= 8 && n <= 10000 ? (size_t)n : COLUMNS_DEFAULT;
}

/* A character of UTF-8 is one column, whatever its bytes (10xxxxxx go on with one). */
size_t edit_columns(const char *s, size_t n)
{
    size_t columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)s[i] & 0xc0) != 0x80;
    return columns;
}

void edit_bell(void)
{
    putchar('\a');
    fflush(stdout);
}

static size_t column_of(const struct edit *e, size_t at)
{
    return edit_columns(e->prompt, strlen(e->prompt)) + edit_columns(e->text, at);
}

static void move_to(struct edit *e, size_t from_column, size_t to_column)
{
    size_t w = width(), up = from_column / w - to_column / w;
    if (up > 0)
        printf("\033[%zuA", up);
    putchar('\r');
    if (to_column % w > 0)
        printf("\033[%zuC", to_column % w);
    e->row = to_column / w;
}

void edit_draw(struct edit *e)
{
    size_t end = column_of(e, e->len);
    if (e->row > 0)
        printf("\033[%zuA", e->row);
    printf("\r\033[J%s", e->prompt);
    fwrite(e->text, 1, e->len, stdout);
    if (end > 0 && end % width() == 0)
        putchar('\n'); /* a terminal waits at the edge */
    if (e->at < e->len)
        move_to(e, end, column_of(e, e->at));
    else
        e->row = end / width();
    fflush(stdout);
}

void edit_draw_prompt(struct edit *e)
{
    fputs(e->prompt, stdout);
    e->row = column_of(e, 0) / width();
    fflush(stdout);
}

void edit_insert_seen(struct edit *e, const char *s, size_t n)
{
    bool behind = e->at == e->len;
    edit_insert(e, s, n);
    if (!behind || n > 1 || ((unsigned char)*s & 0x80) != 0 || column_of(e, e->len) % width() == 0) {
        edit_draw(e);
        return;
    }
    putchar(*s);
    fflush(stdout);
}

void edit_draw_end(struct edit *e)
{
    if (e->at < e->len) {
        e->at = e->len;
        edit_draw(e);
    }
    if (e->len == 0 || column_of(e, e->len) % width() != 0)
        putchar('\n');
    fflush(stdout);
    e->row = 0;
}

void edit_clear_screen(struct edit *e)
{
    fputs("\033[H\033[2J", stdout);
    e->row = 0;
    edit_draw(e);
}
