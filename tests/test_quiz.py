"""The question bank: each of its rules, and how a question stands in a page."""

import textwrap
from pathlib import Path

import pytest
from chapters import chapters
from inobook import quiz
from pages_html import elements

SOUND = """
    response:
      - id: response-one
        question: Which denominator does randomisation protect?
        options:
          - {text: Everyone randomised, right: true, feedback: 'Yes.'}
          - {text: Everyone treated, feedback: Selected after randomisation.}
          - {text: Everyone assessed, feedback: Early deaths drop out.}
"""


def bank(folder: Path, text: str) -> Path:
    file = folder / "questions.yml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def refused(folder: Path, text: str, rule: str) -> None:
    with pytest.raises(quiz.QuestionBankError, match=rule) as caught:
        quiz.question_bank(bank(folder, text))
    assert "questions.yml" in str(caught.value)


def test_sound_bank_is_read(tmp_path):
    (question,) = quiz.question_bank(bank(tmp_path, SOUND))["response"]
    assert question.question_id == "response-one"
    assert [option.right for option in question.options] == [True, False, False]


def test_text_that_is_not_yaml_is_refused(tmp_path):
    refused(tmp_path, "response: ['a' b", "is not YAML")


def test_two_right_options_are_refused(tmp_path):
    twice = SOUND.replace("treated, feedback", "treated, right: true, feedback")
    refused(tmp_path, twice, "question response-one: exactly one option must be right")


def test_no_right_option_is_refused(tmp_path):
    refused(tmp_path, SOUND.replace("right: true, ", ""), "response-one: exactly one option")


def test_right_written_as_text_is_not_right(tmp_path):
    refused(tmp_path, SOUND.replace("right: true", "right: 'true'"), "exactly one option")


def test_two_options_are_too_few(tmp_path):
    few = "\n".join(SOUND.rstrip().splitlines()[:-1])
    refused(tmp_path, few, "question response-one: needs at least 3 options")


@pytest.mark.parametrize("feedback", ["''", "'  '"])
def test_option_without_feedback_is_refused_by_name(tmp_path, feedback):
    silent = SOUND.replace("Selected after randomisation.", feedback)
    refused(tmp_path, silent, "'Everyone treated' has no feedback")


def test_option_whose_feedback_is_missing_is_refused(tmp_path):
    silent = SOUND.replace(", feedback: Early deaths drop out.", "")
    refused(tmp_path, silent, "'Everyone assessed' has no feedback")


def test_option_without_text_is_refused(tmp_path):
    mute = SOUND.replace("{text: Everyone assessed, ", "{")
    refused(tmp_path, mute, "question response-one: .*option.* text")


@pytest.mark.parametrize("field", ["id", "question", "options"])
def test_missing_field_is_named(tmp_path, field):
    text = SOUND.replace(f"{field}:", f"no_{field}:", 1)
    refused(tmp_path, text, f"missing {field}")


def test_same_id_in_two_chapters_is_refused(tmp_path):
    other = SOUND.replace("response:", "overall_survival:", 1)
    refused(tmp_path, SOUND + other, "these ids stand twice: response-one")


@pytest.mark.parametrize(
    "text", ["", "- a\n- list\n", "response:\n"], ids=["empty", "list", "bare"]
)
def test_file_that_holds_no_chapters_is_refused(tmp_path, text):
    refused(tmp_path, text, "chapter")


def test_unknown_chapter_is_named_with_the_known_ones():
    with pytest.raises(quiz.QuestionBankError, match=r"no chapter 'survival'; it has response, "):
        quiz.quiz("survival")


def test_every_chapter_has_four_to_six_questions():
    asked = {name: len(questions) for name, questions in quiz.question_bank().items()}
    assert set(asked) == {chapter.rpartition("/")[2] for chapter in chapters()}
    assert {name: count for name, count in asked.items() if not 4 <= count <= 6} == {}


def test_right_answer_has_no_fixed_place():
    places = [
        [option.right for option in question.options].index(True)
        for questions in quiz.question_bank().values()
        for question in questions
    ]
    most_common = max(places.count(place) for place in set(places))
    assert most_common <= 0.7 * len(places)


def test_each_option_opens_its_own_feedback():
    found = quiz.quiz("response")
    markup = found._repr_html_()
    options = [option for question in found.questions for option in question.options]
    tags = [each.tag for each in elements(markup)]
    assert tags.count("details") == tags.count("summary") == len(options)
    assert markup.count("<strong>Right.</strong>") == len(found.questions)
    assert markup.count("<strong>Not quite.</strong>") == len(options) - len(found.questions)


def test_words_of_the_bank_are_text_not_markup(tmp_path):
    text = SOUND.replace("Everyone treated", "'P < 0.05 <b>bold</b>'")
    questions = quiz.question_bank(bank(tmp_path, text))["response"]
    markup = quiz.Quiz("response", questions)._repr_html_()
    assert "P &lt; 0.05 &lt;b&gt;" in markup
    assert "b" not in {each.tag for each in elements(markup)}
