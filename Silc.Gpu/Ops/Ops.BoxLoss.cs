using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// The loss of boxes, a thread a box: σ of four logits is centre and size, whose corners are compared with those of the target by |difference| and
/// by 1 − GIoU; 1e-6 is added to both denominators, as in OWL-ViT. Rows of weight 0 have neither loss nor gradient.
/// </summary>
readonly struct BoxLossKernel(FloatPointer logits, FloatPointer targets, FloatPointer weights, FloatPointer distance, FloatPointer overlap,
    int rows) : IKernel
{
    const float Tiny = 1e-6f;

    public void Execute()
    {
        int last = BlockRange.LastElement(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.FirstElement(rows) + thread; row < last; row += threads)
        {
            float weight = weights[row];
            int at = 4 * row;
            float cx = Sigmoid(logits[at]), cy = Sigmoid(logits[at + 1]), w = Sigmoid(logits[at + 2]), h = Sigmoid(logits[at + 3]);
            float left = cx - w / 2, top = cy - h / 2, right = cx + w / 2, bottom = cy + h / 2;
            float toLeft = targets[at] - targets[at + 2] / 2, toTop = targets[at + 1] - targets[at + 3] / 2;
            float toRight = targets[at] + targets[at + 2] / 2, toBottom = targets[at + 1] + targets[at + 3] / 2;
            float across = XMath.Min(right, toRight) - XMath.Max(left, toLeft), down = XMath.Min(bottom, toBottom) - XMath.Max(top, toTop);
            bool meet = across > 0 && down > 0;
            float shared = meet ? across * down : 0f;
            float union = (right - left) * (bottom - top) + (toRight - toLeft) * (toBottom - toTop) - shared;
            float hullAcross = XMath.Max(right, toRight) - XMath.Min(left, toLeft), hullDown = XMath.Max(bottom, toBottom) - XMath.Min(top, toTop);
            float hull = hullAcross * hullDown, perUnion = 1 / (union + Tiny), perHull = 1 / (hull + Tiny);
            distance[row] = weight == 0 ? 0f : weight * (XMath.Abs(left - toLeft) + XMath.Abs(top - toTop) + XMath.Abs(right - toRight)
                + XMath.Abs(bottom - toBottom));
            overlap[row] = weight == 0 ? 0f : weight * (1 - shared * perUnion + (hull - union) * perHull);

            // d(1 − GIoU) by the area shared, that of the box, and that of the hull.
            float byUnion = shared * perUnion * perUnion - perHull, byShared = -perUnion - byUnion;
            float byHull = perHull - (hull - union) * perHull * perHull;
            float dLeft = Sign(left - toLeft) - byUnion * (bottom - top) - (meet && left > toLeft ? byShared * down : 0f)
                - (left < toLeft ? byHull * hullDown : 0f);
            float dTop = Sign(top - toTop) - byUnion * (right - left) - (meet && top > toTop ? byShared * across : 0f)
                - (top < toTop ? byHull * hullAcross : 0f);
            float dRight = Sign(right - toRight) + byUnion * (bottom - top) + (meet && right < toRight ? byShared * down : 0f)
                + (right > toRight ? byHull * hullDown : 0f);
            float dBottom = Sign(bottom - toBottom) + byUnion * (right - left) + (meet && bottom < toBottom ? byShared * across : 0f)
                + (bottom > toBottom ? byHull * hullAcross : 0f);
            logits[at] = weight == 0 ? 0f : weight * (dLeft + dRight) * cx * (1 - cx);
            logits[at + 1] = weight == 0 ? 0f : weight * (dTop + dBottom) * cy * (1 - cy);
            logits[at + 2] = weight == 0 ? 0f : weight * (dRight - dLeft) / 2 * w * (1 - w);
            logits[at + 3] = weight == 0 ? 0f : weight * (dBottom - dTop) / 2 * h * (1 - h);
        }
    }

    static float Sigmoid(float x)
    {
        float e = XMath.Exp(x < 0 ? x : -x), inverse = 1 / (1 + e);
        return x < 0 ? e * inverse : inverse;
    }

    static float Sign(float x) => x > 0 ? 1f : x < 0 ? -1f : 0f;
}

partial class Ops<TPack>
{
    public override void BoxLoss(Tensor logits, Tensor targets, Tensor weights, Tensor distance, Tensor overlap)
    {
        Same(logits, targets);
        OneARow(logits, distance, overlap);
        OneARow(logits, weights, weights);
        if (logits.Cols != 4) throw new ArgumentException($"a box has 4 numbers, not {logits.Cols}");
        Device.ForElements(logits.Rows,
            new BoxLossKernel(Dense(logits), Dense(targets), Dense(weights), Dense(distance), Dense(overlap), logits.Rows));
    }
}
