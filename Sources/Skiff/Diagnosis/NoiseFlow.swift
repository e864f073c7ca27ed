import SkiffIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The energy of an error as a part of the energy of the signal, for a signal to noise ratio in decibels.
func noiseRatio(ofDecibels decibels: Double) -> Double {
  decibels.isNaN ? .infinity : decibels == .infinity ? 0 : pow(10, -decibels / 10)
}

/// The signal to noise ratio in decibels for the energy of an error as a part of the energy of the signal.
func decibels(ofNoise noise: Double) -> Double { noise == 0 ? .infinity : -10 * log10(noise) }

/// Where noise comes up in a graph: what an operator's result has beyond what its operands have.
///
/// A value without a namesake has the noise of what it is computed from. One whose channels were multiplied by factors that
/// operators behind it undo (equalized or smoothed channels) has the noise that is left when each channel is scaled as suits it the
/// best: most of its error goes then, and nothing computed from it has a like error.
struct NoiseFlow: Sendable {
  private let graph: Graph
  private let records: [ValueID: ValueRecord]
  private var noises: [ValueID: Double] = [:]
  /// The values whose channels have other scales than those of the reference.
  private(set) var rescaled: Set<ValueID> = []

  init(_ graph: Graph, _ records: [ValueID: ValueRecord]) {
    (self.graph, self.records) = (graph, records)
    findRescaled()
    for id in graph.nodeIDs {
      let node = graph[id]
      let before = noise(before: node)
      for output in node.outputs {
        let record = records[output]
        noises[output] = (rescaled.contains(output) ? record?.noiseBesideScales : record?.noise) ?? before
      }
    }
  }

  /// The noise of the noisiest operand.
  func noise(before node: Node) -> Double {
    node.inputs.reduce(0) { greatest, input in
      max(greatest, input.flatMap { noises[$0] ?? records[$0]?.noise } ?? 0)
    }
  }

  /// The noise that comes up in a node; nil if its results are not compared.
  func noise(addedBy node: Node) -> Double? {
    let compared = node.outputs.filter { records[$0] != nil }
    guard !compared.isEmpty else { return nil }
    let after = compared.reduce(0) { max($0, noises[$1] ?? 0) }
    let before = noise(before: node)
    return after > before ? after - before : 0
  }

  private mutating func findRescaled() {
    /// The greatest noise of a value, or of what is computed from it where it tells nothing itself.
    var visible: [ValueID: Double] = [:]
    func noise(behind value: ValueID) -> Double {
      graph[value].users.flatMap { graph[$0].outputs }.reduce(0) { max($0, visible[$1] ?? 0) }
    }
    for id in graph.nodeIDs.reversed() {
      for output in graph[id].outputs {
        guard let record = records[output] else {
          visible[output] = noise(behind: output)
          continue
        }
        let (own, behind) = (record.noise, noise(behind: output))
        if own > 1e-4, !graph.isOutput(output), record.noiseBesideScales < own / 4, behind < own / 2 {
          rescaled.insert(output)
          visible[output] = behind
        } else {
          visible[output] = own
        }
      }
    }
  }
}
