/* SPDX-License-Identifier: MIT
 * ^R: the newest line that has what one types; ^R again: an older one. Any other key takes the line and does what it does.
 */
#include "edit.h"

#include <string.h>

#define WANTED_MAX 128u

/* The newest line before `from` with the text in it; `from` itself: none. */
static size_t find(const char *wanted, size_t from)
{
    for (size_t i = from; i-- > 0;)
        if (strstr(history_at(i), wanted) != NULL)
            return i;
    return from;
}

static void show(struct edit *e, const char *wanted, size_t found)
{
    struct arena_mark mark = arena_mark();
    const char *prompt = e->prompt;
    e->prompt = arena_joined("(search) ", wanted, ": ");
    edit_replace(e, found < history_count() ? history_at(found) : "");
    edit_draw(e);
    e->prompt = prompt;
    arena_release(mark);
}

int edit_search(struct edit *e)
{
    char wanted[WANTED_MAX] = "", *typed = keep_text(e->text);
    size_t n = 0, found = history_count();
    int key;
    for (;;) { /* forever: until another key */
        show(e, wanted, found);
        key = edit_key();
        size_t from = key == KEY_CTRL_R ? found : history_count();
        if (key >= ' ' && key < KEY_ERASE && n + 1 < WANTED_MAX)
            wanted[n++] = (char)key;
        else if ((key == KEY_BACKSPACE || key == KEY_ERASE) && n > 0)
            n--;
        else if (key != KEY_CTRL_R)
            break;
        wanted[n] = '\0';
        size_t next = n > 0 ? find(wanted, from) : from;
        if (next == from)
            edit_bell();
        else
            found = next;
    }
    if (key == KEY_CTRL_G || found == history_count())
        edit_replace(e, typed);
    keep(typed, 1);
    edit_draw(e);
    return key == KEY_CTRL_G ? KEY_NONE : key;
}
