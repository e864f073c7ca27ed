import SkiffBinary
import SkiffIR

/// The exact product of two matrices of narrow integers less their zero points, in int32.
///
/// ONNX's MatMulInteger. A zero point is one number, or one for each row of `a` or each column of `b`.
public struct IntegerMatrixMultiply: ReferenceKernel {
  public static let name = "IntegerMatrixMultiply"
  public static let summary = "The exact matrix product of narrow integers less their zero points, in int32."
  public static let operands: [Operand] = [
    .required("a"), .required("b"), .optional("aZeroPoint"), .optional("bZeroPoint"),
  ]
  public static let attributes: [Attribute<IntegerMatrixMultiply>] = [
    Attribute("transposesB", \.transposesB, "Whether the last two axes of b are exchanged first.")
  ]

  /// Whether the last two axes of `b` are exchanged first; its zero points are then one for each row.
  public var transposesB = false

  /// Creates the operator.
  public init() {}

  /// The same on real numbers.
  package var product: MatrixMultiply {
    var product = MatrixMultiply()
    product.transposesB = transposesB
    return product
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (a, b) = (try context.type(0), try context.type(1))
    guard a.dataType.isNarrowInteger, b.dataType.isNarrowInteger else {
      throw ModelError(.invalidGraph, "the product of \(a) and \(b)")
    }
    return [TensorType(.int32, try product.resultShape(a.shape, b.shape))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (a, b) = (try inputs.required(0), try inputs.required(1))
    let geometry = try product.geometry(a.shape, b.shape)
    let left = try a.integers(less: inputs.optional(2), listAxis: -2)
    let right = try b.integers(less: inputs.optional(3), listAxis: transposesB ? -2 : -1)
    return [Tensor(geometry.products(left, right, 0) { $0 &+ $1 &* $2 }, shape: geometry.shape)]
  }
}

extension DataType {
  /// Whether elements are integers of at most 16 bits, which products in int32 are made of.
  var isNarrowInteger: Bool { isInteger && bitWidth <= 16 }
}

extension Tensor {
  /// The integers less their zero points.
  ///
  /// - Parameters:
  ///   - zeroPoint: One number, a list along `listAxis`, or a tensor that broadcasts; nil for 0.
  ///   - listAxis: The axis of a list, negative to count from behind.
  package func integers(less zeroPoint: Tensor?, listAxis: Int) throws(ModelError) -> [Int32] {
    let values: [Int32]
    switch dataType {
    case .int8: values = try elements(as: Int8.self).map(Int32.init)
    case .uint8: values = try elements(as: UInt8.self).map(Int32.init)
    default:
      guard dataType.isNarrowInteger else {
        throw ModelError(.unsupported, "exact products of \(dataType.rawValue)")
      }
      values = try plainIntegers().map { Int32($0) }
    }
    guard let zeroPoint else { return values }
    guard zeroPoint.dataType == dataType else {
      throw ModelError(.invalidGraph, "a zero point \(zeroPoint.type) of \(type)")
    }
    let zeros = try zeroPoint.integers().map { Int32($0) }
    if zeros.count == 1, let zero = zeros.first { return zero == 0 ? values : values.map { $0 - zero } }
    var sizes = zeroPoint.shape
    if zeroPoint.rank == 1 {
      sizes += [Int](repeating: 1, count: try rank - 1 - normalizedAxis(listAxis, rank: rank))
    }
    guard try Broadcasting.sizes(of: [sizes, shape]) == shape else {
      throw ModelError(.invalidGraph, "zero points \(Shape(zeroPoint.shape)) of \(type)")
    }
    return zip(values, Broadcasting.expand(zeros, sizes, to: shape)).map { $0 - $1 }
  }
}
