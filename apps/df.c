/* SPDX-License-Identifier: MIT
 * How much room there is.
 */
#include "tool.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

static const char tool_name[] = "df";
static const char tool_help[] = "usage: df [-k] [-h] [-i] [FILE...]\nPrints how much room there is where the files are (/ and /disk when none is named), in blocks of 512 bytes;\n"
                                "-k of 1024, -h as one reads it, -i how many files there may be.\n";

static bool readable, files;
static unsigned long unit = 512;

static const char *amount(unsigned long long n, unsigned long long size, char to[24])
{
    static const char units[] = "BKMGT";
    unsigned long long bytes = n * size;
    unsigned u = 0;
    if (!readable || files) {
        snprintf(to, 24, "%llu", files ? n : bytes / unit);
        return to;
    }
    for (; bytes >= 10240 && u < 4; u++)
        bytes = (bytes + 1023) / 1024;
    snprintf(to, 24, "%llu%c", bytes, units[u]);
    return to;
}

static int show(const char *path)
{
    struct statvfs v;
    char all[24], used[24], left[24];
    if (statvfs(path, &v) != 0)
        return tool_error(path);
    unsigned long long n = files ? v.f_files : v.f_blocks, rest = files ? v.f_ffree : v.f_bfree, mine = files ? v.f_favail : v.f_bavail;
    unsigned long long taken = n > rest ? n - rest : 0, percent = taken + mine > 0 ? (taken * 100 + taken + mine - 1) / (taken + mine) : 0;
    printf("%-16s %12s %12s %12s %4llu%%\n", path, amount(n, v.f_frsize, all), amount(taken, v.f_frsize, used), amount(mine, v.f_frsize, left), percent);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0, option;
    struct stat st;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "khiP")) != 0) {
        unit = option == 'k' ? 1024 : unit;
        readable = readable || option == 'h';
        files = files || option == 'i';
    }
    printf("%-16s %12s %12s %12s %5s\n", "where", files ? "files" : readable ? "size" : unit == 1024 ? "1024-blocks" : "512-blocks", "used", "free", "used");
    for (char **name = argv + tool_at; *name != NULL; name++)
        status |= show(*name);
    if (tool_at == argc) {
        status |= show("/");
        if (stat("/disk", &st) == 0 && S_ISDIR(st.st_mode))
            status |= show("/disk");
    }
    return tool_end(status);
}
