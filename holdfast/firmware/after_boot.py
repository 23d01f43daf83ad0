"""What is set after a preparation, so that a test meets no set-up wizard, sleep or animation.

A table: the shell lines by API level, and how it is known that each holds. Sources: AOSP's
Settings.java for the keys; `svc`, `wm`, `locksettings` as the platform's shell commands of those
levels. The locale is SYSTEM_LOCALES in Settings.System, which the shell may write
(SettingsProvider), and which getConfiguration there reads at each boot; before Android 7 there is
only a property, which root may set. The clock is the network's; where that has not set it, the
shell of those versions that hold SET_TIME may: `cmd alarm set-time` of AlarmManagerService.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.deadline import Clock, Deadline
from holdfast.device.shell import Shell, quote
from holdfast.device.vitals import read_vitals
from holdfast.errors import LabError
from holdfast.journal import Journal

__all__ = [
    "FIRST_LOCALE_SETTING_API",
    "SETTINGS",
    "Setting",
    "apply_settings",
    "require_fit",
    "set_clock",
    "set_locale",
]

# Below these a test would fail by the lab's fault: recovery and update_engine begin nothing on a
# low battery, an A/B update needs room, and a wrong clock breaks every certificate.
BATTERY_PERCENT_MIN = 25
FREE_DATA_BYTES_MIN = 1 << 30
CLOCK_ERROR_S_MAX = 120.0
FIRST_LOCALE_SETTING_API = 24
_FIRST_LOCALE_TAG_API = 23


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """`change` sets it, `question` reads it back and must answer `answer` (one line; "" is not
    asked). `required`: without it no test can run."""

    name: str
    change: str
    question: str = ""
    answer: str = ""
    min_api: int = 21
    max_api: int = 10_000
    required: bool = False


def _put(
    name: str, table: str, key: str, value: str, *, min_api: int = 21, required: bool = False
) -> Setting:
    return Setting(
        name=name,
        change=f"settings put {table} {key} {value}",
        question=f"settings get {table} {key}",
        answer=value,
        min_api=min_api,
        required=required,
    )


SETTINGS: tuple[Setting, ...] = (
    _put("setup finished", "global", "device_provisioned", "1", required=True),
    _put("user set up", "secure", "user_setup_complete", "1", required=True),
    _put("awake while charging", "global", "stay_on_while_plugged_in", "7"),
    _put("screen on", "system", "screen_off_timeout", "1800000"),
    _put("window animations off", "global", "window_animation_scale", "0"),
    _put("transition animations off", "global", "transition_animation_scale", "0"),
    _put("animator off", "global", "animator_duration_scale", "0"),
    # Developer options' "Automatic system updates": an update in the night is another build.
    _put("automatic system update off", "global", "ota_disable_automatic_update", "1", min_api=26),
    # A scan of what adb installs may ask a person, or refuse a probe.
    _put("verifier does not ask", "global", "verifier_verify_adb_installs", "0"),
    _put("network time", "global", "auto_time", "1"),
    Setting(
        name="no lock screen",
        change="locksettings set-disabled true",
        question="locksettings get-disabled",
        answer="true",
        min_api=27,
    ),
    Setting(name="lock screen away", change="wm dismiss-keyguard", min_api=23),
)


def apply_settings(shell: Shell, *, api: int, deadline: Deadline, journal: Journal) -> None:
    """Set each, and read it back. LabError for a required one that does not hold; the others that
    do not are named in the journal as `settings.not_held`."""
    not_held = []
    for setting in SETTINGS:
        if not setting.min_api <= api <= setting.max_api:
            continue
        shell.run(setting.change, deadline=deadline)
        if not setting.question:
            continue
        said = shell.run(setting.question, deadline=deadline).text.strip()
        if said == setting.answer:
            continue
        if setting.required:
            raise LabError(
                f"the setting '{setting.name}' does not hold: `{setting.question}` answers {said!r}"
            )
        not_held.append(setting.name)
    journal.fact("settings.not_held", ", ".join(not_held) or "none")


def set_locale(tag: str, *, api: int) -> str:
    """The shell line, below FIRST_LOCALE_SETTING_API for root; Android reads it when it starts."""
    if api >= FIRST_LOCALE_SETTING_API:
        return f"settings put system system_locales {quote(tag)}"
    if api >= _FIRST_LOCALE_TAG_API:
        return f"setprop persist.sys.locale {quote(tag)}"
    language, _, rest = tag.partition("-")
    return f"setprop persist.sys.language {quote(language)}; setprop persist.sys.country " + quote(
        rest.rpartition("-")[2]
    )


def set_clock(shell: Shell, *, clock: Clock, deadline: Deadline, journal: Journal) -> None:
    """Set a clock that is wrong to this host's. Where it cannot be set, `require_fit` names it."""
    error_s = read_vitals(shell, clock=clock, deadline=deadline).clock_error_s
    if error_s is None or abs(error_s) <= CLOCK_ERROR_S_MAX:
        return
    command = f"cmd alarm set-time {int(clock.time() * 1000)}"
    answer = shell.run(command, deadline=deadline).all_text.strip()
    journal.fact("clock.set", f"it was {error_s:+.0f} s off; {answer or 'set'}")


def require_fit(shell: Shell, *, clock: Clock, deadline: Deadline, device: str) -> None:
    """Battery, room and clock, as their services tell. LabError names each that is wrong; what a
    device does not tell (an emulator's battery) is not held against it."""
    told = read_vitals(shell, clock=clock, deadline=deadline)
    wrong = []
    if told.battery_percent is not None and told.battery_percent < BATTERY_PERCENT_MIN:
        wrong.append(f"battery at {told.battery_percent} %, {BATTERY_PERCENT_MIN} % wanted")
    if told.free_data_bytes is not None and told.free_data_bytes < FREE_DATA_BYTES_MIN:
        free, wanted = told.free_data_bytes >> 20, FREE_DATA_BYTES_MIN >> 20
        wrong.append(f"{free} MiB free, {wanted} MiB wanted")
    if told.clock_error_s is not None and abs(told.clock_error_s) > CLOCK_ERROR_S_MAX:
        wrong.append(f"clock {told.clock_error_s:+.0f} s off: give it a network, or set it by hand")
    if wrong:
        raise LabError(f"prepared, but not fit for a test: {'; '.join(wrong)}", device=device)
