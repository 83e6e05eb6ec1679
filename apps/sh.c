/* SPDX-License-Identifier: MIT
 * The shell: words and quotes, `;` `&&` `||` `&`, $? and $NAME, a few builtins. Programs are spawned, so the shell
 * works when there is no memory for a copy of it. It knows no files, so no pipes and no redirection.
 *
 *   line → tokens (spans of the line) → lists, split at ; and & → commands, split at && and || → words, expanded late
 */
#include <ctype.h>
#include <errno.h>
#include <pagoda/spawn.h>
#include <ipc/console.h>
#include <ipc/procmgr.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKENS_MAX 1024
#define WORDS_MAX 256
#define ARENA_BYTES 16384u
#define LINE_BYTES 2048
#define JOBS_MAX 32
#define SIGNAL_BASE 128
#define STATUS_SYNTAX 2
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND 127
#define PROMPT "pagoda$ "
#define BACKGROUND_MARK "SH_BACKGROUND" /* in the environment of what runs with &: it leaves ^C to others */

enum token_kind { T_WORD, T_AND, T_OR, T_SEMI, T_AMP, T_END };
struct token {
    enum token_kind kind;
    const char *start;
    size_t len;
};
struct job {
    pid_t pid; /* 0: free */
    char text[48];
};

static struct token tokens[TOKENS_MAX + 1];
static char arena[ARENA_BYTES];
static size_t arena_used;
static struct job jobs[JOBS_MAX];
static int last_status;
static pid_t shell_pid; /* $$: also in copies of the shell */
static bool interactive, background_self, leaving, interrupted;

static int complain(int status, const char *what, const char *why)
{
    fprintf(stderr, "sh: %s: %s\n", what, why);
    return status;
}

/* ---- tokens ---- */

/* Length of the word at s, quotes included; 0 when a quote is not closed. */
static size_t word_len(const char *s)
{
    size_t n = 0;
    while (s[n] != '\0' && !isspace((unsigned char)s[n]) && strchr(";&|<>()", s[n]) == NULL) {
        if (s[n] == '\\' && s[n + 1] != '\0') {
            n += 2;
        } else if (s[n] == '\'' || s[n] == '"') {
            char quote = s[n++];
            for (; s[n] != quote; n++) {
                if (s[n] == '\\' && quote == '"' && s[n + 1] != '\0')
                    n++;
                if (s[n] == '\0')
                    return 0;
            }
            n++;
        } else {
            n++;
        }
    }
    return n;
}

/* Reads the token at s into *t; NULL on success, else what is wrong. */
static const char *token_read(const char *s, struct token *t)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } operators[] = {{"&&", T_AND}, {"||", T_OR}, {";", T_SEMI}, {"\n", T_SEMI}, {"&", T_AMP}};
    t->start = s;
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        t->len = strlen(operators[i].text);
        t->kind = operators[i].kind;
        if (strncmp(s, operators[i].text, t->len) == 0)
            return NULL;
    }
    if (strchr("|<>", *s) != NULL)
        return "there are no pipes and no files to redirect to";
    if (strchr("()", *s) != NULL)
        return "parentheses are not understood";
    t->kind = T_WORD;
    t->len = word_len(s);
    return t->len > 0 ? NULL : "a quote is not closed";
}

static const char *line_tokens(const char *s)
{
    int n = 0;
    for (;;) { /* bound: the line's length */
        while (*s == ' ' || *s == '\t' || *s == '\r')
            s++;
        if (*s == '#')
            s += strcspn(s, "\n");
        if (*s == '\0')
            break;
        if (n == TOKENS_MAX)
            return "the line is too long";
        const char *wrong = token_read(s, &tokens[n]);
        if (wrong != NULL)
            return wrong;
        s += tokens[n++].len;
    }
    tokens[n] = (struct token){.kind = T_END};
    return NULL;
}

/* Every && and || joins two commands; ; and & end one, or (;) nothing. */
static bool grammar_holds(void)
{
    for (int i = 0;; i++) { /* bound: T_END */
        enum token_kind before = i > 0 ? tokens[i - 1].kind : T_SEMI, here = tokens[i].kind;
        bool need_word = here == T_AND || here == T_OR || here == T_AMP;
        bool word_due = before == T_AND || before == T_OR;
        if ((need_word && before != T_WORD) || (word_due && here != T_WORD))
            return false;
        if (here == T_END)
            return true;
    }
}

/* ---- words ---- */

static void arena_add(char c)
{
    if (arena_used < ARENA_BYTES)
        arena[arena_used++] = c;
}

static void arena_add_text(const char *s)
{
    while (s != NULL && *s != '\0')
        arena_add(*s++);
}

/* Expands the name after a `$` at s into the arena; returns how many characters it took, `$` included. */
static size_t expand_variable(const char *s, const char *end)
{
    char name[64], number[16];
    size_t n = 1;
    if (s + 1 < end && (s[1] == '?' || s[1] == '$')) {
        snprintf(number, sizeof number, "%d", s[1] == '?' ? last_status : (int)shell_pid);
        arena_add_text(number);
        return 2;
    }
    while (s + n < end && n < sizeof name && (isalnum((unsigned char)s[n]) || s[n] == '_'))
        n++;
    if (n == 1) {
        arena_add('$');
        return 1;
    }
    memcpy(name, s + 1, n - 1);
    name[n - 1] = '\0';
    arena_add_text(getenv(name));
    return n;
}

/* The word a token stands for, in the arena; NULL when it vanishes (an unset variable, unquoted) or does not fit. */
static char *expand(const struct token *t)
{
    size_t begin = arena_used;
    bool quoted = false;
    char quote = '\0';
    const char *s = t->start, *end = s + t->len;
    while (s < end) {
        if (quote == '\0' && (*s == '\'' || *s == '"')) {
            quote = *s++;
            quoted = true;
        } else if (quote != '\0' && *s == quote) {
            quote = '\0';
            s++;
        } else if (*s == '$' && quote != '\'') {
            s += expand_variable(s, end);
        } else {
            bool escape = *s == '\\' && s + 1 < end && (quote == '\0' || (quote == '"' && strchr("\"\\$", s[1]) != NULL));
            s += escape;
            arena_add(*s++);
        }
    }
    if (arena_used == begin && !quoted)
        return NULL;
    arena_add('\0');
    return arena_used < ARENA_BYTES ? arena + begin : NULL;
}

/* ---- jobs ---- */

static struct job *job_find(pid_t pid)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid == pid)
            return &jobs[i];
    return NULL;
}

static void job_add(pid_t pid, const struct token *first, const struct token *last)
{
    struct job *j = job_find(0);
    if (j == NULL)
        return; /* it runs, only unnamed */
    size_t len = (size_t)(last->start + last->len - first->start);
    j->pid = pid;
    snprintf(j->text, sizeof j->text, "%.*s", (int)len, first->start);
    if (interactive)
        printf("[%d] %s\n", (int)pid, j->text);
}

static int status_of(int word)
{
    return WIFSIGNALED(word) ? SIGNAL_BASE + WTERMSIG(word) : WEXITSTATUS(word);
}

static void job_ended(pid_t pid, int word)
{
    struct job *j = job_find(pid);
    if (j == NULL)
        return;
    if (interactive)
        printf("[%d] ended with %d: %s\n", (int)pid, status_of(word), j->text);
    j->pid = 0;
}

static void jobs_reap(int options)
{
    int word;
    for (pid_t pid; (pid = waitpid(-1, &word, options)) > 0;)
        job_ended(pid, word);
}

/* ---- programs ---- */

/* Whom ^C kills. A shell that runs a line is itself stoppable between programs; one that prompts is not. */
static void foreground(pid_t pid)
{
    if (background_self)
        return;
    uint64_t who = pid != 0 ? (uint64_t)pid : interactive ? 0 : (uint64_t)getpid();
    struct ipc_msg m = {.w = {PROC_FOREGROUND, who}};
    (void)proc_call(H_PROC, &m);
}

static int wait_foreground(pid_t pid)
{
    int word = 0;
    foreground(pid);
    while (waitpid(pid, &word, 0) < 0) /* bound: EINTR only while signals arrive */
        if (errno != EINTR)
            return STATUS_CANNOT_RUN;
    foreground(0);
    interrupted = WIFSIGNALED(word) && WTERMSIG(word) == SIGINT;
    if (interactive && WIFSIGNALED(word) && (WTERMSIG(word) == SIGKILL || WTERMSIG(word) == SIGTERM))
        fprintf(stderr, "sh: killed by signal %d\n", WTERMSIG(word));
    return status_of(word);
}

/* Start words[]; its pid in *pid, or a message and the status to go on with. */
static int program_start(char **words, unsigned flags, pid_t *pid)
{
    if ((flags & SPAWN_BACKGROUND) != 0)
        (void)setenv(BACKGROUND_MARK, "1", 1);
    int error = spawn_program(words[0], words, environ, flags, pid);
    if (!background_self)
        (void)unsetenv(BACKGROUND_MARK);
    if (error == 0)
        return 0;
    if (error == ENOENT)
        return complain(STATUS_NOT_FOUND, words[0], "there is no such program (try: help)");
    return complain(STATUS_CANNOT_RUN, words[0], strerror(error));
}

/* ---- builtins ---- */

static int builtin_exit(char **words)
{
    leaving = true;
    return words[1] != NULL ? atoi(words[1]) & 0xff : last_status;
}

/* Waits in the foreground, so ^C ends what is waited for, and the wait with it. */
static int job_wait(pid_t pid)
{
    int word = 0;
    foreground(pid);
    pid_t got = waitpid(pid, &word, 0);
    foreground(0);
    if (got != pid)
        return STATUS_NOT_FOUND;
    job_ended(pid, word);
    return status_of(word);
}

static int builtin_wait(char **words)
{
    if (words[1] != NULL) {
        pid_t pid = (pid_t)atoi(words[1]);
        int status = pid > 0 ? job_wait(pid) : STATUS_NOT_FOUND;
        return status == STATUS_NOT_FOUND ? complain(status, words[1], "not a child of this shell") : status;
    }
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid != 0 && job_wait(jobs[i].pid) == STATUS_NOT_FOUND)
            jobs[i].pid = 0;
    jobs_reap(0); /* those that found no place in the table */
    return 0;
}

static int builtin_jobs(char **words)
{
    (void)words;
    jobs_reap(WNOHANG);
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid != 0)
            printf("[%d] %s\n", (int)jobs[i].pid, jobs[i].text);
    return 0;
}

static int builtin_cd(char **words)
{
    (void)words;
    return complain(1, "cd", "there are no directories here: programs are found by name");
}

static int builtin_kill(char **words)
{
    int sig = SIGTERM, status = 0;
    words++;
    if (*words != NULL && **words == '-')
        sig = atoi(*words++ + 1);
    if (*words == NULL)
        return complain(STATUS_SYNTAX, "kill", "usage: kill [-SIGNAL] PID...");
    for (; *words != NULL; words++)
        if (kill((pid_t)atoi(*words), sig) != 0)
            status = complain(1, *words, strerror(errno));
    return status;
}

static int builtin_help(char **words);

static const struct builtin {
    const char *name;
    int (*run)(char **words);
    const char *what;
} builtins[] = {
    {"help", builtin_help, "this list"},
    {"exit", builtin_exit, "[STATUS]  leave the shell; the first shell's end turns the machine off (so does ^D)"},
    {"jobs", builtin_jobs, "programs started with &"},
    {"wait", builtin_wait, "[PID]  wait for them, or for one"},
    {"kill", builtin_kill, "[-SIGNAL] PID...  end a process"},
    {"cd", builtin_cd, "(there are no directories)"},
};

static int builtin_help(char **words)
{
    (void)words;
    puts("Try first:\n"
         "  forkdemo            watch store faults travel app > kernel > pager > kernel > app\n"
         "  ps; free            who runs, and where the memory is\n"
         "  cowmap $$           which pages of this shell are shared, and with whom\n"
         "  pagerctl kill; ps   kill the pager; init restarts it and nobody loses a page\n"
         "\nPrograms (each has --help):\n"
         "  forkdemo  ps  free  faults  cowmap PID  vmcheck  pagerctl  bench  sh\n"
         "  limit  echo  true  false  sleep  kill  poweroff, and what EXTRA_APPS brought along\n"
         "\nBuilt in:");
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        printf("  %-6s %s\n", builtins[i].name, builtins[i].what);
    puts("\nLines: a; b   a && b   a || b   a &   'quotes' \"and $NAME\" $? # comment   NAME=value\n"
         "Keys:  backspace, ^W word, ^U line, ^C kill the program in the foreground, ^D end");
    return 0;
}

/* NAME=value alone on the line. */
static bool assignment(char **words)
{
    char *equals = strchr(words[0], '=');
    if (words[1] != NULL || equals == NULL || equals == words[0])
        return false;
    for (char *c = words[0]; c < equals; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            return false;
    *equals = '\0';
    last_status = setenv(words[0], equals + 1, 1) == 0 ? 0 : 1;
    return true;
}

/* ---- running ---- */

/* The words of tokens [from, to), null-terminated; how many, or -1 with a message. */
static int words_of(int from, int to, char **words)
{
    int n = 0;
    arena_used = 0;
    for (int i = from; i < to; i++) {
        char *word = expand(&tokens[i]);
        if (arena_used >= ARENA_BYTES || n == WORDS_MAX) {
            complain(0, "syntax", "the command is too long");
            return -1;
        }
        if (word != NULL)
            words[n++] = word;
    }
    words[n] = NULL;
    return n;
}

static void run_command(int from, int to, bool background)
{
    char *words[WORDS_MAX + 1];
    pid_t pid = 0;
    int n = words_of(from, to, words);
    if (n < 0)
        last_status = STATUS_SYNTAX;
    if (n <= 0 || assignment(words))
        return;
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0] && !background; i++) {
        if (strcmp(words[0], builtins[i].name) == 0) {
            last_status = builtins[i].run(words);
            return;
        }
    }
    fflush(stdout);
    last_status = program_start(words, background ? SPAWN_BACKGROUND : 0, &pid);
    if (pid == 0)
        return;
    if (background)
        job_add(pid, &tokens[from], &tokens[to - 1]);
    else
        last_status = wait_foreground(pid);
}

/* Commands joined by && and ||, tokens [from, to). */
static void run_list(int from, int to)
{
    enum token_kind joint = T_SEMI;
    while (from < to && !leaving && !interrupted) {
        int end = from;
        while (end < to && tokens[end].kind == T_WORD)
            end++;
        if (joint == T_SEMI || (joint == T_AND) == (last_status == 0))
            run_command(from, end, false);
        joint = tokens[end].kind;
        from = end + 1;
    }
}

/* `a && b &`: a copy of the shell runs the list. */
static void run_list_background(int from, int to)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        interactive = false;
        background_self = true;
        memset(jobs, 0, sizeof jobs);
        run_list(from, to);
        exit(last_status);
    }
    if (pid < 0)
        last_status = complain(STATUS_CANNOT_RUN, "fork", strerror(errno));
    else
        job_add(pid, &tokens[from], &tokens[to - 1]);
}

static void run_line(const char *text)
{
    const char *wrong = line_tokens(text);
    if (wrong == NULL && !grammar_holds())
        wrong = "a command is missing beside an operator";
    if (wrong != NULL) {
        last_status = complain(STATUS_SYNTAX, "syntax", wrong);
        return;
    }
    interrupted = false;
    for (int from = 0, to; tokens[from].kind != T_END && !leaving && !interrupted; from = to + (tokens[to].kind != T_END)) {
        bool joined = false;
        for (to = from; tokens[to].kind == T_WORD || tokens[to].kind == T_AND || tokens[to].kind == T_OR; to++)
            joined = joined || tokens[to].kind != T_WORD;
        if (tokens[to].kind != T_AMP)
            run_list(from, to);
        else if (joined)
            run_list_background(from, to);
        else
            run_command(from, to, true);
    }
}

/* ---- lines ---- */

/* One line from the console; false at the end of input. ^C gives an empty one. */
static bool line_read(char *line, size_t size)
{
    size_t n = 0;
    while (n + 1 < size) {
        ssize_t got = read(STDIN_FILENO, line + n, size - 1 - n);
        if (got < 0 && errno == EINTR) {
            n = 0;
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

static void prompt_loop(void)
{
    static char line[LINE_BYTES];
    interactive = true;
    while (!leaving) { /* forever: until exit or ^D */
        struct ipc_msg m = {.w = {CONSOLE_MODE, CONSOLE_LINE}}; /* a program may have died in raw mode */
        (void)ipc_call(H_CONSOLE, &m);
        foreground(0); /* whoever started this shell made it the one that ^C kills */
        jobs_reap(WNOHANG);
        fputs(PROMPT, stdout);
        fflush(stdout);
        if (!line_read(line, sizeof line)) {
            putchar('\n');
            break;
        }
        run_line(line);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    shell_pid = getpid();
    background_self = getenv(BACKGROUND_MARK) != NULL;
    if (argc == 1) {
        puts("Type `help` for what there is, `forkdemo` to watch page faults leave the kernel.");
        prompt_loop();
    } else if (argc == 3 && strcmp(argv[1], "-c") == 0) {
        run_line(argv[2]);
    } else {
        bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: sh [-c LINE]\nRuns LINE, or lines from the console. `help` inside says what there is.\n",
              asked ? stdout : stderr);
        return asked ? 0 : STATUS_SYNTAX;
    }
    return last_status;
}
