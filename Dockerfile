# Built in three rooms: one with torch, which compiles the model; one with what answering needs; and the image, which has both results
# and neither torch nor a compiler. Use: docs/deploy.md.

FROM python:3.11-slim-bookworm AS sources
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY corpus/LICENSE corpus/LICENSE
COPY deploy/requirements.txt deploy/requirements.txt
COPY src src

FROM sources AS model
RUN python -m venv /full \
    && /full/bin/pip install --no-cache-dir torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu \
    && /full/bin/pip install --no-cache-dir -c constraints.txt .
RUN /full/bin/clusterbot model prepare --into /model

FROM sources AS program
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps -r deploy/requirements.txt \
    && /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin clusterbot \
    && install -d -o clusterbot -g clusterbot -m 0700 /data /index /corpus
COPY --from=model /model /model
COPY --from=program /venv /venv
COPY --chown=clusterbot:clusterbot corpus /corpus
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CLUSTERBOT_CACHE_DIR=/model \
    CLUSTERBOT_CORPUS_DIR=/corpus \
    CLUSTERBOT_DATA_DIR=/data \
    CLUSTERBOT_INDEX_DIR=/index \
    CLUSTERBOT_HTTP_BIND=0.0.0.0:9464 \
    CLUSTERBOT_LOG_FORMAT=json
USER clusterbot
WORKDIR /tmp
VOLUME ["/data", "/index", "/corpus"]
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
ENTRYPOINT ["clusterbot"]
CMD ["--verbose", "bot", "--sync"]
