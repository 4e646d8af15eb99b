#!/bin/sh
# Run once by the image of PostgreSQL, in an empty primary: the hub's role and database, the standby's role and slot.
# The passwords come from files alone; the hub's role owns its database and can do nothing else.
set -eu
SECRETS="${SECRETS:-/run/secrets}"
hub="$(cat "$SECRETS/hub_password")" replicator="$(cat "$SECRETS/replicator_password")"
export hub replicator
psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres --no-psqlrc --quiet <<'SQL'
\set hub `printf %s "$hub"`
\set replicator `printf %s "$replicator"`
SET password_encryption = 'scram-sha-256';
CREATE ROLE cirt_hub LOGIN PASSWORD :'hub';
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replicator';
CREATE DATABASE cirt_hub OWNER cirt_hub TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
REVOKE CONNECT, TEMPORARY ON DATABASE cirt_hub FROM PUBLIC;
SELECT FROM pg_create_physical_replication_slot('standby');
SQL
echo 'host replication replicator samenet scram-sha-256' >> "$PGDATA/pg_hba.conf"
