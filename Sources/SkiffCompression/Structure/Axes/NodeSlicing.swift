import SkiffBinary
import SkiffIR
import SkiffOperators

/// A node while indices of its axes are being removed.
struct NodeSlicing {
  /// The node as it was.
  let axes: NodeAxes
  /// The indices that are left of axes that lose some.
  private let kept: [ValueAxis: [Int]]
  let id: NodeID
  /// The graph that loses them.
  var graph: Graph
  var `operator`: any Operator
  var inputs: [ValueID?]

  /// - Parameters:
  ///   - source: The graph as it was.
  ///   - graph: The graph that is being changed.
  init(_ id: NodeID, of source: Graph, in graph: Graph, kept: [ValueAxis: [Int]]) {
    axes = NodeAxes(graph: source, node: source[id])
    self.kept = kept
    self.id = id
    self.graph = graph
    `operator` = graph[id].operator
    inputs = graph[id].inputs
  }

  /// The indices that are left of an axis; nil if all are.
  func kept(_ place: AxisRelations.Place) -> [Int]? { axes.valueAxis(place).flatMap { kept[$0] } }

  /// The size that an axis has now; nil if it is not fixed.
  func size(_ place: AxisRelations.Place) -> Int? {
    if let kept = kept(place) { return kept.count }
    return switch place {
    case .operand(let index, let axis): axes.operand(index)?[axis].fixed
    case .result(let index, let axis): axes.result(index)?[axis].fixed
    }
  }

  /// Replaces an operand by a list of integers of its type.
  mutating func replace(_ index: Int, by integers: [Int]) {
    inputs[index] = list(integers, of: inputs[index].flatMap { graph[$0].type?.dataType } ?? .int64)
  }

  private mutating func list(_ integers: [Int], of dataType: DataType) -> ValueID {
    graph.addConstant(
      dataType == .int32
        ? Tensor(integers.map(Int32.init(clamping:)), shape: [integers.count])
        : Tensor(integers.map(Int64.init), shape: [integers.count]))
  }

  /// Gives the axes of the first result that lose indices their new sizes in the operand that says the shape.
  mutating func resize(shape index: Int) throws(ModelError) {
    guard let result = axes.result(0), let shape = inputs[index],
      let dataType = graph[shape].type?.dataType
    else { return }
    var sizes: [Int: Int] = [:]
    for axis in result.indices { sizes[axis] = kept(.result(0, axis: axis))?.count }
    guard !sizes.isEmpty else { return }
    if var integers = axes.integers(index) {
      for (axis, size) in sizes { integers[axis] = size }
      replace(index, by: integers)
      return
    }
    let parts = try parts(of: result.count, replacing: sizes, dataType) {
      [id] part, graph throws(ModelError) in
      func list(_ number: Int) -> ValueID { graph.addConstant(Tensor([Int64(number)], shape: [1])) }
      let (start, end) = (list(part.lowerBound), list(part.upperBound))
      return try graph.add(Slice(), shape, start, end, before: id)
    }
    inputs[index] = try graph.addNode(Concat(axis: 0), parts, before: id)[0]
  }

  /// Turns the node into the list of integers that it was, with numbers in the place of some.
  ///
  /// - Parameter body: The operator, and its operands, that computes a part of the list.
  mutating func become(
    listOf count: Int, replacing numbers: [Int: Int], of dataType: DataType,
    _ body: (Range<Int>) -> (any Operator, [ValueID?])
  ) throws(ModelError) {
    inputs = try parts(of: count, replacing: numbers, dataType) { [id] part, graph throws(ModelError) in
      let (computed, operands) = body(part)
      return try graph.addNode(computed, operands, before: id)[0]
    }
    `operator` = Concat(axis: 0)
  }

  /// The parts of a list some of whose integers are known.
  private mutating func parts(
    of count: Int, replacing numbers: [Int: Int], _ dataType: DataType,
    _ body: (Range<Int>, inout Graph) throws(ModelError) -> ValueID
  ) throws(ModelError) -> [ValueID?] {
    var result: [ValueID?] = []
    var first = 0
    while first < count {
      let isKnown = numbers[first] != nil
      var end = first
      while end < count, (numbers[end] != nil) == isKnown { end += 1 }
      result.append(
        isKnown ? list((first..<end).compactMap { numbers[$0] }, of: dataType) : try body(first..<end, &graph)
      )
      first = end
    }
    return result
  }
}
