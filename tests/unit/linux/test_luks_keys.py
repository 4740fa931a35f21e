"""Where the keys of a volume lie that nobody types in, found from crypttab, systemd's places and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.linux.disks import UUID, image, needs_cryptsetup
from tests.unit.linux.test_luks_volume import luks


@needs_cryptsetup
@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"/etc/crypttab": f"sda3_crypt UUID={UUID} /etc/keys/a.key luks\n", "/etc/keys/a.key": "k"}, "encrypted"),
        ({"/etc/crypttab": f"sda3_crypt UUID={UUID} /boot/a.key luks\n", "/boot/a.key": "k"}, "unencrypted"),
        ({"/etc/crypttab": f"other UUID={UUID} /boot/a.key luks\n", "/boot/a.key": "k"}, "unencrypted"),
        ({"/etc/crypttab": f"sda3_crypt UUID={UUID} /gone.key luks\n"}, "missing"),
        ({"/etc/cryptsetup-keys.d/sda3_crypt.key": "k"}, "encrypted"),
        ({"/etc/crypttab": f"sda3_crypt UUID={UUID} /k:LABEL=STICK luks\n"}, "removable"),
        ({"/etc/crypttab": f"sda3_crypt UUID={UUID} /k luks,keyscript=/root/own.sh\n"}, "unknown"),
        ({"/etc/crypttab": f"sda3_crypt UUID={UUID} /k luks,keyscript=passdev\n"}, "removable"),
        ({"/proc/cmdline": f"root=/dev/sda3 rd.luks.key={UUID}=/boot/a.key\n", "/boot/a.key": "k"}, "unencrypted"),
        ({"/etc/crypttab": f"sda3_crypt UUID={UUID} - luks,keyscript=decrypt_keyctl\n"}, ""),
        ({"/etc/crypttab": f"# sda3_crypt UUID={UUID} /boot/a.key luks\n", "/boot/a.key": "k"}, ""),
        ({"/etc/crypttab": "elsewhere UUID=1234 /boot/a.key luks\n", "/boot/a.key": "k"}, ""),
        ({}, ""),
    ],
)
def test_where_a_key_lies(tmp_path: Path, files: dict[str, str | None], place: str) -> None:
    found = luks(tmp_path, image(tmp_path), files=files)["key_files"]
    assert [key["place"] for key in found] == ([place] if place else [])


@needs_cryptsetup
@pytest.mark.parametrize(("link", "leads"), [("keys/a.key", "../../boot/a.key"), ("keys", "../boot")])
def test_a_link_does_not_hide_that_a_key_lies_in_clear(tmp_path: Path, link: str, leads: str) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/a.key").write_text("k")
    (tmp_path / "etc" / link).parent.mkdir(parents=True)
    (tmp_path / "etc" / link).symlink_to(leads)
    table = {"/etc/crypttab": f"sda3_crypt UUID={UUID} /etc/keys/a.key luks\n"}
    keys = luks(tmp_path, image(tmp_path), files=table)["key_files"]
    assert keys == [{"path": "/etc/keys/a.key", "place": "unencrypted"}]
