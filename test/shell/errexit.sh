# SPDX-License-Identifier: MIT
# set -e, -u, -x, -f, -n, -C; exit statuses; traps at the end.
(set -e; false; echo no); echo $?
(set -e; false || echo or; echo on); echo $?
(set -e; if false; then :; fi; while false; do :; done; ! true; echo on); echo $?
(set -e; true && false; echo no); echo $?
(set -e; false && true; echo on); echo $?
(set -e; f() { false; echo inf; }; f || echo tested; echo on); echo $?
(set -e; f() { false; echo inf; }; f; echo no); echo $?
(set -e; x=$(false); echo no); echo $?
(set -e; echo $(false) on); echo $?
(set -e; { false; echo no; }; echo no); echo $?
(set -e; (exit 5); echo no); echo $?
(set -e; false | true; echo on; true | false; echo no); echo $?
(set -f; echo /*; set +f; echo /de[v]); echo $?
(set -C; echo a > /tmp/clobber.$$; echo b > /tmp/clobber.$$; echo c >| /tmp/clobber.$$; cat /tmp/clobber.$$; rm /tmp/clobber.$$) 2>/dev/null
(set -x; echo traced; x=1) 2>&1
(set -n; echo no); echo $?
(set -u; echo "${none}"; echo no) 2>/dev/null || echo failed
(set -eu; case $- in *e*) case $- in *u*) echo both;; esac;; esac)
(trap 'echo bye $?' EXIT; exit 3); echo $?
(trap 'echo bye' 0; echo work)
(trap 'echo one; exit 4' EXIT; exit 3); echo $?
(trap 'echo no' EXIT; trap - EXIT); echo $?
(trap 'echo outer' EXIT; (echo inner))
trap 'echo "a  b"' EXIT; trap; trap - EXIT; trap
sh -c 'exit 300'; echo $?
sh -c 'nothing_like_it' 2>/dev/null; echo $?
sh -c '/' 2>/dev/null; echo $?
sh -c '/nothing/like/it' 2>/dev/null; echo $?
sh -c 'if' 2>/dev/null; echo $?
sh -c 'echo "' 2>/dev/null; echo $?
sh -c 'kill -9 $$'; echo $?
sh -c 'exit 3' && echo no || echo $?
sh -c 'echo $0 $1 $#' name word; sh -c 'echo $#'
sh -ec 'false; echo no'; echo $?
sh -c 'readonly a=1; a=2; echo no' 2>/dev/null; echo $?
sh -c '. /nothing; echo no' 2>/dev/null; echo $?
sh -c 'shift 5; echo no' 2>/dev/null; echo $?
sh -c ': ${x?message}; echo no' 2>/dev/null; echo $?
sh -c 'command . /nothing; echo on' 2>/dev/null
sh -c 'export 1x; echo no' 2>/dev/null; echo $?
echo 'echo from input; exit 6' | sh; echo $?
echo 'echo $1 $2' | sh -s a b
false; echo $?; (exit 9); echo $?
x=$(exit 4); echo $?
x=$(exit 4) true; echo $?
echo $(exit 4); echo $?
type cd true | head -n 1
command -v cd; command -v nothing_like_it; echo $?
command echo plain
false; s=$?; echo $s; (exit 7); a=$? b=$?; echo $a $b $?; x=$(exit 3); echo $?; x=$(exit 3)y; echo $? $x; x=; echo $?; false; x=$?; echo $?
for c in 'exit 4' 'exit 0'; do sh -c "$c"; s=$?; [ $s != 0 ] && echo "$c: $s"; done
run() { "$@"; status=$?; echo "$1 ended with $status"; return $status; }; run false || echo failed; run true
cleanup() { s=$?; echo cleaned after $s; exit $s; }; (trap cleanup EXIT; exit 9); echo $?
