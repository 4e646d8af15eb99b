#!/bin/sh
# A streaming standby: copies the primary where there is no data directory yet, then follows it by its slot. Its password is read
# from the file each time it connects. Further arguments go to the server.
set -eu
umask 077
follow="host=${PRIMARY:-primary} port=${PRIMARY_PORT:-5432} user=replicator passfile=${SECRETS:-/run/secrets}/replicator.pgpass"
until [ -e "$PGDATA" ]; do
    rm -rf "$PGDATA.part" # of a copy that was broken off
    if pg_basebackup --pgdata "$PGDATA.part" --dbname "$follow" --slot standby --write-recovery-conf \
        --wal-method stream --checkpoint fast; then
        mv "$PGDATA.part" "$PGDATA"
    else
        sleep 2
    fi
done
exec postgres "$@"
