import CKernels
import SkiffBinary
import SkiffIR
import SkiffOperators

/// A convolution or matrix product of known sizes as the kernels in C see it.
struct ConvolutionForm: Sendable {
  /// The sizes, channels last.
  let shape: skiff_convolution
  /// Where a weight stands in the constant.
  let weightStrides: skiff_weight_strides
  /// Where the channels are in the input and in the result.
  let layout: ChannelLayout

  /// Whether each channel has a group of its own, with one output.
  var isDepthwise: Bool { shape.input_channels == 1 && shape.output_channels == 1 && shape.groups > 1 }
  /// The output channels of all groups.
  var outputCount: Int { shape.groups * shape.output_channels }
  /// The products of all results.
  var productCount: Int {
    let each = shape.kernel_height * shape.kernel_width * shape.input_channels
    return each * outputCount * shape.batch * shape.output_height * shape.output_width
  }
  /// The elements of one input image and of one output image.
  var imageCounts: (input: Int, output: Int) {
    let input = shape.input_height * shape.input_width * shape.groups * shape.input_channels
    let output = shape.output_height * shape.output_width * shape.groups * shape.output_channels
    return (input, output)
  }

  /// The form of a convolution with one or two spatial axes, whose operands and result have elements; nil for others.
  init?(_ convolution: Convolution, _ context: KernelContext) throws(ModelError) {
    guard let input = context.inputs[0]?.shape.fixed, let weights = context.inputs[1]?.shape.fixed,
      let output = context.outputs[0].shape.fixed, (3...4).contains(input.count), !input.contains(0),
      !weights.contains(0), !output.contains(0)
    else { return nil }
    layout = convolution.layout
    let window = try convolution.window(weights: weights)
    let axes = layout.spatialAxes(rank: input.count)
    let space = Array(input[axes])
    let begins = window.begins(space)
    let channels = layout.channelAxis(rank: input.count)
    func pair(_ numbers: [Int], else missing: Int) -> (Int, Int) {
      let padded = numbers.count == 2 ? numbers : [missing] + numbers
      // Negative padding wraps around and is added back in the kernel.
      return (padded[0], padded[1])
    }
    var shape = skiff_convolution()
    shape.level = skiff_kernels_level()
    shape.batch = input[0]
    (shape.input_height, shape.input_width) = pair(space, else: 1)
    (shape.output_height, shape.output_width) = pair(Array(output[axes]), else: 1)
    (shape.kernel_height, shape.kernel_width) = pair(window.size, else: 1)
    (shape.stride_height, shape.stride_width) = pair(window.strides, else: 1)
    (shape.dilation_height, shape.dilation_width) = pair(window.dilations, else: 1)
    (shape.padding_top, shape.padding_left) = pair(begins, else: 0)
    shape.groups = convolution.groups
    shape.input_channels = weights[channels]
    shape.output_channels = weights[0] / convolution.groups
    self.shape = shape
    let taps = window.size.reduce(1, *)
    weightStrides =
      layout == .last
      ? skiff_weight_strides(output: taps * shape.input_channels, tap: shape.input_channels, input: 1)
      : skiff_weight_strides(output: taps * shape.input_channels, tap: 1, input: taps)
  }

  /// The form of `rows` products with a matrix.
  init(rows: Int, depth: Int, units: Int, weightStrides: skiff_weight_strides) {
    layout = .last
    var shape = skiff_convolution()
    shape.level = skiff_kernels_level()
    (shape.batch, shape.input_height, shape.input_width) = (1, 1, rows)
    (shape.output_height, shape.output_width) = (1, rows)
    (shape.kernel_height, shape.kernel_width) = (1, 1)
    (shape.stride_height, shape.stride_width) = (1, 1)
    (shape.dilation_height, shape.dilation_width) = (1, 1)
    shape.groups = 1
    (shape.input_channels, shape.output_channels) = (depth, units)
    self.shape = shape
    self.weightStrides = weightStrides
  }
}

extension KernelContext {
  /// The type of an operand and what it is, each nil if it is left out, or is no constant.
  func operand(_ index: Int) -> (type: TensorType?, constant: Constant?) {
    inputs.indices.contains(index) ? (inputs[index], constants[index]) : (nil, nil)
  }

  /// The operands that are constants.
  var materializedConstants: [Tensor?] {
    get throws(ModelError) {
      var tensors: [Tensor?] = []
      for constant in constants { tensors.append(try constant?.materialize()) }
      return tensors
    }
  }

  /// The elements of a constant operand; nil if it is no constant or has another type.
  func constant<Element: TensorElement>(
    _ index: Int, as type: Element.Type
  ) throws(ModelError) -> [Element]? {
    guard constants.indices.contains(index), let constant = constants[index],
      constant.type.dataType == Element.dataType
    else { return nil }
    return try constant.materialize().elements(as: type)
  }

  /// The elements of an optional operand, empty if it is left out; nil if it is there and cannot be packed.
  func optionalConstant<Element: TensorElement>(
    _ index: Int, as type: Element.Type
  ) throws(ModelError) -> [Element]? {
    guard inputs.indices.contains(index), inputs[index] != nil else { return [] }
    return try constant(index, as: type)
  }

  /// Whether all operands and results are float32.
  var isFloat: Bool {
    outputs.allSatisfy { $0.dataType == .float32 }
      && inputs.allSatisfy { $0?.dataType ?? .float32 == .float32 }
  }

  /// The types without the constants' elements.
  var quantized: QuantizedContext {
    QuantizedContext(inputs: inputs, constants: inputs.map { _ in nil }, outputs: outputs)
  }
}

extension UnsafeRawBufferPointer {
  /// The first element.
  func start<Element>(as type: Element.Type) -> UnsafePointer<Element>? {
    baseAddress?.assumingMemoryBound(to: type)
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The first element.
  func start<Element>(as type: Element.Type) -> UnsafeMutablePointer<Element>? {
    baseAddress?.assumingMemoryBound(to: type)
  }
}
