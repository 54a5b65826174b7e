# shellcheck shell=bash
# Installing what is missing, where one may: as root on Debian. Sourced; needs a folder build/.

may_install() {
    [[ $(id --user) == 0 && -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]])
}

# install_command COMMAND PACKAGE  Installs the package unless the command is there.
install_command() {
    if command -v "$1" > /dev/null; then return 0; fi
    may_install || return 1
    echo "installing $2"
    # The index of a bare machine is missing, and an old one names packages that are gone.
    apt_install "$2" || { apt_get update && apt_install "$2"; }
}

apt_install() {
    # Runlevel 1: the package is not to start a service that nobody would stop.
    RUNLEVEL=1 apt_get install --yes "$@"
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive timeout --kill-after=10 300 \
        apt-get -o DPkg::Lock::Timeout=60 "$@" < /dev/null >> build/apt.log 2>&1
}

# The mirror that packages come from: DEBIAN_MIRROR, else the one that apt uses; empty if none.
debian_mirror() {
    local mirror=${DEBIAN_MIRROR:-$(mirror_of_apt)}
    if [[ -z $mirror ]]; then
        apt_get update || true
        mirror=$(mirror_of_apt)
    fi
    echo "$mirror"
}

# The first Debian archive among apt's sources; known by its label once apt has read its index.
mirror_of_apt() {
    # What looks like a variable is one of apt's.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(LABEL) $(SITE)' 'Created-By: Packages' |
        sed --quiet 's/^Debian //p' | head --lines=1
}
