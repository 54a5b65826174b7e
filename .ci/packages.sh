# shellcheck shell=bash
# Installs missing packages, as root on Debian. Source it; it needs a folder build/.

may_install() {
    [[ $(id --user) == 0 && -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]])
}

# install_command COMMAND PACKAGE  Installs the package if the command is missing.
install_command() {
    if command -v "$1" > /dev/null; then return 0; fi
    may_install || return 1
    echo "installing $2"
    # A new machine has no index, and an old index names packages that no longer exist.
    apt_install "$2" || { apt_get update && apt_install "$2"; }
}

apt_install() {
    # In runlevel 1 the package starts no service, which nobody would stop.
    RUNLEVEL=1 apt_get install --yes "$@"
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive timeout --kill-after=10 300 \
        apt-get -o DPkg::Lock::Timeout=60 "$@" < /dev/null >> build/apt.log 2>&1
}

# The mirror for packages: DEBIAN_MIRROR, or else the mirror of apt; empty if there is none.
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
    # The variables in single quotes are those of apt.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(LABEL) $(SITE)' 'Created-By: Packages' |
        sed --quiet 's/^Debian //p' | head --lines=1
}
