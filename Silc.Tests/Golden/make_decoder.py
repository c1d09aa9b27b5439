"""Writes heads/decoder.npz: the decoder of captions in double precision, its logits, loss and all gradients, and what greedy and beam search say;
and, under said:, loss and all gradients where each text weighs alike, token by token and all tokens at once.

Run with Debian's python3-torch: /usr/bin/python3 make_decoder.py
Kernels are (in, out). Two images of five tokens; texts of four and six tokens with their end. Ids 0, 1 and 2 are padding, begin and end,
and 10 hides what is said at once.
"""

import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
out = pathlib.Path(__file__).parent / "heads"
out.mkdir(exist_ok=True)
V, L, W, HEADS, DEPTH, D, BEGIN, END, HIDDEN = 11, 6, 8, 2, 2, 7, 1, 2, 10
g = torch.Generator().manual_seed(2)
p = {}


def draw(*shape):
    return torch.randn(*shape, generator=g)


def make_dense(n, a, b):
    p[f"{n}/kernel"], p[f"{n}/bias"] = draw(a, b) * a ** -0.5, draw(b) * 0.1


def make_norm(n):
    p[f"{n}/scale"], p[f"{n}/bias"] = 1 + draw(W) * 0.1, draw(W) * 0.1


def dense(name, x):
    return x @ p[f"{name}/kernel"] + p[f"{name}/bias"]


def norm(name, x):
    return F.layer_norm(x, (W,), p[f"{name}/scale"], p[f"{name}/bias"], 1e-6)


def attend(name, x, source, causal):
    split = lambda t: t.reshape(t.shape[0], t.shape[1], HEADS, W // HEADS).transpose(1, 2)
    q, k, v = split(dense(f"{name}/query", x)), split(dense(f"{name}/key", source)), split(dense(f"{name}/value", source))
    a = q @ k.transpose(-1, -2) / math.sqrt(W // HEADS)
    if causal:
        a = a.masked_fill(torch.ones(x.shape[1], x.shape[1]).triu(1).bool(), -torch.inf)
    return dense(f"{name}/out", (torch.softmax(a, -1) @ v).transpose(1, 2).reshape(x.shape))


def forward(tokens, z, causal=True):
    x = p["dec/shared_embedding/embedding"][tokens] + p["dec/pos_embedding"][:tokens.shape[1]]
    for i in range(DEPTH):
        n = f"dec/EncDecBlock{i}"
        y = norm(f"{n}/LayerNorm1", x)
        x = x + attend(f"{n}/SelfAttn", y, y, causal)
        x = x + attend(f"{n}/CrossAttn", norm(f"{n}/LayerNorm2", x), z, False)
        y = F.gelu(dense(f"{n}/MLP/Dense_0", norm(f"{n}/LayerNorm3", x)), approximate="tanh")
        x = x + dense(f"{n}/MLP/Dense_1", y)
    return dense("dec/LogitsDense", norm("dec/LayerNorm", x))


def beam(z, width):
    """Sum of log probabilities / tokens with the end; finished texts keep their places."""
    pool = [((), 0.0, False)]
    score = lambda s: s[1] / max(len(s[0]), 1)
    while any(not done for _, _, done in pool):
        grown = []
        for words, total, done in pool:
            if done:
                grown.append((words, total, True))
                continue
            logs = torch.log_softmax(forward(torch.tensor([[BEGIN, *words]]), z)[0, -1], -1)
            grown += [((*words, t), total + logs[t].item(), t == END or len(words) + 1 == L) for t in range(V)]
        pool = sorted(grown, key=lambda s: -score(s))[:width]
    return list(pool[0][0]), score(pool[0])


p["dec/shared_embedding/embedding"], p["dec/pos_embedding"] = draw(V, W), draw(L, W) * W ** -0.5
for i in range(DEPTH):
    for j in (1, 2, 3):
        make_norm(f"dec/EncDecBlock{i}/LayerNorm{j}")
    for kind, source in (("SelfAttn", W), ("CrossAttn", D)):
        for part, a in (("query", W), ("key", source), ("value", source), ("out", W)):
            make_dense(f"dec/EncDecBlock{i}/{kind}/{part}", a, W)
    make_dense(f"dec/EncDecBlock{i}/MLP/Dense_0", W, 4 * W)
    make_dense(f"dec/EncDecBlock{i}/MLP/Dense_1", 4 * W, W)
make_norm("dec/LayerNorm")
make_dense("dec/LogitsDense", W, V)
z, targets = draw(2, 5, D), torch.tensor([[5, 3, 7, END, 0, 0], [4, 6, 7, 8, 9, END]])
for t in p.values():
    t.requires_grad_(True)
tokens = torch.cat([torch.full_like(targets[:, :1], BEGIN), targets[:, :-1]], 1)
logits = forward(tokens, z)
loss = F.cross_entropy(logits.reshape(-1, V), targets.reshape(-1), ignore_index=0)
grads = torch.autograd.grad(loss, list(p.values()))
said, seen = {}, z.clone().requires_grad_(True)
for name, inputs in (("causal", tokens), ("parallel", torch.full_like(targets, HIDDEN))):
    each = F.cross_entropy(forward(inputs, seen, name == "causal").transpose(1, 2), targets, ignore_index=0, reduction="none")
    total = (each.sum(1) / (targets != 0).sum(1)).mean()
    said[f"said:{name}:loss"] = total.detach().numpy()
    for key, grad in zip([*p, "z"], torch.autograd.grad(total, [*p.values(), seen])):
        said[f"said:{name}:grad:{key}"] = grad.numpy()
searches = {}
for image in (0, 1):
    for width in (1, 3):
        words, score = beam(z[image:image + 1], width)
        searches[f"beam_{image}_{width}"], searches[f"score_{image}_{width}"] = np.array(words, dtype=np.float64), np.array(score)
np.savez(out / "decoder.npz", z=z.numpy(), tokens=tokens.numpy().astype(np.float64), targets=targets.numpy().astype(np.float64),
         logits=logits.detach().numpy(), loss=loss.detach().numpy(), **searches, **said, **{f"param:{k}": v.detach().numpy() for k, v in p.items()},
         **{f"grad:{k}": v.numpy() for k, v in zip(p, grads)})
