# shellcheck shell=bash
# A PostgreSQL with TimescaleDB for the engine `local`: the installed one, or else one of Debian's
# packages, which root on Debian unpacks without installing them. Source it after packages.sh.
# Debian's stable release has both packages. This machine may have another release, so the unpacked
# programs are patched to use the libraries beside them.

readonly LOCAL_SUITE=trixie LOCAL_MAJOR=17
readonly LOCAL_ROOT=$PWD/build/postgresql-$LOCAL_MAJOR

local_programs=

# Succeeds if there is one, and sets `local_programs`; otherwise it has printed the reason.
provide_local() {
    if local_programs=$(programs_of local); then return 0; fi
    # PostgreSQL does not run as root; installed packages would create this user.
    if may_install; then getent passwd postgres > /dev/null || useradd --system postgres; fi
    local programs=$LOCAL_ROOT/usr/lib/postgresql/$LOCAL_MAJOR/bin
    if local_programs=$(programs_of "local:$programs"); then return 0; fi
    if ! may_install; then
        no_local "none is installed, and only root on Debian unpacks one"
    elif ! install_command mmdebstrap mmdebstrap || ! install_command patchelf patchelf; then
        no_local "apt cannot install mmdebstrap and patchelf; see build/apt.log"
    elif ! unpack_local; then
        no_local "Debian's packages cannot be had from apt's mirror; see build/local.log"
    else
        local_programs=$(programs_of "local:$programs") ||
            no_local "what was unpacked does not do; see build/local.log"
    fi
}

# programs_of CHOICE  The folder of the PostgreSQL that this value of `--engine` chooses.
programs_of() {
    .venv/bin/python - "$1" 2>> build/local.log << 'PYTHON'
import sys

from conformance.engines.local.engine import LocalEngine

engine = LocalEngine(sys.argv[1])
engine.start()
engine.stop()
print(engine.programs)
PYTHON
}

unpack_local() {
    local mirror program libraries
    mirror=$(debian_mirror)
    [[ -n $mirror ]] || return 1
    rm --recursive --force --one-file-system "$LOCAL_ROOT"
    # unshare: the mounts end with the process.
    timeout --foreground --kill-after=10 600 unshare --mount mmdebstrap --quiet \
        --mode=root --variant=minbase \
        --aptopt='Acquire::Check-Valid-Until "false"' \
        --include="postgresql-$LOCAL_MAJOR,postgresql-$LOCAL_MAJOR-timescaledb" \
        "$LOCAL_SUITE" "$LOCAL_ROOT" "$mirror" < /dev/null >> build/local.log 2>&1 || return 1
    libraries=$(dirname "$(find "$LOCAL_ROOT/usr/lib" -name libc.so.6 -print -quit)")
    for program in "$LOCAL_ROOT/usr/lib/postgresql/$LOCAL_MAJOR/bin/"*; do
        # patchelf fails for scripts, which need no patch; links are skipped.
        [[ -L $program ]] || patchelf --force-rpath --set-rpath "$libraries" \
            --set-interpreter "$LOCAL_ROOT$(patchelf --print-interpreter "$program")" \
            "$program" >> build/local.log 2>&1 || true
    done
}

no_local() {
    echo "local: not tested, because $1"
    return 1
}
