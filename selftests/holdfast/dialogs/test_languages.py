"""Every language file, held against sentences that no product uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.judge import judge
from holdfast.dialogs.judgement import DataLossStatement, DialogVerdict, Judgement, Outcome
from holdfast.dialogs.language import language_of
from holdfast.dialogs.policy import Clause
from holdfast.dialogs.wording import known_languages, load_language
from holdfast.errors import ConfigurationError
from selftests.holdfast.dialogs.sentences import SENTENCES, Sentences
from selftests.holdfast.dialogs.traps import OPERATIONS, TRAPS

languages = pytest.mark.parametrize("language", sorted(SENTENCES))


def judged(message: str, language: str) -> Judgement:
    return judge(DialogText(message=message, language=language, app_name="Chat"))


def test_there_are_sentences_for_every_language_that_has_rules() -> None:
    assert set(SENTENCES) == set(known_languages())
    assert len(SENTENCES) == 27


@languages
def test_a_loss_stated_as_certain_is_read_as_certain(language: str) -> None:
    judgement = judged(SENTENCES[language].certain, language)
    assert judgement.says_data_will_be_lost is DataLossStatement.YES
    assert judgement.verdict is DialogVerdict.CORRECT_WARNING
    assert judgement.clause(Clause.WHAT_OR_HOW_MUCH).outcome is Outcome.MET


@languages
def test_a_loss_that_may_be_is_hedged_and_so_inadequate(language: str) -> None:
    judgement = judged(SENTENCES[language].hedged, language)
    assert judgement.says_data_will_be_lost is DataLossStatement.HEDGED
    assert judgement.verdict is DialogVerdict.INADEQUATE_WARNING


@languages
def test_a_promise_that_data_stays_is_no_warning(language: str) -> None:
    judgement = judged(SENTENCES[language].promise, language)
    assert judgement.is_safe_update_statement
    assert judgement.says_data_will_be_lost is DataLossStatement.NO
    assert judgement.verdict is DialogVerdict.NOT_A_DATA_WARNING


@languages
def test_a_request_to_uninstall_without_a_word_on_data_is_inadequate(language: str) -> None:
    judgement = judged(SENTENCES[language].uninstall, language)
    assert judgement.says_data_will_be_lost is DataLossStatement.NO
    assert judgement.verdict is DialogVerdict.INADEQUATE_WARNING


@languages
def test_a_mismatch_in_jargon_alone_is_inadequate(language: str) -> None:
    judgement = judged(SENTENCES[language].jargon, language)
    assert judgement.relies_on_jargon_only
    assert judgement.verdict is DialogVerdict.INADEQUATE_WARNING
    assert judgement.clause(Clause.PLAIN_WORDS).outcome is Outcome.MISSED


@languages
def test_a_dialog_is_known_to_be_in_its_language_and_not_in_another(language: str) -> None:
    text = " ".join(SENTENCES[language])
    assert language_of(DialogText(message=text, language=language)) == language
    device = "fr" if language != "fr" else "de"
    foreign = judge(DialogText(message=text, language=device))
    assert foreign.clause(Clause.IN_DEVICE_LANGUAGE).outcome is Outcome.MISSED
    assert foreign.written_in == language


@pytest.mark.parametrize("language", sorted(TRAPS))
def test_words_of_deleting_in_another_matter_make_no_data_warning(language: str) -> None:
    verdicts = {message: judged(message, language).verdict for message in TRAPS[language]}
    assert {m: v for m, v in verdicts.items() if v is not DialogVerdict.NOT_A_DATA_WARNING} == {}


def test_what_installers_say_is_told_apart() -> None:
    app = "WeChat"
    verdicts = [
        (message, judge(DialogText(message=message, language=language, app_name=app)).verdict, want)
        for language, message, want in OPERATIONS
    ]
    assert [(m, got) for m, got, want in verdicts if got is not want] == []


def test_a_known_mistranslation_is_a_false_warning_and_its_correct_form_is_none() -> None:
    asks = "Bu uygulamaya bir güncelleme yüklemek istiyor musunuz? {} Özel bir erişim gerekmez."
    wrong = judged(asks.format("Mevcut verileriniz kaybedilecek."), "tr")
    assert wrong.false_alarm is not None
    assert wrong.false_alarm.known
    assert wrong.verdict is DialogVerdict.INADEQUATE_WARNING
    assert judged(asks.format("Mevcut verileriniz kaybolmayacak."), "tr").false_alarm is None


def test_an_indonesian_mistranslation_is_known_too() -> None:
    asks = "Instal pembaruan ke aplikasi yang ada? {} Tidak perlu akses khusus."
    wrong = judged(asks.format("Data yang ada akan hilang."), "id")
    assert wrong.false_alarm is not None
    assert judged(asks.format("Data yang ada tidak akan hilang."), "id").false_alarm is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('lost = "gone (for good"', r"is not closed"),
        ('lots = "gone"', "unknown list"),
        ("lost = 3", "must be a text"),
        ("lost = ", "Invalid value"),
        ('[script]\ncolour = "red"', "allowed are"),
        ('[[false_warning]]\ntext = "x"', "must be tables"),
    ],
)
def test_a_wrong_language_file_is_refused_by_name(
    tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "xx.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_language(file)
    assert "xx.toml" in str(caught.value)


def test_a_sentences_table_has_five_different_sentences_for_each_language() -> None:
    assert all(len(set(s)) == len(Sentences._fields) for s in SENTENCES.values())


def test_arabic_that_a_loss_cannot_be_undone_does_not_deny_the_loss() -> None:
    message = "سيتم حذف جميع رسائل Chat ولا يمكن استعادتها."
    assert judge(DialogText(message=message, language="ar-EG")).says_data_will_be_lost == "yes"
