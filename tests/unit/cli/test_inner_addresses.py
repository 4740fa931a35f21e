"""`leeboard estate addresses`, and what `estate check` says of a declaration."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from leeboard.cli.main import app
from leeboard.estate.estate import read_estate
from tests.unit.estate.folders import add_school
from tests.unit.estate.vpn.declared import DAY, OWN, VPN, an_estate, chain

INNER = VPN.replace("home: [10", "inner: [10.99.0.0/24]\n  home: [10")


def run(folder: Path, command: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["estate", command, "-i", str(folder), *options])


def test_devices_with_the_vpn_get_an_address_each_and_keep_it(tmp_path: Path) -> None:
    file = an_estate(tmp_path, INNER)
    ledger = tmp_path / "vpn" / "addresses.csv"
    preview = run(tmp_path, "addresses")
    wanted = [
        "address,identity,device",
        "10.99.0.2,a-3.900001.leeboard.internal,lt-3.900001",
        "10.99.0.3,a-1.900001.leeboard.internal,lt-1.900001",
        "10.99.0.4,a-4.900001.leeboard.internal,pc-4.900001",
    ]
    lines = preview.stdout.splitlines()
    assert preview.exit_code == 0 and [line.split(",")[::2] for line in lines] == [
        line.split(",")[::2] for line in wanted
    ]
    assert lines[2:] == wanted[2:]
    assert f"not kept: {ledger} would change; say --write" in preview.stderr and not ledger.exists()
    kept = run(tmp_path, "addresses", "--write")
    assert kept.stdout == preview.stdout and f"written: {ledger}" in kept.stderr
    content = ledger.read_bytes()
    again = run(tmp_path, "addresses", "--write")
    assert again.stdout == preview.stdout and again.stderr == "" and ledger.read_bytes() == content
    (school,) = read_estate(file, DAY).schools
    found = {row.asset: school.own_variables(row).get("leeboard_inner_address") for row in school.devices}
    assert found == {"A-1": "10.99.0.3", "A-2": None, "A 3": "10.99.0.2", "A-4": "10.99.0.4", "A-5": None}
    row = school.devices[0]
    assert school.origins(row)["leeboard_inner_address"] == "addresses.csv"
    assert school.origins(row).keys() == school.device_variables(row).keys()


def test_one_school_alone_takes_no_address_from_another(tmp_path: Path) -> None:
    an_estate(tmp_path, INNER)
    add_school(tmp_path / "mill", "900002", "", "M-1,m-1,,linux,portable,office,,\n")
    both = run(tmp_path, "addresses", "--write")
    (tmp_path / "hill" / "devices.csv").write_text("asset,platform,form,role\nA-1,linux,portable,office\n")
    alone = run(tmp_path / "hill", "addresses", "--write")
    assert alone.stdout.splitlines()[1:] == ["10.99.0.3,a-1.900001.leeboard.internal,A-1.900001"]
    assert both.stdout.splitlines()[4] in run(tmp_path, "addresses").stdout


@pytest.mark.parametrize("damage", ["ledger", "authority", "row"])
def test_nothing_is_given_while_something_is_wrong(tmp_path: Path, damage: str) -> None:
    """Otherwise a device that a mistake hides would lose its address."""
    an_estate(tmp_path, INNER)
    run(tmp_path, "addresses", "--write")
    ledger = tmp_path / "vpn" / "addresses.csv"
    if damage == "ledger":
        ledger.write_text(ledger.read_text() + "10.99.0.2,900001,B-1,2026-11-26,\n")
    elif damage == "authority":
        (tmp_path / "vpn" / "authority.pem").unlink()
    else:
        with (tmp_path / "hill" / "devices.csv").open("a") as file:
            file.write("A-9,pc-9,,beos,portable,office,,\n")
    content = ledger.read_bytes()
    done = run(tmp_path, "addresses", "--write")
    assert done.exit_code == 3 and done.stdout == "" and "problem: " in done.stderr
    assert ledger.read_bytes() == content


def test_an_estate_without_networks_for_them_says_so(tmp_path: Path) -> None:
    an_estate(tmp_path)
    done = run(tmp_path, "addresses")
    assert done.exit_code == 1 and "name them under vpn.inner" in str(done.exception)


def test_a_check_names_file_line_and_key_of_a_declaration(tmp_path: Path) -> None:
    an_estate(tmp_path, more=VPN.replace("ikev2", "pptp"))
    done = run(tmp_path, "check")
    wanted = f"{tmp_path}/hill/school.yml, line 6, vpn.kind: is 'pptp': not to be used: its protection was broken"
    assert done.exit_code == 3 and wanted in done.stdout


def test_two_schools_may_not_share_a_name_by_an_authority_that_knows_no_schools(tmp_path: Path) -> None:
    an_estate(tmp_path, OWN)
    (tmp_path / "authority.pem").write_text("".join(chain()))
    add_school(tmp_path / "mill", "900002", "", "M-1,LT-1,,linux,portable,office,,\nM-2,pc-2,,linux,desktop,office,,\n")
    done = run(tmp_path, "check")
    assert done.exit_code == 3 and done.stdout.count("\n") == 1
    wanted = (
        "mill/devices.csv, row 2, column host: 'LT-1' would be lt-1.example-la.example in the certificate of its VPN"
    )
    assert wanted in done.stdout and "as A-1 in hill is; give one another host" in done.stdout
