"""Which declaration of a VPN holds for a school, with what lies beside it: certificates and inner addresses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from leeboard.estate.settings import GATEWAYS, EstateFile, SchoolFile
from leeboard.estate.vpn import addresses
from leeboard.estate.vpn.certificates import Chain, read_chain
from leeboard.estate.vpn.declaration import Vpn
from leeboard.estate.vpn.of_school import SchoolVpn
from leeboard.model.enums import Level
from leeboard.model.problem import Mistake, Problem
from leeboard.model.values import plain


class Declarations:
    """The declarations of an estate and what lies beside them, each read once however many schools share it.

    `above` is the file of `shared`.
    """

    def __init__(self, above: Path, shared: EstateFile | None, today: date) -> None:
        self._above = above
        self._shared = shared
        self._today = today
        self._chains: dict[Path, tuple[Chain, tuple[Problem, ...]]] = {}
        self._ledgers: dict[Path, tuple[addresses.Ledger, tuple[Problem, ...]]] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with what lies beside the estate's own declaration."""
        return self._beside(self._above, self._shared.vpn) if self._shared and self._shared.vpn else ()

    def of_school(self, file: Path, settings: SchoolFile) -> tuple[SchoolVpn | None, tuple[Problem, ...]]:
        """What is declared for the school of this file, None where it has no VPN; and what lies beside it wrongly.

        What is wrong beside the estate's is in `problems` alone. Raises Mistake for two sources.
        """
        own, shared = "vpn" in settings.model_fields_set, self._shared
        vpn = settings.vpn if own else shared.vpn if shared else None
        if vpn is None:
            return None, ()
        place = file if own else self._above
        if GATEWAYS in settings.vars:
            message = f"says in other words what vpn.gateways says in {place.name}; take it out, and vpn counts"
            raise Mistake(message, f"vars.{GATEWAYS}")
        if shared is not None and GATEWAYS in shared.vars:
            message = f"says in other words what vars.{GATEWAYS} says in {self._above.name}; take it out there"
            raise Mistake(message, "vpn.gateways", vpn.line("gateways"))
        problems = self._beside(place, vpn)
        level = settings.level or (shared.level if shared else None) or Level.HIGH
        ledger = self._ledgers[place][0] if vpn.inner else addresses.Ledger()
        inner, held = ledger.of_school(settings.urn), ledger.all_of_school(settings.urn)
        found = SchoolVpn(vpn, place, file.parent, settings.urn, level, self._chains[place][0], inner, held)
        return found, problems if own else ()

    def _beside(self, file: Path, vpn: Vpn) -> tuple[Problem, ...]:
        if file not in self._chains:
            try:
                self._chains[file] = read_chain(file.parent, vpn, self._today), ()
            except Mistake as wrong:
                problem = Problem(plain(str(file), 300), wrong.message, vpn.line(wrong.column), f"vpn.{wrong.column}")
                self._chains[file] = Chain(), (problem,)
        if vpn.inner and file not in self._ledgers:
            self._ledgers[file] = addresses.read(file.parent)
        return (*self._chains[file][1], *self._ledgers.get(file, (None, ()))[1])
