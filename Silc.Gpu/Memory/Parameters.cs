using System.Buffers;
using System.Text;
using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// All parameters of a model in one buffer, and their gradients in another, so that the optimizer, the gradient norm
/// and the teacher's average are a few launches over ranges. Order: by tower, and inside a tower kernels before the
/// rest. Each parameter starts on a multiple of 16 floats; the gaps are zero and stay so. Threads: declared and
/// allocated by one thread; then values are read and written from any number of them, under the device's lock.
/// </summary>
/// <param name="device">Where the buffers live.</param>
/// <param name="table">Shapes in checkpoints by name, of all that there is to declare; null takes whatever is declared, as matrices and rows.</param>
sealed class Parameters(Device device, IReadOnlyDictionary<string, int[]>? table = null) : IDisposable
{
    /// <summary>Values of a multiple of which each parameter starts.</summary>
    internal const int Alignment = 16;

    const int ChunkFloats = 1 << 18;

    readonly List<Parameter> list = [];
    readonly List<MemoryBuffer1D<float, Stride1D.Dense>> constants = [];
    MemoryBuffer1D<float, Stride1D.Dense>? values, grads;
    Tensor flat;
    Action? draw;
    bool disposed;

    /// <summary>Where the buffers live.</summary>
    public Device Device { get; } = device;

    /// <summary>The parameters, in the order of their memory.</summary>
    public IReadOnlyList<Parameter> All => list;

    /// <summary>Number of values, without the gaps.</summary>
    public long Count => list.Sum(p => (long)p.Count);

    /// <summary>All values as one row, with the gaps.</summary>
    public Tensor Values
    {
        get
        {
            draw?.Invoke();
            return flat;
        }
    }

    /// <summary>All gradients as one row, with the gaps.</summary>
    public Tensor Grads { get; private set; }

    /// <summary>The parameter of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Parameter this[string name] => list.Find(p => p.Name == name) ?? throw new KeyNotFoundException($"the model has no parameter '{name}'");

    /// <summary>Declares a parameter; <see cref="Allocate"/> gives it memory.</summary>
    /// <param name="name">Slash-separated name.</param>
    /// <param name="rows">Rows of the matrix that layers see.</param>
    /// <param name="cols">Its columns.</param>
    /// <param name="init">Initial distribution.</param>
    /// <param name="stored">Shape in files, where there is no table; null for a matrix or a row.</param>
    /// <exception cref="ArgumentException">The table has no such parameter, or one of another size.</exception>
    public Parameter Add(string name, int rows, int cols, Init init, int[]? stored = null)
    {
        if (values is not null) throw new InvalidOperationException($"parameter '{name}' comes too late: the memory is allocated");
        if (list.Exists(p => p.Name == name)) throw new ArgumentException($"there are two parameters '{name}'");
        int[]? shape = stored ?? (rows == 1 ? [cols] : [rows, cols]);
        if (table is not null && !table.TryGetValue(name, out shape))
            throw new ArgumentException($"the table of parameters has no '{name}'");
        if (shape.Aggregate(1L, (a, b) => a * b) != (long)rows * cols)
            throw new ArgumentException($"parameter '{name}' of shape ({string.Join(", ", shape)}) is not {rows} x {cols}");
        if ((long)rows * cols > int.MaxValue)
            throw new ArgumentException($"parameter '{name}' of {rows:N0} x {cols:N0} has more than 2,147,483,647 values: "
                + "make the model narrower, or its vocabulary smaller");
        var parameter = new Parameter(name, shape, rows, cols, init);
        list.Add(parameter);
        return parameter;
    }

    /// <summary>Takes the device's lock, if these parameters still have memory.</summary>
    /// <param name="owner">Whose disposal ended that, for the message.</param>
    /// <exception cref="ObjectDisposedException">These parameters or their device were disposed.</exception>
    internal Lock.Scope Exclusive(string owner = nameof(Parameters))
    {
        var exclusive = Device.Exclusive();
        if (!disposed) return exclusive;
        exclusive.Dispose();
        throw new ObjectDisposedException(owner);
    }

    /// <summary>A constant of the model in device memory, such as an interpolation matrix.</summary>
    public Tensor Constant(float[] data, int rows, int cols)
    {
        using var exclusive = Exclusive();
        var buffer = Device.Allocate(data.Length, "constants");
        constants.Add(buffer);
        Device.Upload<float>(data, buffer.View.AsContiguous());
        return new(buffer.View.AsContiguous(), rows, cols);
    }

    /// <summary>Allocates the buffers and draws initial values; those of a parameter depend on the seed and its name alone.</summary>
    public void Allocate(int seed, bool gradients)
    {
        using var exclusive = Exclusive();
        var total = AllocateBuffer();
        if (gradients) AllocateGradients();
        var initial = new float[total];
        Parallel.ForEach(list, p => Draw(p, seed, initial.AsSpan(p.Offset, p.Count)));
        Device.Upload<float>(initial, Values.View);
    }

    /// <summary>Allocates the values alone, undefined but for the gaps: each is to be read or drawn, so that no page is touched before.</summary>
    internal void AllocateValues()
    {
        using var exclusive = Exclusive();
        AllocateBuffer();
        foreach (var p in list)
            if (RoomFor(p) > p.Count) Device.Zero(flat.View.SubView(p.Offset + p.Count, RoomFor(p) - p.Count));
    }

    /// <summary>
    /// Draws the initial values of some parameters when one of them is first asked for, or <see cref="Values"/> are: a model that only embeds never
    /// reads its head, which takes longer to draw than towers to load.
    /// </summary>
    internal void DrawLater(IEnumerable<Parameter> parameters, int seed)
    {
        Parameter[] undrawn = [.. parameters];
        if (undrawn.Length == 0) return;
        draw = () =>
        {
            using var exclusive = Exclusive();
            if (draw is null) return;
            draw = null;
            foreach (var p in undrawn) p.Drawing = null;
            foreach (var p in undrawn) Draw(p, seed);
        };
        foreach (var p in undrawn) p.Drawing = draw;
    }

    /// <summary>Sets parameters from the weights of a model: on the CPU straight into their memory, by all cores where the file allows it.</summary>
    internal void Write(IReadOnlyList<Parameter> parameters, ModelWeights weights)
    {
        if (Device.Kind != DeviceKind.Cpu || weights.Direct is not { } direct)
        {
            foreach (var p in parameters) Write(p, weights.Read);
            return;
        }
        using var exclusive = Exclusive();
        Device.Synchronize();
        Tensor[] memory = [.. parameters.Select(p => p.Value)];
        foreach (var values in memory) Device.Ops.Weights?.Written(values);
        if (direct.IsConcurrent) ParallelLoop.Run(memory.Length, Fill, Environment.ProcessorCount);
        else for (int i = 0; i < memory.Length; i++) Fill(i);

        void Fill(int i) => direct.Fill(parameters[i].Name, Host(memory[i]));
    }

    static unsafe Span<float> Host(Tensor x) => new((void*)x.View.LoadEffectiveAddressAsPtr(), x.Count);

    /// <summary>Allocates the gradients, all 0, unless they are there: a model that is only used never has them.</summary>
    internal void AllocateGradients()
    {
        using var exclusive = Exclusive();
        if (grads is not null) return;
        draw?.Invoke();
        grads = Device.Allocate(Values.Cols, "gradients");
        Grads = new(grads.View.AsContiguous(), 1, Values.Cols);
        ZeroGrads();
        foreach (var p in list) p.Grad = new(Grads.View.SubView(p.Offset, p.Count), p.Rows, p.Cols);
    }

    int AllocateBuffer()
    {
        if (table?.Keys.Except(list.Select(p => p.Name)).FirstOrDefault() is { } missing)
            throw new InvalidOperationException($"no layer has declared '{missing}', which is in the table of parameters");
        var towers = list.Select(p => p.Tower).Distinct().ToList();
        var ordered = list.OrderBy(p => towers.IndexOf(p.Tower)).ThenBy(p => p.Name.EndsWith("/kernel", StringComparison.Ordinal) ? 0 : 1).ToList();
        list.Clear();
        list.AddRange(ordered);

        long total = list.Sum(p => RoomFor(p));
        if (total > int.MaxValue)
            throw new InvalidOperationException($"{total:N0} values are more than the 2,147,483,647 that one buffer of parameters can have: "
                + "use a smaller model");
        int at = 0;
        foreach (var p in list)
        {
            p.Offset = at;
            at += (int)RoomFor(p);
        }
        values = Device.Allocate(total, "parameters");
        flat = new(values.View.AsContiguous(), 1, (int)total);
        foreach (var p in list) p.Value = new(flat.View.SubView(p.Offset, p.Count), p.Rows, p.Cols);
        Device.Ops.Weights?.Add(this);
        return (int)total;
    }

    static long RoomFor(Parameter p) => ((long)p.Count + Alignment - 1) / Alignment * Alignment;

    /// <summary>Draws the initial values of one parameter.</summary>
    internal void Draw(Parameter p, int seed)
    {
        var initial = new float[p.Count];
        Draw(p, seed, initial);
        using var exclusive = Exclusive();
        Device.Upload<float>(initial, p.Value.View);
    }

    static void Draw(Parameter p, int seed, Span<float> initial)
    {
        if (p.Computed is { } computed)
        {
            computed().CopyTo(initial);
            return;
        }
        var random = new Philox((ulong)seed, NameHash(p.Name));
        foreach (ref var value in initial) value = p.Init(random);
    }

    /// <summary>Sets a parameter from values that come in pieces, and takes the device's lock for each: they may come from another device.</summary>
    internal void Write(Parameter p, Action<string, ValueSink> read)
    {
        int at = 0;
        read(p.Name, chunk =>
        {
            using var exclusive = Exclusive();
            Device.Upload(chunk, p.Value.View.SubView(at, chunk.Length));
            at += chunk.Length;
        });
    }

    /// <summary>
    /// Passes a parameter's values to a sink, a piece at a time, and takes the device's lock for each: they may go to another device.
    /// </summary>
    internal void Read(Parameter p, ValueSink sink)
    {
        var rented = ArrayPool<float>.Shared.Rent(Math.Min(ChunkFloats, p.Count));
        try
        {
            for (int at = 0; at < p.Count; at += ChunkFloats)
            {
                var chunk = rented.AsSpan(0, Math.Min(ChunkFloats, p.Count - at));
                using (Exclusive()) Device.Download(p.Value.View.SubView(at, chunk.Length), chunk);
                sink(chunk);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Sets every gradient to zero.</summary>
    public void ZeroGrads()
    {
        using var exclusive = Exclusive();
        if (grads is not null) Device.Zero(Grads.View);
    }

    /// <summary>The values on the host, under their names with <paramref name="prefix"/> in front.</summary>
    public IReadOnlyList<NamedArray> ToArrays(string prefix = "") => ToArrays(Values, prefix);

    /// <summary>Sets the values from arrays of the same names and shapes; arrays that the model lacks are left alone.</summary>
    /// <exception cref="InvalidDataException">A parameter is missing, or has another shape; the message gives both.</exception>
    public void Load(IReadOnlyDictionary<string, NamedArray> arrays, string prefix = "", string origin = "the checkpoint") =>
        Load(Values, arrays, prefix, origin);

    internal IReadOnlyList<NamedArray> ToArrays(Tensor flat, string prefix)
    {
        using var exclusive = Exclusive();
        return ToArrays(Device.Download(flat.View.SubView(0, flat.Cols)), prefix);
    }

    internal IReadOnlyList<NamedArray> ToArrays(float[] row, string prefix) => [.. list.Where(p => p.Offset + p.Count <= row.Length)
        .Select(p => new NamedArray(prefix + p.Name, [.. p.Shape], row[p.Offset..(p.Offset + p.Count)]))];

    internal void Load(Tensor flat, IReadOnlyDictionary<string, NamedArray> arrays, string prefix, string origin)
    {
        var row = RowOf(flat.Cols, arrays, prefix, origin);
        using var exclusive = Exclusive();
        Device.Upload<float>(row, flat.View);
    }

    /// <summary>Arrays of all parameters as a row like <see cref="Values"/>.</summary>
    internal float[] RowOf(int count, IReadOnlyDictionary<string, NamedArray> arrays, string prefix, string origin)
    {
        var row = new float[count];
        foreach (var p in list)
        {
            if (!arrays.TryGetValue(prefix + p.Name, out var array))
                throw new InvalidDataException($"{origin} lacks '{prefix}{p.Name}' of shape ({string.Join(", ", p.Shape)})");
            if (!array.Shape.SequenceEqual(p.Shape))
                throw new InvalidDataException(
                    $"{origin}: '{prefix}{p.Name}' has shape ({string.Join(", ", array.Shape)}), the model needs ({string.Join(", ", p.Shape)})");
            array.Values.CopyTo(row.AsSpan(p.Offset));
        }
        return row;
    }

    // FNV-1a: a parameter's random stream must not depend on which others there are.
    static ulong NameHash(string name)
    {
        ulong hash = 14695981039346656037;
        foreach (var b in Encoding.UTF8.GetBytes(name)) hash = (hash ^ b) * 1099511628211;
        return hash;
    }

    /// <summary>Frees the memory, once the call that is at work on it is done.</summary>
    public void Dispose()
    {
        using var exclusive = Device.ExclusiveForRelease();
        disposed = true;
        Device.Ops.Weights?.Remove(this);
        Device.Free(values);
        Device.Free(grads);
        constants.ForEach(Device.Free);
    }
}
