/* SPDX-License-Identifier: MIT
 * Words of the input as arguments of a program.
 */
#include "tool.h"

#include <ctype.h>
#include <pagoda/spawn.h>
#include <sys/wait.h>

static const char tool_name[] = "xargs";
static const char tool_help[] = "usage: xargs [-0] [-r] [-t] [-n WORDS] [-I TEXT] [PROGRAM [WORD...]]\n"
                                "Runs PROGRAM (echo) with words of the input behind its own, as many as fit; -n not more; -0: words end with a\n"
                                "zero byte; -I: once for each line, which replaces TEXT; -r: not at all without words; -t: says what it runs.\n";

#define BYTES_MAX (96u << 10) /* of words; the system's limit is 128 KiB with the environment */
#define WORDS_MAX 4096u

static bool zero, traces, only_with_words;
static const char *replaced;
static unsigned long most = WORDS_MAX;
static char **fixed;

static char **words;
static size_t words_n, bytes;
static int worst;

static int status_of(int word)
{
    return WIFSIGNALED(word) ? 125 : WEXITSTATUS(word) == 255 ? 124 : WEXITSTATUS(word) != 0 ? 123 : 0;
}

static void run(char **all)
{
    pid_t pid;
    int word;
    for (char **w = all; traces && *w != NULL; w++)
        fprintf(stderr, "%s%c", *w, w[1] != NULL ? ' ' : '\n');
    fflush(stdout);
    errno = spawn_program(all[0], all, environ, 0, &pid);
    if (errno != 0) {
        int status = errno == ENOENT ? 127 : 126;
        (void)tool_error(all[0]);
        exit(status);
    }
    while (waitpid(pid, &word, 0) < 0 && errno == EINTR) /* bound: EINTR only while signals arrive */
        continue;
    int status = status_of(word);
    worst = status > worst ? status : worst;
    if (status >= 124)
        exit(status);
}

static void *taken(void *p)
{
    if (p == NULL)
        exit(tool_error("memory"));
    return p;
}

/* All words so far. */
static void flush_words(void)
{
    size_t n = 0;
    while (fixed[n] != NULL)
        n++;
    char **all = taken(calloc(n + words_n + 1, sizeof *all));
    memcpy(all, fixed, n * sizeof *all);
    memcpy(all + n, words, words_n * sizeof *all);
    run(all);
    while (words_n > 0)
        free(words[--words_n]);
    free(all);
    bytes = 0;
}

static void add(char *word)
{
    size_t size = strlen(word) + 1 + sizeof(char *);
    if (words_n > 0 && bytes + size > BYTES_MAX)
        flush_words();
    words[words_n++] = taken(strdup(word));
    bytes += size;
    if (words_n >= most)
        flush_words();
}

static char *replace(const char *in, const char *with)
{
    size_t count = 1, len = strlen(replaced);
    for (const char *s = in; (s = strstr(s, replaced)) != NULL; s += len)
        count++;
    char *to = taken(malloc(strlen(in) + count * (strlen(with) + 1))), *end = to;
    for (const char *s; (s = strstr(in, replaced)) != NULL; in = s + len)
        end += sprintf(end, "%.*s%s", (int)(s - in), in, with);
    strcpy(end, in);
    return to;
}

static void run_for(const char *line)
{
    size_t n = 0;
    while (fixed[n] != NULL)
        n++;
    char **all = taken(calloc(n + 1, sizeof *all));
    for (size_t i = 0; i < n; i++)
        all[i] = replace(fixed[i], line);
    run(all);
    for (size_t i = 0; i < n; i++)
        free(all[i]);
    free(all);
}

/* The next word: up to a zero byte, a line's end (with -I), or a blank; quotes and backslashes hold blanks together. */
static char *next_word(void)
{
    static char *word;
    static size_t room;
    size_t n = 0;
    int c = getchar(), quote = 0;
    bool plain = zero || replaced != NULL, there = false;
    while (!zero && c != EOF && (replaced != NULL ? c == '\n' || c == ' ' || c == '\t' : isspace(c)))
        c = getchar();
    for (; c != EOF; c = getchar()) {
        if (zero ? c == '\0' : quote == 0 && (replaced != NULL ? c == '\n' : isspace(c)))
            break;
        there = true;
        if (!plain && quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
            continue;
        }
        if (!plain && c == quote && quote != 0) {
            quote = 0;
            continue;
        }
        if (!plain && quote == 0 && c == '\\' && (c = getchar()) == EOF)
            break;
        if (n + 2 > room)
            word = taken(realloc(word, room = 2 * (n + 64)));
        word[n++] = (char)c;
    }
    if (quote != 0) {
        fputs("xargs: a quote is not closed\n", stderr);
        exit(1);
    }
    if (!there && c == EOF)
        return NULL;
    if (word == NULL)
        word = taken(malloc(room = 64));
    word[n] = '\0';
    return word;
}

int main(int argc, char **argv)
{
    static char *standard[] = {"echo", NULL};
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "0rtn:I:")) != 0) {
        switch (option) {
        case '0': zero = true; break;
        case 'r': only_with_words = true; break;
        case 't': traces = true; break;
        case 'I': replaced = tool_arg; break;
        default: most = (unsigned long)tool_number(tool_arg); break;
        }
    }
    if (most < 1 || (replaced != NULL && *replaced == '\0'))
        tool_usage();
    most = most < WORDS_MAX ? most : WORDS_MAX;
    fixed = tool_at < argc ? argv + tool_at : standard;
    words = taken(calloc(WORDS_MAX + 1, sizeof *words));
    bool any = false;
    for (char *word; (word = next_word()) != NULL; any = true) {
        if (replaced != NULL)
            run_for(word);
        else
            add(word);
    }
    if (replaced == NULL && (words_n > 0 || (!any && !only_with_words)))
        flush_words();
    return tool_end(worst);
}
