/* SPDX-License-Identifier: MIT
 * What the files of the shell share. The shell command language of POSIX; docs/shell.md says what is left out.
 *
 *   text → tokens (lex.c) → tree (parse.c, clause.c) → words, expanded late (expand.c) → redirections, programs (run.c, command.c)
 *
 * The tree's words point into the text, so the text of what runs stays where it is until it has run; a function is a copy
 * (function.c). Nothing here knows the machine but machine.c, so the shell is built and fuzzed on the host as well.
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

/* ---- memory that lives as long as one command (arena.c) ---- */
struct arena_block;
struct arena_mark {
    struct arena_block *block;
    size_t used;
};
void *arena_new(size_t bytes); /* zeroed; never 0: without memory the shell ends */
char *arena_text(const char *s, size_t len);
char *arena_joined(const char *a, const char *b, const char *c);
struct arena_mark arena_mark(void);
void arena_release(struct arena_mark mark);
/* What is taken from now on belongs to another arena, 0: an empty one. Returns the one before. */
struct arena_block *arena_switch(struct arena_block *to);
void arena_free(struct arena_block *arena);
/* malloc, realloc and strdup for what lives longer; never 0 either. */
void *keep(void *old, size_t bytes);
char *keep_text(const char *s);

/* ---- tokens (lex.c) ---- */
enum token_kind {
    T_WORD, T_AND, T_OR, T_SEMI, T_DSEMI, T_AMP, T_PIPE, T_NEWLINE, T_LEFT, T_RIGHT,
    T_LESS, T_GREAT, T_DGREAT, T_LESSGREAT, T_LESSAND, T_GREATAND, T_CLOBBER, T_HERE, T_HERE_TABS, T_END
};
struct token {
    enum token_kind kind;
    const char *start;
    size_t len;
    int fd; /* redirections: the number before the sign, -1: none */
};
/* The token at *s, which moves behind it; 0, or what is wrong. *open: the text ends within it (a quote). */
const char *token_read(const char **s, struct token *t, bool *open);
/* Of "$(...)", "${...}" or "`...`" at s; quote: '"' within double quotes, else 0. Returns 0: not closed. */
size_t dollar_len(const char *s, char quote);
/* What s begins with, as long as it is no plain character: its length, 1 for a plain one, 0: not closed. quote: as above. */
size_t piece_len(const char *s, char quote);
/* Whether "$((...))" at s, of so many characters, is arithmetic and not a command that begins with a parenthesis. */
bool is_arithmetic(const char *s, size_t len);
size_t name_len(const char *s); /* of the variable's name there, 0: none */

/* ---- the tree (parse.c, clause.c) ---- */
enum node_kind {
    N_SIMPLE, N_PIPE, N_NOT, N_AND, N_OR, N_SEQUENCE, N_BACKGROUND, N_IF, N_WHILE, N_UNTIL, N_FOR, N_CASE, N_ITEM, N_FUNCTION,
    N_GROUP, N_SUBSHELL
};
struct word {
    const char *start;
    size_t len;
    struct word *next;
};
struct redirection {
    enum token_kind kind;
    int fd;
    struct word *word; /* a file, a descriptor, or a here-document's end */
    const char *body;  /* of a here-document */
    size_t body_len;
    bool quoted;       /* nothing in it is expanded */
    struct redirection *next;
};
struct node {
    enum node_kind kind;
    bool has_in;                         /* for: words were given */
    unsigned line;
    struct node *first, *second, *third; /* if: condition, then, else; for: body in `second`; case: items from `first` on */
    struct node *next;                   /* in a pipe, a sequence, a case */
    struct word *words;                  /* simple; for: name, then words; case: the text; item: patterns; function: its name */
    struct redirection *redirections;
    const char *start;                   /* the text, for `jobs`; its length is 0 where it has none in one piece */
    size_t len;
};
struct source {
    const char *text; /* not read yet */
    unsigned line;    /* the number of its first line */
    const char *wrong;
    bool open;        /* more lines may make it right */
};
/* The next complete command; 0 at the end, at an empty line, or with ->wrong set. */
struct node *parse(struct source *from);
/* Characters up to and with the parenthesis that ends the commands at s; 0, and *wrong. */
size_t substitution_len(const char *s, const char **wrong);
struct node *tree_copy(const struct node *n); /* with its texts (function.c) */

/* ---- variables (variable.c) ---- */
enum variable_flag { VAR_EXPORTED = 1, VAR_READONLY = 2 };
struct variable {
    char *name, *value; /* value 0: unset, but with a flag */
    unsigned flags;
    struct variable *next;
};
void variables_start(char **environment);
const char *variable_get(const char *name); /* of that name, 0: unset */
bool variable_set(const char *name, const char *value); /* false, with a message: it is readonly */
bool variable_flag(const char *name, unsigned flags);
bool variable_unset(const char *name);
char **variables_environment(void); /* of the exported ones, and what environ points to */
/* All, in order of their names, in the arena; *n of them. */
struct variable **variables_sorted(size_t *n);
/* What they were before a function or a program with assignments of its own: noted, and put back. */
struct variable_saved {
    char *name, *value;
    unsigned flags;
    struct variable_saved *before;
};
void variable_save(struct variable_saved **list, const char *name);
void variables_restore(struct variable_saved **list);
void print_quoted(const char *text); /* as the shell would read it again */

/* ---- parameters and options (parameter.c, option.c, getopts.c) ---- */
extern const char *shell_name;       /* $0 */
extern char **parameters;            /* $1 is parameters[0] */
extern int parameters_n;             /* $# */
extern int last_status;
extern pid_t shell_pid;              /* $$, also in copies of the shell */
extern pid_t last_background;        /* $! */
void parameters_set(char **words);   /* copies them */
/* Value of a name, a number or one of ?$#!-; 0: unset. */
const char *parameter(const char *name);
bool option(char letter);
const char *option_letters(void); /* of those that are on */
/* Options from words on; returns the first word that is none, 0 with a message. */
char **options_take(char **words);
int builtin_set(char **words), builtin_shift(char **words), builtin_getopts(char **words);

/* ---- words (expand.c, field.c, braces.c) ---- */
struct fields {
    char **word; /* null-terminated */
    size_t n, room;
};
void fields_add(struct fields *f, char *word);
/* All that the word becomes: none, one, or many. */
void expand_word(const struct word *w, struct fields *out);
/* One text: no splitting, no patterns. */
char *expand_single(const char *start, size_t len);
char *expand_assigned(const char *start, size_t len); /* with ~ behind colons, too */
char *expand_pattern(const char *start, size_t len);  /* what was quoted is masked by backslashes */
char *expand_here(const char *start, size_t len);
/* Whether a word since the last time could not be expanded, which was complained of: its command must not run, and a shell that
 * is not interactive ends, as POSIX has it. */
bool expansion_failed(void);
void expansion_fail(const char *what, const char *why);
/* Of commands. REFUSE: a word that wants one can't be expanded, and from then on it is REFUSED. */
extern enum substitution { ALLOW, REFUSE, REFUSED } substitution;
/* The value of the text of $((...)), which is expanded already; 0, or what is wrong (arith.c). */
const char *arithmetic(const char *text, long long *value);
/* Patterns (pattern.c): * ? [...] and \ before what stands for itself. */
bool pattern_matches(const char *pattern, const char *text);
/* As far as `len` characters of text. */
bool pattern_matches_part(const char *pattern, const char *text, size_t len);

/* ---- running (run.c) ---- */
extern bool interactive, leaving, returning;
extern volatile bool interrupted; /* by ^C: all of the line ends */
extern bool forgiving; /* `command` runs a special builtin, whose errors are like any other's */
void error_ends(void); /* an error that ends a shell that is not interactive */
extern int breaking;  /* loops to leave, negative: to go on with the -n-th */
extern int loops;     /* around what runs */
extern int tested;    /* conditions around it, which `set -e` leaves alone */
extern unsigned line_now;
extern const char *script_name; /* for messages, 0: a line that was typed */
bool stopped(void);
int run(const struct node *n);
/* All commands of a text; line: the number of its first. name: what a message about its form begins with. */
int run_text(const char *text, const char *name, unsigned line);
int complain(int status, const char *what, const char *why);

/* ---- copies of the shell (subshell.c) ---- */
enum copy_use { COPY_FOREGROUND, COPY_BACKGROUND, COPY_WITHIN }; /* within: what a substitution runs, no job of its own */
pid_t copy_shell(enum copy_use use);
_Noreturn void run_and_exit(const struct node *n);
_Noreturn void shell_exit(int status); /* after the trap for it */
int run_subshell(const struct node *n), run_background(const struct node *n), run_pipe(const struct node *n);
char *output_of(const char *text, size_t len); /* of a command substitution, its last newlines cut off */
extern unsigned substitutions; /* so many have been made */

/* ---- simple commands (command.c, program.c) ---- */
int run_simple(const struct node *n);
bool is_external(const struct node *n); /* a program, as far as can be seen without expanding */
/* Started and not waited for; 0 and *status when it did not start. */
pid_t start_simple(const struct node *n, enum copy_use use, int *status);
/* `command`: run words, functions left aside. */
int run_words_plain(char **words);
pid_t program_start(char **words, enum copy_use use, int *status);
void program_exec(char **words);          /* returns when it could not; last_status says why */
char *program_find(const char *name);     /* its path in the arena, 0: none */
char *script_find(const char *name);      /* for `.` */

/* ---- functions (function.c) ---- */
struct function;
void function_define(const struct node *n);
struct function *function_find(const char *name);
bool function_unset(const char *name);
int function_call(struct function *f, char **words);
int builtin_local(char **words);

/* ---- redirections (redirect.c, here.c) ---- */
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
int here_document(const struct redirection *r); /* a descriptor to read it from, -1 */

/* ---- traps (trap.c) ---- */
void traps_run(void);       /* of signals that came */
int trap_came(void);         /* a signal that came and has a command, 0: none */
void signal_catch(int number, void (*handler)(int)); /* SIG_DFL and SIG_IGN are fine, too */
void trap_exit(void);
void traps_forget(void);    /* in a copy of the shell */
int signal_number(const char *text); /* a number, or a name with or without SIG; -1: neither */
const char *signal_name(int number); /* without SIG, 0: none */
int builtin_trap(char **words);

/* ---- aliases (alias.c) ---- */
struct alias {
    char *name, *value;
    bool active; /* being read */
    struct alias *next;
};
struct alias *alias_find(const char *name, size_t len);
int builtin_alias(char **words), builtin_unalias(char **words);

/* ---- jobs (jobs.c, wait.c, control.c) ---- */
void jobs_start(void);
void jobs_look(void);       /* what ended or stopped meanwhile */
void jobs_prompt(void);     /* before one */
/* What is started from now on is one job: its group, for machine.c. Returns what was before, for job_resume(). */
pid_t job_begin(enum copy_use use);
void job_resume(pid_t before);
pid_t job_group(void);      /* to start in: -1 the shell's own, 0 a new one, or that one */
void job_started(pid_t pid);
int wait_foreground(pid_t pid, const struct node *of);
int wait_pipe(const pid_t *pids, int n, const struct node *of); /* the status of the last one */
void job_add(pid_t pid, const struct node *of);
void jobs_forget(enum copy_use use); /* in a copy of the shell */
void signal_default(int number); /* what the shell does with it when it has no trap */
int builtin_fc(char **words), builtin_ulimit(char **words), builtin_times(char **words);
int builtin_wait(char **words), builtin_jobs(char **words), builtin_kill(char **words), builtin_fg(char **words), builtin_bg(char **words);

/* ---- builtins (builtin.c and others) ---- */
enum builtin_kind { REGULAR, SPECIAL };
struct builtin {
    const char *name;
    int (*run)(char **words);
    enum builtin_kind kind;
    const char *what;
};
extern const struct builtin builtins[]; /* the last one has no name */
const struct builtin *builtin_find(const char *name);
int builtin_help(char **words);
int builtin_test(char **words), builtin_printf(char **words), builtin_echo(char **words), builtin_read(char **words);
int builtin_hash(char **words), builtin_cd(char **words), builtin_pwd(char **words), builtin_command(char **words), builtin_type(char **words);
int builtin_export(char **words), builtin_unset(char **words), builtin_dot(char **words), builtin_eval(char **words);
/* The number a word is, from 0 to most; -1 with a message. */
long word_number(const char *who, const char *word, long most);

/* ---- lines (main.c, edit.c, history.c, complete.c) ---- */
char *script_read(int fd, const char *name);
int words_print(const char *letters, const char *text); /* words.c: a status */

#endif
