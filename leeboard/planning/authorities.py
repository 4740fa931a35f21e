"""Who else keeps a Windows device to a configuration of its own, in words for whoever is about to change it.

Pure. What OSConfig sets is named as its own setting by setting, and left alone. Nobody can see what DSC sets, so that
is only said.
"""

from __future__ import annotations

from leeboard.model.observation import Found, Observation

FACT = "configured_by"
DSC, OSCONFIG = "dsc", "osconfig: "
# Microsoft, "Configuring the Local Configuration Manager" (PowerShell-Docs-DSC, meta-config.md): what has drifted is
# only reported, unless ConfigurationMode is ApplyAndAutoCorrect.
WITH_DSC = (
    "DSC holds a configuration for this device, and nobody can see from here what it sets; with ConfigurationMode "
    "ApplyAndAutoCorrect (Get-DscLocalConfigurationManager) it sets that again each quarter of an hour: have each "
    "setting set by one of the two"
)
WITH_OSCONFIG = "OSConfig keeps this device to {}: what it sets is its own and is left alone; change it there"


def authorities(observation: Observation) -> tuple[str, ...]:
    """What to know of who else configures the device, a line each; none where nobody does, or it could not be read."""
    fact = observation.facts.get(FACT)
    if not isinstance(fact, Found) or isinstance(fact.value, (str, int)):
        return ()
    names = [str(one) for one in fact.value]
    scenarios = [one.removeprefix(OSCONFIG) for one in names if one.startswith(OSCONFIG)]
    said = [WITH_OSCONFIG.format(", ".join(scenarios))] if scenarios else []
    return tuple([WITH_DSC, *said] if DSC in names else said)
