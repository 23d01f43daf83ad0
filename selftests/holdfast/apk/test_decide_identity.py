"""Shared users, permissions, providers and upgrade key sets."""

from __future__ import annotations

import base64

from holdfast.apk.certificates import Certificate
from holdfast.apk.codes import Code
from holdfast.apk.decide import Delivery, Door, InstalledPackage, Outcome
from holdfast.apk.decide_signers import holds_signature_permission
from holdfast.apk.manifest import DeclaredPermission, UpgradeKeySet
from holdfast.apk.signing_details import Capability, Scheme, SigningDetails
from selftests.holdfast.apk.decisions import APP, A, candidate, decided, installed, signed_by
from selftests.holdfast.apk.signing_keys import made_key

EVERY_API = range(21, 37)
B = signed_by("b")
OTHER, SHARED = "com.example.other", "com.example.shared"
DEFAULT = Capability.DEFAULT
NOT_SHARED = DEFAULT & ~Capability.SHARED_USER_ID
A_TO_B = signed_by("b", past=(("a", DEFAULT),))
A_CUT_OFF = signed_by("b", past=(("a", NOT_SHARED),))


class TestProviders:
    OWNER = installed(B, package_name=OTHER, provider_authorities=("auth",))
    TEXT = f"Can't install because provider name auth (in package {APP}) is already used by {OTHER}"

    def test_an_authority_belongs_to_one_package(self) -> None:
        wanted = candidate(provider_authorities=("mine", "auth"))
        for api in EVERY_API:
            decision = decided(wanted, self.OWNER, api=api)
            assert (decision.code, decision.status) == (Code.CONFLICTING_PROVIDER, 5)
            wrapper = (
                f"Package couldn't be installed in /data/app/{APP}-1: "
                if api < 29
                else "Scanning Failed.: "
            )
            assert decision.text == wrapper + self.TEXT

    def test_its_own_and_those_of_uninstalled_packages_do_not_conflict(self) -> None:
        wanted = candidate(provider_authorities=("auth",))
        mine = installed(provider_authorities=("auth",))
        gone = installed(B, package_name=OTHER, provider_authorities=("auth",), installed=False)
        assert decided(wanted, mine, gone, api=30).code == Code.SUCCEEDED


class TestPermissions:
    OWNER = installed(B, package_name=OTHER, declared_permissions=("p",))

    def test_a_permission_belongs_to_the_first_signer(self) -> None:
        wanted = candidate(declared_permissions=("p",))
        for api in EVERY_API:
            decision = decided(wanted, self.OWNER, api=api)
            assert decision.text == (
                f"Package {APP} attempting to redeclare permission p already owned by {OTHER}"
            )
        shown = decided(wanted, self.OWNER, api=23).shown(23, Door.PM_INSTALL)
        assert shown == f"Failure [INSTALL_FAILED_DUPLICATE_PERMISSION perm=p pkg={OTHER}]"

    def test_the_same_signer_may_declare_it_again(self) -> None:
        assert decided(candidate(B, declared_permissions=("p",)), self.OWNER, api=30).code == (
            Code.SUCCEEDED
        )

    def test_the_platforms_permissions_are_dropped_without_a_word(self) -> None:
        platform = installed(B, package_name="android", declared_permissions=("p",))
        wanted = candidate(declared_permissions=("p",))
        assert decided(wanted, platform, api=30).code == Code.SUCCEEDED

    def test_groups_belong_to_the_first_signer_from_12_on(self) -> None:
        owner = installed(B, package_name=OTHER, permission_groups=("g",))
        again = candidate(permission_groups=("g",))
        joining = candidate(permission_declarations=(DeclaredPermission(name="q", group="g"),))
        lost = candidate(permission_declarations=(DeclaredPermission(name="q", group="none"),))
        assert decided(again, owner, api=30).code == Code.SUCCEEDED
        assert decided(again, owner, api=31).code == Code.DUPLICATE_PERMISSION_GROUP
        assert decided(joining, owner, api=31).text == (
            f"Package {APP} attempting to declare permission q in group g owned by package "
            f"{OTHER} with incompatible certificate"
        )
        assert decided(lost, owner, api=31).text.endswith("q in non-existing group none")
        of_platform = DeclaredPermission(name="q", group="android.permission-group.STORAGE")
        fine = candidate(permission_declarations=(of_platform,))
        assert decided(fine, owner, api=31).code == Code.SUCCEEDED

    def test_who_asks_for_a_signature_permission_gets_it_by_lineage_from_9_on(self) -> None:
        no_permission = signed_by("b", past=(("a", DEFAULT & ~Capability.PERMISSION),))
        assert not holds_signature_permission(A_TO_B, A, api=27)
        assert holds_signature_permission(A_TO_B, A, api=28)
        assert holds_signature_permission(A, A_TO_B, api=28)
        assert not holds_signature_permission(A, no_permission, api=28)

    def test_a_common_ancestor_is_enough_from_12_on(self) -> None:
        definer = signed_by("c", past=(("a", Capability.NONE), ("b", DEFAULT)))
        requester = signed_by("d", past=(("a", DEFAULT), ("b", DEFAULT)))
        assert not holds_signature_permission(requester, definer, api=30)
        assert holds_signature_permission(requester, definer, api=31)


class TestSharedUsers:
    def test_a_stranger_cannot_join(self) -> None:
        wanted = candidate(shared_user_id=SHARED)
        member = installed(B, package_name=OTHER, shared_user_id=SHARED)
        for api in EVERY_API:
            decision = decided(wanted, member, api=api)
            assert decision.code == Code.SHARED_USER_INCOMPATIBLE
            inner = (
                f"Package {APP} has no signatures that match those in shared user {SHARED}; "
                "ignoring!"
            )
            assert decision.text.endswith(inner)
            assert decision.text.startswith("Reconciliation failed...: ") is (api >= 29)

    def test_below_9_a_rotated_key_is_a_stranger(self) -> None:
        wanted = candidate(A_TO_B, shared_user_id=SHARED)
        member = installed(A, package_name=OTHER, shared_user_id=SHARED)
        codes = {api: decided(wanted, member, api=api).code for api in EVERY_API}
        assert {codes[api] for api in range(21, 28)} == {Code.SHARED_USER_INCOMPATIBLE}
        assert {codes[api] for api in range(28, 37)} == {Code.SUCCEEDED}

    def test_11_to_13_do_not_let_an_update_shut_a_member_out(self) -> None:
        mine = installed(A, shared_user_id=SHARED)
        member = installed(A, package_name=OTHER, shared_user_id=SHARED)
        rotated = installed(A_TO_B, package_name="com.example.third", shared_user_id=SHARED)
        update = candidate(A_CUT_OFF, shared_user_id=SHARED)
        found = {api: decided(update, mine, member, rotated, api=api) for api in range(30, 37)}
        assert {found[api].text for api in range(30, 34)} == {
            (
                f"Package {APP} revoked the sharedUserId capability from the signing key used to "
                f"sign {OTHER}"
            )
        }
        assert {found[api].outcome for api in range(34, 37)} == {Outcome.UPDATE}

    def test_lineages_that_part_do_not_share_from_11_on(self) -> None:
        mine = signed_by("c", past=(("x", DEFAULT), ("b", DEFAULT)))
        theirs = signed_by("b", past=(("a", DEFAULT),))
        member = installed(theirs, package_name=OTHER, shared_user_id=SHARED)
        wanted = candidate(mine, shared_user_id=SHARED)
        assert decided(wanted, member, api=29).code == Code.SUCCEEDED
        assert decided(wanted, member, api=30).text.endswith(
            "has a signing lineage that diverges from the lineage of the sharedUserId"
        )

    def test_changing_the_shared_user_is_refused_in_each_versions_words(self) -> None:
        old = installed(shared_user_id="com.example.first")
        wanted = candidate(shared_user_id="com.example.second")
        found = {api: decided(wanted, old, api=api) for api in EVERY_API}
        change = "from com.example.first to com.example.second"
        assert found[22].text == f"Forbidding shared user change {change}"
        assert found[28].text == f"Package {APP} tried to change user com.example.first"
        assert found[34].text == f"Package {APP} shared user changed {change}"
        assert (found[32].number, found[33].number) == (-8, -24)
        none = decided(candidate(), old, api=34)
        assert none.text.endswith("from com.example.first to <nothing>")

    def test_a_package_may_leave_where_the_manifest_says_so_from_13_on(self) -> None:
        old = installed()
        leaving = candidate(shared_user_id=SHARED, shared_user_max_sdk=32)
        assert decided(leaving, old, api=32).code != Code.SUCCEEDED
        assert decided(leaving, old, api=33).code == Code.SUCCEEDED

    def test_who_has_left_does_not_come_back(self) -> None:
        left = InstalledPackage.of(
            candidate(shared_user_id=SHARED, shared_user_max_sdk=32).manifest, A, api=33
        )
        assert (left.shared_user_id, left.left_shared_user) == (None, True)
        back = decided(candidate(version_code=3, shared_user_id=SHARED), left, api=33)
        assert back.text == f"Package {APP} attempting to rejoin {SHARED}"

    def test_the_platforms_key_alone_opens_no_shared_user_on_15(self) -> None:
        platform = installed(A, package_name="android")
        wanted = candidate(shared_user_id="android.uid.system")
        member = installed(A, package_name=OTHER, shared_user_id="android.uid.system")
        assert decided(wanted, platform, member, api=34).code == Code.SUCCEEDED
        decision = decided(wanted, platform, member, api=35)
        assert decision.code == Code.BAD_SHARED_USER_ID
        assert "joining shared uid: android.uid.system" in decision.text


class TestUpgradeKeySets:
    OLD, NEXT, STRANGER = made_key("old"), made_key("next"), made_key("stranger")

    def key_set(self, *keys: bytes) -> UpgradeKeySet:
        encoded = tuple(base64.b64encode(key).decode() for key in keys)
        return UpgradeKeySet(name="upgrade", public_keys=encoded)

    def test_they_replace_the_comparison_of_signers(self) -> None:
        old = SigningDetails(scheme=Scheme.V2, signers=(self.OLD.certificate,))
        follower = SigningDetails(scheme=Scheme.V2, signers=(self.NEXT.certificate,))
        stranger = SigningDetails(scheme=Scheme.V2, signers=(self.STRANGER.certificate,))
        key = Certificate.parse(self.NEXT.certificate).public_key
        record = installed(old, upgrade_key_sets=(self.key_set(key),))
        for api in EVERY_API:
            assert decided(candidate(follower), record, api=api).code == Code.SUCCEEDED
            same = decided(candidate(old), record, api=api)
            other = decided(candidate(stranger), record, api=api)
            assert same.code == other.code != Code.SUCCEEDED
        assert decided(candidate(stranger), record, api=21).text == (
            f"New package not signed by keys specified by upgrade-keysets: {APP}"
        )
        assert decided(candidate(stranger), record, api=30).text == (
            f"Package {APP} upgrade keys do not match the previously installed version"
        )

    def test_sets_that_cannot_be_read_leave_it_to_the_signers(self) -> None:
        old = SigningDetails(scheme=Scheme.V2, signers=(self.OLD.certificate,))
        broken = UpgradeKeySet(name="upgrade", public_keys=("***",))
        record = installed(old, upgrade_key_sets=(broken,))
        assert decided(candidate(old), record, api=30).code == Code.SUCCEEDED

    def test_a_shared_user_switches_them_off(self) -> None:
        old = SigningDetails(scheme=Scheme.V2, signers=(self.OLD.certificate,))
        key = Certificate.parse(self.NEXT.certificate).public_key
        record = installed(old, upgrade_key_sets=(self.key_set(key),), shared_user_id=SHARED)
        wanted = candidate(old, shared_user_id=SHARED)
        assert decided(wanted, record, api=30).code == Code.SUCCEEDED


def test_an_apps_session_hears_code_and_text() -> None:
    delivery = Delivery(door=Door.SESSION_APP)
    decision = decided(candidate(B), installed(A), api=33, delivery=delivery)
    assert decision.shown(33, Door.SESSION_APP) == (
        f"INSTALL_FAILED_UPDATE_INCOMPATIBLE: Existing package {APP} signatures do not match "
        "newer version; ignoring!"
    )
