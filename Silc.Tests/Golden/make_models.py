"""Makes models/: small models with the modules and names of Hugging Face's SiglipModel and of open_clip's CustomTextCLIP with a
timm tower, random weights, and what PyTorch computes with them in double precision. Run with Debian's python3-torch:

    python3 make_models.py

The modules are written here from the libraries' names and layouts; state_dict() gives the files their names and shapes.
"""
import json
import os
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

IMAGE = dict(width=24, heads=3, depth=2, mlp=40, size=14, patch=4)
TEXT = dict(width=16, heads=2, depth=2, mlp=28, vocab=37, length=5)
EPS = 1e-6


def heads_apart(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def attend(q, k, v, heads):
    q, k, v = (heads_apart(x, heads) for x in (q, k, v))
    weights = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, -1)
    return (weights @ v).transpose(1, 2).flatten(2)


def patches(conv, pixels):
    return conv(pixels).flatten(2).transpose(1, 2)


# ---------------------------------------------------------------- Hugging Face
class HfMlp(nn.Module):
    def __init__(self, width, mlp, approximate):
        super().__init__()
        self.fc1, self.fc2, self.approximate = nn.Linear(width, mlp), nn.Linear(mlp, width), approximate

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate=self.approximate))


class HfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        return self.out_proj(attend(self.q_proj(x), self.k_proj(x), self.v_proj(x), self.heads))


class HfLayer(nn.Module):
    def __init__(self, c, approximate):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(c["width"], EPS), nn.LayerNorm(c["width"], EPS)
        self.self_attn, self.mlp = HfAttention(c["width"], c["heads"]), HfMlp(c["width"], c["mlp"], approximate)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class HfPool(nn.Module):
    def __init__(self, c, approximate):
        super().__init__()
        self.probe = nn.Parameter(torch.randn(1, 1, c["width"]))
        self.attention = nn.MultiheadAttention(c["width"], c["heads"], batch_first=True)
        self.layernorm, self.mlp = nn.LayerNorm(c["width"], EPS), HfMlp(c["width"], c["mlp"], approximate)

    def forward(self, x):
        y = self.attention(self.probe.expand(len(x), -1, -1), x, x)[0]
        return (y + self.mlp(self.layernorm(y)))[:, 0]


class HfTower(nn.Module):
    def __init__(self, c, approximate, **embeddings):
        super().__init__()
        self.embeddings, self.encoder = nn.Module(), nn.Module()
        for name, module in embeddings.items():
            setattr(self.embeddings, name, module)
        self.encoder.layers = nn.ModuleList(HfLayer(c, approximate) for _ in range(c["depth"]))

    def encode(self, x):
        x = x + self.embeddings.position_embedding.weight
        for layer in self.encoder.layers:
            x = layer(x)
        return x


class HuggingFace(nn.Module):
    def __init__(self, image_form, text_form):
        super().__init__()
        i, t = IMAGE, TEXT
        self.vision_model = HfTower(i, image_form, patch_embedding=nn.Conv2d(3, i["width"], i["patch"], i["patch"]),
                                    position_embedding=nn.Embedding((i["size"] // i["patch"]) ** 2, i["width"]))
        self.vision_model.post_layernorm, self.vision_model.head = nn.LayerNorm(i["width"], EPS), HfPool(i, image_form)
        self.text_model = HfTower(t, text_form, token_embedding=nn.Embedding(t["vocab"], t["width"]),
                                  position_embedding=nn.Embedding(t["length"], t["width"]))
        self.text_model.final_layer_norm, self.text_model.head = nn.LayerNorm(t["width"], EPS), nn.Linear(t["width"], i["width"])
        self.logit_scale, self.logit_bias = nn.Parameter(torch.randn(1)), nn.Parameter(torch.randn(1))

    def image(self, pixels):
        v = self.vision_model
        return v.head(v.post_layernorm(v.encode(patches(v.embeddings.patch_embedding, pixels))))

    def text(self, tokens):
        t = self.text_model
        return t.head(t.final_layer_norm(t.encode(t.embeddings.token_embedding(tokens)))[:, -1])


# ---------------------------------------------------------------- open_clip, timm
class TimmAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        return self.proj(attend(*self.qkv(x).chunk(3, -1), self.heads))


class TimmBlock(nn.Module):
    def __init__(self, c, approximate):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(c["width"], EPS), TimmAttention(c["width"], c["heads"])
        self.norm2, self.mlp = nn.LayerNorm(c["width"], EPS), HfMlp(c["width"], c["mlp"], approximate)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class TimmPool(nn.Module):
    def __init__(self, c, approximate):
        super().__init__()
        width = c["width"]
        self.latent, self.heads = nn.Parameter(torch.randn(1, 1, width)), c["heads"]
        self.q, self.kv, self.proj = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.norm, self.mlp = nn.LayerNorm(width, EPS), HfMlp(width, c["mlp"], approximate)

    def forward(self, x):
        y = self.proj(attend(self.q(self.latent.expand(len(x), -1, -1)), *self.kv(x).chunk(2, -1), self.heads))
        return (y + self.mlp(self.norm(y)))[:, 0]


class TimmVit(nn.Module):
    def __init__(self, c, approximate):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.randn(1, (c["size"] // c["patch"]) ** 2, c["width"]))
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, c["width"], c["patch"], c["patch"])
        self.blocks = nn.Sequential(*(TimmBlock(c, approximate) for _ in range(c["depth"])))
        self.norm, self.attn_pool = nn.LayerNorm(c["width"], EPS), TimmPool(c, approximate)

    def forward(self, pixels):
        return self.attn_pool(self.norm(self.blocks(patches(self.patch_embed.proj, pixels) + self.pos_embed)))


class ClipBlock(nn.Module):
    def __init__(self, c, approximate):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(c["width"], EPS), nn.MultiheadAttention(c["width"], c["heads"], batch_first=True)
        self.ln_2, self.mlp = nn.LayerNorm(c["width"], EPS), nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(c["width"], c["mlp"]))
        self.mlp.add_module("gelu", nn.GELU(approximate=approximate))
        self.mlp.add_module("c_proj", nn.Linear(c["mlp"], c["width"]))

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class ClipText(nn.Module):
    def __init__(self, c, out, approximate):
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.randn(c["length"], c["width"]))
        self.transformer, self.token_embedding = nn.Module(), nn.Embedding(c["vocab"], c["width"])
        self.transformer.resblocks = nn.ModuleList(ClipBlock(c, approximate) for _ in range(c["depth"]))
        self.ln_final, self.text_projection = nn.LayerNorm(c["width"], EPS), nn.Linear(c["width"], out)

    def forward(self, tokens):
        x = self.token_embedding(tokens) + self.positional_embedding
        for block in self.transformer.resblocks:
            x = block(x)
        return self.text_projection(self.ln_final(x)[:, -1])


class OpenClip(nn.Module):
    def __init__(self, image_form, text_form):
        super().__init__()
        self.logit_scale, self.logit_bias = nn.Parameter(torch.randn([])), nn.Parameter(torch.randn([]))
        self.visual = nn.Module()
        self.visual.trunk = TimmVit(IMAGE, image_form)
        self.add_module("text", ClipText(TEXT, IMAGE["width"], text_form))

    def image(self, pixels):
        return self.visual.trunk(pixels)


# ---------------------------------------------------------------- files
def save_safetensors(path, tensors):
    """Data in the order of the names' ends, the header in the order of the model: readers must not assume that they agree."""
    offsets, data = {}, b""
    for name in sorted(tensors, key=lambda n: n[::-1]):
        values = tensors[name].float().contiguous().numpy().tobytes()
        offsets[name] = [len(data), len(data) + len(values)]
        data += values
    header = {"__metadata__": {"format": "pt"}}
    header.update({n: {"dtype": "F32", "shape": list(t.shape), "data_offsets": offsets[n]} for n, t in tensors.items()})
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def make(folder, weights_name, config_name, model, config, seed):
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(seed)
    for name, p in model.named_parameters():
        p.data = torch.randn_like(p) * (0.3 if p.dim() > 1 else 0.5) + (1 if "norm" in name and name.endswith("weight") else 0)
        p.data = p.data.float().double()        # the file holds float32: compute with the very same numbers
    model.double().eval()
    pixels = (torch.rand(3, 3, IMAGE["size"], IMAGE["size"]) * 2 - 1).double()
    tokens = torch.randint(TEXT["vocab"], (4, TEXT["length"]))
    with torch.no_grad():
        image, text = model.image(pixels), model.text(tokens)
    save_safetensors(os.path.join(folder, weights_name), model.state_dict())
    with open(os.path.join(folder, config_name), "w") as file:
        json.dump(config, file, indent=2)
    np.savez(os.path.join(folder, "expected.npz"), pixels=pixels.permute(0, 2, 3, 1).float().numpy(), tokens=tokens.numpy(),
             image=F.normalize(image, dim=-1).numpy(), text=F.normalize(text, dim=-1).numpy())


if __name__ == "__main__":
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "models")
    i, t = IMAGE, TEXT
    make(os.path.join(root, "hf"), "model.safetensors", "config.json", HuggingFace("tanh", "none"), {
        "architectures": ["SiglipModel"], "model_type": "siglip",
        "text_config": {"hidden_size": t["width"], "intermediate_size": t["mlp"], "num_hidden_layers": t["depth"], "vocab_size": t["vocab"],
                        "num_attention_heads": t["heads"], "max_position_embeddings": t["length"], "hidden_act": "gelu"},
        "vision_config": {"hidden_size": i["width"], "intermediate_size": i["mlp"], "num_hidden_layers": i["depth"],
                          "num_attention_heads": i["heads"], "image_size": i["size"], "patch_size": i["patch"]}}, seed=1)
    make(os.path.join(root, "open_clip"), "open_clip_model.safetensors", "open_clip_config.json", OpenClip("none", "tanh"), {
        "model_cfg": {
            "embed_dim": i["width"], "init_logit_bias": -10, "custom_text": True,
            "vision_cfg": {"image_size": i["size"], "timm_model_name": "vit_base_patch16_siglip_224", "timm_pool": "map", "timm_proj": "none",
                           "timm_model_kwargs": {"img_size": i["size"], "patch_size": i["patch"], "embed_dim": i["width"],
                                                 "depth": i["depth"], "num_heads": i["heads"], "mlp_ratio": i["mlp"] / i["width"] + 1e-6}},
            "text_cfg": {"context_length": t["length"], "vocab_size": t["vocab"], "width": t["width"], "heads": t["heads"],
                         "layers": t["depth"], "mlp_ratio": t["mlp"] / t["width"], "no_causal_mask": True, "proj_bias": True,
                         "pool_type": "last", "norm_kwargs": {"eps": EPS}, "act_kwargs": {"approximate": "tanh"}}}}, seed=2)
