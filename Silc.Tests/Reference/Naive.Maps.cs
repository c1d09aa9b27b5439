namespace Silc.Tests;

// Operations on maps: rows are places, (B · height · width, C).
static partial class Naive
{
    /// <summary>Neighbourhoods of size x size, zeros outside of the map.</summary>
    public static Matrix Unfold(Matrix x, int height, int width, int size) => Matrix.Make(x.Rows, size * size * x.Cols, (row, col) =>
    {
        int image = row / (height * width), i = row % (height * width) / width, j = row % width, tap = col / x.Cols;
        int down = i + tap / size - size / 2, across = j + tap % size - size / 2;
        return down >= 0 && down < height && across >= 0 && across < width
            ? x[(image * height + down) * width + across, col % x.Cols] : 0;
    });

    /// <summary>Means and variances of a group of channels over all places of an image.</summary>
    public static Matrix GroupNorm(Matrix x, Matrix scale, Matrix bias, int images, int groups, double epsilon)
    {
        var (mean, rstd) = GroupMoments(x, images, groups, epsilon);
        return Matrix.Make(x.Rows, x.Cols, (r, c) =>
        {
            int item = r / (x.Rows / images) * groups + c / (x.Cols / groups);
            return (x[r, c] - mean[item, 0]) * rstd[item, 0] * scale[0, c] + bias[0, c];
        });
    }

    /// <summary>The mean and 1/√(variance + ε) of each group of each image, (B · groups, 1).</summary>
    public static (Matrix Mean, Matrix Rstd) GroupMoments(Matrix x, int images, int groups, double epsilon)
    {
        int places = x.Rows / images, width = x.Cols / groups;
        IEnumerable<double> Of(int item) => from row in Enumerable.Range(item / groups * places, places)
                                            from col in Enumerable.Range(item % groups * width, width)
                                            select x[row, col];
        var mean = Matrix.Make(images * groups, 1, (item, _) => Of(item).Average());
        return (mean, Matrix.Make(images * groups, 1, (item, _) =>
            1 / Math.Sqrt(Of(item).Average(v => (v - mean[item, 0]) * (v - mean[item, 0])) + epsilon)));
    }

    /// <summary>The definition, a head of a sequence at a time.</summary>
    public static Matrix LinearAttention(Matrix q, Matrix k, Matrix v, int batch, int heads)
    {
        int tokens = q.Rows / batch, dim = q.Cols / heads;
        static double Phi(double a) => a > 0 ? a + 1 : Math.Exp(a);
        return Matrix.Make(q.Rows, q.Cols, (row, col) =>
        {
            int first = row / tokens * tokens, head = col / dim * dim;
            double above = 0, below = 1e-6;
            for (int s = first; s < first + tokens; s++)
            {
                double weight = 0;
                for (int i = head; i < head + dim; i++) weight += Phi(q[row, i]) * Phi(k[s, i]);
                above += weight * v[s, col];
                below += weight;
            }
            return above / below;
        });
    }

    /// <summary>Each place is the mean of the four around it, by distance; places outside are those at the edge.</summary>
    public static Matrix Bilinear(Matrix x, int height, int width, int toHeight, int toWidth, bool corners)
    {
        double Source(int at, int from, int to) =>
            corners ? to > 1 ? at * (from - 1.0) / (to - 1) : 0 : Math.Max(0, (at + 0.5) * from / to - 0.5);
        return Matrix.Make(x.Rows / (height * width) * toHeight * toWidth, x.Cols, (row, col) =>
        {
            int places = toHeight * toWidth, image = row / places;
            double i = Source(row % places / toWidth, height, toHeight), j = Source(row % toWidth, width, toWidth);
            double At(double down, double across) =>
                x[(image * height + (int)Math.Min(down, height - 1)) * width + (int)Math.Min(across, width - 1), col];
            double a = i - Math.Floor(i), b = j - Math.Floor(j), top = Math.Floor(i), left = Math.Floor(j);
            return (1 - a) * ((1 - b) * At(top, left) + b * At(top, left + 1)) + a * ((1 - b) * At(top + 1, left) + b * At(top + 1, left + 1));
        });
    }

    /// <summary>-log softmax at the label of each row, 0 for a negative label.</summary>
    public static Matrix SoftmaxCrossEntropy(Matrix logits, int[] labels) => Matrix.Make(logits.Rows, 1,
        (row, _) => labels[row] < 0 ? 0 : LogSumExp(Row(logits, row)) - logits[row, labels[row]]);

    /// <summary>Σ over the places of a map of log(1 + exp(x)) - x · target.</summary>
    public static Matrix BinaryCrossEntropy(Matrix logits, int[] labels, int classes, bool ignoredAreNegative) => Matrix.Make(logits.Rows, 1,
        (row, _) => Enumerable.Range(0, logits.Cols).Sum(p =>
        {
            int label = labels[row / classes * logits.Cols + p];
            return label < 0 && !ignoredAreNegative ? 0 : Softplus(logits[row, p]) - (label == row % classes ? logits[row, p] : 0);
        }));
}
