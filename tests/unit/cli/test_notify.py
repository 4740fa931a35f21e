"""`leeboard notify` with an estate in files, a vault that Ansible opens, and real servers: each run is told once."""

from __future__ import annotations

import base64
import email
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from leeboard.ansible.vault_file import secret
from leeboard.cli import main
from leeboard.cli.notify import command
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.recording.heartbeat import Heartbeat, beat
from leeboard.evidence.store.store import Store
from tests.unit.evidence import estate
from tests.unit.evidence.estate import NIGHT, URN, expected, observation, run_id, write
from tests.unit.notify.servers import ACCOUNT, PASSWORD, Authority, HookServer, MailServer, hook_server, mail_server

OTHER = "123457"
SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
OPENS = "the password of the vault"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def mails(authority: Authority) -> Iterator[MailServer]:
    with mail_server(authority.context) as running:
        yield running


@pytest.fixture
def hooks(authority: Authority) -> Iterator[HookServer]:
    with hook_server(authority.context) as running:
        yield running


class Place:
    """An estate of two schools of which one names readers, and what is kept of them."""

    def __init__(self, folder: Path) -> None:
        self.estate, self.var = folder / "estate", folder / "var"
        self.at = NIGHT + timedelta(hours=1)
        for urn, more in ((URN, "notify: {mail: [head@hill.example]}\n"), (OTHER, "")):
            school = self.estate / urn
            school.mkdir(parents=True)
            (school / "school.yml").write_text(
                f'plugin: leeboard.schools.estate\nurn: "{urn}"\nname: School {urn}\nphase: primary\n{more}'
            )
            rows = "".join(f"LT-00{n},pc-{n},linux,portable,staff_portable\n" for n in (1, 2))
            (school / "devices.csv").write_text(f"asset,host,platform,form,role\n{rows}")

    def settings(self, text: str) -> None:
        head = "plugin: leeboard.schools.estate\nname: My LA\nlevel: standard\n"
        (self.estate / "estate.yml").write_text(f"{head}{text}")

    def vault(self, name: str, text: str) -> None:
        made = VaultLib([("default", VaultSecret(OPENS.encode()))]).encrypt(text)
        (self.estate / name).write_bytes(made)

    def night(self, number: int, lock: int, other: int = 600) -> None:
        self.at = NIGHT + timedelta(days=number, hours=1)
        with Store(self.var / "leeboard.db") as store:
            for urn, seconds in ((URN, lock), (OTHER, other)):
                said = {"LT-001": observation(lock=seconds), "LT-002": observation()}
                write(self.var / "evidence", run_id(number), [expected(a, urn=urn) for a in said], said, urn=urn)
            done = ingest(store, [self.var / "evidence"], estate.baseline(), self.var / "evidence")
        assert not done.problems

    def run(self, *words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main.main(["notify", *words, "-i", str(self.estate), "--var", str(self.var)])
        return int(str(ended.value.code))


@pytest.fixture
def place(
    tmp_path: Path, mails: MailServer, hooks: HookServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Place:
    made = Place(tmp_path)
    made.settings(
        "notify:\n"
        "  operators: [it@my-la.example]\n"
        "  link: https://reports.my-la.example/{urn}/\n"
        f"  mail: {{from: leeboard@my-la.example, host: localhost, port: {mails.port}, user: {ACCOUNT},"
        f" password: mail.vault, ca: {authority.pem}}}\n"
        f"  webhook: {{url: '{hooks.url}', secret: hook.vault, ca: {authority.pem}}}\n"
    )
    known = {"mail.vault": PASSWORD, "hook.vault": SECRET}
    monkeypatch.setattr(command, "secret", lambda path: known[path.name])  # ansible-vault takes seconds to start
    monkeypatch.setattr(command, "now", lambda: made.at)
    monkeypatch.setattr(command, "load", estate.baseline)
    monkeypatch.setattr(command.time, "sleep", lambda _: None)
    return made


@pytest.fixture
def vault(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets really lie in vaults, which ansible-vault opens."""
    place.vault("mail.vault", PASSWORD)
    place.vault("hook.vault", SECRET)
    opens = tmp_path / "vault-password"
    opens.write_text(f"{OPENS}\n")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(opens))
    monkeypatch.setattr(command, "secret", secret)


def test_a_school_is_told_of_a_night_once(place: Place, mails: MailServer) -> None:
    place.night(0, lock=600)
    place.night(1, lock=1800, other=1800)
    assert place.run("mail") == 0
    assert place.run("mail") == 0
    (content,) = mails.mails
    message = email.message_from_bytes(content)
    text = message.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert message["To"] == "head@hill.example"
    assert message["Subject"] == f"Leeboard: 1 new, 0 mended at School {URN}"
    assert "New findings: 1 (1 high)" in text and f"https://reports.my-la.example/{URN}/" in text
    assert OTHER not in text and "LT-001" not in text and "pc-1" not in text and "LCK-01" not in text


def test_a_quiet_night_sends_nothing_and_news_are_those_since_the_last_mail(place: Place, mails: MailServer) -> None:
    place.night(0, lock=600)
    place.night(1, lock=1800)
    assert place.run("mail") == 0
    place.night(2, lock=1800)
    assert place.run("mail") == 0
    assert len(mails.mails) == 1
    place.night(3, lock=600)
    assert place.run("mail") == 0
    assert b"0 new, 1 mended" in mails.mails[1]


def test_what_nobody_could_be_told_is_told_the_next_time(
    place: Place, mails: MailServer, capfd: pytest.CaptureFixture[str]
) -> None:
    place.night(0, lock=600)
    place.night(1, lock=1800)
    mails.answer = "451 try again later"
    assert place.run("mail") == 3
    assert "localhost refused a mail (451 try again later)" in capfd.readouterr().err
    mails.answer = "250 taken"
    assert place.run("mail") == 0
    assert len(mails.mails) == 1


def test_a_dry_run_tells_nobody_and_forgets_nothing(
    place: Place, mails: MailServer, hooks: HookServer, capfd: pytest.CaptureFixture[str]
) -> None:
    place.night(0, lock=600)
    place.night(1, lock=1800)
    for way in ("mail", "webhook"):
        assert place.run(way, "--dry-run") == 0
    out = capfd.readouterr().out
    assert "To: head@hill.example" in out and '"type": "leeboard.night.finished"' in out
    assert mails.mails == [] and mails.signed_in == [] and hooks.requests == []
    assert not (place.var / "notified.json").exists()


def test_one_message_tells_of_all_schools_once(place: Place, hooks: HookServer) -> None:
    place.night(0, lock=600)
    place.night(1, lock=1800)
    assert place.run("webhook") == 0
    assert place.run("webhook") == 0
    ((_, body),) = hooks.requests
    schools = {one["urn"]: one for one in json.loads(body)["data"]["schools"]}
    assert set(schools) == {URN, OTHER}
    assert schools[URN]["new"] == {"high": 1} and schools[OTHER]["new"] == {}
    assert schools[URN]["devices_total"] == 2 and schools[URN]["devices_drifted"] == 1
    assert "LT-001" not in body.decode()


def test_a_webhook_that_nobody_took_is_told_again_with_the_same_id(
    place: Place, hooks: HookServer, capfd: pytest.CaptureFixture[str]
) -> None:
    place.night(0, lock=600)
    hooks.answers = [503]
    assert place.run("webhook") == 1
    assert "answered 503" in capfd.readouterr().err
    hooks.answers = [200]
    assert place.run("webhook") == 0
    assert len({headers["webhook-id"] for headers, _ in hooks.requests}) == 1


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "mail.vault: is missing; make it with ansible-vault create mail.vault"),
        (b"in clear\n", "mail.vault: lies there in clear; run ansible-vault encrypt mail.vault"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n00\n", "mail.vault: the vault password does not open it, or there is none"),
    ],
)
def test_a_password_that_lies_in_clear_or_cannot_be_opened_sends_nothing(
    place: Place, mails: MailServer, content: bytes | None, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    place.night(0, lock=600)
    place.night(1, lock=1800)
    path = place.estate / "mail.vault"
    path.unlink() if content is None else path.write_bytes(content)
    assert place.run("mail") == 1
    assert said in capfd.readouterr().err
    assert mails.mails == [] and mails.signed_in == []


@pytest.mark.usefixtures("vault")
def test_the_password_is_in_nothing_that_is_left(
    place: Place, mails: MailServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place.night(0, lock=600)
    place.night(1, lock=1800)
    for way in ("mail", "webhook", "failed"):
        assert place.run(way) == 0
    assert mails.signed_in and set(mails.signed_in) == {PASSWORD.encode()}
    said = capfd.readouterr()
    for word in (PASSWORD, SECRET, SECRET[6:]):
        assert word not in said.out + said.err
        left = [path for path in tmp_path.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]
        assert left == []


def test_a_night_that_failed_is_told_to_the_operators_by_both_ways(
    place: Place, mails: MailServer, hooks: HookServer
) -> None:
    beat(place.var, Heartbeat(NIGHT, 2, 4, 2))
    assert place.run("failed", "--result", "exit-code") == 0
    assert place.run("failed", "--result", "exit-code") == 0
    (content,) = mails.mails
    message = email.message_from_bytes(content)
    assert message["To"] == "it@my-la.example"
    assert message["Subject"] == "Leeboard: the nightly check of My LA failed"
    assert "the nightly check failed (exit-code)" in content.decode()
    ((_, body),) = hooks.requests
    said = json.loads(body)
    assert said["type"] == "leeboard.night.failed" and said["data"]["last_night"] == "2026-11-02T02:10:00Z"


@pytest.mark.parametrize(
    ("hours", "told"), [(-24 * 365, True), (-31, True), (-29, False), (0, False), (2, True), (None, True)]
)
def test_a_night_that_did_not_happen_is_told(
    place: Place, mails: MailServer, hooks: HookServer, hours: int | None, told: bool
) -> None:
    if hours is not None:
        beat(place.var, Heartbeat(place.at + timedelta(hours=hours), 2, 4, 0))
    assert place.run("watch") == 0
    assert len(mails.mails) == len(hooks.requests) == int(told)


def test_a_heartbeat_that_makes_no_sense_is_no_good_news(place: Place, mails: MailServer) -> None:
    place.var.mkdir()
    (place.var / "heartbeat.json").write_text("{")
    assert place.run("watch") == 0
    assert b"no check of all schools has ever come to its end" in mails.mails[0].replace(b"=\r\n", b"")


def test_a_missing_night_is_told_again_the_next_day(place: Place, mails: MailServer) -> None:
    for days in (0, 0, 1):
        place.at = NIGHT + timedelta(days=40 + days, hours=1)
        assert place.run("watch") == 0
    assert len(mails.mails) == 2


def test_when_one_way_fails_the_other_is_used_and_it_is_said(
    place: Place, mails: MailServer, hooks: HookServer, capfd: pytest.CaptureFixture[str]
) -> None:
    hooks.answers = [500]
    assert place.run("failed") == 3
    assert "answered 500" in capfd.readouterr().err
    assert len(mails.mails) == 1
    mails.answer = "554 no"
    place.at += timedelta(days=1)
    assert place.run("failed") == 1


def test_without_anybody_to_tell_it_says_so(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    place.settings("")
    for way, said in (
        ("mail", "says no server for mail"),
        ("failed", "names nobody to tell"),
        ("watch", "names nobody to tell"),
    ):
        assert place.run(way) == 1
        assert said in capfd.readouterr().err


def test_a_damaged_note_of_what_was_told_is_named(
    place: Place, mails: MailServer, capfd: pytest.CaptureFixture[str]
) -> None:
    place.night(0, lock=600)
    (place.var / "notified.json").write_text("[")
    assert place.run("mail") == 1
    assert "notified.json: makes no sense" in capfd.readouterr().err
    assert mails.mails == []
