namespace Silc;

/// <summary>
/// The constants of one binary interface of MPI. Handles travel as nint: an int handle is the low half of a register, Open MPI's are addresses of its
/// exports. Values from mpi.h of Open MPI 4.1 and MPICH 4.0, and the MPI Forum's mpi_abi.h of MPI 5. Threads: immutable.
/// </summary>
/// <param name="Name">Of the family.</param>
/// <param name="World">MPI_COMM_WORLD</param>
/// <param name="Float">MPI_FLOAT</param>
/// <param name="Byte">MPI_BYTE</param>
/// <param name="Sum">MPI_SUM</param>
/// <param name="Max">MPI_MAX</param>
/// <param name="InPlace">MPI_IN_PLACE</param>
/// <param name="ErrorsReturn">MPI_ERRORS_RETURN</param>
/// <param name="InfoNull">MPI_INFO_NULL</param>
/// <param name="Funneled">MPI_THREAD_FUNNELED</param>
/// <param name="Shared">MPI_COMM_TYPE_SHARED</param>
sealed record MpiConstants(string Name, nint World, nint Float, nint Byte, nint Sum, nint Max, nint InPlace, nint ErrorsReturn, nint InfoNull,
    int Funneled, int Shared)
{
    public static MpiConstants Mpich { get; } =
        new("MPICH", 0x44000000, 0x4c00040a, 0x4c00010d, 0x58000003, 0x58000001, -1, 0x54000001, 0x1c000000, 1, 1);

    public static MpiConstants Standard { get; } = new("the ABI of MPI 5", 0x101, 0x210, 0x247, 0x21, 0x23, 1, 0x143, 0x130, 1024, 221);

    /// <param name="address">Of an export.</param>
    public static MpiConstants OpenMpi(Func<string, nint> address) => new("Open MPI", address("ompi_mpi_comm_world"), address("ompi_mpi_float"),
        address("ompi_mpi_byte"), address("ompi_mpi_op_sum"), address("ompi_mpi_op_max"), 1, address("ompi_mpi_errors_return"),
        address("ompi_mpi_info_null"), 1, 0);
}
