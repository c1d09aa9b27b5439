"""Makes world/clip-*: one small CLIP, quick GELU, under the names of OpenAI (clip-open_clip) and of Hugging Face (clip-hf), and what
PyTorch computes with it in double precision: embeddings, the softmax loss of one batch, and the gradient of every weight. Run with Debian's
python3-torch:

    python3 make_clip.py

The modules are written here from the libraries' names and layouts; state_dict() gives the files their names and shapes.
"""
import json
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from make_models import save_safetensors

IMAGE = dict(width=24, heads=3, depth=2, mlp=40, size=13, patch=4)
TEXT = dict(width=16, heads=2, depth=2, mlp=28, vocab=37, length=7)
EMBED, EPS = 20, 1e-5
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class QuickGelu(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, c, mask):
        super().__init__()
        self.mask = mask
        self.ln_1, self.attn = nn.LayerNorm(c["width"], EPS), nn.MultiheadAttention(c["width"], c["heads"], batch_first=True)
        self.ln_2, self.mlp = nn.LayerNorm(c["width"], EPS), nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(c["width"], c["mlp"]))
        self.mlp.add_module("gelu", QuickGelu())
        self.mlp.add_module("c_proj", nn.Linear(c["mlp"], c["width"]))

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=self.mask)[0]
        return x + self.mlp(self.ln_2(x))


class Blocks(nn.Module):
    def __init__(self, c, mask=None):
        super().__init__()
        self.resblocks = nn.ModuleList(Block(c, mask) for _ in range(c["depth"]))

    def forward(self, x):
        for block in self.resblocks:
            x = block(x)
        return x


class Visual(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, patches = c["width"], (c["size"] // c["patch"]) ** 2
        self.class_embedding = nn.Parameter(torch.randn(width))
        self.positional_embedding = nn.Parameter(torch.randn(patches + 1, width))
        self.proj = nn.Parameter(torch.randn(width, EMBED))
        self.conv1 = nn.Conv2d(3, width, c["patch"], c["patch"], bias=False)
        self.ln_pre, self.transformer, self.ln_post = nn.LayerNorm(width, EPS), Blocks(c), nn.LayerNorm(width, EPS)

    def forward(self, pixels):
        x = self.conv1(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], 1) + self.positional_embedding
        return self.ln_post(self.transformer(self.ln_pre(x))[:, 0]) @ self.proj


class Clip(nn.Module):
    def __init__(self):
        super().__init__()
        c = TEXT
        mask = torch.full((c["length"], c["length"]), float("-inf"), dtype=torch.double).triu(1)
        self.positional_embedding = nn.Parameter(torch.randn(c["length"], c["width"]))
        self.text_projection = nn.Parameter(torch.randn(c["width"], EMBED))
        self.logit_scale = nn.Parameter(torch.randn([]))
        self.visual, self.transformer = Visual(IMAGE), Blocks(c, mask)
        self.token_embedding, self.ln_final = nn.Embedding(c["vocab"], c["width"]), nn.LayerNorm(c["width"], EPS)

    def text(self, tokens):
        x = self.ln_final(self.transformer(self.token_embedding(tokens) + self.positional_embedding))
        return x[torch.arange(len(x)), tokens.argmax(-1)] @ self.text_projection


def hugging_face(state):
    """The same weights under the names of transformers' CLIPModel."""
    out = {"logit_scale": state["logit_scale"], "visual_projection.weight": state["visual.proj"].T, "text_projection.weight": state["text_projection"].T}
    parts = {"vision_model": ("visual.", "visual.class_embedding"), "text_model": ("", None)}
    e = "embeddings"
    out[f"vision_model.{e}.class_embedding"] = state["visual.class_embedding"]
    out[f"vision_model.{e}.patch_embedding.weight"] = state["visual.conv1.weight"]
    out[f"vision_model.{e}.position_embedding.weight"] = state["visual.positional_embedding"]
    out[f"text_model.{e}.token_embedding.weight"] = state["token_embedding.weight"]
    out[f"text_model.{e}.position_embedding.weight"] = state["positional_embedding"]
    for end in ("weight", "bias"):
        out[f"vision_model.pre_layrnorm.{end}"] = state[f"visual.ln_pre.{end}"]
        out[f"vision_model.post_layernorm.{end}"] = state[f"visual.ln_post.{end}"]
        out[f"text_model.final_layer_norm.{end}"] = state[f"ln_final.{end}"]
        for model, (prefix, _) in parts.items():
            for i in range(2):
                layer, block = f"{model}.encoder.layers.{i}", f"{prefix}transformer.resblocks.{i}"
                for theirs, ours in (("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
                                     ("self_attn.out_proj", "attn.out_proj")):
                    out[f"{layer}.{theirs}.{end}"] = state[f"{block}.{ours}.{end}"]
                for part, rows in zip("qkv", state[f"{block}.attn.in_proj_{end}"].chunk(3)):
                    out[f"{layer}.self_attn.{part}_proj.{end}"] = rows
    return out


def write(folder, name, tensors, **configs):
    os.makedirs(folder, exist_ok=True)
    save_safetensors(os.path.join(folder, name), tensors)
    for file, config in configs.items():
        with open(os.path.join(folder, file + ".json"), "w") as out:
            json.dump(config, out, indent=2)


if __name__ == "__main__":
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "world")
    torch.manual_seed(7)
    model = Clip()
    for name, p in model.named_parameters():
        p.data = torch.randn_like(p) * (0.3 if p.dim() > 1 else 0.5) + (1 if "ln_" in name and name.endswith("weight") else 0)
        p.data = p.data.float().double()        # the file holds float32: compute with the very same numbers
    model.double().train()
    i, t = IMAGE, TEXT
    seen = (torch.rand(5, 3, i["size"], i["size"]) * 2 - 1).float()
    end = t["vocab"] - 1
    tokens = torch.randint(end - 1, (5, t["length"]))
    for row, place in enumerate((6, 3, 1, 4, 3)):
        tokens[row, 0], tokens[row, place] = end - 1, end
    tokens[1, 5], tokens[4, 4:] = end, 0        # an end twice, and padding as OpenAI's
    mean, std = (torch.tensor(x, dtype=torch.double).view(3, 1, 1) for x in (MEAN, STD))
    pixels = ((seen.double() + 1) / 2 - mean) / std
    image, text = F.normalize(model.visual(pixels), dim=-1), F.normalize(model.text(tokens), dim=-1)
    logits = model.logit_scale.exp() * image @ text.T
    loss = (F.cross_entropy(logits, torch.arange(5)) + F.cross_entropy(logits.T, torch.arange(5))) / 2
    loss.backward()
    np.savez(os.path.join(root, "clip.npz"), pixels=seen.permute(0, 2, 3, 1).numpy(), tokens=tokens.numpy(), image=image.detach().numpy(),
             text=text.detach().numpy(), loss=loss.detach().numpy(),
             **{f"grad/{name}": p.grad.float().numpy() for name, p in model.named_parameters()})
    state = {name: value.detach() for name, value in model.state_dict().items()}
    cfg = dict(embed_dim=EMBED, quick_gelu=True,
               vision_cfg=dict(image_size=i["size"], layers=i["depth"], width=i["width"], head_width=i["width"] // i["heads"], patch_size=i["patch"],
                               mlp_ratio=i["mlp"] / i["width"] + 1e-6),
               text_cfg=dict(context_length=t["length"], vocab_size=t["vocab"], width=t["width"], heads=t["heads"], layers=t["depth"],
                             mlp_ratio=t["mlp"] / t["width"]))
    write(os.path.join(root, "clip-open_clip"), "open_clip_model.safetensors", state,
          open_clip_config=dict(model_cfg=cfg, preprocess_cfg=dict(mean=MEAN, std=STD, interpolation="bicubic", resize_mode="shortest")))
    write(os.path.join(root, "clip-hf"), "model.safetensors", {k: v.contiguous() for k, v in hugging_face(state).items()}, config={
        "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": EMBED,
        "text_config": {"hidden_size": t["width"], "intermediate_size": t["mlp"], "num_hidden_layers": t["depth"], "vocab_size": t["vocab"],
                        "num_attention_heads": t["heads"], "max_position_embeddings": t["length"], "eos_token_id": 2},
        "vision_config": {"hidden_size": i["width"], "intermediate_size": i["mlp"], "num_hidden_layers": i["depth"],
                          "num_attention_heads": i["heads"], "image_size": i["size"], "patch_size": i["patch"]}})
