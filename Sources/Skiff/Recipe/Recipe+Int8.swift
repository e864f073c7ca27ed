import SkiffBinary
import SkiffCompression

extension Int8Quantization {
  /// The estimation of ranges that suits most models: with 8 bits, one element of ten thousand may lie outside, so that single
  /// outliers do not cost the others their precision; 16 bits hold them all.
  public var usualEstimation: RangeEstimation { activations == .int16 ? .minMax : .percentile(99.99) }

  /// The step that a recipe says.
  static func step(recipe node: RecipeNode) throws(ModelError) -> Compression.Step {
    var estimation: RangeEstimation?
    var interface: (name: String, node: RecipeNode)?
    var quantization = Int8Quantization()
    let keys = [
      "activations", "range", "symmetric", "exclude", "fully-connected", "convolution", "interface",
      "operators", "names",
    ]
    for (key, value) in try node.members(keys) {
      switch key {
      case "activations":
        let name = try value.choice(Activations.allCases.map(\.rawValue)).name
        quantization.activations = Activations(rawValue: name) ?? .int8
      case "range":
        guard let range = RangeEstimation(try value.text()) else {
          throw value.error("must be \(RangeEstimation.syntax)")
        }
        estimation = range
      case "symmetric": quantization.hasSymmetricActivations = try value.boolean()
      case "exclude":
        for name in try value.elements() { quantization.excludedNodes.insert(try name.text()) }
      case "interface": interface = (try value.choice(["float", "int8", "int16"]).name, value)
      case "operators", "names":
        for (name, own) in try value.members() {
          let scope: SettingScope = key == "operators" ? .operators(name) : .names(name)
          quantization.exceptions.updateValue(try activations(recipe: own), forKey: scope)
        }
      case "convolution": quantization.convolutionWeights = try WeightGranularity(recipe: value)
      default: quantization.fullyConnectedWeights = try WeightGranularity(recipe: value)
      }
    }
    if let interface, interface.name != "float" {
      guard interface.name == quantization.activations.rawValue else {
        throw interface.node.error("must be float, or what the activations are")
      }
      (quantization.quantizesInputs, quantization.quantizesOutputs) = (true, true)
    }
    if let name = quantization.excludedNodes.sorted().first(where: {
      quantization.exceptions.keys.contains(.names($0))
    }) {
      throw node.error("excludes '\(name)', and has activations for it")
    }
    guard quantization.exceptions.isEmpty || quantization.activations != .dynamic else {
      throw node.error("has activations of some nodes, but dynamic ones are those of the whole graph")
    }
    guard estimation == nil || quantization.activations != .dynamic else {
      throw node.error("has a range, but dynamic activations have that of each run")
    }
    guard !quantization.hasSymmetricActivations || quantization.activations != .dynamic else {
      throw node.error(
        "has symmetric activations, but dynamic ones have the range and the zero point of each run")
    }
    return .int8(estimation ?? quantization.usualEstimation, quantization)
  }
}

extension Int8Quantization {
  /// The activations of some nodes, nil for real numbers.
  private static func activations(recipe node: RecipeNode) throws(ModelError) -> Activations? {
    var name: String?
    for (_, value) in try node.members(["activations"]) {
      name = try value.choice(["int8", "int16", "real"]).name
    }
    guard let name else { throw node.error("must have 'activations': int8, int16 or real") }
    return Activations(rawValue: name)
  }
}

extension Int8Quantization.WeightGranularity {
  fileprivate init(recipe node: RecipeNode) throws(ModelError) {
    self = try node.choice(["channel", "tensor"]).name == "tensor" ? .perTensor : .perChannel
  }
}
