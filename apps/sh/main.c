/* SPDX-License-Identifier: MIT
 * Where lines come from: the console, a script, -c, or whatever 0 is.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/console.h>
#include <ipc/ipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES 2048
#define TEXT_BYTES (64 * LINE_BYTES) /* of a command that goes over many lines */
#define SCRIPT_MAX (1u << 20)
#define PROMPT "pagoda$ "
#define PROMPT_MORE "> "

/* One line from the console; false at the end of input. ^C gives an empty one, with *dropped. */
static bool line_read(char *line, size_t size, bool *dropped)
{
    size_t n = 0;
    *dropped = false;
    while (n + 1 < size) {
        ssize_t got = read(STDIN_FILENO, line + n, size - 1 - n);
        if (got < 0 && errno == EINTR) {
            n = 0;
            *dropped = true;
            break;
        }
        if (got <= 0 && n == 0)
            return false;
        if (got <= 0)
            break;
        n += (size_t)got;
        if (line[n - 1] == '\n')
            break;
    }
    line[n] = '\0';
    return true;
}

/* Whether more lines would make sense of the text, looking at its last command. */
static bool is_open(const char *text)
{
    const char *wrong = NULL;
    bool open = false;
    struct arena_mark mark = arena_mark();
    while (*text != '\0' && wrong == NULL)
        (void)parse(&text, &wrong, &open);
    arena_release(mark);
    return wrong != NULL && open;
}

static void prompt(const char *text)
{
    struct ipc_msg m = {.w = {CONSOLE_MODE, CONSOLE_LINE}}; /* a program may have died in raw mode */
    (void)ipc_call(H_CONSOLE, &m);
    foreground(0); /* whoever started this shell made it the one that ^C kills */
    jobs_reap(WNOHANG);
    fputs(text, stdout);
    fflush(stdout);
}

static void prompt_loop(void)
{
    static char text[TEXT_BYTES];
    size_t n = 0;
    interactive = true;
    while (!leaving) { /* forever: until exit or ^D */
        bool dropped;
        prompt(n == 0 ? PROMPT : PROMPT_MORE);
        if (!line_read(text + n, sizeof text - n < LINE_BYTES ? sizeof text - n : LINE_BYTES, &dropped)) {
            putchar('\n');
            break;
        }
        n += strlen(text + n);
        if (dropped)
            n = 0;
        if (dropped || (is_open(text) && n + 1 < sizeof text))
            continue;
        n = 0;
        interrupted = false;
        (void)run_text(text, "syntax");
        fflush(stdout);
    }
}

static char *script_read(int fd, const char *name)
{
    size_t n = 0, room = 4096;
    char *text = malloc(room + 1);
    for (ssize_t got; text != NULL && (got = read(fd, text + n, room - n)) != 0;) {
        if (got < 0) {
            complain(0, name, strerror(errno));
            exit(STATUS_CANNOT_RUN);
        }
        n += (size_t)got;
        if (n == room && room < SCRIPT_MAX) {
            room *= 2;
            text = realloc(text, room + 1);
        } else if (n == room) {
            break;
        }
    }
    if (text == NULL || n >= SCRIPT_MAX) {
        complain(0, name, text == NULL ? "no memory" : "the script is too long");
        exit(STATUS_CANNOT_RUN);
    }
    text[n] = '\0';
    return text;
}

static int run_script(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return complain(STATUS_NOT_FOUND, path, strerror(errno));
    char *text = script_read(fd, path);
    (void)close(fd);
    return run_text(text, path);
}

static int usage(bool asked)
{
    fputs("usage: sh [-c LINE [NAME [WORD...]] | FILE [WORD...]]\n"
          "Runs LINE, a script, or lines from its input. `help` inside says what there is.\n", asked ? stdout : stderr);
    return asked ? 0 : STATUS_SYNTAX;
}

int main(int argc, char **argv)
{
    shell_pid = getpid();
    background_self = getenv(BACKGROUND_MARK) != NULL;
    parameters = argv;
    parameters_n = 0;
    if (argc == 1 && isatty(STDIN_FILENO)) {
        puts("Type `help` for what there is, `forkdemo` to watch page faults leave the kernel.");
        prompt_loop();
    } else if (argc == 1) {
        (void)run_text(script_read(STDIN_FILENO, "input"), "input");
    } else if (strcmp(argv[1], "--help") == 0) {
        return usage(true);
    } else if (strcmp(argv[1], "-c") == 0 && argc >= 3) {
        parameters = argc > 3 ? argv + 3 : argv;
        parameters_n = argc > 4 ? argc - 4 : 0;
        (void)run_text(argv[2], "syntax");
    } else if (argv[1][0] == '-') {
        return usage(false);
    } else {
        parameters = argv + 1;
        parameters_n = argc - 2;
        last_status = run_script(argv[1]);
    }
    return last_status;
}
