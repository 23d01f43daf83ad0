"""Reading a policy: what it demands, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.judge import judge
from holdfast.dialogs.judgement import DialogVerdict
from holdfast.dialogs.policy import DEFAULT_POLICY, Clause, load_policy
from holdfast.errors import ConfigurationError

WRITTEN = DEFAULT_POLICY.read_text(encoding="utf-8")


def policy_file(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_policy_knows_every_clause() -> None:
    policy = load_policy()
    assert set(policy.clauses) == set(Clause)
    assert policy.requires(Clause.SAYS_DATA_WILL_BE_LOST)
    assert not policy.requires(Clause.BACKUP_OFFERED)


def test_a_policy_that_requires_more_calls_more_warnings_inadequate(tmp_path: Path) -> None:
    strict = WRITTEN.replace("demand: advised", "demand: required")
    dialog = DialogText(message="All of Chat's data will be deleted.", app_name="Chat")
    assert judge(dialog).verdict is DialogVerdict.CORRECT_WARNING
    judgement = judge(dialog, policy=load_policy(policy_file(tmp_path, strict)))
    assert judgement.verdict is DialogVerdict.INADEQUATE_WARNING
    assert [c.clause for c in judgement.failing] == [Clause.BACKUP_OFFERED]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("version: 1", "version: 2"), r"policy\.yaml:\d+: version: must be 1"),
        (("  plain_words:", "  plain_wrods:"), r"clauses\.plain_wrods: unknown clause; allowed: "),
        (("    demand: required", "    demand: wanted"), r"demand: must be required or advised"),
        (("name: correct warning", "title: x"), r"title: unknown key; allowed: "),
        (("    asks: Its text is not cut off.", ""), r"must have `demand` and `asks`"),
        (("clauses:", "clauses: ["), r"is no YAML"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in WRITTEN
    path = policy_file(tmp_path, WRITTEN.replace(*change, 1))
    with pytest.raises(ConfigurationError, match=message):
        load_policy(path)


def test_a_policy_that_leaves_out_a_clause_is_refused(tmp_path: Path) -> None:
    text = WRITTEN.partition("  text_not_cut_off:")[0]
    with pytest.raises(ConfigurationError, match="leaves out text_not_cut_off"):
        load_policy(policy_file(tmp_path, text))


def test_a_policy_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
