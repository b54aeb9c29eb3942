# syntax=docker/dockerfile:1
# Two stages: Swift builds, Debian runs. The second one has no compiler, no shell script of ours and no root.

FROM swift:6.3-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The same packages as `scripts/install-packages --list build`; versions follow the base image's Debian release.
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install --yes --no-install-recommends -qq \
        libblas-dev libssl-dev libyaml-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
# Package.swift then leaves out the targets whose folders are not copied.
ENV MODELD_WITHOUT_TESTS=1
WORKDIR /src
COPY Package.swift ./
# Resolved on their own, so that a change to the sources does not fetch the dependencies again.
RUN swift package resolve
COPY Sources ./Sources
RUN swift build -c release --static-swift-stdlib --product modeld \
    && swift build -c release --static-swift-stdlib --product modelctl \
    && mkdir -p /out/usr/bin /out/models /out/etc/modeld \
    && install -m 755 .build/release/modeld .build/release/modelctl /out/usr/bin/ \
    && strip /out/usr/bin/modeld /out/usr/bin/modelctl
COPY config/modeld.yaml /out/etc/modeld/modeld.yaml.example

FROM debian:bookworm-slim
# libopenblas0-serial: one thread, opened only when a model needs it.
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install --yes --no-install-recommends -qq \
        ca-certificates libopenblas0-serial libssl3 libyaml-0-2 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/debconf /var/log/apt /var/log/dpkg.log
COPY --from=build /out/ /
LABEL org.opencontainers.image.title="modeld" \
    org.opencontainers.image.description="Serves machine-learning models over HTTP" \
    org.opencontainers.image.licenses="Apache-2.0"
# Numeric, so that Kubernetes can see that it is not root. The process writes nothing outside the registry: the
# root file system may be read-only.
USER 65532:65532
ENV MODELD_REGISTRY=/models \
    MODELD_LISTEN=0.0.0.0:8080
VOLUME ["/models"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/bin/modelctl", "health"]
ENTRYPOINT ["/usr/bin/modeld"]
