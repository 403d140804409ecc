"""Self-check questions from the question bank, as native disclosure widgets.

Opening an option shows its feedback: with the keyboard, with a screen reader, without JavaScript.
"""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from inobook.paths import data_folder

BANK = "questions.yml"
FEWEST_OPTIONS = 3


class QuestionBankError(ValueError):
    """A question bank that breaks a rule; the message names file, question and rule."""


@dataclass(frozen=True)
class Option:
    """One answer: its text, whether it is right, and what to say to a reader who picks it."""

    text: str
    right: bool
    feedback: str


@dataclass(frozen=True)
class Question:
    """One question with its options; exactly one is right."""

    question_id: str
    text: str
    options: tuple[Option, ...]


class Quiz:
    """The questions of one chapter, ready to be shown."""

    def __init__(self, chapter: str, questions: tuple[Question, ...]) -> None:
        self.chapter = chapter
        self.questions = questions

    def __repr__(self) -> str:
        return "\n".join(f"{n}. {each.text}" for n, each in enumerate(self.questions, start=1))

    def _repr_html_(self) -> str:
        items = "".join(_question_html(question) for question in self.questions)
        return f'<div class="quiz"><ol>{items}</ol></div>'


def quiz(chapter: str) -> Quiz:
    """Return the self-check questions of ``chapter``.

    Raises:
        QuestionBankError: the chapter is not in the bank, or the bank breaks a rule.
    """
    bank = question_bank()
    if chapter not in bank:
        raise QuestionBankError(f"{BANK} has no chapter {chapter!r}; it has {', '.join(bank)}.")
    return Quiz(chapter, bank[chapter])


def question_bank(file: Path | None = None) -> dict[str, tuple[Question, ...]]:
    """Read the question bank: chapters, each with its questions.

    Args:
        file: the bank; by default ``questions.yml`` among the book's data.

    Raises:
        QuestionBankError: a file that is not YAML, no chapters, a chapter without questions, a
            duplicated id, fewer than three options, not exactly one right option, or an option
            without text or feedback.
    """
    file = file or data_folder() / BANK
    try:
        entries: dict[str, list[dict[str, Any]]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as fault:
        raise QuestionBankError(f"{file.name} is not YAML: {fault}") from fault
    if not isinstance(entries, dict):
        raise QuestionBankError(f"{file.name}: must hold chapters, each with its questions.")
    for chapter, questions in entries.items():
        if not isinstance(questions, list):
            raise QuestionBankError(f"{file.name}: the chapter {chapter!r} has no questions.")
    bank = {
        chapter: tuple(_question(file.name, entry) for entry in questions)
        for chapter, questions in entries.items()
    }
    ids = [question.question_id for questions in bank.values() for question in questions]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise QuestionBankError(f"{file.name}: these ids stand twice: {', '.join(twice)}.")
    return bank


def _question(file_name: str, entry: dict[str, Any]) -> Question:
    where = f"{file_name}, question {entry.get('id', '(no id)')}"
    missing = {"id", "question", "options"} - entry.keys()
    if missing:
        raise QuestionBankError(f"{where}: missing {', '.join(sorted(missing))}.")
    if not all(isinstance(each, dict) and each.get("text") for each in entry["options"]):
        raise QuestionBankError(f"{where}: every option must have a text.")
    options = tuple(
        Option(str(each["text"]), each.get("right", False) is True, str(each.get("feedback", "")))
        for each in entry["options"]
    )
    if len(options) < FEWEST_OPTIONS:
        raise QuestionBankError(f"{where}: needs at least {FEWEST_OPTIONS} options.")
    if sum(option.right for option in options) != 1:
        raise QuestionBankError(f"{where}: exactly one option must be right.")
    for option in options:
        if not option.feedback.strip():
            raise QuestionBankError(f"{where}: the option {option.text!r} has no feedback.")
    return Question(str(entry["id"]), str(entry["question"]), options)


def _question_html(question: Question) -> str:
    options = "".join(_option_html(option) for option in question.options)
    return f'<li><p class="quiz-question">{html.escape(question.text)}</p>{options}</li>'


def _option_html(option: Option) -> str:
    verdict, kind = ("Right.", "right") if option.right else ("Not quite.", "wrong")
    return (
        f'<details class="quiz-option quiz-{kind}"><summary>{html.escape(option.text)}</summary>'
        f"<p><strong>{verdict}</strong> {html.escape(option.feedback)}</p></details>"
    )
