"""Rules of v1, one at a time, on archives signed by hand; the corpus holds the common cases."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ArchiveMember, ProbeSpec, build_archive, build_probe
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verification import Reason
from holdfast.apk.verify import verify
from selftests.holdfast.apk.test_pkcs7 import EC_KEY, RSA_KEY, signed_data


def digest(data: bytes, algorithm: str = "sha256") -> str:
    return base64.b64encode(hashlib.new(algorithm, data).digest()).decode()


def manifest_section(name: str, content: bytes) -> bytes:
    return f"Name: {name}\r\nSHA-256-Digest: {digest(content)}\r\n\r\n".encode()


MAIN = b"Manifest-Version: 1.0\r\n\r\n"
PROBE = build_probe(ProbeSpec(package_name="com.example.jar", target_sdk=29))


def contents() -> dict[str, bytes]:
    with Apk.from_bytes(PROBE) as apk:
        return {name: apk.read(name, limit_bytes=1 << 20) for name in apk.names}


@dataclass(kw_only=True)
class Jar:
    """A signed archive; every part can be changed before `apk` puts it together."""

    entries: dict[str, bytes] = field(default_factory=contents)
    sections: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    manifest: bytes = b""

    def __post_init__(self) -> None:
        self.sections = {n: manifest_section(n, data) for n, data in self.entries.items()}
        self.manifest = MAIN + b"".join(self.sections.values())

    def signature_file(self, *, head: str = "", sections: dict[str, bytes] | None = None) -> bytes:
        """A .SF file over the manifest; `head` are more main attributes, each with its line end."""
        listed = self.sections if sections is None else sections
        main = (
            f"Signature-Version: 1.0\r\n{head}"
            f"SHA-256-Digest-Manifest: {digest(self.manifest)}\r\n\r\n"
        )
        return main.encode() + b"".join(manifest_section(n, data) for n, data in listed.items())

    def sign(
        self, content: bytes | None = None, *, key: SigningKey = RSA_KEY, name: str = "CERT"
    ) -> Jar:
        signature_file = self.signature_file() if content is None else content
        self.files[f"META-INF/{name}.SF"] = signature_file
        self.files[f"META-INF/{name}.RSA"] = signed_data(key, content=signature_file)
        return self

    def apk(self) -> Apk:
        everything = {**self.entries, "META-INF/MANIFEST.MF": self.manifest, **self.files}
        members = [ArchiveMember(name=name, data=data) for name, data in everything.items()]
        return Apk.from_bytes(build_archive(members))


def refusal(jar: Jar, api: int = 29) -> Reason:
    answer = verify(jar.apk(), api=api)
    assert not answer.accepted
    assert answer.scheme is Scheme.V1
    return answer.findings[0].reason


def signers(jar: Jar, api: int = 29) -> tuple[bytes, ...]:
    answer = verify(jar.apk(), api=api)
    assert answer.details is not None, answer.findings
    return answer.details.signers


def test_a_signed_archive_is_taken() -> None:
    assert signers(Jar().sign()) == (RSA_KEY.certificate,)


def test_two_signers_of_every_entry_are_both_recorded() -> None:
    jar = Jar().sign().sign(key=EC_KEY, name="SECOND")
    assert set(signers(jar)) == {RSA_KEY.certificate, EC_KEY.certificate}


def test_a_changed_entry_is_found() -> None:
    jar = Jar().sign()
    jar.entries["classes.dex"] += b"!"
    assert refusal(jar) is Reason.JAR_ENTRY_DIGEST_WRONG


def test_an_entry_that_was_added_is_found() -> None:
    jar = Jar().sign()
    jar.entries["assets/new"] = b""
    assert refusal(jar) is Reason.JAR_ENTRY_NOT_SIGNED


def test_an_entry_that_was_removed_is_found() -> None:
    jar = Jar().sign()
    del jar.entries["classes.dex"]
    assert refusal(jar) is Reason.JAR_ENTRY_MISSING


def test_files_in_meta_inf_and_folders_need_no_signature() -> None:
    jar = Jar().sign()
    jar.entries["META-INF/services/x"] = b""
    jar.entries["assets/"] = b""
    assert signers(jar)


def test_a_changed_manifest_is_found() -> None:
    jar = Jar().sign()
    jar.manifest = jar.manifest.replace(b"Name: classes.dex", b"name: classes.dex")
    assert refusal(jar) is Reason.JAR_MANIFEST_DIGEST_WRONG


def test_sections_count_where_the_digest_of_the_whole_manifest_is_wrong() -> None:
    jar = Jar()
    jar.sign()
    jar.manifest = jar.manifest.replace(b"Manifest-Version: 1.0", b"Manifest-Version: 2.0")
    assert signers(jar)


def test_the_main_section_s_own_digest_has_to_be_right() -> None:
    jar = Jar()
    head = f"SHA-256-Digest-Manifest-Main-Attributes: {digest(MAIN)}\r\n"
    assert signers(jar.sign(jar.signature_file(head=head)))
    jar.manifest = jar.manifest.replace(b"Manifest-Version: 1.0", b"Manifest-Version: 2.0")
    assert refusal(jar) is Reason.JAR_MANIFEST_DIGEST_WRONG


def test_a_signer_who_names_fewer_entries_is_refused() -> None:
    jar = Jar().sign()
    fewer = dict(list(jar.sections.items())[1:])
    jar.sign(jar.signature_file(sections=fewer), key=EC_KEY, name="SECOND")
    assert refusal(jar) is Reason.JAR_ENTRY_SIGNERS_DIFFER


def test_one_bad_signature_among_good_ones_refuses() -> None:
    jar = Jar().sign().sign(key=EC_KEY, name="SECOND")
    jar.files["META-INF/SECOND.SF"] += b"\r\n"
    assert refusal(jar) is Reason.JAR_SIGNATURE_WRONG


def test_a_signature_file_without_a_version_does_not_count() -> None:
    jar = Jar()
    assert refusal(jar.sign(b"Other: 1\r\n\r\n")) is Reason.JAR_NO_SIGNATURES
    assert signers(jar.sign(name="SECOND"))


def test_a_signature_file_that_names_an_entry_twice_does_not_count() -> None:
    jar = Jar()
    twice = jar.signature_file() + jar.signature_file().partition(b"\r\n\r\n")[2]
    assert refusal(jar.sign(twice)) is Reason.JAR_NO_SIGNATURES


def test_no_signature_at_all_is_told_apart_from_no_manifest() -> None:
    assert refusal(Jar()) is Reason.JAR_NO_SIGNATURES
    answer = verify(Apk.from_bytes(PROBE), api=29)
    assert answer.findings[0].reason is Reason.JAR_NO_MANIFEST


def test_a_block_without_a_signature_file_does_not_count() -> None:
    jar = Jar().sign()
    del jar.files["META-INF/CERT.SF"]
    assert refusal(jar) is Reason.JAR_NO_SIGNATURES


def test_a_malformed_block_is_refused() -> None:
    jar = Jar().sign()
    jar.files["META-INF/CERT.RSA"] = b"no block"
    assert refusal(jar) is Reason.JAR_SIGNATURE_MALFORMED


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        MAIN + b"SHA1-Digest: x\r\n\r\n",
        MAIN + b"Name: classes.dex\r\n\r\nName: classes.dex\r\n\r\n",
    ],
    ids=["empty", "without a name", "twice the same"],
)
def test_a_malformed_manifest_is_refused(manifest: bytes) -> None:
    jar = Jar().sign()
    jar.manifest = manifest
    assert refusal(jar) is Reason.JAR_MANIFEST_MALFORMED


@pytest.mark.parametrize(
    ("told", "refused_from"),
    [("2", 24), ("3", 28), ("2, 3", 24), (" 03 ", 28), ("4, x, ,3", 28), ("99", 37), ("x", 37)],
)
def test_a_stripped_newer_scheme_is_noticed_where_it_is_known(told: str, refused_from: int) -> None:
    jar = Jar()
    jar.sign(jar.signature_file(head=f"X-Android-APK-Signed: {told}\r\n"))
    for api in (21, 23, 24, 27, 28, 36):
        accepted = verify(jar.apk(), api=api).accepted
        assert accepted is (api < refused_from), api
        if not accepted:
            assert refusal(jar, api) is Reason.NEWER_SCHEME_STRIPPED


def test_eleven_signers_are_too_many_from_api_33_on_and_uncertain_before() -> None:
    jar = Jar()
    for number in range(11):
        jar.sign(name=f"S{number}")
    assert refusal(jar, api=33) is Reason.TOO_MANY_SIGNERS
    assert verify(jar.apk(), api=32).uncertain


def test_two_entries_of_one_name_are_refused() -> None:
    jar = Jar().sign()
    members = [ArchiveMember(name=n, data=data) for n, data in jar.entries.items()]
    apk = Apk.from_bytes(build_archive([*members, members[0]]))
    answer = verify(apk, api=29)
    assert answer.findings[0].reason is Reason.DUPLICATE_ENTRY


@pytest.mark.parametrize(("api", "accepted"), [(25, True), (26, False), (36, False)])
def test_a_malformed_android_manifest_is_refused_where_v1_has_to_look_into_it(
    api: int, accepted: bool
) -> None:
    jar = Jar(entries={**contents(), "AndroidManifest.xml": b"no binary XML"}).sign()
    assert verify(jar.apk(), api=api).accepted is accepted
    if not accepted:
        assert refusal(jar, api) is Reason.MANIFEST_MALFORMED
