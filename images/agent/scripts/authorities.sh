#!/bin/sh
# Writes the certificates that programs of the pod trust: those of this image, and the user's.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
require_contract
given=$AGENT_CA_SOURCE/ca.crt
grep -q -e '-----BEGIN CERTIFICATE-----' "$given" ||
  fail 64 "caBundleRef names a key of a ConfigMap without a certificate: it must hold certificates in PEM"
for file in /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem /etc/pki/tls/certs/ca-bundle.crt; do
  [ -s "$file" ] || continue
  cat "$file"
  break
done >"$AGENT_CA_TARGET/bundle.crt"
{ echo && cat "$given"; } >>"$AGENT_CA_TARGET/bundle.crt"
