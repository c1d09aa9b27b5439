namespace Silc;

/// <summary>
/// Self-distillation head: Dense, GELU, Dense, GELU, Dense, L2 norm, then cosines with K weight-normalised prototypes, times their gains if
/// these are trained. Caron et al. 2021 (DINO, arXiv:2104.14294). (N, C) to (N, K). Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class DinoHead
{
    const float Epsilon = 1e-12f;       // DINO's, in the L2 norm

    readonly Linear[] dense;
    readonly Parameter prototypes;
    readonly Parameter? gains;

    /// <summary>
    /// Declares <c>name/Dense_0…2</c>, <c>name/prototypes/kernel</c> (bottleneck, K), whose column k is v_k, and with
    /// <see cref="HeadConfig.Gains"/> <c>name/prototypes/gain/kernel</c> (1, K), a kernel because DINO's decays.
    /// </summary>
    public DinoHead(Parameters parameters, string name, int width, HeadConfig head)
    {
        var init = Inits.TruncatedNormal(0.02, bound: 2);       // DINO's trunc_normal_, whose bounds cut nothing
        dense = [
            new(parameters, $"{name}/Dense_0", width, head.Hidden, init),
            new(parameters, $"{name}/Dense_1", head.Hidden, head.Hidden, init),
            new(parameters, $"{name}/Dense_2", head.Hidden, head.Bottleneck, init)];
        prototypes = parameters.Add($"{name}/prototypes/kernel", head.Bottleneck, head.Prototypes, Inits.Uniform(1 / Math.Sqrt(head.Bottleneck)));
        gains = head.Gains ? parameters.Add($"{name}/prototypes/gain/kernel", 1, head.Prototypes, Inits.Ones) : null;
    }

    /// <summary>Cosines with every prototype, (N, K), and the pullback.</summary>
    public (Tensor Logits, Pullback Back) Forward(Pass pass, Tensor x)
    {
        var logits = pass.Saved(x.Rows, prototypes.Cols);
        return (logits, Forward(pass, x, logits));
    }

    /// <summary>The same into given memory: with 65,536 prototypes nothing is larger.</summary>
    internal Pullback Forward(Pass pass, Tensor x, Tensor logits)
    {
        var ops = pass.Ops;
        var (h0, h1) = (pass.Saved(x.Rows, dense[0].Outputs), pass.Saved(x.Rows, dense[1].Outputs));
        var (bottleneck, unit, norms) = (pass.Saved(x.Rows, dense[2].Outputs), pass.Saved(x.Rows, dense[2].Outputs), pass.Saved(x.Rows, 1));
        var (w, lengths) = (pass.Saved(prototypes.Rows, prototypes.Cols), pass.Saved(1, prototypes.Cols));
        using (pass.Frame())
        {
            var (a0, a1) = (pass.Scratch(h0.Rows, h0.Cols), pass.Scratch(h1.Rows, h1.Cols));
            dense[0].RunGelu(pass, x, h0, a0, GeluKind.Exact);
            dense[1].RunGelu(pass, a0, h1, a1, GeluKind.Exact);
            dense[2].Run(pass, a1, bottleneck);
        }
        ops.L2Normalize(bottleneck, unit, norms, Epsilon);
        ops.NormalizeColumns(prototypes.Value, w, lengths);
        var scaled = w;
        if (gains is not null)
        {
            scaled = pass.Saved(w.Rows, w.Cols);
            ops.ScaleColumns(w, gains.Value, scaled);
        }
        ops.MatMul(unit, scaled, logits);
        return new(pass, x, (dLogits, dx) =>
        {
            var (dUnit, dBottleneck) = (pass.Scratch(x.Rows, unit.Cols), pass.Scratch(x.Rows, unit.Cols));
            using (pass.Frame())
            {
                var dw = pass.Scratch(w.Rows, w.Cols);
                ops.MatMul(unit, dLogits, dw, Transpose.A);
                if (gains is not null) ops.ScaleColumnsBackward(dw, w, gains.Value, gains.Grad);
                ops.NormalizeColumnsBackward(dw, w, lengths, prototypes.Grad);
            }
            ops.MatMul(dLogits, scaled, dUnit, Transpose.B);
            ops.L2NormalizeBackward(dUnit, unit, norms, dBottleneck, Epsilon);

            var (dh1, dh0, a) = (pass.Scratch(h1.Rows, h1.Cols), pass.Scratch(h0.Rows, h0.Cols), pass.Scratch(h1.Rows, h1.Cols));
            dense[2].GeluInputGrad(pass, dBottleneck, h1, dh1, a, GeluKind.Exact);
            dense[2].ParameterGrads(pass, a, dBottleneck);
            dense[1].GeluInputGrad(pass, dh1, h0, dh0, a, GeluKind.Exact);
            dense[1].ParameterGrads(pass, a, dh1);
            dense[0].ParameterGrads(pass, x, dh0);
            dense[0].InputGrad(pass, dh0, dx);
        }
        );
    }
}
