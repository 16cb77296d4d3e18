#!/bin/sh
# Sets DeepBass up in this checkout, in its own .venv, and runs it:
#   sh setup.sh          only sets up
#   sh setup.sh demo     then mixes three tracks that it makes itself
#   sh setup.sh test     with the test tools, then runs the tests
# Finds a Python (installs Debian's, as root); tools/set_up.py does the rest.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usable() { # new enough, and able to make virtual environments
    "$1" -I -c 'import ctypes, ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
        >/dev/null 2>&1
}

find_python() {
    python=
    for candidate in python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3; do
        if usable "$candidate"; then
            python=$candidate
            return
        fi
    done
}

python_packages() { # Debian's own Python, or the newest beside it where its own is too old
    minor=$(apt-cache policy python3 2>/dev/null | sed -n 's/^ *Candidate: 3\.\([0-9]*\).*/\1/p')
    if [ "${minor:-11}" -lt 11 ]; then
        for minor in 14 13 12 11; do
            if apt-cache show "python3.$minor-venv" >/dev/null 2>&1; then
                absent "python3.$minor" "python3.$minor-venv"
                return
            fi
        done
    fi
    absent python3 python3-venv
}

absent() {
    for package in "$@"; do
        status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
        [ "$status" = "install ok installed" ] || echo "$package"
    done
}

missing_packages() { # without a Python to load them with, libraries are looked up by name
    known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
    while read -r kind name package; do
        case $kind in
        library | display)
            case $known in
            *"$name "*) ;;
            *) echo "$package" ;;
            esac
            ;;
        command)
            if [ "${1:-}" = test ] && ! command -v "$name" >/dev/null 2>&1; then
                echo "$package"
            fi
            ;;
        esac
    done <"$here/resources/debian-packages.txt" | sort -u
}

find_python
if [ -z "$python" ] && command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" -eq 0 ]; then
        echo "Installing Python ..."
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq </dev/null
        # shellcheck disable=SC2046  # a list of names
        apt-get install -y -qq --no-install-recommends $(python_packages) </dev/null >/dev/null
        find_python
    else
        packages=$({ python_packages; missing_packages "${1:-}"; } | tr '\n' ' ')
        echo "DeepBass needs Python 3.11 or newer, with venv, and what Qt loads. Install what is" >&2
        echo "missing as root (or with sudo in front), then run this again:" >&2
        printf '\n    apt-get install %s\n\n' "${packages% }" >&2
        exit 1
    fi
fi
if [ -z "$python" ]; then
    echo "DeepBass needs Python 3.11 or newer with its venv and ensurepip modules; none was found." >&2
    echo "Install one from your system's packages or from python.org, then run this again." >&2
    exit 1
fi
exec "$python" -I "$here/tools/set_up.py" "$@"
