"""JUnit files keep the schema of Jenkins, whether a check prints them or an export writes them."""

from __future__ import annotations

import io
from hashlib import sha256

import pytest

from leeboard.report.export.junit_file import JunitWriter
from leeboard.report.junit import write_junit
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples
from tests.unit.report.export.written import STATUSES, written
from tests.unit.report.junit_schema import SCHEMA, faults

PUBLISHED = "a1a816f58d1bf95ebabf371994df0b9246dee66ea9572fbec4f9296f1b2c0ff6"
# What a reader by the schema refuses: a slip in our file, and the words by which it is named.
SLIPS = {
    "a suite without its name": ('<testsuite name="', '<testsuite label="', "missing required attribute 'name'"),
    "a suite without its number of cases": (' tests="', ' cases="', "missing required attribute 'tests'"),
    "a case without its name": (" name=", " title=", "missing required attribute 'name'"),
    "an attribute that it does not know": (
        "<testsuites ",
        '<testsuites skipped="1" ',
        "'skipped' attribute not allowed",
    ),
    "a verdict as an element": ("<failure ", "<drifted ", "Unexpected child with tag 'drifted'"),
}


def printed(status: EstateStatus) -> str:
    """What `leeboard drift --format junit` prints."""
    stream = io.StringIO()
    write_junit(status, stream)
    return stream.getvalue()


@pytest.mark.parametrize("status", [*STATUSES, samples.estate()])
def test_what_is_printed_and_what_is_exported_keep_the_schema(status: EstateStatus) -> None:
    assert faults(printed(status)) == []
    assert faults(written(JunitWriter, status)) == []


@pytest.mark.parametrize("slip", SLIPS)
def test_the_schema_notices_a_slip(slip: str) -> None:
    right, wrong, words = SLIPS[slip]
    text = printed(samples.mixed())
    assert right in text
    assert any(words in fault for fault in faults(text.replace(right, wrong))), faults(text.replace(right, wrong))


def test_the_schema_is_as_it_was_published() -> None:
    assert sha256(SCHEMA.read_bytes()).hexdigest() == PUBLISHED
