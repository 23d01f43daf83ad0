"""The package manager's small verbs: where to install, caches, compiling."""

from __future__ import annotations

from virtualdevice.system.commands.arguments import Words
from virtualdevice.system.commands.package_words import pm_refused
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone

__all__ = [
    "background_dexopt",
    "compile_package",
    "get_install_location",
    "set_install_location",
    "trim_caches",
]

SETTING = "default_install_location"
LOCATIONS = {"0": "auto", "1": "internal", "2": "external"}
UNITS = "KMGkmg"


async def get_install_location(phone: Phone, call: Invocation, words: Words) -> int:
    number = phone.parts.settings.get("global", SETTING) or "0"
    await call.out(f"{number}[{LOCATIONS.get(number, 'invalid')}]")
    return 0


async def set_install_location(phone: Phone, call: Invocation, words: Words) -> int:
    number = words.next()
    if number is None:
        text = "Error: no install location specified."
        raise pm_refused(phone, call, text, on_stdout=False)
    if number not in LOCATIONS:
        text = "Error: install location has to be a number."
        raise pm_refused(phone, call, text, on_stdout=False)
    phone.parts.settings.put("global", SETTING, number)
    await phone.parts.settings.save(phone.parts.machine)
    return 0


async def trim_caches(phone: Phone, call: Invocation, words: Words) -> int:
    size = words.next()
    if size is None:
        raise pm_refused(phone, call, "Error: no size specified", on_stdout=False)
    number = size[:-1] if size[-1:] in UNITS else size
    if size[-1:] not in UNITS and not size[-1:].isdigit():
        raise pm_refused(phone, call, f"Invalid suffix: {size[-1:]}", on_stdout=False)
    if not number.isdigit():
        raise pm_refused(phone, call, f"Error: expected number at: {number}", on_stdout=False)
    return 0


async def compile_package(phone: Phone, call: Invocation, words: Words) -> int:
    """Nothing is compiled here. What 14's own dexopt service says was not read."""
    given: set[str] = set()
    while (option := words.option()) is not None:
        given.add("-r" if option == "--reset" else option)
        if option in ("-m", "-r", "--check-prof", "--split"):
            words.value(option)
        elif option not in COMPILE_FLAGS:
            raise pm_refused(phone, call, f"Error: Unknown option: {option}")
    problem = _wrong_choice(phone.api, given)
    name = words.next()
    if not problem and name is None and "-a" not in given:
        problem = "Error: package name not specified"
    if not problem and name is not None and phone.parts.registry.present(name) is None:
        problem = f"Failure: package {name} could not be compiled"
    if problem:
        raise pm_refused(phone, call, problem)
    await call.out("Success")
    return 0


COMPILE_FLAGS = ("-a", "-c", "-f", "--reset", "--secondary-dex", "--compile-layouts")


def _wrong_choice(api: int, given: set[str]) -> str:
    """One of how and why to compile has to be told (from 11 on: or that layouts are meant)."""
    chosen = len(given & {"-m", "-r", "--compile-layouts"})
    if chosen == 1:
        return ""
    if api >= 30:
        return (
            'Must specify exactly one of compilation filter ("-m"), compilation reason ("-r"), '
            'or compile layouts ("--compile-layouts")'
        )
    start = "Cannot use" if chosen else "Cannot run without any of"
    return f'{start} compilation filter ("-m") and compilation reason ("-r") at the same time'


async def background_dexopt(phone: Phone, call: Invocation, words: Words) -> int:
    words.rest()
    if phone.api >= 29:
        await call.out("Success")
    return 0
