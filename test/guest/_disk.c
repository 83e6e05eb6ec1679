/* SPDX-License-Identifier: MIT
 * No test: what test/qemu/test_disk.py types. `t__disk write PATH TEXT` (synced), `show PATH`, `fill PATH KIB` (not synced), each
 * printing what became of it. `beside PATH`: four processes read it on a slow disk; how often is a pipe used meanwhile?
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return failed(path);
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fsync(fd) != 0)
        return failed("write");
    printf("written\n");
    return close(fd);
}

static int show(const char *path)
{
    char text[1024];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n < 0)
        return failed(path);
    text[n] = 0;
    printf("%s\n", text);
    return close(fd);
}

static int fill(const char *path, unsigned kib)
{
    static char data[1024];
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    for (unsigned i = 0; i < kib; i++)
        if (write(fd, data, sizeof data) != (ssize_t)sizeof data)
            return failed(path);
    printf("filled\n");
    return close(fd);
}

#define READERS 4

/* Each its own part. */
static void read_part(const char *path, int part)
{
    static char data[1024];
    struct stat st;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) != 0)
        _exit(1);
    for (off_t at = st.st_size / READERS * part; at < st.st_size / READERS * (part + 1); at += sizeof data)
        if (pread(fd, data, sizeof data, at) != sizeof data)
            _exit(2);
    _exit(0);
}

static int beside(const char *path)
{
    int fds[2], status, failed_ones = 0, left = READERS;
    unsigned rounds = 0;
    struct stat st;
    char c = 'x';
    if (pipe(fds) != 0)
        return failed("pipe");
    for (int i = 0; i < READERS; i++)
        if (fork() == 0)
            read_part(path, i);
    while (left > 0) {
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) {
            left--;
            failed_ones += status != 0;
        }
        if (write(fds[1], &c, 1) != 1 || read(fds[0], &c, 1) != 1 || stat("/tmp", &st) != 0)
            return failed("pipe");
        rounds++;
    }
    printf("beside: %d failed, %u rounds\n", failed_ones, rounds);
    return failed_ones;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "beside") == 0)
        return beside(argv[2]);
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        return put(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "show") == 0)
        return show(argv[2]);
    if (argc == 4 && strcmp(argv[1], "fill") == 0)
        return fill(argv[2], (unsigned)atoi(argv[3]));
    printf("usage: t__disk write PATH TEXT | show PATH | fill PATH KIB | beside PATH\n");
    return 2;
}
