/* SPDX-License-Identifier: MIT
 * The ends of files.
 */
#include "tool.h"

#include <sys/stat.h>
#include <time.h>

static const char tool_name[] = "tail";
static const char tool_help[] = "usage: tail [-f] [-n LINES | -c BYTES | -LINES] [FILE...]\nPrints the last 10 lines, or as many as told; -n +N: from line N on; -c so many bytes;\n"
                                "-f: and what is added to the file, until it is stopped.\n";

#define LOOK_NS 200000000L /* how often -f looks */

static long most = 10;
static bool from_start, in_bytes, follows, titled;
static unsigned files;

/* The last bytes of what was read, as many as can be needed. */
static struct {
    char *at;
    size_t n, room;
} kept;

static void add(int c)
{
    if (kept.n == kept.room && (kept.at = realloc(kept.at, kept.room = kept.room > 0 ? 2 * kept.room : 4096)) == NULL)
        exit(tool_error("memory"));
    kept.at[kept.n++] = (char)c;
}

/* Where the last `most` lines or bytes begin. */
static size_t last_start(void)
{
    size_t at = kept.n;
    long left = most;
    if (in_bytes)
        return kept.n > (size_t)most ? kept.n - (size_t)most : 0;
    if (most == 0)
        return kept.n;
    while (at > 0) {
        if (kept.at[at - 1] == '\n' && at < kept.n && --left == 0)
            break;
        at--;
    }
    return at;
}

/* What cannot be among the last any more goes, so memory holds twice what is wanted and no more. */
static void shrink(void)
{
    size_t start = last_start();
    if (start < kept.n / 2 || kept.n < 65536)
        return;
    memmove(kept.at, kept.at + start, kept.n - start);
    kept.n -= start;
}

static void copy_from_start(FILE *in)
{
    long n = 1;
    for (int c; (c = getc(in)) != EOF;) {
        if (n >= most)
            putchar(c);
        n += in_bytes || c == '\n';
    }
}

static void follow(FILE *in)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};
    for (;;) { /* forever: until it is stopped */
        struct stat st;
        fflush(stdout);
        (void)nanosleep(&pause, NULL);
        clearerr(in);
        if (fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode) && st.st_size < ftell(in))
            rewind(in); /* it was made shorter: it begins anew */
        for (int c; (c = getc(in)) != EOF;)
            putchar(c);
        if (ferror(stdout))
            exit(tool_error("standard output"));
    }
}

static int last(FILE *in, const char *name)
{
    size_t since = 0;
    kept.n = 0;
    if (titled)
        printf("%s==> %s <==\n", files++ > 0 ? "\n" : "", strcmp(name, "-") == 0 ? "standard input" : name);
    if (from_start) {
        copy_from_start(in);
    } else {
        for (int c; (c = getc(in)) != EOF; since++) {
            add(c);
            if (since % 65536 == 65535)
                shrink();
        }
        size_t start = last_start();
        fwrite(kept.at + start, 1, kept.n - start, stdout);
    }
    if (follows && !ferror(in))
        follow(in);
    return 0;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    tool_count(argv);
    while ((option = tool_option(argv, "fn:c:")) != 0) {
        if (option == 'f') {
            follows = true;
            continue;
        }
        in_bytes = option == 'c';
        from_start = *tool_arg == '+';
        most = tool_number(tool_arg + (from_start || *tool_arg == '-'));
    }
    titled = argc - tool_at > 1;
    if (most < 0 || (follows && titled))
        tool_usage();
    return tool_end(tool_each(argv + tool_at, last));
}
