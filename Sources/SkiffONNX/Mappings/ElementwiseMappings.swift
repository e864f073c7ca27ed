import SkiffBinary
import SkiffIR
import SkiffOperators

/// Operators that work element by element.
enum ElementwiseMappings {
  static let rows: [Mapping] =
    unary("Relu", Relu.self) + unary("Sigmoid", Sigmoid.self) + unary("Tanh", Tanh.self)
    + binary("Add", Add.self) + binary("Sub", Subtract.self) + binary("Mul", Multiply.self)
    + binary("Div", Divide.self)

  /// A function of one operand.
  private static func unary<Kind: Operator>(_ name: String, _ kind: Kind.Type) -> [Mapping] {
    [
      Mapping(name) { (node) throws(ModelError) in
        node.ignore("consumed_inputs")
        return try node.add(Kind(), node.inputs)
      }
    ]
  }

  /// A function of two operands; below version 7 the second one broadcasts by attributes.
  private static func binary<Kind: Operator>(_ name: String, _ kind: Kind.Type) -> [Mapping] {
    [
      Mapping(name, since: 1) { (node) throws(ModelError) in
        try node.add(Kind(), [node.input(0), node.legacyBroadcastOperand()])
      },
      .plain(name, kind, since: 7),
    ]
  }
}

extension NodeImport {
  /// The second operand of an old binary operator, with axes added so that it broadcasts as it does today.
  ///
  /// With `broadcast`, its axes lie on those of the first operand from `axis` on; without `axis`, on the last.
  mutating func legacyBroadcastOperand() throws(ModelError) -> ValueID {
    ignore("consumed_inputs")
    let (a, b) = (try input(0), try input(1))
    let broadcasts = try flag("broadcast")
    guard let axis = try optionalInteger("axis"), broadcasts else { return b }
    let (rank, own) = (try type(of: a).rank, try type(of: b).shape)
    let start = axis < 0 ? axis + rank : axis
    guard start >= 0, start <= rank - own.rank else {
      throw ModelError(
        .malformed, "axis \(axis) for operands of ranks \(rank) and \(own.rank)",
        at: Location(attribute: "axis"))
    }
    let missing = rank - own.rank - start
    guard missing > 0, own.rank > 0 else { return b }
    // A size of 0 in the shape of a reshape copies the operand's.
    let sizes = own.fixed ?? [Int](repeating: 0, count: own.rank)
    return try reshaped(b, to: sizes + [Int](repeating: 1, count: missing))
  }
}
