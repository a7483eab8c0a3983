#!/usr/bin/env bash
# Builds sizednet and its peers, runs them interleaved on one core, and prints a table: `bash benches/peers/run.sh`.
# `--help` lists the options.
set -euo pipefail
exec cargo run --quiet --release --locked --manifest-path "$(dirname "$0")/Cargo.toml" --package peers -- "$@"
