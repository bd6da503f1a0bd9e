# The operator: docker build -t agent-operator:0.1.0 -t agent-operator:latest .
# JavaScript in a few files and Node on a base without shell or package manager; the user is 65532.
# Digests are those of indexes for all platforms. Dependabot renews them weekly; by hand:
#   docker buildx imagetools inspect --format '{{.Manifest.Digest}}' IMAGE:TAG
FROM node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe AS build
WORKDIR /build/src
COPY package.json package-lock.json ./
# Of the development dependencies what the bundle is made of, in the versions of the lock file: the others are the tests'
# agents and tools, a thousand times as much.
RUN kept='^(esbuild|@bufbuild/cel|@bufbuild/protobuf|@octokit/request|@peculiar/x509|croner|diff|highlight.js|lowlight|pino|preact|prom-client|re2js|reflect-metadata|socks|vite|ws|yaml|zod)$' \
 && npm pkg delete $(KEPT=$kept node -p 'Object.keys(require("./package.json").devDependencies).filter((name) => !RegExp(process.env.KEPT).test(name)).map((name) => `devDependencies.${name}`).join(" ")') \
 && npm install --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/bundle.ts scripts/web.ts scripts/
COPY src src
COPY config config
RUN node scripts/bundle.ts image && node dist/image/agent-operator.mjs version

FROM gcr.io/distroless/cc-debian13:nonroot@sha256:e792ab3d241a468a4fd7519ddbbebe66b49b5f365771716ea688ad40b6c6f1c2
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /build/src/dist/image /app
USER 65532:65532
# Memory rather than speed, see docs/performance.md: glibc gives back what is freed (TLS reads into blocks of
# 16 KiB, V8's compilers work in such of 32), V8 grows its young generation less, and the operator may have its
# garbage collected when it is quiet again.
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=4096 MALLOC_TRIM_THRESHOLD_=131072
ENTRYPOINT ["/usr/local/bin/node", "--expose-gc", "--max-semi-space-size=4", "/app/agent-operator.mjs"]
CMD ["operator"]
