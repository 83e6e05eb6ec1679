/* SPDX-License-Identifier: MIT
 * Fields in the making: growing, splitting at the signs of IFS, ending as a word or as the paths that match.
 */
#include "field.h"

#include <string.h>

void fields_add(struct fields *f, char *word)
{
    if (f->n + 1 >= f->room) {
        size_t room = f->room > 0 ? 2 * f->room : 16;
        char **more = arena_new(room * sizeof *more);
        if (f->n > 0)
            memcpy(more, f->word, f->n * sizeof *more);
        f->word = more;
        f->room = room;
    }
    f->word[f->n++] = word;
    f->word[f->n] = NULL;
}

static void put(struct text *t, char c)
{
    if (t->len + 1 >= t->room) {
        size_t room = t->room > 0 ? 2 * t->room : 64;
        char *more = arena_new(room);
        if (t->len > 0)
            memcpy(more, t->at, t->len);
        t->at = more;
        t->room = room;
    }
    t->at[t->len++] = c;
    t->at[t->len] = '\0';
}

void field_end(struct field *f)
{
    if (!f->there)
        return;
    put(&f->plain, '\0');
    put(&f->pattern, '\0');
    if (f->globs && !option('f'))
        glob_field(f->pattern.at, f->plain.at, f->out);
    else
        fields_add(f->out, f->plain.at);
    f->plain = f->pattern = (struct text){0};
    f->there = f->globs = false;
}

void field_put(struct field *f, char c, bool quoted)
{
    f->there = true;
    f->after_blank = false;
    put(&f->plain, c);
    bool sign = strchr("*?[", c) != NULL;
    if ((quoted && strchr("*?[]\\-!^", c) != NULL) || (!quoted && c == '\\'))
        put(&f->pattern, '\\');
    put(&f->pattern, c);
    f->globs = f->globs || (sign && !quoted && f->split);
}

/* At a sign of IFS. Blanks around another sign are part of it; that other sign alone makes an empty field. */
static void separate(struct field *f, char sign)
{
    if (strchr(" \t\n", sign) != NULL) {
        f->after_blank = f->after_blank || f->there;
    } else if (f->there || !f->after_blank) {
        f->there = true;
        f->after_blank = false;
    } else {
        f->after_blank = false;
        return;
    }
    field_end(f);
}

void field_put_value(struct field *f, const char *s, bool quoted)
{
    const char *ifs = variable_get("IFS");
    if (ifs == NULL)
        ifs = " \t\n";
    for (; s != NULL && *s != '\0'; s++) {
        if (!quoted && f->split && strchr(ifs, *s) != NULL)
            separate(f, *s);
        else
            field_put(f, *s, quoted);
    }
}
