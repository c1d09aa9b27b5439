namespace Silc;

/// <summary>Y = tanh(X · kernel + bias), big_vision's <c>pre_logits</c>. Keeps Y. Threads: one at a time, as for <see cref="Device.Ops"/>.</summary>
sealed class Representation(Parameters parameters, string name, int inputs, int outputs)
{
    readonly Linear dense = new(parameters, name, inputs, outputs, Inits.LecunNormal(inputs));

    /// <summary>Y and its pullback.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x)
    {
        var (y, back) = dense.Forward(pass, x);
        pass.Ops.Tanh(y);
        return (y, new(pass, x, (dy, dx) =>
        {
            pass.Ops.TanhBackward(y, dy);
            back.Into(dy, dx);
        }
        ));
    }

    /// <summary>The same behind a layer whose input is data.</summary>
    public (Tensor Y, ParameterPullback Back) Behind(Pass pass, Tensor x, ParameterPullback backX)
    {
        var (y, back) = Forward(pass, x);
        return (y, new(pass, dy => backX.Invoke(back.Invoke(dy))));
    }
}
