"""Writes metrics/: generated sets, and what the official programs of COCO, LVIS, captions and VQA say of them.

Run with Debian's python3-numpy: /usr/bin/python3 make_metrics.py COCOAPI LVIS_API PYCOCOEVALCAP VQA
Each is a checkout of cocodataset/cocoapi (its PythonAPI built in place), lvis-dataset/lvis-api, salaniz/pycocoevalcap and GT-Vision-Lab/VQA.
METEOR, SPICE and the tokenizer of captions are Java programs and not run: captions are compared as words between spaces.
"""

import contextlib
import importlib.util
import io
import json
import pathlib
import random
import re
import sys
import types

import numpy as np

cocoapi, lvis_api, evalcap, vqa = map(pathlib.Path, sys.argv[1:5])
out = pathlib.Path(__file__).parent / "metrics"
out.mkdir(exist_ok=True)
np.float = float                                    # cocoeval.py was written for numpy before 1.24
for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.collections", "matplotlib.patches", "cv2"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["matplotlib"].use = lambda *_: None
sys.modules["matplotlib.collections"].PatchCollection = sys.modules["matplotlib.patches"].Polygon = object
sys.path += [str(cocoapi / "PythonAPI"), str(lvis_api)]
from pycocotools import mask as masks               # noqa: E402
from pycocotools.coco import COCO                   # noqa: E402
from pycocotools.cocoeval import COCOeval           # noqa: E402
from lvis import LVIS, LVISEval, LVISResults        # noqa: E402


def write(name, content):
    (out / name).write_text(json.dumps(content, separators=(",", ":")) + "\n")


def box(r, size, whole):
    w, h = (r.choice([8, 20, 32, 64, 96, 120]) if r.random() < 0.5 else r.uniform(2, size * 0.7) for _ in range(2))
    x, y = r.uniform(0, max(1, size - w)), r.uniform(0, max(1, size - h))
    return [round(v) if whole else round(v, 2) for v in (x, y, w, h)]


def polygon(b):
    x, y, w, h = b
    return [[x, y, x + w, y + h * 0.2, x + w * 0.8, y + h, x + w * 0.1, y + h * 0.7]]


def instances(seed, images, categories, with_masks=False, federated=False):
    """Truths and results: crowds, equal scores, doubles, images without either, categories without truths, areas on the borders."""
    r = random.Random(seed)
    size, whole = 60 if with_masks else 200, seed % 2 == 0
    cats = [dict(id=3 * k + 1, name=f"kind {k}") for k in range(categories)]
    pics = [dict(id=5 * i + 2, width=size, height=size, file_name=f"{i}.jpg") for i in range(images)]
    r.shuffle(pics)
    truths, results = [], []
    for p in pics:
        if federated:
            p["neg_category_ids"] = sorted(r.sample([c["id"] for c in cats], r.randint(0, 3)))
            p["not_exhaustive_category_ids"] = sorted(r.sample([c["id"] for c in cats], r.randint(0, 2)))
            p["coco_url"] = f"http://images.example/val/{p['id']}.jpg"
        if r.random() < 0.15:
            continue
        for _ in range(r.randint(0, 7)):
            c, b = r.choice(cats[:-1])["id"], box(r, size, whole)
            crowd = int(not federated and r.random() < 0.12)
            t = dict(id=len(truths) + 1, image_id=p["id"], category_id=c, bbox=b, iscrowd=crowd, area=round(b[2] * b[3] * r.choice([1, 1, 0.6]), 2))
            if with_masks:
                rle = masks.merge(masks.frPyObjects(polygon(b), size, size))
                t["area"] = float(masks.area(rle))
                flat = np.asfortranarray(masks.decode(rle)).reshape(-1, order="F")
                edges = np.flatnonzero(np.diff(np.concatenate([[0], flat])))
                counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
                t["segmentation"] = dict(size=[size, size], counts=counts) if crowd else polygon(b)
            truths.append(t)
            for _ in range(r.choice([0, 1, 1, 2, 3])):
                d = [round(v + r.gauss(0, r.choice([0.5, 4])), 2) for v in b] if r.random() < 0.8 else list(b)
                d[2], d[3] = max(d[2], 1), max(d[3], 1)
                results.append((p["id"], c if r.random() < 0.9 else r.choice(cats)["id"], d, round(r.random(), r.choice([1, 2, 6]))))
        for _ in range(r.randint(0, 4)):
            results.append((p["id"], r.choice(cats)["id"], box(r, size, whole), round(r.random(), 1)))
    if federated:
        for c in cats:
            c["frequency"] = r.choice("rcf")
        crowded = pics[0]["id"]
        for _ in range(320):                        # beyond the 300 of an image
            results.append((crowded, r.choice(cats)["id"], box(r, size, whole), round(r.random(), 2)))
    r.shuffle(results)
    found = []
    for image, category, b, score in results:
        d = dict(image_id=image, category_id=category, score=score)
        if with_masks:
            rle = masks.merge(masks.frPyObjects(polygon(b), size, size))
            d["segmentation"] = dict(size=rle["size"], counts=rle["counts"].decode())
        else:
            d["bbox"] = b
        found.append(d)
    return dict(images=pics, annotations=truths, categories=cats), found


def quiet(f):
    with contextlib.redirect_stdout(io.StringIO()):
        return f()


def coco_numbers(truth, found, kind):
    gt = COCO()
    gt.dataset = json.loads(json.dumps(truth))
    quiet(gt.createIndex)
    e = COCOeval(gt, quiet(lambda: gt.loadRes(json.loads(json.dumps(found)))), kind)
    quiet(lambda: (e.evaluate(), e.accumulate(), e.summarize()))
    return e.stats.tolist()


def lvis_numbers(truth, found):
    path = out / "lvis.tmp"
    path.write_text(json.dumps(truth))
    gt = LVIS(str(path))
    path.unlink()
    e = LVISEval(gt, LVISResults(gt, json.loads(json.dumps(found))), "bbox")
    e.run()
    return {k: float(v) for k, v in e.results.items()}


numbers = {}
for i, (images, categories, with_masks) in enumerate([(12, 3, False), (25, 5, False), (6, 2, False), (40, 4, False), (12, 3, True), (9, 4, True)]):
    truth, found = instances(100 + i, images, categories, with_masks)
    write(f"coco{i}.json", truth)
    write(f"coco{i}.results.json", found)
    numbers[f"coco{i}"] = dict(kind="segm" if with_masks else "bbox", stats=coco_numbers(truth, found, "segm" if with_masks else "bbox"))
for i, (images, categories) in enumerate([(20, 8), (35, 12), (8, 5)]):
    truth, found = instances(200 + i, images, categories, federated=True)
    write(f"lvis{i}.json", truth)
    write(f"lvis{i}.results.json", found)
    numbers[f"lvis{i}"] = lvis_numbers(truth, found)
write("detection.json", numbers)

# Masks: the compressed text of random pixels, and of random polygons, whose corners may lie outside.
r = random.Random(7)
shapes = []
for _ in range(60):
    w, h = r.randint(1, 40), r.randint(1, 40)
    pixels = np.array([[r.random() < 0.5 for _ in range(w)] for _ in range(h)], dtype=np.uint8, order="F")
    if r.random() < 0.3:
        pixels[:] = r.choice([0, 1])
    rle = masks.encode(np.asfortranarray(pixels))
    shapes.append(dict(width=w, height=h, pixels="".join(map(str, pixels.reshape(-1))), text=rle["counts"].decode()))
polygons = []
for _ in range(120):
    w, h = r.randint(2, 50), r.randint(2, 50)
    step = r.choice([1, 0.5, 0.01])
    corners = [round(r.uniform(-5, (w if i % 2 == 0 else h) + 5) / step) * step for i in range(2 * r.randint(3, 9))]
    corners = [max(0.0, c) if r.random() < 0.7 else c for c in corners]
    polygons.append(dict(width=w, height=h, corners=corners, text=masks.frPyObjects([corners], h, w)[0]["counts"].decode()))
write("masks.json", dict(pixels=shapes, polygons=polygons))

# Captions.
package = types.ModuleType("evalcap")
package.__path__ = [str(evalcap)]
sys.modules["evalcap"] = package
from evalcap.bleu.bleu import Bleu                  # noqa: E402
from evalcap.cider.cider import Cider               # noqa: E402
from evalcap.rouge.rouge import Rouge               # noqa: E402

r = random.Random(11)
words = "a red blue green star circle on the left of above two and dog cat sits mat".split()
corpora = []
for _ in range(12):
    pick = words[:r.choice([4, 8, len(words)])]
    refs = {i: [" ".join(r.choices(pick, k=r.randint(1, 12))) for _ in range(r.randint(1, 6))] for i in range(r.randint(2, 14))}
    said = {i: [r.choice(v) if r.random() < 0.4 else " ".join(r.choices(pick, k=r.randint(1, 14)))] for i, v in refs.items()}
    bleu = quiet(lambda: Bleu(4).compute_score(refs, said, verbose=0))[0]
    cider, each = Cider().compute_score(refs, said)
    rouge, _ = Rouge().compute_score(refs, said)
    corpora.append(dict(references=list(refs.values()), candidates=[v[0] for v in said.values()], bleu=list(map(float, bleu)), cider=float(cider),
                        each=list(map(float, each)), rouge=float(rouge)))
write("captions.json", corpora)

# Answers. The official file is Python 2.
source = (vqa / "PythonEvaluationTools/vqaEvaluation/vqaEval.py").read_text()
source = re.sub(r'print "(.*)"', r'print("\1")', source)
official = types.ModuleType("vqaEval")
exec(compile(source.replace("\t", "    "), "vqaEval.py", "exec"), official.__dict__)
r = random.Random(13)
plain = "yes no two 2 red Red the dog a the an isnt dont Id've Im 1,000 3.5 m. on, black-and-white c/d U.S. none ten what's whats () ?! ..".split()
marks = list(" ;/[]\"{}()=+\\_-><@`,?!.") + ["", "\n", "\t", " "]


def answer():
    return r.choice(marks).join(r.choice(plain) for _ in range(r.randint(1, 4))) + r.choice(marks)


texts, sets = [answer() for _ in range(300)], []
for i in range(120):
    pool = [answer() for _ in range(r.choice([1, 2, 3, 6]))]
    sets.append(dict(question_id=i, answer=r.choice(pool) if r.random() < 0.8 else answer(), answer_type=r.choice(["yes/no", "number", "other"]),
                     answers=[r.choice(pool) for _ in range(10)]))


class Annotations:
    def __init__(self, qa):
        self.qa = qa

    def getQuesIds(self):
        return list(self.qa)


truth = Annotations({s["question_id"]: dict(question_type="what", answer_type=s["answer_type"], answers=[
    dict(answer=a, answer_id=j + 1) for j, a in enumerate(s["answers"])]) for s in sets})
e = official.VQAEval(truth, Annotations({s["question_id"]: dict(answer=s["answer"]) for s in sets}), n=9)
quiet(e.evaluate)
for s in sets:
    s["accuracy"] = e.evalQA[s["question_id"]]
write("answers.json", dict(cleaned=[[t, e.processDigitArticle(e.processPunctuation(t.replace("\n", " ").replace("\t", " ").strip()))]
                                    for t in texts], sets=sets, accuracy=e.accuracy))
table = pathlib.Path(__file__).parents[2] / "Silc.Core/Evaluation/Answers/contractions.txt"
table.write_text("".join(f"{k} {v}\n" for k, v in sorted(e.contractions.items())))
