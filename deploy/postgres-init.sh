#!/bin/sh
# Run once by PostgreSQL's image, while its volume is empty: makes a database for the api and one for the relays, each with
# an owner of its own. The api's holds the key that signs for everybody, so nobody but the api may even connect to it.
set -eu
secrets=${SECRETS_FOLDER:-/run/secrets}

for owner in api relay; do
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set owner="$owner" --set password="$(cat "$secrets/$owner-database-password")" <<'SQL'
create role :"owner" login password :'password';
create database :"owner" owner :"owner";
revoke all on database :"owner" from public;
SQL
done
