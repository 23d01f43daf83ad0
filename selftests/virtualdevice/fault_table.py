"""Every fault at every place, as a table: what is seen, and what the thing under way ends with."""

from __future__ import annotations

from virtualdevice.faults import FaultKind, Phase

__all__ = ["BOOTS", "IDLE", "NO_SENSE", "PLACES", "ROWS", "UPDATES"]

IDLE = "idle"
PLACES = (IDLE, Phase.INSTALL, *(phase for phase in Phase if phase is not Phase.INSTALL))
UPDATES = PLACES[2:]
BOOTS = {Phase.FIRST_BOOT, Phase.CODE_OPTIMISATION}

TABLE = """
                            | idle     | install | download | verify  | commit  | first boot | code
drop_link                   | link     | new     | new      | new     | new     | new        | new
hang                        | silent   | old     | old      | old     | old     | new        | new
die                         | gone     | old     | old      | old     | old     | new        | new
reboot                      | restarts | old     | old      | old     | old     | new        | new
refuse                      | refuses  | new     | new      | new     | new     | new        | new
shells_hang                 | no shell | new     | new      | new     | new     | new        | new
never_boots                 | -        | -       | -        | -       | -       | -          | -
stays_down                  | dark     | new     | new      | new     | new     | new        | new
boot_loop                   | loops    | new     | new      | new     | new     | new        | new
other_serial                | another  | new     | new      | new     | new     | new        | new
system_server_hangs         | stuck    | new     | new      | new     | new     | new        | new
boot_never_completes        | half     | new     | new      | new     | new     | new        | new
second_boot_never_completes | half     | new     | new      | new     | new     | new        | new
low_battery                 | on       | new     | new      | new     | new     | new        | new
full_disk                   | on       | new     | new      | new     | new     | new        | new
slow_disk                   | on       | new     | new      | new     | new     | new        | new
ui_server_dies              | on       | new     | new      | new     | new     | new        | new
ui_server_hangs             | on       | new     | new      | new     | new     | new        | new
apps_crash                  | on       | new     | new      | new     | new     | new        | new
overheated                  | on       | new     | new      | new     | new     | new        | new
clock_jumps                 | on       | new     | new      | new     | new     | new        | new
slow_phone                  | on       | new     | new      | new     | new     | new        | new
installing_hangs            | on       | new     | new      | new     | new     | new        | new
verification_times_out      | on       | new     | new      | new     | new     | new        | new
"""
"""Under "idle" what is seen of the phone, there and in the other columns; in those what the thing
under way ends with. `link`: adb lost it and has it again. `silent`: it answers no host. `gone`: the
power is off. `restarts`: by itself. `refuses`, `no shell`: adb opens no service, or no shell.
`dark`: it does not come back from the next restart. `loops`: it restarts again and again from the
next restart on. `another`: it has another serial number from then on. `stuck`: no command ends.
`half`: adb answers, and the next boot never completes (in the first boot: this one). `on`: it goes
on, and shows what it has (SIGNS)."""
NO_SENSE = {FaultKind.NEVER_BOOTS: "a phone that never booted is at no place"}


def _rows() -> dict[FaultKind, dict[str, str]]:
    lines = [line.split("|") for line in TABLE.strip("\n").splitlines()[1:]]
    return {
        FaultKind(name.strip()): dict(zip(PLACES, (cell.strip() for cell in cells), strict=True))
        for name, *cells in lines
    }


ROWS = _rows()
