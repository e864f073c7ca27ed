import SkiffBinary
import SkiffCompression
import Yams

/// A recipe in whose step `weights` some tensors get settings of their own, in the language of recipes.
struct RecipeTemplate {
  /// The recipe as it is without them.
  let recipe: Recipe
  /// Which of its steps is completed: the last one that is `weights`.
  let step: Int
  /// What that step says.
  let weights: WeightCompression
  private let source: String
  private let root: Yams.Node

  /// Reads a recipe's text.
  ///
  /// - Throws: ``ModelError/Code/invalidArgument`` also if it has no step `weights` that rounds all weights.
  init(text: String, name: String) throws(ModelError) {
    source = text
    recipe = try Recipe(yaml: text, name: name)
    var found: (Int, WeightCompression)?
    for (index, step) in recipe.steps.enumerated() {
      if case .weights(let weights) = step { found = (index, weights) }
    }
    guard let (step, weights) = found, weights.settings != nil, let root = try? Yams.compose(yaml: text)
    else {
      throw ModelError(.invalidArgument, "the recipe has no step 'weights' that a search could complete")
    }
    (self.step, self.weights, self.root) = (step, weights, root)
  }

  /// The text with settings for tensors by their names, behind those that are there.
  func text(with settings: [(name: String, settings: String)]) throws(ModelError) -> String {
    guard !settings.isEmpty, case .sequence(var steps)? = root["steps"], var weights = steps[step]["weights"]
    else { return source }
    do {
      var names = weights["names"] ?? [:]
      for (name, settings) in settings { names[name] = try Yams.compose(yaml: settings) }
      weights["names"] = names
      steps[step]["weights"] = weights
      var root = root
      root["steps"] = .sequence(steps)
      return try Yams.serialize(node: root, width: 140, allowUnicode: true)
    } catch {
      throw ModelError(.invalidArgument, "a name cannot be said in a recipe: \(error)")
    }
  }

  /// The recipe with settings for tensors by their names.
  func recipe(with settings: [(name: String, settings: String)]) throws(ModelError) -> Recipe {
    try Recipe(yaml: text(with: settings), name: recipe.name)
  }
}
