"""What the package installer says when an app is to go, by Android version and language.

Source: strings.xml (values, values-zh-rCN) of PackageInstaller from 5.0 to 16.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["UninstallerTexts", "uninstaller_texts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class UninstallerTexts:
    """`{label}` stands for the app's label, `{size}` for how much data it has."""

    uninstall: str
    uninstall_all: str
    updates: str
    updates_multiuser: str
    keep_data: str
    ok: str
    cancel: str
    uninstalling: str
    done: str
    failed: str
    not_found_title: str
    not_found: str


def _english(api: int) -> UninstallerTexts:
    old_updates = "Do you want to replace this app with the factory version?"
    updates = "Replace this app with the factory version? All data will be removed."
    everybody = " This affects all users of this device, including those with work profiles."
    return UninstallerTexts(
        uninstall="Do you want to uninstall this app?",
        uninstall_all=(
            "Do you want to uninstall this app for all users? The application and its data will "
            "be removed from all users on the device."
        ),
        updates=old_updates if api <= 23 else updates,
        updates_multiuser=old_updates if api <= 23 else updates + everybody,
        keep_data="Keep {size} of app data.",
        ok="OK",
        cancel="Cancel",
        uninstalling="Uninstalling {label}…" if api >= 26 else "Uninstalling…",
        done="Uninstalled {label}" if api >= 26 else "Uninstall finished.",
        failed="Uninstalling {label} unsuccessful." if api >= 26 else "Uninstall unsuccessful.",
        not_found_title="App not found",
        not_found="The app wasn't found in the list of installed apps.",
    )


def _chinese(api: int) -> UninstallerTexts:
    old_updates = "您要将此应用替换成出厂版本吗？"
    updates = "要将此应用替换为出厂版本吗？这样会移除所有数据"
    everybody = "，并会影响此设备的所有用户（包括已设置工作资料的用户）。"
    return UninstallerTexts(
        uninstall="要卸载此应用吗？",
        uninstall_all=(
            "是否要为所有用户卸载此应用？系统将为设备上的所有用户删除此应用及其数据。"
            if api <= 28
            else "要为所有用户卸载此应用吗？系统将为设备上的所有用户移除此应用及其数据。"
        ),
        updates=old_updates if api <= 23 else f"{updates}。",
        updates_multiuser=old_updates if api <= 23 else updates + everybody,
        keep_data="保留 {size} 的应用数据。",
        ok="确定",
        cancel="取消",
        uninstalling="正在卸载{label}…" if api >= 26 else "正在卸载...",
        done="已卸载{label}" if api >= 26 else "卸载完成。",
        failed="卸载{label}失败。" if api >= 26 else "卸载失败。",
        not_found_title="未找到应用",
        not_found="未在已安装应用的列表中找到该应用。",
    )


def uninstaller_texts(api: int, language: str) -> UninstallerTexts:
    """`language` is zh or en."""
    return _chinese(api) if language == "zh" else _english(api)
