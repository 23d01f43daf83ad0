# Android 10 and up, whose find has -printf: fewer walks than toybox.sh, and no stat.
# script.py says what the records mean, and fills in NONCE, TOOL and the limits.
# Errors go by descriptor 4 into a variable, and come as one record at the end of their step:
# interleaved with the output they could break its lines. Caches are listed, but not read.
# b makes large blocks: checksum programs write a line at a time, and each would be a packet of adb.
# The last walk (R) goes on in a coprocess (the next one must wait for its end) while databases and
# preferences are read, of which the checksums tell a change; Y looks again at the few files that
# the loop itself takes checksums of.
p() { print -r -- "@NONCE $1"; }
b() { dd ibs=4096 obs=65536 2>/dev/null; }
w() { case $1 in ?*) p "W ${1:0:60000}";; esac; }
a() {
q=${3:-./.}
print
if cd "$2" 2>/dev/null; then p "A $1 seen"
elif [ -e "$2" ]; then p "A $1 denied"; return
else p "A $1 absent"; return
fi
j="%M %s %U %G %i %Z %T@ %p\n"
n="*
*"
p I
f=$( { find . -path "$q" -prune -o \( -type l -o -path "$n" \) -printf "@NONCE J $j@NONCE L %l\n@NONCE I\n" -o -printf "$j" 2>&4 | b >&3; } 4>&1 ) 3>&1
w "$f"
p "H TOOL"
f=$( { find . -path "$q" -prune -o -path ./cache -prune -o -path ./code_cache -prune -o -type f ! -size +HASHLIMITc ! -path "$n" -print0 2>/dev/null | xargs -0 TOOL 2>&4 | b >&3; } 4>&1 ) 3>&1
w "$f"
find . -path "$q" -prune -o -type f -printf "%s %i %T@ %p\n" 2>/dev/null | sha256sum |&
find . -path "$q" -prune -o -type f \( -size +HASHLIMITc -printf "S%p\0" -o -path "$n" -printf "O%p\0" -o -true \) ! -size +CONTENTLIMITc \( -path "*/databases/*" -o -name "*.db" -o -name "*.db-*" -o -name "*.sqlite*" -o -path "*/shared_prefs/*.xml" \) -printf "C%p\0" 2>/dev/null | while IFS= read -rd "" f; do
k=${f%%./*}
f=${f#?}
case $k in
C) p "C $f"; p "D "; cat "$f" 2>/dev/null; print; continue;;
O) h=$(TOOL "$f"); p "O ${h%% *} $f";;
S) s=$(stat -c %s "$f"); d="dd bs=1000000"
b=$($d count=1 if="$f" 2>/dev/null | TOOL)
e=$($d skip=$((${s%??????}-1)) if="$f" 2>/dev/null | TOOL)
p "S ${b%% *} ${e%% *} $f";;
esac
find "$f" -maxdepth 0 -printf "@NONCE Y %s %i %T@ %p\n"
done
read -rp h
wait
p "R $h"
p "Z $1"
}
