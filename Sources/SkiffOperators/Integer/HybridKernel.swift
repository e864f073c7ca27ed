import SkiffBinary
import SkiffIR

/// A product of real numbers with int8 weights: each row of the input is rounded to int8 by its own range, and the exact sums
/// of integers are scaled back to real numbers.
///
/// This is what TensorFlow Lite calls hybrid and computes for weights that were quantized alone ("dynamic range").
struct HybridKernel: PreparedKernel {
  /// The rows of the input that have a range of their own.
  let rows: Int
  /// Whether a range need not have zero in its middle.
  let isAsymmetric: Bool
  /// One scale, or one for each channel.
  let weightScales: [Float]
  /// Whether sums are multiplied by the product of both scales. LiteRT does so but in convolutions of one group whose channels have
  /// scales of their own: these multiply by one after the other.
  let multipliesScales: Bool
  let activation: FusedActivation
  let output: TensorType
  /// The exact sums of one row.
  let sums: ConvolutionSums

  func run(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0).elements(as: Float.self)
    let weights = try inputs.required(1).elements(as: Int8.self)
    let bias = try inputs.optional(2)?.floats()
    let size = rows == 0 ? 0 : input.count / rows
    var result: [Float] = []
    for row in 0..<rows {
      let (integers, scale, zeroPoint) = rounded(input[row * size..<(row + 1) * size])
      let exact = sums.run(input: integers.span, zeroPoint: zeroPoint, weights: weights.span)
      for (index, sum) in exact.enumerated() {
        let channel = index % sums.outputChannels
        let weightScale = weightScales.count == 1 ? weightScales[0] : weightScales[channel]
        let real = multipliesScales ? Float(sum) * (weightScale * scale) : Float(sum) * weightScale * scale
        result.append(activation(real + (bias?[channel] ?? 0)))
      }
    }
    return [try Tensor(floats: result, as: .float32, shape: output.shape.fixed ?? [])]
  }

  /// A row as integers.
  private func rounded(_ row: ArraySlice<Float>) -> (integers: [Int8], scale: Float, zeroPoint: Int32) {
    let (least, greatest) = (min(0, row.min() ?? 0), max(0, row.max() ?? 0))
    guard least < greatest else { return ([Int8](repeating: 0, count: row.count), 1, 0) }
    guard isAsymmetric else {
      let range = max(-least, greatest)
      let inverse = 127 / range
      let integers = row.map { Int8(clamped(($0 * inverse).rounded(.toNearestOrAwayFromZero), -127...127)) }
      return (integers, range / 127, 0)
    }
    let scale = (greatest - least) / 255
    let step = Double(scale)
    // Of the two places that zero could have, the one that errs less.
    let fromLeast = -128 - Double(least) / step
    let fromGreatest = 127 - Double(greatest) / step
    let errs = (128 + abs(Double(least) / step), 127 + abs(Double(greatest) / step))
    let place = errs.0 < errs.1 ? fromLeast : fromGreatest
    let zeroPoint = Int32(clamped(Float(place.rounded(.toNearestOrAwayFromZero)), -128...127))
    let inverse = 1 / scale
    // Halves go away from zero before the zero point is added.
    let integers = row.map { element in
      let steps = (element * inverse).rounded(.toNearestOrAwayFromZero)
      return Int8(clamped(steps + Float(zeroPoint), -128...127))
    }
    return (integers, scale, zeroPoint)
  }

  private func clamped(_ value: Float, _ range: ClosedRange<Float>) -> Float {
    value.isNaN ? 0 : min(max(value, range.lowerBound), range.upperBound)
  }
}

extension QuantizedContext {
  /// Whether the first operand and the result are real numbers, and the second is int8.
  var isHybrid: Bool {
    inputs.count >= 2 && inputs[0]?.dataType == .float32 && inputs[1]?.dataType == .int8
      && outputs.first?.dataType == .float32
  }
}
