import SkiffBinary

/// How stored integers stand for real numbers: `real = (stored - zeroPoint) * scale`.
///
/// Scales are float32 and are carried over between formats to the bit.
public struct QuantizationParameters: Hashable, Sendable {
  /// Which elements share a scale and a zero point.
  public enum Granularity: Hashable, Sendable {
    /// All of them.
    case perTensor
    /// Those with the same index along the axis.
    case perAxis(Int)
    /// Runs of `size` elements along the axis; parameters are ordered like a tensor with that axis divided.
    case blocked(axis: Int, size: Int)
  }

  /// The scales, one for each group of elements.
  public var scales: [Float]
  /// The zero points, as many as scales.
  public var zeroPoints: [Int]
  /// Which elements share them.
  public var granularity: Granularity

  /// Creates parameters for a whole tensor.
  public init(scale: Float, zeroPoint: Int = 0) {
    scales = [scale]
    zeroPoints = [zeroPoint]
    granularity = .perTensor
  }

  /// Creates symmetric parameters along an axis.
  public init(scales: [Float], axis: Int) {
    self.scales = scales
    zeroPoints = [Int](repeating: 0, count: scales.count)
    granularity = .perAxis(axis)
  }

  /// Creates parameters from their parts; ``Graph/verify()`` checks that they fit their tensor.
  public init(scales: [Float], zeroPoints: [Int], granularity: Granularity) {
    self.scales = scales
    self.zeroPoints = zeroPoints
    self.granularity = granularity
  }

  /// The scale and zero point of a whole tensor, nil for other granularities.
  public var perTensor: (scale: Float, zeroPoint: Int)? {
    guard granularity == .perTensor, let scale = scales.first, let zeroPoint = zeroPoints.first else {
      return nil
    }
    return (scale, zeroPoint)
  }

  /// The same parameters for a tensor whose axes were permuted: axis `i` of the result is axis
  /// `permutation[i]` of the original. Nil for blocks, whose parameters have an order of their own.
  public func permuted(by permutation: [Int]) -> QuantizationParameters? {
    switch granularity {
    case .perTensor: return self
    case .blocked: return nil
    case .perAxis(let axis):
      guard let moved = permutation.firstIndex(of: axis) else { return nil }
      var result = self
      result.granularity = .perAxis(moved)
      return result
    }
  }

  /// Checks that the parameters fit a tensor of this data type and shape.
  package func verify(dataType: DataType, shape: Shape) throws(ModelError) {
    func fail(_ message: String) -> ModelError { ModelError(.invalidGraph, message) }
    guard dataType.isInteger else { throw fail("quantization parameters on \(dataType.rawValue)") }
    guard scales.count == zeroPoints.count else {
      throw fail("\(scales.count) scales but \(zeroPoints.count) zero points")
    }
    guard scales.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw fail("a scale is negative, infinite or not a number")
    }
    let range = dataType.integerRange().clamped(to: Int(Int32.min)...Int(Int32.max))
    guard zeroPoints.allSatisfy(range.contains) else {
      throw fail("a zero point beyond \(range) of \(dataType.rawValue)")
    }
    switch granularity {
    case .perTensor:
      guard scales.count == 1 else { throw fail("\(scales.count) scales for a whole tensor") }
    case .perAxis(let axis):
      guard axis >= 0, axis < shape.rank else { throw fail("quantized axis \(axis) of rank \(shape.rank)") }
      guard let size = shape[axis].fixed, size == scales.count else {
        throw fail("\(scales.count) scales along an axis of size \(shape[axis])")
      }
    case .blocked(let axis, let size):
      guard axis >= 0, axis < shape.rank, size > 0, var sizes = shape.fixed else {
        throw fail("blocks of \(size) along axis \(axis) of shape \(shape)")
      }
      sizes[axis] = sizes[axis] / size + (sizes[axis] % size == 0 ? 0 : 1)
      guard sizes.checkedProduct() == scales.count else {
        throw fail("\(scales.count) scales for blocks of \(size) along axis \(axis) of shape \(shape)")
      }
    }
  }
}

extension QuantizationParameters: CustomStringConvertible {
  /// For example `q(0.5:3)` or `q(axis 0; 0.5:0, 0.25:0)`.
  public var description: String {
    let pairs = zip(scales, zeroPoints).map { "\($0):\($1)" }.joined(separator: ",")
    return switch granularity {
    case .perTensor: "q(\(pairs))"
    case .perAxis(let axis): "q(axis \(axis);\(pairs))"
    case .blocked(let axis, let size): "q(axis \(axis) by \(size);\(pairs))"
    }
  }
}
