"""How typing goes wrong, and which other ways of writing the same there are."""

from __future__ import annotations

from collections.abc import Callable

from serving.train.camera import Random, pick

# Simplified characters that questions use, and the traditional ones: 1 to 1, in this order.
SIMPLIFIED = (
    "个几颜图红绿蓝圆块样边侧离远还这里东数两间总体们吗么说话问题谁请帮单双对错线条点积宽长处后头"
    "围别种类紧与关发现标画给让见觉过来时从开车门动机电脑网铁银钱贝鱼鸟马猫龙书写读听视认识谢烦该"
    "应当无没仅实际变换转轻较进运达连选适环绕顶项顺须预领频额显难静页风飞饭饮黄齐乱亲产亿仓伞传伤"
    "价众优会伟余佣侠侨侦俩债倾偿儿党兰兴养兽军农冲决况净减凤凭击刘则创钟涂盘夹挤压叠盖挂浅锐轮隐"
    "为谓呗哟啰张划搁确贴并组杂统计据编号码资讯师宝陆续属于测准简复"
    "系状键钮叶闪细讲绘虽却团丛纸"
)
TRADITIONAL = (
    "個幾顏圖紅綠藍圓塊樣邊側離遠還這裡東數兩間總體們嗎麼說話問題誰請幫單雙對錯線條點積寬長處後頭"
    "圍別種類緊與關發現標畫給讓見覺過來時從開車門動機電腦網鐵銀錢貝魚鳥馬貓龍書寫讀聽視認識謝煩該"
    "應當無沒僅實際變換轉輕較進運達連選適環繞頂項順須預領頻額顯難靜頁風飛飯飲黃齊亂親產億倉傘傳傷"
    "價眾優會偉餘傭俠僑偵倆債傾償兒黨蘭興養獸軍農沖決況淨減鳳憑擊劉則創鐘塗盤夾擠壓疊蓋掛淺銳輪隱"
    "為謂唄喲囉張劃擱確貼並組雜統計據編號碼資訊師寶陸續屬於測準簡複"
    "係狀鍵鈕葉閃細講繪雖卻團叢紙"
)
_TO_TRADITIONAL = str.maketrans(SIMPLIFIED, TRADITIONAL)
_WIDE = str.maketrans(
    {**{chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}, " ": "\u3000"}
)
# What a pinyin keyboard offers instead.
_SOUNDS_ALIKE = {
    "圆": "园元圓", "的": "得地滴", "在": "再", "吗": "嘛么马", "形": "型行", "几": "机",
    "个": "各", "什么": ("神马", "什麽", "甚么"), "哪": "那", "方": "房", "角": "脚",
    "边": "变", "色": "涩", "里": "理", "多少": ("多小", "多上"), "最": "嘴醉", "大": "达",
    "左": "坐", "右": "又", "近": "进", "红": "洪", "蓝": "兰", "紫": "子", "黑": "嘿",
}  # fmt: skip
_KEYS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "ko", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "a",
    "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu",
}  # fmt: skip


def traditional(text: str) -> str:
    """Return the text in traditional characters."""
    return text.translate(_TO_TRADITIONAL)


def wide(text: str) -> str:
    """Return the text in full-width letters and punctuation."""
    return text.translate(_WIDE)


def mistyped(rng: Random, text: str) -> str:
    """Return the text with one slip of the finger, in Chinese or English."""
    if any("\u4e00" <= each <= "\u9fff" for each in text):
        return _chinese(rng, text)
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if not long:
        return text
    index = pick(rng, long)
    slip: Callable[[Random, str], str] = pick(rng, _SLIPS)
    words[index] = slip(rng, words[index])
    return " ".join(words)


def _chinese(rng: Random, text: str) -> str:
    known = [each for each in _SOUNDS_ALIKE if each in text]
    if rng.random() < 0.8 and known:
        right = pick(rng, known)
        return text.replace(right, pick(rng, _SOUNDS_ALIKE[right]), 1)
    return _double(rng, text)


def _swap(rng: Random, word: str) -> str:
    i = int(rng.integers(1, len(word) - 1))
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _drop(rng: Random, word: str) -> str:
    i = int(rng.integers(1, len(word)))
    return word[:i] + word[i + 1 :]


def _double(rng: Random, word: str) -> str:
    i = int(rng.integers(len(word)))
    return word[:i] + word[i] + word[i:]


def _neighbour(rng: Random, word: str) -> str:
    i = int(rng.integers(1, len(word)))
    beside: str = pick(rng, _KEYS.get(word[i].lower(), "e"))
    return word[:i] + beside + word[i + 1 :]


_SLIPS: tuple[Callable[[Random, str], str], ...] = (_swap, _drop, _double, _neighbour)
