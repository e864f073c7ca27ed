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

  /// Whether 32 bits count the elements as far as sizes are known, those of 0 left out: no product of sizes overflows.
  package var isCountedIn32Bits: Bool {
    shape.dimensions.compactMap(\.fixed).filter { $0 != 0 }.checkedProduct().map { $0 <= Int32.max } ?? false
  }
}

extension TensorType: CustomStringConvertible {
  /// For example `f32[1,3]` or `i8[1,3]q(0.5:3)`.
  public var description: String {
    "\(dataType.rawValue)\(shape)" + (quantization.map(\.description) ?? "")
  }
}
