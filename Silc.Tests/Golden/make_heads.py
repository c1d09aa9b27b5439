"""Golden values of the heads for segmentation: plain PyTorch in float64 (1.13 or newer), tiny sizes, stored as float32.

    python3 make_heads.py            writes patch_text.npz and catseg.npz into heads/ beside this file

Names are this library's: dense kernels (in, out), convolution kernels (height, width, in, out). Keys of the files: param:NAME and grad:NAME, the
inputs, logits and loss.
"""
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


# =============================================================== small pieces
def draw(g, *shape, scale=1.0):
    return torch.randn(*shape, generator=g) * scale


def dense_params(p, name, g, a, b):
    p[f"{name}/kernel"] = draw(g, a, b, scale=a ** -0.5)
    p[f"{name}/bias"] = draw(g, b, scale=0.1)


def norm_params(p, name, g, d):
    p[f"{name}/scale"] = 1 + draw(g, d, scale=0.1)
    p[f"{name}/bias"] = draw(g, d, scale=0.1)


def conv_params(p, name, g, k, a, b, bias=True):
    p[f"{name}/kernel"] = draw(g, k, k, a, b, scale=(k * k * a) ** -0.5)
    if bias:
        p[f"{name}/bias"] = draw(g, b, scale=0.1)


def dense(p, name, x):
    return x @ p[f"{name}/kernel"] + p[f"{name}/bias"]


def layer_norm(p, name, x, eps=1e-6):
    mean = x.mean(-1, keepdim=True)
    var = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(var + eps) * p[f"{name}/scale"] + p[f"{name}/bias"]


def gelu(x):
    """The exact form (erf)."""
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def unit(x, eps=0.0):
    return x / (x.norm(dim=-1, keepdim=True) + eps)


def conv(p, name, x, pad):
    """x: B, H, W, C (channels last)."""
    k = p[f"{name}/kernel"].permute(3, 2, 0, 1).contiguous()
    y = F.conv2d(x.permute(0, 3, 1, 2), k, p.get(f"{name}/bias"), padding=pad)
    return y.permute(0, 2, 3, 1)


def up_conv(p, name, x):
    """Transposed convolution whose stride equals its kernel k: one dense layer to k*k*C, then depth to space."""
    kernel, bias = p[f"{name}/kernel"], p[f"{name}/bias"]
    k = kernel.shape[0]
    B, H, W, _ = x.shape
    y = torch.einsum("bhwc,ijcd->bhiwjd", x, kernel) + bias
    return y.reshape(B, H * k, W * k, -1)


def group_norm(p, name, x, groups, eps=1e-5):
    B, H, W, C = x.shape
    y = x.reshape(B, H * W, groups, C // groups)
    mean = y.mean((1, 3), keepdim=True)
    var = ((y - mean) ** 2).mean((1, 3), keepdim=True)
    y = ((y - mean) / torch.sqrt(var + eps)).reshape(B, H, W, C)
    return y * p[f"{name}/scale"] + p[f"{name}/bias"]


def bilinear(x, h, w, corners=False):
    """x: B, H, W, C."""
    y = F.interpolate(x.permute(0, 3, 1, 2), size=(h, w), mode="bilinear", align_corners=corners)
    return y.permute(0, 2, 3, 1)


# =============================================================== 1. segmentation
# ---- 1a. the plain head: patches against class texts
def patch_text_params(g, d, e):
    """Residual adapter over text-aligned patch features (d == e) or a dense layer (d != e)."""
    p = {}
    norm_params(p, "seg/norm", g, d)
    dense_params(p, "seg/adapter", g, d, e)
    p["seg/log_scale"] = torch.tensor(math.log(10.0))
    p["seg/bias"] = torch.tensor(-1.0)
    return p


def patch_text_logits(p, aligned, tokens, text):
    """aligned: B,H,W,E map-value features.  tokens: B,H,W,D encoder tokens.  text: C,E unit rows.
    At initialisation adapter = 0, so the head equals zero-shot segmentation up to scale and bias."""
    z = unit(aligned + dense(p, "seg/adapter", layer_norm(p, "seg/norm", tokens)), 1e-12)
    return torch.exp(p["seg/log_scale"]) * (z @ text.T) + p["seg/bias"]


def seg_cross_entropy(logits, labels, ignore=-1):
    """Softmax cross entropy, mean over labelled pixels; 0 when there are none.  logits: B,H,W,C."""
    keep = labels != ignore
    if not keep.any():
        return logits.sum() * 0
    chosen = torch.log_softmax(logits[keep], -1).gather(1, labels[keep][:, None])
    return -chosen.mean()


def seg_bce(logits, labels, ignore=-1, ignored_are_negative=False):
    """Per-class binary cross entropy, mean over pixels and classes.
    ignored_are_negative=True is CAT-Seg's published behaviour: an ignored pixel is a negative of every class."""
    C = logits.shape[-1]
    keep = labels != ignore
    target = F.one_hot(labels.clamp(min=0), C).to(logits.dtype) * keep[..., None]
    loss = F.softplus(logits) - logits * target
    if ignored_are_negative:
        return loss.mean()
    return loss[keep].mean() if keep.any() else logits.sum() * 0


# ---- 1b. CAT-Seg
CAT = dict(dim=8, text_dim=8, prompts=2, hidden=8, heads=2, layers=2, grid=4, window=2, pool=2, guide=6,
           text_guide=6, decoder=(8, 4), decoder_in=(6, 4), decoder_guide=(4, 2), skip_dim=10, pad=5)


def catseg_params(c, g):
    p, h = {}, c["hidden"]
    conv_params(p, "cat/embed", g, 7, c["prompts"], h)
    conv_params(p, "cat/guide", g, 3, c["dim"], c["guide"])
    dense_params(p, "cat/text_guide", g, c["text_dim"], c["text_guide"])
    for i in range(c["layers"]):
        n = f"cat/layer_{i}"
        norm_params(p, f"{n}/guide_norm", g, c["guide"])
        for s in (0, 1):
            norm_params(p, f"{n}/swin_{s}/norm_0", g, h)
            norm_params(p, f"{n}/swin_{s}/norm_1", g, h)
            for q, a in (("query", h + c["guide"]), ("key", h + c["guide"]), ("value", h), ("out", h)):
                dense_params(p, f"{n}/swin_{s}/{q}", g, a, h)
            dense_params(p, f"{n}/swin_{s}/mlp_0", g, h, 4 * h)
            dense_params(p, f"{n}/swin_{s}/mlp_1", g, 4 * h, h)
        norm_params(p, f"{n}/class/norm_0", g, h)
        norm_params(p, f"{n}/class/norm_1", g, h)
        for q, a in (("query", h + c["text_guide"]), ("key", h + c["text_guide"]), ("value", h)):
            dense_params(p, f"{n}/class/{q}", g, a, h)
        dense_params(p, f"{n}/class/mlp_0", g, h, 4 * h)
        dense_params(p, f"{n}/class/mlp_1", g, 4 * h, h)
        p[f"{n}/class/pad_token"] = draw(g, h, scale=0.1)           # zeros at a real start
        p[f"{n}/class/pad_guide"] = draw(g, c["text_guide"], scale=0.1)
    ins = (h, c["decoder"][0])
    for i in (0, 1):
        conv_params(p, f"cat/skip_{i}", g, 2 * 2 ** i, c["skip_dim"], c["decoder_in"][i])
        conv_params(p, f"cat/skip_guide_{i}", g, 3, c["decoder_in"][i], c["decoder_guide"][i])
        conv_params(p, f"cat/up_{i}", g, 2, ins[i], ins[i] - c["decoder_guide"][i])
        conv_params(p, f"cat/up_{i}/conv_0", g, 3, ins[i], c["decoder"][i], bias=False)
        conv_params(p, f"cat/up_{i}/conv_1", g, 3, c["decoder"][i], c["decoder"][i], bias=False)
        norm_params(p, f"cat/up_{i}/norm_0", g, c["decoder"][i])
        norm_params(p, f"cat/up_{i}/norm_1", g, c["decoder"][i])
    conv_params(p, "cat/head", g, 3, c["decoder"][1], 1)
    return p


def windows(x, w):
    """B,H,W,C -> B*windows, w*w, C (row-major windows, row-major cells)."""
    B, H, W, C = x.shape
    return x.reshape(B, H // w, w, W // w, w, C).permute(0, 1, 3, 2, 4, 5).reshape(-1, w * w, C)


def unwindows(x, w, H, W):
    C = x.shape[-1]
    return x.reshape(-1, H // w, W // w, w, w, C).permute(0, 1, 3, 2, 4, 5).reshape(-1, H, W, C)


def shift_mask(H, W, w, s):
    """0 where two cells of a shifted window come from the same side of the border, else -100."""
    def region(n):
        i = torch.arange(n)
        return (i >= n - w).long() + (i >= n - s).long()
    r = (region(H)[:, None] * 3 + region(W)[None, :]).reshape(1, H, W, 1).double()
    r = windows(r, w)[..., 0]
    return torch.where(r[:, :, None] == r[:, None, :], 0.0, -100.0)


def attend(q, k, v, heads, mask=None):
    """q,k,v: N,L,C.  mask: M,L,L added per window (N = B*M)."""
    N, L, C = q.shape
    split = lambda t: t.reshape(N, -1, heads, C // heads).transpose(1, 2)
    q, k, v = split(q), split(k), split(v)
    a = q @ k.transpose(-1, -2) / math.sqrt(C // heads)
    if mask is not None:
        a = (a.reshape(-1, mask.shape[0], heads, L, L) + mask[None, :, None]).reshape(N, heads, L, L)
    return (torch.softmax(a, -1) @ v).transpose(1, 2).reshape(N, L, C)


def swin_block(p, n, x, guide, heads, window, shift):
    """x: N,H,W,C.  guide: N,H,W,G, already normalised.  No relative position bias."""
    N, H, W, C = x.shape
    w = min(window, H, W)
    s = shift if w < min(H, W) else 0
    y = layer_norm(p, f"{n}/norm_0", x, 1e-5)
    z = torch.cat([y, guide], -1)
    if s:
        y, z = torch.roll(y, (-s, -s), (1, 2)), torch.roll(z, (-s, -s), (1, 2))
    y, z = windows(y, w), windows(z, w)
    a = attend(dense(p, f"{n}/query", z), dense(p, f"{n}/key", z), dense(p, f"{n}/value", y), heads,
               shift_mask(H, W, w, s) if s else None)
    a = unwindows(dense(p, f"{n}/out", a), w, H, W)
    if s:
        a = torch.roll(a, (s, s), (1, 2))
    x = x + a
    y = layer_norm(p, f"{n}/norm_1", x, 1e-5)
    return x + dense(p, f"{n}/mlp_1", gelu(dense(p, f"{n}/mlp_0", y)))


def linear_attention(q, k, v, heads, eps=1e-6):
    """phi(a) = elu(a) + 1;  out_l = phi(q_l) . sum_s phi(k_s) v_s^T / (phi(q_l) . sum_s phi(k_s) + eps)."""
    N, L, C = q.shape
    split = lambda t: t.reshape(N, -1, heads, C // heads)
    q, k, v = F.elu(split(q)) + 1, F.elu(split(k)) + 1, split(v)
    kv = torch.einsum("nshd,nshe->nhde", k, v)
    z = 1 / (torch.einsum("nlhd,nhd->nlh", q, k.sum(1)) + eps)
    return torch.einsum("nlhd,nhde,nlh->nlhe", q, kv, z).reshape(N, L, C)


def class_block(p, n, x, text_guide, heads, pool, pad):
    """x: B,T,H,W,C.  Attention along the class axis at every (pooled) place, linear in the number of classes."""
    B, T, H, W, C = x.shape
    h, w = H // pool, W // pool
    y = x.reshape(B, T, h, pool, w, pool, C).mean((3, 5))            # average pooling
    y = y.permute(0, 2, 3, 1, 4).reshape(B * h * w, T, C)
    g = text_guide[:, None].expand(B, h * w, T, -1).reshape(B * h * w, T, -1)
    if T < pad:
        more = pad - T
        y = torch.cat([y, p[f"{n}/pad_token"].expand(len(y), more, C)], 1)
        g = torch.cat([g, p[f"{n}/pad_guide"].expand(len(g), more, g.shape[-1])], 1)
    a = layer_norm(p, f"{n}/norm_0", y, 1e-5)
    ag = torch.cat([a, g], -1)
    y = y + linear_attention(dense(p, f"{n}/query", ag), dense(p, f"{n}/key", ag), dense(p, f"{n}/value", a), heads)
    y = y + dense(p, f"{n}/mlp_1", torch.relu(dense(p, f"{n}/mlp_0", layer_norm(p, f"{n}/norm_1", y, 1e-5))))
    y = y[:, :T].reshape(B, h, w, T, C).permute(0, 3, 1, 2, 4).reshape(B * T, h, w, C)
    return x + bilinear(y, H, W, corners=True).reshape(B, T, H, W, C)


def double_conv(p, n, x):
    for i in (0, 1):
        x = conv(p, f"{n}/conv_{i}", x, 1)
        x = torch.relu(group_norm(p, f"{n}/norm_{i}", x, max(1, x.shape[-1] // 16)))
    return x


def catseg_logits(p, c, image, text, skips, pool=None):
    """image: B,H,W,D aligned patch features.  text: T,P,E (one row per prompt).  skips: two B,H,W,S token grids.
    Returns B,T,4H,4W logits; classes that did not make the best `pad` are -100."""
    pool = c["pool"] if pool is None else pool
    B, H, W, _ = image.shape
    T = text.shape[0]
    text = unit(text).expand(B, *text.shape)
    cost = torch.einsum("bhwd,btpd->bthwp", unit(image), text)
    best = None
    if T > c["pad"]:
        best = cost.amax((2, 3, 4)).topk(c["pad"], dim=1)[1].sort(1)[0]
        cost = torch.stack([cost[b, best[b]] for b in range(B)])
        text = torch.stack([text[b, best[b]] for b in range(B)])
    t = text.shape[1]
    x = conv(p, "cat/embed", cost.reshape(B * t, H, W, -1), 3).reshape(B, t, H, W, -1)
    guide = torch.relu(conv(p, "cat/guide", image, 1))
    text_guide = torch.relu(dense(p, "cat/text_guide", unit(text.mean(2))))
    for i in range(c["layers"]):
        n = f"cat/layer_{i}"
        gn = layer_norm(p, f"{n}/guide_norm", guide, 1e-5)
        gn = gn[:, None].expand(B, t, *gn.shape[1:]).reshape(B * t, *gn.shape[1:])
        y = x.reshape(B * t, H, W, -1)
        y = swin_block(p, f"{n}/swin_0", y, gn, c["heads"], c["window"], 0)
        y = swin_block(p, f"{n}/swin_1", y, gn, c["heads"], c["window"], c["window"] // 2)
        x = class_block(p, f"{n}/class", y.reshape(B, t, H, W, -1), text_guide, c["heads"], pool, c["pad"])
    y = x.reshape(B * t, H, W, -1)
    for i in (0, 1):
        s = up_conv(p, f"cat/skip_{i}", skips[i])                      # x2, then x4
        s = torch.relu(conv(p, f"cat/skip_guide_{i}", s, 1))
        s = s[:, None].expand(B, t, *s.shape[1:]).reshape(B * t, *s.shape[1:])
        y = double_conv(p, f"cat/up_{i}", torch.cat([up_conv(p, f"cat/up_{i}", y), s], -1))
    y = conv(p, "cat/head", y, 1)[..., 0].reshape(B, t, 4 * H, 4 * W)
    if best is None:
        return y
    out = torch.full((B, T, 4 * H, 4 * W), -100.0)
    return out.scatter(1, best[:, :, None, None].expand_as(y), y)


# =============================================================== golden values
def save(name, **arrays):
    flat = {}
    for key, value in arrays.items():
        if isinstance(value, dict):
            flat.update({f"param:{n}": t.detach().numpy() for n, t in value.items()})
        else:
            flat[key] = value.detach().numpy() if torch.is_tensor(value) else np.asarray(value)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "heads")
    np.savez_compressed(f"{folder}/{name}.npz", **{key: value.astype(np.float32) for key, value in flat.items()})


def grads(loss, tensors):
    found = torch.autograd.grad(loss, list(tensors.values()), allow_unused=True)
    return {f"grad:{key}": t for key, t in zip(tensors, found) if t is not None}


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def write_catseg(name, c, classes, seed):
    g = seeded(seed)
    p = {k: v.requires_grad_(True) for k, v in catseg_params(c, g).items()}
    n = c["grid"]
    image, text = draw(g, 2, n, n, c["dim"]), draw(g, classes, c["prompts"], c["text_dim"])
    skips = [draw(g, 2, n, n, c["skip_dim"]), draw(g, 2, n, n, c["skip_dim"])]
    labels = torch.randint(-1, classes, (2, 4 * n, 4 * n), generator=g)
    # Directions: the gradient along their lengths is none.
    directions = unit(text).requires_grad_(True)
    logits = catseg_logits(p, c, image, directions, skips)
    loss = seg_bce(logits.permute(0, 2, 3, 1), labels)
    save(name, params=p, image=image, text=text, skip_0=skips[0], skip_1=skips[1], labels=labels, logits=logits,
         loss=loss, grad_text=torch.autograd.grad(loss, directions, retain_graph=True)[0], **grads(loss, p))


if __name__ == "__main__":
    write_catseg("catseg", CAT, classes=4, seed=101)
    # More classes than are kept, one layer and a grid of one window.
    write_catseg("catseg_best", {**CAT, "layers": 1, "window": 4, "pool": 1, "pad": 3, "prompts": 1}, classes=5, seed=105)

    g = seeded(104)
    p = {k: v.requires_grad_(True) for k, v in patch_text_params(g, 5, 6).items()}
    aligned, tokens, text = draw(g, 2, 3, 3, 6), draw(g, 2, 3, 3, 5), unit(draw(g, 4, 6))
    labels = torch.randint(-1, 4, (2, 3, 3), generator=g)
    logits = patch_text_logits(p, aligned, tokens, text)
    loss = seg_cross_entropy(logits, labels) + seg_bce(logits, labels)
    save("patch_text", params=p, aligned=aligned, tokens=tokens, text=text, labels=labels, logits=logits, loss=loss,
         **grads(loss, p))
