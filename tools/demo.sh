#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# demo.sh BINDIR [IMAGE.png]: the trained classifier of examples/digits reads a picture of a digit.
cd "$(dirname "$0")/.." || exit 2
exec "$1/../examples/digits" examples/digits/saved_model "${2:-examples/digits/7.png}"
