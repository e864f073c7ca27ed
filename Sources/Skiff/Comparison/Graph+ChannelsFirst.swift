import SkiffIR
import SkiffOperators

extension Graph {
  /// Whether an operator has the channels on the second axis that it could have last.
  var hasChannelsFirst: Bool {
    nodeIDs.contains { (self[$0].operator as? any AxisAware)?.preferredOrder(rank: 4, for: .last) != nil }
  }
}
