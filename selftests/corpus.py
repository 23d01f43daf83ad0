"""Where the shared corpus lies: beside the checkout, or where HOLDFAST_SHARED says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared"
SHARED = Path(os.environ.get("HOLDFAST_SHARED", _BESIDE_THE_CHECKOUT))
CORPUS = SHARED / "corpus"
RECORDED_ANDROID_5_1_1 = SHARED / "reference" / "recorded-android-5.1.1"

needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(),
    reason=f"the APK and warning corpus is not at {CORPUS}; set HOLDFAST_SHARED to its parent",
)
needs_recordings = pytest.mark.skipif(
    not RECORDED_ANDROID_5_1_1.is_dir(),
    reason=f"the recordings are not at {RECORDED_ANDROID_5_1_1}; set HOLDFAST_SHARED",
)
