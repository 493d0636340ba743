# What one does here. `just` alone lists it.

_default:
    @just --list

# Serve on http://localhost:4000, data in ./data
run *ARGS:
    cargo run --release -- {{ARGS}}

# Everything that must hold before a commit counts
test:
    scripts/test

# Formatting and lints alone
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# The actors under injected panics, and the process under kill -9
chaos:
    cargo test --test supervision --test faults

# The figures of the README: release build, wrk on loopback
bench:
    bench/run
