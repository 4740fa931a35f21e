"""The part that all driver modules share: arguments in, a driver's dry run or change out.

AnsibleModule stays in the module itself; here it is only used.
"""

from __future__ import annotations

import time
from typing import Any, NoReturn, Protocol

from ._linux.engine.change import Driver, PlanOutdated, apply
from ._linux.engine.edits import ChangeRefused
from ._linux.engine.host import Host, HostError


class Module(Protocol):
    """What is used of an AnsibleModule."""

    params: dict[str, Any]
    check_mode: bool

    def exit_json(self, **result: Any) -> NoReturn: ...
    def fail_json(self, msg: str, **result: Any) -> NoReturn: ...


class ReadingDriver(Driver, Protocol):
    """A driver with few addresses, `ALL` of them."""

    ALL: list[str]


ARGUMENTS = {
    "settings": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "address": {"type": "str", "required": True},
            "value": {"type": "raw", "required": True},
            "type": {"type": "str", "default": ""},
            "expect": {"type": "str", "default": ""},
        },
    },
    "run_id": {"type": "str"},
}


def run(module: Module, driver: Driver) -> None:
    """Change what `settings` asks for with `driver`, and end the module."""
    run_id = module.params["run_id"] or time.strftime("module-%Y%m%dT%H%M%SZ", time.gmtime())
    try:
        outcome = apply(driver, Host(), module.params["settings"], run_id, check=module.check_mode)
    except PlanOutdated as problem:
        module.fail_json(msg=f"{driver.NAME}: {problem}", outdated=True)
    except (ChangeRefused, HostError, ValueError) as problem:
        module.fail_json(msg=f"{driver.NAME}: {problem}")
    except OSError as problem:
        module.fail_json(msg=f"{driver.NAME}: {problem}; nothing that is not in the journal was changed")
    module.exit_json(**outcome)


READING: dict[str, dict[str, Any]] = {"addresses": {"type": "list", "elements": "str"}}
# For drivers that know more addresses than anybody could list: any package, any boot option.
READING_NAMED = {"addresses": {**READING["addresses"], "required": True}}


def read(module: Module, driver: ReadingDriver) -> None:
    """Return the readings of `addresses`, or of everything that a driver that only reads knows, and end the module."""
    if module.params["addresses"] is None:
        module.params["addresses"] = driver.ALL
    read_named(module, driver)


def read_named(module: Module, driver: Driver) -> None:
    """Return the readings of `addresses`, and end the module."""
    module.exit_json(changed=False, readings=driver.observe(Host(), module.params["addresses"]))
