# Android 6 and up. script.py says what the records mean, and fills in NONCE, TOOL, the limits and %C.
# Fields of E: mode (hex), size, 512-byte blocks, uid, gid, inode, label, date, time, zone, name.
# Errors go by descriptor 4 into a variable, and come as one record at the end of their step:
# interleaved with the output they could break its lines. Caches are listed, but not read.
# b makes large blocks: stat and checksum programs write a line at a time, each a packet of adb.
p() { print -r -- "@NONCE $1"; }
g() { f=$( { find . -path "$q" -prune -o $2 -print0 2>&4 | xargs -0r stat -c "@NONCE $1 %n" 2>&4 | b >&3; } 4>&1 ) 3>&1
w "$f"; }
b() { dd ibs=4096 obs=65536 2>/dev/null; }
w() { case $1 in ?*) p "W ${1:0:60000}";; esac; }
a() {
q=${3:-./.}
print
if cd "$2" 2>/dev/null; then p "A $1 seen"
elif [ -e "$2" ]; then p "A $1 denied"; return
else p "A $1 absent"; return
fi
g "E %f %s %b %u %g %i %C %y"
p "H TOOL"
n="*
*"
f=$( { find . -path "$q" -prune -o -path ./cache -prune -o -path ./code_cache -prune -o -type f ! -size +HASHLIMITc ! -path "$n" -print0 2>/dev/null | xargs -0 TOOL 2>&4 | b >&3; } 4>&1 ) 3>&1
w "$f"
find . -path "$q" -prune -o -type f ! -size +HASHLIMITc -path "$n" -print0 2>/dev/null | while IFS= read -rd "" f; do
h=$(TOOL "$f"); p "O ${h%% *} $f"; done
find . -path "$q" -prune -o -type f -size +HASHLIMITc -print0 2>/dev/null | while IFS= read -rd "" f; do
s=$(stat -c %s "$f"); d="dd bs=1000000"
b=$($d count=1 if="$f" 2>/dev/null | TOOL)
e=$($d skip=$((${s%??????}-1)) if="$f" 2>/dev/null | TOOL)
p "S ${b%% *} ${e%% *} $f"; done
find . -path "$q" -prune -o -type l -print0 2>/dev/null | while IFS= read -rd "" f; do
p "N $f"; p "L $(readlink "$f")"; done
find . -path "$q" -prune -o -type f ! -size +CONTENTLIMITc \( -path "*/databases/*" -o -name "*.db" -o -name "*.db-*" -o -name "*.sqlite*" -o -path "*/shared_prefs/*.xml" \) -print0 2>/dev/null | while IFS= read -rd "" f; do
p "C $f"; p "D "; cat "$f" 2>/dev/null; print; done
g "G %s %i %y" "-type f"
p "Z $1"
}
