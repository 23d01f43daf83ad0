"""`adb root`, where the build allows it (userdebug and eng)."""

from __future__ import annotations

from holdfast.deadline import Deadline, wait_until
from holdfast.device.adb import AdbLink
from holdfast.device.shell import Shell
from holdfast.errors import DeviceRefused, LabError

__all__ = ["become_root", "is_root"]

_RESTART_S = 30.0


def is_root(shell: Shell, *, deadline: Deadline) -> bool:
    return shell.run("id", deadline=deadline).text.startswith("uid=0(")


def become_root(link: AdbLink, shell: Shell, *, deadline: Deadline) -> None:
    """Have adbd run as root. DeviceRefused with its own words where the build does not allow it.

    adbd stays root until the next boot.
    """
    if is_root(shell, deadline=deadline):
        return
    with link.stream("root:", deadline=deadline) as stream:
        said = stream.receive(deadline=deadline, what="asking for root").decode("utf-8", "replace")
    if "restarting" not in said and "already" not in said:
        raise DeviceRefused("adb root", answer=said.strip(), device=link.device)

    def rooted() -> bool:
        try:
            return is_root(shell, deadline=deadline)
        except LabError:
            return False

    bound = deadline.within(_RESTART_S)
    wait_until(rooted, bound, what="adbd's restart as root", device=link.device)
