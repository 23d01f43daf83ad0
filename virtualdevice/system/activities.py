"""The activity side of the system: which app is open, and what opening one shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from virtualdevice.system.app_processes import AppProcesses
from virtualdevice.system.packages.records import PackageRecord, PackageUserState, uid_of
from virtualdevice.system.parts import Parts
from virtualdevice.system.personality import ScreenKind
from virtualdevice.system.screen.apps import ChatApp, Launcher, LauncherIcon
from virtualdevice.system.screen.list_app import ListApp
from virtualdevice.system.screen.surface import Surface, SurfaceKind
from virtualdevice.system.screen.windows import Screen

__all__ = ["Activities", "Intent", "full_class", "short_component"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What `am` was given. `component` is package/class; `extras` by name, as text."""

    action: str = ""
    data: str = ""
    type: str = ""
    component: str = ""
    package: str = ""
    categories: tuple[str, ...] = ()
    flags: int = 0
    extras: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """As am prints it: `{ act=… dat=… cmp=… (has extras) }`."""
        words = []
        if self.action:
            words.append(f"act={self.action}")
        if self.categories:
            words.append(f"cat=[{','.join(self.categories)}]")
        if self.data:
            words.append(f"dat={self.data}")
        if self.type:
            words.append(f"typ={self.type}")
        if self.flags:
            words.append(f"flg=0x{self.flags:x}")
        if self.package:
            words.append(f"pkg={self.package}")
        if self.component:
            words.append(f"cmp={short_component(self.component)}")
        if self.extras:
            words.append("(has extras)")
        return f"Intent {{ {' '.join(words)} }}"


def full_class(component: str) -> tuple[str, str]:
    """(package, full class name) of `package/.Class` or `package/full.Class`."""
    package, _, name = component.partition("/")
    return package, package + name if name.startswith(".") else name


def short_component(component: str) -> str:
    """ComponentName.flattenToShortString: without the package before the class."""
    package, _, name = component.partition("/")
    return f"{package}/{name.removeprefix(package) if name.startswith(f'{package}.') else name}"


class Activities:
    """`openers` are for system apps with screens of their own, by package name."""

    def __init__(self, parts: Parts, screen: Screen) -> None:
        self._parts = parts
        self.screen = screen
        self.processes = AppProcesses(parts.machine, screen.close_package)
        self.openers: dict[str, Callable[[], Surface]] = {}
        self._with_data: set[str] = set()

    def launcher_activity(self, record: PackageRecord) -> str:
        """The full class that the launcher's icon opens; empty if there is none."""
        name = record.launcher_activity
        return record.name + name if name.startswith(".") else name

    async def open_package(self, record: PackageRecord, user_id: int = 0) -> Surface:
        """Bring that user's window of it to the front, or open it."""
        await self._mark_launched(record, user_id)
        await self.processes.start(record.name, uid_of(user_id, record.app_id))
        for surface in self.screen.surfaces[1:]:
            same = (surface.package, surface.user_id) == (record.name, user_id)
            if same and surface.kind is SurfaceKind.ACTIVITY:
                self.screen.raise_activity(surface)
                return surface
        surface = await self._surface_of(record, user_id)
        surface.user_id = user_id
        self.screen.open(surface)
        self._parts.log.write(
            "ActivityManager",
            f"START u{user_id} {{cmp={surface.component}}} from uid 2000 on display 0",
            buffer="system",
        )
        return surface

    async def _mark_launched(self, record: PackageRecord, user_id: int) -> None:
        state = record.user(user_id)
        if state.stopped or state.not_launched:
            launched = replace(state, stopped=False, not_launched=False)
            self._parts.registry.put(record.with_user(user_id, launched))
            await self._parts.save_packages()

    async def _surface_of(self, record: PackageRecord, user_id: int) -> Surface:
        if record.name in self.openers:
            return self.openers[record.name]()
        personality = self._parts.personality
        system = personality.packages.get(record.name)
        title = record.label_in(personality.locale)
        activity = self.launcher_activity(record) or f"{record.name}.Main"
        if system is not None and system.screen is not ScreenKind.NONE:
            return ListApp(
                package=record.name,
                activity=activity,
                title=title,
                items=system.items,
                screens=system.screens,
                fields=system.fields,
            )
        return ChatApp(
            package=record.name,
            activity=activity,
            title=title,
            language=personality.language,
            has_data=await self._parts.storage.has_user_data(record.name, user_id),
        )

    async def stop_package(self, name: str, user_id: int = 0) -> None:
        """That user's process of it ends and its windows go."""
        self.screen.close_package(name, user_id)
        await self.processes.kill(name, user_id)

    async def package_changed(self, name: str) -> None:
        """Installed, updated, removed or cleared: whatever ran of it was killed."""
        for user_id in self._parts.users.ids:
            await self.stop_package(name, user_id)

    async def stop_user(self, user_id: int) -> None:
        """All that this user runs ends."""
        for name in self.processes.of_user(user_id):
            await self.stop_package(name, user_id)

    def icons(self, user_id: int) -> list[LauncherIcon]:
        """What the launcher shows: every app of this user that has something to open."""
        locale = self._parts.personality.locale
        found = [
            (record.name, record.label_in(locale))
            for record in self._parts.registry
            if record.code_present
            and record.launcher_activity
            and _can_be_opened(record.user(user_id))
        ]
        return sorted(found, key=lambda icon: (icon[1], icon[0]))


def _can_be_opened(state: PackageUserState) -> bool:
    return state.installed and not state.hidden and state.enabled in (0, 1)


def make_launcher(
    parts: Parts, icons: Callable[[], list[LauncherIcon]], open_app: Callable[[str], None]
) -> Launcher:
    """The personality's home app, or AOSP's if it names none."""
    for name, package in parts.personality.packages.items():
        if package.screen is ScreenKind.LAUNCHER:
            return Launcher(package=name, activity=package.activity, icons=icons, open_app=open_app)
    name = "com.android.launcher3"
    return Launcher(package=name, activity=f"{name}.Launcher", icons=icons, open_app=open_app)
