import SkiffBinary
import SkiffIR

extension TensorType {
  /// Reads a `Type`.
  init(edge table: FlatTable, limits: Limits) throws(ModelError) {
    let number = try table.integer("data_type")
    guard let name = FlatSchema.skiff.enumerations["DataType"]?.name(of: number),
      let dataType = DataType(rawValue: name)
    else { throw ModelError(.unsupported, "the data type \(number) is not known") }
    let sizes = try table.integers("sizes") ?? []
    guard sizes.count <= limits.rank else { throw ModelError(.limitExceeded, "a rank of \(sizes.count)") }
    var dynamic = try table.strings("dynamic") ?? []
    dynamic.reverse()
    var dimensions: [Shape.Dimension] = []
    for size in sizes {
      if size >= 0 {
        dimensions.append(.fixed(size))
      } else {
        guard size == -1, let text = dynamic.popLast() else {
          throw ModelError(.malformed, "a size of \(size)")
        }
        let dimension = try Shape.Dimension(text: text, limits: limits)
        guard dimension.fixed == nil else { throw ModelError(.malformed, "a size of \"\(text)\"") }
        dimensions.append(dimension)
      }
    }
    guard dynamic.isEmpty else { throw ModelError(.malformed, "more sizes than axes") }
    self.init(
      dataType, Shape(dimensions),
      quantization: try table.table("quantization").map { table throws(ModelError) in
        try QuantizationParameters(edge: table)
      })
    if let quantization { try quantization.verify(dataType: dataType, shape: shape) }
  }

  /// The type as a `Type`.
  var edgeObject: FlatObject {
    var object = FlatObject("Type")
    let number = FlatSchema.skiff.enumerations["DataType"]?.number(of: dataType.rawValue)
    object["data_type"] = number.map(FlatValue.integer)
    // An expression that depends on nothing is a number like any other.
    let dimensions = shape.dimensions.map { Shape.Dimension($0.expression) }
    object["sizes"] = .nonEmpty(dimensions.map { $0.fixed ?? -1 })
    object["dynamic"] = .nonEmpty(dimensions.filter { $0.fixed == nil }.map(\.description))
    object["quantization"] = quantization.map { .object($0.edgeObject) }
    return object
  }
}

extension QuantizationParameters {
  fileprivate init(edge table: FlatTable) throws(ModelError) {
    let scales = try table.singles("scales")
    let zeroPoints = try table.integers("zero_points") ?? [Int](repeating: 0, count: scales.count)
    let (axis, block) = (try table.integer("axis"), try table.integer("block"))
    let granularity: Granularity =
      switch (axis, block) {
      case (-1, 0): .perTensor
      case (0..., 0): .perAxis(axis)
      case (0..., 1...): .blocked(axis: axis, size: block)
      default: throw ModelError(.malformed, "quantization in blocks of \(block) along axis \(axis)")
      }
    self.init(scales: scales, zeroPoints: zeroPoints, granularity: granularity)
  }

  fileprivate var edgeObject: FlatObject {
    var object = FlatObject("Quantization")
    object["scales"] = .nonEmpty(scales)
    if zeroPoints.contains(where: { $0 != 0 }) { object["zero_points"] = .integers(zeroPoints) }
    switch granularity {
    case .perTensor: break
    case .perAxis(let axis): object["axis"] = .integer(axis)
    case .blocked(let axis, let size):
      object["axis"] = .integer(axis)
      object["block"] = .integer(size)
    }
    return object
  }
}
