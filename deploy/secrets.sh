#!/bin/sh
# Make the passwords of compose.yaml in secrets/, each in a file for the one user that reads it. Nothing is overwritten.
# As root, since the files belong to users inside the containers: 999 (PostgreSQL) and 10001 (the hub).
set -eu
umask 077
cd "$(dirname "$0")"
if [ -e secrets ]; then
    echo "secrets.sh: $(pwd)/secrets is there already; nothing was changed" >&2
    exit 1
fi
mkdir secrets.new
openssl rand -hex 32 > secrets.new/postgres_password
openssl rand -hex 32 > secrets.new/hub_password
openssl rand -hex 32 > secrets.new/replicator_password
printf '*:*:*:cirt_hub:%s\n' "$(cat secrets.new/hub_password)" > secrets.new/hub.pgpass
printf '*:*:*:replicator:%s\n' "$(cat secrets.new/replicator_password)" > secrets.new/replicator.pgpass
chown "${POSTGRES_UID:-999}" secrets.new/*_password secrets.new/replicator.pgpass
chown "${HUB_UID:-10001}" secrets.new/hub.pgpass
chmod 711 secrets.new
mv secrets.new secrets
