import SkiffBinary
import SkiffCompression

/// What is to be done to a model, as a file says it: docs/formats/recipe.md.
public struct Recipe: Hashable, Sendable {
  /// The version of the language that is read.
  public static let version = 1

  /// What is done, in order.
  public var steps: [Compression.Step]
  /// What the recipe is called in the provenance of a file.
  public var name: String

  /// Creates a recipe.
  public init(_ steps: [Compression.Step], name: String) { (self.steps, self.name) = (steps, name) }

  /// The compression that does it.
  ///
  /// - Parameter samples: What the model is run on by steps that look at its values.
  public func compression(on samples: Samples?) -> Compression {
    Compression(steps, samples: samples, description: name)
  }

  /// Whether some step needs samples.
  public var needsSamples: Bool {
    steps.contains { step in
      switch step {
      case .int8(_, let quantization): quantization.activations != .dynamic
      case .lowRank(let approximation): approximation.usesInputs
      case .equalize, .rotate: false
      case .channels(let pruning): pruning.reconstructs || pruning.ranking.needsSamples
      case .layers, .smooth: true
      case .weights(let weights): weights.needsSamples
      }
    }
  }
}

/// Recipes that most models do well with.
extension Recipe {
  /// The names of the recipes that are known without a file, from the most accurate to the smallest.
  public static let presets = ["int8-accurate", "int8", "int4-weights", "small", "smallest"]

  /// The text of a preset.
  public static func presetText(_ name: String) -> String? {
    let steps: String? =
      switch name {
      case "int8": "  - int8: {}"
      case "int8-accurate":
        """
          - weights: {integers: {bits: 8}, feedback: true, correct-bias: true}
          - int8: {}
        """
      case "int4-weights": "  - weights: {integers: {bits: 4, per: block 32}}"
      case "small":
        """
          - equalize: {}
          - weights: {integers: {bits: 5, per: tensor}, feedback: true, correct-bias: true}
          - int8: {}
        """
      case "smallest":
        """
          - equalize: {}
          - weights: {integers: {bits: 4, per: tensor}, feedback: true, correct-bias: true}
          - int8: {}
        """
      default: nil
      }
    return steps.map { "skiff: \(version)\nname: \(name)\nsteps:\n\($0)\n" }
  }

  /// The preset of a name; nil if there is none.
  public static func preset(_ name: String) throws(ModelError) -> Recipe? {
    guard let text = presetText(name) else { return nil }
    return try Recipe(yaml: text, name: name)
  }
}
