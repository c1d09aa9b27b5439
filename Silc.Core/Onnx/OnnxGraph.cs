using System.Globalization;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// Builds an ONNX model (github.com/onnx/onnx, onnx.proto): nodes in the order in which they run, weights by their own names.
/// Field numbers are those of the messages ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto and ValueInfoProto.
/// </summary>
sealed class OnnxGraph(ModelWeights weights, string name)
{
    // Opset 20 is the first with Gelu, and has LayerNormalization; ONNX Runtime reads it since 1.17.
    const int IrVersion = 9, Opset = 20, Alignment = 4096;
    const string Producer = "Silc";

    /// <summary>ONNX's numbers of element types.</summary>
    public const int FloatType = 1, Int64Type = 7;

    readonly ProtoMessage graph = new();
    readonly List<(string Name, int[] Shape, Action<ValueSink> Values)> floats = [];
    readonly List<(string Name, ProtoMessage Tensor)> integers = [];
    readonly List<ProtoMessage> inputs = [], outputs = [];
    int values;

    /// <summary>Bytes of all weights.</summary>
    public long WeightBytes => floats.Sum(tensor => 4 * Count(tensor.Shape));

    /// <summary>A node with one output, whose name it returns.</summary>
    public string Node(string op, string[] from, params (string Name, object Value)[] attributes) =>
        Node(op, from, $"{op}_{values++}", attributes);

    public string Node(string op, string[] from, string output, params (string Name, object Value)[] attributes)
    {
        var node = new ProtoMessage();
        foreach (var input in from) node.Text(1, input);
        node.Text(2, output).Text(3, output).Text(4, op);
        foreach (var (attribute, value) in attributes) node.Message(5, Attribute(attribute, value));
        graph.Message(1, node);
        return output;
    }

    /// <summary>A parameter in a shape of its own; <paramref name="part"/> tells another order of its values.</summary>
    public string Weight(string parameter, int[] shape, WeightPart? part = null)
    {
        floats.Add((parameter, shape, sink =>
            ModelWriter.WritePart(weights, part ?? new(parameter, 1, (int)Count(shape), WeightOrder.Same), sink)));
        return parameter;
    }

    public string Scalar(string constant, float value)
    {
        if (!floats.Exists(tensor => tensor.Name == constant)) floats.Add((constant, [], sink => sink([value])));
        return constant;
    }

    /// <summary>A constant of its own shape.</summary>
    public string Floats(string constant, int[] shape, float[] list)
    {
        if (!floats.Exists(tensor => tensor.Name == constant)) floats.Add((constant, shape, sink => sink(list)));
        return constant;
    }

    public string Integers(string constant, params long[] list)
    {
        if (integers.Exists(tensor => tensor.Name == constant)) return constant;
        var tensor = Tensor(constant, Int64Type, [list.Length]).Bytes(9, 8L * list.Length, stream =>
            stream.Write(MemoryMarshal.AsBytes(list.AsSpan())));
        integers.Add((constant, tensor));
        return constant;
    }

    /// <summary>Without dimensions: an index that removes its axis.</summary>
    public string Index(string constant, long value)
    {
        integers.Add((constant,
            Tensor(constant, Int64Type, []).Bytes(9, 8, stream => stream.Write(BitConverter.GetBytes(value)))));
        return constant;
    }

    public void Input(string input, bool integer, string what, params object[] shape) =>
        inputs.Add(Value(input, integer, what, shape));

    public void Output(string output, string what, params object[] shape) => outputs.Add(Value(output, false, what, shape));

    /// <summary>Writes the model; with <paramref name="external"/>, weights go to a second file beside it. Neither is left half-written.</summary>
    /// <returns>The files.</returns>
    public IReadOnlyList<string> Write(string path, IReadOnlyDictionary<string, string> metadata, bool external)
    {
        var beside = external ? path + ".data" : null;
        long offset = 0;
        var places = floats.ConvertAll(tensor =>
        {
            long at = offset, bytes = 4 * Count(tensor.Shape);
            offset = (at + bytes + Alignment - 1) / Alignment * Alignment;
            return (tensor.Values, At: at, Bytes: bytes);
        });
        if (beside is not null)
            AtomicFile.Write(beside, stream =>
            {
                foreach (var (source, at, _) in places)
                {
                    stream.Position = at;
                    source(piece => stream.Write(MemoryMarshal.AsBytes(piece)));
                }
            });
        var model = Model(metadata, floats.Zip(places, (tensor, place) => Stored(tensor.Name, tensor.Shape, place, beside)));
        AtomicFile.Write(path, model.Write);
        return beside is null ? [path] : [path, beside];
    }

    /// <summary>True for a file that begins as <see cref="Write"/> begins it: the version of the format, and Silc as its producer.</summary>
    public static bool IsOwn(Stream stream)
    {
        using var expected = new MemoryStream();
        new ProtoMessage().Int(1, IrVersion).Text(2, Producer).Write(expected);
        var start = new byte[expected.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(expected.ToArray());
    }

    ProtoMessage Model(IReadOnlyDictionary<string, string> metadata, IEnumerable<ProtoMessage> tensors)
    {
        graph.Text(2, name);
        foreach (var tensor in tensors) graph.Message(5, tensor);
        foreach (var (_, tensor) in integers) graph.Message(5, tensor);
        foreach (var input in inputs) graph.Message(11, input);
        foreach (var output in outputs) graph.Message(12, output);
        var model = new ProtoMessage().Int(1, IrVersion).Text(2, Producer).Text(6,
            metadata.GetValueOrDefault("silc.preprocessing", ""))
            .Message(7, graph).Message(8, new ProtoMessage().Text(1, "").Int(2, Opset));
        foreach (var (key, value) in metadata) model.Message(14, Entry(key, value));
        return model;
    }

    static ProtoMessage Stored(string name, int[] shape, (Action<ValueSink> Values, long At, long Bytes) place, string? beside)
    {
        var tensor = Tensor(name, FloatType, shape);
        if (beside is null) return tensor.Bytes(9, place.Bytes, stream =>
            place.Values(piece => stream.Write(MemoryMarshal.AsBytes(piece))));
        return tensor.Message(13, Entry("location", Path.GetFileName(beside)))
            .Message(13, Entry("offset", place.At.ToString(CultureInfo.InvariantCulture)))
            .Message(13, Entry("length", place.Bytes.ToString(CultureInfo.InvariantCulture))).Int(14, 1);
    }

    static ProtoMessage Tensor(string name, int type, int[] shape)
    {
        var tensor = new ProtoMessage();
        foreach (var size in shape) tensor.Int(1, size);
        return tensor.Int(2, type).Text(8, name);
    }

    static ProtoMessage Entry(string key, string value) => new ProtoMessage().Text(1, key).Text(2, value);

    // A dimension is a number, or a name where it may vary.
    static ProtoMessage Value(string name, bool integer, string what, object[] shape)
    {
        var dimensions = new ProtoMessage();
        foreach (var size in shape) dimensions.Message(1, size is int fixedSize ? new ProtoMessage().Int(1, fixedSize)
            : new ProtoMessage().Text(2, (string)size));
        var tensor = new ProtoMessage().Int(1, integer ? Int64Type : FloatType).Message(2, dimensions);
        return new ProtoMessage().Text(1, name).Message(2, new ProtoMessage().Message(1, tensor)).Text(3, what);
    }

    static ProtoMessage Attribute(string name, object value)
    {
        var attribute = new ProtoMessage().Text(1, name);
        switch (value)
        {
            case float real: return attribute.Float(2, real).Int(20, 1);
            case int number: return attribute.Int(3, number).Int(20, 2);
            case string text: return attribute.Text(4, text).Int(20, 3);
            default:
                foreach (var number in (int[])value) attribute.Int(8, number);
                return attribute.Int(20, 7);
        }
    }

    static long Count(int[] shape) => shape.Aggregate(1L, (product, size) => product * size);
}
