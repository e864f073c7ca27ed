import SkiffBinary
import SkiffIR

extension Model {
  /// How long it takes to decode the constants, with those that need none, on one core.
  ///
  /// - Parameter runs: How often, after a run that is not timed.
  /// - Returns: The bytes of the decoded tensors, and the seconds of the middle run.
  public func decodingTime(runs: Int) throws(ModelError) -> (bytes: Int, seconds: Double) {
    let clock = ContinuousClock()
    var seconds: [Double] = []
    var bytes = 0
    for run in 0...max(1, runs) {
      let start = clock.now
      bytes = 0
      for id in graph.constantIDs {
        bytes += try locating(Location(tensor: graph[id].name)) { () throws(ModelError) in
          try graph[id].constant?.materialize().bytes.count ?? 0
        }
      }
      if run > 0 { seconds.append((clock.now - start) / .seconds(1)) }
    }
    return (bytes, seconds.sorted()[seconds.count / 2])
  }
}
