"""Samples a second of a torchvision DINO multi-crop pipeline, to compare silc's loader with.

2 views of 224 and 8 of 96 pixels from every JPEG of a folder, with DataAugmentationDINO of facebookresearch/dino (Caron et al.
2021, arXiv:2104.14294), decoded and augmented by worker processes. Debian: apt-get install python3-torchvision, then

    /usr/bin/python3 torchvision_views.py FOLDER [--workers 2] [--batch 32] [--seconds 30]

The figure counts what arrives after the first batches of each worker, so that starting the workers is left out. Take it on a
machine that does nothing else. `--make N` first fills the folder with N JPEGs whose longer side is 480 pixels.
"""

import argparse
import pathlib
import random
import time

import torch
from PIL import Image, ImageFilter, ImageOps
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

GLOBAL, LOCAL, LOCALS = 224, 96, 8
BICUBIC = transforms.InterpolationMode.BICUBIC


def blur(image, p):
    return image.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 2.0))) if random.random() < p else image


def solarize(image, p):
    return ImageOps.solarize(image) if random.random() < p else image


class Views:
    """DataAugmentationDINO."""

    def __init__(self):
        colours = [
            transforms.RandomHorizontalFlip(0.5),
            transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.2, 0.1)], 0.8),
            transforms.RandomGrayscale(0.2),
        ]
        self.whole = transforms.Compose([transforms.RandomResizedCrop(GLOBAL, (0.4, 1.0), interpolation=BICUBIC), *colours])
        self.part = transforms.Compose([transforms.RandomResizedCrop(LOCAL, (0.05, 0.4), interpolation=BICUBIC), *colours])
        self.end = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])

    def __call__(self, image):
        large = [blur(self.whole(image), 1.0), solarize(blur(self.whole(image), 0.1), 0.2)]
        small = [blur(self.part(image), 0.5) for _ in range(LOCALS)]
        return torch.stack([self.end(view) for view in large]), torch.stack([self.end(view) for view in small])


class Images(Dataset):
    """The same files again and again: an epoch without end."""

    def __init__(self, folder):
        self.files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
        if not self.files:
            raise SystemExit(f"{folder} holds no .jpg; --make 256 draws some")
        self.views = Views()

    def __len__(self):
        return 1 << 30

    def __getitem__(self, index):
        with Image.open(self.files[index % len(self.files)]) as image:
            return self.views(image.convert("RGB"))


def make(folder, count):
    """Smooth colours with noise: files of the size that photographs of 480 pixels have."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    for i in range(count):
        height, width = (360, 480) if i % 2 else (480, 360)
        coarse = torch.nn.functional.interpolate(torch.rand(1, 3, 12, 16), (height, width), mode="bicubic")[0]
        pixels = (coarse + 0.05 * torch.randn(3, height, width)).clamp(0, 1)
        transforms.functional.to_pil_image(pixels).save(folder / f"{i:05}.jpg", quality=90)


def set_up(worker):
    # One thread a worker: more would take the cores from each other.
    torch.set_num_threads(1)
    random.seed(worker)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--make", type=int, default=0, metavar="N")
    args = parser.parse_args()
    if args.make:
        make(args.folder, args.make)
    images = Images(args.folder)
    loader = DataLoader(images, args.batch, num_workers=args.workers, worker_init_fn=set_up)
    batches = iter(loader)
    # Workers run ahead by two batches each: what lay ready before the clock started must not count.
    for _ in range(3 * max(1, args.workers)):
        next(batches)
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < args.seconds:
        count += len(next(batches)[0])
    elapsed = time.perf_counter() - start
    print(f"torchvision, 2 x {GLOBAL} + {LOCALS} x {LOCAL}, {len(images.files)} files, {args.workers} workers, "
          f"batch {args.batch}: {count / elapsed:.1f} samples/s over {elapsed:.1f} s")


if __name__ == "__main__":
    main()
