/* SPDX-License-Identifier: MIT
 * wordexp(): the shell expands, as it is the one who knows how; here is seen first that there are only words, so that nothing but their
 * expansion is run. The words come back from printf with a nul behind each.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wordexp.h>

#define DEPTH_MAX 64u /* of ${ $( and $(( in each other */

/* ---- what is a word ---- */

struct scan {
    const char *at;
    FILE *out;           /* the words, so that the shell takes no # for a comment */
    bool no_commands, quoted, starts; /* quoted: in double quotes, starts: of a word */
    char closes[DEPTH_MAX]; /* by what the innermost $... ends: } or ) */
    unsigned depth;
    bool quoted_outside[DEPTH_MAX];
};

static void take(struct scan *s) { fputc(*s->at++, s->out); }

static int take_single_quotes(struct scan *s)
{
    do /* bound: the words */
        take(s);
    while (*s->at != '\0' && *s->at != '\'');
    if (*s->at == '\0')
        return WRDE_SYNTAX;
    take(s);
    return 0;
}

static int take_backquotes(struct scan *s)
{
    if (s->no_commands)
        return WRDE_CMDSUB;
    take(s);
    for (; *s->at != '`'; take(s)) { /* bound: the words */
        if (*s->at == '\\')
            take(s);
        if (*s->at == '\0')
            return WRDE_SYNTAX;
    }
    take(s);
    return 0;
}

static int take_dollar(struct scan *s)
{
    take(s);
    bool command = s->at[0] == '(' && s->at[1] != '(';
    if (*s->at != '(' && *s->at != '{')
        return 0;
    if (command && s->no_commands)
        return WRDE_CMDSUB;
    if (s->depth == DEPTH_MAX)
        return WRDE_NOSPACE;
    s->quoted_outside[s->depth] = s->quoted;
    s->closes[s->depth++] = *s->at == '{' ? '}' : ')';
    s->quoted = false;
    take(s);
    return 0;
}

/* Within $( ) and $(( )) parentheses come in pairs. */
static int take_parenthesis(struct scan *s)
{
    if (s->depth == DEPTH_MAX)
        return WRDE_NOSPACE;
    s->quoted_outside[s->depth] = false;
    s->closes[s->depth++] = ')';
    take(s);
    return 0;
}

/* One character, or what it begins. */
static int take_next(struct scan *s)
{
    char c = *s->at;
    bool starts = s->starts, within = s->depth > 0 && !s->quoted;
    s->starts = !s->quoted && s->depth == 0 && (c == ' ' || c == '\t');
    if (c == '\\') {
        take(s);
        if (*s->at == '\0')
            return WRDE_SYNTAX;
        take(s);
        return 0;
    }
    if (c == '\'' && !s->quoted)
        return take_single_quotes(s);
    if (c == '`')
        return take_backquotes(s);
    if (c == '$')
        return take_dollar(s);
    if (within && c == s->closes[s->depth - 1])
        s->quoted = s->quoted_outside[--s->depth];
    else if (within && c == '(' && s->closes[s->depth - 1] == ')')
        return take_parenthesis(s);
    else if (c == '"')
        s->quoted = !s->quoted;
    else if (!s->quoted && s->depth == 0 && strchr("|&;<>(){}\n", c) != NULL)
        return WRDE_BADCHAR;
    if (c == '#' && starts)
        fputc('\\', s->out);
    take(s);
    return 0;
}

/* The command for the shell in *command. */
static int command_of(const char *words, int flags, char **command)
{
    size_t len;
    struct scan s = {.at = words, .no_commands = flags & WRDE_NOCMD, .starts = true};
    int why = 0;
    s.out = open_memstream(command, &len);
    if (s.out == NULL)
        return WRDE_NOSPACE;
    fprintf(s.out, "%s%sprintf '%%s\\0' x ", flags & WRDE_SHOWERR ? "" : "exec 2>/dev/null; ", flags & WRDE_UNDEF ? "set -u; " : "");
    while (why == 0 && *s.at != '\0') /* bound: the words */
        why = take_next(&s);
    if (why == 0 && (s.quoted || s.depth > 0))
        why = WRDE_SYNTAX;
    if (fclose(s.out) != 0)
        why = WRDE_NOSPACE;
    return why;
}

/* ---- what comes back ---- */

/* All that the command prints, in *text; whether the shell could do it. */
static int run(const char *command, int flags, char **text, size_t *len)
{
    char piece[512];
    size_t n;
    FILE *in = popen(command, "r"), *out = in != NULL ? open_memstream(text, len) : NULL;
    while (out != NULL && (n = fread(piece, 1, sizeof piece, in)) > 0) /* bound: what the shell prints */
        (void)fwrite(piece, 1, n, out);
    bool lost = out == NULL || ferror(out) != 0;
    lost = (out != NULL && fclose(out) != 0) || lost;
    if (in != NULL && pclose(in) != 0 && !lost)
        return flags & WRDE_UNDEF ? WRDE_BADVAL : WRDE_SYNTAX;
    return lost ? WRDE_NOSPACE : 0;
}

static bool room_for(wordexp_t *w, size_t reserved, size_t more)
{
    char **v = realloc(w->we_wordv, (reserved + w->we_wordc + more + 1) * sizeof *v);
    if (v == NULL)
        return false;
    w->we_wordv = v;
    return true;
}

/* The words behind the first, which is printf's own x. */
static int words_add(wordexp_t *w, size_t reserved, const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *at = text + 2; at < end; at += strlen(at) + 1) { /* bound: the text, which ends with a nul */
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
    char *command = NULL, *text = NULL;
    size_t len = 0, reserved = flags & WRDE_DOOFFS ? w->we_offs : 0;
    if (flags & WRDE_REUSE)
        wordfree(w);
    if (!(flags & WRDE_APPEND))
        *w = (wordexp_t){.we_offs = reserved};
    int why = command_of(words, flags, &command);
    if (why == 0)
        why = run(command, flags, &text, &len);
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
