"""A small estate for the tests of evidence, and the stores that they run against."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from tests.unit.evidence import estate


@pytest.fixture(scope="session")
def baseline() -> Baseline:
    return estate.baseline()


def lacks_account(user: int) -> str:
    """What PostgreSQL, which does not run as root, is missing for a test run of this user; empty when it is nothing."""
    if user != 0:
        return ""
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return (
            "PostgreSQL is here and its account postgres is not, which the package postgresql-common makes "
            "(apt-get install --reinstall postgresql-common; or run the tests as another user than root)"
        )
    return "" if shutil.which("runuser") else "runuser is not installed (apt-get install util-linux)"


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A private PostgreSQL on a unix socket; its URL without the database."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    if lacking := lacks_account(os.getuid()):
        pytest.skip(lacking)
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="lb-pg-"))
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    start = [*user, str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    subprocess.run(
        [*user, str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    subprocess.run([*start, "-o", options, "start"], check=True, capture_output=True, cwd="/")
    try:
        yield f"host={folder}"
    finally:
        subprocess.run([*start, "-m", "immediate", "stop"], check=False, capture_output=True, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(cluster: str) -> Iterator[str]:
    """The URL of an empty database."""
    import psycopg

    name = f"t{os.urandom(6).hex()}"
    with psycopg.connect(f"{cluster} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    folder = cluster.removeprefix("host=")
    yield f"postgresql+psycopg://postgres@/{name}?host={folder}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    where = tmp_path / "leeboard.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    with Store(where) as opened:
        yield opened
