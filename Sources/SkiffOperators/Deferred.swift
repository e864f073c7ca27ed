import SkiffBinary
import SkiffIR

/// An operator of one operand, one attribute of which is computed when the graph runs.
///
/// Files that say the axes of a reduction or the sizes of a split by an operand have constants there, which become
/// attributes. This is for the rest: the operator is made when the integers are there, and then applied.
public struct Deferred: ReferenceKernel {
  public static let name = "Deferred"
  public static let summary =
    "An operator of one operand, one attribute of which is computed when the graph runs."
  public static let operands: [Operand] = [.required("input"), .required("value")]
  public static let attributes = [
    Attribute<Deferred>("kind", \.kind, "The name of the operator."),
    Attribute<Deferred>("attribute", \.attribute, "The name of the attribute that is computed."),
    Attribute<Deferred>("names", \.names, "The names of the other attributes that are not standard."),
    Attribute<Deferred>("values", \.values, "Their values; 1 for true."),
    Attribute<Deferred>("results", \.results, "The number of results."),
  ]

  /// The name of the operator.
  public var kind = ReduceSum.name
  /// The name of the attribute that is computed: an integer or a list of them.
  public var attribute = "axes"
  /// The names of the other attributes that are not standard.
  public var names: [String] = []
  /// Their values; 1 for true.
  public var values: [Int] = []
  /// The number of results.
  public var results = 1

  /// Creates a sum whose axes are computed.
  public init() {}

  /// Creates the operator.
  ///
  /// - Throws: ``ModelError/Code/unsupported`` if another attribute is neither an integer nor a truth value.
  public init(_ operator: any Operator, _ attribute: String, results: Int = 1) throws(ModelError) {
    kind = type(of: `operator`).name
    self.attribute = attribute
    self.results = results
    let standard = type(of: `operator`).init().attributeValues
    for (own, usual) in zip(`operator`.attributeValues, standard)
    where own.name != attribute && own.value != usual.value {
      names.append(own.name)
      switch own.value {
      case .integer(let integer): values.append(integer)
      case .boolean(let boolean): values.append(boolean ? 1 : 0)
      default: throw ModelError(.unsupported, "\(own.value) beside an attribute that is computed")
      }
    }
  }

  public var outputCount: Int { max(0, min(results, Self.mostResults)) }

  private static let mostResults = 1 << 16

  /// The operator with its attribute.
  private func resolved(_ integers: [Int]) throws(ModelError) -> any ReferenceKernel {
    guard let type = OperatorCatalog.standard[kind], type != Deferred.self,
      var kernel = type.init() as? any ReferenceKernel, type.operands.count == 1, names.count == values.count
    else { throw ModelError(.invalidGraph, "the attribute of '\(kind)' cannot be computed") }
    for (name, value) in zip(names, values) {
      try Self.set(&kernel, name, .integer(value), .boolean(value != 0))
    }
    try Self.set(&kernel, attribute, .integers(integers), integers.first.map { .integer($0) })
    return kernel
  }

  /// Sets an attribute to the value whose kind it has.
  private static func set(
    _ kernel: inout any ReferenceKernel, _ name: String, _ value: AttributeValue, _ other: AttributeValue?
  ) throws(ModelError) {
    guard let other, let standard = kernel.attributeValues.first(where: { $0.name == name })?.value else {
      return try kernel.setAttribute(name, to: value)
    }
    switch (standard, other) {
    case (.integer, .integer), (.boolean, .boolean): try kernel.setAttribute(name, to: other)
    default: try kernel.setAttribute(name, to: value)
    }
  }

  /// With an unknown attribute only the ranks of the results are known.
  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let (input, value) = (try context.type(0), try context.type(1))
    guard value.dataType.isInteger, value.rank <= 1 else {
      throw ModelError(.invalidGraph, "the attribute '\(attribute)' is a \(value)")
    }
    if let integers = context.integers(1) { return try checked(resolved(integers).inferTypes(context)) }
    var graph = Graph()
    let unknown = [Shape.Dimension](repeating: .unknown, count: input.rank)
    let stand = graph.addInput("input", TensorType(input.dataType, Shape(unknown)))
    var ranks: [[TensorType]] = []
    for count in try counts(value.shape) {
      let made = try graph.addNode(resolved(Array(0..<count)), [stand])
      ranks.append(
        try checked(made.compactMap { graph[$0].type }).map { type in
          TensorType(type.dataType, Shape([Shape.Dimension](repeating: .unknown, count: type.rank)))
        })
    }
    guard let types = ranks.first, ranks.allSatisfy({ $0 == types }) else {
      throw ModelError(.unsupported, "the number of elements of '\(attribute)' is not known")
    }
    return types
  }

  /// How many integers there may be: where that is not known, none and one stand for all.
  private func counts(_ shape: Shape) throws(ModelError) -> [Int] {
    guard results <= Self.mostResults else { throw ModelError(.limitExceeded, "\(results) results") }
    if results > 1 { return [results] }
    guard let count = shape.elementCount else { return [0, 1] }
    guard count <= Limits.standard.rank else {
      throw ModelError(.invalidGraph, "\(count) integers as '\(attribute)'")
    }
    return [count]
  }

  private func checked(_ types: [TensorType]) throws(ModelError) -> [TensorType] {
    guard types.count == outputCount else {
      throw ModelError(.invalidGraph, "\(types.count) results instead of \(outputCount)")
    }
    return types
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let kernel = try resolved(inputs.required(1).integers())
    let tensors = try kernel.evaluate([inputs.required(0)])
    guard tensors.count == outputCount else {
      throw ModelError(.invalidGraph, "\(tensors.count) results instead of \(outputCount)")
    }
    return tensors
  }
}
