import SkiffIR

/// Values whose channels, the last axis, are multiplied alike by positive numbers or not at all: what the layers that make them divide a
/// channel by, those that take it multiply it with, and nothing in between notices.
struct ScalingGroup: ValueGroup {
  var values: [ValueID] = []
  /// The products and normalizations that make the values.
  var producers: [NodeID] = []
  /// The products that take them.
  var users: [NodeID] = []
  var obstacle: String?

  mutating func add(_ other: ScalingGroup) {
    values += other.values
    producers += other.producers
    users += other.users
    obstacle = obstacle ?? other.obstacle
  }
}
