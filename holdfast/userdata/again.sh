# Where printf.sh found that something changed while it read: every file's size, inode and time.
p() { print -r -- "@NONCE $1"; }
a() {
q=${3:-./.}
print
if cd "$2" 2>/dev/null; then p "A $1 seen"; else p "A $1 absent"; return; fi
find . -path "$q" -prune -o -type f -printf "@NONCE Y %s %i %T@ %p\n" 2>/dev/null
p "Z $1"
}
