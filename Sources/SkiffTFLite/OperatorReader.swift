import SkiffBinary
import SkiffIR
import SkiffOperators

/// An operator that is being imported: what its mapping reads of it, and where its results go.
final class OperatorReader {
  let item: TFLiteModel.Operator
  let code: TFLiteModel.OperatorCode
  let origin: Origin
  /// What the operator is applied to; nil for what is left out.
  let inputs: [ValueID?]
  /// The types that the file states for the results.
  let resultTypes: [TensorType?]
  let importer: Importer

  init(
    _ item: TFLiteModel.Operator, _ code: TFLiteModel.OperatorCode, _ origin: Origin, in importer: Importer
  ) throws(ModelError) {
    self.item = item
    self.code = code
    self.origin = origin
    self.importer = importer
    var inputs: [ValueID?] = []
    for index in item.inputs { inputs.append(index < 0 ? nil : try importer.value(of: index)) }
    while case .some(.none) = inputs.last { inputs.removeLast() }
    self.inputs = inputs
    var types: [TensorType?] = []
    for index in item.outputs { types.append(try? importer.resultType(of: importer.subgraph.tensors[index])) }
    resultTypes = types
  }

  // MARK: Inputs

  func optionalInput(_ index: Int) -> ValueID? { index < inputs.count ? inputs[index] : nil }

  /// An input.
  ///
  /// - Throws: ``ModelError/Code/malformed`` if it is left out.
  func input(_ index: Int) throws(ModelError) -> ValueID {
    guard let value = optionalInput(index) else { throw ModelError(.malformed, "input \(index) is missing") }
    return value
  }

  /// A list of numbers that are added, nil if it is left out; kernels ask for its number of elements only.
  func bias(_ index: Int) throws(ModelError) -> ValueID? {
    guard let bias = optionalInput(index), try type(index).rank != 1 else { return optionalInput(index) }
    return try addIntermediate(Reshape(), [bias, constant([-1])])
  }

  /// The type of an input.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if it is not known, as behind a foreign operator.
  func type(_ index: Int) throws(ModelError) -> TensorType {
    let value = importer.graph[try input(index)]
    guard let type = value.type else {
      throw ModelError(.unsupported, "the type of '\(value.name)' is not known")
    }
    return type
  }

  /// The elements of an integer input that is known before the graph runs; each fits 32 bits.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if they are computed when the graph runs.
  func integers(_ index: Int, _ name: String) throws(ModelError) -> [Int] {
    let list = try knownIntegers(index, name)
    guard list.allSatisfy({ Int32(exactly: $0) != nil }) else {
      throw ModelError(.malformed, "the \(name) are beyond 32 bits")
    }
    return list
  }

  /// The sizes that an operand of integers holds, of which some may depend on those of the inputs.
  func sizes(_ index: Int, _ name: String) throws(ModelError) -> [Shape.Dimension] {
    if let known = importer.graph[try input(index)].knownElements { return known }
    return try integers(index, name).map { .fixed($0) }
  }

  private func knownIntegers(_ index: Int, _ name: String) throws(ModelError) -> [Int] {
    let value = importer.graph[try input(index)]
    if let known = value.knownElements {
      let numbers = known.compactMap(\.fixed)
      if numbers.count == known.count { return numbers }
    }
    guard let constant = value.constant else {
      throw ModelError(.unsupported, "the \(name) are computed when the model runs")
    }
    return try constant.materialize().integers()
  }

  /// One integer of an input that is known before the graph runs.
  func integer(_ index: Int, _ name: String) throws(ModelError) -> Int {
    let list = try integers(index, name)
    guard list.count == 1 else { throw ModelError(.malformed, "\(list.count) integers for the \(name)") }
    return list[0]
  }

  // MARK: Options

  /// The options; a table without fields if the file has none.
  var options: FlatObject { item.options ?? FlatObject("") }

  /// The clamp that the operator applies to its result, and the function that has to follow instead.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` for a function that Skiff lacks.
  func activation() throws(ModelError) -> FusedActivation {
    let name = options.enumerator("fused_activation_function") ?? "NONE"
    guard let activation = FusedActivation.formatNames.first(where: { $0.value == name })?.key else {
      throw ModelError(
        .unsupported, "the fused activation \(name) is not supported",
        at: Location(attribute: "fused_activation_function"))
    }
    return activation
  }

  /// Refuses a fused activation where Skiff's operator has none.
  func requireNoActivation() throws(ModelError) {
    guard try activation() == .none else {
      throw ModelError(
        .unsupported, "a fused activation is not supported here",
        at: Location(attribute: "fused_activation_function"))
    }
  }

  /// How the padding is chosen: as much as keeps the size, or none.
  func padding() throws(ModelError) -> Padding {
    switch options.enumerator("padding") {
    case "SAME": return .sameUpper
    case "VALID": return .explicit
    default:
      throw ModelError(
        .malformed, "\(options.integer("padding")) is no padding", at: Location(attribute: "padding"))
    }
  }

  // MARK: Results

  /// Applies an operator whose results are those of the file.
  func apply(_ operator: any Operator, _ inputs: [ValueID?]) throws(ModelError) -> [ValueID] {
    try importer.graph.addNode(
      `operator`, inputs, name: origin.name, origins: [origin], types: resultTypes)
  }

  /// Applies an operator whose only result is that of the file.
  func add(_ operator: any Operator, _ inputs: [ValueID?]) throws(ModelError) -> ValueID {
    try apply(`operator`, inputs)[0]
  }

  /// Applies an operator whose result is not one of the file's.
  func addIntermediate(
    _ operator: any Operator, _ inputs: [ValueID?], type: TensorType? = nil
  ) throws(ModelError) -> ValueID {
    try importer.graph.addNode(
      `operator`, inputs, name: origin.name, origins: [origin], types: [type])[0]
  }

  /// Applies an operator with several results that are not those of the file.
  func applyIntermediate(_ operator: any Operator, _ inputs: [ValueID?]) throws(ModelError) -> [ValueID] {
    try importer.graph.addNode(`operator`, inputs, name: origin.name, origins: [origin])
  }

  /// Adds a list of integers, as shapes and axes are.
  func constant(_ integers: [Int]) -> ValueID {
    importer.graph.addConstant(Tensor(integers.map(Int64.init), shape: [integers.count]))
  }

  /// A constant in another order of its axes, or what is computed from the value.
  func permuted(_ value: ValueID, by permutation: [Int]) throws(ModelError) -> ValueID {
    if let derived = try importer.derive(value, by: .permute(permutation)) { return derived }
    // Weights that are turned into reals when the model runs are reordered before that.
    if let producer = importer.graph.producer(of: value), producer.operator is Dequantize,
      let source = producer.inputs[0], let derived = try importer.derive(source, by: .permute(permutation))
    {
      return try addIntermediate(Dequantize(), [derived])
    }
    var transpose = Transpose()
    transpose.permutation = permutation
    return try addIntermediate(transpose, [value])
  }
}

extension FusedActivation {
  /// The format's names.
  static let formatNames: [FusedActivation: String] = [
    .none: "NONE", .relu: "RELU", .relu6: "RELU6", .reluN1To1: "RELU_N1_TO_1",
  ]
}
