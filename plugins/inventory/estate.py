# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Schools and their devices for Ansible: a thin adapter, which hands on what `leeboard.estate` reads."""

from __future__ import annotations

DOCUMENTATION = r"""
name: estate
short_description: The schools of an estate and their devices, from estate.yml, school.yml and devices.csv
version_added: 0.1.0
description:
  - Reads C(estate.yml) with all schools in the folders beside it, or one school's C(school.yml) with nothing of the
    other schools.
  - A school is a folder with C(school.yml), C(devices.csv) (a row a device) and, where it has any, C(waivers.yml).
  - A row that makes no sense is a warning with file, row and column, and the other rows load. A C(school.yml) that
    makes no sense costs that school.
  - Devices are in the groups C(school_URN), C(school_URN_PLATFORM), C(phase_PHASE), C(platform_PLATFORM), C(form_FORM),
    C(role_ROLE) and C(level_LEVEL), and C(unreachable_by_design) where C(reachable) in C(school.yml) is false.
  - A device's name is its host and its school's URN, such as C(office-1.900001), so that two schools may name a device
    the same, and a device is called the same whether all schools are read or one.
  - A template in C(vars) is worked out by Ansible; one in C(devices.csv) or C(waivers.yml) stays text.
notes:
  - Give Ansible the file, not the folder, C(-i inventories/example/estate.yml). Of a folder it would read every file.
  - docs/inventory.md describes the files with all their keys and columns.
requirements:
  - the Python package C(leeboard) where Ansible runs
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [leeboard.schools.estate]
author:
  - Leeboard (@leeboard)
"""

EXAMPLES = r"""
# inventories/my-la/estate.yml: what all schools share
plugin: leeboard.schools.estate
name: Example LA
level: standard
connection:
  linux: {user: technician, key: /etc/leeboard/id_ed25519}

---
# inventories/my-la/hill/school.yml: one school; hill/devices.csv lists its devices
plugin: leeboard.schools.estate
urn: "900001"
name: Example Primary School
phase: primary
network:
  jump_host: technician@jump.example-primary.example
vault: vault.yml
connection:
  windows:
    realm: EXAMPLE.SCHOOL
    user: leeboard
    ca: /etc/leeboard/example-primary.pem
    vars:
      ansible_password: "{{ vault_windows_password }}"
enforce:
  - {family: LCK, since: 2026-11-26, by: Head teacher}
"""

# ruff: noqa: E402 (Ansible reads the documentation from the top of the file)
from pathlib import Path

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import trust_as_template
from ansible_collections.leeboard.schools.plugins.plugin_utils import brain

if not brain.missing():
    from leeboard.errors import LeeboardError
    from leeboard.escrow.volumes.entra_export import VARIABLE as ENTRA_EXPORT
    from leeboard.estate.estate import read_estate
    from leeboard.storage.yaml_reader import has_tagged

FILES = ("estate.yml", "school.yml")
UNREACHABLE = "unreachable_by_design"
SHUT = "leeboard_vault_shut"  # why, for the callback: a device that needs something of the vault is then told so


class InventoryModule(BaseInventoryPlugin):
    """Adds groups, hosts and variables; what they are is decided in `leeboard.estate`."""

    NAME = "leeboard.schools.estate"

    def verify_file(self, path):
        """An estate.yml or a school.yml; Ansible's `auto` has looked at its `plugin:`."""
        return Path(path).name in FILES and super().verify_file(path)

    def parse(self, inventory, loader, path, cache=True):
        """Add all that the file stands for."""
        super().parse(inventory, loader, path, cache)
        problem = brain.missing()
        if problem:
            raise AnsibleParserError(problem)
        try:
            estate = read_estate(Path(path))
        except LeeboardError as wrong:
            raise AnsibleParserError(str(wrong)) from None
        for problem in estate.problems:
            self.display.warning(str(problem))
        self._ansibles_own = {}
        for school in estate.schools:
            self._add(school)

    def _add(self, school):
        above = self._group(f"school_{school.urn}", self._group(f"phase_{school.settings.phase}"))
        if not school.settings.reachable:
            self.inventory.add_child(self._group(UNREACHABLE), above)
        vault = self._vault(school)
        variables = {**vault, **self._variables(school, "vars"), **school.variables}
        export = variables.get(ENTRA_EXPORT)
        if isinstance(export, str) and "{{" not in export:
            # From the school's folder, whether Ansible reads the school alone or the estate.
            variables[ENTRA_EXPORT] = str(school.folder.absolute() / export)
        self._set(above, variables)
        for platform in sorted({device.platform for device in school.devices}):
            within = self._group(f"{above}_{platform.value}", above, self._group_of("platform", platform))
            own = self._variables(school, "connection", platform.value, "vars")
            # What the school says itself, in its vault as well, counts more than what follows from `connection`.
            for name, value in {**school.connection_variables(platform), **own}.items():
                if name in own or name not in vault:
                    self.inventory.set_variable(within, name, value)
        for device in school.devices:
            name = self.inventory.add_host(school.name_of(device), f"{above}_{device.platform.value}")
            # Past the wrapper around the inventory, which would look at each of 75,000 texts for templates to trust.
            host = self.inventory.hosts[name]
            for variable, value in school.own_variables(device).items():
                host.set_variable(variable, value)
            for field, value in (("form", device.form), ("role", device.role), ("level", school.level_of(device))):
                self.inventory.add_child(self._group_of(field, value), name)

    def _group(self, name, *parents):
        name = self.inventory.add_group(name)
        for parent in parents:
            self.inventory.add_child(parent, name)
        return name

    def _group_of(self, field, value):
        """The group of what a device is, which says so to each of its hosts: cheaper than 25,000 times the same."""
        name = f"{field}_{value.value}"
        if name not in self.inventory.groups:
            self._group(name)
            self.inventory.set_variable(name, f"leeboard_{field}", value.value)
        return name

    def _set(self, entity, variables):
        for name, value in variables.items():
            self.inventory.set_variable(entity, name, value)

    def _variables(self, school, *keys):
        """`vars` of the estate and the school, whose templates are trusted as those of any inventory are."""
        variables = {}
        for settings, file in ((school.shared, school.folder.parent / FILES[0]), (school.settings, school.file)):
            value = settings
            for key in keys:
                value = getattr(value, key, None)
            if has_tagged(value):
                # Vaulted values and !unsafe are Ansible's own: it reads the file itself.
                value = self._read_by_ansible(file)
                for key in keys:
                    value = value[key]
            variables.update(_trusted(value or {}))
        return variables

    def _read_by_ansible(self, file):
        if file not in self._ansibles_own:
            self._ansibles_own[file] = self.loader.load_from_file(str(file), cache="none", trusted_as_template=True)
        return self._ansibles_own[file]

    def _vault(self, school):
        """The variables in a school's vault file, opened by Ansible with the passwords that it was given."""
        if school.vault is None:
            return {}
        place = f"{school.vault}: the vault of school {school.urn}"
        try:
            variables = self.loader.load_from_file(str(school.vault), cache="none", trusted_as_template=True)
        except AnsibleError as wrong:
            # The message alone: Ansible's own notes would quote the file.
            reason = str(wrong.message).splitlines()[0].rstrip(".") if str(wrong.message) else "no reason given"
            shut = f"{place} cannot be opened ({reason})"
            self.display.warning(
                f"{shut}, so its variables are missing; "
                "give its password with --vault-password-file or ANSIBLE_VAULT_PASSWORD_FILE"
            )
            return {SHUT: shut}
        if not isinstance(variables, dict):
            if variables is not None:
                self.display.warning(f"{place} holds no variables; write one a line, such as vault_password: ...")
            return {}
        ours = sorted(name for name in variables if str(name).startswith("leeboard_"))
        for name in ours:
            self.display.warning(f"{place} holds {name}, which is no secret and has no effect there; see school.yml")
        return {str(name): value for name, value in variables.items() if name not in ours}


def _trusted(value):
    """Plain data as trusted data: Ansible works out the templates in it."""
    if isinstance(value, dict):
        return {name: _trusted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_trusted(item) for item in value]
    # A text that carries a tag already (`!unsafe`, a value of a vault inside the file) keeps it.
    return trust_as_template(value) if type(value) is str else value  # pylint: disable=unidiomatic-typecheck
