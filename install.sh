#!/usr/bin/env bash
# Sets voicectl up in this folder, then tries it on a call; see --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: ./install.sh              set voicectl up here and transcribe a first call
       ./install.sh test [...]   set up what the tests need and run them all;
                                 more arguments are given to pytest, without coverage

It needs Python 3.11 or newer, the package registry and 2 GB of disk; no root, no
compiler. Running it again is safe and quick. It reads:

  VOICECTL_PYTHON        the Python to use (default: the one it was set up with, else
                         python3.13, 3.12, 3.11, python3)
  VOICECTL_BIN           where to link the command (default: ~/.local/bin, as root
                         /usr/local/bin); "none" links nothing
  VOICECTL_HOME          the data folder (default: ~/.local/share/voicectl)
  VOICECTL_TEST_MODELS   weights for the tests (default: ~/.cache/voicectl/models)
  VOICECTL_TEST_ASTERISK the Asterisk they call (default: ~/.cache/voicectl/asterisk)
  PIP_INDEX_URL, HTTPS_PROXY, pip.conf   a mirror or proxy of the registry
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
venv=$root/.venv
stamp=$venv/voicectl-installed
unfinished=$venv/voicectl-unfinished
call=tests/data/call_en_0_2ch_mulaw.wav
needed_kb=2000000
log=
updating=

fail() { # fail SENTENCE REMEDY
    printf 'error: %s\n  %s\n' "$1" "$2" >&2
    exit 1
}

step() { # step TEXT COMMAND...: one line with seconds; what the command says goes to the log
    local text=$1 started=$SECONDS
    shift
    printf '%s ... ' "$text"
    # In a subshell, for our own words on an interrupt must not go to the log.
    if ("$@") >"$log" 2>&1; then
        printf '%d s\n' "$((SECONDS - started))"
    else
        printf 'failed\n'
        return 1
    fi
}

leave() {
    local status=$?
    if [ -n "$log" ]; then rm -f "$log"; fi
    return "$status"
}

# --- what must be there -------------------------------------------------------------

find_python() { # sets $python and $python_version
    local name said seen='' candidates=("$venv/bin/python" python3.13 python3.12 python3.11 python3)
    if [ -n "${VOICECTL_PYTHON:-}" ]; then candidates=("$VOICECTL_PYTHON"); fi
    # The base: an environment must not be rebuilt with the Python inside it.
    local look='import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))'
    for name in "${candidates[@]}"; do
        if said=$("$name" -c "$look" 2>/dev/null); then
            python=$("$name" -c 'import sys; print(sys._base_executable)')
            python_version=$said
            return
        fi
        [ -z "$said" ] || seen=" and $name is $said"
    done
    fail "voicectl needs Python 3.11 or newer$seen" \
        "install one (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv), or name one: VOICECTL_PYTHON=/path/to/python ./install.sh"
}

check_venv_module() {
    if command -v uv >/dev/null || "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        return
    fi
    fail "$python cannot make virtual environments: its venv module is not installed" \
        "on Debian and Ubuntu: apt-get install python$python_version-venv; then run this again"
}

check_folder() {
    local probe=$root/.voicectl-probe.$$ free_kb
    if ! (: >"$probe") 2>/dev/null; then
        fail "the folder $root cannot be written" \
            "put the checkout where you may write, for example in ${HOME:-your home}"
    fi
    rm -f "$probe"
    if [ -e "$stamp" ]; then return; fi
    # Where df cannot tell (some mounts), the disk is not what stops us.
    free_kb=$(df -Pk "$root" | awk 'NR == 2 { print $4 }') || return 0
    if [ -n "$free_kb" ] && [ "$free_kb" -lt "$needed_kb" ]; then
        fail "voicectl needs 2 GB of disk; $((free_kb / 1000)) MB are free in $root" \
            "make room, or put the checkout on another disk"
    fi
}

# --- the virtual environment --------------------------------------------------------
#
# $unfinished is there while we change an environment: whoever finds it starts anew.
# $stamp says what is installed: on its first line where and for which Python, on its
# second how and from which sources.

where_line() { printf '%s %s\n' "$python_version" "$root"; }

what_line() { # what_line MODE
    local sources
    if [ "$1" = test ]; then
        # Editable: only what pip reads matters.
        sources=$(cksum <"$root/pyproject.toml")
    else
        sources=$(cd "$root" && find pyproject.toml README.md voicectl daemon models recipes -type f \
            ! -path '*/__pycache__/*' -exec cksum {} + | LC_ALL=C sort | cksum)
    fi
    printf '%s %s\n' "$1" "$sources"
}

is_installed() { # is_installed MODE
    [ -e "$stamp" ] && [ ! -e "$unfinished" ] &&
        [ "$(where_line)" = "$(sed -n 1p "$stamp")" ] &&
        [ "$(what_line "$1")" = "$(sed -n 2p "$stamp")" ] &&
        "$venv/bin/python" -c 'import voicectl' 2>/dev/null
}

make_venv() {
    if [ -e "$unfinished" ] || { [ -e "$stamp" ] && [ "$(where_line)" != "$(sed -n 1p "$stamp")" ]; }; then
        rm -rf "$venv"
    fi
    if [ -e "$venv" ]; then
        "$venv/bin/python" -m pip --version >/dev/null 2>&1 ||
            fail "the folder $venv is not from install.sh and does not work" \
                "remove it (rm -r $venv) and run this again"
        # Only one that we made may be thrown away when this is interrupted.
        if [ -e "$stamp" ]; then
            mv "$stamp" "$unfinished"
            updating=yes
        fi
        return
    fi
    mkdir "$venv"
    : >"$unfinished"
    if command -v uv >/dev/null; then
        step "Creating .venv with Python $python_version" uv venv --quiet --seed --allow-existing --python "$python" "$venv"
    else
        step "Creating .venv with Python $python_version" "$python" -m venv "$venv"
    fi || explain "the virtual environment cannot be made"
}

pip_here() { TMPDIR=$venv/tmp "$venv/bin/python" -m pip --no-input --disable-pip-version-check "$@"; }

# uv does not read pip's settings, so a mirror or proxy set for pip means pip.
uv_will_do() {
    command -v uv >/dev/null && ! pip_here config list | grep -Eq 'index-url|find-links|proxy|cert|no-index'
}

install_packages() { # install_packages ARGUMENT...
    mkdir -p "$venv/tmp"
    if uv_will_do; then
        uv pip install --quiet --python "$venv/bin/python" "$@" || return
    else
        # Wheels only: compiling for minutes, or failing to, is no way to start.
        pip_here install --progress-bar off --only-binary :all: "$@" || return
    fi
    rm -rf "$venv/tmp"
}

explain() { # explain WHAT: says why the last step failed, as far as its output tells
    # pip takes back what it could not finish: what was installed still works.
    if [ -n "$updating" ]; then mv "$unfinished" "$stamp"; fi
    local sign='Retrying \(|ConnectionError|Temporary failure in name|ProxyError|error sending request|No matching distribution'
    if grep -q 'No space left on device' "$log"; then
        fail "$1: the disk is full" "make room in $root and in ${TMPDIR:-/tmp}, then run this again"
    elif grep -Eq "$sign" "$log"; then
        fail "$1: the package registry cannot be reached, or lacks a package for Python $python_version" \
            "check network, proxy (HTTPS_PROXY) and mirror (PIP_INDEX_URL), then run this again; pip said: $(grep -E "$sign|^ERROR" "$log" | tail -n 1 | cut -c1-160)"
    fi
    tail -n 15 "$log" >&2
    fail "$1; the lines above say why" "when that is mended, run this again"
}

set_up() { # set_up MODE
    find_python
    check_folder
    one_at_a_time
    if is_installed "$1"; then
        printf 'voicectl is installed in %s\n' "$venv"
        return
    fi
    check_venv_module
    make_venv
    if [ "$1" = test ]; then
        # --group came with pip 25.1
        step "Bringing pip up to date" pip_here install --upgrade 'pip>=25.1' ||
            explain "pip cannot be brought up to date"
        step "Installing voicectl, editable, and the tools" install_packages --editable "$root" --group "$root/pyproject.toml:dev"
    else
        step "Installing voicectl and what it needs" install_packages "$root"
    fi || explain "voicectl cannot be installed"
    { where_line && what_line "$1"; } >"$stamp"
    rm -f "$unfinished"
    updating=
}

# The lock is on the folder itself, held by descriptor 9 until set_up is over.
one_at_a_time() {
    command -v flock >/dev/null || return 0
    exec 9<"$root"
    if ! flock -n 9; then
        printf 'Another install.sh is at work here; waiting for it\n'
        flock 9
    fi
}

# --- ./install.sh -------------------------------------------------------------------

get_models() { # get_models [--into FOLDER]
    local started=$SECONDS
    "$venv/bin/python" -m voicectl_models "$@" get tiny.en base dvector minilm || exit
    printf 'Speech models ... %d s\n' "$((SECONDS - started))"
}

link_command() {
    local folder=${VOICECTL_BIN:-}
    if [ -z "$folder" ]; then
        if [ "$(id -u)" = 0 ]; then folder=/usr/local/bin; else folder=$HOME/.local/bin; fi
    fi
    local link=$folder/voicectl also=
    typed=$venv/bin/voicectl
    if [ "$folder" = none ]; then return; fi
    if { [ -e "$link" ] || [ -L "$link" ]; } && [[ $(readlink "$link") != */.venv/bin/voicectl ]]; then
        printf '%s is not ours and stays; the command is %s\n' "$link" "$typed"
    elif mkdir -p "$folder" 2>/dev/null && ln -sfn "$typed" "$link" 2>/dev/null; then
        case ":$PATH:" in
            *":$folder:"*) typed=voicectl ;;
            *)
                typed=$link
                also="; to type only voicectl: export PATH=\"$folder:\$PATH\""
                ;;
        esac
        printf 'The command is %s%s\n' "$link" "$also"
    else
        printf 'No link can be made in %s; the command is %s\n' "$folder" "$typed"
    fi
}

first_call() {
    cd "$root"
    [ -f "$call" ] || fail "the example call $call is not in this checkout" "git checkout -- $call"
    mkdir -p first-call
    printf '*\n' >first-call/.gitignore
    say_and_do transcribe "$call" --channel-names agent,caller -o first-call
    say_and_do calls show
}

say_and_do() {
    printf '\n$ voicectl %s\n' "$*"
    "$venv/bin/voicectl" "$@"
}

install() {
    set_up plain
    exec 9<&-
    get_models
    link_command
    first_call
    printf '\nReady after %d s. Next, with recordings of your own:\n\n    %s transcribe ./calls/*.wav\n' \
        "$SECONDS" "$typed"
}

# --- ./install.sh test --------------------------------------------------------------

debian_packages() {
    local name missing=()
    command -v dpkg-query >/dev/null || return 0
    for name in asterisk-core-sounds-en-wav sox espeak-ng tmux shellcheck iproute2 \
        sip-tester; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    if [ "${#missing[@]}" = 0 ]; then return; fi
    if [ "$(id -u)" != 0 ]; then
        printf 'Tests that need them will skip. To run them too: sudo apt-get install %s\n' "${missing[*]}"
    elif ! step "Installing ${missing[*]}" apt_install "${missing[@]}"; then
        printf 'Tests that need them will skip; apt said: %s\n' "$(tail -n 1 "$log")"
    fi
}

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    # The reference texts lie in /usr/share/doc, which small images leave out.
    apt-get install -y --no-install-recommends \
        -o 'Dpkg::Options::=--path-include=/usr/share/doc/asterisk*' "$@"
}

check() { # check TEXT COMMAND...: remembers a failure, shows why, goes on
    if ! step "$@"; then
        cat "$log"
        failed=1
    fi
}

# llama.cpp compiles for ten minutes. Where somebody has put its wheel it is tested, else that skips:
#   pip wheel llama-cpp-python -w ~/.cache/voicectl/wheels
compiled_models() {
    local wheels=${XDG_CACHE_HOME:-$HOME/.cache}/voicectl/wheels
    compgen -G "$wheels/llama_cpp_python-*.whl" >/dev/null || return 0
    if step "Installing llama-cpp-python" "$venv/bin/python" -m pip install --no-index \
        --find-links "$wheels" llama-cpp-python; then
        "$venv/bin/python" -m voicectl_models --into "$VOICECTL_TEST_MODELS" get smollm2-135m ||
            printf "Tests that need it will skip\n"
    fi
}

# Under the GPL, and without a wheel for every Python: where it cannot be had its tests skip.
telephone() {
    "$venv/bin/python" -c 'import pjsua2' 2>/dev/null ||
        step "Installing the extra sip" install_packages --editable "${root}[sip]" ||
        printf 'Calls by SIP will not be tested: %s\n' "$(tail -n 1 "$log")"
}

# No root is needed for it: it is unpacked, not installed.
test_asterisk() {
    step "Preparing a test Asterisk" "$venv/bin/python" -m tests.live.prepare ||
        printf 'Live calls will not be tested: %s\n' "$(tail -n 1 "$log")"
}

run_tests() {
    local failed=0 measured=(--cov --durations=15) shared=(--dist=loadfile --no-loadscope-reorder)
    local alone=(tests/daemon/test_{many_calls,sip}.py tests/live/test_served.py)
    local apart=(tests/daemon/test_{kill,live_analysis}.py tests/live)
    set_up test
    exec 9<&-
    # Many processes are started, and pip compiles nothing that is editable.
    "$venv/bin/python" -m compileall -q "$root/voicectl" "$root/daemon" "$root/models" || exit
    debian_packages
    export VOICECTL_TEST_MODELS=${VOICECTL_TEST_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/voicectl/models}
    get_models --into "$VOICECTL_TEST_MODELS"
    compiled_models
    telephone
    cd "$root"
    test_asterisk
    export PATH=$venv/bin:$PATH
    check "ruff format" ruff format --check .
    check "ruff check" ruff check .
    check "mypy" mypy
    check "import contracts" lint-imports
    # Nothing may follow pytest: its own last line is the verdict that people read.
    if [ "$#" -gt 0 ]; then
        pytest --durations=15 "$@" || failed=$?
        exit "$failed"
    fi
    # Three at a time leave no processor idle. Kills and calls whose words count wait more than they
    # work: two of them at a time. Those that count frames and seconds have the machine to themselves.
    pytest "${measured[@]}" --cov-report= --cov-fail-under=0 --numprocesses=3 "${shared[@]}" \
        "${apart[@]/#/--ignore=}" "${alone[@]/#/--ignore=}" || exit
    pytest "${measured[@]}" --cov-report= --cov-fail-under=0 --cov-append --numprocesses=2 "${shared[@]}" \
        "${apart[@]}" "${alone[@]/#/--ignore=}" || exit
    pytest "${measured[@]}" --cov-append "${alone[@]}" || failed=$?
    exit "$failed"
}

main() {
    case ${1:-} in
        -h | --help) usage && return ;;
        '' | test) ;;
        *) usage >&2 && exit 2 ;;
    esac
    # Settings that would make Python or pip work somewhere else than in .venv.
    unset PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
    export PIP_RETRIES=${PIP_RETRIES:-2}
    : "${HOME:=$(cd ~ && pwd)}"
    export HOME
    trap leave EXIT
    trap 'printf "\ninterrupted; run it again to go on\n" >&2; exit 130' INT TERM
    log=$(mktemp)
    if [ "${1:-}" = test ]; then
        shift
        run_tests "$@"
    fi
    install
}

main "$@"
