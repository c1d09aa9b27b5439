"""Asks transformers, timm and ONNX Runtime about files that silc reads and writes.

    python3 judge.py SILC [GOLDEN]

SILC is the program, GOLDEN the folder Silc.Tests/Golden. Models are small and random: each is saved by its library, embedded by both, converted to
Silc's form and back, loaded strictly by its library, and compared bit by bit. One line a question; the exit code counts what was answered with no.
Needs torch, transformers, timm, onnxruntime, safetensors, pillow.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

import numpy as np
import torch
from PIL import Image

silc = pathlib.Path(sys.argv[1]).resolve()
golden = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
work = pathlib.Path(tempfile.mkdtemp())
noes = 0


def run(*words):
    done = subprocess.run([str(silc), *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"silc {' '.join(map(str, words))}: {(done.stdout + done.stderr).strip()[-900:]}")
    return done.stdout


def ask(question):
    """Runs a question at once; its return value is printed beside it."""
    global noes
    try:
        print(f"yes  {question.__name__}: {question() or ''}", flush=True)
    except Exception as wrong:
        noes += 1
        print(f"NO   {question.__name__}: {wrong}\n{traceback.format_exc(limit=-2)}", flush=True)


def pictures():
    folder = work / "pictures"
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    for i, (width, height) in enumerate([(64, 64), (96, 70), (50, 120), (33, 31), (224, 224), (300, 200)]):
        coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), np.uint8))
        coarse.resize((width, height), Image.BICUBIC).save(folder / f"{i}.png")
    return folder


def unit(rows):
    rows = np.asarray(rows.detach() if hasattr(rows, "detach") else rows, np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def embed(model, *more):
    out = work / "vectors.npy"
    for old in work.glob("vectors*"):
        old.unlink()
    run("embed", "--model", model, "--device", "cpu", "--out", out, *(more or ("--data", pictures())))
    return unit(np.load(out))


def close(theirs, ours, limit=2e-4):
    difference = np.abs(unit(theirs) - ours).max()
    if not difference <= limit:
        raise AssertionError(f"unit vectors differ by {difference:.2e}")
    return f"unit vectors differ by at most {difference:.1e}"


def spread(model):
    """Random weights of some size everywhere, so that nothing is a zero that hides a mistake."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, value in model.named_parameters():
            fan = value.shape[-1] if value.dim() > 1 else 30
            value.add_(torch.randn(value.shape, generator=generator) * fan ** -0.5 * 0.7)
    return model.eval()


def load(kind, folder):
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    for word in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if info.get(word):
            raise AssertionError(f"{word}: {sorted(map(str, info[word]))[:5]}")
    return model.eval()


def same(one, two):
    one, two = one.state_dict(), two.state_dict()
    for name in one:
        if name.endswith("position_ids"):
            continue
        if name not in two or not torch.equal(one[name], two[name]):
            raise AssertionError(f"{name} has other bits")
    return f"{len(one)} arrays have equal bits"


def vision(output):
    return output if torch.is_tensor(output) else output.pooler_output if getattr(output, "pooler_output", None) is not None else output.image_embeds


def processed(folder):
    from transformers import AutoImageProcessor
    processor = AutoImageProcessor.from_pretrained(folder, use_fast=False)
    images = [Image.open(file).convert("RGB") for file in sorted(pictures().glob("*.png"))]
    return processor(images=images, return_tensors="pt")["pixel_values"]


SIZES = dict(hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=4)


def siglip():
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel
    config = SiglipConfig(text_config=dict(SIZES, vocab_size=500, max_position_embeddings=16, projection_size=64),
                          vision_config=dict(SIZES, image_size=64, patch_size=8))
    folder = work / "siglip"
    spread(SiglipModel(config)).save_pretrained(folder)
    SiglipImageProcessor(size=dict(height=64, width=64)).save_pretrained(folder)
    return SiglipModel, folder


def clip():
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel
    config = CLIPConfig(text_config=dict(SIZES, vocab_size=49408, max_position_embeddings=20, eos_token_id=49407, bos_token_id=49406),
                        vision_config=dict(SIZES, image_size=64, patch_size=8), projection_dim=48)
    folder = work / "clip"
    spread(CLIPModel(config)).save_pretrained(folder)
    CLIPImageProcessor(size=dict(shortest_edge=64), crop_size=dict(height=64, width=64)).save_pretrained(folder)
    return CLIPModel, folder


def siglip2():
    from transformers import Siglip2Config, Siglip2Model
    config = Siglip2Config(text_config=dict(SIZES, vocab_size=500, max_position_embeddings=16, projection_size=64),
                           vision_config=dict(SIZES, patch_size=8, num_patches=64))
    folder = work / "siglip2"
    spread(Siglip2Model(config)).save_pretrained(folder)
    return Siglip2Model, folder


def siglip_with_tokenizer():
    """One whose vocabulary is that of the golden SentencePiece model."""
    import sentencepiece
    from transformers import SiglipConfig, SiglipModel
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(golden / "tokenizer" / "t5_style.model")).get_piece_size()
    config = SiglipConfig(text_config=dict(SIZES, vocab_size=vocabulary, max_position_embeddings=16, projection_size=64),
                          vision_config=dict(SIZES, image_size=64, patch_size=8))
    spread(SiglipModel(config)).save_pretrained(work / "siglip-words")
    return work / "siglip-words"


def embeds_as_transformers(make, *crop):
    kind, folder = make()
    with torch.no_grad():
        theirs = vision(kind.from_pretrained(folder).eval().get_image_features(pixel_values=processed(folder)))
    return close(theirs, embed(folder, "--data", pictures(), *crop))


@ask
def siglip_images_embed_as_in_transformers():
    return embeds_as_transformers(siglip)


@ask
def clip_images_embed_as_in_transformers():
    return embeds_as_transformers(clip, "--eval-crop", "center")


def returns(make, written):
    kind, folder = make()
    run("convert", folder, work / f"{folder.name}-silc")
    back = work / f"{folder.name}-back"
    run("convert", work / f"{folder.name}-silc", back, "--to", "hf")
    return kind, folder, back, load(written, back)


@ask
def siglip_comes_back_strictly():
    kind, folder, back, model = returns(siglip, __import__("transformers").SiglipModel)
    pixels = (processed(back) - processed(folder)).abs().max().item()
    assert pixels == 0, f"its image processor gives other pixels, by {pixels}"
    return same(kind.from_pretrained(folder), model)


@ask
def clip_comes_back_strictly():
    kind, folder, back, model = returns(clip, __import__("transformers").CLIPModel)
    pixels = (processed(back) - processed(folder)).abs().max().item()
    assert pixels == 0, f"its image processor gives other pixels, by {pixels}"
    return same(kind.from_pretrained(folder), model)


@ask
def siglip2_naflex_becomes_a_siglip_of_its_square_size():
    from transformers import SiglipModel
    kind, folder, back, model = returns(siglip2, SiglipModel)
    naflex = kind.from_pretrained(folder).eval()
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    # Siglip2 wants patches: rows of (row, column, channel).
    patches = pixels.reshape(2, 3, 8, 8, 8, 8).permute(0, 2, 4, 3, 5, 1).reshape(2, 64, 192)
    with torch.no_grad():
        theirs = vision(naflex.get_image_features(pixel_values=patches, pixel_attention_mask=torch.ones(2, 64, dtype=torch.long),
                                                  spatial_shapes=torch.tensor([[8, 8], [8, 8]])))
        ours = vision(model.get_image_features(pixel_values=pixels))
    return close(theirs, unit(ours))


@ask
def vision_towers_alone_embed():
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel
    said = []
    for kind, config, processor, crop in (
            (SiglipVisionModel, SiglipVisionConfig(**SIZES, image_size=64, patch_size=8), SiglipImageProcessor(size=dict(height=64, width=64)), ()),
            (CLIPVisionModelWithProjection, CLIPVisionConfig(**SIZES, image_size=64, patch_size=8, projection_dim=48),
             CLIPImageProcessor(size=dict(shortest_edge=64), crop_size=dict(height=64, width=64)), ("--eval-crop", "center"))):
        folder = work / kind.__name__
        spread(kind(config)).save_pretrained(folder)
        processor.save_pretrained(folder)
        with torch.no_grad():
            output = kind.from_pretrained(folder).eval()(pixel_values=processed(folder))
        theirs = output.image_embeds if hasattr(output, "image_embeds") else output.pooler_output
        said.append(f"{kind.__name__}: {close(theirs, embed(folder, '--data', pictures(), *crop))}")
    return "; ".join(said)


@ask
def timm_siglip_towers_embed():
    import timm
    from timm.data import create_transform, resolve_model_data_config
    said = []
    for name, more in (("plain", {}), ("qk_norm_layer_scale", dict(qk_norm=True, init_values=0.5)), ("registers", dict(reg_tokens=3))):
        args = dict(img_size=64, patch_size=8, embed_dim=64, depth=3, num_heads=4, class_token=False, global_pool="map", num_classes=0, **more)
        sized = dict(input_size=(3, 64, 64))
        model = spread(timm.create_model("vit_base_patch16_siglip_224", pretrained=False, pretrained_cfg_overlay=sized, **args))
        folder = work / f"timm-{name}"
        timm.models.save_for_hf(model, folder, model_args=args, safe_serialization=True)
        # timm's own would cut the middle out; here both squash.
        transform = create_transform(**dict(resolve_model_data_config(model), crop_pct=1.0, crop_mode="squash"), is_training=False)
        images = torch.stack([transform(Image.open(file).convert("RGB")) for file in sorted(pictures().glob("*.png"))])
        with torch.no_grad():
            theirs = model(images)
        said.append(f"{name}: {close(theirs, embed(folder))}")
    return "; ".join(said)


@ask
def a_model_of_silc_loads_strictly_and_embeds_alike():
    from transformers import SiglipModel
    folder = work / "own"
    run("train", "--data", "demo", "--steps", 2, "--batch", 8, "--device", "cpu", "--contrastive", "sigmoid", "--out", folder)
    run("convert", folder, work / "own-hf", "--to", "hf")
    model = load(SiglipModel, work / "own-hf")
    with torch.no_grad():
        theirs = vision(model.get_image_features(pixel_values=processed(work / "own-hf")))
    # Silc's own rule resizes to floats; transformers to bytes.
    return close(theirs, embed(work / "own-hf", "--data", pictures(), "--eval-resize", "pil"))


@ask
def captions_embed_alike_by_auto_classes():
    from transformers import AutoModel, AutoTokenizer
    said = []
    words = golden / "tokenizer"
    for source, *more in ((siglip_with_tokenizer(), "--tokenizer", words / "t5_style.model"),
                          (clip()[1], "--tokenizer", words / "bpe_simple_vocab_16e6.txt.gz")):
        back = work / ("auto-" + source.name)
        run("convert", source, back, "--to", "hf", *more)
        model = AutoModel.from_pretrained(back).eval()
        tokenizer = AutoTokenizer.from_pretrained(back)
        captions = ["a red star", "two blue circles and a ring", "café au lait"]
        tokens = tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt",
                           max_length=model.config.text_config.max_position_embeddings)
        (work / "captions.txt").write_text("\n".join(captions) + "\n")
        with torch.no_grad():
            theirs = vision(model.get_text_features(**{k: v for k, v in tokens.items() if k in ("input_ids", "attention_mask")
                                                       and (k == "input_ids" or type(model).__name__ == "CLIPModel")}))
        said.append(f"{type(model).__name__} with {type(tokenizer).__name__}: {close(theirs, embed(back, '--texts', work / 'captions.txt'))}")
    return "; ".join(said)


@ask
def onnx_runtime_embeds_alike():
    import onnxruntime
    _, folder = siglip()
    out = work / "onnx"
    run("export", "onnx", "--model", folder, "--out", out)
    file = sorted(out.glob("*image*.onnx"))[0]
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    theirs = session.run(["image_embeds"], {"pixel_values": processed(folder).numpy()})[0]
    return f"{onnxruntime.__version__}: {close(theirs, embed(folder))}"


import onnxruntime, timm, transformers  # noqa: E402, E401
print(f"torch {torch.__version__}, transformers {transformers.__version__}, timm {timm.__version__}, onnxruntime {onnxruntime.__version__}: "
      f"{noes} answered with no")
shutil.rmtree(work)
sys.exit(min(noes, 100))
