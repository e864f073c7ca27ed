import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// An int8 convolution or matrix product with packed weights, equal to its Swift twin in every bit.
struct IntegerConvolutionKernel: DirectKernel {
  /// What an accumulator is multiplied by.
  private enum Factors {
    case fixed([skiff_factor])
    case real([Double])
  }

  private let form: ConvolutionForm
  private let packed: ByteRegion
  private let zeroPoints: (input: Int32, output: Int32)
  private let bounds: QuantizedBounds
  private let hasRealFactors: Bool

  let scratchByteCount: Int
  let packsConstants = true
  var divisibleWork: Int { form.productCount }

  /// Packs the weights; nil if one is -128 and the kernel could not be exact with it.
  private init?(
    _ form: ConvolutionForm, weights: [Int8], bias: [Int32], zeroPoints: (input: Int32, output: Int32),
    bounds: QuantizedBounds, factors: Factors, _ packedWeights: PackedWeights
  ) throws(ModelError) {
    self.form = form
    self.zeroPoints = zeroPoints
    self.bounds = bounds
    if case .real = factors { hasRealFactors = true } else { hasRealFactors = false }
    var shape = form.shape
    let depthwise = form.isDepthwise
    let size = depthwise ? skiff_qc8w_dwconv_packed_size(&shape) : skiff_qc8w_conv_packed_size(&shape)
    var isExact = true
    let packed = ByteRegion(count: size) { target in
      let bias = bias.isEmpty ? nil : bias
      switch factors {
      case .fixed(let factors):
        factors.withUnsafeBufferPointer { factors in
          if depthwise {
            skiff_qc8w_dwconv_pack(
              &shape, weights, form.weightStrides, bias, zeroPoints.input, factors.baseAddress,
              target.baseAddress)
          } else {
            isExact = skiff_qc8w_conv_pack(
              &shape, weights, form.weightStrides, bias, zeroPoints.input,
              skiff_qc8w_scales(factors: factors.baseAddress, real_factors: nil), target.baseAddress)
          }
        }
      case .real(let factors):
        factors.withUnsafeBufferPointer { factors in
          isExact = skiff_qc8w_conv_pack(
            &shape, weights, form.weightStrides, bias, zeroPoints.input,
            skiff_qc8w_scales(factors: nil, real_factors: factors.baseAddress), target.baseAddress)
        }
      }
    }
    guard isExact else { return nil }
    self.packed = packedWeights.shared(packed)
    scratchByteCount =
      depthwise ? skiff_qc8w_dwconv_scratch_size(&shape) : skiff_qc8w_conv_scratch_size(&shape)
  }

  /// The kernel of a convolution with constant weights.
  static let factory: KernelFactory = { (context) throws(ModelError) in
    guard let convolution = context.operator as? Convolution,
      let twin = try convolution.quantized(context.quantized),
      let form = try ConvolutionForm(convolution, context),
      let weights = try context.constant(1, as: Int8.self),
      let bias = try context.optionalConstant(2, as: Int32.self)
    else { return nil }
    return try IntegerConvolutionKernel(
      form, weights: weights, bias: bias, zeroPoints: (twin.inputZeroPoint, twin.outputZeroPoint),
      bounds: twin.bounds, factors: .fixed(twin.multipliers.map(skiff_factor.init)), context.packedWeights)
  }

  /// The kernel of a fully connected layer with constant weights.
  static let matrixFactory: KernelFactory = { (context) throws(ModelError) in
    guard let operation = context.operator as? FullyConnected,
      let twin = operation.quantized(context.quantized),
      let weights = try context.constant(1, as: Int8.self),
      let bias = try context.optionalConstant(2, as: Int32.self)
    else { return nil }
    let strides = skiff_weight_strides(output: twin.depth, tap: 0, input: 1)
    let form = ConvolutionForm(
      rows: twin.rows, depth: twin.depth, units: twin.units, weightStrides: strides)
    let factors =
      twin.factors.count == 1 ? [Double](repeating: twin.factors[0], count: twin.units) : twin.factors
    return try IntegerConvolutionKernel(
      form, weights: weights, bias: bias, zeroPoints: (twin.inputZeroPoint, twin.outputZeroPoint),
      bounds: twin.bounds, factors: .real(factors), context.packedWeights)
  }

  func run(
    _ inputs: [UnsafeRawBufferPointer?], _ outputs: [UnsafeMutableRawBufferPointer],
    scratch: UnsafeMutableRawBufferPointer, part: skiff_part
  ) {
    guard let input = inputs[0]?.start(as: Int8.self), let output = outputs[0].start(as: Int8.self) else {
      return
    }
    var shape = form.shape
    var result = skiff_qc8w_output(
      input_zero_point: zeroPoints.input, output_zero_point: zeroPoints.output, lower: bounds.lower,
      upper: bounds.upper, has_real_factors: hasRealFactors)
    packed.withBytes { packed in
      if form.isDepthwise {
        skiff_qc8w_dwconv(&shape, input, packed.baseAddress, &result, part, output, scratch.baseAddress)
      } else {
        skiff_qc8w_conv(&shape, input, packed.baseAddress, &result, part, output, scratch.baseAddress)
      }
    }
  }
}

extension skiff_factor {
  /// The same factor.
  init(_ factor: QuantizedMultiplier) { self.init(multiplier: factor.multiplier, shift: factor.shift) }
}
