# Android 5. script.py says what the records mean, and fills in NONCE and TOOL.
# Names go by the array A to ls and by F to the checksum program, 200 at a time; every name begins
# with ./ so that none is taken for an option. The glob .* matches . and .. too.
# There is no second look at each file: sizes and minutes of the whole tree, before and after, tell
# whether anything changed meanwhile.
# The first H says which program the checksums are of, before any copy is compared with one.
# ls prints only what follows the last slash, so K and V begin with the directory.
p() { print -r -- "@NONCE $1"; }
k() {
case ${#A[*]} in 0) return;; esac
p "K $1"; ls -l -n -d "${A[@]}" 2>/dev/null
p "V $1"; ls -Z -d "${A[@]}" 2>/dev/null
unset A
case ${#F[*]} in 0) return;; esac
p "H TOOL"; TOOL "${F[@]}" 2>/dev/null
unset F
}
v() {
local f
for f in "$1"/* "$1"/.*; do
case $f in */.|*/..|"$q") continue;; esac
[[ -e $f || -h $f ]] || continue
case $f in
*"
"*) p "P $f"; p "Q $(ls -l -n -d "$f")"
[[ -f $f && ! -h $f ]] && { h=$(TOOL "$f"); p "O ${h%% *} $f"; };;
*) A[${#A[*]}]=$f
case $f in ./cache/*|./code_cache/*);; *)
[[ -f $f && ! -h $f ]] && F[${#F[*]}]=$f;; esac;;
esac
[[ -h $f ]] && { p "N $f"; p "L $(readlink "$f")"; }
case $f in */databases/*|*.db|*.db-*|*.sqlite*|*/shared_prefs/*.xml)
[[ -f $f && ! -h $f ]] && { p "C $f"; p "D "; cat "$f"; print; };; esac
case ${#A[*]} in 200) k "$1";; esac
done
k "$1"
for f in "$1"/* "$1"/.*; do
case $f in */.|*/..|"$q") continue;; esac
[[ -d $f && ! -h $f ]] && v "$f"
done
}
a() {
q=${3:-./.}
print
if cd "$2" 2>/dev/null; then p "A $1 seen"; p "H TOOL"
elif [ -e "$2" ]; then p "A $1 denied"; return
else p "A $1 absent"; return
fi
l=$(ls -l -n -a -R . 2>/dev/null)
A[0]=.
v .
[[ $l == "$(ls -l -n -a -R . 2>/dev/null)" ]] || p "W something in it changed while it was read"
p "Z $1"
}
