"""What restarts, hours and people at the machine do to volumes and TPM, over the state of the stand-in for CIM.

The methods of Win32_EncryptableVolume are the stand-in's (standins/CimCmdlets/VolumeMethods.psm1). Here is what happens
without anybody calling one. Sources, MicrosoftDocs/win32, desktop-src/SecProv: disablekeyprotectors (a count of
restarts), gethardwareteststatus (what a test comes to), enableautounlock, getlockstatus.
"""

from __future__ import annotations

from typing import Any

NAMESPACE = r"root\cimv2\Security\MicrosoftVolumeEncryption"
CLASS = "Win32_EncryptableVolume"
TPM_NAMESPACE = r"root\cimv2\Security\MicrosoftTpm"
CLEAR, ENCRYPTED, ENCRYPTING, DECRYPTING = range(4)
TPM_ALONE, EXTERNAL_KEY, RECOVERY, WITH_PIN = 1, 2, 3, (4, 6)
WITH_TPM = (TPM_ALONE, 4, 5, 6)
TEST_FAILED, TEST_WAITS = 1, 2
PCR_CHANGED, TPM_DISABLED = 0x80310041, 0x8031003F
State = dict[str, Any]


def instances(state: State) -> list[State]:
    """All volumes, Windows' own among them."""
    found: list[State] = state["namespaces"][NAMESPACE][CLASS]
    return found


def system(state: State) -> State:
    """The volume of Windows."""
    (found,) = (one for one in instances(state) if one["VolumeType"] == 0)
    volume: State = found["bitlocker"]
    return volume


def tpm(state: State) -> State | None:
    """The TPM, or None."""
    found = state["namespaces"].get(TPM_NAMESPACE, {}).get("Win32_Tpm", [])
    return found[0]["tpm"] if found else None


def gives(state: State, protector: State) -> bool:
    """Whether the TPM gives the key of a protector away: what it was sealed to is what the machine is now."""
    chip = tpm(state)
    if chip is None or not (chip["enabled"] and chip["activated"]) or chip.get("locked_out"):
        return False
    sealed = protector.get("sealed")
    if sealed is None:  # set up by hand
        return True
    now = {"seed": chip.get("seed", 0), **chip.get("pcrs", {})}
    return all(now.get(part, 0) == value for part, value in sealed.items())


def restart(state: State) -> str:
    """Start the machine again. How it came up: clear, tpm, pin, key, or recovery, where somebody typed 48 digits."""
    volume = system(state)
    came_up = _starts(state, volume)
    if came_up == "recovery":
        typed(state, next(one["id"] for one in volume["protectors"] if one["type"] == RECOVERY), "started")
    if volume["clear_key"] and volume["suspended"]:
        volume["suspended"] -= 1
        if not volume["suspended"]:
            volume.update(clear_key=False, suspended=None)
            _seal_again(state, volume)
    if volume["hardware_test"] == TEST_WAITS:
        _test(state, volume)
    elif volume["hardware_test"] == TEST_FAILED:
        volume.update(hardware_test=0, test_error=0)
    for one in instances(state):
        other = one["bitlocker"]
        is_closed = other["conversion"] == ENCRYPTED and other["protectors"] and not other["clear_key"]
        if one["VolumeType"] != 0 and is_closed:
            other["locked"] = one["DeviceID"] not in volume.get("auto_unlock", {})
    return came_up


def typed(state: State, protector: str, how: str) -> None:
    """BitLocker's events say by which recovery password Windows was `started`, or a volume `opened`."""
    state.setdefault("typed", []).append({"id": protector, "how": how})


def _starts(state: State, volume: State) -> str:
    """By what the volume of Windows opens; one that is in part encrypted is opened as a whole one is."""
    if volume["conversion"] == CLEAR or volume["clear_key"] or not volume["protectors"]:
        return "clear"
    types = {one["type"] for one in volume["protectors"] if one["type"] not in WITH_TPM or gives(state, one)}
    if TPM_ALONE in types:
        return "tpm"
    if types & set(WITH_PIN):
        return "pin"
    return "key" if EXTERNAL_KEY in types else "recovery"


def _test(state: State, volume: State) -> None:
    bound = [one for one in volume["protectors"] if one["type"] in WITH_TPM]
    if all(gives(state, one) for one in bound):
        volume.update(hardware_test=0, test_error=0, conversion=ENCRYPTING, percentage=0)
        return
    chip = tpm(state)
    error = PCR_CHANGED if chip and chip["enabled"] and chip["activated"] else TPM_DISABLED
    volume.update(hardware_test=TEST_FAILED, test_error=error, protectors=[])


def _seal_again(state: State, volume: State) -> None:
    chip = tpm(state)
    for one in volume["protectors"]:
        if chip and "sealed" in one:
            pcrs = chip.get("pcrs", {})
            one["sealed"] = {"seed": chip.get("seed", 0), **{str(pcr): pcrs.get(str(pcr), 0) for pcr in one["pcrs"]}}


def hours(state: State, percent: int = 100) -> None:
    """Time passes: what is encrypted or decrypted goes on by so many percent of the disk; what is paused stays."""
    for one in instances(state):
        volume = one["bitlocker"]
        if volume["conversion"] == ENCRYPTING:
            volume["percentage"] = min(100, volume["percentage"] + percent)
            if volume["percentage"] == 100:
                volume["conversion"] = ENCRYPTED
        elif volume["conversion"] == DECRYPTING:
            volume["percentage"] = max(0, volume["percentage"] - percent)
            if volume["percentage"] == 0:
                volume.update(conversion=CLEAR, protectors=[], clear_key=False, suspended=None)


def measure(state: State, *pcrs: int) -> None:
    """Something new is measured into PCRs at the next start: firmware into 0, Secure Boot's keys into 7."""
    chip = tpm(state)
    if chip is not None:
        for pcr in pcrs:
            chip.setdefault("pcrs", {})[str(pcr)] = chip.get("pcrs", {}).get(str(pcr), 0) + 1


def new_board(state: State) -> None:
    """A repair: another TPM, which nobody owns yet, and other firmware."""
    chip = tpm(state)
    if chip is not None:
        chip.update(seed=chip.get("seed", 0) + 1, locked_out=False, owned=True, needs=0)
    measure(state, 0, 7)
