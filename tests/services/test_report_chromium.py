"""The page in a real Chromium: no error, nothing for axe-core to mend, and all of it within reach of a keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from leeboard.model.verdicts import Verdict
from leeboard.report import pdf
from leeboard.report.overview import marking
from leeboard.report.page import render
from leeboard.verdict.status import EstateStatus
from tests.services import pdf_text
from tests.services.chromium import DRIVER, LOOKS, Browser, chromium
from tests.unit.report import example, samples
from tests.unit.report.reading import ELEMENTS, Page, browser, in_browser
from tests.unit.report.samples import accepted, device, estate, status

CHROMIUM = browser()
pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs Chromium and its chromedriver")

BY_DESIGN = "unreachable by design: the school says reachable: false; bring its evidence in with leeboard ingest"
# What axe-core cannot decide by itself, and why that is well.
UNDECIDED = {
    "th-has-data-cells": "a family's heading spans the table and has no cells of its own",
    "color-contrast": "a cell that a table shows when it is scrolled; the colours' contrast is measured elsewhere",
    "link-in-text-block": "on paper a link is black text, since nobody can follow it there",
}
REACHABLE = """
return [...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter(one => one.checkVisibility())
"""
FOCUS = """
const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
return [one.matches(':focus-visible') && style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2
        && style.outlineColor !== getComputedStyle(document.body).backgroundColor,
        box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left >= 0
        && box.left < innerWidth, one.outerHTML.slice(0, 120)];
"""


def risks() -> EstateStatus:
    """A school with accepted risks of every standing, and devices that nobody can reach by design."""
    given = (
        accepted("LCK-01", id="W-NOW", school=False, roles=["office"]),
        accepted("LCK-02", id="W-SOON", last_day="2026-12-07"),
        accepted("LCK-03", id="W-OVER", last_day="2026-11-24"),
        accepted("AUD-01", id="W-LATER", granted="2026-12-01"),
    )
    waived = {"LCK-01": Verdict.WAIVED, "LCK-02": Verdict.WAIVED, "LBL-01": Verdict.PENDING}
    return estate(
        status(device("EP-0001", waivers=given), waived),
        status(device("EP-0002", waivers=given), {}),
        status(device("EP-0003", waivers=given), {}, "unreachable", 4, BY_DESIGN),
        samples.everywhere(device("EP-0004"), Verdict.MISSING, "unreachable", BY_DESIGN, None),
        problems=("waivers.yml, line 12: W-OLD: last_day is missing; write the day as in 2026-09-01",),
    )


def clean() -> EstateStatus:
    """A school where all is well."""
    return estate(*(status(device(f"A-{place}"), {}) for place in range(5)))


PAGES = {
    "mixed": samples.mixed,
    "big": lambda: samples.large(60),
    "clean": clean,
    "risks": risks,
    "hostile": samples.hostile,
    "example": example.report,
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_text(render(make()), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("page", PAGES)
def test_the_console_says_nothing_and_nothing_is_wider_than_a_small_screen(
    window: Browser, pages: dict[str, Path], page: str
) -> None:
    for look in ("light", "narrow", "narrowest"):
        window.look(look)
        assert window.open(pages[page]) == []
        across, shown = window.ask("return [document.documentElement.scrollWidth, innerWidth]")
        assert across <= shown == LOOKS[look][0], look


def test_no_code_is_parted_at_its_hyphen_where_there_is_no_room(window: Browser, pages: dict[str, Path]) -> None:
    window.look("narrowest")
    window.open(pages["risks"])
    whole, parted = window.ask(
        """const codes = [...document.querySelectorAll('.unbroken')].filter(one => one.checkVisibility());
        const lines = name => codes.map(one => {
            const place = document.createElement('p'), code = document.createElement('span');
            place.style.width = '1em';
            place.style.overflowWrap = 'normal';
            code.className = name;
            code.textContent = one.textContent;
            place.append(code);
            document.querySelector('main').append(place);
            return code.getClientRects().length;
        });
        return [lines('unbroken'), lines('')];"""
    )
    assert len(whole) > 5 and set(whole) == {1} and min(parted) > 1


def test_what_the_page_forbids_is_seen_on_the_console(window: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """So that the silence above means something: the policy stands while the page is looked at."""
    changed = tmp_path / "changed.html"
    script = "<script>document.documentElement.id='owned'</script></main>"
    changed.write_text(pages["clean"].read_text("utf-8").replace("</main>", script), encoding="utf-8")
    (said,) = window.open(changed)
    assert "Content Security Policy" in said
    assert window.ask("return document.documentElement.id") == ""


@pytest.mark.parametrize(
    ("page", "look"),
    [
        *(("mixed", look) for look in ("light", "dark", "narrow", "print")),
        *(("risks", look) for look in ("dark", "narrow")),
        ("big", "narrow"),
        ("hostile", "narrow and dark"),
        ("clean", "light"),
        ("example", "narrow"),
    ],
)
def test_axe_finds_nothing(window: Browser, pages: dict[str, Path], page: str, look: str) -> None:
    window.look(look)
    window.open(pages[page])
    window.ask("for (const one of document.querySelectorAll('details')) one.open = true")
    found = window.axe()
    assert found.get("problem") is None
    assert found["passes"] > 30
    said = [
        f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"][:3]
    ]
    assert said == []
    assert {one["id"] for one in found["incomplete"]} <= UNDECIDED.keys()


def test_axe_finds_what_is_broken(window: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    changed = tmp_path / "changed.html"
    text = pages["mixed"].read_text("utf-8").replace(' lang="en-GB"', "").replace("<h4>", "<h6>").replace("h4>", "h6>")
    changed.write_text(text, encoding="utf-8")
    window.look("light")
    window.open(changed)
    assert {"html-has-lang", "heading-order"} <= {one["id"] for one in window.axe()["violations"]}


def test_tables_stay_tables_where_a_small_screen_has_their_cells_below_each_other(
    window: Browser, pages: dict[str, Path]
) -> None:
    seen = {}
    for look in ("light", "narrow"):
        window.look(look)
        window.open(pages["mixed"])
        found = window.roles()
        seen[look] = {role: found[role] for role in ("table", "row", "rowheader", "columnheader", "cell")}
    assert seen["narrow"] == seen["light"]
    assert seen["light"]["columnheader"] > 20


@pytest.mark.parametrize(("page", "look"), [("mixed", "light"), ("risks", "narrow and dark"), ("hostile", "light")])
def test_tab_reaches_each_thing_in_its_order_and_the_focus_is_seen(
    window: Browser, pages: dict[str, Path], page: str, look: str
) -> None:
    window.look(look)
    window.open(pages[page])
    wanted = window.ask(REACHABLE)
    assert len(wanted) > 10
    for place, one in enumerate(wanted):
        window.tab()
        assert window.focused == one, f"place {place}: {window.ask(FOCUS)}"
        outlined, shown, words = window.ask(FOCUS)
        assert (outlined, shown) == (True, True), words
    window.tab(back=True)
    assert window.focused == wanted[-2]


def test_the_first_tab_skips_to_the_report(window: Browser, pages: dict[str, Path]) -> None:
    window.look("light")
    window.open(pages["mixed"])
    window.tab()
    assert window.ask("return document.activeElement.textContent") == "Skip to the report"
    window.press(Keys.ENTER)
    window.tab()
    first = "return document.querySelector('main a[href], main summary, main [tabindex]') === document.activeElement"
    assert window.ask(first) is True


def test_a_device_is_followed_to_its_details_and_they_open_by_keyboard(window: Browser, pages: dict[str, Path]) -> None:
    window.look("light")
    window.open(pages["mixed"])
    window.ask("document.querySelector('.devices a').focus()")
    target = window.ask("return document.activeElement.hash.slice(1)")
    window.press(Keys.ENTER)
    window.tab()
    this = "const one = document.getElementById(arguments[0]); "
    assert window.ask(this + "return document.activeElement === one.firstElementChild", target)
    table = this + "return [one.open, one.querySelector('table').checkVisibility()]"
    assert window.ask(table, target) == [False, False]
    for key, is_open in ((Keys.ENTER, True), (Keys.SPACE, False), (Keys.SPACE, True), (Keys.ENTER, False)):
        window.press(key)
        assert window.ask(table, target) == [is_open, is_open]


def test_on_paper_all_details_are_shown_whether_open_or_not(window: Browser, pages: dict[str, Path]) -> None:
    script = """
      const all = [...document.querySelectorAll('details')];
      return [all.length, all.filter(one => one.lastElementChild.checkVisibility()
        && one.lastElementChild.getBoundingClientRect().height > 10).length]
    """
    window.look("print")
    window.open(pages["mixed"])
    count, shown = window.ask(script)
    assert count == shown > 5
    window.look("light")
    assert window.ask(script) == [count, 0]


def test_each_printed_sheet_carries_the_marking_above_and_below(tmp_path: Path) -> None:
    """What is printed is looked at, and not what the style says: what stands in margins is up to Chromium."""
    recipients = 'Head teacher; the "SIRO" \\ </style>'
    whole = tuple(replace(school, recipients=recipients) for school in samples.mixed().schools)
    report = replace(samples.mixed(), schools=whole)
    pdf.write(render(report), tmp_path / "report.pdf")
    sheets = pdf_text.pages((tmp_path / "report.pdf").read_bytes())
    assert len(sheets) > 3
    line = marking(report).line.replace(" ", "")
    assert recipients.replace(" ", "") in line
    for place, lines in enumerate(sheets, 1):
        stands = [down for down, text in lines.items() if line in text.replace(" ", "")]
        rest = [down for down in lines if down not in stands]
        assert len(stands) >= 2 and min(stands) < min(rest) and f"{place} of {len(sheets)}" in " ".join(lines.values())


def test_a_report_of_1000_devices_prints_its_lists_and_the_details_that_somebody_opened(
    window: Browser, tmp_path: Path
) -> None:
    page = tmp_path / "large.html"
    page.write_text(render(samples.large(1000)), encoding="utf-8")
    window.open(page)
    opened = window.ask("const one = document.querySelector('#detail ~ details'); one.open = true; return one.id")
    sheets = window.printed()
    assert len(sheets) <= 60
    for lines in sheets:
        assert sum("PROTECT" in text for text in lines.values()) >= 2
    rows = [text for lines in sheets for text in lines.values() if re.match(r"L-\d{5} ?linux", text)]
    assert len(rows) == 1000, "the list has each device once"
    text = " ".join(" ".join(lines.values()) for lines in sheets)
    assert "Of more than 100 devices only those are printed that were opened" in text
    # Of the settings those of the one device.
    (shown,) = window.ask("return [document.querySelectorAll(`#${arguments[0]} tbody tr`).length]", opened)
    assert text.count("/etc/dconf/db/local.d/90-vendor") == shown > 0


def test_chromium_runs_nothing_of_it(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    probe = "<script>document.documentElement.id='owned'</script>"
    html = render(samples.hostile())
    without_policy = re.sub(r"<meta http-equiv=[^>]*>", "", html)
    pages = {
        "ours": html,
        "escaped": without_policy,
        "guarded": html.replace("</main>", f"{probe}</main>"),
        "unguarded": without_policy.replace("</main>", f"{probe}</main>"),
    }
    seen = {}
    for name, text in pages.items():
        (tmp_path / f"{name}.html").write_text(text)
        seen[name] = in_browser(CHROMIUM, tmp_path / f"{name}.html", tmp_path / f"profile-{name}")
    assert 'id="owned"' in seen["unguarded"][:200]  # the probe works where nothing holds it back
    for name in ("ours", "escaped", "guarded"):
        assert 'id="owned"' not in seen[name][:200], name
    assert Page(seen["ours"]).names <= set(ELEMENTS)
