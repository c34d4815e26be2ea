"""服务的常用配置: the config of the slides 一个基于微信的视觉问答系统应用, letter by letter."""

from __future__ import annotations

from pathlib import Path

CONFIG = """\
{
  "model_config_list": [
    {
      "name": "ResNet For WeChat Server",
      "base_path": "/home/soft/simple_tf_server/ResNet_v1",
      "platform": "tensorflow"
      "version":lx_v0.1.0
    }, {
      "name": "server2",
      "base_path": "model_save_path2",
      "platform": "scikitlearn"
    }, {
       "name": "server3",
       "base_path": "path3",
       "platform": "mxnet"
    }
  ]
}
"""
WITH_COMMA = CONFIG.replace('"tensorflow"\n', '"tensorflow",\n')


def corrected(first: Path, second: Path, third: Path) -> str:
    """Return it with its comma and its quotes, for SavedModels that lie there."""
    text = WITH_COMMA.replace("lx_v0.1.0", '"lx_v0.1.0"')
    text = text.replace("scikitlearn", "tensorflow").replace("mxnet", "tensorflow")
    text = text.replace("/home/soft/simple_tf_server/ResNet_v1", str(first))
    return text.replace("model_save_path2", str(second)).replace("path3", str(third))
