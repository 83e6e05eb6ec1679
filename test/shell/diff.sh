# SPDX-License-Identifier: MIT
# diff: what differs, in both forms, of files and of directories.
d=/tmp/diff.$$
mkdir -p $d/x/in $d/y/in; cd $d
seq 1 30 > a; sed -e 5d -e 's/^20$/twenty/' -e '28a\
new' a > b
diff a b; echo $?; diff a a; echo $?; diff -q a b; echo $?; diff -s a a; diff - b < a | wc -l | tr -d ' '
diff -u -L old -L new a b; echo $?; diff -U 1 -L old -L new a b; diff -U0 -L old -L new a b; diff -U 9 -L old -L new a b; diff -u a b | head -n 2 | cut -c 1-5
printf 'one\ntwo' > p; printf 'one\ntwo\n' > q; diff p q; diff -u -L p -L q q p; : > e; diff e a | tail -n 2; diff a e | head -n 2; diff -u -L e -L q e q; diff e e; echo $?
printf 'A b\n\n c\n' > s; printf 'a  b\nc\n' > t; diff -i s t; diff -b s t; diff -w s t; diff -B s t; diff -iwB s t; echo $?; diff -ib s t
printf 'x\0y\n' > m; printf 'x\0z\n' > n; diff m n; echo $?; diff -q m n; diff m m; echo $?; diff -a m n | wc -l | tr -d ' '
cp a x/same; cp a y/same; cp a x/other; cp b y/other; echo 1 > x/only; echo 2 > y/lonely; echo 3 > x/in/f; echo 4 > y/in/f; mkdir x/z; echo > y/z
diff x y; echo $?; diff -r x y; echo $?; diff -rq x y; diff -rN x y > all; echo $?; grep -c '^diff' all; diff a x; diff x/other y
diff none a 2>/dev/null; echo $?; diff a 2>/dev/null; echo $?; diff -N none a | head -n 1
printf '1\n2\n3\nX\n' > s; printf '1\n\n2\n3\nY\n' > t; diff -u -B -L s -L t s t; echo $?; diff -u -B -L t -L s t s; diff -B s t; printf 'X\n1\n2\n' > s; printf 'Y\n1\n\n2\n' > t; diff -U1 -B -L s -L t s t
for far in 12 8 7 6; do seq 20 | sed "${far}a\\
\\

15s/\$/x/
16a\\
\\

" > t; seq 20 > s; diff -u -B -L s -L t s t; diff -U 1 -B -L t -L s t s; diff -U0 -B -L s -L t s t; done; seq 20 | sed '9a\
\

' > t; diff -u -B s t; echo $?; diff -u -B -s s t
diff -N -u -L none -L s none s | head -n 4; echo $?; diff -N s none | tail -n 2; diff -N none gone; echo $?; printf 'x\0y\n' > m; printf 'x\ny\n' > n; diff m n; diff -q n m; diff -s m m; diff -N none m; echo $?
i=0; while [ $i -lt 400 ]; do echo "line $((i * 7 % 400))"; i=$((i + 1)); done > big; sort big > sorted; diff big sorted > out; echo $?
seq 1 2000 > l; seq 1 3 2000 > m; diff l m | wc -l | tr -d ' '; diff m l | tail -n 3
cd /; rm -r $d
