"""`dumpsys SERVICE`: what tools read of the running system."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from virtualdevice.system.accounts import accounts_dump
from virtualdevice.system.commands.health import (
    FIRST_THERMAL_API,
    dump_alarm,
    dump_battery,
    dump_disk_stats,
    dump_thermal,
)
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.dump import dump_package, dump_packages
from virtualdevice.system.phone import Phone
from virtualdevice.system.screen.surface import Surface
from virtualdevice.system.users.dump import dump_users

__all__ = ["SERVICES", "dumpsys"]

Dump = Callable[[Phone, Sequence[str]], str]


def _window_record(surface: Surface) -> str:
    return f"Window{{{surface.identity:x} u{surface.user_id} {surface.package}/{surface.activity}}}"


def _activity_record(surface: Surface, task: int) -> str:
    return f"ActivityRecord{{{surface.identity:x} u{surface.user_id} {surface.component} t{task}}}"


def _focus_lines(phone: Phone) -> list[str]:
    screen = phone.screen
    activity = screen.top_activity
    token = f"AppWindowToken{{{activity.identity:x} token=Token{{{activity.identity:x} "
    if phone.api >= 29:
        app = _activity_record(activity, phone.task_of(activity))
    else:
        app = f"{token}{_activity_record(activity, phone.task_of(activity))}}}}}"
    focus = "null" if not screen.is_on else _window_record(screen.top)
    return [f"  mCurrentFocus={focus}", f"  mFocusedApp={app}"]


def dump_window(phone: Phone, arguments: Sequence[str]) -> str:
    lines = ["WINDOW MANAGER WINDOWS (dumpsys window windows)"]
    for number, surface in enumerate(reversed(phone.screen.surfaces)):
        lines.append(f"  Window #{number} {_window_record(surface)}:")
        shown = "true" if surface is phone.screen.top else "false"
        lines.append(f"    mHasSurface={shown} isReadyForDisplay()={shown}")
    if phone.screen.keyboard_shown:
        lines.append("  mInputMethodWindow=Window{2f1d3c5 u0 InputMethod}")
    rotation = phone.screen.rotation
    if phone.api < 29 or arguments[:1] != ["windows"]:
        lines += _focus_lines(phone)  # from 10 on, it is the display that has the focus
    lines += [f"  mRotation={rotation}", f"  mCurrentRotation={rotation}"]
    if "policy" in arguments or not arguments:
        awake = "true" if phone.screen.is_on else "false"
        locked = "true" if phone.screen.locked else "false"
        lines += [
            "WINDOW MANAGER POLICY STATE (dumpsys window policy)",
            f"    mAwake={awake}",
            f"    screenState={'SCREEN_STATE_ON' if phone.screen.is_on else 'SCREEN_STATE_OFF'}",
            f"    mShowingLockscreen={locked}",
            f"    showing={locked}",
        ]
    return "\n".join(lines) + "\n"


def dump_activity(phone: Phone, arguments: Sequence[str]) -> str:
    screen = phone.screen
    activity = screen.top_activity
    record = _activity_record(activity, phone.task_of(activity))
    if arguments[:1] == ["top"]:
        pid = phone.pid_of(activity.package)
        return (
            f"TASK {activity.package} id={phone.task_of(activity)}\n"
            f"  ACTIVITY {activity.component} {activity.identity:x} pid={pid}\n"
            f"    Local Activity {activity.identity:x} State:\n"
            "      mResumed=true mStopped=false mFinished=false\n"
        )
    lines = ["ACTIVITY MANAGER ACTIVITIES (dumpsys activity activities)"]
    resumed = "topResumedActivity" if phone.api >= 30 else "mResumedActivity"
    for surface in reversed(screen.surfaces):
        task = phone.task_of(surface)
        lines.append(f"      * Hist #0: {_activity_record(surface, task)}")
    lines.append(f"    {resumed}: {record}" if phone.api < 30 else f"  {resumed}={record}")
    if phone.api >= 30:
        lines.append(f"  ResumedActivity: {record}")
    lines.append(f"  mFocusedActivity: {record}" if phone.api < 26 else f"  mFocusedApp={record}")
    return "\n".join(lines) + "\n"


def dump_power(phone: Phone, arguments: Sequence[str]) -> str:
    on = "true" if phone.screen.is_on else "false"
    state = "Awake" if phone.screen.is_on else "Asleep"
    return (
        "POWER MANAGER (dumpsys power)\n\n"
        "Power Manager State:\n"
        f"  mWakefulness={state}\n"
        f"  mHoldingDisplaySuspendBlocker={on}\n"
        f"Display Power: state={'ON' if phone.screen.is_on else 'OFF'}\n"
    )


def dump_display(phone: Phone, arguments: Sequence[str]) -> str:
    facts, rotation = phone.personality.screen, phone.screen.rotation
    size = f"{facts.width_px} x {facts.height_px}"
    return (
        "DISPLAY MANAGER (dumpsys display)\n"
        f"  mViewports=[DisplayViewport{{valid=true, displayId=0, orientation={rotation}, "
        f"logicalFrame=Rect(0, 0 - {facts.width_px}, {facts.height_px})}}]\n"
        f'    mBaseDisplayInfo=DisplayInfo{{"Built-in Screen", real {size}, '
        f"density {facts.density_dpi}, rotation {rotation}}}\n"
    )


def dump_surface_flinger(phone: Phone, arguments: Sequence[str]) -> str:
    if "--display-id" in arguments:
        return 'Display 4619827259835644672 (HWC display 0): port=0 pnpId=GGL displayName=""\n'
    return "Build configuration: [sf PRESENT_TIME_OFFSET=0]\n"


def dump_package_service(phone: Phone, arguments: Sequence[str]) -> str:
    names = [word for word in arguments if not word.startswith("-")]
    if names[:1] in (["messages"], ["m"]):
        registry = phone.parts.registry
        read = "No settings file found\n" if registry.loaded_problem.startswith("No ") else ""
        shown = [line for line in registry.problems if "ignored: updated version" not in line]
        return f"Settings parse messages:\n{read}\nPackage warning messages:\n" + "".join(
            f"{line}\n" for line in shown
        )
    if names[:1] == ["packages"] or not names:
        return dump_packages(phone.parts)
    return dump_package(phone.parts, names[-1])


def dump_notification(phone: Phone, arguments: Sequence[str]) -> str:
    lines = ["Current Notification Manager state:", "  Notification List:"]
    for item in phone.screen.notifications:
        lines += [
            f"    NotificationRecord(0x{id(item) & 0xFFFFFFF:x}: pkg={item.package} "
            "user=UserHandle{0} id=1 tag=" + item.tag,
            f"      android.title=String ({item.title})",
            f"      android.text=String ({item.text})",
        ]
        if item.actions:
            lines += ["      actions={", *_action_lines(item.actions), "        }"]
    return "\n".join(lines) + "\n"


def _action_lines(actions: Sequence[tuple[str, str]]) -> list[str]:
    return [
        f'        [{number}] "{text}" -> PendingIntent{{{number:x}: PendingIntentRecord{{}}}}'
        for number, (text, _) in enumerate(actions)
    ]


def dump_input_method(phone: Phone, arguments: Sequence[str]) -> str:
    shown = "true" if phone.screen.keyboard_shown else "false"
    method = phone.parts.settings.get("secure", "default_input_method") or ""
    return (
        "Current Input Method Manager state:\n"
        f"  mCurMethodId={method}\n"
        f"  mShowRequested={shown} mShowExplicitlyRequested=false mShowForced=false "
        f"mInputShown={shown}\n"
    )


def dump_user(phone: Phone, arguments: Sequence[str]) -> str:
    return dump_users(phone.parts, phone.user_controller)


def dump_account(phone: Phone, arguments: Sequence[str]) -> str:
    return accounts_dump(phone.parts)


def dump_meminfo(phone: Phone, arguments: Sequence[str]) -> str:
    return "Applications Memory Usage (in Kilobytes):\n"


def dump_dropbox(phone: Phone, arguments: Sequence[str]) -> str:
    """DropBoxManagerService.dump: the boot, and with `apps_crash` one entry a second since it."""
    now = phone.parts.clock()
    entries = [(phone.booted_at, "SYSTEM_BOOT")]
    if phone.defects.has("apps_crash"):
        seconds = min(int(now - phone.booted_at), 1000)
        entries += [(phone.booted_at + n, CRASH_TAGS[n % len(CRASH_TAGS)]) for n in range(seconds)]
    lines = [f"Drop box contents: {len(entries)} entries", "Max entries: 1000", ""]
    for at, tag in entries:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
        lines += [f"{stamp} {tag} (text, 64 bytes)", f"    Build: {phone.personality.title}"]
    return "\n".join(lines) + "\n"


CRASH_TAGS = ("data_app_crash", "data_app_anr", "SYSTEM_TOMBSTONE")
SERVICES: dict[str, Dump] = {
    "window": dump_window,
    "activity": dump_activity,
    "power": dump_power,
    "display": dump_display,
    "battery": dump_battery,
    "SurfaceFlinger": dump_surface_flinger,
    "package": dump_package_service,
    "notification": dump_notification,
    "input_method": dump_input_method,
    "user": dump_user,
    "alarm": dump_alarm,
    "thermalservice": dump_thermal,
    "account": dump_account,
    "meminfo": dump_meminfo,
    "dropbox": dump_dropbox,
}
SERVICES_SINCE = {"thermalservice": FIRST_THERMAL_API}
MORE_SERVICES = ("appops", "diskstats", "settings", "input", "mount", "wifi", "connectivity")


def _services(api: int) -> dict[str, Dump]:
    return {n: dump for n, dump in SERVICES.items() if api >= SERVICES_SINCE.get(n, 0)}


async def dumpsys(phone: Phone, call: Invocation) -> int:
    arguments = list(call.arguments)
    while arguments[:1] in (["-t"], ["-T"], ["--priority"]):
        arguments = arguments[2:]
    if not arguments:
        for name, dump in _services(phone.api).items():
            await call.out(f"DUMP OF SERVICE {name}:\n{dump(phone, [])}")
        return 0
    if arguments[0] == "-l":
        names = sorted([*_services(phone.api), *MORE_SERVICES])
        await call.out("\n".join(["Currently running services:", *(f"  {n}" for n in names)]))
        return 0
    name, rest = arguments[0], arguments[1:]
    if name == "diskstats":
        await call.out(dump_disk_stats(phone.api, await phone.parts.machine.space()))
        return 0
    if (name, rest[:1]) == ("package", ["installs"]):
        await call.out(await phone.sessions.dump())
        return 0
    if name in _services(phone.api):
        text = SERVICES[name](phone, rest)
        if text:
            await call.out(text)
        return 0
    if name in MORE_SERVICES:
        return 0
    await call.error(f"Can't find service: {name}")
    return 0
