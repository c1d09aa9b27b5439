"""The products and the attention of a preset's training step in PyTorch, shape by shape, with the names of silc bench products and silc bench sweep.

    python3 products_torch.py b --batch 64 --device cuda --dtype bf16

Products have no residual, GELU or its gradient behind them, which Silc's kernels add in the same pass; q, up and down have their bias. PyTorch 1.13
or newer; before 2.0, which brought scaled_dot_product_attention, attention is its three steps.
"""

import argparse
import time

import torch
import torch.nn.functional as F

# Image size, patch, views (global, local, side of local), caption length; width, heads, hidden channels of both towers.
PRESETS = {
    "mini": (64, 8, (2, 4, 32), 16, 128, 4, 512),
    "ti": (128, 16, (2, 4, 64), 16, 192, 3, 768),
    "s": (224, 16, (2, 8, 96), 64, 384, 6, 1536),
    "b": (256, 16, (2, 8, 96), 64, 768, 12, 3072),
}


def seconds(run, device, least):
    """The mean over at least 20 runs and at least so many seconds, behind three that do not count; the device is waited for twice."""
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    for _ in range(3):
        run()
    wait()
    start, runs = time.perf_counter(), 0
    while runs == 0 or time.perf_counter() - start < least:
        for _ in range(20):
            run()
        runs += 20
        wait()
    return (time.perf_counter() - start) / runs


def attend(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v)
    return torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1) @ v


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", choices=PRESETS)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--dtype", choices=["bf16", "tf32", "float32"], default="float32")
    parser.add_argument("--seconds", type=float, default=0.05, help="the least that each timing takes")
    args = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = args.dtype == "tf32"
    stored = torch.bfloat16 if args.dtype == "bf16" else torch.float32
    card = torch.cuda.get_device_name(args.device) if args.device.startswith("cuda") else f"{torch.get_num_threads()} threads"
    print(f"device   {args.device} ({card}), PyTorch {torch.__version__}, {args.dtype}")
    size, patch, (views, locals_, local), length, width, heads, hidden = PRESETS[args.preset]

    def random(*shape):
        return 2 * torch.rand(*shape, device=args.device).to(stored) - 1

    towers = [("global", args.batch * views, (size // patch) ** 2), ("local", args.batch * locals_, (local // patch) ** 2),
              ("text", args.batch, length)]
    print("product              M      N      K       us  TFLOP/s", flush=True)
    for name, items, tokens in towers:
        m = items * tokens
        x, wide = random(m, width), random(m, hidden)
        square, up, down = random(width, width), random(width, hidden), random(hidden, width)
        narrow, broad = random(width), random(hidden)
        for row, n, k, run in [
            ("q", width, width, lambda: torch.addmm(narrow, x, square)),
            ("out", width, width, lambda: x @ square),
            ("up", hidden, width, lambda: torch.addmm(broad, x, up)),
            ("down", width, hidden, lambda: torch.addmm(narrow, wide, down)),
            ("dx", width, width, lambda: x @ square.T),
            ("d up", width, hidden, lambda: wide @ up.T),
            ("d down", hidden, width, lambda: x @ down.T),
        ]:
            t = seconds(run, args.device, args.seconds)
            print(f"{f'{name} {row}':<14} {m:7} {n:6} {k:6} {1e6 * t:8.1f} {2 * m * n * k / t / 1e12:8.1f}", flush=True)
        for row, a, b in [("dW", x, x), ("dW up", x, wide), ("dW down", wide, x)]:
            t = seconds(lambda: a.T @ b, args.device, args.seconds)
            rows, cols = a.shape[1], b.shape[1]
            print(f"{f'{name} {row}':<14} {rows:7} {cols:6} {m:6} {1e6 * t:8.1f} {2 * rows * cols * m / t / 1e12:8.1f}", flush=True)
    print(f"{'shape':<40} {'us':>9} {'TFLOP/s':>8}", flush=True)
    for name, items, tokens in towers:
        q, k, v, do = (random(items, heads, tokens, width // heads) for _ in range(4))
        inputs = [t.requires_grad_() for t in (q, k, v)]
        o = attend(*inputs)
        with torch.no_grad():
            forward = seconds(lambda: attend(q, k, v), args.device, args.seconds)
        backward = seconds(lambda: torch.autograd.grad(o, inputs, do, retain_graph=True), args.device, args.seconds)
        shape, product = f"{items} x {heads} heads of {tokens} x {width // heads}", 2 * items * tokens * tokens * width
        # Forward has two products, backward five.
        for kind, t, products in [("attention", forward, 2), ("d attention", backward, 5)]:
            print(f"{f'{name} {kind} {shape}':<40} {1e6 * t:9.1f} {products * product / t / 1e12:8.1f}", flush=True)


if __name__ == "__main__":
    main()
