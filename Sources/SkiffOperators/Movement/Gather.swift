import SkiffBinary
import SkiffIR

/// The parts of a tensor at some places along an axis.
///
/// Shapes: data `[a…, n, b…]`, indices `[i…]`, result `[a…, i…, b…]`. The first ``batchDimensions`` axes of data
/// and indices belong together and occur once. Negative indices count from behind.
public struct Gather: DataMovement {
  public static let name = "Gather"
  public static let summary = "The parts of a tensor at some places along an axis."
  public static let operands: [Operand] = [.required("data"), .required("indices")]
  public static let attributes = [
    Attribute<Gather>("axis", \.axis, "The axis that is looked up."),
    Attribute<Gather>("batchDimensions", \.batchDimensions, "The leading axes that data and indices share."),
  ]

  /// The axis that is looked up; negative ones count from behind.
  public var axis = 0
  /// The leading axes that data and indices share.
  public var batchDimensions = 0

  /// Creates an operator on the first axis.
  public init() {}

  /// Creates the operator.
  public init(axis: Int) { self.axis = axis }

  private func checkedAxis(_ data: Int, _ indices: Int) throws(ModelError) -> Int {
    let axis = try normalizedAxis(axis, rank: data)
    guard batchDimensions >= 0, batchDimensions <= min(axis, indices) else {
      throw ModelError(
        .invalidGraph, "\(batchDimensions) axes before axis \(axis)",
        at: Location(attribute: "batchDimensions"))
    }
    return axis
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (data, indices) = (try context.type(0), try context.type(1))
    let axis = try checkedAxis(data.rank, indices.rank)
    guard indices.dataType.isInteger else {
      throw ModelError(.invalidGraph, "indices of \(indices.dataType.rawValue)")
    }
    var dimensions = Array(data.shape.dimensions[..<axis])
    dimensions += indices.shape.dimensions[batchDimensions...]
    dimensions += data.shape.dimensions[(axis + 1)...]
    return [TensorType(data.dataType, Shape(dimensions), quantization: data.quantization?.ofWholeTensor)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (data, indices) = (try inputs.required(0), try inputs.required(1))
    let axis = try checkedAxis(data.rank, indices.rank)
    let size = data.shape[axis]
    var places: [Int] = []
    places.reserveCapacity(indices.count)
    for index in try indices.integers() { places.append(try checkedIndex(index, below: size)) }
    guard data.shape[..<batchDimensions] == indices.shape[..<batchDimensions] else {
      throw ModelError(.invalidGraph, "\(Shape(data.shape)) and \(Shape(indices.shape)) share no batch")
    }
    let batches = data.shape[..<batchDimensions].reduce(1, *)
    let middle = data.shape[batchDimensions..<axis].reduce(1, *)
    let inner = data.shape[(axis + 1)...].reduce(1, *)
    let each = indices.shape[batchDimensions...].reduce(1, *)
    var shape = Array(data.shape[..<axis])
    shape += indices.shape[batchDimensions...]
    shape += data.shape[(axis + 1)...]
    var offsets: [Int] = []
    offsets.reserveCapacity(try checkedCount(shape, of: data.dataType))
    for batch in 0..<batches {
      for outer in 0..<middle {
        let start = (batch * middle + outer) * size
        for place in places[batch * each..<(batch + 1) * each] {
          let first = (start + place) * inner
          for offset in first..<first + inner { offsets.append(offset) }
        }
      }
    }
    return [try data.selecting(offsets, shape: shape)]
  }
}

extension Gather: ShapeArithmetic {
  public func knownElements(_ context: InferenceContext) -> [Shape.Dimension]? {
    guard let elements = context.knownElements(0), context.optionalType(0)?.rank == 1,
      let indices = context.integers(1)
    else { return nil }
    var result: [Shape.Dimension] = []
    for index in indices {
      let place = index < 0 ? index + elements.count : index
      guard elements.indices.contains(place) else { return nil }
      result.append(elements[place])
    }
    return result
  }
}

/// For each element of the indices the element of the data at the same place, but for the axis, where the index
/// says which.
public struct GatherElements: DataMovement {
  public static let name = "GatherElements"
  public static let summary = "Single elements of a tensor, looked up along an axis."
  public static let operands: [Operand] = [.required("data"), .required("indices")]
  public static let attributes = [Attribute<GatherElements>("axis", \.axis, "The axis that is looked up.")]

  /// The axis that is looked up; negative ones count from behind.
  public var axis = 0

  /// Creates an operator on the first axis.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (data, indices) = (try context.type(0), try context.type(1))
    _ = try normalizedAxis(axis, rank: data.rank)
    guard indices.rank == data.rank, indices.dataType.isInteger else {
      throw ModelError(.invalidGraph, "indices \(indices) for \(data)")
    }
    return [TensorType(data.dataType, indices.shape, quantization: data.quantization?.ofWholeTensor)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (data, indices) = (try inputs.required(0), try inputs.required(1))
    let offsets = try elementOffsets(indices, in: data.shape, axis: axis)
    return [try data.selecting(offsets, shape: indices.shape)]
  }
}

/// The parts of a tensor at places that the last axis of the indices spells out.
///
/// Shapes: with b shared axes, data `[b…, d…]`, indices `[b…, i…, n]`, result `[b…, i…, d[n]…]`.
public struct GatherND: DataMovement {
  public static let name = "GatherND"
  public static let summary = "The parts of a tensor at places given by several indices each."
  public static let operands: [Operand] = [.required("data"), .required("indices")]
  public static let attributes = [
    Attribute<GatherND>("batchDimensions", \.batchDimensions, "The leading axes that data and indices share.")
  ]

  /// The leading axes that data and indices share.
  public var batchDimensions = 0

  /// Creates an operator without shared axes.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (data, indices) = (try context.type(0), try context.type(1))
    guard indices.rank > batchDimensions, batchDimensions >= 0, indices.dataType.isInteger else {
      throw ModelError(.invalidGraph, "indices \(indices) for \(data)")
    }
    guard let depth = indices.shape[indices.rank - 1].fixed else {
      throw ModelError(.unsupported, "indices whose number is computed when the graph runs")
    }
    guard depth <= data.rank - batchDimensions else {
      throw ModelError(.invalidGraph, "\(depth) indices each for \(data.shape)")
    }
    var dimensions = Array(indices.shape.dimensions.dropLast())
    dimensions += data.shape.dimensions[(batchDimensions + depth)...]
    return [TensorType(data.dataType, Shape(dimensions), quantization: data.quantization?.ofWholeTensor)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (data, indices) = (try inputs.required(0), try inputs.required(1))
    let places = try PartOffsets(indices, in: data.shape, batchDimensions: batchDimensions)
    var offsets: [Int] = []
    offsets.reserveCapacity(places.starts.count * places.partSize)
    for start in places.starts { for offset in start..<start + places.partSize { offsets.append(offset) } }
    return [try data.selecting(offsets, shape: places.outerShape + places.partShape)]
  }
}
