"""Sign-ins through libpam itself, by ctypes: what a service would answer to a name and a password.

pam_start(3), pam_conv(3), pam_authenticate(3), pam_acct_mgmt(3), pam_fail_delay(3). The pause after a wrong password
is switched off for us alone, by the callback that libpam has for it.
"""

from __future__ import annotations

import ctypes
from typing import Any

SUCCESS, BUFFER_ERROR = 0, 5
PROMPTS = (1, 2)  # PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_ON
FAIL_DELAY = 10  # the item PAM_FAIL_DELAY
LIBRARY = "libpam.so.0"


class _Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class _Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


_Converse = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)),
    ctypes.c_void_p,
)
_Delay = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)


class _Conversation(ctypes.Structure):
    _fields_ = [("converse", _Converse), ("data", ctypes.c_void_p)]


class PamMissing(Exception):
    """This machine's libpam cannot be called from here."""


class Pam:
    """libpam. `folder` has the services' files in place of /etc/pam.d (for a test). Raises PamMissing."""

    def __init__(self, folder: str = "") -> None:
        try:
            self._pam, self._c = ctypes.CDLL(LIBRARY), ctypes.CDLL(None)
        except OSError as problem:
            raise PamMissing(str(problem)) from None
        # libpam frees the answers, so they must come from where it frees.
        self._c.calloc.restype, self._c.calloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t, ctypes.c_size_t]
        self._c.strdup.restype, self._c.strdup.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
        self._pam.pam_set_item.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
        for name in ("pam_authenticate", "pam_acct_mgmt", "pam_end"):
            getattr(self._pam, name).argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._folder = folder.encode()

    def lets_in(self, service: str, name: str, password: str) -> bool:
        """Whether a service lets `name` in with `password`: authenticated, and the account may be used."""

        def converse(count: int, messages: Any, responses: Any, _data: Any) -> int:
            block = self._c.calloc(count, ctypes.sizeof(_Response))
            if not block:
                return BUFFER_ERROR
            answers = ctypes.cast(block, ctypes.POINTER(_Response))
            for at in range(count):
                if messages[at].contents.style in PROMPTS:
                    answers[at].text = self._c.strdup(password.encode())
            responses[0] = answers
            return SUCCESS

        # Kept in names as long as libpam may call them.
        conversation = _Conversation(_Converse(converse), None)
        no_delay = _Delay(lambda _status, _microseconds, _data: None)
        handle = ctypes.c_void_p()
        begin = [service.encode(), name.encode(), ctypes.byref(conversation)]
        if self._folder:
            status = self._pam.pam_start_confdir(*begin, self._folder, ctypes.byref(handle))
        else:
            status = self._pam.pam_start(*begin, ctypes.byref(handle))
        if status != SUCCESS:
            return False
        self._pam.pam_set_item(handle, FAIL_DELAY, ctypes.cast(no_delay, ctypes.c_void_p))
        status = self._pam.pam_authenticate(handle, 0)
        if status == SUCCESS:
            status = self._pam.pam_acct_mgmt(handle, 0)
        self._pam.pam_end(handle, status)
        return bool(status == SUCCESS)
