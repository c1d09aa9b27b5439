using System.Runtime.InteropServices;

namespace Silc;

// The whole state of a run in one file.
public sealed partial class Trainer
{
    const string Center = "teacher/center", AveragePrefix = "average/", StateArray = "step_state",
        LastLayerArray = "last_layer_state", HeadArray = "head_state", MaskCenter = "teacher/mask/center", Anchor = "anchor/";

    long equalStep;

    /// <summary>
    /// Writes student, teacher, center, optimizer moments, step state, configurations and tokenizer to one safetensors file with
    /// a checksum; nothing is left half-written. Where each rank holds a part of the moments, all ranks call it and rank 0 writes.
    /// </summary>
    /// <exception cref="IOException">The message names the file, the reason, the bytes needed and those free.</exception>
    public void Save(string path) => Save(path, null, new Dictionary<string, string>());

    internal void Save(string path, DataState? data, IReadOnlyDictionary<string, string> notes)
    {
        var (arrays, step) = State();
        if (ShardsMoments && collective.Rank > 0) return;
        new Checkpoint(path, step, Checkpoint.LibraryVersion, student.Config, Config, student.Tokenizer?.Origin, data, notes).Write(arrays);
    }

    /// <summary>About what <see cref="Save(string)"/> writes: values, and a little for names and shapes.</summary>
    internal long CheckpointBytes => sizeof(float) * (student.Parameters.Count + optimizer.StateCount
        + (Teacher is null ? 0 : Teacher.Parameters.Count + Teacher.Center.Count) + (Average is null ? 0 : student.Parameters.Count)
        + (gram?.Anchor.Count ?? 0) + own.Sum(part => part.StateCount))
        + HeaderBytes(4);

    /// <summary>About what the model alone takes.</summary>
    internal long ModelBytes => sizeof(float) * student.Parameters.Count + HeaderBytes(1);

    // A name, a shape and two offsets for each parameter, and the tokenizer in base64.
    long HeaderBytes(int copies) => copies * 150L * student.Parameters.All.Count + 4 * ((student.Tokenizer?.Origin?.File?.LongLength ?? 0) + 2) / 3
        + 8192;

    /// <summary>What a rank without a folder does while rank 0 saves: gives its part of the moments.</summary>
    internal void GiveMoments() => State();

    // All values of one step, copied under the lock, so that other threads do not wait for the disk.
    (List<NamedArray> Arrays, long Step) State()
    {
        using var exclusive = Exclusive();
        var moments = optimizer.ToArrays();
        if (ShardsMoments && collective.Rank > 0) return ([], Steps);       // it has given its part
        List<NamedArray> arrays = [.. student.Parameters.ToArrays(), .. moments];
        if (Teacher is not null)
        {
            arrays.AddRange(Teacher.Parameters.ToArrays("teacher/"));
            arrays.Add(new(Center, [Teacher.Center.Count],
                device.Download(Teacher.Center.View.SubView(0, Teacher.Center.Count))));
        }
        if (Average is not null) arrays.AddRange(student.Parameters.ToArrays(Average.Values, AveragePrefix));
        arrays.Add(new(StateArray, [StepState.Size], stepState.Read()));
        if (lastLayer is not null) arrays.Add(new(LastLayerArray, [StepState.Size], lastLayer.Read()));
        foreach (var part in own) arrays.AddRange(part.ToArrays());
        if (gram is not null) arrays.AddRange(gram.Anchor.ToArrays(Anchor));
        if (masked is not null) arrays.Add(new(MaskCenter, [masked.Center.Count], device.Download(masked.Center.View.SubView(0,
            masked.Center.Count))));
        if (lateHead is not null) arrays.Add(new(HeadArray, [StepState.Size], lateHead.Read()));
        return (arrays, Steps);
    }

    /// <summary>
    /// Gives every rank the state of rank 0: nothing hangs on equal draws on all machines, or on a disk that all of them see. All ranks call it.
    /// </summary>
    internal void Spread()
    {
        if (collective.IsAlone) return;
        using var exclusive = Exclusive();
        collective.Broadcast(student.Parameters.Values);
        optimizer.Spread(collective);
        if (Teacher is not null)
        {
            collective.Broadcast(Teacher.Parameters.Values);
            collective.Broadcast(Teacher.Center);
        }
        if (Average is not null) collective.Broadcast(Average.Values);
        collective.Broadcast(stepState.Values);
        if (lastLayer is not null) collective.Broadcast(lastLayer.Values);
        if (lateHead is not null) collective.Broadcast(lateHead.Values);
        foreach (var part in own) part.Spread(collective);
        if (gram is not null) collective.Broadcast(gram.Anchor.Values);
        if (masked is not null) collective.Broadcast(masked.Center);
        Steps = BitConverter.ToInt64(collective.Share(BitConverter.GetBytes(Steps)));
    }

    /// <summary>
    /// Throws if a rank holds other weights than rank 0: memory that fails, or a library that does not give all the same sums. All ranks call it.
    /// </summary>
    /// <exception cref="CollectiveException">The message names the first such rank.</exception>
    internal void RequireEqualWeights()
    {
        if (collective.IsAlone) return;
        using var exclusive = Exclusive();
        using var frame = arena.Frame();
        var sums = EqualityScratch(arena);
        device.Ops.Fill(sums, 0);
        device.Ops.AddSquares(student.Parameters.Values, sums, 0);
        if (Teacher is not null) device.Ops.AddSquares(Teacher.Parameters.Values, sums, 1);
        var own = device.Download(sums.View.SubView(0, sums.Count));
        var all = MemoryMarshal.Cast<byte, long>(collective.Collect(MemoryMarshal.AsBytes(own.AsSpan()).ToArray()));
        for (int rank = 1; rank < all.Length; rank++)
            if (all[rank] != all[0])
                throw new CollectiveException($"rank {rank} holds other weights than rank 0 after step {Steps:N0}, and since step {equalStep:N0} at "
                    + "the earliest: go on from a checkpoint of before by --resume FILE, and look at that machine's memory", ofAll: true);
        equalStep = Steps;
    }

    // Sum of squares of student and teacher.
    static Tensor EqualityScratch(Arena memory) => memory.Scratch(1, 2);

    /// <summary>Continues from a file that <see cref="Save(string)"/> wrote, for the same model and training configuration.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or something is missing or has another shape; the message names it.</exception>
    public void Load(string path) => Load(Checkpoint.Open(path));

    internal void Load(Checkpoint checkpoint)
    {
        var path = checkpoint.Path;
        var arrays = Safetensors.Read(path).Arrays.Where(entry => entry.Key != Seal.Name)
            .ToDictionary(entry => entry.Key, entry => entry.Value.ToNamedArray());
        using var exclusive = Exclusive();
        student.Parameters.Load(arrays, origin: path);
        optimizer.Load(arrays, path);
        if (Teacher is not null)
        {
            Teacher.Parameters.Load(arrays, "teacher/", path);
            device.Upload<float>(Values(Center, Teacher.Center.Count), Teacher.Center.View.SubView(0, Teacher.Center.Count));
        }
        if (Average is not null) student.Parameters.Load(Average.Values, arrays, AveragePrefix, path);
        stepState.Write(StateOf(StateArray));
        lastLayer?.Write(StateOf(LastLayerArray));
        lateHead?.Write(StateOf(HeadArray));
        foreach (var part in own) part.Load(arrays, path);
        gram?.Anchor.Load(arrays, Anchor, path);
        if (masked is not null)
            device.Upload<float>(Values(MaskCenter, masked.Center.Count), masked.Center.View.SubView(0, masked.Center.Count));
        Steps = checkpoint.Step;

        // One that is shorter was made before there were so many losses.
        float[] StateOf(string name) => arrays.GetValueOrDefault(name)?.Values.Length is { } length and >= StepState.MoreSums
            && length < StepState.Size ? Values(name, length) : Values(name, StepState.Size);

        float[] Values(string name, int count) =>
            arrays.TryGetValue(name, out var array) && array.Values.Length == count ? array.Values
            : throw new InvalidDataException($"{path} lacks '{name}' of {count} values");
    }
}
