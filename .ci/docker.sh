# shellcheck shell=bash
# A Docker daemon: the running one, or else one that this script starts as root on Debian. Source it
# after packages.sh. Every wait has a time limit.

daemon_guard=

# Succeeds if a daemon can be used from now on; otherwise it has printed the reason.
start_docker() {
    if docker_answers; then return 0; fi
    if [[ -n ${DOCKER_HOST:-} ]]; then
        no_containers "no Docker daemon answers at DOCKER_HOST"
    elif ! may_install; then
        no_containers "no Docker daemon answers, and only root on Debian starts one"
    elif ! install_command dockerd docker.io || ! install_command docker docker-cli; then
        no_containers "apt cannot install docker.io; see build/apt.log"
    else
        start_daemon
    fi
}

# Ends the daemon if start_docker has started it.
stop_docker() {
    [[ -n $daemon_guard ]] || return 0
    kill "$daemon_guard" 2> /dev/null || true
    local second
    for second in {1..30}; do
        kill -0 "$daemon_guard" 2> /dev/null || break
        [[ $second != 20 ]] || pkill -KILL --parent "$daemon_guard" || true
        sleep 1
    done
    wait "$daemon_guard" 2> /dev/null || true
    daemon_guard=
}

start_daemon() {
    local shell=$BASHPID
    # If this shell is killed, the guard ends the daemon.
    python3 -I -S .ci/guard.py "$shell" dockerd > build/dockerd.log 2>&1 < /dev/null &
    daemon_guard=$!
    local second
    for second in {1..60}; do
        if docker_answers; then return 0; fi
        kill -0 "$daemon_guard" 2> /dev/null || break
        sleep 1
    done
    no_containers "dockerd does not come up${second:+ in $second s}; see build/dockerd.log"
}

docker_answers() {
    timeout 10 docker info > /dev/null 2>&1
}

no_containers() {
    echo "containers: not tested, because $1"
    return 1
}
