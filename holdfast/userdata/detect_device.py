"""Detectors that look at the device around the app: ids, settings, other apps' records."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.userdata.values import Snapshot

__all__ = [
    "accounts_gone",
    "all_renumbered",
    "app_ops_changed",
    "contacts_gone",
    "messages_gone",
    "roles_changed",
    "set_up_anew",
    "settings_fell_back",
    "shared_storage_broken",
    "storage_locked",
    "users_gone",
    "volumes_gone",
]

_SETTINGS_A_USER_CHOOSES = (
    "global/device_name",
    "global/stay_on_while_plugged_in",
    "global/window_animation_scale",
    "secure/android_id",
    "secure/default_input_method",
    "secure/enabled_accessibility_services",
    "secure/enabled_notification_listeners",
    "secure/sms_default_application",
    "system/accelerometer_rotation",
    "system/alarm_alert",
    "system/date_format",
    "system/font_scale",
    "system/notification_sound",
    "system/ringtone",
    "system/screen_brightness_mode",
    "system/screen_off_timeout",
    "system/time_12_24",
)
_MUCH = 0.2
_FEW_PACKAGES = 3
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
    """`sys.user.0.ce_available` is set when the first user's storage was unlocked."""
    name = "sys.user.0.ce_available"
    was, now = before.facts.properties.get(name), after.facts.properties.get(name)
    if was == "true" and now != "true":
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


def _fewer(before: Snapshot, after: Snapshot, names: tuple[str, ...]) -> tuple[str, ...]:
    was, now = before.facts.counts, after.facts.counts
    return tuple(
        f"{was[name]} {name}, now {now[name]}"
        for name in names
        if name in was and name in now and now[name] < was[name]
    )


def messages_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    return _fewer(before, after, ("text messages",))


def contacts_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    return _fewer(before, after, ("contacts", "calls", "calendar events"))


def accounts_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.facts.accounts, after.facts.accounts
    if was is None or now is None:
        return ()
    return tuple(f"account {name} is gone" for name in sorted(set(was) - set(now)))


def app_ops_changed(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Operations whose mode differs. One that is no longer listed went back to its default."""
    was, now = before.facts.app_ops, after.facts.app_ops
    if was is None or now is None or not after.installed:
        return ()
    default = "its default"
    return tuple(
        f"{name} was {was[name]}, now {now.get(name, default)}"
        for name in sorted(was)
        if was[name] != now.get(name)
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
    """A setting that a person chooses is another or unset, or a fifth of a namespace is gone."""
    was, now = before.facts.settings, after.facts.settings
    if not was or not now:
        return ()
    chosen = tuple(
        f"{name} was {was[name]}, now {now.get(name, 'unset')}"
        for name in _SETTINGS_A_USER_CHOOSES
        if name in was and was[name] != now.get(name)
    )
    return chosen + _mass_loss(was, now)


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
    return tuple(f"user {n} ({was[n]}) is gone" for n in sorted(was.keys() - now.keys()))


def volumes_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.facts.volumes, after.facts.volumes
    if was is None or now is None:
        return ()
    return tuple(f"volume {line} is gone" for line in sorted(set(was) - set(now)))
