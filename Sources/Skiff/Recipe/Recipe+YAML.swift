import SkiffBinary
import SkiffCompression

extension Recipe {
  /// Reads a recipe's file.
  public init(contentsOf path: String, limits: Limits = .standard) throws(ModelError) {
    let text = try Self.text(contentsOf: path, limits: limits)
    self = try locating(Location(file: path)) { () throws(ModelError) in
      try Recipe(yaml: text, name: String(path.split(separator: "/").last ?? ""))
    }
  }

  /// The text of a recipe's file.
  public static func text(contentsOf path: String, limits: Limits = .standard) throws(ModelError) -> String {
    try locating(Location(file: path)) { () throws(ModelError) in
      let bytes = try ByteRegion(mapping: path, limits: limits)
      guard bytes.count <= RecipeNode.longestText,
        let text = bytes.withBytes({ String(validating: $0, as: UTF8.self) })
      else {
        throw ModelError(.malformed, "is no text of at most \(RecipeNode.longestText) bytes")
      }
      return text
    }
  }

  /// Reads a recipe's text.
  ///
  /// - Parameter name: What the recipe is called unless the text says it.
  /// - Throws: ``ModelError/Code/malformed`` for what is no YAML, ``ModelError/Code/invalidArgument`` with line and column for what
  ///   a recipe cannot say.
  public init(yaml text: String, name: String) throws(ModelError) {
    let root = try RecipeNode(parsing: text)
    self.init([], name: name)
    var version: Int?
    var places: [RecipeNode] = []
    for (key, value) in try root.members(["skiff", "name", "steps"]) {
      switch key {
      case "skiff": version = try value.integer(in: Self.version...Self.version)
      case "name": self.name = try value.text()
      default:
        places = try value.elements()
        for place in places { steps.append(try Self.step(place)) }
      }
    }
    guard version != nil else { throw root.error("must say 'skiff: \(Self.version)'") }
    guard !steps.isEmpty else { throw root.error("has no steps") }
    var (isInteger, isCoded, areOthers) = (false, false, false)
    for (index, step) in steps.enumerated() {
      if isInteger {
        throw places[index].error("comes after int8, which must be the last step")
      }
      if isCoded, step.changesWeights {
        throw places[index].error("would undo the step weights before it")
      }
      if areOthers, case .weights(let weights) = step, weights.usesNormalizations {
        throw places[index].error("corrects biases by normalizations whose channels a step before it changed")
      }
      if step.changesChannels { areOthers = true }
      if case .int8 = step { isInteger = true }
      if case .weights = step { isCoded = true }
    }
  }

  private static func step(_ node: RecipeNode) throws(ModelError) -> Compression.Step {
    let members = try node.members([
      "channels", "layers", "low-rank", "equalize", "rotate", "smooth", "weights", "int8",
    ])
    guard members.count == 1, let member = members.first else { throw node.error("must be one step") }
    switch member.key {
    case "channels": return .channels(try ChannelPruning(recipe: member.value))
    case "layers": return .layers(try LayerPruning(recipe: member.value))
    case "low-rank": return .lowRank(try LowRankApproximation(recipe: member.value))
    case "equalize":
      var equalization = CrossLayerEqualization()
      for (_, value) in try member.value.members(["rounds"]) {
        equalization.rounds = try value.integer(in: 1...10_000)
      }
      return .equalize(equalization)
    case "rotate":
      var rotation = ChannelRotation()
      for (_, value) in try member.value.members(["exclude"]) {
        for name in try value.elements() { rotation.excludedNodes.insert(try name.text()) }
      }
      return .rotate(rotation)
    case "smooth": return .smooth(try ChannelSmoothing(recipe: member.value))
    case "int8": return try Int8Quantization.step(recipe: member.value)
    default: return .weights(try WeightCompression(recipe: member.value))
    }
  }
}

extension WeightCompression {
  fileprivate init(recipe node: RecipeNode) throws(ModelError) {
    let special = ["operators", "names", "least", "labels"]
    let members = try node.members(Settings.keys + special)
    var settings = Settings()
    try settings.set(members, of: node)
    self.init(settings)
    for (key, value) in members where special.contains(key) {
      if key == "least" {
        leastCount = try value.integer(in: 1...Int.max)
        continue
      }
      if key == "labels" {
        labels = try value.text()
        continue
      }
      for (name, own) in try value.members() {
        let scope: Scope = key == "operators" ? .operators(name) : .names(name)
        exceptions.updateValue(try settings.changed(own), forKey: scope)
      }
    }
    if settings == Settings(), !exceptions.values.contains(where: { $0 != nil && $0 != Settings() }) {
      throw node.error("changes nothing")
    }
    for settings in [settings] + Array(exceptions.values) {
      if let settings, let reason = settings.contradiction { throw node.error(reason) }
    }
    if let contradiction { throw node.error(contradiction) }
  }
}

extension WeightCompression.Settings {
  fileprivate static let keys = [
    "prune", "palette", "integers", "float", "feedback", "rounding", "importance", "correct-bias",
  ]

  /// What becomes of the numbers, one of which goes.
  private static let codings: Set = ["palette", "integers", "float"]

  /// Sets what the members of a node that are settings say.
  fileprivate mutating func set(_ members: [(key: String, value: RecipeNode)], of node: RecipeNode)
    throws(ModelError)
  {
    let codings = members.map(\.key).filter(Self.codings.contains)
    guard codings.count < 2 else { throw node.error("has both \(codings.joined(separator: " and "))") }
    for (key, value) in members where Self.keys.contains(key) { try set(key, value) }
  }

  /// Why samples would be looked at for nothing; nil if they are not.
  fileprivate var contradiction: String? {
    if roundsAdaptively {
      guard case .integers = coding else { return "rounds adaptively what are no integers" }
      if usesFeedback { return "rounds adaptively, or with feedback, but not both" }
    }
    if case .palette(let palettization) = coding, palettization.vectorLength > 1, pruning != nil {
      return "prunes vectors of weights, which have no zeros of their own"
    }
    guard pruning == nil else { return nil }
    switch coding {
    case .palette, .integers: return nil
    case .float16, .bfloat16:
      return usesFeedback || importance != nil
        ? "chooses nothing that feedback or importance could change" : nil
    case .none:
      let isLooking = usesFeedback || importance != nil || biasCorrection != nil
      return isLooking ? "has feedback, importance or corrected biases, but neither prunes nor rounds" : nil
    }
  }

  /// These settings but for what a node says; nil for `keep`.
  fileprivate func changed(_ node: RecipeNode) throws(ModelError) -> Self? {
    if (try? node.text()) == "keep" { return nil }
    var changed = self
    try changed.set(node.members(Self.keys), of: node)
    return changed
  }

  fileprivate mutating func set(_ key: String, _ node: RecipeNode) throws(ModelError) {
    switch key {
    case "prune": pruning = try WeightPruning(recipe: node)
    case "palette":
      coding = .palette(try Palettization(recipe: node))
    case "integers": coding = .integers(try WeightQuantization(recipe: node))
    case "float":
      coding = try node.choice(["float16", "bfloat16"]).name == "float16" ? .float16 : .bfloat16
    case "rounding": roundsAdaptively = try node.choice(["nearest", "adaptive"]).name == "adaptive"
    case "feedback": usesFeedback = try node.boolean()
    case "importance": importance = try node.importance()
    default: biasCorrection = try Self.biasCorrection(recipe: node)
    }
  }

  private static func biasCorrection(
    recipe node: RecipeNode
  ) throws(ModelError) -> WeightCompression.BiasCorrection? {
    if let isCorrected = try? node.boolean() { return isCorrected ? .samples : nil }
    guard try node.text() == "normalization" else {
      throw node.error("must be true or false, or normalization")
    }
    return .normalization
  }
}

extension Palettization {
  fileprivate init(recipe node: RecipeNode) throws(ModelError) {
    self.init()
    let members = try node.members(["bits", "vector", "rows", "entries"])
    for (key, value) in members where key == "vector" {
      vectorLength = try value.integer(in: 1...4)
      if vectorLength == 3 { throw value.error("must be 1, 2 or 4") }
    }
    for (key, value) in members where key != "vector" {
      switch key {
      case "bits": bits = try value.integer(in: 1...mostBits)
      case "rows": rowsPerTable = try value.integer(in: 0...Int.max)
      default:
        let name = try value.choice(Entries.allCases.map(\.rawValue)).name
        entries = Entries(rawValue: name) ?? .float
      }
    }
  }
}

extension WeightPruning {
  fileprivate init(recipe node: RecipeNode) throws(ModelError) {
    self.init()
    var hasSparsity = false
    for (key, value) in try node.members(["sparsity", "pattern", "scope"]) {
      switch key {
      case "sparsity":
        sparsity = try value.real(in: 0...1)
        hasSparsity = true
      case "scope":
        scope = try value.choice(["tensor", "global"]).name == "global" ? .global : .tensor
      default: pattern = try Self.pattern(value)
      }
    }
    if case .structured = pattern {
      guard !hasSparsity, scope == .tensor else {
        throw node.error("has a pattern that says how much becomes zero where")
      }
    }
  }

  private static func pattern(_ node: RecipeNode) throws(ModelError) -> Pattern {
    let counts = try node.text().split(separator: ":").map { Int($0) }
    if counts.count == 2, let keep = counts[0], let of = counts[1] {
      guard keep >= 0, of > keep, of <= WeightCompression.longestRun else {
        throw node.error("must keep fewer than there are")
      }
      return .structured(keep: keep, of: of)
    }
    let (name, number) = try node.choice(["element"], counted: ["block"])
    return name == "element" ? .element : .block(try node.runLength(number))
  }
}

extension ChannelSmoothing {
  fileprivate init(recipe node: RecipeNode) throws(ModelError) {
    self.init()
    let members = try node.members(["alpha", "search"])
    guard members.count < 2 else { throw node.error("has both alpha and a search for it") }
    for (key, value) in members {
      if key == "alpha" {
        strength = .alpha(try value.real(in: 0...1))
      } else {
        strength = .searched(for: try WeightQuantization(recipe: value))
      }
    }
  }
}

extension WeightQuantization {
  fileprivate init(recipe node: RecipeNode) throws(ModelError) {
    self.init()
    for (key, value) in try node.members(["bits", "per", "symmetric", "clip"]) {
      switch key {
      case "bits": bits = try value.integer(in: 2...8)
      case "symmetric": isSymmetric = try value.boolean()
      case "clip": clips = try value.boolean()
      default:
        let (name, number) = try value.choice(["tensor", "channel"], counted: ["block"])
        switch name {
        case "tensor": granularity = .tensor
        case "channel": granularity = .channel
        default: granularity = .block(try value.runLength(number))
        }
      }
    }
  }
}

extension RecipeNode {
  /// What tells how much errors count: true for the inputs.
  fileprivate func importance() throws(ModelError) -> WeightCompression.Importance? {
    if let isInputs = try? boolean() { return isInputs ? .inputs : nil }
    guard (try? text()) == "fisher" else { throw error("must be true, false or fisher") }
    return .fisher
  }

  /// A number of weights that follow each other.
  fileprivate func runLength(_ number: Double) throws(ModelError) -> Int {
    guard let size = Int(exactly: number), (2...WeightCompression.longestRun).contains(size) else {
      throw error("must be 'block' and a number of weights from 2 to \(WeightCompression.longestRun)")
    }
    return size
  }
}

extension Compression.Step {
  /// Whether it makes other numbers of weights than those that are there.
  fileprivate var changesWeights: Bool {
    switch self {
    case .lowRank, .equalize, .rotate, .smooth: true
    case .channels, .layers, .weights, .int8: false
    }
  }
}
