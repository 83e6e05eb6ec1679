# SPDX-License-Identifier: MIT
# Functions, their parameters, local, return; eval, `.`, set, unset, readonly, getopts.
f() { echo "f $# $*"; return 3; echo no; }
f a b
echo $?
f
g() { local x=inner y; echo "$x ${y-unset}"; x=changed; h; echo $x; }
h() { echo "h sees $x"; x=from_h; }
x=outer; y=other
g; echo $x $y
fact() { if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi; }
fact 6
count() { [ $1 -eq 0 ] && return 7; count $(($1 - 1)); }
count 20; echo $?
set -- one two
k() { set -- in; echo $1 $#; shift; echo $#; }
k; echo $1 $#
r() { for i in 1 2 3; do [ $i = 2 ] && return; echo $i; done; }
r; echo $?
redefine() { redefine() { echo second; }; echo first; }
redefine; redefine
sub() ( x=insub; cd /; exit 4 )
sub; echo $? $x
out() { echo out; echo err >&2; } 2>&1
out | sort
if_f() if [ "$1" = a ]; then echo is a; else echo is not; fi
if_f a; if_f b
nested() { inner() { echo inner $1; }; inner "$@"; }
nested x; inner y
heredoc() {
    cat <<-END
	in function $1
	END
}
heredoc 1; heredoc 2
unset -f inner; inner 2>/dev/null || echo gone
eval 'echo $x; y="a b"'; echo "$y"
eval "echo \"\$y\"" and more
eval; echo $?
name=var; eval "$name=value"; eval echo \$$name
false; eval; echo $?
eval 'return_in_eval() { eval "return 5"; echo no; }'; return_in_eval; echo $?
readonly ro=1; (ro=2; echo no) 2>/dev/null || echo kept; echo $ro
unset name; echo ${name-unset}
export E1=exported; sh -c 'echo $E1'; E2=temp sh -c 'echo $E2'; echo ${E2-unset}
v=1; v=2 true; echo $v; v=3 :; echo $v
v=4 f; echo $v
opts() {
    OPTIND=1
    while getopts ab:c o "$@"; do
        case $o in a | c) echo "opt $o" ;; b) echo "b is $OPTARG" ;; \?) echo bad ;; esac
    done 2>/dev/null
    shift $((OPTIND - 1)); echo "rest $*"
}
opts -a -b val -c rest more
opts -ab val -- -c
opts -abval -x file
opts -b
opts none
while getopts :x: o -x 1 -y -x; do echo "$o:${OPTARG-}"; done
set -u; (echo $undefined; echo no) 2>/dev/null || echo unset is an error; echo ${undefined-fine}; set +u
set -e; (false; echo no); echo "status $?" || :
