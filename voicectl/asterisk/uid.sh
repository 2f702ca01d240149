#!/bin/bash
# Put this into astagidir (see: asterisk -rx 'core show settings'), and chmod +x it.
# It sends the sound of a call, which Asterisk gives on descriptor 3, to voicectl.
exec 5<>/dev/tcp/@HOST@/@PORT@ || exit 1
printf '%s\r' "$1" >&5
exec 4>&1 # while this is open the script is at work, to Asterisk
exec cat <&3 >&5
