// What users of the library name beside `Model`: graphs and tensors, gradients, errors and limits, ways to quantize, and what a
// `.skiff` file says of a model.
@_exported import SkiffBinary
@_exported import SkiffCompression
@_exported import SkiffEdge
@_exported import SkiffGradient
@_exported import SkiffIR
