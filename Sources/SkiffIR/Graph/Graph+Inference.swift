import SkiffBinary

extension Graph {
  /// Infers every type anew from those of the inputs and constants, for example after an input's shape was set.
  ///
  /// A result keeps its quantization parameters while its data type stays the same.
  public mutating func inferTypes() throws(ModelError) {
    for id in nodeIDs {
      let node = self[id]
      let known = node.outputs.map { self[$0].type }
      let inferred = try infer(
        node, known: node.operator is ForeignOperator ? known : known.map(Self.quantizedOnly))
      for (output, result) in zip(node.outputs, inferred) {
        valueTable[output.index]?.type = result.type
        valueTable[output.index]?.knownElements = result.elements
      }
    }
    revision += 1
  }

  /// Replaces the shapes of inputs and every symbol that this fixes, and infers all types anew.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` naming the input if a shape contradicts its type.
  public mutating func setInputShapes(_ shapes: [String: [Int]]) throws(ModelError) {
    var bindings: [String: Int] = [:]
    for (name, sizes) in shapes.sorted(by: { $0.key < $1.key }) {
      guard let input = inputs.first(where: { self[$0].name == name }), let type = self[input].type else {
        let names = inputs.map { "'\(self[$0].name)'" }.joined(separator: ", ")
        throw ModelError(.invalidArgument, "there is no input '\(name)'; the inputs are \(names)")
      }
      try Self.match(type.shape, sizes, of: name, into: &bindings)
      setType(of: input, to: TensorType(type.dataType, Shape(sizes), quantization: type.quantization))
    }
    for input in inputs {
      guard var type = self[input].type else { continue }
      type.shape = type.shape.binding(bindings)
      setType(of: input, to: type)
    }
    try inferTypes()
  }

  /// Checks that `sizes` is an instance of `shape` and collects what its symbols stand for.
  package static func match(
    _ shape: Shape, _ sizes: [Int], of name: String, into bindings: inout [String: Int]
  ) throws(ModelError) {
    let place = Location(tensor: name)
    guard shape.rank == sizes.count else {
      throw ModelError(.invalidArgument, "expected shape \(shape), found \(Shape(sizes))", at: place)
    }
    for (dimension, size) in zip(shape.dimensions, sizes) {
      guard size >= 0 else { throw ModelError(.invalidArgument, "negative size \(size)", at: place) }
      switch dimension {
      case .unknown: continue
      case .fixed(let expected):
        guard expected == size else {
          throw ModelError(.invalidArgument, "expected shape \(shape), found \(Shape(sizes))", at: place)
        }
      case .symbolic(let expression):
        let symbols = expression.symbols
        if symbols.count == 1, let symbol = symbols.first, expression == AffineExpression(symbol: symbol),
          bindings[symbol] == nil
        {
          bindings[symbol] = size
        } else if let value = expression.evaluate(bindings), value != size {
          throw ModelError(
            .invalidArgument, "\(dimension) is \(value) elsewhere, but \(size) in \(Shape(sizes))", at: place)
        }
      }
    }
  }

  /// The most results of one node: their number can come from a file that has none of them.
  private static let resultLimit = 1 << 16

  private static func quantizedOnly(_ type: TensorType?) -> TensorType? {
    type?.isQuantized == true ? type : nil
  }

  /// The types of a node's results; `known` ones supply quantization, or everything where nothing can be inferred.
  func infer(
    _ node: Node, known: [TensorType?]
  ) throws(ModelError) -> [(type: TensorType?, elements: [Shape.Dimension]?)] {
    let context = InferenceContext(graph: self, inputs: node.inputs)
    return try locating(node.location) { () throws(ModelError) in
      try type(of: node.operator).checkOperands(node.inputs)
      guard (0...Self.resultLimit).contains(node.operator.outputCount) else {
        throw ModelError(.limitExceeded, "\(node.operator.outputCount) results of one node")
      }
      let isKnown = node.inputs.allSatisfy { $0.map { self[$0].type != nil } ?? true }
      guard isKnown, !(node.operator is ForeignOperator) else {
        return (0..<node.operator.outputCount).map { ($0 < known.count ? known[$0] : nil, nil) }
      }
      let types = try node.operator.inferTypes(context)
      // Sizes are computed from attributes and constants, which can be anything.
      for type in types where type.shape.dimensions.contains(where: { $0.fixed ?? 0 < 0 }) {
        throw ModelError(.invalidGraph, "a result would have the shape \(type.shape)")
      }
      // Operands with as many elements as each other can still broadcast to more: [4] and [4, 1] to sixteen.
      let computed = (node.operator as? any ShapeArithmetic)?.knownElements(context).flatMap {
        $0.count == types.first?.shape.elementCount ? $0 : nil
      }
      let elements = computed ?? context.evaluated(node.operator, types.first)
      return types.enumerated().map { index, type in
        var type = type
        if index < known.count, let better = known[index] {
          if better.dataType == type.dataType { type.quantization = better.quantization ?? type.quantization }
          if type.shape.dimensions.contains(.unknown), better.shape.rank == type.rank {
            type.shape = Shape(
              zip(type.shape.dimensions, better.shape.dimensions).map { $0 == .unknown ? $1 : $0 })
          }
        }
        let small = elements.flatMap { index == 0 && $0.count <= Constant.smallCount ? $0 : nil }
        // What the data type cannot hold has wrapped around, or become true.
        let range = type.dataType == .boolean ? 0...1 : type.dataType.integerRange()
        return (type, small?.map { $0.fixed.map { !range.contains($0) } ?? false ? .unknown : $0 })
      }
    }
  }
}
