#!/usr/bin/env bash
# Build a test image from Debian's packages: TimescaleDB, Apache edition, in an image that keeps the
# contract of the official one.
#
#   .ci/image/build.sh pg17     timescaledb-test:pg17, from trixie
#   .ci/image/build.sh pg18     timescaledb-test:pg18, from sid
#
# Needs root, Debian, mmdebstrap and a Docker daemon. An image that this recipe made is reused.
# DEBIAN_MIRROR overrides the mirror, which is otherwise the one that apt uses on this machine.
# Exit code: 0 the image is there, 75 it cannot be built on this machine, anything else is a fault.
# What looks like a variable in single quotes is one of apt's or of mmdebstrap's.
# shellcheck disable=SC2016
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p build
. .ci/packages.sh

readonly RECIPE=.ci/image
readonly LABEL=org.timescaledb-conformance.recipe
readonly CANNOT_BUILD=75

case ${1:-} in
    pg17) major=17 suite=trixie volume=/var/lib/postgresql/data data=/var/lib/postgresql/data ;;
    pg18) major=18 suite=sid volume=/var/lib/postgresql data=/var/lib/postgresql/18/docker ;;
    *)
        echo "usage: $0 pg17|pg18" >&2
        exit 2
        ;;
esac
image=timescaledb-test:$1
recipe=$(cat "$RECIPE"/* | sha256sum | cut --characters=1-16)

inspect() { docker image inspect --format "$1" "$image" 2> /dev/null || true; }

if [[ $(inspect "{{index .Config.Labels \"$LABEL\"}}") == "$recipe" ]]; then
    echo "$image is there"
    exit
fi
if ! may_install || ! install_command mmdebstrap mmdebstrap; then
    echo "$image can be built as root on Debian only, with mmdebstrap" >&2
    exit $CANNOT_BUILD
fi
previous=$(inspect '{{.Id}}')

mirror=$(debian_mirror)
if [[ -z $mirror ]]; then
    echo "no mirror of Debian among apt's sources; name one with DEBIAN_MIRROR" >&2
    exit $CANNOT_BUILD
fi

# In a place that the next run knows too, should this one be killed.
work=$PWD/build/image-$1
# Never through what may still be mounted there.
clear_work() { rm --recursive --force --one-file-system "$work"; }
trap clear_work EXIT
clear_work
mkdir "$work"

# - unshare: what gets mounted goes with the process, however that ends.
# - Check-Valid-Until: a frozen mirror's index is older than it may be.
# - create_main_cluster: the entrypoint makes the cluster, not the package.
echo "building $image from Debian $suite"
TMPDIR=$work timeout --foreground --kill-after=10 600 unshare --mount mmdebstrap --quiet \
    --mode=root --variant=minbase \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --setup-hook='mkdir --parents "$1/etc/postgresql-common"' \
    --setup-hook='echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"' \
    --include="postgresql-$major,postgresql-$major-timescaledb" \
    "$suite" "$work/root.tar" "$mirror" < /dev/null || {
    echo "Debian's packages for $image cannot be installed from apt's mirror" >&2
    exit $CANNOT_BUILD
}

cp "$RECIPE"/{Dockerfile,entrypoint.sh} "$work"
timeout --foreground --kill-after=10 300 \
    docker build --quiet --tag "$image" --label "$LABEL=$recipe" \
    --build-arg "PG_MAJOR=$major" --build-arg "PGDATA=$data" --build-arg "VOLUME=$volume" "$work" \
    > /dev/null

# Its predecessor has lost its name; it goes, unless a container still runs from it.
if [[ -n $previous && $previous != "$(inspect '{{.Id}}')" ]]; then
    docker image rm "$previous" > /dev/null 2>&1 || true
fi
