namespace Silc;

/// <summary>
/// The backward of a layer Y = f(X): maps dLoss/dY to dLoss/dX and adds to the gradients of the layer's parameters on the way. Every
/// pullback keeps one contract; the three kinds differ in where dX goes, and their types say it.
/// </summary>
/// <remarks>
/// <para>Kinds. A <see cref="Pullback"/> writes dX into a new tensor. An <see cref="InPlacePullback"/> leaves dX in the place of dY, as
/// blocks with a residual do. A <see cref="ParameterPullback"/> has no dX: the layer's input is data.</para>
/// <para>Memory. A pullback allocates no result: <see cref="Invoke"/> takes it from the frame that is open at the call, then opens a frame
/// around the code of the layer, which closes behind it. What the layer allocates is gone after the call, and the result stays until the
/// caller's frame closes. What the forward kept is freed by the frame around the forward.</para>
/// <para>dY. It is spent: the layer may overwrite it, and the caller reads it no more. Debug builds fill it with NaN. In place, dY is dX.</para>
/// <para>Order. Pullbacks run in reverse order of their forwards, while the frames of those are open, and only where
/// <see cref="Pass.Training"/> is true.</para>
/// <para>Threads: one at a time, as for <see cref="Device.Ops"/>.</para>
/// </remarks>
sealed class Pullback
{
    readonly Pass pass;
    readonly int rows, cols;
    readonly Action<Tensor, Tensor> back;

    /// <summary>The backward of a layer whose input is <paramref name="x"/>.</summary>
    /// <param name="pass">The pass of the forward.</param>
    /// <param name="x">X (N, C), for the size of dX, which is float32.</param>
    /// <param name="back">Given dY and dX: writes every element of dX, whose contents are undefined, and adds to the parameters' gradients.</param>
    public Pullback(Pass pass, Tensor x, Action<Tensor, Tensor> back) => (this.pass, rows, cols, this.back) = (pass, x.Rows, x.Cols, back);

    /// <summary>dX (N, C), allocated in the frame that is open now.</summary>
    /// <param name="dy">dLoss/dY; spent.</param>
    /// <exception cref="InvalidOperationException">The forward was one of inference, or no frame is open.</exception>
    public Tensor Invoke(Tensor dy)
    {
        var dx = pass.Scratch(rows, cols);
        Into(dy, dx);
        return dx;
    }

    /// <summary>Writes dX into memory of the caller's.</summary>
    /// <param name="dy">dLoss/dY; spent.</param>
    /// <param name="dx">(N, C).</param>
    /// <exception cref="InvalidOperationException">The forward was one of inference.</exception>
    /// <exception cref="ArgumentException">dX has another size than X; the message gives both.</exception>
    public void Into(Tensor dy, Tensor dx)
    {
        if ((dx.Rows, dx.Cols) != (rows, cols))
            throw new ArgumentException($"dX is {dx.Rows} x {dx.Cols}, X was {rows} x {cols}: give dX the size of X");
        using (pass.BackwardFrame()) back(dy, dx);
        pass.Arena.Spend(dy);
    }
}

/// <summary>
/// A <see cref="Pullback"/> that leaves dX in the place of dY, which so becomes the gradient before the layer: the backward of a block
/// Y = X + f(X), which adds fᵀ(dY) into dY. Its contract is that of <see cref="Pullback"/>. Threads: one at a time.
/// </summary>
sealed class InPlacePullback
{
    readonly Pass pass;
    readonly Action<Tensor>? plain;
    readonly Action<Tensor, Tensor>? back;

    /// <summary>The backward of a layer whose products do not read dY.</summary>
    /// <param name="pass">The pass of the forward.</param>
    /// <param name="back">Given dY, turns it into dX and adds to the parameters' gradients.</param>
    public InPlacePullback(Pass pass, Action<Tensor> back) => (this.pass, plain) = (pass, back);

    /// <summary>The backward of a layer whose products read dY.</summary>
    /// <param name="pass">The pass of the forward.</param>
    /// <param name="back">
    /// Given dY, and dY as an activation (see <see cref="Pass.AsActivation"/>), which
    /// may be dY itself: turns both into dX and adds to the parameters' gradients.
    /// </param>
    public InPlacePullback(Pass pass, Action<Tensor, Tensor> back) => (this.pass, this.back) = (pass, back);

    /// <summary>Turns dY into dX.</summary>
    /// <param name="gradient">dLoss/dY before the call, dLoss/dX after it; float32.</param>
    /// <exception cref="InvalidOperationException">The forward was one of inference.</exception>
    public void Invoke(Tensor gradient)
    {
        using var _ = pass.BackwardFrame();
        if (plain is not null) plain(gradient);
        else Invoke(gradient, pass.AsActivation(gradient));
    }

    /// <summary>The same for a caller that has the gradient as an activation too, and wants that of dX.</summary>
    internal void Invoke(Tensor gradient, Tensor rounded)
    {
        using var _ = pass.BackwardFrame();
        back?.Invoke(gradient, rounded);
        if (plain is null) return;
        plain(gradient);
        if (rounded != gradient) pass.Ops.Copy(gradient, rounded);
    }
}

/// <summary>
/// A <see cref="Pullback"/> of a layer whose input is data, pixels or token ids: it adds to the parameters' gradients and has no dX.
/// Its contract is that of <see cref="Pullback"/>. Threads: one at a time.
/// </summary>
/// <param name="pass">The pass of the forward.</param>
/// <param name="back">Given dY: adds to the parameters' gradients.</param>
sealed class ParameterPullback(Pass pass, Action<Tensor> back)
{
    /// <summary>Adds to the parameters' gradients.</summary>
    /// <param name="dy">dLoss/dY; spent.</param>
    /// <exception cref="InvalidOperationException">The forward was one of inference.</exception>
    public void Invoke(Tensor dy)
    {
        using (pass.BackwardFrame()) back(dy);
        pass.Arena.Spend(dy);
    }
}
