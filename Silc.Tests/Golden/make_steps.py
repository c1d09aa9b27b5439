"""Writes silc_*.npz: whole training steps of a tiny SILC, in PyTorch's double precision, stored as float32.

Run with Debian's python3-torch (1.13), whose random numbers the files come from:
    /usr/bin/python3 make_steps.py            writes every file beside this script
    /usr/bin/python3 make_steps.py --check    compares with the files instead; says the largest difference of each

A file holds its sizes and recipe as JSON in `config`, `params0/NAME`, `teacher0/NAME` and `center0` before the first step, and for step s
`step{s}/batch/{global,local,plain,tokens}`, `step{s}/out/...` (losses, the new center, embeddings and head outputs), `step{s}/grads/NAME`,
`step{s}/grad_norm` before clipping, `step{s}/params/NAME` and `step{s}/teacher/NAME` after the update. Views are (views, batch, height, width, 3).
A packed file has `params0`, `step1/grads` and so on as one array each, of which `layout` says as JSON how it falls into (NAME, shape).
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

# The image tower has D = width channels, the text tower text_width; every kernel is (in, out), big_vision's names and shapes.
PAPER = {
    "image": 32, "patch": 8, "local": 16, "width": 32, "depth": 2, "heads": 4, "mlp": 64,
    "text_width": 32, "text_depth": 2, "text_heads": 4, "text_mlp": 64, "text_len": 8, "vocab": 60,
    "head_hidden": 40, "head_bottleneck": 32, "prototypes": 96, "batch": 4, "globals": 2, "locals": 3,
    "tau_s": 0.1, "tau_t": 0.04, "clip": 1.0, "lr": 1e-3, "wd": 1e-4, "ema": 0.9, "steps": 3,
    "contrastive": "softmax", "optimizer": "adamw", "lambda": 1.0,
}

# For small files: one step, one block a tower, odd sizes, and inputs of 8 significant bits, which compress.
SMALL = {
    **PAPER, "image": 12, "patch": 4, "local": 8, "width": 12, "depth": 1, "heads": 3, "mlp": 17,
    "text_width": 10, "text_depth": 1, "text_heads": 2, "text_mlp": 13, "text_len": 5, "vocab": 19,
    "head_hidden": 14, "head_bottleneck": 9, "prototypes": 21, "batch": 6, "locals": 2, "steps": 1, "packed": True,
}

# Name, seed, configuration. What a configuration leaves out is off: global_to_global, koleo, accumulate, plain, gelu.
CASES = [
    ("silc_softmax_adamw", 1, PAPER),
    ("silc_sigmoid_adafactor", 2, {**PAPER, "contrastive": "sigmoid", "optimizer": "adafactor"}),
    ("silc_global_to_global_koleo", 3, {**SMALL, "global_to_global": True, "koleo": 0.3, "lambda": 0.7}),
    ("silc_accumulate_exact_gelu", 4, {**SMALL, "accumulate": 2, "gelu": "exact", "global_to_global": True, "koleo": 0.3}),
    ("silc_plain_sigmoid", 5, {**SMALL, "plain": True, "globals": 1, "contrastive": "sigmoid", "clip": 0.0}),
]


# ---- Parameters: (name, shape, how it is drawn), in the order in which they are drawn

def kernel(name, fan_in, *shape):
    return name, shape, ("normal", 0.0, 1 / math.sqrt(fan_in))


def scale(name, width):
    return name, (width,), ("normal", 1.0, 0.1)


def bias(name, *shape):
    return name, shape, ("normal", 0.0, 0.1)


def attention_spec(at, width, heads):
    size = width // heads
    for part in ("query", "key", "value"):
        yield kernel(f"{at}/{part}/kernel", width, width, heads, size)
        yield bias(f"{at}/{part}/bias", heads, size)
    yield kernel(f"{at}/out/kernel", width, heads, size, width)
    yield bias(f"{at}/out/bias", width)


def dense_spec(at, rows, cols):
    yield kernel(f"{at}/kernel", rows, rows, cols)
    yield bias(f"{at}/bias", cols)


def mlp_spec(at, width, hidden):
    yield from dense_spec(f"{at}/Dense_0", width, hidden)
    yield from dense_spec(f"{at}/Dense_1", hidden, width)


def norm_spec(at, width):
    yield scale(f"{at}/scale", width)
    yield bias(f"{at}/bias", width)


def block_spec(at, width, heads, hidden):
    yield from norm_spec(f"{at}/LayerNorm_0", width)
    yield from norm_spec(f"{at}/LayerNorm_1", width)
    yield from attention_spec(f"{at}/MultiHeadDotProductAttention_0", width, heads)
    yield from mlp_spec(f"{at}/MlpBlock_0", width, hidden)


def image_spec(c):
    width, patch = c["width"], c["patch"]
    yield kernel("img/embedding/kernel", 3 * patch * patch, patch, patch, 3, width)
    yield bias("img/embedding/bias", width)
    yield kernel("img/pos_embedding", width, 1, (c["image"] // patch) ** 2, width)
    for i in range(c["depth"]):
        yield from block_spec(f"img/Transformer/encoderblock_{i}", width, c["heads"], c["mlp"])
    yield from norm_spec("img/Transformer/encoder_norm", width)
    yield kernel("img/MAPHead_0/probe", 1, 1, 1, width)
    yield from attention_spec("img/MAPHead_0/MultiHeadDotProductAttention_0", width, c["heads"])
    yield from norm_spec("img/MAPHead_0/LayerNorm_0", width)
    yield from mlp_spec("img/MAPHead_0/MlpBlock_0", width, c["mlp"])


def text_spec(c):
    width = c["text_width"]
    yield kernel("txt/Embed_0/embedding", width, c["vocab"], width)
    yield kernel("txt/pos_embedding", width, 1, c["text_len"], width)
    for i in range(c["text_depth"]):
        yield from block_spec(f"txt/Encoder_0/encoderblock_{i}", width, c["text_heads"], c["text_mlp"])
    yield from norm_spec("txt/Encoder_0/encoder_norm", width)
    yield from dense_spec("txt/head", width, c["width"])


def head_spec(c):
    sizes = [c["width"], c["head_hidden"], c["head_hidden"], c["head_bottleneck"]]
    for i in range(3):
        yield from dense_spec(f"head/Dense_{i}", sizes[i], sizes[i + 1])
    yield kernel("head/prototypes/kernel", sizes[3], sizes[3], c["prototypes"])


def rounded(x, c):
    """To what float32, or in packed files bfloat16, holds: device and reference start from the same numbers."""
    return (x.bfloat16() if c.get("packed") else x.float()).double()


def draw(spec, random, c):
    parameters = {}
    for name, shape, (_, mean, deviation) in spec:
        noise = torch.randn(*shape, generator=random, dtype=torch.float64)
        # Kernels are divided, as the files' first generator did: the last bit is the same.
        value = mean + deviation * noise if mean or name.endswith("bias") else noise / round(1 / deviation ** 2) ** 0.5
        parameters[name] = rounded(value, c)
    return parameters


def draw_batch(c, random):
    def pixels(views, side):
        return rounded(torch.rand(views, c["batch"], side, side, 3, generator=random, dtype=torch.float64) * 2 - 1, c)

    batch = {"global": pixels(c["globals"], c["image"]), "local": pixels(c["locals"], c["local"])}
    batch["tokens"] = torch.randint(0, c["vocab"], (c["batch"], c["text_len"]), generator=random)
    if c.get("plain"):
        batch["plain"] = pixels(1, c["image"])
    return batch


# ---- Forward

def layer_norm(x, p, at):
    centered = x - x.mean(-1, keepdim=True)
    variance = (centered * centered).mean(-1, keepdim=True)
    return centered / torch.sqrt(variance + 1e-6) * p[f"{at}/scale"] + p[f"{at}/bias"]


def dense(x, p, at):
    return x @ p[f"{at}/kernel"] + p[f"{at}/bias"]


def gelu_exact(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def gelu_tanh(x):
    return x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))) / 2


def mlp(x, p, at, act):
    return dense(act(dense(x, p, f"{at}/Dense_0")), p, f"{at}/Dense_1")


def attention(queries, keys, p, at):
    def heads(x, part):
        return torch.einsum("btd,dhk->bhtk", x, p[f"{at}/{part}/kernel"]) + p[f"{at}/{part}/bias"].unsqueeze(1)

    q, k, v = heads(queries, "query"), heads(keys, "key"), heads(keys, "value")
    weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]), dim=-1)
    return torch.einsum("bhtk,hkd->btd", weights @ v, p[f"{at}/out/kernel"]) + p[f"{at}/out/bias"]


def block(x, p, at, act):
    y = layer_norm(x, p, f"{at}/LayerNorm_0")
    x = x + attention(y, y, p, f"{at}/MultiHeadDotProductAttention_0")
    return x + mlp(layer_norm(x, p, f"{at}/LayerNorm_1"), p, f"{at}/MlpBlock_0", act)


def positions(table, side):
    """(1, T, D) for a grid of another side: bicubic with a = -0.75, half-pixel centers, no antialiasing."""
    count, width = table.shape[1:]
    own = math.isqrt(count)
    if own == side:
        return table
    grid = table.reshape(1, own, own, width).permute(0, 3, 1, 2)
    return F.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False).permute(0, 2, 3, 1).reshape(1, side * side, width)


def act_of(c):
    return gelu_exact if c.get("gelu") == "exact" else gelu_tanh


def image_tower(views, p, c):
    """(V, B, h, w, 3) to pooled features (V, B, D), before any normalisation or head."""
    count, batch, side = views.shape[:3]
    patch, grid = c["patch"], side // c["patch"]
    x = views.reshape(count * batch, grid, patch, grid, patch, 3).permute(0, 1, 3, 2, 4, 5).reshape(count * batch, grid * grid, -1)
    x = x @ p["img/embedding/kernel"].reshape(3 * patch * patch, -1) + p["img/embedding/bias"] + positions(p["img/pos_embedding"], grid)
    for i in range(c["depth"]):
        x = block(x, p, f"img/Transformer/encoderblock_{i}", act_of(c))
    x = layer_norm(x, p, "img/Transformer/encoder_norm")
    at = "img/MAPHead_0"
    y = attention(p[f"{at}/probe"].expand(len(x), 1, -1), x, p, f"{at}/MultiHeadDotProductAttention_0")
    y = y + mlp(layer_norm(y, p, f"{at}/LayerNorm_0"), p, f"{at}/MlpBlock_0", act_of(c))
    return y.reshape(count, batch, -1)


def text_tower(tokens, p, c):
    x = p["txt/Embed_0/embedding"][tokens] + p["txt/pos_embedding"]
    for i in range(c["text_depth"]):
        x = block(x, p, f"txt/Encoder_0/encoderblock_{i}", act_of(c))
    return dense(layer_norm(x, p, "txt/Encoder_0/encoder_norm")[:, -1], p, "txt/head")


def dino_head(x, p):
    """Three dense layers with exact GELUs between them, L2, cosines with the prototypes (unit columns, gain 1)."""
    x = gelu_exact(dense(x, p, "head/Dense_0"))
    x = dense(gelu_exact(dense(x, p, "head/Dense_1")), p, "head/Dense_2")
    columns = p["head/prototypes/kernel"]
    return x / x.norm(dim=-1, keepdim=True).clamp(min=1e-12) @ (columns / columns.norm(dim=0, keepdim=True))


def unit(x):
    return x / (x.norm(dim=-1, keepdim=True) + 1e-8)


# ---- Losses

def contrast(z_image, z_text, p, c):
    """InfoNCE both ways, or SigLIP's sigmoid, of one view."""
    logits, count = torch.exp(p["t"]) * z_image @ z_text.T, len(z_text)
    if c["contrastive"] == "sigmoid":
        signs = 2 * torch.eye(count, dtype=torch.float64) - 1
        return -F.logsigmoid(signs * (logits + p["b"])).sum() / count
    own = torch.diagonal(logits)
    return ((torch.logsumexp(logits, 1) - own).mean() + (torch.logsumexp(logits, 0) - own).mean()) / 2


def koleo(x):
    """-mean log distance to the nearest other row on the unit sphere (DINOv2), which is chosen without a gradient."""
    x, eps = x / x.norm(dim=1, keepdim=True).clamp(min=1e-8), 1e-8
    cosines = (x @ x.T).detach().fill_diagonal_(-math.inf)
    return -torch.log((x - x[cosines.argmax(1)] + eps).norm(dim=1) + eps).mean()


def losses(p, teacher, batch, c, center):
    views, slices = c["globals"], c.get("accumulate", 1)
    size = c["batch"] // slices
    raw = image_tower(batch["plain"] if c.get("plain") else batch["global"], p, c)
    z_image, z_text = unit(raw), unit(text_tower(batch["tokens"], p, c))
    contrastive = sum(contrast(z, z_text, p, c) for z in z_image) / len(z_image)

    with torch.no_grad():
        t_logits = dino_head(image_tower(batch["global"], teacher, c), teacher)
        targets = torch.softmax((t_logits - center) / c["tau_t"], -1)
    s_logits = dino_head(image_tower(batch["local"], p, c), p)
    terms = [-(targets[q] * torch.log_softmax(s / c["tau_s"], -1)).sum(-1).mean() for s in s_logits for q in range(views)]
    if c.get("global_to_global"):
        others = torch.log_softmax(dino_head(raw, p) / c["tau_s"], -1)
        terms += [-(targets[q] * others[v]).sum(-1).mean() for v in range(views) for q in range(views) if q != v]
    distillation = sum(terms) / len(terms)

    total = contrastive + c["lambda"] * distillation
    out = {"contrastive": contrastive, "distillation": distillation, "center": 0.9 * center + 0.1 * t_logits.mean((0, 1))}
    if "koleo" in c:
        # An accumulated step looks for neighbours within a slice, as devices of a parallel run do within theirs.
        out["koleo"] = sum(koleo(x) for view in raw for x in view.split(size)) / (len(raw) * slices)
        total = total + c["koleo"] * out["koleo"]
    # The device shows the last slice.
    last = {"z_image": z_image, "teacher_logits": t_logits, "student_logits": s_logits}
    out.update({name: x[:, -size:] for name, x in last.items()}, z_text=z_text[-size:])
    return total, {"total": total, **out}


# ---- Updates

def decays(name):
    return name.endswith("/kernel")


def adamw(p, grads, state, c, step):
    for name, g in grads.items():
        m, v = state.get(name, (torch.zeros_like(g), torch.zeros_like(g)))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + (1 - 0.999) * g * g
        state[name] = m, v
        update = c["lr"] * (m / (1 - 0.9 ** step)) / (torch.sqrt(v / (1 - 0.999 ** step)) + 1e-8)
        p[name] = p[name] - update - (c["wd"] * p[name] if decays(name) else 0)


def adafactor(p, grads, state, c, step):
    """big_vision's: factored where the two longest axes have 32 and more, momentum 0.9, kept in full precision here."""
    keep = min(0.999, 1 - float(step) ** -0.8)
    for name, g in grads.items():
        squares = g * g + 1e-30
        axes = sorted(range(g.dim()), key=lambda axis: (g.shape[axis], axis))
        if g.dim() > 1 and g.shape[axes[-2]] >= 32:
            short, long = axes[-2:]
            rows, cols, m = state.get(name, (0, 0, torch.zeros_like(g)))
            rows, cols = keep * rows + (1 - keep) * squares.mean(long), keep * cols + (1 - keep) * squares.mean(short)
            left = short - 1 if short > long else short
            scaled = g * torch.rsqrt(rows / rows.mean(left, keepdim=True)).unsqueeze(long) * torch.rsqrt(cols).unsqueeze(short)
            statistics = rows, cols
        else:
            v, m = state.get(name, (0, torch.zeros_like(g)))
            v = keep * v + (1 - keep) * squares
            scaled, statistics = g * torch.rsqrt(v), (v,)
        m = 0.9 * m + 0.1 * scaled
        state[name] = *statistics, m
        p[name] = p[name] - c["lr"] * m - (c["wd"] * p[name] if decays(name) else 0)


def steps(c, seed):
    """The arrays of one file."""
    random, sigmoid = torch.Generator().manual_seed(seed), c["contrastive"] == "sigmoid"
    image, head = list(image_spec(c)), list(head_spec(c))
    p = draw(image + list(text_spec(c)) + head, random, c)
    p["t"] = rounded(torch.tensor([math.log(10)], dtype=torch.float64), c)
    if sigmoid:
        p["b"] = torch.tensor([-2.5], dtype=torch.float64)
    teacher = draw(image + head, random, c)
    center = rounded(0.05 * torch.randn(c["prototypes"], generator=random, dtype=torch.float64), c)

    arrays, layout, state = {}, {}, {}

    def put(at, values, pack=False):
        found = {name: torch.as_tensor(x).detach().numpy() for name, x in values.items()}
        found = {name: x.astype(np.float32 if x.dtype.kind == "f" else np.int32) for name, x in found.items()}
        if pack and c.get("packed"):
            arrays[at] = np.concatenate([x.ravel() for x in found.values()])
            layout[at] = [(name, x.shape) for name, x in found.items()]
        else:
            arrays.update({f"{at}/{name}" if at else name: x for name, x in found.items()})

    put("params0", p, pack=True), put("teacher0", teacher, pack=True), put("", {"center0": center})
    for step in range(1, c["steps"] + 1):
        batch, at = draw_batch(c, random), f"step{step}"
        student = {name: x.clone().requires_grad_() for name, x in p.items()}
        total, out = losses(student, teacher, batch, c, center)
        grads = dict(zip(student, torch.autograd.grad(total, student.values())))
        norm = torch.sqrt(sum((g * g).sum() for g in grads.values()))
        factor = min(1.0, c["clip"] / float(norm)) if c["clip"] else 1.0
        put(f"{at}/batch", batch), put(f"{at}/out", out), put(f"{at}/grads", grads, pack=True), put(at, {"grad_norm": norm})
        update = adamw if c["optimizer"] == "adamw" else adafactor
        update(p, {name: g * factor for name, g in grads.items()}, state, c, step)
        teacher = {name: c["ema"] * x + (1 - c["ema"]) * p[name] for name, x in teacher.items()}
        center = out["center"]
        put(f"{at}/params", p, pack=True), put(f"{at}/teacher", teacher, pack=True)
    arrays["config"] = np.frombuffer(json.dumps(c).encode(), dtype=np.uint8)
    if layout:
        arrays["layout"] = np.frombuffer(json.dumps(layout).encode(), dtype=np.uint8)
    return arrays


def difference(made, stored):
    """Largest difference over the largest value of an array, but for those whose true value is 0: key biases."""
    def of(name):
        if made[name].shape != stored[name].shape:
            return math.inf
        a, b = made[name].astype(np.float64), stored[name].astype(np.float64)
        size = np.abs(b).max(initial=0)
        return 0.0 if size < 1e-6 else np.abs(a - b).max(initial=0) / size

    names = [name for name in made if name not in ("config", "layout")]
    return math.inf if set(made) != set(stored) else max((0.0 if name.endswith("key/bias") else of(name), name) for name in names)


if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parent
    for name, seed, config in CASES:
        made, path = steps(config, seed), folder / f"{name}.npz"
        if "--check" in sys.argv:
            print(path.name, difference(made, np.load(path)))
        else:
            np.savez_compressed(path, **made)
            print(path.name, path.stat().st_size, "bytes, losses", [float(made[f"step{s}/out/total"]) for s in range(1, config["steps"] + 1)])
