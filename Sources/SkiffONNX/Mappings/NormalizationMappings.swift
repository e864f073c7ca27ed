import SkiffBinary
import SkiffIR
import SkiffOperators

/// Normalizations.
enum NormalizationMappings {
  static let rows: [Mapping] = [
    Mapping("BatchNormalization", batchNormalization)
  ]

  static func batchNormalization(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    node.ignore("momentum", "is_test", "consumed_inputs")
    let isTraining = try node.flag("training_mode")
    guard !isTraining, node.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw ModelError(.unsupported, "the node is in training mode")
    }
    guard try node.flag("spatial", default: true) else {
      throw ModelError(
        .unsupported, "each activation has parameters of its own", at: Location(attribute: "spatial"))
    }
    var normalization = BatchNormalization()
    normalization.epsilon = try node.real("epsilon", default: 1e-5)
    return try node.add(normalization, node.inputs)
  }
}
