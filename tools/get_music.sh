#!/usr/bin/env bash
# Unpacks about 28 tracks of real, freely licensed music from Debian's packages into a folder.
# Nothing is installed; about 170 MB are fetched. Usage: tools/get_music.sh FOLDER
set -euo pipefail
into=${1:?usage: tools/get_music.sh FOLDER}
mkdir -p "$into/packages"
into=$(cd "$into" && pwd)
cd "$into/packages"
apt-get update -qq >/dev/null 2>&1 || true
for package in nexuiz-music marsshooter-data; do
    ls "$package"_*.deb >/dev/null 2>&1 || apt-get download -qq "$package"
    dpkg -x "$package"_*.deb "$into/$package"
done
find "$into" -name music.pk3 -execdir python3 -m zipfile -e {} . \;
rm -r "$into/packages"
find "$into" -name '*.ogg' -size +1000k | wc -l
