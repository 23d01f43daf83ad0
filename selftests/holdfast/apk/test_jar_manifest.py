from __future__ import annotations

import pytest

from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.jar_manifest import JarSection, NamedDigest, digest_to_verify, jar_sections


def sections(text: bytes) -> list[JarSection]:
    return list(jar_sections(text))


def section(*lines: str) -> JarSection:
    (only,) = sections("\r\n".join(lines).encode() + b"\r\n\r\n")
    return only


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_lines_end_in_three_ways(end: bytes) -> None:
    text = end.join([b"Manifest-Version: 1.0", b"", b"Name: a", b"SHA1-Digest: x", b"", b""])
    main, entry = sections(text)
    assert (main.name, entry.name) == (None, "a")
    assert main.encoded + entry.encoded == text


def test_continuation_lines_belong_to_the_line_before() -> None:
    assert section("Name: a very", "  long name").name == "a very long name"


def test_more_empty_lines_belong_to_no_section() -> None:
    main, entry = sections(b"\nA: 1\n\n\n\nName: b\n\n\n")
    assert (main.encoded, entry.encoded) == (b"A: 1\n\n", b"Name: b\n\n")


def test_a_last_section_needs_no_empty_line() -> None:
    assert sections(b"A: 1\nB: 2")[0].encoded == b"A: 1\nB: 2"


def test_a_line_that_continues_nothing_is_a_line_of_its_own() -> None:
    assert sections(b" A: 1\n\n")[0].attributes == ((" A", "1"),)


def test_attribute_names_have_no_case_and_the_first_counts() -> None:
    one = section("NAME: a", "sha1-digest: x", "SHA1-Digest: y")
    assert one.name == "a"
    assert one.value("SHA1-DIGEST") == "x"
    assert one.value("absent") is None


def test_only_a_first_attribute_names_a_section() -> None:
    assert section("SHA1-Digest: x", "Name: a").name is None


def test_spaces_around_a_value_are_part_of_it() -> None:
    assert section("Name:  a ").name == " a "
    assert section("Name:a").name is None


def test_an_empty_file_has_no_sections() -> None:
    assert sections(b"\r\n\r\n") == []


def test_from_api_18_on_the_strongest_digest_decides() -> None:
    one = section("Name: a", "SHA1-Digest: AQ==", "SHA-256-Digest: Ag==", "SHA-512-Digest: Aw==")
    assert digest_to_verify(one, "-Digest", api=18) == NamedDigest(
        algorithm="sha512", value=b"\x03"
    )


def test_before_api_18_sha_1_decides_unless_told_otherwise() -> None:
    one = section("Name: a", "SHA-256-Digest: Ag==", "SHA1-Digest: AQ==")
    assert digest_to_verify(one, "-Digest", api=17) == NamedDigest(algorithm="sha1", value=b"\x01")
    told = section("Digest-Algorithms: MD4 SHA-256", "SHA-256-Digest: Ag==", "SHA1-Digest: AQ==")
    assert digest_to_verify(told, "-Digest", api=17) == NamedDigest(
        algorithm="sha256", value=b"\x02"
    )


def test_sha_512_is_unknown_before_api_9() -> None:
    told = section("Digest-Algorithms: SHA-512 SHA1", "SHA-512-Digest: Ag==", "SHA1-Digest: AQ==")
    known = digest_to_verify(told, "-Digest", api=9)
    unknown = digest_to_verify(told, "-Digest", api=8)
    assert (known and known.algorithm, unknown and unknown.algorithm) == ("sha512", "sha1")


def test_a_digest_of_an_unknown_kind_is_none() -> None:
    assert digest_to_verify(section("Name: a", "MD5-Digest: AQ=="), "-Digest", api=30) is None


def test_padding_of_base64_may_be_absent() -> None:
    one = section("Name: a", "SHA1-Digest: AQ")
    assert digest_to_verify(one, "-Digest", api=30) == NamedDigest(algorithm="sha1", value=b"\x01")


@pytest.mark.parametrize("text", ["A", "A*==", "AQ=", "ÄÄ=="])
def test_what_is_no_base64_is_a_format_error(text: str) -> None:
    with pytest.raises(ApkFormatError, match="not base64"):
        digest_to_verify(section("Name: a", f"SHA1-Digest: {text}"), "-Digest", api=30)
