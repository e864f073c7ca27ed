import Skiff
import SkiffBinary
import SkiffIR

/// What `skiff inspect` shows.
struct ModelSummary {
  private let model: Model
  private let graph: Graph
  private let operators: [(name: String, count: Int, multiplications: Int?)]
  /// The graphs inside of nodes, at any depth.
  private let bodies: [Graph]
  /// Whether work is counted for one sample, since the number of samples is not fixed.
  private let isPerSample: Bool

  init(_ model: Model) {
    self.model = model
    let perSample = Self.withOneSample(model.graph)
    isPerSample = perSample != nil
    graph = model.graph
    bodies = Self.bodies(of: graph)
    let counted = perSample ?? model.graph
    var counts: [String: (count: Int, multiplications: Int?)] = [:]
    for id in graph.nodeIDs {
      let name = Self.operatorName(graph[id])
      let own = counted.multiplications(of: counted[id])
      let present = counts[name] ?? (0, 0)
      counts[name] = (present.count + 1, own.flatMap { own in present.multiplications.map { $0 + own } })
    }
    operators = counts.map { ($0.key, $0.value.count, $0.value.multiplications) }.sorted { $0.name < $1.name }
  }

  private static func bodies(of graph: Graph) -> [Graph] {
    graph.nodeIDs.flatMap { graph[$0].operator.subgraphs.flatMap { [$0.graph] + bodies(of: $0.graph) } }
  }

  private static func operatorName(_ node: Node) -> String {
    (node.operator as? ForeignOperator).map { "\($0.kind) (not known)" } ?? type(of: node.operator).name
  }

  /// The graph for one sample, nil unless the first axis of inputs is all that is not fixed.
  private static func withOneSample(_ graph: Graph) -> Graph? {
    var shapes: [String: [Int]] = [:]
    for id in graph.inputs {
      guard let shape = graph[id].type?.shape, !shape.isFixed,
        let rest = Shape(Array(shape.dimensions.dropFirst())).fixed
      else { continue }
      shapes[graph[id].name] = [1] + rest
    }
    guard !shapes.isEmpty else { return nil }
    var copy = graph
    guard (try? copy.setInputShapes(shapes)) != nil else { return nil }
    return copy
  }

  private static func parameterCount(_ graph: Graph) -> Int {
    graph.constantIDs.reduce(0) { sum, id in
      guard let type = graph[id].type else { return sum }
      // Matrices of bytes are weights, whose scales are operands of their own.
      let isNumbers = type.dataType.isFloatingPoint || type.isQuantized
      let isBytes = type.dataType.isInteger && type.dataType.bitWidth <= 8 && type.rank >= 2
      guard isNumbers || isBytes else { return sum }
      return sum + (type.shape.elementCount ?? 0)
    }
  }

  private var multiplications: Int? {
    operators.reduce(0) { sum, row in sum.flatMap { sum in row.multiplications.map { sum + $0 } } }
  }

  /// For people.
  var text: String {
    var lines = ["\(model.path): \(model.format.name)"]
    for input in graph.inputs { lines.append("input  '\(graph[input].name)': \(described(input))") }
    for output in graph.outputs { lines.append("output '\(output.name)': \(described(output.value))") }
    lines.append(
      "\(graph.nodeIDs.count) nodes, \(Self.parameterCount(graph)) parameters, \(graph.constantByteCount) bytes of constants"
    )
    lines.append(
      "multiply-accumulates\(isPerSample ? " per sample" : ""): "
        + (multiplications.map { "\($0)" } ?? "depend on sizes that are not fixed"))
    for row in operators {
      let work = row.multiplications.map { $0 == 0 ? "" : ", \($0) multiply-accumulates" } ?? ""
      lines.append("  \(row.count) × \(row.name)\(work)")
    }
    if !bodies.isEmpty {
      lines.append(
        "inside of branches and loops: \(bodies.reduce(0) { $0 + $1.nodeIDs.count }) nodes, "
          + "\(bodies.reduce(0) { $0 + Self.parameterCount($1) }) parameters, "
          + "\(bodies.reduce(0) { $0 + $1.constantByteCount }) bytes of constants")
      lines += operatorsInside.map { "  \($0.count) × \($0.name)" }
    }
    return lines.joined(separator: "\n")
  }

  /// How often each operator is inside of branches and loops.
  private var operatorsInside: [(name: String, count: Int)] {
    let names = bodies.flatMap { body in body.nodeIDs.map { Self.operatorName(body[$0]) } }
    return Dictionary(grouping: names) { $0 }.map { ($0.key, $0.value.count) }.sorted { $0.name < $1.name }
  }

  private func described(_ value: ValueID) -> String { graph[value].type?.description ?? "not known" }

  /// For programs.
  var json: JSONText {
    .object([
      ("path", .text(model.path)), ("format", .text(model.format.name)),
      ("inputs", .list(graph.inputs.map { port(graph[$0].name, $0) })),
      ("outputs", .list(graph.outputs.map { port($0.name, $0.value) })),
      ("nodes", .integer(graph.nodeIDs.count)), ("parameters", .integer(Self.parameterCount(graph))),
      ("constantBytes", .integer(graph.constantByteCount)),
      ("multiplyAccumulates", multiplications.map(JSONText.integer) ?? .null),
      (
        "operators",
        .list(
          operators.map { row in
            .object([
              ("name", .text(row.name)), ("count", .integer(row.count)),
              ("multiplyAccumulates", row.multiplications.map(JSONText.integer) ?? .null),
            ])
          })
      ),
      (
        "inside",
        .object([
          ("nodes", .integer(bodies.reduce(0) { $0 + $1.nodeIDs.count })),
          ("parameters", .integer(bodies.reduce(0) { $0 + Self.parameterCount($1) })),
          ("constantBytes", .integer(bodies.reduce(0) { $0 + $1.constantByteCount })),
          (
            "operators",
            .list(
              operatorsInside.map { .object([("name", .text($0.name)), ("count", .integer($0.count))]) })
          ),
        ])
      ),
      ("warnings", .list(model.warnings.map { .text($0.description) })),
    ])
  }

  private func port(_ name: String, _ value: ValueID) -> JSONText {
    let type = graph[value].type
    return .object([
      ("name", .text(name)), ("dataType", type.map { .text($0.dataType.rawValue) } ?? .null),
      (
        "shape",
        type.map {
          .list(
            $0.shape.dimensions.map { dimension in
              dimension.fixed.map(JSONText.integer) ?? .text(dimension.description)
            })
        } ?? .null
      ),
      ("quantization", type?.quantization.map { .text($0.description) } ?? .null),
    ])
  }
}
