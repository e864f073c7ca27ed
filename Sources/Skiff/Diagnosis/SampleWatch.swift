import SkiffBinary
import SkiffCompression
import SkiffIR

/// Runs samples through a graph and sees what its values are.
struct SampleWatch {
  let graph: Graph
  private(set) var records: [ValueID: SampleRecord] = [:]
  /// The first value that is infinite or not a number, and in which run.
  private(set) var notFinite: (value: ValueID, run: Int)?
  /// Where the greatest elements of the rows of outputs with two axes are.
  private(set) var classes: [String: (seen: Set<Int>, rows: Int)] = [:]

  init(_ graph: Graph) { self.graph = graph }

  /// The values that were seen, inputs first, in the order in which they are computed.
  var values: [ValueID] {
    (graph.inputs + graph.nodeIDs.flatMap { graph[$0].outputs }).filter { records[$0] != nil }
  }

  /// The name of a value, or of what computes it if it has none.
  func name(of value: ValueID) -> String {
    guard graph[value].name.isEmpty, let node = graph.producer(of: value) else { return graph[value].name }
    return node.name.isEmpty ? type(of: node.operator).name : node.name
  }

  mutating func run(
    _ runs: [[String: Tensor]], _ progress: WorkProgress.Observer?
  ) throws(ModelError) {
    var cache = SessionCache(PlanCache(graph))
    for (number, run) in runs.enumerated() {
      var seen = records
      records = [:]
      var broken = notFinite
      let outputs = try cache.run(run) { id, tensor throws(ModelError) in
        guard tensor.dataType.isFloatingPoint, tensor.count > 0 else { return }
        try tensor.floats().withUnsafeBufferPointer { elements in
          guard let extremes = ClosedRange(extremesOf: elements) else {
            broken = broken ?? (id, number)
            return
          }
          seen[id, default: SampleRecord(expecting: tensor.count * runs.count)].add(
            elements, extremes, isFirstHalf: number < (runs.count + 1) / 2)
        }
      }
      (records, notFinite) = (seen, broken)
      for (name, tensor) in outputs { try addClasses(name, tensor) }
      progress?(WorkProgress(step: "looking at samples", completed: number + 1, total: runs.count))
    }
  }

  private mutating func addClasses(_ name: String, _ tensor: Tensor) throws(ModelError) {
    guard tensor.rank == 2, let width = tensor.shape.last, width > 1, tensor.dataType.isFloatingPoint else {
      return
    }
    let elements = try tensor.floats()
    for start in stride(from: 0, to: elements.count, by: width) {
      let row = elements[start..<start + width]
      // A row with several greatest elements is of no class.
      guard let greatest = row.max(), let best = row.firstIndex(of: greatest),
        row.lastIndex(of: greatest) == best
      else { continue }
      classes[name, default: ([], 0)].seen.insert(best - start)
      classes[name]?.rows += 1
    }
  }
}
