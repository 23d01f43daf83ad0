"""Which commands an Android of each API level has below /system/bin, and what stands behind them.

Facts: external/toybox/Android.mk (later Android.bp) and system/core/toolbox of each release. The
distribution's toybox lacks some that Android's has: busybox answers those. What an Android lacks
must be absent here too, or a harness would pass that no phone lets pass.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FIRST_TOYBOX_API", "Applets", "applets_for"]

FIRST_TOYBOX_API = 23

TOYBOX_SINCE_23 = """
acpi basename blockdev bzcat cal cat chgrp chmod chown chroot cksum clear comm cmp cp cpio cut date
dirname dmesg dos2unix echo env expand expr fallocate false find free groups head help hostname
hwclock id ifconfig inotifyd insmod kill ln logname losetup lsattr lsmod lsusb md5sum mkdir mknod
mkswap mktemp modinfo more mountpoint mv netstat nice nl nohup od paste patch pgrep pidof pkill
pmap printenv printf pwd readlink realpath rm rmdir rmmod route sed seq setsid sha1sum sleep sort
split stat strings swapoff swapon sync sysctl tac tail tar taskset tee time timeout touch tr true
truncate umount uname uniq unix2dos usleep vmstat wc which whoami xargs yes
ls df du dd mount ionice renice top uptime grep egrep fgrep ping prlimit
"""
TOYBOX_LATER: dict[int, str] = {
    24: "base64 flock freeramdisk ionice iorenice killall mkfifo nc netcat pwdx rev tty uudecode"
    " uuencode xxd gzip gunzip zcat ulimit traceroute test",
    26: "chrt diff file fsfreeze getfattr install link log nproc ps sha224sum sha256sum sha384sum"
    " sha512sum uuidgen watch microcom chattr setfattr",
    28: "awk fmt unlink nsenter unshare vconfig crc32 iotop fsync",
    29: "bc getconf getopt iconv nbd-client readelf rtcwake stty vi",
    30: "bzip2 bunzip2 devmem i2cdetect i2cdump i2cget i2cset",
    31: "blkdiscard rfkill uclampset lspci tunctl",
    34: "[ brctl arch shred",
}

TOOLBOX = """
cat chmod chown clear cmp cp date dd df dmesg du grep egrep fgrep id ifconfig insmod ionice kill
ln ls lsmod lsof md5 mkdir mknod mkswap mount mv netstat printenv readlink renice rm rmdir rmmod
route sleep printf swapoff swapon sync top touch umount uptime vmstat ps ping
"""

BY_BUSYBOX = frozenset(
    """
    expr tr dd diff gzip gunzip zcat stty more getopt vi modprobe traceroute awk bc brctl bzip2
    bunzip2 route
    """.split()  # noqa: SIM905
)
"""Android's toybox (or a program beside it) has these, the distribution's toybox has not."""

FORMATTED_TOOLBOX = frozenset({"df", "id", "ls", "md5", "mount", "ps", "touch"})
"""Their output has toolbox's own shape: our own code answers (toolbox.py), not toybox."""

TOOLBOX_PS_UNTIL = 25
"""`ps` was toolbox's, with its own columns and no options, up to Android 7.1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Applets:
    """Command names by what answers them. `scripts` are whole mksh scripts by name."""

    toybox: frozenset[str]
    busybox: frozenset[str]
    own: frozenset[str]
    scripts: dict[str, str]
    umbrella: str
    """The multi-call program's name on this Android: toybox, or toolbox before it."""


PS_SCRIPT = """\
#!/system/bin/sh
# toybox on a phone prints these columns of itself; the distribution's prints four.
for word in "$@"; do
  case "$word" in -o*|-f*|-l*|-O*|--help) exec toybox ps "$@";; esac
done
exec /system/lib64/toolchest/ps "$@" -o USER,PID,PPID,VSZ,RSS,WCHAN:10,ADDR:10,S,NAME
"""
DD_SCRIPT = """\
#!/system/bin/sh
# A phone's dd takes small letters for units (bs=1m).
i=0
for word in "$@"; do
  case "$word" in *=*[0-9]m) word="${word%m}M";; *=*[0-9]g) word="${word%g}G";; esac
  words[i]="$word"; i=$((i + 1))
done
exec /system/lib64/toolchest/dd "${words[@]}"
"""


def applets_for(api: int, *, toybox_has: frozenset[str]) -> Applets:
    """The commands of an Android of this API level; `toybox_has` is what the host's toybox offers
    (what neither it nor busybox has is left out)."""
    if api < FIRST_TOYBOX_API:
        names = frozenset(TOOLBOX.split())
        own = FORMATTED_TOOLBOX & names
        umbrella = "toolbox"
    else:
        later = (words for since, words in TOYBOX_LATER.items() if since <= api)
        names = frozenset(f"{TOYBOX_SINCE_23} {' '.join(later)}".split())
        own = frozenset({"ps"}) if api <= TOOLBOX_PS_UNTIL else frozenset()
        umbrella = "toybox"
    scripts = {"dd": DD_SCRIPT}
    if "ps" in names - own:
        scripts["ps"] = PS_SCRIPT
    plain = names - own - scripts.keys()
    return Applets(
        toybox=(plain & toybox_has) - BY_BUSYBOX,
        busybox=plain & BY_BUSYBOX,
        own=own,
        scripts=scripts,
        umbrella=umbrella,
    )
