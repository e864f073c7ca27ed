import SkiffBinary
import SkiffIR

/// The import of a model, as the mapping of one node sees it: the node, its operands, and the graph it goes to.
struct NodeImport {
  let model: ONNXModel
  let limits: Limits
  /// What was built so far.
  var graph: Graph
  /// What names stand for.
  var scopes = Scopes()
  var reports = ImportReports()
  /// The node.
  var node: ONNXNode
  /// Its position in its graph.
  var index = 0
  /// The version of its domain.
  var version = 1
  /// What it is applied to; nil for an operand that is left out.
  var inputs: [ValueID?] = []
  /// The names of the attributes that its mapping asked for.
  var usedAttributes: Set<String> = []
  /// The operator sets in force: the model's, or those of the function that the node is in.
  var operatorSets: [ONNXOperatorSet]
  /// The attributes of the function call that the node is part of.
  var callAttributes: [String: ONNXAttribute] = [:]
  var nodeCount = 0
  /// The graphs around the one that is built now, outermost first.
  var frames: [BodyFrame] = []
  private var files: ExternalFiles
  private var statedTypes: [String: TensorType] = [:]

  init(_ model: ONNXModel, limits: Limits) {
    self.model = model
    self.limits = limits
    graph = Graph(name: model.graph.name)
    node = ONNXNode()
    operatorSets = model.operatorSets
    files = ExternalFiles(besideModel: model.path, limits: limits)
  }

  /// The place of the node.
  var location: Location {
    Location(
      byteOffset: node.byteOffset,
      node: .init(name: node.name, operatorName: node.operatorName, index: index))
  }

  /// The version of a domain, nil if the model does not import it.
  func version(ofDomain domain: String) -> Int? {
    let own = operatorSets.last { Self.canonical($0.domain) == Self.canonical(domain) }?.version
    // Files of the first two IR versions name no operator set and mean the first.
    return own ?? (domain.isEmpty && model.irVersion < 3 ? 1 : nil)
  }

  /// The domain under its short name.
  static func canonical(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  /// Remembers the types that the file states for values, for what stands behind foreign operators.
  mutating func recordTypes(of source: ONNXGraph) {
    for info in source.valueInfo + source.outputs {
      guard case .tensor(let element, let shape?) = info.type, let dataType = ElementTypes.dataType(element)
      else { continue }
      let dimensions = shape.map { dimension -> Shape.Dimension in
        if case .size(let size) = dimension, size >= 0 { .fixed(size) } else { .unknown }
      }
      statedTypes[info.name] = TensorType(dataType, Shape(dimensions))
    }
  }

  /// The type that the file states for a value of the outermost graph.
  func statedType(of name: String) -> TensorType? { scopes.depth == 1 ? statedTypes[name] : nil }

  /// The value of a name, nil if nothing has the name yet.
  mutating func value(named name: String) throws(ModelError) -> ValueID? {
    guard let found = scopes.find(name) else { return nil }
    switch found.entry {
    case .value(let value):
      guard found.bodies > 0 else { return value }
      let inner = try captured(value, named: name, from: found.bodies)
      _ = scopes.define(name, inner)
      return inner
    case .tensor(let tensor):
      let constant: Constant
      switch tensor {
      case .dense(let tensor): constant = try tensor.constant(&files, limits: limits)
      case .sparse(let tensor): constant = try tensor.constant(&files, limits: limits)
      }
      let value = graph.addConstant(constant, name: name)
      // Each body has the constants that it uses.
      if found.bodies == 0 { scopes.resolve(name, to: value) } else { _ = scopes.define(name, value) }
      return value
    }
  }

  /// The constant of an attribute's tensor.
  mutating func constant(_ tensor: ONNXTensor) throws(ModelError) -> Constant {
    try tensor.constant(&files, limits: limits)
  }

  /// The constant of an attribute's tensor.
  mutating func constant(_ tensor: ONNXSparseTensor) throws(ModelError) -> Constant {
    try tensor.constant(&files, limits: limits)
  }
}
