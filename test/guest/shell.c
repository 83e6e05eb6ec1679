/* SPDX-License-Identifier: MIT
 * The shell and the small tools, as one types them: a line, what it prints, and the status it leaves.
 */
#define GT_NAME "shell"
#include "gtest.h"
#include "gfiles.h"
#include <pagoda/spawn.h>

struct line {
    const char *text, *prints;
    int status;
};

static void try(const struct line *l)
{
    char back[4096];
    size_t n = 0;
    ssize_t got;
    int p[2];
    pid_t pid = -1;
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)l->text, NULL}, *env[] = {"PATH=/bin", "HOME=/", "EMPTY=", "TWO=a  b", NULL};
    REQUIRE(pipe2(p, O_CLOEXEC) == 0);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    fflush(stdout);
    CHECK(dup2(p[1], STDOUT_FILENO) == 1 && dup2(p[1], STDERR_FILENO) == 2);
    int error = spawn_program("/bin/sh", argv, env, 0, &pid);
    CHECK(dup2(out, STDOUT_FILENO) == 1 && dup2(err, STDERR_FILENO) == 2);
    CHECK_EQ(error, 0);
    CHECK(close(out) == 0 && close(err) == 0 && close(p[1]) == 0);
    while ((got = read(p[0], back + n, sizeof back - 1 - n)) > 0)
        n += (size_t)got;
    back[n] = 0;
    CHECK_EQ(close(p[0]), 0);
    int status = gt_reap(pid, 20000);
    if (strcmp(back, l->prints) == 0 && WIFEXITED(status) && WEXITSTATUS(status) == l->status)
        return;
    gt_fail(l->text, __FILE__, __LINE__);
    printf("  printed:\n%s  wanted:\n%s  status 0x%x, wanted exit %d\n", back, l->prints, status, l->status);
}
static void try_all(const struct line *lines, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        try(&lines[i]);
}
#define TRY_ALL(lines) try_all(lines, sizeof(lines) / sizeof(lines)[0])

static void words(void)
{
    static const struct line lines[] = {
        {"echo a 'b  c' \"d $HOME\" e\\ f", "a b  c d / e f\n", 0},
        {"echo $TWO \"$TWO\" $EMPTY \"$EMPTY\" x", "a b a  b  x\n", 0},
        {"X=1 Y=$HOME; echo $X$Y ${X}2 ${NONE:-none} ${X:+set} ${#TWO}", "1/ 12 none set 4\n", 0},
        {"echo $(echo in; echo side) `echo too` \"$(echo 'a  b')\"", "in side too a  b\n", 0},
        {"false; echo $?; (exit 7); echo $?", "1\n7\n", 0},
        {"(exit 7); x=$?; echo $x $?; false; x=$? y=$?; echo $x$y; x=$(exit 3); echo $?",
         "7 0\n11\n3\n", 0},
        {"echo '$HOME' \"\\$HOME\" \\$HOME", "$HOME $HOME $HOME\n", 0},
        {"echo a#b # comment", "a#b\n", 0},
        {"cd /bin; echo ec[h]o 'ec*' nothing*", "echo ec* nothing*\n", 0},
        {"echo ~ ~/x 'a'~", "/ /x a~\n", 0},
        {"sh -c 'echo $0 $1 $# \"$@\"' name 'a b' c", "name a b 2 a b c\n", 0},
        {"A=x env | grep ^A=; echo $A.", "A=x\n.\n", 0},
    };
    TRY_ALL(lines);
}
static void arithmetic(void)
{
    static const struct line lines[] = {
        {"echo $((1+2)) $((2 + 3 * 4 - 20 / 3 % 4)) $(( (1+2)*3 )) $((-7/2)) $((-7%2)) $(( ))", "3 12 9 -3 -1 0\n", 0},
        {"x=5 y=; echo $((x * 2)) $(($x+$((x-1)))) \"$((y)) $((none))\" a$((x))b", "10 9 0 0 a5b\n", 0},
        {"echo $((1 < 2)) $((2 <= 1)) $((3 == 3 && !0)) $((0 || 2 != 2)) $((1 ? 10 : 20)) $((0?1:0?2:3))", "1 0 1 0 10 3\n", 0},
        {"echo $((6 & 3 | 8 ^ 1)) $((~0)) $((1 << 10 >> 2)) $((0x1f)) $((010)) $((- -3)) $((1--1))", "11 -1 256 31 8 3 2\n", 0},
        {"i=1; echo $((i += 4)) $((i = i * 2)) $((i++)) $((--i)) $i $((0 && (i = 7))) $((1 || 1 / 0)) $i", "5 10 10 10 10 0 1 10\n", 0},
        {"i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i > /tmp/n$((i)); cat /tmp/n3; rm /tmp/n3", "3\n", 0},
        {"echo $((9223372036854775807 + 1)) $(((-9223372036854775807 - 1) / -1))", "-9223372036854775808 -9223372036854775808\n", 0},
        {"echo $((echo a); (echo b)) $( (echo c) )", "a b c\n", 0},
        {"echo $((1 / 0)); echo no", "sh: 1 / 0: division by zero\n", 2},
        {"echo a $((1 +)); echo no", "sh: 1 +: a number or a name is missing\n", 2},
        {"echo $((2 3))", "sh: 2 3: an operator is missing, or is not understood\n", 2},
        {"x=abc; echo $((x))", "sh: x: a variable's value is no number\n", 2},
        {"x=$((99999999999999999999)); echo no", "sh: 99999999999999999999: a number is too large\n", 2},
        {"echo $(echo $((1 % 0)); echo in) out", "sh: 1 % 0: division by zero\nout\n", 0},
        {"echo x > /tmp/$((1/0)); echo no", "sh: 1/0: division by zero\n", 2},
        {"for i in $((1/0)); do echo no; done", "sh: 1/0: division by zero\n", 2},
        {"echo ${x^y}; echo no", "sh: x^y: this form of ${} is not understood\n", 2},
    };
    TRY_ALL(lines);
}
static void lists_and_pipes(void)
{
    static const struct line lines[] = {
        {"true && echo a || echo b; false && echo c || echo d", "a\nd\n", 0},
        {"! true; echo $?; ! false && echo e", "1\ne\n", 0},
        {"seq 1000 | grep 7 | wc -l", "271\n", 0},
        {"seq 100000 | head -n 1", "1\n", 0},
        {"true | false", "", 1},
        {"false | true", "", 0},
        {"echo a | { read x; echo got $x; }", "got a\n", 0},
        {"echo a b | (read x y; echo $y $x)", "b a\n", 0},
        {"{ echo a; echo b; } | cat | cat", "a\nb\n", 0},
        {"sleep 0 & wait $!; echo $?", "0\n", 0},
        {"(echo sub; exit 3) && echo no", "sub\n", 3},
        {"sleep 9 & kill -KILL $!; wait $!; echo $?; sleep 9 & kill -s SIGTERM %1; wait %1; echo $?", "137\n143\n", 0},
        {"kill %1", "sh: %1: there is no such job (try: jobs)\n", 1},
        {"kill -9 x; kill -NONE 1; kill -0 $$", "sh: x: not a pid\nsh: NONE: not a signal\n", 0},
        {"exit 5; echo no", "", 5},
        {"nothing_like_it", "sh: nothing_like_it: there is no such program (try: help)\n", 127},
    };
    TRY_ALL(lines);
}
static void redirections(void)
{
    static const struct line lines[] = {
        {"cd /tmp; echo one > r; echo two >> r; cat r; cat < r | wc -l; rm r", "one\ntwo\n2\n", 0},
        {"cd /tmp; ls /none > r 2>&1; cat r; rm r", "ls: /none: No such file or directory\n", 0},
        {"cd /tmp; { echo out; echo err >&2; } 2> e > o; cat o e; rm o e", "out\nerr\n", 0},
        {"cat < /none; echo $?", "sh: /none: No such file or directory\n1\n", 0},
        {"echo x > /bin/x", "sh: /bin/x: Read-only file system\n", 1},
        {"echo hidden > /dev/null; echo seen", "seen\n", 0},
        {"for i in 1 2; do echo $i; done > /tmp/l; cat /tmp/l; rm /tmp/l", "1\n2\n", 0},
        {"exec > /tmp/x; echo a; cat /tmp/x >&2; rm /tmp/x", "a\n", 0},
        {"echo a 3>&1 >&3 | cat", "a\n", 0},
        {"echo closed >&-; echo $?; pwd >&-", "sh: echo: Bad file descriptor\n1\nsh: pwd: Bad file descriptor\n", 1},
    };
    TRY_ALL(lines);
}
static void compound_commands(void)
{
    static const struct line lines[] = {
        {"if true; then echo a; else echo b; fi", "a\n", 0},
        {"if false; then echo a; elif true; then echo b; else echo c; fi", "b\n", 0},
        {"if false; then echo a; fi; echo $?", "0\n", 0},
        {"for i in a 'b c'; do echo $i; done", "a\nb c\n", 0},
        {"x=; while test ${#x} -lt 3; do x=$x.; echo $x; done", ".\n..\n...\n", 0},
        {"until test -n \"$y\"; do y=1; done; echo $y", "1\n", 0},
        {"for i in 1 2 3 4; do if test $i = 2; then continue; fi; if test $i = 4; then break; fi; echo $i; done", "1\n3\n", 0},
        {"for i in 1 2; do for j in 1 2; do break 2; done; echo no; done; echo $i", "1\n", 0},
        {"for i in 1 2; do\n  echo $i\ndone\n\nif true\nthen\n  echo yes\nfi", "1\n2\nyes\n", 0},
        {"if true; then echo a", "sh: syntax: a word like then, do, done, esac or fi is missing\n", 2},
        {"echo 'a", "sh: syntax: a quote or a parenthesis is not closed\n", 2},
        {"&& echo", "sh: syntax: a command is missing beside an operator\n", 2},
        {"a) true", "sh: syntax: a command ends where nobody expects it\n", 2},
        {"case a in b c) true;; esac", "sh: syntax: a ) is missing behind a pattern\n", 2},
        {"f() echo", "sh: syntax: a function needs a body in { } behind its ( )\n", 2},
        {"f() { f; }; f", "sh: f: too many functions within functions\n", 126},
        {"a=$(echo a; if) && echo no", "sh: syntax: a command is missing\n", 2},
        {"test 3 -gt 2 -a ! -e /none && [ a != b ] && [ -d /tmp ] && echo yes", "yes\n", 0},
        {"[ a = a", "sh: [: the ] is missing\n", 2},
    };
    TRY_ALL(lines);
}
static void scripts(void)
{
    make_file("/tmp/script", "# a script\necho $0 $#\nwhile read l; do\n  echo \"<$l>\"\ndone\nshift\necho $1\nexit 4\n");
    static const struct line lines[] = {
        {"echo 'a b' | sh /tmp/script x y", "/tmp/script 2\n<a b>\ny\n", 4},
        {"echo 'echo from input' | sh", "from input\n", 0},
        {"sh /tmp/none", "sh: /tmp/none: No such file or directory\n", 127},
        {"printf 'read x\\ndata\\necho got $x\\n' | sh", "got data\n", 0},
        {"printf 'echo a\\n\\nnone_like_it\\n if\\n' > /tmp/wrong; sh /tmp/wrong; echo $?; . /tmp/wrong",
         "a\nsh: /tmp/wrong:3: none_like_it: there is no such program (try: help)\n"
         "sh: /tmp/wrong:5: syntax: a command is missing\n2\n"
         "a\nsh: /tmp/wrong:3: none_like_it: there is no such program (try: help)\n"
         "sh: /tmp/wrong:5: syntax: a command is missing\n", 2},
        {"cd /tmp; echo echo ran > x; ./x; echo $?; chmod +x x; ./x; printf '#!/bin/cat -\\nself\\n' > x; ./x < /dev/null; rm x wrong",
         "sh: ./x: Permission denied\n126\nran\n#!/bin/cat -\nself\n", 0},
        {"readonly r=1; r=2; echo no", "sh: r: is read only\n", 2},
        {"set -u; echo $none; echo no", "sh: none: parameter not set\n", 2},
        {"set -z; echo no", "sh: -z: there is no such option\n", 2},
    };
    TRY_ALL(lines);
    CHECK_EQ(unlink("/tmp/script"), 0);
}
static void tools(void)
{
    static const struct line lines[] = {
        {"cd /tmp; mkdir -p t/a/b; touch t/a/f; cp -r t u; ls u/a; mv u/a/f u/g; ls u; rm -r t u; ls", "b\nf\na\ng\n", 0},
        {"cd /tmp; echo x > f; ln f g; ln -s f h; ls -l f h; rm f g h", "-rw-r--r--   2          2 f\nlrwxrwxrwx   1          1 h -> f\n", 0},
        {"cd /tmp; n=0; while [ $n -lt 400 ]; do mkdir a-directory; cd a-directory; echo x > f; n=$((n + 1)); done; cd /tmp; rm -r a-directory; ls", "", 0},
        {"cd /tmp; mkdir -p a/b; ln -s b a/l; ln -s a m; rm -r m; rm -r a; ls; mkdir ... .x; rm -r ... .x; ls -a; rm -r . /tmp/../", ".\n..\nrm: .: Invalid argument\nrm: /tmp/../: Invalid argument\n", 1},
        {"rm /tmp/none", "rm: /tmp/none: No such file or directory\n", 1},
        {"rm -f /tmp/none; rm /tmp; rmdir /", "rm: /tmp: Is a directory\nrmdir: /: Device or resource busy\n", 1},
        {"echo c; echo a; echo b | sort", "c\na\nb\n", 0},
        {"{ echo 10; echo 9; echo 9; } | sort -n -u -r", "10\n9\n", 0},
        {"{ echo b; echo b; echo a; } | uniq -c", "      2 b\n      1 a\n", 0},
        {"seq 5 | tail -n 2; seq 5 | tail -n +4; seq 2 -1 0", "4\n5\n4\n5\n2\n1\n0\n", 0},
        {"seq 9 | head -2; seq 9 | tail -1; seq 9 | head -n1; head -2x", "1\n2\n9\n1\nusage: head [-n LINES | -LINES | -c BYTES] [FILE...]\n"
         "Prints the first 10 lines, or as many as told.\n", 2},
        {"cd /tmp; mkdir d; cd d; rmdir ../d; ls; pwd; cd ..; pwd", "sh: pwd: No such file or directory\n/tmp\n", 0},
        {"printf_missing 2>/dev/null; echo abc | wc; echo abc | wc -c", "1 1 4\n4\n", 0},
        {"echo a.c | grep -F .c; echo abc | grep '^a.c$'; echo x | grep y; echo $?", "a.c\nabc\n1\n", 0},
        {"echo AB | hexdump", "00000000  41 42 0a                                          |AB.|\n00000003\n", 0},
        {"for f in a b c; do echo 123456789abcde$f > /tmp/$f; done; dd if=/dev/zero bs=16 count=3 status=none > /tmp/b; hexdump -C -s 14 /tmp/a /tmp/b | cut -c1-15; "
         "hexdump -n 2 /tmp/a | head -n 1; hexdump -v /tmp/b | wc -l; hexdump /dev/null; rm /tmp/a /tmp/b /tmp/c; hexdump -x 2>/dev/null",
         "0000000e  61 0a\n0000001e  00 00\n*\n0000003e  00 00\n00000040\n"
         "00000000  31 32                                             |12|\n4\n", 2},
        {"ps -p $$,$PPID | wc -l; ps -ef | head -n 1 | grep -c COMMAND; ps -p 0; echo $?; ps > /dev/full; echo $?; free > /dev/full; echo $?",
         "3\n1\n  PID  PPID STATE     THR PRIO        TIME RESIDENT   SHARED TABLES   FAULTS NAME\n1\n"
         "ps: standard output: No space left on device\n1\nfree: standard output: No space left on device\n1\n", 0},
        {"time -p true 2>&1 | sed 's/[0-9]/N/g'; time -- sh -c 'exit 3' 2>/dev/null; echo $?; time -p 2>/dev/null", "real N.NN\nuser N.NN\nsys N.NN\n3\n", 2},
        {"cd /tmp; rm -rf / 2>/dev/null; echo $?; rm -r /tmp/../ /. 2>/dev/null; echo $?; ls /bin/rm", "1\n1\n/bin/rm\n", 0},
        {"printf 'a\n\nb\n' | grep -c ''; printf 'a\n\n' | grep -xc ''; printf 'a\n' | grep -v ''; echo a | grep -F ''", "3\n1\na\n", 0},
        {"printf '%s\n' 9007199254740993 9007199254740992 1e3 0x20 5 -3 -10 -0 +7 .5 007 7.0 | sort -n",
         "-10\n-3\n+7\n-0\n0x20\n.5\n1e3\n5\n007\n7.0\n9007199254740992\n9007199254740993\n", 0},
        {"printf 'b-b\nba\na.z\n' | sort -d; printf 'b\001a\nbb\n' | sort -i | tail -n 1; printf '2\n1\n' | sort -C; echo $?; printf '1\n2\n' | sort -C -n",
         "a.z\nba\nb-b\nbb\n1\n", 0},
        {"dd if=/dev/zero bs=1k count=3 2>/dev/null | wc -c", "3072\n", 0},
        {"echo a | tee /tmp/t1 /tmp/t2; cat /tmp/t1 /tmp/t2; rm /tmp/t1 /tmp/t2", "a\na\na\n", 0},
        {"env -i A=1 env", "A=1\n", 0},
        {"cd /tmp; mkfifo -m 600 p q; (echo through > p) & cat p; stat -c '%a %F' p; mkfifo p; echo $?; rm p q; mkfifo -m 9 p 2>/dev/null",
         "through\n600 pipe\nmkfifo: p: File exists\n1\n", 2},
        {"cat -x 2>&1 | head -n 1; cat -z 2>/dev/null; echo $?", "cat: -x: there is no such option\n2\n", 0},
        {"cd /tmp; mkdir m; touch m/f; touch -d @0 m/f; ls -liT m | cut -c 8-; ls -hq m 2>&1 | head -n 1; rm -r m",
         "-rw-r--r--   1          0 1970-01-01 00:00:00 f\nls: -q: there is no such option\n", 0},
        {"cd /tmp; mkdir m; cd m; seq 300 > b; mkdir a; ln -s b c; ln -s nowhere d; ls -n b c; ls -nL c; ls -s b; ls -sk | cut -c 1-6; cd ..; rm -r m",
         "-rw-r--r--   1    0    0       1092 b\nlrwxrwxrwx   1    0    0          1 c -> b\n-rw-r--r--   1    0    0       1092 c\n   8 b\n"
         "total \n   0 a\n   4 b\n   4 c\n   4 d\n", 0},
        {"cd /tmp; mkdir m; cd m; for i in 1 2 3 4 5 6 7; do echo > n$i; done; mkdir a; COLUMNS=14; export COLUMNS; ls -x; ls -C; ls -xp1 | head -n 1; ls -lC | head -n 1; "
         "ls -mp; cd ..; rm -r m",
         "a   n1  n2\nn3  n4  n5\nn6  n7\na   n3  n6\nn1  n4  n7\nn2  n5\na/\na   n3  n6\na/, n1, n2,\nn3, n4, n5,\nn6, n7\n", 0},
        {"cd /tmp; mkdir m; cd m; echo 1 > a; echo 2 > b; echo n | mv -i a b; cat a b; echo y | cp -i a b; cat b; echo n | rm -i a; cd ..; printf 'y\\ny\\nn\\n' | rm -ir m; ls m; "
         "echo y | rm -if m; rm -rfi m < /dev/null; echo y | rm -ri m; echo; yes | rm -ri m; ls m",
         "mv: replace b? 1\n2\ncp: write over b? 1\nrm: remove a? rm: go into m? rm: remove m/a? rm: remove m/b? b\n"
         "rm: m: Is a directory\nrm: go into m? rm: go into m? rm: remove m/b? \nrm: go into m? rm: remove m/b? rm: remove directory m? ls: m: No such file or directory\n", 1},
        {"cd /tmp; n=0; while [ $n -lt 300 ]; do mkdir a-directory; cd a-directory; echo x > f; n=$((n + 1)); done; cd /tmp; "
         "cp -r a-directory b; find b | wc -l; du -s b > /dev/null; grep -rc x b | wc -l; echo $?; rm -r a-directory b", "600\n300\n0\n", 0},
        {"cd /tmp; mkdir a; cp -r a a/b; ls -R a; rm -r a", "cp: b: Invalid argument\na:\nb\n\na/b:\n", 0},
        {"cd /tmp; seq 5 > f; tail -f -n 1 f & sleep 1; echo more >> f; sleep 1; kill $!; wait $!; echo $?; rm f", "5\nmore\n143\n", 0},
        {"top -b -n 1 | grep -c 'top$'; ps | grep -c ' ps$'; uname -sm", "1\n1\nPagoda riscv64\n", 0},
        {"df / | grep -c ^/; df -h /none", "1\nwhere                    size         used         free  used\ndf: /none: No such file or directory\n", 1},
        {"kill -l 9; env kill -l 137; kill -l | grep -c TERM; kill -l 77", "KILL\nKILL\n1\nsh: 77: not a signal\n", 1},
    };
    TRY_ALL(lines);
}
static void each_has_help(void)
{
    static const char *const names[] = {"basename", "cat", "chmod", "cmp", "cp", "cut", "date", "dd", "df", "diff", "dirname", "du", "env", "expr", "find", "grep", "head", "hexdump",
                                        "kill", "ln", "ls", "mkdir", "mkfifo", "mv", "od", "printf", "pwd", "rm", "rmdir", "sed", "seq", "sh", "sort", "stat", "sync", "tail", "tee",
                                        "test", "time", "top", "touch", "tr", "uname", "uniq", "wc", "xargs", "yes"};
    char text[64], wanted[64];
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(text, sizeof text, "env %s --help | grep -c '^usage: %s'", names[i], names[i]);
        snprintf(wanted, sizeof wanted, "1\n");
        const struct line l = {text, wanted, 0};
        try(&l);
    }
}

GT_MAIN(CASE(words), CASE(arithmetic), CASE(lists_and_pipes), CASE(redirections), CASE(compound_commands), CASE(scripts), CASE(tools), CASE(each_has_help))
