#!/bin/sh
# Interesting, which is status 1, as long as something is quantized.
grep -q 'quench.quantize' "$1" && exit 1
exit 0
