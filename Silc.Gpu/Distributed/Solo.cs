namespace Silc;

/// <summary>One process alone: nothing to exchange. Threads: any number.</summary>
sealed class Solo : ICollective
{
    public int Rank => 0;

    public int Size => 1;

    public int LocalRank => 0;

    public int LocalSize => 1;

    public Watchdog Watch { get; } = Watchdog.None;

    public string Engine => "none";

    public string Place => "rank 0 of 1";

    public Device Open(string name, Precision precision) => Device.Open(name, precision);

    public void Bind(Device device) { }

    public void AllReduce(Tensor x, Reduction reduction) { }

    public void AllGather(Tensor mine, Tensor all) => throw Alone();

    public void AllGather(Tensor all) { }

    public void ReduceScatter(Tensor all, Tensor mine) => throw Alone();

    public void Broadcast(Tensor x) { }

    public void Begin(Tensor x) { }

    public void Finish() { }

    public Votes Agree(Votes mine) => mine;

    public byte[] Share(byte[]? bytes) => bytes!;

    public byte[] Collect(byte[] mine) => mine;

    public void Abort(int code) => Environment.Exit(code);

    public void Dispose() { }

    // One process takes the whole batch's own operations, whose bits are older than ranks.
    static InvalidOperationException Alone() => new("one rank has nobody to exchange rows with");
}
