"""One boot of the system server: its parts, put together."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from virtualdevice.seams import DebuggedProcess, KeyAnswer, Machine
from virtualdevice.system.activities import Activities, Intent, make_launcher
from virtualdevice.system.defects import Defects
from virtualdevice.system.installer_app import open_with_installer
from virtualdevice.system.log_buffer import LogBuffer
from virtualdevice.system.packages.installer import Installer
from virtualdevice.system.packages.registry import Registry
from virtualdevice.system.packages.removal import Remover
from virtualdevice.system.packages.sessions import Sessions
from virtualdevice.system.packages.storage import AppStorage
from virtualdevice.system.parts import Parts
from virtualdevice.system.personality import Personality
from virtualdevice.system.properties import Properties
from virtualdevice.system.screen.adb_key import ADB_KEY_ACTIVITY, ALWAYS_KEY, AdbKeyDialog
from virtualdevice.system.screen.fingers import Fingers
from virtualdevice.system.screen.surface import Surface
from virtualdevice.system.screen.windows import Screen
from virtualdevice.system.settings import Settings
from virtualdevice.system.store import make_store
from virtualdevice.system.uninstaller_app import open_with_uninstaller
from virtualdevice.system.users.changes import UserChanges
from virtualdevice.system.users.controller import UserController
from virtualdevice.system.users.roster import Roster

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Phone"]

HEALTH_PERIOD_S = 60
ARCHITECTURES = {"armeabi-v7a": "arm", "x86": "x86", "x86_64": "x86_64"}
TURNS = ("0", "1", "2", "3")
CHARGED = {"level": "100", "ac": "0", "usb": "1", "status": "5", "temp": "250"}


class Phone:
    """Everything that commands and surfaces need; lives from one boot to the next."""

    def __init__(
        self,
        machine: Machine,
        personality: Personality,
        *,
        defects: Defects,
        log: LogBuffer,
        clock: Callable[[], float],
        set_clock: Callable[[float], None] = lambda _time_s: None,
    ) -> None:
        """`clock` gives, and `set_clock` takes, seconds since the Unix epoch."""
        self.set_clock = set_clock
        self.defects = defects
        self.parts = Parts(
            machine=machine,
            personality=personality,
            users=Roster("机主" if personality.language == "zh" else "Owner"),
            registry=Registry(personality.first_app_id),
            storage=AppStorage(machine, personality.api),
            settings=Settings(personality.settings),
            properties=Properties(personality.api),
            log=log,
            clock=clock,
        )
        launcher = make_launcher(self.parts, self._icons, self._open_from_launcher)
        self.screen = Screen(
            personality.screen,
            home=launcher,
            clock=clock,
            bars=personality.properties.get("qemu.hw.mainkeys") != "1",
        )
        self.screen.font_scale = self._font_scale
        self.screen.keyguard.guard(self._credential, self._credential_typed)
        self.screen.keyguard.language = personality.language
        self.fingers = Fingers(self.screen)
        self.activities = Activities(self.parts, self.screen)
        self.remover = Remover(
            self.parts, defects=defects, on_change=self.activities.package_changed
        )
        self.installer = Installer(
            self.parts,
            defects=defects,
            remover=self.remover,
            on_change=self.activities.package_changed,
        )
        self.user_controller = UserController(self.parts, defects=defects)
        self.user_changes = UserChanges(
            self.parts, controller=self.user_controller, remover=self.remover
        )
        self.sessions = Sessions(self.parts, self.installer)
        self.store = make_store(self)
        self.booted = False
        self.ui_server_running = False
        self.battery = dict(CHARGED)
        self.booted_at = clock()
        self.until_reboot: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._heartbeat: asyncio.Task[None] | None = None

    async def finish_boot(self) -> None:
        """The last thing of a boot: the user is unlocked, and everybody may know."""
        properties = self.parts.properties
        if not properties.get("ro.runtime.firstboot"):
            properties.set("ro.runtime.firstboot", str(self.parts.now_ms()))
        await self.user_changes.make_those_of_the_build()
        await self.user_changes.remove_ephemeral()
        await self.user_controller.boot()
        if self._boot_hangs:
            return
        for name, value in (
            ("init.svc.bootanim", "stopped"),
            ("service.bootanim.exit", "1"),
            ("dev.bootcomplete", "1"),
            ("sys.boot_completed", "1"),
        ):
            properties.set(name, value)
        await self.parts.settings.save(self.parts.machine)
        self.screen.lock_if_secure()
        self.booted = True
        self._heartbeat = asyncio.get_running_loop().create_task(self._report_health())
        if self.store is not None:
            self.begin(self.store.resume())

    def _font_scale(self) -> float:
        """The user's choice in the settings; nonsense counts as 1."""
        try:
            return min(2.0, max(0.5, float(self.parts.settings.get("system", "font_scale") or 1)))
        except ValueError:
            return 1.0

    def turn_as_set(self) -> None:
        """The display as the settings have it, where the sensor is not to turn it."""
        settings = self.parts.settings
        turned = settings.get("system", "user_rotation") or "0"
        if settings.get("system", "accelerometer_rotation") == "0" and turned in TURNS:
            self.screen.rotation = int(turned)

    @property
    def _boot_hangs(self) -> bool:
        later = self.parts.registry.boots > 1
        return self.defects.has("boot_never_completes") or (
            later and self.defects.has("second_boot_never_completes")
        )

    def deliver_broadcast(self, intent: Intent) -> tuple[int, str]:
        """To the receivers that this phone has; the result code and data of an ordered one."""
        if self.store is not None and intent.action == self.store.push_action:
            self.begin(self.store.push(intent.extras))
        return 0, ""

    async def open_document(self, intent: Intent) -> bool:
        """An APK to be viewed or installed, a package to be uninstalled; false if no activity
        takes the intent."""
        if await open_with_uninstaller(self, intent):
            return True
        return await open_with_installer(self, intent)

    def task_of(self, surface: Surface) -> int:
        """The number of the task that a window belongs to."""
        return 1 + zlib.crc32(surface.package.encode()) % 97

    def pid_of(self, package: str) -> int:
        """Of its process; where nothing real runs, a number that stays the same."""
        running = self.activities.processes.pid_of(package)
        return running or 1000 + zlib.crc32(package.encode()) % 20000

    def reset_battery(self) -> None:
        self.battery = dict(CHARGED)

    def picture(self) -> Image:
        """The imaging library is 3 MiB, which most devices never have a use for."""
        from virtualdevice.system.screen.drawing import draw

        return draw(self.screen.layers(), self.screen.frame, is_on=self.screen.is_on)

    def picture_png(self) -> bytes:
        from virtualdevice.system.screen.drawing import encode_png

        return encode_png(self.picture())

    def picture_jpeg(self, scale: float, quality: int) -> bytes:
        image = self.picture()
        if scale != 1:
            image = image.resize((round(image.width * scale), round(image.height * scale)))
        from virtualdevice.system.screen.drawing import encode_jpeg

        return encode_jpeg(image, quality)

    def picture_rgba(self) -> tuple[int, int, bytes]:
        """Width, height, pixels."""
        image = self.picture().convert("RGBA")
        return image.width, image.height, image.tobytes()

    def picture_raw(self, *, colour_space: bool) -> bytes:
        """screencap's own format: width, height, format 1 (RGBA 8888), and later colour space."""
        width, height, pixels = self.picture_rgba()
        head = struct.pack("<III", width, height, 1)
        return head + (struct.pack("<I", 1) if colour_space else b"") + pixels

    def debugged_processes(self) -> list[DebuggedProcess]:
        """On a debuggable build that is all of them."""
        every = self.parts.properties.get("ro.debuggable") == "1"
        architecture = ARCHITECTURES.get(self.parts.properties.get("ro.product.cpu.abi"), "arm64")
        found = []
        for name, pid in self.activities.processes.running():
            record = self.parts.registry.get(name)
            if every or (record is not None and record.debuggable):
                found.append(DebuggedProcess(pid=pid, architecture=architecture))
        return found

    def ask_about_adb_key(self, key: bytes, answer: Callable[[KeyAnswer], None]) -> None:
        """The dialog that a new computer brings up; it goes when it is answered."""

        def answered(given: KeyAnswer) -> None:
            self.screen.close(dialog)
            answer(given)

        dialog = AdbKeyDialog(key, self.personality.language, answered)
        self.screen.open(dialog)

    def accept_adb_key(self) -> bool:
        """Somebody ticks "always" and taps OK in that dialog, and in those behind it that lost
        connections left. False if it is not in front."""
        asked = False
        while self.screen.top.activity == ADB_KEY_ACTIVITY:
            self.screen.top.clicked(ALWAYS_KEY)
            self.screen.top.clicked("ok")
            asked = True
        return asked

    @property
    def api(self) -> int:
        return self.parts.api

    @property
    def personality(self) -> Personality:
        return self.parts.personality

    @property
    def is_busy(self) -> bool:
        """Whether something works on, rather than waiting for the person at the screen."""
        waiting = 1 if self.store is not None and self.store.waits_for_an_answer else 0
        return len(self._tasks) > waiting

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside everything else until it is done or the phone goes down."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            self.parts.log.write("AndroidRuntime", f"FATAL EXCEPTION: {error!r}", level="E")

    async def end_tasks(self) -> None:
        """Cancel what still runs, and wait for it."""
        tasks = [*self._tasks, *([self._heartbeat] if self._heartbeat is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.activities.processes.close()

    async def _report_health(self) -> None:
        """No phone's log is ever silent: healthd writes down the battery once a minute."""
        while True:
            await asyncio.sleep(HEALTH_PERIOD_S)
            level, status = self.battery["level"], self.battery["status"]
            heat = int(self.battery["temp"]) / 10
            self.parts.log.write(
                "healthd", f"battery l={level} v=4200 t={heat:.1f} h=2 st={status} c=0 fc=0 chg=u"
            )

    def _icons(self) -> list[tuple[str, str]]:
        return self.activities.icons(self.user_controller.current_id)

    def _open_from_launcher(self, name: str) -> None:
        self.begin(self._open(name))

    async def _open(self, name: str) -> None:
        user_id = self.user_controller.current_id
        record = self.parts.registry.installed(name, user_id)
        if record is not None:
            await self.activities.open_package(record, user_id)

    async def switch_user(self, user_id: int) -> bool:
        """That user has the screen; false if it cannot have it."""
        if not await self.user_controller.switch(user_id):
            return False
        self.screen.go_home()
        self.screen.lock_if_secure()
        return True

    async def stop_user(self, user_id: int) -> None:
        """With its profiles."""
        for profile in self.parts.users.profiles_of(user_id):
            await self.activities.stop_user(profile.user_id)
        await self.activities.stop_user(user_id)
        await self.user_controller.stop(user_id)

    def _credential(self) -> str:
        """What has to be typed on the lock screen now."""
        user = self.parts.users.get(self.user_controller.current_id)
        return user.credential if user is not None else ""

    def _credential_typed(self, text: str) -> bool:
        """On the lock screen; whether it was right, which opens it and the user's storage."""
        user_id = self.user_controller.current_id
        if text != self._credential():
            return False
        self.begin(self._unlock(user_id))
        return True

    async def _unlock(self, user_id: int) -> None:
        await self.user_controller.unlock(user_id)
