"""Detectors that look at the device around the app: ids, settings, other apps' records."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.userdata.chosen_settings import chosen
from holdfast.userdata.values import Snapshot

__all__ = [
    "accounts_gone",
    "all_renumbered",
    "app_ops_changed",
    "contacts_gone",
    "fewer_rows",
    "messages_gone",
    "other_apps_gone",
    "roles_changed",
    "set_up_anew",
    "settings_fell_back",
    "shared_storage_broken",
    "storage_locked",
    "users_gone",
    "volumes_gone",
]

_MUCH = 0.2
_FEW_PACKAGES = 3
_LOCALE = ("persist.sys.locale", "persist.sys.language", "persist.sys.timezone")
_ORDINARY_MODES = frozenset({"allow", "default", "foreground"})
_SPECIAL_ACCESS = frozenset(
    {
        "ACCESS_NOTIFICATIONS",
        "GET_USAGE_STATS",
        "LOADER_USAGE_STATS",
        "MANAGE_EXTERNAL_STORAGE",
        "MANAGE_MEDIA",
        "REQUEST_INSTALL_PACKAGES",
        "SCHEDULE_EXACT_ALARM",
        "SYSTEM_ALERT_WINDOW",
        "WRITE_SETTINGS",
    }
)
"""Operations that Android leaves denied until their user opens them in Settings."""
_GRANTING = (
    "secure/dialer_default_application",
    "secure/enabled_accessibility_services",
    "secure/enabled_notification_listeners",
    "secure/sms_default_application",
)
"""Settings that name the apps to which a person gave a right."""
_SETUP = ("global/device_provisioned", "secure/user_setup_complete")


def all_renumbered(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """More than half of at least three known apps have another id."""
    was, now = before.facts.packages, after.facts.packages
    known = was.keys() & now.keys()
    moved = sorted(name for name in known if was[name] != now[name])
    if len(known) < _FEW_PACKAGES or 2 * len(moved) <= len(known):
        return ()
    shown = [f"{name} {was[name]} → {now[name]}" for name in moved[:3]]
    return (f"{len(moved)} of {len(known)} apps have another id", *shown)


def storage_locked(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """`sys.user.N.ce_available` is set when that user's storage was unlocked."""
    name = f"sys.user.{before.user_id}.ce_available"
    was, now = before.facts.properties.get(name), after.facts.properties.get(name)
    if after.installed and was == "true" and now != "true":
        return (f"{name} was true, now {now or 'unset'}",)
    return ()


def shared_storage_broken(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if before.facts.storage_error or not after.facts.storage_error:
        return ()
    was, now = before.facts.apex_versions, after.facts.apex_versions
    newer = [
        f"{n} {was[n]} → {now[n]}" for n in sorted(was.keys() & now.keys()) if was[n] != now[n]
    ]
    return (f"/sdcard: {after.facts.storage_error}", *newer)


def set_up_anew(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.facts.settings, after.facts.settings
    return tuple(
        f"{name} was 1, now {now.get(name, 'unset')}"
        for name in _SETUP
        if now and was.get(name) == "1" and now.get(name) != "1"
    )


def fewer_rows(before: Snapshot, after: Snapshot, names: tuple[str, ...]) -> tuple[str, ...]:
    """Rows of those providers that are no longer there."""
    was, now = before.facts.counts, after.facts.counts
    return tuple(
        f"{was[name]} {name}, now {now[name]}"
        for name in names
        if name in was and name in now and now[name] < was[name]
    )


def other_apps_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Apps beside the one that is looked at, and those that were installed anew: their id is
    another. Not before Android 8, which lists no ids."""
    was, now = before.facts.packages, after.facts.packages
    if not was or not now:
        return ()
    gone = was.keys() - now.keys() - {before.package_name}
    known = was.keys() & now.keys() - {before.package_name}
    moved = [name for name in sorted(known) if was[name] != now[name]]
    return (
        *(f"{name} is no longer there" for name in sorted(gone)),
        *(f"{name} has another id: {was[name]} → {now[name]}" for name in moved),
    )


def messages_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    return fewer_rows(before, after, ("text messages",))


def contacts_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    return fewer_rows(before, after, ("contacts", "calls", "calendar events"))


def accounts_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.facts.accounts, after.facts.accounts
    if was is None or now is None:
        return ()
    return tuple(f"account {name} is gone" for name in sorted(set(was) - set(now)))


def app_ops_changed(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Operations whose mode differs. One that is no longer listed went back to its default; one
    that is listed anew counts if it was forbidden, or is one that only a person can allow."""
    was, now = before.facts.app_ops, after.facts.app_ops
    if was is None or now is None or not after.installed:
        return ()
    default = "its default"
    new = {
        name
        for name in now.keys() - was.keys()
        if now[name] not in _ORDINARY_MODES or (now[name] == "allow" and name in _SPECIAL_ACCESS)
    }
    return tuple(
        f"{name} was {was.get(name, default)}, now {now.get(name, default)}"
        for name in sorted(was.keys() | new)
        if was.get(name) != now.get(name)
    )


def roles_changed(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    return _differences(before.facts.roles, after.facts.roles, "role ")


def _differences(
    was: Mapping[str, str], now: Mapping[str, str], prefix: str = ""
) -> tuple[str, ...]:
    return tuple(
        f"{prefix}{name} was {was[name] or 'empty'}, now {now[name] or 'empty'}"
        for name in sorted(was.keys() & now.keys())
        if was[name] != now[name]
    )


def settings_fell_back(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """A setting that a person chooses is another or unset, or a fifth of a namespace is gone; or an
    app was given a right that nobody had."""
    was, now = before.facts.settings, after.facts.settings
    properties = before.facts.properties if after.facts.properties else {}
    language = _fell_back({n: properties.get(n, "") for n in _LOCALE}, after.facts.properties)
    if not was or not now:
        return language
    given = tuple(
        f"{name} was unset, now {now[name]}"
        for name in _GRANTING
        if now.get(name, "null") != "null" and not was.get(name)
    )
    return language + _fell_back(chosen(was), now) + given + _mass_loss(was, now)


def _fell_back(was: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{name} was {value}, now {now.get(name) or 'unset'}"
        for name, value in sorted(was.items())
        if value and value != now.get(name)
    )


def _mass_loss(was: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    for namespace in ("global", "secure", "system"):
        names = {n for n in was if n.startswith(f"{namespace}/")}
        gone = names - now.keys()
        if names and len(gone) > max(2, _MUCH * len(names)):
            found.append(f"{len(gone)} of {len(names)} {namespace} settings are gone")
    return tuple(found)


def users_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.facts.users, after.facts.users
    if not was or not now:
        return ()
    named = [n for n in sorted(was.keys() & now.keys()) if n and was[n] != now[n]]
    return (
        *(f"user {n} ({was[n]}) is gone" for n in sorted(was.keys() - now.keys())),
        *(f"user {n} was called {was[n]}, now {now[n]}" for n in named),
    )


def volumes_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.facts.volumes, after.facts.volumes
    if was is None or now is None:
        return ()
    return tuple(f"volume {line} is gone" for line in sorted(set(was) - set(now)))
