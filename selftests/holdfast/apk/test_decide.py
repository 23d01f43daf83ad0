"""The rules of reference android-update-semantics, sections 1 and 2, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holdfast.apk.codes import Code, public_status
from holdfast.apk.decide import DataFate, Delivery, Door, Outcome, Preload
from holdfast.apk.manifest import Component
from holdfast.apk.signing_details import Capability, Scheme
from holdfast.apk.verification import Reason
from selftests.holdfast.apk.decisions import (
    APP,
    A,
    candidate,
    decided,
    door_of,
    installed,
    refused_signature,
    signed_by,
)

EVERY_API = range(21, 37)
B = signed_by("b")


def test_an_update_by_the_same_signer_keeps_the_data_on_every_level() -> None:
    for api in EVERY_API:
        decision = decided(candidate(), installed(), api=api)
        assert (decision.outcome, decision.data) == (Outcome.UPDATE, DataFate.KEPT)
        assert decision.shown(api, door_of(api)) == "Success"
        assert decision.signing_after == A


def test_a_first_install_has_no_data_to_keep() -> None:
    decision = decided(candidate(), api=30)
    assert (decision.outcome, decision.data) == (Outcome.INSTALL, DataFate.NONE)


@pytest.mark.parametrize(
    ("api", "shown"),
    [
        (21, "Failure [INSTALL_PARSE_FAILED_INCONSISTENT_CERTIFICATES]"),
        (22, "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE]"),
        (23, "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE]"),
        *(
            (
                api,
                (
                    f"Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Package {APP} signatures do not "
                    "match the previously installed version; ignoring!]"
                ),
            )
            for api in range(24, 28)
        ),
        *(
            (
                api,
                (
                    f"Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Package {APP} signatures do not "
                    "match previously installed version; ignoring!]"
                ),
            )
            for api in range(28, 33)
        ),
        *(
            (
                api,
                (
                    f"Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Existing package {APP} "
                    "signatures do not match newer version; ignoring!]"
                ),
            )
            for api in range(33, 37)
        ),
    ],
)
def test_another_signer_is_refused_in_each_versions_words(api: int, shown: str) -> None:
    decision = decided(candidate(B), installed(), api=api)
    assert decision.shown(api, door_of(api)) == shown
    assert (decision.outcome, decision.data) == (Outcome.REFUSE, DataFate.KEPT)
    assert decision.signing_after == A


def test_5_0_has_the_words_that_a_session_hears() -> None:
    delivery = Delivery(door=Door.SESSION_APP)
    decision = decided(candidate(B), installed(), api=21, delivery=delivery)
    assert decision.text == f"New package has a different signature: {APP}"
    assert decision.status == 4


def test_a_lower_version_by_another_signer_is_told_to_be_a_downgrade() -> None:
    for api in EVERY_API:
        decision = decided(candidate(B), installed(version_code=3), api=api)
        assert decision.code == Code.VERSION_DOWNGRADE, api


def test_a_test_only_app_by_another_signer_is_told_to_be_test_only() -> None:
    for api in EVERY_API:
        assert decided(candidate(B, test_only=True), installed(), api=api).code == Code.TEST_ONLY


def test_5_0_compares_permissions_before_signers() -> None:
    owner = installed(B, package_name="com.example.owner", declared_permissions=("p",))
    wanted = candidate(signed_by("c"), declared_permissions=("p",))
    found = {api: decided(wanted, installed(), owner, api=api).code for api in EVERY_API}
    assert found[21] == Code.DUPLICATE_PERMISSION
    assert {found[api] for api in range(22, 37)} == {Code.UPDATE_INCOMPATIBLE}


class TestReplacing:
    """§1.2"""

    @pytest.mark.parametrize("api", EVERY_API)
    def test_without_an_option_9_forgets_to_replace_and_later_ones_do_not(self, api: int) -> None:
        delivery = Delivery(door=door_of(api), replace=False, options_given=False)
        decision = decided(candidate(), installed(), api=api, delivery=delivery)
        expected = Code.ALREADY_EXISTS if api <= 28 else Code.SUCCEEDED
        assert decision.code == expected

    @pytest.mark.parametrize("api", EVERY_API)
    def test_any_option_at_all_makes_9_replace(self, api: int) -> None:
        delivery = Delivery(door=door_of(api), replace=False, options_given=True)
        decision = decided(candidate(), installed(), api=api, delivery=delivery)
        assert decision.code == (Code.ALREADY_EXISTS if api < 28 else Code.SUCCEEDED)

    @pytest.mark.parametrize("api", range(28, 37))
    def test_from_9_on_an_option_forbids_to_replace(self, api: int) -> None:
        delivery = Delivery(door=door_of(api), forbid_replace=True)
        decision = decided(candidate(), installed(), api=api, delivery=delivery)
        text = f"Attempt to re-install {APP} without first uninstalling."
        assert decision.shown(api, door_of(api)) == (
            f"Failure [INSTALL_FAILED_ALREADY_EXISTS: {text}]"
        )

    def test_the_session_of_an_app_always_replaces(self) -> None:
        delivery = Delivery(door=Door.SESSION_APP, replace=False, options_given=False)
        for api in EVERY_API:
            found = decided(candidate(), installed(), api=api, delivery=delivery)
            assert found.code == Code.SUCCEEDED

    def test_another_signer_without_r_is_refused_for_the_signer_but_on_5_0(self) -> None:
        for api in range(21, 28):
            delivery = Delivery(door=door_of(api), replace=False)
            found = decided(candidate(B), installed(), api=api, delivery=delivery)
            expected = Code.ALREADY_EXISTS if api == 21 else Code.UPDATE_INCOMPATIBLE
            assert found.code == expected, api


class TestDowngrade:
    """§1.4"""

    @pytest.mark.parametrize(
        ("api", "text"),
        [
            *((api, "") for api in range(21, 31)),
            (31, "Package Verification Result"),
            (32, "Package Verification Result"),
            *(
                (api, "Downgrade detected: Update version code 2 is older than current 3")
                for api in range(33, 37)
            ),
        ],
    )
    def test_each_version_has_its_words(self, api: int, text: str) -> None:
        decision = decided(candidate(), installed(version_code=3), api=api)
        assert (decision.code, decision.text) == (Code.VERSION_DOWNGRADE, text)

    @pytest.mark.parametrize(
        ("build_type", "debuggable", "allowing"),
        [
            ("user", False, {21, 22, 23, 29, 30, 31, 32, 33}),
            ("user", True, set(EVERY_API)),
            ("userdebug", False, set(EVERY_API)),
            ("eng", False, set(EVERY_API)),
        ],
    )
    def test_d_is_honoured_where_the_table_says(
        self, build_type: str, allowing: set[int], *, debuggable: bool
    ) -> None:
        old = installed(version_code=3, debuggable=debuggable)
        found = set()
        for api in EVERY_API:
            delivery = Delivery(door=door_of(api), allow_downgrade=True)
            decision = decided(candidate(), old, api=api, delivery=delivery, build_type=build_type)
            if decision.code == Code.SUCCEEDED:
                assert decision.data == DataFate.KEPT
                found.add(api)
        assert found == allowing

    def test_an_apps_session_may_not_downgrade_on_a_user_build(self) -> None:
        delivery = Delivery(door=Door.SESSION_APP, allow_downgrade=True)
        for api in range(29, 37):
            old = installed(version_code=3)
            found = decided(candidate(), old, api=api, delivery=delivery)
            assert found.code == Code.VERSION_DOWNGRADE, api

    def test_root_may_downgrade_on_14(self) -> None:
        delivery = Delivery(door=Door.SESSION_SHELL, allow_downgrade=True, root=True)
        found = decided(candidate(), installed(version_code=3), api=34, delivery=delivery)
        assert found.code == Code.SUCCEEDED

    @pytest.mark.parametrize("api", [31, 33])
    def test_a_system_app_does_not_go_below_its_preload(self, api: int) -> None:
        preload = Preload(version_code=3, signing=A)
        old = installed(version_code=9, system=True, preload=preload)
        delivery = Delivery(door=door_of(api), allow_downgrade=True)
        below = decided(candidate(version_code=2), old, api=api, delivery=delivery)
        assert below.code == Code.VERSION_DOWNGRADE
        assert below.text == (
            "Package Verification Result"
            if api == 31
            else f"System app: {APP} cannot be downgraded to older than its preloaded version on "
            "the system image. Update version code 2 is older than current 3"
        )
        above = decided(candidate(version_code=4), old, api=api, delivery=delivery)
        assert above.code == Code.SUCCEEDED

    @pytest.mark.parametrize(
        ("api", "text"),
        [
            (21, None),
            (22, ""),
            (33, "Downgrade detected: Update base revision code 1 is older than current 2"),
        ],
    )
    def test_from_5_1_on_an_equal_version_goes_by_its_revision(
        self, api: int, text: str | None
    ) -> None:
        old = installed(version_code=2, revision_codes={"": 2})
        decision = decided(candidate(revision_code=1), old, api=api)
        assert (decision.code == Code.SUCCEEDED) is (text is None)
        assert text is None or decision.text == text
        assert decided(candidate(revision_code=2), old, api=api).code == Code.SUCCEEDED
        newer = candidate(version_code=3, revision_code=1)
        assert decided(newer, old, api=api).code == Code.SUCCEEDED

    def test_a_split_goes_by_its_revision_where_it_was_there_before(self) -> None:
        old = installed(version_code=2, revision_codes={"": 0, "de": 5})
        older = replace(candidate(), splits={"de": 4})
        assert decided(older, old, api=34).text == (
            "Downgrade detected: Update split de revision code 4 is older than current 5"
        )
        assert decided(replace(candidate(), splits={"fr": 1}), old, api=34).code == Code.SUCCEEDED

    @pytest.mark.parametrize(
        ("api", "log"),
        [
            (
                21,
                (
                    "Can't install update of com.example.app update version 2 is older than "
                    "installed version 5"
                ),
            ),
            (22, "Downgrade detected: Update version code 2 is older than current 5"),
            (30, "Downgrade detected: Update version code 2 is older than current 5"),
        ],
    )
    def test_the_log_has_the_words_that_the_answer_lacks(self, api: int, log: str) -> None:
        decision = decided(candidate(), installed(version_code=5), api=api)
        assert (decision.text, decision.log) == ("", log)

    def test_up_to_6_a_lower_version_without_r_is_no_downgrade_yet(self) -> None:
        for api in (22, 23):
            delivery = Delivery(door=Door.PM_INSTALL, replace=False)
            found = decided(candidate(), installed(version_code=3), api=api, delivery=delivery)
            assert found.code == Code.ALREADY_EXISTS


class TestAfterUninstallKeepingData:
    LEFT = installed(version_code=3, installed=False)

    def test_the_same_signer_takes_the_data_over(self) -> None:
        for api in EVERY_API:
            decision = decided(candidate(version_code=3), self.LEFT, api=api)
            assert (decision.outcome, decision.data) == (Outcome.INSTALL, DataFate.KEPT)

    def test_another_signer_is_refused_as_in_an_update(self) -> None:
        for api in EVERY_API:
            decision = decided(candidate(B, version_code=3), self.LEFT, api=api)
            assert decision.code == Code.UPDATE_INCOMPATIBLE, api

    def test_a_lower_version_is_refused_from_7_on(self) -> None:
        found = {api: decided(candidate(), self.LEFT, api=api) for api in EVERY_API}
        assert [api for api in EVERY_API if found[api].code == Code.SUCCEEDED] == [21, 22, 23]
        assert found[36].text == (
            "Downgrade detected on app uninstalled with DELETE_KEEP_DATA: "
            "Update version code 2 is older than current 3"
        )

    def test_after_a_reboot_only_16_still_knows_the_version(self) -> None:
        left = installed(version_code=3, installed=False, code_in_memory=False)
        refusing = [
            api for api in EVERY_API if decided(candidate(), left, api=api).code != Code.SUCCEEDED
        ]
        assert refusing == [36]


class TestLineages:
    """§2.2, the table; below 9 the sets have to be equal."""

    DEFAULT, ROLLBACK = Capability.DEFAULT, Capability.DEFAULT | Capability.ROLLBACK
    NO_DATA = Capability.DEFAULT & ~Capability.INSTALLED_DATA

    @pytest.mark.parametrize(
        ("old", "new", "taken"),
        [
            (A, A, True),
            (A, signed_by("b", past=(("a", DEFAULT),)), True),
            (A, signed_by("b", past=(("a", NO_DATA),)), False),
            (A, B, False),
            (signed_by("b", past=(("a", DEFAULT),)), A, False),
            (signed_by("b", past=(("a", ROLLBACK),)), A, True),
            (signed_by("b", past=(("a", DEFAULT),)), B, True),
            (signed_by("b", past=(("a", DEFAULT),)), signed_by("c", past=(("a", DEFAULT),)), False),
            (
                signed_by("b", past=(("a", DEFAULT),)),
                signed_by("c", past=(("a", DEFAULT), ("b", DEFAULT))),
                True,
            ),
            (A, signed_by("c", past=(("a", DEFAULT), ("b", DEFAULT))), True),
            (
                signed_by("c", past=(("a", DEFAULT), ("b", DEFAULT))),
                signed_by("b", past=(("a", DEFAULT),)),
                False,
            ),
            (
                signed_by("c", past=(("a", DEFAULT), ("b", ROLLBACK))),
                signed_by("b", past=(("a", DEFAULT),)),
                True,
            ),
            (signed_by("a", "b"), signed_by("b", "a"), True),
            (signed_by("a", "b"), A, False),
            (signed_by("a", "b"), signed_by("a", "b", "c"), False),
            (A, signed_by("a", "b"), False),
        ],
    )
    def test_from_9_on_lineages_count(self, old: Any, new: Any, *, taken: bool) -> None:
        for api in range(28, 37):
            decision = decided(candidate(new), installed(old), api=api)
            assert (decision.code == Code.SUCCEEDED) is taken, api
            assert decision.signing_after == (new if taken else old)

    def test_below_9_only_the_set_counts(self) -> None:
        rotated = signed_by("b", past=(("a", self.DEFAULT),))
        for api in range(22, 28):
            assert decided(candidate(rotated), installed(A), api=api).code != Code.SUCCEEDED
            swapped = decided(
                candidate(signed_by("b", "a")), installed(signed_by("a", "b")), api=api
            )
            assert swapped.code == Code.SUCCEEDED

    def test_a_rollback_of_the_platform_goes_back_to_any_ancestor_from_13_on(self) -> None:
        old = installed(signed_by("b", past=(("a", self.DEFAULT),)))
        for api in (32, 33):
            delivery = Delivery(door=Door.SESSION_SHELL, platform_rollback=True)
            found = decided(candidate(A), old, api=api, delivery=delivery)
            assert (found.code == Code.SUCCEEDED) is (api == 33)

    def test_16_wants_an_updated_system_app_to_fit_its_preload_as_well(self) -> None:
        old = installed(B, system=True, preload=Preload(version_code=1, signing=A))
        for api in range(28, 37):
            decision = decided(candidate(B), old, api=api)
            assert (decision.code == Code.SUCCEEDED) is (api < 36), api


class TestTheApkItself:
    @pytest.mark.parametrize("api", EVERY_API)
    def test_an_android_that_is_too_old_is_named(self, api: int) -> None:
        decision = decided(candidate(min_sdk=api + 1, uses_sdk_line=7), api=api)
        assert decision.code == Code.OLDER_SDK
        assert decision.text.endswith(
            f"(at Binary XML file line #7): Requires newer sdk version #{api + 1} "
            f"(current version is #{api})"
        )

    @pytest.mark.parametrize(
        ("api", "target", "floor"), [(33, 1, None), (34, 22, 23), (35, 23, 24), (36, 23, 24)]
    )
    def test_the_target_sdk_has_a_floor_from_14_on(
        self, api: int, target: int, floor: int | None
    ) -> None:
        decision = decided(candidate(target_sdk=target), api=api)
        if floor is None:
            assert decision.code == Code.SUCCEEDED
            return
        assert decision.shown(api, door_of(api)) == (
            "Failure [INSTALL_FAILED_DEPRECATED_SDK_VERSION: App package must target at least "
            f"SDK version {floor}, but found {target}]"
        )
        bypassing = Delivery(door=Door.SESSION_SHELL, bypass_low_target_sdk=True)
        wanted = candidate(target_sdk=target)
        assert decided(wanted, api=api, delivery=bypassing).code == Code.SUCCEEDED
        by_an_app = Delivery(door=Door.SESSION_APP, bypass_low_target_sdk=True)
        assert decided(wanted, api=api, delivery=by_an_app).code == Code.DEPRECATED_SDK_VERSION

    @pytest.mark.parametrize("api", EVERY_API)
    def test_test_only_takes_t(self, api: int) -> None:
        decision = decided(candidate(test_only=True), api=api)
        assert decision.code == Code.TEST_ONLY
        assert decision.text == (
            "installPackageLI"
            if api < 34
            else "Failed to install test-only apk. Did you forget to add -t?"
        )
        delivery = Delivery(door=door_of(api), allow_test=True)
        allowed = decided(candidate(test_only=True), api=api, delivery=delivery)
        assert allowed.code == Code.SUCCEEDED

    def test_runtime_permissions_cannot_be_left_again_from_6_on(self) -> None:
        for api in range(21, 34):
            decision = decided(candidate(target_sdk=22), installed(target_sdk=23), api=api)
            expected = Code.SUCCEEDED if api < 23 else Code.PERMISSION_MODEL_DOWNGRADE
            assert decision.code == expected, api
        assert decided(candidate(target_sdk=22), installed(target_sdk=23), api=30).text == (
            f"Package {APP} new target SDK 22 doesn't support runtime permissions but the old "
            "target SDK 23 does."
        )

    def test_persistent_apps_are_not_updated_from_9_on(self) -> None:
        for api in EVERY_API:
            decision = decided(candidate(), installed(persistent=True), api=api)
            assert decision.code == (Code.SUCCEEDED if api < 28 else Code.INVALID_APK), api

    def test_what_is_not_updatable_is_rooted_in_from_15_on(self) -> None:
        for api in EVERY_API:
            fixed = decided(candidate(updatable=False), api=api)
            over = decided(candidate(), installed(updatable=False), api=api)
            codes = (fixed.code, over.code)
            refused = (Code.INVALID_APK, Code.SESSION_INVALID)
            assert codes == ((Code.SUCCEEDED,) * 2 if api < 35 else refused), api
        assert fixed.text == "Non updatable system package can't be installed or updated"
        assert over.text == "Installation of this package is not allowed."
        root = Delivery(door=door_of(36), root=True)
        taken = decided(candidate(updatable=False), installed(), api=36, delivery=root)
        assert taken.code == Code.SUCCEEDED

    def test_the_sandbox_version_does_not_go_down_on_8(self) -> None:
        old = installed(target_sandbox_version=2)
        codes = {api: decided(candidate(), old, api=api) for api in (25, 26, 27, 28)}
        assert [a for a, d in codes.items() if d.code != Code.SUCCEEDED] == [26, 27]
        assert codes[26].text.endswith("with the previous value of2.")

    def test_native_code_for_other_processors_is_refused(self) -> None:
        wanted = candidate(native_abis=("x86_64",))
        decision = decided(wanted, api=22, abis=("armeabi-v7a", "armeabi"))
        assert decision.code == Code.NO_MATCHING_ABIS
        assert decided(wanted, api=22, abis=("x86_64",)).code == Code.SUCCEEDED
        assert decided(wanted, api=22).code == Code.SUCCEEDED

    def test_a_library_that_the_device_lacks_is_named(self) -> None:
        wanted = candidate(required_libraries=("com.vendor.lib",))
        decision = decided(wanted, api=30, libraries=frozenset())
        assert decision.text == (
            f"Reconciliation failed...: Package {APP} requires unavailable shared library "
            "com.vendor.lib; failing!"
        )

    def test_a_base_that_needs_its_splits_is_refused_without_them_from_10_on(self) -> None:
        alone = candidate(is_split_required=True)
        assert decided(alone, api=28).code == Code.SUCCEEDED
        assert decided(alone, api=29).text == f"Missing split for {APP}"
        assert decided(replace(alone, splits={"de": 0}), api=29).code == Code.SUCCEEDED

    def test_compressed_resources_are_refused_from_11_on(self) -> None:
        for target, api, code in (
            (29, 30, Code.SUCCEEDED),
            (30, 29, Code.SUCCEEDED),
            (30, 30, Code.RESOURCES_ARSC_COMPRESSED),
        ):
            wanted = candidate(target_sdk=target, resources_aligned=False)
            assert decided(wanted, api=api).code == code, (target, api)

    def test_a_component_that_leaves_exported_open_is_refused_from_12_on(self) -> None:
        left_open = (Component(name="com.example.Main", line=9),)
        for target, api, code in (
            (30, 31, Code.SUCCEEDED),
            (31, 30, Code.SUCCEEDED),
            (31, 31, Code.MANIFEST_MALFORMED),
        ):
            wanted = candidate(target_sdk=target, exported_left_open=left_open)
            assert decided(wanted, api=api).code == code, (target, api)
        text = decided(candidate(exported_left_open=left_open), api=33).text
        assert "(at Binary XML file line #9): com.example.Main: Targeting S+" in text

    def test_a_system_app_may_name_the_one_update_that_it_takes_from_7_on(self) -> None:
        old = installed(system=True, restrict_update_hash="aGFzaA==")
        for api, sha512, code in (
            (34, "aGFzaA==", Code.SUCCEEDED),
            (34, "b3RoZXI=", Code.INVALID_APK),
            (23, "b3RoZXI=", Code.SUCCEEDED),
        ):
            decision = decided(replace(candidate(), sha512=sha512), old, api=api)
            assert decision.code == code, api
        other = replace(candidate(), sha512="b3RoZXI=")
        assert decided(other, old, api=34).text == (
            "New package fails restrict-update check: com.example.app"
        )
        users = replace(old, system=False)
        assert decided(other, users, api=34).code == Code.SUCCEEDED

    def test_code_that_is_missing_is_missed_from_7_on(self) -> None:
        wanted = candidate(code_missing=True)
        assert decided(wanted, api=23).code == Code.SUCCEEDED
        assert decided(wanted, api=30).text == (
            "Scanning Failed.: Package /data/app/vmdl1.tmp/base.apk code is missing"
        )

    def test_a_split_alone_is_refused(self) -> None:
        decision = decided(candidate(split_name="de"), api=30)
        assert decision.text == "Full install must include a base package"


class TestSignaturesThatAreNotAccepted:
    PATH = "/data/app/vmdl1.tmp/base.apk"

    @pytest.mark.parametrize("api", EVERY_API)
    def test_an_unsigned_apk_has_no_certificates(self, api: int) -> None:
        decision = decided(refused_signature(Reason.JAR_NO_SIGNATURES, Scheme.V1), api=api)
        assert decision.code == Code.NO_CERTIFICATES
        entry = f"Package {self.PATH} has no certificates at entry AndroidManifest.xml; ignoring!"
        cause = "Attempt to get length of null array"
        later = f"Failed to collect certificates from {self.PATH}: {cause}"
        assert decision.text == (entry if api < 28 else later)

    def test_a_broken_v2_signature_names_the_scheme(self) -> None:
        decision = decided(refused_signature(Reason.SIGNATURE_WRONG, Scheme.V2), api=25)
        assert decision.text == (
            f"Failed to collect certificates from {self.PATH} using APK Signature Scheme v2"
        )

    def test_a_changed_content_says_so(self) -> None:
        decision = decided(refused_signature(Reason.CONTENT_DIGEST_WRONG, Scheme.V3), api=30)
        assert decision.text.endswith("v3: SHA-256 digest of contents did not verify")

    def test_an_archive_that_cannot_be_read_is_no_apk(self) -> None:
        broken = refused_signature(Reason.ARCHIVE_MALFORMED)
        assert decided(broken, api=22).shown(22) == "Failure [INSTALL_FAILED_INVALID_APK]"
        assert decided(broken, api=30).code == Code.NOT_APK

    def test_a_v1_signature_is_too_old_for_target_30_on_11(self) -> None:
        broken = refused_signature(Reason.SCHEME_TOO_OLD_FOR_TARGET_SDK, Scheme.V1)
        assert decided(broken, api=30).text == (
            "Scanning Failed.: No signature found in package of version 2 or newer for package "
            f"{APP}"
        )

    def test_it_refuses_a_session_before_the_version_is_looked_at(self) -> None:
        broken = refused_signature(Reason.JAR_NO_SIGNATURES)
        old = installed(version_code=3)
        assert decided(broken, old, api=24).code == Code.NO_CERTIFICATES
        assert decided(broken, old, api=23).code == Code.VERSION_DOWNGRADE


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("INSTALL_SUCCEEDED", 0),
        ("INSTALL_FAILED_UPDATE_INCOMPATIBLE", 5),
        ("INSTALL_FAILED_VERSION_DOWNGRADE", 4),
        ("INSTALL_PARSE_FAILED_NO_CERTIFICATES", 4),
        ("INSTALL_FAILED_OLDER_SDK", 7),
        ("INSTALL_FAILED_INSUFFICIENT_STORAGE", 6),
        ("INSTALL_FAILED_ABORTED", 3),
        ("INSTALL_FAILED_INTERNAL_ERROR", 1),
        ("INSTALL_FAILED_PRE_APPROVAL_NOT_AVAILABLE", 2),
    ],
)
def test_codes_have_the_status_that_a_store_hears(code: str, status: int) -> None:
    assert public_status(code) == status
