#!/bin/sh
# Makes the secrets that compose.yaml mounts, each once: what is there already stays. The folder is for its owner alone;
# the files in it can be read by the unprivileged users of the containers.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
cd "$folder"

# Prints a new random secret of letters, digits, - and _.
secret() {
  openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n'
}

# keep <name>: standard input becomes the secret of that name, unless there is one.
keep() {
  if [ -e "$1" ]; then
    return
  fi
  cat > "$1.new"
  chmod 444 "$1.new"
  mv "$1.new" "$1"
  echo "made $folder/$1"
}

secret | keep service-secret
secret | keep postgres-password
for owner in api relay; do
  secret | keep "$owner-database-password"
  printf 'postgres://%s:%s@postgres:5432/%s' "$owner" "$(cat "$owner-database-password")" "$owner" |
    keep "$owner-database-url"
done
