import SkiffIR

/// An axis of a constant whose elements are channels.
struct ChannelAxis: Hashable {
  let constant: ValueID
  let axis: Int
}

/// Values whose channels, the last axis, are rotated alike or not at all.
struct RotationGroup: ValueGroup {
  /// The values, oldest first.
  var values: [ValueID] = []
  /// What channels are made of: outputs of weights, biases, and constants that are values themselves.
  var makers: [ChannelAxis] = []
  /// The products that make channels.
  var products: [NodeID] = []
  /// What channels are multiplied with: inputs of weights.
  var users: [ChannelAxis] = []
  /// Normalizations that take and make such values.
  var normalizations: [NodeID] = []
  /// Whether rows are multiplied with rows, which their means are parts of.
  var multipliesRows = false
  /// Why nothing can be rotated; nil if it can.
  var obstacle: String?

  mutating func add(_ other: RotationGroup) {
    values += other.values
    makers += other.makers
    products += other.products
    users += other.users
    normalizations += other.normalizations
    multipliesRows = multipliesRows || other.multipliesRows
    obstacle = obstacle ?? other.obstacle
  }
}
