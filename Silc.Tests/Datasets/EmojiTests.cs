using System.Text;

namespace Silc.Tests;

[TestClass]
public sealed class EmojiTests
{
    [TestMethod]
    [DataRow("1F468-200D-2695-FE0F", "1f468-200d-2695")]
    [DataRow("2764-FE0F", "2764")]
    public void KeysDropTheVariationSelector(string codePoints, string key) =>
        Assert.AreEqual(key, EmojiConcept.KeyOf(codePoints));

    [TestMethod]
    [DataRow("1f468-200d-1f680", "1f9d1-200d-1f680")]
    [DataRow("1f469-1f3fd-200d-1f680", "1f9d1-200d-1f680")]
    [DataRow("1f64e-1f3ff-200d-2640", "1f64e")]
    [DataRow("2640", "2640")]
    [DataRow("1f436", "1f436")]
    public void VariantsShareABase(string key, string expected) => Assert.AreEqual(expected, EmojiConcept.BaseOf(key));

    [TestMethod]
    [DataRow("person: blond hair", "person-blond-hair")]
    [DataRow("flag: Åland Islands", "flag-aland-islands")]
    [DataRow("flag: Côte d’Ivoire", "flag-cote-divoire")]
    [DataRow("Trinidad & Tobago", "trinidad-and-tobago")]
    public void AnnotationsBecomeSlugs(string annotation, string slug) => Assert.AreEqual(slug, EmojiNames.Slug(annotation));

    [TestMethod]
    public void IconsAreFoundByCodePointsThenByNameThenBySynonym()
    {
        EmojiConcept[] concepts =
        [
            Concept("1f600", "grinning face"), Concept("1f43b", "bear"), Concept("1f997", "cricket"),
            Concept("1f3cf", "cricket game"),
        ];
        var modern = Set("""{"a":{"body":"<g/>"}}""", "{}", """{"1f600":"a"}""");
        var old = Set(
            """{"bear-face":{"body":"<g/>"},"cricket-game":{"body":"<g/>"}}""",
            """{"bear":{"parent":"bear-face"},"cricket":{"parent":"cricket-game"}}""");
        var names = new EmojiNames(concepts, [modern, old]);

        Assert.AreEqual("a", names.Join(modern, concepts)["1f600"]);
        var joined = names.Join(old, concepts);
        Assert.AreEqual("bear-face", joined["1f43b"]);
        Assert.AreEqual("cricket-game", joined["1f3cf"]);
        Assert.IsFalse(joined.ContainsKey("1f997"), "the bat must not stand for the insect");
    }

    [TestMethod]
    public void MirroredIconsAreMirrored()
    {
        var set = Set(
            """{"left":{"body":"<rect width='8' height='16' fill='#f00'/>"}}""", """{"right":{"parent":"left","hFlip":true}}""");
        var image = SvgImage.Parse(set.Svg("right")).Render(16, 16);
        Assert.AreEqual(0, image.Rgba[4 * (8 * 16 + 4) + 3]);
        Assert.AreEqual(255, image.Rgba[4 * (8 * 16 + 12) + 3]);
    }

    [TestMethod]
    public void ArtIsCroppedAndSquared()
    {
        var art = SvgImage.Parse("<svg viewBox='0 0 72 72'><rect x='30' y='10' width='10' height='40' fill='#f00'/></svg>");
        var box = Drawing.OpaqueBox(EmojiArt.Render(art, 40), 128);
        Assert.IsTrue(box.Top <= 1 && box.Bottom >= 39, box.ToString());
        Assert.IsTrue(Math.Abs(box.Left - 15) <= 1 && Math.Abs(box.Right - 25) <= 1, box.ToString());
    }

    [TestMethod]
    public void IndexSurvivesARoundTrip()
    {
        using var folder = new Scratch();
        var bear = Concept("1f43b", "bear, \"big\"") with { Tags = ["face", "teddy"] };
        using (var index = File.Create(Path.Combine(folder.Path, "emoji.csv"))) EmojiRow.Write(index,
            [new EmojiRow("noto/1f43b.png", "noto", bear, "train", "00ff")]);
        var row = EmojiSet.Load(folder.Path).Train().Rows[0];
        Assert.AreEqual("bear, \"big\"", row.Concept.Annotation);
        CollectionAssert.AreEqual(new[] { "face", "teddy" }, row.Concept.Tags.ToArray());
    }

    [TestMethod]
    public void AFolderWithOtherFilesIsRefused()
    {
        using var folder = new Scratch();
        File.WriteAllText(Path.Combine(folder.Path, "thesis.txt"), "mine");
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => EmojiPreparer.Prepare(folder.Path));
        StringAssert.Contains(error.Message, folder.Path);
    }

    /// <summary>The real packages, the smallest training style only: about 5 MB and 3,000 small images.</summary>
    [TestMethod]
    public void PackagesBecomeATrainingSet()
    {
        using var folder = new Scratch();
        var target = Path.Combine(folder.Path, "emoji");
        if (Peer.Hidden) Assert.Inconclusive($"npm is hidden by {Peer.BareVariable}");
        EmojiPreparation made;
        try
        {
            made = EmojiPreparer.Prepare(target, size: 24, styles: ["emojione"]);
        }
        catch (InvalidOperationException exception)
        {
            Assert.Inconclusive(exception.Message.StartsWith("npm was not found", StringComparison.Ordinal)
                ? $"npm is not installed: {exception.Message}" : $"npm cannot fetch: {exception.Message}");
            return;
        }
        Assert.AreEqual(1914, made.Images["openmoji"]);
        Assert.IsTrue(made.Images["emojione"] is > 1050 and < 1130, $"{made.Images["emojione"]} emojione images");
        Assert.IsTrue(EmojiPreparer.Prepare(target, size: 24, styles: ["emojione"]).AlreadyThere);
        Assert.AreEqual(1, Directory.GetFileSystemEntries(folder.Path).Length, "temporary files were left behind");

        var set = EmojiSet.Load(target);
        Assert.AreEqual(760_289, new FileInfo(set.SentencePiecePath).Length);
        var unseen = set.UnseenStyle();
        Assert.AreEqual(1644, unseen.Count);
        var dog = set.Train(heldOutToo: true).Rows.First(row => row.Concept.Key == "1f436");
        Assert.AreEqual(("dog face", "animals-nature"), (dog.Concept.Annotation, dog.Concept.Group));
        var (train, heldOut) = (set.Train(), set.HeldOut(withoutFlags: false));
        Assert.AreEqual(0.11, heldOut.Count / (double)train.Count, 0.05);
        Assert.IsFalse(train.Rows.Select(row => row.Concept.Base).Intersect(heldOut.Rows.Select(row => row.Concept.Base)).Any());
        var pair = unseen.Read(0);
        Assert.AreEqual("grinning face", pair.Captions[0]);
        Assert.AreEqual(0, pair.Image.Rgba[3], "the corner beside a round face is transparent");
    }

    static EmojiConcept Concept(string key, string annotation) => new(key, annotation, key, "group", "subgroup", []);

    static IconSet Set(string icons, string aliases, string chars = "{}") => new(
        Encoding.UTF8.GetBytes($$"""{"width":16,"height":16,"icons":{{icons}},"aliases":{{aliases}}}"""),
        Encoding.UTF8.GetBytes(chars));

    [TestMethod]
    public void CaptionsAreTheAnnotationAloneAndWithItsTagsFromDifferentOnesOn()
    {
        using var folder = new TemporaryFolder();
        ImageFile.Write(folder.File("a.png"), Images.Plain(4, 4, 9, 9, 9));
        EmojiRow Row(params string[] tags) =>
            new("a.png", "style", new("1f436", "dog face", "1f436", "animals-nature", "animal-mammal", tags), EmojiRow.TrainSplit, "a");
        var source = new EmojiSource("dogs", folder.File(""), [Row("pet", "woof", "puppy", "dog"), Row()]);
        CollectionAssert.AreEqual(new[]
        {
            "dog face", "dog face, pet, woof, puppy, dog", "dog face, woof, puppy, dog, pet", "dog face, puppy, dog, pet, woof",
        }, source.Read(0).Captions.ToArray());
        CollectionAssert.AreEqual(new[] { "dog face" }, source.Read(1).Captions.ToArray());
    }
}
