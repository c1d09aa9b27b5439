namespace Silc.Tests;

/// <summary>Lists and folders of classes whose names are alike, or in another notation.</summary>
[TestClass]
public sealed class ClassNameTests : TempFolder
{
    [TestMethod]
    [DataRow("""["cat", "dog"]""")]
    [DataRow("""[["cat", "kitten"], "dog"]""")]
    [DataRow("""{"1": "dog", "0": "cat"}""")]
    [DataRow("""{"dog": 1, "cat": 0}""")]
    [DataRow("""{"0": ["n02121808", "cat"], "1": ["n02084071", "dog"]}""")]
    public void Lists_in_JSON_are_read(string json)
    {
        foreach (var name in (string[])["classes.json", "classes.txt"])
            CollectionAssert.AreEqual(new[] { "cat", "dog" }, ClassList.Read(Put(name, json)).Names.ToArray());
    }

    [TestMethod]
    [DataRow("""["cat", 7]""", "an array of names")]
    [DataRow("""{"0": "cat", "2": "dog"}""", "the labels should be 0 to 1, each once; there is 2 in the place of 1")]
    [DataRow("""{"cat": 0, "dog": 0}""", "the labels should be 0 to 1")]
    [DataRow("""["cat", "dog" """, "no valid JSON")]
    [DataRow("""["cat", ""]""", "class 1 has no name")]
    [DataRow("[]", "number of classes is 0")]
    public void Slips_in_JSON_are_named(string json, string expected)
    {
        var message = Assert.ThrowsExactly<InvalidDataException>(() => ClassList.Read(Put("classes.json", json))).Message;
        Assert.Contains(expected, message);
        Assert.Contains(At("classes.json"), message);
    }

    [TestMethod]
    [DataRow("0,cat,kitten\n1,dog\n"), DataRow("1, dog\n0, cat, kitten")]
    public void Numbers_before_names_are_labels(string text)
    {
        var classes = ClassList.Read(Put("classes.csv", text));
        CollectionAssert.AreEqual(new[] { "cat", "dog" }, classes.Names.ToArray());
        CollectionAssert.AreEqual(new[] { "cat", "kitten" }, classes.Called[0].ToArray());
    }

    [TestMethod]
    public void Numbers_alone_are_names() =>
        CollectionAssert.AreEqual(new[] { "3", "1", "7" }, ClassList.Read(Put("digits.txt", "3\n1\n7\n")).Names.ToArray());

    [TestMethod]
    [DataRow("1,cat\n2,dog", "line 2: the label 2; the labels of 2 classes are 0 to 1")]
    [DataRow("0,cat\n0,dog", "line 2: the label 0;")]
    [DataRow("label,name\n0,cat\n1,dog", "line 1, 'label,name', is a header")]
    public void Numbers_that_are_no_labels_are_named(string text, string expected) =>
        Assert.Contains(expected, Assert.ThrowsExactly<InvalidDataException>(() => ClassList.Read(Put("classes.csv", text))).Message);

    [TestMethod]
    [DataRow("['cat', 'dog']\n"), DataRow("(\"cat\", \"dog\")"), DataRow("['cat',\n 'dog']")]
    public void A_list_of_Python_is_named(string text) =>
        Assert.Contains("as Python writes it", Assert.ThrowsExactly<InvalidDataException>(() => ClassList.Read(Put("q.txt", text))).Message);

    [TestMethod]
    public void A_class_may_be_called_something_in_brackets() =>
        CollectionAssert.AreEqual(new[] { "[cat] sitting", "dog" }, ClassList.Read(Put("c.txt", "[cat] sitting\ndog\n")).Names.ToArray());

    [TestMethod]
    public void A_list_that_is_not_UTF8_is_refused()
    {
        File.WriteAllBytes(At("c.txt"), [.. "cat\ncaf"u8, 0xE9]);
        Assert.Contains("line 2 is not UTF-8", Assert.ThrowsExactly<InvalidDataException>(() => ClassList.Read(At("c.txt"))).Message);
    }

    [TestMethod]
    public void Two_classes_may_have_one_name()
    {
        var classes = ClassList.Read(Put("c.txt", "missile,t1\nsunglasses,t2\nmissile,t3\n"));
        CollectionAssert.AreEqual(new[] { "missile", "sunglasses", "missile" }, classes.Names.ToArray());
        Assert.AreEqual((0, 1, 2), (classes.Find("t1"), classes.Find("t2"), classes.Find("t3")));
    }

    [TestMethod]
    public void Names_that_differ_in_case_and_punctuation_are_classes_of_their_own()
    {
        var classes = ClassList.Of(["C", "C++", "C#", "polish", "Polish", "sea_lion", "caf\u00E9"]);
        foreach (var (label, name) in classes.Names.Index()) Assert.AreEqual(label, classes.Find(name));
        // Where one class alone fits, case and punctuation may differ, as folders' names do; accents may be apart, as macOS has them.
        Assert.AreEqual(5, classes.Find("Sea lion"));
        Assert.AreEqual(6, classes.Find("cafe\u0301"));
        Assert.IsNull(classes.Find("c"));
        CollectionAssert.AreEqual(
            new[] { "a photo of a C++", "a photo of a C#", "a photo of a sea lion" }, Prompts.ForClasses(["C++", "C#", "Sea_Lion!"]).ToArray());
    }

    [TestMethod]
    public void Classes_that_a_model_cannot_tell_apart_are_said()
    {
        foreach (var (name, i) in ((string[])["C", "C++", "C#"]).Select((name, i) => (name, i)))
        {
            Directory.CreateDirectory(At($"lang/{name}"));
            ImageFile.Write(At($"lang/{name}/1.png"), Images.Plain(4, 4, (byte)(80 * i), 0, 0));
        }
        var (code, output, error) = CommandLineRun.Of(
            "eval", "zero-shot", "--model", CaseModel.In(Root), "--data", $"classes:{At("lang")}", "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Assert.Contains("'C#', 'C++', 'C' have equal prompts", error);
        Assert.Contains("33.3 %", output);
        Assert.DoesNotMatchRegex(@"100\.0 %\W+100\.0 %", output);
        // Bytes tell them apart.
        var bytes = new ByteTokenizer();
        Assert.IsEmpty(ClassPrototypes.Alike(ClassList.Of(["C#", "C++", "C"]), text => bytes.Tokens(text, 64)));
        // Rows that are too short for the template do not.
        Assert.HasCount(3, ClassPrototypes.Alike(ClassList.Of(["C#", "C++", "C"]), text => bytes.Tokens(text, 8)).Single());
    }

    string Put(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }
}
