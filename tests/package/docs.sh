#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs.sh SOURCE BUILD: the generated pages under docs/ are what `make docs` would write.
exec "$1/tools/docs.sh" "$2" --check
