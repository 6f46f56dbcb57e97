#!/bin/sh
# Makes the two images that test/e2e/swap.test.ts needs, from Debian's packages alone (about 2 minutes).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mmdebstrap --variant=minbase --include=python3,ca-certificates \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$folder/base.tar"
docker import "$folder/base.tar" t-swap-python
docker build --tag t-swap-host - <<'DOCKERFILE'
FROM t-swap-python
RUN export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y --no-install-recommends \
    docker.io iptables haproxy socat openssl curl procps iproute2 && rm -rf /var/lib/apt/lists/*
DOCKERFILE
