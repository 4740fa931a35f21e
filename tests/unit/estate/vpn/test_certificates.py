"""The certificates beside a declaration: what makes a chain, and what is refused by name of the file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from leeboard.estate.estate import read_estate
from tests.unit.estate.vpn.declared import (
    DAY,
    ISSUING,
    OWN,
    ROOT,
    VPN,
    add_authority,
    an_estate,
    certificate,
    chain,
    key,
    pem,
    pem_of_key,
)

OTHER = "Another root"


def other() -> str:
    return pem(certificate(OTHER, key(OTHER), (OTHER, key(OTHER))))


def ended() -> str:
    return pem(certificate(ISSUING, key(ISSUING), (ROOT, key(ROOT)), days=-1))


def no_authority() -> str:
    return pem(certificate("A server", key("server"), (ROOT, key(ROOT)), ca=False))


def forged() -> str:
    """It says that the root issued it, and the root did not."""
    return pem(certificate(ISSUING, key(ISSUING), (ROOT, key(OTHER))))


@pytest.mark.parametrize("own", [False, True], ids=["leeboard", "school"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is missing; put the root's certificate there"),
        ("", "holds no certificates in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificates in PEM"),
        (lambda: "".join(chain()) + pem_of_key(ISSUING), "holds a private key; leave the certificates there alone"),
        (lambda: chain()[1], "holds 0 roots, and not one"),
        (lambda: "".join(chain()) + other(), "holds 2 roots, and not one"),
        (lambda: chain()[0] + no_authority(), "holds CN=A server, which is no authority's certificate"),
        (lambda: chain()[0] + ended(), f"holds CN={ISSUING}, which ended on 2026-11-25; put in its successor"),
        (lambda: chain()[0] + forged(), f"holds CN={ISSUING}, which the one above it has not signed"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_no_chain_is_refused_and_nobody_is_told(tmp_path: Path, own: bool, content: object, words: str) -> None:
    file = an_estate(tmp_path, OWN if own else VPN)
    place = tmp_path / ("authority.pem" if own else "vpn/authority.pem")
    if content is None:
        place.unlink(missing_ok=True)
    else:
        place.write_text(content() if callable(content) else str(content))
    found = read_estate(file, DAY)
    (problem,) = found.problems
    assert (problem.file, problem.column) == (str(file), "vpn.authority.root" if own else "vpn.authority")
    assert f"{place.relative_to(tmp_path)} {words}" in str(problem)
    assert "PRIVATE" not in str(problem) and problem.row == 9
    (school,) = found.schools
    assert not any("leeboard_vpn" in school.own_variables(row) for row in school.devices)
    # What is judged of the gateways does not hang on it.
    assert "leeboard_vpn_gateways" in school.variables


def test_the_order_in_the_file_does_not_matter(tmp_path: Path) -> None:
    file = an_estate(tmp_path)
    for text in ("".join(chain()), "".join(reversed(chain()))):
        add_authority(tmp_path, text)
        (school,) = read_estate(file, DAY).schools
        assert school.vpn is not None and school.vpn.chain.certificates == chain()


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("CN=Somebody", f"is 'CN=Somebody', and the file that root names holds CN={ROOT}; CN={ISSUING}"),
        ("Somebody", "is 'Somebody': must be a subject such as CN=Example Issuing CA"),
    ],
)
def test_an_issuer_is_one_of_the_file(tmp_path: Path, issuer: str, words: str) -> None:
    file = an_estate(tmp_path, OWN.replace(f"CN={ISSUING}", issuer))
    (tmp_path / "authority.pem").write_text("".join(chain()))
    (problem,) = read_estate(file, DAY).problems
    assert problem.column == "vpn.authority.issuer" and words in str(problem)


def test_the_estates_certificates_are_said_once_also_where_a_school_is_read_alone(tmp_path: Path) -> None:
    file = an_estate(tmp_path)
    (tmp_path / "vpn" / "authority.pem").unlink()
    for one in (file, tmp_path / "hill" / "school.yml"):
        (problem,) = read_estate(one, DAY).problems
        assert problem.file == str(file) and "vpn/authority.pem is missing" in str(problem)
