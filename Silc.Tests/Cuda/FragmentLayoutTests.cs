namespace Silc.Tests;

/// <summary>The kernels' formulas for fragment layouts, against those of the PTX ISA in <see cref="TensorCore"/>.</summary>
[TestClass]
public sealed class FragmentLayoutTests
{
    [TestMethod]
    public void Lanes_hold_what_the_ISA_says()
    {
        for (int lane = 0; lane < 32; lane++)
            for (int register = 0; register < 4; register++)
            {
                int row = FragmentLayout.ARow(lane, register), word = FragmentLayout.AWord(lane, register);
                Assert.AreEqual(TensorCore.Tf32A(lane, register), (row, word));
                for (int i = 0; i < 2; i++) Assert.AreEqual(TensorCore.Bf16A(lane, 2 * register + i), (row, 2 * word + i));
                Assert.AreEqual(TensorCore.C(lane, register), (FragmentLayout.CRow(lane, register), FragmentLayout.CColumn(lane, register)));
                if (register > 1) continue;
                int column = FragmentLayout.BColumn(lane);
                word = FragmentLayout.BWord(lane, register);
                Assert.AreEqual(TensorCore.Tf32B(lane, register), (word, column));
                for (int i = 0; i < 2; i++) Assert.AreEqual(TensorCore.Bf16B(lane, 2 * register + i), (2 * word + i, column));
            }
    }

    [TestMethod]
    public void Every_element_is_held_once()
    {
        AreAll(16 * 8, (lane, register) => FragmentLayout.ARow(lane, register) * 8 + FragmentLayout.AWord(lane, register), 4);
        AreAll(8 * 8, (lane, register) => FragmentLayout.BColumn(lane) * 8 + FragmentLayout.BWord(lane, register), 2);
        AreAll(16 * 8, (lane, register) => FragmentLayout.CRow(lane, register) * 8 + FragmentLayout.CColumn(lane, register), 4);

        static void AreAll(int count, Func<int, int, int> index, int registers) =>
            CollectionAssert.AreEquivalent(Enumerable.Range(0, count).ToArray(),
            Enumerable.Range(0, 32).SelectMany(lane => Enumerable.Range(0, registers).Select(register => index(lane, register))).ToArray());
    }

    // ldmatrix: register r of lane l receives row l / 4, word l % 4 of the matrix whose row addresses come from lanes 8r to 8r + 7.
    [TestMethod]
    public void Ldmatrix_gets_the_addresses_of_the_rows_that_the_lanes_need()
    {
        for (int lane = 0; lane < 32; lane++)
            for (int register = 0; register < 4; register++)
            {
                int addressLane = 8 * register + lane / 4, word = lane % 4;
                Assert.AreEqual((FragmentLayout.ARow(lane, register), FragmentLayout.AWord(lane, register)),
                    (FragmentLayout.LdMatrixARow(addressLane), FragmentLayout.LdMatrixAWord(addressLane) + word));
                Assert.AreEqual((FragmentLayout.BColumn(lane) + 8 * (register / 2), FragmentLayout.BWord(lane, register % 2)),
                    (FragmentLayout.LdMatrixBColumn(addressLane), FragmentLayout.LdMatrixBWord(addressLane) + word));
            }
    }

    // ldmatrix.trans: register r of lane l receives lines 2 (l % 4) and the next, element l / 4, of matrix r.
    [TestMethod]
    public void Ldmatrix_trans_gets_the_addresses_of_the_lines_that_the_lanes_need()
    {
        for (int lane = 0; lane < 32; lane++)
            for (int register = 0; register < 4; register++)
                for (int i = 0; i < 2; i++)
                {
                    int addressLane = 8 * register + lane % 4 * 2 + i, element = lane / 4;
                    Assert.AreEqual(TensorCore.Bf16A(lane, 2 * register + i),
                        (FragmentLayout.LdMatrixTransARow(addressLane) + element, FragmentLayout.LdMatrixTransAK(addressLane)));
                    var (depth, column) = TensorCore.Bf16B(lane, 2 * (register % 2) + i);
                    Assert.AreEqual((depth, column + 8 * (register / 2)),
                        (FragmentLayout.LdMatrixTransBK(addressLane), FragmentLayout.LdMatrixTransBColumn(addressLane) + element));
                }
    }
}
