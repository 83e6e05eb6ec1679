/* SPDX-License-Identifier: MIT
 * The options of the shell, and `set`.
 */
#include "sh.h"

#include <stdio.h>
#include <string.h>

static const struct {
    char letter;
    const char *name;
} options[] = {{'a', "allexport"}, {'b', "notify"}, {'C', "noclobber"}, {'e', "errexit"}, {'f', "noglob"}, {'h', "hashall"},
               {'m', "monitor"}, {'n', "noexec"}, {'u', "nounset"}, {'v', "verbose"}, {'x', "xtrace"}};
#define OPTIONS (sizeof options / sizeof options[0])
static bool is_on[OPTIONS];

static size_t option_of(char letter)
{
    size_t i = 0;
    while (i < OPTIONS && options[i].letter != letter)
        i++;
    return i;
}

bool option(char letter)
{
    size_t i = option_of(letter);
    return i < OPTIONS && is_on[i];
}

const char *option_letters(void)
{
    static char letters[OPTIONS + 2];
    size_t n = 0;
    for (size_t i = 0; i < OPTIONS; i++)
        if (is_on[i])
            letters[n++] = options[i].letter;
    if (interactive)
        letters[n++] = 'i';
    letters[n] = '\0';
    return letters;
}

static void options_print(char sign)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (sign == '-')
            printf("%-15s %s\n", options[i].name, is_on[i] ? "on" : "off");
        else
            printf("set %co %s\n", is_on[i] ? '-' : '+', options[i].name);
}

/* `-o NAME`, or without a name a list. */
static bool option_named(char sign, const char *name)
{
    size_t i = 0;
    if (name == NULL) {
        options_print(sign);
        return true;
    }
    while (i < OPTIONS && strcmp(options[i].name, name) != 0)
        i++;
    if (i == OPTIONS) {
        (void)complain(STATUS_SYNTAX, name, "there is no such option");
        return false;
    }
    is_on[i] = sign == '-';
    return true;
}

/* The letters of a word; *words moves to the name of an o. */
static bool options_word(char ***words)
{
    const char *w = **words;
    for (const char *s = w + 1; *s != '\0'; s++) {
        size_t i = option_of(*s);
        if (*s == 'o') {
            const char *name = (*words)[1];
            *words += name != NULL;
            if (!option_named(*w, name))
                return false;
        } else if (i == OPTIONS) {
            (void)complain(STATUS_SYNTAX, w, "there is no such option");
            return false;
        } else {
            is_on[i] = *w == '-';
        }
    }
    return true;
}

char **options_take(char **words)
{
    for (; *words != NULL && (**words == '-' || **words == '+') && (*words)[1] != '\0'; words++) {
        if (strcmp(*words, "--") == 0)
            return words;
        if (!options_word(&words))
            return NULL;
    }
    return words;
}

static void print_variables(void)
{
    size_t n;
    struct variable **all = variables_sorted(&n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->value == NULL)
            continue;
        printf("%s=", all[i]->name);
        print_quoted(all[i]->value);
        putchar('\n');
    }
}

int builtin_set(char **words)
{
    if (words[1] == NULL) {
        print_variables();
        return 0;
    }
    char **rest = options_take(words + 1);
    if (rest == NULL) {
        error_ends();
        return STATUS_SYNTAX;
    }
    bool given = *rest != NULL;
    if (given && strcmp(*rest, "--") == 0)
        rest++;
    else if (given && strcmp(*rest, "-") == 0)
        rest++;
    if (given)
        parameters_set(rest);
    return 0;
}
