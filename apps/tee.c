/* SPDX-License-Identifier: MIT
 * Standard input to standard output and to files.
 */
#include "tool.h"

static const char tool_name[] = "tee";
static const char tool_help[] = "usage: tee [-a] [FILE...]\nCopies standard input to standard output and to the files; -a: to their ends.\n";

#define FILES_MAX 64

static int write_all(int fd, const char *piece, ssize_t n)
{
    for (ssize_t done = 0, m; done < n; done += m) /* bound: at least a byte a turn */
        if ((m = write(fd, piece + done, (size_t)(n - done))) <= 0)
            return -1;
    return 0;
}

int main(int argc, char **argv)
{
    static char piece[8192];
    int fd[FILES_MAX + 1] = {STDOUT_FILENO}, n = 1, status = 0;
    const char *name[FILES_MAX + 1] = {"standard output"};
    tool_start(argc, argv);
    bool append = false;
    for (int option; (option = tool_option(argv, "ai")) != 0;)
        append = append || option == 'a';
    if (argc - tool_at > FILES_MAX)
        tool_usage();
    for (int i = tool_at; i < argc; i++) {
        int made = open(argv[i], O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0666);
        if (made < 0) {
            status = tool_error(argv[i]);
            continue;
        }
        name[n] = argv[i];
        fd[n++] = made;
    }
    ssize_t got;
    while ((got = read(STDIN_FILENO, piece, sizeof piece)) > 0)
        for (int i = 0; i < n; i++)
            if (fd[i] >= 0 && write_all(fd[i], piece, got) != 0) {
                status = tool_error(name[i]);
                fd[i] = -1;
            }
    return got < 0 ? tool_error("standard input") : status;
}
