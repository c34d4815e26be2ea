"""Our worker beside RQ, Celery, dramatiq and huey."""
