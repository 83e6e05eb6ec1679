/* SPDX-License-Identifier: MIT
 * What the files of the shell share. A subset of the POSIX shell: pipes, redirection, quotes, variables, command
 * substitution, arithmetic (arith.c), patterns, if, while, until, for, groups. No functions, no here-documents.
 *
 *   text → tokens (lex.c) → tree (parse.c) → words, expanded late (expand.c) → redirections, programs (run.c, command.c)
 */
#ifndef SH_SH_H
#define SH_SH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SIGNAL_BASE 128
#define STATUS_SYNTAX 2
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND 127
#define DEPTH_MAX 64     /* commands within commands */
#define SAVED_FD 10      /* descriptors below are the user's */
#define BACKGROUND_MARK "SH_BACKGROUND" /* in the environment of what runs with &: it leaves ^C to others */

/* ---- memory that lives as long as one command line (arena.c) ---- */
struct arena_mark {
    void *block;
    size_t used;
};
void *arena_new(size_t bytes); /* never 0: without memory the shell ends */
char *arena_text(const char *s, size_t len);
struct arena_mark arena_mark(void);
void arena_release(struct arena_mark mark);

/* ---- tokens (lex.c) ---- */
enum token_kind {
    T_WORD, T_AND, T_OR, T_SEMI, T_AMP, T_PIPE, T_NEWLINE, T_LEFT, T_RIGHT,
    T_LESS, T_GREAT, T_DGREAT, T_LESSGREAT, T_LESSAND, T_GREATAND, T_END
};
struct token {
    enum token_kind kind;
    const char *start;
    size_t len;
    int fd; /* redirections: the number before the sign, -1: none */
};
/* The token at *s, which moves behind it; 0, or what is wrong. *open: the text ends within it (a quote). */
const char *token_read(const char **s, struct token *t, bool *open);
size_t word_len(const char *s, bool *open);
size_t substitution_len(const char *s); /* of "$(...)" or "`...`" at s; 0: not closed */

/* ---- the tree (parse.c) ---- */
enum node_kind { N_SIMPLE, N_PIPE, N_NOT, N_AND, N_OR, N_SEQUENCE, N_BACKGROUND, N_IF, N_WHILE, N_UNTIL, N_FOR, N_GROUP, N_SUBSHELL };
struct word {
    const char *start;
    size_t len;
    struct word *next;
};
struct redirection {
    enum token_kind kind;
    int fd;
    struct word *word;
    struct redirection *next;
};
struct node {
    enum node_kind kind;
    struct node *first, *second, *third; /* if: condition, then, else; for: body in `second` */
    struct node *next;                   /* in a pipe or a sequence */
    struct word *words;                  /* simple; for: name, then words */
    bool has_in;                         /* for: words were given */
    struct redirection *redirections;
    const char *start;                   /* the text, for `jobs` */
    size_t len;
};
/* The next complete command of *text, which moves behind it; 0 at the end, or with *wrong set. *open: more lines may make it
 * right. */
struct node *parse(const char **text, const char **wrong, bool *open);

/* ---- words (expand.c) ---- */
struct fields {
    char **word; /* null-terminated */
    size_t n, room;
};
void fields_add(struct fields *f, char *word);
/* All that the word becomes: none, one, or many. */
void expand_word(const struct word *w, struct fields *out);
/* One text: no splitting, no patterns (assignments, redirections). */
char *expand_single(const char *start, size_t len);
/* Whether a word since the last time could not be expanded, which was complained of: its command must not run, and a shell that
 * is not interactive ends, as POSIX has it. */
bool expansion_failed(void);
/* The value of the text of $((...)), which is expanded already; 0, or what is wrong (arith.c). */
const char *arithmetic(const char *text, long long *value);
extern int last_status;
extern pid_t shell_pid;      /* $$, also in copies of the shell */
extern pid_t last_background; /* $! */
extern char **parameters;    /* $0, $1 ... */
extern int parameters_n;     /* $# */
const char *variable(const char *name);

/* ---- running (run.c) ---- */
extern bool interactive, background_self, leaving, interrupted;
extern int breaking; /* loops to leave, negative: to go on with the -n-th */
extern int loops;    /* around what runs */
int run(const struct node *n);
int run_text(const char *text, const char *name);
char *output_of(const char *text, size_t len); /* of a command substitution, its last newlines cut off */
int complain(int status, const char *what, const char *why);

/* ---- simple commands (command.c) ---- */
int run_simple(const struct node *n);
bool is_external(const struct node *n); /* a program, as far as can be seen without expanding */
/* Started and not waited for; 0 and *status when it did not start. */
pid_t start_simple(const struct node *n, unsigned flags, int *status);

/* ---- redirections (redirect.c) ---- */
#define SAVED_MAX 16
struct saved {
    int n;
    struct {
        int fd, copy; /* copy -1: it was closed */
    } at[SAVED_MAX];
};
/* 0, or a status, and then nothing is redirected. saved 0: for good. */
int redirect(const struct redirection *list, struct saved *saved);
bool redirect_fd(int from, int to, struct saved *saved);
void redirect_undo(struct saved *saved);

/* ---- jobs (jobs.c) ---- */
void foreground(pid_t pid);
int wait_foreground(pid_t pid);
void job_add(pid_t pid, const char *text, size_t len);
void jobs_reap(int options);
void jobs_forget(void);
int builtin_wait(char **words), builtin_jobs(char **words), builtin_kill(char **words);

/* ---- builtins (builtin.c, test.c) ---- */
struct builtin {
    const char *name;
    int (*run)(char **words);
    const char *what;
};
const struct builtin *builtin_find(const char *name);
int builtin_test(char **words);

#endif
