import SkiffIR

/// Operands that go together, of operators that chance almost never gives any.
enum PlausibleOperands {
  /// Types by the name of the operator, and the elements of integers among them where they must make sense.
  static let types: [String: [(type: TensorType, integers: [Int]?)]] = [
    "AffineGrid": [real([1, 2, 3]), integer([4], [1, 1, 3, 2])],
    "Col2Im": [real([1, 4, 4]), integer([2], [3, 3]), integer([2], [2, 2])],
    "DetectionPostProcess": [real([1, 3, 4]), real([1, 3, 2]), real([3, 4])],
    "DeformableConvolution": [real([1, 1, 4, 4]), real([1, 1, 2, 2]), real([1, 8, 3, 3])],
    "GRU": [real([2, 1, 3]), real([1, 6, 3]), real([1, 6, 2]), real([1, 12]), integer([1], [1])],
    "IntegerConvolution": [bytes([1, 1, 4, 4]), bytes([1, 1, 1, 1])],
    "LSTM": [
      real([2, 1, 3]), real([1, 8, 3]), real([1, 8, 2]), real([1, 16]), integer([1], [1]), real([1, 1, 2]),
      real([1, 1, 2]), real([1, 6]),
    ],
    "MaxUnpool": [real([1, 1]), integer([1, 1], [0])],
    "NegativeLogLikelihood": [real([2, 3]), integer([2], [0, 2])],
    "NonMaxSuppression": [real([1, 3, 4]), real([1, 2, 3]), integer([1], [2])],
    "RNN": [real([2, 1, 3]), real([1, 2, 3]), real([1, 2, 2]), real([1, 4]), integer([1], [1])],
    "RegionAlign": [real([1, 1, 4, 4]), real([1, 4]), integer([1], [0])],
    "FourierTransform": [real([1, 6, 1]), integer([], [5])],
    "ScatterElements": [real([3, 3]), integer([1, 3], [0, 0, 0]), real([1, 3])],
    "Slice": [real([4, 4]), integer([2], [0, 0]), integer([2], [2, 2])],
    "TransposedConvolution": [real([1, 1, 3, 3]), real([1, 1, 1, 1])],
    "ShortTimeFourierTransform": [real([1, 9, 1]), integer([], [2]), real([4]), integer([], [4])],
    "SoftNonMaxSuppression": [real([3, 4]), real([3]), real([]), real([])],
    "Resize": [real([1, 1, 2, 3]), real([]), real([4]), integer([4], [1, 1, 3, 4])],
  ]

  private static func real(_ shape: [Int]) -> (type: TensorType, integers: [Int]?) {
    (TensorType(.float32, Shape(shape)), nil)
  }

  private static func bytes(_ shape: [Int]) -> (type: TensorType, integers: [Int]?) {
    (TensorType(.int8, Shape(shape)), nil)
  }

  private static func integer(_ shape: [Int], _ elements: [Int]) -> (type: TensorType, integers: [Int]?) {
    (TensorType(.int64, Shape(shape)), elements)
  }
}
