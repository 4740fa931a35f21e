"""SealedKeys.cs with real cryptography, sealed to by leeboard/escrow/volumes/transport.py: what it does, and refuses.

What it cannot show: the key of the machine in CNG, and WMI itself; Wine has neither (standins/README.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_password import new_password
from leeboard.escrow.volumes.transport import Purpose, device_key, new_reply, sealed

from .sealed_keys import SOURCE, VOLUME, SealedKeysProcess
from .shell import PowerShellError
from .wire.secrets import leaks

PLANTED = "planted-secret-4711"
GUID = re.compile(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}")
OTHER = "\\\\?\\Volume{00000000-0000-0000-0000-200000000000}\\"


class Device:
    """A device as the controller talks to it, and every secret that was sent."""

    def __init__(self, process: SealedKeysProcess) -> None:
        self.process = process
        self.secrets: list[str] = []

    def seal(self, purpose: Purpose, secret: str = "", volume: str = VOLUME) -> str:
        """Seal a secret (a new recovery password) to a new key of the device."""
        secret = secret or new_password().text
        self.secrets.append(secret)
        return sealed(device_key(self.process.call("NewKey")), purpose, volume, secret)

    def protect(self, name: str = "Leeboard K-1", **more: Any) -> dict[str, Any]:
        return self.process.call("Protect", VOLUME, name, self.seal(Purpose.RECOVERY, **more))

    @property
    def has_key(self) -> bool:
        return self.process.standin("$v::HasKey()")

    @property
    def calls(self) -> list[str]:
        found = self.process.standin("$v::Calls")
        return [found] if isinstance(found, str) else found or []


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    process = SealedKeysProcess(tmp_path_factory.mktemp("sealed"))
    yield Device(process)
    process.close()


@pytest.fixture(autouse=True)
def _clean(device: Device) -> None:
    device.process.standin("$v::Reset()")


def test_a_password_becomes_a_protector_is_read_back_and_compared(device: Device) -> None:
    done = device.protect("Leeboard 261201-0a1b2c3d")
    assert (done["code"], done["same"], done["forgotten"]) == (0, True, True) and GUID.fullmatch(done["id"])
    assert device.process.secret_of(done["id"]) == device.secrets[-1]
    assert device.process.standin("$v::Names.Values") == "Leeboard 261201-0a1b2c3d"
    assert device.calls == ["ProtectKeyWithNumericalPassword", "GetKeyProtectorNumericalPassword"]
    assert not device.has_key


def test_what_is_read_back_as_something_else_is_not_the_same(device: Device) -> None:
    device.process.standin("$v::Forgets = '000000-000000-000000-000000-000000-000000-000000-000000'")
    done = device.protect()
    assert (done["code"], done["same"]) == (0, False) and GUID.fullmatch(done["id"])
    device.process.standin("$v::Reset(); $v::Id = 'BitLocker'")  # what hardware encryption calls its protector
    done = device.protect()
    assert (done["id"], done["same"]) == ("BitLocker", False)
    assert device.calls == ["ProtectKeyWithNumericalPassword"]


def test_a_code_is_handed_on_with_its_method_and_nothing_is_read(device: Device) -> None:
    device.process.standin("$v::Code = 2150694960")
    done = device.protect()
    assert (done["code"], done["method"]) == (2150694960, "ProtectKeyWithNumericalPassword") and "id" not in done
    assert device.calls == ["ProtectKeyWithNumericalPassword"] and not device.has_key


@pytest.mark.parametrize("what", ["1", "[uint32]2150694913", "[uint32]4294967295"])
def test_no_other_code_than_0_is_a_success(device: Device, what: str) -> None:
    """S_FALSE, which is 1, calls itself no error."""
    for method in ("ProtectKeyWithNumericalPassword", "GetKeyProtectorNumericalPassword", "ProtectKeyWithTPMAndPIN"):
        device.process.standin(f"$v::Reset(); $v::Says['{method}'] = {what}")
        if method == "ProtectKeyWithTPMAndPIN":
            sealed_pin = device.seal(Purpose.PIN, "73194628")
            done = device.process.call("ProtectWithPin", VOLUME, "Leeboard PIN", None, sealed_pin)
        else:
            done = device.protect()
        assert done["code"] > 0 and done["method"] == method and not done.get("same")
        if method != "GetKeyProtectorNumericalPassword":
            assert not done.get("id")
            continue
        reply = new_reply()
        out = device.process.call("ReadOut", VOLUME, done["id"], reply.public["modulus"], reply.public["exponent"])
        assert out["code"] > 0 and "sealed" not in out


@pytest.mark.parametrize(
    ("what", "words"), [("'done'", "returned no number"), ("$true", "returned no number"), ("$null", "gave no answer")]
)
def test_what_is_no_code_is_no_success(device: Device, what: str, words: str) -> None:
    for method in ("ProtectKeyWithNumericalPassword", "GetKeyProtectorNumericalPassword"):
        device.process.standin(f"$v::Reset(); $v::Says['{method}'] = {what}")
        with pytest.raises(PowerShellError, match=f"{method} .*{words}"):
            device.protect()
        assert not device.has_key


def test_a_known_password_is_compared(device: Device) -> None:
    protector = device.protect()["id"]
    mine = device.secrets[-1]
    same = device.process.call("Compare", VOLUME, protector, device.seal(Purpose.COMPARE, mine))
    other = device.process.call("Compare", VOLUME, protector, device.seal(Purpose.COMPARE))
    assert (same["same"], other["same"], other["code"]) == (True, False, 0)
    gone = "{00000000-0000-0000-0000-000000000000}"
    refused = device.process.call("Compare", VOLUME, gone, device.seal(Purpose.COMPARE, mine))
    assert (refused["same"], refused["code"]) == (False, 2147942487)


def test_a_pin_becomes_a_protector(device: Device) -> None:
    sealed_pin = device.seal(Purpose.PIN, "73194628")
    done = device.process.call("ProtectWithPin", VOLUME, "Leeboard PIN", None, sealed_pin)
    assert done["code"] == 0 and device.process.secret_of(done["id"]) == "73194628"
    assert device.calls == ["ProtectKeyWithTPMAndPIN"] and not device.has_key


def test_a_password_that_nobody_knows_is_read_out_sealed(device: Device) -> None:
    protector, secret = device.protect()["id"], device.secrets[-1]
    reply = new_reply()
    answer = device.process.call("ReadOut", VOLUME, protector, reply.public["modulus"], reply.public["exponent"])
    assert reply.password(answer, VOLUME, protector).text == secret
    with pytest.raises(LeeboardError, match="of another volume or protector than was asked for"):
        reply.password(answer, OTHER, protector)
    with pytest.raises(LeeboardError, match="does not open; ask again"):
        new_reply().password(answer, VOLUME, protector)
    refused = device.process.call("ReadOut", VOLUME, "{gone}", reply.public["modulus"], reply.public["exponent"])
    assert refused["code"] == 2147942487 and "sealed" not in refused


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"purpose": Purpose.COMPARE}, "for another volume or purpose; nothing was changed"),
        ({"purpose": Purpose.RECOVERY, "volume": OTHER}, "for another volume or purpose; nothing was changed"),
        ({"purpose": Purpose.RECOVERY, "secret": "no password"}, "is no recovery password; nothing was changed"),
    ],
)
def test_what_is_sealed_for_something_else_is_refused(device: Device, given: dict[str, Any], said: str) -> None:
    with pytest.raises(PowerShellError, match=said):
        device.process.call("Protect", VOLUME, "Leeboard K-1", device.seal(**given))
    assert device.calls == [] and not device.has_key


def test_a_key_is_good_for_one_use_and_a_new_one_takes_its_place(device: Device) -> None:
    text = device.seal(Purpose.RECOVERY)
    device.process.call("Protect", VOLUME, "one", text)
    with pytest.raises(PowerShellError, match="another run made a key here meanwhile"):
        device.process.call("Protect", VOLUME, "two", text)
    text = device.seal(Purpose.RECOVERY)
    device.process.call("NewKey")
    with pytest.raises(PowerShellError, match="nothing was changed"):
        device.process.call("Protect", VOLUME, "three", text)
    assert device.process.standin("$v::Names.Values") == "one"


def test_words_of_a_failure_hold_no_secret(device: Device) -> None:
    device.process.standin("$v::Breaks = 'ProtectKeyWithNumericalPassword'")
    with pytest.raises(PowerShellError, match="ProtectKeyWithNumericalPassword failed: Generic failure") as said:
        device.protect()
    assert not leaks(device.secrets[-1], str(said.value.details))
    assert not device.has_key


def test_no_log_of_powershell_has_a_secret(device: Device) -> None:
    """Script-block logging, module logging and transcription are on; what is planted they have."""
    process = device.process
    protector = device.protect()["id"]
    reply = new_reply()
    process.call("ReadOut", VOLUME, protector, reply.public["modulus"], reply.public["exponent"])
    process.call("ProtectWithPin", VOLUME, "PIN", None, device.seal(Purpose.PIN, "91827364550"))
    process.call("Compare", VOLUME, protector, device.seal(Purpose.COMPARE))
    device.process.standin("$v::Breaks = 'ProtectKeyWithNumericalPassword'")
    with pytest.raises(PowerShellError):
        device.protect()
    process.standin("Write-Output ('planted-' + 'secret-' + 4711)")
    assert any("syslog" in place for place in leaks(PLANTED, process.logs)), "modules are logged"
    assert list((process.logs / "transcripts").rglob("*.txt"))
    assert "SealedKeys]::Protect" in (process.logs / "syslog").read_text(), "script blocks are logged"
    assert len(device.secrets) >= 4
    for secret in device.secrets:
        assert not leaks(secret, process.logs)


def test_it_is_c_sharp_5(device: Device) -> None:
    """Windows PowerShell compiles with nothing newer."""
    script = """
        $seen = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.Location }
        $names = @('netstandard', 'System.Runtime', 'System.Collections', 'System.Collections.NonGeneric',
            'System.Security.Cryptography', 'System.Text.RegularExpressions', 'System.Threading.Tasks', 'System.Linq')
        $names += [Microsoft.Management.Infrastructure.CimSession].Assembly.Location
        Add-Type -TypeDefinition $arguments.source -ReferencedAssemblies $names -CompilerOptions '-langversion:5'
    """
    source = SOURCE.read_text("utf-8").replace("namespace Leeboard", "namespace Five")
    device.process.standin(script, source=source)
    assert device.process.standin("[Five.SealedKeys].Name") == "SealedKeys"
    newer = source.replace('said["modulus"] = made[0];', 'said[$"modulus"] = made[0];').replace("Five", "Six")
    assert newer.count('$"modulus"') == 1
    with pytest.raises(PowerShellError, match="Feature 'interpolated strings' is not available in C# 5"):
        device.process.standin(script, source=newer)
