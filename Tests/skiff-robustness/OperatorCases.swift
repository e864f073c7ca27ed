import Skiff
import SkiffBinary
import SkiffCompression
import SkiffIR
import SkiffInterpreter
import SkiffOperators
import SkiffPasses
import SkiffTestSupport

/// One operator with random attributes on random operands, through everything that Skiff does with operators.
struct OperatorCase {
  private let `operator`: any Operator
  private let operands: [(type: TensorType, tensor: Tensor?, isConstant: Bool)?]
  private var draw: HostileDraw
  /// Whether the graph of the operator gave a result.
  private(set) var didRun = false
  /// Whether inference accepted the operands.
  private(set) var isValid = false

  /// Draws the case of a number; neighbours differ in the operator.
  ///
  /// - Parameter attempt: A case of which inference makes nothing is drawn again a few times.
  init(_ number: Int, attempt: Int, _ seed: Seed) {
    let kinds = OperatorCatalog.standard.operators
    draw = HostileDraw(
      Seed(seed.value &+ UInt64(number) &* 0x2545_f491_4f6c_dd1d &+ UInt64(attempt) &* 0x9fb2_1c65_1e98_df25))
    let kind = kinds[number % kinds.count]
    `operator` = draw.make(kind)
    let common = draw.pick([.float32, .float32, .int8, .int64, .boolean], or: DataType.float32)
    let anyType = draw.pick(DataType.allCases, or: .float32)
    let dataType = draw.chance(70) ? common : anyType
    let hostility = draw.pick([0, 0, 0, 5, 30], or: 0)
    let rank = draw.integer(0...6)
    let shape = draw.shape(rank: rank, hostility: hostility)
    var operands: [(TensorType, Tensor?, Bool)?] = []
    if let plausible = PlausibleOperands.types[kind.name], draw.chance(50) {
      for (type, integers) in plausible {
        let tensor = integers.flatMap {
          try? Tensor(integers: $0, as: type.dataType, shape: type.shape.fixed ?? [])
        }
        let drawn = draw.tensor(type)
        operands.append((type, tensor ?? drawn, integers != nil))
      }
      self.operands = operands
      return
    }
    for operand in kind.operands {
      let count =
        switch operand.kind {
        case .required: draw.chance(98) ? 1 : 0
        case .optional: draw.chance(60) ? 1 : 0
        case .variadic: draw.integer(0...4)
        }
      guard count > 0 else {
        operands.append(nil)
        continue
      }
      for _ in 0..<count {
        operands.append(
          Self.operand(&draw, dataType, shape, hostility, isFirst: operands.isEmpty))
      }
    }
    self.operands = operands
  }

  /// An operand like the first one, or a short list of integers, or anything.
  private static func operand(
    _ draw: inout HostileDraw, _ dataType: DataType, _ shape: Shape, _ hostility: Int, isFirst: Bool
  ) -> (TensorType, Tensor?, Bool) {
    var type: TensorType
    switch isFirst ? 0 : draw.integer(0...99) {
    case 0..<40: type = TensorType(dataType, shape)
    case 40..<65:
      let count = draw.pick([shape.rank, shape.rank, max(0, shape.rank - 2), 2 * shape.rank, 1, 0], or: 1)
      let kind = draw.pick([.int64, .int64, .int64, .int32, .float32], or: DataType.int64)
      type = TensorType(kind, [count])
    case 65..<80:
      var sizes = shape.dimensions
      if let axis = sizes.indices.randomElement(using: &draw.random) {
        sizes[axis] = draw.shape(rank: 1, hostility: hostility)[0]
      }
      type = TensorType(dataType, Shape(sizes))
    case 80..<90:
      let channels = shape.rank > 1 && draw.chance(50) ? shape[1] : shape.dimensions.last ?? .fixed(1)
      type = TensorType(dataType == .int8 ? .int32 : dataType, Shape([channels]))
    default:
      let other = draw.pick(DataType.allCases, or: .int32)
      let rank = draw.integer(0...4)
      type = TensorType(other, draw.shape(rank: rank, hostility: hostility))
    }
    type.quantization = draw.quantization(type)
    return (type, draw.tensor(type), draw.chance(type.rank <= 1 ? 60 : 25))
  }

  /// The operator's name.
  var name: String { type(of: `operator`).name }

  /// For people: the operator, its attributes, the operands.
  var description: String {
    let attributes = `operator`.attributeValues.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    let types = operands.map { operand in
      operand.map { ($0.isConstant && $0.tensor != nil ? "constant " : "") + $0.type.description } ?? "none"
    }
    return "\(name) \(attributes) | \(types.joined(separator: ", "))"
  }

  /// Runs the case; what is thrown is as good as a result.
  ///
  /// - Parameters:
  ///   - sinks: What the graph is written to.
  ///   - say: Told the description of a case that inference accepts, before anything else is done with it.
  /// - Returns: What is wrong: an outcome that contradicts another one.
  mutating func run(into sinks: FormatSinks, whenValid say: (String) -> Void) -> [String] {
    var complaints: [String] = []
    let tensors = operands.map { $0?.tensor }
    let isComplete = zip(operands, tensors).allSatisfy { ($0 == nil) == ($1 == nil) }
    // What inference never saw: sizes that are known only when the graph runs.
    if isComplete, let kernel = `operator` as? any ReferenceKernel {
      _ = try? kernel.evaluate(tensors)
    }
    guard let graph = try? graph() else { return complaints }
    isValid = true
    say(description)
    askForForms(graph)
    guard let model = try? Model(graph) else { return complaints }
    _ = try? graph.text(.complete)
    _ = graph.dot
    if isComplete { complaints += check(graph, tensors) }
    passThrough(model, sinks)
    _ = try? ChannelPruning(.eachGroup(0.5)).apply(to: graph)
    return complaints
  }

  /// The operator as the only node of a graph.
  ///
  /// Results of integers are often quantized, as an importer records it.
  private mutating func graph() throws(ModelError) -> Graph {
    let graph = try graph(results: [])
    let inferred = graph.outputs.map { graph[$0.value].type }
    guard draw.chance(60), inferred.contains(where: { $0?.dataType.isInteger == true }) else { return graph }
    let quantized = inferred.map { type in
      type.map { type in
        TensorType(type.dataType, type.shape, quantization: draw.quantization(type) ?? type.quantization)
      }
    }
    return try self.graph(results: quantized)
  }

  private func graph(results: [TensorType?]) throws(ModelError) -> Graph {
    var graph = Graph()
    var inputs: [ValueID?] = []
    for (index, operand) in operands.enumerated() {
      if let operand, operand.isConstant, let tensor = operand.tensor {
        inputs.append(graph.addConstant(tensor, name: "operand \(index)"))
      } else if let operand {
        inputs.append(graph.addInput("operand \(index)", operand.type))
      } else {
        inputs.append(nil)
      }
    }
    for (index, output) in try graph.addNode(`operator`, inputs, name: "node", types: results).enumerated() {
      graph.addOutput(output, name: "result \(index)")
    }
    return graph
  }

  private mutating func askForForms(_ graph: Graph) {
    guard let aware = `operator` as? any AxisAware else { return }
    let node = graph[graph.nodeIDs[0]]
    let ranks = [operands.first??.type.rank, graph[node.outputs.first ?? graph.outputs[0].value].type?.rank]
    for case let rank? in Set(ranks) {
      for layout in ChannelLayout.allCases {
        _ = aware.preferredOrder(rank: rank, for: layout)
        for order in [AxisOrder.channels(layout, rank), Array(0..<rank).shuffled(using: &draw.random)] {
          _ = aware.form(node.axisContext(order: order, layout, in: graph))
        }
      }
    }
  }

  /// Runs the graph and compares what comes out with what inference said.
  private mutating func check(_ graph: Graph, _ tensors: [Tensor?]) -> [String] {
    var complaints: [String] = []
    let small = graph.outputs.allSatisfy { output in
      guard let type = graph[output.value].type else { return false }
      return type.shape.dimensions.allSatisfy { ($0.fixed ?? 0) < 1 << 16 }
        && type.shape.elementCount ?? 0 < 1 << 16
    }
    guard small else { return [] }
    for usesReferenceKernels in [true, false] {
      guard let plan = try? Plan(graph, usesReferenceKernels: usesReferenceKernels) else { continue }
      var inputs: [String: Tensor] = [:]
      for input in graph.inputs {
        guard let index = Int(graph[input].name.dropFirst("operand ".count)) else { continue }
        inputs[graph[input].name] = tensors[index]
      }
      guard let outputs = try? Session(plan).run(inputs) else { continue }
      didRun = true
      for output in plan.graph.outputs {
        guard let type = plan.graph[output.value].type, let tensor = outputs[output.name] else { continue }
        if type.dataType != tensor.dataType || !type.shape.isCompatible(with: Shape(tensor.shape))
          || !(`operator` is any RealNumberBoundary) && type.quantization != tensor.quantization
        {
          complaints.append("\(output.name) is \(tensor.type), inference said \(type)")
        }
        let elements = plan.graph[output.value].knownElements
        if let elements, let numbers = try? tensor.integers(),
          numbers.count != elements.count
            || zip(elements, numbers).contains(where: { ($0.fixed ?? $1) != $1 })
        {
          complaints.append("\(output.name) holds \(numbers), inference said \(elements)")
        }
      }
    }
    return complaints
  }

  /// Puts the model through the passes and the lowering of every target, and writes it in every format.
  private mutating func passThrough(_ model: Model, _ sinks: FormatSinks) {
    var model = model
    model.changesInterfaceLayout = draw.chance(50)
    guard (try? model.prepare()) != nil else { return }
    var (lowered, report) = (model.graph, PassReport())
    try? Pipeline.lowering(for: .int8).run(on: &lowered, report: &report)
    var options = WritingOptions()
    options.storesDensely = draw.chance(50)
    for path in sinks.paths {
      var copy = model
      try? copy.write(to: path, options: options)
    }
  }
}
