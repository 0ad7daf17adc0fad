#!/bin/sh
# Put the menu entry, the file type and the icon where the desktop finds them: for this user, or
# for everybody with PREFIX=/usr/local. The program itself comes from pip.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
share=${PREFIX:+$PREFIX/share}
share=${share:-${XDG_DATA_HOME:-$HOME/.local/share}}

install -Dm644 "$here/ckpt-studio.desktop" "$share/applications/ckpt-studio.desktop"
install -Dm644 "$here/ckpt-studio.xml" "$share/mime/packages/ckpt-studio.xml"
install -Dm644 "$here/ckpt-studio.metainfo.xml" "$share/metainfo/ckpt-studio.metainfo.xml"
install -Dm644 "$here/../../resources/icons/ckpt-studio.svg" \
  "$share/icons/hicolor/scalable/apps/ckpt-studio.svg"

# The desktop notices by itself after the next login; these make it notice now.
if command -v update-mime-database >/dev/null; then update-mime-database "$share/mime"; fi
if command -v update-desktop-database >/dev/null; then
  update-desktop-database "$share/applications"
fi
