/* SPDX-License-Identifier: MIT
 * Runs a command in a limited tree: the command and all its descendants together stay within the limits given
 * (docs/quotas.md). Without arguments it shows the limits that hold for it.
 */
#include <ipc/procmgr.h>
#include <pagoda/system.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK (~0UL)
#define CANNOT_RUN 126
#define USAGE 2

static const char *const names[PROC_TREE_LIMITS] = {[PROC_TREE_PROCESSES] = "processes", [PROC_TREE_THREADS] = "threads",
                                                    [PROC_TREE_FRAMES] = "frames", [PROC_TREE_OBJECTS] = "objects"};

static int usage(FILE *to)
{
    fputs("usage: limit NAME=N... COMMAND [ARGUMENT...]   run it so that it and all its descendants together have no more\n"
          "       limit                                   show what holds here\n"
          "       limit --kill PID                        end all of the tree that process PID began, orphans too\n"
          "names: processes, threads, frames (of 4 KiB, everything), objects (of the kernel)\n"
          "A limit can be lowered further inside, never raised.\n",
          to);
    return to == stdout ? 0 : USAGE;
}

static int show(void)
{
    for (unsigned which = 1; which < PROC_TREE_LIMITS; which++) {
        struct ipc_msg m = {.w = {PROC_TREE, which, ASK}};
        err_t err = proc_call(H_PROC, &m);
        if (err != OK) {
            fprintf(stderr, "limit: %s: %s\n", names[which], error_text(err));
            return 1;
        }
        if (m.w[3] == 0 || m.w[1] == 0)
            printf("%-10s no limit\n", names[which]);
        else
            printf("%-10s %8lu of %lu, since process %lu\n", names[which], (unsigned long)m.w[2], (unsigned long)m.w[1],
                   (unsigned long)m.w[3]);
    }
    return 0;
}

/* A number; false: it is none, or too great to be a limit (the greatest asks procmgr what holds). */
static bool number(const char *text, unsigned long *n)
{
    char *end;
    *n = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *n < UINT32_MAX;
}

/* NAME=N; 0: it is something else, -1: it is not right. */
static int limit_one(const char *word)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL)
        return 0;
    for (unsigned which = 1; which < PROC_TREE_LIMITS; which++) {
        if (strlen(names[which]) != (size_t)(equals - word) || strncmp(word, names[which], (size_t)(equals - word)) != 0)
            continue;
        unsigned long n;
        bool is_number = number(equals + 1, &n);
        struct ipc_msg m = {.w = {PROC_TREE, which, n}};
        err_t err = is_number ? proc_call(H_PROC, &m) : ERR_INVAL;
        if (err == OK)
            return 1;
        fprintf(stderr, "limit: %s: %s\n", word, error_text(err));
        return -1;
    }
    fprintf(stderr, "limit: %s: there is no such limit (processes, threads, frames, objects)\n", word);
    return -1;
}

static int kill_tree(const char *pid)
{
    unsigned long n;
    bool is_number = number(pid, &n);
    struct ipc_msg m = {.w = {PROC_TREE_KILL, n, SIGKILL}};
    err_t err = is_number ? proc_call(H_PROC, &m) : ERR_NOENT;
    if (err == OK)
        printf("%lu processes ended\n", (unsigned long)m.w[1]);
    else
        fprintf(stderr, "limit: %s: %s\n", pid, err == ERR_NOENT ? "it began no limited tree" : error_text(err));
    return err != OK;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return show();
    if (argc == 3 && strcmp(argv[1], "--kill") == 0)
        return kill_tree(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    int i = 1;
    for (int set; i < argc && (set = limit_one(argv[i])) != 0; i++)
        if (set < 0)
            return USAGE;
    if (i == argc)
        return usage(stderr);
    execvp(argv[i], &argv[i]);
    fprintf(stderr, "limit: %s: %s\n", argv[i], strerror(errno));
    return CANNOT_RUN;
}
