"""Writes views.json: a small picture and what PIL makes of it. Run with Debian's python3-pil: /usr/bin/python3 make_views.py"""

import base64
import json
import math
import pathlib

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

WIDTH, HEIGHT = 61, 47


def pixel(x, y):
    wave = lambda a, b, c: int(127.5 + 127.5 * math.sin(a * x + b * y + c))
    return wave(0.31, 0.05, 0), 255 * ((x // 7 + y // 5) % 2), wave(0.02, 0.21, 1)


def pack(image):
    return base64.b64encode(image.tobytes()).decode()


picture = Image.new("RGB", (WIDTH, HEIGHT))
picture.putdata([pixel(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
filters = {"Bilinear": Image.Resampling.BILINEAR, "Bicubic": Image.Resampling.BICUBIC}
boxes = [((0, 0, WIDTH, HEIGHT), (24, 24)), ((3.5, 2.25, 50.75, 40.5), (16, 20)), ((10, 12, 22, 30), (33, 32)),
         ((0, 0, 9, 47), (16, 16))]
resized = [
    {"filter": name, "box": box, "width": size[0], "height": size[1], "rgb": pack(picture.resize(size, code, box=box))}
    for name, code in filters.items() for box, size in boxes]
operations = {
    "brightness 1.3": ImageEnhance.Brightness(picture).enhance(1.3),
    "contrast 0.6": ImageEnhance.Contrast(picture).enhance(0.6),
    "saturation 1.2": ImageEnhance.Color(picture).enhance(1.2),
    "grey": ImageOps.grayscale(picture).convert("RGB"),
    "solarize": ImageOps.solarize(picture, 128),
    "blur 1.5": picture.filter(ImageFilter.GaussianBlur(1.5)),
}
golden = {"width": WIDTH, "height": HEIGHT, "rgb": pack(picture), "resized": resized,
          "operations": {name: pack(image) for name, image in operations.items()}}
pathlib.Path(__file__).with_name("views.json").write_text(json.dumps(golden, indent=1) + "\n")
