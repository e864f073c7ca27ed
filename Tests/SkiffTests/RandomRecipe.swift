import SkiffTestSupport

/// A recipe drawn at random over all that the language has, for weights that a graph has.
struct RandomRecipe {
  /// A tensor of weights: its name, its elements, and the operators that use it.
  struct Weight {
    let name: String
    let count: Int
    let operators: [String]
  }

  private var generator: SeededGenerator
  private let weights: [Weight]
  /// Whether weights can have become others of other names.
  private var hasFactors = false
  /// Whether channels can be others than normalizations of the source say.
  private var hasOtherChannels = false
  /// The text.
  private(set) var text = "skiff: 1\nsteps:\n"

  /// - Parameter isInteger: Whether activations become integers of the file; nil draws it, or what they become as it runs.
  init(_ seed: Seed, for weights: [Weight], isInteger: Bool? = nil) {
    generator = SeededGenerator(seed)
    self.weights = weights
    let isStatic = isInteger ?? false
    let isInteger = isInteger ?? chance(2)
    if chance(4) {
      text += "- low-rank: \(lowRankStep())\n"
      (hasFactors, hasOtherChannels) = (true, true)
    }
    if chance(3) { text += "- equalize: {}\n" }
    if chance(3) {
      text += "- rotate: {}\n"
      hasOtherChannels = true
    }
    if chance(3) {
      text += "- smooth: \(smoothStep())\n"
      hasOtherChannels = true
    }
    for _ in 0..<integer(isInteger ? 0...2 : 1...2) { text += "- weights: \(weightStep())\n" }
    if isInteger { text += "- int8: \(int8Step(isStatic: isStatic))\n" }
  }

  // MARK: Choices

  private mutating func integer(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }
  /// True one time in so many.
  private mutating func chance(_ count: Int) -> Bool { integer(1...count) == 1 }
  private mutating func one(of texts: [String]) -> String { texts.randomElement(using: &generator) ?? "" }

  // MARK: Parts

  private mutating func lowRankStep() -> String {
    let amount = one(of: ["error", "weights"])
    return "{\(amount): \(Double(integer(0...20)) / 20), importance: \(one(of: ["true", "false"])), least: 1}"
  }

  private mutating func smoothStep() -> String {
    if chance(2) { return "{alpha: \(Double(integer(0...4)) / 4)}" }
    return "{search: {\(coding("integers").drop { $0 != "{" }.dropFirst())}"
  }

  private mutating func weightStep() -> String {
    let least = [1, 8, 64].randomElement(using: &generator) ?? 1
    let large = weights.filter { $0.count >= least }
    var members = ["least: \(least)"]
    // Whether there is something that samples could choose.
    var hasChoice = false
    let prunes = chance(2)
    if prunes {
      members.append(pruning())
      hasChoice = true
    }
    var coding = "none"
    if !hasChoice || chance(2) {
      coding = one(of: ["palette", "integers", "integers", "float"])
      members.append(self.coding(coding, takesVectors: !prunes))
      hasChoice = hasChoice || coding != "float"
    }
    var isLooking = false
    let isAdaptive = coding == "integers" && chance(6)
    if isAdaptive {
      members.append("rounding: adaptive")
    } else if hasChoice {
      if chance(3) {
        members.append("feedback: true")
        isLooking = true
      }
      if chance(3) {
        members.append("importance: \(one(of: ["true", "fisher"]))")
        isLooking = true
      }
    }
    if chance(3) {
      members.append("correct-bias: \(one(of: hasOtherChannels ? ["true"] : ["true", "normalization"]))")
    }
    let othersPrune = !members.contains { $0.contains("vector:") }
    for (scope, names) in [("names", large.map(\.name)), ("operators", large.flatMap(\.operators))] {
      let chosen = Set(names.filter { !$0.isEmpty && chance(4) }).sorted()
      guard !hasFactors, !chosen.isEmpty else { continue }
      let exceptions = chosen.map {
        "\(quoted(scope == "names" ? pattern($0) : $0)): \(exception(isLooking, isAdaptive, prunes: othersPrune))"
      }
      // Patterns can be equal where names are not.
      guard Set(exceptions.map { $0.prefix { $0 != ":" } }).count == exceptions.count else { continue }
      members.append("\(scope): {\(exceptions.joined(separator: ", "))}")
    }
    return "{\(members.shuffled(using: &generator).joined(separator: ", "))}"
  }

  private mutating func pattern(_ name: String) -> String {
    switch integer(0...3) {
    case 0: "*" + name.dropFirst()
    case 1: name.prefix(max(1, name.count / 2)) + "*"
    default: name
    }
  }

  private func quoted(_ name: String) -> String { "'\(name.replacing("'", with: "''"))'" }

  /// - Parameter prunes: Whether some can prune: vectors have no zeros of their own.
  private mutating func exception(_ isLooking: Bool, _ isAdaptive: Bool, prunes: Bool) -> String {
    switch integer(0...3) {
    case 0: "keep"
    case 1 where prunes: "{\(pruning())}"
    case 2 where isAdaptive: "{\(coding("integers"))}"
    case 3 where isAdaptive: "{\(coding("palette")), rounding: nearest}"
    default: "{\(coding(one(of: isLooking ? ["palette", "integers"] : ["palette", "integers", "float"])))}"
    }
  }

  private mutating func pruning() -> String {
    var members: [String] = []
    switch integer(0...3) {
    case 0:
      let of = integer(2...8)
      members.append("pattern: '\(integer(0...of - 1)):\(of)'")
    case 1: members.append("pattern: block \(integer(2...9))")
    case 2: members.append("pattern: element")
    default: break
    }
    if members.first?.contains("'") != true {
      if chance(2) { members.append("sparsity: \(Double(integer(0...20)) / 20)") }
      if chance(2) { members.append("scope: \(one(of: ["tensor", "global"]))") }
    }
    return "prune: {\(members.joined(separator: ", "))}"
  }

  /// - Parameter takesVectors: Whether nothing of the settings prunes.
  private mutating func coding(_ kind: String, takesVectors: Bool = false) -> String {
    var members: [String] = []
    switch kind {
    case "float": return "float: \(one(of: ["float16", "bfloat16"]))"
    case "palette":
      let vector = takesVectors && chance(2) ? [1, 2, 4][integer(0...2)] : 1
      if vector > 1 { members.append("vector: \(vector)") }
      if chance(2) { members.append("bits: \(integer(1...(vector > 1 ? 12 : 8)))") }
      if chance(3) { members.append("rows: \(integer(0...5))") }
      if chance(2) { members.append("entries: \(one(of: ["int8", "float"]))") }
    default:
      if chance(2) { members.append("bits: \(integer(2...8))") }
      if chance(2) { members.append("per: \(one(of: ["tensor", "channel", "block \(integer(2...20))"]))") }
      if chance(3) { members.append("symmetric: \(one(of: ["true", "false"]))") }
      if chance(3) { members.append("clip: \(one(of: ["true", "false"]))") }
    }
    return "\(kind): {\(members.joined(separator: ", "))}"
  }

  private mutating func int8Step(isStatic: Bool) -> String {
    var members: [String] = []
    if chance(2) {
      let ranges = [
        "min-max", "percentile \(integer(90...100))", "percentile 99.9", "entropy", "mse", "moving-average",
        "moving-average 0.\(integer(0...9))",
      ]
      members.append("range: \(one(of: ranges))")
    }
    let isSymmetric = chance(3)
    for key in ["fully-connected", "convolution"] where chance(2) {
      members.append("\(key): \(one(of: ["channel", "tensor"]))")
    }
    if chance(3) { members.append("interface: \(one(of: ["float", "int8"]))") }
    if chance(4) {
      members.removeAll { $0.hasPrefix("interface") }
      members.append("activations: int16")
    } else if !isStatic, chance(4) {
      members.removeAll { $0.hasPrefix("interface") || $0.hasPrefix("range") }
      members.append("activations: dynamic")
      return "{\(members.joined(separator: ", "))}"
    }
    if isSymmetric { members.append("symmetric: true") }
    let products = weights.flatMap(\.operators).filter { ["Convolution", "FullyConnected"].contains($0) }
    if !hasFactors, chance(2), let product = products.randomElement(using: &generator) {
      // Real numbers between are none that LiteRT computes to the last bit.
      let own = one(of: isStatic ? ["int8", "int16"] : ["int8", "int16", "real"])
      members.append("operators: {\(product): {activations: \(own)}}")
    }
    return "{\(members.joined(separator: ", "))}"
  }
}
