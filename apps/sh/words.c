/* SPDX-License-Identifier: MIT
 * `sh --words`, for wordexp(): a text that must be nothing but words, and what they expand to. The same reader and the same expansion as
 * everywhere, so what is a word here is one there.
 */
#include "sh.h"

#include <pagoda/words.h>
#include <stdio.h>
#include <string.h>
#include <wordexp.h>

/* The length of the word at s; 0, and *why. */
static size_t length_of(const char *s, int *why)
{
    size_t n = 0, piece;
    for (; s[n] != '\0' && s[n] != ' ' && s[n] != '\t'; n += piece) { /* bound: the text */
        piece = piece_len(s + n, '\0');
        if (strchr("|&;<>(){}\n", s[n]) != NULL)
            *why = WRDE_BADCHAR;
        else if (piece == 0 || strcmp(s + n, "\\") == 0)
            *why = WRDE_SYNTAX;
        if (*why != 0)
            return 0;
    }
    return n;
}

/* All of the text is read before any of it is expanded. */
static int words_read(const char *s, struct word **list)
{
    int why = 0;
    for (s += strspn(s, " \t"); *s != '\0'; s += strspn(s, " \t")) { /* bound: the text */
        struct word *w = arena_new(sizeof *w);
        *w = (struct word){.start = s, .len = length_of(s, &why)};
        if (why != 0)
            return why;
        *list = w;
        list = &w->next;
        s += w->len;
    }
    return 0;
}

static int expand_all(const struct word *w, struct fields *out)
{
    for (; w != NULL; w = w->next) { /* bound: the text */
        expand_word(w, out);
        if (expansion_failed())
            return substitution == REFUSED ? WRDE_CMDSUB : option('u') ? WRDE_BADVAL : WRDE_SYNTAX;
    }
    return 0;
}

int words_print(const char *letters, const char *text)
{
    struct word *list = NULL;
    struct fields out = {0};
    if (strchr(letters, 'u') != NULL)
        (void)options_take((char *[]){"-u", NULL});
    substitution = strchr(letters, 'c') != NULL ? REFUSE : ALLOW;
    int why = words_read(text, &list);
    if (why == 0)
        why = expand_all(list, &out);
    for (size_t i = 0; why == 0 && i < out.n; i++) /* bound: the words */
        (void)fwrite(out.word[i], 1, strlen(out.word[i]) + 1, stdout);
    if (fflush(stdout) != 0 || ferror(stdout))
        why = WRDE_NOSPACE;
    return why != 0 ? WORDS_STATUS + why : 0;
}
