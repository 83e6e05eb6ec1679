# SPDX-License-Identifier: MIT
# Words: parameters in all their forms, quotes, splitting, patterns.
show() { printf '%s:' "$#"; printf '<%s>' "$@"; echo; }
set -- one 'two  words' '' four
show "$@"
show "$*"
show $@
show $*
show x"$@"y
show "$@" "$@"
IFS=:
show "$*"
show $*
IFS=
show "$*"
unset IFS
show "$*"
show "$#" "${#}" "${1}" "$2x" "${4}x" "${10}"
shift 2
show "$@"
set --
show "$@"
show "x$@y"
show "$*"
show $@
a=abc e= s='  lead  and trail  '
unset n
show "${a:-d}" "${e:-d}" "${e-d}" "${n:-d}" "${n-d}"
show "${a:+d}" "${e:+d}" "${e+d}" "${n:+d}" "${n+d}"
show "${n:=assigned}" "$n"
unset n
show ${n:-a b} "${n:-a b}" ${n:-"a b"} "${n:-"a b"}"
show ${n:+nothing} ${e:+nothing} "${e:+}"
show "${#a}" "${#e}" "${#s}" "${#n}"
p=/usr/local/lib/libc.so.6
show "${p##*/}" "${p#*/}" "${p%/*}" "${p%%/*}" "${p%.*}" "${p%%.*}" "${p#nothing}" "${p%nothing}"
x='a*b*c'
show "${x#*\*}" "${x##*\*}" "${x%\**}" "${x%%\**}" "${x#'a*'}" "${x#"a*"}"
q='*'
show "${x##$q}" "${x#a"$q"}" "${x##a"$q"}"
show "${p%"${p##*/}"}" "${a:-${n:-${e:-deep}}}" "${n:-${n:-${e:-deep}}}"
show $s "$s" x$s"y"
IFS=' :'
v='a: b ::c:'
show $v
v=':a'
show $v
v='a::'
show $v
IFS=,
v='1,2,,3'
show $v
set -- $v
show "$#" "$3"
unset IFS
show 'single $a `x` \' "double $a \$a \`x\` \\ \" \q" back\ slash\$ \\
show "$(echo "in 'quotes' \"$a\"")" "`echo back \`echo nested\` \\\$a`"
show $(printf 'a b\nc\n\n\n') "$(printf 'a b\nc\n\n\n')"
show "$(echo "$(echo "$(echo deep)")")"
show a\
b "c\
d"
show $((1 + 2)) "$((a = 3))" $a
a=abc
show $((5 % 3 * 2 - -1)) $((1 << 4 | 1)) $((3 > 2 && 2 > 3)) $((x = 7)) $x $((x += 1)) $x
show ~ ~/x "~" a~ '~/x' | while read -r line; do case $line in *"$HOME"*) echo home;; *) echo none;; esac; done
show $- | wc -l | tr -d ' '
show "$a"'$a'"`echo $a`"
show ${a}b "${a}b" $ab "${ab}" "$"
