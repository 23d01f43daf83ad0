"""The one error of this package: a file that should be an APK, or a part of one, is not."""

from __future__ import annotations

from holdfast.errors import ConfigurationError

__all__ = ["ApkFormatError"]


class ApkFormatError(ConfigurationError):
    """The file that should be an APK (or a part of one) is not; `what` says why."""
