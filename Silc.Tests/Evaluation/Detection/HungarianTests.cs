namespace Silc.Tests;

[TestClass]
public sealed class HungarianTests
{
    [TestMethod]
    public void The_cheapest_assignment_is_found_of_every_size_up_to_6_by_4_with_ties()
    {
        var random = new Random(1);
        for (int rows = 1; rows <= 6; rows++)
            for (int columns = 0; columns <= Math.Min(rows, 4); columns++)
                for (int trial = 0; trial < 60; trial++)
                {
                    var cost = new double[rows, columns];
                    for (int i = 0; i < rows; i++)
                        for (int j = 0; j < columns; j++) cost[i, j] = trial % 2 == 0 ? random.NextDouble() - 0.5 : random.Next(4);
                    var assigned = Hungarian.Assign(cost);
                    Assert.AreEqual(columns, assigned.Distinct().Count(), "every column has a row of its own");
                    Assert.AreEqual(Least(cost, 0, 0), assigned.Index().Sum(entry => cost[entry.Item, entry.Index]), 1e-12,
                        $"{rows} x {columns}, trial {trial}");
                    CollectionAssert.AreEqual(assigned, Hungarian.Assign(cost));
                }
    }

    // Brute force.
    static double Least(double[,] cost, int column, int used) => column == cost.GetLength(1) ? 0
        : Enumerable.Range(0, cost.GetLength(0)).Where(row => (used >> row & 1) == 0)
            .Min(row => cost[row, column] + Least(cost, column + 1, used | 1 << row));

    [TestMethod]
    public void Of_equal_costs_the_lower_row_is_taken()
    {
        CollectionAssert.AreEqual(new[] { 0, 1 }, Hungarian.Assign(new double[4, 2]));
        CollectionAssert.AreEqual(new[] { 1 }, Hungarian.Assign(new double[,] { { 5 }, { 2 }, { 2 } }));
    }

    [TestMethod]
    public void Too_few_rows_and_costs_without_value_are_refused()
    {
        Assert.Contains("3 columns", Assert.ThrowsExactly<ArgumentException>(() => Hungarian.Assign(new double[2, 3])).Message);
        Assert.Contains("NaN", Assert.ThrowsExactly<ArgumentException>(() => Hungarian.Assign(new[,] { { double.NaN } })).Message);
    }
}
