"""The page: whole, self-contained, readable by everybody, and deaf to what devices would have it run."""

from __future__ import annotations

import os
import re
import stat
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.model.verdicts import Verdict
from leeboard.report import page
from leeboard.report.html import sheet_rule, unbroken
from leeboard.report.page import render, write_page
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples
from tests.unit.report.reading import ELEMENTS, Page
from tests.unit.report.samples import device, estate, status

CSS = (Path(__file__).parents[3] / "leeboard" / "report" / "page.css").read_text()
ATTRIBUTES = re.findall(
    r"[\w-]+",
    "aria-label aria-labelledby charset class colspan content height href http-equiv id lang name preserveaspectratio "
    "role scope tabindex viewbox width x y",
)


def test_the_head_of_the_mixed_estate() -> None:
    text = " ".join(Page(render(samples.mixed())).text.split())
    for part in (
        "Device security 2 schools , 17 devices, as of 25 Nov 2026, 02:14 GMT",
        "8 devices meet all that is checked.",
        "1 of them with a risk that somebody has accepted",
        "3 have drifted from the baseline",
        "7 are not fully known",
        "5 devices were not seen in the last run; last seen 2 to 6 days ago: 2; 30 days ago or more: 1; never: 2. "
        "What was found then still stands",
        "1 device has drifted and is also not fully known",
        "the run at 900002 broke off",
        "140 findings in all",
        "Leeboard cannot check these yet: ENC-02",
    ):
        assert re.sub(r"\s*,", ",", part) in re.sub(r"\s*,", ",", text), part


def test_one_school_is_named_in_the_title() -> None:
    page = Page(render(samples.single()))
    assert "Device security: Example Primary School" in page.text
    assert "schools" not in page.attributes("id")


@pytest.mark.parametrize(
    ("levels", "label"),
    [
        ((), "PROTECT"),
        (("standard",), "PROTECT"),
        (("high", "standard"), "CONFIDENTIAL - special categories"),
        (("sensitive", "standard"), "RESTRICTED - pupil data"),
    ],
)
def test_marked_at_top_and_bottom_with_the_most_sensitive_level(levels: tuple[str, ...], label: str) -> None:
    page = render(estate(*(status(device(f"A-{n}", level=level), {}) for n, level in enumerate(levels))))
    marked = re.findall(r'<p class="marking"[^>]*>(.*?)</p>', page)
    assert marked == [label, label]
    assert page.index("<h1>") > page.index(">" + label)
    assert re.search(rf">{label}</p>\s*</footer>\s*</body>", page)


def test_whom_a_report_is_for_stands_beside_its_label() -> None:
    marked = re.findall(r'<p class="marking"[^>]*>(.*?)</p>', render(samples.mixed()))
    assert marked == ["CONFIDENTIAL - special categories. For: Head teacher, SIRO"] * 2


def test_what_is_asked_of_a_school_as_a_whole() -> None:
    rows = [[" ".join(cell.split()) for cell in row] for row in Page(render(samples.mixed())).rows]
    drifted, stale = (row for row in rows if row[0].startswith("REM-11"))
    assert drifted[1] == "drifted only reported"
    for part in ("Staff who have no second factor: 4 accounts; 4 of 61 accounts", "wanted: at most 0 accounts",
                 "staff-2026-11-02.csv", "What to do: Let everybody who is counted"):  # fmt: skip
        assert part in drifted[2], part
    assert stale[1] == "out of date"
    (optional,) = (row for row in rows if row[0].startswith("LBL-03") and row[1] == "not applicable")
    assert optional[2] == "not asked for at level standard"


def test_drift_is_explained_once_and_not_with_each_device() -> None:
    page = render(estate(*(status(device(f"A-{n}"), {"LCK-01": Verdict.DRIFTED}) for n in range(50))))
    assert page.count("Remove the key from 90-vendor") == 1
    assert page.count("Anybody who walks past") == 1
    assert page.count('<details id="d') == 50
    assert "Show the 50 devices" in page


def test_details_have_what_was_seen_wanted_where_and_since_when() -> None:
    page = render(samples.single())
    row = re.search(r'<tr><th scope="row">LBL-02 <span.*?</tr>', page)
    assert row is not None
    for part in ("only reported", "since 7 Nov 2026", "1800 seconds", "at most 900 seconds", "local.d/90-vendor"):
        assert part in row[0]


def test_gaps_are_listed_with_their_meaning() -> None:
    text = Page(render(samples.mixed())).text
    for title in ("Another machine answered", "The check failed", "Never seen", "Out of date", "Never checked"):
        assert f"{title}: 1 device" in text
    assert "serial PF2XXXXX where PF1ABCDE is registered" in text


def test_nothing_to_do_and_nothing_unknown_are_said() -> None:
    text = Page(render(estate(status(device("A-1"), {})))).text
    assert "Nothing: no requirement has drifted" in text
    assert "Nothing: every device was seen in the last run." in text
    Page(render(estate()))


def test_the_footer_names_baseline_version_and_age_of_evidence() -> None:
    text = " ".join(Page(render(samples.mixed())).text.split())
    assert "Newest evidence: 24 Nov 2026, 23:50 GMT. Oldest evidence: 16 Oct 2026, 03:14 BST." in text
    assert re.search(r"Made by Leeboard [0-9.]+ from the baseline (5f1d){16}", text)


def test_the_bar_shows_what_is_both_as_both() -> None:
    both = {"LCK-01": Verdict.DRIFTED, "LCK-02": Verdict.ERROR}
    found = estate(
        status(device("A-1"), {}),
        status(device("A-2"), both),
        status(device("A-3"), {"LCK-01": Verdict.DRIFTED}),
        status(device("A-4"), {"LCK-01": Verdict.ERROR}),
    )
    page = Page(render(found))
    parts = [
        tuple(given[key] for key in ("class", "x", "width", "y", "height"))
        for name, given in page.elements
        if name == "rect"
    ]
    assert parts == [
        ("good", "0.0", "250.0", "0", "10"),
        ("bad", "250.0", "250.0", "0", "10"),
        ("bad", "500.0", "250.0", "0", "5"),
        ("unsure", "500.0", "250.0", "5", "5"),
        ("unsure", "750.0", "250.0", "0", "10"),
    ]
    assert "1 clear, 1 only drifted, 1 drifted and not fully known, 1 only not fully known, of 4 devices" in (
        page.attributes("aria-label")
    )


@pytest.mark.parametrize("make", [samples.mixed, samples.single, samples.hostile, samples.estate])
def test_only_known_elements_and_attributes_nothing_from_elsewhere(make) -> None:
    html = render(make())
    page = Page(html)
    assert page.names <= set(ELEMENTS)
    given = {key for _, attributes in page.elements for key in attributes}
    assert given <= set(ATTRIBUTES)
    assert all(target.startswith("#") for target in page.attributes("href"))
    assert not re.search(r"url\(|@import|https?:", CSS)
    assert {target[1:] for target in page.attributes("href")} <= set(page.attributes("id"))
    assert len(page.attributes("id")) == len(set(page.attributes("id")))


def test_hostile_text_stays_text() -> None:
    html = render(samples.hostile())
    assert "&lt;script&gt;document" in html
    assert "<script" not in html
    assert "onerror=" not in re.sub(r"&[a-z]+;|&#\d+;", "", re.sub(r">[^<]*<", "><", html))
    assert "{{ 7*7 }}" in html
    assert not set(html) & set("\x1b\x07\x00\x7f\x9b\u202e\u2066\u200b\ud800\u200d")
    assert max(map(len, re.findall(r"(?:long)+", html))) <= 2000
    html.encode("utf-8")


def test_nothing_of_a_marking_leaves_the_string_that_printed_sheets_have() -> None:
    line = 'LOCAL HIGH. For: the "SIRO" \\ } </style> Tŷ Gwyn 1'
    rule = sheet_rule(line)
    (content, again) = re.findall(r'content: "([0-9A-Za-z\\]*)"; }', rule)
    assert content == again and rule.count('"') == 4
    assert re.sub(r"\\([0-9a-f]{6})", lambda code: chr(int(code[1], 16)), content) == line
    assert len(sheet_rule("long " * 1000)) < 2000


def test_the_policy_lets_nothing_run_and_only_our_style_in() -> None:
    html = render(samples.hostile())
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert style is not None
    assert policy is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    wanted = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert policy[1].replace("&#39;", "'") == wanted
    assert html.index("Content-Security-Policy") < html.index("<title>") < html.index("<style>")


def test_tables_have_scopes_sections_have_names_and_the_language_is_set() -> None:
    page = Page(render(samples.mixed()))
    for name, given in page.elements:
        if name == "th":
            assert given.get("scope") in ("row", "col", "rowgroup")
        if name == "section":
            assert given.get("aria-labelledby") in page.attributes("id")
        if name == "html":
            assert given == {"lang": "en-GB"}
        if name == "svg":
            assert given.get("role") == "img" and given.get("aria-label")
    assert {"header", "main", "footer", "nav", "h1"} <= page.names
    assert [name for name, _ in page.elements].count("h1") == 1


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1, 2])
def test_contrast_is_at_least_aa_in_light_dark_and_print(theme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[theme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    pairs = [(f"{name}-ink", f"{name}-paper") for name in ("good", "bad", "unsure", "open", "wait", "mark")]
    pairs += [("ink", "paper"), ("soft", "paper"), ("link", "paper"), ("soft", "panel")]
    for ink, paper in pairs:
        assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)


def test_two_thousand_devices_stay_small() -> None:
    assert len(render(samples.large(2000))) < 3_000_000


def test_written_whole_with_the_owner_alone_reading(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_page(samples.mixed(), path)
    assert path.read_text("utf-8") == render(samples.mixed())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    write_page(samples.single(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.read_text("utf-8") == render(samples.single())
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_write_that_fails_leaves_the_old_page_and_no_rubbish(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "report.html"
    write_page(samples.mixed(), path)
    before = path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LeeboardError, match=r"report\.html: the page cannot be written: No space left on device"):
        write_page(samples.single(), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LeeboardError, match=r"nowhere.*No such file"):
        write_page(samples.mixed(), tmp_path / "nowhere" / "report.html")


def rows_of(it: EstateStatus) -> list[list[str]]:
    return [[" ".join(cell.split()) for cell in row] for row in Page(render(it)).rows]


def test_the_matrix_counts_devices_by_control_and_verdict() -> None:
    rows = rows_of(samples.mixed())
    head = next(row for row in rows if row[0] == "Requirement" and "not applicable" in row)
    row = next(row for row in rows if row[0].startswith("LCK-01 The screen"))
    counts = dict(zip(head[1:], map(int, row[1:]), strict=True))
    assert {word: count for word, count in counts.items() if count} == {"drifted": 1, "not checked": 1, "compliant": 10}


def test_accepted_risks_are_listed_with_who_answers_and_what_ends_soon_is_named_at_the_top() -> None:
    html = render(samples.mixed())
    text = " ".join(Page(html).text.split())
    assert "1 accepted risk ends within 30 days: W-SOON (LCK-02, Example Primary School, 12 days left)" in text
    rows = [[" ".join(cell.split()) for cell in row] for row in Page(html).rows if row[0][:2] == "W-"]
    assert [row[0] for row in rows] == [
        f"{name} Example Primary School" for name in ("W-OVER", "W-SOON", "W-LATER", "W-LBL-02")
    ]
    over, soon = rows[:2]
    assert over[2:5] == [
        "the whole school 1 device",
        "Governing body approved by the SIRO owner: Head teacher",
        "24 Nov 2026 expired",
    ]
    assert over[5].endswith("it ended on 24 Nov 2026; take it out, or let it be approved again under a new id")
    assert soon[1:3] == ["LCK-02 Unlocking asks for the password at once", "role office 1 device"]
    assert soon[4] == "7 Dec 2026 12 days left"
    assert 'href="#accepted"' in html
    assert "ccepted risks" not in render(samples.single()), "without any, there is nothing to say"


def test_what_a_killed_run_left_beside_the_page_is_gone_after_the_next(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    for left in (".report.html.tmp", ".report.html.a1b2c3d4", ".report.html.k_2zzzz9"):
        (tmp_path / left).write_text("half a page")
    for other in (".report.html.notes", "report.html.a1b2c3d4"):
        (tmp_path / other).write_text("of somebody else")
    write_page(samples.mixed(), path)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        ".report.html.notes", "report.html", "report.html.a1b2c3d4",
    ]  # fmt: skip


def test_codes_are_not_parted_at_their_hyphens_and_what_is_long_may_be() -> None:
    assert unbroken("EP-0002, the hall & W-2026-001") == (
        '<span class="unbroken">EP-0002,</span> the hall &amp; <span class="unbroken">W-2026-001</span>'
    )
    long = "A-" + "x" * 30
    assert unbroken(long) == long
    assert unbroken("<b>-</b>") == '<span class="unbroken">&lt;b&gt;-&lt;/b&gt;</span>'
    shown = render(samples.mixed())
    assert ".unbroken { white-space: nowrap; }" in shown and '<span class="unbroken">W-' in shown


def test_text_of_a_table_is_wrapped() -> None:
    """A class of whole tables with nowrap once made that of the school as a whole as wide as its longest sentence."""
    folder = Path(page.__file__).parent
    tables = {
        name
        for path in folder.rglob("*.j2")
        for classes in re.findall(r'<table class="([^"]*)"', path.read_text("utf-8"))
        for name in classes.split()
    }
    assert {"stack", "whole", "devices"} <= tables
    for path in folder.rglob("*.css"):
        for selectors in re.findall(r"^\s*([^{}@]+) \{[^}]*white-space: nowrap", path.read_text("utf-8"), re.MULTILINE):
            assert not {f".{name}" for name in tables} & set(selectors.split(", ")), (path, selectors)
