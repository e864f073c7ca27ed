import SkiffBinary
import SkiffCompression

extension ChannelPruning {
  init(recipe node: RecipeNode) throws(ModelError) {
    self.init(.multiplications(0.5))
    let keys = [
      "multiplications", "each", "ranking", "labels", "multiple", "least", "least-share", "reconstruct",
      "exclude",
    ]
    var amounts = 0
    for (key, value) in try node.members(keys) {
      switch key {
      case "multiplications":
        amount = .multiplications(try value.real(in: 0...1))
        amounts += 1
      case "each":
        amount = .eachGroup(try value.real(in: 0...1))
        amounts += 1
      case "ranking":
        let name = try value.choice(ChannelRanking.allCases.map(\.rawValue)).name
        ranking = ChannelRanking(rawValue: name) ?? ranking
      case "labels": labels = try value.text()
      case "multiple": multiple = try value.integer(in: 1...1 << 20)
      case "least": leastCount = try value.integer(in: 1...1 << 20)
      case "least-share": leastShare = try value.real(in: 0...1)
      case "reconstruct": reconstructs = try value.boolean()
      default: for name in try value.elements() { excludedNodes.insert(try name.text()) }
      }
    }
    guard amounts == 1 else {
      throw node.error("must say how much is left: 'multiplications' or 'each', from 0 to 1")
    }
    guard labels == nil || ranking == .taylor else {
      throw node.error("has 'labels', which only the ranking 'taylor' takes")
    }
  }
}

extension LayerPruning {
  init(recipe node: RecipeNode) throws(ModelError) {
    self.init(multiplications: 1)
    var hasAmount = false
    for (key, value) in try node.members(["multiplications", "largest-share", "exclude"]) {
      switch key {
      case "multiplications":
        multiplications = try value.real(in: 0...1)
        hasAmount = true
      case "largest-share": largestShare = try value.real(in: 0...Double.greatestFiniteMagnitude)
      default: for name in try value.elements() { excludedNodes.insert(try name.text()) }
      }
    }
    guard hasAmount else { throw node.error("must say how many 'multiplications' are left, from 0 to 1") }
  }
}

extension LowRankApproximation {
  init(recipe node: RecipeNode) throws(ModelError) {
    self.init(.weights(1))
    var amounts = 0
    for (key, value) in try node.members(["error", "weights", "importance", "least", "exclude"]) {
      switch key {
      case "error", "weights":
        let share = try value.real(in: 0...1)
        amount = key == "error" ? .error(share) : .weights(share)
        amounts += 1
      case "importance": usesInputs = try value.boolean()
      case "least": leastCount = try value.integer(in: 1...Int.max)
      default: for name in try value.elements() { excludedNodes.insert(try name.text()) }
      }
    }
    guard amounts == 1 else { throw node.error("must say the ranks: 'error' or 'weights', from 0 to 1") }
  }
}
