"""The units of the role nightly: nobody is told unless it is asked for, and each command in them is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import jinja2
import pytest
import typer
import yaml

from leeboard.cli.main import app

ROLE = Path(__file__).resolve().parents[3] / "roles" / "nightly"
ON = {"nightly_notify": ["mail", "webhook"], "nightly_prometheus": "/var/lib/node exporter"}


def rendered(name: str, **more: Any) -> str:
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)
    environment.filters["quote"] = shlex.quote
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    text = (ROLE / "templates" / f"{name}.j2").read_text()
    return environment.from_string(text).render({**defaults, "nightly_inventory": "/srv/estate of 100%", **more})


def test_by_default_nobody_is_told() -> None:
    text = rendered("leeboard-nightly.service")
    assert "OnSuccess" not in text and "OnFailure" not in text and "notify" not in text
    tasks = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())
    (watch,) = (
        one for one in tasks if one.get("ansible.builtin.systemd_service", {}).get("name") == "leeboard-watch.timer"
    )
    assert watch["ansible.builtin.systemd_service"]["enabled"] == "{{ nightly_notify | length > 0 }}"


def test_what_is_asked_for_follows_the_night() -> None:
    lines = rendered("leeboard-nightly.service", **ON).splitlines()
    assert [line for line in lines if line.startswith("On")] == [
        "OnSuccess=leeboard-notify@mail.service",
        "OnSuccess=leeboard-notify@webhook.service",
        "OnSuccess=leeboard-export.service",
        "OnFailure=leeboard-notify@failed.service",
    ]
    unit = lines.index("[Unit]"), lines.index("[Service]")
    assert all(unit[0] < place < unit[1] for place, line in enumerate(lines) if line.startswith("On"))


@pytest.mark.parametrize(
    ("name", "instance"),
    [
        ("leeboard-export.service", ""),
        *(("leeboard-notify@.service", one) for one in ("mail", "webhook", "failed", "watch")),
    ],
)
def test_each_command_is_one_that_there_is(name: str, instance: str) -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", rendered(name, **ON), re.MULTILINE)
    # As systemd has it: %i is the instance, and two of a sign are one.
    program, *words = shlex.split(line.replace("%i", instance).replace("%%", "%").replace("$$", "$"))
    assert program == "/opt/leeboard/.venv/bin/leeboard"
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands"):
        found, words = found.commands[words[0]], words[1:]
    context = found.make_context("leeboard", words)
    assert context.params["inventory"] == Path("/srv/estate of 100%") and context.params["var"] == Path(
        "/var/lib/leeboard"
    )
    if not instance:
        assert (context.params["format"], context.params["to"]) == ("prometheus", Path("/var/lib/node exporter"))


def test_the_watch_asks_for_the_watch() -> None:
    assert "Unit=leeboard-notify@watch.service\n" in rendered("leeboard-watch.timer")
