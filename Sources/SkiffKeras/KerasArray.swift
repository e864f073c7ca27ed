import SkiffBinary
import SkiffIR

/// Numbers that are written in a configuration: one, lists of them, or an array of NumPy or TensorFlow.
struct KerasArray {
  let shape: [Int]
  let numbers: [Double]
  /// The type that the array says it has; one number takes that of what it is combined with.
  let dataType: DataType?
  /// Whether all numbers are written without a point.
  let isInteger: Bool

  /// Numbers without a type.
  init(shape: [Int], numbers: [Double]) {
    (self.shape, self.numbers, dataType, isInteger) = (shape, numbers, nil, false)
  }

  /// Nil if it is no number and no regular lists of numbers.
  init?(_ json: JSONValue) {
    let value = json["config"]?["value"] ?? json
    let name = json["config"]?["dtype"]
    guard let (shape, leaves) = Self.flattened(value, depth: 0) else { return nil }
    self.shape = shape
    numbers = leaves.compactMap { $0.number ?? $0.boolean.map { $0 ? 1 : 0 } }
    guard numbers.count == leaves.count else { return nil }
    isInteger = leaves.allSatisfy { if case .integer = $0 { true } else { false } }
    let isBoolean = !leaves.isEmpty && leaves.allSatisfy { $0.boolean != nil }
    dataType = isBoolean ? .boolean : name.flatMap { try? KerasPolicy.dataType(of: $0, default: .float32) }
  }

  private static func flattened(_ json: JSONValue, depth: Int) -> (shape: [Int], leaves: [JSONValue])? {
    guard let list = json.array else { return ([], [json]) }
    guard depth < 16, !list.isEmpty else { return nil }
    var leaves: [JSONValue] = []
    var inner: [Int]?
    for item in list {
      guard let part = flattened(item, depth: depth + 1), inner == nil || inner == part.shape else {
        return nil
      }
      inner = part.shape
      leaves += part.leaves
    }
    return ([list.count] + (inner ?? []), leaves)
  }
}

extension Importer {
  /// Numbers as a constant of this type, or else of the one that they say or look like.
  func add(_ array: KerasArray, as dataType: DataType? = nil) -> ValueID {
    let type = dataType ?? array.dataType ?? .float32
    let integers = array.numbers.compactMap { Int(exactly: $0) }
    if type.isInteger || type == .boolean, integers.count == array.numbers.count,
      let tensor = try? Tensor(integers: integers, as: type, shape: array.shape)
    {
      return graph.addConstant(tensor)
    }
    return graph.addConstant(Tensor(array.numbers.map(Float.init), shape: array.shape))
  }
}
