"""The work of silc bench heads in PyTorch 1.13 or newer, to be compared on the same machine: heads.sh has both take turns.

    /usr/bin/python3 heads_torch.py catseg --batch 8 --image-size 64 --steps 20
    /usr/bin/python3 heads_torch.py owl --batch 16
    /usr/bin/python3 heads_torch.py products

Debian: apt-get install python3-torch libopenblas0-pthread; without the second, products are those of the reference BLAS. Features, labels and boxes
are random. Sizes are those of the preset mini: tokens of 128 channels, patches of 8 pixels, four blocks.
"""

import argparse
import math
import os
import resource
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

PATCH, WIDTH, CLASSES = 8, 128, 9


def elu_plus_one(x):
    return F.elu(x) + 1


# ------------------------------------------------------------------ CAT-Seg, small
class SwinBlock(nn.Module):
    """x: maps (N, H·W, C), guide (N, H·W, G), normed. Windows are moved by half of one where shift says so."""

    def __init__(self, width, guides, heads, window, shift):
        super().__init__()
        self.heads, self.window, self.shift = heads, window, window // 2 if shift else 0
        self.norm, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width + guides, width), nn.Linear(width + guides, width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def windows(self, x):
        n, h, w, c = x.shape
        k = self.window
        return x.view(n, h // k, k, w // k, k, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, k * k, c)

    def mask(self, h, w):
        def region(n):
            i = torch.arange(n)
            return (i >= n - self.window).long() + (i >= n - self.shift).long()
        r = self.windows((region(h)[:, None] * 3 + region(w)).view(1, h, w, 1).float())[..., 0]
        return torch.where(r[:, None] == r[:, :, None], 0.0, -100.0)

    def forward(self, x, guide):
        n, h, w, c = x.shape
        shift = self.shift if self.window < h else 0
        y = self.norm(x)
        z = torch.cat([y, guide], -1)
        if shift:
            y, z = torch.roll(y, (-shift, -shift), (1, 2)), torch.roll(z, (-shift, -shift), (1, 2))
        y, z = self.windows(y), self.windows(z)
        split = lambda t: t.view(t.shape[0], t.shape[1], self.heads, -1).transpose(1, 2)
        q, k, v = split(self.query(z)), split(self.key(z)), split(self.value(y))
        a = q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5
        if shift:
            mask = self.mask(h, w)
            a = (a.view(-1, mask.shape[0], *a.shape[1:]) + mask[None, :, None]).view_as(a)
        o = self.out((torch.softmax(a, -1) @ v).transpose(1, 2).reshape(a.shape[0], -1, c))
        k = self.window
        o = o.view(n, h // k, w // k, k, k, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        if shift:
            o = torch.roll(o, (shift, shift), (1, 2))
        x = x + o
        return x + self.mlp(self.norm2(x))


class ClassBlock(nn.Module):
    """x: (B, T, H, W, C): linear attention over the classes at each pooled place."""

    def __init__(self, width, guides, heads, pool):
        super().__init__()
        self.heads, self.pool = heads, pool
        self.norm, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width + guides, width), nn.Linear(width + guides, width)
        self.value = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width))

    def forward(self, x, words):
        b, t, h, w, c = x.shape
        p = self.pool
        y = F.avg_pool2d(x.reshape(b * t, h, w, c).permute(0, 3, 1, 2), p)
        y = y.view(b, t, c, h // p * (w // p)).permute(0, 3, 1, 2).reshape(-1, t, c)
        g = words[:, None].expand(b, y.shape[0] // b, t, -1).reshape(y.shape[0], t, -1)
        n = self.norm(y)
        z = torch.cat([n, g], -1)
        split = lambda v: v.view(v.shape[0], t, self.heads, -1)
        q, k, v = elu_plus_one(split(self.query(z))), elu_plus_one(split(self.key(z))), split(self.value(n))
        kv = torch.einsum("nshd,nshe->nhde", k, v)
        scale = 1 / (torch.einsum("nlhd,nhd->nlh", q, k.sum(1)) + 1e-6)
        y = y + torch.einsum("nlhd,nhde,nlh->nlhe", q, kv, scale).reshape(y.shape)
        y = y + self.mlp(self.norm2(y))
        y = y.view(b, h // p, w // p, t, c).permute(0, 3, 4, 1, 2).reshape(b * t, c, h // p, w // p)
        return x + F.interpolate(y, size=(h, w), mode="bilinear", align_corners=True).permute(0, 2, 3, 1).view(x.shape)


class Stage(nn.Module):
    """Twice the size; the tower's guidance beside it; two convolutions with group norm."""

    def __init__(self, index, inputs, outputs, skip_in, guide):
        super().__init__()
        k = 2 << index
        self.skip = nn.ConvTranspose2d(WIDTH, skip_in, k, k)
        self.skip_guide = nn.Conv2d(skip_in, guide, 3, padding=1)
        self.up = nn.ConvTranspose2d(inputs, inputs - guide, 2, 2)
        groups = max(1, outputs // 16)
        self.twice = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(groups, outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(groups, outputs), nn.ReLU())

    def forward(self, x, tokens, classes):
        own = F.relu(self.skip_guide(self.skip(tokens)))
        own = own[:, None].expand(-1, classes, -1, -1, -1).reshape(-1, *own.shape[1:])
        return self.twice(torch.cat([self.up(x), own], 1))


class CatSeg(nn.Module):
    """Hidden 32, one layer, windows of half a grid, pooling by 2, guidance 32, decoder 16 and 8."""

    def __init__(self, grid):
        super().__init__()
        hidden, guide, heads, window = 32, 32, 4, grid // 2
        self.embed = nn.Conv2d(1, hidden, 7, padding=3)
        self.guide = nn.Conv2d(WIDTH, guide, 3, padding=1)
        self.text_guide = nn.Linear(WIDTH, guide)
        self.guide_norm = nn.LayerNorm(guide)
        self.swin = nn.ModuleList([SwinBlock(hidden, guide, heads, window, shift) for shift in (False, True)])
        self.classes = ClassBlock(hidden, guide, heads, 2)
        self.stages = nn.ModuleList([Stage(0, hidden, 16, 32, 8), Stage(1, 16, 8, 16, 4)])
        self.head = nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, aligned, first, second, texts):
        """aligned, first, second: (B, C, H, W); texts: (T, C) of length 1."""
        b, _, h, w = aligned.shape
        t = texts.shape[0]
        cost = torch.einsum("bchw,tc->bthw", F.normalize(aligned, dim=1), texts)
        x = self.embed(cost.reshape(b * t, 1, h, w)).permute(0, 2, 3, 1)
        guide = self.guide_norm(F.relu(self.guide(aligned)).permute(0, 2, 3, 1))
        guide = guide[:, None].expand(-1, t, -1, -1, -1).reshape(b * t, h, w, -1)
        for block in self.swin:
            x = block(x, guide)
        words = F.relu(self.text_guide(texts)).expand(b, t, -1)
        x = self.classes(x.view(b, t, h, w, -1), words).view(b * t, h, w, -1).permute(0, 3, 1, 2)
        for stage, tokens in zip(self.stages, (first, second)):
            x = stage(x, tokens, t)
        return self.head(x).view(b, t, 4 * h, 4 * w)


def catseg(batch, side):
    grid = side // PATCH
    net, images = CatSeg(grid), 2 * batch
    features = [torch.randn(images, WIDTH, grid, grid) for _ in range(3)]
    labels = torch.randint(-1, CLASSES, (images, side, side))
    texts = F.normalize(torch.randn(CLASSES, WIDTH), dim=-1)

    def loss(chosen):
        logits = F.interpolate(net(*(f[chosen] for f in features), texts), size=(side, side), mode="bilinear", align_corners=False)
        found = labels[chosen]
        keep = (found >= 0)[:, None].expand_as(logits)
        target = F.one_hot(found.clamp(min=0), CLASSES).permute(0, 3, 1, 2).float()
        return (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * keep).sum() / keep.sum()
    return net, loss, images


# ------------------------------------------------------------------ OWL-ViT's heads with a block
class OwlMlp(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, outputs)])

    def forward(self, x):
        for layer in self.layers[:2]:
            x = F.gelu(layer(x), approximate="tanh")
        return self.layers[2](x)


class Owl(nn.Module):
    def __init__(self, grid, heads=4):
        super().__init__()
        self.heads = heads
        self.positions = nn.Parameter(0.02 * torch.randn(grid * grid, WIDTH))
        self.norm, self.norm2, self.merge = nn.LayerNorm(WIDTH, 1e-6), nn.LayerNorm(WIDTH, 1e-6), nn.LayerNorm(WIDTH, 1e-6)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate="tanh"), nn.Linear(4 * WIDTH, WIDTH))
        self.embed, self.shift, self.scale = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 1)
        self.box, self.objectness = OwlMlp(4), OwlMlp(1)
        logit = lambda v: math.log(v + 1e-4) - math.log1p(-v + 1e-4)
        cells = [[logit((j + 1) / grid), logit((i + 1) / grid), logit(1 / grid), logit(1 / grid)] for i in range(grid) for j in range(grid)]
        self.register_buffer("cells", torch.tensor(cells))

    def forward(self, tokens, aligned, queries):
        x = tokens + self.positions
        b, n, c = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        a = torch.softmax(q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5, -1) @ v
        x = x + self.out(a.transpose(1, 2).reshape(b, n, c))
        x = self.merge(x + self.mlp(self.norm2(x)))
        e = self.embed(x) + aligned
        e = e / (e.norm(dim=-1, keepdim=True) + 1e-6)
        logits = (e @ queries.T + self.shift(x)) * elu_plus_one(self.scale(x))
        return logits, self.box(x) + self.cells, self.objectness(x.detach())[..., 0]


def corners(boxes):
    return torch.cat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], -1)


def giou(a, b):
    area = lambda t: (t[..., 2] - t[..., 0]) * (t[..., 3] - t[..., 1])
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    union = area(a) + area(b) - shared
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1)
    return shared / (union + 1e-6) - (hull - union) / (hull + 1e-6)


def assign(cost):
    """The column of each row at the least sum, by shortest augmenting paths; cost (M, N), M at most N."""
    m, n = cost.shape
    u, v, row_of = np.zeros(m), np.zeros(n), np.full(n, -1)
    for row in range(m):
        least, before, done = np.full(n, np.inf), np.full(n, -1), np.zeros(n, dtype=bool)
        at, column, far = row, -1, 0.0
        while True:
            reach = far + cost[at] - u[at] - v
            better = ~done & (reach < least)
            least[better], before[better] = reach[better], column
            column = int(np.where(done, np.inf, least).argmin())
            far = least[column]
            done[column] = True
            if row_of[column] < 0:
                break
            at = row_of[column]
        seen = done & (row_of >= 0)
        u[row_of[seen]] += far - least[seen]
        v[done] += least[done] - far
        u[row] += far
        while column >= 0:
            row_of[column] = row if before[column] < 0 else row_of[before[column]]
            column = before[column]
    found = np.full(m, -1)
    for column, row in enumerate(row_of):
        if row >= 0:
            found[row] = column
    return found


def owl(batch, side):
    grid, images = side // PATCH, 2 * batch
    net = Owl(grid)
    tokens, aligned = torch.randn(images, grid * grid, WIDTH), torch.randn(images, grid * grid, WIDTH)
    queries = F.normalize(torch.randn(CLASSES, WIDTH), dim=-1)
    counts = [1 + i % 3 for i in range(images)]
    boxes = [torch.rand(m, 4) * torch.tensor([.5, .5, .3, .3]) + torch.tensor([.25, .25, .1, .1]) for m in counts]
    names = [F.one_hot(torch.randint(0, CLASSES, (m,)), CLASSES).float() for m in counts]

    def loss(chosen):
        logits, raw, objectness = net(tokens[chosen], aligned[chosen], queries)
        found, total = torch.sigmoid(raw), 0
        p = torch.sigmoid(logits)
        positive, negative = 0.3 * (1 - p) ** 2 * F.softplus(-logits), 0.7 * p ** 2 * F.softplus(logits)
        target, matched = torch.zeros_like(logits), []
        with torch.no_grad():
            for b, image in enumerate(chosen.tolist()):
                want, t = boxes[image], names[image]
                cost = t @ (positive[b] - negative[b]).T + torch.cdist(want, found[b], p=1) - giou(corners(found[b])[None], corners(want)[:, None])
                rows = torch.from_numpy(assign(cost.numpy()))
                target[b, rows] = t
                matched.append((b, rows, want, len(want)))
        labels = target.sum((1, 2)).clamp(min=1)
        total = ((target * positive + (1 - target) * negative).sum((1, 2)) / labels).sum()
        for b, rows, want, m in matched:
            a, c = corners(found[b, rows]), corners(want)
            total = total + ((a - c).abs().sum() + (1 - giou(a, c)).sum()) / m
        total = total + F.binary_cross_entropy_with_logits(objectness, p.amax(-1).detach(), reduction="none").mean(1).sum()
        return total / len(chosen)
    return net, loss, images


# ------------------------------------------------------------------ both
def train(name, batch, side, steps):
    torch.manual_seed(0)
    net, loss, images = {"catseg": catseg, "owl": owl}[name](batch, side)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-3)
    begin, times = time.perf_counter(), []
    while len(times) < steps:
        start = time.perf_counter()
        chosen = torch.randperm(images)[:batch]
        optimizer.zero_grad(set_to_none=True)
        value = loss(chosen)
        value.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if not math.isfinite(value.item()):
            raise SystemExit("the loss is not finite")
        # As silc bench heads: two seconds of steps warm up.
        if times or time.perf_counter() - begin > 2:
            times.append(time.perf_counter() - start)
    step, grid = sorted(times)[len(times) // 2], side // PATCH
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{name}, batch {batch}: step {1000 * step:.1f} ms, {batch / step:.1f} images/s, peak {peak:,} MiB, "
          f"{sum(p.numel() for p in net.parameters()):,} values, {grid} x {grid} patches; PyTorch {torch.__version__}, "
          f"{torch.get_num_threads()} threads")


def products():
    for n in (512, 1536):
        a, b, times = torch.randn(n, n), torch.randn(n, n), []
        for _ in range(9):
            start = time.perf_counter()
            a @ b
            times.append(time.perf_counter() - start)
        print(f"product of {n} x {n}: {2 * n ** 3 / sorted(times)[4] / 1e9:.1f} GFLOP/s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("head", choices=["catseg", "owl", "products"])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.head == "products":
        products()
    else:
        train(args.head, args.batch, args.image_size, args.steps)
