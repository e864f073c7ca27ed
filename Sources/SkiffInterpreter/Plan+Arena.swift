import SkiffBinary
import SkiffIR

extension Plan {
  /// Notes when each value is released and gives direct kernels' results a place; returns the arena's size.
  static func place(_ steps: inout [Step], in graph: Graph) -> Int {
    var lastUse: [ValueID: Int] = [:]
    for (index, step) in steps.enumerated() {
      for value in step.outputs { lastUse[value] = index }
      for case let value? in step.inputs { lastUse[value] = index }
    }
    let returned = Set(graph.outputs.map(\.value) + graph.states.map(\.next))
    for value in returned { lastUse[value] = steps.count }
    let placed = Set(steps.flatMap { $0.hasPlaces ? $0.outputs : [] })
    for (value, index) in lastUse
    where index < steps.count && graph[value].constant == nil && !placed.contains(value) {
      steps[index].released.append(value)
    }

    var requests: [ArenaLayout.Request] = []
    var owners: [(step: Int, isScratch: Bool)] = []
    for (index, step) in steps.enumerated() {
      guard case .direct(let kernel) = step.kernel else { continue }
      for (value, type) in zip(step.outputs, step.types) {
        let count = type?.shape.elementCount.flatMap { type?.dataType.byteCount(elements: $0) } ?? 0
        requests.append(.init(byteCount: count, lifetime: index...max(index, lastUse[value] ?? index)))
        owners.append((index, false))
      }
      let scratch = kernel.scratchByteCount.aligned
      requests.append(.init(byteCount: step.parts * scratch, lifetime: index...index))
      owners.append((index, true))
    }
    let layout = ArenaLayout(requests)
    for (request, owner) in owners.enumerated() {
      let offset = layout.offsets[request]
      if owner.isScratch {
        steps[owner.step].scratch = offset..<offset + requests[request].byteCount
      } else {
        steps[owner.step].offsets.append(offset)
      }
    }
    return layout.byteCount
  }
}
