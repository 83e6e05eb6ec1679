# SPDX-License-Identifier: MIT
# Redirections and here-documents.
d=/tmp/redirect.$$
mkdir $d; cd $d
echo one > f; echo two >> f; cat f; cat < f
cat f - < f
{ echo out; echo err >&2; } > o 2> e; cat o e
{ echo out; echo err >&2; } > o 2>&1; cat o
{ echo err >&2; } 2>&1 > /dev/null | cat
exec 3> three; echo to three >&3; exec 3>&-; cat three
exec 4< f; read -r a <&4; read -r b <&4; exec 4<&-; echo $a $b
echo rw > rw; exec 5<> rw; read -r x <&5; echo $x; echo more >&5; exec 5>&-; cat rw
x=7
cat <<END
plain $x ${x}y $(echo sub) `echo back` $((x + 1)) \$x \\ "quotes" 'single'
	tab
END
cat <<'END'
quoted $x $(echo no) \$x
END
cat <<\END
also $x
END
cat <<-END
	tabs $x
		gone
	END
cat <<A; cat <<B
first
A
second
B
cat <<END | tr a-z A-Z
piped $x
END
while read -r line; do echo "<$line>"; done <<END
a  b
  c
END
if true; then cat <<END; fi
in if
END
echo "$(cat <<END
in substitution $x
END
)"
f() { cat <<END
$1 of f
END
}
f one; f two
cat <<END
line \
goes on
END
cat <<END
END
echo empty
i=0; { while [ $i -lt 700 ]; do echo "line $i of a long document"; i=$((i + 1)); done; } > long
{ echo 'cat <<END'; cat long; echo END; } > script; sh script | cmp - long && echo long same
read a b c <<END
1 2 3 4  
END
echo "$a|$b|$c|"
IFS=: read a b c <<END
x:y z:w:v
END
echo "$a|$b|$c|"
printf 'a\\ b c\n' | { read x y; echo "$x|$y"; }
printf 'a\\ b c\n' | { read -r x y; echo "$x|$y"; }
printf 'no newline' | { read x; echo "$? $x"; }
echo 'a b' | read x y; echo "${x:-kept}"
for i in 1 2 3; do echo $i; done > loop; cat loop
for i in 1 2 3; do read -r l; echo "$i$l"; done < loop
while read -r l; do echo "w$l"; done < loop | cat
(echo sub) > s; cat s
> empty; cat empty; [ -f empty ] && [ ! -s empty ] && echo is empty
echo a 3>&1 >&3 | cat
ls /nothing 2> /dev/null || echo failed
cat < /nothing 2> /dev/null || echo failed
echo a>b; cat b; echo 2>b; cat b
echo x >"with space"; cat with*; n=named; echo y >$n; cat named
cd /; rm -r $d
(exit 2); . /dev/null; echo dot $?; echo 'echo from stdin $1' | sh /dev/stdin word; mkfifo /tmp/dot.$$; (echo 'piped=yes' > /tmp/dot.$$) & . /tmp/dot.$$; echo $piped; rm /tmp/dot.$$
(. /tmp/dot.$$; echo no) 2>/dev/null || echo missing
