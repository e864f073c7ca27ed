import SkiffBinary
import SkiffIR

/// The sessions of graphs inside of operators: one for each graph, made anew when the sizes of its inputs change.
struct BodySessions {
  private var sessions: [Subgraph: (shapes: [[Int]], session: Session)] = [:]

  /// Runs a graph on the values of its inputs, in as many threads and such kernels as the plan around it.
  mutating func run(
    _ subgraph: Subgraph, _ tensors: [Tensor], like plan: Plan
  ) throws(ModelError) -> [Tensor] {
    let graph = subgraph.graph
    guard tensors.count == graph.inputs.count else {
      throw ModelError(
        .invalidGraph, "\(tensors.count) values for \(graph.inputs.count) inputs of a subgraph")
    }
    let names = graph.inputs.map { graph[$0].name }
    let shapes = tensors.map(\.shape)
    let session: Session
    if let known = sessions[subgraph], known.shapes == shapes {
      session = known.session
    } else {
      session = Session(
        try Plan(
          graph, inputShapes: Dictionary(zip(names, shapes)) { first, _ in first },
          threads: plan.threads, usesReferenceKernels: plan.usesReferenceKernels))
      sessions[subgraph] = (shapes, session)
    }
    let results = try session.run(Dictionary(zip(names, tensors)) { first, _ in first })
    return graph.outputs.compactMap { results[$0.name] }
  }
}
