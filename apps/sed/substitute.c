/* SPDX-License-Identifier: MIT
 * s: matches are replaced.
 */
#include "sed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What stands for the match: & is all of it, \1 a part. */
static void put_replacement(struct text *to, const char *with, const char *s, const regmatch_t *parts)
{
    for (; *with != '\0'; with++) {
        int part = *with == '&' ? 0 : *with == '\\' && isdigit((unsigned char)with[1]) ? with[1] - '0' : -1;
        if (part >= 0) {
            with += *with == '\\';
            if (parts[part].rm_so >= 0)
                text_put(to, s + parts[part].rm_so, (size_t)(parts[part].rm_eo - parts[part].rm_so));
            continue;
        }
        if (*with == '\\' && with[1] != '\0') {
            with++;
            text_put(to, *with == 'n' ? "\n" : *with == 't' ? "\t" : with, 1);
            continue;
        }
        text_put(to, with, 1);
    }
}

bool substitute(const struct command *c, struct text *space)
{
    struct text to = {0};
    regmatch_t parts[PARTS];
    size_t from = 0, copied = 0, behind = (size_t)-1; /* behind: where the match before ended */
    bool changed = false;
    for (unsigned long n = 0; from <= space->len && matches(c->pattern, space->at, from, parts);) {
        size_t start = (size_t)parts[0].rm_so, end = (size_t)parts[0].rm_eo;
        from = end + (end == start);
        if (end == start && start == behind)
            continue; /* nothing, right behind a match, is none */
        behind = end;
        n++;
        if (n < c->count)
            continue;
        text_put(&to, space->at + copied, start - copied);
        put_replacement(&to, c->with, space->at, parts);
        copied = end;
        changed = true;
        if (!c->all)
            break;
    }
    if (!changed)
        return false;
    text_put(&to, space->at + copied, space->len - copied);
    free(space->at);
    *space = to;
    return true;
}
