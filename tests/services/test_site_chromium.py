"""The site in a real Chromium, by file:// as from a share: found, filtered, turned over, printed, by keyboard."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from leeboard.model.verdicts import Verdict
from leeboard.model.words import local, local_day
from leeboard.report import overview
from leeboard.report.site.tables import Table, devices, joined
from leeboard.report.words import VERDICTS
from tests.services import pdf_text
from tests.services.chromium import DRIVER, LOOKS, Browser, chromium
from tests.services.test_report_chromium import FOCUS, UNDECIDED
from tests.unit.report import samples
from tests.unit.report.reading import browser
from tests.unit.report.site.kept import written

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(browser() is None or DRIVER is None, reason="needs Chromium and its chromedriver"),
]
MANY = 25_000
SCHOOL = "schools/900001"
TAGS = re.compile(r"L-\d{5}")
ROWS = (
    "return [...document.querySelectorAll('.listed tbody tr')].map(row => [...row.cells].map(cell => cell.innerText))"
)
SAID = "return document.querySelector('[role=status]').textContent"
REACHED = """
return [...document.querySelectorAll('a[href], summary, [tabindex="0"], input, select, button')]
  .filter(one => one.checkVisibility())
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    written(folder)
    return folder / "site"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def kinds(site: Path) -> list[Path]:
    """Each page of a school, one of the many alike, and those of the estate that have a template of their own."""
    alike = ("controls/LCK-01.html", f"{SCHOOL}/controls/LCK-01.html", f"{SCHOOL}/devices/EP-0002.html")
    own = ("index.html", "devices.html", "worklist.html", "risks.html", "keys.html")
    return [*sorted(site.glob(f"{SCHOOL}/*.html")), *(site / name for name in (*alike, *own))]


def go(window: Browser, page: Path, behind: str = "") -> None:
    """Open a page with what stands behind its name in the address."""
    window.driver.get("about:blank")
    window.driver.get(page.as_uri() + behind)


def test_each_kind_of_page_is_quiet_fits_and_has_nothing_for_axe(window: Browser, site: Path) -> None:
    pages = kinds(site)
    assert len(pages) == 15
    for place, page in enumerate(pages):
        window.look("narrowest")
        assert window.open(page) == [], page
        for look in ("narrowest", ("light", "dark", "narrow")[place % 3]):
            window.look(look)
            across, elements = window.ask("return [document.documentElement.scrollWidth, document.all.length]")
            assert across <= LOOKS[look][0] and elements <= 5000, (page, look)
        window.ask("for (const one of document.querySelectorAll('details')) one.open = true")
        found = window.axe()
        said = [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"][:3]]
        assert said == [], page
        assert {one["id"] for one in found["incomplete"]} <= UNDECIDED.keys(), page


def test_a_list_has_the_devices_and_the_times_of_the_report(window: Browser, site: Path) -> None:
    status = samples.mixed()
    window.look("light")
    go(window, site / SCHOOL / "index.html")
    rows = {row[0].split("\n")[0]: row for row in window.ask(ROWS)}
    mine = [one for one in status.devices if one.device.urn == "900001"]
    assert rows.keys() == {one.device.asset for one in mine}
    for one in mine:
        _, _, seen, worst, since, _ = rows[one.device.asset]
        began = overview.drifting_since(one)
        assert (seen, since) == (local(one.seen) if one.seen else "", local_day(began) if began else "")
        assert worst == VERDICTS[overview.standing(one)]
    assert f"as of {local(status.at)}" in window.ask("return document.querySelector('header').innerText")
    go(window, site / SCHOOL / "devices" / "EP-0001.html")
    (shown,) = (one for one in mine if one.device.asset == "EP-0001")
    assert shown.seen is not None
    assert window.ask("return document.querySelector('[data-seen]').innerText") == f"seen last on {local(shown.seen)}"


def test_among_25000_devices_one_is_found_filtered_sorted_and_turned_to(
    window: Browser, site: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    (folder / "devices.js").write_bytes(many().script("devices"))
    assert (folder / "devices.js").stat().st_size < 5_000_000
    window.look("light")
    go(window, folder / "devices.html")
    assert window.ask(SAID) == "Shown: 1 to 100 of 25,000."
    field = window.driver.find_element("css selector", "input[type=search]")
    field.send_keys("L-12345")
    assert window.ask(ROWS)[0][0].startswith("L-12345")
    assert window.ask("return location.hash") == "#q=L-12345"
    field.clear()
    field.send_keys("tŷ gwyn 24999")
    assert [row[0].split("\n")[0] for row in window.ask(ROWS)] == ["L-24999"]
    assert window.ask(SAID) == "Shown: 1, out of 25,000."
    go(window, folder / "devices.html", "#worst=drifted")
    drifted = window.ask(SAID)
    assert drifted.endswith(", out of 25,000.") and {row[4] for row in window.ask(ROWS)} == {"drifted"}
    window.driver.find_element("xpath", "//button[text()='Further rows']").click()
    assert window.ask(SAID) == drifted.replace("1 to 100", "101 to 200")
    head = window.driver.find_element("xpath", "//button[text()='Device']")
    head.click()
    head.click()
    assert window.ask("return document.querySelector('[aria-sort]').ariaSort") == "descending"
    names = [row[0].split("\n")[0] for row in window.ask(ROWS)]
    assert names == sorted(names, reverse=True) and window.ask("return document.all.length") < 5000


def many() -> Table:
    """The estate's list of 25,000 devices, of which two in three have drifted."""
    drifted = {"LCK-01": Verdict.DRIFTED}
    three = [samples.status(samples.device(f"L-{place}"), drifted if place else {}) for place in range(3)]
    schools = [(f"{900001 + place}", f"School {place}", "") for place in range(199)] + [("900200", "Ysgol Tŷ Gwyn", "")]
    made = joined([devices(samples.estate(*three), {f"L-{place}": "" for place in range(3)}, one) for one in schools])
    alike = list(made.rows)
    made.rows = [[[f"L-{place:05}", "pc"], *alike[place // 125 * 3 + place % 3][1:]] for place in range(MANY)]
    return made


def test_the_keyboard_reaches_all_of_it_and_is_seen(window: Browser, site: Path) -> None:
    for look, page in (("light", f"{SCHOOL}/index.html"), ("narrow and dark", f"{SCHOOL}/keys.html")):
        window.look(look)
        go(window, site / page)
        wanted = window.ask(REACHED)
        assert len(wanted) > 20
        for place, one in enumerate(wanted):
            window.tab()
            assert window.focused == one, f"{page}, place {place}: {window.ask(FOCUS)}"
            outlined, shown, words = window.ask(FOCUS)
            assert (outlined, shown) == (True, True), words


def test_a_number_leads_to_its_devices_and_one_of_them_to_its_page(window: Browser, site: Path) -> None:
    window.look("light")
    go(window, site / SCHOOL / "index.html")
    window.driver.find_element("link text", "never checked").send_keys(Keys.ENTER)
    WebDriverWait(window.driver, 20).until(lambda _: window.ask("return document.activeElement.type") == "search")
    assert [row[0].split("\n")[0] for row in window.ask(ROWS)] == ["EP-0003"]
    window.driver.find_element("link text", "EP-0003").send_keys(Keys.ENTER)
    assert window.ask("return document.querySelector('h1').textContent") == "EP-0003"
    window.driver.back()
    assert [row[0].split("\n")[0] for row in window.ask(ROWS)] == ["EP-0003"]


def test_only_who_came_from_the_estate_is_led_back(window: Browser, site: Path, tmp_path: Path) -> None:
    window.look("light")
    go(window, site / "index.html")
    window.driver.find_element("link text", "Example Primary School").click()
    window.driver.find_element("link text", "What to do").click()
    window.driver.find_element("css selector", ".work a").click()
    window.driver.find_element("link text", "All schools").click()
    assert window.ask("return location.pathname").endswith("/site/index.html")
    shutil.copytree(site / SCHOOL, tmp_path / "handed over")
    for page in sorted((tmp_path / "handed over").glob("*.html")):
        assert window.open(page) == []
        assert "All schools" not in window.ask("return document.body.innerText"), page


def test_each_printed_sheet_carries_the_marking_and_no_controls(site: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    program = browser()
    assert program is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    profile, page = f"--user-data-dir={tmp_path / 'profile'}", site / SCHOOL / "index.html"
    argv = [program, *options, profile, f"--print-to-pdf={pdf}", page.as_uri()]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    sheets = pdf_text.pages(pdf.read_bytes())
    assert len(sheets) > 1
    for lines in sheets:
        assert sum("RESTRICTED-pupildata" in text.replace(" ", "") for text in lines.values()) >= 2
    text = " ".join(line for lines in sheets for line in lines.values()).replace(" ", "")
    assert "EP-0001" in text and "Search" not in text and "Furtherrows" not in text


def test_a_list_of_1000_devices_is_printed_whole_on_few_sheets_and_no_row_is_cut(
    window: Browser, site: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    listed = many()
    listed.rows = listed.rows[:1000]
    (folder / "devices.js").write_bytes(listed.script("devices"))
    window.look("light")
    go(window, folder / "devices.html")
    sheets = window.printed()
    assert len(sheets) <= 25
    for lines in sheets:
        assert sum("CONFIDENTIAL-" in text.replace(" ", "") for text in lines.values()) >= 2
        assert any(text.startswith("DeviceSchool") for text in lines.values()), "the names of the columns"
    found = [TAGS.findall(" ".join(lines.values())) for lines in sheets]
    assert [tag for tags in found for tag in tags] == [f"L-{place:05}" for place in range(1000)], (
        "each device once, in its order"
    )
    assert len(window.ask(ROWS)) == 100, "on the screen all is as it was"
    go(window, folder / "devices.html", "#q=L-001&worst=drifted")
    text = "".join(window.printed()[0].values()).replace(" ", "")
    assert "Search:L-001;Worstverdict:drifted." in text
    # A row of several lines stands on one sheet: it ends where it begins.
    place = next(place for place, column in enumerate(listed.columns) if column.id == "school")
    long = [(urn, f"{name} of a parish and of another END", look) for urn, name, look in listed.columns[place].words]
    listed.columns = [replace(one, words=long) if one.id == "school" else one for one in listed.columns]
    (folder / "devices.js").write_bytes(listed.script("devices"))
    go(window, folder / "devices.html")
    rows = [(len(TAGS.findall(text)), text.count("END")) for text in map(drawn, window.printed())]
    assert len(rows) > 20 and sum(tags for tags, _ in rows) == 1000
    assert [tags for tags, _ in rows] == [ends for _, ends in rows]


def drawn(lines: dict[float, str]) -> str:
    """All that is drawn on a sheet."""
    return " ".join(lines.values())


def test_chromium_runs_nothing_of_hostile_text(window: Browser, tmp_path: Path) -> None:
    written(tmp_path, samples.hostile())
    window.look("light")
    school = tmp_path / "site" / SCHOOL
    for page in (*(tmp_path / "site").glob("*.html"), *school.glob("*.html"), *school.glob("devices/*.html")):
        assert window.open(page) == [], page
        owned, bold = window.ask("return [document.documentElement.id, document.querySelectorAll('.listed b').length]")
        assert (owned, bold) == ("", 0), page
    go(window, tmp_path / "site" / "devices.html")
    assert len(window.ask(ROWS)) == len(samples.HOSTILE)
    changed = tmp_path / "site" / "index.html"
    changed.write_text(
        changed.read_text("utf-8").replace("</main>", "<script>document.documentElement.id='owned'</script></main>")
    )
    (said,) = window.open(changed)
    assert "Content Security Policy" in said and window.ask("return document.documentElement.id") == ""
