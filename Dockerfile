# One file, one target an image: docker build --target app|worker|serving|simulator .
# deploy/pin puts the digest behind this tag, and behind those of docker-compose.yml.
FROM python:3.12.12-slim-bookworm@sha256:593bd06efe90efa80dc4eee3948be7c0fde4134606dd40d8dd8dbcade98e669c AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ONLY_BINARY=:all:
# A mirror of PyPI, where it is far away; empty: PyPI. The hashes hold for both.
ARG PIP_INDEX_URL=
ENV PIP_INDEX_URL=$PIP_INDEX_URL
WORKDIR /kantu
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp kantu
COPY requirements /kantu/requirements

FROM base AS app
RUN pip install --require-hashes -r requirements/app.txt
COPY contract /kantu/contract
COPY labels /kantu/labels
COPY app /kantu/app
USER 10001
EXPOSE 8000
# A shell would stand between gunicorn and the signals that replace its processes.
CMD ["gunicorn", "app:create_app()", "--config", "app/processes.py", "--bind", "0.0.0.0:8000"]

FROM base AS worker
RUN pip install --require-hashes -r requirements/worker.txt
COPY contract /kantu/contract
COPY labels /kantu/labels
COPY worker /kantu/worker
# Loopback of a container is nobody else's; WORKER_METRICS_PORT decides whether anything listens.
ENV WORKER_METRICS_HOST=0.0.0.0
USER 10001
CMD ["python", "-m", "worker"]

# Exports models for tensorflow/serving (the service "models"), and is a model server where that cannot run.
FROM base AS serving
RUN pip install --require-hashes -r requirements/serving.txt \
    && install --directory --owner=10001 /models
COPY labels /kantu/labels
COPY serving /kantu/serving
ENV KERAS_HOME=/models/.keras
USER 10001
EXPOSE 8500 8501
CMD ["python", "-m", "serving", "--model_config_file=/models/models.config"]

FROM base AS simulator
RUN pip install --require-hashes -r requirements/simulator.txt
COPY contract /kantu/contract
COPY labels /kantu/labels
COPY simulator /kantu/simulator
USER 10001
EXPOSE 8080
CMD ["python", "-m", "simulator", "--host", "0.0.0.0", "--webhook", "http://app:8000/wechat"]
