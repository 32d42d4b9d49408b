#!/bin/sh
# Makes, once, what production must keep to itself, and gives each file to the one user that reads it:
#
#   postgres_password          of the server's superuser, for the server
#   taskmanager_password       of the role that the service is, for the server
#   database_url               for the service
#   ca.crt                     who signs the server's certificate, for everybody
#   server.crt, server.key     for the server
#   grafana_admin_password     for Grafana
#
# The key of the authority is thrown away as soon as it has signed. A certificate that ends within 30 days
# is recreated, with an authority of its own: restart the server and the service after that.
# Runs as root, in the image of PostgreSQL, which brings openssl and the user postgres.
set -eu

folder=/secrets
service=10001 # the user of the Dockerfile
grafana=472   # the user of Grafana's image
host=postgres # the name by which the service calls the server
umask 077
cd "$folder"

say() { echo "secrets: $*"; }

# keep FILE OWNER MODE: standard input becomes the file, whole or not at all.
keep() {
    cat >"$1.new"
    sync "$1.new"
    chmod "$3" "$1.new"
    chown "$2" "$1.new"
    mv "$1.new" "$1"
    say "made $1"
}

password() { openssl rand -hex 24 | tr -d '\n'; }

[ -s postgres_password ] || password | keep postgres_password postgres:postgres 400
[ -s grafana_admin_password ] || password | keep grafana_admin_password "$grafana:0" 400
# The URL is last: while it is not there, the two are recreated and fit.
if [ ! -s database_url ]; then
    secret=$(password)
    printf '%s' "$secret" | keep taskmanager_password postgres:postgres 400
    printf 'postgres://taskmanager:%s@%s:5432/taskmanager?sslmode=verify-full&sslrootcert=%s/ca.crt\n' \
        "$secret" "$host" "$folder" | keep database_url "$service:$service" 400
fi

if ! openssl x509 -checkend $((30 * 24 * 3600)) -noout -in server.crt >/dev/null 2>&1; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -sha256 \
        -keyout "$work/ca.key" -out "$work/ca.crt" -subj '/CN=taskmanager database authority' \
        -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign' 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
        -keyout "$work/server.key" -out "$work/server.csr" -subj "/CN=$host" 2>/dev/null
    cat >"$work/extensions" <<EXTENSIONS
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:$host,DNS:localhost,IP:127.0.0.1
EXTENSIONS
    openssl x509 -req -in "$work/server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial \
        -days 3649 -sha256 -extfile "$work/extensions" -out "$work/server.crt" 2>/dev/null
    keep ca.crt root:root 444 <"$work/ca.crt"
    keep server.key postgres:postgres 400 <"$work/server.key"
    # Last, as it is what is looked at.
    keep server.crt root:root 444 <"$work/server.crt"
fi
chmod 755 "$folder"
say ready
