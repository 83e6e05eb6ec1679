# SPDX-License-Identifier: MIT
# case, patterns, and the commands that hold others.
kind() {
    case $1 in
    '') echo empty ;;
    [0-9]) echo digit ;;
    [!a-z]*) echo not lower ;;
    *.c | *.h) echo C ;;
    (paren) echo open ;;
    a?c) echo a.c ;;
    "*") echo star ;;
    [[:upper:]]) echo upper ;;
    *\?*) echo question ;;
    x*y*z) echo xyz ;;
    *) echo other
    esac
}
for i in '' 5 55 Q x.c y.h paren abc '*' 'b?d' xaybz xyz '[' ']' '-' a-b; do echo "$i: $(kind "$i")"; done
case a in b) echo b;; esac
echo $?
case a in a) ;; esac
echo $?
case a in a) false;; esac
echo $?
v='a*'
case 'a*' in $v) echo pattern;; esac
case abc in $v) echo pattern;; esac
case abc in "$v") echo no;; *) echo quoted;; esac
case ']' in []]) echo bracket;; esac
case '-' in [a-]) echo minus;; esac
case b in [!]]) echo notbracket;; esac
case in in in) echo in;; esac
case esac in (esac) echo esac;; esac
if case x in x) true;; esac then echo then; fi
case x in
    y) echo y ;;
    x) case y in y) echo nested;; esac ;;
esac
echo "$(case x in x) echo in substitution;; esac)"
echo "$(case x in (x) echo paren;; esac; echo ')')"
while read -r a b; do case $a in '#'*) continue;; end) break;; esac; echo "$b-$a"; done <<E
# comment
one two
three four five
end
not reached
E
for i in 1 2 3; do for j in a b c; do case $i$j in 1b) continue 2;; 2c) break;; 3b) break 2;; esac; echo $i$j; done; done
i=0
until [ $i -ge 3 ]; do i=$((i + 1)); echo $i; done
while :; do i=$((i - 1)); [ $i -gt 0 ] || break; done; echo $i
if false; then echo no; elif false; then echo no; elif true; then echo elif; else echo no; fi
if false; then :; fi; echo $?
{ echo group; echo of; } | cat
( echo sub; exit 3; echo no ); echo $?
x=1; ( x=2; echo $x ); echo $x
{ x=3; }; echo $x
! true; echo $?
! false; echo $?
true && echo and || echo or
false && echo and || echo or
true || echo no && echo yes
false | true; echo $?
true | false; echo $?
! false | false; echo $?
for i do echo no; done
set -- p q; for i do echo $i; done; for i
do echo $i; done
for i in; do echo no; done; echo $?
