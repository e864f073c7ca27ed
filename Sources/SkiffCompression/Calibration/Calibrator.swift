import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// How ranges are found from calibration samples.
public enum RangeEstimation: Hashable, Sendable {
  /// The least and the greatest element seen.
  case minMax
  /// The range that holds this share of the elements, in percent; the rest is clamped.
  case percentile(Double)

  func observer() -> any RangeObserver {
    switch self {
    case .minMax: MinMaxObserver()
    case .percentile(let percentile): PercentileObserver(percentile: percentile)
    }
  }
}

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

  /// Runs every sample through the graph and watches each value; one sample is in memory at a time.
  ///
  /// - Parameters:
  ///   - samples: The inputs by name of one run after the other.
  ///   - progress: Called after each run with the number of runs so far.
  /// - Throws: ``ModelError/Code/invalidArgument`` if there are none, or if one makes a value infinite or not a
  ///   number.
  public init(
    _ graph: Graph, samples: some Sequence<[String: Tensor]>, estimation: RangeEstimation = .minMax,
    progress: ((Int) -> Void)? = nil
  ) throws(ModelError) {
    var observers: [ValueID: any RangeObserver] = [:]
    var sessions: [[String: [Int]]: Session] = [:]
    var count = 0
    var firstShapes: [String: [Int]] = [:]
    for sample in samples {
      let shapes = sample.mapValues(\.shape)
      if count == 0 { firstShapes = shapes }
      let session: Session
      if let known = sessions[shapes] {
        session = known
      } else {
        session = Session(try Plan(graph, inputShapes: shapes))
      }
      sessions[shapes] = session
      _ = try locating(Location(attribute: "sample \(count)")) { () throws(ModelError) in
        try session.run(sample) { (id, tensor) throws(ModelError) in
          guard tensor.dataType.isFloatingPoint else { return }
          let elements = try tensor.floats()
          guard elements.allSatisfy(\.isFinite) else {
            throw ModelError(
              .invalidArgument, "the sample makes it infinite or not a number",
              at: Location(tensor: graph[id].name))
          }
          observers[id, default: estimation.observer()].observe(elements)
        }
      }
      count += 1
      progress?(count)
    }
    guard count > 0 else { throw ModelError(.invalidArgument, "there are no calibration samples") }
    ranges = observers.compactMapValues(\.range)
    sampleCount = count
    inputShapes = firstShapes
    warnings = graph.inputs.compactMap { id in
      guard let range = observers[id]?.range, range.lowerBound == range.upperBound else { return nil }
      return Warning(
        "every calibration sample is \(range.lowerBound) throughout", at: Location(tensor: graph[id].name))
    }
  }
}
