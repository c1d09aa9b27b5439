namespace Silc.Tests;

[TestClass]
public sealed class ProbeTests : TempFolder
{
    static (float[,] Features, int[] Labels) Clusters(int count, int width, int classes, int seed, double spread = 1)
    {
        var random = new Random(seed);
        var (features, labels) = (new float[count, width], new int[count]);
        for (int i = 0; i < count; i++)
        {
            labels[i] = i % classes;
            for (int c = 0; c < width; c++)
                features[i, c] = (float)((c % classes == labels[i] ? 1 : 0) * (1 + c % 3) + spread * (random.NextDouble() * 4 - 2) + c);
        }
        return (features, labels);
    }

    static float[] Flat(Vectors rows) => rows.Values.ToArray();

    double[] Numpy(string code, params NamedArray[] arrays)
    {
        Npz.Write(At("in.npz"), arrays);
        NumpyPeer.Run($"z = np.load('{At("in.npz")}'); globals().update({{k: z[k].astype(np.float64) for k in z}}); "
            + $"{code}; np.savez('{At("out.npz")}', out=out)");
        return [.. Npz.Read(At("out.npz"))["out"].Floats().Select(x => (double)x)];
    }

    /// <summary>big_vision's way: an eigendecomposition of XᵀX; for fewer rows than columns the result is the same.</summary>
    [TestMethod]
    [DataRow(60, 9), DataRow(7, 30), DataRow(12, 11)]
    public void Least_squares_agree_with_an_eigendecomposition_in_numpy(int count, int width)
    {
        var (features, labels) = Clusters(count, width, 3, seed: 1);
        features[0, 2] += 1e-3f;
        var (test, _) = Clusters(20, width, 3, seed: 2);
        var scores = new RidgeProbe(features, labels, 3).Scores(test);
        var expected = Numpy(
            "m, s = x.mean(0), x.std(0) + 1e-5; b = lambda a: np.c_[(a - m) / s, np.full(len(a), 100.)]; "
            + "X = b(x); Y = 2 * np.eye(3)[l.astype(int)] - 1; "
            + "e, q = np.linalg.eigh(X.T @ X); out = b(t) @ (q / (np.maximum(e, 0) + 1024) @ (q.T @ X.T @ Y))",
            new("x", [count, width], Flat(features)), new("l", [count], [.. labels.Select(l => (float)l)]), new("t", [20, width], Flat(test)));
        Close.To(expected, Flat(scores), 1e-6, $"{count} x {width}");
    }

    [TestMethod]
    public void The_linear_probe_stands_at_the_minimum_that_newton_steps_in_numpy_find()
    {
        var (features, labels) = Clusters(90, 4, 3, seed: 3);
        var (test, _) = Clusters(10, 4, 3, seed: 4);
        foreach (var penalty in new[] { 1e-3, 1e-1 })
        {
            var logits = LinearProbe.Fit(features, labels, 3, penalty).Scores(test);
            // Hessian: mean of x xᵀ ⊗ (diag p - p pᵀ), plus the penalty; logits are known up to a constant a row.
            var expected = Numpy(
                $"m, s = x.mean(0), x.std(0) + 1e-8; b = lambda a: np.c_[(a - m) / s, np.ones(len(a))]; "
                + "X = b(x); Y = np.eye(3)[l.astype(int)]; n = len(X); W = np.zeros((5, 3)); "
                + $"R = {penalty} * np.r_[np.ones(4), 0]; "
                + "P = lambda W: (lambda e: e / e.sum(1, keepdims=True))(np.exp(X @ W - (X @ W).max(1, keepdims=True)))\n"
                + "for _ in range(50):\n p = P(W); g = X.T @ (p - Y) / n + R[:, None] * W; "
                + "H = np.einsum('ni,nj,nab->iajb', X, X, p[:, :, None] * np.eye(3) - p[:, :, None] * p[:, None, :]) / n\n"
                + " H = H.reshape(15, 15) + np.kron(np.diag(R), np.eye(3)); W = W - np.linalg.lstsq(H, g.ravel(), rcond=None)[0].reshape(5, 3)\n"
                + "out = b(t) @ W; out = out - out.mean(1, keepdims=True)",
                new("x", [90, 4], Flat(features)), new("l", [90], [.. labels.Select(l => (float)l)]), new("t", [10, 4], Flat(test)));
            for (int i = 0; i < 10; i++)
                for (int k = 0; k < 3; k++)
                    Assert.AreEqual(expected[i * 3 + k], logits[i, k] - (logits[i, 0] + logits[i, 1] + logits[i, 2]) / 3, 1e-3, $"penalty {penalty}");
        }
    }

    [TestMethod]
    public void The_penalty_is_chosen_on_rows_that_were_kept_back()
    {
        var (features, labels) = Clusters(200, 30, 4, seed: 5, spread: 2);
        var (probe, penalty) = LinearProbe.Tune(features, labels, 4);
        CollectionAssert.Contains(LinearProbe.UsualPenalties.ToArray(), penalty);
        var (test, testLabels) = Clusters(100, 30, 4, seed: 6, spread: 2);
        Assert.IsTrue(Classification.Of(probe.Scores(test), testLabels).Top1 > 0.7);
        Assert.Contains("one of five", Assert.ThrowsExactly<ArgumentException>(() => LinearProbe.Tune(new float[3, 2], [0, 1, 2], 3)).Message);
    }

    [TestMethod]
    public void Neighbours_vote_with_the_weights_of_DINO()
    {
        var (known, labels) = Clusters(50, 6, 4, seed: 7);
        var (queries, _) = Clusters(9, 6, 4, seed: 8);
        foreach (var (k, votes) in KnnClassifier.Votes(known, labels, queries, 5, [1, 10, 50]))
            for (int q = 0; q < 9; q++)
            {
                double Length(Vectors rows, int i) => Math.Sqrt(Enumerable.Range(0, 6).Sum(c => (double)rows[i, c] * rows[i, c]));
                double Cosine(int i) => Enumerable.Range(0, 6).Sum(c => (double)queries[q, c] * known[i, c]) / Length(queries, q) / Length(known, i);
                var nearest = Enumerable.Range(0, 50).OrderByDescending(Cosine).Take(k).ToList();
                for (int c = 0; c < 5; c++)
                {
                    var expected = nearest.Where(i => labels[i] == c).Sum(i => Math.Exp(Cosine(i) / 0.07));
                    Assert.AreEqual(expected, votes[q, c], 1e-4 * Math.Exp(1 / 0.07), $"k {k}");
                    Assert.AreEqual(expected == 0, votes[q, c] == 0);
                }
            }
        Assert.Contains("51", Assert.ThrowsExactly<ArgumentException>(() => KnnClassifier.Votes(known, labels, queries, 5, [51]).ToList()).Message);
    }

    [TestMethod]
    public void Shots_are_of_every_class_and_another_seed_draws_others()
    {
        int[] labels = [.. Enumerable.Range(0, 60).Select(i => i % 3)];
        var rows = FewShot.Draw(labels, 5, seed: 1);
        Assert.HasCount(15, rows.Distinct().ToList());
        CollectionAssert.AreEqual(new[] { 5, 5, 5 }, rows.CountBy(row => labels[row]).OrderBy(count => count.Key)
            .Select(count => count.Value).ToArray());
        CollectionAssert.AreEqual(rows, FewShot.Draw(labels, 5, seed: 1));
        CollectionAssert.AreNotEqual(rows, FewShot.Draw(labels, 5, seed: 2));
        Assert.Contains("class 2 has 20", Assert.ThrowsExactly<ArgumentException>(() => FewShot.Draw([.. labels, 0, 1], 21, 0)).Message);

        var (known, knownLabels) = Clusters(120, 6, 3, seed: 9);
        var score = FewShot.Score(known, knownLabels, known, knownLabels, shots: 25);
        Assert.HasCount(3, score.Accuracies);
        Assert.AreEqual(score.Accuracies.Average(), score.Mean, 1e-12);
        Assert.IsTrue(score.Mean > 0.5 && score.Spread >= 0);
    }

    [TestMethod]
    public void Top_one_top_five_and_confusion_by_hand()
    {
        // Ties go to the lower class: the third row's best is class 0.
        float[,] scores = { { 0.1f, 0.9f, 0, 0, 0, 0 }, { 0.6f, 0.5f, 0.4f, 0.3f, 0.2f, 0.1f }, { 1, 1, 1, 1, 1, 1 } };
        var found = Classification.Of(scores, [1, 5, 1]);
        Assert.AreEqual((1 / 3.0, 2 / 3.0), (found.Top1, found.Top5));
        Assert.AreEqual(1, found.Confusion[5, 0]);
        Assert.AreEqual(1, found.Confusion[1, 0]);
        Assert.AreEqual(1, Classification.Of(new float[,] { { 0, 1 } }, [0]).Top5);
        Assert.ThrowsExactly<ArgumentException>(() => Classification.Of(scores, [1, 5, 6]));
        Assert.ThrowsExactly<ArgumentException>(() => Classification.Of(new float[0, 2], []));
    }
}
