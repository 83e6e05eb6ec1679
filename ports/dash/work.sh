# SPDX-License-Identifier: MIT
# Work for dash: what it prints in Pagoda must be what it prints on the host, byte for byte.
set -e
f() { local i=$1; while [ $i -gt 0 ]; do printf '%d ' $i; i=$((i-1)); done; echo; }
f 5
for x in a b "c d"; do echo "[$x]"; done
case hello.c in *.h) echo header;; *.c) echo source;; esac
cat <<EOF | sort -r
one $((1+1))
two ${NO_SUCH:-none}
three $(echo sub; echo shell | tr a-z A-Z)
EOF
x=/usr/local/lib/libfoo.so.1; echo ${x##*/} ${x%%.*} ${#x} ${y:=default} $y
trap 'echo trapped' USR1; kill -USR1 $$; echo after
(exit 3) || echo "status $?"
sleep 0 & wait $!; echo waited $?
set -- 1 2 3; shift; echo "$# $*"
while read a b; do echo "$b-$a"; done <<X
k v
q r
X
echo a b c > /tmp/dash.txt; read p q < /tmp/dash.txt; echo "$q"
eval 'echo "eval $p"'; test -f /tmp/dash.txt && [ ! -d /tmp/dash.txt ] && echo file; rm /tmp/dash.txt
printf '%s|%5d|%-5s|%x\n' str 42 left 255
ulimit -n >/dev/null; umask; cd /tmp; pwd; command -v echo; type cd
trap 'echo exit trap' EXIT
false || true && echo done
kill -l 15
(ulimit -n 40; ulimit -n; ulimit -Sn 30; ulimit -Sn; ulimit -Hn); times | wc -l
exit 7
