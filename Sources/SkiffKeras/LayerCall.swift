import SkiffBinary
import SkiffIR
import SkiffOperators

/// One call of a layer while the graph is made: what a mapping works with.
struct LayerCall {
  let importer: Importer
  let layer: KerasLayer
  /// What the layer's variables are found by.
  let path: String
  /// What the nodes are called.
  let name: String
  /// The tensors without a name in order; numbers in their places are constants.
  let inputs: [ValueID]
  /// The masks of ``inputs``.
  let masks: [ValueID?]
  let settings: KerasSettings
  /// What else it is called with.
  let arguments: CallArguments

  init(
    importer: Importer, layer: KerasLayer, path: String, name: String, how: KerasLayer.Call,
    tensors: [KerasTensor]
  ) throws(ModelError) {
    self.importer = importer
    self.layer = layer
    self.path = path
    self.name = name
    settings = KerasSettings(layer.config)
    arguments = CallArguments(how, tensors)
    var operands: [KerasTensor] = []
    for operand in how.operands {
      switch operand {
      case .tensor(let index): operands.append(tensors[index])
      case .value(let json):
        if let array = KerasArray(json) { operands.append(KerasTensor(value: importer.add(array))) }
      case .list: break
      }
    }
    inputs = operands.map(\.value)
    masks = operands.map(\.mask)
  }

  /// The call of another layer with one tensor.
  init(_ call: LayerCall, layer: KerasLayer, part: String, input: ValueID) throws(ModelError) {
    try self.init(
      importer: call.importer, layer: layer, path: join(call.path, part), name: join(call.name, part),
      how: .tensors(1), tensors: [KerasTensor(value: input)])
  }

  /// The only input.
  func input() throws(ModelError) -> ValueID {
    guard inputs.count == 1, let input = inputs.first else {
      throw ModelError(.malformed, "the layer is called with \(inputs.count) tensors instead of 1")
    }
    return input
  }

  /// The shape of a value.
  func shape(of value: ValueID) throws(ModelError) -> Shape {
    guard let type = importer.graph[value].type else {
      throw ModelError(.invalidGraph, "the type of '\(importer.graph[value].name)' is not known")
    }
    return type.shape
  }

  /// The size along an axis, which must be known.
  func size(of value: ValueID, axis: Int) throws(ModelError) -> Int {
    let shape = try shape(of: value)
    guard (0..<shape.rank).contains(axis), let size = shape[axis].fixed else {
      throw ModelError(.unsupported, "an input \(shape) whose axis \(axis) has no fixed size")
    }
    return size
  }

  /// The number of axes, which must be one of `ranks`.
  func requireRank(of value: ValueID, _ rank: Int) throws(ModelError) {
    let shape = try shape(of: value)
    guard shape.rank == rank else {
      throw ModelError(.malformed, "an input \(shape) instead of rank \(rank)")
    }
  }

  /// Adds a node with one result.
  func add(
    _ operator: any Operator, _ operands: ValueID?..., part: String = ""
  ) throws(ModelError) -> ValueID {
    try add(`operator`, operands, part: part)
  }

  /// Adds a node with one result; `part` tells it from the layer's other nodes.
  func add(
    _ operator: any Operator, _ operands: [ValueID?], part: String = ""
  ) throws(ModelError) -> ValueID {
    guard let result = try addAll(`operator`, operands, part: part).first else {
      throw ModelError(.invalidGraph, "a node without a result")
    }
    return result
  }

  /// Adds a node and gives all of its results.
  func addAll(
    _ operator: any Operator, _ operands: [ValueID?], part: String = ""
  ) throws(ModelError) -> [ValueID] {
    let name = part.isEmpty ? name : "\(name)/\(part)"
    return try importer.graph.addNode(
      `operator`, operands, name: name, origins: [Origin(name: path, operatorName: layer.className)],
      outputNames: [name])
  }

  /// A variable of the layer, of this shape and after these steps.
  func variable(
    _ name: String, _ shape: [Int], _ steps: Constant.Transform...
  ) throws(ModelError) -> ValueID {
    try importer.variable(name, of: path, shape: shape, steps: steps)
  }

  /// A variable of one number for each channel if the setting says that there is one.
  func optionalVariable(
    _ name: String, _ count: Int, if setting: String, default value: Bool = true
  ) throws(ModelError) -> ValueID? {
    try settings.boolean(setting, default: value) ? variable(name, [count]) : nil
  }

  /// A constant of float32.
  func constant(_ numbers: [Float], shape: [Int]) -> ValueID {
    importer.graph.addConstant(Tensor(numbers, shape: shape))
  }

  /// The same number at each place; `shape` is that of a variable, so that its elements are no more than in a tensor.
  func constant(_ number: Float, shape: [Int]) -> ValueID {
    constant([Float](repeating: number, count: shape.reduce(1, *)), shape: shape)
  }

  /// The value in another shape, in which −1 (at most once) is what remains and 0 copies the input's size.
  func reshape(_ value: ValueID, _ shape: [Int], part: String = "") throws(ModelError) -> ValueID {
    let sizes = importer.graph.addConstant(Tensor(shape.map(Int64.init), shape: [shape.count]))
    return try add(Reshape(), value, sizes, part: part)
  }

  /// Where the channels are.
  func channelLayout() throws(ModelError) -> ChannelLayout {
    switch try settings.string("data_format", default: "channels_last") {
    case "channels_last": .last
    case "channels_first": .first
    default: throw settings.unsupported("data_format")
    }
  }
}
