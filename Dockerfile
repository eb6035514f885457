# syntax=docker/dockerfile:1
# docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) -t IMAGE .
# Give both images by digest where builds must be repeatable.
ARG BUILD_IMAGE=docker.io/library/node:24-trixie-slim
ARG BASE_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

# The bundle is the same on every platform, so it is built once, on the builder's own.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs

FROM ${BASE_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="connect-sso" \
      org.opencontainers.image.description="Sets up and maintains single sign-on from Microsoft Entra ID to Amazon Connect" \
      org.opencontainers.image.source="https://github.com/connect-sso/connect-sso" \
      org.opencontainers.image.documentation="https://github.com/connect-sso/connect-sso/tree/main/docs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/examples ./examples
COPY --from=build /src/dist ./dist
# A home even for a user that no passwd file knows (OpenShift): without one the AWS SDK fails every call.
# The settings of malloc and the flag below are worth 80 MB with 10,000 users: docs/performance.md.
ENV NODE_ENV=production HOME=/home/nonroot MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080 8081
# "--": what follows the program's name is the program's own, --env-file too.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=8", "--", "/app/dist/connect-sso.js"]
CMD ["--help"]
