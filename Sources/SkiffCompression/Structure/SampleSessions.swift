import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// Runs a graph on samples of any sizes.
final class SampleSessions {
  private let graph: Graph
  private var sessions: [[String: [Int]]: Session] = [:]

  init(_ graph: Graph) { self.graph = graph }

  /// The outputs of a run.
  ///
  /// - Parameter observer: Sees each value as it is computed.
  @discardableResult
  func run(
    _ sample: [String: Tensor], observer: ((ValueID, Tensor) throws(ModelError) -> Void)? = nil
  ) throws(ModelError) -> [String: Tensor] {
    let shapes = sample.mapValues(\.shape)
    if let session = sessions[shapes] { return try session.run(sample, observer: observer) }
    let session = Session(try Plan(graph, inputShapes: shapes, threads: Parallel.processorCount))
    sessions[shapes] = session
    return try session.run(sample, observer: observer)
  }
}
