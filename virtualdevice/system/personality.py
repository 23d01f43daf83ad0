"""Firmware personalities: what a virtual device is, read from a file; no code per phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from ruamel.yaml.comments import CommentedMap

from holdfast.errors import ConfigurationError, Place
from virtualdevice.system.prompts import DialogButton, DialogText, NoticeText, wrong_in
from virtualdevice.system.users.records import UserKind
from virtualdevice.system.yaml_values import YamlReader, load_mapping, merged

__all__ = [
    "AfterBoot",
    "BuildFacts",
    "DialogButton",
    "DialogText",
    "GoodUpdate",
    "Lock",
    "Mismatch",
    "NoticeText",
    "Personality",
    "PersonalityError",
    "ScreenFacts",
    "StoreBehaviour",
    "SystemPackage",
    "UserFacts",
    "list_personalities",
    "load_personality",
    "personality_document",
]

FOLDER = Path(__file__).resolve().parents[1] / "personalities"
APIS = range(21, 37)
PersonalityError = ConfigurationError
"""What is wrong in a personality file, with file, line and path."""


class Mismatch(StrEnum):
    """What a store does with an update that it holds to be signed by another signer."""

    REFUSE = "refuse"
    WARN_THEN_REINSTALL = "warn_then_reinstall"
    NOTIFY_THEN_REINSTALL = "notify_then_reinstall"
    SILENT_REINSTALL = "silent_reinstall"
    ACCEPT = "accept"


class GoodUpdate(StrEnum):
    """How a store installs an update that it holds to be good."""

    SILENT = "silent"
    NOTIFY = "notify"
    ASK = "ask"
    SESSION = "session"


class AfterBoot(StrEnum):
    """What a store does after a boot about an update that nobody had answered."""

    NOTHING = "nothing"
    ASK = "ask"
    TAKE_SILENCE_FOR_YES = "take_silence_for_yes"


class Lock(StrEnum):
    """What comes up when the screen was off: nothing, or a lock screen that a swipe takes away."""

    NONE = "none"
    SWIPE = "swipe"


class ScreenKind(StrEnum):
    """What a system package shows when it is opened."""

    NONE = "none"
    LAUNCHER = "launcher"
    LIST = "list"
    STORE = "store"
    INSTALLER = "installer"
    KEYBOARD = "keyboard"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildFacts:
    """The values of ro.build.* and ro.product.*."""

    brand: str
    manufacturer: str
    model: str
    device: str
    product: str
    release: str
    id: str
    incremental: str
    type: str = "user"
    tags: str = "release-keys"
    security_patch: str = ""
    display_id: str = ""
    time_s: int = 1514764800
    abi: str = "arm64-v8a"
    abi_list: tuple[str, ...] = ("arm64-v8a", "armeabi-v7a", "armeabi")

    @property
    def fingerprint(self) -> str:
        """ro.build.fingerprint."""
        return (
            f"{self.brand}/{self.product}/{self.device}:{self.release}/{self.id}/"
            f"{self.incremental}:{self.type}/{self.tags}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreenFacts:
    width_px: int = 1080
    height_px: int = 1920
    density_dpi: int = 420
    lock: Lock = Lock.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemPackage:
    """A preinstalled package; `app_id` 0 means: the next free one.

    `items` are the rows of a list app. A row that `screens` names opens another list with those
    rows, and so on; `fields` are the resource ids of text fields above the rows of such a screen.
    With `apk`, a file beside the personality's, all else but `privileged` is read from that.
    """

    label: str = ""
    activity: str = ""
    screen: ScreenKind = ScreenKind.NONE
    version_code: int = 1
    version_name: str = ""
    app_id: int = 0
    privileged: bool = False
    items: tuple[str, ...] = ()
    screens: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    apk: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreBehaviour:
    """The store app, and how it treats an update that it is told to push.

    `announcement` comes before every other prompt, `second_dialog` after a confirmed
    `mismatch_dialog`. `over_lock_screen`: its dialogs can be seen and answered there.
    """

    package: str
    push_action: str
    path_extra: str = "path"
    delay_ms: int = 500
    update: GoodUpdate = GoodUpdate.SILENT
    on_signature_mismatch: Mismatch = Mismatch.REFUSE
    misjudges_signer: bool = False
    mismatch_dialog: DialogText | None = None
    second_dialog: DialogText | None = None
    mismatch_notice: NoticeText | None = None
    announcement: DialogText | None = None
    over_lock_screen: bool = False
    after_boot: AfterBoot = AfterBoot.NOTHING
    update_dialog: DialogText | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountFacts:
    """An account that a new phone's user 0 has: its name, and its type (AccountManager's words)."""

    name: str
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UserFacts:
    """A user whom a new phone has besides user 0, whose profile a profile is. A `credential` is
    a PIN or a password; a profile with one of its own is not opened with its parent's."""

    name: str
    kind: UserKind = UserKind.SECONDARY
    credential: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Personality:
    """One firmware build of one model. `credential`: the PIN or password of a new phone's user 0,
    none for a phone that opens by itself."""

    version: int
    title: str
    api: int
    build: BuildFacts
    locale: str = "en-US"
    about: str = ""
    screen: ScreenFacts = field(default_factory=ScreenFacts)
    properties: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    packages: Mapping[str, SystemPackage] = field(default_factory=dict)
    installer_package: str = "com.android.packageinstaller"
    store: StoreBehaviour | None = None
    credential: str = ""
    users: tuple[UserFacts, ...] = ()
    accounts: tuple[AccountFacts, ...] = ()
    defects: tuple[str, ...] = ()
    first_app_id: int = 10000
    name: str = ""
    folder: str = ""

    @property
    def language(self) -> str:
        """`zh` or `en`: the language of the system's own texts."""
        return "zh" if self.locale.startswith("zh") else "en"


def list_personalities() -> Sequence[str]:
    """The names of the files that come with the virtual device."""
    return sorted(f.stem for f in FOLDER.glob("*.yaml") if not f.stem.startswith("_"))


def load_personality(name: str | Path) -> Personality:
    """A name in virtualdevice/personalities, or the path of a .yaml file.

    `extends: NAME` in a file lays it over another one, key by key.
    """
    file, document = personality_document(name)
    document["name"] = file.stem
    document["folder"] = str(file.parent)
    personality = YamlReader(file).read(Personality, document)
    _check(file, personality)
    return personality


def personality_document(name: str | Path) -> tuple[Path, CommentedMap]:
    """Its file, and all that the file says together with those that it extends; unchecked."""
    file = _file_of(name)
    return file, _with_bases(file, load_mapping(file), ())


def _file_of(name: str | Path) -> Path:
    text = str(name)
    if text.endswith((".yaml", ".yml")):
        file = Path(text)
        if file.is_file():
            return file
        raise PersonalityError(f"there is no file {text}")
    file = FOLDER / f"{text}.yaml"
    if text in list_personalities() or (text.startswith("_") and file.is_file()):
        return file
    alike = get_close_matches(text, list_personalities())
    meant = f"; there is {' and '.join(alike)}" if alike else ""
    raise PersonalityError(
        f"there is no personality {text!r}{meant} ('python -m virtualdevice list' names all; a "
        "file of your own ends in .yaml)"
    )


def _with_bases(file: Path, document: CommentedMap, above: tuple[Path, ...]) -> CommentedMap:
    if "extends" not in document:
        return document
    base_name = document.pop("extends")
    place = Place(file=file, path="extends")
    if not isinstance(base_name, str):
        raise PersonalityError("must be the name of a personality in quotes", place=place)
    sibling = file.parent / f"{base_name}.yaml"
    base_file = sibling if sibling.is_file() else _file_of(base_name)
    if base_file in (*above, file):
        raise PersonalityError("the files extend each other in a circle", place=place)
    base = _with_bases(base_file, load_mapping(base_file), (*above, file))
    return merged(base, document)


def _check(file: Path, personality: Personality) -> None:
    if personality.api not in APIS:
        place = Place(file=file, path="api")
        raise PersonalityError(f"{personality.api} is not in {APIS[0]}..{APIS[-1]}", place=place)
    for name, package in personality.packages.items():
        if package.apk and not (file.parent / package.apk).is_file():
            place = Place(file=file, path=f"packages.{name}.apk")
            raise PersonalityError(f"there is no file {file.parent / package.apk}", place=place)
    store = personality.store
    if store is None:
        return
    if store.package not in personality.packages:
        place = Place(file=file, path="store.package")
        raise PersonalityError(f"{store.package} is not among the packages", place=place)
    warns = store.on_signature_mismatch is Mismatch.WARN_THEN_REINSTALL
    if warns and store.mismatch_dialog is None:
        place = Place(file=file, path="store.mismatch_dialog")
        raise PersonalityError("warn_then_reinstall needs the dialog that warns", place=place)
    notifies = store.on_signature_mismatch is Mismatch.NOTIFY_THEN_REINSTALL
    if notifies and store.mismatch_notice is None:
        place = Place(file=file, path="store.mismatch_notice")
        raise PersonalityError("notify_then_reinstall needs the notice that asks", place=place)
    for path, prompt in (
        ("mismatch_dialog", store.mismatch_dialog),
        ("second_dialog", store.second_dialog),
        ("mismatch_notice", store.mismatch_notice),
        ("announcement", store.announcement),
        ("update_dialog", store.update_dialog),
    ):
        for inner, message in wrong_in(prompt) if prompt is not None else ():
            raise PersonalityError(message, place=Place(file=file, path=f"store.{path}.{inner}"))
