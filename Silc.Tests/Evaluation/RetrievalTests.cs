namespace Silc.Tests;

[TestClass]
public sealed class RetrievalTests : TempFolder
{
    [TestMethod]
    public void Merged_duplicates_belong_to_every_partner_and_take_one_place()
    {
        // Images 0 and 2 are one; caption "dog" is of images 0 and 1.
        var (pairs, firstImages, firstTexts) = RetrievalPairs.Merge(["a", "b", "a"], ["dog", "cat", "dog", "pet", "dog"], [0, 0, 1, 1, 2]);
        CollectionAssert.AreEqual(new[] { 0, 1 }, firstImages);
        CollectionAssert.AreEqual(new[] { 0, 1, 3 }, firstTexts);
        CollectionAssert.AreEqual(new[] { 0, 1 }, pairs.TextsOfImage[0].ToArray());
        CollectionAssert.AreEqual(new[] { 0, 2 }, pairs.TextsOfImage[1].ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1 }, pairs.ImagesOfText[0].ToArray());
        Assert.ThrowsExactly<ArgumentException>(() => RetrievalPairs.Merge(["a"], ["dog"], [1]));

        // Both images look like "dog": the second one's own caption is the duplicate behind the first's, a miss unless merged.
        float[,] images = { { 1, 0 }, { 1, 0 } }, dogs = { { 1, 0 }, { 1, 0 } }, dog = { { 1, 0 } };
        Assert.AreEqual(0.5, Retrieval.ImageToText(images, dogs, [0, 1]).At1);
        Assert.AreEqual(0.5, Retrieval.TextToImage(images, dogs, [0, 1]).At1);
        var merged = RetrievalPairs.Merge(["a", "b"], ["dog", "dog"], [0, 1]).Pairs;
        Assert.AreEqual(1, Retrieval.ImageToText(images, dog, merged).At1);
        Assert.AreEqual(1, Retrieval.TextToImage(images, dog, merged).At1);
    }

    [TestMethod, EveryDevice]
    public void Recalls_are_those_of_a_stable_sort_in_numpy(string device)
    {
        var random = new Random(11);
        int[] owners = [.. Enumerable.Range(0, 300).Select(_ => random.Next(70))];
        float[,] images = new float[70, 5], texts = new float[300, 5];
        for (int i = 0; i < images.Length; i++) images[i / 5, i % 5] = random.NextSingle() - 0.5f;
        for (int i = 0; i < texts.Length; i++) texts[i / 5, i % 5] = images[owners[i / 5], i % 5] + (random.NextSingle() - 0.5f) * 0.9f;
        Npz.Write(At("in.npz"), [new("i", [70, 5], [.. images.Cast<float>()]), new("t", [300, 5], [.. texts.Cast<float>()]),
            new("o", [300], [.. owners.Select(o => (float)o)])]);
        var printed = NumpyPeer.Run(
            $"z = np.load('{At("in.npz")}'); n = lambda a: a / np.linalg.norm(a, axis=1, keepdims=True); "
            + "s = n(z['i'].astype(float)) @ n(z['t'].astype(float)).T; o = z['o'].astype(int); "
            + "r = np.argsort(-s, 1, kind='stable'); q = np.argsort(-s.T, 1, kind='stable'); c = [i for i in range(70) if (o == i).any()]; "
            + "print(*[np.mean([(o[r[i, :k]] == i).any() for i in c]) for k in (1, 5, 10)], "
            + "*[np.mean((q[:, :k] == o[:, None]).any(1)) for k in (1, 5, 10)])");
        var expected = printed.Split(' ').Select(double.Parse).ToArray();
        NeighbourSearch search = TestDevices.Open(device).FindNeighbours;
        foreach (var how in new[] { search, null })
        {
            var (found, back) = (Retrieval.ImageToText(images, texts, owners, how), Retrieval.TextToImage(images, texts, owners, how));
            var actual = new[] { found.At1, found.At5, found.At10, back.At1, back.At5, back.At10 };
            for (int i = 0; i < 6; i++) Assert.AreEqual(expected[i], actual[i], 1e-12);
        }
    }
}
