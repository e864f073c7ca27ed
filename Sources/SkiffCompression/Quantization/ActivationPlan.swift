import SkiffBinary
import SkiffIR

/// What the activations of each node are.
struct ActivationPlan {
  /// The integers of each node; nil where it computes with real numbers.
  private(set) var dataTypes: [NodeID: DataType?] = [:]

  /// - Throws: ``ModelError/Code/invalidArgument`` for settings that belong to no node.
  init(_ graph: Graph, _ options: Int8Quantization) throws(ModelError) {
    let excluded = try graph.nodes(named: options.excludedNodes)
    var unused = Set(options.exceptions.keys)
    for id in graph.nodeIDs {
      let node = graph[id]
      let scopes = options.exceptions.keys.filter {
        $0.fits(operators: [type(of: node.operator).name], names: node.names)
      }
      unused.subtract(scopes)
      if excluded.contains(id) {
        dataTypes.updateValue(nil, forKey: id)
      } else if let scope = SettingScope.last(of: scopes), let own = options.exceptions[scope] {
        dataTypes.updateValue(own?.dataType, forKey: id)
      } else {
        dataTypes.updateValue(options.activations.dataType ?? .int8, forKey: id)
      }
    }
    if let scope = unused.min(by: { $0.pattern < $1.pattern }) {
      throw ModelError(.invalidArgument, "no node belongs to '\(scope.pattern)'")
    }
  }

  /// The nodes with activations of a type, or with real numbers.
  func nodes(_ dataType: DataType?) -> Set<NodeID> {
    Set(dataTypes.filter { $0.value == dataType }.keys)
  }
}
