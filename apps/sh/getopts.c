/* SPDX-License-Identifier: MIT
 * getopts: the options among words, one at a time.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The place within a word of several options; it starts again when OPTIND was set. */
static struct {
    long word;
    size_t letter;
} getopts_at = {1, 1};

static int getopts_result(const char *name, char letter, const char *argument)
{
    char text[2] = {letter, '\0'}, number[24];
    snprintf(number, sizeof number, "%ld", getopts_at.word);
    bool good = variable_set("OPTIND", number) && variable_set(name, text);
    good = (argument != NULL ? variable_set("OPTARG", argument) : variable_unset("OPTARG")) && good;
    return good ? 0 : STATUS_SYNTAX;
}

static int getopts_wrong(const char *name, const char *options_text, char letter, char how)
{
    char text[2] = {letter, '\0'};
    if (*options_text == ':')
        return getopts_result(name, how, text);
    (void)complain(0, text, how == ':' ? "this option needs a word behind it" : "there is no such option");
    return getopts_result(name, '?', NULL);
}

static int getopts_end(const char *name)
{
    int status = getopts_result(name, '?', NULL);
    getopts_at.letter = 1;
    return status != 0 ? status : 1;
}

static int getopts_next(const char *given, const char *name, char **words, long n)
{
    const char *word = getopts_at.word <= n ? words[getopts_at.word - 1] : NULL;
    if (word == NULL || word[0] != '-' || word[1] == '\0')
        return getopts_end(name);
    if (strcmp(word, "--") == 0) {
        getopts_at.word++;
        return getopts_end(name);
    }
    char letter = word[getopts_at.letter++];
    const char *rest = word + getopts_at.letter, *known = letter != ':' ? strchr(given, letter) : NULL;
    bool takes = known != NULL && known[1] == ':', joined = takes && *rest != '\0';
    if (*rest == '\0' || takes) {
        getopts_at.word++;
        getopts_at.letter = 1;
    }
    if (known == NULL)
        return getopts_wrong(name, given, letter, '?');
    if (!takes)
        return getopts_result(name, letter, NULL);
    if (!joined && getopts_at.word > n)
        return getopts_wrong(name, given, letter, ':');
    return getopts_result(name, letter, joined ? rest : words[getopts_at.word++ - 1]);
}

int builtin_getopts(char **words)
{
    if (words[1] == NULL || words[2] == NULL || name_len(words[2]) != strlen(words[2]))
        return complain(STATUS_SYNTAX, "getopts", "usage: getopts OPTIONS NAME [WORD...]");
    const char *index = variable_get("OPTIND");
    long now = index != NULL ? strtol(index, NULL, 10) : 1;
    if (now < 1)
        now = 1;
    if (now != getopts_at.word) {
        getopts_at.word = now;
        getopts_at.letter = 1;
    }
    char **from = words[3] != NULL ? words + 3 : parameters;
    long n = 0;
    while (from != NULL && from[n] != NULL)
        n++;
    const char *word = now <= n ? from[now - 1] : NULL;
    if (word != NULL && getopts_at.letter >= strlen(word) && getopts_at.letter > 1)
        getopts_at.letter = 1;
    return getopts_next(words[1], words[2], from, n);
}
