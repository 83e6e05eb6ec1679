# SPDX-License-Identifier: MIT
# The small tools, as far as they do what those of other systems do.
d=/tmp/tools.$$
mkdir -p $d/a/b/c; cd $d
printf 'one\ntwo\nthree\nfour\nfive\n' > f; printf 'b 2\na 10\nc 1\nA 3\nb 1\n' > k
ls; ls -a; ls -R; ls -d a f; ls -F; ls -r; ls f none 2>/dev/null || echo failed; ls -A a
mkdir a 2>/dev/null; echo $?; mkdir -p a/x/y; mkdir none/x 2>/dev/null; echo $?; rmdir a/x/y a/x; rmdir a 2>/dev/null; echo $?
cp f g; cmp f g; echo $?; cp -r a copy; ls -R copy; cp f k copy; ls copy; cp a other 2>/dev/null; echo $?; cp -r copy a; ls -R a
echo exact > p; chmod 640 p; touch -d @1000 p; cp -p p q; stat -c '%a %Y %s %F' q
mv g h; mv h f copy; ls copy; mv none x 2>/dev/null; echo $?; cp copy/f f; mv copy moved; ls moved
ln f hard; ln -s f soft; stat -c '%h %F' f soft; cat soft; ln -s none dangling; cat dangling 2>/dev/null; echo $?; ln -sf k soft; head -n 1 soft
rm hard soft dangling; rm none 2>/dev/null; echo $?; rm -f none; echo $?; rm a 2>/dev/null; echo $?; rm -r moved a; ls
n=0; while [ $n -lt 60 ]; do mkdir deep; cd deep; echo $n > file; n=$((n + 1)); done; cd $d
cp -r deep deep2; find deep2 -type f | wc -l | tr -d ' '; rm -r deep deep2; ls
cat f k; cat < f; cat - f < k; cat none 2>/dev/null; echo $?
wc -l < f; wc -w < k; wc -c < f
grep o f; grep -c o f; grep -n t f; grep -v o f; grep -i ONE f; grep -l o f k; grep -q x f; echo $?; grep -x one f; grep -w b k
grep -E 'o(n|u)' f; grep -F o f k; grep '^t.*e$' f; grep -e one -e two f; grep -o 'o.' f; grep -s x none; echo $?; grep '\(e\)\1' f; grep -m 1 o f; grep -vc o f
mkdir t; cp f t/f; cp k t/k; grep -r three t; grep -h o f t/f | sort -u; grep -rl a t
head -n 2 f; head -c 5 f; echo; tail -n 2 f; tail -n +4 f; tail -c 6 f; head -n 1 f k; tail -n 1 f k; printf 'no newline' | tail -n 1; echo
sort f; sort -r f; sort -n -k 2 k; sort -k 1,1 -k 2,2n k; sort -f k; sort -u -k 1,1 k; sort -c f 2>/dev/null; echo $?; printf '3:b\n1:c\n2:a\n' | sort -t : -k 2
printf '10\n9\n-1\n0\n9\n' | sort -n; printf '10\n9\n9\n' | sort -nru; sort -o k2 k; cat k2
printf 'a\na\nb\na\n' | uniq; printf 'a\na\nb\n' | uniq -c; printf 'a\na\nb\n' | uniq -d; printf 'a\na\nb\n' | uniq -u; printf 'a 1\nb 1\n' | uniq -f 1
cut -c 1-2 f; cut -d ' ' -f 2 k; cut -d ' ' -f 1,2 k; printf 'a:b:c\nnone\n' | cut -d : -f 2-; printf 'a:b:c\nnone\n' | cut -s -d : -f 1,3; cut -b 2 f
tr a-z A-Z < f; tr -d o < f; printf 'aabbcc\n' | tr -s b; tr -cd 'a-c\n' < k; printf 'a b  c\n' | tr -s ' ' '\n'; tr '[:lower:]' '[:upper:]' < k
basename /a/b.c; basename /a/b.c .c; basename a/; basename /; dirname /a/b; dirname a; dirname /a; dirname a/b/; dirname /
seq 3; seq 2 4; seq 10 -5 0; seq 5 1; echo $?
echo tee | tee t1 t2; cat t1 t2; echo more | tee -a t1 > /dev/null; cat t1
find t | sort; find t -type f -name 'k*'; find t -maxdepth 1 -type d; find t ! -name f -type f; find . -name t1 -o -name t2 | sort; find t -name k -exec cat {} \;; find t -type f -size -1k; find t -type f -size +0 | sort
find t -name f -exec test -f {} \; -print; mkdir e; find e -empty; find t -path '*/k'; find t -depth | tail -n 1; find none 2>/dev/null; echo $?
printf 'a b\nc\n' | xargs; printf 'a b\nc\n' | xargs -n 1 echo x; printf 'a b\nc\n' | xargs -I {} echo '<{}>'; printf "'a b' c\\\\ d\n" | xargs -n 1; printf 'a\0b c\0' | xargs -0 -n 1
xargs -r echo no < /dev/null; xargs echo yes < /dev/null; echo 1 | xargs false; echo $?; echo 1 | xargs nothing_like_it 2>/dev/null; echo $?
printf 'AB\n\001\377' > bytes; od bytes; od -c bytes; od -A x -t x1 bytes; od -A n -t u1 bytes; od -A d -t d2 bytes; od -b -N 3 bytes; od -j 2 -t x1 bytes; printf '%64s' x | od -c
expr 1 + 2; expr 7 % 4 \* 2; expr 2 \< 10; expr b \> a; expr abc : 'a\(.\)'; expr abc : 'x'; echo $?; expr abcd : '.*'; expr '' \| 5; expr 1 \& 0; expr \( 1 + 2 \) \* 3; expr 5 - 9; expr a = a
cmp f k; echo $?; cmp -s f k; echo $?; printf 'ab' > c1; printf 'axy' > c2; cmp -l c1 c1; echo $?
env -i A=1 B=2 env | sort; env -u HOME sh -c 'echo ${HOME-unset}'; A=x env | grep '^A='
date -u -d @0 +%Y-%m-%d; date -u -d @86399 +%H:%M:%S
chmod 600 f; stat -c %a f; chmod u+x,go=r f; stat -c %a f; chmod -x f; stat -c %a f; chmod a=rw f; stat -c %a f; chmod o-w f; stat -c %a f; chmod -R 755 t; stat -c %a t/f
touch new; [ -f new ] && echo new; touch -c none; [ -e none ] || echo none; touch -d @5 new; stat -c %Y new; touch -d @4 old; [ new -nt old ] && [ ! old -nt new ] && echo newer
du -s e > /dev/null; echo $?; sleep 0; echo $?; true; echo $?; false; echo $?; yes no | head -n 2; test -d $d; echo $?; pwd | grep -c tools; sync
dd if=f of=dd.out bs=4 count=2 2>/dev/null; cat dd.out; echo; dd if=f bs=1 skip=4 count=3 2>/dev/null; echo; echo abc | dd of=dd.out bs=1 seek=2 conv=notrunc 2>/dev/null; cat dd.out
mkdir in; cd in; echo 1 > a; echo 2 > b; echo n | mv -i a b 2>/dev/null; cat a b; echo y | mv -i a b 2>/dev/null; ls; cat b; echo 3 > a; mv -if a b; cat b; echo no | cp -i b a; ls
echo 4 > a; echo y | cp -i a b 2>/dev/null; cat b; printf 'n\ny\n' | rm -i a b 2>/dev/null; ls; echo n | rm -if a; ls; cd ..; rm -r in
mkdir -p lk/d; cd lk; echo 1 > d/f; ln -s d l; ln -s d/f lf; cp -P lf x; [ -h x ] && cat x; cp lf y; cat y; cp -r l c1; [ -h c1 ] && echo link; cp -rL l c2; ls c2; cp -rH l c3; ls c3; ln -s ../d/f d/i; cp -RH l c4; [ -h c4/i ] && cat c4/i; cp -RL d c5; cat c5/i
mkdir deep; cp -R d deep/e; ln -s ../d deep/l; echo 9 > deep/z; cp -rL deep c6; find c6 | sort; ln -s . d/loop; cp -rL d c7 2>/dev/null; echo $?; cd ..; rm -r lk
mkdir ms; cd ms; for i in alpha beta gamma delta epsilon zeta; do echo $i > $i; done; mkdir sub; COLUMNS=30 ls -m; COLUMNS=80 ls -mp; ls -p; ls -lC >/dev/null; echo $?; ln -s sub l; ls -pL; ls -FL l; ls -dF l; cd ..; rm -r ms
cd /; rm -r $d; ls $d 2>/dev/null || echo gone
