"""Writes heads/owl.npz and heads/owl_aligned.npz: the detection head in double precision, its losses and all gradients.

Run with Debian's python3-torch: /usr/bin/python3 make_owl.py
Kernels are (in, out). Two images of 3 x 3 tokens, five names of which three and two are asked about; the first image has two things, one of which
bears two names, the second has none.
"""

import itertools
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
out = pathlib.Path(__file__).parent / "heads"
out.mkdir(exist_ok=True)
B, GRID, D, E, HEADS, Q, ALPHA = 2, 3, 8, 6, 2, 5, 0.3
N = GRID * GRID


def dense(p, name, x):
    return x @ p[f"{name}/kernel"] + p[f"{name}/bias"]


def norm(p, name, x):
    return F.layer_norm(x, (x.shape[-1],), p[f"{name}/scale"], p[f"{name}/bias"], 1e-6)


def gelu(x):
    return F.gelu(x, approximate="tanh")


def mlp(p, name, x):
    return dense(p, f"{name}/dense_2", gelu(dense(p, f"{name}/dense_1", gelu(dense(p, f"{name}/dense_0", x)))))


def block(p, x):
    x = x + p["owl/positions"]
    n = norm(p, "owl/block/LayerNorm_0", x)
    split = lambda t: t.reshape(B, N, HEADS, D // HEADS).transpose(1, 2)
    q, k, v = (split(dense(p, f"owl/block/MultiHeadDotProductAttention_0/{part}", n)) for part in ("query", "key", "value"))
    o = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(D // HEADS), -1) @ v
    x = x + dense(p, "owl/block/MultiHeadDotProductAttention_0/out", o.transpose(1, 2).reshape(B, N, D))
    n = norm(p, "owl/block/LayerNorm_1", x)
    return x + dense(p, "owl/block/MlpBlock_0/Dense_1", gelu(dense(p, "owl/block/MlpBlock_0/Dense_0", n)))


def logit(v):
    return math.log(v + 1e-4) - math.log1p(-v + 1e-4)


def unit(x):
    return x / (x.norm(dim=-1, keepdim=True) + 1e-6)


def forward(p, tokens, aligned, queries):
    x = norm(p, "owl/merge_norm", block(p, tokens))
    e = dense(p, "owl/class/embed", x) + aligned
    logits = (unit(e) @ queries.T + dense(p, "owl/class/shift", x)) * (F.elu(dense(p, "owl/class/scale", x)) + 1)
    bias = torch.tensor([[logit((j + 1) / GRID), logit((i + 1) / GRID), logit(1 / GRID), logit(1 / GRID)] for i in range(GRID) for j in range(GRID)])
    return logits, mlp(p, "owl/box", x) + bias, mlp(p, "owl/objectness", x.detach())[..., 0]


def corners(b):
    return torch.cat([b[..., :2] - b[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2], -1)


def giou(a, b):
    area = lambda t: (t[..., 2] - t[..., 0]) * (t[..., 3] - t[..., 1])
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    union = area(a) + area(b) - shared
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1)
    return shared / (union + 1e-6) - (hull - union) / (hull + 1e-6)


def gains(logits):
    p = torch.sigmoid(logits)
    return ALPHA * (1 - p) ** 2 * F.softplus(-logits), (1 - ALPHA) * p ** 2 * F.softplus(logits)


def losses(logits, raw, objectness, real, target, truth):
    """Of each image, then their mean: class, |difference| of corners, 1 - GIoU, objectness."""
    boxes, parts, rows = torch.sigmoid(raw), torch.zeros(4), []
    for b in range(B):
        t, want, some = target[b][:, real[b]], truth[b], logits[b][:, real[b]]
        positive, negative = gains(some)
        full, mine = torch.zeros_like(some), []
        if len(want):
            cost = t @ (positive - negative).T + (boxes[b][None] - want[:, None]).abs().sum(-1) - giou(corners(boxes[b])[None], corners(want)[:, None])
            mine = list(min(itertools.permutations(range(N), len(want)), key=lambda r: sum(cost[m, i].item() for m, i in enumerate(r))))
            full[mine] = t
            a, c = corners(boxes[b][mine]), corners(want)
            parts = parts + torch.stack([torch.zeros(()), (a - c).abs().sum() / len(want), (1 - giou(a, c)).sum() / len(want), torch.zeros(())])
        rows.append(mine + [-1] * (2 - len(mine)))
        best = torch.sigmoid(some.amax(-1)).detach()
        parts = parts + torch.stack([(full * positive + (1 - full) * negative).sum() / max(1.0, t.sum().item()), torch.zeros(()), torch.zeros(()),
                                     (F.softplus(objectness[b]) - objectness[b] * best).mean()])
    return parts / B, rows


for name, lift in (("owl", 0.0), ("owl_aligned", 1.0)):
    g = torch.Generator().manual_seed(9)
    draw = lambda *shape: torch.randn(*shape, generator=g)
    p = {}

    def make_dense(n, a, b):
        p[f"{n}/kernel"], p[f"{n}/bias"] = draw(a, b) * a ** -0.5, draw(b) * 0.1

    def make_norm(n):
        p[f"{n}/scale"], p[f"{n}/bias"] = 1 + draw(D) * 0.1, draw(D) * 0.1

    p["owl/positions"] = draw(N, D) * 0.3
    for n in ("owl/block/LayerNorm_0", "owl/block/LayerNorm_1", "owl/merge_norm"):
        make_norm(n)
    for part in ("query", "key", "value", "out"):
        make_dense(f"owl/block/MultiHeadDotProductAttention_0/{part}", D, D)
    make_dense("owl/block/MlpBlock_0/Dense_0", D, 4 * D)
    make_dense("owl/block/MlpBlock_0/Dense_1", 4 * D, D)
    make_dense("owl/class/embed", D, E)
    make_dense("owl/class/shift", D, 1)
    make_dense("owl/class/scale", D, 1)
    for part, size in (("box", 4), ("objectness", 1)):
        for i, width in enumerate((D, D, size)):
            make_dense(f"owl/{part}/dense_{i}", D, width)
    tokens, aligned, queries = draw(B, N, D), draw(B, N, E), unit(draw(Q, E))
    real = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 0, 0, 0]], dtype=torch.bool)
    target = [torch.tensor([[1.0, 0, 1, 0, 0], [0, 1, 0, 0, 0]]), torch.zeros(0, Q)]
    truth = [torch.tensor([[.3, .3, .2, .4], [.7, .6, .4, .3]]), torch.zeros(0, 4)]
    for t in p.values():
        t.requires_grad_(True)
    logits, raw, objectness = forward(p, tokens, lift * aligned, queries)
    parts, rows = losses(logits, raw, objectness, real, target, truth)
    grads = torch.autograd.grad(parts.sum(), list(p.values()))
    np.savez(out / f"{name}.npz", tokens=tokens.numpy(), aligned=aligned.numpy(), queries=queries.numpy(), logits=logits.detach().numpy(),
             boxes=torch.sigmoid(raw).detach().numpy(), objectness=objectness.detach().numpy(), parts=parts.detach().numpy(),
             rows=np.array(rows, dtype=np.float64), **{f"param:{k}": v.detach().numpy() for k, v in p.items()},
             **{f"grad:{k}": v.numpy() for k, v in zip(p, grads)})
