"""What Ansible says when a secret is wrong, has expired or is missing, and what a technician can do about it.

None of these is silence: a device whose password is wrong may be on, and nobody knows until it is put right. The words
name files, variables, accounts and realms as far as that helps; nothing of a secret is ever among them.

The texts are those of ansible-core 2.21, OpenSSH 10, sudo 1.9, MIT Kerberos 1.21, pywinrm 0.5 and pypsrp 0.9.
tests/credentials provokes them; what it cannot provoke it takes from their sources, and says so.
"""

from __future__ import annotations

_PLUGIN = r"'?(?P<plugin>[a-z][a-z0-9_]{0,60}(?:\.[a-z0-9_]{1,60}){0,3})'?"
_NAME = r"(?P<variable>[A-Za-z_][A-Za-z0-9_]{0,60})"
_REALM = r"realm ['\"](?P<realm>[A-Za-z0-9.-]{1,120})['\"]"
_GIVE = "(ANSIBLE_VAULT_PASSWORD_FILE, see docs/credentials.md)"
_BEGIN = r"\A(?:Task failed: )?"

# Where a secret comes from: vaults, lookups, variables.
_SOURCES: tuple[tuple[str, str], ...] = (
    (
        "Decryption failed|HMAC verification failed",
        f"its password lies in a vault that the vault password does not open. Give this school's own {_GIVE}",
    ),
    (
        "Attempting to decrypt but no vault secrets found|A vault password must be specified",
        f"its password lies in a vault, and no vault password was given. Give this school's {_GIVE}",
    ),
    (
        f"The lookup plugin {_PLUGIN} was not found",
        "its password comes from the lookup {plugin}, which is not installed on this controller. Install its "
        "collection (ansible-galaxy collection install), or correct the name",
    ),
    # Our own words already.
    ("The lookup plugin 'leeboard.schools.laps_password' failed: (?P<said>[^\n]{1,280})", "{said}"),
    (
        f"The lookup plugin {_PLUGIN} failed",
        "its password comes from the lookup {plugin}, which failed: there is no such secret, or its own sign-in, "
        "address or file is wrong. Run the check with -v to see what it said",
    ),
    (
        f"'{_NAME}' is undefined",
        "{variable} is needed to sign in to it, and is nowhere. Write it into the school's vault, or correct the name "
        "in vars of the connection",
    ),
)

_SSH: tuple[tuple[str, str], ...] = (
    (
        "Identity file .{1,300} not accessible|no such identity: ",
        "the file of the SSH key that is to open it is not there. Put it there, or correct key in the school's "
        "connection (ansible_ssh_private_key_file)",
    ),
    (
        r"Permissions \d+ for .{1,300} are too open|UNPROTECTED PRIVATE KEY FILE",
        "SSH does not use a key file that others may read. Give it to one account alone (chmod 600), and make a new "
        "key if somebody may have copied this one",
    ),
    (
        r'Load key "[^"\n]*": incorrect passphrase|Failed to add configured private key into ssh-agent',
        "the passphrase of its SSH key is wrong. Load the key into the agent (ssh-add), or correct "
        "ansible_ssh_private_key_passphrase",
    ),
    (
        r'Load key "[^"\n]*": ',
        "the file of the SSH key cannot be read or holds no private key. Correct key in the school's connection "
        "(ansible_ssh_private_key_file)",
    ),
    (
        r"Your account has expired|account (?:\S+ )?has expired|account is locked",
        "its account has expired there, or its password did so too long ago. Set a later day on it (chage "
        "--expiredate) or a new password, or use another account",
    ),
    (
        "[Pp]assword has expired|Password change required|required to change your password",
        "the account's password has expired there, which stops sign-in by key as well. Set a new one and write it into "
        "the vault, or give the account a password without an end (chage --maxdays -1)",
    ),
    (
        "Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|authenticity of host"
        "|Using a SSH password instead of a key is not possible because Host Key",
        "its SSH host key is not the known one, or none is known: it is new here, was installed anew, or another "
        "device has its address. Make sure which, then put the right key into known_hosts",
    ),
    (
        "Too many authentication failures",
        "it broke off before the right key had its turn. Name one key (key in the school's connection), or take others "
        "out of the agent",
    ),
    (
        "must install the sshpass program",
        "ansible_ssh_password_mechanism asks for sshpass, which is not on this controller. Take it out or install it",
    ),
    (
        "Permission denied",
        "it did not let this account in: the account, its SSH key or its password is wrong there, or none was given. "
        "Correct ansible_user, the key or ansible_password; a key with a passphrase must be in the agent (ssh-add)",
    ),
    (
        "This account is currently not available",
        "its account has no shell there, so nothing can be run. Give it one (usermod --shell /bin/sh), or use another",
    ),
)

_BECOME: tuple[tuple[str, str], ...] = (
    (
        r"Incorrect \w+ password|\d+ incorrect password attempt",
        "sudo did not accept the password. Correct ansible_become_password",
    ),
    (
        r"Missing \w+ password|(?:a|Sorry, a) password is required",
        "sudo asks for a password, and none was given. Give ansible_become_password from the vault, or let the account "
        "use sudo without one (NOPASSWD). An account that sudo does not know at all looks the same",
    ),
    (
        "is not in the sudoers file|may not run sudo|is not allowed to (?:execute|run)",
        "its account may not use sudo there. Allow it in /etc/sudoers.d, or use another account",
    ),
    (
        "must have a tty to run sudo",
        "sudo there wants a terminal, and a check has none. Take requiretty back for this account in /etc/sudoers.d",
    ),
    (
        "waiting for privilege escalation prompt",
        "it let the account in, and sudo gave no answer in time: its password prompt is another one, or it waits for a "
        "server that is away (LDAP, a second factor). Sign in there and try sudo -n true",
    ),
    (
        r"(?:sudo|su|doas): (?:\S+: )?(?:not found|command not found|No such file)|sudo: unable to (?:open|stat) ",
        "sudo is not there or cannot read its configuration. Install or mend it",
    ),
)

_WINDOWS: tuple[tuple[str, str], ...] = (
    (
        "auth method \\w+ requires a|No credentials were supplied",
        "no password was given for it: ansible_user or ansible_password is missing or empty. Look at the "
        "school's vault, or at the lookup that it comes from",
    ),
    (
        "SEC_E_LOGON_DENIED|STATUS_LOGON_FAILURE|Failed to authenticate the user",
        "it did not accept the user and password. Correct ansible_user and ansible_password; if they are right, this "
        "way to sign in is switched off there, or the account is locked, has expired or must change its password",
    ),
    (
        # https://learn.microsoft.com/windows/win32/debug/system-error-codes--1300-1699-: 1385, 0xC000015B.
        "LOGON_TYPE_NOT_GRANTED|0x(?:[cC]000015[bB]|80070569)",
        'it keeps such accounts off the network (CIS 2.2.16, the right "Deny access to this computer from the '
        'network"). Use an account of the domain, or take local accounts out of that right',
    ),
    (
        "STATUS_PASSWORD_EXPIRED|STATUS_PASSWORD_MUST_CHANGE|ERROR_PASSWORD_(?:EXPIRED|MUST_CHANGE)",
        "the account's password has expired. Set a new one and write it into the school's vault",
    ),
)

_CLOCK = "Compare the clocks of this controller and of the domain controller"
_KERBEROS: tuple[tuple[str, str], ...] = (
    (
        "calling kinit cmd '[^']*': .*(?:No such file|Permission denied|not found)",
        "Kerberos is asked for, and kinit is not installed on this controller: apt-get install krb5-user",
    ),
    (
        "Cannot read password while getting initial|Password expired.  You must change it|Password has expired",
        "the account's password has expired in the realm. Set a new one there and write it into the school's vault",
    ),
    (
        "Password incorrect while getting|Preauthentication failed|Decrypt integrity check failed|Password mismatch",
        "the realm did not accept the account's password. Correct it in the school's vault; after a few more attempts "
        "the account may be locked",
    ),
    (
        "Client '?[^'\n]*'? not found in Kerberos database",
        "the realm has no account of this name. Correct user and realm (in capitals) in the school's connection",
    ),
    (
        "Client's entry in database has expired",
        "the account has expired in the realm. Set a later day on it, or use another",
    ),
    (
        "credentials have been revoked",
        "the account is disabled or locked in the realm. Unlock it there, and look for who tries wrong passwords",
    ),
    ("Clock skew too great|Ticket not yet valid", f"Kerberos refuses, since the clocks differ. {_CLOCK}"),
    (
        f"Cannot find KDC for {_REALM}",
        "nobody here knows a domain controller of the realm {realm}. Write it into [realms] of krb5.conf, or let DNS "
        "answer for it; a realm stands in capitals",
    ),
    (
        f"Cannot (?:contact any KDC for|resolve network address for KDC in) {_REALM}",
        "no domain controller of the realm {realm} answers, so the device was not asked. Look whether they are on and "
        "reached from here (port 88), and at [realms] in krb5.conf",
    ),
    (
        "Server (?:\\S+ )?not found in Kerberos database|Cannot determine realm for host",
        "the realm has no service of the device's name. ansible_host (or the host's name) must be its full name in the "
        "domain, never an address or an alias, and [domain_realm] in krb5.conf must lead to its realm",
    ),
    (
        "Ticket expired|ticket (?:has )?expired|Credentials cache .{0,300}expired",
        "the Kerberos ticket has expired. Get a new one (kinit), or give ansible_password, with which each visit gets "
        "its own",
    ),
    (
        "No Kerberos credentials available|No credentials cache found|Matching credential not found"
        "|Can't find client principal",
        "there is no Kerberos ticket, and no password to get one with: ansible_password is missing or empty. Give it "
        "from the vault, or run kinit (with a keytab) before the check",
    ),
    (
        "Key table file '[^'\n]*' not found|Keytab contains no suitable keys for|keytab .*unknown entry",
        "the keytab is not there, or holds no key of this account. Look at ansible_winrm_kinit_args, and make a new "
        "keytab after each change of the password",
    ),
    (
        "KDC reply did not match expectations|Realm not local to KDC|Illegal cross-realm",
        "the realm is written otherwise than the domain controller calls it. Write it in capitals, as there",
    ),
    (
        "Configuration file does not specify default realm|Cannot find configuration|Improper format of Kerberos "
        "configuration|Included profile|Profile (?:relation|section)",
        "krb5.conf of this controller is missing or cannot be read. docs/credentials.md has one that works",
    ),
    (
        "no support for encryption type|Encryption type .{0,60}not supported|etype not supported",
        "the realm and this controller have no encryption in common. The account wants AES: set that on it, and then "
        "a new password",
    ),
    (
        "kinit: ",
        "Kerberos gave no ticket. Run kinit with this account on the controller, which says why",
    ),
)

# Where a text must begin for its patterns to count, so that a device cannot make one up; then pattern and words. Of
# several patterns that are found the first counts, so what says more stands before what says less.
MEANINGS = (
    (f"{_BEGIN}(?:Error processing (?:keyword|option) '\\w+': [^\\n]*?)?(?:{{pattern}})", _SOURCES),
    (
        f"(?s){_BEGIN}(?:Kerberos auth failure|kerberos: |failed to authenticate with the server).*?(?:{{pattern}})",
        _KERBEROS,
    ),
    ("{pattern}", (*_SSH, *_BECOME, *_WINDOWS)),
)
