#!/bin/sh
# guardian.sh SCRATCH PROGRAM...: run PROGRAM until it ends or our stdin closes.
#
# Whoever starts this holds the other end of its stdin: when that process ends, even by SIGKILL, the
# pipe closes, and PROGRAM is ended. The folder SCRATCH is removed in any case. PROGRAM's own stdin
# is the pipe SCRATCH/words, which the same process holds: what is said to it, the watcher below
# does not read.
scratch=$1; shift
exec 3<&0 </dev/null
"$@" <"$scratch/words" 3<&- & program=$!
exec >/dev/null

# TERM comes first: the program may have children, mounts and files to put away.
(
  read -r _ <&3
  kill -TERM $program
  tries=0
  while kill -0 $program && [ $tries -lt 50 ]; do sleep 0.2; tries=$((tries + 1)); done
  kill -KILL $program
) 2>/dev/null & watcher=$!
exec 3<&-

# Set last: a signal that is ignored here would have been ignored in the program as well.
trap '' INT TERM HUP
wait $program; status=$?
kill $watcher 2>/dev/null
rm -rf -- "$scratch"
exit $status
