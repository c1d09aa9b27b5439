namespace Silc.Tests;

// Detection: logits of classes, focal loss, boxes.
static partial class Naive
{
    public static Matrix ShiftScaleRows(Matrix x, Matrix shift, Matrix scale) => Matrix.Make(x.Rows, x.Cols, (r, c) =>
        (x[r, c] + shift[r, 0]) * ((scale[r, 0] > 0 ? scale[r, 0] : Math.Exp(scale[r, 0]) - 1) + 1));

    /// <summary>Focal loss of each row, (N, 1).</summary>
    public static Matrix FocalLoss(Matrix logits, int[] targets, double alpha) => Matrix.Make(logits.Rows, 1, (r, _) =>
        Enumerable.Range(0, logits.Cols).Sum(c =>
        {
            double p = 1 / (1 + Math.Exp(-logits[r, c])), rest = 1 / (1 + Math.Exp(logits[r, c]));
            return targets[r * logits.Cols + c] switch
            {
                < 0 => 0,
                0 => -(1 - alpha) * p * p * Math.Log(rest),
                _ => -alpha * rest * rest * Math.Log(p),
            };
        }));

    /// <summary>Of each row the sum of |differences| of corners and 1 − GIoU, (N, 2).</summary>
    public static Matrix BoxLoss(Matrix logits, Matrix targets)
    {
        var losses = new Matrix(logits.Rows, 2);
        for (int r = 0; r < logits.Rows; r++)
        {
            double[] given = [.. Enumerable.Range(0, 4).Select(c => 1 / (1 + Math.Exp(-logits[r, c])))];
            var (box, target) = (Corners(given), Corners([.. Enumerable.Range(0, 4).Select(c => targets[r, c])]));
            losses[r, 0] = box.Zip(target).Sum(pair => Math.Abs(pair.First - pair.Second));
            double Area(double[] b) => (b[2] - b[0]) * (b[3] - b[1]);
            double shared = Math.Max(0, Math.Min(box[2], target[2]) - Math.Max(box[0], target[0]))
                * Math.Max(0, Math.Min(box[3], target[3]) - Math.Max(box[1], target[1]));
            double union = Area(box) + Area(target) - shared;
            double hull = (Math.Max(box[2], target[2]) - Math.Min(box[0], target[0])) * (Math.Max(box[3], target[3]) - Math.Min(box[1], target[1]));
            losses[r, 1] = 1 - (shared / (union + 1e-6) - (hull - union) / (hull + 1e-6));
        }
        return losses;
    }

    static double[] Corners(double[] b) => [b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2];
}
