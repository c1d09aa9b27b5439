"""Writes losses.npz: values and gradients of pretraining losses in PyTorch's double precision, stored as float32.

    /usr/bin/python3 make_losses.py            writes the file beside this script
    /usr/bin/python3 make_losses.py --check    compares with the file instead; says the largest difference

Masked patch prediction (iBOT, arXiv:2111.07832), its center, targets by Sinkhorn-Knopp (SwAV, arXiv:2006.09882), and Gram anchoring (DINOv3,
arXiv:2508.10104). Inputs are rounded to float32 before anything is computed of them.
"""

import pathlib
import sys

import numpy as np
import torch

STUDENT_TEMPERATURE, TEACHER_TEMPERATURE, ROUNDS = 0.1, 0.07, 3
IMAGES, PATCHES, PROTOTYPES, WIDTH, ANCHOR_WIDTH = 3, 6, 5, 4, 7


def drawn(generator, *shape):
    return torch.randn(*shape, generator=generator, dtype=torch.float64).float().double()


def cross_entropy(scores, targets):
    return -(targets * torch.log_softmax(scores / STUDENT_TEMPERATURE, dim=-1)).sum(-1)


def mean_of_images(each, counts):
    """Mean over what counts of each image, then over images; an image without adds 0."""
    return ((each * counts).sum(1) / counts.sum(1).clamp(min=1)).mean()


def sinkhorn(scores):
    q = torch.exp((scores - scores.max()) / TEACHER_TEMPERATURE)
    q = q / q.sum()
    for _ in range(ROUNDS):
        q = q / q.sum(0, keepdim=True) / scores.shape[1]
        q = q / q.sum(1, keepdim=True) / scores.shape[0]
    return q * scores.shape[0]


def cosines(x):
    x = x / x.norm(dim=-1, keepdim=True)
    return x @ x.transpose(1, 2)


def values():
    generator = torch.Generator().manual_seed(2)
    out = {}
    student, teacher = drawn(generator, IMAGES, PATCHES, PROTOTYPES), drawn(generator, IMAGES, PATCHES, PROTOTYPES)
    center = 0.1 * drawn(generator, PROTOTYPES)
    center = center.float().double()
    # The last image hides nothing.
    mask = torch.zeros(IMAGES, PATCHES, dtype=torch.float64)
    mask[0, [0, 3, 4]] = mask[1, [1]] = 1
    out.update(student=student, teacher=teacher, center=center, mask=mask)
    student.requires_grad_(True)
    targets = torch.softmax((teacher - center) / TEACHER_TEMPERATURE, -1)
    for name, counts in (("masked", mask), ("all", torch.ones_like(mask))):
        loss = mean_of_images(cross_entropy(student, targets), counts)
        out[f"{name}/loss"], out[f"{name}/grad"] = loss, torch.autograd.grad(loss, student)[0]
    out["new_center"] = 0.9 * center + 0.1 * teacher.mean(1).mean(0)
    out["sinkhorn/all"] = sinkhorn(teacher.reshape(-1, PROTOTYPES))
    out["sinkhorn/masked"] = sinkhorn(teacher[mask > 0])
    features, anchor = drawn(generator, IMAGES, PATCHES, WIDTH).requires_grad_(True), drawn(generator, IMAGES, PATCHES, ANCHOR_WIDTH)
    gram = ((cosines(features) - cosines(anchor)) ** 2).mean()
    out.update({"features": features, "anchor": anchor, "gram/loss": gram, "gram/grad": torch.autograd.grad(gram, features)[0]})
    return {name: value.detach().numpy().astype(np.float32) for name, value in out.items()}


if __name__ == "__main__":
    file, made = pathlib.Path(__file__).with_name("losses.npz"), values()
    if sys.argv[1:] == ["--check"]:
        kept = np.load(file)
        assert sorted(kept.files) == sorted(made), "the file has other arrays"
        print(f"{file.name}: largest difference {max(np.abs(kept[name] - made[name]).max() for name in made):.1e}")
    else:
        np.savez_compressed(file, **made)
        print(f"{file.name}: {len(made)} arrays")
