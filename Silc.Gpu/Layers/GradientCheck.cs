namespace Silc;

/// <summary>
/// Compares a layer's pullback with central differences: with L = Σ Y∘R for random R, the slope (L(x + h) - L(x - h)) / 2h along an element
/// x of the input or of a parameter must be its gradient. For writing new layers; a right one stays below 1e-3, a wrong one is near 1.
/// Threads: one at a time.
/// </summary>
static class GradientCheck
{
    // The differences lose float32's rounding of Y over h, and h² of curvature: 1e-2 balances the two for values of size 1.
    const float DefaultStep = 1e-2f;

    /// <summary>|differences - gradients| / |differences|, both as one vector over elements of the input and of all parameters.</summary>
    /// <param name="pass">Memory for two forwards and a backward; what it holds stays.</param>
    /// <param name="parameters">The layer's parameters, allocated with gradients. Their values stay; their gradients are overwritten.</param>
    /// <param name="x">Input; its values stay.</param>
    /// <param name="forward">Runs the layer.</param>
    /// <param name="samples">Elements to try in each tensor; smaller tensors are tried whole.</param>
    /// <param name="step">h.</param>
    /// <param name="seed">Seed of R and of the choice of elements.</param>
    /// <exception cref="ArgumentException">The device multiplies in less than float32, where rounding is larger than the differences.</exception>
    public static double Run(Pass pass, Parameters parameters, Tensor x, Func<Pass, Tensor, (Tensor Y, Pullback Back)> forward,
        int samples = 32, float step = DefaultStep, int seed = 0) => Check(pass, parameters, x, (pass, x) =>
        {
            var (y, back) = forward(pass, x);
            return (y, back.Invoke);
        }, samples, step, seed);

    /// <summary>The same of a layer whose gradient stays in its place.</summary>
    /// <inheritdoc cref="Run(Pass, Parameters, Tensor, Func{Pass, Tensor, ValueTuple{Tensor, Pullback}}, int, float, int)"/>
    public static double Run(Pass pass, Parameters parameters, Tensor x, Func<Pass, Tensor, (Tensor Y, InPlacePullback Back)> forward,
        int samples = 32, float step = DefaultStep, int seed = 0) => Check(pass, parameters, x, (pass, x) =>
        {
            var (y, back) = forward(pass, x);
            return (y, gradient =>
            {
                back.Invoke(gradient);
                return gradient;
            }
            );
        }, samples, step, seed);

    /// <summary>The same of a layer whose input is data and comes with the closure.</summary>
    /// <inheritdoc cref="Run(Pass, Parameters, Tensor, Func{Pass, Tensor, ValueTuple{Tensor, Pullback}}, int, float, int)"/>
    public static double Run(Pass pass, Parameters parameters, Func<Pass, (Tensor Y, ParameterPullback Back)> forward,
        int samples = 32, float step = DefaultStep, int seed = 0) => Check(pass, parameters, default, (pass, _) =>
        {
            var (y, back) = forward(pass);
            return (y, dy =>
            {
                back.Invoke(dy);
                return default;
            }
            );
        }, samples, step, seed);

    static double Check(Pass pass, Parameters parameters, Tensor x, Func<Pass, Tensor, (Tensor Y, Func<Tensor, Tensor> Back)> forward,
        int samples, float step, int seed)
    {
        var device = parameters.Device;
        if (device.Precision != Precision.Float32)
            throw new ArgumentException($"gradients are checked in float32, not in {device.Precision}: rounding would hide what is wrong");
        var random = new Philox((ulong)seed);
        float[] weights;
        var tensors = parameters.All.Select(p => p.Value).ToList();
        var gradients = new List<float[]>();
        using (pass.Frame())
        {
            parameters.ZeroGrads();
            var (y, back) = forward(pass, x);
            weights = [.. Enumerable.Range(0, y.Count).Select(_ => (float)random.Uniform(-1, 1))];
            var dy = pass.Scratch(y.Rows, y.Cols);
            device.Upload<float>(weights, dy.View);
            var dx = back(dy);
            gradients.AddRange(parameters.All.Select(p => Download(p.Grad)));
            if (x.Count > 0)
            {
                tensors.Add(x);
                gradients.Add(Download(dx));
            }
        }

        double difference = 0, size = 0;
        foreach (var (tensor, gradient) in tensors.Zip(gradients))
            foreach (int i in Choose(tensor.Count))
            {
                double slope = Slope(tensor, i);
                difference += (slope - gradient[i]) * (slope - gradient[i]);
                size += slope * slope;
            }
        return Math.Sqrt(difference / Math.Max(size, double.Epsilon));

        double Slope(Tensor tensor, int i)
        {
            var element = tensor.Slice(i / tensor.Cols, 1).Columns(i % tensor.Cols, 1).View.SubView(0, 1);
            float value = device.Download(element)[0], above = value + step, below = value - step;
            double slope = (Loss(above) - Loss(below)) / ((double)above - below);
            device.Upload<float>([value], element);
            return slope;

            double Loss(float at)
            {
                device.Upload<float>([at], element);
                using var _ = pass.Frame();
                var y = Download(forward(pass, x).Y);
                double sum = 0;
                for (int j = 0; j < y.Length; j++) sum += (double)y[j] * weights[j];
                return sum;
            }
        }

        IEnumerable<int> Choose(int count) =>
            count <= samples ? Enumerable.Range(0, count) : Enumerable.Range(0, samples).Select(_ => random.NextInt(count)).Distinct();

        float[] Download(Tensor tensor) => tensor.IsDense
            ? device.Download(tensor.View.SubView(0, tensor.Count))
            : throw new ArgumentException($"a {tensor.Rows} x {tensor.Cols} tensor of stride {tensor.Stride} has gaps between its rows");
    }
}
