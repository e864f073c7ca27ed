import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// An exact convolution or matrix product of bytes less their zero points, in int32, with packed weights.
struct IntegerProductKernel: DirectKernel {
  private let form: ConvolutionForm
  private let packed: ByteRegion
  private let isSigned: Bool
  /// The zero point of the input; nil if each run has its own.
  private let zeroPoint: Int32?
  /// The bytes of working memory for the input less its zero point and for results with channels last.
  private let byteCounts: (input: Int, output: Int)

  let scratchByteCount: Int
  let packsConstants = true
  /// Each part takes the zero point from all of the input, which is worth it while that is small.
  var divisibleWork: Int { form.layout == .last && byteCounts.input <= 1 << 20 ? form.productCount : 0 }

  /// The kernel of a convolution with constant weights.
  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let operation = context.operator as? IntegerConvolution, context.inputs[1]?.dataType.bitWidth == 8,
      let form = try ConvolutionForm(operation.convolution, context),
      let bias = try context.optionalConstant(4, as: Int32.self)
    else { return nil }
    return try IntegerProductKernel(form, context, bias: bias, listAxis: 0)
  }

  /// The kernel of a product whose right side is one constant matrix.
  static let matrixFactory: KernelFactory = { (context) throws(ModelError) in
    guard let operation = context.operator as? IntegerMatrixMultiply,
      let input = context.inputs[0]?.shape.fixed, let matrix = context.inputs[1]?.shape.fixed,
      matrix.count == 2, let depth = input.last, !input.contains(0)
    else { return nil }
    let units = operation.transposesB ? matrix[0] : matrix[1]
    let strides =
      operation.transposesB
      ? skiff_weight_strides(output: depth, tap: 0, input: 1)
      : skiff_weight_strides(output: 1, tap: 0, input: units)
    let form = ConvolutionForm(
      rows: input.dropLast().reduce(1, *), depth: depth, units: units, weightStrides: strides)
    return try IntegerProductKernel(form, context, bias: [], listAxis: operation.transposesB ? -2 : -1)
  }

  /// Packs the weights; nil if they are not known, or if the zero point of the input is not one number.
  ///
  /// - Parameter listAxis: The axis of the weights that a list of zero points belongs to.
  private init?(
    _ form: ConvolutionForm, _ context: KernelContext, bias: [Int32], listAxis: Int
  ) throws(ModelError) {
    let inputZeros = context.operand(2)
    let weightZeros = context.operand(3)
    guard let input = context.inputs[0], input.dataType.bitWidth == 8,
      let weights = try context.constants[1]?.materialize(), weights.dataType.bitWidth == 8,
      weightZeros.type == nil || weightZeros.constant != nil,
      inputZeros.type == nil || inputZeros.type?.shape.elementCount == 1,
      inputZeros.type?.dataType ?? input.dataType == input.dataType
    else { return nil }
    self.form = form
    isSigned = input.dataType == .int8
    if inputZeros.type == nil {
      zeroPoint = 0
    } else {
      zeroPoint = try inputZeros.constant?.materialize().integers().first.map { Int32($0) }
    }
    let centered = try weights.integers(less: weightZeros.constant?.materialize(), listAxis: listAxis)
      .map { Int16($0) }
    var shape = form.shape
    let depthwise = form.isDepthwise
    let size = depthwise ? skiff_x16_dwconv_packed_size(&shape) : skiff_x16_conv_packed_size(&shape)
    let packed = ByteRegion(count: size) { target in
      let pack = depthwise ? skiff_x16_dwconv_pack : skiff_x16_conv_pack
      pack(&shape, centered, form.weightStrides, bias.isEmpty ? nil : bias, target.baseAddress)
    }
    self.packed = context.packedWeights.shared(packed)
    let images = form.layout == .last ? shape.batch : 1
    byteCounts = (
      (images * form.imageCounts.input * 2).aligned,
      form.layout == .last ? 0 : (form.imageCounts.output * 4).aligned
    )
    scratchByteCount =
      byteCounts.input + byteCounts.output + (depthwise ? 0 : skiff_x16_conv_scratch_size(&shape))
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: UInt8.self), let output = outputs[0].start(as: Int32.self),
      let centered = scratch.start(as: Int16.self), let first = scratch.baseAddress,
      let zero = zeroPoint ?? inputs[2]?.first.map({ isSigned ? Int32(Int8(bitPattern: $0)) : Int32($0) })
    else { return }
    let rest = first + byteCounts.input + byteCounts.output
    var shape = form.shape
    let count = form.imageCounts
    packed.withBytes { packed in
      guard form.layout == .first else {
        skiff_x8_center(shape.batch * count.input, input, isSigned, zero, centered)
        compute(shape, centered, packed, part, output, rest)
        return
      }
      // One image at a time: to channels last, through the kernel, and back.
      let target = (first + byteCounts.input).assumingMemoryBound(to: Int32.self)
      shape.batch = 1
      for image in 0..<form.shape.batch {
        skiff_x8_center_transposed(
          shape.groups * shape.input_channels, shape.input_height * shape.input_width,
          input + image * count.input, isSigned, zero, centered)
        compute(shape, centered, packed, part, target, rest)
        skiff_s32_transpose(
          shape.output_height * shape.output_width, form.outputCount, target, output + image * count.output)
      }
    }
  }

  private func compute(
    _ shape: skiff_convolution, _ input: UnsafePointer<Int16>, _ packed: UnsafeRawBufferPointer,
    _ part: skiff_part, _ output: UnsafeMutablePointer<Int32>, _ scratch: UnsafeMutableRawPointer
  ) {
    var shape = shape
    if form.isDepthwise {
      skiff_x16_dwconv(&shape, input, packed.baseAddress, part, output)
    } else {
      skiff_x16_conv(&shape, input, packed.baseAddress, part, output, scratch)
    }
  }
}
