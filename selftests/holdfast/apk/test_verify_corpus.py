"""Every APK of the corpus, on every level that it tells of: AOSP's code is the outside witness."""

from __future__ import annotations

import contextlib

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.verify import verify
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import CorpusCase, corpus_cases


def said(case: CorpusCase, api: int) -> tuple[bool, str | None, tuple[str, ...], bool]:
    """Accepted, scheme, certificates and uncertain, as `verify` says them."""
    try:
        apk = Apk.from_path(case.path)
    except ApkFormatError:
        return False, None, (), False
    with apk:
        answer = verify(apk, api=api)
    certificates = answer.details.cert_sha256s if answer.details else ()
    return answer.accepted, answer.scheme, tuple(sorted(certificates)), answer.uncertain


@needs_corpus
@pytest.mark.parametrize("case", corpus_cases(), ids=lambda case: case.file)
def test_each_level_says_what_its_devices_say(case: CorpusCase) -> None:
    for api, expected in case.device.items():
        accepted, scheme, certificates, uncertain = said(case, api)
        assert accepted == expected.accepted, api
        assert certificates == expected.cert_sha256s, api
        assert uncertain == expected.uncertain, api
        if expected.scheme is not None:
            assert scheme == expected.scheme, api


@needs_corpus
def test_the_corpus_is_whole() -> None:
    assert len(corpus_cases()) == 384
    assert sum(len(case.device) for case in corpus_cases()) == 5760


@needs_corpus
def test_every_refusal_has_a_reason_in_words() -> None:
    for case in corpus_cases():
        with contextlib.suppress(ApkFormatError), Apk.from_path(case.path) as apk:
            for api in (21, 27, 32, 36):
                answer = verify(apk, api=api)
                assert answer.accepted is (answer.details is not None)
                assert answer.accepted or answer.findings[0].detail
