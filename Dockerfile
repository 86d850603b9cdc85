# The server in a container: docker build -t ringback . && docker run --env-file my.env -p 8080:8080 ringback
# LISTEN is 0.0.0.0:8080 here; all other settings come from the environment (ringback serve --help).
FROM debian:trixie-slim AS build
WORKDIR /src
COPY . .
RUN ./dev build release

FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcjose0 libcurl4t64 libpq5 libsqlite3-0 libssl3t64 \
        libuv1t64 libyajl2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/ringback --create-home ringback
COPY --from=build /src/build/release/ringback /usr/local/bin/ringback
USER ringback
ENV LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["ringback"]
CMD ["serve"]
