import SkiffBinary
import SkiffIR

extension Graph {
  /// The nodes that have one of some names, or compute a node of the source that has.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` for a name that no node has.
  func nodes(named names: Set<String>) throws(ModelError) -> Set<NodeID> {
    var result: Set<NodeID> = []
    var found: Set<String> = []
    for id in nodeIDs {
      let own = names.intersection(self[id].names)
      if !own.isEmpty { result.insert(id) }
      found.formUnion(own)
    }
    if let unknown = names.subtracting(found).min() {
      throw ModelError(
        .invalidArgument, "there is no node '\(unknown)' to exclude, or it computes a constant")
    }
    return result
  }
}
