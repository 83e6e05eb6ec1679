/* SPDX-License-Identifier: MIT
 * Keys: bytes, and the sequences that terminals send for those that have no byte.
 */
#include "edit.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SEQUENCE_MAX 16

/* One byte: what is behind the line is for the program that runs then. */
static int byte_read(void)
{
    unsigned char c;
    for (;;) { /* bound: signals */
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n == 1)
            return c;
        if (n == 0 || errno != EINTR)
            return KEY_END_OF_INPUT;
        traps_run();
        if (interrupted)
            return KEY_CTRL_C;
    }
}

/* "[3~": by number, with what was held down behind a semicolon. */
static int numbered(const char *text)
{
    switch (atoi(text)) {
    case 1:
    case 7: return KEY_HOME;
    case 3: return KEY_DELETE;
    case 4:
    case 8: return KEY_END;
    default: return KEY_NONE;
    }
}

static int lettered(char letter, bool held)
{
    switch (letter) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return held ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D': return held ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    default: return KEY_NONE;
    }
}

/* Behind ESC [ or ESC O. */
static int sequence(void)
{
    char text[SEQUENCE_MAX + 1];
    size_t n = 0;
    bool held = false;
    for (;;) { /* bound: the sequence; a longer one is none */
        int c = byte_read();
        if (c == KEY_END_OF_INPUT || c < ' ')
            return c == KEY_END_OF_INPUT ? c : KEY_NONE;
        held = held || c == ';';
        if (c >= '@' && c <= '~') {
            text[n] = '\0';
            return c == '~' ? numbered(text) : lettered((char)c, held);
        }
        if (n < SEQUENCE_MAX)
            text[n++] = (char)c;
    }
}

int edit_key(void)
{
    int c = byte_read();
    if (c != KEY_ESCAPE)
        return c;
    c = byte_read();
    switch (c) {
    case '[':
    case 'O': return sequence();
    case 'b': return KEY_WORD_LEFT;
    case 'f': return KEY_WORD_RIGHT;
    case 'd': return KEY_WORD_DELETE;
    case KEY_BACKSPACE:
    case KEY_ERASE: return KEY_WORD_ERASE;
    default: return c < ' ' || c >= KEY_END_OF_INPUT ? c : KEY_NONE;
    }
}
