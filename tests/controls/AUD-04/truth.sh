#!/bin/bash
# AUD-04, and the common part of the audit controls: really does what must leave a record, as a 64-bit and as a 32-bit
# program, and looks for the record with ausearch; then loads the files as a restart does, and does it again.
# Prints compliant, pending or drifted, then why. Another control's script sets WORK and KEYS and starts this one.
# Locked rules (-e 2) cannot be loaded again: then what augenrules makes of the files is read here, by other means.
set -u
WORK=${WORK:-"
file /etc/group
file /etc/passwd
file /etc/gshadow
file /etc/shadow
file /etc/security/opasswd
file /etc/nsswitch.conf
file /etc/pam.conf
folder /etc/pam.d
start /usr/sbin/usermod
"}
export WORK BESIDE="${0%/*}"
exec python3 - <<'PYTHON'
import ctypes, mmap, os, re, socket, struct, subprocess, sys, time

libc = ctypes.CDLL(None, use_errno=True)
# Numbers from asm/unistd_64.h and asm/unistd_32.h.
CALLS = {
    "adjtimex": (159, 124), "settimeofday": (164, 79), "clock_settime": (227, 264), "sethostname": (170, 74),
    "setdomainname": (171, 121), "init_module": (175, 128), "finit_module": (313, 350), "delete_module": (176, 129),
    "mount": (165, 21), "fsmount": (432, 432), "move_mount": (429, 429), "mount_setattr": (442, 442),
    "unlink": (87, 10), "unlinkat": (263, 301), "rename": (82, 38), "renameat": (264, 302), "renameat2": (316, 353),
    "chmod": (90, 15), "fchmod": (91, 94), "fchmodat": (268, 306), "fchmodat2": (452, 452), "chown": (92, 182),
    "fchown": (93, 95), "lchown": (94, 16), "fchownat": (260, 298), "setxattr": (188, 226), "lsetxattr": (189, 227),
    "fsetxattr": (190, 228), "removexattr": (197, 235), "lremovexattr": (198, 236), "fremovexattr": (199, 237),
    "open": (2, 5), "openat": (257, 295), "execve": (59, 11),
}
NAME = {number: name for name, (number, _other) in CALLS.items()}
NAME_32 = {number: name for name, (_other, number) in CALLS.items()}
O_WRONLY_APPEND, O_NOATIME, AT_FDCWD = 0o2001, 0o1000000, -100
LOW = mmap.mmap(-1, 8192, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, prot=7)  # MAP_32BIT
BASE = ctypes.addressof(ctypes.c_char.from_buffer(LOW))
# Seconds by which the clock of the records may be behind: it moves with the timer, which a busy emulated machine loses.
LAG = 0.2


def kernel(bits, name, *arguments):
    """A system call of a 64-bit program, or of a 32-bit one (int 0x80), with texts placed where both can point at."""
    at, values = 1024, []
    for argument in arguments:
        if isinstance(argument, str):
            text = argument.encode() + b"\0"
            LOW[at:at + len(text)] = text
            values.append(BASE + at)
            at += len(text) + 16
        else:
            values.append(argument)
    values += [0] * (5 - len(values))
    if bits == 64:
        return libc.syscall(ctypes.c_long(CALLS[name][0]), *[ctypes.c_long(value) for value in values])
    # push rbx; mov eax,nr; mov ebx,a; mov ecx,b; mov edx,c; mov esi,d; mov edi,e; int 0x80; pop rbx; ret
    code = b"\x53\x57\x56\xb8" + struct.pack("<I", CALLS[name][1])
    for opcode, value in zip((0xBB, 0xB9, 0xBA, 0xBE, 0xBF), values):
        code += bytes([opcode]) + struct.pack("<I", value & 0xFFFFFFFF)
    LOW[0:len(code) + 6] = code + b"\xcd\x80\x5e\x5f\x5b\xc3"
    return ctypes.CFUNCTYPE(ctypes.c_int)(BASE)()


def child(work, auid=1000, uid=0):
    """Run `work` in a process that somebody with that auid signed in for."""
    pid = os.fork()
    if pid == 0:
        try:
            with open("/proc/self/loginuid", "w") as login:
                login.write(str(auid))
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            work()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def silent(work):
    quiet = os.open("/dev/null", os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(quiet, handle)
    work()


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, errors="replace")


def events(since):
    """The records since then: {serial number: text}."""
    out = run("ausearch", "--input-logs", "--raw", "--start", "recent").stdout
    found = {}
    for line in out.splitlines():
        match = re.search(r"audit\(([0-9.]+):(\d+)\)", line)
        if match and float(match[1]) >= since - LAG:
            found[match[2]] = found.get(match[2], "") + line + "\n"
    return list(found.values())


def bits_of(event):
    return {"c000003e": 64, "40000003": 32}.get((re.search(r" arch=(\w+)", event) or [0, ""])[1])


def call_of(event):
    number = re.search(r" syscall=(\d+)", event)
    return (NAME if bits_of(event) == 64 else NAME_32).get(int(number[1])) if number else None


PIECES = [tuple(line.split(" ", 1)) for line in os.environ["WORK"].splitlines() if line.strip()]
MARK = "truth-%d" % os.getpid()


def do(kind, what, bits):
    """Do what must leave a record. Returns a function that knows the record."""
    if kind == "file":
        fresh = not os.path.lexists(what)
        if fresh:
            open(what, "w").close()
        mode = os.lstat(what).st_mode & 0o7777
        kernel(bits, "open", what, O_WRONLY_APPEND)
        if not os.path.islink(what):
            kernel(bits, "chmod", what, mode)
        if fresh:
            os.unlink(what)
        calls = {"open", "chmod"} - ({"chmod"} if os.path.islink(what) else set())
        real = os.path.realpath(what)
        names = ('"%s"' % what, '"%s"' % real)
        return lambda seen: calls <= {call_of(e) for e in seen if bits_of(e) == bits and any(n in e for n in names)}
    if kind == "link":
        # The link itself is replaced, as timedatectl does it.
        os.symlink(os.readlink(what), what + ".truth")
        kernel(bits, "rename", what + ".truth", what)
        return lambda seen: any(call_of(e) == "rename" and bits_of(e) == bits and '"%s"' % what in e for e in seen)
    if kind == "folder":
        if not os.path.isdir(what):
            return lambda seen: True
        inside = what.rstrip("/") + "/." + MARK + str(bits)
        open(inside, "w").close()
        kernel(bits, "chmod", inside, 0o600)
        kernel(bits, "unlink", inside)
        return lambda seen: {"chmod", "unlink"} <= {call_of(e) for e in seen if bits_of(e) == bits and inside in e}
    if kind in ("start", "rights"):
        fresh = not os.path.exists(what)
        if fresh:
            run("cp", "/bin/true", what)
        def work():
            LOW[2048:2064] = struct.pack("<QQ", 0, 0)
            kernel(bits, "execve", what, BASE + 2048, BASE + 2048)
        child(lambda: silent(work), uid=1000 if kind == "rights" else 0)
        if fresh:
            os.unlink(what)
        signs = ("success=yes", 'exe="%s"' % os.path.realpath(what))
        return lambda seen: any(
            call_of(e) == "execve" and bits_of(e) == bits and all(sign in e for sign in signs) for e in seen
        )
    if kind == "people":
        name, *arguments = what.split()
        arguments = [int(one) if re.fullmatch(r"-?\d+", one) else one.replace("MARK", MARK) for one in arguments]
        child(lambda: kernel(bits, name, *arguments))
        return lambda seen: any(call_of(e) == name and bits_of(e) == bits and " auid=1000 " in e for e in seen)
    if kind == "anybody":
        name, *arguments = what.split()
        if name.endswith("name"):
            value = open("/proc/sys/kernel/" + name[len("set"):]).read().strip()
            arguments = [value, len(value)]
        kernel(bits, name, *[int(one) if re.fullmatch(r"-?\d+", str(one)) else one for one in arguments])
        return lambda seen: any(call_of(e) == name and bits_of(e) == bits for e in seen)
    if kind == "refused":
        path, flags, error = {"EACCES": ("/etc/shadow", 0, -13), "EPERM": ("/etc/passwd", O_NOATIME, -1)}[what]
        def work():
            kernel(bits, "open", path, flags)
            kernel(bits, "openat", AT_FDCWD, path, flags)
        child(work, uid=1000)
        sign = " exit=%d " % error
        return lambda seen: {"open", "openat"} <= {call_of(e) for e in seen if bits_of(e) == bits and sign in e}
    if kind == "homes":
        other = "/home/" + MARK
        os.makedirs(other, exist_ok=True)
        open(other + "/letter", "w").close()
        os.chown(other, 4321, 4321)
        os.chown(other + "/letter", 4321, 4321)
        child(lambda: kernel(bits, "open", other + "/letter", 0))
        run("rm", "-r", other)
        return lambda seen: any(call_of(e) == "open" and bits_of(e) == bits and other in e for e in seen)
    if kind == "said":
        # A record as PAM and sshd send it, by the numbers of linux/audit.h.
        numbers = {"USER_AUTH": 1100, "USER_START": 1105, "USER_END": 1106, "USER_LOGIN": 1112}
        text = ("op=%s res=success" % MARK).encode() + b"\0"
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as link:
            link.send(struct.pack("=IHHII", 16 + len(text), numbers[what], 5, 1, 0) + text)
        return lambda seen: any("type=%s " % what in e and MARK in e for e in seen)
    raise SystemExit("no such work: " + kind)


def unrecorded():
    """What leaves no record at this moment, in words."""
    if run("pgrep", "-x", "auditd").returncode:
        return "auditd does not run"
    time.sleep(2 * LAG)
    since = time.time()
    tests = []
    for kind, what in PIECES:
        if kind in ("text", "setuid"):
            continue
        for bits in (64,) if kind == "said" else (64, 32):
            tests.append(("%s %s (%d bit)" % (kind, what, bits), do(kind, what, bits)))
    missing = []
    for _second in range(12):
        seen = events(since)
        missing = [name for name, known in tests if not known(seen)]
        if not missing:
            break
        time.sleep(0.5)
    return "; ".join(missing)


def wanted_paths():
    found = []
    for kind, what in PIECES:
        if kind == "setuid" and os.environ.get("LEVEL") != "standard":
            mounts = run("findmnt", "-rno", "TARGET,OPTIONS", "-t", "ext4,xfs,btrfs,tmpfs").stdout.splitlines()
            places = [line.split()[0] for line in mounts if not {"nosuid", "noexec"} & set(line.split()[1].split(","))]
            for place in places:
                found += run("find", place, "-xdev", "-type", "f", "-perm", "/6000").stdout.splitlines()
        if kind == "text" and (what[0] != "/" or os.path.exists(what)):
            found.append(what)
    return found


def unsaid(rules):
    """What a list of rules does not name: for programs that are not to be started here."""
    for path in wanted_paths():
        lines = [line.split(" ") for line in rules.splitlines() if path in line.replace("=", " ").split(" ")]
        if any(line[0] == "-w" for line in lines):
            continue
        for arch in ("arch=b64", "arch=b32"):
            if not any(arch in line or not any(word.startswith("arch=") for word in line) for line in lines):
                return "%s is in no rule with %s" % (path, arch)
    return ""


def files():
    """What augenrules makes of the files, where the rules are locked."""
    text = run("bash", os.environ["BESIDE"] + "/truth_augenrules.sh").stdout
    if not text:
        raise SystemExit("augenrules made nothing of the files")
    return text


def as_read(text):
    """For locked rules: what the files would bring back, line by line; a reason where they would not load."""
    good = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("-a", "-A", "-w"):
            for name in re.findall(r"(?:-w |dir=|path=)(\S+)", line):
                needed = name.rstrip("/") if "dir=" in line else os.path.dirname(name.rstrip("/"))
                if not os.path.isdir(needed):
                    return good, "%s is missing" % needed
        elif not re.match(r"-([DbfecirsltvFq]|-[a-z_-]+)\b", words[0]) or words[0] == "-F":
            return good, "a bad line: " + line
        good.append(line)
    return good, ""


def main():
    status = dict(line.split(" ", 1) for line in run("auditctl", "-s").stdout.splitlines() if " " in line)
    off = status.get("enabled", "0") == "0"
    now = "auditing is off" if off else unrecorded() or unsaid(run("auditctl", "-l").stdout)
    if status.get("enabled") == "2":
        good, why = as_read(files())
        keys = os.environ.get("KEYS", "identity usermod").split()
        held = run("auditctl", "-l").stdout.splitlines()
        kept = [line for line in held if set(re.findall(r"(?:key=|-k )(\S+)", line)) & set(keys)]
        lost = [line for line in kept if not any(same(line, other) for other in good)]
        never = [line for line in good if "never" in line or "exclude" in line]
        later = why or (never and never[0]) or (lost and lost[0][:160]) or unsaid("\n".join(good))
        return now, later, True
    # As at a start: no rules, and /run as systemd-tmpfiles makes it. Afterwards the kernel gets back what it had.
    before = run("auditctl", "-l").stdout.replace("No rules", "")
    run("auditctl", "-D")
    run("mv", "/run/faillock", "/run/faillock.truth")
    run("systemd-tmpfiles", "--create", "--prefix=/run/faillock")
    loaded = run("augenrules", "--load")
    later = "the rules do not load" if loaded.returncode else unrecorded() or unsaid(run("auditctl", "-l").stdout)
    if os.path.isdir("/run/faillock.truth"):
        run("rm", "-rf", "/run/faillock")
        run("mv", "/run/faillock.truth", "/run/faillock")
    with open("/run/truth.rules", "w") as kept:
        kept.write(before)
    run("auditctl", "-D")
    run("auditctl", "-R", "/run/truth.rules")
    run("auditctl", "-e", status.get("enabled", "1"))
    return now, later, False


def same(kernel_line, file_line):
    def plain(line):
        words = re.sub(r"^-w (\S+) -p (\S+).*$", r"path=\1 perm=\2", line).split(" ")
        words = {word for word in words if "=" in word and not word.startswith("key=")}
        words = {word.rstrip("/").replace("unset", "-1").replace("dir=", "path=") for word in words}
        words = {"uid!=euid" if w == "euid!=uid" else w for w in words}
        calls = set(",".join(re.findall(r"-S (\S+)", line)).split(",")) - {"", "all"}
        return words, set() if any(w.startswith("perm=") for w in words) else calls
    mine, theirs = plain(kernel_line), plain(file_line)
    return mine[0] == theirs[0] and mine[1] <= theirs[1]


if run("sh", "-c", "command -v auditctl").returncode:
    print("drifted\nthere is no auditctl")
    sys.exit()
now, later, locked = main()
if later:
    print("drifted\nafter a restart: " + later)
elif now:
    print(("pending" if locked else "drifted") + "\nnow: " + now)
else:
    print("compliant")
PYTHON
