"""The judgements by name: what each is asked about, what it needs to know, and the words it can answer with.

A judgement is what no single setting answers ("this disk will boot"). A baseline names them, and the linter compares
it with this; the functions that answer are in `leeboard/verdict/judgements/`.
"""

from __future__ import annotations

from dataclasses import dataclass

# Words of answers, and how the reason codes of such words begin.
ASKS, STARTS, CIPHER = "asks", "start", "cipher"
# What a start asks for, from the weakest. The recovery password is what nobody there knows.
ASKED = ("nothing", "network", "tpm", "passphrase", "security-key", "tpm-and-pin")
ASKED_ON_WINDOWS = (*ASKED, "recovery-password")
# From best to worst. will-ask: it stops and asks for what nobody there may know. no: nothing at boot opens it.
BOOTS = ("yes", "needs-its-user", "not-tested", "will-ask", "no")
# As on Linux, but nothing there is tried: the best that can be said is "inferred".
BOOTS_ON_WINDOWS = ("inferred", *BOOTS[1:])
# BitLocker's encryption methods, the weakest first.
CIPHERS = (
    "drive-hardware", "aes-128-diffuser", "aes-128", "aes-256-diffuser", "aes-256", "xts-aes-128", "xts-aes-256",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What is asked of a judgement.

    `objects` is the type of the objects that it judges, as drivers.yml names it, `facts` are those that it may look at.
    `answers` are all values that can come out, for a judgement that answers with one word: the linter holds `accept`
    against them. `prefix` is how their codes begin.

    One that `asks_time` may answer otherwise at another moment, and looks at no fact: what a device said is judged
    again whenever somebody asks. One that `filters` only takes members out of a list, so that none stay none.
    """

    objects: str
    facts: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    prefix: str = ""
    asks_time: bool = False
    filters: bool = False


VOLUME, BITLOCKER, VPN, WINDOWS_VPN = "volume", "bitlocker_volume", "vpn_profile", "windows_vpn_profile"
QUESTIONS = {
    "unencrypted_system": Question(VOLUME),
    "unencrypted_data": Question(VOLUME),
    "unencrypted_swap": Question(VOLUME),
    "not_luks2": Question(VOLUME),
    "weak_ciphers": Question(VOLUME),
    "shortest_key": Question(VOLUME),
    "hardware_only": Question(VOLUME),
    "weak_derivation": Question(VOLUME),
    "unprotected": Question(VOLUME, facts=("secure_boot", "boot_chain")),
    "pre_boot": Question(VOLUME, answers=ASKED, prefix=ASKS),
    "ways_in": Question(VOLUME),
    "will_boot": Question(VOLUME, answers=BOOTS, prefix=STARTS),
    "pending": Question(VOLUME),
    "bitlocker_unencrypted_system": Question(BITLOCKER),
    "bitlocker_unencrypted_data": Question(BITLOCKER),
    "bitlocker_unprotected": Question(BITLOCKER),
    "bitlocker_cipher": Question(BITLOCKER, answers=CIPHERS, prefix=CIPHER),
    "bitlocker_hardware_only": Question(BITLOCKER),
    "bitlocker_recovery_passwords": Question(BITLOCKER),
    "bitlocker_page_files": Question(BITLOCKER),
    "bitlocker_pre_boot": Question(BITLOCKER, answers=ASKED_ON_WINDOWS, prefix=ASKS),
    "bitlocker_will_boot": Question(BITLOCKER, answers=BOOTS_ON_WINDOWS, prefix=STARTS),
    "bitlocker_pending": Question(BITLOCKER),
    "bitlocker_unkept": Question(BITLOCKER),
    "kept_faults": Question("kept_disk"),
    "oldest_kept_key": Question("kept_key", asks_time=True),
    "suspended_without_window": Question("kept_suspension", asks_time=True),
    "bitlocker_unprotected_without_window": Question("kept_protection", asks_time=True),
    "bitlocker_unheld": Question("held_there"),
    "vpn_protocols": Question(VPN),
    "vpn_ike_strength": Question(VPN),
    "vpn_esp_strength": Question(VPN),
    "vpn_without_certificate": Question(VPN),
    "vpn_past_the_tunnel": Question(VPN),
    "vpn_saved_passwords": Question(VPN),
    "windows_vpn_protocols": Question(WINDOWS_VPN),
    "windows_vpn_ike_strength": Question(WINDOWS_VPN),
    "windows_vpn_esp_strength": Question(WINDOWS_VPN),
    "windows_vpn_without_certificate": Question(WINDOWS_VPN),
    "windows_vpn_past_the_tunnel": Question(WINDOWS_VPN),
    "windows_vpn_saved_passwords": Question(WINDOWS_VPN),
    "windows_vpn_gateways": Question(WINDOWS_VPN),
    "winrm_without_tls": Question("winrm_listener", facts=("domain",), filters=True),
    "days_left": Question("certificate", asks_time=True),
    "certificate_faults": Question("certificate_fault", asks_time=True, filters=True),
    "cleared_lately": Question("log_clearing", asks_time=True, filters=True),
}
TEXTS = ("certificate", "certificate_fault", "log_clearing")  # objects that are no JSON but a text for people
KINDS = tuple(sorted({question.objects for question in QUESTIONS.values()}))  # types of objects that drivers report
