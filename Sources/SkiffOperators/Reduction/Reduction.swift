import SkiffBinary
import SkiffIR

/// An operator that reduces all elements along some axes to one number.
package protocol Reduction: ReferenceKernel, AxisAware {
  /// The axes that are reduced, negative ones counted from behind; empty for all.
  var axes: [Int] { get set }
  /// Whether reduced axes stay, with size 1.
  var keepsDimensions: Bool { get set }
  /// The number that some elements are reduced to; sums are carried in double precision.
  func reduce<Real: RealNumber>(_ row: ArraySlice<Real>) -> Double
  /// The integer that some integers of a type with this range are reduced to.
  func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int
}

extension Reduction {
  public static var operands: [Operand] { [.required("input")] }
  public static var attributes: [Attribute<Self>] {
    [
      Attribute("axes", \.axes, "The axes that are reduced; empty for all."),
      Attribute("keepsDimensions", \.keepsDimensions, "Whether reduced axes stay, with size 1."),
    ]
  }

  package func reduce(_ row: ArraySlice<Int>, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    throw ModelError(.unsupported, "\(Self.name) of integers")
  }

  /// The axes that are reduced in a tensor of this rank, sorted.
  package func reducedAxes(rank: Int) throws(ModelError) -> [Int] {
    axes.isEmpty ? Array(0..<rank) : try normalizedAxes(axes, rank: rank)
  }

  package func reducedShape(_ shape: Shape) throws(ModelError) -> Shape {
    let reduced = try reducedAxes(rank: shape.rank)
    var result: [Shape.Dimension] = []
    for (axis, dimension) in shape.dimensions.enumerated() {
      if !reduced.contains(axis) {
        result.append(dimension)
      } else if keepsDimensions {
        result.append(.fixed(1))
      }
    }
    return Shape(result)
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    return [TensorType(type.dataType, try reducedShape(type.shape))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let reduced = try reducedAxes(rank: input.rank)
    guard let shape = try reducedShape(Shape(input.shape)).fixed else {
      throw ModelError(.invalidGraph, "sizes must be known")
    }
    let kept = (0..<input.rank).filter { !reduced.contains($0) }
    let order = kept + reduced
    let rows = order == Array(0..<input.rank) ? input : try input.permuted(by: order)
    let length = reduced.map { input.shape[$0] }.reduce(1, *)
    let count = shape.reduce(1, *)
    switch input.dataType {
    case .float64:
      return [Tensor(reduceRows(try rows.doubles(), length, count), shape: shape)]
    case _ where input.dataType.isFloatingPoint:
      let numbers = reduceRows(try rows.floats(), length, count)
      return [try Tensor(floats: numbers.map(Float.init), as: input.dataType, shape: shape)]
    default:
      let range = input.dataType == .boolean ? 0...1 : input.dataType.integerRange()
      let integers = try rows.plainIntegers()
      var result: [Int] = []
      result.reserveCapacity(count)
      for row in 0..<count {
        result.append(try reduce(integers[row * length..<(row + 1) * length], in: range))
      }
      return [try Tensor(integers: result, as: input.dataType, shape: shape)]
    }
  }

  private func reduceRows<Real: RealNumber>(_ values: [Real], _ length: Int, _ count: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(count)
    for row in 0..<count { result.append(reduce(values[row * length..<(row + 1) * length])) }
    return result
  }
}

extension ArraySlice where Element: RealNumber {
  /// The sum of a function of each element, in double precision.
  @inline(__always)
  func sum(_ function: (Double) -> Double) -> Double {
    var sum = 0.0
    for element in self { sum += function(Double(element)) }
    return sum
  }
}
