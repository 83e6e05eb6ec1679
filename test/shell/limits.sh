# SPDX-License-Identifier: MIT
# ulimit and times: what is set, what is inherited, what is refused.
ulimit -n 20
ulimit -n
ulimit -Sn 12
ulimit -Sn; ulimit -Hn
(ulimit -n 15; ulimit -n)
ulimit -Sn
ulimit -Hn 18; ulimit -Hn
(ulimit -Hn 30) 2>/dev/null || echo not raised
ulimit -c 0; ulimit -c
ulimit -t; ulimit
(ulimit -n x) 2>/dev/null || echo not a number
(times; exit 4) >/dev/null; echo $?
times | while read -r a b; do case $a$b in [0-9]*m[0-9]*.[0-9]*s[0-9]*m[0-9]*.[0-9]*s) echo a line;; *) echo "[$a $b]";; esac; done
