"""The Sphinx extensions of the book: each piece alone, then two small books built with them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import accessible_pages
import agreement
import exercise_numbers
import fresh_outputs
import front_door
import launch_buttons
import mathml
import own_host
import pytest
import safety_line
import summary
import yaml
from sphinx.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = ROOT / "book" / "_ext"

# Formulas


@pytest.mark.parametrize(
    ("latex", "element"),
    [
        (r"\frac{d_i}{n_i}", "<mfrac>"),
        (r"\prod_{t_i \le t} \left(1 - \frac{d_i}{n_i}\right)", "∏"),
        (r"\begin{cases} 1 & x \mid n \\ 0 & \text{otherwise} \end{cases}", "<mtable"),
        (r"\begin{pmatrix} \frac{a}{b} & 1 \\ 0 & 1 \end{pmatrix}", "<mtr>"),
        (r"\hat{S}(t)", "<mover"),
    ],
)
def test_formula_becomes_mathml(latex, element):
    shown = mathml.rendered(latex, display=True)
    assert shown.startswith('<math display="block">')
    assert element in shown


def test_formula_in_a_line_has_no_block_display():
    assert mathml.rendered("x").startswith("<math>")


@pytest.mark.parametrize("latex", [r"\frac{1}{", r"\nosuchcommand{x}", r"\begin{cases} 1"])
def test_faulty_formula_says_where(latex):
    with pytest.raises(mathml.FormulaError, match=r"at character \d+: \S"):
        mathml.rendered(latex)


def test_rows_of_a_block_are_aligned():
    assert mathml.display_source("a &= b\n\nc &= d").startswith(r"\begin{aligned}")
    assert mathml.display_source(r"a \\ b").startswith(r"\begin{aligned}")
    assert mathml.display_source("a = b\n") == "a = b"
    cases = r"\begin{cases} 1 \\ 0 \end{cases}"
    assert mathml.display_source(cases) == cases


# Agreement tables

ROW = {
    "data-id": "1022.ph.ino.cr_cri",
    "data-field": "estimate",
    "data-reported": "73",
    "data-recomputed": "72.7273",
    "data-tolerance": "0.5",
    "data-agrees": "true",
    "data-cell": "cell-proportion",
    "data-label": "CR/CRi, InO, Ph+ (study 1022)",
    "data-source": "synthetic patients",
}


def row_markup(table_class="agreement", **changes):
    values = {**ROW, **{f"data-{name}": value for name, value in changes.items()}}
    attributes = " ".join(f'{name}="{value}"' for name, value in values.items() if value)
    return f'<table class="{table_class}"><tr {attributes}><td>73</td></tr></table>'


def test_rows_are_read_from_markup():
    (row,) = agreement.rows_of_markup(row_markup(label="CR &amp; CRi"))
    assert row.result_id == "1022.ph.ino.cr_cri"
    assert row.agrees is True
    assert row.label == "CR & CRi"
    (other,) = agreement.rows_of_markup(row_markup(agrees="false"))
    assert other.agrees is False


def test_rows_of_other_tables_are_left_alone():
    assert agreement.rows_of_markup(row_markup(table_class="dataframe")) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell": ""}, "lacks data-cell"),
        ({"agrees": "yes"}, "must be true or false"),
        ({"field": "median"}, "must be one of estimate"),
    ],
)
def test_faulty_row_is_refused(changes, message):
    with pytest.raises(agreement.RowError, match=message):
        agreement.rows_of_markup(row_markup(**changes))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1022.ph.ino.cr_cri", ("1022.ph.ino.cr_cri", "estimate", True)),
        ("1022.ph.ino.cr_cri:bare", ("1022.ph.ino.cr_cri", "estimate", False)),
        ("1022.ph.ino.cr_cri:estimate:bare", ("1022.ph.ino.cr_cri", "estimate", False)),
        ("1022.ph.ino.cr_cri:events", ("1022.ph.ino.cr_cri", "events", False)),
        ("a.b:ci_low:unit", ("a.b", "ci_low", True)),
    ],
)
def test_role_text_is_understood(text, expected):
    assert agreement.requested(text) == expected


def test_role_text_with_an_unknown_field_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'ci_low'"):
        agreement.requested("1022.ph.ino.cr_cri:ci_lo")


def test_numbers_are_shown_as_printed():
    assert agreement.printed_number("1022.ph.ino.cr_cri", "estimate", with_unit=True) == "73%"
    assert agreement.printed_number("1022.ph.ino.cr_cri", "estimate", with_unit=False) == "73"
    assert agreement.printed_number("1022.ph.os_hazard_ratio", "ci_high", True) == "2.14"
    with pytest.raises(KeyError, match=r"1022\.ph\.ino\.cr_cri"):
        agreement.printed_number("1022.ph.ino.cr_cr", "estimate", with_unit=True)


def test_summary_line_counts_numbers_chapters_and_agreement():
    (yes,) = agreement.rows_of_markup(row_markup())
    (no,) = agreement.rows_of_markup(row_markup(agrees="false"))
    assert agreement.summary_line([("a", yes), ("b", no), ("b", yes)]) == (
        "3 published numbers recomputed in 2 chapters; 2 agree; 1 does not, for the reason that "
        "the table gives. "
        "They were computed as follows: 3 from synthetic patients."
    )
    assert "1 published number recomputed in 1 chapter; 1 agrees." in agreement.summary_line(
        [("a", yes)]
    )
    (known,) = agreement.rows_of_markup(row_markup(agrees="false", reason="its own rounding"))
    assert known.reason == "its own rounding"
    assert "2 chapters; 1 agrees; 1 does not, for the reason that the table gives. " in (
        agreement.summary_line([("a", yes), ("b", known)])
    )
    assert agreement.summary_line([]).startswith("No chapter")


# Other hosts, and paths of this machine


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example.org/a.js"></script>',
        "<script src='//cdn.example.org/a.js'></script>",
        '<link rel="stylesheet" href="https://fonts.example.org/a.css">',
        '<link rel="preload" as="font" href="https://fonts.example.org/a.woff2">',
        '<img alt="" src="http://example.org/a.png">',
        '<img alt="" srcset="a.png 1x, https://example.org/b.png 2x">',
        '<iframe src="https://example.org"></iframe>',
        '<svg><image href="https://example.org/a.png"/></svg>',
        '<div style="background: url(https://example.org/a.png)"></div>',
        "<style>@import 'https://example.org/a.css';</style>",
        '<style>@font-face {src: url("//example.org/a.woff")}</style>',
        '<meta http-equiv="refresh" content="0; url=https://example.org">',
        '<script>fetch("https://example.org/data.json")</script>',
        '<script type="module">import "https://example.org/a.js"</script>',
        '<form action="https://example.org/collect"></form>',
    ],
)
def test_load_from_another_host_is_found(markup):
    assert len(own_host.loads_of_page(f"<p>text</p>{markup}")) == 1


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="https://example.org">a link</a>',
        '<link rel="canonical" href="https://example.org/page">',
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        '<img alt="" src="data:image/png;base64,AAAA//BBBB">',
        '<script src="../_static/a.js"></script>',
        '<script type="application/json">"see https://example.org"</script>',
        "<pre>fetch(&quot;https://example.org&quot;)</pre>",
        "<style>a {background: url(data:image/svg+xml;base64,AAA)}</style>",
    ],
)
def test_links_and_local_loads_are_free(markup):
    assert own_host.loads_of_page(markup) == []


def test_style_sheets_and_scripts_are_read_too():
    assert own_host.loads_of_file("a.css", "p {src: url('https://example.org/f')}")
    assert own_host.loads_of_file("a.js", "const THEBE_JS_URL = 'https://unpkg.com/thebe'")
    assert own_host.loads_of_file("a.js", "// see https://example.org for more") == []


def test_paths_of_the_machine_are_found_in_each_spelling():
    folder = r"C:\Users\ada\book"
    assert own_host.machine_paths(r"in C:\Users\ada\book\chapter.md", [folder]) == [folder]
    assert own_host.machine_paths(r'{"path": "C:\\Users\\ada\\book\\a"}', [folder]) == [folder]
    assert own_host.machine_paths("file:///C:/Users/ada/book/a", [folder]) == [folder]
    assert own_host.machine_paths("/tmp/ipykernel_12/3.py:1: warning", []) == ["/tmp/ipykernel_12"]
    assert own_host.machine_paths("/home/adam", ["/home/ada"]) == []


# Mends

EMPTY_CORNER = (
    '<table border="1" class="dataframe"><thead><tr><th></th><th>x</th></tr></thead>'
    "<tbody><tr><th>0</th><td>1</td></tr></tbody></table>"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '<button class="btn search-button-field" title="Search" aria-label="Search">Find',
            '<button class="btn search-button-field" title="Search">Find',
        ),
        (
            '<button class="sidebar-toggle" title="Toggle primary sidebar">',
            '<button class="sidebar-toggle" title="Toggle primary sidebar" '
            'aria-label="Toggle primary sidebar">',
        ),
        (
            '<summary aria-label="Toggle hidden content"><p>Show</p></summary>',
            "<summary><p>Show</p></summary>",
        ),
        (
            '<div class="citation" role="doc-biblioentry">x</div>',
            '<div class="citation" role="listitem">x</div>',
        ),
        (
            '<a class="headerlink" href="#x" title="Link to this heading">#</a>',
            '<a class="headerlink" href="#x" title="Link to this heading" '
            'aria-label="Link to this heading">#</a>',
        ),
        (
            EMPTY_CORNER,
            '<table class="dataframe"><thead><tr><td></td><th scope="col">x</th></tr></thead>'
            '<tbody><tr><th scope="row">0</th><td>1</td></tr></tbody></table>',
        ),
    ],
)
def test_known_faults_are_mended_once(before, after):
    assert accessible_pages.mended(before) == after
    assert accessible_pages.mended(after) == after


def test_the_rest_of_a_page_stays_as_it_was():
    page = (
        "<!DOCTYPE html>\r\n<svg viewBox='0 0 1 1'><PATH d=M0/></svg>\n&nbsp;&amp; <br/>"
        "<script>if (a < b) { x = '<th></th>'; }</script><img alt='' src=a.png>"
    )
    assert accessible_pages.mended(page) == page


def test_pictures_without_words_are_found():
    def undescribed(markup):
        mender = accessible_pages.PageMender(markup)
        mender.mended()
        return mender.undescribed

    assert undescribed('<img src="a.png">') == ["a.png"]
    assert undescribed('<img src="a.png" alt="../_images/a.png">') == ["a.png"]
    assert undescribed('<img src="a.png" alt="Two curves that cross">') == []
    assert undescribed('<img src="a.png" alt="">') == []


# Digest, buttons, footer, front door, totals


def test_digest_follows_files_names_and_libraries(tmp_path):
    module = tmp_path / "book" / "inobook" / "rates.py"
    module.parent.mkdir(parents=True)
    module.write_text("rate = 1\n", encoding="utf-8")

    def digest(libraries=("numpy",)):
        return fresh_outputs.digest_of_sources(tmp_path, fresh_outputs.SOURCES, libraries)

    first = digest()
    cached = module.parent / "__pycache__" / "rates.py"
    cached.parent.mkdir()
    cached.write_text("", encoding="utf-8")
    assert digest() == first
    assert digest(libraries=("numpy", "no-such-library")) != first
    module.write_text("rate = 2\n", encoding="utf-8")
    second = digest()
    assert second != first
    module.rename(module.with_name("risks.py"))
    assert digest() not in (first, second)


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/owner/name.git", "https://github.com/owner/name"),
        ("https://user:secret@github.com/owner/name", "https://github.com/owner/name"),
        ("git@github.com:owner/name.git", "https://github.com/owner/name"),
        ("ssh://git@github.com/owner/name", "https://github.com/owner/name"),
        ("https://git.example.org/owner/name", None),
        ("/srv/git/name.git", None),
        (None, None),
    ],
)
def test_address_from_git_remote(remote, address):
    assert launch_buttons.github_address(remote) == address


def test_without_git_there_is_no_address(monkeypatch, tmp_path):
    monkeypatch.delenv(launch_buttons.REPOSITORY_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert launch_buttons.repository_address(tmp_path) is None


def test_named_address_wins_and_is_checked(monkeypatch, tmp_path):
    monkeypatch.setenv(launch_buttons.REPOSITORY_VARIABLE, "https://gitlab.com/owner/name.git/")
    assert launch_buttons.repository_address(tmp_path) == "https://gitlab.com/owner/name"
    monkeypatch.setenv(launch_buttons.REPOSITORY_VARIABLE, "")
    assert launch_buttons.repository_address(tmp_path) is None
    for wrong in ("http://github.com/owner/name", "https://github.com/owner", "owner/name"):
        monkeypatch.setenv(launch_buttons.REPOSITORY_VARIABLE, wrong)
        with pytest.raises(ConfigError, match=launch_buttons.REPOSITORY_VARIABLE):
            launch_buttons.repository_address(tmp_path)


def test_buttons_appear_with_an_address_only(monkeypatch, tmp_path):
    def options(address):
        monkeypatch.setenv(launch_buttons.REPOSITORY_VARIABLE, address)
        config = SimpleNamespace(html_theme_options={"launch_buttons": {"binderhub_url": ""}})
        launch_buttons.set_buttons(SimpleNamespace(srcdir=tmp_path), config)
        return config.html_theme_options

    without, with_address = options(""), options("https://github.com/owner/name")
    assert without["use_repository_button"] is False
    assert without["launch_buttons"]["binderhub_url"] == ""
    assert with_address["use_repository_button"] is True
    assert with_address["launch_buttons"]["binderhub_url"] == launch_buttons.BINDER


def test_footer_links_to_the_words_on_safety():
    line = safety_line.footer_html("../index.html")
    assert 'href="../index.html#safety"' in line
    for sentence in safety_line.SENTENCES:
        assert sentence in line


def test_front_door_is_a_complete_page():
    page = front_door.door("A & B", "en-GB", "book/index.html")
    assert '<html lang="en-GB">' in page
    assert "<title>A &amp; B</title>" in page
    assert own_host.loads_of_page(page) == []


def test_exercises_count_from_one_on_each_page():
    in_the_book = {"critique": (10,), "reading": (8,), "coding": (9,)}
    on_the_page = {"reading": (1,), "coding": (2,), "critique": (3,)}
    assert exercise_numbers.counted_from_one(in_the_book) == on_the_page


def test_explorers_are_counted():
    page = '<figure class="explorer" id="a"></figure><figure class="wide explorer"></figure>'
    other = '<figure class="explorer-picture"></figure><p>figure class="explorer"</p>'
    assert summary.count_explorers(page + other) == 2


def test_totals_are_reported_in_two_lines(tmp_path):
    with pytest.raises(summary.NoSummaryError, match="build the book first"):
        summary.report(tmp_path)
    totals = summary.Totals(1, 4, 30, 31, "book/index.html", 12)
    (tmp_path / summary.FILE_NAME).write_text(json.dumps(vars(totals)), encoding="utf-8")
    first, second = summary.report(tmp_path).splitlines()
    assert first == "1 chapter, 4 explorers, 30 of 31 published numbers agree"
    assert second == f"Book: {(tmp_path / 'html' / 'index.html').resolve().as_uri()}"


# Small books

NOTEBOOK = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

"""

FRONT_PAGE = """# A small book

Response was {reported}`1022.ph.ino.cr_cri`, against {reported}`1022.ph.sc.cr_cri`.

```{still-to-come}
```

(safety)=
## Safety

For teaching.
"""

COUNTING = (
    NOTEBOOK
    + r"""# How many respond?

{cite:t}`stock2021` and {cite:p}`clopper1934` count; $\hat p = x / n$.

```{math}
:label: rate
\hat p = \frac{x}{n}
```

(cell-proportion)=
```{code-cell} ipython3
with open("executions.txt", "a") as record:
    record.write("counting\n")
100 * 16 / 22
```

See the table.

```{code-cell} ipython3
from IPython.display import HTML

HTML('''TABLE''')
```

:::{exercise}
:label: counting-reading
Count again.
:::
"""
)

LIVING = (
    NOTEBOOK
    + """# Did they live longer?

```{code-cell} ipython3
import os

with open("executions.txt", "a") as record:
    record.write("living\\n")
os.environ["INOBOOK_BUILD"]
```

:::{exercise}
:label: living-reading
Live longer.
:::
"""
)


class SmallBook:
    """A book of a few pages in a folder of its own, with the project's configuration."""

    def __init__(self, folder, pages):
        self.folder = folder
        self.write("_config.yml", self._configuration())
        self.write("book/inobook/rates.py", "rate = 1\n")
        shutil.copy(ROOT / "book" / "references.bib", folder / "book" / "references.bib")
        shutil.copytree(ROOT / "book" / "_static", folder / "book" / "_static")
        for name, text in pages.items():
            self.write(f"book/{name}.md", text)
        self.set_chapters("counting", "living")

    def _configuration(self):
        configuration = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        local = configuration["sphinx"]["local_extensions"]
        configuration["sphinx"]["local_extensions"] = dict.fromkeys(local, str(EXTENSIONS))
        return yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True)

    def set_chapters(self, *names):
        toc = {
            "format": "jb-book",
            "root": "book/index",
            "parts": [
                {"caption": "Part III", "chapters": [{"file": f"book/{n}"} for n in names]},
                {
                    "caption": "Back matter",
                    "chapters": [{"file": "book/agreement"}, {"file": "book/references"}],
                },
            ],
        }
        self.write("_toc.yml", yaml.safe_dump(toc, sort_keys=False))

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def change(self, name, old, new):
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def build(self):
        """Build as a reader does, in a process of its own: builds in one process share state."""
        command = "from jupyter_book.cli.main import main; main()"
        surroundings = {**os.environ, "PYTHONUTF8": "1", "NO_COLOR": "1"}
        surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
        surroundings["PYTHONPYCACHEPREFIX"] = str(self.folder.parent / "bytecode")
        return subprocess.run(
            [sys.executable, "-c", command, "build", str(self.folder), "-W", "-n", "--keep-going"],
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    def page(self, name):
        return (self.folder / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")

    def executions(self):
        record = self.folder / "book" / "executions.txt"
        return sorted(record.read_text(encoding="utf-8").split()) if record.exists() else []

    def totals(self):
        return json.loads((self.folder / "_build" / "summary.json").read_text(encoding="utf-8"))


def small_book_pages(counting):
    return {
        "index": FRONT_PAGE,
        "counting": counting,
        "living": LIVING,
        "agreement": "# Side by side\n\n```{agreement-page}\n```\n",
        "references": "# References\n\n```{bibliography}\n```\n",
    }


def test_life_of_a_book(tmp_path, monkeypatch):
    monkeypatch.setenv(launch_buttons.REPOSITORY_VARIABLE, "")
    monkeypatch.delenv(fresh_outputs.BUILD_VARIABLE, raising=False)
    book = SmallBook(tmp_path, small_book_pages(COUNTING.replace("TABLE", row_markup())))

    first = book.build()
    assert first.returncode == 0, first.stdout
    assert book.executions() == ["counting", "living"]
    check_first_build(book)

    unchanged = book.build()
    assert unchanged.returncode == 0, unchanged.stdout
    assert "0 added, 0 changed, 0 removed" in unchanged.stdout
    assert written(unchanged) == []
    assert book.executions() == ["counting", "living"]

    book.write("book/_static/book.css", "p { color: teal; }\n")
    restyled = book.build()
    assert restyled.returncode == 0, restyled.stdout
    assert len(written(restyled)) == 5
    style = book.folder / "_build" / "html" / "_static" / "book.css"
    assert style.read_text(encoding="utf-8") == "p { color: teal; }\n"
    assert book.executions() == ["counting", "living"]

    book.change("book/counting.md", 'data-recomputed="72.7273"', 'data-recomputed="72.73"')
    book.change("book/counting.md", "cell-proportion", "cell-share")
    changed = book.build()
    assert changed.returncode == 0, changed.stdout
    assert "72.73" in book.page("book/agreement")
    assert 'href="counting.html#cell-share"' in book.page("book/index")
    assert written(changed) == ["book/agreement", "book/counting", "book/index"]
    assert book.executions() == ["counting"] * 2 + ["living"]

    book.write("book/inobook/rates.py", "rate = 2\n")
    renewed = book.build()
    assert renewed.returncode == 0, renewed.stdout
    assert book.executions() == ["counting"] * 3 + ["living"] * 2

    book.set_chapters("living")
    removed = book.build()
    assert removed.returncode == 0, removed.stdout
    assert "No chapter recomputes" in book.page("book/agreement")
    assert "cell-share" not in book.page("book/index")
    assert book.totals()["numbers"] == 0


def written(build):
    """The pages that a build wrote, from its log."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", build.stdout)
    return sorted(re.findall(r"^writing output\.\.\. \[ *\d+%\] (\S+)", plain, re.MULTILINE))


def check_first_build(book):
    front, chapter = book.page("book/index"), book.page("book/counting")
    assert re.search(
        r'<a class="reported[^"]*" href="counting\.html#cell-proportion" '
        r'title="Recomputed in: How many respond\?">73%</a>',
        front,
    )
    assert '<span class="reported cited" title="Reported by Stock et al. 2021">56%' in front
    assert "Of the 2 published numbers on this page, 1 links" in front
    assert 'id="cell-proportion"' in chapter
    assert "1 published number recomputed in 1 chapter; 1 agrees." in book.page("book/agreement")
    assert "<mfrac>" in chapter
    assert '<span class="eqno">(1)' in chapter
    for page in (chapter, book.page("book/living")):
        assert re.findall(r"Exercise \d+", page) == ["Exercise 1"]
    text = re.sub(r"<[^>]+>", "", chapter)
    assert "Stock et al. (2021) and (Clopper and Pearson, 1934) count" in text
    assert "'1'" in re.sub("&#39;|&#x27;", "'", book.page("book/living"))
    for page in ("book/index", "book/counting", "search"):
        assert not re.search("thebe|mathjax|require.min", book.page(page), re.IGNORECASE)
        assert '<html lang="en-GB"' in book.page(page)
        assert "For teaching, never for treating a patient." in book.page(page)
    assert 'href="#safety"' in front
    assert "mybinder" not in chapter
    assert '<html lang="en-GB">' in book.page("index")
    totals = book.totals()
    assert (totals["chapters"], totals["explorers"]) == (2, 0)
    assert (totals["agreeing_numbers"], totals["numbers"]) == (1, 1)


FAULTS = r"""
$\nosuchcommand{x}$

<img src="https://pictures.example.org/curve.png" alt="A curve">

<img src="curve.png" alt="curve.png">

See {reported}`1022.ph.ino.cr_cr`.
"""


def test_faults_stop_the_build_and_keep_stopping_it(tmp_path, monkeypatch):
    monkeypatch.setenv(launch_buttons.REPOSITORY_VARIABLE, "")
    table = row_markup(cell="no-such-cell") + row_markup(id="1022.ph.sc.cr_cri", agrees="false")
    table += row_markup(
        id="1010.ph.ino.cr_cri", agrees="false", reason="known", cell="cell-proportion"
    )
    pages = small_book_pages(COUNTING.replace("TABLE", table))
    pages["index"] = pages["index"].replace("(safety)=\n", "")
    pages["living"] += FAULTS + f"\nBuilt in {tmp_path}/book.\n"
    book = SmallBook(tmp_path, pages)

    broken = book.build()
    assert broken.returncode != 0
    messages = [
        r"living\.md:\d+: WARNING: the formula .* cannot be rendered: .*(?i:unknown) command",
        r"book/living\.html loads https://pictures\.example\.org/curve\.png from another host",
        r"book/living\.html shows the path \S+ of the machine",
        r"living\.md: WARNING: the picture curve\.png has no description in words",
        r"living\.md:\d+: WARNING: .*1022\.ph\.ino\.cr_cri",
        r"counting\.md:\d+: WARNING: .* names the cell 'no-such-cell'",
        r"counting\.md:\d+: WARNING: 1022\.ph\.sc\.cr_cri \(estimate\).* do not agree",
        r"index\.md: WARNING: the front page needs the label \(safety\)=",
    ]
    for message in messages:
        assert re.search(message, broken.stdout), (message, broken.stdout)
    assert not re.search(r"1010\.ph\.ino\.cr_cri \(estimate\)", broken.stdout), "it says why"
    assert not (tmp_path / "_build" / "summary.json").exists()
    assert book.executions() == ["counting", "living"]

    again = book.build()
    assert again.returncode != 0
    for message in messages:
        assert re.search(message, again.stdout), (message, again.stdout)
    assert book.executions() == ["counting", "living"]
