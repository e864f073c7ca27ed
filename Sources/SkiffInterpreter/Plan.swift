import SkiffBinary
import SkiffIR
import SkiffOperators

/// A graph made ready to run for inputs of certain sizes: a kernel for each node and a place for each value.
public struct Plan: Sendable {
  /// How a step computes its results.
  enum Kernel: Sendable {
    /// In the arena.
    case direct(any DirectKernel)
    /// With what was derived from constants when the plan was made.
    case prepared(any PreparedKernel)
    /// In the plainest way.
    case reference(any ReferenceKernel)
    /// By sessions of its own graphs.
    case control(any ControlFlow)
  }

  /// One node.
  struct Step: Sendable {
    let node: NodeID
    let kernel: Kernel
    let inputs: [ValueID?]
    let outputs: [ValueID]
    /// The results' types, where all sizes are known.
    let types: [TensorType?]
    /// Values without a place in the arena that nobody reads after this step.
    var released: [ValueID] = []
    /// Where a direct kernel's results and working memory are.
    var offsets: [Int] = []
    var scratch = 0..<0
    /// The parts that its work is divided into.
    var parts = 1

    /// Whether the results have a place in the arena.
    var hasPlaces: Bool {
      if case .direct = kernel { true } else { false }
    }
  }

  /// The graph with the sizes of its inputs filled in.
  public let graph: Graph
  /// The bytes of the one block of memory that direct kernels work in.
  public let arenaByteCount: Int
  let steps: [Step]
  let constants: [ValueID: Tensor]
  /// The states before the first run.
  let initialStates: [ValueID: Tensor]
  let usesReferenceKernels: Bool
  /// How many threads a session runs in.
  public let threads: Int

  /// Chooses kernels and places.
  ///
  /// - Parameters:
  ///   - inputShapes: The sizes of inputs by name; needed for each input whose shape is not fixed.
  ///   - threads: How many threads a session runs in, from 1 to 256; an operator is divided among 64
  ///     at most. Results do not depend on it.
  ///   - usesReferenceKernels: Whether every operator runs in the plainest way, as the oracle of the others.
  /// - Throws: ``ModelError/Code/unsupported`` naming every node that no kernel can run.
  public init(
    _ graph: Graph, inputShapes: [String: [Int]] = [:], threads: Int = 1, usesReferenceKernels: Bool = false
  ) throws(ModelError) {
    try self.init(
      graph, inputShapes: inputShapes, threads: threads, leastWork: 1 << 16,
      usesReferenceKernels: usesReferenceKernels)
  }

  /// As above; work of fewer operations than `leastWork`, which is at least 1, is not divided among the threads.
  package init(
    _ graph: Graph, inputShapes: [String: [Int]] = [:], threads: Int, leastWork: Int,
    usesReferenceKernels: Bool = false
  ) throws(ModelError) {
    guard (1...256).contains(threads) else {
      throw ModelError(.invalidArgument, "\(threads) threads; from 1 to 256 are possible")
    }
    var graph = graph
    try graph.setInputShapes(inputShapes)
    try graph.verifyQuantization()
    try Plan.realizeConstants(in: &graph)
    for input in graph.inputs where graph[input].type?.shape.isFixed != true {
      throw ModelError(
        .invalidArgument,
        "the shape \(graph[input].type?.shape.description ?? "?") is not fixed; give its sizes",
        at: Location(tensor: graph[input].name))
    }
    try Plan.checkSizes(of: graph)
    var steps = try Plan.chooseKernels(graph, usesReferenceKernels ? [] : Plan.factories)
    for (index, step) in steps.enumerated() {
      if case .direct(let kernel) = step.kernel, kernel.divisibleWork >= leastWork {
        steps[index].parts = min(threads, Crew.mostParts)
      }
    }
    arenaByteCount = Plan.place(&steps, in: graph)
    guard arenaByteCount <= Limits.current.tensorSize else {
      throw ModelError(.limitExceeded, "\(arenaByteCount) bytes of working memory")
    }
    var constants: [ValueID: Tensor] = [:]
    for (id, constant) in Plan.constantsRead(by: steps, in: graph) {
      constants[id] = try locating(Location(tensor: graph[id].name)) { () throws(ModelError) in
        try constant.materialize()
      }
    }
    var initialStates: [ValueID: Tensor] = [:]
    for state in graph.states {
      initialStates[state.value] = try graph[state.value].initialState?.materialize()
    }
    self.initialStates = initialStates
    self.graph = graph
    self.usesReferenceKernels = usesReferenceKernels
    self.threads = threads
    self.steps = steps
    self.constants = constants
  }

  /// Makes what is dequantized from constants constant, and what only moves that, so that kernels can pack it.
  private static func realizeConstants(in graph: inout Graph) throws(ModelError) {
    var realized: Set<ValueID> = []
    for id in graph.nodeIDs {
      let node = graph[id]
      let constants = node.inputs.compactMap { $0.flatMap { graph[$0].constant } }
      guard node.outputs.count == 1, !constants.isEmpty,
        constants.count == node.inputs.count(where: { $0 != nil }),
        let first = node.inputs[0]
      else { continue }
      try locating(node.location) { () throws(ModelError) in
        let constant: Constant
        if let dequantize = node.operator as? Dequantize {
          constant = try dequantize.realized(constants[0])
        } else if node.operator is DequantizeLinear
          || node.operator is any DataMovement && realized.contains(first),
          let kernel = node.operator as? any ReferenceKernel
        {
          let inputs = try node.inputs.map { (input) throws(ModelError) in
            try input.flatMap { graph[$0].constant }?.materialize()
          }
          constant = Constant(try kernel.evaluate(inputs)[0])
        } else {
          return
        }
        realized.insert(node.outputs[0])
        try graph.replaceNode(id, by: constant)
      }
    }
  }

  /// Checks that each result whose size is known is within ``Limits``, so that kernels can compute with sizes.
  private static func checkSizes(of graph: Graph) throws(ModelError) {
    for id in graph.nodeIDs {
      let node = graph[id]
      try locating(node.location) { () throws(ModelError) in
        for output in node.outputs {
          guard let type = graph[output].type, let sizes = type.shape.fixed else { continue }
          _ = try checkedCount(sizes, of: type.dataType)
        }
      }
    }
  }

  /// The constants that some step or output reads when the plan runs; packed ones are left out.
  private static func constantsRead(by steps: [Step], in graph: Graph) -> [(ValueID, Constant)] {
    var read = Set(graph.outputs.map(\.value) + graph.states.map(\.next))
    for step in steps {
      if case .direct(let kernel) = step.kernel, kernel.packsConstants {
        // What is packed are weights; the first operand can be a constant too.
        read.formUnion(step.inputs.prefix(1).compactMap(\.self))
        continue
      }
      read.formUnion(step.inputs.compactMap(\.self))
    }
    return read.sorted().compactMap { id in graph[id].constant.map { (id, $0) } }
  }
}
