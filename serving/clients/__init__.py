"""Programs that ask a model, written out of the metadata of any TensorFlow Serving server."""

from serving.clients.call import example
from serving.clients.language import LANGUAGES, generate
from serving.clients.sample import ClientError

__all__ = ["LANGUAGES", "ClientError", "example", "generate"]
