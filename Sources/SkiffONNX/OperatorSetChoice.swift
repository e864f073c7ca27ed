import SkiffIR

extension ONNXGraph {
  /// The version of ONNX's operators that a file of the graph names.
  ///
  /// Rows are written for the newest. ONNX Runtime's passes around QuantizeLinear leave files of version 21 with a contradiction and
  /// then refuse them (seen in 1.32: `output_dtype` beside a zero point whose type another pass changed), so a file with
  /// 8-bit integers names the version before where it uses nothing that came with 21.
  var operatorSetVersion: Int {
    quantizes && !usesNewest ? Dialect.newestVersion - 1 : Dialect.newestVersion
  }

  /// Whether some node rounds real numbers to integers.
  private var quantizes: Bool {
    nodes.contains { $0.operatorName == "QuantizeLinear" || $0.bodies.contains(where: \.quantizes) }
  }

  /// Whether something is used that came with version 21: types that operators took then, integers of other widths that stand for
  /// real numbers, blocks of them, and normalizations with a scale for each channel.
  private var usesNewest: Bool {
    var types = Dictionary(initializers.map { ($0.name, $0.elementType) }) { first, _ in first }
    for value in inputs + outputs { types[value.name] = value.elementType }
    return types.values.contains(where: \.isNewElementType)
      || nodes.contains { node in
        node.operatorName == "GroupNormalization"
          || node.attributes.contains {
            ["block_size", "output_dtype"].contains($0.name) || $0.isNewElementType
          }
          || node.convertsIntegers
            && (node.inputs + node.outputs).contains { types[$0]?.isWideInteger ?? false }
          || node.bodies.contains(where: \.usesNewest)
      }
  }
}

extension ONNXNode {
  fileprivate var convertsIntegers: Bool { ["QuantizeLinear", "DequantizeLinear"].contains(operatorName) }

  /// The graphs inside of it.
  fileprivate var bodies: [ONNXGraph] {
    attributes.compactMap { if case .graph(let graph) = $0.value { graph } else { nil } }
  }
}

extension ONNXAttribute {
  /// Whether it is the type of Cast, and one that operators took with version 21.
  fileprivate var isNewElementType: Bool {
    if name == "to", case .integer(let type) = value { type.isNewElementType } else { false }
  }
}

extension ONNXValueInfo {
  /// The number of its elements' type, nil if it is no tensor.
  fileprivate var elementType: Int? {
    if case .tensor(let element, _)? = type { element } else { nil }
  }
}

extension Int {
  /// Whether an element type is one of 4 bits, or a real number of 8.
  fileprivate var isNewElementType: Bool {
    guard let type = ElementTypes.dataType(self) else { return false }
    return type.bitWidth < 8 && type != .boolean || type.isFloatingPoint && type.bitWidth == 8
  }

  /// Whether an element type is that of integers of 16 bits.
  fileprivate var isWideInteger: Bool {
    guard let type = ElementTypes.dataType(self) else { return false }
    return type.isInteger && type.bitWidth == 16
  }
}
