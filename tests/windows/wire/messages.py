"""The part of WS-Management that winrs clients use, as XML: requests read, answers and faults written.

Sources: MS-WSMV (shells and commands) and DSP0226 (headers, faults), and what pywinrm sends and expects.
"""

from __future__ import annotations

import base64
import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
CMD = f"{SHELL}/cmd"
ANONYMOUS = f"{ADDRESSING}/role/anonymous"

ACTIONS = {
    f"{TRANSFER}/Create": "Create",
    f"{TRANSFER}/Delete": "Delete",
    **{f"{SHELL}/{name}": name for name in ("Command", "Send", "Receive", "Signal")},
}


class Refusal(NamedTuple):
    """Why a request gets a fault: the WS-Management code, the SOAP subcode and the reason."""

    code: int
    subcode: str
    reason: str


class Refused(Exception):
    """A request that gets a fault."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


# Codes as winerror.h and MS-WSMV give them.
TIMED_OUT = Refusal(
    0x80338029,
    "w:TimedOut",
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
)
NO_SUCH_SHELL = Refusal(
    0x8033805B,
    "w:InvalidSelectors",
    "The request for the Windows Remote Shell failed because the shell was not found on the server. Possible causes "
    "are: the specified ShellId is incorrect or the shell no longer exists on the server. Provide the correct ShellId "
    "or create a new shell and retry the operation. ",
)
NOT_FOUND = Refusal(0x80070002, "w:InternalError", "The system cannot find the file specified. ")
DENIED = Refusal(5, "w:AccessDenied", "Access is denied. ")
MALFORMED = Refusal(0x80338047, "w:SchemaValidationError", "The XML in the request is not well formed.")
UNSUPPORTED = Refusal(0x80338000, "a:ActionNotSupported", "The action is not supported by the service.")


@dataclass(frozen=True)
class Request:
    """What a client wants: `action` is one of the values of ACTIONS, `body` the element inside the SOAP body."""

    action: str
    message_id: str
    shell: str
    timeout: float
    largest: int
    body: ET.Element | None

    def text(self, name: str) -> str:
        """The text of an element of the body."""
        found = None if self.body is None else self.body.find(f".//{{{SHELL}}}{name}")
        return "" if found is None else found.text or ""

    @property
    def command(self) -> str:
        """The command that a Send, Receive or Signal is about."""
        if self.body is None:
            return ""
        holders = [self.body, *self.body.iter()]
        return next((holder.attrib["CommandId"] for holder in holders if "CommandId" in holder.attrib), "")

    @property
    def input(self) -> tuple[bytes, bool]:
        """What a Send brings for standard input, and whether it is the last of it."""
        streams = [] if self.body is None else self.body.findall(f".//{{{SHELL}}}Stream")
        data = b"".join(base64.b64decode(stream.text or "") for stream in streams)
        return data, any(stream.get("End", "").lower() in ("true", "1") for stream in streams)


class _Plain(ET.TreeBuilder):
    """A tree of elements; a document type, and with it every entity, is refused as soon as it begins."""

    def doctype(self, *_: Any) -> None:
        raise Refused(MALFORMED)


def read(data: bytes) -> Request:
    """A request from the bytes of an HTTP body. Raises Refused."""
    try:
        root = ET.fromstring(data, ET.XMLParser(target=_Plain()))
    except ET.ParseError:
        raise Refused(MALFORMED) from None
    header, body = root.find(f"{{{SOAP}}}Header"), root.find(f"{{{SOAP}}}Body")
    if header is None or body is None:
        raise Refused(MALFORMED)
    action = ACTIONS.get(header.findtext(f"{{{ADDRESSING}}}Action", ""))
    if action is None or header.findtext(f"{{{WSMAN}}}ResourceURI") != CMD:
        raise Refused(UNSUPPORTED)
    selectors = header.findall(f"{{{WSMAN}}}SelectorSet/{{{WSMAN}}}Selector")
    seconds = re.fullmatch(r"PT([0-9.]+)S", header.findtext(f"{{{WSMAN}}}OperationTimeout", ""))
    return Request(
        action=action,
        message_id=header.findtext(f"{{{ADDRESSING}}}MessageID", ""),
        shell=next((one.text or "" for one in selectors if one.get("Name") == "ShellId"), ""),
        timeout=float(seconds[1]) if seconds else 60.0,
        largest=int(header.findtext(f"{{{WSMAN}}}MaxEnvelopeSize") or 153600),
        body=next(iter(body), None),
    )


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" xmlns:w="{WSMAN}" '
        f'xmlns:rsp="{SHELL}"><s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>'
        f"<a:To>{ANONYMOUS}</a:To><a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def created(request: Request, shell: str) -> bytes:
    """The answer to Create: the new shell's id."""
    body = (
        f"<x:ResourceCreated><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{CMD}</w:ResourceURI><w:SelectorSet><w:Selector Name={quoteattr('ShellId')}>{shell}"
        "</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell}</rsp:ShellId></rsp:Shell>"
    )
    return _envelope(f"{TRANSFER}/CreateResponse", request.message_id, body)


def started(request: Request, command: str) -> bytes:
    """The answer to Command: the new command's id."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>"
    return _envelope(f"{SHELL}/CommandResponse", request.message_id, body)


def output(request: Request, parts: list[tuple[str, bytes]], status: int | None) -> bytes:
    """The answer to Receive: what the streams brought, and the exit status if the command has ended."""
    command = request.command
    streams = "".join(
        f'<rsp:Stream Name="{name}" CommandId="{command}">{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in parts
    )
    if status is None:
        state = f'<rsp:CommandState CommandId="{command}" State="{SHELL}/CommandState/Running"/>'
    else:
        streams += "".join(
            f'<rsp:Stream Name="{name}" CommandId="{command}" End="true"/>' for name in ("stdout", "stderr")
        )
        state = (
            f'<rsp:CommandState CommandId="{command}" State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{status}</rsp:ExitCode></rsp:CommandState>"
        )
    body = f"<rsp:ReceiveResponse>{streams}{state}</rsp:ReceiveResponse>"
    return _envelope(f"{SHELL}/ReceiveResponse", request.message_id, body)


def done(request: Request) -> bytes:
    """The answer to Send, Signal and Delete, which have nothing to say."""
    if request.action == "Delete":
        return _envelope(f"{TRANSFER}/DeleteResponse", request.message_id, "")
    body = f"<rsp:{request.action}Response/>"
    return _envelope(f"{SHELL}/{request.action}Response", request.message_id, body)


def fault(refusal: Refusal, relates_to: str = "") -> bytes:
    """The answer to a request that is refused."""
    reason = escape(refusal.reason)
    body = (
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{refusal.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault xmlns:f="{FAULT}" Code="{refusal.code}" Machine="windows"><f:Message>{reason}</f:Message>'
        "</f:WSManFault></s:Detail></s:Fault>"
    )
    return _envelope(FAULT_ACTION, relates_to, body)
