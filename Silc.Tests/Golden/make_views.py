"""Writes views.json: a small image and what PIL and torchvision make of it.

Run with Debian's python3-pil and python3-torchvision: /usr/bin/python3 make_views.py
"""

import base64
import json
import math
import pathlib

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from torchvision.transforms import functional as F

WIDTH, HEIGHT = 61, 47


def pixel(x, y):
    wave = lambda a, b, c: int(127.5 + 127.5 * math.sin(a * x + b * y + c))
    return wave(0.31, 0.05, 0), 255 * ((x // 7 + y // 5) % 2), wave(0.02, 0.21, 1)


def pack(image):
    if isinstance(image, torch.Tensor):
        image = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    return base64.b64encode(image.tobytes()).decode()


def tensor(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


image = Image.new("RGB", (WIDTH, HEIGHT))
image.putdata([pixel(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
filters = {"Bilinear": Image.Resampling.BILINEAR, "Bicubic": Image.Resampling.BICUBIC}
modes = {"Bilinear": F.InterpolationMode.BILINEAR, "Bicubic": F.InterpolationMode.BICUBIC}


def resized(by, name, box, size, flip, image):
    return {"by": by, "filter": name, "box": box, "width": size[0], "height": size[1], "flip": flip, "rgb": pack(image)}


def resized_crop(name, box, size):
    left, top, right, bottom = box
    part = F.crop(tensor(image), top, left, bottom - top, right - left)
    return F.resize(part, [size[1], size[0]], modes[name], antialias=True)


resizes = []
boxes = [((0, 0, WIDTH, HEIGHT), (24, 24)), ((3.5, 2.25, 50.75, 40.5), (16, 20)), ((10, 12, 22, 30), (33, 32)),
         ((0, 0, 9, 47), (16, 16))]
crops = [((0, 0, WIDTH, HEIGHT), (24, 24)), ((5, 3, 52, 41), (17, 19)), ((10, 12, 22, 30), (33, 32))]
for name in filters:
    resizes += [resized("PIL", name, box, size, False, image.resize(size, filters[name], box=box)) for box, size in boxes]
    resizes += [resized("torchvision", name, box, size, False, resized_crop(name, box, size)) for box, size in crops]
resizes.append(resized("torchvision", "Bicubic", *crops[1], True, F.hflip(resized_crop("Bicubic", *crops[1]))))

centers = [
    {"size": size, "rgb": pack(F.center_crop(F.resize(tensor(image), size, modes["Bicubic"], antialias=True), size))}
    for size in (16, 31)]

# Colours of a part: it has every phase of the image, and the file stays small.
part = image.crop((0, 0, 36, 24))
x = tensor(part)


def blur(sigma):
    """torchvision's Gaussian; at borders, where torchvision reflects, the last pixel goes on as in PIL and so in DINO."""
    radius = math.ceil(3 * sigma)
    wide = F.gaussian_blur(F.pad(x, radius, padding_mode="edge"), [2 * radius + 1] * 2, sigma)
    return F.center_crop(wide, [part.height, part.width])


operations = {
    "PIL brightness 1.3": ImageEnhance.Brightness(part).enhance(1.3),
    "PIL contrast 0.6": ImageEnhance.Contrast(part).enhance(0.6),
    "PIL saturation 1.2": ImageEnhance.Color(part).enhance(1.2),
    "PIL grey": ImageOps.grayscale(part).convert("RGB"),
    "PIL solarize": ImageOps.solarize(part, 128),
    "PIL blur 1.5": part.filter(ImageFilter.GaussianBlur(1.5)),
    "torchvision brightness 0.7": F.adjust_brightness(x, 0.7),
    "torchvision brightness 1.3": F.adjust_brightness(x, 1.3),
    "torchvision contrast 0.6": F.adjust_contrast(x, 0.6),
    "torchvision contrast 1.4": F.adjust_contrast(x, 1.4),
    "torchvision saturation 0.8": F.adjust_saturation(x, 0.8),
    "torchvision saturation 1.2": F.adjust_saturation(x, 1.2),
    "torchvision hue 0.1": F.adjust_hue(x, 0.1),
    "torchvision hue -0.08": F.adjust_hue(x, -0.08),
    "torchvision grey": F.rgb_to_grayscale(x, 3),
    "torchvision solarize": F.solarize(x, 128 / 255),
    "torchvision blur 0.3": blur(0.3),
    "torchvision blur 1.5": blur(1.5),
}
golden = {"width": WIDTH, "height": HEIGHT, "rgb": pack(image), "resized": resizes, "centered": centers,
          "partWidth": part.width, "partHeight": part.height, "part": pack(part),
          "operations": {name: pack(image) for name, image in operations.items()}}
pathlib.Path(__file__).with_name("views.json").write_text(json.dumps(golden, indent=1) + "\n")
