"""Who may import whom: the table of the design, held against every import in the tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FOUNDATION = {"errors", "deadline", "journal"}
PURE = {"apk", "android"}
MIDDLE = {"userdata", "dialogs", "firmware", "lab"}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "deadline": {"errors"},
    "journal": {"errors"},
    **dict.fromkeys(PURE, FOUNDATION),
    "device": FOUNDATION | PURE,
    **{package: FOUNDATION | PURE | {"device"} for package in MIDDLE},
    "scenario": FOUNDATION | PURE | {"device"} | MIDDLE,
    "report": FOUNDATION | PURE | {"device"} | MIDDLE | {"scenario"},
    "pytest_plugin": FOUNDATION | PURE | {"device"} | MIDDLE | {"scenario", "report"},
    "cli": FOUNDATION | PURE | {"device"} | MIDDLE | {"scenario", "report"},
    "__main__": {"cli", "apk", "dialogs"},
    "__init__": set(),
}
KNOWS_THE_DEVICE = {
    "userdata": {"collect", "plant", "media_index", "driver", "commands"},
    "dialogs": {"capture", "commands"},
}
VIRTUAL_DEVICE_MAY_IMPORT = {"apk", "android", "errors"}
IMPORTS_LATE = {
    "holdfast/__main__.py": "pure commands start without what only runs need",
    "holdfast/apk/content.py": "threads, for large APKs alone",
    "holdfast/apk/public_keys.py": "elliptic curves, which few APKs have",
    "holdfast/apk/verify.py": "the manifest, which few verifications look at",
    "virtualdevice/ota/commands.py": "what signs, which no device does",
    "virtualdevice/ota/sideload.py": "the maker's key, for firmware updates alone",
    "virtualdevice/system/phone.py": "what draws, where somebody looks",
    "virtualdevice/system/screen/film.py": "what films, where somebody records",
}
NO_IO = {"socket", "subprocess", "threading", "asyncio", "requests", "adbutils", "uiautomator2"}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(module: Path) -> Iterator[str]:
    """Every dotted name that the module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import; write the whole name"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(module: Path) -> str:
    parts = module.relative_to(ROOT / "holdfast").with_suffix("").parts
    return parts[0]


def forbidden_imports(package: str, names: Iterator[str]) -> list[str]:
    """The `holdfast.…` names among `names` that `package` must not import."""
    allowed = MAY_IMPORT[package] | {package}
    found = (name.split(".") for name in names)
    return sorted(
        {".".join(p) for p in found if p[0] == "holdfast" and len(p) > 1 and p[1] not in allowed}
    )


@pytest.mark.parametrize("module", modules("holdfast"), ids=lambda m: str(m.relative_to(ROOT)))
def test_a_module_imports_only_what_the_table_allows(module: Path) -> None:
    assert forbidden_imports(package_of(module), imported(module)) == []


def test_the_table_turns_red_for_an_import_the_wrong_way() -> None:
    wrong = forbidden_imports("apk", iter(["holdfast.device.adb", "holdfast.errors", "zipfile"]))
    assert wrong == ["holdfast.device.adb"]


@pytest.mark.parametrize("package", sorted(KNOWS_THE_DEVICE))
def test_only_the_named_modules_of_a_package_know_the_device(package: str) -> None:
    knowing = {
        module.stem
        for module in modules(f"holdfast/{package}")
        if any(name.startswith("holdfast.device") for name in imported(module))
    }
    assert knowing <= KNOWS_THE_DEVICE[package]


@pytest.mark.parametrize("package", sorted(PURE))
def test_pure_packages_do_no_input_or_output(package: str) -> None:
    for module in modules(f"holdfast/{package}"):
        if module.stem == "commands":
            continue
        assert not NO_IO & {name.split(".")[0] for name in imported(module)}, module


def test_holdfast_never_imports_the_virtual_device() -> None:
    for module in [*modules("holdfast"), *modules("tests")]:
        assert not any(name.split(".")[0] == "virtualdevice" for name in imported(module)), module


def test_the_virtual_device_uses_only_the_pure_parts_of_holdfast() -> None:
    for module in modules("virtualdevice"):
        used = (name.split(".") for name in imported(module))
        parts = {p[1] for p in used if p[0] == "holdfast" and len(p) > 1}
        assert parts <= VIRTUAL_DEVICE_MAY_IMPORT, f"{module} uses holdfast.{parts}"


def test_scenarios_import_neither_the_library_nor_the_virtual_device() -> None:
    for module in modules("tests"):
        first = {name.split(".")[0] for name in imported(module)}
        assert not first & {"holdfast", "virtualdevice"}, module


def test_only_the_lab_names_the_virtual_kind() -> None:
    for module in [*modules("holdfast"), *modules("tests")]:
        if "lab" in module.relative_to(ROOT).parts:
            continue
        text = module.read_text(encoding="utf-8")
        assert not any(word in text for word in ("virtualdevice", "is_virtual")), module


def imports_late(module: Path) -> bool:
    """Whether an import stands within a function."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(
        isinstance(node, ast.Import | ast.ImportFrom)
        for function in functions
        for node in ast.walk(function)
    )


def test_only_the_named_modules_import_late() -> None:
    late = {
        str(module.relative_to(ROOT))
        for folder in ("holdfast", "virtualdevice")
        for module in modules(folder)
        if imports_late(module)
    }
    assert late == set(IMPORTS_LATE)


def test_no_module_has_a_name_that_says_nothing() -> None:
    nameless = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    for folder in ("holdfast", "virtualdevice", "selftests", "tests"):
        for module in modules(folder):
            assert not nameless & set(module.relative_to(ROOT).with_suffix("").parts), module


def test_no_test_replaces_an_object_by_a_mock() -> None:
    for module in [*modules("selftests"), *modules("tests")]:
        assert not any("mock" in name.split(".") for name in imported(module)), module


def test_the_library_that_arms_automatic_uninstalling_is_absent() -> None:
    """adbutils uninstalls on a signature mismatch as soon as `apkutils` can be imported."""
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8").lower()
    assert "apkutils" not in pinned
    with pytest.raises(ModuleNotFoundError):
        __import__("apkutils")
