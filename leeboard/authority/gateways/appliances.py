"""Gateways that are set up in a window or by their own commands: Windows RRAS, pfSense and OPNsense. Pages, no files.

RRAS as in MicrosoftDocs/windowsserverdocs, "Advanced features of Always On VPN" (CertAuthFlags, the root's name, the
cache). OPNsense as in its source (opnsense/core: scripts/system/crl_fetch.py, and no list in its IPsec). pfSense as
recalled, and said to be.
"""

from __future__ import annotations

from leeboard.authority.gateways.wanted import GatewayKind, Wanted
from leeboard.authority.profile import LIST_LASTS

PAGE = "README.md"


def files(kind: GatewayKind, wanted: Wanted) -> dict[str, str]:
    """The files of an export, by their names in its folder."""
    found = {f"{one.id}.pem": one.certificate for one in wanted.authorities}
    if kind is GatewayKind.RRAS:
        found["leeboard-rras.ps1"] = script(wanted)
        found["gateway.inf"] = REQUEST.format(name=wanted.name)
    return {**found, PAGE: page(kind, wanted)}


def page(kind: GatewayKind, wanted: Wanted) -> str:
    """What whoever runs the gateway does."""
    lists = "\n".join(f"- {one.lists}" for one in wanted.authorities)
    body = {GatewayKind.RRAS: RRAS, GatewayKind.PFSENSE: PFSENSE, GatewayKind.OPNSENSE: OPNSENSE}[kind]
    title = {GatewayKind.RRAS: "Windows RRAS", GatewayKind.PFSENSE: "pfSense", GatewayKind.OPNSENSE: "OPNsense"}[kind]
    lasts = f"{LIST_LASTS.days} days and {LIST_LASTS.seconds // 3600} hours"
    head = HEAD.format(name=wanted.name, title=title, lasts=lasts, lists=lists)
    if wanted.home:
        script = ", which `leeboard-rras.ps1` makes" if kind is GatewayKind.RRAS else ""
        head += HOME.format(networks=", ".join(wanted.home), script=script)
    return head + body.format(name=wanted.name, ike=wanted.suite.ike, esp=wanted.suite.esp, root=wanted.root.id)


def script(wanted: Wanted) -> str:
    """RRAS as PowerShell sets it up; it is run by somebody at the gateway who has read the page."""
    trusted = "\n".join(
        f"Import-Certificate -FilePath (Join-Path $PSScriptRoot '{one.id}.pem') -CertStoreLocation "
        f"Cert:\\LocalMachine\\{'Root' if one is wanted.root else 'CA'} | Out-Null"
        for one in wanted.authorities
    )
    blocked = ", ".join(f"'{one}'" for one in wanted.home)
    return SCRIPT.format(
        home=HOME_SCRIPT.format(networks=blocked) if wanted.home else "",
        trusted=trusted, thumbprint=wanted.root.thumbprint, encryption=wanted.suite.encryption,
        integrity=wanted.suite.integrity, group=wanted.suite.group,
    )  # fmt: skip


HEAD = """# The VPN gateway {name} ({title})

**Strict and a list past its end lock everybody out.** A list lasts {lasts} and is signed anew each night. Where the
gateway refuses whoever it cannot look up, a list that it cannot fetch in that time means that nobody connects. Let it
fetch first, see that it does, then switch to strict.

The lists, which the gateway must reach over plain HTTP:

{lists}

**Fixed inner addresses are not to be had here**: this kind of gateway gives a certificate no address of its own, so
Leeboard claims none, and devices are not reached through the tunnel by address.

"""
HOME = """## Laptops at school

Block UDP 500 and 4500 from {networks} to this gateway in its firewall{script}.
Laptops there then get no answer, and speak as any other machine of the school. The gateway decides it, since it alone
sees from where somebody comes. Look first at what it sees of a laptop at school: **where a router rewrites the sender
of all that it forwards here, everybody seems to come from it**, and nobody would get in.

"""
HOME_SCRIPT = """# Laptops at school get no answer.
Remove-NetFirewallRule -Name leeboard-home -ErrorAction SilentlyContinue
$home_networks = @({networks})
New-NetFirewallRule -Name leeboard-home -DisplayName 'Leeboard: no VPN at school' -Direction Inbound -Action Block `
    -Protocol UDP -LocalPort 500, 4500 -RemoteAddress $home_networks | Out-Null
"""
RRAS = """## Set up

1. Certificate: `certreq -new gateway.inf gateway.csr` on the gateway; the technician runs
   `leeboard vpn issue --gateway {name} --request gateway.csr --to FOLDER`; `certreq -accept certificate.pem`.
2. Read `leeboard-rras.ps1`, then run it as an administrator. It lets the two authorities in (root and issuing), accepts
   certificates below this root only (`Set-VpnAuthProtocol -RootCertificateNameToAccept`), sets the suite, and has
   machine certificates looked up (`CertAuthFlags = 4`; `2`, or no value, switches that off). RRAS is restarted.
3. RRAS takes any certificate below that root with client authentication: it keeps no list of devices. One that is
   not to connect is revoked.

## A device was revoked

Windows remembers a list until its end. Empty what it remembers, and end the tunnel:

    certutil -urlcache * delete
    certutil -setreg chain\\ChainCacheResyncFiletime @now
    Get-RemoteAccessConnectionStatistics
    Disconnect-VpnUser -HostIPAddress ADDRESS

Event 41 of Microsoft-Windows-CAPI2/Operational names the device and "The certificate is revoked" when it then tries.

## The issuing authority was revoked

Remove its certificate from the store CA of the machine (`certlm.msc`), import the new one, empty what Windows remembers
as above, `Restart-Service RemoteAccess`.
"""
PFSENSE = """## Set up

What stands here of pfSense's windows is recalled, and was not tried: look whether your version has them.

1. System, Certificates, Authorities: import the `.pem` files beside this page (without keys).
2. Certificates: make a signing request on the gateway, give it to the technician
   (`leeboard vpn issue --gateway {name} --request gateway.csr --to FOLDER`), and complete it with `certificate.pem`.
3. VPN, IPsec: IKEv2, mutual certificate, my identifier `{name}`; proposals `{ike}` and `{esp}`, as its windows call
   them.
4. Certificates, Revocation: import the lists (in PEM: `openssl crl -inform DER -in LIST -out LIST.pem`), each night
   anew. VPN, IPsec, Advanced: strict checking of lists, **only after they are there**.

## A device was revoked

Import the new lists, then Status, IPsec: disconnect the device.

## The issuing authority was revoked

Remove it among the authorities, import the new one and its list, and restart IPsec.
"""
OPNSENSE = """## Set up

1. System, Trust, Authorities: import the `.pem` files beside this page (without keys).
2. Certificates: make a signing request on the gateway, give it to the technician
   (`leeboard vpn issue --gateway {name} --request gateway.csr --to FOLDER`), and import `certificate.pem` for it.
3. VPN, IPsec, Connections: version IKEv2, proposals `{ike}` and `{esp}`, local certificate the gateway's with identity
   `{name}`, remote public key with the root as its authority.
4. In the source that was read nothing brings a list of System, Trust, Revocation to IPsec, and a connection has no
   setting for strict: charon looks the list up by the address in each certificate, and lets in whom it cannot look up.
   A file of your own in `/usr/local/etc/swanctl/conf.d/` with `revocation = strict` is for whoever knows swanctl.

## A device was revoked

`swanctl --flush-certs` on the gateway, so that the list is fetched anew; then VPN, IPsec, Status: disconnect it.

## The issuing authority was revoked

Remove it among the authorities, import the new one, `swanctl --flush-certs`, and restart IPsec.
"""
REQUEST = """[Version]
Signature="$Windows NT$"

[NewRequest]
Subject = "CN={name}"
MachineKeySet = true
Exportable = false
KeyAlgorithm = ECDSA_P384
KeyLength = 384
HashAlgorithm = SHA384
RequestType = PKCS10
"""
SCRIPT = """#Requires -RunAsAdministrator
# RRAS as Leeboard's VPN asks for it. Written by leeboard vpn export-gateway; read README.md first.
$ErrorActionPreference = 'Stop'
{trusted}
$root = Get-ChildItem -LiteralPath Cert:\\LocalMachine\\Root | Where-Object {{ $_.Thumbprint -eq '{thumbprint}' }}
Set-VpnAuthProtocol -UserAuthProtocolAccepted Certificate -RootCertificateNameToAccept $root
$suite = @{{
    TunnelType = 'IKEv2'
    EncryptionMethod = '{encryption}'
    IntegrityCheckMethod = '{integrity}'
    DHGroup = '{group}'
    PfsGroup = '{group}'
    CipherTransformConstants = '{encryption}'
    AuthenticationTransformConstants = '{encryption}'
    MMSALifeTimeSeconds = 28800
    SALifeTimeSeconds = 14400
    SADataSizeForRenegotiationKilobytes = 102400
}}
Set-VpnServerConfiguration @suite
# Machine certificates are looked up: 4. With 2, or without the value, a revoked one connects.
$ikev2 = 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\RemoteAccess\\Parameters\\Ikev2'
if (-not (Test-Path -LiteralPath $ikev2)) {{ New-Item -Path $ikev2 -Force | Out-Null }}
New-ItemProperty -LiteralPath $ikev2 -Name CertAuthFlags -PropertyType DWord -Value 4 -Force | Out-Null
{home}Restart-Service -Name RemoteAccess
"""
