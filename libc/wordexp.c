/* SPDX-License-Identifier: MIT
 * wordexp(): the shell expands, as it is the one who knows how, and which knows a word when it reads one: `sh --words` (pagoda/words.h)
 * refuses all else. To the shell that reads its command line the text is one word, whatever is in it.
 */
#include <pagoda/words.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <wordexp.h>

/* ---- the command ---- */

/* For the shell that popen() starts, which becomes the one that expands. */
static char *command_of(const char *words, int flags)
{
    char *command = NULL;
    size_t len;
    FILE *out = open_memstream(&command, &len);
    if (out == NULL)
        return NULL;
    fprintf(out, "exec /bin/sh --words -%s%s '", flags & WRDE_UNDEF ? "u" : "", flags & WRDE_NOCMD ? "c" : "");
    for (; *words != '\0'; words++) /* bound: the words */
        fprintf(out, *words == '\'' ? "'\\''" : "%c", *words);
    fprintf(out, "'%s", flags & WRDE_SHOWERR ? "" : " 2>/dev/null");
    if (fclose(out) == 0)
        return command;
    free(command);
    return NULL;
}

/* ---- what comes back ---- */

/* What the shell says with its end. One that can't even begin has no room, as far as anybody knows. */
static int why_of(int status)
{
    if (status == 0)
        return 0;
    bool says = status != -1 && WIFEXITED(status) && WEXITSTATUS(status) > WORDS_STATUS && WEXITSTATUS(status) <= WORDS_STATUS + WRDE_SYNTAX;
    return says ? WEXITSTATUS(status) - WORDS_STATUS : WRDE_NOSPACE;
}

/* All that the command prints, in *text; whether the shell could do it. */
static int run(const char *command, char **text, size_t *len)
{
    char piece[512];
    size_t n;
    FILE *in = popen(command, "r"), *out = in != NULL ? open_memstream(text, len) : NULL;
    while (out != NULL && (n = fread(piece, 1, sizeof piece, in)) > 0) /* bound: what the shell prints */
        (void)fwrite(piece, 1, n, out);
    bool lost = out == NULL || ferror(out) != 0;
    lost = (out != NULL && fclose(out) != 0) || lost;
    int why = in != NULL ? why_of(pclose(in)) : WRDE_NOSPACE;
    return lost ? WRDE_NOSPACE : why;
}

static bool room_for(wordexp_t *w, size_t reserved, size_t more)
{
    char **v = realloc(w->we_wordv, (reserved + w->we_wordc + more + 1) * sizeof *v);
    if (v == NULL)
        return false;
    w->we_wordv = v;
    return true;
}

static int words_add(wordexp_t *w, size_t reserved, const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *at = text; at < end; at += strlen(at) + 1) { /* bound: the text, which ends with a nul */
        char *word = room_for(w, reserved, 1) ? strdup(at) : NULL;
        if (word == NULL)
            return WRDE_NOSPACE;
        w->we_wordv[reserved + w->we_wordc++] = word;
        w->we_wordv[reserved + w->we_wordc] = NULL;
    }
    return 0;
}

int wordexp(const char *restrict words, wordexp_t *restrict w, int flags)
{
    char *command = command_of(words, flags), *text = NULL;
    size_t len = 0, reserved = flags & WRDE_DOOFFS ? w->we_offs : 0;
    if (flags & WRDE_REUSE)
        wordfree(w);
    if (!(flags & WRDE_APPEND))
        *w = (wordexp_t){.we_offs = reserved};
    int why = command != NULL ? run(command, &text, &len) : WRDE_NOSPACE;
    if (!(flags & WRDE_APPEND) && (why == 0 || why == WRDE_NOSPACE)) {
        if (room_for(w, reserved, 0))
            memset(w->we_wordv, 0, (reserved + 1) * sizeof *w->we_wordv);
        else
            why = WRDE_NOSPACE;
    }
    if (why == 0)
        why = words_add(w, reserved, text, len);
    free(command);
    free(text);
    return why;
}

void wordfree(wordexp_t *w)
{
    for (size_t i = 0; w->we_wordv != NULL && i < w->we_wordc; i++) /* bound: the words */
        free(w->we_wordv[w->we_offs + i]);
    free(w->we_wordv);
    w->we_wordv = NULL;
    w->we_wordc = 0;
}
