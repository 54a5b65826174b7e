#!/bin/bash
# Entrypoint of timescaledb-test; the environment is that of the official images:
#   POSTGRES_PASSWORD          required when the cluster is created
#   POSTGRES_USER              superuser, default "postgres"
#   POSTGRES_DB                default database, default $POSTGRES_USER
#   POSTGRES_INITDB_ARGS       further arguments for initdb
#   PGDATA                     data directory, default /var/lib/postgresql/data
# Arguments beginning with "-" go to postgres (docker run IMAGE -c fsync=off).
# *.sql and *.sh in /docker-entrypoint-initdb.d run once, after creation.
set -euo pipefail

[[ ${1:-postgres} == -* ]] && set -- postgres "$@"

# Anything but the server (a shell, psql, ...) runs as asked.
if [[ ${1:-postgres} != postgres ]]; then
    exec "$@"
fi

# The server refuses to run as root: prepare the folder, then start over as postgres.
if [[ $(id -u) == 0 ]]; then
    install -d -o postgres -g postgres -m 0700 "$PGDATA"
    install -d -o postgres -g postgres -m 2775 /var/run/postgresql
    chown -R postgres:postgres "$PGDATA"
    HOME=/var/lib/postgresql exec setpriv \
        --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

create_cluster() {
    local user=${POSTGRES_USER:-postgres}
    local db=${POSTGRES_DB:-$user}

    if [[ -z ${POSTGRES_PASSWORD:-} ]]; then
        echo "error: POSTGRES_PASSWORD is not set" >&2
        exit 1
    fi

    # POSTGRES_INITDB_ARGS is a list of words, hence unquoted.
    # shellcheck disable=SC2086
    initdb --pgdata="$PGDATA" --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
        --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}

    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    cat >> "$PGDATA/postgresql.conf" <<-CONF

	# timescaledb-test
	listen_addresses = '*'
	shared_preload_libraries = 'timescaledb'
	timescaledb.telemetry_level = off
	CONF

    # Local socket only: whoever waits for the TCP port waits for the final server.
    pg_ctl --pgdata="$PGDATA" -o "-c listen_addresses='' -p 5432" --wait start

    local psql=(psql --no-psqlrc --quiet --username="$user" --set=ON_ERROR_STOP=1)
    "${psql[@]}" --dbname=template1 --command='CREATE EXTENSION IF NOT EXISTS timescaledb'
    if [[ $db != postgres ]]; then
        # A new database is a copy of template1 and so has the extension.
        "${psql[@]}" --dbname=template1 --set=db="$db" <<< 'CREATE DATABASE :"db"'
    fi
    "${psql[@]}" --dbname="$db" --command='CREATE EXTENSION IF NOT EXISTS timescaledb'

    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sql) "${psql[@]}" --dbname="$db" --file="$file" ;;
            *.sh) bash "$file" ;;
        esac
    done

    pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
}

if [[ ! -s $PGDATA/PG_VERSION ]]; then
    create_cluster
fi

exec "$@"
