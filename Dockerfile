# syntax=docker/dockerfile:1
# The program in an image of its own. `docker build -t clientele .`

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build

# The dependencies in a layer of their own: it stays until Cargo.lock changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src bench/hop \
    && echo 'fn main() {}' | tee src/main.rs bench/bare.rs bench/argon2.rs bench/hop/main.rs > src/lib.rs \
    && cargo build --locked --release --bin clientele \
    && rm -r src bench

# The program itself. What was built of the stub is older than what comes now, whatever time that has.
COPY config config
COPY docs/testing.md docs/testing.md
COPY bench bench
COPY src src
RUN find src -name '*.rs' -exec touch {} + \
    && cargo build --locked --release --bin clientele \
    && install -D target/release/clientele /out/clientele \
    && install -d -m 0700 /out/data

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="clientele" \
      org.opencontainers.image.description="A customer backend whose work is done by supervised actors" \
      org.opencontainers.image.licenses="ISC"
COPY --from=build /out/clientele /clientele
# 65532 is nobody in particular. A volume that is mounted at /data takes over its owner.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 DATA_DIR=/data
EXPOSE 4000
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/clientele", "healthcheck"]
ENTRYPOINT ["/clientele"]
CMD ["serve"]
