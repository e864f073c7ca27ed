import Skiff
import SkiffBinary
import SkiffCompression

extension CompressionReport {
  /// For programs.
  var json: JSONText {
    .object([
      ("channels", .list(channels.map(\.json))), ("layers", .list(layers.map(\.json))),
      ("quantizedNodes", .integer(quantizedNodes)),
      ("activations", quantizedNodes == 0 ? .null : .text(activations.rawValue)),
      ("otherActivations", .integer(otherNodes)),
      ("floatNodes", .list(floatNodes.map { .noted("node", $0.location, $0.reason) })),
      ("weights", .list(weights.map(\.json))), ("lowRanks", .list(lowRanks.map(\.json))),
      ("equalizedGroups", .integer(equalizedGroups)), ("smoothedValues", .integer(smoothedValues)),
      (
        "rotations",
        .list(
          rotation.rotations.map { rotation in
            .object([
              ("value", .text(rotation.location.description)), ("channels", .integer(rotation.channels)),
              ("tensors", .integer(rotation.tensors)),
            ])
          })
      ),
      ("notRotated", .list(rotation.obstacles.map { .noted("value", $0.location, $0.reason) })),
      ("weightsInside", .integer(weightsInside)),
      ("bytesBefore", .integer(bytesBefore)), ("bytesAfter", .integer(bytesAfter)),
      ("samples", .integer(sampleCount)),
    ])
  }
}

extension JSONText {
  /// A place with a reason.
  fileprivate static func noted(_ key: String, _ location: Location, _ reason: String) -> JSONText {
    .object([(key, .text(location.description)), ("reason", .text(reason))])
  }
}

extension WeightCompression.Change {
  fileprivate var json: JSONText {
    .object([
      ("name", .text(name)), ("elements", .integer(elements)), ("zeros", .integer(zeros)),
      ("coding", .text(coding)), ("sqnr", .real(signalToNoise)),
    ])
  }
}

extension LowRankApproximation.Change {
  fileprivate var json: JSONText {
    .object([
      ("node", .text(location.description)), ("ranks", .list(ranks.map { .integer($0) })),
      ("weightsBefore", .integer(weightsBefore)), ("weightsAfter", .integer(weightsAfter)),
      ("error", .real(error)),
    ])
  }
}

extension ChannelPruningReport {
  fileprivate var json: JSONText {
    .object([
      ("multiplicationsBefore", .real(multiplicationsBefore)),
      ("multiplicationsAfter", .real(multiplicationsAfter)),
      (
        "groups",
        .list(
          groups.map { group in
            .object([
              ("producers", .list(group.producers.map { .text($0.description) })),
              ("before", .integer(group.before)), ("after", .integer(group.after)),
            ])
          })
      ),
      (
        "fitted",
        .list(
          reconstructions.map { fit in
            .object([
              ("node", .text(fit.location.description)), ("errorBefore", .real(fit.errorBefore)),
              ("errorAfter", .real(fit.errorAfter)),
            ])
          })
      ),
      ("notFitted", .list(unfittedNodes.map { .noted("node", $0.location, $0.reason) })),
      ("kept", .list(keptNodes.map { .noted("node", $0.location, $0.reason) })),
    ])
  }
}

extension LayerPruning.Report {
  fileprivate var json: JSONText {
    func list(_ branches: [LayerPruning.Branch]) -> JSONText {
      .list(
        branches.map {
          .object([("branch", .text($0.location.description)), ("share", .real($0.share))])
        })
    }
    return .object([
      ("multiplicationsBefore", .real(multiplicationsBefore)),
      ("multiplicationsAfter", .real(multiplicationsAfter)),
      ("removed", list(removed)), ("left", list(left)),
    ])
  }
}
