import SkiffBinary
import SkiffIR

/// What happens to an element that an update meets.
public enum ScatterReduction: String, AttributeEnumeration, CaseIterable {
  /// It is replaced; of several updates the last counts.
  case none
  /// The update is added.
  case add
  /// It is multiplied by the update.
  case multiply
  /// The lesser stays.
  case minimum
  /// The greater stays.
  case maximum

  /// The data with each update brought in at its offset.
  package func apply(_ updates: Tensor, at offsets: [Int], to data: Tensor) throws(ModelError) -> Tensor {
    guard updates.count == offsets.count, updates.dataType == data.dataType else {
      throw ModelError(.invalidGraph, "updates \(updates.type) for \(offsets.count) places of \(data.type)")
    }
    if self == .none {
      // Data and updates in one row: an element is its own unless an update comes over it.
      var sources = Array(0..<data.count)
      for (update, offset) in offsets.enumerated() { sources[offset] = data.count + update }
      let row = try Tensor.joined(
        [data.reshaped(to: [data.count]), updates.reshaped(to: [updates.count])], axis: 0)
      return try row.selecting(sources, shape: data.shape)
        .quantized(with: data.quantization?.ofWholeTensor)
    }
    if data.dataType == .float64 {
      return Tensor(reduced(try data.doubles(), try updates.doubles(), offsets), shape: data.shape)
    }
    if data.dataType.isFloatingPoint {
      return try Tensor(
        floats: reduced(data.floats(), updates.floats(), offsets), as: data.dataType, shape: data.shape)
    }
    var result = try data.plainIntegers()
    for (offset, update) in zip(offsets, try updates.plainIntegers()) {
      switch self {
      case .none: result[offset] = update
      case .add: result[offset] &+= update
      case .multiply: result[offset] &*= update
      case .minimum: result[offset] = min(result[offset], update)
      case .maximum: result[offset] = max(result[offset], update)
      }
    }
    return try Tensor(integers: result, as: data.dataType, shape: data.shape)
  }

  private func reduced<Real: RealNumber>(_ data: [Real], _ updates: [Real], _ offsets: [Int]) -> [Real] {
    var result = data
    for (offset, update) in zip(offsets, updates) {
      switch self {
      case .none: result[offset] = update
      case .add: result[offset] += update
      case .multiply: result[offset] *= update
      case .minimum: result[offset] = Minimum().apply(result[offset], update)
      case .maximum: result[offset] = Maximum().apply(result[offset], update)
      }
    }
    return result
  }
}

/// The data with single elements updated: at the index's own place, but for the axis, where it says which.
public struct ScatterElements: ReferenceKernel {
  public static let name = "ScatterElements"
  public static let summary = "The data with single elements updated along an axis."
  public static let operands: [Operand] = [.required("data"), .required("indices"), .required("updates")]
  public static let attributes = [
    Attribute<ScatterElements>("axis", \.axis, "The axis that the indices name."),
    Attribute<ScatterElements>("reduction", \.reduction, "What happens to an element that an update meets."),
  ]

  /// The axis that the indices name; negative ones count from behind.
  public var axis = 0
  /// What happens to an element that an update meets.
  public var reduction = ScatterReduction.none

  /// Creates an operator on the first axis.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (data, indices, updates) = (try context.type(0), try context.type(1), try context.type(2))
    _ = try normalizedAxis(axis, rank: data.rank)
    guard indices.rank == data.rank, indices.dataType.isInteger, updates.dataType == data.dataType,
      updates.shape.isCompatible(with: indices.shape)
    else { throw ModelError(.invalidGraph, "updates \(updates) at \(indices) of \(data)") }
    return [TensorType(data.dataType, data.shape, quantization: data.quantization?.ofWholeTensor)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (data, indices, updates) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let offsets = try elementOffsets(indices, in: data.shape, axis: axis)
    return [try reduction.apply(updates, at: offsets, to: data)]
  }
}

/// The data with parts updated at places that the last axis of the indices spells out.
///
/// Shapes: data `[d…]`, indices `[i…, n]`, updates `[i…, d[n]…]`.
public struct ScatterND: ReferenceKernel {
  public static let name = "ScatterND"
  public static let summary = "The data with parts updated at places given by several indices each."
  public static let operands: [Operand] = [.required("data"), .required("indices"), .required("updates")]
  public static let attributes = [
    Attribute<ScatterND>("reduction", \.reduction, "What happens to an element that an update meets.")
  ]

  /// What happens to an element that an update meets.
  public var reduction = ScatterReduction.none

  /// Creates the operator.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (data, indices, updates) = (try context.type(0), try context.type(1), try context.type(2))
    guard indices.rank >= 1, indices.dataType.isInteger, updates.dataType == data.dataType,
      indices.shape[indices.rank - 1].fixed.map({ $0 <= data.rank }) ?? true
    else { throw ModelError(.invalidGraph, "updates \(updates) at \(indices) of \(data)") }
    return [TensorType(data.dataType, data.shape, quantization: data.quantization?.ofWholeTensor)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (data, indices, updates) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let places = try PartOffsets(indices, in: data.shape)
    var offsets: [Int] = []
    offsets.reserveCapacity(places.starts.count * places.partSize)
    for start in places.starts { for offset in start..<start + places.partSize { offsets.append(offset) } }
    return [try reduction.apply(updates, at: offsets, to: data)]
  }
}
