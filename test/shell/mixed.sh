# SPDX-License-Identifier: MIT
# What scripts do: sums, strings, pipes, printf, test, wait.
i=1; s=0; while [ $i -le 100 ]; do s=$((s + i)); i=$((i + 1)); done; echo $s
fib() { a=0 b=1; n=$1; while [ $n -gt 0 ]; do t=$((a + b)); a=$b; b=$t; n=$((n - 1)); done; echo $a; }
fib 50
printf '%s %d %5d|%-5d|%05d %x %o %c %%\n' text 42 42 42 42 255 8 char
printf '%s-%s\n' a b c d e
printf '%b' 'tab\there\n' 'oct\0101\n'
printf 'no args %s %d\n'
printf '%5s|%-5s|%.2s|%*s\n' ab ab abcdef 6 star
printf '\101\t\\\n'
printf '%d %d %d\n' 0x10 010 "'A"
printf '%i %u\n' -5 7
printf '%.2f %e %g\n' 3.14159 1234.5 0.5
printf '%s\n' "$(printf 'a\nb\n\n')"
echo 'back\\slash' 'tab\tx' -n
echo -n no newline; echo
[ a = a ] && echo eq; [ a != b ] && echo ne; [ 3 -gt 2 ] && [ 2 -lt 3 ] && [ 3 -ge 3 ] && [ 3 -le 3 ] && [ 3 -eq 3 ] && [ 3 -ne 4 ] && echo num
[ -n x ] && [ ! -n '' ] && [ -z '' ] && [ x ] && [ ! '' ] && echo str
[ -d / ] && [ -e /dev/null ] && [ ! -f / ] && [ ! -e /nothing ] && echo files
[ a = a -a b = b ] && [ a = b -o b = b ] && [ ! a = b ] && [ \( a = a \) ] && echo joined
[ -f = -f ] && [ ! = ! ] && [ '(' = '(' ] && [ -n = -n ] && echo odd
test; echo $?; test ''; echo $?; test x; echo $?
[ 1 -eq x ] 2>/dev/null; echo $?
sleep 0 & wait $!; echo $?
(exit 7) & wait $!; echo $?
(sleep 0; exit 3) & p=$!; wait $p; echo $?
wait; echo $?
seq() { i=$1; while [ $i -le $2 ]; do echo $i; i=$((i + 1)); done; }
seq 1 20 | while read -r n; do [ $((n % 5)) -eq 0 ] && echo $n; done
seq 1 100 | { s=0; while read -r n; do s=$((s + n)); done; echo $s; }
echo hello | { read x; echo "$x" | { read y; echo "$y!"; }; }
list='c a b'; for x in $list; do echo $x; done | sort | tr '\n' ' '; echo
reverse() { r=; s=$1; while [ -n "$s" ]; do t=${s#?}; c=${s%"$t"}; r=$c$r; s=$t; done; echo "$r"; }
reverse 'hello world'
upper=$(echo shout | tr a-z A-Z); echo $upper
split() { IFS=$2; set -f; set -- $1; set +f; unset IFS; for p; do echo "[$p]"; done; }
split '/usr/*/bin' /
y=abc; while [ "$y" ]; do echo "$y"; y=${y%?}; done
alias say='echo said'
say hello
alias
unalias say; say 2>/dev/null || echo no alias
umask 027; umask; umask -S; umask u=rwx,g=rx,o=; umask; umask 022
cd /tmp; pwd; cd /; cd - > /dev/null; pwd; cd ..; pwd; cd /tmp/../dev; pwd
(cd /nothing) 2>/dev/null || echo no cd
: > /tmp/dotfile.$$; echo 'dotted=$1; return 3; echo no' > /tmp/dotfile.$$; . /tmp/dotfile.$$; echo $? $dotted; rm /tmp/dotfile.$$
echo '#!/bin/sh
echo script ${0%.*} $1' > /tmp/script.$$; chmod +x /tmp/script.$$; /tmp/script.$$ word; rm /tmp/script.$$
echo a; echo b & wait
{ echo 3; echo 1; echo 2; } | sort -n | head -n 2 | tail -n 1
x='a b'; y=$x; z="$x"; echo "$y" "$z"; w=$(echo "$x"); echo "$w"
set -- a b c; for i; do shift; echo "$i $#"; done
until false; do break; done; echo $?
[ "$PPID" -ge 0 ] && echo has parent
exec 6>&1; (echo to six >&6); exec 6>&-
exit 5
