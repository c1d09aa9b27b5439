namespace Silc.Tests;

/// <summary>The emulator finds errors that show on a GPU only sometimes.</summary>
[TestClass]
public sealed class PtxEmulatorTests
{
    const string Setup =
        ".shared .align 16 .b8 tile[512]; mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2; mov.u32 %r3, tile; add.s32 %r2, %r2, %r3; cvt.f32.s32 %f1, %r1;";
    const string Neighbour = "xor.b32 %r4, %r2, 128; ld.shared.f32 %f2, [%r4];";

    [TestMethod]
    public void Threads_see_what_others_wrote_before_a_barrier() => Run($"{Setup} st.shared.f32 [%r2], %f1; bar.sync 0; {Neighbour} ret;");

    [TestMethod]
    public void A_missing_barrier_is_found() => Fails($"{Setup} st.shared.f32 [%r2], %f1; {Neighbour} ret;", "before it is written");

    [TestMethod]
    public void A_second_write_without_a_barrier_is_found() =>
        Fails($"{Setup} st.shared.f32 [%r2], %f1; bar.sync 0; {Neighbour} st.shared.f32 [%r2], %f2; ret;", "since the last barrier");

    [TestMethod]
    public void A_barrier_that_not_all_threads_reach_is_found() =>
        Fails("mov.u32 %r1, %tid.x; setp.lt.s32 %p1, %r1, 32; @%p1 bra A; bar.sync 0; A: ret;", "wait at a barrier");

    [TestMethod]
    public void Lanes_that_part_where_the_code_promises_that_they_do_not_are_found() =>
        Fails("mov.u32 %r1, %tid.x; setp.lt.s32 %p1, %r1, 7; @%p1 bra.uni A; mov.u32 %r1, 0; A: ret;", "lanes of a warp part");

    [TestMethod]
    public void A_shuffle_of_half_a_warp_is_found() =>
        Fails("mov.u32 %r1, %tid.x; setp.lt.s32 %p1, %r1, 16; @%p1 bra A; shfl.sync.bfly.b32 %r2, %r1, 1, 31, 0xffffffff; A: ret;",
            "a whole warp must come");

    [TestMethod]
    public void Device_memory_that_nobody_allocated_is_found() =>
        Fails("mov.u64 %rd1, 4096; ld.global.f32 %f1, [%rd1]; ret;", "outside of device memory");

    [TestMethod]
    public void Unaligned_vectors_are_found() => Fails($"{Setup} st.shared.v2.f32 [%r2], {{%f1, %f1}}; ret;", "not aligned");

    // A divergent loop, whose lanes leave one after another and reconverge behind it: lane l adds up 0 to l.
    [TestMethod]
    public void Lanes_that_parted_meet_again()
    {
        var block = Run("""
            mov.u32 %r1, %tid.x; mov.u32 %r2, 0; mov.u32 %r3, 0;
            A: setp.gt.s32 %p1, %r3, %r1; @%p1 bra B;
            add.s32 %r2, %r2, %r3; add.s32 %r3, %r3, 1; bra.uni A;
            B: shfl.sync.bfly.b32 %r4, %r2, 31, 31, 0xffffffff; shl.b32 %r5, %r1, 2;
            .shared .align 4 .b8 sums[256]; mov.u32 %r6, sums; add.s32 %r5, %r5, %r6; st.shared.b32 [%r5], %r4; ret;
            """);
        for (int thread = 0; thread < 64; thread++)
        {
            int other = thread ^ 31;
            Assert.AreEqual(other * (other + 1) / 2, BitConverter.ToInt32(block.Shared.Read(4 * thread, 4, thread / 32)), $"thread {thread}");
        }
    }

    static PtxBlock Run(string body)
    {
        var program = new PtxProgram($".visible .entry k(\n.param .align 8 .b8 p[8]\n)\n{{\n{body}\n}}\n");
        return new PtxEmulator(ILGPU.Runtime.Cuda.CudaArchitecture.SM_80).Run("test", program, PtxSteps.Of(program), 1, 64, new byte[8])[0];
    }

    static void Fails(string body, string why) => StringAssert.Contains(Assert.ThrowsExactly<AssertFailedException>(() => Run(body)).Message, why);
}
