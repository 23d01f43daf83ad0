"""Installing: decide, then carry it out on records and directories."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from holdfast.apk.decide import decide
from holdfast.apk.decision import Decision, Door, Outcome
from holdfast.apk.manifest import Manifest
from virtualdevice.system.defects import Defects, Judging, Update
from virtualdevice.system.packages.answers import InstallAnswer, refusal
from virtualdevice.system.packages.attribution import attribution
from virtualdevice.system.packages.candidate import ApkFile, Parsed, parse_delivery
from virtualdevice.system.packages.code import code_stamp, top_of
from virtualdevice.system.packages.described import described
from virtualdevice.system.packages.permissions import runtime_permissions
from virtualdevice.system.packages.records import PackageRecord, PackageUserState, PreloadRecord
from virtualdevice.system.packages.removal import Remover
from virtualdevice.system.packages.rollbacks import Rollbacks
from virtualdevice.system.packages.rules import InstallOptions, delivery_of, rules_of
from virtualdevice.system.packages.shared_users import settle_shared_user
from virtualdevice.system.parts import Parts

__all__ = ["DeliveredFiles", "Installer"]

SYSTEM_UID = 1000
SLOW_INSTALL_S = 1.5
PackageChanged = Callable[[str], Awaitable[None]]
DeliveredFiles = tuple[Sequence[ApkFile], InstallOptions]


class Installer:
    """One installation at a time, as on a phone."""

    def __init__(
        self, parts: Parts, *, defects: Defects, remover: Remover, on_change: PackageChanged
    ) -> None:
        self._parts = parts
        self._defects = defects
        self._remover = remover
        self._on_change = on_change
        self.rollbacks = Rollbacks(parts)
        self._lock = asyncio.Lock()

    async def install(
        self,
        files: Sequence[ApkFile],
        options: InstallOptions,
        *,
        door: Door,
        caller_uid: int,
    ) -> InstallAnswer:
        """Whatever the end, the old version and its data are as the answer says."""
        return await self.install_together([(files, options)], door=door, caller_uid=caller_uid)

    async def install_together(
        self, deliveries: Sequence[DeliveredFiles], *, door: Door, caller_uid: int
    ) -> InstallAnswer:
        """Several packages, all of them or none; the first refusal, or the last success."""
        async with self._lock:
            if self._defects.has("slow_phone"):
                await asyncio.sleep(SLOW_INSTALL_S)
            if self._defects.has("installing_hangs"):
                await asyncio.Event().wait()
            refused = await self._without_room(deliveries, door)
            prepared = refused or self._prepare(deliveries, door, caller_uid)
            if isinstance(prepared, InstallAnswer):
                return prepared
            answers = [
                await self._judge_and_carry_out(parsed, options, door, caller_uid)
                for parsed, options in prepared
            ]
            return next((answer for answer in answers if not answer.succeeded), answers[-1])

    async def _without_room(
        self, deliveries: Sequence[DeliveredFiles], door: Door
    ) -> InstallAnswer | None:
        """Who is refused for want of room, before anything else is looked at. A shell's session was
        made for its size, so that it has its room; from 8 on the installer app makes one, too, and
        knows no more than that this failed."""
        size = sum(len(f.data) for files, _ in deliveries for f in files if not f.inherited)
        if door is Door.SESSION_SHELL or size <= (await self._parts.machine.space()).free_bytes:
            return None
        if isinstance(self.package_names(deliveries, door=door), InstallAnswer):
            return None
        by_session = door is Door.INSTALLER_UI and self._parts.api >= 26
        return self._refused(
            refusal(f"INSTALL_FAILED_{'INTERNAL_ERROR' if by_session else 'INSUFFICIENT_STORAGE'}")
        )

    def check_together(
        self, deliveries: Sequence[DeliveredFiles], *, door: Door, caller_uid: int
    ) -> InstallAnswer:
        """What installing them would come to; nothing is done. The last package's success."""
        prepared = self._prepare(deliveries, door, caller_uid)
        if isinstance(prepared, InstallAnswer):
            return prepared
        names = [parsed.manifest.package_name for parsed, _ in prepared]
        return InstallAnswer(code="INSTALL_SUCCEEDED", number=1, package_name=names[-1])

    def package_names(
        self, deliveries: Sequence[DeliveredFiles], *, door: Door
    ) -> list[str] | InstallAnswer:
        """Of deliveries that hold together; the refusal of one that does not."""
        names = []
        for files, _ in deliveries:
            parsed = self._parse(files, door)
            if isinstance(parsed, InstallAnswer):
                return self._refused(parsed)
            names.append(parsed.manifest.package_name)
        return names

    def _prepare(
        self, deliveries: Sequence[DeliveredFiles], door: Door, caller_uid: int
    ) -> list[tuple[Parsed, InstallOptions]] | InstallAnswer:
        """Each of them parsed, and none refused, so that none goes in without the others."""
        prepared: list[tuple[Parsed, InstallOptions]] = []
        for files, options in deliveries:
            parsed = self._parse(files, door)
            if isinstance(parsed, InstallAnswer):
                return self._refused(parsed)
            wanted, name = options.package_name, parsed.manifest.package_name
            if wanted and wanted != name:
                text = f"{parsed.base.name} specified package {wanted} inconsistent with {name}"
                return self._refused(refusal("INSTALL_FAILED_INVALID_APK", text))
            if name in (earlier.manifest.package_name for earlier, _ in prepared):
                text = f"Duplicate package {name} in multi-package install request."
                return self._refused(refusal("INSTALL_FAILED_DUPLICATE_PACKAGE", text))
            decision, judging = self._decide(parsed, options, door, caller_uid)
            reinstalled = judging.existing is not None and self._defects.reinstalls(judging)
            if decision.outcome is Outcome.REFUSE and not reinstalled:
                return self._refused(_refusal_of(decision, name))
            prepared.append((parsed, options))
        return prepared

    def judge(self, files: Sequence[ApkFile], *, door: Door) -> Decision | InstallAnswer:
        """What an update with these files would come to; nothing is done."""
        parsed = self._parse(files, door)
        if isinstance(parsed, InstallAnswer):
            return parsed
        return self._decide(parsed, InstallOptions(replace=True, given=True), door, 10000)[0]

    def _parse(self, files: Sequence[ApkFile], door: Door) -> Parsed | InstallAnswer:
        return parse_delivery(files, api=self._parts.api, by_session=door is not Door.PM_INSTALL)

    def _decide(
        self, parsed: Parsed, options: InstallOptions, door: Door, caller_uid: int
    ) -> tuple[Decision, Judging]:
        parts = self._parts
        build = parts.personality.build
        existing = parts.registry.get(parsed.manifest.package_name)
        candidate = parsed.candidate
        if existing is not None and existing.restrict_update_hash is not None:
            candidate = replace(candidate, sha512=parsed.sha512())
        decision = decide(
            candidate,
            rules_of(parts.registry, api=parts.api, build_type=build.type, abis=build.abi_list),
            delivery_of(options, door=door, caller_uid=caller_uid),
        )
        judging = Judging(
            candidate=parsed.candidate,
            existing=existing,
            decision=decision,
            api=parts.api,
        )
        return self._defects.decide(judging), judging

    async def _judge_and_carry_out(
        self, parsed: Parsed, options: InstallOptions, door: Door, caller_uid: int
    ) -> InstallAnswer:
        name = parsed.manifest.package_name
        decision, judging = self._decide(parsed, options, door, caller_uid)
        existing = judging.existing
        if existing is not None and self._defects.reinstalls(judging):
            await self._remover.remove(existing, keep_data=False)
            decision, _ = self._decide(parsed, options, door, caller_uid)
        if decision.outcome is Outcome.REFUSE:
            return self._refused(_refusal_of(decision, name))
        if existing is None and await self._data_is_foreign(parsed):
            return self._refused(refusal("INSTALL_FAILED_UID_CHANGED", "scanPackageLI"))
        await self._carry_out(parsed, options, decision)
        return InstallAnswer(code="INSTALL_SUCCEEDED", number=1, package_name=name)

    async def _data_is_foreign(self, parsed: Parsed) -> bool:
        """5.0 to 6.0: whether a directory of that name is there, and another uid's."""
        parts, manifest = self._parts, parsed.manifest
        if parts.api > 23:
            return False
        owner = await parts.storage.owner(manifest.package_name)
        app_id = parts.registry.app_id_for(manifest.package_name, manifest.shared_user_id)
        return owner not in (None, app_id)

    def _refused(self, answer: InstallAnswer) -> InstallAnswer:
        text = answer.log or answer.text
        if text:
            self._parts.log.write("PackageManager", text, level="W", buffer="system")
        return answer

    async def _carry_out(self, parsed: Parsed, options: InstallOptions, decision: Decision) -> None:
        parts, name = self._parts, parsed.manifest.package_name
        await parts.machine.install_reached(0.0)
        before = parts.registry.get(name)
        if options.rollback_policy is not None and before is not None and before.code_present:
            await self.rollbacks.enable(
                before, parsed.manifest.version_code, options.rollback_policy
            )
        code_path = await self._place_code(parsed, before)
        await parts.machine.take_time(parsed.size_bytes)  # its code is made ready
        await parts.machine.install_reached(0.5)
        after = self._record(parsed, options, decision, before, code_path)
        after = replace(after, code_stamp=await code_stamp(parts.files, after.base_apk))
        for user_id in after.user_ids:
            after = await parts.storage.create(after, user_id)
        parts.registry.put(after)
        settle_shared_user(parts.registry, after, api=parts.api)
        await parts.save_packages()
        if before is not None:
            await parts.storage.empty_code_caches(after)
            if before.code_path.startswith("/data/") and before.code_path != code_path:
                await parts.files.remove_tree(top_of(before.code_path))
            await self._defects.after_update(parts, Update(before=before, after=after))
            await parts.save_packages()
        self._log_installed(after, before)
        await self._on_change(name)
        await parts.machine.install_reached(1.0)

    async def _place_code(self, parsed: Parsed, before: PackageRecord | None) -> str:
        parts, name = self._parts, parsed.manifest.package_name
        if parts.api < 26:
            last = _suffix(before.code_path) if before is not None else 0
            code_path = f"/data/app/{name}-{1 if last != 1 else 2}"
        elif parts.api < 30:
            code_path = f"/data/app/{name}-{_random_name()}"
        else:
            code_path = f"/data/app/~~{_random_name()}/{name}-{_random_name()}"
        top = top_of(code_path)
        for directory in dict.fromkeys((top, code_path)):
            await parts.files.make_directory(directory, mode=0o755, uid=SYSTEM_UID, gid=SYSTEM_UID)
        files = [("base.apk", parsed.base)]
        files += [(f"split_{split}.apk", file) for split, file in parsed.splits]
        for file_name, file in files:
            if file.moves:
                await parts.files.rename(file.path, f"{code_path}/{file_name}")
                continue
            await parts.files.write(
                f"{code_path}/{file_name}",
                file.data,
                mode=0o644,
                uid=SYSTEM_UID,
                gid=SYSTEM_UID,
            )
        return code_path

    def _record(
        self,
        parsed: Parsed,
        options: InstallOptions,
        decision: Decision,
        before: PackageRecord | None,
        code_path: str,
    ) -> PackageRecord:
        parts, manifest = self._parts, parsed.manifest
        signing = decision.signing_after or parsed.candidate.signing
        if signing is None:
            raise ValueError(f"{manifest.package_name} was let in without a signer")
        now_ms = parts.now_ms() // 1000 * 1000
        found = described(
            manifest,
            signing,
            api=parts.api,
            code_path=code_path,
            split_revisions=parsed.candidate.splits,
            before=before,
        )
        if before is None:
            app_id = parts.registry.app_id_for(found.name, found.shared_user_id)
        else:
            app_id = before.app_id
        source = attribution(options, before, parts.registry, api=parts.api)
        kept_hash = before.restrict_update_hash if before and before.is_system else None
        return replace(
            found,
            app_id=app_id,
            restrict_update_hash=kept_hash or found.restrict_update_hash,
            is_system=before.is_system if before else False,
            is_privileged=before.is_privileged if before else False,
            installer=source.installer,
            update_owner=source.update_owner,
            initiator=options.initiator,
            package_source=options.package_source,
            last_update_time_ms=_last_update_ms(before, now_ms),
            users=self._users(manifest, options, before, now_ms),
            preload=_preload_after(before),
        )

    def _users(
        self, manifest: Manifest, options: InstallOptions, before: PackageRecord | None, now_ms: int
    ) -> Mapping[int, PackageUserState]:
        """It is new for the users that are meant and had it not; of all others it stays so."""
        parts = self._parts
        had_code = before is not None and before.code_present
        first_ms = before.first_install_time_ms if before is not None else 0
        found = dict(before.users) if before is not None else {}
        for user_id in parts.users.ids:
            state = found.get(user_id)
            meant = options.user_id in (None, user_id)
            if not meant and state is None:
                continue
            if state is None:
                known_ms = first_ms if parts.api < 33 else 0
                state = PackageUserState(first_install_time_ms=known_ms or now_ms)
            if meant and not (had_code and state.installed):
                state = replace(
                    state, installed=True, hidden=False, stopped=True, not_launched=True
                )
            permissions = runtime_permissions(
                manifest,
                state.runtime_permissions,
                api=parts.api,
                grant_all=options.grant_permissions and meant,
            )
            found[user_id] = replace(state, runtime_permissions=permissions)
        return found

    async def install_existing(self, record: PackageRecord, user_id: int) -> None:
        """For one more user; nothing for one who has it already."""
        parts, before = self._parts, record.user(user_id)
        if before.installed and not before.hidden:
            return
        now_ms = parts.now_ms() // 1000 * 1000
        times = record.first_install_time_ms if parts.api < 33 else before.first_install_time_ms
        state = replace(
            before,
            installed=True,
            hidden=False,
            first_install_time_ms=before.first_install_time_ms or times or now_ms,
        )
        after = await parts.storage.create(record.with_user(user_id, state), user_id)
        parts.registry.put(after)
        await parts.save_packages()
        self._log_installed(after, None)

    def _log_installed(self, after: PackageRecord, before: PackageRecord | None) -> None:
        log = self._parts.log
        action = "PACKAGE_ADDED" if before is None else "PACKAGE_REPLACED"
        log.write("PackageManager", f"Package {after.name} codePath {after.code_path}")
        log.write(
            "ActivityManager",
            f"Broadcasting android.intent.action.{action} dat=package:{after.name}",
            buffer="system",
        )


def _refusal_of(decision: Decision, name: str) -> InstallAnswer:
    return InstallAnswer(
        code=decision.code,
        text=decision.text,
        number=decision.number,
        status=decision.status,
        extra=decision.extra,
        log=decision.log,
        package_name=name,
    )


def _last_update_ms(before: PackageRecord | None, now_ms: int) -> int:
    """What comes back after `uninstall -k` is no update (SCAN_UPDATE_TIME), and no first one."""
    if before is None or before.code_present:
        return now_ms
    return before.last_update_time_ms


def _preload_after(before: PackageRecord | None) -> PreloadRecord | None:
    if before is None or not before.is_system:
        return None
    if before.preload is not None:
        return before.preload
    return PreloadRecord(
        code_path=before.code_path,
        version_code=before.version_code,
        version_name=before.version_name,
        target_sdk=before.target_sdk,
        signing=before.signing,
    )


def _random_name() -> str:
    return base64.urlsafe_b64encode(os.urandom(16)).decode()


def _suffix(code_path: str) -> int:
    last = code_path.rpartition("-")[2]
    return int(last) if last.isdigit() else 0
