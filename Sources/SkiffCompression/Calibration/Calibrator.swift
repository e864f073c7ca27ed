import SkiffBinary
import SkiffIR
import SkiffInterpreter
import Synchronization

/// The ranges of a graph's values on calibration samples.
public struct Calibration: Sendable {
  /// The range of each floating point value that the graph computes or takes.
  public let ranges: [ValueID: ClosedRange<Float>]
  /// The sizes of the inputs in the first sample, by name.
  public let inputShapes: [String: [Int]]
  /// The number of samples run.
  public let sampleCount: Int
  /// What a user should know of the samples.
  public let warnings: [Warning]

  /// Runs every sample through the graph and watches each value; one sample for each processor is in memory at a time.
  ///
  /// The ranges do not depend on the number of processors.
  ///
  /// - Parameters:
  ///   - samples: The inputs by name of one run after the other.
  ///   - isSymmetric: Whether activations of 8 bits will have no zero points, as ``Int8Quantization/hasSymmetricActivations`` says.
  ///   - progress: Called after each run with the number of runs so far.
  /// - Throws: ``ModelError/Code/invalidArgument`` if there are none, or if one is infinite, or makes a value not a
  ///   number or infinite throughout.
  public init(
    _ graph: Graph, samples: some Sequence<[String: Tensor]>, estimation: RangeEstimation = .minMax,
    isSymmetric: Bool = false, progress: (@Sendable (Int) -> Void)? = nil
  ) throws(ModelError) {
    let samples = Array(samples)
    guard let first = samples.first else {
      throw ModelError(.invalidArgument, "there are no calibration samples")
    }
    var plans: [[String: [Int]]: Plan] = [:]
    for sample in samples {
      let shapes = sample.mapValues(\.shape)
      if plans[shapes] == nil { plans[shapes] = try Plan(graph, inputShapes: shapes) }
    }
    let run = CalibrationRun(
      graph: graph, samples: samples, plans: plans, estimation: estimation, isSymmetric: isSymmetric)
    let observers = try run.observers(progress)
    let ranges = try Self.ranges(observers)
    self.ranges = ranges
    sampleCount = samples.count
    inputShapes = first.mapValues(\.shape)
    warnings = graph.inputs.compactMap { id in
      guard let range = ranges[id], range.lowerBound == range.upperBound else { return nil }
      return Warning(
        "every calibration sample is \(range.lowerBound) throughout", at: Location(tensor: graph[id].name))
    }
  }
}

extension Calibration {
  /// What was chosen from what was seen; to choose takes longer than to look where there are many values.
  private static func ranges(
    _ observers: [ValueID: any RangeObserver]
  ) throws(ModelError) -> [ValueID: ClosedRange<Float>] {
    let all = Array(observers)
    let workers = max(1, min(Parallel.processorCount, all.count))
    let parts = try Parallel.map(workers: workers) { (worker) throws(ModelError) in
      stride(from: worker, to: all.count, by: workers).map { (all[$0].key, all[$0].value.range) }
    }
    return Dictionary(uniqueKeysWithValues: parts.joined()).compactMapValues(\.self)
  }
}

/// Samples that are run to watch the values of a graph.
private struct CalibrationRun: Sendable {
  let graph: Graph
  let samples: [[String: Tensor]]
  /// By the sizes of the inputs.
  let plans: [[String: [Int]]: Plan]
  let estimation: RangeEstimation
  let isSymmetric: Bool

  typealias Observers = [ValueID: any RangeObserver]
  typealias Failure = (sample: Int, error: ModelError)

  /// What was seen of each value in all samples.
  func observers(_ progress: (@Sendable (Int) -> Void)?) throws(ModelError) -> Observers {
    let next = Mutex(0)
    let count = Mutex(0)
    // States go from one sample to the next.
    let workers = graph.states.isEmpty ? min(Parallel.processorCount, samples.count) : 1
    let parts = try Parallel.map(workers: workers) { (_) throws(ModelError) in
      var observers: Observers = [:]
      var sessions: [[String: [Int]]: Session] = [:]
      while true {
        let index = next.withLock { next in
          defer { next += 1 }
          return next
        }
        guard index < samples.count else { return (observers, nil as Failure?) }
        do throws(ModelError) {
          try run(index, &sessions, &observers)
        } catch {
          // Nobody takes another one; those before are taken, so that the first that fails is told of.
          next.withLock { $0 = samples.count }
          return (observers, (index, error))
        }
        count.withLock { count in
          count += 1
          progress?(count)
        }
      }
    }
    if let first = parts.compactMap(\.1).min(by: { $0.sample < $1.sample }) { throw first.error }
    var joined = parts[0].0
    for part in parts.dropFirst() {
      for (id, observer) in part.0 {
        guard !(observer is UnboundedObserver), var known = joined.removeValue(forKey: id) else {
          joined[id] = observer
          continue
        }
        known.join(observer)
        joined[id] = known
      }
    }
    return joined
  }

  /// How many elements a value has in all samples; nil if that is not the same in each.
  private func elementCount(of id: ValueID) -> Int? {
    guard plans.count == 1, let count = plans.values.first?.graph[id].type?.shape.elementCount else {
      return nil
    }
    let (total, overflow) = count.multipliedReportingOverflow(by: samples.count)
    return overflow ? nil : total
  }

  private func run(
    _ index: Int, _ sessions: inout [[String: [Int]]: Session], _ observers: inout Observers
  ) throws(ModelError) {
    let shapes = samples[index].mapValues(\.shape)
    guard let plan = plans[shapes] else { return }
    let session = sessions[shapes] ?? Session(plan)
    sessions[shapes] = session
    var seen = observers
    observers = [:]
    try locating(Location(attribute: "sample \(index)")) { () throws(ModelError) in
      _ = try session.run(samples[index]) { (id, tensor) throws(ModelError) in
        guard tensor.dataType.isFloatingPoint, tensor.count > 0 else { return }
        let real = try tensor.dataType == .float32 ? tensor : Tensor(tensor.floats(), shape: tensor.shape)
        let isNumber = real.bytes.withBytes { bytes in
          let elements = bytes.assumingMemoryBound(to: Float.self)
          guard let extremes = ClosedRange(extremesOf: elements) else {
            seen[id] = UnboundedObserver()
            return isMasked(elements, of: id)
          }
          let new = { estimation.observer(expecting: elementCount(of: id), isSymmetric: isSymmetric) }
          seen[id, default: new()].observe(elements, extremes: extremes, inSample: index)
          return true
        }
        guard isNumber else {
          throw ModelError(
            .invalidArgument, "the sample makes it infinite or not a number",
            at: Location(tensor: graph[id].name))
        }
      }
    }
    observers = seen
  }

  /// Whether a value inside is infinite in places, as masks of attention make it, and a number in others.
  private func isMasked(_ elements: UnsafeBufferPointer<Float>, of id: ValueID) -> Bool {
    !graph.inputs.contains(id) && !elements.contains(where: \.isNaN) && elements.contains(where: \.isFinite)
  }
}

/// What is infinite somewhere has no range: operators with it stay in real numbers.
private struct UnboundedObserver: RangeObserver {
  let range: ClosedRange<Float>? = nil

  mutating func observe(
    _ elements: UnsafeBufferPointer<Float>, extremes: ClosedRange<Float>, inSample sample: Int
  ) {}

  mutating func join(_ other: any RangeObserver) {}
}
