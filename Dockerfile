# Two stages: the toolchain stays behind, and the runtime holds one binary and PostgreSQL's client for backups.
#
#   docker build -t taskmanager --build-arg REVISION="$(git rev-parse HEAD)" .
#
# CARGO_BUILD_JOBS=1 as a build argument keeps the build small on a small machine.

FROM rust:1.95-slim-trixie AS build
WORKDIR /build
ARG CARGO_BUILD_JOBS
ENV CARGO_TERM_COLOR=never

# The dependencies and the engine are a layer of their own, built for an empty program: only a change of these builds
# them again. The stub's own artifacts go, or they would pass for newer than the sources.
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN mkdir src \
    && touch src/lib.rs \
    && echo 'fn main() {}' | tee build.rs >src/main.rs \
    && cargo build --release --locked \
    && cargo clean --release --package taskmanager \
    && rm -r src build.rs

COPY build.rs ./
COPY migrations migrations
COPY schema schema
COPY web web
COPY src src
# Shown by the metric taskmanager_build_info. Below the dependencies, as every commit has another. Render names it
# by itself.
ARG RENDER_GIT_COMMIT=unknown
ARG REVISION=$RENDER_GIT_COMMIT
RUN TASKMANAGER_REVISION="$REVISION" cargo build --release --locked


FROM debian:trixie-slim
# pg_dump and pg_restore must be of the server's version or newer.
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
# A fixed number, so that the owner of files in volumes and secrets can be given. The two folders are
# there for volumes, which take the owner over; all else of the root file system may be read-only.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin taskmanager \
    && install -d -o taskmanager -g taskmanager -m 0750 /var/lib/taskmanager /var/backups/taskmanager
COPY --from=build /build/target/release/taskmanager /usr/local/bin/taskmanager

USER 10001:10001
# Without a DATABASE_URL the tasks are an SQLite file here.
WORKDIR /var/lib/taskmanager
ENV HOST=0.0.0.0
EXPOSE 8000
# Asks over HTTP whether it is ready; never touches the database.
HEALTHCHECK --interval=2s --timeout=6s --start-period=60s CMD ["taskmanager", "healthcheck"]
ENTRYPOINT ["taskmanager"]

ARG RENDER_GIT_COMMIT=unknown
ARG REVISION=$RENDER_GIT_COMMIT
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="taskmanager" \
    org.opencontainers.image.description="A task service whose database schema cannot be out of step with its code" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION"
