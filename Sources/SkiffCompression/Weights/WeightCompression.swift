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
    /// Whether errors count as much as the inputs are large, which takes samples.
    public var usesImportance = false
    /// Whether what the errors add to an output on average is taken from its bias, which takes samples: Nagel et al.,
    /// "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, with measured means.
    public var correctsBias = false

    /// Creates settings that change nothing.
    public init() {}

    var needsMoments: Bool { usesFeedback || roundsAdaptively || usesImportance || correctsBias }

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

  /// Creates a compression.
  public init(_ settings: Settings? = Settings(), exceptions: [Scope: Settings?] = [:]) {
    self.settings = settings
    self.exceptions = exceptions
  }

  /// The most weights that are pruned together or share a scale by following each other.
  package static let longestRun = 1 << 20

  /// Whether some settings look at inputs.
  public var needsSamples: Bool {
    ([settings] + Array(exceptions.values)).contains { $0?.needsMoments == true }
  }

  /// What was done to one tensor.
  public struct Change: Sendable {
    /// The tensor's name.
    public let name: String
    /// The number of its elements.
    public let elements: Int
    /// Those of them that are zero now.
    public let zeros: Int
    /// Σ w² / Σ (w − w')², in decibels, where errors weigh as the inputs do if those were looked at.
    public let signalToNoise: Double
    /// What the elements became, in words.
    public let coding: String
  }

  /// The graph with other weights.
  ///
  /// - Parameters:
  ///   - samples: Inputs by name; settings that look at inputs need some.
  ///   - scratchFolder: Where weights that memory should not hold stand until they are written, in a file without a name; nil: where the
  ///     system has such files.
  /// - Throws: ``ModelError/Code/invalidArgument`` for settings that make no sense, for a scope that fits nothing, and for weights
  ///   or inputs that are no numbers; ``ModelError/Code/inputOutput``.
  public func apply(
    to source: Graph, samples: [[String: Tensor]] = [], scratchFolder: String? = nil
  ) throws(ModelError) -> (graph: Graph, changes: [Change]) {
    var scratch = ScratchFile(in: scratchFolder ?? ScratchFile.standardFolder)
    return try apply(to: source, samples: samples, scratch: &scratch)
  }

  /// The graph with other weights, which stand in a scratch file where memory should not hold them.
  package func apply(
    to source: Graph, samples: [[String: Tensor]], scratch: inout ScratchFile
  ) throws(ModelError) -> (graph: Graph, changes: [Change]) {
    for settings in [settings] + Array(exceptions.values) { try settings?.verify() }
    var graph = source
    let chosen = try chosen(in: graph)
    let looking = chosen.filter(\.settings.needsMoments)
    if !looking.isEmpty, samples.isEmpty {
      throw ModelError(.invalidArgument, "feedback, importance and the correction of biases take samples")
    }
    let moments = try InputMoments.all(of: looking.map(\.weight), in: graph, samples: samples)
    var limits = try globalLimits(chosen, graph, moments)
    var changes: [Change] = []
    for (weight, settings) in chosen {
      let work = WeightWork(
        weight: weight, settings: settings, moments: settings.needsMoments ? moments[weight.value] : nil)
      var limit = settings.pruning.flatMap { limits[$0] }
      if let change = try work.apply(to: &graph, limit: &limit, scratch: &scratch) { changes.append(change) }
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
    _ chosen: [(weight: WeightTensor, settings: Settings)], _ graph: Graph, _ moments: [ValueID: InputMoments]
  ) throws(ModelError) -> [WeightPruning: PruningLimit] {
    var limits: [WeightPruning: PruningLimit] = [:]
    let prunings = Set(chosen.compactMap(\.settings.pruning)).filter { $0.scope == .global }
    for pruning in prunings where pruning.isUnstructured {
      var ranks = MagnitudeRanks()
      let own = chosen.filter { $0.settings.pruning == pruning }
      func scores(_ item: (weight: WeightTensor, settings: Settings)) throws(ModelError) -> [Float] {
        let moments = item.settings.usesImportance ? moments[item.weight.value] : nil
        return pruning.scores(
          try item.weight.matrix(in: graph), columns: item.weight.columns,
          importance: moments.map { ColumnImportance($0, item.weight) })
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
