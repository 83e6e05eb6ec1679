/* SPDX-License-Identifier: MIT
 * Copies blocks.
 */
#include "tool.h"

static const char tool_name[] = "dd";
static const char tool_help[] = "usage: dd [if=FILE] [of=FILE] [bs=BYTES] [ibs=] [obs=] [count=BLOCKS] [skip=BLOCKS] [seek=BLOCKS] [conv=WORDS] [status=none]\n"
                                "Copies blocks from one file to another; numbers may end with k, M or G. conv: notrunc leaves what is behind, sync fills\n"
                                "blocks up with zeros, noerror goes on, fsync writes to the disk at the end, ucase, lcase, swab.\n";

#define BLOCK_MAX (1L << 24)

static struct {
    const char *from, *to;
    long in_size, out_size, count, skip, seek;
    bool notrunc, sync, noerror, fsync, upper, lower, swab, silent;
} the = {.in_size = 512, .out_size = 512, .count = -1};

static long full, partial, total;

static long amount(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10), unit = *end == 'k' || *end == 'K' ? 1024 : *end == 'M' ? 1L << 20 : *end == 'G' ? 1L << 30 : *end == 'b' ? 512 : 1;
    if (*text == '\0' || (unit > 1 ? end[1] : *end) != '\0' || n < 0 || n > (1L << 40) / unit)
        tool_usage();
    return n * unit;
}

static void read_conv(char *words)
{
    const struct {
        const char *word;
        bool *flag;
    } all[] = {{"notrunc", &the.notrunc}, {"sync", &the.sync}, {"noerror", &the.noerror}, {"fsync", &the.fsync}, {"ucase", &the.upper},
               {"lcase", &the.lower}, {"swab", &the.swab}};
    for (char *word = strtok(words, ","); word != NULL; word = strtok(NULL, ",")) {
        unsigned i = 0;
        while (i < sizeof all / sizeof all[0] && strcmp(word, all[i].word) != 0)
            i++;
        if (i == sizeof all / sizeof all[0])
            tool_usage();
        *all[i].flag = true;
    }
}

/* The value behind NAME=, 0: it is another one. */
static char *value_of(char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static void read_word(char *word)
{
    const struct {
        const char *name;
        long *to;
    } numbers[] = {{"ibs", &the.in_size}, {"obs", &the.out_size}, {"count", &the.count}, {"skip", &the.skip}, {"seek", &the.seek}};
    char *value;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if ((value = value_of(word, numbers[i].name)) != NULL) {
            *numbers[i].to = amount(value);
            return;
        }
    if ((value = value_of(word, "if")) != NULL)
        the.from = value;
    else if ((value = value_of(word, "of")) != NULL)
        the.to = value;
    else if ((value = value_of(word, "bs")) != NULL)
        the.in_size = the.out_size = amount(value);
    else if ((value = value_of(word, "conv")) != NULL)
        read_conv(value);
    else if ((value = value_of(word, "status")) != NULL && (strcmp(value, "none") == 0 || strcmp(value, "noxfer") == 0))
        the.silent = strcmp(value, "none") == 0;
    else
        tool_usage();
}

static const char *in_name(void) { return the.from != NULL ? the.from : "standard input"; }
static const char *out_name(void) { return the.to != NULL ? the.to : "standard output"; }

/* By position, or by reading where there is none. */
static int skip_input(int in, char *block)
{
    if (the.skip == 0 || lseek(in, the.skip * the.in_size, SEEK_SET) >= 0)
        return 0;
    if (errno != ESPIPE)
        return tool_error(in_name());
    for (long left = the.skip * the.in_size; left > 0;) {
        ssize_t n = read(in, block, (size_t)(left < the.in_size ? left : the.in_size));
        if (n < 0)
            return tool_error(in_name());
        if (n == 0)
            break;
        left -= n;
    }
    return 0;
}

static int open_output(void)
{
    long start = the.seek * the.out_size;
    int out = the.to != NULL ? open(the.to, O_WRONLY | O_CREAT, 0666) : STDOUT_FILENO;
    if (out < 0 || (the.to != NULL && !the.notrunc && ftruncate(out, start) != 0 && errno != EINVAL) || (start > 0 && lseek(out, start, SEEK_SET) < 0))
        exit(tool_error(out_name()));
    return out;
}

static void convert(char *block, ssize_t n)
{
    for (ssize_t i = 0; i + 1 < n && the.swab; i += 2) {
        char c = block[i];
        block[i] = block[i + 1];
        block[i + 1] = c;
    }
    for (ssize_t i = 0; i < n && (the.upper || the.lower); i++)
        if (the.upper ? block[i] >= 'a' && block[i] <= 'z' : block[i] >= 'A' && block[i] <= 'Z')
            block[i] ^= 'a' ^ 'A';
}

static int write_block(int out, const char *block, ssize_t n)
{
    for (ssize_t done = 0, m; done < n; done += m) { /* bound: at least a byte a turn */
        size_t piece = (size_t)(n - done < the.out_size ? n - done : the.out_size);
        if ((m = write(out, block + done, piece)) <= 0)
            return tool_error(out_name());
    }
    total += n;
    return 0;
}

static int copy(int in, int out, char *block)
{
    int status = 0;
    while (the.count < 0 || full + partial < the.count) {
        ssize_t n = read(in, block, (size_t)the.in_size);
        if (n < 0) {
            status = tool_error(in_name());
            if (!the.noerror || lseek(in, the.in_size, SEEK_CUR) < 0)
                return status;
            n = 0;
            partial++;
            if (!the.sync)
                continue;
        } else if (n == 0) {
            break;
        } else {
            *(n == the.in_size ? &full : &partial) += 1;
        }
        if (the.sync && n < the.in_size) {
            memset(block + n, 0, (size_t)(the.in_size - n));
            n = the.in_size;
        }
        convert(block, n);
        if (write_block(out, block, n) != 0)
            return 1;
    }
    return status;
}

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    for (int i = 1; i < argc; i++)
        read_word(argv[i]);
    if (the.in_size <= 0 || the.in_size > BLOCK_MAX || the.out_size <= 0 || the.out_size > BLOCK_MAX)
        tool_usage();
    char *block = malloc((size_t)the.in_size);
    if (block == NULL)
        return tool_error("memory");
    int in = the.from != NULL ? open(the.from, O_RDONLY) : STDIN_FILENO;
    if (in < 0)
        return tool_error(in_name());
    int out = open_output(), status = skip_input(in, block);
    if (status == 0)
        status = copy(in, out, block);
    if (the.fsync && fsync(out) != 0)
        status = tool_error(out_name());
    if (the.to != NULL && close(out) != 0)
        status = tool_error(out_name());
    if (!the.silent)
        fprintf(stderr, "%ld+%ld blocks, %ld bytes\n", full, partial, total);
    return status;
}
