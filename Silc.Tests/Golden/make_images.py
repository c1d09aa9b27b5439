"""Writes images/: one image in many formats, and images.json with the pixels that a reader must find in each.

Run with Debian's python3-pil: /usr/bin/python3 make_images.py
"""

import base64
import io
import json
import pathlib
import struct
import zlib

from PIL import Image

FOLDER = pathlib.Path(__file__).with_name("images")
FOLDER.mkdir(exist_ok=True)
WIDTH, HEIGHT = 24, 16
ORIENTATION = 0x0112
expected = []


def write(name, content, image, tolerance=0):
    """Writes a file; the pixels of image are what it shows, to a mean absolute error of tolerance."""
    (FOLDER / name).write_bytes(content)
    rgba = image.convert("RGBA")
    expected.append({"name": name, "width": rgba.width, "height": rgba.height, "tolerance": tolerance,
                     "rgba": base64.b64encode(zlib.compress(rgba.tobytes(), 9)).decode()})


def save(name, image, show=None, tolerance=0, format=None, **options):
    stream = io.BytesIO()
    image.save(stream, format or name.split(".")[-1].replace("jpg", "jpeg"), **options)
    write(name, stream.getvalue(), show or image, tolerance)
    return stream.getvalue()


def png(width, height, depth, colour, rows, extra=()):
    """A PNG by hand: PIL writes neither 16-bit colour nor background chunks."""
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunk(kind, body) for kind, body in extra)
            + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def smooth(x, y):
    return 10 * x, 15 * y, 255 - 5 * x - 5 * y


# Smooth, so that JPEG keeps it, with a corner that tells every orientation from every other.
base = Image.new("RGB", (WIDTH, HEIGHT))
base.putdata([smooth(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
base.paste((250, 30, 20), (0, 0, 8, 8))
alpha = Image.new("L", (WIDTH, HEIGHT))
alpha.putdata([min(255, 40 + 9 * x) for y in range(HEIGHT) for x in range(WIDTH)])
cutout = base.copy()
cutout.putalpha(alpha)
second = Image.new("RGB", (WIDTH, HEIGHT), (0, 0, 255))


def decoded(content):
    return Image.open(io.BytesIO(content)).convert("RGB")


# JPEG: colour, grey, progressive, halved chroma, orientations, four inks.
EXACT = dict(quality=95, subsampling=0)


def jpeg(image, **options):
    stream = io.BytesIO()
    image.save(stream, "jpeg", **options)
    return stream.getvalue()


plain = jpeg(base, **EXACT)
write("plain.jpg", plain, decoded(plain), 1)
for name, options in {"progressive": dict(progressive=True, **EXACT), "halved-chroma": dict(quality=95, subsampling=2)}.items():
    content = jpeg(base, **options)
    write(f"{name}.jpg", content, decoded(content), 1)
content = jpeg(base.convert("L"), quality=95)
write("grey.jpg", content, decoded(content), 1)

# The pixels as stored, and how each tag says to turn them.
turns = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
         5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90}


def exif(tag):
    block = Image.Exif()
    block[ORIENTATION] = tag
    return block


for tag, turn in turns.items():
    upright = decoded(plain) if turn is None else decoded(plain).transpose(turn)
    write(f"orientation-{tag}.jpg", jpeg(base, exif=exif(tag), **EXACT), upright, 1)
save("orientation-6.png", base, base.transpose(turns[6]), exif=exif(6))
save("orientation-8.webp", base, base.transpose(turns[8]), lossless=True, exif=exif(8))

invert = lambda image: Image.eval(image, lambda v: 255 - v)
cyan, magenta, yellow, black = (band.point(lambda v: v * 3 // 5) for band in (*invert(base).split(), alpha))
inks = Image.merge("CMYK", (cyan, magenta, yellow, black))
content = jpeg(inks, **EXACT)
write("cmyk.jpg", content, decoded(content), 1)
# YCCK: C, M, Y as luma and chroma. PIL stores what it is given inverted and unturned, so it is given that, and the mark in
# Adobe's segment then says what was done.
luma, blue, red = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr").split()
content = bytearray(jpeg(Image.merge("CMYK", (invert(luma), invert(blue), invert(red), black)), **EXACT))
content[content.index(b"Adobe") + 11] = 2
write("ycck.jpg", bytes(content), inks.convert("RGB"), 1.5)

# PNG: every kind of pixel.
save("plain.png", base)
save("alpha.png", cutout)
save("grey.png", base.convert("L"))
save("grey-alpha.png", cutout.convert("LA"))
save("black-white.png", base.convert("1"))
palette = base.quantize(16, dither=Image.Dither.NONE)
save("palette.png", palette)
alphas = bytes(255 - 16 * i for i in range(16))
shown = palette.convert("RGBA")
shown.putalpha(palette.point(list(alphas) + [255] * 240, "L"))
save("palette-alpha.png", palette, shown, transparency=alphas)
keyed = base.convert("RGBA")
keyed.putdata([(r, g, b, 0 if (r, g, b) == (250, 30, 20) else 255) for r, g, b, _ in keyed.getdata()])
save("colour-key.png", base, keyed, transparency=(250, 30, 20))
wide = lambda value: struct.pack(">H", value * 257)
rows = lambda image, many: [b"".join(many(image.getpixel((x, y))) for x in range(WIDTH)) for y in range(HEIGHT)]
write("colour-16.png", png(WIDTH, HEIGHT, 16, 2, rows(base, lambda p: b"".join(map(wide, p)))), base, 0.5)
write("alpha-16.png", png(WIDTH, HEIGHT, 16, 6, rows(cutout, lambda p: b"".join(map(wide, p)))), cutout, 0.5)
write("grey-16.png", png(WIDTH, HEIGHT, 16, 0, rows(base.convert("L"), wide)), base.convert("L"), 0.5)
write("grey-alpha-16.png", png(WIDTH, HEIGHT, 16, 4, rows(cutout.convert("LA"), lambda p: wide(p[0]) + wide(p[1]))),
      cutout.convert("LA"), 0.5)
write("gamma.png", png(WIDTH, HEIGHT, 8, 2, rows(base, bytes), [(b"gAMA", struct.pack(">I", 45455))]), base)

# GIF, WebP, BMP, ICO and animations.
save("plain.gif", palette)
shown = palette.convert("RGBA")
shown.putalpha(palette.point([0 if i == 3 else 255 for i in range(256)], "L"))
save("transparent.gif", palette, shown, transparency=3)
animation = dict(save_all=True, append_images=[second, base], duration=100, loop=0)
save("animated.gif", palette, palette, save_all=True, append_images=[second.quantize(2)], duration=100)
save("animated.webp", base, lossless=True, **animation)
save("animated.png", base, format="png", **animation)
save("alpha.webp", cutout, lossless=True, exact=True)
content = io.BytesIO()
base.save(content, "webp", quality=90)
write("lossy.webp", content.getvalue(), decoded(content.getvalue()), 1.5)
save("plain.bmp", base)
save("palette.bmp", palette)
save("black-white.bmp", base.convert("1"))
# 32 bits a pixel of which the header gives 24 a meaning.
save("padded.bmp", cutout, base)
save("icon.ico", cutout.resize((16, 16)), sizes=[(16, 16)])

# One pixel.
dot = Image.new("RGB", (1, 1), (200, 100, 50))
for ending in ("png", "gif", "bmp"):
    save(f"dot.{ending}", dot, format=ending)
save("dot.webp", dot, lossless=True)
save("dot.jpg", dot, tolerance=2, **EXACT)

# The content decides, not the name.
write("png-named.jpg", (FOLDER / "plain.png").read_bytes(), base)
write("jpeg-named.png", plain, decoded(plain), 1)

FOLDER.with_name("images.json").write_text(json.dumps(expected, indent=1) + "\n")
