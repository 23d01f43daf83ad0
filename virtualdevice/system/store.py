"""The store app: it pushes an update when it is told to, in the way of its personality."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeVar

from holdfast.apk.decision import Decision, Door, Outcome
from virtualdevice.system.installer_app import InstallerHost, show_confirmation
from virtualdevice.system.packages.answers import InstallAnswer
from virtualdevice.system.packages.candidate import ApkFile, Parsed, parse_delivery
from virtualdevice.system.packages.removal import Remover
from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.personality import AfterBoot, GoodUpdate, Mismatch, StoreBehaviour
from virtualdevice.system.prompts import DialogText, NoticeText
from virtualdevice.system.screen.dialogs import DataDialog
from virtualdevice.system.screen.installer_surface import InstallerStage
from virtualdevice.system.screen.overlays import Notification

__all__ = ["Store", "StoreHost", "make_store"]

T = TypeVar("T")
APK_LIMIT_BYTES = 2 << 30
CONFLICT_STATUS = 5
TEXTS = {
    "en": {
        "updating": "Updating {label}",
        "updated": "{label} was updated",
        "installed": "{label} was installed",
        "conflict": "{label} was not updated: the package conflicts with an existing package.",
        "failed": "{label} was not updated.",
        "notification": "App updates",
    },
    "zh": {
        "updating": "正在更新“{label}”",
        "updated": "“{label}”已更新",
        "installed": "“{label}”已安装",
        "conflict": "“{label}”未更新：软件包与现有软件包存在冲突。",
        "failed": "“{label}”未更新。",
        "notification": "应用更新",
    },
}


class StoreHost(InstallerHost, Protocol):
    """What the store needs of the phone."""

    @property
    def remover(self) -> Remover: ...


def make_store(phone: StoreHost) -> Store | None:
    """None if the personality has no store."""
    behaviour = phone.parts.personality.store
    return None if behaviour is None else Store(phone, behaviour)


class Store:
    def __init__(self, phone: StoreHost, behaviour: StoreBehaviour) -> None:
        self._phone = phone
        self._behaviour = behaviour
        self.waits_for_an_answer = False
        self._takes_silence_for_yes = False

    @property
    def push_action(self) -> str:
        """The broadcast that makes it push."""
        return self._behaviour.push_action

    async def push(self, extras: Mapping[str, str]) -> None:
        """A moment later it delivers the APK, whatever is on the screen."""
        path = extras.get(self._behaviour.path_extra, "")
        await asyncio.sleep(self._behaviour.delay_ms / 1000)
        await self._remember(path)
        await self._deliver(path)
        await self._remember("")

    async def resume(self) -> None:
        """After a boot: what it does about an update that nobody had answered by then."""
        if self._behaviour.after_boot is AfterBoot.NOTHING:
            return
        try:
            path = (await self._phone.parts.files.read(self._pending)).decode()
        except OSError:
            return
        if not path:
            return
        await asyncio.sleep(self._behaviour.delay_ms / 1000)
        await self._remember("")
        self._takes_silence_for_yes = self._behaviour.after_boot is AfterBoot.TAKE_SILENCE_FOR_YES
        await self._deliver(path)

    @property
    def _pending(self) -> str:
        return f"/data/data/{self._behaviour.package}/pending"

    async def _remember(self, path: str) -> None:
        """Keep over a reboot which update is being delivered; empty: none."""
        if self._behaviour.after_boot is AfterBoot.NOTHING:
            return
        record = self._phone.parts.registry.get(self._behaviour.package)
        uid = record.app_id if record else 1000
        files = self._phone.parts.files
        folder = self._pending.rpartition("/")[0]
        await files.make_directory(folder, mode=0o700, uid=uid, gid=uid, parents=True)
        await files.write(self._pending, path.encode(), mode=0o600, uid=uid, gid=uid)

    async def _deliver(self, path: str) -> None:
        parts = self._phone.parts
        try:
            data = await parts.files.read(path, limit_bytes=APK_LIMIT_BYTES)
        except OSError as error:
            parts.log.write("AppStore", f"cannot read {path}: {error}", level="E")
            return
        file = ApkFile(name="base.apk", data=data, path=path)
        parsed = parse_delivery([file], api=parts.api, by_session=True)
        if not isinstance(parsed, Parsed):
            self._notify("failed", path.rpartition("/")[2], heads_up=True)
            return
        label = self._label(parsed)
        installed = parts.registry.installed(parsed.manifest.package_name) is not None
        if installed and self._holds_to_be_foreign(file):
            await self._deliver_foreign(file, label)
        else:
            await self._deliver_good(file, label, is_update=installed)

    def _holds_to_be_foreign(self, file: ApkFile) -> bool:
        """The firmware's own opinion of the signer, right or wrong."""
        decision = self._phone.installer.judge([file], door=Door.SESSION_APP)
        if self._behaviour.misjudges_signer:
            return True
        return (
            isinstance(decision, Decision)
            and decision.outcome is Outcome.REFUSE
            and decision.status == CONFLICT_STATUS
        )

    def _label(self, parsed: Parsed) -> str:
        record = self._phone.parts.registry.get(parsed.manifest.package_name)
        if record is not None:
            return record.label_in(self._phone.parts.personality.locale)
        return parsed.manifest.label or parsed.manifest.package_name

    # An update that it holds to be good.

    async def _deliver_good(self, file: ApkFile, label: str, *, is_update: bool) -> None:
        how = self._behaviour.update
        if how is GoodUpdate.SESSION:
            await self._deliver_by_session(file, label)
            return
        dialog = self._behaviour.update_dialog
        if how is GoodUpdate.ASK and dialog is not None and not await self._ask(dialog, label):
            return
        if how is GoodUpdate.NOTIFY:
            self._notify("updating", label, progress=30, heads_up=True)
        self._report(await self._install(file), label, is_update=is_update, quiet=False)

    async def _deliver_by_session(self, file: ApkFile, label: str) -> None:
        """A session that needs the person: the system's own question, then the store's word."""
        ended: asyncio.Future[InstallAnswer | None] = asyncio.get_running_loop().create_future()

        def on_end(answer: InstallAnswer | None) -> None:
            if not ended.done():
                ended.set_result(answer)

        show_confirmation(
            self._phone,
            file,
            stage=InstallerStage.CONFIRM,
            installer=self._behaviour.package,
            on_end=on_end,
        )
        answer = await self._answer(ended)
        if answer is not None:
            self._report(answer, label, is_update=True, quiet=False)

    async def _install(self, file: ApkFile) -> InstallAnswer:
        package = self._behaviour.package
        options = InstallOptions(
            replace=True,
            given=True,
            installer=package,
            initiator=package,
            user_id=self._phone.user_controller.current_id,
        )
        record = self._phone.parts.registry.get(package)
        uid = record.app_id if record else 1000
        return await self._phone.installer.install(
            [file], options, door=Door.SESSION_APP, caller_uid=uid
        )

    # An update that it holds to be signed by somebody else.

    async def _deliver_foreign(self, file: ApkFile, label: str) -> None:
        behaviour = self._behaviour
        how = behaviour.on_signature_mismatch
        if how is Mismatch.REFUSE:
            self._notify("conflict", label, heads_up=True)
            return
        if how is Mismatch.ACCEPT:
            self._report(await self._install(file), label, is_update=True, quiet=True)
            return
        notice = behaviour.mismatch_notice
        if how is Mismatch.NOTIFY_THEN_REINSTALL and notice is not None:
            if not await self._ask_by_notice(notice, label):
                return
        elif how is Mismatch.WARN_THEN_REINSTALL and not self._takes_silence_for_yes:
            for dialog in self._questions():
                if not await self._ask(dialog, label):
                    return
        await self._reinstall(file, label)

    async def _reinstall(self, file: ApkFile, label: str) -> None:
        """The heart of the bug of 2018: out with the old one and its data, in with the new one."""
        parsed = parse_delivery([file], api=self._phone.parts.api, by_session=True)
        if not isinstance(parsed, Parsed):
            return
        record = self._phone.parts.registry.get(parsed.manifest.package_name)
        if record is not None:
            await self._phone.remover.remove(record, keep_data=False)
        self._report(await self._install(file), label, is_update=False, quiet=True)

    def _questions(self) -> Iterator[DialogText]:
        """What it asks before it destroys, one behind the other."""
        behaviour = self._behaviour
        if behaviour.announcement is not None:
            yield behaviour.announcement
        if behaviour.mismatch_dialog is not None:
            yield from [behaviour.mismatch_dialog] * behaviour.mismatch_dialog.confirmations
        if behaviour.second_dialog is not None:
            yield behaviour.second_dialog

    async def _ask(self, dialog: DialogText, label: str) -> bool:
        """Whether the person confirmed."""
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        package = self._behaviour.package

        def answer(key: str) -> None:
            if not answered.done():
                answered.set_result(key == "confirm")
                self._phone.screen.close(window)

        window = DataDialog(
            dialog,
            package=package,
            activity=f"{package}.UpdateDialogActivity",
            label=label,
            answer=answer,
            clock=self._phone.parts.clock,
            over_lock_screen=self._behaviour.over_lock_screen,
        )
        self._phone.screen.open(window)
        if dialog.stays_ms:
            loop = asyncio.get_running_loop()
            loop.call_later(dialog.stays_ms / 1000, window.run_out)
        return await self._answer(answered)

    async def _ask_by_notice(self, notice: NoticeText, label: str) -> bool:
        """Whether the person pressed the action that goes on with it."""
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def answer(does: str) -> None:
            if not answered.done():
                answered.set_result(does == "confirm")

        actions = tuple((button.text, button.does) for button in notice.buttons)
        self._post(
            notice.text.replace("{label}", label), heads_up=True, actions=actions, on_action=answer
        )
        return await self._answer(answered)

    async def _answer(self, answer: asyncio.Future[T]) -> T:
        """What the person at the screen says, whenever that is."""
        self.waits_for_an_answer = True
        try:
            return await answer
        finally:
            self.waits_for_an_answer = False

    # What it tells.

    def _report(self, answer: InstallAnswer, label: str, *, is_update: bool, quiet: bool) -> None:
        if answer.succeeded:
            self._notify("updated" if is_update else "installed", label)
        elif not quiet and answer.status == CONFLICT_STATUS:
            self._notify("conflict", label, heads_up=True)
        else:
            self._notify("failed", label, heads_up=True)

    def _notify(self, what: str, label: str, *, progress: int = -1, heads_up: bool = False) -> None:
        texts = {**TEXTS[self._phone.parts.personality.language], **self._behaviour.texts}
        text = texts[what].replace("{label}", label)
        self._post(text, progress=progress, heads_up=heads_up)

    def _post(
        self,
        text: str,
        *,
        progress: int = -1,
        heads_up: bool = False,
        actions: tuple[tuple[str, str], ...] = (),
        on_action: Callable[[str], None] | None = None,
    ) -> None:
        parts, package = self._phone.parts, self._behaviour.package
        texts = {**TEXTS[parts.personality.language], **self._behaviour.texts}
        store = parts.registry.get(package)
        self._phone.screen.notify(
            Notification(
                package=package,
                tag="update",
                title=texts["notification"],
                text=text,
                app_label=store.label if store else package,
                posted_s=parts.clock(),
                ongoing=progress >= 0,
                progress=progress,
                heads_up=heads_up,
                actions=actions,
                on_action=on_action,
            )
        )
