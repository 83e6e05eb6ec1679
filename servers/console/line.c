/* SPDX-License-Identifier: MIT
 * Line editing and the ring of lines typed ahead (line.h). Owns what was typed and not yet read; it must never lose a
 * byte silently: what does not fit rings the bell.
 */
#include "line.h"

#include <string.h>

#define KEY_CTRL(c) ((c) & 0x1f)
#define KEY_BELL 0x07
#define KEY_BACKSPACE 0x08
#define KEY_ESCAPE 0x1b
#define KEY_DELETE 0x7f

enum { ESC_NONE, ESC_SEEN, ESC_BRACKET };

static void show(struct line *l, const char *s, size_t n)
{
    if (l->set.lflag & CONSOLE_ECHO)
        l->echo(s, n);
}

static void echo_text(struct line *l, const char *s)
{
    show(l, s, strlen(s));
}

static const struct line_settings at_start = {
    .iflag = CONSOLE_ICRNL, .oflag = CONSOLE_OFLAGS, .lflag = CONSOLE_ICANON | CONSOLE_ECHO | CONSOLE_ISIG | 0x98 /* ECHOE ECHOK IEXTEN */,
    .cc = {[CONSOLE_VINTR] = KEY_CTRL('C'), [CONSOLE_VQUIT] = KEY_CTRL('\\'), [CONSOLE_VERASE] = KEY_DELETE, [CONSOLE_VKILL] = KEY_CTRL('U'),
           [CONSOLE_VEOF] = KEY_CTRL('D'), [CONSOLE_VMIN] = 1, [CONSOLE_VSUSP] = KEY_CTRL('Z'), [CONSOLE_VWERASE] = KEY_CTRL('W')},
};

void line_start(struct line *l, void (*echo)(const char *s, size_t n))
{
    memset(l, 0, sizeof *l);
    l->echo = echo;
    l->set = at_start;
}

static size_t ready_room(const struct line *l)
{
    return LINE_READY_BYTES - (l->ready_end - l->ready_first);
}

/* Append a record; false when there is no room for all of it. */
static bool record_add(struct line *l, const char *bytes, size_t n, bool raw)
{
    if (n > ready_room(l) || l->record_end - l->record_first == LINE_RECORDS)
        return false;
    for (size_t i = 0; i < n; i++)
        l->ready[l->ready_end++ % LINE_READY_BYTES] = bytes[i];
    l->record[l->record_end++ % LINE_RECORDS] = (struct line_record){.len = (uint16_t)n, .raw = raw};
    return true;
}

static void type_raw(struct line *l, char c)
{
    show(l, &c, 1);
    struct line_record *last = &l->record[(l->record_end - 1) % LINE_RECORDS];
    if (line_available(l) && last->raw && ready_room(l) > 0) {
        l->ready[l->ready_end++ % LINE_READY_BYTES] = c;
        last->len++;
        return;
    }
    (void)record_add(l, &c, 1, true); /* full: nobody reads, and raw mode has no bell */
}

/* The line goes to the readers; if they are too far behind it stays in the editor. */
static void commit(struct line *l)
{
    if (record_add(l, l->edit, l->edit_len, false))
        l->edit_len = 0;
    else
        echo_text(l, "\a");
}

/* Two columns for ^X. A tab is shown as one blank: nobody here knows the column, and it can be erased so. */
static bool is_wide(char c) { return ((uint8_t)c < ' ' && c != '\t' && c != '\n') || c == KEY_DELETE; }

static void show_typed(struct line *l, char c)
{
    const char wide[] = {'^', (char)(c ^ 0x40)}, blank = ' ';
    if (is_wide(c))
        show(l, wide, 2);
    else
        show(l, c == '\t' ? &blank : &c, 1);
}

/* A newline, or the key that ends lines as well. */
static void type_end(struct line *l, char c)
{
    if (l->edit_len == LINE_EDIT_MAX || ready_room(l) <= l->edit_len || l->record_end - l->record_first == LINE_RECORDS) {
        echo_text(l, "\a");
        return;
    }
    l->edit[l->edit_len++] = c;
    if (c == '\n' && (l->set.lflag & CONSOLE_ECHONL) && !(l->set.lflag & CONSOLE_ECHO))
        l->echo("\n", 1);
    show_typed(l, c);
    commit(l);
}

/* One character on the screen may be several bytes (UTF-8: continuation bytes are 10xxxxxx). */
static void erase_one(struct line *l)
{
    if (l->edit_len == 0)
        return;
    do
        l->edit_len--;
    while (l->edit_len > 0 && ((uint8_t)l->edit[l->edit_len] & 0xc0) == 0x80);
    echo_text(l, is_wide(l->edit[l->edit_len]) ? "\b \b\b \b" : "\b \b");
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static void erase_word(struct line *l)
{
    while (l->edit_len > 0 && is_blank(l->edit[l->edit_len - 1]))
        erase_one(l);
    while (l->edit_len > 0 && !is_blank(l->edit[l->edit_len - 1]))
        erase_one(l);
}

static void erase_line(struct line *l)
{
    while (l->edit_len > 0)
        erase_one(l);
}

static void type_plain(struct line *l, char c)
{
    if (l->edit_len >= LINE_EDIT_MAX - 1) { /* the last place is the newline's */
        echo_text(l, "\a");
        return;
    }
    l->edit[l->edit_len++] = c;
    show_typed(l, c);
}

/* Cursor keys send ESC [ ... letter: nothing here understands them, so they vanish whole. */
static bool swallow_escape(struct line *l, char c)
{
    if (l->escape == ESC_NONE) {
        l->escape = c == KEY_ESCAPE ? ESC_SEEN : ESC_NONE;
        return c == KEY_ESCAPE;
    }
    if (l->escape == ESC_SEEN) {
        l->escape = c == '[' || c == 'O' ? ESC_BRACKET : ESC_NONE;
        return l->escape == ESC_BRACKET;
    }
    if ((uint8_t)c < ' ') { /* not a sequence after all */
        l->escape = ESC_NONE;
        return false;
    }
    if (c >= '@' && c <= '~')
        l->escape = ESC_NONE;
    return true;
}

static enum line_key drop_line(struct line *l, const char *shown, enum line_key key)
{
    if (!(l->set.lflag & CONSOLE_NOFLSH)) {
        line_drop(l);
        if (l->flush)
            l->flush();
    }
    echo_text(l, shown);
    return key;
}

/* What the terminal's line end is to be. Returns false for a byte that is to be ignored. */
static bool map_input(const struct line *l, char *c)
{
    if (*c == '\r' && (l->set.iflag & CONSOLE_IGNCR))
        return false;
    if (*c == '\r' && (l->set.iflag & CONSOLE_ICRNL))
        *c = '\n';
    else if (*c == '\n' && (l->set.iflag & CONSOLE_INLCR))
        *c = '\r';
    return true;
}

/* The key that c is by the settings, by its usual number; 0: a character as any. */
static char key_of(const struct line *l, char c)
{
    static const char usual[CONSOLE_CCS] = {[CONSOLE_VINTR] = KEY_CTRL('C'), [CONSOLE_VQUIT] = KEY_CTRL('\\'), [CONSOLE_VSUSP] = KEY_CTRL('Z'),
                                            [CONSOLE_VERASE] = KEY_DELETE, [CONSOLE_VKILL] = KEY_CTRL('U'), [CONSOLE_VEOF] = KEY_CTRL('D'),
                                            [CONSOLE_VWERASE] = KEY_CTRL('W')};
    for (unsigned i = 0; i < CONSOLE_CCS; i++) {
        bool signals = i == CONSOLE_VINTR || i == CONSOLE_VQUIT || i == CONSOLE_VSUSP;
        if (usual[i] == 0 || l->set.cc[i] == 0 || (uint8_t)c != l->set.cc[i])
            continue;
        if (signals ? l->set.lflag & CONSOLE_ISIG : !l->raw)
            return usual[i];
    }
    return !l->raw && (c == '\n' || c == KEY_BACKSPACE) ? c : 0;
}

enum line_key line_type(struct line *l, char c)
{
    if (!map_input(l, &c))
        return LINE_TYPED;
    char key = key_of(l, c);
    if (l->raw && key == 0) {
        type_raw(l, c);
        return LINE_TYPED;
    }
    if (!l->raw && swallow_escape(l, c))
        return LINE_TYPED;
    if (key == 0 && l->set.cc[CONSOLE_VEOL] != 0 && (uint8_t)c == l->set.cc[CONSOLE_VEOL])
        key = '\n';
    switch (key) {
    case '\n': type_end(l, c); break;
    case KEY_BACKSPACE:
    case KEY_DELETE: erase_one(l); break;
    case KEY_CTRL('U'): erase_line(l); break;
    case KEY_CTRL('W'): erase_word(l); break;
    case KEY_CTRL('D'): commit(l); break;
    case KEY_CTRL('C'): return drop_line(l, "^C\n", LINE_INTERRUPT);
    case KEY_CTRL('\\'): return drop_line(l, "^\\\n", LINE_QUIT);
    case KEY_CTRL('Z'): return drop_line(l, "^Z\n", LINE_STOP);
    default: type_plain(l, c); break;
    }
    return LINE_TYPED;
}

#define COOKED (CONSOLE_ICANON | CONSOLE_ECHO | CONSOLE_ISIG)

void line_set_raw(struct line *l, bool raw)
{
    struct line_settings set = l->set;
    set.lflag = raw ? set.lflag & ~COOKED : set.lflag | COOKED;
    set.iflag = raw ? set.iflag & ~CONSOLE_ICRNL : set.iflag | CONSOLE_ICRNL;
    if (raw) {
        set.cc[CONSOLE_VMIN] = 1;
        set.cc[CONSOLE_VTIME] = 0;
    }
    line_set(l, &set);
}

/* What was typed and not read is so many bytes: where lines end means nothing any more, and nor does an end of input. */
static void join_records(struct line *l)
{
    uint32_t n = l->ready_end - l->ready_first;
    l->record[l->record_first % LINE_RECORDS] = (struct line_record){.len = (uint16_t)n, .raw = true};
    l->record_end = l->record_first + (n > 0);
}

void line_set(struct line *l, const struct line_settings *set)
{
    bool raw = !(set->lflag & CONSOLE_ICANON);
    if (raw && !l->raw && l->edit_len > 0)
        commit(l);
    if (raw && !l->raw)
        join_records(l);
    l->set = *set;
    l->raw = raw;
    l->escape = ESC_NONE;
}

void line_drop(struct line *l)
{
    l->edit_len = 0;
    l->ready_first = l->ready_end;
    l->record_first = l->record_end;
}

bool line_available(const struct line *l)
{
    return l->record_end != l->record_first;
}

size_t line_record_len(const struct line *l)
{
    return line_available(l) ? l->record[l->record_first % LINE_RECORDS].len : 0;
}

size_t line_peek(const struct line *l, size_t offset, char *to, size_t max)
{
    size_t len = line_record_len(l), n = 0;
    for (; n < max && offset + n < len; n++)
        to[n] = l->ready[(l->ready_first + offset + n) % LINE_READY_BYTES];
    return n;
}

void line_take(struct line *l, size_t n)
{
    struct line_record *r = &l->record[l->record_first % LINE_RECORDS];
    if (!line_available(l))
        return; /* a reader that waits no longer got nothing */
    if (n > r->len)
        n = r->len;
    l->ready_first += (uint32_t)n;
    r->len = (uint16_t)(r->len - n);
    if (r->len == 0)
        l->record_first++;
}
