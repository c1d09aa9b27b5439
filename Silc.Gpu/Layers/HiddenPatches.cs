namespace Silc;

/// <summary>
/// Patches that a tower does not see: in their place stands a learned vector, after the patch embedding and before positions are added. Zhou et al.
/// 2022 (iBOT), arXiv:2111.07832. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
/// <param name="Flags">1 for each hidden one of (B·N, 1), 0 for the others.</param>
/// <param name="Token">The vector (1, C).</param>
sealed record HiddenPatches(Tensor Flags, Parameter Token)
{
    /// <summary>Replaces rows of the patches (B·N, C).</summary>
    public void Replace(Pass pass, Tensor x) => pass.Ops.ReplaceRows(Flags, Token.Value, x);

    /// <summary>Its gradient: the vector's, and 0 in those rows.</summary>
    public void Back(Pass pass, Tensor dx) => pass.Ops.ReplaceRowsBackward(Flags, dx, Token.Grad);
}
