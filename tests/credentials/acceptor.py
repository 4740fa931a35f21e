"""A service over HTTPS that takes a Kerberos ticket by its keytab, and then denies WinRM: as far as a ticket leads.

Arguments: port, name of the service, certificate. KRB5_KTNAME names the keytab. Each caller's name goes to its output.
"""

from __future__ import annotations

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import kerberos

DENIED = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body><s:Fault><s:Code>
<s:Value>s:Sender</s:Value><s:Subcode><s:Value>w:AccessDenied</s:Value></s:Subcode></s:Code><s:Reason>
<s:Text xml:lang="en-US">Access is denied.</s:Text></s:Reason><s:Detail>
<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="5" Machine="pc">
<f:Message>Access is denied.</f:Message></f:WSManFault></s:Detail></s:Fault></s:Body></s:Envelope>"""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take the ticket and say who it was, or ask for one."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        status, answer, body = 401, "Negotiate", b""
        if kind == "Negotiate":
            _, context = kerberos.authGSSServerInit(f"HTTP@{sys.argv[2]}")
            if kerberos.authGSSServerStep(context, token) == kerberos.AUTH_GSS_COMPLETE:
                print(kerberos.authGSSServerUserName(context), flush=True)
                status, body = 500, DENIED
                answer = f"Negotiate {kerberos.authGSSServerResponse(context)}"
        self.send_response(status)
        self.send_header("WWW-Authenticate", answer)
        self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing else goes to the output."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
