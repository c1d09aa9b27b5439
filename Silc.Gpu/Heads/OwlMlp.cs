namespace Silc;

/// <summary>Dense, GELU, dense, GELU, dense: OWL-ViT's heads of a token. Threads: one at a time, as for <see cref="Device.Ops"/>.</summary>
sealed class OwlMlp(Parameters parameters, string name, int width, int outputs)
{
    readonly Linear first = new(parameters, $"{name}/dense_0", width, width, Inits.LecunNormal(width));
    readonly Linear second = new(parameters, $"{name}/dense_1", width, width, Inits.LecunNormal(width));
    readonly Linear last = new(parameters, $"{name}/dense_2", width, outputs, Inits.Zeros);

    /// <summary>
    /// Y (N, outputs), and a backward which adds to dX, or leaves the gradient to the parameters where that is empty.
    /// </summary>
    public (Tensor Y, Action<Tensor, Tensor> Back) Forward(Pass pass, Tensor x)
    {
        Tensor h0 = Hidden(), h1 = Hidden(), y = pass.Saved(x.Rows, last.Outputs);
        using (pass.Frame())
        {
            Tensor a0 = Brief(), a1 = Brief();
            first.RunGelu(pass, x, h0, a0, GeluKind.Tanh);
            second.RunGelu(pass, a0, h1, a1, GeluKind.Tanh);
            last.Run(pass, a1, y);
        }
        return (y, (dy, dx) =>
        {
            using var _ = pass.BackwardFrame();
            Tensor a0 = Brief(), a1 = Brief(), dh0 = Brief(), dh1 = Brief();
            last.GeluInputGrad(pass, dy, h1, dh1, a1, GeluKind.Tanh);
            last.ParameterGrads(pass, a1, dy);
            second.GeluInputGrad(pass, dh1, h0, dh0, a0, GeluKind.Tanh);
            second.ParameterGrads(pass, a0, dh1);
            first.ParameterGrads(pass, x, dh0);
            if (dx.Count > 0) first.InputGrad(pass, dh0, dx, accumulate: true);
        }
        );

        Tensor Hidden() => pass.SavedActivation(x.Rows, first.Outputs);
        Tensor Brief() => pass.ScratchActivation(x.Rows, first.Outputs);
    }
}
