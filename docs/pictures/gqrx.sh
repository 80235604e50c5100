#!/bin/sh
# Make docs/pictures/gqrx.png: gqrx tuned to our virtual dongle, on a display and a sound card that are not there.
# Debian: apt install gqrx-sdr xvfb xdotool imagemagick pulseaudio. Run in the repository's folder with `beep` on the path.
set -eu
work=$(mktemp -d)
export DISPLAY=:77 HOME="$work" XDG_RUNTIME_DIR="$work" PULSE_SERVER="unix:$work/pulse.sock"
mkdir -p "$work/.config/gqrx"
cat > "$work/.config/gqrx/default.conf" <<'CONF'
[General]
configversion=4
crashed=false

[fft]
averaging=70
fft_size=32768
pandapter_max_db=-10
pandapter_min_db=-90
split=30
waterfall_max_db=-35
waterfall_min_db=-80

[input]
decimation=4
device="rtl_tcp=127.0.0.1:1234"
frequency=20005000
hwagc=true
ignore_limits=true
sample_rate=250000

[receiver]
demod=CW-U
offset=5000
CONF
Xvfb :77 -screen 0 780x700x24 >/dev/null 2>&1 & display=$!
pulseaudio -n --daemonize=no --exit-idle-time=-1 --load=module-null-sink \
    --load="module-native-protocol-unix socket=$work/pulse.sock auth-anonymous=1" >/dev/null 2>&1 & sound=$!
PYTHONPATH=${PYTHONPATH:-$PWD} beep rtl-tcp -q --station dallas --start 1957-10-07T05:00Z --from-s 205 & dongle=$!
trap 'kill $receiver $dongle $sound $display; rm -rf "$work"' EXIT
sleep 5
gqrx >/dev/null 2>&1 & receiver=$!
sleep 15
xdotool mousemove 29 62 click 1  # start
sleep 35
import -window root -crop 778x675+0+20 docs/pictures/gqrx.png
