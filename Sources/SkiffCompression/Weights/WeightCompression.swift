import SkiffBinary
import SkiffIR
import SkiffInterpreter

/// What is done to the weights of a graph, each tensor by itself but for global pruning: zeros, then fewer numbers.
public struct WeightCompression: Hashable, Sendable {
  /// What the numbers of a tensor become.
  public enum Coding: Hashable, Sendable {
    /// As they are.
    case none
    /// Few ones, of a table.
    case palette(Palettization)
    /// Multiples of a scale.
    case integers(WeightQuantization)
    /// 16-bit floats.
    case float16
    /// 16-bit floats with the exponents of float32.
    case bfloat16
  }

  /// What tells how much the error of a weight counts.
  public enum Importance: Hashable, Sendable {
    /// What the weight is multiplied with.
    case inputs
    /// The Fisher information of the weight (``FisherInformation``): how much a loss grows by its error.
    case fisher
  }

  /// Where it is known from what inputs are on average, for what errors of weights add to outputs.
  ///
  /// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.2.
  public enum BiasCorrection: Hashable, Sendable {
    /// Measured on samples.
    case samples
    /// From the scale and the shift of the batch normalizations before them; biases of others stay. No samples are needed.
    case normalization
  }

  /// What is done to some tensors.
  public struct Settings: Hashable, Sendable {
    /// What becomes zero.
    public var pruning: WeightPruning?
    /// What the others become.
    public var coding = Coding.none
    /// Whether weights are changed to make up for the error of others (``ErrorFeedback``), which takes samples.
    public var usesFeedback = false
    /// Whether integers are rounded down or up as all of a row together change the outputs the least (``AdaptiveRounding``), which takes
    /// samples; tensors for which that would take too long are rounded with feedback.
    public var roundsAdaptively = false
    /// What tells how much the errors of weights count where zeros, tables and ranges are chosen, which takes samples; nil: all alike.
    public var importance: Importance?
    /// Whether what the errors add to an output on average is taken from its bias, and where what inputs are on average is known from;
    /// nil if it is not.
    public var biasCorrection: BiasCorrection?

    /// Creates settings that change nothing.
    public init() {}

    var needsMoments: Bool {
      usesFeedback || roundsAdaptively || importance == .inputs || biasCorrection == .samples
    }

    var looksAtSamples: Bool { needsMoments || importance == .fisher }

    /// Checks that there is such a compression.
    func verify() throws(ModelError) {
      try pruning?.verify()
      if roundsAdaptively {
        guard case .integers = coding, !usesFeedback else {
          throw ModelError(.invalidArgument, "only integers are rounded adaptively, and without feedback")
        }
      }
      switch coding {
      case .none, .float16, .bfloat16: break
      case .palette(let palettization):
        try palettization.verify()
        guard pruning == nil || palettization.vectorLength == 1 else {
          throw ModelError(.invalidArgument, "vectors of weights cannot have zeros of their own")
        }
      case .integers(let quantization): try quantization.verify()
      }
    }
  }

  /// Whom settings are for.
  public typealias Scope = SettingScope

  /// What is done to tensors that no exception is for; nil: nothing.
  public var settings: Settings?
  /// The last one that fits a tensor goes, names before operators.
  public var exceptions: [Scope: Settings?]
  /// Tensors of fewer elements stay as they are.
  public var leastCount = 64
  /// The array of the samples that tells the class of each row of the model's first output; only the importance ``Importance/fisher``
  /// looks at it.
  public var labels: String?

  /// Creates a compression.
  public init(_ settings: Settings? = Settings(), exceptions: [Scope: Settings?] = [:]) {
    self.settings = settings
    self.exceptions = exceptions
  }

  /// The most weights that are pruned together or share a scale by following each other.
  package static let longestRun = 1 << 20

  /// Whether some settings look at inputs.
  public var needsSamples: Bool { allSettings.contains(where: \.looksAtSamples) }

  /// Whether some settings correct biases by what normalizations say.
  public var usesNormalizations: Bool { allSettings.contains { $0.biasCorrection == .normalization } }

  /// The settings of all tensors and of some.
  private var allSettings: [Settings] { ([settings] + Array(exceptions.values)).compactMap(\.self) }

  /// Why there is no such compression, beside what settings say by themselves; nil if there is.
  package var contradiction: String? {
    guard labels == nil || allSettings.contains(where: { $0.importance == .fisher }) else {
      return "has 'labels', which only the importance 'fisher' takes"
    }
    for pruning in Set(allSettings.compactMap(\.pruning)) where pruning.scope == .global {
      let own = allSettings.filter { $0.pruning == pruning }
      guard Set(own.map { $0.importance == .fisher }).count == 1 else {
        return "compares weights of different importance to prune them together"
      }
    }
    return nil
  }

  /// What was done to one tensor.
  public struct Change: Sendable {
    /// The tensor's name.
    public let name: String
    /// What people call it: its name, or what uses it.
    public let label: String
    /// The number of its elements.
    public let elements: Int
    /// Those of them that are zero now.
    public let zeros: Int
    /// Σ w² / Σ (w − w')², in decibels, where errors weigh as the Fisher information says if that was asked for, else as the inputs do
    /// if those were looked at.
    public let signalToNoise: Double
    /// What the elements became, in words.
    public internal(set) var coding: String
  }

  /// The graph with other weights.
  ///
  /// - Parameters:
  ///   - samples: Inputs by name; settings that look at them need some.
  ///   - classes: The class of each row of the first output, run by run, where ``labels`` says that there are some.
  ///   - scratchFolder: Where weights that memory should not hold stand until they are written, in a file without a name; nil: where the
  ///     system has such files.
  /// - Throws: ``ModelError/Code/invalidArgument`` for settings that make no sense, for a scope that fits nothing, and for weights
  ///   or inputs that are no numbers; ``ModelError/Code/unsupported`` for operators without derivatives that the Fisher information
  ///   takes; ``ModelError/Code/inputOutput``.
  public func apply(
    to source: Graph, samples: [[String: Tensor]] = [], classes: [Int]? = nil, scratchFolder: String? = nil
  ) throws(ModelError) -> (graph: Graph, changes: [Change]) {
    try apply(
      to: source, samples: samples, classes: classes, normalized: NormalizedOutputs(),
      scratchFolder: scratchFolder)
  }

  /// The graph with other weights.
  ///
  /// - Parameter normalized: What is known of the results of its nodes from normalizations.
  package func apply(
    to source: Graph, samples: [[String: Tensor]], classes: [Int]?, normalized: NormalizedOutputs,
    scratchFolder: String?
  ) throws(ModelError) -> (graph: Graph, changes: [Change]) {
    var scratch = ScratchFile(in: scratchFolder ?? ScratchFile.standardFolder)
    return try apply(
      to: source, samples: samples, classes: classes, normalized: normalized, scratch: &scratch)
  }

  /// The graph with other weights, which stand in a scratch file where memory should not hold them.
  package func apply(
    to source: Graph, samples: [[String: Tensor]], classes: [Int]? = nil,
    normalized: NormalizedOutputs = NormalizedOutputs(), scratch: inout ScratchFile
  ) throws(ModelError) -> (graph: Graph, changes: [Change]) {
    for settings in allSettings { try settings.verify() }
    if let contradiction { throw ModelError(.invalidArgument, contradiction) }
    guard (classes == nil) == (labels == nil) else {
      throw ModelError(.invalidArgument, "labels are named but not given, or the other way round")
    }
    var graph = source
    let chosen = try chosen(in: graph)
    if samples.isEmpty, chosen.contains(where: \.settings.looksAtSamples) {
      throw ModelError(.invalidArgument, "feedback, importance and the correction of biases take samples")
    }
    let moments = try InputMoments.all(
      of: chosen.filter(\.settings.needsMoments).map(\.weight), in: graph, samples: samples)
    let fisher = try FisherInformation(
      of: chosen.filter { $0.settings.importance == .fisher }.map(\.weight), in: graph, samples: samples,
      labels: classes)
    let expected = usesNormalizations ? ExpectedInputs(graph, normalized) : nil
    var limits = try globalLimits(chosen, graph, moments, fisher)
    var changes: [Change] = []
    for (weight, settings) in chosen {
      let own = settings.needsMoments ? moments[weight.value] : nil
      let means: InputMeans? =
        switch settings.biasCorrection {
        case .samples: own.map { InputMeans(values: $0.means, groups: $0.groups) }
        case .normalization: expected?.means(of: weight)
        case nil: nil
        }
      let work = WeightWork(
        weight: weight, settings: settings, moments: own, fisher: fisher.importance(of: weight), means: means)
      var limit = settings.pruning.flatMap { limits[$0] }
      if var change = try work.apply(to: &graph, limit: &limit, scratch: &scratch) {
        change.coding += work.omission(in: graph)
        changes.append(change)
      }
      if let pruning = settings.pruning { limits[pruning] = limit }
    }
    return (graph, changes)
  }

  /// The tensors that something is done to, with what.
  private func chosen(in graph: Graph) throws(ModelError) -> [(weight: WeightTensor, settings: Settings)] {
    var unused = Set(exceptions.keys)
    var chosen: [(WeightTensor, Settings)] = []
    for weight in WeightTensor.all(in: graph, least: leastCount) {
      let fitting = exceptions.keys.filter { $0.fits(weight, in: graph) }
      unused.subtract(fitting)
      let scope = SettingScope.last(of: fitting)
      guard var settings = scope.flatMap({ exceptions[$0] }) ?? (scope == nil ? settings : nil) else {
        continue
      }
      if scope == nil, weight.isOnlyOperand(in: graph) {
        if try weight.isMask(in: graph) { continue }
        settings.pruning = nil
        if case .none = settings.coding { continue }
      }
      chosen.append((weight, settings))
    }
    if let scope = unused.min(by: { $0.pattern < $1.pattern }) {
      throw ModelError(.invalidArgument, "no weights belong to '\(scope.pattern)'")
    }
    return chosen
  }

  /// What global pruning removes.
  private func globalLimits(
    _ chosen: [(weight: WeightTensor, settings: Settings)], _ graph: Graph,
    _ moments: [ValueID: InputMoments],
    _ fisher: FisherInformation
  ) throws(ModelError) -> [WeightPruning: PruningLimit] {
    var limits: [WeightPruning: PruningLimit] = [:]
    let prunings = Set(chosen.compactMap(\.settings.pruning)).filter { $0.scope == .global }
    for pruning in prunings where pruning.isUnstructured {
      var ranks = MagnitudeRanks()
      let own = chosen.filter { $0.settings.pruning == pruning }
      func scores(_ item: (weight: WeightTensor, settings: Settings)) throws(ModelError) -> [Float] {
        let weight = item.weight
        let importance: WeightImportance?
        switch item.settings.importance {
        case .inputs: importance = moments[weight.value].map { WeightImportance($0, weight) }
        case .fisher:
          importance = fisher.importance(of: weight)
          guard importance != nil else {
            throw ModelError(
              .unsupported,
              "the loss does not depend on it, so that nothing compares its weights with others",
              at: Location(tensor: weight.name))
          }
        case nil: importance = nil
        }
        return pruning.scores(
          try weight.matrix(in: graph), columns: weight.columns, importance: importance)
      }
      for item in own { ranks.add(try scores(item)) }
      let removed = pruning.removedCount(of: ranks.total)
      for item in own { ranks.refine(try scores(item), removing: removed) }
      limits[pruning] = ranks.limit(removing: removed)
    }
    return limits
  }
}

extension SettingScope {
  /// Whether a tensor of weights is meant: by what uses it, or by its name or those of its users.
  func fits(_ weight: WeightTensor, in graph: Graph) -> Bool {
    fits(
      operators: weight.users.map { type(of: graph[$0].operator).name },
      names: [weight.name] + weight.users.flatMap { graph[$0].names })
  }
}
