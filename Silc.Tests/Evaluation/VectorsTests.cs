using System.Text.Json;

namespace Silc.Tests;

[TestClass]
public sealed class VectorsTests
{
    readonly Vectors rows = Vectors.Of([1, 2, 3], [4, 5, 6]);

    [TestMethod]
    public void Rows_values_and_copies_are_those_that_were_given()
    {
        Assert.AreEqual((2, 3), (rows.Count, rows.Width));
        CollectionAssert.AreEqual(new float[] { 4, 5, 6 }, rows[1].ToArray());
        Assert.AreEqual(6, rows[1, 2]);
        CollectionAssert.AreEqual(new float[] { 1, 2, 3, 4, 5, 6 }, rows.Values.ToArray());
        CollectionAssert.AreEqual(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } }, rows.ToArray2D());
        CollectionAssert.AreEqual(rows.ToArray2D(), ((Vectors)rows.ToArray2D()).ToArray2D());
        CollectionAssert.AreEqual(new float[] { 4, 5, 6, 1, 2, 3, 4, 5, 6 }, rows.Rows([1, 0, 1]).Values.ToArray());
        Assert.AreEqual("[[1,2,3],[4,5,6]]", JsonSerializer.Serialize(rows));
        CollectionAssert.AreEqual(new float[] { 1, 4 }, rows.Select(row => row[0]).ToArray());
    }

    [TestMethod]
    public void An_array_is_taken_as_it_is_and_a_row_is_no_copy()
    {
        float[] values = [1, 2, 3, 4];
        var pairs = new Vectors(values, 2);
        values[3] = 9;
        Assert.AreEqual(9, pairs[1][1]);
        pairs.Single(row => row[0] == 3)[1] = 0;        // an enumerated row is one
        Assert.AreEqual(9, pairs[1, 1]);
    }

    [TestMethod]
    public void What_is_not_there_is_refused_by_its_number()
    {
        Assert.Contains("there are 2 rows", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => rows[2].ToArray()).Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => rows[-1].ToArray());
        Assert.Contains("3 values", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => rows[0, 3]).Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => rows[0, -1]);
        Assert.Contains("row 1 has 2 values", Assert.ThrowsExactly<ArgumentException>(() => Vectors.Of([1, 2, 3], [1, 2])).Message);
        Assert.Contains("5 values", Assert.ThrowsExactly<ArgumentException>(() => new Vectors(new float[5], 2)).Message);
        Assert.Contains("3 and 2 wide", Assert.ThrowsExactly<ArgumentException>(() => rows.Similarities(Vectors.Of([1, 2]))).Message);
        Assert.Contains("3,000,000 rows of 1,000 values", Assert.ThrowsExactly<ArgumentException>(() => new Vectors(3_000_000, 1000)).Message);
    }

    [TestMethod]
    public void Parts_join_and_first_rows_are_taken()
    {
        var joined = Vectors.Join([rows, rows.Rows([0])], 5, 3);
        CollectionAssert.AreEqual(new float[] { 1, 2, 3, 4, 5, 6, 1, 2, 3 }, joined.Values.ToArray());
        CollectionAssert.AreEqual(joined.Values.ToArray(), Vectors.Stack(rows, rows.First(1)).Values.ToArray());
        Assert.AreSame(rows, Vectors.Stack(null, rows));
        Assert.AreSame(rows, rows.First(2));
    }
}
