import SkiffBinary
import SkiffIR

/// A convolution over two axes whose window reads each element at a place of its own, between elements linearly.
///
/// Shapes: input `[batch, channels, height, width]`, weights `[outputs, channels / groups, rows, columns]`, offsets
/// `[batch, offsetGroups · rows · columns · 2, …]` (down, then across), bias `[outputs]`, mask
/// `[batch, offsetGroups · rows · columns, …]`, which scales what is read. Zhu and others, "Deformable ConvNets v2", 2019.
public struct DeformableConvolution: ReferenceKernel {
  public static let name = "DeformableConvolution"
  public static let summary =
    "A convolution over two axes whose window reads each element at a place of its own."
  public static let operands: [Operand] = [
    .required("input"), .required("weights"), .required("offsets"), .optional("bias"), .optional("mask"),
  ]
  public static let attributes = [
    Attribute<DeformableConvolution>(
      "groups", \.groups, "The groups that inputs and outputs are divided into."),
    Attribute<DeformableConvolution>(
      "offsetGroups", \.offsetGroups, "The groups of channels that have offsets of their own."),
    Attribute<DeformableConvolution>("strides", \.strides, "The step of the window; empty means 1."),
    Attribute<DeformableConvolution>(
      "dilations", \.dilations, "The distance of elements under the window; empty means 1."),
    Attribute<DeformableConvolution>(
      "pads", \.pads, "The padding: all beginnings, then all ends; empty means 0."),
  ]

  /// The groups that inputs and outputs are divided into.
  public var groups = 1
  /// The groups of channels that have offsets of their own.
  public var offsetGroups = 1
  /// The step of the window; empty means 1.
  public var strides: [Int] = []
  /// The distance of elements under the window; empty means 1.
  public var dilations: [Int] = []
  /// The padding: all beginnings, then all ends; empty means 0.
  public var pads: [Int] = []

  /// Creates a convolution with steps of 1 and without padding.
  public init() {}

  private var convolution: Convolution {
    var convolution = Convolution()
    convolution.groups = groups
    (convolution.strides, convolution.dilations, convolution.pads) = (strides, dilations, pads)
    return convolution
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, weights) = (try context.type(0), try context.type(1))
    guard input.rank == 4 else { throw ModelError(.unsupported, "a deformable convolution of \(input)") }
    return [TensorType(input.dataType, try convolution.resultShape(input.shape, weights.shape))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (input, weights, offsets) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard input.rank == 4,
      let shape = try convolution.resultShape(Shape(input.shape), Shape(weights.shape)).fixed
    else { throw ModelError(.unsupported, "a deformable convolution of \(input.type)") }
    let (rows, columns) = (weights.shape[2], weights.shape[3])
    let taps = rows * columns
    let (channels, outputs, plane) = (input.shape[1], shape[1], shape[2] * shape[3])
    guard offsetGroups > 0, offsetGroups <= max(1, channels), channels % offsetGroups == 0,
      offsets.shape == [shape[0], offsetGroups * taps * 2, shape[2], shape[3]],
      inputs.optional(4).map({ $0.shape == [shape[0], offsetGroups * taps, shape[2], shape[3]] }) ?? true,
      inputs.optional(3).map({ $0.count == outputs }) ?? true
    else { throw ModelError(.invalidGraph, "offsets \(offsets.type) for \(input.type)") }
    let window = try convolution.window(weights: weights.shape)
    let (x, w, moves) = (try input.doubles(), try weights.doubles(), try offsets.doubles())
    let mask = try inputs.optional(4)?.doubles()
    let bias = try inputs.optional(3)?.doubles() ?? [Double](repeating: 0, count: outputs)
    var result = [Double](repeating: 0, count: try checkedCount(shape, of: .float64))
    let (groupChannels, groupOutputs) = (weights.shape[1], outputs / groups)
    for batch in 0..<shape[0] {
      for place in 0..<plane {
        // What the window reads of every channel.
        var read = [Double](repeating: 0, count: channels * taps)
        for tap in 0..<taps {
          for group in 0..<offsetGroups {
            let move = ((batch * offsetGroups + group) * taps + tap) * 2 * plane + place
            let down = Double(
              place / shape[3] * window.strides[0] + tap / columns * window.dilations[0] - window.pads[0])
            let across = Double(
              place % shape[3] * window.strides[1] + tap % columns * window.dilations[1] - window.pads[1])
            let factor = mask.map { $0[((batch * offsetGroups + group) * taps + tap) * plane + place] } ?? 1
            let each = channels / offsetGroups
            for channel in group * each..<(group + 1) * each {
              read[channel * taps + tap] =
                factor
                * Self.value(
                  x, (batch * channels + channel) * input.shape[2] * input.shape[3], input.shape[2],
                  input.shape[3], down + moves[move], across + moves[move + plane])
            }
          }
        }
        for output in 0..<outputs {
          var sum = bias[output]
          let first = output / groupOutputs * groupChannels * taps
          let weight = output * groupChannels * taps
          for index in 0..<groupChannels * taps { sum += w[weight + index] * read[first + index] }
          result[(batch * outputs + output) * plane + place] = sum
        }
      }
    }
    return [try Tensor(result, shape: shape).cast(to: input.dataType)]
  }

  /// The value at a place between elements; zeros are outside.
  private static func value(
    _ x: [Double], _ start: Int, _ height: Int, _ width: Int, _ down: Double, _ across: Double
  ) -> Double {
    guard down > -1, across > -1, down < Double(height), across < Double(width) else { return 0 }
    let (row, column) = (Int(down.rounded(.down)), Int(across.rounded(.down)))
    let (v, h) = (down - Double(row), across - Double(column))
    func element(_ row: Int, _ column: Int) -> Double {
      row >= 0 && row < height && column >= 0 && column < width ? x[start + row * width + column] : 0
    }
    return (1 - v) * ((1 - h) * element(row, column) + h * element(row, column + 1))
      + v * ((1 - h) * element(row + 1, column) + h * element(row + 1, column + 1))
  }
}
