/// Operators by name: what the text form and the edge format can say.
public struct OperatorCatalog: Sendable {
  /// The operators, sorted by name.
  public let operators: [any Operator.Type]
  private let byName: [String: any Operator.Type]

  /// Creates a catalog; of several operators with one name the last counts.
  public init(_ operators: [any Operator.Type]) {
    byName = Dictionary(operators.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    self.operators = byName.values.sorted { $0.name < $1.name }
  }

  /// The operator of this name, nil if there is none.
  public subscript(name: String) -> (any Operator.Type)? { byName[name] }
}
