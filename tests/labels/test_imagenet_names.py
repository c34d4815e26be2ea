"""labels/imagenet.csv: names that an English-Chinese dictionary, or a sister class, gets wrong."""

from __future__ import annotations

import csv

import pytest

from labels import FOLDER

BIRDS = {
    "n01531178": "红额金翅雀",  # Carduelis carduelis, not any yellow finch
    "n01534433": "灯草鹀",
    "n01537544": "靛彩鹀",
    "n01558993": "旅鸫",  # Turdus migratorius, not the European robin 知更鸟
    "n01560419": "鹎",  # not 夜莺, though its definition speaks of nightingales
    "n01601694": "河乌",
    "n01608432": "鸢",  # not the toy 风筝
    "n01622779": "乌林鸮",
    "n01824575": "鸦鹃",
    "n01828970": "蜂虎",  # not 蜜蜂
    "n01829413": "犀鸟",
    "n01843065": "鹟䴕",
    "n01843383": "巨嘴鸟",  # not 犀鸟
    "n02012849": "鹤",
    "n02027492": "黑腹滨鹬",  # red-backed in summer, yet the Chinese name is of its belly
}
OTHER_ANIMALS = {
    "n01491361": "鼬鲨",  # Galeocerdo; 虎鲨 is Heterodontus
    "n01689811": "陆鳄蜥",  # Elgaria; 鳄蜥 is Shinisaurus
    "n01744401": "非洲岩蟒",
    "n01774750": "捕鸟蛛",  # not 狼蛛
    "n01775062": "狼蛛",
    "n01943899": "凤螺",  # genus Strombus
    "n02119789": "敏狐",  # Vulpes macrotis; 沙狐 is V. corsac
    "n02443114": "欧洲林鼬",  # the polecat of Eurasia, not the skunk
    "n02445715": "臭鼬",
    "n02497673": "环尾狐猴",  # the "Madagascar cat" is a lemur
    "n02504013": "亚洲象",
    "n02504458": "非洲象",
    "n02509815": "小熊猫",
    "n02514041": "杖蛇鲭",  # barracouta, Thyrsites atun, not barracuda
    "n02643566": "蓑鲉",
}
DOGS_AND_CATS = {
    "n02091467": "挪威猎麋犬",
    "n02092002": "苏格兰猎鹿犬",
    "n02105412": "澳大利亚卡尔比犬",  # not the water spirit
    "n02108000": "恩特布赫山地犬",
    "n02108089": "拳师犬",
    "n02110627": "猴面犬",  # a pinscher, no 梗
    "n02113023": "彭布罗克威尔士柯基犬",
    "n02113186": "卡迪根威尔士柯基犬",
    "n02123045": "虎斑猫",
    "n02123159": "虎纹猫",
}
THINGS = {
    "n02879718": "弓",  # the weapon
    "n02895154": "胸甲",  # covers the chest
    "n03146219": "胸背甲",  # covers chest and back
    "n02963159": "开襟毛衣",  # the garment
    "n03000247": "锁子甲",  # not a letter
    "n03126707": "起重机",  # not the bird
    "n03642806": "膝上型电脑",
    "n03832673": "笔记本电脑",
    "n03710637": "紧身连体衣",
    "n03710721": "连体泳衣",
    "n03773504": "导弹",  # drives itself
    "n04008634": "射弹",  # does not
    "n03782006": "监视器",
    "n04152593": "屏幕",
    "n03930313": "尖桩栅栏",
    "n03933933": "桥墩",  # carries a bridge; nobody lands there
    "n03954731": "木工刨",  # not 飞机
    "n04153751": "螺丝钉",
    "n04296562": "舞台",  # not 阶段
    "n04355933": "聚光取火镜",  # a lens that lights a fire
    "n04356056": "太阳镜",
    "n07880968": "墨西哥卷饼",
    "n12057211": "杓兰",  # Cypripedium calceolus; 黄花杓兰 is C. flavum
    "n12144580": "玉米粒",
    "n13133613": "玉米穗",
    "n13052670": "灰树花",  # a fungus, no hen
}
TRAPS = BIRDS | OTHER_ANIMALS | DOGS_AND_CATS | THINGS


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    with (FOLDER / "imagenet.csv").open(encoding="utf-8", newline="") as file:
        return {row["wnid"]: row["chinese"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("wnid", TRAPS)
def test_a_misleading_english_name_does_not_mislead_the_chinese(
    names: dict[str, str], wnid: str
) -> None:
    assert names[wnid] == TRAPS[wnid]
