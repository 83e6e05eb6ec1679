/* SPDX-License-Identifier: MIT
 * Copies blocks.
 */
#include "tool.h"

static const char tool_name[] = "dd";
static const char tool_help[] = "usage: dd [if=FILE] [of=FILE] [bs=BYTES] [count=BLOCKS] [skip=BLOCKS] [seek=BLOCKS]\n"
                                "Copies blocks from one file to another; numbers may end with k or M.\n";

#define BLOCK_MAX (1L << 24)

static long amount(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10), unit = *end == 'k' ? 1024 : *end == 'M' ? 1024 * 1024 : 1;
    if (*text == '\0' || (unit > 1 ? end[1] : *end) != '\0' || n < 0 || n > (1L << 40))
        tool_usage();
    return n * unit;
}

int main(int argc, char **argv)
{
    const char *from = NULL, *to = NULL;
    long size = 512, count = -1, skip = 0, seek = 0, in_blocks = 0, total = 0;
    int status = 0;
    tool_start(argc, argv);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "if=", 3) == 0)
            from = argv[i] + 3;
        else if (strncmp(argv[i], "of=", 3) == 0)
            to = argv[i] + 3;
        else if (strncmp(argv[i], "bs=", 3) == 0)
            size = amount(argv[i] + 3);
        else if (strncmp(argv[i], "count=", 6) == 0)
            count = amount(argv[i] + 6);
        else if (strncmp(argv[i], "skip=", 5) == 0)
            skip = amount(argv[i] + 5);
        else if (strncmp(argv[i], "seek=", 5) == 0)
            seek = amount(argv[i] + 5);
        else
            tool_usage();
    }
    char *block = size > 0 && size <= BLOCK_MAX ? malloc((size_t)size) : NULL;
    if (size <= 0 || size > BLOCK_MAX)
        tool_usage();
    if (block == NULL)
        return tool_error("memory");
    int in = from != NULL ? open(from, O_RDONLY) : STDIN_FILENO;
    if (in < 0 || (skip > 0 && lseek(in, skip * size, SEEK_SET) < 0))
        return tool_error(from != NULL ? from : "standard input");
    int out = to != NULL ? open(to, O_WRONLY | O_CREAT | (seek > 0 ? 0 : O_TRUNC), 0666) : STDOUT_FILENO;
    if (out < 0 || (seek > 0 && lseek(out, seek * size, SEEK_SET) < 0))
        return tool_error(to != NULL ? to : "standard output");
    for (; (count < 0 || in_blocks < count) && status == 0; in_blocks++) {
        ssize_t n = read(in, block, (size_t)size);
        if (n < 0)
            status = tool_error(from != NULL ? from : "standard input");
        if (n <= 0)
            break;
        for (ssize_t done = 0, m; status == 0 && done < n; done += m) /* bound: at least a byte a turn */
            if ((m = write(out, block + done, (size_t)(n - done))) <= 0)
                status = tool_error(to != NULL ? to : "standard output");
        total += n;
    }
    if (to != NULL && close(out) != 0)
        status = tool_error(to);
    fprintf(stderr, "%ld blocks, %ld bytes\n", in_blocks, total);
    return status;
}
