// OpenCL's float16: a vector of 16 floats of 32 bits, not half precision.
//
// ILGPU 1.5.3 knows no vector types, but it passes a double through registers, locals and fields as it is. Kernels for OpenCL processors
// therefore declare their vectors as double, under this name; ClSource compiles them with "double" defined as "float16". No kernel with
// vectors computes with real doubles, and every operation on a vector is a method of ClVector, which stands for OpenCL C text.
global using Float32x16 = double;
