namespace Silc;

/// <summary>
/// What a forward pass needs besides its input: the operations, the memory, and whether a gradient will follow (see <see cref="Pullback"/>).
/// A forward leaves its input as it is, in training and in inference; methods that do not are named so (InPlace, Consuming).
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
/// <param name="Ops">Operations of the device.</param>
/// <param name="Arena">Activation memory.</param>
/// <param name="Training">False: nothing is kept for a gradient, and pullbacks throw.</param>
/// <param name="Recompute">Activation checkpointing: transformer blocks save their input alone, and run again for their gradient.</param>
/// <param name="Finished">
/// Is told the name of a transformer block when its pullback has queued the gradients of its parameters; null if nobody asks.
/// </param>
/// <param name="Locked">
/// The image tower stands still below its top blocks (<see cref="SilcConfig.TopBlocks"/>): it runs in inference, and gets no gradient.
/// </param>
sealed record Pass(Ops Ops, Arena Arena, bool Training = true, bool Recompute = false, Action<string>? Finished = null, bool Locked = false)
{
    /// <summary>Tokens of each image, where images have different numbers of them and lie one after another; null where all have the same.</summary>
    public IReadOnlyList<int>? Lengths { get; init; }

    /// <summary>A tensor that lives until the frame around it closes, or the arena is reset; contents undefined.</summary>
    public Tensor Saved(int rows, int cols) => Arena.Saved(rows, cols);

    /// <summary>A tensor for use inside the current frame, from the other end of the memory; contents undefined.</summary>
    /// <exception cref="InvalidOperationException">No frame is open.</exception>
    public Tensor Scratch(int rows, int cols) => Arena.Scratch(rows, cols);

    /// <summary>
    /// As <see cref="Saved"/>, for what products and attention read: stored as the device wants its activations. <paramref name="head"/>:
    /// channels of a head, where they are read head by head.
    /// </summary>
    public Tensor SavedActivation(int rows, int cols, int head = 0) => Arena.Saved(rows, cols, Ops.Activations(cols, head));

    /// <summary>As <see cref="SavedActivation"/>, from the other end of the memory.</summary>
    public Tensor ScratchActivation(int rows, int cols, int head = 0) => Arena.Scratch(rows, cols, Ops.Activations(cols, head));

    /// <summary>x in the form that products want: itself, or rounded once for all that will read it.</summary>
    public Tensor AsActivation(Tensor x)
    {
        if (Ops.Activations(x.Cols) == x.DType) return x;
        var y = ScratchActivation(x.Rows, x.Cols);
        Ops.Copy(x, y);
        return y;
    }

    /// <summary>Opens a frame: memory handed out inside it is free again at its end.</summary>
    public ArenaFrame Frame() => Arena.Frame();

    /// <summary>
    /// A frame in inference alone, for what a layer keeps beside its result, which is allocated before: nothing is kept for a gradient.
    /// </summary>
    internal ArenaFrame? InferenceFrame() => Training ? null : Arena.Frame();

    /// <summary>A frame around a pullback.</summary>
    internal ArenaFrame BackwardFrame() => Training
        ? Arena.Frame()
        : throw new InvalidOperationException("this forward was one of inference, which keeps nothing for a gradient: "
            + "run it with a Pass whose Training is true");
}
