# SPDX-License-Identifier: MIT
# sed: addresses, all commands, substitutions.
d=/tmp/sed.$$
mkdir $d; cd $d
s() { sed "$@"; echo "= $?"; }
printf 's/o/0/\n/two/d\n# c\na\\\nx\n' > script
printf 'one\ntwo\nthree\nfour\nfive\n' > f
s s/o/0/ f; s s/e/E/g f; s 's/\(.\)\(.\)/\2\1/' f; s -n 2p f; s 2d f; s '2,4d' f; s '$d' f; s '/t/d' f; s '/t/!d' f; s -n '/two/,/four/p' f
s -n '$=' f; s 's/.*/<&>/' f; s 's|o|/|' f; s 's/e/\n/2' f; s y/abco/ABCO/ f; s 2q f; s -e 1d -e 's/t/T/' f; s '1{s/o/x/;p
}' f
s 'a\
after' f; s '2i\
before\
twice' f; s '2c\
changed' f; s '2,3c\
range' f; s 'a after' f; s 'G' f; s -n 'H;${x;s/\n/,/g;p;}' f; s 'N;s/\n/+/' f; s '$!N;P;D' f; s '1!G;h;$!d' f
s ':a
s/^.\{1,6\}$/ &/
ta' f; s -n 'l' f; s 's/x*/-/g' f; s 's/b*$/!/' f; s -E 's/(o|e)+/[&]/g' f; s '/o/s//0/' f; s 's/e/E/3' f; s 's/O/_/I' f; s -n 's/o/0/w out' f; cat out; s '/three/r out' f; s 'n;d' f; s '2,1p' f; s '2,/t/d' f; s '/one/,3s/$/;/' f; s b f
s 's/[/]/x/' f; s 's/a\/b/c/' f; echo 'a/b' | s 's/a\/b/c/'; echo 'a.b' | s 's/\./-/'; printf 'no newline' | s 's/n/N/'; echo; printf 'a\tb\\\n' | s -n l; echo hello | s 's/l*/x/g'; echo aaa | s 's/a/b/2g'; echo abc | s 's/b/\&/'; echo abc | s 's/\(b\)/[\1\1]/'; echo abc | s 's/b/x\
y/'; s none 2>/dev/null || echo failed; sed k f 2>/dev/null || echo failed; sed '{p' f 2>/dev/null || echo failed; s = f; s -n '/two/{n;p;}' f; s '/two/{N;d;}' f; s -f script f; s '1d;n;d' f; s '$!d' f f; s '/^$/d;s/ *$//' f; s 's/.\{3\}/&-/' f; s x f; s '5!s/$/,/' f; s '#c
p' f; s '/f/{
s/f/F/
b end
}
s/^/> /
:end' f
cd /; rm -r $d
