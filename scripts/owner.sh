# shellcheck shell=bash
# Sourced by scripts that start something for a test run and take it away when the run ends, however it ends.

# Whether a process still runs; one that has ended and that nobody has asked for does not.
alive() {
    local state
    state=$(sed -n 's/^State:[[:space:]]*\([A-Z]\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
    [ -n "$state" ] && [ "$state" != Z ]
}

# Waits until it does not.
wait_for_end_of() {
    while alive "$1"; do
        sleep 0.5
    done
}
