using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>The step state of parameters that begin to learn later; see <see cref="Ops.LateState"/>.</summary>
readonly struct LateStateKernel(FloatPointer state, FloatPointer begun, FloatPointer late, float beta1, float beta2) : IKernel
{
    public void Execute()
    {
        if (Group.IdxX != 0) return;
        late[StepState.Finite] = 0;
        if (state[StepState.Finite] == 0 || begun[0] == 0) return;
        float updates = late[StepState.Updates] + 1;
        late[StepState.Finite] = 1;
        late[StepState.Updates] = updates;
        late[StepState.Correction1] = 1 - XMath.Pow(beta1, updates);
        late[StepState.Correction2] = 1 - XMath.Pow(beta2, updates);
        late[StepState.Clip] = state[StepState.Clip];
        late[StepState.LearningRate] = state[StepState.LearningRate];
        late[StepState.Decay] = state[StepState.Decay];
    }
}

partial class Ops<TPack>
{
    public override void LateState(StepState state, Tensor begun, StepState late, float beta1, float beta2) =>
        Device.Single(new LateStateKernel(state.View, begun.View, late.View, beta1, beta2));
}
