/* SPDX-License-Identifier: MIT
 * Traps: what runs when a signal came, or when the shell ends (as signal 0). A handler only notes the signal; the command runs
 * between two commands.
 */
#include "sh.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNALS_MAX 32
#define ON_EXIT 0

static char *command[SIGNALS_MAX]; /* 0: none; empty: ignored */
static volatile sig_atomic_t came[SIGNALS_MAX], any_came;

static const struct {
    const char *name;
    int number;
} names[] = {{"EXIT", ON_EXIT}, {"HUP", SIGHUP}, {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"ILL", SIGILL}, {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},
             {"BUS", SIGBUS}, {"FPE", SIGFPE}, {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV}, {"USR2", SIGUSR2}, {"PIPE", SIGPIPE},
             {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"CHLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},
             {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}};

const char *signal_name(int number)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

int signal_number(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (isdigit((unsigned char)*text) && *end == '\0')
        return n < SIGNALS_MAX ? (int)n : -1;
    text += strncmp(text, "SIG", 3) == 0 ? 3 : 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i].name) == 0)
            return names[i].number;
    return -1;
}

/* Calls that wait end when one comes, so that `wait` and `read` do. */
void signal_catch(int number, void (*handler)(int))
{
    struct sigaction act = {.sa_handler = handler};
    (void)sigaction(number, &act, NULL);
}

int trap_came(void)
{
    for (int i = 1; any_came && i < SIGNALS_MAX; i++)
        if (came[i] && command[i] != NULL)
            return i;
    return 0;
}

static void note(int number)
{
    came[number] = 1;
    any_came = 1;
}

/* The command runs with the status of before, and leaves it. */
static void run_command(const char *text)
{
    int status = last_status, was_tested = tested;
    char *copy = arena_text(text, strlen(text));
    tested = 0;
    (void)run_text(copy, "trap", line_now);
    tested = was_tested;
    if (!leaving)
        last_status = status;
}

void traps_run(void)
{
    static bool running;
    if (!any_came || running || leaving)
        return;
    running = true;
    any_came = 0;
    for (int i = 1; i < SIGNALS_MAX; i++) {
        if (!came[i])
            continue;
        came[i] = 0;
        if (command[i] != NULL && *command[i] != '\0')
            run_command(command[i]);
    }
    running = false;
}

void trap_exit(void)
{
    char *text = command[ON_EXIT];
    command[ON_EXIT] = NULL;
    if (text == NULL || *text == '\0')
        return;
    int status = last_status;
    leaving = returning = interrupted = false;
    breaking = 0;
    run_command(text);
    if (!leaving)
        last_status = status;
    free(text);
}

/* What is ignored stays so; commands are the shell's alone. */
void traps_forget(void)
{
    for (int i = 0; i < SIGNALS_MAX; i++) {
        if (command[i] == NULL || *command[i] == '\0')
            continue;
        if (i != ON_EXIT)
            signal_default(i);
        free(command[i]);
        command[i] = NULL;
    }
    any_came = 0;
}

static int set(const char *text, const char *which)
{
    int number = signal_number(which);
    if (number < 0)
        return complain(1, which, "not a signal");
    free(command[number]);
    command[number] = text != NULL ? keep_text(text) : NULL;
    if (text == NULL && number != ON_EXIT)
        signal_default(number);
    else if (number != ON_EXIT)
        signal_catch(number, *text == '\0' ? SIG_IGN : note);
    return 0;
}

static void list(void)
{
    for (int i = 0; i < SIGNALS_MAX; i++) {
        if (command[i] == NULL)
            continue;
        fputs("trap -- ", stdout);
        print_quoted(command[i]);
        printf(" %s\n", signal_name(i) != NULL ? signal_name(i) : "?");
    }
}

int builtin_trap(char **words)
{
    int status = 0;
    words++;
    if (*words != NULL && strcmp(*words, "--") == 0)
        words++;
    if (*words == NULL) {
        list();
        return 0;
    }
    const char *text = NULL;
    if (words[1] != NULL && !isdigit((unsigned char)**words)) {
        text = strcmp(*words, "-") == 0 ? NULL : *words;
        words++;
    }
    for (; *words != NULL; words++)
        status |= set(text, *words);
    return status;
}
