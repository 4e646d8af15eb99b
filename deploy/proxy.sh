#!/bin/sh
# Run nginx with nginx.conf, made out for PUBLIC_NAME (the name members use) and HUBS (address:port of each hub).
set -eu
: "${PUBLIC_NAME:?set it to the name members use}" "${HUBS:?set it to the addresses of the hubs}"
from="${CONFIG:-/etc/cirt-hub/nginx.conf}" to="${RENDERED:-/etc/nginx/conf.d/default.conf}"
servers=""
for hub in $HUBS; do
    servers="$servers server $hub max_fails=0;"
done
grep -q 'server 127\.0\.0\.1:8480 max_fails=0;' "$from"
sed -e "s/hub\.example\.org/$PUBLIC_NAME/g" -e "s/server 127\.0\.0\.1:8480 max_fails=0;/${servers# }/" "$from" > "$to"
exec nginx "$@" -g 'daemon off;'
