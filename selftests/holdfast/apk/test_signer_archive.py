from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.apk.archive import Apk
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.probe import ArchiveMember, ProbeSpec, build_archive, build_probe
from holdfast.apk.signer import SigningOptions, sign
from holdfast.apk.signer_archive import copy_entries, in_jar_manifest
from holdfast.apk.verify import verify
from selftests.holdfast.apk.signing_keys import made_key

KEY = made_key("any")
PROBE = build_probe(ProbeSpec(package_name="com.example.probe"))
MANIFEST = Apk.from_bytes(PROBE).read("AndroidManifest.xml", limit_bytes=1 << 20)
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=90
).filter(lambda name: not name.endswith("/") and not name.upper().startswith("META-INF/"))
MEMBERS = st.builds(
    lambda name, data, compress, align: ArchiveMember(
        name=name, data=data, compress=compress, align_bytes=align
    ),
    NAMES,
    st.binary(max_size=200),
    st.booleans(),
    st.sampled_from([1, 4, 4096]),
)


@given(st.lists(MEMBERS, max_size=6, unique_by=lambda member: member.name))
@settings(max_examples=40, deadline=None)
def test_whatever_an_archive_holds_is_signed_and_verifies(members: list[ArchiveMember]) -> None:
    others = [member for member in members if member.name != "AndroidManifest.xml"]
    first = ArchiveMember(name="AndroidManifest.xml", data=MANIFEST)
    signed = Apk.from_bytes(sign(build_archive([first, *others]), signers=[KEY]))
    for api in (21, 24, 28):
        answer = verify(signed, api=api)
        assert answer.accepted, answer.findings
    for member in others:
        assert signed.read(member.name, limit_bytes=1 << 20) == member.data
        entry = signed.entry(member.name)
        assert entry is not None
        if not member.compress and member.align_bytes > 1:
            assert signed.data_offset(entry) % 4 == 0


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_an_archive_that_was_changed_is_signed_or_refused_as_none(data: st.DataObject) -> None:
    raw = bytearray(PROBE)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        sign(bytes(raw), signers=[KEY], options=SigningOptions(min_sdk=21))
    except ApkFormatError:
        return


def test_libraries_stay_on_their_pages() -> None:
    library = ArchiveMember(name="lib/x86/a.so", data=b"x", compress=False, align_bytes=4096)
    members = [ArchiveMember(name="META-INF/CERT.SF", data=b"gone"), library]
    apk = Apk.from_bytes(build_archive(members))
    for pages in (4096, 16_384):
        output = copy_entries(apk, dropped=frozenset(), library_alignment_bytes=pages)
        _, data_at, _ = output.copied["lib/x86/a.so"]
        aligned_before = apk.data_offset(apk.entries[1]) % pages == 0
        assert (data_at % pages == 0) or not aligned_before


def test_bytes_between_entries_are_copied() -> None:
    raw = build_archive([ArchiveMember(name="a", data=b"a"), ArchiveMember(name="b", data=b"b")])
    apk = Apk.from_bytes(raw)
    gap_at = apk.entries[1].header_offset
    moved = bytearray(raw[:gap_at] + b"between" + raw[gap_at:])
    end = apk.tail.offset + 7
    moved[end + 16 : end + 20] = (apk.tail.directory_offset + 7).to_bytes(4, "little")
    at = apk.entries[1].record_offset + 7 + 42
    moved[at : at + 4] = (gap_at + 7).to_bytes(4, "little")
    output = copy_entries(
        Apk.from_bytes(bytes(moved)), dropped=frozenset(), library_alignment_bytes=4096
    )
    assert b"between" in output.body


def test_entries_that_overlap_are_refused() -> None:
    raw = bytearray(
        build_archive([ArchiveMember(name="a", data=b"a"), ArchiveMember(name="b", data=b"b")])
    )
    apk = Apk.from_bytes(bytes(raw))
    at = apk.entries[1].record_offset + 42
    raw[at : at + 4] = (apk.entries[0].header_offset).to_bytes(4, "little")
    with pytest.raises(ApkFormatError, match="overlap"):
        copy_entries(Apk.from_bytes(bytes(raw)), dropped=frozenset(), library_alignment_bytes=4096)


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("classes.dex", True),
        ("META-INF/", False),
        ("META-INF/MANIFEST.MF", False),
        ("META-INF/manifest.mf", False),
        ("META-INF/CERT.SF", False),
        ("META-INF/cert.ec", False),
        ("META-INF/SIG-x", False),
        ("META-INF/services/x.SF", True),
        ("META-INF/NOTICE", True),
        ("res/", False),
    ],
)
def test_the_jar_manifest_lists_all_but_the_signatures_own_files(
    name: str, *, listed: bool
) -> None:
    assert in_jar_manifest(name) is listed
