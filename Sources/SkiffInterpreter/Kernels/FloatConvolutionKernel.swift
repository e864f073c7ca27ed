import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// A float32 convolution or matrix product with packed weights.
struct FloatConvolutionKernel: DirectKernel {
  private let form: ConvolutionForm
  private let packed: ByteRegion
  private let activation: FusedActivation

  let scratchByteCount: Int
  let packsConstants = true
  var divisibleWork: Int { form.layout == .last ? form.productCount : 0 }

  /// Packs the weights; `bias` may be empty.
  init(
    _ form: ConvolutionForm, weights: [Float], bias: [Float], activation: FusedActivation,
    _ packedWeights: PackedWeights
  ) {
    self.form = form
    self.activation = activation
    var shape = form.shape
    let depthwise = form.isDepthwise
    let size = depthwise ? skiff_f32_dwconv_packed_size(&shape) : skiff_f32_conv_packed_size(&shape)
    let packed = ByteRegion(count: size) { target in
      let bias = bias.isEmpty ? nil : bias
      if depthwise {
        skiff_f32_dwconv_pack(&shape, weights, form.weightStrides, bias, target.baseAddress)
      } else {
        skiff_f32_conv_pack(&shape, weights, form.weightStrides, bias, target.baseAddress)
      }
    }
    self.packed = packedWeights.shared(packed)
    let (input, output) = form.imageCounts
    let copies = form.layout == .first ? (input * 4).aligned + (output * 4).aligned : 0
    scratchByteCount = copies + (depthwise ? 0 : skiff_f32_conv_scratch_size(&shape))
  }

  /// The kernel of a convolution with constant weights.
  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let convolution = context.operator as? Convolution, context.isFloat,
      let form = try ConvolutionForm(convolution, context),
      let weights = try context.constant(1, as: Float.self),
      let bias = try context.optionalConstant(2, as: Float.self)
    else { return nil }
    return FloatConvolutionKernel(
      form, weights: weights, bias: bias, activation: convolution.activation, context.packedWeights)
  }

  /// The kernel of a fully connected layer, or of a matrix product whose right side is one constant matrix.
  static let matrixFactory: KernelFactory = { (context) throws(ModelError) in
    guard context.isFloat, context.operator is FullyConnected || context.operator is MatrixMultiply,
      let input = context.inputs[0]?.shape.fixed, let matrix = context.inputs[1]?.shape.fixed,
      matrix.count == 2, input.count >= 1, !input.contains(0)
    else { return nil }
    let rows = input.dropLast().reduce(1, *)
    if let operation = context.operator as? FullyConnected {
      guard let weights = try context.constant(1, as: Float.self),
        let bias = try context.optionalConstant(2, as: Float.self)
      else { return nil }
      let strides = skiff_weight_strides(output: matrix[1], tap: 0, input: 1)
      let form = ConvolutionForm(rows: rows, depth: matrix[1], units: matrix[0], weightStrides: strides)
      return FloatConvolutionKernel(
        form, weights: weights, bias: bias, activation: operation.activation, context.packedWeights)
    }
    guard let product = context.operator as? MatrixMultiply, !product.transposesA || input.count < 2,
      let weights = try context.constant(1, as: Float.self)
    else { return nil }
    let (depth, units) = product.transposesB ? (matrix[1], matrix[0]) : (matrix[0], matrix[1])
    let strides =
      product.transposesB
      ? skiff_weight_strides(output: depth, tap: 0, input: 1)
      : skiff_weight_strides(output: 1, tap: 0, input: units)
    let form = ConvolutionForm(rows: rows, depth: depth, units: units, weightStrides: strides)
    return FloatConvolutionKernel(form, weights: weights, bias: [], activation: .none, context.packedWeights)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Float.self), let output = outputs[0].start(as: Float.self) else {
      return
    }
    guard form.layout == .first else {
      compute(form.shape, input, output, scratch.baseAddress, part)
      return
    }
    // One image at a time: to channels last, through the kernel, and back.
    let (inputCount, outputCount) = form.imageCounts
    var shape = form.shape
    shape.batch = 1
    let inputPixels = shape.input_height * shape.input_width
    let outputPixels = shape.output_height * shape.output_width
    guard let first = scratch.baseAddress else { return }
    let source = first.assumingMemoryBound(to: Float.self)
    let target = (first + (inputCount * 4).aligned).assumingMemoryBound(to: Float.self)
    let rest = first + (inputCount * 4).aligned + (outputCount * 4).aligned
    for image in 0..<form.shape.batch {
      skiff_f32_transpose(
        shape.groups * shape.input_channels, inputPixels, input + image * inputCount, source)
      compute(shape, source, target, rest, part)
      skiff_f32_transpose(outputPixels, form.outputCount, target, output + image * outputCount)
    }
  }

  private func compute(
    _ shape: skiff_convolution, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutableRawPointer?, _ part: skiff_part
  ) {
    var shape = shape
    let (lower, upper) = (activation.lowerBound, activation.upperBound)
    packed.withBytes { packed in
      if form.isDepthwise {
        skiff_f32_dwconv(&shape, input, packed.baseAddress, lower, upper, part, output)
      } else {
        skiff_f32_conv(&shape, input, packed.baseAddress, lower, upper, part, output, scratch)
      }
    }
  }
}
