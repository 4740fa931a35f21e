"""Programs that share the desktop are switched off: what is done about each kind, what stays, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import listening
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo

from tests.unit.linux.folder import PASSWD, Answers, folder

SYSTEM, USER = "/etc/systemd/system", "/etc/systemd/user"
RUNS: dict[str, str | None] = {"/etc/passwd": PASSWD, "/run/systemd/system/x": ""}
LINE = 'tcp LISTEN 0 64 0.0.0.0:{} 0.0.0.0:* users:(("{}",pid={},fd=3)) ino:1 sk:1 cgroup:/x <->\n'
# As /proc has it of a shell that came by SSH, and of one that a desktop started.
BY_SSH: dict[str, str | None] = {
    "/proc/self/status": "Name:\tpython3\nPPid:\t90\n",
    "/proc/90/status": "Name:\tsudo\nPPid:\t80\n",
    "/proc/80/status": "Name:\tsshd-session\nPPid:\t1\n",
    "/proc/self/cgroup": "0::/user.slice/user-1000.slice/session-4.scope\n",
}
AT_THE_DESKTOP: dict[str, str | None] = {**BY_SSH, "/proc/80/status": "Name:\tgnome-terminal-\nPPid:\t1\n"}


class Systemd:
    """A double of systemctl over {unit: [LoadState, ActiveState, UnitFileState, MainPID]}, and of ss (`out`).

    systemctl(1): a mask is a link in /etc, which it does not put in the place of a file.
    """

    def __init__(self, units: dict[str, list[str]], out: str = "") -> None:
        self.units = units
        self.out = out
        self.done: list[list[str]] = []
        self.runner = Answers({"ss -H": lambda _argv: Completed(0, self.out, ""), "": self.answer})

    def answer(self, argv: list[str]) -> Completed:
        if argv[:2] == ["systemctl", "show"]:
            fields = self.units.get(argv[-1], ["not-found", "inactive", "", "0"])
            names = ("LoadState", "ActiveState", "UnitFileState", "MainPID")
            return Completed(0, "".join(f"{name}={text}\n" for name, text in zip(names, fields, strict=True)), "")
        self.done.append(argv)
        if argv[0] == "systemctl" and argv[-1] in self.units:
            fields = self.units[argv[-1]]
            sides = {
                "stop": (1, "inactive"), "start": (1, "active"), "disable": (2, "disabled"), "enable": (2, "enabled"),
                "mask": (2, "masked"), "unmask": (2, "disabled"),
            }  # fmt: skip
            at, text = sides[argv[1]]
            fields[at] = text
            if argv[1] == "stop":
                self.out = "".join(line for line in self.out.splitlines(True) if f"pid={fields[3]}," not in line)
        elif argv[:2] == ["sh", "-c"]:
            self.out = "".join(line for line in self.out.splitlines(True) if f"pid={argv[-2]}," not in line)
        return Completed(0, "", "")


def machine(root: Path, systemd: Systemd, files: dict[str, str | None] | None = None) -> Host:
    host = folder(root, {**RUNS, **BY_SSH, **(files or {})}, systemd.runner)
    host.is_root = True
    return host


def switch_off(host: Host, address: str = "desktop-sharing", stay: Any = (), **options: Any) -> dict[str, Any]:
    return apply(listening, host, [{"address": address, "value": list(stay)}], "run", **options)


def process(pid: int, name: str, cgroup: str, uid: int = 1000) -> dict[str, str | None]:
    ids = f"{uid}\t{uid}\t{uid}\t{uid}"
    return {
        f"/proc/{pid}/status": f"Name:\t{name}\nPPid:\t1\nUid:\t{ids}\nGid:\t{ids}\n",
        f"/proc/{pid}/cgroup": f"0::{cgroup}\n",
        f"/proc/{pid}/comm": f"{name}\n",
    }


def enabled(unit: str, text: str = "[Service]\n", place: str = "/usr/lib/systemd/system") -> dict[str, str | None]:
    return {f"{SYSTEM}/multi-user.target.wants/{unit}": "", f"{place}/{unit}": text}


def left(host: Host, address: str = "desktop-sharing") -> Any:
    return listening.observe(host, [address])[address]["effective"]["value"]


def test_a_service_of_a_package_is_stopped_disabled_and_masked(tmp_path: Path) -> None:
    systemd = Systemd({"anydesk.service": ["loaded", "active", "enabled", "7"]})
    host = machine(
        tmp_path, systemd, {**enabled("anydesk.service"), **process(7, "anydesk", "/system.slice/anydesk.service")}
    )
    assert len(left(host)) == 2  # its process, and that it starts
    outcome = switch_off(host)
    assert outcome["changed"]
    assert systemd.done == [["systemctl", verb, "anydesk.service"] for verb in ("stop", "disable", "mask")]


def test_what_is_off_costs_no_command(tmp_path: Path) -> None:
    systemd = Systemd({})
    outcome = switch_off(machine(tmp_path, systemd, {"/etc/xdg/autostart/a.desktop": "[Desktop Entry]\nExec=ls\n"}))
    assert (outcome["changed"], outcome["journal"], systemd.done) == (False, None, [])


def test_check_mode_changes_nothing(tmp_path: Path) -> None:
    systemd = Systemd({"x11vnc.service": ["loaded", "active", "enabled", "7"]})
    host = machine(tmp_path, systemd, enabled("x11vnc.service"))
    assert switch_off(host, check=True)["changed"]
    assert systemd.done == [] and not (tmp_path / "var").exists()


def test_what_the_school_allows_stays(tmp_path: Path) -> None:
    systemd = Systemd(
        {f"{name}.service": ["loaded", "inactive", "enabled", "0"] for name in ("anydesk", "x11vnc")},
    )
    host = machine(tmp_path, systemd, {**enabled("anydesk.service"), **enabled("x11vnc.service")})
    switch_off(host, stay=["anydesk.service (starts with the machine)"])
    assert {argv[-1] for argv in systemd.done} == {"x11vnc.service"}


def test_a_service_whose_file_somebody_wrote_is_disabled_and_its_file_stays(tmp_path: Path) -> None:
    systemd = Systemd({"x11vnc.service": ["loaded", "inactive", "enabled", "0"]})
    host = machine(tmp_path, systemd, enabled("x11vnc.service", "[Service]\nExecStart=x11vnc\n", SYSTEM))
    switch_off(host)
    assert systemd.done == [["systemctl", "disable", "x11vnc.service"]]
    assert (tmp_path / SYSTEM.lstrip("/") / "x11vnc.service").read_text() == "[Service]\nExecStart=x11vnc\n"


def test_one_that_a_timer_starts_gets_an_empty_file_and_gets_its_own_back(tmp_path: Path) -> None:
    text = "[Service]\nExecStart=x11vnc\n"
    systemd = Systemd({"x11vnc.service": ["loaded", "inactive", "disabled", "0"]})
    files = {
        **enabled("lesson.timer", "[Timer]\nOnBootSec=30\nUnit=x11vnc.service\n", SYSTEM),
        f"{SYSTEM}/x11vnc.service": text,
    }
    host = machine(tmp_path, systemd, files)
    switch_off(host)
    unit = tmp_path / SYSTEM.lstrip("/") / "x11vnc.service"
    assert unit.read_text() == "" and systemd.done == [["systemctl", "daemon-reload"]]
    assert left(host) == []
    undo(host, "run", "undo")
    assert unit.read_text() == text
    assert systemd.done[1:] == [["systemctl", "daemon-reload"]]


@pytest.mark.parametrize(
    ("cgroup", "main", "done"),
    [
        ("/system.slice/vnc.service", "7", ["stop"]),  # a unit of systemd-run, which is gone with that
        ("/system.slice/cron.service", "9", ["end"]),  # cron does other things as well
        ("/user.slice/user-1000.slice/session-2.scope", "", ["end"]),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-konsole-1.service", "", ["end"]),
        ("/", "", ["end"]),
    ],
)
def test_a_process_is_ended_where_no_unit_is_there_for_it_alone(
    tmp_path: Path, cgroup: str, main: str, done: list[str]
) -> None:
    unit = cgroup.rsplit("/", 1)[-1]
    systemd = Systemd(
        {unit: ["loaded", "active", "transient", main]} if main else {}, LINE.format(5901, "Xtigervnc", 7)
    )
    host = machine(tmp_path, systemd, process(7, "Xtigervnc", cgroup))
    outcome = switch_off(host)
    assert [argv[1] if argv[0] == "systemctl" else "end" for argv in systemd.done] == done
    assert systemd.done[-1][-2:] == (["7", "Xtigervnc"] if done == ["end"] else ["stop", unit])
    assert outcome["after"]["desktop-sharing"]["effective"]["value"] == []


def test_a_unit_of_peoples_managers_is_masked_for_all_and_stopped_for_whoever_runs_it(tmp_path: Path) -> None:
    unit = "app-org.kde.krdpserver.service"
    cgroup = f"/user.slice/user-1000.slice/user@1000.service/session.slice/{unit}"
    systemd = Systemd({}, LINE.format(3389, "krdpserver", 7))
    host = machine(
        tmp_path,
        systemd,
        {
            **process(7, "krdpserver", cgroup),
            f"/usr/lib/systemd/user/{unit}": "[Service]\n",
            f"/home/ada/.config/systemd/user/default.target.wants/{unit}": "",
        },
    )
    outcome = switch_off(host)
    assert (tmp_path / USER.lstrip("/") / unit).read_bytes() == b""
    stop, end = systemd.done
    assert stop[:3] == ["setpriv", "--reuid=1000", "--regid=1000"] and stop[-2:] == ["1000", unit]
    assert end[-2:] == ["7", "krdpserver"]
    assert outcome["after"]["desktop-sharing"]["effective"]["value"] == []
    undo(host, "run", "undo")
    assert not (tmp_path / USER.lstrip("/") / unit).exists()
    assert left(host) == [f"{unit} (starts with ada's session)"]


def test_a_manager_of_somebody_else_is_not_asked(tmp_path: Path) -> None:
    """A process may be moved into any folder of its owner's; only the owner's own manager is spoken to."""
    cgroup = "/user.slice/user-1000.slice/user@1000.service/app.slice/krfb.service"
    systemd = Systemd({}, LINE.format(5900, "krfb", 7))
    switch_off(machine(tmp_path, systemd, process(7, "krfb", cgroup, uid=1001)))
    assert [argv[0] for argv in systemd.done] == ["sh"]


def test_an_autostart_entry_is_hidden_and_comes_back(tmp_path: Path) -> None:
    entry = "[Desktop Entry]\nName=AnyDesk\nExec=/usr/bin/anydesk --tray\n[Desktop Action x]\nExec=y\n"
    host = machine(tmp_path, Systemd({}), {"/etc/xdg/autostart/anydesk.desktop": entry})
    outcome = switch_off(host)
    there = tmp_path / "etc/xdg/autostart/anydesk.desktop"
    assert there.read_text() == entry.replace("[Desktop Entry]\n", "[Desktop Entry]\nHidden=true\n")
    assert outcome["after"]["desktop-sharing"]["effective"]["value"] == []
    undo(host, "run", "undo")
    assert there.read_text() == entry


def test_gnomes_sign_in_from_afar(tmp_path: Path) -> None:
    unit = "gnome-remote-desktop.service"
    systemd = Systemd({unit: ["loaded", "active", "enabled", "7"]})
    files = {
        f"{SYSTEM}/graphical.target.wants/{unit}": "",
        f"/usr/lib/systemd/system/{unit}": "[Service]\n",
        "/etc/gnome-remote-desktop/grd.conf": "[RDP]\nenabled=true\n",
    }
    switch_off(machine(tmp_path, systemd, files))
    assert systemd.done == [["systemctl", verb, unit] for verb in ("stop", "disable", "mask")]


def test_xrdp_with_its_session_manager(tmp_path: Path) -> None:
    systemd = Systemd(
        {
            "xrdp.service": ["loaded", "active", "enabled", "7"],
            "xrdp-sesman.service": ["loaded", "active", "enabled", "8"],
        },
        LINE.format(3389, "xrdp", 7),
    )
    host = machine(tmp_path, systemd, {**enabled("xrdp.service"), **process(7, "xrdp", "/system.slice/xrdp.service")})
    switch_off(host, "xrdp")
    assert systemd.done == [
        ["systemctl", verb, f"{unit}.service"]
        for verb in ("stop", "disable", "mask")
        for unit in ("xrdp", "xrdp-sesman")
    ]


def test_an_undo_switches_services_on_again(tmp_path: Path) -> None:
    systemd = Systemd({"anydesk.service": ["loaded", "active", "enabled", "7"]})
    host = machine(tmp_path, systemd, enabled("anydesk.service"))
    switch_off(host)
    (line,) = [json.loads(one) for one in (tmp_path / "var/lib/leeboard/journal/run.jsonl").read_text().splitlines()]
    assert line["units"] == {"anydesk.service": ["active", "enabled"]}
    systemd.done.clear()
    done = undo(host, "run", "undo")
    assert systemd.done == [["systemctl", verb, "anydesk.service"] for verb in ("unmask", "enable", "start")]
    assert done["left"] == []
    again = undo(host, "run", "again")
    assert (again["changed"], len(again["already"])) == (False, 3)


def test_an_undo_says_which_unit_is_gone(tmp_path: Path) -> None:
    systemd = Systemd({"vnc.service": ["loaded", "active", "transient", "7"]}, LINE.format(5901, "Xtigervnc", 7))
    host = machine(tmp_path, systemd, process(7, "Xtigervnc", "/system.slice/vnc.service"))
    switch_off(host)
    del systemd.units["vnc.service"]
    (entry,) = undo(host, "run", "undo")["left"]
    assert entry["why"] == "changed since: systemd knows no vnc.service any more"


# What is left alone

REFUSED: list[tuple[str, str, dict[str, str | None], str]] = [
    (
        "a program that nobody knows",
        LINE.format(5900, "python3", 7),
        {},
        "python3 (TCP 5900 on every address): no program that Leeboard knows to share a desktop",
    ),
    (
        "a screen that people work at",
        LINE.format(6000, "Xorg", 7),
        process(7, "Xorg", "/system.slice/gdm.service"),
        "Xorg (TCP 6000 on every address): it is a screen that somebody works at; take -listen out of its options",
    ),
    (
        "a technician in a session of xrdp",
        LINE.format(5900, "x11vnc", 7),
        {**process(7, "x11vnc", "/x.scope"), "/proc/80/status": "Name:\txrdp-sesman\nPPid:\t1\n"},
        "this roll-out was itself started through xrdp-sesman; come by SSH",
    ),
    (
        "a roll-out from the device's own desktop",
        LINE.format(5900, "x11vnc", 7),
        {**process(7, "x11vnc", "/x.scope"), **AT_THE_DESKTOP},
        "this roll-out runs on the device itself, in somebody's session, and x11vnc may be how they see it",
    ),
]


OWN_FILE: dict[str, str | None] = {
    f"/home/ada/.config/systemd/user/{name}": text
    for name, text in (("krfb.service", "[Service]\n"), ("default.target.wants/krfb.service", ""))
}
REFUSED += [
    (
        "a person's own file, which counts before a mask",
        "",
        {**OWN_FILE, f"{USER}/krfb.service": None},
        "krfb.service (starts with ada's session): it is masked for everybody, and a file of that person's own counts",
    )
]


@pytest.mark.parametrize(("out", "files", "words"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_is_refused_changes_nothing(tmp_path: Path, out: str, files: dict[str, str | None], words: str) -> None:
    systemd = Systemd({}, out)
    host = machine(tmp_path, systemd, files)
    with pytest.raises(ChangeRefused) as refused:
        switch_off(host)
    assert words in str(refused.value)
    assert systemd.done == [] and not (tmp_path / "var").exists()


def test_what_only_starts_one_day_is_switched_off_from_the_desktop_too(tmp_path: Path) -> None:
    systemd = Systemd({"x11vnc.service": ["loaded", "inactive", "enabled", "0"]})
    switch_off(machine(tmp_path, systemd, {**enabled("x11vnc.service"), **AT_THE_DESKTOP}))
    assert [argv[1] for argv in systemd.done] == ["disable", "mask"]


def test_an_entry_that_is_a_link_keeps_no_other_from_being_switched_off(tmp_path: Path) -> None:
    systemd = Systemd({"x11vnc.service": ["loaded", "inactive", "enabled", "0"]})
    entry = "[Desktop Entry]\nExec=anydesk\n"
    host = machine(tmp_path, systemd, {**enabled("x11vnc.service"), "/usr/share/applications/anydesk.desktop": entry})
    (tmp_path / "etc/xdg/autostart").mkdir(parents=True)
    (tmp_path / "etc/xdg/autostart/a.desktop").symlink_to("../../../usr/share/applications/anydesk.desktop")
    switch_off(host)
    assert [argv[1] for argv in systemd.done] == ["disable", "mask"]
    with pytest.raises(ChangeRefused, match=r"is a symbolic link to /usr/share/applications/anydesk\.desktop"):
        switch_off(host, stay=["x11vnc.service (starts with the machine)"])


def test_a_stranger_keeps_no_other_from_being_switched_off(tmp_path: Path) -> None:
    systemd = Systemd({}, LINE.format(5900, "python3", 6) + LINE.format(5901, "Xtigervnc", 7))
    outcome = switch_off(machine(tmp_path, systemd, process(7, "Xtigervnc", "/x.scope")))
    assert outcome["after"]["desktop-sharing"]["effective"]["value"] == ["python3 (TCP 5900 on every address)"]


@pytest.mark.parametrize(
    ("address", "stay", "words"),
    [
        ("other-ssh-servers", [], "other-ssh-servers is only reported"),
        ("desktop-sharing", "none", "what may stay is a list of what was found there, not 'none'"),
        ("desktop-sharing", [1], "what may stay is a list"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, address: str, stay: Any, words: str) -> None:
    with pytest.raises(ChangeRefused, match=words):
        apply(listening, machine(tmp_path, Systemd({})), [{"address": address, "value": stay}], "run")


def test_without_systemd_a_unit_cannot_be_switched_off(tmp_path: Path) -> None:
    host = folder(
        tmp_path,
        {"/etc/passwd": PASSWD, **enabled("x11vnc.service")},
        Answers({"ss -H": Completed(0, "", "")}),
    )
    host.is_root = True
    with pytest.raises(ChangeRefused, match="systemd does not run on this machine"):
        switch_off(host)
