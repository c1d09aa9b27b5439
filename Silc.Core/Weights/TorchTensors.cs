namespace Silc;

/// <summary>Collects the tensors of a PyTorch library: linear layers are (out, in), and some hold several parameters in their rows.</summary>
sealed class TorchTensors(SilcConfig config)
{
    readonly Dictionary<string, int[]> shapes = ParameterTable.Towers(config).ToDictionary(
        weight => weight.Name, weight => weight.Shape);
    readonly List<WeightTensor> list = [];

    public IReadOnlyList<WeightTensor> All => list;

    public bool HasBias => shapes.ContainsKey("b");

    /// <summary>A tensor with the parameter's own layout.</summary>
    public void Same(string name, string parameter, params int[] shape) => list.Add(new(name, shape, Row(parameter)));

    /// <summary>Parameters end to end, each flat.</summary>
    public void Vector(string name, params string[] parameters)
    {
        WeightPart[] parts = [.. parameters.Select(Row)];
        list.Add(new(name, [parts.Sum(part => part.Count)], parts));
    }

    /// <summary>Parameters end to end, each flat, in a shape of the library's own.</summary>
    public void Joined(string name, int[] shape, params string[] parameters) => list.Add(new(name, shape, [.. parameters.Select(Row)]));

    /// <summary>Kernels below each other, (outputs, inputs).</summary>
    public void Matrix(string name, params string[] kernels)
    {
        WeightPart[] parts = [.. kernels.Select(kernel => Kernel(kernel))];
        list.Add(new(name, [parts.Sum(part => part.Cols), parts[0].Rows], parts));
    }

    /// <summary>Weight and bias of a linear layer.</summary>
    public void Dense(string name, params string[] layers)
    {
        Matrix($"{name}.weight", [.. layers.Select(layer => $"{layer}/kernel")]);
        Vector($"{name}.bias", [.. layers.Select(layer => $"{layer}/bias")]);
    }

    /// <summary>Weight and bias of a layer norm.</summary>
    public void Norm(string name, string norm)
    {
        Vector($"{name}.weight", $"{norm}/scale");
        Vector($"{name}.bias", $"{norm}/bias");
    }

    /// <summary>Weight of the patch convolution, and its bias if it has one.</summary>
    public void Patches(string name)
    {
        var kernel = Kernel(BigVisionNames.Patches) with { Order = WeightOrder.Patches };
        list.Add(new($"{name}.weight", [kernel.Cols, 3, config.PatchSize, config.PatchSize], kernel));
        if (shapes.ContainsKey("img/embedding/bias")) Vector($"{name}.bias", "img/embedding/bias");
    }

    /// <summary>The fully connected layers of an MLP, under their two names.</summary>
    public void Mlp(string name, string mlp, string first = "fc1", string second = "fc2")
    {
        Dense($"{name}.{first}", $"{mlp}/Dense_0");
        Dense($"{name}.{second}", $"{mlp}/Dense_1");
    }

    WeightPart Row(string parameter) => new(parameter, 1, shapes[parameter].Aggregate(1, (a, b) => a * b), WeightOrder.Same);

    // Query, key and value are (C, H, D), out is (H, D, C).
    WeightPart Kernel(string parameter)
    {
        var shape = shapes[parameter];
        int outputs = shape.Length == 3 && !parameter.EndsWith("/out/kernel", StringComparison.Ordinal) ? shape[1] * shape[2]
            : shape[^1];
        return new(parameter, shape.Aggregate(1, (a, b) => a * b) / outputs, outputs, WeightOrder.Transposed);
    }
}
