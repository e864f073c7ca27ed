import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// How important the units of groups are.
struct ChannelImportance {
  let graph: Graph
  let coupling: AxisCoupling
  let ranking: ChannelRanking
  /// The class of each row of the first output, sample by sample, where the ranking takes them.
  var labels: [Int]?

  /// The importance of each unit of each group: on each axis where it is measured that of all units together is 1, and these
  /// shares are added. Changes of a loss are the same for all groups and stay as they are.
  func scores(of groups: [PruningGroup], samples: [[String: Tensor]]) throws(ModelError) -> [[Double]] {
    if ranking == .taylor {
      return try TaylorImportance(graph: graph, coupling: coupling, labels: labels)
        .scores(of: groups, samples: samples)
    }
    let measured = ranking.needsSamples ? try usedAxes(samples) : try weightAxes(groups)
    return groups.map { group in
      var scores = [Double](repeating: 0, count: group.units.count)
      for (axis, values) in measured where group.units.first?.indices[axis] != nil {
        let own = group.units.map { unit in
          (unit.indices[axis] ?? []).reduce(0) { $0 + values[$1] }
        }
        let total = own.reduce(0, +)
        guard total > 0 else { continue }
        for index in scores.indices { scores[index] += own[index] / total }
      }
      return scores
    }
  }

  /// The norms of the weights that make each index of an axis.
  private func weightAxes(_ groups: [PruningGroup]) throws(ModelError) -> [(ValueAxis, [Double])] {
    var result: [(ValueAxis, [Double])] = []
    for axis in Set(groups.flatMap(\.producers)).sorted(by: { ($0.value, $0.axis) < ($1.value, $1.axis) }) {
      guard let constant = graph[axis.value].constant, constant.type.dataType.isFloatingPoint else {
        continue
      }
      let tensor = try constant.materialize()
      let norms =
        ranking == .l1
        ? try tensor.sums(along: axis.axis) { abs($0) }
        : try tensor.sums(along: axis.axis) { $0 * $0 }.map { $0.squareRoot() }
      result.append((axis, norms))
    }
    return result
  }

  /// What was seen of each index of the axes that sums run along.
  private func usedAxes(_ samples: [[String: Tensor]]) throws(ModelError) -> [(ValueAxis, [Double])] {
    let wanted = Set(coupling.contractions.map(\.data).filter { graph[$0.value].constant == nil })
    var axesOfValue: [ValueID: [Int]] = [:]
    for axis in wanted { axesOfValue[axis.value, default: []].append(axis.axis) }
    var seen: [ValueAxis: [Double]] = [:]
    func watch(_ id: ValueID, _ tensor: Tensor) throws(ModelError) {
      for axis in axesOfValue[id] ?? [] where tensor.dataType.isFloatingPoint && tensor.count > 0 {
        let size = Double(tensor.count / max(1, tensor.shape[axis]))
        let sums =
          switch ranking {
          case .apoz: try tensor.sums(along: axis) { $0 == 0 ? 0 : 1 }
          case .contribution: try tensor.sums(along: axis) { $0 * $0 }
          default: try tensor.sums(along: axis) { abs($0) }
          }
        let key = ValueAxis(value: id, axis: axis)
        let old = seen[key] ?? [Double](repeating: 0, count: sums.count)
        guard old.count == sums.count else { continue }
        seen[key] = zip(old, sums).map { $0 + $1 / size }
      }
    }
    let sessions = SampleSessions(graph)
    for sample in samples { try sessions.run(sample, observer: watch) }
    return try contracted(seen)
  }

  /// What was seen, with the squares of the weights that each index meets where these count.
  private func contracted(_ seen: [ValueAxis: [Double]]) throws(ModelError) -> [(ValueAxis, [Double])] {
    guard ranking == .contribution else {
      return seen.sorted { ($0.key.value, $0.key.axis) < ($1.key.value, $1.key.axis) }.map { ($0, $1) }
    }
    var result: [(ValueAxis, [Double])] = []
    for contraction in coupling.contractions {
      guard let energies = seen[contraction.data] else { continue }
      var factors = [1.0]
      if let constant = graph[contraction.weights.value].constant {
        factors = try constant.materialize().sums(along: contraction.weights.axis) { $0 * $0 }
      }
      // The groups of a convolution share an axis of the weights.
      result.append((contraction.data, energies.enumerated().map { $1 * factors[$0 % factors.count] }))
    }
    return result
  }
}

extension Tensor {
  /// The sum of a function of the elements for each index of an axis.
  func sums(along axis: Int, _ function: (Double) -> Double) throws(ModelError) -> [Double] {
    let values = try floats()
    let inner = shape[(axis + 1)...].reduce(1, *)
    var result = [Double](repeating: 0, count: shape[axis])
    guard inner > 0, !result.isEmpty else { return result }
    var position = 0
    while position < values.count {
      for index in result.indices {
        var sum = 0.0
        for element in position..<position + inner { sum += function(Double(values[element])) }
        result[index] += sum
        position += inner
      }
    }
    return result
  }
}
