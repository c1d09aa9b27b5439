namespace Silc.Tests;

[TestClass]
public sealed class EmbeddingOpTests
{
    // Positions, vocabulary, channels: also tokens that come often, and tokens that never come.
    static readonly (int Count, int Vocab, int Cols)[] Sizes = [(1, 1, 1), (7, 33, 33), (130, 7, 130), (33, 130, 7), (3, 2, 300)];

    [TestMethod, EveryDevice]
    public void Embed(string device) => OpTest.Run(device, t =>
    {
        foreach (var (count, vocab, cols) in Sizes)
        {
            var tokens = t.RandomIntegers(count, vocab);
            DeviceMatrix table = t.Random(vocab, cols), y = t.Output(count, cols);
            t.Ops.Embed(t.Integers(tokens), table, y);
            t.Check(y, 0, () => Naive.Embed(tokens, table));
        }
    });

    [TestMethod, EveryDevice]
    public void UnpackBytes(string device) => OpTest.Run(device, t =>
    {
        foreach (var count in (int[])[1, 4, 7, 33, 130, 5003])
        {
            var words = t.RandomIntegers((count + 3) / 4, int.MaxValue);
            // The highest byte takes the sign.
            for (int i = 0; i < words.Length; i += 2) words[i] = ~words[i];
            DeviceMatrix values = t.Random(1, 256), y = t.Output(1, count);
            t.Ops.UnpackBytes(t.Integers(words), values, y);
            t.Check(y, 0, () => Matrix.Make(1, count, (_, i) => values.Before[0, BitConverter.GetBytes(words[i / 4])[i % 4]]));
        }
    });

    [TestMethod, EveryDevice]
    public void EmbedBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (count, vocab, cols) in Sizes)
        {
            var tokens = t.RandomIntegers(count, vocab);
            DeviceMatrix dy = t.Random(count, cols), dTable = t.Random(vocab, cols);
            t.Ops.EmbedBackward(t.Integers(tokens), t.Integers(TokenBatch.Sort(tokens)), dy, dTable);
            t.Check(dTable, Close.Float32, () =>
            {
                var sums = dTable.Before.Map(v => v);
                for (int n = 0; n < count; n++)
                    for (int c = 0; c < cols; c++) sums[tokens[n], c] += dy.Before[n, c];
                return sums;
            });
        }
    });

    [TestMethod]
    public void Sort_is_by_token_and_then_by_position()
    {
        var random = new Random(3);
        int[] tokens = [.. Enumerable.Range(0, 1000).Select(_ => random.Next(9))];
        CollectionAssert.AreEqual(Enumerable.Range(0, 1000).OrderBy(i => tokens[i]).ToArray(), TokenBatch.Sort(tokens));
    }

    [TestMethod, EveryDevice]
    public void Patches(string device) => OpTest.Run(device, t =>
    {
        foreach (var (images, side, patch) in new[] { (1, 1, 1), (3, 6, 2), (2, 21, 7), (2, 27, 7), (1, 33, 33), (5, 32, 8) })
        {
            int grid = side / patch;
            DeviceMatrix pixels = t.Random(images, side * side * 3), y = t.Output(images * grid * grid, patch * patch * 3);
            t.Ops.Patches(pixels, y, side, patch);
            t.Check(y, 0, () => Naive.Patches(pixels, side, patch));
        }
    });
}
