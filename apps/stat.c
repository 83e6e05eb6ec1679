/* SPDX-License-Identifier: MIT
 * What is known of files.
 */
#include "tool.h"

#include <sys/stat.h>
#include <time.h>

static const char tool_name[] = "stat";
static const char tool_help[] = "usage: stat [-L] [-c FORMAT] FILE...\nPrints what is known of files; -L of what links lead to.\n"
                                "FORMAT: %n name, %s size, %a mode, %i inode, %h links, %F kind, %Y time of change, %b blocks, %d device\n";

static const char *kind(mode_t mode)
{
    return S_ISDIR(mode) ? "directory" : S_ISLNK(mode) ? "symbolic link" : S_ISCHR(mode) ? "character device" : S_ISFIFO(mode) ? "pipe" :
           S_ISBLK(mode) ? "block device" : "regular file";
}

static void show_as(const char *format, const char *name, const struct stat *st)
{
    for (const char *s = format; *s != '\0'; s++) {
        if (*s != '%' || s[1] == '\0') {
            putchar(*s);
            continue;
        }
        switch (*++s) {
        case 'n': fputs(name, stdout); break;
        case 's': printf("%lld", (long long)st->st_size); break;
        case 'a': printf("%o", (unsigned)st->st_mode & 07777); break;
        case 'i': printf("%llu", (unsigned long long)st->st_ino); break;
        case 'h': printf("%lu", (unsigned long)st->st_nlink); break;
        case 'F': fputs(kind(st->st_mode), stdout); break;
        case 'Y': printf("%lld", (long long)st->st_mtime); break;
        case 'b': printf("%lld", (long long)st->st_blocks); break;
        case 'd': printf("%lu", (unsigned long)st->st_dev); break;
        case '%': putchar('%'); break;
        default: tool_usage();
        }
    }
    putchar('\n');
}

static void show_all(const char *name, const struct stat *st)
{
    const time_t times[3] = {st->st_atime, st->st_mtime, st->st_ctime};
    static const char *const what[3] = {"read", "changed", "status"};
    char text[40];
    printf("  file %s\n  kind %s, mode %04o, %lu link%s\n", name, kind(st->st_mode), (unsigned)st->st_mode & 07777,
           (unsigned long)st->st_nlink, st->st_nlink == 1 ? "" : "s");
    printf("  size %lld bytes, %lld blocks of 512, blocks of %ld\n", (long long)st->st_size, (long long)st->st_blocks, (long)st->st_blksize);
    printf("  device %lu, inode %llu\n", (unsigned long)st->st_dev, (unsigned long long)st->st_ino);
    for (int i = 0; i < 3; i++) {
        struct tm *t = gmtime(&times[i]);
        if (t != NULL && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", t) > 0)
            printf("  %-7s %s\n", what[i], text);
    }
}

int main(int argc, char **argv)
{
    const char *format = NULL;
    bool follows = false;
    int status = 0, option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "Lc:")) != 0) {
        if (option == 'c')
            format = tool_arg;
        else
            follows = true;
    }
    if (tool_at == argc)
        tool_usage();
    for (char **name = argv + tool_at; *name != NULL; name++) {
        struct stat st;
        if ((follows ? stat(*name, &st) : lstat(*name, &st)) != 0)
            status = tool_error(*name);
        else if (format != NULL)
            show_as(format, *name, &st);
        else
            show_all(*name, &st);
    }
    return tool_end(status);
}
