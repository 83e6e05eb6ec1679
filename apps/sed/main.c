/* SPDX-License-Identifier: MIT
 * sed: lines go through a script.
 */
#include "tool.h"

#include "sed.h"

static const char tool_name[] = "sed";
static const char tool_help[] = "usage: sed [-E] [-n] SCRIPT [FILE...] | sed [-E] [-n] -e SCRIPT... -f FILE... [FILE...]\n"
                                "Prints lines as the script changes them; -n only those that it prints itself, -E with extended patterns.\n"
                                "Commands: s/A/B/gpN  y/ab/cd/  p d D P n N g G h H x q l =  a\\ i\\ c\\ TEXT  b t : LABEL  r w FILE  { }\n"
                                "in front of them LINE, $, /PATTERN/, two of these with a comma, and !\n";

bool extended, quiet;

static int add_file(FILE *in, const char *name)
{
    char *line;
    size_t len;
    struct text all = {0};
    (void)name;
    while ((line = tool_line(in, &len)) != NULL) {
        text_put(&all, line, len);
        text_put(&all, "\n", 1);
    }
    if (all.len > 0)
        all.at[all.len - 1] = '\0';
    script_add(all.at != NULL ? all.at : "");
    return 0;
}

void fail(const char *why)
{
    fflush(stdout);
    fprintf(stderr, "sed: %s\n", why);
    exit(1);
}

int main(int argc, char **argv)
{
    bool given = false;
    int option;
    tool_start(argc, argv);
    for (int i = 1; i < argc && argv[i][0] == '-'; i++) /* -E counts for all scripts, wherever it stands */
        extended = extended || strcmp(argv[i], "-E") == 0 || strcmp(argv[i], "-nE") == 0 || strcmp(argv[i], "-En") == 0 || strcmp(argv[i], "-r") == 0;
    while ((option = tool_option(argv, "Erne:f:")) != 0) {
        if (option == 'n')
            quiet = true;
        else if (option == 'e')
            script_add(tool_arg);
        else if (option == 'f' && tool_each((char *[]){tool_arg, NULL}, add_file) != 0)
            return 1;
        given = given || option == 'e' || option == 'f';
    }
    if (!given && tool_at == argc)
        tool_usage();
    if (!given)
        script_add(argv[tool_at++]);
    script_end();
    return tool_end(run(argv + tool_at));
}
