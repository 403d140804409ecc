"""The front page as a map: each number of the abstract leads to the cell that recomputes it."""

import json

from agreement import rows_of_markup
from bs4 import BeautifulSoup
from chapters import ROOT, chapters
from inobook import published
from pages_html import file_of

FEWEST_NUMBERS = 40
ABSTRACT = {
    "22", "27", "16", "73%", "56%", "81%", "33%", "100%", "41%", "19%", "8.7", "8.4", "1.17",
    "0.64", "2.14", "20.1%", "4.8%",
}  # fmt: skip


def test_every_number_of_the_abstract_leads_to_its_cell(built_site):
    front = built_site / "book" / "index.html"
    page = BeautifulSoup(front.read_text(encoding="utf-8"), "html.parser")
    links = page.select("a.reported")
    assert {link.get_text(strip=True) for link in links} == ABSTRACT
    assert page.select(".reported.cited, .numbers-still-to-come") == []
    for link in links:
        address, _, anchor = link["href"].partition("#")
        text = (front.parent / address).read_text(encoding="utf-8")
        assert anchor and f'id="{anchor}"' in text, link["href"]


def test_the_book_recomputes_many_published_numbers_and_names_those_that_do_not_agree(built_site):
    totals = json.loads((ROOT / "_build" / "summary.json").read_text(encoding="utf-8"))
    assert totals["agreeing_numbers"] >= FEWEST_NUMBERS
    failing = []
    for name in chapters():
        rows = rows_of_markup(file_of(built_site, name).read_text(encoding="utf-8"))
        failing += [row for row in rows if not row.agrees]
    assert len(failing) == totals["numbers"] - totals["agreeing_numbers"]
    for row in failing:
        assert len(row.reason) > 20, row.result_id
        assert "stock2021" not in published.result(row.result_id).citation, "of the abstract"
