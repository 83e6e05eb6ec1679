/* SPDX-License-Identifier: MIT
 * Where lines come from: the console, a script, -c, or whatever 0 is.
 */
#include "sh.h"

#include "edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROMPT "pagoda$ "
#define PROMPT_MORE "> "

/* ---- lines that are typed ---- */

/* Whether more lines would make sense of the text, looking at its last command. */
static bool is_open(const char *text)
{
    struct source from = {.text = text, .line = 1};
    struct arena_mark mark = arena_mark();
    do {
        (void)parse(&from);
    } while (*from.text != '\0' && from.wrong == NULL);
    arena_release(mark);
    return from.open;
}

static void prompt_loop(void)
{
    char *text = NULL;
    size_t n = 0;
    while (!leaving) { /* forever: until exit or ^D */
        bool dropped;
        struct arena_mark mark = arena_mark();
        const char *prompt = variable_get(n == 0 ? "PS1" : "PS2");
        jobs_prompt();
        char *line = edit_line(expand_single(prompt != NULL ? prompt : "", prompt != NULL ? strlen(prompt) : 0), &dropped);
        arena_release(mark);
        (void)expansion_failed();
        if (line == NULL) {
            putchar('\n');
            break;
        }
        size_t len = strlen(line);
        if (dropped)
            n = len = 0;
        text = keep(text, n + len + 1);
        memcpy(text + n, line, len);
        text[n += len] = '\0';
        if (dropped || is_open(text))
            continue;
        n = 0;
        interrupted = returning = false;
        (void)run_text(text, "syntax", 1);
        fflush(stdout);
    }
    free(text);
}

/* ---- scripts ---- */

char *script_read(int fd, const char *name)
{
    size_t n = 0, room = 4096;
    char *text = keep(NULL, room + 1);
    for (ssize_t got; (got = read(fd, text + n, room - n)) != 0;) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            (void)complain(0, name, strerror(errno));
            free(text);
            return NULL;
        }
        n += (size_t)got;
        if (n == room)
            text = keep(text, (room *= 2) + 1);
    }
    for (size_t i = n; i-- > 0;) /* a zero byte ends nothing */
        text[i] = text[i] != '\0' ? text[i] : ' ';
    text[n] = '\0';
    return text;
}

static int run_script(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return complain(STATUS_NOT_FOUND, path, strerror(errno));
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return complain(STATUS_CANNOT_RUN, path, strerror(EISDIR));
    char *text = script_read(fd, path);
    (void)close(fd);
    if (text == NULL)
        return STATUS_CANNOT_RUN;
    script_name = shell_name = path;
    return run_text(text, "syntax", 1);
}

/* From the input, line by line, since what it runs may read there, too. */
static int run_input(void)
{
    size_t n = 0, room = 256;
    char *text = keep(NULL, room), c;
    unsigned line = 1;
    for (ssize_t got = 1; got == 1 && !stopped();) {
        while ((got = read(STDIN_FILENO, &c, 1)) == 1 || (got < 0 && errno == EINTR)) {
            if (got == 1)
                text[n++] = c != '\0' ? c : ' ';
            if (n + 1 == room)
                text = keep(text, room *= 2);
            if (got == 1 && c == '\n')
                break;
        }
        text[n] = '\0';
        if (got == 1 && is_open(text))
            continue;
        (void)run_text(text, "syntax", line);
        for (size_t i = 0; i < n; i++)
            line += text[i] == '\n';
        n = 0;
    }
    free(text);
    return last_status;
}

/* ---- the beginning ---- */

static int usage(bool asked)
{
    fputs("usage: sh [-aCefnuvx] [-o OPTION] [-i] [-s] [-c LINE [NAME [WORD...]] | FILE [WORD...]]\n"
          "Runs LINE, a script, or lines from its input. `help` inside says what there is.\n", asked ? stdout : stderr);
    return asked ? 0 : STATUS_SYNTAX;
}

static void set_default(const char *name, const char *value)
{
    if (variable_get(name) == NULL)
        (void)variable_set(name, value);
}

static void start(void)
{
    char number[24], now[4096];
    shell_pid = getpid();
    variables_start(environ);
    (void)variable_set("IFS", " \t\n");
    (void)variable_set("OPTIND", "1");
    set_default("PS1", PROMPT);
    set_default("PS2", PROMPT_MORE);
    set_default("PS4", "+ ");
    snprintf(number, sizeof number, "%ld", (long)getppid());
    (void)variable_set("PPID", number);
    const char *pwd = variable_get("PWD");
    if ((pwd == NULL || *pwd != '/') && getcwd(now, sizeof now) != NULL)
        (void)variable_set("PWD", now);
}

/* -c, -i and -s among the first words are for here; all other options for `set`. */
static char **letters_take(char **words, bool *line, bool *input, bool *prompts)
{
    for (; *words != NULL && **words == '-' && (*words)[1] != '\0' && strcmp(*words, "--") != 0; words++) {
        char *to = *words + 1;
        if ((*words)[1] == 'o')
            break;
        for (const char *s = *words + 1; *s != '\0'; s++) {
            *line = *line || *s == 'c';
            *input = *input || *s == 's';
            *prompts = *prompts || *s == 'i';
            if (strchr("cis", *s) == NULL)
                *to++ = *s;
        }
        *to = '\0';
        if (to > *words + 1 && options_take((char *[]){*words, NULL}) == NULL)
            return NULL;
    }
    if (*words != NULL && (words = options_take(words)) != NULL && *words != NULL && (strcmp(*words, "--") == 0 || strcmp(*words, "-") == 0))
        words++;
    return words;
}

static int run_line(char **words)
{
    if (*words == NULL)
        return usage(false);
    if (words[1] != NULL)
        shell_name = words[1];
    parameters_set(words[1] != NULL ? words + 2 : words + 1);
    return run_text(*words, "syntax", 1);
}

int main(int argc, char **argv)
{
    bool line = false, input = false, prompts = false;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(true);
    start();
    if (argc == 4 && strcmp(argv[1], "--words") == 0) {
        jobs_start();
        parameters_set(argv + argc);
        shell_exit(words_print(argv[2], argv[3]));
    }
    char **words = letters_take(argv + (argc > 0), &line, &input, &prompts);
    if (words == NULL)
        return usage(false);
    interactive = prompts || (!line && (*words == NULL || input) && isatty(STDIN_FILENO));
    jobs_start();
    if (line) {
        last_status = run_line(words);
    } else if (*words != NULL && !input) {
        parameters_set(words + 1);
        last_status = run_script(*words);
    } else {
        parameters_set(words);
        if (interactive) {
            puts("Type `help` for what there is, `forkdemo` to watch page faults leave the kernel.");
            prompt_loop();
        } else {
            (void)run_input();
        }
    }
    shell_exit(last_status);
}
