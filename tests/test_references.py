"""The references: every key that is cited exists, and every entry can be found by a reader."""

import re
from pathlib import Path

import pytest
from inobook import published
from pybtex.database import parse_file

BOOK = published.REFERENCES.parent
BIBLIOGRAPHY = parse_file(str(published.REFERENCES), bib_format="bibtex")
KEYS = sorted(BIBLIOGRAPHY.entries)
CITE_ROLE = re.compile(r"\{cite(?::[a-z]+)?\}`([^`]+)`")
DOI = re.compile(r"10\.\d{4,9}/\S+")


def chapters() -> list[Path]:
    return [
        path
        for path in sorted(BOOK.rglob("*.md"))
        if not {"_build", ".ipynb_checkpoints"} & set(path.relative_to(BOOK).parts)
    ]


def cited_in(text: str) -> list[str]:
    return [key.strip() for role in CITE_ROLE.findall(text) for key in role.split(",")]


def test_roles_are_recognised():
    text = "See {cite}`stock2021, kantarjian2016` and {cite:t}`clopper1934`, not `{cite}`."
    assert cited_in(text) == ["stock2021", "kantarjian2016", "clopper1934"]


def test_every_key_of_the_published_results_exists():
    for id, keys in published.results()["citation"].items():
        for key in keys.split(";"):
            assert key.strip() in BIBLIOGRAPHY.entries, f"{id} cites {key}"


def test_every_citation_in_the_book_exists():
    for path in chapters():
        for key in cited_in(path.read_text(encoding="utf-8")):
            assert key in BIBLIOGRAPHY.entries, f"{path.relative_to(BOOK)} cites {key}"


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_has_title_and_year_and_can_be_found(key):
    entry = BIBLIOGRAPHY.entries[key]
    assert entry.fields["title"].strip("{} ")
    assert re.fullmatch(r"(18|19|20)\d\d|n\.d\.", entry.fields["year"])
    assert {"doi", "pmid", "isbn", "url"} & set(entry.fields), "no way to find the source"
    if "url" in entry.fields:
        assert re.fullmatch(r"https?://\S+", entry.fields["url"])
    if "pmid" in entry.fields:
        assert re.fullmatch(r"[1-9]\d{5,7}", entry.fields["pmid"])


@pytest.mark.parametrize("key", KEYS)
def test_a_paper_has_authors_and_a_journal_and_anything_else_says_where_it_appeared(key):
    entry = BIBLIOGRAPHY.entries[key]
    if entry.type == "article":
        assert entry.persons["author"]
        assert entry.fields["journal"]
    else:
        assert entry.fields.get("howpublished") or entry.fields.get("institution")


def test_dois_are_well_formed_and_unique():
    dois = [entry.fields["doi"] for entry in BIBLIOGRAPHY.entries.values() if "doi" in entry.fields]
    assert len(dois) > 50
    for doi in dois:
        assert DOI.fullmatch(doi), doi
        assert doi.count("(") == doi.count(")"), doi
        assert doi[-1] not in ".,;", doi
    assert len({doi.lower() for doi in dois}) == len(dois)


def test_pubmed_numbers_are_unique():
    numbers = [entry.fields.get("pmid") for entry in BIBLIOGRAPHY.entries.values()]
    stated = [number for number in numbers if number]
    assert len(set(stated)) == len(stated)


def test_keys_are_lower_case():
    assert all(re.fullmatch(r"[a-z0-9_]+", key) for key in KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_short_forms_agree_with_the_parsed_entry(key):
    entry = BIBLIOGRAPHY.entries[key]
    short = published.short_citation(key)
    assert short.endswith(f" {entry.fields['year']}")
    if "shorttitle" in entry.fields:
        assert short.startswith(entry.fields["shorttitle"])
    else:
        surname = " ".join(entry.persons["author"][0].last_names)
        assert short.startswith(surname.strip("{}"))


def test_no_address_of_a_machine_stands_in_the_file():
    text = published.REFERENCES.read_text(encoding="utf-8")
    assert "localhost" not in text
    assert "file://" not in text
