/// What is known of a tensor before it exists.
public struct TensorType: Hashable, Sendable {
  /// What one element is stored as.
  public var dataType: DataType
  /// The extents.
  public var shape: Shape
  /// How stored integers stand for real numbers; nil if they stand for themselves.
  public var quantization: QuantizationParameters?

  /// Creates a type.
  public init(_ dataType: DataType, _ shape: Shape, quantization: QuantizationParameters? = nil) {
    self.dataType = dataType
    self.shape = shape
    self.quantization = quantization
  }

  /// The rank of the shape.
  public var rank: Int { shape.rank }
  /// Whether an operator on it computes with integers that stand for real numbers.
  public var isQuantized: Bool { quantization != nil }
}

extension TensorType: CustomStringConvertible {
  /// For example `f32[1,3]` or `i8[1,3]q(0.5:3)`.
  public var description: String {
    "\(dataType.rawValue)\(shape)" + (quantization.map(\.description) ?? "")
  }
}
