# One file, one target an image: docker build --target app|worker .
FROM python:3.12-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /kantu
COPY requirements /kantu/requirements
COPY contract /kantu/contract
COPY labels /kantu/labels
RUN useradd --system --uid 10001 kantu

FROM base AS app
RUN pip install --no-cache-dir --require-hashes -r requirements/app.txt
COPY app /kantu/app
USER 10001
EXPOSE 8000
CMD ["gunicorn", "app:create_app()", "--config", "app/processes.py", "--bind", "0.0.0.0:8000"]

FROM base AS worker
RUN pip install --no-cache-dir --require-hashes -r requirements/worker.txt
COPY worker /kantu/worker
# Loopback of a container is nobody else's; WORKER_METRICS_PORT decides whether anything listens.
ENV WORKER_METRICS_HOST=0.0.0.0
USER 10001
CMD ["python", "-m", "worker"]
