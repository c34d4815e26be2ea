"""One push of each kind that WeChat documents, with the fields that only its kind has.

Source: "Receiving standard messages", "Receiving event pushes" and "Event pushes of custom menus"
in WeChat's documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_CODE = {"ScanType": "qrcode", "ScanResult": "https://example.com/"}
_PHOTOS = {"Count": "1", "PicList": {"item": {"PicMd5Sum": "1b5f7c23b5bf75682a53e7b6d163e185"}}}
_POINT = {"Location_X": "23.134521", "Location_Y": "113.358803", "Scale": "20"}
_PLACE = {**_POINT, "Label": "北京市海淀区"}

MESSAGES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "text": {"Content": "你好"},
        "image": {"PicUrl": "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0", "MediaId": "media-1"},
        "voice": {"MediaId": "media-2", "Format": "amr", "Recognition": ""},
        "video": {"MediaId": "media-3", "ThumbMediaId": "thumb-3"},
        "shortvideo": {"MediaId": "media-4", "ThumbMediaId": "thumb-4"},
        "location": _PLACE,
        "link": {"Title": "A page", "Description": "of ours", "Url": "https://example.com/"},
        "file": {"Title": "a.pdf", "FileMd5": "1b5f7c23b5bf75682a53e7b6d163e185"},
    }
)

EVENTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "subscribe": {"EventKey": "qrscene_123123", "Ticket": "TICKET"},
        "unsubscribe": {"EventKey": ""},
        "SCAN": {"EventKey": "123123", "Ticket": "TICKET"},
        "LOCATION": {"Latitude": "23.137466", "Longitude": "113.352425", "Precision": "119.385040"},
        "CLICK": {"EventKey": "EVENTKEY"},
        "VIEW": {"EventKey": "https://example.com/", "MenuId": "400000001"},
        "view_miniprogram": {"EventKey": "pages/index/index", "MenuId": "400000002"},
        "scancode_push": {"EventKey": "6", "ScanCodeInfo": _CODE},
        "scancode_waitmsg": {"EventKey": "6", "ScanCodeInfo": _CODE},
        "pic_sysphoto": {"EventKey": "6", "SendPicsInfo": _PHOTOS},
        "pic_photo_or_album": {"EventKey": "6", "SendPicsInfo": _PHOTOS},
        "pic_weixin": {"EventKey": "6", "SendPicsInfo": _PHOTOS},
        "location_select": {"EventKey": "6", "SendLocationInfo": {**_PLACE, "Poiname": ""}},
        "TEMPLATESENDJOBFINISH": {"MsgID": "200163836", "Status": "success"},
        "MASSSENDJOBFINISH": {"MsgID": "1000001625", "Status": "send success", "TotalCount": "100"},
    }
)
