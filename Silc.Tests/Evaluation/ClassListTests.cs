namespace Silc.Tests;

[TestClass]
public sealed class ClassListTests : TempFolder
{
    [TestMethod]
    public void A_line_is_a_class_and_commas_separate_its_names()
    {
        File.WriteAllText(At("c.txt"), "kiss: woman\\, man, couple\ncrane\n keycap: # ,hash\n\n");
        var classes = ClassList.Read(At("c.txt"));
        CollectionAssert.AreEqual(new[] { "kiss: woman, man", "crane", "keycap: #" }, classes.Names.ToArray());
        CollectionAssert.AreEqual(new[] { "keycap: #", "hash" }, classes.Called[2].ToArray());
    }

    [TestMethod]
    [DataRow("", "names no class")]
    [DataRow("\n \n", "names no class")]
    [DataRow("cat\n\ndog\n", "line 2: an empty name")]
    [DataRow("cat,,kitten\n", "line 1: an empty name")]
    public void Slips_are_named_with_their_line(string content, string words)
    {
        File.WriteAllText(At("c.txt"), content);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => ClassList.Read(At("c.txt"))).Message;
        Assert.Contains(words, message);
        Assert.Contains("c.txt", message);
    }

    [TestMethod]
    public void The_eighty_templates_of_CLIP_are_eighty()
    {
        Assert.HasCount(81, Prompts.Clip.Distinct().ToList());
        Assert.AreEqual("{}", Prompts.Clip[^1]);
        // Some that a scheme would get wrong.
        foreach (var line in (string[])["a origami {}.", "the {} in a video game.", "a photo of a hard to see {}.", "itap of my {}.",
            "a jpeg corrupted photo of the {}.",
            "the embroidered {}.", "a close-up photo of a {}.", "graffiti of the {}.", "a photo of many {}.", "a black and white photo of a {}."])
            CollectionAssert.Contains(Prompts.Clip.ToArray(), line);
        CollectionAssert.IsSubsetOf(Prompts.Short.ToArray(), Prompts.Clip.ToArray());
        Assert.HasCount(9, Prompts.Segmentation);
    }

    [TestMethod]
    public void Templates_come_from_files()
    {
        File.WriteAllText(At("t.txt"), "a {} here\n\n {} there \n");
        CollectionAssert.AreEqual(new[] { "a {} here", "{} there" }, Prompts.Templates(At("t.txt")).ToArray());
        Assert.AreSame(Prompts.Clip, Prompts.Templates("clip"));
        File.WriteAllText(At("t.txt"), "a {} here\nthere\n");
        Assert.Contains("line 2: 'there'", Assert.ThrowsExactly<InvalidDataException>(() => Prompts.Templates(At("t.txt"))).Message);
        File.WriteAllText(At("t.txt"), "\n");
        Assert.ThrowsExactly<InvalidDataException>(() => Prompts.Templates(At("t.txt")));
        Assert.Contains("segmentation", Assert.ThrowsExactly<FileNotFoundException>(() => Prompts.Templates("none.txt")).Message);
    }
}
