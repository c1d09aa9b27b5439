namespace Silc;

/// <summary>
/// The teacher's targets by optimal transport instead of a center: scores s (N, K) of the images of all ranks become soft assignments whose rows sum
/// to 1 and whose columns come near N / K, by three rounds of Sinkhorn and Knopp on exp(s / τ). Caron et al. 2020 (SwAV, arXiv:2006.09882), as in
/// DINOv2 (Oquab et al. 2023, arXiv:2304.07193). In logarithms a round is c_k = log Σ_n exp(s_nk / τ + u_n), u_n = -log Σ_k exp(s_nk / τ - c_k),
/// without the factors K and N, which cancel; after the last round the targets are softmax(s / τ - c), a teacher's softmax with the center τ·c.
/// Nothing underflows, however low the temperature. Of several ranks the sums of columns are exchanged, in each round. Threads: one at a time.
/// </summary>
sealed class SinkhornAssignment(ICollective collective)
{
    const int Rounds = 3;

    /// <summary>
    /// scores ← targets; <paramref name="sharpness"/> (1, 1) is 1 / τ. Rows whose weight in <paramref name="weights"/> (N, 1) is 0 change no
    /// other's targets, and their own are of no use; without weights all count.
    /// </summary>
    public void Run(Pass pass, Tensor scores, Tensor sharpness, Tensor weights = default)
    {
        var ops = pass.Ops;
        using var _ = pass.Frame();
        var (shifts, columns, share) = (pass.Scratch(scores.Rows, 1), pass.Scratch(1, scores.Cols), pass.Scratch(1, scores.Cols));
        Begin(pass, shifts, sharpness, weights);
        for (int round = 0; round < Rounds; round++)
        {
            if (round > 0) ops.SinkhornRows(scores, sharpness, columns, weights, shifts);
            ops.SinkhornColumns(scores, sharpness, shifts, columns);
            if (!collective.IsAlone) AddOverRanks(ops, columns, share);
        }
        ops.DivideBy(columns, sharpness, share);
        ops.TeacherSoftmax(scores, share, sharpness);
    }

    // Shifts of 0, but of rows that do not count: those of a column of zeros.
    static void Begin(Pass pass, Tensor shifts, Tensor sharpness, Tensor weights)
    {
        if (weights.Count == 0)
        {
            pass.Ops.Fill(shifts, 0);
            return;
        }
        var (zeros, zero) = (pass.Scratch(shifts.Rows, 1), pass.Scratch(1, 1));
        pass.Ops.Fill(zeros, 0);
        pass.Ops.Fill(zero, 0);
        pass.Ops.SinkhornRows(zeros, sharpness, zero, weights, shifts);
    }

    // log Σ over ranks of exp(that of this rank), from the largest.
    void AddOverRanks(Ops ops, Tensor columns, Tensor share)
    {
        ops.Copy(columns, share);
        collective.AllReduce(columns, Reduction.Max);
        ops.ExpDifference(share, columns, share);
        collective.AllReduce(share);
        ops.AddLog(share, columns);
    }
}
