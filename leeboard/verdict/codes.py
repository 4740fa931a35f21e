"""The closed list of reason codes: why a setting is not well, for programs. What a person reads is the reason in words.

A code stays the same while the fault stays the same, whatever numbers or names stand in its words: the cause of a
finding is worked out from codes, so one that came and went would be news every night. `docs/report-format.md` explains
each.
"""

# ruff: noqa: S105  codes name passwords and secrets; none is one

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

BETWEEN = "+"  # stands between the codes of a setting with several faults


class Code(StrEnum):
    """One reason. A setting with several faults has several, in alphabetical order with "+" between."""

    # Nothing is known: what a device may say of an aspect that it could not read (`reading.CODES`), and what we say.
    NEEDS_ROOT = "needs_root"
    DENIED = "denied"
    MISSING_TOOL = "missing_tool"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    BUSY = "busy"
    TOO_LARGE = "too_large"
    FAILED = "failed"
    EXCHANGED = "exchanged"
    DRIVER_FAILED = "driver_failed"
    NO_READING = "no_reading"
    PLANNED = "planned"
    MANAGED = "managed"
    CANNOT_BE_TOLD = "cannot_be_told"
    LACKING = "lacking"
    # It is right, and not in effect yet, or under way.
    PENDING = "pending"

    # A setting that drifted.
    OTHER_VALUE = "other_value"
    NOT_SET = "not_set"
    DEFAULT = "default"
    WRONG_TYPE = "wrong_type"
    TOO_LONG = "too_long"
    NOT_EFFECTIVE = "not_effective"
    FOR_OTHERS = "for_others"
    GROUP_POLICY = "group_policy"

    # What a judgement found wrong: encryption, protection, start, recovery.
    NOT_ENCRYPTED = "not_encrypted"
    PARTLY_IN_CLEAR = "partly_in_clear"
    NULL_CIPHER = "null_cipher"
    WRONG_MAPPING = "wrong_mapping"
    BEING_DECRYPTED = "being_decrypted"
    KEY_FILE_IN_CLEAR = "key_file_in_clear"
    PASSING_KEY = "passing_key"
    NO_HEADER = "no_header"
    LUKS1 = "luks1"
    WEAK_CIPHER = "weak_cipher"
    WEAK_DERIVATION = "weak_derivation"
    DRIVE_ONLY = "drive_only"
    UNKNOWN_DRIVE = "unknown_drive"
    EMPTY_PASSPHRASE = "empty_passphrase"
    REENCRYPTION_HALF_DONE = "reencryption_half_done"
    SECURE_BOOT_OFF = "secure_boot_off"
    PCRS_NOT_BOUND = "pcrs_not_bound"
    PROTECTION_OFF = "protection_off"
    NO_PROTECTOR = "no_protector"
    SUSPENDED = "suspended"
    TOKEN_REFUSED = "token_refused"
    CHANGE_COMING = "change_coming"
    HARDWARE_TEST_FAILED = "hardware_test_failed"
    TPM_NOT_READY = "tpm_not_ready"
    NO_RECOVERY_PASSWORD = "no_recovery_password"
    KEPT_ELSEWHERE = "kept_elsewhere"
    BACKUP_FAILED = "backup_failed"
    NOBODY_KEEPS = "nobody_keeps"
    NOT_KEPT = "not_kept"
    # Remote access.
    SHARED_SECRET = "shared_secret"
    OUTSIDE_TUNNEL = "outside_tunnel"
    SAVED_SECRET = "saved_secret"
    WITHOUT_TLS = "without_tls"
    # What the disk of the system asks for before it opens.
    ASKS_NOTHING = "asks_nothing"
    ASKS_NETWORK = "asks_network"
    ASKS_TPM = "asks_tpm"
    ASKS_PASSPHRASE = "asks_passphrase"
    ASKS_SECURITY_KEY = "asks_security_key"
    ASKS_TPM_AND_PIN = "asks_tpm_and_pin"
    ASKS_RECOVERY_PASSWORD = "asks_recovery_password"
    # How the next start goes.
    START_YES = "start_yes"
    START_INFERRED = "start_inferred"
    START_NEEDS_ITS_USER = "start_needs_its_user"
    START_NOT_TESTED = "start_not_tested"
    START_WILL_ASK = "start_will_ask"
    START_NO = "start_no"
    # The weakest method of BitLocker.
    CIPHER_DRIVE_HARDWARE = "cipher_drive_hardware"
    CIPHER_AES_128_DIFFUSER = "cipher_aes_128_diffuser"
    CIPHER_AES_128 = "cipher_aes_128"
    CIPHER_AES_256_DIFFUSER = "cipher_aes_256_diffuser"
    CIPHER_AES_256 = "cipher_aes_256"
    CIPHER_XTS_AES_128 = "cipher_xts_aes_128"
    CIPHER_XTS_AES_256 = "cipher_xts_aes_256"


class Fault(str):
    """What a judgement found wrong, in words for a person, with its code."""

    code: Code

    def __new__(cls, code: Code, message: str) -> Fault:
        """Raises ValueError for a code that is not in the list."""
        fault = super().__new__(cls, message)
        fault.code = Code(code)
        return fault

    def of(self, subject: str) -> Fault:
        """The fault with the name of what it concerns in front."""
        return Fault(self.code, f"{subject}: {self}")


def joined(codes: Iterable[Code]) -> str:
    """Several codes joined into the one that a setting has."""
    return BETWEEN.join(sorted({code.value for code in codes}))


def of_word(prefix: str, word: str) -> Code:
    """The code of a word that a judgement answers with. Raises ValueError for one that is not in the list."""
    return Code(f"{prefix}_{word.replace('-', '_')}")
