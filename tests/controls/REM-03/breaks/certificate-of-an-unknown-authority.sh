#!/bin/bash
# An authority that somebody set up for a test signed for this laptop, and nobody else knows it.
# kind: value
# image: gnome
# flips: REM-03
# expect: drifted
# also: REM-02 compliant, REM-04 compliant
# mends: no
set -eu
me=lt-014.900001.leeboard.internal
cd /etc/swanctl
made=$(mktemp -d)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 365 -subj '/CN=The school' \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$made/root.key" -out "$made/root.pem" 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 365 -subj '/CN=The school' \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$made/test.key" -out "$made/test.pem" 2>/dev/null
root=leeboard-$(openssl x509 -in "$made/root.pem" -outform DER | sha256sum | cut -d' ' -f1).pem
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj "/CN=$me" \
    -keyout "$made/own.key" -out "$made/own.csr" 2>/dev/null
printf 'subjectAltName=DNS:%s\nextendedKeyUsage=clientAuth\nbasicConstraints=critical,CA:false\n' "$me" >"$made/own.ext"
openssl x509 -req -in "$made/own.csr" -CA "$made/test.pem" -CAkey "$made/test.key" -CAcreateserial -days 180 \
    -extfile "$made/own.ext" -out "$made/own.pem" 2>/dev/null
install -m 0644 "$made/root.pem" "x509ca/$root"
install -m 0644 "$made/own.pem" x509/leeboard-vpn-0123456789abcdef.pem
install -m 0600 "$made/own.key" private/leeboard-vpn-0123456789abcdef.pem
rm -r "$made"
cat >conf.d/leeboard.conf <<CONF
connections {
  leeboard {
    version = 2
    remote_addrs = 192.0.2.1
    vips = 0.0.0.0, ::
    proposals = aes256gcm16-prfsha384-ecp384
    local {
      auth = pubkey
      id = $me
    }
    remote {
      auth = pubkey
      id = vpn.school.example
      cacerts = $root
    }
    children {
      leeboard {
        remote_ts = 0.0.0.0/0, ::/0
        esp_proposals = aes256gcm16-ecp384
      }
    }
  }
}
CONF
chmod 0600 conf.d/leeboard.conf
systemctl reload strongswan
