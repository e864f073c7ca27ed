import SkiffBinary
import SkiffIR
import SkiffInterpreter
import Synchronization

/// Plans of one graph by the sizes of the inputs, for all threads.
final class PlanCache: Sendable {
  private let graph: Graph
  private let threads: Int
  private let usesReferenceKernels: Bool
  private let plans = Mutex<[[String: [Int]]: Plan]>([:])

  /// - Parameter threads: How many threads each session runs in.
  init(_ graph: Graph, threads: Int = Parallel.processorCount, usesReferenceKernels: Bool = false) {
    self.graph = graph
    self.threads = threads
    self.usesReferenceKernels = usesReferenceKernels
  }

  fileprivate func plan(_ shapes: [String: [Int]]) throws(ModelError) -> Plan {
    // Whoever comes second waits: it would make the same plan.
    try plans.withLock { (plans) throws(ModelError) in
      if let plan = plans[shapes] { return plan }
      let plan = try Plan(
        graph, inputShapes: shapes, threads: threads, usesReferenceKernels: usesReferenceKernels)
      plans[shapes] = plan
      return plan
    }
  }

  /// Forgets all plans.
  func clear() { plans.withLock { $0 = [:] } }
}

/// Sessions of one graph by the sizes of the inputs, for one thread.
struct SessionCache {
  private let plans: PlanCache
  private var sessions: [[String: [Int]]: Session] = [:]

  init(_ plans: PlanCache) { self.plans = plans }

  mutating func run(
    _ inputs: [String: Tensor], observer: ((ValueID, Tensor) throws(ModelError) -> Void)? = nil
  ) throws(ModelError) -> [String: Tensor] {
    let shapes = inputs.mapValues(\.shape)
    let session: Session
    if let known = sessions[shapes] {
      session = known
    } else {
      session = Session(try plans.plan(shapes))
      sessions[shapes] = session
    }
    return try session.run(inputs, observer: observer)
  }
}
