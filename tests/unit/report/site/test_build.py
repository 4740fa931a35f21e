"""A site as a whole: its numbers are the status's, its links lead somewhere, a school's folder is of that school."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from leeboard.report import standing
from leeboard.report.export.source import Source
from leeboard.report.site.build import build
from leeboard.report.site.frame import HERE
from leeboard.report.summary.questions import QUESTIONS
from tests.unit.evidence import estate
from tests.unit.evidence.estate import NIGHT, URN, expected, observation
from tests.unit.report import samples
from tests.unit.report.export.nights import Nights
from tests.unit.report.reading import ELEMENTS, Page
from tests.unit.report.site.kept import standing_in, written

OTHER = "123457"
MORE_ELEMENTS = {*["figcaption", "figure", "line", "link", "noscript", "ol", "script", "svg", "text", "em"], *ELEMENTS}
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")
BOTH = ("900001", "900002")
# The library as it was published: uFuzzy 1.0.19, its smallest build, and its licence.
LIBRARY = {
    "ufuzzy.js": "3eef8ba0ad55444c31f0e86f8375f25916515402cf2d4d7b5a2c01b4b67f2e19",
    "ufuzzy.LICENSE.txt": "b43d07fcc08f2b2831cdf80bbff2102288222e8b5750b8f92b361dd6bf10dd17",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    written(folder)
    return folder / "site"


def pages(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*.html")):
        yield path, path.read_text("utf-8")


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def lead(text: str) -> str:
    """What the page begins with."""
    found = re.search(r'<p class="lead">(.*?)</p>', text, re.DOTALL)
    return words(found[1]) if found else ""


def test_every_headline_begins_with_the_coverage(site: Path) -> None:
    whole, schools = samples.mixed(), {}
    for urn in BOTH:
        devices = tuple(one for one in whole.devices if one.device.urn == urn)
        schools[urn] = standing.sums(samples.estate(*devices))
    sentences = standing.sentences(standing.sums(whole))
    assert standing.sentences(standing.total(list(schools.values()))) == sentences
    text = words((site / "index.html").read_text("utf-8"))
    assert " ".join(sentences) in text and "devices.csv, line 3: no such platform" in text
    for folder, first in (
        (site, sentences[0]),
        *((site / "schools" / u, standing.sentences(s)[0]) for u, s in schools.items()),
    ):
        for name in ("worklist", "new", "not-seen", "controls", "risks", "keys"):
            assert lead((folder / f"{name}.html").read_text("utf-8")) == first, (folder, name)
        assert lead((folder / "index.html").read_text("utf-8")) == first
    assert "devices.csv" not in (site / "schools" / BOTH[0] / "index.html").read_text("utf-8")


def test_every_page_is_well_formed_marked_and_loads_only_what_lies_in_its_folder(site: Path) -> None:
    for path, text in pages(site):
        page = Page(text)
        assert page.names <= MORE_ELEMENTS, path
        root = path.relative_to(site).parts
        folder = site / "schools" / root[1] if root[0] == "schools" else site
        marking = re.search(r'content: "([^"]*)"', (folder / "site.css").read_text("utf-8"))
        assert marking and text.count('<p class="marking"') == 2
        for one in (*page.attributes("src"), *(v["href"] or "" for n, v in page.elements if n == "link")):
            loaded = (path.parent / one).resolve()
            assert loaded.is_file() and loaded.parent == folder.resolve(), (path, one)
        assert "style=" not in text and re.search(r"\son\w+=", text) is None


def test_every_link_leads_to_a_page_of_the_site(site: Path) -> None:
    counted = 0
    for path, text in pages(site):
        for link in Page(text).attributes("href"):
            found = urlsplit(link)
            assert not found.scheme and not found.netloc, link
            if found.path:
                target = (path.parent / unquote(found.path)).resolve()
                assert target.is_file() and target.is_relative_to(site.resolve()), (path, link)
                if "schools" in path.relative_to(site).parts:
                    assert target.is_relative_to(site.resolve() / "schools" / path.relative_to(site).parts[1]), link
                counted += 1
    assert counted > 500


def test_a_folder_of_a_school_holds_nothing_of_others(site: Path) -> None:
    for urn, other in (BOTH, BOTH[::-1]):
        alien = [
            other,
            samples.SCHOOLS[other],
            *(d.device.asset for d in samples.mixed().devices if d.device.urn == other),
        ]
        for path in (site / "schools" / urn).rglob("*"):
            text = path.read_text("utf-8") if path.is_file() else ""
            assert not [word for word in alien if word in text or word in path.name], path


def test_each_device_has_a_page_that_does_not_change_with_the_clock(tmp_path: Path) -> None:
    nights = samples.mixed()
    written(tmp_path, nights)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(list((tmp_path / "site").glob("schools/*/devices/*.html"))) == len(nights.devices)
    with standing_in(tmp_path, nights) as source:
        later = type(source)(
            source.store, source.baseline, source.evidence, source.at + timedelta(hours=3), given=nights
        )
        build(later, tmp_path / "site", ("devices.csv, line 3: no such platform",))
    changed = [path for path, content in before.items() if path.read_bytes() != content and path.suffix == ".html"]
    assert not [path for path in changed if path.parent.name in ("devices", "controls")]
    about = (tmp_path / "site" / "about.js").read_text()
    assert str(int((source.at + timedelta(hours=3)).timestamp()) // 60) in about


def test_a_device_s_page_begins_with_the_four_answers(tmp_path: Path) -> None:
    seen = {"ENC-01": samples.Verdict.DRIFTED, "LCK-01": samples.Verdict.COMPLIANT, "AUD-01": samples.Verdict.WAIVED}
    lost = samples.DeviceStatus(
        samples.device("L-2"), "failed", samples.status(samples.device("L-2"), seen).findings, message="no answer"
    )
    written(tmp_path, samples.estate(samples.status(samples.device("L-1"), seen), lost))
    said = {}
    for asset in ("L-1", "L-2"):
        text = (tmp_path / "site" / "schools" / "900001" / "devices" / f"{asset}.html").read_text("utf-8")
        rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td><span class="badge \w+">([^<]+)<', text)
        said[asset] = dict(rows[:4])
    first, failed = said.values()
    assert list(first) == [one.of_one for one in QUESTIONS]
    assert list(first.values()) == ["no", "yes", "not known", "accepted risk"]
    assert list(failed.values()) == ["no", "not known", "not known", "not known"]


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    written(tmp_path, samples.hostile())
    for path, text in pages(tmp_path / "site"):
        assert Page(text).names <= MORE_ELEMENTS, path
        assert not CONTROLS.search(text), path
    scripts = [path for path in (tmp_path / "site").rglob("*.js") if path.name not in ("ufuzzy.js", "site.js")]
    assert len(scripts) == 6
    for path in scripts:
        text = path.read_text("ascii")
        assert "<" not in text and not CONTROLS.search(str(json.loads(text.partition(" = ")[2].removesuffix(";\n")))), (
            path
        )


def test_pages_stay_small_where_a_school_is_large(tmp_path: Path) -> None:
    devices = [
        samples.status(samples.device(f"L-{place:05}"), dict.fromkeys(samples.CONTROLS, samples.Verdict.DRIFTED))
        for place in range(400)
    ]
    written(tmp_path, samples.estate(*devices))
    school = tmp_path / "site" / "schools" / "900001"
    for path in (*school.glob("*.html"), *school.glob("controls/*.html"), *(tmp_path / "site").glob("*.html")):
        assert len(Page(path.read_text("utf-8")).elements) <= 5000 and path.stat().st_size <= 500_000, path


def test_the_library_is_the_one_that_was_looked_at() -> None:
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in (HERE / "vendor").iterdir()}
    assert found == LIBRARY


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return estate.baseline()


@pytest.fixture
def nights(tmp_path: Path, baseline: Baseline) -> Iterator[Nights]:
    with Store(tmp_path / "leeboard.db") as store:
        yield Nights(tmp_path, store, baseline)


def test_a_night_writes_only_what_it_changed(nights: Nights, tmp_path: Path) -> None:
    said = {"LT-001": observation(lock=600), "LT-002": observation(lock=1800)}
    nights.night(0, said)
    nights.night(0, {"OT-001": observation()}, OTHER)
    folder = tmp_path / "site"
    build(nights.source(0.1), folder)
    before = {path: path.stat().st_ino for path in folder.rglob("*.*")}
    assert build(nights.source(0.1), folder).files.written == 0
    nights.night(1, {**said, "LT-001": observation(lock=1800)})
    build(nights.source(1.1), folder)
    changed = {str(path.relative_to(folder)) for path, node in before.items() if path.stat().st_ino != node}
    assert f"schools/{URN}/devices/LT-001.html" in changed and f"schools/{URN}/new.html" in changed
    assert f"schools/{URN}/devices/LT-002.html" not in changed
    assert f"schools/{OTHER}/devices/OT-001.html" not in changed
    text = words((folder / "schools" / URN / "devices" / "LT-001.html").read_text())
    assert "worse" in text and "drifted" in text
    days = re.findall(r'<th scope="row">(\d Nov 2026)</th>', (folder / "new.html").read_text())
    assert len(set(days)) == 2 and days == sorted(days, reverse=True)
    chart = (folder / "schools" / URN / "index.html").read_text()
    assert re.search(r'<th scope="row">3 Nov 2026</th><td class="number">2</td>', chart)


def test_who_is_forgotten_goes_from_the_site_and_so_does_a_school(nights: Nights, tmp_path: Path) -> None:
    nights.night(0, {"LT-001": observation(), "LT-002": observation()})
    nights.night(0, {"OT-001": observation()}, OTHER)
    folder = tmp_path / "site"
    build(nights.source(0.1), folder)
    assert (folder / "schools" / OTHER).is_dir()
    build(nights.source(0.1, expected("LT-001")), folder)
    assert not (folder / "schools" / OTHER).exists()
    for path in folder.rglob("*.*"):
        assert (
            b"LT-002" not in path.read_bytes() and "LT-002" not in path.name and OTHER.encode() not in path.read_bytes()
        )


def test_a_site_of_which_no_device_is_left_is_emptied(tmp_path: Path) -> None:
    written(tmp_path)
    with standing_in(tmp_path, samples.mixed()) as source:

        class Nobody(type(source)):  # type: ignore[misc]
            def status(self, urn: str) -> object:
                return samples.estate()

        nobody = Nobody(source.store, source.baseline, source.evidence, source.at, given=source.given)
        with pytest.raises(LeeboardError, match=r"knows of no device; what .* had of any is taken away"):
            build(nobody, tmp_path / "site")
    assert not list((tmp_path / "site").rglob("*.html")) and not list((tmp_path / "site").rglob("*.js"))


def test_what_is_kept_without_a_school_makes_no_folder(tmp_path: Path, baseline: Baseline) -> None:
    refused = pytest.raises(LeeboardError, match="knows of no school yet; run leeboard drift")
    with Store(tmp_path / "leeboard.db") as store, refused:
        build(Source(store, baseline, tmp_path / "evidence", NIGHT), tmp_path / "site")
    assert not (tmp_path / "site").exists()
