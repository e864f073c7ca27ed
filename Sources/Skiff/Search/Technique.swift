import SkiffCompression

/// What a tensor of weights can become, as recipes say it.
enum Technique {
  /// What is tried for each tensor, given what the recipe does to all: integers or palettes of all numbers of bits, and some of
  /// them with zeros; what the recipe rounds in another way stays.
  static func all(for settings: WeightCompression.Settings) -> [String] {
    switch settings.coding {
    case .integers(let integers):
      var options: [String] = []
      if !integers.isSymmetric { options.append("symmetric: false") }
      if !integers.clips { options.append("clip: false") }
      let scopes =
        switch integers.granularity {
        case .tensor, .channel: ["tensor", "channel"]
        case .block(let size): ["block \(size)"]
        }
      func text(_ bits: Int, _ scope: String) -> String {
        "integers: {\((["bits: \(bits)", "per: \(scope)"] + options).joined(separator: ", "))}"
      }
      return [8, 6, 5, 4, 3, 2].flatMap { bits in scopes.map { "{\(text(bits, $0))}" } }
        + sparsities(settings).flatMap { sparsity in
          [5, 4, 3].map { "{\(sparsity), \(text($0, scopes[0]))}" }
        }
    case .palette:
      return (1...8).reversed().map { "{palette: {bits: \($0)}}" }
        + sparsities(settings).flatMap { sparsity in
          [4, 3, 2].map { "{\(sparsity), palette: {bits: \($0)}}" }
        }
    case .none, .float16, .bfloat16:
      return ["{}"] + sparsities(settings).map { "{\($0)}" }
    }
  }

  /// Shares of zeros, unless the recipe says how many there are.
  private static func sparsities(_ settings: WeightCompression.Settings) -> [String] {
    settings.pruning == nil ? [0.5, 0.75].map { "prune: {sparsity: \($0)}" } : []
  }
}
