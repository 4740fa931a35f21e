#!/bin/sh
# A collector of logs on this machine, port 6514, that takes lines by TLS and keeps them in /var/log/lab-collector.
# At its first start it makes an authority, and certificates for itself and for the device in /etc/leeboard.
set -eu
umask 077
own=/root/lab-collector
mkdir -p "$own" /var/log/lab-collector /etc/leeboard
chmod 755 /etc/leeboard
if [ ! -e "$own/made" ]; then
    cd "$own"
    curve="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    # shellcheck disable=SC2086
    openssl req -x509 $curve -days 7300 -subj "/CN=Lab authority" -addext basicConstraints=critical,CA:TRUE \
        -keyout ca.key -out ca.pem
    for name in localhost device other.example; do
        # shellcheck disable=SC2086
        openssl req $curve -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
        echo "subjectAltName=DNS:$name" >extension
        openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -days 7300 -extfile extension -out "$name.pem"
    done
    # shellcheck disable=SC2086
    openssl req -x509 $curve -days 7300 -subj "/CN=localhost" -addext subjectAltName=DNS:localhost \
        -keyout stranger.key -out stranger.pem
    install -m 644 ca.pem /etc/leeboard/collector-ca.pem
    install -m 644 device.pem /etc/leeboard/collector-client.pem
    install -m 640 device.key /etc/leeboard/collector-client.key
    touch made
fi
cat >"$own/rsyslog.conf" <<EOF
global(workDirectory="$own" defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="$own/ca.pem"
       defaultNetstreamDriverCertFile="$own/localhost.pem" defaultNetstreamDriverKeyFile="$own/localhost.key")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" port="6514" address="127.0.0.1")
action(type="omfile" file="/var/log/lab-collector/arrived")
EOF
exec rsyslogd -n -iNONE -f "$own/rsyslog.conf"
