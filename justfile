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

# The actors broken in every way under load, three rounds; a seed repeats the choices of an earlier run
chaos SEED="":
    CHAOS_ROUNDS=3 {{ if SEED == "" { "" } else { "CHAOS_SEED=" + SEED } }} cargo test --test chaos -- --nocapture
    cargo test --test supervision --test faults

# The figures of the README: release build, loopback. `just bench hop`, `just bench flood`: see bench/run
bench *ARGS:
    bench/run {{ARGS}}
