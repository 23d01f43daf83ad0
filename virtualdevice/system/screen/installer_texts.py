"""What the package installer says, by Android version and language.

Source: strings.xml (values, values-zh-rCN) of PackageInstaller from 5.0 to 16.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["InstallerTexts", "installer_texts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallerTexts:
    new: str
    new_without_permissions: str
    update: str
    update_without_permissions: str
    update_system: str
    update_system_without_permissions: str
    update_owner: str
    install: str
    update_button: str
    update_anyway: str
    cancel: str
    done: str
    open: str
    settings: str
    ok: str
    installing: str
    installed: str
    failed: str
    conflict: str
    invalid: str
    incompatible: str
    blocked: str
    parse_error: str
    unknown_sources: str
    unknown_sources_title: str
    parse_error_title: str
    staging: str
    no_new_permissions: str
    tab_new: str
    tab_all: str
    out_of_space: str
    out_of_space_title: str
    manage_apps: str


ENGLISH_UPDATE = (
    "Do you want to install an update to this existing application? "
    "Your existing data will not be lost."
)
ENGLISH_SYSTEM_UPDATE = ENGLISH_UPDATE.replace("existing application", "built-in application")
ENGLISH_OWNER = (
    "Update this app from {source}?\n\nThis app normally receives updates from {owner}. By "
    "updating from a different source, you may receive future updates from any source on your "
    "phone. App functionality may change."
)
CHINESE_OWNER = (
    "要通过{source}更新此应用吗？\n\n此应用通常通过{owner}接收更新。如果通过其他来源更新，"
    "手机未来可能会收到任何来源的更新。应用功能可能会变化。"
)


def _english(api: int) -> InstallerTexts:
    if api <= 28:
        new = "Do you want to install this application?"
        questions = (
            f"{new} It will get access to:",
            f"{new} It does not require any special access.",
            f"{ENGLISH_UPDATE} The updated application will get access to:",
            f"{ENGLISH_UPDATE} It does not require any special access.",
        )
        system = (
            f"{ENGLISH_SYSTEM_UPDATE} The updated application will get access to:",
            f"{ENGLISH_SYSTEM_UPDATE} It does not require any special access.",
        )
    elif api <= 30:
        new = "Do you want to install this application?"
        questions = (new, new, ENGLISH_UPDATE, ENGLISH_UPDATE)
        system = (ENGLISH_SYSTEM_UPDATE, ENGLISH_SYSTEM_UPDATE)
    else:
        new, update = "Do you want to install this app?", "Do you want to update this app?"
        questions, system = (new, new, update, update), (update, update)
    if api <= 23:
        conflict = (
            "An existing package by the same name with a conflicting signature is already "
            "installed."
        )
    elif api <= 25:
        conflict = "The package conflicts with an existing package by the same name."
    else:
        conflict = "App not installed as package conflicts with an existing package."
    late = api >= 26
    return InstallerTexts(
        new=questions[0],
        new_without_permissions=questions[1],
        update=questions[2],
        update_without_permissions=questions[3],
        update_system=system[0],
        update_system_without_permissions=system[1],
        update_owner=ENGLISH_OWNER,
        update_anyway="Update anyway",
        install="Install",
        update_button="Update" if api >= 31 else "Install",
        cancel="Cancel",
        done="Done",
        open="Open",
        settings="Settings",
        ok="OK",
        installing="Installing…",
        installed="App installed.",
        failed="App not installed.",
        conflict=conflict,
        invalid="App not installed as package appears to be invalid."
        if late
        else "The package appears to be corrupt.",
        incompatible="App not installed as app isn't compatible with your phone."
        if late
        else "This app isn't compatible with your phone.",
        blocked="The package was blocked from being installed.",
        parse_error="There was a problem parsing the package.",
        unknown_sources=_english_unknown_sources(api),
        unknown_sources_title="Install blocked" if api <= 23 else "",
        parse_error_title="Parse error" if api <= 23 else "",
        staging="Staging app…",
        no_new_permissions="This update requires no new permissions.",
        tab_new="New",
        tab_all="All",
        out_of_space="{label} couldn't be installed. Free up some space and try again.",
        out_of_space_title="Out of space" if api <= 23 else "",
        manage_apps="Manage apps",
    )


def _english_unknown_sources(api: int) -> str:
    if api <= 25:
        return (
            "For security, your phone is set to block installation of apps obtained from unknown "
            "sources."
        )
    if api <= 30:
        return (
            "For your security, your phone is not allowed to install unknown apps from this source."
        )
    return (
        "For your security, your phone currently isn’t allowed to install unknown apps from this "
        "source. You can change this in Settings."
    )


def _chinese(api: int) -> InstallerTexts:
    if api <= 28:
        questions = (
            "要安装此应用吗？它将获得以下权限：",
            "您要安装此应用吗？此应用不需要任何特殊权限。",
            "您要安装此应用的新版本吗？您现有的数据不会丢失。更新后的应用将具备以下权限：",
            "是否要为这一现有应用安装更新？您现有的数据不会丢失，且安装过程无需任何特殊权限。",
        )
        system = (
            "您要安装此内置应用的新版本吗？您现有的数据不会丢失。更新后的应用将具备以下权限：",
            "是否要为这一内置应用安装更新？您现有的数据不会丢失，且安装过程无需任何特殊权限。",
        )
    elif api <= 30:
        update = "要为此应用安装更新吗？您现有的数据将不会丢失。"
        questions = ("要安装此应用吗？", "要安装此应用吗？", update, update)
        system = ("要为此内置应用安装更新吗？您现有的数据将不会丢失。",) * 2
    else:
        update = "要更新此应用吗？"
        questions = ("要安装此应用吗？", "要安装此应用吗？", update, update)
        system = (update, update)
    if api <= 23:
        conflict = "已安装了存在签名冲突的同名软件包。"
    elif api <= 25:
        conflict = "该软件包与具有同一名称的现有软件包存在冲突。"
    else:
        conflict = "应用未安装：软件包与现有软件包存在冲突。"
    late = api >= 26
    return InstallerTexts(
        new=questions[0],
        new_without_permissions=questions[1],
        update=questions[2],
        update_without_permissions=questions[3],
        update_system=system[0],
        update_system_without_permissions=system[1],
        update_owner=CHINESE_OWNER,
        update_anyway="仍然更新",
        install="安装",
        update_button="更新" if api >= 31 else "安装",
        cancel="取消",
        done="完成",
        open="打开",
        settings="设置",
        ok="确定",
        installing="正在安装..." if api <= 28 else "正在安装…",
        installed="应用安装完成。" if api <= 28 else "已安装应用。",
        failed="应用未安装。" if api <= 28 else "未安装应用。",
        conflict=conflict,
        invalid="应用未安装：软件包似乎无效。" if late else "该软件包似乎已损坏。",
        incompatible="应用未安装：应用与您的手机不兼容。" if late else "此应用与您的手机不兼容。",
        blocked="系统禁止安装该软件包。" if api <= 28 else "系统已禁止安装该软件包。",
        parse_error="解析软件包时出现问题。",
        unknown_sources=_chinese_unknown_sources(api),
        unknown_sources_title="禁止安装" if api <= 23 else "",
        parse_error_title="解析错误" if api <= 23 else "",
        staging="正在准备安装应用…",
        no_new_permissions="此更新不需要新的权限。",
        tab_new="新权限",
        tab_all="全部",
        out_of_space="无法安装“{label}”，请释放一些存储空间并重试。"
        if api <= 28
        else "无法安装{label}。请释放一些存储空间并重试。",
        out_of_space_title="没有存储空间" if api <= 23 else "",
        manage_apps="管理应用",
    )


def _chinese_unknown_sources(api: int) -> str:
    if api <= 25:
        return "出于安全考虑，您的手机已设置为禁止安装来源不明的应用。"
    if api <= 30:
        return "出于安全考虑，已禁止您的手机安装来自此来源的未知应用。"
    if api <= 32:
        return (
            "出于安全考虑，目前已禁止您的手机安装来自此来源的未知应用。"
            "您可以在“设置”中对此进行更改。"
        )
    return (
        "出于安全考虑，您的手机目前不允许安装来自此来源的未知应用。您可以在“设置”中对此进行更改。"
    )


def installer_texts(api: int, language: str) -> InstallerTexts:
    """`language` is zh or en."""
    return _chinese(api) if language == "zh" else _english(api)
