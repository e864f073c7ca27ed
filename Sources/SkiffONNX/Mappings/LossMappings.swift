import SkiffBinary
import SkiffIR
import SkiffOperators

/// Losses, which exported training graphs end with.
enum LossMappings {
  static let rows: [Mapping] = [
    Mapping("NegativeLogLikelihoodLoss", since: 12) { (node) throws(ModelError) in
      try node.add(likelihood(&node), node.inputs)
    }.writing(NegativeLogLikelihood.self) { (loss, node) throws(ModelError) in
      var attributes: AttributeList = ["reduction": .text(loss.combination.rawValue)]
      attributes["ignore_index"] = loss.ignoredClass.map { .integer($0) }
      return try node.add("NegativeLogLikelihoodLoss", node.operands(), attributes)
    },
    Mapping("SoftmaxCrossEntropyLoss", since: 12, crossEntropy),
  ]

  private static func likelihood(_ node: inout NodeImport) throws(ModelError) -> NegativeLogLikelihood {
    var loss = NegativeLogLikelihood()
    loss.ignoredClass = try node.optionalInteger("ignore_index")
    let name = try node.text("reduction", default: "mean")
    guard let combination = NegativeLogLikelihood.Combination(rawValue: name) else {
      throw ModelError(.malformed, "there is no reduction '\(name)'", at: Location(attribute: "reduction"))
    }
    loss.combination = combination
    return loss
  }

  /// The loss of the logarithm of Softmax, which is the second result.
  static func crossEntropy(_ node: inout NodeImport) throws(ModelError) -> [ValueID] {
    var logSoftmax = LogSoftmax()
    logSoftmax.axis = 1
    let probabilities = try node.add(logSoftmax, node.input(0))
    let loss = try node.add(likelihood(&node), probabilities, node.input(1), node.optional(2))
    return [loss, probabilities]
  }
}
